"""Shares, shrinkage, places and funnels against worked numbers; resampled composites against resampled registers."""

from __future__ import annotations

import dataclasses
from typing import Any

import hypothesis.strategies as st
import numpy as np
import polars as pl
import pytest
import scipy.stats
from hypothesis import given, settings

from kpi import facts
from kpi.facts import Facts
from kpi.indicators import scorecard
from kpi.register import Register
from kpi.rules import Rules
from kpi.studies import rank_sets
from kpi.vocabulary import Band
from tests.kpi.simulated import AS_OF, Law, simulate

CASES = [4, 45, 18, 2, 40, 21]
AMONG = [4, 60, 30, 10, 80, 50]

pairs = st.lists(
    st.integers(0, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), min_size=1, max_size=12
)


# --- Shares ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "n", "low", "high"),
    [(3, 4, 0.3006, 0.9544), (60, 80, 0.6452, 0.8319), (0, 5, 0.0, 0.4345), (5, 5, 0.5655, 1.0)],
)
def test_worked_intervals_of_shares(x: int, n: int, low: float, high: float) -> None:
    assert list(rank_sets.wilson(x, n)) == pytest.approx([low, high], abs=5e-5)


@settings(max_examples=50, deadline=None)
@given(pairs)
def test_intervals_equal_scipy(sample: list[tuple[int, int]]) -> None:
    x, n = [list(side) for side in zip(*sample, strict=True)]

    for (low, high), cases, among in zip(rank_sets.wilson(x, n), x, n, strict=True):
        if among == 0:
            assert (low, high) == (None, None)
        else:
            theirs = scipy.stats.binomtest(cases, among).proportion_ci(method="wilson")
            assert [low, high] == pytest.approx([theirs.low, theirs.high], abs=1e-9)


def test_the_worked_league_shrinks_as_worked() -> None:
    pooled, rho = rank_sets.beta_binomial(CASES, AMONG)

    assert pooled == pytest.approx(0.555556, abs=5e-7)
    assert rho == pytest.approx(0.102012, abs=5e-7)
    assert (1 - rho) / rho == pytest.approx(8.802749, abs=5e-5)
    expected = [0.6944, 0.7251, 0.5899, 0.3665, 0.5055, 0.4403]
    assert rank_sets.shrink(CASES, AMONG) == pytest.approx(expected, abs=5e-5)


def test_agencies_that_differ_no_more_than_chance_get_the_pooled_share() -> None:
    assert rank_sets.shrink([5, 10, 15], [10, 20, 30]) == [0.5, 0.5, 0.5]
    assert rank_sets.shrink([5, 0], [10, 0]) == [0.5, 0.5]
    assert rank_sets.shrink([7], [10]) == [0.7]
    assert rank_sets.shrink([0, 0], [10, 20]) == [0.0, 0.0]
    assert rank_sets.shrink([0, 0], [0, 0]) == [None, None]
    assert rank_sets.shrink([], []) == []


def test_agencies_that_differ_as_much_as_they_can_keep_their_own_share() -> None:
    assert rank_sets.shrink([0, 10], [10, 10]) == [0.0, 1.0]


@settings(max_examples=100, deadline=None)
@given(pairs)
def test_a_shrunken_share_lies_between_the_own_and_the_pooled_one(sample: list[tuple[int, int]]) -> None:
    x, n = [list(side) for side in zip(*sample, strict=True)]

    for estimate, cases, among in zip(rank_sets.shrink(x, n), x, n, strict=True):
        if among:
            assert estimate is not None
            both = sorted([cases / among, sum(x) / sum(n)])
            assert both[0] - 1e-9 <= estimate <= both[1] + 1e-9


# --- Places ----------------------------------------------------------------------------------------------------------


def test_the_worked_league_has_the_worked_places() -> None:
    assert rank_sets.rank_sets(CASES, AMONG) == [(1, 5), (1, 3), (1, 6), (3, 6), (2, 6), (2, 6)]


@settings(max_examples=100, deadline=None)
@given(pairs)
def test_every_set_of_places_holds_the_place_of_the_estimate(sample: list[tuple[int, int]]) -> None:
    x, n = [list(side) for side in zip(*sample, strict=True)]
    estimates = [(cases + 1) / (among + 2) for cases, among in sample]

    for (best, worst), own in zip(rank_sets.rank_sets(x, n), estimates, strict=True):
        assert 1 <= best <= worst <= len(x)
        assert best <= 1 + sum(other > own + 1e-12 for other in estimates)
        assert worst >= len(x) - sum(other < own - 1e-12 for other in estimates)


def test_more_agreements_tell_agencies_apart() -> None:
    few = rank_sets.rank_sets([8, 6], [10, 10])
    many = rank_sets.rank_sets([800, 600], [1000, 1000])

    assert few == [(1, 2), (1, 2)]
    assert many == [(1, 1), (2, 2)]


