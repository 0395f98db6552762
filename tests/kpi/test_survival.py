"""Kaplan-Meier against worked numbers, exact fractions, scipy and lifelines."""

from __future__ import annotations

import hypothesis.strategies as st
import polars as pl
import pytest
import scipy.stats
from hypothesis import given, settings

from kpi import survival
from tests.kpi import recomputed

DURATIONS = [30, 60, 60, 90, 120, 150, 180, 240, 300, 365]
OBSERVED = [1, 1, 0, 1, 1, 0, 1, 0, 1, 0]

cases = st.lists(st.tuples(st.integers(0, 30), st.booleans()), min_size=1, max_size=40)


def test_the_worked_curve_has_the_worked_values() -> None:
    curve = survival.kaplan_meier(DURATIONS, OBSERVED)

    at_events = curve.filter(pl.col("events") > 0)
    expected = {30: 0.9, 60: 0.8, 90: 0.685714, 120: 0.571429, 180: 0.428571, 300: 0.214286}
    assert dict(at_events.select("time", pl.col("survival").round(6)).rows()) == expected
    limits = survival.medians(curve, by=[]).row(0, named=True)
    assert (limits["median"], limits["low"], limits["high"]) == (180, 30, None)
    assert survival.rmst(DURATIONS, OBSERVED, tau=180) == pytest.approx(135.857143, abs=1e-6)
    assert survival.rmst(DURATIONS, OBSERVED, tau=365) == pytest.approx(201.214286, abs=1e-6)


def test_a_median_not_reached_is_undefined() -> None:
    assert survival.median([20, 40, 60, 80, 100], [1, 1, 0, 0, 0]) is None
    assert survival.rmst([20, 40, 60, 80, 100], [1, 1, 0, 0, 0], tau=100) == pytest.approx(72.0)


def test_no_cases_all_waiting_and_zero_days_are_defined() -> None:
    assert survival.kaplan_meier([], []).is_empty()
    assert survival.median([], []) is None
    assert survival.rmst([], [], tau=10) is None
    assert survival.median([5, 7], [0, 0]) is None
    assert survival.median([0, 0], [1, 1]) == 0
    assert survival.rmst([5, 7], [0, 0], tau=10) is None


@settings(max_examples=200, deadline=None)
@given(cases)
def test_medians_equal_exact_fractions_ties_at_one_half_included(sample: list[tuple[int, bool]]) -> None:
    durations, observed = zip(*sample, strict=True)

    assert survival.median(durations, observed) == recomputed.median(sample)


@settings(max_examples=100, deadline=None)
@given(cases)
def test_survival_equals_scipy(sample: list[tuple[int, bool]]) -> None:
    durations, observed = zip(*sample, strict=True)
    known = [time for time, seen in sample if seen]
    waiting = [time for time, seen in sample if not seen]

    curve = survival.kaplan_meier(durations, observed)
    theirs = scipy.stats.ecdf(scipy.stats.CensoredData(uncensored=known, right=waiting)).sf

    assert curve["survival"].to_list() == pytest.approx(theirs.evaluate(curve["time"].to_list()).tolist(), abs=1e-9)


@settings(max_examples=50, deadline=None)
@given(cases)
def test_survival_and_limits_equal_lifelines(sample: list[tuple[int, bool]]) -> None:
    lifelines = pytest.importorskip("lifelines")
    durations, observed = zip(*sample, strict=True)

    curve = survival.kaplan_meier(durations, observed)
    fitted = lifelines.KaplanMeierFitter().fit(durations, observed)

    theirs = fitted.survival_function_at_times(curve["time"].to_list()).to_list()
    assert curve["survival"].to_list() == pytest.approx(theirs, abs=1e-9)
    bounds = fitted.confidence_interval_
    for row in curve.filter((pl.col("survival") > 1e-9) & (pl.col("survival") < 1 - 1e-9)).iter_rows(named=True):
        low, high = bounds.loc[: row["time"]].iloc[-1]
        assert (row["low"], row["high"]) == (pytest.approx(low, abs=1e-6), pytest.approx(high, abs=1e-6))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 30), st.booleans()), min_size=1, max_size=60))
def test_all_groups_in_one_pass_equal_one_at_a_time(sample: list[tuple[str, int, bool]]) -> None:
    frame = pl.DataFrame(sample, schema=["group", "days", "seen"], orient="row")

    curve = survival.kaplan_meier_by(frame, by=["group"], duration="days", observed="seen")
    together = dict(survival.medians(curve, by=["group"]).select("group", "median").rows())

    for group in {name for name, _, _ in sample}:
        mine = [(time, seen) for name, time, seen in sample if name == group]
        assert together[group] == recomputed.median(mine)
