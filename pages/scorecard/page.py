"""Scorecard of one agency: where it stands, why, and what asks for action."""

from __future__ import annotations

import streamlit as st

import words as w
from kpi.vocabulary import Reading
from pages.parts import decided, directing, publication, readings, stalling
from pages.parts.groups import show_instead
from pages.scorecard import SCREEN, claims, explaining, sections, statistics
from pages.ui import cards, filters, loaders, refusals, session
from pages.ui.choices import choice

person = session.require(SCREEN)
# The agency is chosen here; a filter on kinds of agency would only hide it.
everywhere = filters.published().where(agency_group=None)
groups = sections.groups(everywhere)

if groups and not loaders.names_agencies():
    show_instead("scorecard.heading")
    st.stop()
cards.page_header("scorecard.heading")
if not groups:
    cards.empty_state("scorecard.none")
    st.stop()
with st.container(horizontal=True, vertical_alignment="bottom"):
    agency = choice(
        "agency",
        [*groups],
        label=w.t("scorecard.agency"),
        write=lambda code: w.name("agency", code),
        default=person.agency if person.agency in groups else sections.first(everywhere),
        width=520,
    )
    view = readings.choose(everywhere.where(agency_group=groups[agency]))
readings.mark(view)
# Who may see the agency's agreements one by one sees what is made of their fields and partners as well.
sees_all = person.limited_to in (None, agency)
# What is foreseen, advised and compared is worked out from what counts.
is_usual = view.reading == Reading.COUNTING
sections.show_place(view, agency)
if sees_all:
    given = decided.directives(person.limited_to).filter(agency=agency)
    decided.show_link(given, is_own=person.limited_to is not None, agency=agency)
publication.show(view, agency)
if sees_all:
    sections.show_succession(view, agency)
if sees_all and is_usual:
    statistics.show_outlook(view, agency)
    stalling.show_expected(view, agency)
    claims.show_moves(view, agency, person)
sections.show_reasons(view, agency)
red = sections.red_of(view, agency)
explaining.show_acts(person, view, agency, red)
if sees_all:
    refusals.show_noted()
    directing.offer(person, key="scorecard_give", subjects=lambda: directing.of_figures(agency, red), agency=agency)
sections.show_kpis(view, agency, person.limited_to)
if sees_all and is_usual:
    statistics.show_adjusted(view, agency)
sections.show_peers(view, agency)
if sees_all:
    sections.show_lists(view, agency)
