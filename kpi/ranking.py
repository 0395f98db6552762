"""How sure a composite and a place are: the same scorecard, run over resampled agreements."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import polars as pl

from kpi import scorecard
from kpi.facts import Facts
from kpi.rules import Rules

SEED = 20260114
_MAX_ROWS = 400_000


def resampled(facts: Facts, *, by: Sequence[str], draws: int, seed: int = SEED) -> Facts:
    """Facts in which every group is redrawn with replacement `draws` times; `_draw` tells the draws apart.

    Agreements are the unit that is redrawn; their reports and blockers come along as often as they do (a cluster bootstrap,
    Davison and Hinkley 1997, section 3.8).
    """
    by = list(by)
    numbered = facts.agreements.sort(*by, "agreement_id").with_columns(
        _place=pl.int_range(pl.len()).over(by), _size=pl.len().over(by)
    )
    first = np.arange(numbered.height) - numbered["_place"].to_numpy()
    size = numbered["_size"].to_numpy()
    random = np.random.Generator(np.random.PCG64(seed))
    picks = (random.random((draws, numbered.height)) * size).astype(np.int64) + first
    drawn = numbered.drop("_place", "_size")[picks.ravel()].with_columns(
        _draw=pl.Series(np.repeat(np.arange(draws), numbered.height))
    )
    return dataclasses.replace(facts, agreements=drawn)


def composite_intervals(
    facts: Facts, *, by: str, rules: Rules | None = None, draws: int = 200, level: float = 0.95, seed: int = SEED
) -> pl.DataFrame:
    """Interval of each group's composite and of its place: `by`, low, high, best_place, worst_place.

    Percentile limits over `draws` resamplings; groups that are too small to be ranked are left out of the places. On a
    register so large that the draws would not fit, fewer are made, never less than 50.
    """
    if facts.agreements.is_empty():
        return pl.DataFrame(
            schema={
                by: pl.String,
                "low": pl.Float64,
                "high": pl.Float64,
                "best_place": pl.Int64,
                "worst_place": pl.Int64,
            }
        )
    draws = max(50, min(draws, _MAX_ROWS // facts.agreements.height))
    # A group too small to be ranked stays so in every draw, and one that is ranked must not drop out of some.
    redrawn = resampled(facts, by=[by], draws=draws, seed=seed)
    small = dataclasses.replace(rules or Rules(), rank_min_n=1)
    composites = scorecard.compute(redrawn, by=[by, "_draw"], rules=small).filter(
        (pl.col("kpi") == "K13") & pl.col("value").is_not_null()
    )
    ranked = scorecard.rank(scorecard.compute(facts, by=[by], rules=rules), group=by).filter(
        pl.col("place").is_not_null()
    )
    places = composites.join(ranked.select(by), on=by, how="semi").with_columns(
        place=pl.col("value").rank("min", descending=True).over("_draw")
    )
    tail = (1 - level) / 2
    return (
        places.group_by(by)
        .agg(
            low=pl.col("value").quantile(tail),
            high=pl.col("value").quantile(1 - tail),
            best_place=pl.col("place").quantile(tail, interpolation="lower").cast(pl.Int64),
            worst_place=pl.col("place").quantile(1 - tail, interpolation="higher").cast(pl.Int64),
        )
        .sort(by)
    )
