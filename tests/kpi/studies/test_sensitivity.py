"""Ranges of places against every weighting there is (integer programming), and means against worked numbers."""

from __future__ import annotations

import dataclasses

import hypothesis.strategies as st
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from scipy.optimize import Bounds, LinearConstraint, milp

from kpi import facts
from kpi.indicators import scorecard
from kpi.rules import Rules
from kpi.studies import sensitivity
from tests.kpi.simulated import AS_OF, Law, simulate

SCORES = [60.0, 50.0, 60.0, 80.0, 80.0]
WEIGHTS = [0.25, 0.2, 0.2, 0.2, 0.15]

RULES = dataclasses.replace(Rules(), weights={"K02": 20, "K03": 15, "K04": 15, "K05": 15})


def cards_of(scores: dict[str, list[float | None]], rules: Rules = RULES) -> pl.DataFrame:
    """Cards as the scorecard gives them, from each agency's scores in the order of the weights."""
    rows = [
        (agency, kpi, score, score)
        for agency, values in scores.items()
        for kpi, score in zip(rules.weights, values, strict=True)
    ]
    rows += [
        (agency, "K13", value := sensitivity.composite(values, list(rules.weights.values())), value)
        for agency, values in scores.items()
    ]
    schema = {"agency": pl.String, "kpi": pl.String, "value": pl.Float64, "score": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def test_worked_means() -> None:
    assert sensitivity.composite(SCORES, WEIGHTS) == pytest.approx(65.0)
    assert sensitivity.composite(SCORES, WEIGHTS, "geometric") == pytest.approx(63.9799, abs=5e-5)
    assert sensitivity.composite([60, 50, None, 80, 80], WEIGHTS) == pytest.approx(66.25)
    assert sensitivity.composite([None], [1]) is None


def test_a_zero_does_not_wipe_out_everything_else() -> None:
    assert sensitivity.composite([0, 100], [1, 1], "geometric") == pytest.approx(10.0)


def test_the_weights_as_they_are_give_the_scorecards_own_composites_and_places() -> None:
    cards = scorecard.compute(facts.build(simulate(600, seed=1, agencies=20), AS_OF), by=["agency"])

    found = sensitivity.ranges(cards, group="agency", samples=50)

    ranked = scorecard.rank(cards, group="agency").filter(pl.col("place").is_not_null())
    both = found.join(ranked, on="agency", suffix="_card")
    assert both.height == ranked.height == found.height
    assert both["score"].to_list() == pytest.approx(both["score_card"].to_list())
    assert both["place"].to_list() == both["place_card"].to_list()


def test_an_agency_better_in_everything_stays_first_whatever_the_weights() -> None:
    cards = cards_of({"A": [90, 80, 70, 60], "B": [80, 70, 40, 40], "C": [70, 60, 60, 50]})

    found = sensitivity.ranges(cards, group="agency").sort("agency").to_dicts()

    reached = [(row["best_place"], row["worst_place"]) for row in found]
    bounds = [(row["best_bound"], row["worst_bound"]) for row in found]
    assert reached == [(1, 1), (2, 3), (2, 3)]
    assert bounds == reached


def exact_best(table: np.ndarray, own: int, weights: np.ndarray, *, apart: float = 0.0) -> int:
    """The best place any weighting within half gives, by integer programming: as few others ahead as can be.

    Another one is not ahead if it has `apart` less or lower still: nothing less where those with the same share a place.
    """
    others = [row for row in range(len(table)) if row != own]
    components, size = table.shape[1], 1000.0 * weights.sum()
    matrix = np.zeros((len(others), components + len(others)))
    for line, other in enumerate(others):
        matrix[line, :components] = table[other] - table[own]
        matrix[line, components + line] = -size  # one may stay ahead by being counted
    low = np.concatenate([0.5 * weights, np.zeros(len(others))])
    high = np.concatenate([1.5 * weights, np.ones(len(others))])
    aim = np.concatenate([np.zeros(components), np.ones(len(others))])
    whole = np.concatenate([np.zeros(components), np.ones(len(others))])
    found = milp(aim, constraints=LinearConstraint(matrix, ub=-apart), bounds=Bounds(low, high), integrality=whole)
    ahead: int = round(found.fun)
    return 1 + ahead


@settings(max_examples=15, deadline=None)
@given(st.lists(st.lists(st.integers(0, 100), min_size=4, max_size=4), min_size=2, max_size=7, unique_by=tuple))
def test_no_weighting_goes_beyond_the_bounds_and_the_range_is_nearly_all_there_is(scores: list[list[int]]) -> None:
    cards = cards_of({f"A{number}": [float(score) for score in row] for number, row in enumerate(scores)})

    found = sensitivity.ranges(cards, group="agency").sort("agency")

    table, weights = np.array(scores, dtype=float), np.array(list(RULES.weights.values()), dtype=float)
    for own, row in enumerate(found.iter_rows(named=True)):
        best = exact_best(table, own, weights)
        worst = len(scores) + 1 - exact_best(-table, own, weights, apart=1e-3)
        assert row["best_bound"] <= best <= row["best_place"] <= best + 1
        assert row["worst_bound"] >= worst >= row["worst_place"] >= worst - 1


def test_missing_scores_leave_their_weight_out_and_groups_without_a_composite_are_not_ranked() -> None:
    cards = cards_of({"A": [90, None, 70, 60], "B": [80, 90, None, 40], "C": [None, None, None, None]})

    found = sensitivity.ranges(cards, group="agency")

    assert sorted(found["agency"]) == ["A", "B"]
    assert found["best_bound"].to_list() == found["best_place"].to_list()
    assert sensitivity.ranges(cards.clear(), group="agency").is_empty()


def test_a_balanced_agency_gains_under_a_geometric_mean() -> None:
    cards = cards_of({"even": [60, 60, 60, 60], "uneven": [100, 100, 30, 10]})

    found = sensitivity.ranges(cards, group="agency")

    places = dict(found.select("agency", "geometric_place").rows())
    assert dict(found.select("agency", "place").rows()) == {"uneven": 1, "even": 2}
    assert places == {"even": 1, "uneven": 2}


def test_more_room_for_the_weights_never_narrows_a_range() -> None:
    cards = scorecard.compute(
        facts.build(simulate(600, seed=2, agencies=15, law=Law(agency_rates=np.linspace(0.5, 2, 15))), AS_OF),
        by=["agency"],
    )

    narrow = sensitivity.ranges(cards, group="agency", spread=0.1).sort("agency")
    wide = sensitivity.ranges(cards, group="agency", spread=0.5).sort("agency")

    assert (wide["best_bound"] <= narrow["best_bound"]).all()
    assert (wide["worst_bound"] >= narrow["worst_bound"]).all()
    assert (narrow["best_place"] >= wide["best_bound"]).all()
