"""Security and defence, for those who may not see its agreements one by one: left out of every figure but one table.

The rule is one condition on agreements (`countable`), put where aggregates are loaded. A reader's figures are thereby made
from a register that does not hold the others' agreements of that sector: whatever is filtered, grouped, dated or subtracted,
these agreements leave no trace. What is told of them is told by `released` alone: one list of sums, as of one day.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Final

import polars as pl

from kpi.estimators import suppression
from kpi.estimators.suppression import THRESHOLD
from kpi.facts import Facts
from kpi.register import Register

SECTOR: Final = "SEC"
"""The sector whose agreements are sums only, to those who may not see them."""

EVERYTHING: Final = "*"
"""The reader from whom nothing is kept."""

NOBODY: Final = ""
"""The reader who has no agreements of his own: what a figure is made for where nobody is named."""


def countable(reader: str) -> pl.Expr | None:
    """Which rows of `Facts.agreements` may go into figures for a reader (an agency's key); None where all may."""
    return None if reader == EVERYTHING else (pl.col("sector") != SECTOR) | (pl.col("agency") == reader)


def register_for(register: Register, reader: str) -> Register:
    """The register whose agreements are those of `countable`.

    Events, reports and blockers of the others stay in their frames: nothing is folded but what belongs to an agreement.
    """
    if reader == EVERYTHING:
        return register
    may = pl.col("sector").ne_missing(SECTOR) | pl.col("responsible_agency").eq_missing(reader)
    return dataclasses.replace(register, agreements=register.agreements.filter(may))


def holders(register: Register) -> frozenset[str]:
    """The agencies that have agreements of the sector. To all others the same is told: they can share one reader's figures."""
    theirs = register.agreements.filter(pl.col("sector") == SECTOR)["responsible_agency"]
    return frozenset(theirs.drop_nulls().to_list())


def release_day(data_date: dt.date) -> dt.date:
    """The day the table of sums is of: the end of the year before, so that it does not move with every upload."""
    return dt.date(data_date.year - 1, 12, 31)


def released(facts: Facts, *, reader: str, by: str) -> pl.DataFrame:
    """How many agreements of the sector other agencies have signed, by one column: `by`, count, is_hidden; total last.

    Counts under `suppression.THRESHOLD` are hidden, and with them what would give them away: `count` is null there.
    """
    others = facts.agreements.filter(pl.col("is_signed") & (pl.col("sector") == SECTOR) & (pl.col("agency") != reader))
    counts = others.group_by(by).agg(n=pl.len().cast(pl.Int64))
    return suppression.protected(counts, rows=by, count="n", threshold=THRESHOLD)
