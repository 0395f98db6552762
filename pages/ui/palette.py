"""Colours and signs, the same everywhere. A colour never stands alone: beside it is a word, and lights differ in shape.

The colours were chosen so that people with any common form of colour blindness can tell them apart; a test computes it.
"""

from __future__ import annotations

from typing import Final, Literal

import polars as pl
import streamlit as st

import words as w
from kpi.indicators.lights import LIGHTS as JUDGED
from kpi.vocabulary import Bucket, texts
from paper.palette import LIGHTS as LIGHTS
from paper.palette import NEUTRAL as NEUTRAL
from paper.palette import OUTLINE as OUTLINE
from paper.palette import SIGNS as SIGNS

BUCKETS: Final = {
    "on_track": "#0B8F6C",
    "at_risk": "#FFC247",
    "no_date": "#A0ABB6",
    "stalled": "#6B4A94",
    "overdue": "#B3261E",
    "completed": "#57A5DC",
    "suspended": "#39434D",
    "void": "#E1E5E9",
}
"""Where an agreement stands."""

DARK_BUCKETS: Final = ("on_track", "stalled", "overdue", "suspended")
"""The ones on which text must be white."""

OUTLINED: Final = tuple(f"{light}{OUTLINE}" for light in JUDGED)
"""Lights that the interval of their value does not settle."""

CHIPS: Final = {**LIGHTS, "green_outlined": "#D3ECE4", "amber_outlined": "#FFF0CC", "red_outlined": "#F4D9D7"}
"""The same where a light is the ground of a text, which has no outline: pale instead."""

Badge = Literal["red", "orange", "yellow", "blue", "green", "violet", "gray"]

BADGES: Final[dict[str, Badge]] = {
    "green": "green",
    "green_outlined": "green",
    "amber": "orange",
    "amber_outlined": "orange",
    "red": "red",
    "red_outlined": "red",
    "not_available": "gray",
    "too_few": "gray",
    "context": "blue",
}
"""The colour names Streamlit's badges know, by light."""

SHAPES: Final = {
    "green": "circle",
    "green_outlined": "circle",
    "amber": "triangle-up",
    "amber_outlined": "triangle-up",
    "red": "square",
    "red_outlined": "square",
    "not_available": "stroke",
    "too_few": "cross",
    "context": "diamond",
}
"""The marks of Vega-Lite that look like SIGNS."""

CLAIMED: Final = "#CFDDEB"
"""What stands between the stripes of what is said and does not count."""

SERIES: Final = ("#3B6EA5", "#D9822B", "#0B8F6C", "#8E5BB5", "#5F6B76")
SHADES: Final = ("#E8EFF7", "#B9D1E8", "#7FAAD3", "#4A7FB5", "#1F4E82")
"""From few to many in heat maps."""

TEXT: Final = {"light": "#1F2933", "dark": "#E6EAEE"}
QUIET: Final = {"light": "#66727F", "dark": "#9AA5B1"}


def theme() -> str:
    """What the reader's screen is: light or dark."""
    kind = st.context.theme.type
    return kind if kind in TEXT else "light"


def drawn(status: str, settled: bool | None) -> str:
    """The light that is drawn: filled where it is settled, outlined where its interval reaches over an edge."""
    return f"{status}{OUTLINE}" if settled is False and status in JUDGED else status


def drawn_lights(status: str = "status", settled: str = "settled") -> pl.Expr:
    """The same of two columns."""
    code = pl.col(status)
    return pl.when(code.is_in(JUDGED) & ~pl.col(settled)).then(code + OUTLINE).otherwise(code)


def bucket_names() -> dict[str, str]:
    """What the groups of agreements are called where each agreement stands in one: those that could be taken for the sign of the
    same name, which counts more, say what is not in them."""
    told = {code: w.t(f"overview.bucket_{code}") for code in texts((Bucket.STALLED, Bucket.NO_DATE))}
    return {code: told.get(code) or w.name("bucket", code) for code in BUCKETS}
