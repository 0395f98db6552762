"""Expected numbers against strata worked by hand and a general optimiser; crude and adjusted side by side."""

from __future__ import annotations

import dataclasses
import datetime as dt

import hypothesis.strategies as st
import numpy as np
import polars as pl
import pytest
import scipy.optimize
import scipy.stats
from hypothesis import given, settings

from kpi import facts
from kpi.facts import Facts
from kpi.indicators import scorecard
from kpi.register import Register
from kpi.studies import case_mix
from tests.kpi.registers import AS_OF as ROWS_AS_OF
from tests.kpi.registers import Row, register_of
from tests.kpi.simulated import AS_OF, Law, simulate


def with_sectors(rows: list[Row], sectors: list[str]) -> Facts:
    """The facts of hand-written rows, each agreement in the sector given for it."""
    found = facts.build(register_of(rows), ROWS_AS_OF)
    return dataclasses.replace(found, agreements=found.agreements.with_columns(pl.Series("sector", sectors)))


def test_an_agency_with_hard_agreements_is_expected_to_do_less() -> None:
    """In the easy sector 90 of 100 were implemented, in the hard one 30 of 100; A has 80 hard ones and 20 easy ones."""
    started = [("IN_PROGRESS", dt.date(2024, 6, 1))]
    plan = [("BCT", "HARD", 24, 80), ("T20", "HARD", 6, 20), ("BCT", "EASY", 18, 20), ("T20", "EASY", 72, 80)]
    rows: list[Row] = []
    sectors: list[str] = []
    for agency, sector, done, among in plan:
        for number in range(among):
            events = started if number < done else []
            rows.append(Row(id=len(rows) + 1, agency=agency, signed=dt.date(2024, 1, 1), events=list(events)))
            sectors.append(sector)

    hard, easy = case_mix.adjust(with_sectors(rows, sectors), "K02", factors=["sector"]).iter_rows(named=True)

    assert (hard["crude"], easy["crude"]) == (42.0, 78.0)
    # the effects are drawn in a little, so that what is expected lies near the strata's 80 x .3 + 20 x .9 and the reverse
    assert hard["expected"] == pytest.approx(42, abs=1.0)
    assert easy["expected"] == pytest.approx(78, abs=1.0)
    assert hard["low"] < 1 < hard["high"]
    assert hard["adjusted"] == pytest.approx(60, abs=1.5)
    assert easy["adjusted"] == pytest.approx(60, abs=1.5)
    assert hard["own_share"] == pytest.approx(0.8 * 0.8 + 0.2 * 0.2)


@pytest.mark.parametrize("code", ["K02", "K03", "K04", "K05", "K08", "K09", "K10"])
def test_what_is_expected_of_all_adds_up_to_what_was_observed(code: str) -> None:
    found = facts.build(simulate(900, seed=4, agencies=12), AS_OF)

    table = case_mix.adjust(found, code)

    assert table["expected"].sum() == pytest.approx(table["observed"].sum(), rel=1e-6)
    last_digit = 1e-9  # where all of few cases count, the upper limit is the ratio itself
    outside = (pl.col("low") > pl.col("ratio") + last_digit) | (pl.col("high") < pl.col("ratio") - last_digit)
    assert table.filter(outside).is_empty()
    assert table["own_share"].is_between(0, 1).all()


def test_the_crude_value_is_that_of_the_scorecard() -> None:
    found = facts.build(simulate(600, seed=5, agencies=8), AS_OF)
    cards = scorecard.compute(found, by=["agency"])

    for code in ("K02", "K03", "K08", "K09"):
        table = case_mix.adjust(found, code)
        both = table.join(cards.filter(kpi=code), on="agency", suffix="_card")
        assert both["n"].to_list() == both["n_card"].to_list()
        assert both["observed"].to_list() == both["numerator"].to_list()
        assert both["crude"].to_list() == pytest.approx(both["value"].to_list(), nan_ok=True)


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xyz"), st.integers(1, 40)), min_size=2, max_size=8),
    st.booleans(),
    st.randoms(use_true_random=False),
)
def test_the_fit_equals_a_general_optimiser(cells: list[tuple[str, str, int]], poisson: bool, random: object) -> None:
    sizes = [size for *_, size in cells]
    events = [random.randint(0, size) for size in sizes]  # type: ignore[attr-defined]
    frame = pl.DataFrame(cells, schema=["one", "two", "size"], orient="row").with_columns(events=pl.Series(events))

    ours = case_mix._fitted(frame, {"one": 1.5, "two": 1.5}, poisson=poisson)

    dummies = np.hstack(
        [
            np.ones((len(cells), 1)),
            frame.select("one").to_dummies().to_numpy(),
            frame.select("two").to_dummies().to_numpy(),
        ]
    )
    if 0 < sum(events) < sum(sizes):
        theirs = optimised(dummies, np.array(events, dtype=float), np.array(sizes, dtype=float), poisson=poisson)
        assert ours == pytest.approx(theirs, abs=2e-4)


