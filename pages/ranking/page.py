"""Ranking: who carries out what was signed, ministries and provinces apart, and how sure each place is."""

from __future__ import annotations

import streamlit as st

from pages.parts import groups, heading, readings
from pages.ranking import SCREEN, explained, sections, statistics, tiles
from pages.ui import cards, filters, loaders, session

person = session.require(SCREEN)
view = filters.published()

if loaders.extent().last is None:
    heading.show_nothing("ranking.heading", person)
    st.stop()
if not loaders.names_agencies():
    groups.show_instead("ranking.heading")
    st.stop()
top = st.container()
with st.container(horizontal=True, vertical_alignment="center"):
    group_view = readings.choose(view.where(agency_group=sections.choose_group(view, person)))
    whole = sections.wants_all()
readings.mark(group_view)
with top:
    heading.show_heading("ranking.heading", group_view)
if loaders.league_table(group_view, by="agency").is_empty():
    cards.empty_state("ranking.empty")
    st.stop()
sections.show_ranked(group_view, person, whole=whole)
tiles.show(group_view)
explained.show(group_view, sections.scored(loaders.rules(group_view.as_of)))
statistics.show_pair(group_view, person)
sections.show_intervals(group_view)
statistics.show_details(group_view, person)
sections.show_unranked(group_view, person)
