"""What people changed in a table since it was read: the cells and the rows taken out, small enough to be kept at every change."""

from __future__ import annotations

import dataclasses

import polars as pl

from kpi.update.cells import ROW
from kpi.update.columns import BY_CODE

Cell = tuple[int, str, str | None]
"""A row's number, a column's code, and what stands there now."""


@dataclasses.dataclass(frozen=True)
class Edits:
    """Cells that say something else than they did, and the rows that are not there any more."""

    cells: tuple[Cell, ...] = ()
    gone: tuple[int, ...] = ()

    def __len__(self) -> int:
        return len(self.cells) + len(self.gone)


def edits(before: pl.DataFrame, after: pl.DataFrame) -> Edits:
    """What leads from one table's frame (`row` and columns by their codes, as texts) to another of the same rows or fewer.

    A column that is not in `after` keeps what it had.
    """
    gone = before.join(after, on=ROW, how="anti", maintain_order="left")[ROW]
    held = after.select(ROW).join(before, on=ROW, how="left", maintain_order="left")
    blank = pl.Series([None], dtype=pl.String)
    cells: list[Cell] = []
    for code in after.columns:
        if code == ROW:
            continue
        differs = after[code].ne_missing(held[code] if code in held.columns else blank)
        cells += [(row, code, text) for row, text in after.select(ROW, code).filter(differs).iter_rows()]
    return Edits(tuple(cells), tuple(gone))


def edited(before: pl.DataFrame, made: Edits) -> pl.DataFrame:
    """A frame with these changes made once more. Changes of columns that there are no longer are left out."""
    frame = before.filter(~pl.col(ROW).is_in(made.gone))
    said: dict[str, dict[int, str | None]] = {}
    for row, code, text in made.cells:
        if code in BY_CODE:
            said.setdefault(code, {})[row] = text
    for code, texts in said.items():
        new = pl.DataFrame({ROW: list(texts), code: list(texts.values())}, schema={ROW: pl.Int64, code: pl.String})
        if code not in frame.columns:
            frame = frame.with_columns(pl.lit(None, pl.String).alias(code))
        frame = frame.update(new, on=ROW, how="left", include_nulls=True)
    return frame
