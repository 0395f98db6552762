"""The reporting calendar: its periods, and those that a rhythm would add to it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import types
from collections.abc import Mapping, Sequence
from typing import Final, Literal

from kpi.register import Register

Frequency = Literal["month", "quarter", "half_year", "year"]
MONTHS: Final[Mapping[Frequency, int]] = types.MappingProxyType({"month": 1, "quarter": 3, "half_year": 6, "year": 12})
"""How long a period of each rhythm is. Periods begin with the calendar year's own months, quarters and halves."""

MOST_DAYS_UNTIL_DUE: Final = 92
MOST_AT_ONCE: Final = 12


@dataclasses.dataclass(frozen=True)
class Period:
    """A period of the reporting calendar: first and last day, and the day its reports are due."""

    code: str
    starts_on: dt.date
    ends_on: dt.date
    due_on: dt.date

    def days_late(self, as_of: dt.date) -> int:
        """Days since the reports were due; below zero while they are not yet."""
        return (as_of - self.due_on).days


def calendar(register: Register) -> list[Period]:
    """Every period, in the order of their ends."""
    rows = register.periods.sort("ends_on", "code").select("code", "starts_on", "ends_on", "due_on")
    return [Period(*row) for row in rows.iter_rows()]


def ended(periods: Sequence[Period], as_of: dt.date) -> list[Period]:
    """Those for which reports can be owed on a day."""
    return [period for period in periods if period.ends_on <= as_of]


def running(periods: Sequence[Period], as_of: dt.date) -> Period | None:
    """The first that has not ended on a day: reports for it are owed next."""
    return next((period for period in periods if period.ends_on > as_of), None)


@dataclasses.dataclass(frozen=True)
class Point:
    """A day of a course over time; `period` is the code of the period whose deadline had passed the day before, None for the
    other days."""

    day: dt.date
    period: str | None


def comparable_days(periods: Sequence[Period], as_of: dt.date, *, count: int) -> list[Point]:
    """The last `count` days up to a day on which figures may be compared with each other, in order.

    Reports come in waves: what is known just after one deadline is compared with what was known just after another. So these are
    the days after the deadlines, and the day itself only where it is one of them. Where fewer than two deadlines have passed, they
    are quarter ends, and the day itself.
    """
    passed = {
        period.due_on + dt.timedelta(days=1): period.code for period in sorted(periods, key=lambda one: one.ends_on)
    }
    found = [Point(day, code) for day, code in sorted(passed.items()) if day <= as_of]
    if len(found) > 1:
        return found[-count:]
    ends = [as_of]
    while len(ends) < count:
        first = dt.date(ends[0].year, (ends[0].month - 1) // 3 * 3 + 1, 1)
        ends.insert(0, first - dt.timedelta(days=1))
    return [Point(day, None) for day in ends]


def upcoming(
    periods: Sequence[Period], frequency: Frequency, *, days_until_due: int, count: int, today: dt.date
) -> list[Period]:
    """The next `count` periods of a rhythm: after the last one of the calendar (in an empty one, from the one that today
    lies in), leaving out those whose reports would be due today or before. ValueError for numbers out of their limits."""
    if not 1 <= days_until_due <= MOST_DAYS_UNTIL_DUE:
        raise ValueError(f"days until due are 1 to {MOST_DAYS_UNTIL_DUE}, not {days_until_due}")
    if not 1 <= count <= MOST_AT_ONCE:
        raise ValueError(f"1 to {MOST_AT_ONCE} periods are made at once, not {count}")
    length = MONTHS[frequency]
    free_from = max((period.ends_on for period in periods), default=None)
    first = today.replace(day=1) if free_from is None else free_from + dt.timedelta(days=1)
    place = (first.year * 12 + first.month - 1) // length
    found: list[Period] = []
    while len(found) < count:
        starts_on = _month(place * length)
        ends_on = _month((place + 1) * length) - dt.timedelta(days=1)
        due_on = ends_on + dt.timedelta(days=days_until_due)
        if due_on > today and (free_from is None or starts_on > free_from):
            found.append(Period(_code(frequency, starts_on), starts_on, ends_on, due_on))
        place += 1
    return found


def gap_before(periods: Sequence[Period], added: Period) -> tuple[dt.date, dt.date] | None:
    """The days between an added period and the one before it that no period covers; None where there are none."""
    ends = [period.ends_on for period in periods if period.ends_on < added.starts_on]
    first = max(ends) + dt.timedelta(days=1) if ends else added.starts_on
    return (first, added.starts_on - dt.timedelta(days=1)) if first < added.starts_on else None


def _month(number: int) -> dt.date:
    """The first day of a month counted from the year 0."""
    return dt.date(number // 12, number % 12 + 1, 1)


def _code(frequency: Frequency, starts_on: dt.date) -> str:
    place = (starts_on.month - 1) // MONTHS[frequency] + 1
    return {
        "month": f"{starts_on.year}-{starts_on.month:02}",
        "quarter": f"{starts_on.year}-Q{place}",
        "half_year": f"{starts_on.year}-H{place}",
        "year": f"{starts_on.year}",
    }[frequency]
