"""Today is Viet Nam's, and never before the register's own data date."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from data_access import clock

LATE_EVENING_IN_LONDON = dt.datetime(2026, 1, 14, 18, 30)


@pytest.mark.parametrize(
    ("data_date", "expected"),
    [
        (None, dt.date(2026, 1, 15)),
        (dt.date(2025, 12, 31), dt.date(2026, 1, 15)),
        (dt.date(2026, 2, 1), dt.date(2026, 2, 1)),
    ],
)
def test_the_last_day_on_which_anything_can_have_happened(
    monkeypatch: pytest.MonkeyPatch, data_date: dt.date | None, expected: dt.date
) -> None:
    monkeypatch.setattr(clock, "utc_now", lambda: LATE_EVENING_IN_LONDON)

    assert clock.today(data_date) == expected


def test_moments_of_the_store_are_shown_as_clocks_in_viet_nam_show_them() -> None:
    assert clock.local_time(LATE_EVENING_IN_LONDON) == dt.datetime(2026, 1, 15, 1, 30)
    column = pl.DataFrame({"at": [LATE_EVENING_IN_LONDON]}).select(clock.local_time_expr(pl.col("at")))
    assert column.item() == dt.datetime(2026, 1, 15, 1, 30)
