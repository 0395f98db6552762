"""The sections of the ranking, and how a place is put into words elsewhere."""

from __future__ import annotations

import dataclasses
from typing import Final

import polars as pl
import streamlit as st

from data_access.accounts import Person
from kpi import standings
from kpi.catalog import KPIS
from kpi.rules import Rules
from pages.ui import cards, charts, links, loaders, palette, tables
from pages.ui import words as w
from pages.ui.tables import Column
from pages.ui.views import View

GROUPS: Final = ("ministry", "province")
"""Kinds of agency that are ranked, each among its own."""

_LABEL_CHARACTERS: Final = 26
_ROW: Final = 35


# --- In words --------------------------------------------------------------------------------------------------------


def label(agency: str) -> str:
    """An agency's name where there is little room: the full one if it is short, else the usual abbreviation."""
    name = w.name("agency", agency)
    return name if len(name) <= _LABEL_CHARACTERS else w.name("agency", agency, short=True)


def labels(agencies: pl.Series) -> pl.Series:
    """The same as `label`, for a column."""
    return w.texts(agencies, label)


def light_texts(scores: pl.Series, lights: pl.Series) -> pl.Series:
    """Scores with sign and word of their light, for the labels of a chart."""
    return pl.Series(
        [
            f"{palette.SIGNS[light]} {w.number(score)} {w.name('light', light)}"
            for score, light in zip(scores, lights, strict=True)
        ],
        dtype=pl.String,
    )


def ranked_number(standing: pl.DataFrame) -> int:
    """How many agencies have a place."""
    return standing.height - standing["place"].null_count()


def sureness(standing: pl.DataFrame) -> str:
    """How many are ranked and how many are not, and how many could truly be first."""
    ranked = ranked_number(standing)
    text = w.t("ranking.ranked", n=w.number(ranked), few=w.number(standing.height - ranked))
    contenders = standings.possibly_first(standing)
    return f"{text} {w.t('ranking.contenders', n=w.number(contenders))}" if contenders > 1 else text


def place_text(best: int | None, worst: int | None) -> str:
    """The places an agency may truly hold: "1–7", or one number."""
    if best is None or worst is None:
        return w.t("common.not_available")
    return w.number(best) if best == worst else f"{w.number(best)}–{w.number(worst)}"


def own_sentence(standing: pl.DataFrame, person: Person) -> str | None:
    """Where the person's own agency stands; None for a person without one, or where it is not among these."""
    own = standing.filter(pl.col("agency") == (person.agency or ""))
    if person.role in loaders.SEES_ALL or own.is_empty():
        return None
    row = own.row(0, named=True)
    if row["place"] is None:
        return w.t("ranking.own_unranked", n=w.number(row["n"]))
    return w.t(
        "ranking.own_place",
        place=w.number(row["place"]),
        all=w.number(ranked_number(standing)),
        places=place_text(row["best_place"], row["worst_place"]),
        score=w.number(row["score"]),
        light=cards.light(row["status"]),
    )
