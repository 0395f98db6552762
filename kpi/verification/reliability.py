"""How far claims can be relied on, by what was found of those drawn: the share confirmed, by agency, in all and over time."""

from __future__ import annotations

import dataclasses
from typing import Final

import polars as pl

from kpi.estimators.intervals import wilson
from kpi.vocabulary import STATES, Verdict

_NOTHING: Final = 1e-12


@dataclasses.dataclass(frozen=True)
class Share:
    """A share with its 95 % limits, and of how many claims looked at it is; None where none was."""

    n: int
    value: float | None
    low: float | None
    high: float | None


def as_many(n: pl.Expr, claims: pl.Expr) -> pl.Expr:
    """How many claims drawn with replacement would tell as much as `n` of `claims` without, n (N - 1) / (N - n) (Cochran 1977,
    ch. 2; Korn and Graubard 1998): without end where all were looked at. Null where none was."""
    left_open = (claims - n) / (claims - 1).clip(lower_bound=1)
    return pl.when(n > 0).then(1 / (left_open / n).clip(lower_bound=_NOTHING))


def by_agency(items: pl.DataFrame) -> pl.DataFrame:
    """What was found in a sample, by agency: agency, claims (it had), drawn, n (looked at), confirmed, refuted, not_shown, further
    (confirmed and found further on than claimed), value, low, high (Wilson's for `as_many`, 0 to 1; null where none was looked at).

    `items`: agency, stratum, state, verdict (null: not looked at yet), found_state.
    """
    order = {state: place for place, state in enumerate(STATES)}
    claimed, found = (
        pl.col(name).replace_strict(order, default=None, return_dtype=pl.Int64) for name in ("state", "found_state")
    )
    is_confirmed = pl.col("verdict") == Verdict.CONFIRMED
    telling = as_many(pl.col("n"), pl.col("claims"))
    low, high = wilson(pl.col("value") * telling, telling)
    return (
        items.group_by("agency")
        .agg(
            claims=pl.col("stratum").first(),
            drawn=pl.len().cast(pl.Int64),
            n=pl.col("verdict").count().cast(pl.Int64),
            **{str(one): (pl.col("verdict") == one).sum().cast(pl.Int64) for one in Verdict},
            further=(is_confirmed & (found > claimed)).sum().cast(pl.Int64),
        )
        .with_columns(value=pl.when(pl.col("n") > 0).then(pl.col(Verdict.CONFIRMED) / pl.col("n")))
        .with_columns(low=low, high=high)
        .sort("value", "agency", nulls_last=True)
    )


def overall(agencies: pl.DataFrame) -> Share:
    """The share of all claims that would be confirmed, each agency weighing as many as it made.

    The limits are Wilson's for as many claims as would tell the same if drawn without strata and with replacement,
    1 / sum(W^2 / n (N - n) / (N - 1)) (Cochran 1977, ch. 5; Korn and Graubard 1998): where all was looked at nothing is left open.
    """
    seen = agencies.filter(pl.col("n") > 0)
    if seen.is_empty():
        return Share(0, None, None, None)
    weight = pl.col("claims") / pl.col("claims").sum()
    spread = (weight**2 / as_many(pl.col("n"), pl.col("claims"))).sum().clip(lower_bound=_NOTHING)
    low, high = wilson(pl.col("p") * pl.col("n_eff"), pl.col("n_eff"))
    row = (
        seen.select(p=(weight * pl.col("value")).sum(), n_eff=1 / spread, n=pl.col("n").sum())
        .with_columns(pl.col("p").round(12))
        .select("n", "p", low=low, high=high)
        .row(0, named=True)
    )
    return Share(row["n"], row["p"], row["low"], row["high"])


def drift(samples: pl.DataFrame, *, limit: float) -> pl.DataFrame:
    """Sample after sample, whether what was declared and what was verified drift apart: `samples` (n, confirmed, in the order of
    their periods) with `before` (the share confirmed in all samples before), z and is_alarm (z is `limit` or more).

    z is the score statistic of two shares, pooled: how far the share of a sample lies under that of those before it. Null for
    the first.
    """
    n, hits = pl.col("n"), pl.col(Verdict.CONFIRMED)
    n_before, hits_before = n.cum_sum() - n, hits.cum_sum() - hits
    pooled = hits.cum_sum() / n.cum_sum()
    spread = (pooled * (1 - pooled) * (1 / n + 1 / n_before)).sqrt()
    gap = hits_before / n_before - hits / n
    there = (n > 0) & (n_before > 0)
    return samples.with_columns(
        before=pl.when(n_before > 0).then(hits_before / n_before),
        z=pl.when(there & (spread > 0)).then(gap / spread).when(there).then(0.0),
    ).with_columns(is_alarm=(pl.col("z") >= limit).fill_null(value=False))
