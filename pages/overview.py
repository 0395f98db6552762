"""Overview: what a leader asks first. How much is done, who delivers, what is stuck, what waits for a decision."""

from __future__ import annotations

import streamlit as st

from pages.sections import overview, trust
from pages.ui import cards, filters, loaders, session

person = session.require()
view = filters.current()
facts = loaders.facts(view)

if facts.agreements.is_empty():
    overview.show_nothing(person)
    st.stop()
cards.page_header("overview.heading", trust.sentence(view))
overview.show_counts(view, person)
delivery, stuck, waiting = st.columns(3, gap="medium")
with delivery:
    overview.show_delivery(view, person)
with stuck:
    overview.show_stuck(facts)
with waiting:
    overview.show_decisions(loaders.visible_facts(view, person))
