"""What claims rest on: worked out a second time, claim by claim, from the rows as a person wrote them down."""

from __future__ import annotations

import dataclasses
import datetime as dt

import polars as pl
import pytest
from hypothesis import given, settings

from kpi import facts
from kpi import register as schemas
from kpi.facts import History
from kpi.facts.standing import with_standing
from kpi.indicators import scorecard
from kpi.indicators.catalog import RELIABILITY
from kpi.register import Register
from kpi.vocabulary import Reading, Standing
from tests.kpi.registers import AS_OF, REVIEWED_BATCHES, Row, register_of, registers, schema_of

DAY = dt.date(2025, 9, 1)
CLAIMS = {
    "APPROVAL_PENDING", "IN_FORCE", "PLAN_ISSUED", "IN_PROGRESS", "COMPLETED",
    "SUSPENDED", "TERMINATED", "EXPIRED", "SUPERSEDED", "NOT_PURSUED",
}  # fmt: skip


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
    known = facts.build(register_of(rows), AS_OF).agreements
    said = {row.id: row for row in rows}

    for one in known.iter_rows(named=True):
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


def sampled(
    rows: list[Row], drawn: list[tuple[int, str, dt.date, str]], *, taken_back: dict[int, dt.date] | None = None
) -> Register:
    """A register with a sample of 2025-Q3: agreement, state, day and agency of each claim drawn, and by agreement when it was
    taken back."""
    items = [(1, place, *claim, (taken_back or {}).get(claim[0])) for place, claim in enumerate(drawn, 1)]
    return dataclasses.replace(
        register_of(rows),
        samples=pl.DataFrame([(1, "2025-Q3")], schema=schema_of(schemas.Samples), orient="row"),
        sample_items=pl.DataFrame(items, schema=schema_of(schemas.SampleItems), orient="row"),
    )


def found(state: str, verdict: str, day: dt.date = DAY) -> dict[str, object]:
    return {"state": state, "claimed": day, "verdict": verdict, "sample": 1, "received": dt.date(2025, 11, 1)}


START = "IN_PROGRESS"


def a_doubtful_quarter() -> list[Row]:
    """Of BCT, in Q3: 1 found false, 2 drawn and confirmed, 3 documented, 4 reviewed, 5 verified besides, 6 with a suspension; 7 is
    of the quarter before, 8 of another agency, 9 not shown."""
    signed = dt.date(2025, 1, 1)
    rows = [Row(id=number, signed=signed, events=[(START, DAY)]) for number in range(1, 10)]
    rows[0].verifications = [found(START, "refuted")]
    rows[1].verifications = [found(START, "confirmed")]
    rows[2].documented = frozenset({START})
    rows[3].batches = {START: 2}
    rows[4].verifications = [{**found(START, "confirmed"), "sample": None}]
    rows[5].events.append(("SUSPENDED", DAY + dt.timedelta(days=5)))
    rows[6].claimed = {START: dt.date(2025, 6, 30)}
    rows[7].agency = "T20"
    rows[8].verifications = [found(START, "not_shown")]
    return rows


def test_one_false_claim_withholds_what_nobody_has_seen_of_the_agency_and_period() -> None:
    rows = a_doubtful_quarter()
    drawn = [(1, START, DAY, "BCT"), (2, START, DAY, "BCT"), (8, START, DAY, "T20")]
    rows[7].verifications = [found(START, "confirmed")]

    events = with_standing(register := sampled(rows, drawn))
    started = facts.build(register, AS_OF).agreements.filter("is_started")["agreement_id"].to_list()

    held = events.filter(pl.col("withheld_for").is_not_null())
    assert held.select("agreement_id", "state", "standing", "withheld_for").rows() == [
        (number, START, "declared", "2025-Q3") for number in (3, 6, 9)
    ]
    assert started == [2, 4, 5, 7, 8]


def test_what_came_on_days_the_calendar_leaves_out_is_of_the_period_after_them() -> None:
    register = sampled(a_doubtful_quarter(), [(1, START, DAY, "BCT"), (2, START, DAY, "BCT")])
    ends = pl.when(pl.col("code") == "2025-Q2").then(pl.date(2025, 6, 15)).otherwise("ends_on")
    events = with_standing(dataclasses.replace(register, periods=register.periods.with_columns(ends_on=ends)))

    assert events.filter(pl.col("withheld_for").is_not_null())["agreement_id"].to_list() == [3, 6, 7, 9]


