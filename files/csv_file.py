"""A CSV file as rows of texts (RFC 4180). Nothing is inferred or repaired."""

from __future__ import annotations

import csv
import io
import itertools
import re

from files.budget import Budget
from files.encodings import decoded
from files.form import DELIMITERS, ROWS_LOOKED_AT, Form, Heading
from files.grid import Grid
from files.limits import Limits
from files.problems import FileProblem


def read_csv(data: bytes, *, form: Form, budget: Budget, heading: Heading) -> Grid | list[FileProblem]:
    """The rows of a CSV file, or what keeps it from being read.

    A record with line breaks inside quotation marks is one row, and an empty line is a row too, as in a spreadsheet.
    """
    limits = budget.limits
    outcome = decoded(data, form.encoding)
    if isinstance(outcome, FileProblem):
        return [outcome]
    text, encoding = outcome
    delimiter = form.delimiter or _delimiter(text, form, limits, heading)
    if isinstance(delimiter, FileProblem):
        return [delimiter]
    misplaced = _misplaced(text, delimiter)
    if misplaced is not None:
        return [misplaced]
    rows: list[tuple[int, list[str]]] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number = 0
    try:
        for number, record in enumerate(reader, start=1):
            budget.take("lines", row=number)
            budget.take("cells", len(record), row=number)
            if number < form.header_row or not (form.keeps_blank_rows or any(cell.strip() for cell in record)):
                continue
            if len(rows) > limits.rows:
                return [FileProblem("too_many_rows", row=number, params={"most": limits.rows})]
            if len(record) > limits.columns:
                return [
                    FileProblem("too_many_columns", row=number, params={"found": len(record), "most": limits.columns})
                ]
            rows.append((number, record))
    except csv.Error:  # quotation marks were looked at before, so this is the longest text the module takes
        return [FileProblem("cell_too_long", row=number + 1, params={"most": limits.cell_characters})]
    while rows and not rows[-1][1]:
        rows.pop()
    return Grid(rows, encoding=encoding, delimiter=delimiter)


def _delimiter(text: str, form: Form, limits: Limits, heading: Heading) -> str | FileProblem:
    """The delimiter under which most names of one of the first rows are known; of equals, the one that parts it into most cells."""
    ranks: dict[str, tuple[int, int]] = {}
    for delimiter in DELIMITERS:
        number, looked_at = 0, list[list[str]]()
        try:
            rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
            for number, cells in enumerate(itertools.islice(rows, limits.lines), start=1):
                if number >= form.header_row and any(cell.strip() for cell in cells):
                    looked_at.append(cells)
                    if len(looked_at) == ROWS_LOOKED_AT:
                        break
        except csv.Error:
            continue
        known = [heading.known(cells[: limits.columns]) for cells in looked_at] or [0]
        at = known.index(max(known))
        ranks[delimiter] = known[at], len(looked_at[at]) if looked_at else 0
    if not ranks:
        return DELIMITERS[0]
    best, *others = sorted(ranks, key=lambda delimiter: ranks[delimiter], reverse=True)
    if ranks[best][1] > 1 and ranks[best] in [ranks[delimiter] for delimiter in others]:
        return FileProblem("delimiter_unclear", row=form.header_row, value=text.splitlines()[form.header_row - 1][:80])
    return best


def _misplaced(text: str, delimiter: str) -> FileProblem | None:
    """A quotation mark that is not closed or stands inside a cell; or a carriage return alone among other ends of lines."""
    if '"' not in text and "\r" not in text:
        return None
    edge = re.escape(delimiter) + r"\r\n"
    bare = re.sub(rf'(?<![^{edge}])"[^"]*+(?:""[^"]*+)*+"(?![^{edge}])', "_", text)
    found = re.search('"', bare)
    code = "quotes" if found else "line_end"
    if found is None and "\n" in bare:
        found = re.search(r"\r(?!\n)", bare)
    return None if found is None else FileProblem(code, row=len(re.findall("\r\n?|\n", bare[: found.start()])) + 1)
