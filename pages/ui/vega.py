"""Charts as Vega-Lite specifications without data, in the reader's language and theme."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, Final

import altair as alt

import words as w
from pages.ui import palette

Chart = Callable[[bool], alt.LayerChart | alt.VConcatChart]
"""Draws itself; told whether its marks can be clicked."""

LETTERS: Final = 13
"""How large letters are, in pixels, at a desk."""

_LENGTHS: Final = ("fontSize", "labelFontSize", "dx", "dy", "size", "strokeWidth")
"""What grows with the letters of a chart."""

_LABEL_LIMIT: Final = {"expr": "max(110, 0.38 * containerSize()[0])"}
"""How long names may be beside a chart, in pixels: less on a narrow screen."""


_STRIPES: Final = 6
HATCHED: Final = alt.LinearGradient(
    gradient="linear",
    x1=0,
    y1=0,
    x2=1,
    y2=1,
    stops=[
        alt.GradientStop(offset=edge / _STRIPES, color=(palette.NEUTRAL, palette.CLAIMED)[stripe % 2])
        for stripe in range(_STRIPES)
        for edge in (stripe, stripe + 1)
    ],
)
"""Stripes across a bar: Vega fills with gradients only, and one between equal colours is a stripe."""


MONTHS: Final = {"en": "%b %Y"}
"""How a month is written where that is not by its number: Vega knows their names in English only."""


@functools.cache
def compiled(chart: Chart, language: str, theme: str, is_clickable: bool, letters: int = LETTERS) -> dict[str, Any]:
    """The chart as a Vega-Lite specification without data, with letters of a size in pixels."""
    with w.in_language(language):
        spec: dict[str, Any] = chart(is_clickable).to_dict()
        decimal, thousands = w.marks()
    for name in ("data", "$schema"):
        spec.pop(name, None)
    text, quiet = palette.TEXT[theme], palette.QUIET[theme]
    spec["autosize"] = {"type": "fit-x", "contains": "padding"}
    spec["config"] = {
        "text": {"color": text, "fontSize": 13},
        "axis": {
            "labelColor": text,
            "titleColor": quiet,
            "labelFontSize": 13,
            "labelLimit": _LABEL_LIMIT,
            "labelFlush": False,
        },
        "legend": {"labelColor": text, "labelFontSize": 13, "labelLimit": 260},
        "rule": {"color": quiet},
        "view": {"stroke": None},
        "locale": {"number": {"decimal": decimal, "thousands": thousands, "grouping": [3], "currency": ["", ""]}},
    }
    return spec if letters == LETTERS else enlarged(spec, letters / LETTERS)


def enlarged(spec: Any, times: float) -> Any:
    """A specification with letters and marks so many times as large."""
    if isinstance(spec, dict):
        return {
            name: value * times if name in _LENGTHS and isinstance(value, int | float) else enlarged(value, times)
            for name, value in spec.items()
        }
    return [enlarged(item, times) for item in spec] if isinstance(spec, list) else spec


def explaining(part: Any, codes: Sequence[str]) -> Any:
    """A chart, or a part of it, whose legend has these codes only."""
    if isinstance(part, list):
        return [explaining(one, codes) for one in part]
    if not isinstance(part, dict):
        return part
    found = {name: one if name == "config" else explaining(one, codes) for name, one in part.items()}
    if isinstance(found.get("legend"), dict):
        found["legend"] = {**found["legend"], "values": list(codes)}
    return found
