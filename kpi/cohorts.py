"""Whether implementation has become faster: agreements by when they were signed, each watched for equally long.

The mean over those already implemented makes every recent year look fast, since its slow ones are not in it yet. So a
cohort is judged only once all of it has been watched for the whole horizon, and all of it counts: an agreement not
implemented by then, or ended before, counts with the whole horizon. That is the horizon less the time lost to the
competing event, Andersen (2013), Statistics in Medicine 32, 5278-5285, which without censoring is a plain mean.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Literal

import polars as pl
from scipy.stats import t as student

from kpi import survival
from kpi.facts import Facts
from kpi.intervals import wilson

Every = Literal["year", "quarter"]
Verdict = Literal["shortened", "lengthened", "no_difference_shown", "not_observed"]

MIN_CASES = 5
"""Below this many agreements a cohort is not compared."""

_STEP = {"year": "1y", "quarter": "1q"}


def by_signing(
    facts: Facts, *, every: Every = "year", horizon_days: int = 365, by: Sequence[str] = (), level: float = 0.95
) -> pl.DataFrame:
    """Time to implementation by year or quarter of signing: one row per cohort (and group), in order.

    Columns: `by` columns, cohort ("2024" or "2024-Q3"), ends_on, n, left_out (dates missing or contradictory),
    is_observed, within (implemented within `horizon_days`), ended (ended before that without being implemented),
    share with low and high (percent, Wilson), rmst with rmst_low and rmst_high (mean days, counted up to the horizon;
    t interval). Figures are null for a cohort whose last day lies less than the horizon before the as-of day: it is
    too early to say.
    """
    by = list(by)
    cases = _cases(facts, every, horizon_days, by)
    n, within = pl.col("n"), pl.col("within")
    low, high = wilson(within, n, level)
    observed = pl.col("is_observed") & (n > 0)
    timed = pl.col("wait").is_not_null()
    table = cases.group_by([*by, "cohort", "ends_on"]).agg(
        n=timed.sum().cast(pl.Int64),
        left_out=(~timed).sum().cast(pl.Int64),
        within=(timed & pl.col("is_within")).sum().cast(pl.Int64),
        ended=(timed & pl.col("is_ended")).sum().cast(pl.Int64),
        rmst=pl.col("wait").mean(),
        _error=pl.col("wait").std() / timed.sum().sqrt(),
    )
    reach = student.isf((1 - level) / 2, (table["n"].to_numpy() - 1).clip(1)) * table["_error"]
    return (
        table.with_columns(
            is_observed=pl.col("ends_on") + pl.duration(days=horizon_days) <= facts.as_of,
            rmst_low=(pl.col("rmst") - reach).clip(0, horizon_days),
            rmst_high=(pl.col("rmst") + reach).clip(0, horizon_days),
        )
        .with_columns(share=100 * within / n, low=100 * low, high=100 * high)
        .with_columns(
            pl.when(observed).then(pl.col("within", "ended", "share", "low", "high", "rmst", "rmst_low", "rmst_high"))
        )
        .select(
            *by,
            "cohort",
            "ends_on",
            "n",
            "left_out",
            "is_observed",
            "within",
            "ended",
            "share",
            "low",
            "high",
            "rmst",
            "rmst_low",
            "rmst_high",
        )
        .sort(*by, "ends_on")
    )


def _cases(facts: Facts, every: Every, horizon_days: int, by: list[str]) -> pl.DataFrame:
    """Signed and followed agreements: `by` columns, cohort, ends_on, wait (days up to the horizon), is_within,
    is_ended.
    """
    signed, days = pl.col("signed_on"), pl.col("duration_days")
    year = signed.dt.year().cast(pl.String)
    label = year if every == "year" else pl.format("{}-Q{}", year, signed.dt.quarter())
    is_within = pl.col("duration_observed") & (days <= horizon_days)
    return facts.agreements.filter(
        pl.col("is_signed") & pl.col("implementable") & pl.col("tracked") & signed.is_not_null()
    ).select(
        *by,
        cohort=label,
        ends_on=signed.dt.truncate(_STEP[every]).dt.offset_by(_STEP[every]).dt.offset_by("-1d"),
        wait=pl.when(days.is_not_null()).then(
            pl.when(is_within).then(days.cast(pl.Float64)).otherwise(float(horizon_days))
        ),
        is_within=is_within.fill_null(False),
        is_ended=(~pl.col("is_started") & pl.col("is_void") & (days <= horizon_days)).fill_null(False),
    )


@dataclasses.dataclass(frozen=True)
class Comparison:
    """A later cohort against an earlier one at an equal horizon.

    Differences are later minus earlier, with 95 % limits: `days` of the mean wait up to the horizon, `points` of the
    share implemented within it. `p_value` is that of the log-rank test of the waits up to the horizon. The verdict
    goes by the limits of `days`; "no_difference_shown" does not say that there is none.
    """

    earlier: str
    later: str
    horizon_days: int
    verdict: Verdict
    days: float | None = None
    days_low: float | None = None
    days_high: float | None = None
    points: float | None = None
    points_low: float | None = None
    points_high: float | None = None
    p_value: float | None = None


def compare(facts: Facts, earlier: str, later: str, *, every: Every = "year", horizon_days: int = 365) -> Comparison:
    """Whether the time to implementation has become shorter from one cohort to another (named as in `by_signing`).

    Mean waits: Welch (1947), Biometrika 34, 28-35. Shares: Newcombe (1998), Statistics in Medicine 17, 873-890,
    method 10.
    """
    table = by_signing(facts, every=every, horizon_days=horizon_days)
    rows = {row["cohort"]: row for row in table.iter_rows(named=True)}
    one, two = rows.get(earlier), rows.get(later)
    if one is None or two is None or not all(row["is_observed"] and row["n"] >= MIN_CASES for row in (one, two)):
        return Comparison(earlier, later, horizon_days, "not_observed")
    waits = _cases(facts, every, horizon_days, []).filter(
        pl.col("cohort").is_in([earlier, later]) & pl.col("wait").is_not_null()
    )
    test = survival.log_rank_between(waits, group="cohort", duration="wait", observed="is_within")
    days, reach = _welch(waits, earlier, later)
    points = two["share"] - one["share"]
    below = ((two["share"] - two["low"]) ** 2 + (one["high"] - one["share"]) ** 2) ** 0.5
    above = ((two["high"] - two["share"]) ** 2 + (one["share"] - one["low"]) ** 2) ** 0.5
    verdict: Verdict = "no_difference_shown"
    if days + reach < 0:
        verdict = "shortened"
    elif days - reach > 0:
        verdict = "lengthened"
    return Comparison(
        earlier=earlier,
        later=later,
        horizon_days=horizon_days,
        verdict=verdict,
        days=days,
        days_low=days - reach,
        days_high=days + reach,
        points=points,
        points_low=points - below,
        points_high=points + above,
        p_value=test.p_value,
    )


def _welch(waits: pl.DataFrame, earlier: str, later: str, level: float = 0.95) -> tuple[float, float]:
    """The difference of the mean waits, and how far its limits lie from it."""
    sums = waits.group_by("cohort").agg(
        mean=pl.col("wait").mean(), variance=pl.col("wait").var() / pl.len(), free=pl.len() - 1
    )
    rows = {row["cohort"]: row for row in sums.iter_rows(named=True)}
    one, two = rows[earlier], rows[later]
    variance = one["variance"] + two["variance"]
    if variance == 0:  # everyone waited equally long
        return two["mean"] - one["mean"], 0.0
    free = variance**2 / sum(row["variance"] ** 2 / row["free"] for row in (one, two))
    return two["mean"] - one["mean"], float(student.isf((1 - level) / 2, free)) * variance**0.5


def observed_cohorts(facts: Facts, *, every: Every = "year", horizon_days: int = 365) -> list[str]:
    """The cohorts that can be compared, in order: watched for the whole horizon, and large enough."""
    table = by_signing(facts, every=every, horizon_days=horizon_days)
    return table.filter(pl.col("is_observed") & (pl.col("n") >= MIN_CASES))["cohort"].to_list()
