"""Published scorecards: the latest one or the one the address names; its figures, what agencies said, whether it still holds."""

from __future__ import annotations

import streamlit as st

import words as w
from pages.publications import SCREEN, acts, sections
from pages.ui import cards, session

person = session.require(SCREEN)
cards.page_header("publications.heading", w.t("publications.lead"))
acts.show_done()
publications = sections.all_of()
with st.container(horizontal=True, vertical_alignment="bottom"):
    chosen = sections.choose(publications)
    acts.offer_draft(person)
if chosen is not None:
    sections.show_state(chosen)
    acts.offer(person, chosen)
    figures = sections.figures_of(chosen["id"])
    comments = sections.comments_of(person, chosen)
    sections.show_agencies(figures, comments)
    sections.show_agency(person, figures, comments)
    if chosen["published_at"] is not None:
        sections.show_changes(chosen, figures)
    sections.show_compared(publications, chosen, figures)
    sections.show_verified(chosen)
