"""Gains against registers in which the agreement really was reported on, unblocked, implemented or completed that day."""

from __future__ import annotations

import copy
import dataclasses
import datetime as dt

import polars as pl
import pytest
from hypothesis import given, settings

from kpi import facts
from kpi.indicators import scorecard
from kpi.register import Register
from kpi.rules import Rules
from kpi.studies import what_if
from tests.kpi.registers import AS_OF, PERIODS, Row, register_of, registers
from tests.kpi.simulated import Law, simulate

LENIENT = dataclasses.replace(Rules(), rank_min_n=1, composite_min_weight_share=0.0)
AGENCY = "BCT"


def after(rows: list[Row], number: int, action: str) -> list[Row]:
    """The same rows, in which one agreement has seen an action on the as-of day."""
    changed = copy.deepcopy(rows)
    row = next(row for row in changed if row.id == number)
    if action == "implemented":
        row.events.append(("IN_PROGRESS", AS_OF))
    elif action == "completed":
        row.events.append(("COMPLETED", AS_OF))
    elif action == "reported":
        ended = [code for code, _, ends, _ in PERIODS if ends <= AS_OF]
        row.reports.append({"period": ended[-1], "received": AS_OF})
    else:
        for blocker in row.blockers:
            if blocker["opened"] <= AS_OF and not (blocker["resolved"] and blocker["resolved"] <= AS_OF):
                blocker["resolved"] = blocker["resolved_received"] = AS_OF
    return changed


def composite(rows: list[Row]) -> float | None:
    cards = scorecard.compute(facts.build(register_of(rows), AS_OF), by=["agency"], rules=LENIENT)
    values = cards.filter((pl.col("agency") == AGENCY) & (pl.col("kpi") == "K13"))["value"]
    return None if values.is_empty() else values.item()


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(rows=registers(most=8))
def test_each_gain_equals_a_scorecard_of_the_changed_register(rows: list[Row]) -> None:
    register = register_of(rows)
    found = facts.build(register, AS_OF)

    study = what_if.study(register, found, agency=AGENCY, rules=LENIENT)

    before = composite(rows)
    assert study.score == pytest.approx(before)
    own_open = found.agreements.filter(pl.col("is_open") & (pl.col("agency") == AGENCY))
    assert set(study.alone["agreement_id"]) == set(own_open["agreement_id"])
    for option in study.alone.iter_rows(named=True):
        changed = composite(after(rows, option["agreement_id"], option["action"]))
        assert option["score"] == pytest.approx(changed), option
        if before is not None and changed is not None:
            assert option["points"] == pytest.approx(changed - before)


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(rows=registers(most=6))
def test_the_best_steps_together_equal_a_scorecard_of_the_register_after_them(rows: list[Row]) -> None:
    register = register_of(rows)
    study = what_if.study(register, facts.build(register, AS_OF), agency=AGENCY, rules=LENIENT, steps=3)

    changed = rows
    for step in study.together.iter_rows(named=True):
        changed = after(changed, step["agreement_id"], step["action"])
        assert step["score"] == pytest.approx(composite(changed))

    assert study.together["agreement_id"].is_unique().all()
    if not study.together.is_empty():
        first = study.together.row(0, named=True)
        assert first["score"] == pytest.approx(study.alone["score"].max())


def test_actions_are_offered_only_where_they_make_sense() -> None:
    rows = [
        Row(id=1, signed=dt.date(2025, 1, 1)),
        Row(id=2, signed=dt.date(2025, 1, 1), events=[("IN_PROGRESS", dt.date(2025, 3, 1))]),
        Row(id=3, signed=dt.date(2025, 1, 1), events=[("COMPLETED", dt.date(2025, 3, 1))]),
        Row(id=4, agency="T20", signed=dt.date(2025, 1, 1)),
        Row(
            id=5,
            signed=dt.date(2025, 1, 1),
            blockers=[
                {"severity": "severe", "authority": "agency", "opened": dt.date(2025, 2, 1), "escalated": None}
                | {"resolved": None}
            ],
        ),
    ]
    register = register_of(rows)

    alone = what_if.study(register, facts.build(register, AS_OF), agency=AGENCY, rules=LENIENT).alone

    offered = {
        number: sorted(alone.filter(agreement_id=number)["action"].cast(pl.String)) for number in alone["agreement_id"]
    }
    assert offered == {
        1: ["completed", "implemented", "reported"],
        2: ["completed", "reported"],
        5: ["completed", "implemented", "reported", "unblocked"],
    }


def test_places_are_counted_among_agencies_of_the_same_group_and_the_cause_of_a_gain_is_named() -> None:
    register = simulate(300, seed=2, agencies=3, law=Law(mean_wait=300, blocked_share=0.8))
    found = facts.build(register, AS_OF)
    ranked = scorecard.rank(scorecard.compute(found, by=["agency"]), group="agency")
    last = ranked.row(-1, named=True)

    study = what_if.study(register, found, agency=last["agency"], steps=40)

    assert study.place == last["place"]
    assert study.score == pytest.approx(last["score"])
    reached = study.together.row(-1, named=True)
    peers = ranked.filter(pl.col("agency") != last["agency"])
    above = peers.filter(scorecard.as_ranked(pl.col("score")) > scorecard.as_ranked(pl.lit(reached["score"]))).height
    assert reached["place"] == 1 + above
    assert reached["places"] == last["place"] - reached["place"]
    assert study.together["points"].is_sorted()
    assert study.together["through"].null_count() == 0


def test_a_report_that_comes_late_gains_what_it_proves_and_not_punctuality() -> None:
    """What was due before today cannot be on time any more; it can still show that the agreement is alive."""
    told = [{"received": dt.date(2025, 12, 1), "pct": 10.0}]
    begun = [("IN_PROGRESS", dt.date(2025, 2, 1))]
    register = register_of(
        [
            Row(id=number, signed=dt.date(2025, 1, 1), events=begun, reports=told if number > 3 else [])
            for number in range(1, 10)
        ]
    )

    alone = what_if.study(register, facts.build(register, AS_OF), agency=AGENCY, rules=LENIENT).alone

    reported = alone.filter((pl.col("agreement_id") == 1) & (pl.col("action") == "reported")).row(0, named=True)
    assert reported["points"] > 0
    assert reported["through"] == "K05"


def test_an_agency_without_agreements_and_an_empty_register_have_nothing_to_gain() -> None:
    empty = Register()
    nothing = what_if.study(empty, facts.build(empty, AS_OF), agency=AGENCY)
    nobody = what_if.study(register := simulate(20, seed=1), facts.build(register, AS_OF), agency="nobody")

    for study in (nothing, nobody):
        assert (study.score, study.place) == (None, None)
        assert study.alone.is_empty()
        assert study.together.is_empty()


def test_five_hundred_agreements_are_studied_at_once() -> None:
    register = simulate(2500, seed=1, agencies=5, even=True)
    found = facts.build(register, AS_OF)
    cards = scorecard.compute(found, by=["agency"])

    study = what_if.study(register, found, agency="M02", cards=cards)

    assert found.agreements.filter(agency="M02").height == 500
    assert study.alone.height > 400
