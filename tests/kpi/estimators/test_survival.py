"""Kaplan-Meier against worked numbers, exact fractions, scipy and lifelines."""

from __future__ import annotations

import math
import statistics
import warnings
from fractions import Fraction
from random import Random

import hypothesis.strategies as st
import lifelines
import lifelines.statistics
import polars as pl
import pytest
import scipy.stats
from hypothesis import given, settings

from kpi.estimators import survival
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


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(cases)
def test_medians_equal_exact_fractions_ties_at_one_half_included(sample: list[tuple[int, bool]]) -> None:
    durations, observed = zip(*sample, strict=True)

    assert survival.median(durations, observed) == recomputed.median(sample)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(-2, 3), st.integers(0, 12), st.booleans()), max_size=60))
def test_many_medians_at_once_equal_exact_fractions_ties_at_one_half_included(
    sample: list[tuple[int, int, bool]],
) -> None:
    cases = pl.DataFrame(sample, schema={"group": pl.Int64, "time": pl.Int64, "seen": pl.Boolean}, orient="row")
    counts = cases.group_by("group", "time").agg(
        events=pl.col("seen").sum().cast(pl.Int64), leaving=pl.len().cast(pl.Int64)
    )

    found = survival.median_times(counts, by="group")

    of = {group: [case[1:] for case in sample if case[0] == group] for group in sorted({case[0] for case in sample})}
    assert found.rows() == [(group, recomputed.median(own), max(own)[0]) for group, own in of.items()]
    assert found.schema == dict.fromkeys(("group", "median", "follow_up"), pl.Int64)


@settings(max_examples=100, deadline=None)
@given(cases)
def test_survival_equals_scipy(sample: list[tuple[int, bool]]) -> None:
    durations, observed = zip(*sample, strict=True)
    known = [time for time, seen in sample if seen]
    waiting = [time for time, seen in sample if not seen]

    curve = survival.kaplan_meier(durations, observed)
    theirs = scipy.stats.ecdf(scipy.stats.CensoredData(uncensored=known, right=waiting)).sf

    assert curve["survival"].to_list() == pytest.approx(theirs.evaluate(curve["time"].to_list()).tolist(), abs=1e-9)


@pytest.mark.slow
@settings(max_examples=50, deadline=None)
@given(cases)
def test_survival_and_limits_equal_lifelines(sample: list[tuple[int, bool]]) -> None:
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


# --- Sums, means, competing events -----------------------------------------------------------------------------------

competing = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 2)), min_size=1, max_size=40)


def incidence_by_hand(sample: list[tuple[int, int]], cause: int) -> dict[int, Fraction]:
    """The share that has had the event by each time, in exact fractions, one time after the other."""
    waiting, incidence, results = Fraction(1), Fraction(0), {}
    for time in sorted({time for time, _ in sample}):
        at_risk = sum(1 for other, _ in sample if other >= time)
        here = [which for other, which in sample if other == time and which > 0]
        incidence += waiting * Fraction(here.count(cause), at_risk)
        waiting *= Fraction(at_risk - len(here), at_risk)
        results[time] = incidence
    return results


@settings(max_examples=60, deadline=None)
@given(competing)
def test_incidence_of_competing_events_equals_exact_fractions(sample: list[tuple[int, int]]) -> None:
    durations, causes = zip(*sample, strict=True)

    curve = survival.cumulative_incidence(durations, causes)

    for cause in {which for _, which in sample if which > 0}:
        ours = dict(curve.filter(pl.col("cause") == cause).select(pl.col("time").cast(pl.Int64), "incidence").rows())
        expected = incidence_by_hand(sample, cause)
        assert ours.keys() == expected.keys()
        assert all(ours[time] == pytest.approx(float(expected[time]), abs=1e-12) for time in expected)


