"""The difference of two figures and its limits, against published and simulated values."""

from __future__ import annotations

import numpy as np
import pytest

from kpi.estimators.difference import Estimate, between
from kpi.studies.rank_sets import wilson


def share(x: int, n: int) -> Estimate:
    return Estimate(x / n, *wilson(x, n))


def test_for_shares_it_is_the_interval_of_newcombe() -> None:
    # Newcombe (1998), table II, method 10: 56/70 - 48/80 and 9/10 - 3/10.
    found, small = between(share(56, 70), share(48, 80)), between(share(9, 10), share(3, 10))

    assert [found.low, found.high] == pytest.approx([0.0524, 0.3339], abs=1e-4)
    assert [small.low, small.high] == pytest.approx([0.1705, 0.8090], abs=1e-4)
    assert found.verdict == "higher"


def test_exchanged_the_answer_is_the_opposite() -> None:
    one, two = share(9, 10), share(3, 10)

    there, back = between(one, two), between(two, one)

    assert (there.verdict, back.verdict) == ("higher", "lower")
    assert (there.value, there.low, there.high) == pytest.approx((-back.value, -back.high, -back.low))  # type: ignore[operator]


def test_the_same_figure_cannot_be_told_apart_and_a_missing_one_is_not_available() -> None:
    assert between(share(5, 10), share(6, 12)).verdict == "not_told_apart"
    assert between(share(5, 10), Estimate(None, None, None)).verdict == "not_available"
    assert between(Estimate(80.0, None, None), share(5, 10)).value is None


@pytest.mark.slow
def test_of_equal_agencies_about_one_in_twenty_is_called_different() -> None:
    random = np.random.default_rng(5)
    draws, times = np.unique(random.binomial([40, 60], 0.8, size=(3000, 2)), axis=0, return_counts=True)

    small, large = ([share(x, n) for x in range(n + 1)] for n in (40, 60))
    told_apart = [between(small[x], large[y]).verdict != "not_told_apart" for x, y in draws]

    assert 0.03 < np.average(told_apart, weights=times) < 0.065
