"""A CSV file as rows of texts. Nothing is inferred or repaired."""

from __future__ import annotations

import csv
import io

from kpi.update import columns
from kpi.update.encodings import decoded
from kpi.update.grid import Grid
from kpi.update.limits import Limits
from kpi.update.problems import Problem
from kpi.update.text import squeeze

DELIMITERS = (",", ";", "\t")


def read_csv(data: bytes, *, encoding: str | None, limits: Limits) -> Grid | list[Problem]:
    """The rows of a CSV file (RFC 4180; quotation marks doubled inside quotation marks), or what keeps it from being read.

    A record with line breaks inside quotation marks is one row, and an empty line is a row too, as in a spreadsheet.
    """
    outcome = decoded(data, encoding)
    if isinstance(outcome, Problem):
        return [outcome]
    text, name = outcome
    delimiter = _delimiter(text)
    rows: list[tuple[int, list[str]]] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number = 0
    try:
        for number, record in enumerate(reader, start=1):
            if not any(cell.strip() for cell in record):
                continue
            if len(rows) > limits.rows:
                return [Problem("too_many_rows", row=number, params={"most": limits.rows})]
            if len(record) > limits.columns:
                return [Problem("too_many_columns", row=number, params={"found": len(record), "most": limits.columns})]
            rows.append((number, record))
    except csv.Error as error:
        code = "cell_too_long" if "field limit" in str(error) else "quotes"
        return [Problem(code, row=number + 1, params={"most": limits.cell_characters})]
    return Grid(rows, encoding=name, delimiter=delimiter, fixed_width=True)


def _delimiter(text: str) -> str:
    """The delimiter under which most headers are recognised; of equals, the one that occurs most."""
    start = text[:20_000].lstrip("\r\n")
    known = columns.spellings()

    def rank(delimiter: str) -> tuple[int, int]:
        try:
            header = next(csv.reader(io.StringIO(start, newline=""), delimiter=delimiter), [])
        except csv.Error:
            return -1, 0
        return sum(form in known for form in squeeze(header)), len(header)

    return max(DELIMITERS, key=rank)
