"""How a file is written, where somebody says so, and what its reader is told about headings."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

DELIMITERS = (",", ";", "\t", "|")
ROWS_LOOKED_AT = 10
"""So many rows are looked at for a heading: titles may stand above it."""


@dataclasses.dataclass(frozen=True)
class Form:
    """How a file is written; None means that the file itself tells.

    Rows above `header_row` are not read. A sheet that is named is read even if it is hidden. Rows that hold nothing are left
    out, as in a spreadsheet, unless `keeps_blank_rows`, which is for CSV files. With `keeps_midnight` every date of a workbook
    comes with its time, so that it can be told from a day that was typed. With `keeps_merged` merged cells are notices, each
    with the `first` and `last` row it reaches over, for whoever knows where the table is.
    """

    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    header_row: int = 1
    keeps_blank_rows: bool = False
    keeps_midnight: bool = False
    keeps_merged: bool = False


def _knows_none(cells: Sequence[str]) -> int:
    return 0


@dataclasses.dataclass(frozen=True)
class Heading:
    """What tells a heading: how many of its cells are `known` names, and whether the sheet under it `is_ours`.

    By the first the delimiter of a CSV file is recognised, by the second the sheet of a workbook.
    """

    known: Callable[[Sequence[str]], int] = _knows_none
    is_ours: Callable[[Sequence[str]], int] = _knows_none