def optimised(dummies: np.ndarray, events: np.ndarray, sizes: np.ndarray, *, poisson: bool) -> np.ndarray:
    """Rates at the least of the penalised deviance, found without derivatives written by hand."""

    def rate(effects: np.ndarray) -> np.ndarray:
        line = dummies @ effects
        return np.asarray(np.exp(line) if poisson else 1 / (1 + np.exp(-line)))

    def loss(effects: np.ndarray) -> float:
        rates = rate(effects)
        likelihood = events * np.log(rates)
        likelihood += -sizes * rates if poisson else (sizes - events) * np.log1p(-rates)
        return float(-likelihood.sum() + (effects[1:] ** 2).sum() / 2 / 1.5**2)

    best = scipy.optimize.minimize(loss, np.zeros(dummies.shape[1]), method="BFGS", options={"gtol": 1e-9})
    return np.asarray(rate(best.x))


def test_intervals_of_ratios_are_the_exact_ones() -> None:
    found = facts.build(simulate(400, seed=6, agencies=5), AS_OF)

    share = case_mix.adjust(found, "K02").row(0, named=True)
    wait = case_mix.adjust(found, "K03").row(0, named=True)

    exact = scipy.stats.binomtest(share["observed"], share["n"]).proportion_ci(method="exact")
    assert share["low"] * share["expected"] / share["n"] == pytest.approx(exact.low)
    assert share["high"] * share["expected"] / share["n"] == pytest.approx(exact.high)
    # the limits are the means under which as many events, or as few, come with probability 2.5 %
    assert scipy.stats.poisson.sf(wait["observed"] - 1, wait["low"] * wait["expected"]) == pytest.approx(0.025)
    assert scipy.stats.poisson.cdf(wait["observed"], wait["high"] * wait["expected"]) == pytest.approx(0.025)


def test_several_reports_of_one_agreement_widen_the_interval() -> None:
    found = facts.build(simulate(300, seed=7, agencies=4), AS_OF)
    row = case_mix.adjust(found, "K08").row(0, named=True)
    doubled = dataclasses.replace(found, reports=pl.concat([found.reports, found.reports]))

    twice = case_mix.adjust(doubled, "K08").row(0, named=True)

    assert twice["observed"] == 2 * row["observed"]
    assert twice["high"] - twice["low"] == pytest.approx(row["high"] - row["low"], rel=0.12)


def test_a_register_with_one_agency_compares_it_with_itself_and_says_so() -> None:
    table = case_mix.adjust(facts.build(simulate(100, seed=8, agencies=1), AS_OF), "K02").row(0, named=True)

    assert table["own_share"] == 1.0
    assert table["ratio"] == pytest.approx(1.0)


def test_all_none_and_nothing_are_defined() -> None:
    empty = facts.build(Register(), AS_OF)
    none = with_sectors([Row(id=n, signed=dt.date(2024, 1, 1)) for n in (1, 2)], ["A", "B"])
    every = with_sectors(
        [Row(id=n, signed=dt.date(2024, 1, 1), events=[("IN_PROGRESS", dt.date(2024, 1, 1))]) for n in (1, 2)],
        ["A", "B"],
    )

    assert case_mix.adjust(empty, "K02").is_empty()
    assert case_mix.adjust(empty, "K03").is_empty()
    nothing = case_mix.adjust(none, "K02").row(0, named=True)
    assert (nothing["observed"], nothing["expected"], nothing["ratio"], nothing["crude"]) == (0, 0.0, None, 0.0)
    assert case_mix.adjust(none, "K03").row(0, named=True)["adjusted"] is None
    assert case_mix.adjust(every, "K02").row(0, named=True)["ratio"] == 1.0
    assert case_mix.adjust(every, "K03").row(0, named=True)["adjusted"] == 0.0
    with pytest.raises(ValueError, match="only shares and medians"):
        case_mix.adjust(empty, "K01")


def test_an_agency_in_a_slow_sector_looks_slow_only_before_adjustment() -> None:
    """Every agency is equally fast within each sector; the sectors differ fourfold and agencies specialise."""
    law = Law(sector_rates=(2.0, 0.5, 1.0, 2.0, 0.5, 1.0), own_sector=0.7)
    found = facts.build(simulate(3000, seed=9, agencies=6, even=True, law=law), AS_OF)

    table = case_mix.adjust(found, "K03")

    crude, adjusted = table["crude"].to_numpy(), table["adjusted"].to_numpy()
    assert crude.max() / crude.min() > 2
    assert adjusted.max() / adjusted.min() < 1.3
