"""Writing XLSX: typed cells, and the same bytes for the same content."""

from __future__ import annotations

import datetime as dt
import io
import re
from collections.abc import Mapping

import polars as pl
import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

LONGEST_TEXT = 32_767
FIRST_DAY = dt.date(1900, 3, 1)
"""Before this day a spreadsheet's calendar is wrong by one, so such a date is written as text."""

_ESCAPES_THAT_OVERLAP = r"_x[0-9A-Fa-f]{4}_x[0-9A-Fa-f]{4}_"
_EXACT_PERCENT = re.compile(r"[0-9]{1,3}(\.[0-9]{1,2})?")
_GREY, _HEAD, _MARKED = "#F2F2F2", "#DCE6F1", "#FCE4D6"


def writable(text: pl.Expr) -> pl.Expr:
    """The text, or null where a workbook could not hold it exactly: too long (in UTF-16 units), or with overlapping escapes."""
    units = text.str.len_chars() + text.str.count_matches(r"[\u{10000}-\u{10FFFF}]")
    return pl.when((units <= LONGEST_TEXT) & ~text.str.contains(_ESCAPES_THAT_OVERLAP)).then(text)


class Book:
    """A workbook in memory. `created` stands in its properties, so that nothing in it depends on the clock."""

    def __init__(self, created: dt.date | None) -> None:
        self._bytes = io.BytesIO()
        self.book = xlsxwriter.Workbook(
            self._bytes, {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
        )
        moment = dt.datetime.combine(created or dt.date(2000, 1, 1), dt.time())
        self.book.set_properties({"created": moment})
        self.head = self.book.add_format({"bold": True, "bg_color": _HEAD, "text_wrap": True, "valign": "top"})
        self.title = self.book.add_format({"bold": True, "font_size": 14})
        self.prose = self.book.add_format({"text_wrap": True, "valign": "top"})
        self._formats: dict[tuple[str, bool, bool], Format] = {}

    def format(self, kind: str, *, locked: bool = False, marked: bool = False) -> Format:
        """The form of a cell of a kind; locked ones are grey."""
        key = (kind, locked, marked)
        if key not in self._formats:
            # A percentage keeps the general form: only there does a spreadsheet remember that "55%" was typed with its sign.
            number = {"date": "dd/mm/yyyy", "percent": "General", "number": "0"}.get(kind, "@")
            form = {"num_format": number, "locked": locked, "valign": "top", "text_wrap": kind == "text"}
            colour = _MARKED if marked else _GREY if locked else None
            self._formats[key] = self.book.add_format({**form, **({"bg_color": colour} if colour else {})})
        return self._formats[key]

    def write(self, sheet: Worksheet, row: int, place: int, kind: str, text: str | None, form: Format) -> None:
        """One cell, as the type its column has wherever the type holds the text exactly."""
        if text is None:
            sheet.write_blank(row, place, None, form)
        elif kind == "date" and (day := _day(text)) is not None:
            sheet.write_datetime(row, place, dt.datetime.combine(day, dt.time()), form)
        elif (kind == "percent" and _EXACT_PERCENT.fullmatch(text)) or (kind == "number" and text.isdecimal()):
            sheet.write_number(row, place, float(text), form)
        else:
            sheet.write_string(row, place, text, form)

    def finished(self) -> bytes:
        """The file."""
        self.book.close()
        return self._bytes.getvalue()


def _day(text: str) -> dt.date | None:
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        return None
    return day if day >= FIRST_DAY else None


def protection() -> Mapping[str, bool]:
    """What a protected sheet still allows: everything but changing the locked cells and the columns."""
    return {
        "format_cells": True,
        "format_columns": True,
        "format_rows": True,
        "insert_rows": True,
        "delete_rows": True,
        "sort": True,
        "autofilter": True,
    }
