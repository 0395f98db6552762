"""Whether things still go at the pace that forecasts rest on: the last half year observed, against what was expected of it."""

from __future__ import annotations

import dataclasses
from typing import Final

import numpy as np
import polars as pl

from kpi.estimators.intervals import z_value
from kpi.studies.calibration import MOST_OFF, STALLED, BackTest

DAYS: Final = 180
"""How far back the pace is looked at."""


@dataclasses.dataclass(frozen=True)
class Pace:
    """How many of `n` agreements came to something within DAYS, how many were expected to, and between which 95 % limits."""

    n: int
    expected: float
    low: float
    high: float
    happened: int
    tolerance: float = 0.0
    """How far from the expected number the one that came may lie, whatever the limits."""

    @property
    def has_changed(self) -> bool:
        """Whether what came lies outside the limits of what was expected."""
        is_far = abs(self.happened - self.expected) > self.tolerance
        return is_far and not self.low <= self.happened <= self.high


def of_starts(test: BackTest) -> Pace | None:
    """Of a back-test of one day, of starts; None where nothing waited then."""
    if test.totals["waiting"].sum() == 0:
        return None
    row = test.totals.row(-1, named=True)
    return Pace(row["waiting"], row["expected"], row["low"], row["high"], row["happened"])


def of_stalls(test: BackTest) -> Pace | None:
    """The same of being stalled at its end; None where nothing was open then.

    The limits are robust to agreements of one exchange stalling together: the variance is the sum of the squared sums of
    strays within exchanges, about their mean (Liang and Zeger 1986, Biometrika 73, 13-22). What is not known of the rates is
    not in them, so that up to MOST_OFF of the share is no change either.
    """
    cases = test.cases.filter(pl.col("kind") == STALLED)
    if cases.is_empty():
        return None
    alone = pl.format("alone {}", "agreement_id")
    strays = cases.select(
        cluster=pl.coalesce("exchange", alone), stray=pl.col("happened").cast(pl.Float64) - pl.col("probability")
    )
    sums = strays.with_columns(pl.col("stray") - pl.col("stray").mean()).group_by("cluster").agg(pl.col("stray").sum())
    expected = float(cases["probability"].sum())
    reach = z_value(0.95) * float(np.sqrt((sums["stray"].to_numpy() ** 2).sum()))
    n, happened = cases.height, int(cases["happened"].sum())
    low, high = max(expected - reach, 0.0), min(expected + reach, float(n))
    return Pace(n, expected, low, high, happened, tolerance=MOST_OFF * n)
