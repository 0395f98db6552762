"""Distributions in the functions of `scipy.special`: `scipy.stats` takes two thirds of a second to import, which every process
that starts would wait for. What is a function there already (`ndtri`, `stdtrit`, `betaincinv`) is used as it is.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import special

Floats = npt.NDArray[np.floating[Any]]
Numbers = npt.ArrayLike


def chi2_quantile(p: Numbers, degrees: Numbers) -> Floats:
    """The value below which a chi-squared variable lies with the chance `p`."""
    half: Floats = special.gammaincinv(np.asarray(degrees) / 2, p)
    return 2 * half


def chi2_upper_quantile(p: Numbers, degrees: Numbers) -> Floats:
    """The value above which it lies with the chance `p`."""
    half: Floats = special.gammainccinv(np.asarray(degrees) / 2, p)
    return 2 * half


def chi2_upper_tail(x: Numbers, degrees: Numbers) -> Floats:
    """The chance of more than `x`."""
    chance: Floats = special.gammaincc(np.asarray(degrees) / 2, np.asarray(x) / 2)
    return chance


def binomial_tail(k: Floats, n: Floats, p: float) -> Floats:
    """The chance of at most `k` (whole) of `n` cases that have the chance `p` each."""
    within = k.clip(0, n - 1)
    return np.where(k < 0, 0.0, np.where(k >= n, 1.0, special.betaincc(within + 1, (n - within).clip(1), p)))


def binomial_chance(k: Floats, n: Floats, p: float) -> Floats:
    """The chance of exactly `k` (whole) of `n`."""
    within = k.clip(0, n)
    ways = special.gammaln(n + 1) - special.gammaln(within + 1) - special.gammaln(n - within + 1)
    chance = np.exp(ways + special.xlogy(within, p) + special.xlog1py(n - within, -p))
    return np.where(k == within, chance, 0.0)


def binomial_quantile(level: Floats, n: Floats, p: float) -> Floats:
    """The least number of `n` that is not exceeded with a chance of `level` (0 to 1) or more."""
    if p in (0.0, 1.0):
        return np.broadcast_to(n * p, np.broadcast_shapes(np.shape(level), np.shape(n)))
    found: Floats = np.ceil(special.bdtrik(level, n, p))
    below = (found - 1).clip(0)
    return np.where(binomial_tail(below, n, p) >= level, below, found)
