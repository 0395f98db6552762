"""What claims rest on: worked out a second time, claim by claim, from the rows as a person wrote them down."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from hypothesis import given, settings

from kpi import facts
from kpi.facts.standing import with_standing
from kpi.vocabulary import Standing
from tests.kpi.registers import AS_OF, REVIEWED_BATCHES, Row, register_of, registers

DAY = dt.date(2025, 9, 1)
CLAIMS = {"PLAN_ISSUED", "IN_PROGRESS", "COMPLETED", "SUSPENDED", "TERMINATED", "EXPIRED", "SUPERSEDED", "NOT_PURSUED"}


def by_hand(row: Row, state: str, day: dt.date) -> str | None:
    verdict = next((f["verdict"] for f in row.verifications if (f["state"], f["claimed"]) == (state, day)), None)
    if verdict == "refuted":
        return "refused"
    if state not in CLAIMS:
        return None
    if verdict is not None:
        return {"confirmed": "verified", "not_shown": "declared"}[verdict]
    if row.batches.get(state) in REVIEWED_BATCHES:
        return "reviewed"
    if state in row.documented or (state == "COMPLETED" and row.evidence):
        return "evidenced"
    return "declared" if state in row.batches else "sourced"


@settings(max_examples=25)
@given(registers(least=1, most=6))
def test_every_claim_rests_on_what_is_known_of_it(rows: list[Row]) -> None:
    said = {row.id: row for row in rows}

    for number, state, day, standing in (
        with_standing(register_of(rows)).select("agreement_id", "state", "effective_on", "standing").iter_rows()
    ):
        # The random lives claim a state twice on one day at most with one verdict of both.
        assert standing == by_hand(said[number], state, day)


@settings(max_examples=25)
@given(registers(least=1, most=6))
def test_what_was_seen_of_an_agreement_is_what_was_seen_of_its_claims(rows: list[Row]) -> None:
    found = facts.build(register_of(rows), AS_OF).agreements
    said = {row.id: row for row in rows}

    for one in found.iter_rows(named=True):
        row = said[one["agreement_id"]]
        seen = {s for s, day in row.events if day <= AS_OF and by_hand(row, s, day) in ("reviewed", "verified")}
        assert one["plan_seen"] == ("PLAN_ISSUED" in seen)
        assert one["start_seen"] == bool(seen & {"IN_PROGRESS", "COMPLETED"})
        assert one["completion_seen"] == ("COMPLETED" in seen)


@pytest.mark.parametrize(
    ("told", "standing", "seen_on"),
    [
        ({}, Standing.SOURCED, None),
        ({"batches": {"COMPLETED": 1}}, Standing.DECLARED, None),
        ({"batches": {"COMPLETED": 1}, "documented": frozenset({"COMPLETED"})}, Standing.EVIDENCED, None),
        ({"batches": {"COMPLETED": 1}, "evidence": "12/BC"}, Standing.EVIDENCED, None),
        ({"batches": {"COMPLETED": 2}}, Standing.REVIEWED, dt.date(2025, 8, 1)),
    ],
)
def test_the_state_an_agreement_is_in_says_what_it_rests_on(
    told: dict[str, object], standing: Standing, seen_on: dt.date | None
) -> None:
    row = Row(id=1, signed=dt.date(2025, 1, 1), events=[("IN_PROGRESS", dt.date(2025, 3, 1)), ("COMPLETED", DAY)])
    for name, value in told.items():
        setattr(row, name, value)

    held = facts.build(register_of([row]), AS_OF).agreements.row(0, named=True)

    assert (held["standing"], held["seen_on"]) == (standing, seen_on)


def test_what_was_found_prevails_and_a_review_does_not_outlive_it() -> None:
    found = {"state": "COMPLETED", "claimed": DAY, "sample": None, "received": dt.date(2025, 12, 1)}
    row = Row(id=1, signed=dt.date(2025, 1, 1), events=[("COMPLETED", DAY)], batches={"COMPLETED": 2})
    standings = []

    for verdict in ("confirmed", "not_shown", "refuted"):
        row.verifications = [{**found, "verdict": verdict}]
        events = with_standing(register_of([row])).filter(pl.col("state") == "COMPLETED")
        standings.append(events["standing"].item())

    assert standings == [Standing.VERIFIED, Standing.DECLARED, Standing.REFUSED]
