"""How long agreements wait from signing to implementation, group beside group: what a chart of survival curves shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from kpi.estimators import survival
from kpi.estimators.survival import LogRank
from kpi.facts import Facts

COHORT: Final = "cohort"
"""The year of signing, a grouping beside the columns of `Facts.agreements`."""

LEAST_AT_RISK: Final = 5
"""A curve is drawn as long as this many are still followed: what comes after hangs on single agreements."""


def cases(facts: Facts, *, by: str) -> pl.DataFrame:
    """The agreements whose wait is known: group, waiting_days, duration_observed. `by` is a column, or COHORT."""
    group = pl.col("signed_on").dt.year().cast(pl.String) if by == COHORT else pl.col(by)
    return facts.agreements.filter(pl.col("waiting_days").is_not_null()).select(
        group.alias("group"), "waiting_days", "duration_observed"
    )


def sizes(waits: pl.DataFrame) -> pl.DataFrame:
    """How many cases each group has: group, n; largest first."""
    return waits.group_by("group").agg(n=pl.len().cast(pl.Int64)).sort(["n", "group"], descending=[True, False])


def curves(waits: pl.DataFrame, groups: Sequence[str], *, least_at_risk: int = LEAST_AT_RISK) -> pl.DataFrame:
    """The share implemented by each day since signing: group, time, at_risk, share, low, high (percent).

    Groups in the order asked for; each begins at day 0 with nothing implemented.
    """
    kept = waits.filter(pl.col("group").is_in(list(groups)))
    curve = survival.kaplan_meier_by(kept, by=["group"], duration="waiting_days", observed="duration_observed")
    implemented = curve.filter(pl.col("at_risk") >= least_at_risk).select(
        "group",
        pl.col("time").cast(pl.Int64),
        "at_risk",
        share=100 * (1 - pl.col("survival")),
        low=100 * (1 - pl.col("high")),
        high=100 * (1 - pl.col("low")),
    )
    starts = sizes(kept).select(
        "group", time=pl.lit(-1, pl.Int64), at_risk="n", share=pl.lit(0.0), low=pl.lit(0.0), high=pl.lit(0.0)
    )
    order = pl.DataFrame({"group": list(groups), "_order": range(len(groups))}, schema_overrides={"group": pl.String})
    return (
        pl.concat([starts, implemented])
        .join(order, on="group")
        .sort("_order", "time")
        .with_columns(pl.col("time").clip(0))  # what happened on day 0 comes after the start
        .drop("_order")
    )


def at_risk(waits: pl.DataFrame, groups: Sequence[str], days: Sequence[int]) -> pl.DataFrame:
    """How many of each group are neither implemented nor out of sight just before each day: group, one column per day."""
    left = waits.group_by("group").agg(
        (pl.col("waiting_days") >= day).sum().cast(pl.Int64).alias(str(day)) for day in days
    )
    return pl.DataFrame({"group": list(groups)}, schema={"group": pl.String}).join(
        left, on="group", how="left", maintain_order="left"
    )


def medians(waits: pl.DataFrame, groups: Sequence[str]) -> pl.DataFrame:
    """The median wait of each group in days: group, median, low, high, follow_up; null where not reached."""
    curve = survival.kaplan_meier_by(waits, by=["group"], duration="waiting_days", observed="duration_observed")
    return pl.DataFrame({"group": list(groups)}, schema={"group": pl.String}).join(
        survival.medians(curve, by=["group"]), on="group", how="left", maintain_order="left"
    )


def compared(waits: pl.DataFrame, groups: Sequence[str]) -> LogRank:
    """The log-rank test of "these groups wait equally long"."""
    return survival.log_rank_between(
        waits.filter(pl.col("group").is_in(list(groups))),
        group="group",
        duration="waiting_days",
        observed="duration_observed",
    )
