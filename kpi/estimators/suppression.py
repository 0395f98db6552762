"""Counts that may be shown to those who may not see single agreements: small ones hidden so that they stay hidden.

A count under five is hidden, and with it as many larger ones as are needed so that nobody can work it out from the
totals (complementary suppression: Cox 1980, JASA 75, 377-385; Federal Committee on Statistical Methodology 2005,
Statistical Policy Working Paper 22). In a table with row and column totals a hidden count can be worked out unless it
lies on a cycle of hidden ones, in which some may be larger and others smaller without any shown total changing
(Gusfield 1988, SIAM Journal on Computing 17, 552-571). For every small count a cycle of four is hidden, chosen so as
to hide little.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

Counts = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

THRESHOLD = 5
TOTAL = "TOTAL"
"""The label of the row and of the column of totals."""

_TOTAL_COST = 3.0


def protected(
    frame: pl.DataFrame, *, rows: str, count: str, columns: str | None = None, threshold: int = THRESHOLD
) -> pl.DataFrame:
    """A two-way table with totals, small counts and what would give them away hidden: rows, columns, count, is_hidden.

    `frame` has one count per row and column label, not null; pairs that it lacks count as 0. One row per pair of
    labels, in order, each label list ending with TOTAL; `count` is null where hidden. Without `columns` it is a list
    with one total.
    """
    labels = columns or "_all"
    long = frame.select(
        pl.col(rows).cast(pl.String),
        (pl.col(columns).cast(pl.String) if columns else pl.lit(TOTAL)).alias(labels),
        pl.col(count).cast(pl.Int64).alias("count"),
    )
    heads = long[labels].unique().sort()
    wide = long.pivot(on=labels, on_columns=heads.to_list(), index=rows, values="count", aggregate_function="sum")
    wide = wide.sort(rows).fill_null(0)
    table = with_totals(wide.select(heads.to_list()).to_numpy().astype(np.int64).reshape(wide.height, len(heads)))
    mask = hidden(table, threshold=threshold)
    if columns is None:  # the one column and the column of totals are the same figures
        table, mask = table[:, -1:], np.logical_or.reduce(mask, axis=1)[:, np.newaxis]
        names = [TOTAL]
    else:
        names = [*heads, TOTAL]
    shown = pl.DataFrame(
        {
            rows: np.repeat([*wide[rows], TOTAL], len(names)),
            labels: names * len(table),
            "count": table.ravel(),
            "is_hidden": mask.ravel(),
        },
        schema_overrides={rows: pl.String, labels: pl.String, "count": pl.Int64, "is_hidden": pl.Boolean},
    ).with_columns(pl.when(~pl.col("is_hidden")).then("count").alias("count"))
    return shown if columns else shown.drop(labels)


def with_totals(counts: Counts) -> Counts:
    """A table with one more row and one more column: the totals."""
    rows = np.vstack([counts, counts.sum(axis=0)])
    table: Counts = np.hstack([rows, rows.sum(axis=1, keepdims=True)])
    return table


def hidden(table: Counts, *, threshold: int = THRESHOLD) -> Mask:
    """Which cells of a table with totals (last row, last column) to hide: all below `threshold`, and what protects
    them.

    Whoever knows what is shown, and that counts are whole and not negative, can still not bring a count below
    `threshold` within narrower limits than these: the upper one is at least `threshold` above it, so that it may be
    one that need not be hidden; the lower one is 0 for a count in the body, and for a total at least 1 below it, or
    0. Zeros are hidden as well: that there is nothing is information. Where the grand total is small all is hidden.
    Which of the hidden cells are the small ones must not be shown.
    """
    small = table < threshold
    if small[-1, -1]:
        return np.ones_like(small)
    mask: Mask = small.copy()
    # The largest first: they need larger partners, which then serve smaller ones as well.
    for row, column in sorted(np.argwhere(small).tolist(), key=lambda cell: -table[cell[0], cell[1]]):
        other_row, other_column = _cheapest_cycle(table, mask, row, column, threshold)
        mask[row, other_column] = mask[other_row, column] = mask[other_row, other_column] = True
    return mask


def _cheapest_cycle(table: Counts, mask: Mask, row: int, column: int, threshold: int) -> tuple[int, int]:
    """The other row and column of the cycle of four that protects a cell and hides least besides.

    When the cell changes, its two neighbours in the cycle change against it and the opposite corner with it, so that
    sums stay; a total stands on the other side of the sum and turns round. What falls must be large enough to.
    """
    turned = np.ones(table.shape)
    turned[-1, :] *= -1
    turned[:, -1] *= -1
    own = turned[row, column]
    beside_in_row, beside_in_column, across = -own * turned[[row], :], -own * turned[:, [column]], own * turned
    up = _least_that_falls(table, row, column, beside_in_row < 0, beside_in_column < 0, across < 0)
    down = _least_that_falls(table, row, column, beside_in_row > 0, beside_in_column > 0, across > 0)
    value = int(table[row, column])
    possible = (up >= threshold) & (down >= value)
    if not possible.any():  # a total made of several small counts: no single cycle takes all of it away
        possible = (up >= threshold) & (down >= min(value, 1))
    price = np.where(mask, 0.0, 1 + table / table[-1, -1])
    price[-1, :] *= _TOTAL_COST
    price[:, -1] *= _TOTAL_COST
    cost = np.where(possible, price + price[[row], :] + price[:, [column]], np.inf)
    other_row, other_column = np.unravel_index(int(cost.argmin()), cost.shape)
    return int(other_row), int(other_column)


def _least_that_falls(table: Counts, row: int, column: int, in_row: Mask, in_column: Mask, across: Mask) -> Floats:
    """For each other row and column, how far the cycle can be taken before one of its falling cells is at 0."""
    room = np.where(across, table, np.inf)
    room = np.minimum(room, np.where(in_row, table[[row], :], np.inf))
    room = np.minimum(room, np.where(in_column, table[:, [column]], np.inf))
    room[row, :] = room[:, column] = -np.inf
    return room
