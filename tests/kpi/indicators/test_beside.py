"""What opened cards say beside their values, against plain Python and exact fractions."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given, settings

from kpi import facts
from kpi.indicators import beside
from tests.kpi import recomputed
from tests.kpi.registers import AS_OF, Row, register_of, registers

D = dt.date


def late_and_done(rows: list[Row]) -> tuple[int | None, int, int]:
    """Days by which nine of ten overdue ones are late at most; how many were completed, and how many fell due, within a year."""
    known = recomputed.followed(rows, AS_OF)
    late = sorted((AS_OF - one["original"]).days for one in known if one["overdue"])
    since = AS_OF - dt.timedelta(days=365)
    return (
        late[int(0.9 * (len(late) - 1))] if late else None,
        sum(bool(one["completed"] and one["completed"] > since) for one in known),
        sum(bool(one["original"] and since < one["original"] <= AS_OF) for one in known),
    )


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(rows=registers())
def test_what_is_said_equals_a_plain_recomputation(rows: list[Row]) -> None:
    told = beside.compute(facts.build(register_of(rows), AS_OF))

    row = told.row(0, named=True) if not told.is_empty() else dict.fromkeys(told.columns)
    starts, blockers = recomputed.start_waits(rows, AS_OF), recomputed.blocker_waits(rows, AS_OF)
    mean = recomputed.waited(starts, 365) if starts else None
    within = recomputed.waited(blockers, 60) if blockers else None
    assert row["mean"] == (None if mean is None else pytest.approx(float(mean[1]), abs=1e-9))
    assert row["within"] == (None if within is None else pytest.approx(100 * float(within[0]), abs=1e-9))
    late, completed, due = late_and_done(rows)
    assert row["late_p90"] == late
    assert ((row["completed"] or 0), (row["fallen_due"] or 0)) == (completed, due)
    assert row["clearance"] == (pytest.approx(100 * completed / due) if due else None)


def test_each_agency_reads_its_own() -> None:
    late = [(D(2025, 12, 15), D(2025, 1, 1))]
    rows = [Row(id=number, signed=D(2024, 6, 1), targets=late) for number in range(4)]
    rows += [Row(id=9, signed=D(2024, 6, 1), targets=late, events=[("COMPLETED", D(2025, 12, 1))])]
    rows += [Row(id=20, agency="BTC", signed=D(2024, 6, 1), events=[("IN_PROGRESS", D(2024, 7, 1))])]

    told = {
        row["agency"]: row for row in beside.compute(facts.build(register_of(rows), AS_OF), by=["agency"]).to_dicts()
    }

    assert (told["BCT"]["late_p90"], told["BCT"]["completed"], told["BCT"]["fallen_due"]) == (30, 1, 5)
    assert (told["BCT"]["clearance"], told["BTC"]["clearance"], told["BTC"]["late_p90"]) == (20, None, None)
    assert (told["BTC"]["mean"], told["BTC"]["within"]) == (30, None)


def test_limits_stand_around_what_is_told() -> None:
    blocker = {"severity": "minor", "authority": "agency", "opened": D(2025, 6, 1)}
    rows = [
        Row(id=number, signed=D(2025, 1, 1), events=[("IN_PROGRESS", D(2025, 1, 1) + dt.timedelta(days=30 * number)),
                ("COMPLETED", D(2025, 12, 20))],
            blockers=[{**blocker, "resolved": D(2025, 6, 10) + dt.timedelta(days=20 * number)}])
        for number in range(1, 9)
    ]  # fmt: skip

    (row,) = beside.compute(facts.build(register_of(rows), AS_OF)).to_dicts()

    assert row["mean"] == 135
    assert row["mean_low"] < 135 < row["mean_high"]
    assert row["within_low"] < row["within"] < row["within_high"]
