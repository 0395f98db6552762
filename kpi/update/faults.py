"""Cells that could not be read, as problems with what was probably meant."""

from __future__ import annotations

from collections import Counter

import polars as pl

from kpi.update.cells import ROW, choice_suggestion, date_suggestion, percent_suggestion
from kpi.update.choices import Choice
from kpi.update.columns import BY_CODE
from kpi.update.current import Current
from kpi.update.problems import Problem

MOST_CHOICES_NAMED = 12


class Faults:
    """Makes problems of faults. What was meant is looked for `most` times for each kind of fault and once for each text: the
    list of problems stops there, and looking takes time that a file full of faults must not be able to claim."""

    def __init__(self, current: Current, most: int) -> None:
        self._choices = current.choices()
        self._most = most
        self._told: Counter[str] = Counter()
        self._meant: dict[tuple[str, str], str | Choice | None] = {}

    def problems(self, cells: pl.DataFrame) -> list[Problem]:
        """The problems of those of `cells` (row, column, text, fault) that have a fault."""
        faulty = cells.filter(pl.col("fault").is_not_null()).select(ROW, "column", "fault", "text")
        return [self._problem(row, column, fault, text) for row, column, fault, text in faulty.iter_rows()]

    def _problem(self, row: int, column: str, code: str, text: str) -> Problem:
        self._told[code] += 1
        known = self._choices.get(BY_CODE[column].choices, ())
        params = {"known": tuple(known[:MOST_CHOICES_NAMED])} if code == "choice" else {}
        suggestion = self._suggestion(column, text) if self._told[code] <= self._most else None
        return Problem(code, row=row, column=column, value=text, params=params, suggestion=suggestion)

    def _suggestion(self, column: str, text: str) -> str | Choice | None:
        if (column, text) not in self._meant:
            kind, choices = BY_CODE[column].kind, BY_CODE[column].choices
            if kind == "date":
                self._meant[column, text] = date_suggestion(text)
            elif kind == "choice":
                self._meant[column, text] = choice_suggestion(text, self._choices.get(choices, ()))
            elif kind == "percent":
                self._meant[column, text] = percent_suggestion(text)
            else:
                self._meant[column, text] = None
        return self._meant[column, text]
