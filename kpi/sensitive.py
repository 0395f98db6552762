"""Security and defence in cross tables: which cells to hide from those who may not see its agreements one by one."""

from __future__ import annotations

from typing import Final

import polars as pl

from kpi import suppression
from kpi.suppression import THRESHOLD, TOTAL

SECTOR: Final = "SEC"
"""The sector whose small counts are hidden."""


def hidden_cells(frame: pl.DataFrame, *, rows: str, columns: str, count: str) -> pl.DataFrame:
    """The pairs of labels (`rows`, `columns`) whose counts must not be shown, where `rows` are sectors.

    `frame` has one count per pair, 0 included. Everything else is shown, and totals of rows and columns are known: what is
    left to hide in is the sector itself and the largest other one, a table of two rows that is protected as
    `kpi.suppression` protects any. Where that takes a total to hide as well, or where there is no other sector, both rows
    are hidden whole.
    """
    sector = frame.filter(pl.col(rows) == SECTOR)
    if sector.filter(pl.col(count) < THRESHOLD).is_empty():
        return sector.clear().select(rows, columns)
    others = frame.filter(pl.col(rows) != SECTOR).group_by(rows).agg(pl.col(count).sum())
    largest = others.sort([count, rows], descending=[True, False]).head(1)
    pair = pl.concat([sector, frame.join(largest.select(rows), on=rows, how="semi")])
    found = suppression.protected(pair.select(rows, columns, count), rows=rows, columns=columns, count=count)
    hidden = found.filter("is_hidden").select(rows, columns)
    takes_totals = not hidden.filter((pl.col(rows) == TOTAL) | (pl.col(columns) == TOTAL)).is_empty()
    return pair.select(rows, columns) if takes_totals else hidden
