"""Security and defence in cross tables: which cells to hide from those who may not see its agreements one by one.

`kpi.suppression` protects every small count of a table. Here only one row is secret, and totals of rows and columns are
shown elsewhere: so few other cells are hidden, and never a total.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from kpi.suppression import THRESHOLD, Counts, Mask

SECTOR: Final = "SEC"
"""The sector whose small counts are hidden."""


def hidden_cells(frame: pl.DataFrame, *, rows: str, columns: str, count: str) -> pl.DataFrame:
    """The pairs of labels (`rows`, `columns`) whose counts must not be shown, where `rows` are sectors.

    `frame` has one count per pair, 0 included. Whoever knows every other cell and all totals can still not bring a small
    count of the sector within narrower limits than 0 and `THRESHOLD` above it, or above it by all that the other sectors
    have in its column, where that is less. Where the sector has nothing large to hide behind, all is hidden.
    """
    wide = frame.pivot(on=columns, index=rows, values=count, aggregate_function="sum").sort(rows).fill_null(0)
    sectors, heads = wide[rows].to_list(), wide.columns[1:]
    if SECTOR not in sectors:
        return frame.clear().select(rows, columns)
    mask = _hidden(wide.select(heads).to_numpy().astype(np.int64), sectors.index(SECTOR))
    found = [(sectors[row], heads[column]) for row, column in np.argwhere(mask).tolist()]
    return pl.DataFrame(found, schema={rows: pl.String, columns: pl.String}, orient="row")


def _hidden(table: Counts, secret: int) -> Mask:
    """In every column with a small count of the secret row, and in one where it has most, some other rows are hidden.

    What the small count may be larger, these may be smaller; in the other column it is the other way round, so that no sum
    changes (Cox 1980, JASA 75, 377-385).
    """
    own = table[secret]
    mask: Mask = np.zeros(table.shape, dtype=bool)
    small = np.flatnonzero(own < THRESHOLD)
    if small.size == 0:
        return mask
    behind = int(own.argmax())
    if own[behind] < THRESHOLD or len(table) < 2:
        return ~mask
    mask[secret, small] = True
    mask[secret, behind] = True
    for column in small.tolist():
        partners = _partners(table, mask, secret, column, behind)
        mask[partners, column] = True
        mask[partners, behind] = True
    return mask


def _partners(table: Counts, mask: Mask, secret: int, column: int, behind: int) -> npt.NDArray[np.int64]:
    """The other rows to hide in a column: one that suffices, hidden there already or else the smallest; or several."""
    others = np.array([row for row in range(len(table)) if row != secret])
    room, back = table[others, column], table[others, behind]
    enough = (room >= THRESHOLD) & (back >= table[secret, column])
    if enough.any():
        price = room + back - table.sum() * mask[others, behind]
        return others[[int(np.where(enough, price, np.inf).argmin())]]
    largest = np.argsort(-room, kind="stable")
    needed = 1 + int(np.searchsorted(room[largest].cumsum(), THRESHOLD))
    return others[largest[:needed]]
