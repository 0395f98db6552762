"""How places in a ranking are put into words, wherever they are shown, and which kinds of agency are ranked."""

from __future__ import annotations

from typing import Final

import polars as pl

import words as w
from data_access.accounts import Person
from kpi.facts import PROVINCE_KINDS
from kpi.indicators import league_table
from kpi.indicators.catalog import COMPOSITE, RELIABILITY
from kpi.indicators.scorecard import PLACE_DIGITS
from kpi.vocabulary import AgencyGroup, Band, texts
from pages.parts import heading
from pages.ui import cards, filters, loaders, palette
from pages.ui.kept import kept
from pages.ui.view import View

GROUPS: Final = texts((AgencyGroup.MINISTRY, AgencyGroup.PROVINCE))
"""Kinds of agency that are ranked, each among its own."""

_NAMED: Final = 3
"""So many agencies are named in a sentence; of more it says the number."""

LABEL_CHARACTERS: Final = 22
"""Longer names have no room beside the bars of a chart."""


def labels(agencies: pl.Series, *, most: int = LABEL_CHARACTERS) -> pl.Series:
    """Agencies' names where there is little room: the full one up to `most` letters, else the usual abbreviation."""

    def label(agency: str) -> str:
        name = w.name("agency", agency)
        return name if len(name) <= most else w.name("agency", agency, short=True)

    return w.texts(agencies, label)


def score_text(score: float | None) -> str:
    """A composite as it is read: precise enough to agree with its light, and with the place it has."""
    if score is None:
        return cards.value_text(COMPOSITE, {"value": None, "follow_up": None})
    digits = loaders.rules(filters.current().as_of).digits(COMPOSITE, score)
    return w.number(score, max(digits, PLACE_DIGITS))


def light_texts(scores: pl.Series, lights: pl.Series) -> pl.Series:
    """Scores with sign and word of their light as it is drawn, for the labels of a chart."""
    return pl.Series(
        [
            f"{palette.SIGNS[light]} {score_text(score)} {_short(light)}"
            for score, light in zip(scores, lights, strict=True)
        ],
        dtype=pl.String,
    )


def _short(light: str) -> str:
    """A light's word, with a question mark where it is not settled: there is no room to say more."""
    status = light.removesuffix(palette.OUTLINE)
    return w.name("light", status) if status == light else f"{w.name('light', status)}?"


def ranked_number(league: pl.DataFrame) -> int:
    """How many agencies have a place."""
    return league.height - league["place"].null_count()


def sureness(league: pl.DataFrame) -> str:
    """How many are ranked and how many are not, who surely differs from the middle, and how many could be at either end."""
    ranked = ranked_number(league)
    text = w.t("ranking.ranked", n=w.number(ranked), few=w.number(league.height - ranked))
    if ranked < 2:
        return text
    return f"{text} " + w.t(
        "ranking.contenders",
        above=_in_band(league, Band.ABOVE),
        below=_in_band(league, Band.BELOW),
        first=w.number(league_table.possibly_first(league)),
        last=w.number(league_table.possibly_last(league)),
    )


def _in_band(league: pl.DataFrame, band: Band) -> str:
    """The agencies of a band by name, or their number where they are more than a sentence bears."""
    found = league.filter(pl.col("band") == str(band))["agency"].to_list()
    if len(found) > _NAMED:
        return w.number(len(found))
    return ", ".join(w.name("agency", agency, short=True) for agency in found) or w.t("ranking.nobody")


def place_text(best: int | None, worst: int | None) -> str:
    """The places an agency may truly hold: "1–7", or one number."""
    if best is None or worst is None:
        return w.t("common.not_available")
    return w.number(best) if best == worst else f"{w.number(best)}–{w.number(worst)}"


def own_sentence(league: pl.DataFrame, person: Person) -> str | None:
    """Where the person's own agency stands; None for a person without one, where it is not among these, or nobody can be ranked."""
    own = league.filter(pl.col("agency") == (person.limited_to or ""))
    if own.is_empty():
        return None
    row = own.row(0, named=True)
    if row["place"] is None and heading.unrankable(filters.current()) is not None:
        return None
    if row["place"] is None:
        return w.t("ranking.own_unranked", n=w.number(row["n"]))
    return w.t(
        "ranking.own_place",
        place=w.number(row["place"]),
        all=w.number(ranked_number(league)),
        places=place_text(row["best_place"], row["worst_place"]),
        score=score_text(row["score"]),
        light=cards.light(row["status"], row["settled"]),
    )


def usual_group(person: Person) -> str:
    """The ministries; for an agency, its own kind."""
    return "province" if person.limited_to in _provinces() else GROUPS[0]


@kept()
def _provinces() -> frozenset[str]:
    return frozenset(loaders.register().agencies.filter(pl.col("kind").is_in(PROVINCE_KINDS))["key"])


def relied_on(league: pl.DataFrame, view: View) -> pl.DataFrame:
    """A league table with how far what each agency claims can be relied on: reliable (text), reliability and its limits.

    Without a light: of a few claims looked at it would say more than is known.
    """
    cells = loaders.scorecards(view, by="agency").filter(pl.col("kpi") == RELIABILITY)
    read = ["" if row["value"] is None else cards.with_limits(RELIABILITY, row) for row in cells.iter_rows(named=True)]
    return league.join(
        cells.select(
            "agency",
            reliable=pl.Series(read, dtype=pl.String),
            reliability="value",
            reliability_low="low",
            reliability_high="high",
        ),
        on="agency",
        how="left",
        maintain_order="left",
    )
