"""Forecasts against the survival curve they come from, hand-worked rates, silences written out, and what came true."""

from __future__ import annotations

import dataclasses
import datetime as dt

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from kpi import facts
from kpi.estimators import hazards, survival
from kpi.facts import Facts
from kpi.register import Register
from kpi.studies import calibration, forecast
from tests.kpi.registers import AS_OF as ROWS_AS_OF
from tests.kpi.registers import Row, register_of
from tests.kpi.simulated import AS_OF, Law, simulate

D = dt.date
DAY = D(2024, 12, 1)


def later(day: dt.date, days: int) -> dt.date:
    return day + dt.timedelta(days=days)


def built(size: int, *, seed: int = 1, day: dt.date = DAY, law: Law | None = None) -> Facts:
    return facts.build(simulate(size, seed=seed, agencies=10, law=law), day)


# --- Rates and factors -----------------------------------------------------------------------------------------------


def test_rates_are_events_among_those_still_waiting() -> None:
    duration = np.array([0] * 10 + [2] * 30 + [5] * 60)
    cause = np.array([1] * 5 + [2] * 5 + [1] * 15 + [0] * 15 + [0] * 60)

    found = hazards.rates(duration, np.full(100, -1), cause, np.ones(100))

    assert found.events_by(np.array([0, 1, 2, 5])).tolist() == pytest.approx(
        [5 / 100, 5 / 100, 5 / 100 + 15 / 90] + [5 / 100 + 15 / 90]
    )
    assert found.endings_by(np.array([0, 5])).tolist() == pytest.approx([5 / 100, 5 / 100])
    # beyond what was seen: the average over the last twenty events, which came in 100 + 90 + 90 + 60 + 60 + 60 days
    assert found.events_by(np.array([7]))[0] == pytest.approx(5 / 100 + 15 / 90 + 2 * 20 / 460)


def test_what_came_under_observation_late_is_at_risk_only_from_then() -> None:
    duration, cause = np.array([5] * 40 + [9] * 40), np.array([1] * 4 + [0] * 36 + [1] * 40)
    entry = np.array([-1] * 40 + [6] * 40)

    found = hazards.rates(duration, entry, cause, np.ones(80))

    assert found.events_by(np.array([5]))[0] == pytest.approx(4 / 40)
    assert found.events_by(np.array([9]))[0] == pytest.approx(4 / 40 + 40 / 40)


def test_kinds_that_differ_no_more_than_chance_get_no_factor_of_their_own() -> None:
    cases = pl.DataFrame({"sector": ["A"] * 50 + ["B"] * 50, "events": [1, 0] * 50, "expected": [0.5] * 100})

    found = hazards.factors(cases, [("sector",)])

    assert found.of(cases).tolist() == [1.0] * 100
    assert found.variance_of(cases).tolist() == [0.0] * 100


def test_a_factor_is_drawn_in_the_more_the_fewer_events_it_rests_on() -> None:
    cases = pl.DataFrame(
        {
            "sector": ["large"] * 200 + ["small"] * 2 + ["slow"] * 200,
            "events": [1] * 160 + [0] * 40 + [1, 1] + [1] * 40 + [0] * 160,
            "expected": [0.5] * 402,
        }
    )

    factor = hazards.factors(cases, [("sector",)]).of(pl.DataFrame({"sector": ["large", "small", "slow", "unseen"]}))

    assert factor[0] == pytest.approx(1.6, abs=0.03)
    assert factor[2] == pytest.approx(0.4, abs=0.03)
    assert 1 < factor[1] < 1.6  # two of two, at a ratio of 2
    assert factor[3] == 1.0


# --- Starting --------------------------------------------------------------------------------------------------------


def test_without_factors_the_chance_is_that_of_the_incidence_curve_given_the_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(forecast, "START_WINDOW", 100_000)  # the curve knows all waits
    found = built(4000)

    cases = forecast.starts(found, later(DAY, 180), groupings=()).cases

    lived = found.agreements.filter(pl.col("duration_days").is_not_null()).with_columns(
        cause=pl.when("duration_observed").then(1).when("is_void").then(2).otherwise(0)
    )
    curve = survival.cumulative_incidence_by(lived, by=[], duration="duration_days", cause="cause")
    wide = curve.pivot(on="cause", on_columns=[1, 2], index="time", values="incidence")
    for waited in (0, 30, 200, 400):
        case = cases.filter(pl.col("waited_days") >= waited).sort("waited_days").row(0, named=True)
        now, then = (wide.filter(pl.col("time") <= case["waited_days"] + days).row(-1) for days in (0, 180))
        expected = (then[1] - now[1]) / (1 - now[1] - now[2])
        assert case["probability"] == pytest.approx(expected, abs=0.01)


