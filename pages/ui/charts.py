"""The charts. Each is written as an Altair chart, compiled once per language and theme, and sent apart from its data.

A chart function names the columns it expects; `show` draws it with a frame that has them. Rows are drawn in the frame's order.
Numbers and dates in marks come ready-made in `..._label` columns, written by `words`. `code` columns are what a click gives back.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, Final

import altair as alt
import polars as pl
import streamlit as st

import words as w
from pages.ui import palette, vega
from pages.ui.kept import per_frame
from pages.ui.vega import Chart

Mark = dict[str, Any]

_CHOSEN: Final = "chosen"
_ROW: Final = 30
_LEGEND_COLUMNS: Final = {"expr": "containerSize()[0] < 600 ? 1 : 4"}
_FITS_IN_BAR: Final = "width * datum.n / datum.widest > 9 * length(datum.n_label) + 4"
_FITS_IN_CELL: Final = "bandwidth('x') > 8 * length(datum.value_label)"
_IS_WIDE: Final = "(containerSize()[0] >= 600 && bandwidth('x') > 130)"
"""Whether a number is narrower than what it is written on; too wide ones are left to the tooltip."""

_HEAD_LIMIT: Final = {"expr": "max(180, 0.38 * containerSize()[0])"}
"""Names of columns stand upright where there is little room, and may then be longer than those of rows."""

_AS_GIVEN: Final = alt.EncodingSortField(field="_place", op="min", order="ascending")
"""The frame's order. Vega would keep the order of the data it was first drawn with."""

_numbered: Final = per_frame(lambda frame: frame.with_row_index("_place").to_arrow())


def show(
    chart: Chart,
    frame: pl.DataFrame,
    *,
    key: str,
    alt: str,
    on_select: bool | Callable[[Mark], object] = False,
    height: int | None = None,
    letters: int = vega.LETTERS,
    legend: Sequence[str] | None = None,
) -> Mark | None:
    """Draw `frame` with one of the charts below; the codes of the mark that is chosen, if `on_select` asks for them.

    A function given as `on_select` is called with these codes once per click: usually to `links.go`. `alt` says in a sentence what
    the chart shows, for readers who cannot see it. `height` is in pixels; left out, a chart of rows grows with their number.
    `letters`: how large they are, in pixels; marks grow with them. `legend`: the codes it explains, if not all of the chart's.
    """
    spec = vega.compiled(chart, w.language(), palette.theme(), bool(on_select), letters) | (
        {} if height is None else {"height": height}
    )
    spec = spec if legend is None else vega.explaining(spec, legend)
    clicked = f"{key}_clicked"

    def note_click() -> None:
        # A choice outlives the run it was made in; only the click itself may lead to another page.
        st.session_state[clicked] = True

    event: Any = st.vega_lite_chart(
        _numbered(frame),
        spec,
        key=key,
        alt=alt,
        width="stretch",
        on_select=note_click if on_select else "ignore",
    )
    is_click = st.session_state.pop(clicked, False)
    marks = event["selection"].get(_CHOSEN) if on_select else None
    mark = dict(marks[0]) if marks else None
    if mark is not None and is_click and callable(on_select):
        on_select(mark)
    return mark


# --- The charts ------------------------------------------------------------------------------------------------------


def bars(is_clickable: bool) -> alt.LayerChart:
    """Bars to the right, coloured by light as it is drawn. Columns: label, code, value, value_label, light."""
    return _bars(is_clickable, "label", "value_label")


def ranked_bars(is_clickable: bool) -> alt.LayerChart:
    """The same, with how far an agency can be relied on in the tip of its bar. Columns: label, code, value, value_label,
    light, reliable."""
    return _bars(is_clickable, "label", "value_label", "reliable")


def _bars(is_clickable: bool, *told: str) -> alt.LayerChart:
    params, opacity = _choice(is_clickable, "code")
    base = alt.Chart().encode(y=_rows(), tooltip=_tooltip(*told))
    bar = base.mark_bar(cornerRadiusEnd=2, height={"band": 0.66}, **_pointer(is_clickable)).encode(
        x=alt.X("value:Q", axis=None), opacity=opacity, **_lit()
    )
    value = base.mark_text(align="left", dx=6).encode(x="value:Q", text="value_label:N")
    return _layers(bar.add_params(*params), value, _room(base, "value", 2.1))


