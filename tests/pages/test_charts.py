"""The charts: compiled without data, in every language and theme, with colours everybody can tell apart."""

from __future__ import annotations

import datetime as dt
import itertools
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
import vl_convert
from streamlit.testing.v1 import AppTest

import words
from pages.ui import charts, palette, vega
from pages.ui.vega import Chart

DAY = dt.date(2026, 1, 14)
FRAMES: dict[Chart, pl.DataFrame] = {
    charts.bars: pl.DataFrame(
        {
            "label": ["Bộ Xây dựng", "Bộ Y tế"],
            "code": ["BXD", "BYT"],
            "value": [85.0, None],
            "value_label": ["85%", "chưa có số liệu"],
            "light": ["green", "not_available"],
        }
    ),
    charts.ranked_bars: pl.DataFrame(
        {
            "label": ["1. Bộ Y tế"],
            "code": ["BYT"],
            "value": [85.0],
            "value_label": ["● 85,0"],
            "light": ["green"],
            "reliable": ["94% (83–98)"],
        }
    ),
    charts.stacked_bars: pl.DataFrame(
        {
            "label": ["BXD", "BXD"],
            "code": ["BXD", "BXD"],
            "bucket": ["overdue", "on_track"],
            "n": [3, 5],
            "n_label": ["3", "5"],
        }
    ),
    charts.parts: pl.DataFrame({"label": ["Quá hạn"], "code": ["overdue"], "n": [3], "n_label": ["3"]}),
    charts.flow: pl.DataFrame(
        {
            "label": ["Đã ký", "Hoàn thành"],
            "code": ["signed", "completed"],
            "reached": [9, 4],
            "reached_label": ["9", "4"],
            "stopped": [1, 0],
            "stopped_label": ["1", ""],
            "claimed": [0, 2],
            "claimed_label": ["0", "2"],
        }
    ),
    charts.heat_map("sector", "partners"): pl.DataFrame(
        {
            "row": ["Y tế", "Y tế"],
            "row_code": ["HEA", "HEA"],
            "column": ["Châu Á", "Châu Âu"],
            "column_code": ["Asia", "Europe"],
            "value": [3, None],
            "value_label": ["3", ""],
        }
    ),
    charts.interval_dots: pl.DataFrame(
        {
            "label": ["BXD"],
            "code": ["BXD"],
            "value": [60.0],
            "low": [40.0],
            "high": [75.0],
            "value_label": ["60"],
            "light": ["amber"],
        }
    ),
    charts.timeline: pl.DataFrame(
        {
            "lane": ["Đã ký", "Vướng mắc"],
            "kind": ["state", "blocker"],
            "start": [dt.date(2025, 1, 1), dt.date(2025, 6, 1)],
            "end": [None, DAY],
            "as_of": [DAY, DAY],
            "text_label": ["01/01/2025", "01/06/2025"],
        }
    ),
    charts.distribution: pl.DataFrame(
        {
            "value": [60.0, 70.0, 85.0],
            "label": ["BXD", "BYT", ""],
            "value_label": ["60%", "70%", "85%"],
            "role": ["peer", "own", "target"],
        }
    ),
    charts.funnel: pl.DataFrame(
        {
            "n": [12, 40, 12],
            "value": [60.0, 85.0, None],
            "label": ["BXD", "BYT", None],
            "mark": ["BXD", "", None],
            "value_label": ["60%", "85%", None],
            "code": ["BXD", "BYT", ""],
            "light": ["red", "context", None],
            "low_limit": [None, None, 55.0],
            "high_limit": [None, None, 95.0],
            "far_low": [None, None, 45.0],
            "far_high": [None, None, 100.0],
            "whole": [None, None, 80.0],
        }
    ),
    charts.step_curve: pl.DataFrame(
        {
            "time": [0, 90, 0],
            "share": [0.0, 50.0, None],
            "low": [0.0, 40.0, None],
            "high": [0.0, 60.0, None],
            "share_label": ["0%", "50%", None],
            "left_label": [None, None, "12"],
            "series": ["Bộ Xây dựng", "Bộ Xây dựng", "Bộ Xây dựng"],
        }
    ),
}
CLICKED = {"code", "bucket", "row_code", "column_code", "on_label", "series", "lane", "kind", "label"}
IDS = [chart.__name__ for chart in FRAMES]


def fields(spec: Any) -> Iterator[str]:
    """Every column a specification reads from the data."""
    if isinstance(spec, dict):
        if isinstance(spec.get("field"), str):
            yield spec["field"]
        for part in spec.values():
            yield from fields(part)
    elif isinstance(spec, list):
        for part in spec:
            yield from fields(part)


def made(spec: Any) -> Iterator[str]:
    """Every column a specification computes."""
    if isinstance(spec, dict):
        if isinstance(spec.get("as"), str):
            yield spec["as"]
        for part in spec.values():
            yield from made(part)
    elif isinstance(spec, list):
        for part in spec:
            yield from made(part)


@pytest.mark.parametrize("chart", FRAMES, ids=IDS)
def test_a_chart_reads_only_the_columns_it_says_and_carries_no_data(chart: Chart) -> None:
    spec = vega.compiled(chart, "vi", "light", True)

    assert set(fields(spec)) - set(made(spec)) <= {*FRAMES[chart].columns, "_place"}
    assert "data" not in spec
    assert "datasets" not in spec
    assert set(FRAMES[chart].columns) <= set(_words_of(chart.__doc__ or ""))


