"""Settings: the reporting calendar, which changes wait for review, and the numbers figures are judged by."""

from __future__ import annotations

import streamlit as st

from pages.sections import coordination, coordination_calendar, coordination_routes, coordination_rules
from pages.ui import cards, session
from pages.ui import words as w

person = session.require("coordinator")
cards.page_header("coordination.heading", w.t("coordination.lead"))
with st.container():  # always there, so that a notice does not put the tabs below it back to the first
    coordination.show_done(person)
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
    coordination.show_settled()
