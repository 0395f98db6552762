"""Does it do what it says? Registers whose truth is known, and how often limits hold it.

Each test prints what it measured: `pytest -s tests/kpi/estimators/test_interval_coverage.py` lists the figures that
docs/statistics.md quotes. Seeds are fixed: a test that passes once passes always.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl
import pytest
import scipy.stats

from kpi import facts
from kpi.estimators import survival
from kpi.indicators import scorecard
from kpi.studies import calibration, case_mix, cohorts, forecast, rank_sets
from kpi.vocabulary import Band
from tests.kpi.simulated import AS_OF, Law, simulate


def measured(what: str, value: object) -> None:
    """Show a figure to whoever runs the tests with `-s`."""
    print(f"{what}: {value}")


def random_of(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


def registers(count: int, size: int, *days: dt.date, law: Law, **options: Any) -> Iterator[tuple[facts.Facts, ...]]:
    """So many registers of one law, `size` agreements each, as of each of the days: larger ones are folded and taken apart
    again, as no agreement of a simulated register knows of another."""
    for first in range(0, count, AT_ONCE):
        several = min(AT_ONCE, count - first)
        history = facts.History.of(simulate(several * size, seed=first, law=law, **options))
        folded = [facts.build(history, day) for day in days]
        for number in range(several):
            own = (pl.col("agreement_id") - 1) // size == number
            yield tuple(found.where(own) for found in folded)


AT_ONCE = 25


# --- Shares, places, funnels -----------------------------------------------------------------------------------------


def test_intervals_of_shares_hold_the_share() -> None:
    """No simulation needed: the sum over all outcomes, averaged over shares from 5 to 95 %."""
    shares, held = np.linspace(0.05, 0.95, 91), []
    for n in (5, 10, 20, 50, 200):
        limits = np.array(rank_sets.wilson(list(range(n + 1)), [n] * (n + 1)), dtype=float)
        chance = scipy.stats.binom.pmf(np.arange(n + 1), n, shares[:, None])
        inside = (limits[:, 0] <= shares[:, None]) & (shares[:, None] <= limits[:, 1])
        held.append(float((chance * inside).sum(axis=1).mean()))
    measured("wilson, n = 5, 10, 20, 50, 200", np.round(held, 3).tolist())

    assert min(held) > 0.945
    assert max(held) < 0.965


def test_shrunken_shares_are_nearer_the_truth_than_raw_or_pooled_ones() -> None:
    random, raw, shrunken, pooled = random_of(1), [], [], []
    for _ in range(400):
        truth = random.beta(12, 6, 20)
        n = random.integers(3, 80, 20)
        x = random.binomial(n, truth)
        estimates = np.array(rank_sets.shrink(x.tolist(), n.tolist()), dtype=float)
        raw.append(((x / n - truth) ** 2).mean())
        shrunken.append(((estimates - truth) ** 2).mean())
        pooled.append(((x.sum() / n.sum() - truth) ** 2).mean())
    errors = [100 * float(np.sqrt(np.mean(values))) for values in (raw, shrunken, pooled)]
    measured("error in points: raw, shrunken, pooled", np.round(errors, 1).tolist())

    assert errors[1] < 0.85 * min(errors[0], errors[2])


def test_sets_of_places_hold_the_true_place() -> None:
    """Twelve agencies, some equal, some far apart, with 8 to 120 agreements; each must be held at its own rate."""
    random = random_of(2)
    truth = np.array([0.92, 0.85, 0.85, 0.8, 0.75, 0.75, 0.7, 0.6, 0.6, 0.5, 0.35, 0.2])
    sizes = np.array([8, 60, 12, 120, 30, 30, 15, 80, 10, 50, 100, 20])
    # where agencies are equal any order of them is true: one of the places they share must be in the set
    first, last = 1 + (truth > truth[:, None]).sum(axis=1), (truth >= truth[:, None]).sum(axis=1)
    held, width = [], []
    for _ in range(2000):
        sets = np.array(rank_sets.rank_sets(random.binomial(sizes, truth).tolist(), sizes.tolist()))
        held.append((sets[:, 0] <= last) & (sets[:, 1] >= first))
        width.append((sets[:, 1] - sets[:, 0]).mean())
    rates = np.mean(held, axis=0)
    measured("rank sets: least and mean over agencies", np.round([rates.min(), rates.mean()], 3).tolist())
    measured("rank sets: mean width of twelve places", round(float(np.mean(width)), 1))

    assert rates.min() >= 0.95


def test_funnels_hold_what_differs_by_chance_and_show_what_does_not() -> None:
    """Alike agencies with 6 to 300 cases; then agencies that differ by four points more than chance makes them."""
    random, outside = random_of(3), []
    sizes = np.tile([6, 12, 25, 50, 100, 300], 20)
    for _ in range(50):
        places = rank_sets.funnel_position(random.binomial(sizes, 0.7).tolist(), sizes.tolist(), 0.7)
        outside.append([np.mean(np.abs(places) >= 1), np.mean(np.abs(places) >= 2)])
    rates = np.mean(outside, axis=0)
    measured("funnel: alike agencies outside the 95 % and the 99.8 % limits", np.round(rates, 4).tolist())
    wide = []
    for _ in range(100):
        n = random.integers(30, 150, 50).tolist()
        x = random.binomial(n, random.beta(35, 15, 50)).tolist()
        p0, phi = sum(x) / sum(n), rank_sets.overdispersion(x, n)
        wide.append([np.mean(np.abs(rank_sets.funnel_position(x, n, p0, phi=each)) >= 1) for each in (1.0, phi)])
    spread = np.mean(wide, axis=0)
    measured("funnel, overdispersed: outside 95 % without and with phi", np.round(spread, 3).tolist())

    assert 0.02 < rates[0] < 0.05
    assert rates[1] < 0.002
    assert spread[0] > 0.15
    assert spread[1] < 0.10


# --- Curves ----------------------------------------------------------------------------------------------------------


def test_limits_of_curves_medians_and_means_hold_the_truth() -> None:
    """1,000 samples of 60: exponential waits of mean 200 days, a competing end of mean 600, watched for up to 500 days."""
    random, samples, size = random_of(4), 1000, 60
    started = random.exponential(200, (samples, size))
    ended = random.exponential(600, (samples, size))
    watched = random.uniform(100, 500, (samples, size))
    wait = np.minimum(np.minimum(started, ended), watched)
    cause = np.where(wait == started, 1, np.where(wait == ended, 2, 0))
    frame = pl.DataFrame(
        {"sample": np.repeat(np.arange(samples), size), "wait": wait.ravel(), "cause": cause.ravel()}
    ).with_columns(seen=pl.col("cause") == 1)

    curve = survival.kaplan_meier_by(frame, by=["sample"], duration="wait", observed="seen")
    incidence = survival.cumulative_incidence_by(frame, by=["sample"], duration="wait", cause="cause")

    def share_that_hold(limits: pl.DataFrame, truth: float) -> float:
        inside = (pl.col("low").fill_null(0) <= truth) & (pl.col("high").fill_null(1e9) >= truth)
        return float(limits.select(inside.mean()).item())

    rate = 1 / 200 + 1 / 600
    at_150 = pl.col("time") <= 150
    figures = {
        "survival at 150 days": share_that_hold(
            curve.filter(at_150).group_by("sample").last(), float(np.exp(-150 / 200))
        ),
        "median": share_that_hold(survival.medians(curve, by=["sample"]), 200 * float(np.log(2))),
        "restricted mean to 300 days": share_that_hold(
            survival.restricted_means(curve, by=["sample"], tau=300).drop_nulls("rmst"), 200 * (1 - float(np.exp(-1.5)))
        ),
        "incidence at 150 days": share_that_hold(
            incidence.filter(at_150 & (pl.col("cause") == 1)).group_by("sample").last(),
            (1 - float(np.exp(-150 * rate))) / 200 / rate,
        ),
    }
    for name, held in figures.items():
        measured(f"limits of {name}", round(held, 3))

    assert all(0.93 <= held <= 0.97 for held in figures.values()), figures


@pytest.mark.slow
def test_the_log_rank_test_errs_as_often_as_it_says() -> None:
    random, small = random_of(5), 0
    for _ in range(600):
        waits = random.exponential(200, 90)
        watched = random.uniform(100, 500, 90)
        test = survival.log_rank(np.minimum(waits, watched).tolist(), (waits <= watched).tolist(), ["a", "b", "c"] * 30)
        small += test.p_value is not None and test.p_value < 0.05
    measured("log-rank: false alarms at 5 %", round(small / 600, 3))

    assert 0.03 < small / 600 < 0.07


# --- Composites and their places -------------------------------------------------------------------------------------

LAW = Law(agency_rates=np.linspace(0.4, 2.2, 10), report_share=0.92, blocked_share=0.6)


@pytest.mark.slow
def test_intervals_and_places_of_composites_hold_the_truth() -> None:
    """The truth is the composite of ten agencies with 6,000 agreements each; 25 registers give them 40 each."""
    whole = facts.build(simulate(60_000, seed=99, agencies=10, law=LAW, even=True), AS_OF)
    truth = scorecard.compute(whole, by=["agency"]).filter(kpi="K13").sort("agency")["value"].to_numpy()
    place = 1 + (truth > truth[:, None]).sum(axis=1)
    held, placed, width, said, wrong = [], [], [], [], []
    for seed in range(25):
        found = facts.build(simulate(400, seed=seed, agencies=10, law=LAW, even=True), AS_OF)
        limits = rank_sets.composite_intervals(found, by="agency", draws=120, seed=seed)
        held.append((limits["low"].to_numpy() <= truth) & (truth <= limits["high"].to_numpy()))
        placed.append((limits["best_place"].to_numpy() <= place) & (place <= limits["worst_place"].to_numpy()))
        width.append((limits["worst_place"] - limits["best_place"]).to_numpy().mean())
        sides = limits["band"].replace_strict({Band.ABOVE: 1, Band.ALIKE: 0, Band.BELOW: -1}).to_numpy()
        said.append((sides != 0).mean())
        wrong.append((sides * np.sign(truth - truth.mean()) < 0).any())
    measured("composite: agencies told from the middle", round(float(np.mean(said)), 3))
    measured("composite: registers with an agency on the wrong side of the middle", round(float(np.mean(wrong)), 3))
    measured("composite: limits hold the truth", round(float(np.mean(held)), 3))
    measured("composite: places hold the truth", round(float(np.mean(placed)), 3))
    measured("composite: mean width of ten places", round(float(np.mean(width)), 1))

    assert 0.92 <= np.mean(held) <= 0.985
    assert np.mean(placed, axis=0).min() >= 0.92
    assert np.mean(placed) >= 0.95
    assert np.mean(wrong) <= 0.08
    assert np.mean(said) >= 0.1


# --- Case mix --------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_adjusted_ratios_hold_one_where_only_the_mix_differs() -> None:
    """Agencies are equally good within a sector; sectors differ fourfold and each agency has most of its own in one."""
    law = Law(sector_rates=(2.0, 0.5, 1.0, 2.0, 0.5, 1.0), own_sector=0.5, mean_wait=300)
    held: dict[str, list[float]] = {"K02": [], "K03": []}
    crude = []
    for (found,) in registers(25, 1200, AS_OF, agencies=12, even=True, law=law, last=dt.date(2025, 9, 1)):
        for code, results in held.items():
            table = case_mix.adjust(found, code)
            results += ((table["low"] <= 1) & (table["high"] >= 1)).to_list()
        table = case_mix.adjust(found, "K03", factors=["scope"])
        crude += ((table["low"] <= 1) & (table["high"] >= 1)).to_list()
    rates = {code: float(np.mean(results)) for code, results in held.items()}
    measured("case mix: share K02 and wait K03 hold 1", [round(rate, 3) for rate in rates.values()])
    measured("case mix: the same without adjustment, K03", round(float(np.mean(crude)), 3))

    assert all(rate >= 0.94 for rate in rates.values())
    assert np.mean(crude) < 0.6


# --- Forecasts -------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_forecasts_come_true_as_often_as_they_say() -> None:
    """Twenty registers, three earlier days each, half a year ahead; agencies, sectors and tiers all differ."""
    law = Law(agency_rates=np.linspace(0.5, 1.8, 20))
    days = [dt.date(2024, 3, 31), dt.date(2024, 9, 30), dt.date(2025, 3, 31)]
    tests = [
        calibration.back_test(simulate(900, seed=seed, agencies=20, law=law), days, horizon_days=180)
        for seed in range(20)
    ]
    whole = calibration.BackTest(
        horizon_days=180,
        cases=pl.concat([test.cases for test in tests]),
        totals=pl.concat([test.totals for test in tests]),
    )
    held = float(whole.totals["held"].to_numpy().mean())
    measured("forecast: limits of the number hold it", round(held, 3))
    gaps = {}
    for kind in (calibration.STARTED, calibration.STALLED):
        table = whole.table(kind)
        measured(f"{kind}: said, came true, cases", table.select(pl.col("forecast", "happened").round(3), "n").rows())
        apart = (table["forecast"] - table["happened"]).abs()
        gaps[kind] = (apart * table["n"]).to_numpy().sum() / table["n"].to_numpy().sum()
        measured(f"{kind}: mean gap between said and came true", round(float(gaps[kind]), 3))
    bias = whole.totals["expected"].to_numpy().sum() / whole.totals["happened"].to_numpy().sum() - 1
    measured("forecast: expected over happened, less 1", round(float(bias), 3))

    assert 0.93 <= held <= 0.995
    assert abs(bias) < 0.04
    assert gaps[calibration.STARTED] < 0.025
    assert gaps[calibration.STALLED] < 0.04


@pytest.mark.slow
def test_limits_of_forecasts_by_agency_hold() -> None:
    law, day, held = Law(agency_rates=np.linspace(0.5, 1.8, 20)), dt.date(2025, 3, 31), []
    end = day + dt.timedelta(days=180)
    for then, later in registers(25, 900, day, end, agencies=20, law=law):
        foreseen = forecast.starts(then, end)
        came = later.agreements.select("agreement_id", "is_started")
        happened = foreseen.cases.join(came, on="agreement_id").group_by("agency").agg(pl.col("is_started").sum())
        both = foreseen.expected(["agency"]).join(happened, on="agency")
        held += both["is_started"].is_between(both["low"], both["high"]).to_list()
    measured("forecast: limits by agency hold the number", round(float(np.mean(held)), 3))

    assert np.mean(held) >= 0.95


# --- Cohorts ---------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_change_is_claimed_wrongly_as_seldom_as_it_says() -> None:
    verdicts = [
        cohorts.compare(same, "2021", "2024").verdict for (same,) in registers(150, 400, AS_OF, law=Law(mean_wait=400))
    ]
    wrong = 1 - verdicts.count("no_difference_shown") / len(verdicts)
    measured("cohorts: a change claimed where there is none", round(wrong, 3))

    assert wrong <= 0.09
