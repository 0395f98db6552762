"""How far a place depends on the weights and on the kind of mean, which are choices and not findings.

OECD and JRC (2008), Handbook on Constructing Composite Indicators, steps 6 and 7; Saisana, Saltelli and Tarantola
(2005), Journal of the Royal Statistical Society A 168, 307-323.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from kpi.indicators import scorecard
from kpi.indicators.catalog import COMPOSITE
from kpi.rules import Rules

Floats = npt.NDArray[np.float64]
Mean = Literal["arithmetic", "geometric"]

SPREAD = 0.5
SAMPLES = 2_000
SEED = 20260114
LEAST_SCORE = 1.0
"""A geometric mean with a zero in it is zero whatever the rest; scores below one point count as one."""

_CLOSE = 1e-9


def composite(scores: Sequence[float | None], weights: Sequence[float], mean: Mean = "arithmetic") -> float | None:
    """The weighted mean of the scores there are (0 to 100); None without any. Absent scores leave their weight out."""
    value = _composites(_table([scores]), np.array([weights], dtype=float), mean)[0, 0]
    return None if np.isnan(value) else float(value)


def ranges(
    cards: pl.DataFrame,
    *,
    group: str,
    rules: Rules | None = None,
    spread: float = SPREAD,
    samples: int = SAMPLES,
    seed: int = SEED,
) -> pl.DataFrame:
    """The places each ranked group takes when every weight may be up to `spread` larger or smaller.

    Columns: `group`, score, place, best_place, worst_place, best_bound, worst_bound, geometric, geometric_place; in
    order of place. `best_place` and `worst_place` are reached by some weighting: all corners of the box of weights
    (each at its least or its most) and `samples` seeded draws from inside are tried. `best_bound` and `worst_bound`
    cannot be passed by any: they count the groups that stay ahead, or behind, under every weighting, which for two
    groups with the same components is decided exactly at a corner. Where they equal the places reached, the range is
    exact. With components missing, comparisons of the two groups are not linear in the weights and the bound is that
    of the sample.

    `cards` are those of `scorecard.compute` with `by=[group]`, narrowed to groups that are ranked together.
    """
    rules = rules or Rules()
    components = [code for code, weight in rules.weights.items() if weight > 0]
    ranked = cards.filter((pl.col("kpi") == COMPOSITE) & pl.col("value").is_not_null()).select(group, "value")
    wide = (
        cards.filter(pl.col("kpi").is_in(components))
        .pivot(on="kpi", on_columns=components, index=group, values="score", aggregate_function="first")
        .join(ranked, on=group, nulls_equal=True)
        .sort(group)
    )
    if wide.is_empty():
        return wide.select(group).with_columns(pl.lit(None, dtype=kind).alias(name) for name, kind in _SCHEMA.items())
    table = wide.select(components).cast(pl.Float64).fill_null(np.nan).to_numpy()
    weights = np.array([float(rules.weights[code]) for code in components])
    tried = np.vstack([weights, _corners(weights, spread), _inside(weights, spread, samples, seed)])
    values = _composites(table, tried, "arithmetic")
    best, worst, ahead, behind = _extremes(table, weights, values, spread)
    geometric = _composites(table, weights[None], "geometric")[0]
    scores = pl.DataFrame({"score": values[0]})
    place = scores.select(scorecard.as_ranked(pl.col("score")).rank("min", descending=True).cast(pl.Int64)).to_series()
    # Scores that are shown alike share a place; under other weights they are told apart.
    return wide.select(
        group,
        score=pl.Series(values[0]),
        place=place,
        best_place=pl.min_horizontal(pl.Series(best), place),
        worst_place=pl.Series(worst),
        best_bound=pl.min_horizontal(pl.Series(1 + ahead), place),
        worst_bound=pl.Series(len(table) - behind),
        geometric=pl.Series(geometric),
        geometric_place=pl.Series(_places(geometric[None])[0]),
    ).sort("place", group)


_SCHEMA: dict[str, type[pl.DataType]] = {
    "score": pl.Float64,
    "place": pl.Int64,
    "best_place": pl.Int64,
    "worst_place": pl.Int64,
    "best_bound": pl.Int64,
    "worst_bound": pl.Int64,
    "geometric": pl.Float64,
    "geometric_place": pl.Int64,
}


def _table(rows: Sequence[Sequence[float | None]]) -> Floats:
    return np.array([[np.nan if score is None else score for score in row] for row in rows], dtype=float)


def _composites(table: Floats, weights: Floats, mean: Mean) -> Floats:
    """The composite of each group (columns) under each weighting (rows); NaN where a group has no score."""
    there = ~np.isnan(table)
    scores = np.where(there, table, 0.0)
    if mean == "geometric":
        scores = np.where(there, np.log(np.maximum(np.where(there, table, 1.0), LEAST_SCORE)), 0.0)
    total = weights @ there.T.astype(float)
    means: Floats = np.divide(weights @ scores.T, total, out=np.full(total.shape, np.nan), where=total > 0)
    if mean == "geometric":
        np.exp(means, out=means)
    return means


def _corners(weights: Floats, spread: float) -> Floats:
    factors = np.array(list(itertools.product((1 - spread, 1 + spread), repeat=len(weights))))
    corners: Floats = factors * weights
    return corners


def _inside(weights: Floats, spread: float, samples: int, seed: int) -> Floats:
    random = np.random.Generator(np.random.PCG64(seed))
    inside: Floats = weights * random.uniform(1 - spread, 1 + spread, (samples, len(weights)))
    return inside


def _places(values: Floats) -> npt.NDArray[np.int64]:
    """Places under each weighting (rows): 1 plus the number of groups with more. What differs by rounding alone is
    equal.
    """
    return np.stack([1 + (row > row[:, None] + _CLOSE).sum(axis=1) for row in values])


def _extremes(table: Floats, weights: Floats, values: Floats, spread: float) -> tuple[npt.NDArray[np.int64], ...]:
    """Best and worst place reached, and how many groups are ahead and behind whatever the weights, per group."""
    best, worst, ahead, behind = [], [], [], []
    complete = ~np.isnan(table)
    for own in range(len(table)):  # a step per group, each over all weightings and all other groups at once
        lead = values - values[:, [own]]
        above = (lead > _CLOSE).sum(axis=1)
        best.append(1 + int(above.min()))
        worst.append(1 + int(above.max()))
        # With the same components the sign of the lead is that of a sum linear in the weights: extreme at a corner.
        same = (complete == complete[own]).all(axis=1)
        gap = np.where(complete, np.nan_to_num(table) - np.nan_to_num(table[own]), 0.0) * weights
        least = np.where(gap > 0, gap * (1 - spread), gap * (1 + spread)).sum(axis=1)
        most = np.where(gap > 0, gap * (1 + spread), gap * (1 - spread)).sum(axis=1)
        always = np.where(same, least > _CLOSE, (lead > _CLOSE).all(axis=0))
        never = np.where(same, most <= _CLOSE, (lead <= _CLOSE).all(axis=0))
        never[own] = False
        ahead.append(int(always.sum()))
        behind.append(int(never.sum()))
    return np.array(best), np.array(worst), np.array(ahead), np.array(behind)
