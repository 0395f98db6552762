"""Integrity: first what was found, then agencies by signs, then the rows behind one of them. It accuses nobody."""

from __future__ import annotations

import streamlit as st

import words as w
from pages.integrity import SCREEN, sections
from pages.ui import cards, session

person = session.require(SCREEN)
cards.page_header("integrity.heading", w.t("integrity.lead"))
if not sections.has_claims():
    cards.empty_state("integrity.nothing")
    st.stop()
sections.show_summary()
sections.show_map()
sections.show_rows(person)
sections.show_all()
