"""The blocks of a briefing as a screen at the front of a room shows them: nothing is worked out here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl
import streamlit as st

import words as w
from kpi.briefing.blocks import Block, Chart, Column, Figure, Sentence, SentenceKind, Table
from kpi.indicators.catalog import KPIS
from pages.briefing import navigation
from pages.briefing.navigation import Place
from pages.ui import cards, charts, palette

ROWS: Final = 4
"""How many rows of a table a screen has room for; the sheet has all."""

BARS: Final = 6
_ROW: Final = 1.3
_ENDS: Final = 1.6
"""How high a row of a chart and its axis are, in letters."""

_LONGEST: Final = {3: 46, 4: 52}
"""How long a text may be in a table, by how many columns it has."""
_TWO_LINES: Final = 80
_FEW: Final = 3
"""With more columns than these, texts take two lines."""

_LABEL: Final = 18
_SMALLER: Final = 0.9
_WIDE: Final = 5
_NARROW: Final = 4
"""Figures stand side by side, so many counts to a row, and of others."""

_SIGNS: Final = {
    SentenceKind.STANDING: "",
    SentenceKind.CHANGE: "",
    SentenceKind.DRIVER: "",
    SentenceKind.OUTLIER: "",
    SentenceKind.RECORD: ":material/trophy: ",
    SentenceKind.WARNING: ":material/warning: ",
    SentenceKind.ASK: ":material/gavel: ",
    SentenceKind.NOTE: "",
}


def show_screen(place: Place) -> None:
    """What the screen says, and under it what it is said from."""
    heading = place.begins.heading
    st.title(w.plain(w.say(heading.says)), anchor=False)
    with st.container(gap="xsmall"):
        for detail in heading.details:
            st.markdown(w.plain(_capital(w.say(detail))))
    blocks = place.blocks
    _show_figures([block for block in blocks if isinstance(block, Figure)])
    has_chart = any(isinstance(block, Chart) for block in blocks)
    with st.container(gap="xsmall"):
        for block in blocks:
            if has_chart and isinstance(block, Sentence) and block.kind is SentenceKind.NOTE:
                continue  # how it was counted is for paper: a chart fills the screen
            _show(block, ROWS - bool(heading.details))


def _show(block: Block, rows: int) -> None:
    match block:
        case Sentence():
            _show_sentence(block)
        case Table():
            _show_table(block, rows)
        case Chart():
            _show_chart(block)
        case _:
            return


def _show_sentence(sentence: Sentence) -> None:
    light = f"{palette.SIGNS[sentence.light]} " if sentence.light else _SIGNS[sentence.kind]
    says = w.plain(w.say(sentence.says))
    details = w.plain("; ".join(w.say(detail) for detail in sentence.details))
    if sentence.kind is SentenceKind.NOTE:
        st.caption(says)
        return
    st.markdown(f"{light}**{says}**" + (f" – {details}" if details else ""))


def _show_figures(figures: Sequence[Figure]) -> None:
    """Two rows of them: first what is counted, which takes less room than shares and days."""
    counted = [figure for figure in figures if figure.unit == "count"]
    measured = [figure for figure in figures if figure.unit != "count"]
    rows = [counted[:_WIDE], measured[:_NARROW], measured[_NARROW : 2 * _NARROW]]
    for row in [row for row in rows if row][:2]:
        _show_row(row)


def _show_row(figures: Sequence[Figure]) -> None:
    for column, figure in zip(st.columns(len(figures)), figures, strict=True):
        before = None if figure.change is None or figure.value is None else figure.value - figure.change
        with column:
            change = cards.change(figure.value, before)
            st.metric(_label(figure), w.say(figure.quantity), delta=change, delta_color="off")


def _label(figure: Figure) -> str:
    """What a figure is called, in short where it is a KPI with a long name."""
    label = w.say(figure.label)
    return w.t(f"kpi.{figure.code.topic}.short") if figure.code.topic in KPIS and len(label) > _LABEL else label


def _show_table(table: Table, most: int) -> None:
    is_tight = sum(not column.aside for column in table.columns) > _FEW and any(column.wide for column in table.columns)
    is_free = any(
        column.wide and column.kind == "text" for column in table.columns
    )  # somebody's own words take two lines
    room = most - 2 * is_tight
    shown = min(max((room + 1) // 2 if is_free else room, 1), table.head.height)
    rows = [[column.write(row) for column in table.columns] for row in table.head.head(shown).iter_rows(named=True)]
    heads = [w.t(column.heading) for column in table.columns]
    used = [place for place, column in enumerate(table.columns) if not column.aside and any(row[place] for row in rows)]
    longest = _TWO_LINES if is_free else _LONGEST[min(max(len(used), 3), 4)]
    lines = ["| " + " | ".join(_cell(heads[place], longest) for place in used) + " |"]
    lines.append("|" + "|".join("---:" if _is_right(table.columns[place]) else "---" for place in used) + "|")
    lines += ["| " + " | ".join(_cell(row[place], longest) for place in used) + " |" for row in rows]
    st.markdown("\n".join(lines))
    left = table.frame.height - shown
    if left:
        st.caption(f"{w.say(table.caption)} · {w.tn('briefing.rows_left', left)}")


def _is_right(column: Column) -> bool:
    return column.alignment == "right"


def _cell(text: str, longest: int) -> str:
    """A text on one line, as far as it fits."""
    return w.plain(text if len(text) <= longest else f"{text[:longest].rsplit(' ', 1)[0]} …")


def _show_chart(chart: Chart) -> None:
    rows = chart.frame
    if rows.height > BARS:
        rows = pl.concat([rows.head(BARS // 2), rows.tail(BARS // 2)])
    shown, letters = _drawn(chart, rows), int(navigation.size())
    kind = charts.interval_dots if chart.kind == "ranges" else charts.bars
    left = chart.frame.height - rows.height
    st.caption(" · ".join((w.plain(w.say(chart.title)), *((w.tn("briefing.rows_left", left),) if left else ()))))
    charts.show(
        kind,
        shown,
        key=f"briefing_{chart.code}",
        alt=w.say(chart.alt),
        height=round((shown.height * _ROW + (_ENDS if chart.kind == "ranges" else 0)) * letters),
        letters=round(_SMALLER * letters),
    )


def _drawn(chart: Chart, rows: pl.DataFrame) -> pl.DataFrame:
    told = rows.to_dicts()
    light = chart.light
    return pl.DataFrame(
        {
            "label": [chart.category.write(row) for row in told],
            "code": [str(row[chart.category.name]) for row in told],
            "value": [float(row[chart.value.name]) for row in told],
            "low": [None if chart.low is None else float(row[chart.low]) for row in told],
            "high": [None if chart.high is None else float(row[chart.high]) for row in told],
            "value_label": [chart.value.write(row) for row in told],
            "light": [row[light] if light else "context" for row in told],
        },
        schema_overrides={"low": pl.Float64, "high": pl.Float64, "light": pl.String},
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
