"""Values against an independent recomputation, scores and lights against the rules, and the lists behind the numbers."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping

import polars as pl
import pytest
from hypothesis import assume, given, settings

from kpi import facts
from kpi.indicators import scorecard
from kpi.indicators.catalog import COMPOSITE, KPIS
from kpi.register import Register
from kpi.rules import Rules
from tests.kpi import recomputed
from tests.kpi.registers import AS_OF, Row, days, register_of, registers


def by_code(cards: pl.DataFrame) -> dict[str, dict[str, object]]:
    return {row["kpi"]: row for row in cards.iter_rows(named=True)}


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(rows=registers(), as_of=days(dt.date(2024, 6, 1)))
def test_every_kpi_equals_a_plain_recomputation(rows: list[Row], as_of: dt.date) -> None:
    cards = by_code(scorecard.compute(facts.build(register_of(rows), as_of)))

    for code, recompute in recomputed.RECOMPUTED.items():
        assert_equal(cards[code], recompute(rows, as_of))


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(drawn=registers(least=8))
def test_a_composite_that_is_given_equals_a_plain_recomputation(drawn: list[Row]) -> None:
    rows = [
        dataclasses.replace(row, id=row.id + 100 * copy) for row in drawn for copy in range(4)
    ]  # enough to be ranked
    found = recomputed.RECOMPUTED[COMPOSITE](rows, AS_OF)
    assume(found[2] is not None)

    cards = by_code(scorecard.compute(facts.build(register_of(rows), AS_OF)))

    assert_equal(cards[COMPOSITE], found)


def assert_equal(card: Mapping[str, object], expected: recomputed.Found) -> None:
    """To the last digit; what the composite is made of is kept in whole points."""
    numerator, denominator, value = expected
    within = 0.5 + 1e-9 if card["kpi"] == COMPOSITE else 0
    assert card["numerator"] == pytest.approx(numerator, abs=within), card
    assert card["denominator"] == denominator, card
    assert card["value"] == (None if value is None else pytest.approx(float(value), abs=1e-9)), card


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(rows=registers())
def test_agencies_add_up_to_the_whole_and_row_order_is_irrelevant(rows: list[Row]) -> None:
    whole = scorecard.compute(facts.build(register_of(rows), AS_OF))
    parts = scorecard.compute(facts.build(register_of(rows[::-1]), AS_OF), by=["agency"])

    totals = parts.filter(pl.col("kpi") != "K13").group_by("kpi").agg(pl.col("numerator", "denominator").sum())

    for row in totals.iter_rows(named=True):
        same = whole.filter(pl.col("kpi") == row["kpi"]).row(0, named=True)
        assert (row["numerator"], row["denominator"]) == (same["numerator"], same["denominator"])


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(rows=registers())
def test_the_list_behind_a_number_is_as_long_as_the_number(rows: list[Row]) -> None:
    built = facts.build(register_of(rows), AS_OF)
    cards = by_code(scorecard.compute(built))

    for code, kpi in KPIS.items():
        if kpi.estimator == "composite":
            continue
        assert scorecard.rows_behind(built, kpi, "numerator").height == cards[code]["numerator"]
        assert scorecard.rows_behind(built, kpi, "denominator").height == cards[code]["denominator"]


def test_no_agreements_give_no_groups_and_one_empty_whole() -> None:
    empty = facts.build(Register(), AS_OF)

    assert scorecard.compute(empty, by=["agency"]).is_empty()
    cards = scorecard.compute(empty)
    assert cards["value"].null_count() == len(KPIS)
    assert set(cards["status"]) <= {"not_available", "context", "too_few"}


def test_a_median_not_reached_scores_nothing_once_it_is_sure_to_be_beyond_the_worst_goalpost() -> None:
    waiting = [Row(id=n, signed=AS_OF - dt.timedelta(days=500)) for n in range(1, 7)]
    young = [Row(id=n, signed=AS_OF - dt.timedelta(days=200)) for n in range(1, 7)]

    old_card = by_code(scorecard.compute(facts.build(register_of(waiting), AS_OF)))["K03"]
    young_card = by_code(scorecard.compute(facts.build(register_of(young), AS_OF)))["K03"]

    assert (old_card["value"], old_card["follow_up"], old_card["score"], old_card["status"]) == (
        None,
        500.0,
        0.0,
        "red",
    )
    assert (young_card["value"], young_card["score"], young_card["status"]) == (None, None, "not_available")


@pytest.mark.parametrize(("day", "is_ranked"), [(dt.date(2025, 2, 28), False), (dt.date(2025, 3, 1), True)])
def test_nobody_has_a_composite_before_it_was_there(day: dt.date, is_ranked: bool) -> None:
    """BXD came to be on 1 March 2025; BCT was always there."""
    rows = [
        Row(
            id=number,
            agency="BXD" if number <= 12 else "BCT",
            signed=dt.date(2023, 1, 1),
            targets=[(dt.date(2024, 1, 1), dt.date(2023, 1, 1))],
            events=[("IN_PROGRESS", dt.date(2023, 2, 1)), ("COMPLETED", dt.date(2024, 6, 1))],
        )
        for number in range(1, 25)
    ]
    found = facts.build(register_of(rows), day)

    cards = scorecard.compute(found, by=["agency"], rules=dataclasses.replace(Rules(), composite_min_weight_share=0.1))

    places = dict(scorecard.rank(cards, group="agency").select("agency", "place").iter_rows())
    inherited = dict(found.agreements.select("agency", "is_inherited").unique().iter_rows())
    assert (places["BXD"] is not None, places["BCT"] is not None) == (is_ranked, True)
    assert inherited == {"BXD": True, "BCT": False}
    (implemented,) = cards.filter(agency="BXD", kpi="K02")["value"]
    assert implemented == 100


@pytest.mark.parametrize(
    ("registered", "started", "n", "median"),
    [
        (60, 10, 6, 10),  # in time: what it says of the days before is believed
        (61, 10, 0, None),  # late, when it had started: nobody saw it wait
        (61, 61, 6, 61),
        (61, 90, 6, 90),
    ],
)
def test_what_was_registered_late_and_had_started_was_never_seen_waiting(
    registered: int, started: int, n: int, median: int | None
) -> None:
    signed = AS_OF - dt.timedelta(days=300)
    rows = [
        Row(
            id=number,
            signed=signed,
            events=[("IN_PROGRESS", signed + dt.timedelta(days=started))],
            received=signed + dt.timedelta(days=registered),
        )
        for number in range(6)
    ]

    card = by_code(scorecard.compute(facts.build(register_of(rows), AS_OF)))["K03"]

    assert (card["n"], card["value"]) == (n, median)


def test_late_completion_earns_a_part_and_what_is_not_completed_none() -> None:
    """Of ten, four on time, and late by a day, by 73 days and by two years; three are still open. The light goes by the four."""
    target = AS_OF - dt.timedelta(days=800)
    plan = [(target, target - dt.timedelta(days=300))]
    late = [0, -5, -5, 0, 1, 73, 730, None, None, None]
    rows = [
        Row(
            id=number,
            signed=target - dt.timedelta(days=300),
            targets=plan,
            events=[("IN_PROGRESS", target - dt.timedelta(days=200))]
            + ([] if days is None else [("COMPLETED", target + dt.timedelta(days=days))]),
        )
        for number, days in enumerate(late, 1)
    ]

    card = by_code(scorecard.compute(facts.build(register_of(rows), AS_OF)))["K04"]

    assert (card["numerator"], card["denominator"], card["value"], card["status"]) == (4, 10, 40, "red")
    assert card["score"] == pytest.approx(100 * (10 * (4 + 364 / 365 + 0.8) - 40) / 50)


@pytest.mark.parametrize("days", [1, 30, 364, 365, 400])
def test_the_earlier_the_better_however_late(days: int) -> None:
    target = AS_OF - dt.timedelta(days=500)

    def score(*, late: int | None) -> float:
        plan = [(target, target - dt.timedelta(days=300))]
        done = [] if late is None else [("COMPLETED", target + dt.timedelta(days=late))]
        rows = [Row(id=number, signed=plan[0][1], targets=plan, events=[("COMPLETED", target)]) for number in range(5)]
        rows += [Row(id=9, signed=plan[0][1], targets=plan, events=done)]
        card = by_code(scorecard.compute(facts.build(register_of(rows), AS_OF)))["K04"]
        assert isinstance(card["score"], float)
        return card["score"]

    # One in six open, five on time: short of the best goalpost.
    assert score(late=None) <= score(late=days) <= score(late=days - 1)
    assert (score(late=None) < score(late=days)) == (days < 365)


def test_the_composite_is_the_weighted_mean_of_what_there_is() -> None:
    """Worked example: scores 60, 50, 60, 80, 80 with weights 25, 20, 20, 20, 15 give 65."""
    scores = pl.DataFrame(
        {
            "_all": [True] * 5,
            "kpi": ["K02", "K03", "K04", "K05", "K08"],
            "n": [12] * 5,
            "numerator": [1] * 5,
            "denominator": [1] * 5,
            "value": [1.0] * 5,
            "low": [None] * 5,
            "high": [None] * 5,
            "follow_up": [None] * 5,
            "score": [60.0, 50.0, 60.0, 80.0, 80.0],
            "status": ["red"] * 5,
        },
        schema_overrides={"low": pl.Float64, "high": pl.Float64, "follow_up": pl.Float64},
    )
    twelve = facts.build(register_of([Row(id=n, signed=dt.date(2025, 12, 1)) for n in range(1, 13)]), AS_OF)
    rules = Rules().replaced({"weights": {"K02": 25, "K03": 20, "K04": 20, "K05": 20, "K08": 15, "K09": 0, "K10": 0}})
    groups = pl.DataFrame({"_all": [True]})

    everything = scorecard._composite(scores, twelve, groups, ["_all"], rules).collect()
    without_third = scorecard._composite(
        scores.filter(pl.col("kpi") != "K04"), twelve, groups, ["_all"], rules
    ).collect()

    assert everything["value"].item() == pytest.approx(65.0)
    assert without_third["value"].item() == pytest.approx(66.25)


def test_equal_scores_share_a_place_and_small_agencies_have_none() -> None:
    cards = pl.DataFrame(
        {
            "agency": ["A", "B", "C", "D"],
            "kpi": ["K13"] * 4,
            "n": [20, 20, 20, 3],
            "value": [70.0, 80.0, 70.0, None],
            "status": ["amber", "green", "amber", "too_few"],
        }
    )

    ranked = scorecard.rank(cards, group="agency")

    assert ranked.select("agency", "place").rows() == [("B", 1), ("A", 2), ("C", 2), ("D", None)]


def test_a_number_is_written_precisely_enough_to_agree_with_its_light() -> None:
    rules = Rules()

    assert [rules.digits("K13", value) for value in (79.98, 80.0, 80.3, 59.6, 79.4)] == [2, 0, 0, 1, 0]
    assert [rules.digits("K05", value) for value in (9.8, 10.3, 20.0)] == [0, 1, 0]
    assert rules.edges("K02") == (75, 85)
    assert rules.digits("K02", 84.62) == 1
    assert rules.digits("K01", 927) == 0


def test_scores_that_are_shown_alike_share_a_place() -> None:
    scores = {"A": 71.26, "B": 71.34, "C": 71.25 - 1e-12, "D": 71.36, "E": None, "F": 71.25}
    cards = pl.DataFrame(
        {"agency": list(scores), "kpi": "K13", "n": 20, "value": list(scores.values()), "status": "amber"}
    )

    places = dict(scorecard.rank(cards, group="agency").select("agency", "place").rows())

    assert places == {"D": 1, "A": 2, "B": 2, "C": 4, "F": 4, "E": None}