def stacked_bars(is_clickable: bool) -> alt.LayerChart:
    """Where the agreements of each row stand, part beside part. Columns: label, code, bucket, n, n_label."""
    params, opacity = _choice(is_clickable, "code", "bucket")
    order = list(palette.BUCKETS)
    names = palette.bucket_names()
    base = (
        alt.Chart()
        .transform_joinaggregate(total="sum(n)", groupby=["label"])
        .transform_joinaggregate(widest="max(total)")
        .transform_calculate(place=f"indexof({order}, datum.bucket)", bucket_label=_lookup(names, "bucket"))
        .encode(y=_rows(), order="place:Q")
    )
    bar = base.mark_bar(height={"band": 0.72}, stroke="white", strokeWidth=2, **_pointer(is_clickable)).encode(
        x=alt.X("n:Q", stack="zero", axis=None),
        color=alt.Color("bucket:N", scale=_scale(palette.BUCKETS), legend=_legend(names)),
        opacity=opacity,
        tooltip=_tooltip("label", "bucket_label", "n_label"),
    )
    value = base.mark_text().encode(
        x=alt.X("n:Q", stack="zero", bandPosition=0.5),
        detail="bucket:N",
        text="n_label:N",
        color=alt.condition(
            f"indexof({list(palette.DARK_BUCKETS)}, datum.bucket) >= 0",
            alt.value("white"),
            alt.value(palette.TEXT["light"]),
        ),
        opacity=alt.condition(_FITS_IN_BAR, alt.value(1), alt.value(0)),
    )
    return _layers(bar.add_params(*params), value)


def parts(is_clickable: bool) -> alt.LayerChart:
    """The parts of a whole by where agreements stand, a bar for each. Columns: label, code (a bucket), n, n_label."""
    params, opacity = _choice(is_clickable, "code")
    base = alt.Chart().encode(y=_rows(), tooltip=_tooltip("label", "n_label"))
    bar = base.mark_bar(cornerRadiusEnd=2, height={"band": 0.7}, **_pointer(is_clickable)).encode(
        x=alt.X("n:Q", axis=None),
        color=alt.Color("code:N", scale=_scale(palette.BUCKETS), legend=None),
        opacity=opacity,
    )
    value = base.mark_text(align="left", dx=6).encode(x="n:Q", text="n_label:N")
    return _layers(bar.add_params(*params), value, _room(base, "n", 1.4))


def flow(is_clickable: bool) -> alt.LayerChart:
    """How many agreements have come how far, how many were stopped there, and how many more are said to have come so far.

    Columns: label, code, reached, reached_label, stopped, stopped_label, claimed, claimed_label. What is claimed and does not count
    stands hatched behind the bar.
    """
    params, opacity = _choice(is_clickable, "code")
    base = alt.Chart().encode(y=_rows(), tooltip=_tooltip("label", "reached_label", "stopped_label", "claimed_label"))
    reached = base.mark_bar(height={"band": 0.7}, color=palette.NEUTRAL, **_pointer(is_clickable)).encode(
        x=alt.X("reached:Q", axis=None), opacity=opacity
    )
    stopped = (
        base.transform_filter("datum.stopped > 0")
        .transform_calculate(left="datum.reached - datum.stopped")
        .mark_bar(height={"band": 0.7}, color=palette.BUCKETS["suspended"])
        .encode(x="left:Q", x2="reached:Q")
    )
    claimed = (
        base.transform_filter("datum.claimed > 0")
        .transform_calculate(right="datum.reached + datum.claimed")
        .mark_bar(height={"band": 0.7}, color=vega.HATCHED)
        .encode(x="reached:Q", x2="right:Q")
    )
    value = (
        base.transform_calculate(right="datum.reached + datum.claimed")
        .mark_text(align="left", dx=6)
        .encode(x="right:Q", text="reached_label:N")
    )
    return _layers(reached.add_params(*params), stopped, claimed, value, _room(base, "reached", 1.3))


@functools.cache
def heat_map(rows: str, columns: str) -> Chart:
    """`_heat_map` whose rows and columns are called `common.chart_<rows>` and `common.chart_<columns>`."""
    return functools.update_wrapper(functools.partial(_heat_map, rows, columns), _heat_map)


