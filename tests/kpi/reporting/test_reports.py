"""Reports by period: counted by hand, and once more in plain Python, one agreement and one report at a time."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections import Counter
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings

from kpi import facts
from kpi.indicators import scorecard
from kpi.reporting import reports
from tests.kpi import recomputed
from tests.kpi.registers import AS_OF, PERIODS, Row, days, register_of, registers

D = dt.date
CAME = [{"period": "2025-Q4", "received": D(2026, 1, 9)}]
COUNTED = ("owed", "received", "on_time", "late", "missing", "complete", "met")


def plain(rows: list[Row], as_of: dt.date) -> dict[tuple[str, str], Counter[str]]:
    """(agency, period) -> how many reports are owed, and what has become of them."""
    found: dict[tuple[str, str], Counter[str]] = {}
    for row in rows:
        known = recomputed.agreement(row, as_of)
        if known is None or not known["followed"] or row.agency is None or row.signed is None:
            continue
        closed = known["completed"] or known["ended"]
        for code, _, ends, due in PERIODS:
            if ends > as_of or row.signed > ends or (closed and closed <= ends):
                continue
            if row.received and row.received > ends:
                continue
            came = [report for report in row.reports if report["period"] == code and report["received"] <= as_of]
            first = min((report["received"] for report in came), default=None)
            full = [report for report in came if all(str(report.get(f, "có")).strip() for f in recomputed.FIELDS)]
            counts = found.setdefault((row.agency, code), Counter())
            counts["owed"] += 1
            counts["received"] += first is not None
            counts["on_time"] += first is not None and first <= due
            counts["late"] += first is not None and first > due
            counts["missing"] += first is None
            counts["complete"] += bool(full)
            counts["met"] += any(report["received"] <= due for report in full)
    return found


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(registers(), days(D(2025, 6, 1), D(2026, 3, 1)))
def test_counts_are_those_of_a_plain_recount(rows: list[Row], as_of: dt.date) -> None:
    found = facts.build(register_of(rows), as_of)

    counts = reports.counts(found)

    assert {
        (row["agency"], row["period"]): {name: row[name] for name in COUNTED} for row in counts.iter_rows(named=True)
    } == {key: {name: count[name] for name in COUNTED} for key, count in plain(rows, as_of).items()}
    assert (counts["on_time"] + counts["late"] + counts["missing"] == counts["owed"]).all()
    for code, *_ in PERIODS:
        assert reports.counts(found, period=code).equals(counts.filter(pl.col("period") == code))


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(registers())
def test_what_is_met_is_what_the_scorecard_counts(rows: list[Row]) -> None:
    found = facts.build(register_of(rows), AS_OF)
    due = reports.owed(found).filter("is_due")

    card = scorecard.compute(found).filter(pl.col("kpi") == "K08").row(0, named=True)

    assert (card["numerator"], card["denominator"]) == (due["is_met"].sum(), due.height)


def owed(row: Row, as_of: dt.date = AS_OF, period: str = "2025-Q4") -> dict[str, Any]:
    return reports.owed(facts.build(register_of([row]), as_of), period=period).row(0, named=True)


def test_a_report_is_missing_late_or_in_time_and_says_by_how_many_days() -> None:
    signed = D(2025, 8, 1)
    received = {1: None, 2: D(2026, 1, 10), 3: D(2026, 1, 13)}

    rows = [
        owed(Row(id=n, signed=signed, reports=[{"period": "2025-Q4", "received": day}] if day else []))
        for n, day in received.items()
    ]

    assert [(row["status"], row["days_late"]) for row in rows] == [("missing", 4), ("on_time", None), ("late", 3)]


def test_before_it_is_due_a_report_that_has_not_come_is_not_late() -> None:
    row = owed(Row(id=1, signed=D(2025, 8, 1)), as_of=D(2026, 1, 5))

    assert (row["is_due"], row["status"], row["days_late"]) == (False, "missing", None)


def test_a_blank_field_makes_a_report_that_came_in_time_incomplete() -> None:
    row = owed(Row(id=1, signed=D(2025, 8, 1), reports=[{**CAME[0], "difficulties": " "}]))

    assert (row["fields_filled"], row["is_complete"], row["is_met"], row["status"]) == (6, False, False, "on_time")


def test_reports_are_counted_by_agency_and_period_and_add_up() -> None:
    rows = [
        Row(id=1, agency="BCT", signed=D(2025, 8, 1), reports=CAME),
        Row(id=2, agency="BCT", signed=D(2025, 8, 1)),
        Row(id=3, agency="T20", signed=D(2025, 11, 1), reports=CAME),
        Row(id=4, agency=None, signed=D(2025, 8, 1)),
    ]

    counts = reports.counts(facts.build(register_of(rows), AS_OF))

    assert counts.select("agency", "period", "owed", "received").rows() == [
        ("BCT", "2025-Q3", 2, 0),
        ("BCT", "2025-Q4", 2, 1),
        ("T20", "2025-Q4", 1, 1),
    ]
    assert reports.in_period(counts).select("period", "owed", "received", "share").rows() == [
        ("2025-Q3", 2, 0, 0.0),
        ("2025-Q4", 3, 2, 200 / 3),
    ]
    assert reports.in_period(counts).select("agencies", "reporting", "all_in").rows() == [(1, 0, 0), (2, 2, 1)]


def test_the_last_periods_are_those_that_have_fallen_due() -> None:
    found = facts.build(register_of([Row(id=1, signed=D(2025, 1, 1))]), D(2026, 1, 9))

    assert reports.counts(found, last=1)["period"].to_list() == ["2025-Q3"]


def test_a_register_without_reports_owes_none() -> None:
    register = register_of([Row(id=1, signed=D(2025, 1, 1))])
    bare = facts.build(dataclasses.replace(register, periods=register.periods.clear()), AS_OF)

    assert reports.counts(bare).is_empty()
    assert reports.in_period(reports.counts(bare)).is_empty()
