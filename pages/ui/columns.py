"""Columns of tables, as they are declared."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Literal

import polars as pl

import words as w
from kpi.subjects import subject_expr
from pages.ui import palette

Kind = Literal[
    "text", "number", "percent", "days", "date", "light", "code", "flag", "link", "progress", "trend", "subject"
]


@dataclasses.dataclass(frozen=True)
class Column:
    """One column of a table. In `name`, `{language}` stands for the reader's language, as the store knows it (`title_{language}`).

    number, percent (0 to 100), days, date, flag (yes or no), link and text hold what they say; progress is a percent drawn
    as a bar, trend a list of numbers drawn as a line. `code` holds codes and `of` says of what (a kind of `words.name`).
    `subject` holds titles: on screen it is what they are about (`kpi.subjects`), in files they are whole.
    `light` holds a light's code and shows sign and word; where `of` names a column of lights, the cell keeps its own text
    and takes sign and colour from there.
    """

    name: str
    label_key: str
    kind: Kind = "text"
    _: dataclasses.KW_ONLY
    of: str = ""
    digits: int = 0
    short: bool = False
    pinned: bool = False
    width: Literal["small", "medium", "large"] | int | None = None
    help_key: str | None = None
    help: str | None = None
    """Words for the header that are already put together, where a key alone would not do."""
    by: str = ""
    """The column of the frame that says in which order it is sorted, where that is not the order of what is shown."""

    @property
    def field(self) -> str:
        """The column of the frame, for the reader's language."""
        return self.name.replace("{language}", w.language_in_store())

    @property
    def code(self) -> str:
        """The column in an address: the same in every language."""
        return self.name.removesuffix("_{language}")

    @property
    def sorted_by(self) -> str:
        """The column of the frame that is looked at to sort by this one."""
        return self.by or self.field

    def sort_keys(self, frame: pl.DataFrame) -> list[pl.Expr]:
        """What puts the rows of a frame in order by this column: texts and names as in a dictionary, all else by value."""
        value = pl.col(self.sorted_by)
        if not self.by and self.kind == "subject":
            return w.sort_keys(subject_expr(value, w.language_in_store()))
        if not self.by and self.kind == "code":
            return [_rank(frame[self.field], self._name)]
        if not self.by and self.kind == "light" and not self.of:
            return [value.replace_strict({code: place for place, code in enumerate(palette.LIGHTS)}, default=None)]
        return w.sort_keys(value) if frame.schema[self.sorted_by] == pl.String else [value]

    def _name(self, code: str) -> str:
        return w.name(self.of, code, short=self.short)


def _rank(codes: pl.Series, name: Callable[[str], str]) -> pl.Expr:
    """The place of each code among the names of all of them."""
    named = sorted(codes.drop_nulls().unique(), key=lambda code: w.sort_key(name(code)))
    places = {code: place for place, code in enumerate(named)}
    return pl.col(codes.name).replace_strict(places, default=None, return_dtype=pl.Int64)
