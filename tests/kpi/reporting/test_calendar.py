"""Periods of the reporting calendar: which have ended, and which a rhythm adds."""

from __future__ import annotations

import datetime as dt
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpi.register import Register
from kpi.reporting.calendar import (
    MONTHS,
    Frequency,
    Period,
    Point,
    calendar,
    comparable_days,
    ended,
    gap_before,
    running,
    upcoming,
)
from tests.kpi.registers import register_of

D = dt.date
LAST = Period("2025-Q4", D(2025, 10, 1), D(2025, 12, 31), D(2026, 1, 10))


@pytest.mark.parametrize(
    ("frequency", "first", "second"),
    [
        ("month", ("2026-01", D(2026, 1, 1), D(2026, 1, 31), D(2026, 2, 10)), "2026-02"),
        ("quarter", ("2026-Q1", D(2026, 1, 1), D(2026, 3, 31), D(2026, 4, 10)), "2026-Q2"),
        ("half_year", ("2026-H1", D(2026, 1, 1), D(2026, 6, 30), D(2026, 7, 10)), "2026-H2"),
        ("year", ("2026", D(2026, 1, 1), D(2026, 12, 31), D(2027, 1, 10)), "2027"),
    ],
)
def test_the_next_periods_follow_the_last_one(
    frequency: Frequency, first: tuple[str, dt.date, dt.date, dt.date], second: str
) -> None:
    found = upcoming([LAST], frequency, days_until_due=10, count=2, today=D(2026, 1, 14))

    assert found[0] == Period(*first)
    assert found[1].code == second


def test_in_an_empty_calendar_the_first_period_is_the_one_today_lies_in() -> None:
    assert upcoming([], "quarter", days_until_due=15, count=1, today=D(2026, 11, 22))[0].code == "2026-Q4"


def test_periods_whose_reports_would_be_due_by_now_are_left_out_and_the_gap_is_told() -> None:
    (found,) = upcoming([LAST], "quarter", days_until_due=10, count=1, today=D(2026, 7, 10))

    assert found.code == "2026-Q3"
    assert gap_before([LAST], found) == (D(2026, 1, 1), D(2026, 6, 30))
    assert gap_before([], found) is None


def test_a_new_rhythm_begins_where_its_periods_begin() -> None:
    january = Period("2026-01", D(2026, 1, 1), D(2026, 1, 31), D(2026, 2, 10))

    (found,) = upcoming([january], "quarter", days_until_due=10, count=1, today=D(2026, 1, 14))

    assert found.starts_on == D(2026, 4, 1)


@given(
    st.sampled_from(list(MONTHS)),
    st.integers(1, 92),
    st.integers(1, 12),
    st.dates(D(2020, 1, 1), D(2030, 1, 1)),
    st.booleans(),
)
def test_periods_follow_one_another_and_lie_ahead(
    frequency: Frequency, days: int, count: int, today: dt.date, is_first: bool
) -> None:
    known = [] if is_first else [LAST]

    found = upcoming(known, frequency, days_until_due=days, count=count, today=today)

    assert len(found) == count == len({period.code for period in found})
    for period in found:
        assert period.due_on == period.ends_on + dt.timedelta(days=days) > today
        assert (period.ends_on - period.starts_on).days + 1 in range(28 * MONTHS[frequency], 31 * MONTHS[frequency] + 1)
    for one, other in itertools.pairwise([*known, *found]):
        assert one.ends_on < other.starts_on
    for one, other in itertools.pairwise(found):
        assert gap_before([one], other) is None


@pytest.mark.parametrize(("days", "count"), [(0, 1), (93, 1), (10, 0), (10, 13)])
def test_numbers_out_of_their_limits_are_an_error(days: int, count: int) -> None:
    with pytest.raises(ValueError, match=str(days if days != 10 else count)):
        upcoming([], "month", days_until_due=days, count=count, today=D(2026, 1, 1))


def test_a_calendar_has_periods_that_have_ended_and_one_that_runs() -> None:
    periods = calendar(register_of([]))

    assert [period.code for period in ended(periods, D(2025, 12, 30))] == ["2025-Q2", "2025-Q3"]
    assert running(periods, D(2025, 12, 30)) == LAST
    assert running(periods, D(2025, 12, 31)) is None
    assert calendar(Register()) == []
    assert (LAST.days_late(D(2026, 1, 14)), LAST.days_late(D(2026, 1, 5))) == (4, -5)


def test_figures_are_compared_on_the_days_after_deadlines_that_have_passed() -> None:
    third, fourth = Period("2025-Q3", D(2025, 7, 1), D(2025, 9, 30), D(2025, 10, 20)), LAST
    following = Period("2026-Q1", D(2026, 1, 1), D(2026, 3, 31), D(2026, 4, 10))
    after = [Point(D(2025, 10, 21), "2025-Q3"), Point(D(2026, 1, 11), "2025-Q4")]

    assert comparable_days([fourth, following, third], D(2026, 4, 10), count=8) == after
    assert comparable_days([fourth, following, third], D(2026, 4, 11), count=2) == [
        after[1],
        Point(D(2026, 4, 11), "2026-Q1"),
    ]


def test_until_two_deadlines_have_passed_figures_are_compared_at_quarter_ends_and_on_the_day_itself() -> None:
    ends = [Point(D(2025, 9, 30), None), Point(D(2025, 12, 31), None), Point(D(2026, 1, 14), None)]

    assert comparable_days([], D(2026, 1, 14), count=3) == ends
    assert comparable_days([LAST], D(2026, 1, 14), count=3) == ends
