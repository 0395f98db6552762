"""A file given back with a column that says what is wrong with each row."""

from __future__ import annotations

import csv
import dataclasses
import io
from collections import defaultdict
from collections.abc import Sequence
from types import MappingProxyType
from typing import Final, Literal

import polars as pl

from files import formula_injection
from files.workbook import Book, writable
from kpi.update.cells import ROW
from kpi.update.columns import BY_CODE, COLUMNS
from kpi.update.problems import Problem, Say, message
from kpi.update.table import Table

ASKABLE: Final = tuple(column.code for column in BY_CODE.values() if column.use == "typed" and column.part != "ignored")
"""The columns a coordinator may ask for when something is returned."""

_EVIDENCE: Final = "evidence_url"


def with_room(table: Table) -> Table:
    """A returned table with blank columns for what may be asked for: the others of each part it speaks of, and evidence."""
    parts = {BY_CODE[code].part for code in table.frame.columns if code in BY_CODE}
    there = set(table.frame.columns)
    room = [
        column.code
        for column in COLUMNS
        if column.use == "typed" and (column.part in parts or column.code == _EVIDENCE) and column.code not in there
    ]
    frame = table.frame.with_columns(pl.lit(None, pl.String).alias(code) for code in room)
    ordered = [code for code in BY_CODE if code in frame.columns]
    return table.with_frame(frame.select(ROW, *ordered))


def with_asked(table: Table, codes: Sequence[str], *, language: str) -> Table:
    """The table with the columns that were asked for right after those that say what a row is about; blank where it had none."""
    asked = [code for code in ASKABLE if code in codes]
    absent = [pl.lit(None, pl.String).alias(code) for code in asked if code not in table.frame.columns]
    first = [name for name in table.frame.columns if name == ROW or BY_CODE[name].use == "key" or name == "title_vi"]
    rest = [name for name in table.frame.columns if name not in first and name not in asked]
    new = [code for code in asked if code not in table.frame.columns or code not in table.headers]
    named = {code: BY_CODE[code].name(language) for code in new}
    changed = table.with_frame(table.frame.with_columns(absent).select(*first, *asked, *rest))
    return dataclasses.replace(changed, headers=MappingProxyType({**table.headers, **named}))


def with_remarks(
    table: Table, problems: Sequence[Problem], *, language: str, format: Literal["csv", "xlsx"], say: Say
) -> bytes:
    """The table's rows under the file's own headers, with the remarks on each; in a workbook the cells meant are coloured.

    Remarks about the whole file stand in the first row. Once corrected, the file can be uploaded as it is: the column of
    remarks is known and ignored.
    """
    codes = [name for name in table.frame.columns if name in BY_CODE and name != "remarks"]
    headers = [*(table.headers.get(code, code) for code in codes), BY_CODE["remarks"].name(language)]
    first_row = table.frame[ROW].min()
    remarks: defaultdict[object, list[str]] = defaultdict(list)
    for problem in problems:
        remarks[first_row if problem.row is None else problem.row].append(message(problem, say=say, language=language))
    texts = table.frame.select(ROW, *codes).with_columns(
        remarks=pl.Series([" | ".join(remarks[row]) or None for row in table.frame[ROW]], dtype=pl.String)
    )
    written = texts.with_columns(writable(formula_injection.neutralised(pl.exclude(ROW))))
    if format == "csv":
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerow(headers)
        writer.writerows([["" if cell is None else cell for cell in row[1:]] for row in written.iter_rows()])
        return text.getvalue().encode("utf-8-sig")
    marked = {(problem.row, problem.column) for problem in problems}
    book = Book(None)
    sheet = book.book.add_worksheet(say("intake.sheet_agreements"))
    for place, (code, header) in enumerate(zip([*codes, "remarks"], headers, strict=True)):
        sheet.set_column(place, place, BY_CODE[code].width)
        sheet.write_string(0, place, header, book.head)
    for row, cells in enumerate(written.iter_rows(named=True), start=1):
        for place, code in enumerate([*codes, "remarks"]):
            column = BY_CODE[code]
            form = book.format(column.kind, marked=(cells[ROW], code) in marked or code == "remarks")
            book.write(sheet, row, place, column.kind, cells[code], form)
    sheet.freeze_panes(1, 0)
    return book.finished()