def _heat_map(rows: str, columns: str, is_clickable: bool) -> alt.LayerChart:
    """How much in each cell. Columns: row, row_code, column, column_code, value (null: empty cell), value_label."""
    params, opacity = _choice(is_clickable, "row_code", "column_code")
    base = alt.Chart().encode(
        y=_rows("row"),
        x=alt.X(
            "column:N",
            sort=_AS_GIVEN,
            title=None,
            axis=alt.Axis(
                orient="top",
                domain=False,
                ticks=False,
                labelAngle={"expr": f"containerSize()[0] < 600 ? -90 : {_IS_WIDE} ? 0 : -40"},
                labelLimit=_HEAD_LIMIT,
                labelAlign={"expr": f"{_IS_WIDE} ? 'center' : 'left'"},
                labelBaseline={"expr": f"{_IS_WIDE} ? 'bottom' : 'middle'"},
                labelOverlap=False,
            ),
        ),
    )
    cell = base.mark_rect(stroke="white", strokeWidth=2, cornerRadius=3, **_pointer(is_clickable)).encode(
        color=alt.Color("value:Q", legend=None, scale=alt.Scale(range=list(palette.SHADES))),
        opacity=opacity,
        tooltip=_tooltip("value_label", row=rows, column=columns),
    )
    value = (
        base.transform_joinaggregate(most="max(value)")
        .mark_text()
        .encode(
            text="value_label:N",
            color=alt.condition(
                "datum.value > 0.55 * datum.most", alt.value("white"), alt.value(palette.TEXT["light"])
            ),
            opacity=alt.condition(_FITS_IN_CELL, alt.value(1), alt.value(0)),
        )
    )
    # The last of the slanted names above the columns reaches beyond them.
    return _layers(cell.add_params(*params), value).properties(padding={"left": 5, "top": 5, "right": 45, "bottom": 5})


def interval_dots(is_clickable: bool) -> alt.LayerChart:
    """A value and how sure it is, row by row. Columns: label, code, value, low, high, value_label, light."""
    params, opacity = _choice(is_clickable, "code")
    base = alt.Chart().encode(y=_rows(grid=True), tooltip=_tooltip("label", "value_label"))
    line = base.mark_rule(strokeWidth=5, opacity=0.35).encode(
        x=alt.X("low:Q", title=None, scale=alt.Scale(zero=False, nice=True), axis=_AXIS), x2="high:Q", color=_by_light()
    )
    dot = base.mark_point(filled=True, size=110, **_pointer(is_clickable)).encode(
        x="value:Q",
        shape=alt.Shape("light:N", scale=_scale(palette.SHAPES), legend=None),
        opacity=opacity,
        **_lit(),
    )
    value = base.mark_text(dy=-12, fontSize=11).encode(x="value:Q", text="value_label:N")
    return _layers(line, dot.add_params(*params), value)


def timeline(is_clickable: bool) -> alt.LayerChart:
    """The life of one agreement, a line for each thing that happened.

    Columns: lane (its name), kind (state, target, report, blocker), start and end (dates; end null for a moment),
    as_of (date), text_label.
    """
    kinds = {"state": palette.NEUTRAL, "target": "#D9822B", "report": "#0B8F6C", "blocker": palette.LIGHTS["red"]}
    shapes = {"state": "circle", "target": "diamond", "report": "triangle-up", "blocker": "square"}
    params, opacity = _choice(is_clickable, "lane", "kind")
    colour = alt.Color("kind:N", scale=_scale(kinds), legend=None)
    base = alt.Chart().encode(y=_rows("lane", grid=True), color=colour, tooltip=_tooltip("lane", "text_label"))
    span = (
        base.transform_filter("datum.end != null").mark_bar(height=8, opacity=0.45).encode(x=_time("start"), x2="end:T")
    )
    moment = base.mark_point(filled=True, size=90, opacity=1, **_pointer(is_clickable)).encode(
        x=_time("start"), shape=alt.Shape("kind:N", scale=_scale(shapes), legend=None), opacity=opacity
    )
    seen = (
        alt.Chart()
        .mark_rule(strokeDash=[4, 4])
        .encode(x=alt.X("min(as_of):T", scale=alt.Scale(type="utc"), title=None))
    )
    return _layers(seen, span, moment.add_params(*params))


