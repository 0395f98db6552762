"""Scorecard of one agency: where it stands, why, and what asks for action."""

from __future__ import annotations

import polars as pl
import streamlit as st

import words as w
from kpi import readers
from kpi.indicators.catalog import COMPOSITE
from kpi.vocabulary import AgencyGroup
from pages.parts import heading, stalling
from pages.scorecard import SCREEN, sections, statistics
from pages.ui import cards, filters, loaders, session
from pages.ui.choices import choice

person = session.require(SCREEN)
# The agency is chosen here; a filter on kinds of agency would only hide it.
everywhere = filters.current().where(agency_group=None)
facts = loaders.facts(everywhere)
groups = dict(facts.agreements.select("agency", "agency_group").unique().iter_rows())

cards.page_header("scorecard.heading")
if not groups:
    cards.empty_state("scorecard.none")
    st.stop()
agencies = sorted(groups, key=lambda code: (groups[code] == AgencyGroup.PROVINCE, w.sort_key(w.name("agency", code))))
own = person.agency if person.agency in groups else None
agency = choice(
    "agency",
    agencies,
    label=w.t("scorecard.agency"),
    write=lambda code: w.name("agency", code),
    default=own or agencies[0],
    width=520,
)
view = everywhere.where(agency_group=groups[agency])
rules = loaders.rules(view.as_of)
peers = loaders.scorecards(view, by="agency")


def by_code(frame: pl.DataFrame) -> dict[str, sections.Card]:
    """The agency's scorecard, KPI by KPI."""
    return {row["kpi"]: row for row in frame.filter(pl.col("agency") == agency).iter_rows(named=True)}


mine = by_code(peers)
st.text(heading.sentence(view))
sections.show_place(
    agency, loaders.league_table(view, by="agency"), mine[COMPOSITE], is_whole=view.reader == readers.EVERYTHING
)
statistics.show_outlook(view, agency)
stalling.show_expected(view, agency)
statistics.show_steps(view, agency, person)
sections.show_reasons(agency, mine, rules)
sections.show_kpis(
    agency,
    mine,
    by_code(loaders.scorecards(view.on(view.compare_with), by="agency")),
    loaders.trend(view, by="agency").filter(pl.col("agency") == agency),
)
statistics.show_adjusted(view, agency, mine)
sections.show_peers(agency, peers, rules)
if person.limited_to in (None, agency):
    sections.show_lists(loaders.visible_facts(view, person), agency)
