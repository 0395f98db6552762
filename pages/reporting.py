"""Reporting: for one period, who has reported and who has not, and the words to remind them with."""

from __future__ import annotations

import streamlit as st

from pages.sections import reporting, reporting_reminder, trust
from pages.ui import filters, loaders, session

person = session.require()
view = filters.current()
if loaders.counts(view)["signed"] == 0:
    trust.show_nothing("reporting.heading", person)
    st.stop()
trust.show_heading("reporting.heading", view)
period = reporting.choose_period(view, person)
if period is None:
    st.stop()
counts = reporting.counts_for(view, person, period)
if counts.is_empty():
    reporting.show_nothing_owed(view, person, period)
    st.stop()
reporting.show_summary(view, period, counts, person)
if person.role in loaders.SEES_ALL:
    reporting.show_agencies(period, counts)
    reporting.show_course(view)
agency = reporting.show_reports(view, person, period, counts)
if agency is not None and person.role in reporting_reminder.ROLES:
    reporting_reminder.show(view, person, period, counts, agency)
