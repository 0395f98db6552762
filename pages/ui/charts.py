"""The charts. Each is written as an Altair chart, compiled once per language and theme, and sent apart from its data.

A chart function takes nothing and names the columns it expects; `show` draws it with a frame that has them. Numbers and
dates in marks come ready-made in `..._label` columns, written by `words`, so that they are in the reader's language.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Final

import altair as alt
import polars as pl
import streamlit as st

from pages.ui import palette
from pages.ui import words as w

Chart = Callable[[], alt.TopLevelMixin]

CHOSEN: Final = "chosen"
_ROW_HEIGHT: Final = 28
_LABEL_LIMIT: Final = 190
_SOURCE: Final = alt.NamedData("source")


def show(
    chart: Chart, frame: pl.DataFrame, *, key: str, alt: str, on_select: bool = False, height: int | None = None
) -> dict[str, Any] | None:
    """Draw `frame` with one of the charts below; the fields of the mark that was clicked, if `on_select` asks for them.

    `alt` says in a sentence what the chart shows, for readers who cannot see it. `height` is in pixels; by default bars
    grow with their number.
    """
    spec = _compiled(chart, w.language(), theme(), on_select)
    event: Any = st.vega_lite_chart(
        frame.to_arrow(),
        spec,
        key=key,
        alt=alt,
        width="stretch",
        height=height or "content",
        on_select="rerun" if on_select else "ignore",
    )
    if not on_select:
        return None
    marks = event["selection"].get(CHOSEN) if event else None
    return dict(marks[0]) if marks else None


def theme() -> str:
    """light or dark, as the reader's browser shows the application."""
    kind = st.context.theme.type
    return kind if kind in palette.TEXT else "light"


@functools.cache
def _compiled(chart: Chart, language: str, background: str, is_clickable: bool) -> dict[str, Any]:
    with w.in_language(language), alt.theme.enable("none"):
        spec: dict[str, Any] = chart().to_dict()
    for name in ("data", "datasets", "$schema"):
        spec.pop(name, None)
    if not is_clickable:
        _without_selection(spec)
    text, quiet = palette.TEXT[background], palette.QUIET[background]
    spec["config"] = {
        "text": {"color": text, "fontSize": 13},
        "axis": {"labelColor": text, "titleColor": quiet, "labelFontSize": 13, "labelLimit": _LABEL_LIMIT},
        "legend": {"labelColor": text, "titleColor": quiet, "labelFontSize": 13},
        "rule": {"color": quiet},
        "view": {"stroke": None},
        "locale": {"number": _NUMBER_LOCALES[language]},
    }
    return spec


_NUMBER_LOCALES: Final = {
    "vi": {"decimal": ",", "thousands": ".", "grouping": [3], "currency": ["", ""]},
    "en": {"decimal": ".", "thousands": ",", "grouping": [3], "currency": ["", ""]},
}