def test_every_open_agreement_that_has_not_started_is_forecast_and_no_other() -> None:
    found = built(600)

    cases = forecast.starts(found, later(DAY, 90)).cases

    waiting = found.agreements.filter(pl.col("is_open") & ~pl.col("is_started"))
    assert sorted(cases["agreement_id"]) == sorted(waiting["agreement_id"])
    assert cases["probability"].is_between(0, 1).all()


def test_a_longer_horizon_never_makes_a_start_less_likely() -> None:
    found = built(600)

    near, far = (forecast.starts(found, later(DAY, days)).cases["probability"] for days in (30, 300))

    assert (far >= near).all()


def test_faster_sectors_and_tiers_have_the_better_chance() -> None:
    found = built(4000, law=Law(sector_rates=(3.0, 0.3, 1.0, 1.0, 1.0, 1.0)))

    cases = forecast.starts(found, later(DAY, 180)).cases

    means = dict(cases.group_by("sector").agg(pl.col("probability").mean()).rows())
    assert means["ECO"] > 0.8
    assert means["INF"] < 0.3


def test_groups_add_up_to_the_whole_and_their_limits_are_whole_numbers_within_what_is_possible() -> None:
    forecasts = forecast.starts(built(900), later(DAY, 180))

    whole = forecasts.expected().row(0, named=True)
    parts = forecasts.expected(["agency"])

    assert parts["expected"].sum() == pytest.approx(whole["expected"])
    assert parts["waiting"].sum() == whole["waiting"]
    assert 0 <= whole["low"] <= whole["expected"] <= whole["high"] <= whole["waiting"]
    assert parts.filter((pl.col("low") < 0) | (pl.col("high") > pl.col("waiting"))).is_empty()
    assert forecasts.expected(level=0.5).row(0, named=True)["high"] < whole["high"]


def test_nothing_to_forecast_and_days_already_past_are_defined() -> None:
    empty = facts.build(Register(), DAY)

    assert forecast.starts(empty, later(DAY, 90)).expected().rows() == [(0, 0.0, 0, 0)]
    assert forecast.starts(empty, later(DAY, 90)).expected(["agency"]).is_empty()
    assert forecast.stalls(forecast.silences(Register()), empty, later(DAY, 90)).is_empty()
    with pytest.raises(ValueError, match="after 2024-12-01"):
        forecast.starts(empty, DAY)


def test_a_register_in_which_nothing_has_started_foresees_nothing() -> None:
    rows = [Row(id=number, signed=D(2025, 1, number)) for number in range(1, 20)]

    found = forecast.starts(facts.build(register_of(rows), ROWS_AS_OF), later(ROWS_AS_OF, 90)).expected()

    assert found.rows() == [(19, 0.0, 0, 0)]


# --- Stalling --------------------------------------------------------------------------------------------------------


def test_silences_are_read_from_milestones_and_reports_of_more_than_ever() -> None:
    row = Row(
        id=1,
        signed=D(2025, 1, 1),
        events=[("IN_PROGRESS", D(2025, 3, 1)), ("COMPLETED", D(2025, 9, 1))],
        reports=[
            {"received": D(2025, 2, 1), "shows_progress": True, "pct": 10.0},
            {"received": D(2025, 4, 1), "shows_progress": False, "pct": 20.0},
            {"received": D(2025, 5, 1), "shows_progress": True, "pct": 20.0},
            {"received": D(2025, 6, 1), "shows_progress": True},
            {"received": D(2025, 7, 1), "shows_progress": True, "pct": 30.0},
        ],
    )
    waiting = Row(id=2, signed=D(2025, 12, 25))
    register = register_of([row, waiting])

    found = forecast._lived(forecast.silences(register), facts.build(register, ROWS_AS_OF))

    assert found.select("state", "duration", "cause", "next").rows() == [
        ("SIGNED", 59, 1, "IN_PROGRESS"),
        ("IN_PROGRESS", 122, 1, "IN_PROGRESS"),
        ("IN_PROGRESS", 62, 2, "COMPLETED"),
        ("SIGNED", 20, 0, None),
    ]


