"""A funnel: each group's share against its number of cases, within limits that chance alone would keep most groups in."""

from __future__ import annotations

import dataclasses

import numpy as np
import polars as pl

from kpi.studies import rank_sets

_STEPS = 60
_POSITIONS = ("inside", "outside", "far_outside")


@dataclasses.dataclass(frozen=True, eq=False)
class Funnel:
    """Shares in percent.

    `groups`: the columns given, share, `position` (inside, outside the 95 % limits, far_outside the 99.8 % ones) and
    `is_above` (the whole). `limits`: n, low_limit, high_limit (95 %), far_low, far_high (99.8 %). `whole` is the share of
    all groups together, `overdispersion` how many times more groups vary than chance would make them.
    """

    groups: pl.DataFrame
    limits: pl.DataFrame
    whole: float
    overdispersion: float


def funnel(groups: pl.DataFrame) -> Funnel | None:
    """The funnel of groups with the columns numerator and n (cases, at least 1); None for fewer than two groups."""
    if groups.height < 2:
        return None
    x, n = groups["numerator"].to_list(), groups["n"].to_list()
    whole, phi = sum(x) / sum(n), rank_sets.overdispersion(x, n)
    has_room = 0 < whole < 1  # else nobody differs, and chance has no room
    # Judged by the exact chance: the drawn limits run between whole cases and are too narrow for small groups.
    places = rank_sets.funnel_position(x, n, whole, phi=phi) if has_room else [0] * len(x)
    share = 100 * pl.col("numerator") / pl.col("n")
    placed = groups.with_columns(
        share=share,
        position=pl.Series([_POSITIONS[abs(place)] for place in places], dtype=pl.String),
        is_above=share > 100 * whole,
    )
    sizes = np.unique(np.linspace(max(min(n), 1), max(n), _STEPS).round().astype(int)).tolist()
    return Funnel(groups=placed, limits=_limits(whole, sizes, phi), whole=100 * whole, overdispersion=phi)


def _limits(whole: float, sizes: list[int], phi: float) -> pl.DataFrame:
    has_room = 0 < whole < 1  # else nobody differs, and chance has no room
    found = rank_sets.funnel_limits(whole, sizes, phi=phi) if has_room else [(whole,) * 4] * len(sizes)
    names = ("far_low", "low_limit", "high_limit", "far_high")
    limits = pl.DataFrame(found, schema=dict.fromkeys(names, pl.Float64), orient="row")
    return limits.select(n=pl.Series(sizes, dtype=pl.Int64), **{name: 100 * pl.col(name) for name in names})
