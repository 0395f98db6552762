"""Reporting: for one period, who has reported and who has not, and the words to remind them with."""

from __future__ import annotations

import streamlit as st

from data_access.accounts import May
from pages.parts import heading
from pages.reporting import SCREEN, reminder, sections
from pages.ui import filters, loaders, session

person = session.require(SCREEN)
view = filters.current()
if loaders.counts(view)["signed"] == 0:
    heading.show_nothing("reporting.heading", person)
    st.stop()
heading.show_heading("reporting.heading", view)
period = sections.choose_period(view, person)
if period is None:
    st.stop()
counts = sections.counts_for(view, person, period)
if counts.is_empty():
    sections.show_nothing_owed(view, person, period)
    st.stop()
sections.show_summary(view, period, counts, person)
if person.limited_to is None:
    sections.show_agencies(period, counts)
    sections.show_course(view)
agency = sections.show_reports(view, person, period, counts)
if agency is not None and person.may(May.REMIND):
    reminder.show(view, person, period, counts, agency)