def test_an_agreement_that_cannot_have_been_silent_long_enough_will_not_be_stalled() -> None:
    register = simulate(900, seed=4, agencies=10)
    found = facts.build(register, DAY)

    chances = forecast.stalls(forecast.silences(register), found, later(DAY, 60))

    too_soon = chances.filter(pl.col("silent_days") + 60 < pl.col("stall_limit"))
    assert too_soon.height > 50
    assert (too_soon["probability"] == 0).all()
    assert chances["probability"].is_between(0, 1).all()
    assert sorted(chances["agreement_id"]) == sorted(found.agreements.filter("is_open")["agreement_id"])


def test_chances_of_silence_equal_a_simulation_of_silences() -> None:
    """Progress comes with probability 1 % a day, an end with 0.2 %: every path walked day by day."""
    rates = hazards.Rates(
        event=np.arange(401) * -np.log(0.99),
        ending=np.arange(401) * -np.log(0.998),
        event_tail=0.0,
        ending_tail=0.0,
        noise=np.zeros(401),
        tail_noise=0.0,
    )
    random = np.random.Generator(np.random.PCG64(8))
    walks, horizon, limit, silent = 20_000, 300, 90, 50
    length, over = np.full(walks, silent), np.zeros(walks, dtype=bool)
    for _ in range(horizon):
        draw = random.random(walks)
        ends, moves = draw < 0.002, (draw >= 0.002) & (draw < 0.012)
        over |= ends
        length = np.where(moves, 0, length + 1)

    kind = forecast._Silence(rates, np.ones(1), limit, {"SIGNED": 1.0})
    later = forecast._stalled_after({"SIGNED": kind}, horizon)["SIGNED"]
    chance = kind.chance(np.array([0]), np.array([silent]), later, horizon)

    assert chance[0] == pytest.approx((~over & (length >= limit)).mean(), abs=0.015)


# --- Back-test -------------------------------------------------------------------------------------------------------


def test_days_of_the_back_test_are_quarter_ends_whose_horizon_has_passed() -> None:
    assert calibration.earlier_days(D(2026, 1, 14), horizon_days=90, count=3) == [
        D(2025, 3, 31),
        D(2025, 6, 30),
        D(2025, 9, 30),
    ]
    assert calibration.earlier_days(D(2025, 12, 31), horizon_days=92, count=1) == [D(2025, 9, 30)]


def test_a_back_test_sets_each_forecast_beside_what_came_and_knows_nothing_of_it() -> None:
    register = simulate(900, seed=5, agencies=10)
    found = calibration.back_test(register, [DAY], horizon_days=90)

    # what the register learned after the day of the forecast changes no probability
    known_then = dataclasses.replace(
        register,
        status_events=register.status_events.filter(pl.col("effective_on") <= DAY),
        reports=register.reports.filter(pl.col("reported_on") <= DAY),
    )
    alone = forecast.starts(facts.build(known_then, DAY), later(DAY, 90)).cases.sort("agreement_id")
    starts = found.cases.filter(kind=calibration.STARTED).sort("agreement_id")
    assert starts["probability"].to_list() == pytest.approx(alone["probability"].to_list(), abs=1e-12)
    total = found.totals.row(0, named=True)
    came = facts.build(register, later(DAY, 90)).agreements.filter(
        pl.col("agreement_id").is_in(starts["agreement_id"].implode()) & pl.col("is_started")
    )
    assert total["happened"] == came.height
    assert total["held"] == (total["low"] <= came.height <= total["high"])


def test_back_tests_of_single_days_and_kinds_make_up_that_of_all() -> None:
    register, days = simulate(300, seed=6, agencies=5), calibration.earlier_days(AS_OF, horizon_days=90, count=2)
    whole = calibration.back_test(register, days, horizon_days=90)
    tests = [
        calibration.back_test(register, [day], horizon_days=90, kinds=[kind])
        for day in days
        for kind in (calibration.STARTED, calibration.STALLED)
    ]

    found = calibration.together(tests, horizon_days=90)

    for name in ("cases", "totals", "agencies"):
        assert_frame_equal(getattr(found, name), getattr(whole, name), rel_tol=1e-11, check_row_order=False)


