"""A file's cells before anything is known about their columns."""

from __future__ import annotations

import dataclasses

from kpi.update.problems import Problem


@dataclasses.dataclass(frozen=True)
class Fault:
    """A cell that cannot be taken: where it is (`column` counted from 0) and which problem it makes."""

    row: int
    column: int
    code: str
    value: str | None = None


@dataclasses.dataclass(frozen=True)
class Grid:
    """The rows of a file that hold anything: row numbers as a spreadsheet shows them, and the texts of the cells.

    `encoding` and `delimiter` are those of a CSV file, all of whose rows must be as wide as its header (`fixed_width`).
    """

    rows: list[tuple[int, list[str]]]
    faults: list[Fault] = dataclasses.field(default_factory=list)
    notices: list[Problem] = dataclasses.field(default_factory=list)
    encoding: str = ""
    delimiter: str = ""
    fixed_width: bool = False