def distribution(is_clickable: bool) -> alt.LayerChart:
    """One among its peers. Columns: value, label, value_label, role (peer, own or target)."""
    params, _ = _choice(is_clickable, "label")
    base = alt.Chart().encode(
        x=alt.X("value:Q", title=None, scale=alt.Scale(zero=False, padding=12), axis=_AXIS),
        tooltip=_tooltip("label", "value_label"),
    )
    peers = base.transform_filter("datum.role == 'peer'").mark_tick(
        thickness=3, size=26, opacity=0.45, color=palette.NEUTRAL, **_pointer(is_clickable)
    )
    target = base.transform_filter("datum.role == 'target'")
    own = base.transform_filter("datum.role == 'own'")
    return _layers(
        peers.add_params(*params),
        target.mark_rule(strokeDash=[5, 4], strokeWidth=2),
        target.mark_text(align="right", dx=-6, dy=-24, fontSize=11).encode(text="value_label:N"),
        own.mark_point(shape="diamond", filled=True, size=230, opacity=1, color=palette.SERIES[1]),
        own.mark_text(dy=26, fontWeight="bold").encode(text="value_label:N"),
        height=76,
    )


def step_curve(is_clickable: bool) -> alt.VConcatChart:
    """A share that rises or falls in steps and, under it on the same days, how many are left.

    Columns: time (days), series; in rows of the curve share, low, high (0 to 100), share_label; in rows of numbers
    left_label.
    """
    params, _ = _choice(is_clickable, "series")
    scale = alt.Scale(range=list(palette.SERIES))
    colour = alt.Color("series:N", sort=_AS_GIVEN, scale=scale, legend=_legend())
    steps = alt.Chart().transform_filter("isValid(datum.share)")
    base = steps.encode(x=alt.X("time:Q", title=w.t("common.chart_days"), axis=_AXIS), color=colour)
    band = base.mark_area(interpolate="step-after", opacity=0.15).encode(y=_quantity("low"), y2="high:Q")
    line = base.mark_line(interpolate="step-after", strokeWidth=2.5, **_pointer(is_clickable)).encode(
        y=alt.Y("share:Q", title=None, scale=alt.Scale(domain=[0, 100])),
        strokeDash=alt.StrokeDash("series:N", sort=_AS_GIVEN, legend=_legend(), scale=alt.Scale(range=_DASHES)),
        tooltip=_tooltip("series", "share_label"),
    )
    curves = alt.layer(band, line.add_params(*params)).properties(width="container", height=260)
    left = (
        alt.Chart()
        .transform_filter("isValid(datum.left_label)")
        .mark_text(fontSize=12)
        .encode(x=alt.X("time:Q", axis=None), y=_rows("series"), text="left_label:N")
        .properties(width="container", height=alt.Step(18))
    )
    # Flush: the plots themselves stand one above the other, whatever is written beside them.
    both = alt.VConcatChart(vconcat=[curves, left], data=alt.NamedData("source"), bounds="flush", spacing=72)
    shared: alt.VConcatChart = both.resolve_scale(x="shared")
    return shared


def funnel(is_clickable: bool) -> alt.LayerChart:
    """Shares against numbers of cases, within the limits of chance.

    Columns: n; in rows of groups value, label, value_label, code, light and mark (a name beside the dot, or nothing); in
    rows of limits low_limit, high_limit, far_low, far_high and whole. Shares from 0 to 100.
    """
    params, opacity = _choice(is_clickable, "code")
    base = alt.Chart().encode(x=alt.X("n:Q", title=w.t("common.chart_cases"), axis=_AXIS))
    limits = base.transform_filter("isValid(datum.far_low)")
    dots = base.transform_filter("isValid(datum.value)")

    def band(low: str, high: str) -> alt.Chart:
        area: alt.Chart = limits.mark_area(opacity=0.12, color=palette.NEUTRAL).encode(y=_quantity(low), y2=f"{high}:Q")
        return area

    dot = dots.mark_point(filled=True, size=80, **_pointer(is_clickable)).encode(
        y="value:Q",
        color=_by_light(),
        shape=alt.Shape("light:N", scale=_scale(palette.SHAPES), legend=None),
        opacity=opacity,
        tooltip=_tooltip("label", "value_label"),
    )
    name = dots.mark_text(align="left", dx=8, fontSize=12).encode(y="value:Q", text="mark:N")
    whole = limits.mark_line(strokeDash=[5, 4], color=palette.NEUTRAL).encode(y="whole:Q")
    far, near = band("far_low", "far_high"), band("low_limit", "high_limit")
    return _layers(far, near, whole, dot.add_params(*params), name, height=320)


