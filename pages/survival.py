"""From signing to implementation: whether it has become faster, and how long whom waits."""

from __future__ import annotations

import streamlit as st

from pages.sections import survival, trust
from pages.ui import filters, loaders, session

person = session.require()
view = filters.current()
if loaders.counts(view)["signed"] == 0:
    trust.show_nothing("survival.heading", person)
    st.stop()
trust.show_heading("survival.heading", view)
survival.show_verdict(view)
survival.show_curves(view, person)
