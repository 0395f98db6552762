"""Whether one figure is really above another: their difference, with limits.

The limits of the difference are recovered from those of the two figures, which need not be symmetric (Newcombe 1998,
Statistics in Medicine 17, 873-890, method 10, for shares; Zou and Donner 2008, Statistics in Medicine 27, 1693-1702, for
any two independent estimates).
"""

from __future__ import annotations

import dataclasses
from typing import Literal

Verdict = Literal["higher", "lower", "not_told_apart", "not_available"]


@dataclasses.dataclass(frozen=True)
class Estimate:
    """A figure and the limits within which the true one lies with 95 % probability; None where there is none."""

    value: float | None
    low: float | None
    high: float | None


@dataclasses.dataclass(frozen=True)
class Difference:
    """First minus second, with 95 % limits. "not_told_apart" means that the limits hold 0, not that the two are equal."""

    verdict: Verdict
    value: float | None = None
    low: float | None = None
    high: float | None = None


def between(first: Estimate, second: Estimate) -> Difference:
    """The first figure against the second; the two must come from different cases."""
    if None in (first.value, first.low, first.high, second.value, second.low, second.high):
        return Difference("not_available")
    one, one_low, one_high = _plain(first)
    two, two_low, two_high = _plain(second)
    value = one - two
    # A limit may lie on the wrong side of its figure where resampling leans: it then adds nothing.
    low = value - (max(one - one_low, 0) ** 2 + max(two_high - two, 0) ** 2) ** 0.5
    high = value + (max(one_high - one, 0) ** 2 + max(two - two_low, 0) ** 2) ** 0.5
    verdict: Verdict = "higher" if low > 0 else "lower" if high < 0 else "not_told_apart"
    return Difference(verdict, value, low, high)


def _plain(estimate: Estimate) -> tuple[float, float, float]:
    assert estimate.value is not None
    assert estimate.low is not None
    assert estimate.high is not None
    return estimate.value, estimate.low, estimate.high