# --- Funnel ----------------------------------------------------------------------------------------------------------


def test_worked_funnel_limits() -> None:
    assert rank_sets.funnel_limits(0.6, 10) == pytest.approx((0.0569, 0.2299, 0.853, 0.9835), abs=5e-5)
    assert rank_sets.funnel_limits(0.6, [10, 80])[1] == pytest.approx((0.4217, 0.4852, 0.6997, 0.7589), abs=5e-5)


@settings(max_examples=60, deadline=None)
@given(st.floats(0.05, 0.95), st.integers(1, 500), st.floats(1, 6))
def test_funnels_are_nested_hold_their_centre_and_widen_with_overdispersion(p0: float, n: int, phi: float) -> None:
    narrow, wide = rank_sets.funnel_limits(p0, n), rank_sets.funnel_limits(p0, n, phi=phi)

    assert 0 <= narrow[0] <= narrow[1] <= narrow[2] <= narrow[3] <= 1
    assert wide[0] <= narrow[0] + 1e-12
    assert wide[3] >= narrow[3] - 1e-12


def test_an_agency_is_outside_only_where_chance_alone_seldom_takes_it() -> None:
    x, n = [6, 45, 10, 60, 0, 0], [6, 80, 30, 80, 10, 0]

    places = rank_sets.funnel_position(x, n, 0.6)

    exact = [scipy.stats.binom.sf(5, 6, 0.6), scipy.stats.binom.cdf(45, 80, 0.6), scipy.stats.binom.cdf(10, 30, 0.6)]
    assert exact[0] > 0.025  # all of six, though the drawn limit lies below 100 %
    assert exact[1] > 0.025
    assert 0.001 < exact[2] < 0.025
    assert places == [0, 0, -1, 2 if scipy.stats.binom.sf(59, 80, 0.6) <= 0.001 else 1, -2, 0]
    assert rank_sets.funnel_position(x, n, 0.6, phi=9.0) == [0, 0, 0, 0, 0, 0]


def test_overdispersion_is_one_where_agencies_vary_by_chance_and_more_where_they_differ() -> None:
    random = np.random.Generator(np.random.PCG64(5))
    size = random.integers(20, 200, 60)
    alike = random.binomial(size, 0.6)
    apart = random.binomial(size, random.beta(12, 8, 60))

    assert rank_sets.overdispersion(alike.tolist(), size.tolist()) == 1.0
    assert rank_sets.overdispersion(apart.tolist(), size.tolist()) > 2
    assert rank_sets.overdispersion([3], [5]) == 1.0
    assert rank_sets.overdispersion([0, 0], [5, 5]) == 1.0


def test_a_few_outliers_do_not_widen_the_funnel_that_is_to_show_them() -> None:
    size = [100] * 40
    cases = [60 + (number % 5) * 4 - 8 for number in range(38)] + [5, 98]

    assert rank_sets.overdispersion(cases, size) < 2


# --- Composites ------------------------------------------------------------------------------------------------------


def built(size: int = 927, **kwargs: object) -> Facts:
    return facts.build(simulate(size, seed=1, **kwargs), AS_OF)  # type: ignore[arg-type]


def test_places_and_limits_hold_the_composite_and_its_place() -> None:
    found = built(law=Law(agency_rates=np.linspace(0.5, 2, 54)))

    intervals = rank_sets.composite_intervals(found, by="agency")

    ranked = scorecard.rank(scorecard.compute(found, by=["agency"]), group="agency")
    both = intervals.join(ranked, on="agency")
    placed = both.filter(pl.col("place").is_not_null())
    assert placed.filter(
        (pl.col("best_place") > pl.col("place")) | (pl.col("worst_place") < pl.col("place"))
    ).is_empty()
    assert placed.filter((pl.col("low") > pl.col("score")) | (pl.col("high") < pl.col("score"))).is_empty()
    assert both.filter(pl.col("place").is_null() & pl.col("best_place").is_not_null()).is_empty()


def test_neither_the_order_of_rows_nor_their_numbers_change_anything() -> None:
    found = built(300, agencies=6)
    told = rank_sets.composite_intervals(found, by="agency")
    turned = dataclasses.replace(found, agreements=found.agreements.sample(fraction=1, shuffle=True, seed=3))

    def renumbered(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.with_columns(agreement_id=5_000 - pl.col("agreement_id"))

    frames: dict[str, Any] = {name: renumbered(getattr(found, name)) for name in ("agreements", "reports", "blockers")}
    for same in (turned, dataclasses.replace(found, **frames)):
        assert rank_sets.composite_intervals(same, by="agency").equals(told)


def test_a_filter_that_selects_the_same_changes_nothing() -> None:
    found = built(300, agencies=6)

    filtered = found.where(pl.col("agency").is_in(found.agreements["agency"].unique().implode()))

    assert rank_sets.composite_intervals(filtered, by="agency").equals(
        rank_sets.composite_intervals(found, by="agency")
    )


def test_a_group_is_drawn_alike_whatever_other_groups_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rank_sets, "_LIKE_ANY", 0)
    found = built(300, agencies=6)
    told = rank_sets.composite_intervals(found, by="agency").select("agency", "low", "high")

    fewer = rank_sets.composite_intervals(found.where(pl.col("agency") < "M03"), by="agency")

    assert fewer.select("agency", "low", "high").equals(told.filter(pl.col("agency") < "M03"))


