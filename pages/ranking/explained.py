"""What agencies say of their red lights: a sign beside the light, the words one click away."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Final

import polars as pl
import streamlit as st

import words as w
from data_access.clock import today
from pages.ui import links, loaders, tables
from pages.ui.kept import kept
from pages.ui.tables import Column
from pages.ui.view import View

SIGN: Final = "✎"
_WIDE: Final = 330


def standing(view: View, kpis: Sequence[str]) -> pl.DataFrame:
    """The latest explanation of each red light of these KPIs, in the order of the league table; columns as in
    `data_access.explanations`."""
    league = loaders.league_table(view, by="agency").with_row_index("at")
    said = loaders.explanations(None, view.as_of).unique(["agency", "kpi"], keep="first", maintain_order=True)
    red = [
        league.filter(pl.col(f"{kpi}_status") == "red").select("at", "agency", kpi=pl.lit(kpi), nth=pl.lit(nth))
        for nth, kpi in enumerate(kpis)
    ]
    if not red:
        return said.clear()
    return said.join(pl.concat(red), on=["agency", "kpi"], how="inner").sort("at", "nth").drop("at", "nth")


def marked(texts: Sequence[str], agencies: pl.Series, said: pl.DataFrame, kpi: str) -> list[str]:
    """The cells of a KPI, by agency, with the sign where its light is explained."""
    explained = set(said.filter(pl.col("kpi") == kpi)["agency"])
    return [f"{text} {SIGN}" if agency in explained else text for text, agency in zip(texts, agencies, strict=True)]


def show(view: View, kpis: Sequence[str]) -> None:
    """The explanations as a table; a row leads to the scorecard."""
    listed = _listed(view, tuple(kpis), today(None))
    if listed.is_empty():
        return
    with st.expander(f"{SIGN} {w.tn('ranking.explained', listed.height)}"):
        tables.show(
            listed,
            (
                Column("agency", "ranking.agency", "code", of="agency", width=200),
                Column("short", "ranking.explained_kpi", width=120),
                Column("said", "ranking.explained_said", width=_WIDE),
                Column("asks", "ranking.explained_asks", width=190),
                Column("answer", "ranking.explained_answer", width=_WIDE),
            ),
            "ranking_explained",
            file_name=w.t("ranking.explained_file"),
            alt=w.t("ranking.explained_alt"),
            on_row=_open_scorecard,
        )


def _open_scorecard(row: tables.Row) -> None:
    links.go("scorecard", agency=row["agency"])


@kept(compares=True, in_words=True)
def _listed(view: View, kpis: tuple[str, ...], day: dt.date) -> pl.DataFrame:
    said = standing(view, kpis)
    own = pl.col(w.column("text"))
    return said.with_columns(
        short=pl.Series([w.t(f"kpi.{kpi}.short") for kpi in said["kpi"]], dtype=pl.String),
        said=pl.when(own == "").then("text_vi").otherwise(own),
        asks=pl.Series([_asks(row, day) for row in said.iter_rows(named=True)], dtype=pl.String),
    )


def _asks(row: tables.Row, day: dt.date) -> str:
    if not row["addressed_to"]:
        return ""
    whom, due = w.name("authority", row["addressed_to"]), row["answer_due_on"]
    if due is None:
        return whom
    said = f"{whom} · {w.date(due)}"
    return f"{said} · {w.t('scorecard.answer_late')}" if not row["answer"] and due < day else said
