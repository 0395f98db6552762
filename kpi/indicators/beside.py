"""What an opened card says beside its value: how long a wait is on average, how much of it is over by a day, how long a backlog."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import polars as pl

from kpi.estimators import survival
from kpi.facts import Facts
from kpi.facts.attention import IN_FLOW
from kpi.indicators import scorecard
from kpi.indicators.catalog import KPIS, Beside
from kpi.rules import Rules

_ALL = "_all"


def compute(facts: Facts, *, by: Sequence[str] = (), rules: Rules | None = None) -> pl.DataFrame:
    """One row per group: the `by` columns, and what the KPIs that declare one of `Beside` say.

    mean, mean_low, mean_high: days waited, counted up to `Rules.rmst_horizon_days`; within, within_low, within_high: percent of
    waits that are over by `Rules.blocker_horizon_days`; both null where nobody was followed for so long. late_p90: days by which
    nine of ten open agreements past their original target are late at most, null without any; completed, fallen_due: how many
    were, within `Rules.recent_days`; clearance: the former in percent of the latter, null without any.
    """
    rules = rules or Rules()
    keys = [*by] or [_ALL]
    everything = facts.agreements.with_columns(pl.lit(value=True).alias(_ALL))
    found = everything.select(keys).unique()
    for part in (
        _mean(_curve(facts, "mean", by), [*by], rules),
        _within(_curve(facts, "within", by), [*by], rules),
        _backlog(everything, keys, facts.as_of, rules),
    ):
        with_key = part if by else part.with_columns(pl.lit(value=True).alias(_ALL))
        found = found.join(with_key, on=keys, how="left")
    return found.select(*by, *(name for name in found.columns if name not in keys)).sort(by)


def _curve(facts: Facts, what: Beside, by: Sequence[str]) -> pl.DataFrame:
    """How long those lasted among whom the KPI that declares this counts."""
    (code,) = (kpi.code for kpi in KPIS.values() if kpi.beside == what)
    counts = scorecard.tally(facts, by=by, kpis=(code,))
    return survival.curves(counts.select(*by, "time", events="counted", leaving="cases"), by=by)


def _mean(curve: pl.DataFrame, by: list[str], rules: Rules) -> pl.DataFrame:
    means = survival.restricted_means(curve, by=by, tau=rules.rmst_horizon_days)
    return means.select(*by, mean="rmst", mean_low="low", mean_high="high")


def _within(curve: pl.DataFrame, by: list[str], rules: Rules) -> pl.DataFrame:
    horizon, time = rules.blocker_horizon_days, pl.col("time")
    is_told = (time.max() >= horizon) | (pl.col("survival").last() <= 0)

    def share(left: str, before: float) -> pl.Expr:
        last = pl.col(left).filter(time <= horizon).last()
        return pl.when(is_told).then(100 * (1 - last.fill_null(before)))

    shares = [
        share("survival", 1).alias("within"),
        share("high", 1).alias("within_low"),
        share("low", 1).alias("within_high"),
    ]
    ordered = curve.sort(*by, "time")
    return ordered.group_by(by, maintain_order=True).agg(shares) if by else ordered.select(shares)


def _backlog(agreements: pl.DataFrame, keys: list[str], as_of: dt.date, rules: Rules) -> pl.DataFrame:
    recent = pl.lit(as_of - dt.timedelta(days=rules.recent_days))
    followed = agreements.filter(IN_FLOW)
    counted = followed.group_by(keys).agg(
        late_p90=pl.col("days_overdue").quantile(0.9, interpolation="lower").cast(pl.Int64),
        completed=(pl.col("completed_on") > recent).sum().cast(pl.Int64),
        fallen_due=pl.col("original_target").is_between(recent, as_of, closed="right").sum().cast(pl.Int64),
    )
    ratio = 100 * pl.col("completed") / pl.col("fallen_due")
    return counted.with_columns(clearance=pl.when(pl.col("fallen_due") > 0).then(ratio))
