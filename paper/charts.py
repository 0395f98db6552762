"""Charts of a briefing as pictures: a Vega-Lite specification with its data in it, drawn as vectors with text or as PNG.

What is drawn asks nothing of any address or file but the fonts of `lettering`. Each says its numbers beside its marks, names its
parts where they are, and holds in grey: lights by their sign, parts by their lightness, lines by their dashes.
"""

from __future__ import annotations

import collections
import datetime as dt
import functools
import json
import re
from typing import Any, Final

import vl_convert

import words as w
from kpi.briefing.blocks import Chart, Column
from paper import lettering, palette

WIDTH: Final = 620
"""Of a whole picture, in its own units."""
_SIZE: Final = re.compile(r'<svg[^>]*? width="([0-9.]+)" height="([0-9.]+)"')
_NAMES: Final = 210
"""So wide may names be beside bars."""
_ROW: Final = 22
_TILE: Final = 62
_DARK_FROM: Final = 0.6
"""Tiles of more than this part of the most are so dark that their text is white."""
_DASHES: Final = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [12, 4], [4, 6])

Spec = dict[str, Any]

_FITTED: Final[Spec] = {"width": WIDTH - 8, "autosize": {"type": "fit-x", "contains": "padding"}}
"""Names and bars together are as wide as the picture."""
_RANGE: Final = [0, {"expr": "width - 74"}]
"""Beside the longest bar is room for its number."""


def svg(chart: Chart) -> str:
    """A chart as SVG with its texts as text, in the reader's language."""
    _register_fonts()
    drawn: str = vl_convert.vegalite_to_svg(specification(chart), allowed_base_urls=[])
    return drawn


def width_of(drawn: str) -> float:
    """How wide a chart is, in parts of WIDTH, up to 1."""
    return min(1.0, _size(drawn)[0] / WIDTH)


def height_of(drawn: str) -> float:
    """How high a chart is where WIDTH is 1."""
    wide, high = _size(drawn)
    return high / max(wide, WIDTH)


def _size(drawn: str) -> tuple[float, float]:
    found = _SIZE.search(drawn)
    assert found is not None
    return float(found[1]), float(found[2])


def specification(chart: Chart) -> Spec:
    """A chart as Vega-Lite, with its rows in it."""
    make = {"bars": _bars, "ranges": _ranges, "stacked": _stacked, "lines": _lines, "tiles": _tiles}[chart.kind]
    decimal, thousands = w.marks()
    spec: Spec = {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "background": "white",
        "padding": 4,
        "data": {"values": _rows(chart)},
        **make(chart),
        "config": {
            "font": lettering.SANS,
            "text": {"color": palette.INK, "fontSize": 12},
            "axis": {
                "labelColor": palette.INK,
                "titleColor": palette.INK,
                "labelFontSize": 12,
                "titleFontSize": 12,
                "titleFontWeight": "normal",
                "gridColor": "#D5DBE1",
                "domainColor": palette.QUIET,
                "tickColor": palette.QUIET,
            },
            "view": {"stroke": None},
            "locale": {"number": {"decimal": decimal, "thousands": thousands, "grouping": [3], "currency": ["", ""]}},
        },
    }
    return spec


@functools.cache
def _register_fonts() -> None:
    vl_convert.register_font_directory(str(lettering.fonts()))


def _rows(chart: Chart) -> list[Spec]:
    """The rows as they are drawn: names and numbers as they are read beside what is measured. Each bar has a name of its own."""
    told: list[Spec] = []
    parts = _parts(chart)
    most = chart.frame[chart.value.name].max()
    assert most is None or isinstance(most, int | float)
    seen: collections.Counter[str] = collections.Counter()
    for place, row in enumerate(chart.frame.iter_rows(named=True)):
        light = row[chart.light] if chart.light else None
        value, name = _text(chart.value, row), _text(chart.category, row, 60)
        seen[name] += 1
        if seen[name] > 1 and chart.kind in ("bars", "ranges"):
            name = f"{name} ({seen[name]})"
        category = row[chart.category.fields[0]]
        series = _text(chart.series, row, 40) if chart.series else ""
        measured = row[chart.value.name]
        is_dark = (
            bool(most and (measured or 0) > _DARK_FROM * most)
            if chart.kind == "tiles"
            else palette.SHADES[parts.index(series) % len(palette.SHADES)] in palette.DARK_SHADES
        )
        told.append(
            {
                "place": place,
                "name": name,
                "moment": _moment(category) if isinstance(category, dt.date) else None,
                "value": measured,
                "text": f"{value} {palette.SIGNS[light]}" if light in palette.SIGNS else value,
                "colour": palette.LIGHTS.get(light or "", palette.NEUTRAL),
                "series": series,
                "part": parts.index(series),
                "on_it": "white" if is_dark else palette.INK,
                **({"low": row[chart.low], "high": row[chart.high]} if chart.low and chart.high else {}),
                **({"across": row["across"], "down": row["down"]} if chart.kind == "tiles" else {}),
            }
        )
    return told


