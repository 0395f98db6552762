"""Signs: those that overlap, those that must not, and their agreement with the figures they stand for."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from hypothesis import given, settings

from kpi import facts
from kpi.facts import attention, signs
from kpi.vocabulary import BUCKETS
from tests.kpi.registers import AS_OF, Row, register_of, registers

D = dt.date


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(registers())
def test_every_open_agreement_is_in_one_bucket_and_the_flow_is_what_its_signs_select(rows: list[Row]) -> None:
    found = facts.build(register_of(rows), AS_OF)

    counts = signs.count(found)

    assert sum(counts[signs.BUCKET_FLAGS[bucket]] for bucket in BUCKETS) == counts["open"]
    for bucket in BUCKETS:
        assert counts[signs.BUCKET_FLAGS[bucket]] == (found.agreements["bucket"] == bucket).sum()
    for stage, reached in attention.flow(found).select("stage", "reached").iter_rows():
        assert counts[signs.STAGE_FLAGS[stage]] == reached


def test_an_agreement_that_is_stalled_and_overdue_counts_under_both_signs_and_in_one_bucket() -> None:
    row = Row(id=1, signed=D(2024, 1, 1), targets=[(D(2025, 1, 1), D(2024, 1, 1))])

    counts = signs.count(facts.build(register_of([row]), AS_OF))

    assert (counts["stalled"], counts["overdue"]) == (1, 1)
    assert (counts["mainly_stalled"], counts[signs.BUCKET_FLAGS["overdue"]]) == (0, 1)


def test_a_suspended_agreement_is_neither_open_nor_under_implementation() -> None:
    row = Row(id=1, signed=D(2025, 1, 1), events=[("IN_PROGRESS", D(2025, 2, 1)), ("SUSPENDED", D(2025, 6, 1))])

    counts = signs.count(facts.build(register_of([row]), AS_OF))

    assert {name for name, number in counts.items() if number} == {
        "signed",
        "suspended",
        "reached_signed",
        "reached_in_force",
        "reached_plan_issued",
        "reached_started",
    }


def test_every_sign_is_yes_or_no_for_every_agreement() -> None:
    rows = [Row(id=1), Row(id=2, signed=D(2025, 1, 1), agency=None)]

    shown = facts.build(register_of(rows), AS_OF).agreements.select(
        condition.alias(name) for name, condition in signs.FLAGS.items()
    )

    assert set(shown.dtypes) == {pl.Boolean()}
    assert sum(shown.null_count().row(0)) == 0
