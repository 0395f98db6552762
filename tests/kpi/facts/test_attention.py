"""What is stuck, what waits for a decision, and how far agreements have come."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import polars as pl
import pytest

from kpi import facts
from kpi.facts import History, attention
from kpi.facts.standing import uncounted
from kpi.indicators.growth import Growth
from kpi.vocabulary import Reading
from tests.kpi.registers import AS_OF, Row, register_of

D = dt.date


def blocked(number: int, *, authority: str, severity: str = "minor", opened: dt.date = D(2025, 10, 1)) -> Row:
    blocker = {"severity": severity, "authority": authority, "opened": opened, "escalated": None, "resolved": None}
    return Row(id=number, signed=D(2025, 9, 1), blockers=[blocker])


def test_the_flow_counts_who_came_at_least_as_far() -> None:
    rows = [
        Row(id=1, signed=D(2025, 1, 1)),
        Row(id=2, signed=D(2025, 1, 1), events=[("IN_FORCE", D(2025, 2, 1))]),
        Row(id=3, signed=D(2025, 1, 1), events=[("IN_FORCE", D(2025, 2, 1)), ("COMPLETED", D(2025, 9, 1))]),
        Row(id=4, signed=D(2025, 1, 1), events=[("IN_PROGRESS", D(2025, 2, 1)), ("SUSPENDED", D(2025, 5, 1))]),
        Row(id=5, signed=D(2025, 1, 1), tracked=False),
    ]

    flow = attention.flow(facts.build(register_of(rows), AS_OF))

    assert flow.select("stage", "reached", "here", "stopped").rows() == [
        ("signed", 4, 1, 0),
        ("in_force", 3, 1, 0),
        ("plan_issued", 2, 0, 0),
        ("started", 2, 1, 1),
        ("completed", 1, 1, 0),
    ]


def test_what_is_said_and_does_not_count_is_claimed() -> None:
    found_false: list[dict[str, Any]] = [
        {
            "state": "IN_PROGRESS",
            "claimed": D(2025, 5, 1),
            "verdict": "refuted",
            "sample": None,
            "received": D(2025, 6, 1),
        }
    ]
    rows = [
        Row(id=1, signed=D(2025, 1, 1), events=[("IN_FORCE", D(2025, 2, 1))]),
        Row(id=2, signed=D(2025, 1, 1), events=[("IN_PROGRESS", D(2025, 5, 1))], verifications=found_false),
        Row(id=3, signed=D(2025, 1, 1), events=[("IN_PROGRESS", D(2025, 5, 1))]),
    ]
    whole = register_of(rows)

    assert uncounted(whole)["agreement_id"].to_list() == [2]
    part = dataclasses.replace(whole, agreements=whole.agreements.filter(pl.col("id") == 2))
    declared = facts.build(History.of(part, Reading.AS_DECLARED), AS_OF)
    assert attention.claimed_flow(declared, facts.build(whole, AS_OF)).rows() == [
        ("signed", 0),
        ("in_force", 1),
        ("plan_issued", 1),
        ("started", 1),
        ("completed", 0),
    ]


def test_decisions_are_those_a_higher_authority_must_take_severe_and_oldest_first() -> None:
    rows = [
        blocked(1, authority="agency", severity="severe"),
        blocked(2, authority="prime_minister", opened=D(2025, 11, 1)),
        blocked(3, authority="prime_minister", opened=D(2025, 10, 1)),
        blocked(4, authority="national_assembly", severity="severe", opened=D(2025, 12, 1)),
    ]

    waiting = attention.decisions(facts.build(register_of(rows), AS_OF))

    assert waiting["ref"].to_list() == ["A4", "A3", "A2"]
    assert waiting["blocked_days"].to_list() == [44, 105, 74]


def test_what_is_stuck_longest_comes_first_with_the_agencys_last_word() -> None:
    begun = [("IN_PROGRESS", D(2025, 2, 1))]
    rows = [
        Row(id=1, signed=D(2025, 5, 1)),
        Row(id=2, signed=D(2025, 1, 1), events=begun, reports=[{"received": D(2025, 6, 1), "pct": 5.0}]),
        Row(id=3, signed=D(2025, 12, 1)),
    ]
    register = register_of(rows)

    stuck = attention.stuck(facts.build(register, AS_OF), register)

    assert stuck.select("ref", "days_since_progress", "report_id").rows() == [
        ("A1", 258, None),
        ("A2", 227, 1),
    ]


def test_growth_over_a_small_base_is_a_difference_and_no_ratio() -> None:
    for now, before, ratio in ((339, 134, 2.5299), (253, 141, 1.7943), (348, 141, 2.4681)):
        assert Growth(now=now, before=before).ratio == pytest.approx(ratio, abs=5e-5)
    assert Growth(now=9, before=4).ratio is None
    assert Growth(now=9, before=4).difference == 5
