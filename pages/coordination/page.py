"""Settings: the reporting calendar, which changes wait for review, and the numbers figures are judged by."""

from __future__ import annotations

import streamlit as st

import words as w
from pages.coordination import SCREEN, sections
from pages.coordination import calendar as coordination_calendar
from pages.coordination import routes as coordination_routes
from pages.coordination import rules as coordination_rules
from pages.ui import cards, session

person = session.require(SCREEN)
cards.page_header("coordination.heading", w.t("coordination.lead"))
with st.container():  # always there, so that a notice does not put the tabs below it back to the first
    sections.show_done(person)
calendar, routes, rules, settled = st.tabs(
    [w.t(f"coordination.tab_{name}") for name in ("calendar", "routes", "rules", "settled")]
)
with calendar:
    coordination_calendar.show(person)
with routes:
    coordination_routes.show(person)
with rules:
    coordination_rules.show(person)
with settled:
    sections.show_settled()
