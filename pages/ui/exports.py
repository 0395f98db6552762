"""Tables as files: CSV and XLSX, made so that a spreadsheet never runs a cell and the text comes back exactly.

No Streamlit here: files are written in threads of their own and from the command line too.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Mapping, Sequence

import polars as pl
import xlsxwriter

from files.formula_injection import neutralised
from words.letters import fold

XLSX_MAX_ROWS = 100_000
"""Above this a workbook takes minutes to write and to open; CSV has no such limit."""

_XLSX_MAX_CHARACTERS = 32_767


def csv(frame: pl.DataFrame, *, notes: Mapping[str, str]) -> bytes:
    """A frame as CSV: UTF-8 with a byte order mark, comma, ISO dates.

    `notes` (what a reader must know: data date, source, that figures are invented) become columns of their own at the
    right, with the same text in every row: so they survive sorting, filtering and copying, which lines above or below the
    table do not.
    """
    noted = _guarded(frame).with_columns(pl.lit(_guarded_text(text)).alias(label) for label, text in notes.items())
    return noted.write_csv(include_bom=True, quote_style="non_numeric").encode()


def xlsx(
    frame: pl.DataFrame, *, notes: Mapping[str, str], sheet: str, notes_sheet: str, percent: Sequence[str] = ()
) -> bytes:
    """A frame as a workbook: typed columns, a header that stays, a filter, and `notes` on a sheet of their own.

    `percent` names the columns that hold shares from 0 to 100. ValueError above XLSX_MAX_ROWS rows.
    """
    if frame.height > XLSX_MAX_ROWS:
        raise ValueError(f"{frame.height} rows are too many for a workbook; the limit is {XLSX_MAX_ROWS}")
    buffer = io.BytesIO()
    safe = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(buffer, {**safe, "default_date_format": "dd/mm/yyyy"}) as book:
        bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
        shown = book.add_worksheet(sheet)
        shown.freeze_panes(1, 0)
        shown.autofilter(0, 0, frame.height, max(frame.width - 1, 0))
        for place, column in enumerate(_guarded(frame).iter_columns()):
            text_format = book.add_format({"num_format": _number_format(column, column.name in percent)})
            shown.set_column(place, place, _width(column), text_format)
            shown.write_string(0, place, _guarded_text(column.name), bold)
            shown.write_column(1, place, _cells(column), text_format)
        told = book.add_worksheet(notes_sheet)
        told.set_column(0, 0, 28, bold)
        told.set_column(1, 1, 100, book.add_format({"text_wrap": True, "valign": "top"}))
        for row, (label, text) in enumerate(notes.items()):
            told.write_string(row, 0, _guarded_text(label))
            told.write_string(row, 1, _guarded_text(text))
    return buffer.getvalue()


def file_name(name: str, *, as_of: dt.date, extension: str, known_on: dt.date | None = None) -> str:
    """A file name any system takes: `dinh-tre_2026-01-14.csv`, `dinh-tre_2026-01-14_known-2026-02-01.csv`."""
    words = "".join(sign if sign.isascii() and sign.isalnum() else " " for sign in fold(name)).split()
    known = "" if known_on is None else f"_known-{known_on.isoformat()}"
    return f"{'-'.join(words) or 'data'}_{as_of.isoformat()}{known}.{extension}"


def _guarded_text(text: str) -> str:
    return str(pl.select(neutralised(pl.lit(text))).item())


def _guarded(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(neutralised(pl.col(pl.String)))


def _number_format(column: pl.Series, is_percent: bool) -> str:
    if is_percent:
        return '0.0"%"'
    if column.dtype == pl.Date:
        return "dd/mm/yyyy"
    if column.dtype.is_float():
        return "#,##0.0"
    return "#,##0" if column.dtype.is_integer() else "@"


def _cells(column: pl.Series) -> list[object]:
    if column.dtype == pl.String:
        column = column.str.slice(0, _XLSX_MAX_CHARACTERS)
    return column.to_list()


def _width(column: pl.Series) -> int:
    widest = column.cast(pl.String).str.len_chars().max() if column.dtype != pl.Date else 10
    assert widest is None or isinstance(widest, int)
    return min(max(widest or 0, len(column.name) // 2, 8) + 2, 60)
