"""What is called unusual: worked out by hand, and held against honest registers and one that is not."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy.stats import binom

from kpi.integrity import claims, signs, unusual
from kpi.integrity.unusual import Told
from tests.kpi.integrity import simulated

HONEST = 6


def rows(cases: dict[str, tuple[int, int]]) -> pl.DataFrame:
    """Cases among counted, by agency, each row a cluster of its own."""
    frame = pl.DataFrame(
        [(agency, number < x) for agency, (x, n) in cases.items() for number in range(n)],
        schema={"agency": pl.String, "is_case": pl.Boolean},
        orient="row",
    )
    return frame.with_columns(group=pl.lit("ministry"), _cluster_0=pl.int_range(pl.len()))


def test_between_whole_cases_the_chance_is_the_binomial_s_own() -> None:
    x, n = np.array([0.0, 3.0, 10.0]), np.array([10.0, 10.0, 10.0])

    assert unusual.at_least(x, n, np.full(3, 0.2)) == pytest.approx(binom.sf(x - 1, n, 0.2))


def test_the_design_effect_is_the_size_of_clusters_that_go_together() -> None:
    """Ten agencies with ten clusters of four, a quarter of which are cases as a whole: four times, and so for the next one."""
    strayed = np.full(10, 2.5 * (4 * 0.75) ** 2 + 7.5 * (4 * 0.25) ** 2)
    n, pairs, seen = np.full(10, 40.0), np.full(10, 120.0), np.full(10, 2.5)

    assert unusual.design_effect(strayed, pairs, seen, n, 0.25, np.full(10, fill_value=True)) == pytest.approx(
        np.full(10, 4.0)
    )


def test_one_far_from_the_others_is_unusual_and_too_few_are_too_few() -> None:
    others = {f"B{number}": (2, 40) for number in range(8)}

    told = unusual.judge({"sign": rows({"A": (20, 40), "few": (5, 9), **others})})

    assert told.select("agency", "told").rows()[0] == ("A", Told.UNUSUAL)
    assert dict(told.select("agency", "told").rows())["few"] == Told.TOO_FEW
    a = told.row(0, named=True)
    # (16 + 5 + 0.5) cases of the others among (320 + 9 + 1), each by itself
    assert a["expected"] == pytest.approx(40 * 21.5 / 330, rel=0.02)
    assert a["low"] <= a["expected"] <= a["high"] < a["observed"]
    assert 0 < a["chance"] < 0.0001
    assert told.filter(pl.col("told") == Told.UNUSUAL).height == 1


def test_with_five_others_there_is_something_to_compare_with_and_with_fewer_there_is_not() -> None:
    few = {"A": (20, 40), **{f"B{number}": (0, 40) for number in range(4)}}

    assert set(unusual.judge({"sign": rows(few)})["told"]) == {Told.TOO_FEW}
    assert set(unusual.judge({"sign": rows({**few, "B9": (0, 40)})})["told"]) == {Told.UNUSUAL, Told.ORDINARY}


def test_two_who_are_unusual_do_not_hide_each_other() -> None:
    pair = {"A": (40, 60), "B": (9, 60)}
    others = {f"C{number}": (1, 60) for number in range(8)}

    assert unusual.judge({"sign": rows(pair | others)})["told"].to_list()[:3] == [*[Told.UNUSUAL] * 2, Told.ORDINARY]


def test_nothing_counted_is_nothing_told() -> None:
    assert unusual.judge({}).is_empty()
    assert set(unusual.judge({"sign": rows({f"A{number}": (0, 20) for number in range(9)})})["chance"]) == {1.0}


def judged(seed: int, *, inflates: bool = False) -> pl.DataFrame:
    given = claims.claimed(simulated.register(seed, inflates=inflates), simulated.AS_OF, periods=simulated.periods())
    return unusual.judge(signs.counted(given)).filter(pl.col("told") == Told.UNUSUAL)


def test_honest_agencies_are_left_in_peace_and_one_that_inflates_is_found() -> None:
    """A small part of the simulation in docs/statistics.md."""
    assert [judged(seed).height for seed in range(HONEST)] == [0] * HONEST
    assert simulated.INFLATING in judged(90_000, inflates=True)["agency"]
