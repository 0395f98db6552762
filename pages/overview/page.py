"""Overview: what a leader asks first. How much is done, who delivers, what is stuck, what waits for a decision."""

from __future__ import annotations

import streamlit as st

from pages.overview import SCREEN, counts
from pages.overview import sections as overview
from pages.parts import decided, directing, heading, presenting
from pages.ui import filters, loaders, refusals, session

person = session.require(SCREEN)
view = filters.published()

if not loaders.size(view):
    heading.show_nothing("overview.heading", person)
    st.stop()
heading.show_heading("overview.heading", view, note=overview.updated())
counts.show_counts(view, person)
with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
    counts.show_course(view)
    if agencies := loaders.names_agencies():
        presenting.show_entry(presenting.USUAL)
refusals.show_noted()
sections = st.grid(3, min_column_width=320, gap="medium")
with sections.cell():
    if agencies:
        overview.show_delivery(view, person)
    else:
        overview.show_largest(view, by="partner", page="partners")
with sections.cell():
    overview.show_stuck(view)
with sections.cell():
    if agencies:
        overview.show_decisions(view, person)
        decided.show_link(decided.directives(person.limited_to), is_own=person.limited_to is not None)
        directing.offer(
            person,
            key="overview_give",
            subjects=lambda: directing.of_agreements(overview.decisions_of(view, person.limited_to)),
        )
    else:
        overview.show_largest(view, by="sector", page="sectors")
overview.show_all_decisions(view, person)