@pytest.mark.slow
@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 2), min_size=3, max_size=30), st.randoms(use_true_random=False))
def test_incidence_and_its_limits_equal_lifelines(causes: list[int], random: Random) -> None:
    times = list(range(1, len(causes) + 1))  # lifelines moves tied times about at random
    random.shuffle(times)
    if 1 not in causes:
        causes[0] = 1

    ours = survival.cumulative_incidence(times, causes).filter(pl.col("cause") == 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = lifelines.AalenJohansenFitter().fit(times, causes, event_of_interest=1)

    theirs = fitted.cumulative_density_.iloc[:, 0].loc[ours["time"].to_list()].to_list()
    assert ours["incidence"].to_list() == pytest.approx(theirs, abs=1e-9)
    # its columns are named the wrong way round, and empty once nobody is left
    for row, limits in zip(ours.iter_rows(named=True), fitted.confidence_interval_.iloc[1:].to_numpy(), strict=True):
        if not math.isnan(limits[0]) and 1e-6 < row["incidence"] < 1 - 1e-6:
            assert (row["low"], row["high"]) == (pytest.approx(min(limits)), pytest.approx(max(limits)))


def test_going_on_waiting_after_a_competing_end_gives_the_share_that_started() -> None:
    """Whoever ended otherwise waits until the last day looked at: the curve's complement is then the incidence, as everybody
    could have been followed for as long."""
    chance = Random(11)
    horizon = 400
    starts = [(chance.randrange(1, 900), chance.randrange(1, 900)) for _ in range(80)]
    first = [
        (min(start, end, horizon), 0 if min(start, end) > horizon else 1 if start <= end else 2)
        for start, end in starts
    ]

    incidence = survival.cumulative_incidence([time for time, _ in first], [cause for _, cause in first])
    waiting = survival.kaplan_meier(
        [time if cause == 1 else horizon for time, cause in first], [cause == 1 for _, cause in first]
    )

    started = dict(
        incidence.filter((pl.col("cause") == 1) & (pl.col("events") > 0)).select("time", "incidence").iter_rows()
    )
    stayed = dict(waiting.filter(pl.col("events") > 0).select("time", "survival").iter_rows())
    assert len(started) > 10
    assert {time: 1 - share for time, share in stayed.items()} == pytest.approx(started, abs=1e-9)


def test_what_has_started_ended_or_still_waits_makes_up_the_whole() -> None:
    times, causes = [3, 5, 5, 8, 9, 12, 14], [1, 2, 0, 1, 1, 2, 0]

    shares = survival.cumulative_incidence(times, causes).group_by("time").agg(pl.col("incidence").sum()).sort("time")
    waiting = survival.kaplan_meier(times, [cause > 0 for cause in causes])["survival"]

    assert (shares["incidence"] + waiting).to_list() == pytest.approx([1.0] * len(waiting))


def test_no_cases_or_no_events_give_no_incidence() -> None:
    assert survival.cumulative_incidence([], []).is_empty()
    assert survival.cumulative_incidence([4, 7], [0, 0]).is_empty()


def test_all_causes_are_there_for_every_agency() -> None:
    frame = pl.DataFrame({"agency": ["A", "A", "B"], "days": [4, 6, 5], "cause": [1, 0, 2]})

    curve = survival.cumulative_incidence_by(frame, by=["agency"], duration="days", cause="cause")

    last = curve.group_by("agency", "cause", maintain_order=True).agg(pl.col("incidence").last())
    assert last.rows() == [("A", 1, 0.5), ("A", 2, 0.0), ("B", 1, 0.0), ("B", 2, 1.0)]


@settings(max_examples=40, deadline=None)
@given(cases, cases)
def test_counts_of_parts_add_up_to_the_curve_of_the_whole(
    one: list[tuple[int, bool]], two: list[tuple[int, bool]]
) -> None:
    def counts(sample: list[tuple[int, bool]]) -> pl.DataFrame:
        frame = pl.DataFrame(sample, schema=["time", "seen"], orient="row")
        return frame.group_by("time").agg(events=pl.col("seen").cast(pl.Int64).sum(), leaving=pl.len().cast(pl.Int64))

    summed = pl.concat([counts(one), counts(two)]).group_by("time").agg(pl.col("events", "leaving").sum())
    durations, observed = zip(*one, *two, strict=True)

    whole = survival.kaplan_meier(durations, observed)
    assert survival.curves(summed, by=[])["survival"].to_list() == pytest.approx(whole["survival"].to_list(), abs=1e-12)


def test_a_mean_that_is_all_observed_has_the_standard_error_of_a_plain_mean() -> None:
    waits = [10, 20, 30, 50, 90]
    curve = survival.kaplan_meier(waits, [1] * 5)

    found = survival.restricted_means(curve, by=[], tau=100).row(0, named=True)

    assert found["rmst"] == pytest.approx(40.0)
    assert found["standard_error"] == pytest.approx(statistics.pstdev(waits) / 5**0.5)
    assert found["low"] < 40 < found["high"]


# --- Tests between groups --------------------------------------------------------------------------------------------

grouped = st.lists(st.tuples(st.integers(0, 15), st.booleans(), st.sampled_from("abc")), min_size=6, max_size=50)


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(grouped)
def test_the_log_rank_test_equals_lifelines(sample: list[tuple[int, bool, str]]) -> None:
    durations, observed, groups = zip(*sample, strict=True)

    ours = survival.log_rank(durations, observed, groups)

    # lifelines counts degrees of freedom by groups even where a group never was at risk: compare where all were
    if ours.p_value is not None and ours.degrees == len(set(groups)) - 1:
        theirs = lifelines.statistics.multivariate_logrank_test(durations, groups, observed)
        assert ours.statistic == pytest.approx(theirs.test_statistic, abs=1e-9)
        assert ours.p_value == pytest.approx(theirs.p_value, abs=1e-9)
        assert ours.groups["observed"].sum() == pytest.approx(ours.groups["expected"].sum())


@settings(max_examples=30, deadline=None)
@given(grouped)
def test_each_group_against_the_rest_equals_a_test_of_two_groups(sample: list[tuple[int, bool, str]]) -> None:
    frame = pl.DataFrame(sample, schema=["days", "seen", "group"], orient="row")

    for row in survival.log_rank_against_rest(frame, group="group", duration="days", observed="seen").iter_rows(
        named=True
    ):
        ours_or_not = [group == row["group"] for group in frame["group"]]
        alone = survival.log_rank(frame["days"].to_list(), frame["seen"].to_list(), ours_or_not)
        if alone.p_value is not None:
            assert row["statistic"] == pytest.approx(alone.statistic, abs=1e-9)
            assert row["p_value"] == pytest.approx(alone.p_value, abs=1e-9)


def test_the_log_rank_test_within_every_agency() -> None:
    frame = pl.DataFrame(
        {
            "agency": ["A"] * 6 + ["B"] * 2,
            "cohort": ["old", "old", "old", "new", "new", "new", "old", "old"],
            "days": [90, 120, 150, 10, 20, 30, 40, 50],
            "seen": [True] * 8,
        }
    )

    found = survival.log_rank_by(frame, by=["agency"], group="cohort", duration="days", observed="seen")

    alone = survival.log_rank([90, 120, 150, 10, 20, 30], [True] * 6, ["old"] * 3 + ["new"] * 3)
    assert found["agency"].to_list() == ["A", "B"]
    assert found["p_value"].to_list() == [pytest.approx(alone.p_value), None]


def test_nothing_to_compare_gives_no_p_value() -> None:
    assert survival.log_rank([], [], []).p_value is None
    assert survival.log_rank([5, 6], [1, 1], ["a", "a"]).p_value is None
    assert survival.log_rank([5, 6], [0, 0], ["a", "b"]).p_value is None
