"""What falls due: counted by hand on a day inside a period and on one between its end and its due date."""

from __future__ import annotations

import datetime as dt

import polars as pl

from kpi import facts
from kpi.facts import Facts
from kpi.reporting import due
from kpi.reporting.calendar import Period
from kpi.rules import Rules
from tests.kpi.registers import PERIODS, Row, register_of

D = dt.date
CALENDAR = [Period(*row) for row in PERIODS]
ROWS = [
    Row(1, signed=D(2025, 1, 10), targets=[(D(2025, 12, 30), D(2025, 1, 20))]),
    Row(2, signed=D(2025, 1, 10), targets=[(D(2026, 1, 30), D(2025, 1, 20))]),
    Row(3, "BXD", signed=D(2025, 1, 10), targets=[(D(2025, 12, 29), D(2025, 1, 20)), (D(2026, 6, 1), D(2025, 6, 1))]),
    Row(
        4, "BXD", signed=D(2025, 1, 10), events=[("COMPLETED", D(2025, 5, 1))], targets=[(D(2026, 1, 3), D(2025, 2, 1))]
    ),
    Row(5, "BXD", signed=D(2025, 1, 10), reports=[{"period": "2025-Q4", "received": D(2025, 12, 31)}]),
]
DECIDED = pl.DataFrame(
    {
        "id": [7, 8, 9],
        "agency": ["BCT", "BCT", "BXD"],
        "ref": ["A1", None, None],
        "title_vi": ["x", None, None],
        "title_en": ["x", None, None],
        "due_now": [D(2026, 1, 2), D(2026, 1, 2), D(2026, 3, 1)],
        "is_open": [True, False, True],
        "task": ["x"] * 3,
        "ask": ["x"] * 3,
    },
    schema_overrides={"ref": pl.String, "title_vi": pl.String, "title_en": pl.String},
)
NONE = DECIDED.clear()


def on(day: D) -> Facts:
    return facts.build(facts.History.of(register_of(ROWS)), day, Rules())


def found(
    day: D, days: int, directives: pl.DataFrame = NONE, escalations: pl.DataFrame = NONE
) -> list[tuple[object, ...]]:
    told = due.compute(on(day), CALENDAR, directives, escalations, on=day, days=days)
    return told.select("due_on", "days_left", "kind", "agency", "ref", "period", "reports", "number").rows()


def test_open_agreements_reports_of_a_running_period_and_what_was_decided_fall_due() -> None:
    assert found(D(2025, 12, 29), 30, DECIDED, DECIDED) == [
        (D(2025, 12, 30), 1, due.COMPLETION, "BCT", "A1", None, None, None),
        (D(2026, 1, 2), 4, due.DIRECTIVE, "BCT", "A1", None, None, 7),
        (D(2026, 1, 2), 4, due.ANSWER, "BCT", "A1", None, None, 7),
        (D(2026, 1, 10), 12, due.REPORTS, "BCT", None, "2025-Q4", 2, None),
        (D(2026, 1, 10), 12, due.REPORTS, "BXD", None, "2025-Q4", 2, None),
    ]


def test_reports_that_came_are_not_owed_any_more_and_what_is_overdue_is_not_ahead() -> None:
    assert found(D(2026, 1, 1), 30) == [
        (D(2026, 1, 10), 9, due.REPORTS, "BCT", None, "2025-Q4", 2, None),
        (D(2026, 1, 10), 9, due.REPORTS, "BXD", None, "2025-Q4", 1, None),
        (D(2026, 1, 30), 29, due.COMPLETION, "BCT", "A2", None, None, None),
    ]
    assert found(D(2026, 1, 31), 60) == []


def test_days_are_counted_from_a_later_day_than_the_registers_own() -> None:
    told = due.compute(on(D(2025, 12, 29)), CALENDAR, DECIDED, NONE, on=D(2026, 1, 25), days=30)
    assert told.select("days_left", "kind", "ref").rows() == [(5, due.COMPLETION, "A2")]


def test_nothing_falls_due_where_nothing_is_registered() -> None:
    empty = facts.build(facts.History.of(register_of([])), D(2026, 1, 1), Rules())
    assert due.compute(empty, CALENDAR, NONE, NONE, on=D(2026, 1, 1), days=90).is_empty()
