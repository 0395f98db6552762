"""Data quality: what is missing or wrong in which records, whose they are, and the records themselves."""

from __future__ import annotations

import streamlit as st

from pages.parts import heading
from pages.quality import SCREEN, names, sections
from pages.ui import filters, loaders, session

person = session.require(SCREEN)
view = filters.published()
if loaders.counts(view)["signed"] == 0:
    heading.show_nothing("quality.heading", person)
    st.stop()
heading.show_heading("quality.heading", view)
own = person.limited_to
if sections.counts(view, own).is_empty():
    sections.show_nothing_of_yours()
    st.stop()
sections.show_summary(view, own)
sections.show_matrix(view, own)
if own is None:
    names.show(person)
sections.show_records(view, own)
sections.show_loading(view, own)
