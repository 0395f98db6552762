"""What agencies say of their red lights: a sign beside the light, the words one click away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl
import streamlit as st

import words as w
from pages.parts import said as said_by_agency
from pages.ui import loaders
from pages.ui.kept import kept
from pages.ui.view import View

SIGN: Final = "✎"
MOST: Final = 24


@kept(compares=True)
def standing(view: View, kpis: tuple[str, ...]) -> pl.DataFrame:
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
    return [f"{text}{SIGN}" if agency in explained else text for text, agency in zip(texts, agencies, strict=True)]


def show(view: View, kpis: tuple[str, ...]) -> None:
    """The explanations, those of the agencies that stand first coming first; what is beyond MOST stands on the scorecards."""
    said = standing(view, kpis)
    if said.is_empty():
        return
    with st.expander(f"{SIGN} {w.tn('ranking.explained', said.height)}"):
        grid = st.grid("auto", min_column_width=380, border=True)
        for word in said.head(MOST).iter_rows(named=True):
            with grid.cell():
                st.markdown(f"**{w.plain(w.name('agency', word['agency']))} · {w.t('kpi.' + word['kpi'] + '.short')}**")
                said_by_agency.show_one(word)
        if said.height > MOST:
            st.caption(w.tn("ranking.explained_more", said.height - MOST))
