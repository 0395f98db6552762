"""Briefing mode: one message a screen, without filters or menu; a clicker turns the pages, typing leads to any agency."""

from __future__ import annotations

import streamlit as st

from pages.briefing import SCREEN, navigation, sections
from pages.parts import presenting
from pages.ui import cards, filters, loaders, session

person = session.require(SCREEN)
if not loaders.names_agencies() or not loaders.size(filters.published()):
    cards.empty_state("briefing.nothing")
    presenting.show_way_out()
    st.stop()
place = navigation.current(filters.published().as_of, person)
sections.show_screen(place)
navigation.show_foot(place)
