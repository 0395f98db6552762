"""Data quality: what is missing or wrong in which records, whose they are, and the records themselves."""

from __future__ import annotations

import streamlit as st

from pages.sections import quality, quality_names, trust
from pages.ui import filters, loaders, session

person = session.require()
view = filters.current()
if loaders.counts(view)["signed"] == 0:
    trust.show_nothing("quality.heading", person)
    st.stop()
trust.show_heading("quality.heading", view)
counts = quality.counts_for(view, person)
if counts.is_empty():
    quality.show_nothing_of_yours()
    st.stop()
quality.show_summary(view, person, counts)
quality.show_matrix(counts)
if person.role in loaders.SEES_ALL:
    quality_names.show(view, person)
quality.show_records(view, person, counts)
quality.show_loading(view, person)
