"""Trust: how far the figures can be relied on."""

from __future__ import annotations

import streamlit as st

from pages.parts import heading
from pages.reliability import SCREEN, sections
from pages.ui import filters, loaders, session

person = session.require(SCREEN)
view = filters.published()
if loaders.counts(view)["signed"] == 0:
    heading.show_nothing("reliance.heading", person)
    st.stop()
heading.show_heading("reliance.heading", view)
grid = st.grid(2, min_column_width=440, border=True)
with grid.cell():
    sections.show_reports(view)
with grid.cell():
    sections.show_records(view)
with grid.cell():
    sections.show_forecasts(view)
with grid.cell():
    sections.show_weights(view, person)
