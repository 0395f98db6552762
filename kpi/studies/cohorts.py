"""Whether implementation has become faster: agreements by when they were signed, each watched for equally long.

The mean over those already implemented makes every recent year look fast, since its slow ones are not in it yet. So a
cohort is judged only once all of it has been watched for the whole horizon, and all of it counts: an agreement not
implemented by then counts with the whole horizon, also where it ended first, so that ending it shortens no wait. One that was
decided not to be pursued waits until then. So it is in the median wait of the scorecard and in the curves, and a year's share
is where its curve stands at the horizon. The mean is the curve's restricted mean (Royston and Parmar 2013, BMC Medical
Research Methodology 13, 152).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import polars as pl

from kpi.estimators import difference, survival
from kpi.estimators.difference import Estimate
from kpi.estimators.intervals import z_value
from kpi.facts import Facts

Every = Literal["year", "quarter"]
Verdict = Literal["shortened", "lengthened", "no_difference_shown", "not_observed"]

MIN_CASES = 20
"""Below this many agreements a cohort is not compared."""

_STEP = {"year": "1y", "quarter": "1q"}


def by_signing(
    facts: Facts, *, every: Every = "year", horizon_days: int = 365, by: Sequence[str] = (), level: float = 0.95
) -> pl.DataFrame:
    """Time to implementation by year or quarter of signing: one row per cohort (and group), in order.

    Columns: `by` columns, cohort ("2024" or "2024-Q3"), ends_on, n, left_out (dates missing or contradictory),
    is_observed, within (implemented within `horizon_days`), ended (ended before that without being implemented), share
    with low and high (percent implemented by then, from the survival curve), rmst with rmst_error, rmst_low and rmst_high
    (mean days, counted up to the horizon). Figures are null for a cohort whose last day lies less than the horizon before
    the as-of day: it is too early to say.
    """
    by = list(by)
    keys = [*by, "cohort"]
    cases = _cases(facts, every, horizon_days, by)
    n = pl.col("n")
    observed = pl.col("is_observed") & (n > 0)
    timed = pl.col("wait").is_not_null()
    table = cases.group_by([*keys, "ends_on"]).agg(
        n=timed.sum().cast(pl.Int64),
        left_out=(~timed).sum().cast(pl.Int64),
        within=(timed & pl.col("is_within")).sum().cast(pl.Int64),
        ended=(timed & pl.col("is_ended")).sum().cast(pl.Int64),
    )
    curve = survival.kaplan_meier_by(cases, by=keys, duration="wait", observed="is_within", level=level)
    means = survival.restricted_means(curve, by=keys, tau=horizon_days, level=level)
    at_end = curve.group_by(keys).agg(pl.col("survival", "low", "high").sort_by("time").last())
    return (
        table.with_columns(is_observed=pl.col("ends_on") + pl.duration(days=horizon_days) <= facts.as_of)
        .join(
            at_end.select(
                *keys,
                share=100 * (1 - pl.col("survival")),
                low=100 * (1 - pl.col("high")),
                high=100 * (1 - pl.col("low")),
            ),
            on=keys,
            how="left",
            nulls_equal=True,
        )
        .join(
            means.select(*keys, "rmst", rmst_error="standard_error", rmst_low="low", rmst_high="high"),
            on=keys,
            how="left",
            nulls_equal=True,
        )
        .with_columns(pl.when(observed).then(pl.col(*_FIGURES)))
        # Where the last ended before the horizon the curve does not come so far.
        .with_columns(pl.when(pl.col("rmst").is_not_null()).then(pl.col("share", "low", "high")))
        .select(*keys, "ends_on", "n", "left_out", "is_observed", *_FIGURES)
        .sort(*by, "ends_on")
    )


_FIGURES = ("within", "ended", "share", "low", "high", "rmst", "rmst_error", "rmst_low", "rmst_high")


def _cases(facts: Facts, every: Every, horizon_days: int, by: list[str]) -> pl.DataFrame:
    """Signed and followed agreements: `by` columns, cohort, ends_on, wait (whole days up to the horizon), is_within,
    is_ended.
    """
    signed, days = pl.col("signed_on"), pl.col("waiting_days")
    year = signed.dt.year().cast(pl.String)
    label = year if every == "year" else pl.format("{}-Q{}", year, signed.dt.quarter())
    is_within = pl.col("duration_observed") & (days <= horizon_days)
    return facts.agreements.filter(
        pl.col("is_signed") & pl.col("implementable") & pl.col("tracked") & signed.is_not_null()
    ).select(
        *by,
        cohort=label,
        ends_on=signed.dt.truncate(_STEP[every]).dt.offset_by(_STEP[every]).dt.offset_by("-1d"),
        wait=days.clip(upper_bound=horizon_days),
        is_within=is_within.fill_null(False),
        is_ended=(~pl.col("is_started") & pl.col("is_void") & (pl.col("duration_days") <= horizon_days)).fill_null(
            False
        ),
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

    Mean waits: difference of restricted means with the sum of their variances. Shares: limits recovered from those of the
    two (`kpi.estimators.difference`).
    """
    table = by_signing(facts, every=every, horizon_days=horizon_days)
    rows = {row["cohort"]: row for row in table.iter_rows(named=True)}
    one, two = rows.get(earlier), rows.get(later)
    if one is None or two is None or not all(_may_be_compared(row) for row in (one, two)):
        return Comparison(earlier, later, horizon_days, "not_observed")
    waits = _cases(facts, every, horizon_days, []).filter(
        pl.col("cohort").is_in([earlier, later]) & pl.col("wait").is_not_null()
    )
    test = survival.log_rank_between(waits, group="cohort", duration="wait", observed="is_within")
    days = two["rmst"] - one["rmst"]
    reach = z_value(0.95) * (one["rmst_error"] ** 2 + two["rmst_error"] ** 2) ** 0.5
    points = difference.between(
        Estimate(two["share"], two["low"], two["high"]), Estimate(one["share"], one["low"], one["high"])
    )
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
        points=points.value,
        points_low=points.low,
        points_high=points.high,
        p_value=test.p_value,
    )


def _may_be_compared(row: Mapping[str, Any]) -> bool:
    """A cohort watched for the whole horizon, large enough, and with a mean: not all of it ended before."""
    return bool(row["is_observed"] and row["n"] >= MIN_CASES and row["rmst_error"] is not None)


def observed_cohorts(facts: Facts, *, every: Every = "year", horizon_days: int = 365) -> list[str]:
    """The cohorts that can be compared, in order: watched for the whole horizon, and large enough."""
    table = by_signing(facts, every=every, horizon_days=horizon_days)
    return table.filter(pl.col("is_observed") & (pl.col("n") >= MIN_CASES))["cohort"].to_list()
