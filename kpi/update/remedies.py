"""What may be put right without typing: cells that say the same wrong thing, and what is suggested in its place."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
from collections.abc import Iterable, Sequence

import polars as pl

import words
from kpi.update.cells import ROW
from kpi.update.columns import BY_CODE
from kpi.update.problems import OR, Named, Problem

_BY_TEXT = frozenset({"choice", "date", "percent"})
"""Kinds of columns in which what is meant depends on the text alone, so that every cell that says it is meant alike."""


@dataclasses.dataclass(frozen=True)
class Remedy:
    """A column, the text that stands in it (None where it is blank), what is suggested, and the rows it is for. Of a date that can
    be read in two ways each reading is one, which somebody has to choose: not `is_certain`."""

    column: str
    text: str | None
    suggestion: str | Named
    rows: tuple[int, ...]
    is_certain: bool = True

    def written(self, language: str) -> str:
        """What is written into the cells, as people write it."""
        if not isinstance(self.suggestion, str):
            return self.suggestion.name(language)
        if BY_CODE[self.column].kind != "date" or not self.is_certain:  # between two readings only ISO is clear
            return self.suggestion
        with words.in_language(language), contextlib.suppress(ValueError):  # what the register has may be no day
            return dt.date.fromisoformat(self.suggestion).strftime(words.t("intake.day_pattern"))
        return self.suggestion


def remedies(frame: pl.DataFrame, problems: Iterable[Problem]) -> list[Remedy]:
    """The remedies for those of a table's problems that come with a suggestion, in their order, alike ones together.

    `frame` is the table's (`row` and texts by column). Of a text that can only be wrong in one way all cells are meant, whether
    their problems are listed one by one or only counted.
    """
    found: dict[tuple[str, str | None, str | Named], set[int]] = {}
    cells = {code: dict(frame.select(ROW, code).iter_rows()) for code in frame.columns if code in BY_CODE}
    for problem in problems:
        column, row, suggestion = problem.column, problem.row, problem.suggestion
        if not problem.blocking or not suggestion or column not in BY_CODE or row is None:
            continue
        held = cells.get(column, {})
        text = held.get(row)
        if held and row not in held:
            continue
        rows = found.setdefault((column, text, suggestion), {row})
        rows.add(row)
        if text is not None and BY_CODE[column].kind in _BY_TEXT and BY_CODE[column].use != "shown":
            rows.update(number for number, other in held.items() if other == text)
    return [
        Remedy(column, text, reading, tuple(sorted(rows)), is_certain=len(readings) == 1)
        for (column, text, suggestion), rows in found.items()
        for readings in [_readings(column, suggestion)]
        for reading in readings
    ]


def _readings(column: str, suggestion: str | Named) -> Sequence[str | Named]:
    is_date = BY_CODE[column].kind == "date" and isinstance(suggestion, str)
    return str(suggestion).split(OR) if is_date else [suggestion]


def remedied(frame: pl.DataFrame, chosen: Sequence[Remedy], language: str) -> pl.DataFrame:
    """A table's frame with these remedies in it. A cell that says something else by now keeps it."""
    for remedy in chosen:
        code = remedy.column
        if code not in frame.columns:
            frame = frame.with_columns(pl.lit(None, pl.String).alias(code))
        is_meant = pl.col(ROW).is_in(remedy.rows) & pl.col(code).eq_missing(pl.lit(remedy.text, pl.String))
        new = pl.lit(remedy.written(language))
        frame = frame.with_columns(pl.when(is_meant).then(new).otherwise(code).alias(code))
    return frame
