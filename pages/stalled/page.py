"""Stalled: what is stuck between signing and completion, why, since when, and who must act."""

from __future__ import annotations

import streamlit as st

import words as w
from pages.parts import stalling
from pages.stalled import SCREEN, sections
from pages.ui import cards, filters, links, loaders, session, tables
from pages.ui.choices import narrow

person = session.require(SCREEN)
view = filters.current()

cards.page_header("stalled.heading", f"{sections.says(view, person.limited_to)} {w.t('stalled.lead')}".strip())
if sections.stuck_of(view, person.limited_to).is_empty():
    cards.empty_state("stalled.none")
    if loaders.goes_on():
        stalling.show_coming(view, person)
    st.stop()
sections.show_counts(view, person)
picked = sections.show_stages(view, person.limited_to)
if picked is not None and picked != (st.query_params.get("stage"), st.query_params.get("age")):
    narrow(stage=picked[0], age=picked[1])
tables.show(
    sections.choose(view, person.limited_to),
    sections.columns(),
    "stalled",
    file_name="stalled",
    alt=w.t("stalled.table_alt"),
    on_row=lambda row: links.go("agreement", ref=row["ref"]),
    height=520,
)
if loaders.goes_on():
    stalling.show_coming(view, person)