def _parts(chart: Chart) -> list[str]:
    """What the parts of a stacked bar, or the lines, are called, in their order."""
    if chart.series is None:
        return [""]
    return list(dict.fromkeys(_text(chart.series, row, 40) for row in chart.frame.iter_rows(named=True)))


def _moment(day: dt.date) -> int:
    """Days since 1970, which a scale measures without a clock or a zone."""
    return (day - dt.date(1970, 1, 1)).days


def _text(column: Column, row: dict[str, object], longest: int = 200) -> str:
    return lettering.printable(column.write(row), longest)


def _bars(chart: Chart) -> Spec:
    across = {
        "field": "value",
        "type": "quantitative",
        "axis": None,
        "scale": {"nice": False, "zero": True, "range": _RANGE},
    }
    return {
        **_FITTED,
        "height": {"step": _ROW},
        "encoding": {"y": _named(), "x": across},
        "layer": [
            {"mark": {"type": "bar", "height": {"band": 0.68}}, "encoding": {"color": _coloured()}},
            {
                "mark": {"type": "text", "align": "left", "dx": 5},
                "encoding": {"text": {"field": "text", "type": "nominal"}},
            },
        ],
    }


def _coloured() -> Spec:
    return {"field": "colour", "type": "nominal", "scale": None}


def _named() -> Spec:
    """A line for each row in its order."""
    return {
        "field": "name",
        "type": "nominal",
        "sort": None,
        "axis": {"title": None, "ticks": False, "domain": False, "labelLimit": _NAMES, "labelPadding": 8},
    }


def _ranges(chart: Chart) -> Spec:
    top = {"orient": "top", "title": None, "tickCount": 5, **_numbered(chart.value)}
    across = {"type": "quantitative", "scale": {"zero": False, "nice": True, "range": _RANGE}, "axis": top}
    last = {"field": "high", **across}
    return {
        **_FITTED,
        "height": {"step": _ROW},
        "encoding": {"y": _named()},
        "layer": [
            {
                "mark": {"type": "rule", "strokeWidth": 3, "color": palette.QUIET},
                "encoding": {"x": {"field": "low", **across}, "x2": {"field": "high"}},
            },
            {
                "mark": {"type": "point", "filled": True, "size": 90, "opacity": 1},
                "encoding": {"x": {"field": "value", **across}, "color": _coloured()},
            },
            {
                "mark": {"type": "text", "align": "left", "dx": 7},
                "encoding": {"x": last, "text": {"field": "text", "type": "nominal"}},
            },
        ],
    }


def _stacked(chart: Chart) -> Spec:
    names, shades = _shaded(chart)
    across = {"field": "value", "type": "quantitative", "stack": "zero", "axis": None, "scale": {"nice": False}}
    legend = {
        "orient": "top",
        "title": None,
        "labelLimit": 260,
        "labelFontSize": 12,
        "columns": 4,
        "symbolType": "square",
    }
    colour = {"field": "series", "type": "nominal", "sort": None, "scale": {"domain": names, "range": shades}}
    return {
        **_FITTED,
        "height": {"step": _ROW + 4},
        "encoding": {"y": _named(), "order": {"field": "part", "type": "quantitative"}},
        "layer": [
            {
                "mark": {"type": "bar", "height": {"band": 0.72}, "stroke": "white", "strokeWidth": 1},
                "encoding": {"x": across, "color": {**colour, "legend": legend}},
            },
            {
                "transform": [{"filter": "datum.value > 0"}],
                "mark": {"type": "text", "align": "center", "fontSize": 11},
                "encoding": {
                    "x": {**across, "bandPosition": 0.5},
                    "text": {"field": "text", "type": "nominal"},
                    "color": {"field": "on_it", "type": "nominal", "scale": None},
                    "detail": {"field": "series", "type": "nominal"},
                },
            },
        ],
        "resolve": {"scale": {"color": "independent"}},
    }


