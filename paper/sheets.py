"""A briefing as a workbook: its statements, its figures, and each table and chart on a sheet of its own with all its rows.

Cells have types, headings stay when one scrolls, and no text is run as a formula.
"""

from __future__ import annotations

import datetime as dt
import io
import math
import re
from collections.abc import Sequence
from typing import Final

import polars as pl
import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

import words as w
from files.formula_injection import neutralised
from files.workbook import FIRST_DAY, LONGEST_TEXT
from kpi.briefing.blocks import Briefing, Chart, Column, Figure, Sentence, Table, say
from paper.front import details_said, front, heads, kind_said, light_drawn, light_said
from paper.lettering import one_line

_LONGEST_NAME: Final = 31
_NOT_IN_A_NAME: Final = re.compile(r"[^\w .-]")
_A4: Final = 9
_LINE: Final = 15.0
_HIGHEST: Final = 400.0
"""How high a line of text is, and the highest row a spreadsheet bears, in points."""
_WIDE: Final = {"title": 60, "text": 24, "phrase": 30, "code": 28, "light": 20, "date": 12}
Cell = str | int | float | dt.date | None


def written(briefing: Briefing) -> bytes:
    """The briefing as XLSX, in the reader's language; the same bytes for the same facts."""
    made = io.BytesIO()
    safe = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(made, safe) as book:
        around = front(briefing)
        book.set_properties(
            {
                "title": one_line(around.title, 250),
                "author": one_line(around.register, 250),
                "created": dt.datetime.combine(briefing.as_of, dt.time()),
            }
        )
        sheets = _Sheets(book)
        about = [*around.facts, *(("", line) for line in (*([around.mark] if around.mark else []), *around.method))]
        sheets.add(w.t("paper.sheet_about"), [around.title, ""], about, [34, 110])
        sheets.add(w.t("paper.sheet_summary"), *_statements(briefing), [44, 14, 100, 20, 28])
        sheets.add(w.t("paper.sheet_figures"), *_figures(briefing), [44, 44, 12, 10, 12, 12, 12, 12, 12, 20, 28])
        for block in briefing.blocks:
            if isinstance(block, Table):
                sheets.add_rows(block.code.topic, say(block.caption), block.frame, block.columns, str(block.code))
            elif isinstance(block, Chart):
                sheets.add_rows(block.code.topic, say(block.title), block.frame, _drawn(block), str(block.code))
    return made.getvalue()


def _drawn(chart: Chart) -> tuple[Column, ...]:
    """What a chart shows, as columns."""
    ends = ((chart.low, "paper.column_low"), (chart.high, "paper.column_high"))
    limits = (
        Column(name, heading, chart.value.kind, digits=chart.value.digits) for name, heading in ends if name is not None
    )
    lit = (Column(chart.light, "paper.column_light", "light"),) if chart.light else ()
    return (chart.category, *((chart.series,) if chart.series else ()), chart.value, *limits, *lit)


def _statements(briefing: Briefing) -> tuple[list[str], list[Sequence[Cell]]]:
    head = [w.t(f"paper.{name}") for name in ("column_page", "column_kind", "column_text", "column_light", "code")]
    rows: list[Sequence[Cell]] = []
    for begins, held in briefing.screens():
        page = say(begins.heading.says)
        for sentence in (begins.heading, *(block for block in held if isinstance(block, Sentence))):
            light = light_said(light_drawn(sentence.light))
            rows.append((page, kind_said(sentence), say(sentence.says), light, str(sentence.code)))
            rows.extend((page, "", line, "", str(sentence.code)) for line in details_said(sentence))
    return head, rows


def _figures(briefing: Briefing) -> tuple[list[str], list[Sequence[Cell]]]:
    names = ("page", "text", "value", "unit", "of", "low", "high", "change", "since", "light")
    head = [*(w.t(f"paper.column_{name}") for name in names), w.t("paper.code")]
    rows: list[Sequence[Cell]] = [
        (
            say(begins.heading.says),
            say(figure.label),
            figure.value,
            w.t(f"paper.unit_{figure.unit}"),
            figure.denominator,
            figure.low,
            figure.high,
            figure.change,
            figure.source.compared_with if figure.change is not None else None,
            light_said(light_drawn(figure.light, is_settled=figure.is_settled)),
            str(figure.code),
        )
        for begins, held in briefing.screens()
        for figure in held
        if isinstance(figure, Figure)
    ]
    return head, rows