def test_the_calibration_table_counts_every_case_once() -> None:
    days = calibration.earlier_days(AS_OF, horizon_days=180, count=4)
    found = calibration.back_test(simulate(900, seed=6, agencies=10), days, horizon_days=180)

    for kind in (calibration.STARTED, calibration.STALLED):
        table = found.table(kind)
        assert table["n"].sum() == found.cases.filter(kind=kind).height
        assert table.filter((pl.col("forecast") < pl.col("from")) | (pl.col("forecast") > pl.col("to"))).is_empty()
        brier, skill = found.score(kind)
        assert brier is not None
        assert 0 < brier < 0.25
        assert skill is not None


def test_a_perfect_and_a_useless_forecast_score_as_such() -> None:
    cases = pl.DataFrame(
        {
            "as_of": [DAY] * 4,
            "kind": [calibration.STARTED] * 4,
            "agreement_id": [1, 2, 3, 4],
            "probability": [1.0, 1.0, 0.0, 0.0],
            "happened": [True, True, False, False],
        }
    )
    none = calibration.back_test(Register(), [DAY], horizon_days=90)

    perfect = dataclasses.replace(none, cases=cases)
    useless = dataclasses.replace(none, cases=cases.with_columns(probability=pl.lit(0.5)))

    assert perfect.score(calibration.STARTED) == (0.0, 1.0)
    assert useless.score(calibration.STARTED) == (0.25, 0.0)
    assert none.score(calibration.STARTED) == (None, None)
    assert none.table(calibration.STARTED).is_empty()


# --- Whether a chance may be shown -----------------------------------------------------------------------------------


def judged(chance: hazards.Floats, came: npt.NDArray[np.bool_]) -> calibration.Calibration:
    cases = pl.DataFrame(
        {
            "as_of": [DAY] * len(chance),
            "kind": [calibration.STALLED] * len(chance),
            "agreement_id": range(len(chance)),
            "probability": chance,
            "happened": came,
        }
    )
    empty = calibration.back_test(Register(), [], horizon_days=90)
    return dataclasses.replace(empty, cases=cases).calibration(calibration.STALLED)


def test_chances_that_come_true_as_they_say_have_slope_one_and_may_be_shown() -> None:
    random = np.random.Generator(np.random.PCG64(3))
    chance = random.uniform(0.05, 0.95, 4000)

    found = judged(chance, random.random(4000) < chance)

    assert found.slope == pytest.approx(1.0, abs=0.1)
    assert found.expected == pytest.approx(chance.mean())
    assert found.is_good


def test_chances_that_are_too_extreme_or_off_or_too_few_are_not_shown() -> None:
    random = np.random.Generator(np.random.PCG64(4))
    truth = random.uniform(0.3, 0.7, 4000)
    came = random.random(4000) < truth
    odds = np.log(truth / (1 - truth))

    extreme = judged(1 / (1 + np.exp(-4 * odds)), came)
    off = judged(1 / (1 + np.exp(-(odds - 1))), came)
    few = judged(truth[:80], came[:80])

    assert extreme.slope == pytest.approx(0.25, abs=0.05)
    assert off.slope == pytest.approx(1.0, abs=0.2)
    assert not any(found.is_good for found in (extreme, off, few))


def test_forecasts_that_are_decided_are_no_proof() -> None:
    chance = np.repeat([0.0, 1.0], 500)

    found = judged(chance, chance == 1)

    assert (found.n, found.expected, found.slope, found.brier) == (0, None, None, 0.0)
    assert not found.is_good
    told_apart = judged(np.repeat([0.2, 0.8], 100), np.repeat([False, True], 100))
    assert told_apart.slope is None
    assert not told_apart.is_good


def test_reporting_began_with_the_first_report_of_an_agreement_that_counts() -> None:
    register = simulate(50, seed=1)
    first = register.reports.sort("reported_on").row(0, named=True)

    without = dataclasses.replace(
        register, agreements=register.agreements.filter(pl.col("id") != first["agreement_id"])
    )

    assert calibration.reporting_began(register) == first["reported_on"]
    began = calibration.reporting_began(without)
    assert began is not None
    assert began >= first["reported_on"]
    assert calibration.reporting_began(Register()) is None
