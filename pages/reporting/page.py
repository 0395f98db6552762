"""Reporting: for one period, who has reported and who has not, and the words to remind them with."""

from __future__ import annotations

import streamlit as st

from data_access.accounts import May
from pages.parts import heading
from pages.reporting import SCREEN, letters, reminder, sections
from pages.ui import filters, loaders, session

person = session.require(SCREEN)
view = filters.published()
if loaders.counts(view)["signed"] == 0:
    heading.show_nothing("reporting.heading", person)
    st.stop()
heading.show_heading("reporting.heading", view)
period = sections.choose_period(view, person)
if period is None:
    st.stop()
own = person.limited_to
if sections.counts(view, own, period.code).is_empty():
    sections.show_nothing_owed(view, own, period)
    st.stop()
sections.show_summary(view, own, period.code)
if own is None:
    sections.show_agencies(view, period.code)
    if person.may(May.REMIND):
        letters.show(view, person, period)
    sections.show_course(view)
agency = sections.show_reports(view, own, period.code)
if agency is not None and person.may(May.REMIND):
    reminder.show(view, person, period, agency)
