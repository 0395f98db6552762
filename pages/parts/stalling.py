"""The chance of stalling, where forecasts of it have proved right: of one agreement, of an agency, and who comes next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import polars as pl
import streamlit as st

import words as w
from data_access.accounts import Person
from pages.parts import explained, unforetold
from pages.ui import links, loaders, studies, tables
from pages.ui.kept import drawn, kept
from pages.ui.studies import Stalling
from pages.ui.tables import Column
from pages.ui.view import View

WORTH_SAYING: Final = 0.2
"""From which chance on an agreement that is not stalled is listed."""

LEAST_CASES: Final = 10
"""So many earlier forecasts of a class it takes to say what became of them."""

LIST_COLUMNS: Final = [
    Column("ref", "stalling.ref", pinned=True),
    Column("title_{language}", "stalling.title", "subject", width="large"),
    Column("agency", "stalling.agency", "code", of="agency", short=True),
    Column("state", "stalling.state", "code", of="state"),
    Column("silent_days", "stalling.silent_days", "days"),
    Column("stall_limit", "stalling.stall_limit", "days"),
    Column("chance", "stalling.chance", "progress"),
]


@st.fragment(parallel=True)
def show_chance(view: View, agreement_id: int) -> None:
    """The chance of one agreement, and what became of forecasts like it."""
    found = studies.stalling(view.whole)
    case = None if found is None else found.cases.filter(pl.col("agreement_id") == agreement_id)
    if found is None or case is None or case.is_empty():
        return
    row = case.row(0, named=True)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(chance_sentence(found, row), width="content")
        explained.show("stalling")


def chance_sentence(found: Stalling, row: Mapping[str, Any]) -> str:
    """The chance in one sentence, and in another how often such a chance came true."""
    chance = row["probability"]
    key = "stalling.stays" if row["is_stalled"] else "stalling.comes"
    said = w.t(key, date=w.date(found.on), chance=_percent(chance))
    alike = found.classes.filter((pl.col("from") <= chance) & (pl.col("to") > chance) & (pl.col("n") >= LEAST_CASES))
    if alike.is_empty():
        return said
    fared = alike.row(0, named=True)
    low, high = w.number(100 * fared["from"]), w.percent(100 * fared["to"])
    proof = w.t("stalling.came", n=w.number(fared["n"]), low=low, high=high, share=w.percent(100 * fared["happened"]))
    return f"{said} {proof}"


def _percent(chance: float) -> str:
    if chance < 0.01:
        return w.t("stalling.hardly")
    return w.t("stalling.nearly") if chance > 0.99 else w.percent(100 * chance)


@st.fragment(parallel=True)
def show_expected(view: View, agency: str) -> None:
    """How many of an agency's open agreements are expected to be stalled, beside how many are."""
    _draw_expected(view, agency)


@drawn
def _draw_expected(view: View, agency: str) -> None:
    found = studies.stalling(view)
    if found is None:
        return
    mine = found.cases.filter(pl.col("agency") == agency)
    if mine.is_empty():
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            w.t(
                "stalling.expected",
                date=w.date(found.on),
                expected=w.number(float(mine["probability"].sum())),
                now=w.number(int(mine["is_stalled"].sum())),
                open=w.number(mine.height),
            ),
            width="content",
        )
        explained.show("stalling")


@st.fragment(parallel=True)
def show_coming(view: View, person: Person) -> None:
    """The agreements that are not stalled and are likely to be, of those this person may see one by one."""
    st.header(w.t("stalling.heading", days=w.number(studies.STALL_DAYS)), anchor=False)
    found = studies.stalling(view)
    if found is None:
        st.caption(unforetold.sentence(studies.stalls_proof(view), "stalls"))
        return
    coming = _coming(view, person.limited_to)
    words = {"date": w.date(found.on), "from": w.percent(100 * WORTH_SAYING), "n": w.number(coming.height)}
    st.markdown(w.t("stalling.coming", expected=w.number(float(coming["probability"].sum())), **words))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(proof(found), width="content")
        explained.show("stalling")
    if coming.is_empty():
        return
    tables.show(
        coming,
        LIST_COLUMNS,
        "stalling",
        file_name=w.t("stalling.heading", days=w.number(studies.STALL_DAYS)),
        alt=w.t("stalling.heading", days=w.number(studies.STALL_DAYS)),
        on_row=lambda row: links.go("agreement", ref=row["ref"]),
        height=320,
    )


@kept()
def _coming(view: View, own: str | None) -> pl.DataFrame:
    """Those likely to be stalled, of the agreements that somebody limited to `own` may see; `chance` in percent."""
    found = studies.stalling(view)
    assert found is not None
    seen = loaders.seen_facts(view, own).agreements.select("agreement_id", "ref", "title_vi", "title_en")
    return (
        found.cases.filter(~pl.col("is_stalled") & (pl.col("probability") >= WORTH_SAYING))
        .join(seen, on="agreement_id")
        # Sums of floats differ in their last digits from one run to the next: what is equal to nine digits is equal.
        .sort(pl.col("probability").round(9), "agreement_id", descending=[True, False])
        .with_columns(chance=100 * pl.col("probability"))
    )


def proof(found: Stalling) -> str:
    """Why the chances may be believed: what became of those said before."""
    fared = found.fared
    assert fared.expected is not None
    assert fared.happened is not None
    return w.t(
        "stalling.proof",
        days=w.number(studies.STALL_DAYS),
        n=w.number(fared.n),
        expected=w.percent(100 * fared.expected),
        happened=w.percent(100 * fared.happened),
    )
