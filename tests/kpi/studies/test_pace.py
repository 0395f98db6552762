"""The pace of the last half year against what was expected of it, and forecasts of agreements that start together."""

from __future__ import annotations

import dataclasses
import datetime as dt

import numpy as np
import polars as pl
import pytest

from kpi import facts
from kpi.facts import Facts
from kpi.studies import forecast, pace
from kpi.studies.calibration import STALLED, BackTest, back_test
from tests.kpi.simulated import Law, simulate

DAY = dt.date(2025, 3, 31)
ALIKE = Law(visit_size=15, visit_spread=1.0)


def foreseen(law: Law) -> tuple[forecast.Forecast, Facts]:
    found = facts.build(simulate(900, seed=4, agencies=20, law=law), DAY)
    return forecast.starts(found, DAY + dt.timedelta(days=180)), found


def test_agreements_of_one_exchange_that_start_together_make_the_number_less_certain() -> None:
    found, _ = foreseen(ALIKE)
    apart = dataclasses.replace(found, together=forecast.Together(0.0, 1.0))
    by_itself, _ = foreseen(dataclasses.replace(ALIKE, visit_size=0))

    assert by_itself.together == forecast.Together(0.0, 1.0)
    assert 0.4 < found.together.variance < 1.6
    (wide,), (narrow,) = (one.expected().select(pl.col("high") - pl.col("low"))["high"] for one in (found, apart))
    assert wide > 1.3 * narrow
    assert found.expected()["expected"].item() == apart.expected()["expected"].item()


def test_what_starting_together_is_worth_is_what_pairs_of_one_exchange_say() -> None:
    """Two exchanges of two: both started, though half a start was expected of each; neither did."""
    lived = pl.DataFrame({"exchange": ["A", "A", "B", "B", None], "cause": [1, 1, 0, 0, 1]})

    found = forecast.Together.fitted(lived, np.full(5, 0.5))

    pairs = (1.0**2 - 2 * 0.25) + (1.0**2 - 2 * 0.25)
    room = 2 * (1.0**2 - 2 * 0.25)
    assert found.variance == pytest.approx(pairs / room)
    assert found.inflation == pytest.approx(1 + pairs / 2.5)


def test_a_pace_that_is_kept_is_no_change_and_one_that_stops_is() -> None:
    register = simulate(900, seed=4, agencies=20)
    kept = pace.of_starts(back_test(register, [DAY], horizon_days=pace.DAYS))
    stopped = dataclasses.replace(register, status_events=register.status_events.filter(pl.col("effective_on") <= DAY))
    changed = pace.of_starts(back_test(stopped, [DAY], horizon_days=pace.DAYS))

    assert kept is not None
    assert changed is not None
    assert not kept.has_changed
    assert (changed.happened, changed.has_changed) == (0, True)
    assert changed.expected == pytest.approx(kept.expected)


def stalled(happened: list[bool], exchanges: list[str | None]) -> pace.Pace:
    cases = pl.DataFrame(
        {
            "as_of": DAY,
            "kind": STALLED,
            "agreement_id": range(len(happened)),
            "exchange": pl.Series(exchanges, dtype=pl.String),
            "probability": 0.5,
            "happened": happened,
        }
    )
    found = pace.of_stalls(BackTest(180, cases, pl.DataFrame()))
    assert found is not None
    return found


def test_limits_of_stalling_widen_with_exchanges_whose_agreements_stall_together() -> None:
    happened = [True] * 40 + [False] * 60
    alone = stalled(happened, [None] * 100)
    together = stalled(happened, [f"V{number // 10}" for number in range(100)])

    # About the mean stray of -0.1: forty of 0.6 and sixty of -0.4; by tens, four of 6 and six of -4.
    spread = np.sqrt(40 * 0.36 + 60 * 0.16)
    assert (alone.expected, alone.happened) == (50, 40)
    assert alone.high - 50 == pytest.approx(1.959964 * spread, abs=1e-4)
    assert together.high - 50 == pytest.approx(1.959964 * np.sqrt(4 * 36 + 6 * 16), abs=1e-4)
    assert alone.has_changed
    assert not together.has_changed
    assert not stalled([True] * 46 + [False] * 54, [None] * 100).has_changed


def test_limits_by_agency_must_hold_nine_times_in_ten() -> None:
    def tested(held: int) -> BackTest:
        return BackTest(
            365, pl.DataFrame(), pl.DataFrame(), pl.DataFrame({"held": [True] * held + [False] * (10 - held)})
        )

    assert [tested(held).limits_hold for held in (8, 9, 10)] == [False, True, True]
    assert not BackTest(365, pl.DataFrame(), pl.DataFrame()).limits_hold