class _Sheets:
    """The sheets of a book, each with a name of its own."""

    def __init__(self, book: xlsxwriter.Workbook) -> None:
        self.book = book
        self.names: set[str] = set()
        self.head = book.add_format(
            {"bold": True, "bg_color": "#DCE6F1", "text_wrap": True, "valign": "top", "bottom": 1}
        )
        self.text = book.add_format({"text_wrap": True, "valign": "top"})
        self.date = book.add_format({"num_format": "dd/mm/yyyy", "valign": "top"})
        self.title = book.add_format({"bold": True, "font_size": 13})
        self._numbers: dict[str, Format] = {}

    def number(self, pattern: str) -> Format:
        """The form of a number."""
        if pattern not in self._numbers:
            self._numbers[pattern] = self.book.add_format({"num_format": pattern, "valign": "top"})
        return self._numbers[pattern]

    def add(self, name: str, head: Sequence[str], rows: Sequence[Sequence[Cell]], widths: Sequence[float]) -> None:
        """A sheet of rows under a heading that stays."""
        self._write(self._sheet(name), 0, head, rows, ["#,##0.##"] * len(head), widths)

    def add_rows(self, name: str, caption: str, frame: pl.DataFrame, columns: Sequence[Column], code: str) -> None:
        """A sheet of a table: its caption and code above, all its rows below."""
        sheet = self._sheet(name)
        sheet.write_string(0, 0, _text(f"{caption} ({code})"), self.title)
        rows = [[_cell(column, row) for column in columns] for row in frame.iter_rows(named=True)]
        widths = [_WIDE.get(column.kind, 14) for column in columns]
        self._write(sheet, 1, heads(columns), rows, [_pattern(column) for column in columns], widths)
        sheet.autofilter(1, 0, 1 + len(rows), len(columns) - 1)

    def _sheet(self, name: str) -> Worksheet:
        kept = one_line(_NOT_IN_A_NAME.sub(" ", name), _LONGEST_NAME - 4).strip(" '") or "-"
        free = next(told for told in (kept, *(f"{kept} {n}" for n in range(2, 1000))) if told.lower() not in self.names)
        self.names.add(free.lower())
        return self.book.add_worksheet(free)

    def _write(
        self,
        sheet: Worksheet,
        top: int,
        head: Sequence[str],
        rows: Sequence[Sequence[Cell]],
        patterns: Sequence[str],
        widths: Sequence[float],
    ) -> None:
        """Rows under their heading, as wide and high as their texts need; printed across, as wide as a page, headed on each."""
        sheet.freeze_panes(top + 1, 0)
        sheet.set_landscape()
        sheet.set_paper(_A4)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(top)
        for place, wide in enumerate(widths):
            sheet.set_column(place, place, wide)
        for number, row in enumerate([head, *rows], top):
            lines = max(math.ceil(letters / wide) for letters, wide in zip(map(_length, row), widths, strict=True))
            if lines > 1:
                sheet.set_row(number, min(_LINE * lines, _HIGHEST))
        for place, text in enumerate(head):
            sheet.write_string(top, place, _text(text), self.head)
        for number, row in enumerate(rows, top + 1):
            for place, cell in enumerate(row):
                match cell:
                    case None | "":
                        continue
                    case dt.date() if cell >= FIRST_DAY:
                        sheet.write_datetime(number, place, dt.datetime.combine(cell, dt.time()), self.date)
                    case dt.date():
                        sheet.write_string(number, place, cell.isoformat(), self.text)
                    case int() | float():
                        sheet.write_number(number, place, cell, self.number(patterns[place]))
                    case _:
                        sheet.write_string(number, place, _text(cell), self.text)


def _cell(column: Column, row: dict[str, object]) -> Cell:
    """A number or day as it is, everything else as it is read."""
    held = row[column.fields[0]]
    if column.kind in ("number", "percent", "days", "date") and isinstance(held, int | float | dt.date):
        return held
    if column.kind == "light":
        return light_said(str(held)) if held else None
    return column.write(row)


def _length(cell: Cell) -> int:
    return len(cell) if isinstance(cell, str) else 0


def _pattern(column: Column) -> str:
    decimals = f".{'0' * column.digits}" if column.digits else ""
    return f'#,##0{decimals}"%"' if column.kind == "percent" else f"#,##0{decimals}"


def _text(text: str) -> str:
    return str(pl.select(neutralised(pl.lit(one_line(text, LONGEST_TEXT)))).item())