def test_a_band_is_said_only_where_the_interval_leaves_the_middle() -> None:
    """Twelve agencies alike: hardly ever a band; two of twelve far slower than the others: those, below."""
    alike = rank_sets.composite_intervals(built(1200, agencies=12, even=True), by="agency")
    rates = np.array([0.15, 0.15] + [1.5] * 10)
    apart = rank_sets.composite_intervals(built(1200, agencies=12, even=True, law=Law(agency_rates=rates)), by="agency")

    assert set(alike["band"]) == {Band.ALIKE}
    assert apart.filter(pl.col("band") == Band.BELOW)["agency"].to_list() == ["M00", "M01"]


def test_an_empty_register_has_no_intervals() -> None:
    empty = rank_sets.composite_intervals(facts.build(Register(), AS_OF), by="agency")

    assert empty.is_empty()
    assert empty.columns == ["agency", "low", "high", "best_place", "worst_place", "band"]


def written_out(found: Facts, picks: pl.DataFrame, groups: list[str]) -> Facts:
    """The facts of a register in which the picked agreements stand as often as they were picked, under new numbers."""
    numbered = found.agreements.sort("agency", "ref").with_row_index("_row")
    copies = (
        picks.with_columns(pl.int_ranges(0, "_times").alias("_copy"))
        .explode("_copy")
        .join(numbered.select("_row", "agreement_id"), on="_row")
        .with_row_index("_new")
        .with_columns(_agency=pl.col("_cell").replace_strict(dict(enumerate(groups))))
        .select("agreement_id", "_agency", pl.col("_new").cast(pl.Int64))
    )

    def copied(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.join(copies, on="agreement_id").with_columns(agreement_id="_new")

    agreements = copied(found.agreements).with_columns(agency="_agency")
    return dataclasses.replace(
        found, agreements=agreements, reports=copied(found.reports), blockers=copied(found.blockers)
    )


def test_draws_made_up_from_tallies_equal_scorecards_of_registers_written_out() -> None:
    found, rules = built(240, agencies=4, even=True), dataclasses.replace(Rules(), rank_min_n=1)
    groups = found.agreements["agency"].unique().sort()

    drawn = rank_sets._draw(found, groups, by="agency", rules=rules, draws=3, seed=3)

    scored = [code for code, weight in rules.weights.items() if weight > 0]
    counts = scorecard.tally(found, by=["agreement_id"], kpis=scored).filter(pl.col("cases") > 0)
    found = found.where(pl.col("agreement_id").is_in(counts["agreement_id"].implode()))
    members = found.agreements.select("ref", _group=pl.col("agency").rank("dense") - 1).sort("_group", "ref")
    cells = rank_sets._picks(drawn.size, drawn.size, rank_sets._streams(members, 4, 3), draws=3).tocoo()
    picks = pl.DataFrame({"_cell": cells.row, "_row": cells.col, "_times": cells.data}).cast({"_row": pl.UInt32})
    for draw in range(3):
        of_draw = picks.filter(pl.col("_cell") // 4 == draw).with_columns(pl.col("_cell") % 4)
        cards = scorecard.compute(written_out(found, of_draw, groups.to_list()), by=["agency"], rules=rules)
        expected = cards.filter(kpi="K13").sort("agency")["value"].to_list()
        assert drawn.values[draw].tolist() == pytest.approx(expected, abs=1e-9)


def test_large_groups_are_drawn_in_part_and_small_ones_whole() -> None:
    taken = rank_sets._taken(np.array([5, 10, 100, 1000, 3]), 200)

    assert taken.tolist() == [5, 10, 91, 91, 3]
    assert rank_sets._taken(np.array([5, 10]), 200).tolist() == [5, 10]


@pytest.mark.slow
def test_drawing_a_part_gives_the_spread_of_drawing_all(monkeypatch: pytest.MonkeyPatch) -> None:
    found = built(3600, agencies=6, even=True)

    whole = rank_sets.composite_intervals(found, by="agency", seed=1)
    monkeypatch.setattr(rank_sets, "_MAX_DRAWN", 60 * 6 * 200)
    monkeypatch.setattr(rank_sets, "_POOL", 5)
    part = rank_sets.composite_intervals(found, by="agency", seed=1)

    ratio = (part["high"] - part["low"]).mean() / (whole["high"] - whole["low"]).mean()  # type: ignore[operator]
    assert ratio == pytest.approx(1, abs=0.25)