# --- Parts they share ------------------------------------------------------------------------------------------------

_DASHES: Final = [[1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [10, 4]]
_AXIS: Final = alt.Axis(grid=False, tickCount=5, domain=True)


def _layers(*layers: alt.Chart, height: int | None = None) -> alt.LayerChart:
    return alt.LayerChart(layer=list(layers), data=alt.NamedData("source"), height=height or alt.Step(_ROW))


def _rows(column: str = "label", *, grid: bool = False) -> alt.Y:
    return alt.Y(f"{column}:N", sort=_AS_GIVEN, title=None, axis=alt.Axis(ticks=False, domain=False, grid=grid))


def _room(base: alt.Chart, column: str, reach: float = 1.18) -> alt.Chart:
    """Nothing visible, to the right of the longest bar (`reach` times as far): room for what is written beside it."""
    widened: alt.Chart = base.transform_calculate(room=f"datum.{column} * {reach}")
    nothing: alt.Chart = widened.mark_point(opacity=0, tooltip=None).encode(x="room:Q")
    return nothing


def _quantity(column: str) -> alt.Y:
    return alt.Y(
        f"{column}:Q", title=None, scale=alt.Scale(zero=True, nice=True), axis=alt.Axis(tickCount=4, domain=False)
    )


def _time(column: str) -> alt.X:
    # Days have no time of day: in local time they would shift by one west of Greenwich.
    axis = alt.Axis(format=vega.MONTHS.get(w.language(), "%m/%Y"), tickCount=6, grid=False, labelOverlap=True)
    return alt.X(f"{column}:T", title=None, scale=alt.Scale(type="utc"), axis=axis)


def _by_light() -> alt.Color:
    return alt.Color("light:N", scale=_scale(palette.LIGHTS), legend=None)


def _lit() -> dict[str, Any]:
    """Filled with the colour of a light, or with nothing inside its outline where it is not settled."""
    is_outlined = f"indexof({list(palette.OUTLINED)}, datum.light) >= 0"
    return {
        "fill": alt.Fill("light:N", scale=_scale(palette.LIGHTS), legend=None),
        "fillOpacity": alt.condition(is_outlined, alt.value(0), alt.value(1)),
        "stroke": alt.Stroke("light:N", scale=_scale(palette.LIGHTS), legend=None),
        "strokeWidth": alt.value(2),
    }


def _scale(by_code: dict[str, str]) -> alt.Scale:
    return alt.Scale(domain=list(by_code), range=list(by_code.values()))


def _legend(names: dict[str, str] | None = None) -> alt.Legend:
    label = _lookup(names, "label") if names else alt.Undefined
    return alt.Legend(
        title=None, orient="top", columns=_LEGEND_COLUMNS, symbolType="square", symbolOpacity=1, labelExpr=label
    )


def _lookup(names: dict[str, str], field: str) -> str:
    return f"({names})[datum.{field}]"


def _tooltip(*columns: str, **called: str) -> list[alt.Tooltip]:
    """What the tip of a mark tells: first the columns that are `called` otherwise, then those called as they are."""
    named = {**called, **{column: column for column in columns}}
    return [alt.Tooltip(f"{column}:N", title=w.t(f"common.chart_{name}")) for column, name in named.items()]


def _choice(is_clickable: bool, *fields: str) -> tuple[list[alt.Parameter], Any]:
    """What makes marks clickable, and the opacity that shows which one is chosen."""
    if not is_clickable:
        return [], alt.value(1)
    chosen = alt.selection_point(name=_CHOSEN, fields=list(fields), toggle=False)
    return [chosen], alt.when(chosen).then(alt.value(1)).otherwise(alt.value(0.35))


def _pointer(is_clickable: bool) -> dict[str, Any]:
    return {"cursor": "pointer"} if is_clickable else {}
