"""Trust: how far the figures can be relied on."""

from __future__ import annotations

import streamlit as st

from pages.sections import reliance, trust
from pages.ui import filters, loaders, session

person = session.require()
view = filters.current()
if loaders.counts(view)["signed"] == 0:
    trust.show_nothing("reliance.heading", person)
    st.stop()
trust.show_heading("reliance.heading", view)
grid = st.grid(2, min_column_width=440, border=True)
with grid.cell():
    reliance.show_reports(view)
with grid.cell():
    reliance.show_records(view)
with grid.cell():
    reliance.show_forecasts(view)
with grid.cell():
    reliance.show_weights(view, person)
