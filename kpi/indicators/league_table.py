"""A ranking as it is read: one row per group, with its place, how sure that is, and each indicator."""

from __future__ import annotations

import polars as pl

from kpi.indicators import lights, scorecard
from kpi.indicators.catalog import COMPOSITE
from kpi.rules import Rules

PARTS = ("value", "status", "settled", "n", "follow_up")


def compute(
    cards: pl.DataFrame, *, before: pl.DataFrame, intervals: pl.DataFrame, group: str, rules: Rules
) -> pl.DataFrame:
    """Every group by place, those without a place last and by their number of cases.

    `cards` and `before` are frames of `scorecard.compute` with `by=[group]`, now and at the date compared with, and
    `intervals` is one of `rank_sets.composite_intervals`.

    Columns: the group, n, score, place, status, settled, place_before, climbed (places gained, null where it has no place now or
    then), low, high, best_place, worst_place, band; for each scored KPI its PARTS, as in `<code>_value`.
    """
    places_before = scorecard.rank(before, group=group).select(group, place_before="place")
    placed = (
        scorecard.rank(cards, group=group)
        .join(places_before, on=group, how="left")
        .with_columns(climbed=pl.col("place_before") - pl.col("place"))
        .join(intervals, on=group, how="left")
        .join(_side_by_side(cards, group, sorted(rules.weights)), on=group, how="left")
        .sort("place", "n", group, descending=[False, True, False], nulls_last=True)
    )
    composite = placed.select("status", "low", "high", kpi=pl.lit(COMPOSITE), value="score", follow_up=pl.lit(None))
    return placed.with_columns(lights.with_settled(composite.lazy(), rules).collect()["settled"])


def ends(league: pl.DataFrame, *, most: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The best and the worst placed, at most `most` of each and nobody in both; the upper part has the odd one."""
    ranked = league.filter(pl.col("place").is_not_null())
    upper = min(most, (ranked.height + 1) // 2)
    return ranked.head(upper), ranked.tail(min(most, ranked.height - upper))


def possibly_first(league: pl.DataFrame) -> int:
    """How many groups may truly hold the first place: their set of places begins with it."""
    return league.filter(pl.col("place").is_not_null() & (pl.col("best_place") == 1)).height


def possibly_last(league: pl.DataFrame) -> int:
    """How many groups may truly hold the last place: their set of places ends with it."""
    ranked = league.filter(pl.col("place").is_not_null())
    return ranked.filter(pl.col("worst_place") == ranked.height).height


def _side_by_side(cards: pl.DataFrame, group: str, kpis: list[str]) -> pl.DataFrame:
    """A row per group with the parts of each KPI in columns of their own."""
    return cards.group_by(group).agg(
        pl.col(part).filter(pl.col("kpi") == kpi).first().alias(f"{kpi}_{part}") for kpi in kpis for part in PARTS
    )
