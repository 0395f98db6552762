"""Lights that hold anywhere in their interval, worked out again without the product's own code."""

from __future__ import annotations

import math
from typing import Any

import polars as pl
import pytest

from kpi import facts
from kpi.indicators import lights, scorecard
from kpi.rules import Rules
from tests.kpi.simulated import AS_OF, simulate

RULES = Rules()
EDGES = {"K02": (75, 85), "K05": (20, 10), "K08": (90, 95), "K03": (240, 180), "K13": (60, 80)}
CARD = {
    "kpi": pl.String,
    "value": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "follow_up": pl.Float64,
    "status": pl.String,
}


def settled(*card: Any) -> bool:
    frame = pl.DataFrame([card], schema=CARD, orient="row")
    found: bool = lights.with_settled(frame.lazy(), RULES).collect()["settled"].item()
    return found


@pytest.mark.parametrize(
    ("card", "is_settled"),
    [
        (("K02", 92.0, 86.0, 97.0, None, "green"), True),
        (("K02", 92.0, 84.9, 97.0, None, "green"), False),
        (("K02", 92.0, 85.0, 97.0, None, "green"), True),
        (("K02", 80.0, 76.0, 84.0, None, "amber"), True),
        (("K02", 80.0, 74.0, 84.0, None, "amber"), False),
        (("K05", 30.0, 21.0, 40.0, None, "red"), True),
        (("K05", 30.0, 20.0, 40.0, None, "red"), False),
        (("K03", 300.0, 250.0, None, None, "red"), True),
        (("K03", 170.0, 120.0, None, None, "green"), False),
        (("K03", None, None, None, 430.0, "red"), True),
        (("K03", None, 200.0, None, 430.0, "red"), False),
        (("K13", 70.0, 62.0, 79.0, None, "amber"), True),
        (("K13", 70.0, 55.0, 79.0, None, "amber"), False),
        (("K13", 85.0, 70.0, 90.0, None, "red"), True),
        (("K13", 85.0, None, None, None, "green"), True),
        (("K02", 100.0, 20.0, 100.0, None, "too_few"), True),
        (("K01", 12.0, None, None, None, "context"), True),
        (("K02", None, None, None, None, "not_available"), True),
    ],
)
def test_a_light_is_settled_where_its_interval_reaches_over_no_edge(card: tuple[Any, ...], is_settled: bool) -> None:
    assert settled(*card) is is_settled


def wilson(x: int, n: int) -> tuple[float, float]:
    z = 1.959963984540054
    middle, spread = x + z * z / 2, z * math.sqrt(x * (n - x) / n + z * z / 4)
    return 100 * (middle - spread) / (n + z * z), 100 * (middle + spread) / (n + z * z)


def light_of(kpi: str, value: float) -> str:
    amber, green = EDGES[kpi]
    sign = 1 if amber < green else -1
    return "green" if sign * value >= sign * green else "amber" if sign * value >= sign * amber else "red"


def test_the_shares_of_a_register_are_settled_where_counting_by_hand_says_so() -> None:
    register = simulate(700, seed=5, agencies=12)
    found = scorecard.compute(facts.build(register, AS_OF), by=["agency"], rules=RULES)
    shares = found.filter(pl.col("kpi").is_in(["K02", "K05", "K08"]) & (pl.col("denominator") >= 5))
    assert {*shares["settled"]} == {True, False}

    for row in shares.iter_rows(named=True):
        ends = wilson(row["numerator"], row["denominator"])
        by_hand = {light_of(row["kpi"], end) for end in ends} == {light_of(row["kpi"], row["value"])}
        assert row["settled"] is by_hand, row

    others = found.filter(pl.col("status").is_in(["too_few", "not_available", "context"]))
    assert others.filter(pl.col("kpi") != "K13")["settled"].all()
    assert found.filter(pl.col("kpi") == "K13")["settled"].null_count() == 12
