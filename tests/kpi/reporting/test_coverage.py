"""Who has reported, and signings against the year before."""

from __future__ import annotations

import datetime as dt

from kpi import facts
from kpi.indicators.growth import Growth, signed_growth
from kpi.reporting.coverage import Reported, reported
from tests.kpi.registers import AS_OF, Row, register_of

D = dt.date


def test_an_agency_has_reported_when_all_of_its_reports_for_the_latest_due_period_came() -> None:
    signed, came = D(2025, 1, 1), [{"period": "2025-Q4", "received": D(2026, 1, 9)}]
    rows = [
        Row(id=1, agency="BCT", signed=signed, reports=came),
        Row(id=2, agency="BCT", signed=signed),
        Row(id=3, agency="T20", signed=signed, reports=[{"period": "2025-Q3", "received": D(2025, 10, 1)}]),
        Row(id=4, agency="BTC", signed=signed, reports=came),
        Row(id=5, agency=None, signed=signed),
    ]

    found = reported(facts.build(register_of(rows), AS_OF))

    assert found == Reported(period="2025-Q4", due_on=D(2026, 1, 10), agencies=3, all_in=1, owed=4, missing=2)
    assert found.share_missing == 50


def test_before_anything_is_due_nobody_can_have_reported() -> None:
    rows = [Row(id=1, signed=D(2025, 12, 31))]

    assert reported(facts.build(register_of(rows), D(2026, 1, 9))) is None


def test_signings_are_compared_with_the_same_days_of_the_year_before() -> None:
    days = [D(2025, 3, 1), D(2025, 3, 31), D(2024, 3, 1), D(2024, 3, 31), D(2024, 2, 29), D(2025, 4, 1)]
    found = facts.build(register_of([Row(id=n, signed=day) for n, day in enumerate(days, 1)]), AS_OF)

    assert signed_growth(found, first=D(2025, 3, 1), last=D(2025, 3, 31)) == Growth(now=2, before=2)
    assert signed_growth(found, first=D(2024, 2, 29), last=D(2024, 2, 29)) == Growth(now=1, before=0)
