"""Signed this period against the same period a year before."""

from __future__ import annotations

import dataclasses
import datetime as dt

import polars as pl

from kpi.facts import Facts

MIN_BASE = 5


@dataclasses.dataclass(frozen=True)
class Growth:
    """A count, the one it is compared with, their difference, and their ratio where the base can bear one."""

    now: int
    before: int

    @property
    def difference(self) -> int:
        """How many more, or fewer."""
        return self.now - self.before

    @property
    def ratio(self) -> float | None:
        """`now / before`; None where the base is below five, when only the difference is worth showing."""
        return self.now / self.before if self.before >= MIN_BASE else None


def signed_growth(facts: Facts, *, first: dt.date, last: dt.date) -> Growth:
    """Agreements signed from `first` to `last`, both included, against those signed on the same days a year before.

    The 29th of February stands for the 28th in the year before.
    """
    days = pl.col("signed_on").filter(pl.col("is_signed"))
    first_before, last_before = (pl.lit(day).dt.offset_by("-1y") for day in (first, last))
    now, before = facts.agreements.select(
        now=days.is_between(first, last).sum(), before=days.is_between(first_before, last_before).sum()
    ).row(0)
    return Growth(now=now, before=before)
