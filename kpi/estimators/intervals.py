"""Confidence intervals for shares."""

from __future__ import annotations

import functools

import polars as pl
from scipy.special import ndtri


@functools.cache
def z_value(level: float) -> float:
    """The two-sided standard normal quantile, 1.96 at `level` 0.95."""
    return float(ndtri(0.5 + level / 2))


def wilson(numerator: pl.Expr, denominator: pl.Expr, level: float = 0.95) -> tuple[pl.Expr, pl.Expr]:
    """Lower and upper limit of a share (0 to 1) as expressions; null where the denominator is zero.

    Wilson, E. B. (1927), "Probable inference, the law of succession, and statistical inference", JASA 22, 209-212.
    """
    z = z_value(level)
    n = pl.when(denominator > 0).then(denominator.cast(pl.Float64))
    p = numerator / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * (p * (1 - p) / n + z * z / (4 * n * n)).sqrt()
    # The limits at 0 and n are exactly 0 and 1; floating point would leave a trace.
    low = pl.when(numerator == 0).then(0 / n).otherwise((middle - half).clip(0, 1))
    high = pl.when(numerator == denominator).then(n / n).otherwise((middle + half).clip(0, 1))
    return low, high