def test_nothing_is_withheld_while_the_sample_is_not_finished_or_nothing_was_false() -> None:
    rows = a_doubtful_quarter()
    unfinished = sampled(rows, [(1, START, DAY, "BCT"), (3, START, DAY, "BCT")])
    rows[0].verifications = [found(START, "confirmed")]
    honest = sampled(rows, [(1, START, DAY, "BCT"), (2, START, DAY, "BCT")])

    assert with_standing(unfinished)["withheld_for"].null_count() == with_standing(honest)["withheld_for"].len()
    assert with_standing(honest)["withheld_for"].drop_nulls().is_empty()


def test_a_claim_that_was_taken_back_keeps_no_sample_open() -> None:
    """Or one agency that moves a day could spare all others."""
    drawn = [(1, START, DAY, "BCT"), (2, START, DAY, "BCT"), (8, START, DAY - dt.timedelta(days=1), "T20")]

    gone = {8: dt.date(2025, 10, 20)}

    def withheld(taken_back: dict[int, dt.date]) -> list[int]:
        events = with_standing(sampled(a_doubtful_quarter(), drawn, taken_back=taken_back))
        return events.filter(pl.col("withheld_for").is_not_null())["agreement_id"].to_list()

    assert withheld(gone) == [3, 6, 9]
    assert withheld({}) == []  # somebody has yet to look


def test_a_claim_that_was_drawn_and_taken_back_counts_against_who_made_it() -> None:
    drawn = [(2, START, DAY, "BCT"), (8, START, DAY - dt.timedelta(days=1), "T20")]
    register = sampled(a_doubtful_quarter(), drawn, taken_back={2: DAY, 8: dt.date(2025, 10, 20)})

    known = facts.build(register, AS_OF)

    gone = known.verifications.filter(verdict="taken_back")
    assert gone.select("verification_id", "agreement_id", "is_sampled", "is_confirmed").rows() == [(-1, 8, True, False)]
    told = scorecard.compute(known.where(pl.col("agency") == "T20")).filter(kpi=RELIABILITY)
    assert (told["n"].item(), told["value"].item()) == (1, 0.0)


def test_what_was_confirmed_of_another_document_is_worth_what_that_is() -> None:
    rows = [
        Row(id=number, signed=dt.date(2025, 1, 1), events=[(START, DAY)], batches={START: 1}) for number in range(1, 5)
    ]
    for row, verdict in zip(rows, ("confirmed", "confirmed", "refuted", "not_shown"), strict=True):
        row.verifications = [{**found(START, verdict), "exchanged": True}]
        row.documented = frozenset({START})
    rows[1].batches = {START: 2}

    told = with_standing(register_of(rows)).filter(pl.col("state") == START)

    assert told["standing"].to_list() == ["evidenced", "reviewed", "refused", "declared"]
    assert told["seen_on"].to_list()[:2] == [None, dt.date(2025, 8, 1)]


def test_what_is_withheld_counts_again_once_it_was_seen() -> None:
    rows = a_doubtful_quarter()
    drawn = [(1, START, DAY, "BCT"), (2, START, DAY, "BCT")]

    rows[2].verifications = [{**found(START, "confirmed"), "sample": None}]
    rows[8].verifications = [{**found(START, "confirmed"), "sample": None}]

    started = facts.build(sampled(rows, drawn), AS_OF).agreements.filter("is_started")["agreement_id"].to_list()
    assert started == [2, 3, 4, 5, 7, 8, 9]


def test_what_was_found_prevails_and_a_review_does_not_outlive_it() -> None:
    row = Row(id=1, signed=dt.date(2025, 1, 1), events=[("COMPLETED", DAY)], batches={"COMPLETED": 2})
    standings = []

    for verdict in ("confirmed", "not_shown", "refuted"):
        row.verifications = [found("COMPLETED", verdict)]
        events = with_standing(register_of([row])).filter(pl.col("state") == "COMPLETED")
        standings.append(events["standing"].item())

    assert standings == [Standing.VERIFIED, Standing.DECLARED, Standing.REFUSED]


def test_what_is_read_as_declared_and_as_verified() -> None:
    rows = a_doubtful_quarter()
    register = sampled(rows, [(1, START, DAY, "BCT"), (2, START, DAY, "BCT")])

    def started(reading: Reading) -> list[int]:
        known = facts.build(History.of(register, reading), AS_OF).agreements
        return known.filter("is_started")["agreement_id"].to_list()

    assert started(Reading.AS_DECLARED) == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert started(Reading.COUNTING) == [2, 4, 5, 7, 8]
    assert started(Reading.AS_VERIFIED) == [2, 4, 5]
