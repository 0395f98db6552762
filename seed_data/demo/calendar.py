"""Working days, Tết, quarters: when things happen and when they do not."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl

from seed_data.demo.draws import Floats, Ints, day

DATA_DATE = dt.date(2026, 1, 14)
"""The day the demo register is closed; nothing in it is later."""

QUARTERS = [(year, quarter) for year in range(2021, 2026) for quarter in range(1, 5)]
QUARTER_STARTS = np.array([day(dt.date(year, 3 * quarter - 2, 1)) for year, quarter in [*QUARTERS, (2026, 1)]])

_TET = [
    dt.date(2021, 2, 12),
    dt.date(2022, 2, 1),
    dt.date(2023, 1, 22),
    dt.date(2024, 2, 10),
    dt.date(2025, 1, 29),
    dt.date(2026, 2, 17),
    dt.date(2027, 2, 6),
]
_BEFORE_TET, _AFTER_TET = 4, 8


def working(days: Ints) -> Ints:
    """The same day, or the first working one after it: not a weekend, not the days around Tết."""
    moved = days.copy()
    for eve in _TET:
        first, last = day(eve) - _BEFORE_TET, day(eve) + _AFTER_TET
        moved = np.where((moved >= first) & (moved <= last), last + 1, moved)
    weekday = (moved + 3) % 7  # 1 January 1970 was a Thursday
    return np.where(weekday >= 5, moved + 7 - weekday, moved)


def working_before(days: Ints) -> Ints:
    """The same day, or the Friday before a weekend."""
    weekday = (days + 3) % 7
    return np.where(weekday >= 5, days + 4 - weekday, days)


def month_words(date: pl.Expr) -> pl.Expr:
    """A month as officials write it: a zero stands only before 1 and 2."""
    return date.dt.strftime("%m/%Y").str.replace("^0([3-9])", "$1")


def after_new_year(days: Ints, draws: Floats) -> Ints:
    """Beginnings that fall into the weeks before Tết are, one time in three, put off until after it."""
    moved = days.copy()
    for eve in _TET:
        lull = (moved > day(eve) - 45) & (moved <= day(eve)) & (draws < 0.35)
        moved = np.where(lull, day(eve) + 10, moved)
    return moved


def before_year_end(days: Ints, draws: Floats) -> Ints:
    """Completions of October and November slip, one time in three, into the rush of the second half of December."""
    moved = days.copy()
    for year in range(2021, 2027):
        rush = day(dt.date(year, 12, 15))
        autumn = (moved >= day(dt.date(year, 10, 1))) & (moved < rush) & (draws < 0.35)
        moved = np.where(autumn, rush + np.floor(draws * 45).astype(np.int64), moved)
    return moved


def period_end(days: Ints, draws: Floats) -> Ints:
    """Planned dates: half of them the end of the year, a quarter the end of a quarter, the others as they fall."""
    dates = days.astype("datetime64[D]")
    year_ends = (dates.astype("datetime64[Y]") + 1).astype("datetime64[D]").astype(np.int64) - 1
    months = dates.astype("datetime64[M]").astype(np.int64)
    quarter_months = (months // 3 + 1) * 3
    quarter_ends = quarter_months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64) - 1
    return np.where(draws < 0.5, year_ends, np.where(draws < 0.75, quarter_ends, days))
