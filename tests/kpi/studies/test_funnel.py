"""Who lies outside the funnel: about as many as chance puts there, and the true outliers."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from kpi.studies import rank_sets
from kpi.studies.funnel import funnel


def groups(x: list[int], n: list[int]) -> pl.DataFrame:
    return pl.DataFrame({"agency": [f"A{place:03}" for place in range(len(x))], "numerator": x, "n": n})


def test_limits_are_those_of_the_ranking_module_around_the_share_of_all() -> None:
    found = funnel(groups([40, 80, 30], [50, 100, 40]))

    assert found is not None
    assert found.whole == pytest.approx(100 * 150 / 190)
    row = found.limits.row(0, named=True)
    limits = rank_sets.funnel_limits(150 / 190, row["n"], phi=found.overdispersion)
    assert [row[name] for name in ("far_low", "low_limit", "high_limit", "far_high")] == pytest.approx(
        [100 * limit for limit in limits]
    )
    assert found.groups["position"].to_list() == ["inside"] * 3


def test_an_outlier_is_outside_and_on_its_side() -> None:
    found = funnel(groups([80, 82, 78, 81, 79, 20], [100] * 6))

    assert found is not None
    last = found.groups.row(-1, named=True)
    assert last["position"] != "inside"
    assert not last["is_above"]


def test_of_equal_agencies_about_one_in_twenty_is_outside() -> None:
    random = np.random.default_rng(3)
    outside = []
    for _ in range(60):
        n = random.integers(20, 200, 30)
        found = funnel(groups(random.binomial(n, 0.7).tolist(), n.tolist()))
        assert found is not None
        outside.append((found.groups["position"] != "inside").mean())

    assert 0.02 < np.mean(outside) < 0.07  # type: ignore[arg-type]


def test_everybody_alike_leaves_no_room_and_one_group_no_funnel() -> None:
    found = funnel(groups([10, 20], [10, 20]))

    assert found is not None
    assert found.groups["position"].to_list() == ["inside", "inside"]
    assert funnel(groups([5], [10])) is None
