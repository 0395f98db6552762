"""Ranking: who carries out what was signed, ministries and provinces apart, and how sure each place is."""

from __future__ import annotations

import dataclasses

import streamlit as st

from pages.parts import heading as trust
from pages.ranking import sections, statistics
from pages.ui import cards, filters, loaders, session

person = session.require()
view = filters.current()
rules = loaders.rules(view.as_of)

if loaders.extent().last is None:
    trust.show_nothing("ranking.heading", person)
    st.stop()
heading = st.container()
group_view = dataclasses.replace(view, agency_group=sections.choose_group(view, person))
with heading:
    trust.show_heading("ranking.heading", group_view)
standing = loaders.standings(group_view, by="agency")
if standing.is_empty():
    cards.empty_state("ranking.empty")
    st.stop()
sections.show_ranked(standing, person, rules)
statistics.show_pair(group_view, standing, person)
sections.show_intervals(standing)
statistics.show_details(group_view, standing)
sections.show_unranked(standing, person, rules)
