"""Curves, numbers at risk and medians of groups, by hand."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from kpi import facts
from kpi.studies import waiting
from tests.kpi.registers import AS_OF, Row, register_of

D = dt.date
WAITS = pl.DataFrame(
    {
        "group": ["A"] * 8 + ["B"] * 6,
        "waiting_days": [0, 10, 20, 30, 40, 50, 60, 70, 5, 5, 5, 5, 5, 5],
        "duration_observed": [True, True, False, True, True, True, True, True, *[False] * 6],
    }
)


def test_a_curve_begins_with_nothing_and_ends_where_too_few_are_left() -> None:
    curve = waiting.curves(WAITS, ["B", "A"])

    a = curve.filter(pl.col("group") == "A")
    assert curve["group"].unique(maintain_order=True).to_list() == ["B", "A"]
    assert a["time"].to_list() == [0, 0, 10, 20, 30]
    assert a["share"].to_list() == pytest.approx([0, 12.5, 25, 25, 40])
    assert a["at_risk"].min() == waiting.LEAST_AT_RISK
    assert curve.filter(pl.col("group") == "B")["share"].to_list() == [0, 0]
    assert curve.select((pl.col("low") <= pl.col("share")) & (pl.col("share") <= pl.col("high"))).to_series().all()


def test_numbers_at_risk_are_those_whose_time_has_not_come() -> None:
    left = waiting.at_risk(WAITS, ["A", "B"], [0, 5, 30, 365])

    assert left.rows() == [("A", 8, 7, 5, 0), ("B", 6, 6, 0, 0)]


def test_medians_come_in_the_order_asked_for_and_are_null_where_not_reached() -> None:
    found = waiting.medians(WAITS, ["B", "A"])

    assert found.select("group", "median", "follow_up").rows() == [("B", None, 5), ("A", 40, 70)]


def test_groups_are_compared_and_nothing_else() -> None:
    assert waiting.compared(WAITS, ["A", "B"]).p_value is not None
    assert waiting.compared(WAITS, ["A"]).p_value is None


def test_cohorts_are_years_of_signing_and_agreements_without_a_wait_are_left_out() -> None:
    rows = [
        Row(id=1, signed=D(2024, 3, 1), events=[("IN_PROGRESS", D(2024, 4, 1))]),
        Row(id=2, signed=D(2025, 3, 1)),
        Row(id=3, signed=D(2025, 3, 1), events=[("IN_PROGRESS", D(2025, 1, 1))]),
    ]

    found = waiting.cases(facts.build(register_of(rows), AS_OF), by=waiting.COHORT)

    assert sorted(found.rows()) == [("2024", 31, True), ("2025", 319, False)]
    assert waiting.sizes(found)["n"].to_list() == [1, 1]
