"""Bytes of a CSV or XLSX file to a table of texts, or to problems: nothing is inferred, repaired or left out."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection

import polars as pl

from files import FileProblem, Form, Grid, Heading, Limits, apart
from files.text import unfit
from seed_data.mapping.problems import MOST_PROBLEMS_KEPT, Problems

ROW = "__row"
"""The column that carries each record's row number in the file."""

LIMITS = Limits(
    bytes=256 * 1024**2,
    rows=1_000_000,
    columns=1_000,
    unfolded_bytes=2 * 1024**3,
    parts=10_000,
    sheets=10_000,
    cells_a_row=1_000,
    elements_a_byte=100,
    seconds=900,
)
"""A register is its operator's own, read on the operator's machine: bounds that only a mistake meets."""


def read_table(
    data: bytes,
    *,
    name: str,
    form: Form,
    reader: Callable[..., Grid | list[FileProblem]] = apart.read,
    used: Collection[str] | None = None,
) -> pl.DataFrame:
    """The file's records as texts, one column per header plus `ROW`; empty cells are empty texts. Signs that no cell may hold
    matter in the columns `used`; in all where none are named.

    Texts are in Unicode normal form C and trimmed. Raises `MappingError` with every problem found.
    """
    problems = Problems(name)
    grid = reader(data, name, form=form, limits=LIMITS, heading=Heading())
    if isinstance(grid, list):
        problems.take(grid)
        problems.refuse()
        raise AssertionError("refuse() raises when a problem was added")
    if not grid.rows or grid.rows[0][0] != form.header_row:
        problems.add("header_missing" if grid.rows else "file_empty", row=form.header_row if grid.rows else None)
        problems.refuse()
    header = _header(grid, problems)
    problems.take(grid.faults, header)
    problems.take(grid.uneven()[:MOST_PROBLEMS_KEPT])
    problems.refuse()
    body = grid.rows[1:]
    texts = {
        column: [cells[place] if place < len(cells) else "" for _, cells in body] for place, column in enumerate(header)
    }
    table = pl.DataFrame(
        {**texts, ROW: [number for number, _ in body]}, schema={**dict.fromkeys(header, pl.String), ROW: pl.Int64}
    )
    read = table if used is None else table.select(name for name in table.columns if name == ROW or name in used)
    problems.take(unfit(read, LIMITS, row=ROW))
    problems.refuse()
    return table.with_columns(pl.exclude(ROW).str.normalize("NFC").str.strip_chars())


def _header(grid: Grid, problems: Problems) -> list[str]:
    """The headers in the form that texts are given: either way of composing Vietnamese letters is the same column."""
    row, cells = grid.rows[0]
    width = len(cells) if grid.delimiter else max(len(cells) for _, cells in grid.rows)
    header = [unicodedata.normalize("NFC", cell).strip() for cell in [*cells, *[""] * (width - len(cells))]]
    seen = {ROW}
    for position, name in enumerate(header, start=1):
        if not name:
            problems.add("header_empty", row=row, position=position)
        elif name in seen:
            problems.add("header_twice", row=row, column=name)
        seen.add(name)
    return header
