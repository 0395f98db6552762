"""Lights: which one a score has, and whether it is settled or could as well be the next one."""

from __future__ import annotations

from typing import Final, Literal

import polars as pl

from kpi.rules import Rules

LIGHTS: Final = ("green", "amber", "red")


def goalpost(rules: Rules, end: Literal[0, 1]) -> pl.Expr:
    """The value of each KPI (column `kpi`) that scores 0 (the first end) or 100, null where it has none."""
    posts = {code: float(ends[end]) for code, ends in rules.goalposts.items()}
    return pl.col("kpi").replace_strict(posts, default=None, return_dtype=pl.Float64)


def points(value: pl.Expr, rules: Rules) -> pl.Expr:
    """What a value of each KPI (column `kpi`) scores between its goalposts, 0 to 100; null where it has none."""
    worst, best = goalpost(rules, 0), goalpost(rules, 1)
    return 100 * ((value - worst) / (best - worst)).clip(0, 1)


def light(score: pl.Expr, rules: Rules) -> pl.Expr:
    """One of LIGHTS by a score; not_available where there is none."""
    return (
        pl.when(score.is_null())
        .then(pl.lit("not_available"))
        .when(score >= rules.green_from)
        .then(pl.lit("green"))
        .when(score >= rules.amber_from)
        .then(pl.lit("amber"))
        .otherwise(pl.lit("red"))
    )


def with_settled(cards: pl.LazyFrame, rules: Rules) -> pl.LazyFrame:
    """Cards with `settled`: whether a light is what it would be anywhere in its 95 % interval. What is settled is drawn filled,
    the rest outlined.

    Reads kpi, value, low, high, follow_up and status, as in `scorecard.compute`. A median whose upper limit was never reached
    may be of any length from its lower one on, and one not reached itself of any from the last day of follow-up on. True
    where there is no interval, and where not the value lit it but a rule: too few cases, or red for few reports.
    """
    status = pl.col("status")
    low = pl.coalesce("low", pl.when(pl.col("value").is_null()).then("follow_up"))
    high = pl.coalesce("high", pl.when(low.is_not_null()).then(pl.lit(float("inf"))))
    # A column for each score: one expression for all would look up the goalposts of every card some thirty times.
    scored = cards.with_columns(_low=low, _high=high).with_columns(
        points(pl.col(name), rules).alias(f"_at{name}") for name in ("value", "_low", "_high")
    )
    is_other = status != light(pl.col("_atvalue"), rules)
    is_by_rule = ~status.is_in(LIGHTS) | (pl.col("value").is_not_null() & is_other)
    is_inside = pl.all_horizontal(light(pl.col(f"_at{end}"), rules) == status for end in ("_low", "_high"))
    return scored.with_columns(settled=is_by_rule | pl.col("_low").is_null() | is_inside).drop(
        "_low", "_high", "_atvalue", "_at_low", "_at_high"
    )
