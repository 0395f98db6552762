"""What a claim rests on, as it is read: a sign that fills up, a word, and who looked at it when."""

from __future__ import annotations

from typing import Final

import polars as pl
import streamlit as st

import words as w
from kpi.vocabulary import Standing
from pages.ui import palette

SIGNS: Final[dict[str, str]] = {
    Standing.REFUSED: "✕",
    Standing.DECLARED: "○",
    Standing.SOURCED: "◌",
    Standing.EVIDENCED: "◐",
    Standing.REVIEWED: "◕",
    Standing.VERIFIED: "●",
}
_COLOURS: Final[dict[str, palette.Badge]] = {
    Standing.REFUSED: "red",
    Standing.REVIEWED: "green",
    Standing.VERIFIED: "green",
}


def text(standing: str | None) -> str:
    """Sign and word; nothing for a state that claims nothing."""
    return "" if standing is None else f"{SIGNS[standing]} {w.name('standing', standing)}"


def badge(standing: str | None) -> None:
    """Sign and word as a badge; the word's meaning stands behind it."""
    if standing is not None:
        st.badge(text(standing), color=_COLOURS.get(standing, "gray"), help=w.t(f"agreement.standing_{standing}"))


def texts(claims: pl.DataFrame) -> pl.Series:
    """Of each claim (standing, seen_by, seen_on, withheld_for) sign and word, who looked at it on which day where somebody has, and
    why it does not count where it is withheld."""
    told = []
    for row in claims.select("standing", "seen_by", "seen_on", "withheld_for").iter_rows(named=True):
        parts = [text(row["standing"]), row["seen_by"] or "", "" if row["seen_on"] is None else w.date(row["seen_on"])]
        if row["withheld_for"] is not None:
            parts = [text(row["standing"]), w.t("agreement.withheld", period=row["withheld_for"])]
        told.append(" · ".join(filter(None, parts)) if row["standing"] else "")
    return pl.Series(told, dtype=pl.String)