def _shaded(chart: Chart) -> tuple[list[str], list[str]]:
    names = _parts(chart)
    return names, [palette.SHADES[place % len(palette.SHADES)] for place in range(len(names))]


def _lines(chart: Chart) -> Spec:
    names, shades = _shaded(chart)
    dashes = [_DASHES[place % len(_DASHES)] for place in range(len(names))]
    up = {"field": "value", "type": "quantitative", "axis": {"title": None, "tickCount": 5, **_numbered(chart.value)}}
    scaled: Spec = {"field": "series", "type": "nominal", "sort": None, "legend": None}
    last = {
        "window": [{"op": "row_number", "as": "nth"}],
        "groupby": ["series"],
        "sort": [{"field": "place", "order": "descending"}],
    }
    ends = {"calculate": "datum.series ? datum.text + '  ' + datum.series : datum.text", "as": "end"}
    return {
        "width": WIDTH - (220 if len(names) > 1 else 110),
        "height": 190,
        "encoding": {"x": _along(chart), "y": up},
        "layer": [
            {
                "mark": {"type": "line", "strokeWidth": 2.5},
                "encoding": {
                    "color": {**scaled, "scale": {"domain": names, "range": shades}},
                    "strokeDash": {**scaled, "scale": {"domain": names, "range": dashes}},
                },
            },
            {
                "mark": {"type": "point", "filled": True, "size": 36, "opacity": 1},
                "encoding": {"color": {**scaled, "scale": {"domain": names, "range": shades}}},
            },
            {
                "transform": [last, {"filter": "datum.nth === 1"}, ends],
                "mark": {"type": "text", "align": "left", "dx": 7, "limit": 150},
                "encoding": {"text": {"field": "end", "type": "nominal"}},
            },
        ],
    }


def _along(chart: Chart) -> Spec:
    """Days where they lie in time, the first, the last and some between named; or names one after the other."""
    if chart.category.kind != "date":
        axis: Spec = {"title": None, "labelAngle": 0, "grid": False, "labelLimit": 110}
        return {"field": "name", "type": "nominal", "sort": None, "axis": axis}
    days = sorted({day for day in chart.frame[chart.category.name] if day is not None})
    every = max(1, -(-len(days) // 6))
    named = days[::-1][::every][::-1]
    said = json.dumps({str(_moment(day)): w.date(day) for day in named}, ensure_ascii=False)
    axis = {
        "title": None,
        "grid": False,
        "values": [_moment(day) for day in named],
        "labelExpr": f"({said})[datum.value]",
        "labelOverlap": True,
    }
    return {"field": "moment", "type": "quantitative", "scale": {"zero": False, "nice": False}, "axis": axis}


def _tiles(chart: Chart) -> Spec:
    place: Spec = {"type": "ordinal", "axis": None, "scale": {"paddingInner": 0.05}}
    white = {"field": "on_it", "type": "nominal", "scale": None}
    both = {"x": {"field": "across", **place}, "y": {"field": "down", **place}}
    colour = {
        "field": "value",
        "type": "quantitative",
        "legend": None,
        "scale": {"range": list(palette.RAMP), "zero": True},
    }
    return {
        "width": {"step": _TILE},
        "height": {"step": _TILE},
        "resolve": {"scale": {"color": "independent"}},
        "encoding": both,
        "layer": [
            {"mark": {"type": "rect", "stroke": "#8794A0"}, "encoding": {"color": colour}},
            {
                "mark": {"type": "text", "dy": -8, "fontSize": 11, "limit": _TILE - 4},
                "encoding": {"text": {"field": "name", "type": "nominal"}, "color": white},
            },
            {
                "mark": {"type": "text", "dy": 10, "fontSize": 14, "fontWeight": "bold"},
                "encoding": {"text": {"field": "text", "type": "nominal"}, "color": white},
            },
        ],
    }


def _numbered(column: Column) -> Spec:
    """How the numbers of an axis are written."""
    return {"labelExpr": "datum.label + '%'"} if column.kind == "percent" else {}
