"""Lists: agencies, provinces, partners, sectors, kinds of documents and exchanges, as the coordinator keeps them."""

from __future__ import annotations

import streamlit as st

import words as w
from pages.coordination.sections import show_done, show_proposed
from pages.lists import SCREEN, entry, sections
from pages.ui import cards, session

person = session.require(SCREEN)
cards.page_header("lists.heading", w.t("lists.lead"))
with st.container():  # always there, so that a notice moves nothing below it
    show_done(person)
    show_proposed(person, sections.PLACE)
which = sections.choose()
rows = sections.entries(which)
chosen = sections.chosen(rows)
if chosen is None:
    sections.show(person, which, rows)
else:
    entry.show(person, which, rows, chosen)
