"""What a scorecard adds to its figures: what would move them, what is to be expected, and how hard the portfolio is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import polars as pl
import streamlit as st

import words as w
from kpi.indicators.catalog import KPIS, shown_in
from kpi.subjects import subject
from pages.parts import explained, unforetold
from pages.scorecard.sections import cards_of
from pages.ui import cards, links, loaders, studies
from pages.ui.kept import drawn, kept
from pages.ui.studies import Steps
from pages.ui.view import View

OWN_SHARE_LIMIT: Final = 0.5
"""Where more than this of the comparison is the agency itself, there is hardly anybody to compare it with."""


@drawn
def draw_steps(view: View, agency: str) -> None:
    """The three things that would move the composite most, each leading to its agreement.

    Only for those who may see the agency's agreements one by one.
    """
    found = studies.steps(view, agency)
    if found.score is None:
        st.caption(w.t("moves.no_score"))
        return
    if found.rows.is_empty():
        st.caption(w.t("moves.nothing"))
        return
    st.markdown(_together(found))
    grid = st.grid(studies.STEPS, min_column_width=300, border=True)
    for number, row in enumerate(found.rows.iter_rows(named=True), 1):
        with grid.cell():
            st.markdown(w.t("moves.step", number=number, action=w.t(f"moves.{row['action']}")))
            st.text(subject(row[w.column("title")], w.language_in_store()), help=w.plain(row[w.column("title")]))
            st.caption(_gain(found, number - 1))
            links.page_link("agreement", w.plain(row["ref"]), icon=":material/description:", ref=row["ref"])
    explained.show("steps")


def _together(found: Steps) -> str:
    """What all steps together do to score and place."""
    last = found.rows.row(-1, named=True)
    # Of the scores as they are read, so that the sentence adds up.
    gained = last["points"] if found.score is None else round(last["score"], 1) - round(found.score, 1)
    words = {
        "points": points(gained),
        "score": w.number(found.score, 1),
        "after": w.number(last["score"], 1),
    }
    if found.place is None or last["place"] is None:
        return w.tn("moves.together_unranked", found.rows.height, **words)
    places = {"place": w.number(found.place), "place_after": w.number(last["place"])}
    key = "moves.together_same" if found.place == last["place"] else "moves.together"
    return w.tn(key, found.rows.height, **words, **places)


def _gain(found: Steps, position: int) -> str:
    """What one step adds on top of those before it, and through which indicator."""
    row = found.rows.row(position, named=True)
    before = found.rows.row(position - 1, named=True) if position else None
    score, place = (found.score, found.place) if before is None else (before["score"], before["place"])
    more = points(row["score"] - score)
    if row["place"] is None:
        text = w.t("moves.gain_unranked", points=more)
    else:
        key = "moves.gain_same" if row["place"] == place else "moves.gain"
        text = w.t(key, points=more, place=w.number(row["place"]))
    if row["through"] is None:
        return text
    kpi = w.t(f"kpi.{row['through']}.short")
    return f"{text} {w.t('moves.through', kpi=kpi)}"


def points(gained: float) -> str:
    """Points of the composite, with the decimals it takes to see that there are any."""
    return w.number(gained, 1 if gained >= 0.1 else 2)


@st.fragment(parallel=True)
def show_outlook(view: View, agency: str) -> None:
    """How many of the agreements that have not started are expected to have done so a year later, or why that is not said."""
    if _expected(view, agency).is_empty():
        return
    proof = studies.starts_proof(view)
    if proof.is_shown:
        _draw_outlook(view, agency)
    else:
        st.caption(unforetold.sentence(proof, "starts"))


def _expected(view: View, agency: str) -> pl.DataFrame:
    return _all_expected(view).filter(pl.col("agency") == agency)


@kept()
def _all_expected(view: View) -> pl.DataFrame:
    return studies.outlook(view).expected(["agency"])


@drawn
def _draw_outlook(view: View, agency: str) -> None:
    expected = _expected(view, agency)
    row = expected.row(0, named=True)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            w.t(
                "moves.outlook",
                date=w.date(studies.outlook(view).on),
                expected=w.number(row["expected"]),
                low=w.number(row["low"]),
                high=w.number(row["high"]),
                waiting=w.number(row["waiting"]),
            ),
            width="content",
        )
        explained.show("forecast")


@st.fragment(parallel=True)
def show_adjusted(view: View, agency: str) -> None:
    """Crude and adjusted value side by side: whether an easy or a hard portfolio explains the figure."""
    _draw_adjusted(view, agency)


@drawn
def _draw_adjusted(view: View, agency: str) -> None:
    mine = cards_of(view, agency)
    compared = shown_in("comparison", loaders.records())
    rows = [row for kpi in compared if (row := _adjusted(view, agency, kpi)) is not None]
    if not rows:
        return
    st.header(w.t("moves.adjusted"), anchor=False)
    grid = st.grid(len(compared), min_column_width=240, border=True)
    for row in rows:
        with grid.cell():
            kpi = KPIS[row["kpi"]]
            write = cards.writer(kpi)
            st.markdown(f"**{w.t(f'kpi.{kpi.code}.short')}**")
            st.markdown(
                w.t(
                    "moves.crude_adjusted",
                    crude=cards.value_text(kpi.code, mine[kpi.code]),
                    adjusted=write(row["adjusted"]),
                    low=write(row["adjusted_low"]),
                    high=write(row["adjusted_high"]),
                )
            )
            st.caption(w.t(f"moves.mix_{_mix(row, kpi.direction)}"))
    st.caption(w.t("moves.adjusted_note"))
    explained.show("casemix")


def _adjusted(view: View, agency: str, kpi: str) -> dict[str, Any] | None:
    found = studies.adjusted(view, kpi).filter(pl.col("agency") == agency)
    if found.is_empty():
        return None
    row = found.row(0, named=True)
    return None if row["adjusted"] is None or row["n"] < loaders.rules(view.as_of).rank_min_n else {**row, "kpi": kpi}


def _mix(row: Mapping[str, Any], direction: str) -> str:
    """Against what was expected of such agreements: better, worse, as_expected; alone where there is nobody to compare."""
    if row["own_share"] > OWN_SHARE_LIMIT:
        return "alone"
    if row["low"] <= 1 <= row["high"]:
        return "as_expected"
    return "better" if (row["low"] > 1) == (direction == "higher") else "worse"