def _words_of(text: str) -> list[str]:
    return "".join(sign if sign.isalnum() or sign == "_" else " " for sign in text).split()


@pytest.mark.parametrize("chart", FRAMES, ids=IDS)
def test_a_chart_draws(chart: Chart) -> None:
    for language in words.languages():
        spec = vega.compiled(chart, language, "dark", False)
        data = json.loads(FRAMES[chart].with_row_index("_place").write_json())

        drawn = vl_convert.vegalite_to_svg({**spec, "data": {"values": data}, "width": 500})

        assert "<path" in drawn


@pytest.mark.parametrize("chart", FRAMES, ids=IDS)
def test_only_a_chart_that_leads_on_can_be_clicked(chart: Chart) -> None:
    quiet = vega.compiled(chart, "vi", "light", False)
    leading = vega.compiled(chart, "vi", "light", True)

    assert "pointer" not in json.dumps(quiet)
    assert "params" not in quiet
    assert "pointer" in json.dumps(leading)
    (chosen,) = leading["params"]
    assert chosen["name"] == "chosen"
    assert set(chosen["select"]["fields"]) <= CLICKED & set(FRAMES[chart].columns)


def test_a_chart_is_compiled_once_per_language_and_theme() -> None:
    assert vega.compiled(charts.bars, "vi", "light", True) is vega.compiled(charts.bars, "vi", "light", True)
    vietnamese, english = (vega.compiled(charts.step_curve, code, "light", False) for code in ("vi", "en"))
    assert "Số ngày" in json.dumps(vietnamese, ensure_ascii=False)
    assert "Days" in json.dumps(english)


def test_rows_stay_in_the_order_of_the_frame() -> None:
    frame = pl.DataFrame(
        {
            "label": ["b", "c", "a"],
            "code": ["b", "c", "a"],
            "value": [1, 2, 3],
            "value_label": ["1", "2", "3"],
            "light": ["red", "red", "red"],
        }
    )
    spec = vega.compiled(charts.bars, "vi", "light", False)
    data = json.loads(frame.with_row_index("_place").write_json())

    drawn = vl_convert.vegalite_to_svg({**spec, "data": {"values": data}, "width": 500})

    assert drawn.index(">b</text>") < drawn.index(">c</text>") < drawn.index(">a</text>")


def page() -> None:
    """A page with one chart."""
    import streamlit as st

    from pages.ui import charts
    from tests.pages.test_charts import FRAMES

    frame = FRAMES[charts.bars]
    st.session_state["chosen"] = charts.show(charts.bars, frame, key="chart", alt="Tỷ lệ triển khai", on_select=True)


def test_a_chart_on_a_page_has_a_text_for_those_who_cannot_see_it() -> None:
    app = AppTest.from_function(page, default_timeout=30).run()

    assert not app.exception
    assert app.session_state["chosen"] is None
    assert app.get("vega_lite_chart")[0].proto.alt == "Tỷ lệ triển khai"


# --- Colours ---------------------------------------------------------------------------------------------------------

# Machado, Oliveira and Fernandes (2009), "A physiologically-based model for simulation of color vision deficiency",
# IEEE Transactions on Visualization and Computer Graphics 15, table 1, severity 1.0.
SIGHT = {
    "usual": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}
LAB_DISTANCE = 14
"""Distance in CIE Lab from which two areas are plainly different (2.3 is just noticeable)."""

Colour = npt.NDArray[np.float64]


def linear(code: str) -> Colour:
    parts = np.array([int(code[start : start + 2], 16) for start in (1, 3, 5)]) / 255
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def lab(rgb: Colour) -> Colour:
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = to_xyz @ np.clip(rgb, 0, 1) / np.array([0.95047, 1, 1.08883])
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def luminance(code: str) -> float:
    return float(linear(code) @ np.array([0.2126, 0.7152, 0.0722]))


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("sight", SIGHT)
@pytest.mark.parametrize(
    "colours", [palette.BUCKETS, {code: palette.LIGHTS[code] for code in ("green", "amber", "red")}]
)
def test_colours_differ_for_every_kind_of_sight(sight: str, colours: dict[str, str]) -> None:
    seen = {code: lab(np.array(SIGHT[sight]) @ linear(colour)) for code, colour in colours.items()}

    near = [
        (one, other)
        for one, other in itertools.combinations(seen, 2)
        if np.linalg.norm(seen[one] - seen[other]) < LAB_DISTANCE
    ]

    assert near == []


def test_numbers_on_colours_can_be_read() -> None:
    for bucket, colour in palette.BUCKETS.items():
        text = "#FFFFFF" if bucket in palette.DARK_BUCKETS else palette.TEXT["light"]
        assert contrast(text, colour) >= 4, bucket


def test_every_light_has_a_colour_a_sign_and_a_shape() -> None:
    assert set(palette.LIGHTS) == set(palette.SIGNS) == set(palette.SHAPES)


def test_a_legend_explains_only_what_occurs() -> None:
    spec = vega.compiled(charts.stacked_bars, "vi", palette.theme(), True, vega.LETTERS)
    told = json.dumps(vega.explaining(spec, ["stalled", "void"]))

    assert told.count('"values": ["stalled", "void"]') == 1
    assert '"values": ["stalled", "void"]' not in json.dumps(spec)
