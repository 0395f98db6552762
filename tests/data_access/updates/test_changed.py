"""Which figures of a day that is past are others by now, and by which batch: worked out again by hand on a small register."""

from __future__ import annotations

import datetime as dt

import polars as pl
import sqlalchemy as sa
from sqlmodel import Session

from data_access import changed as store_of_changes
from data_access import register, store
from data_access.store import models
from kpi import facts
from kpi.indicators import changed, scorecard
from kpi.rules import Rules
from tests.data_access.updates.test_known import Move, days_pass
from tests.data_access.updates.test_updates import TODAY, applied, filled, undone

__all__ = ["days_pass", "filled"]  # fixtures, which pytest finds by their names here

STARTED = "ref,state,state_date,state_document\nA-1,IN_PROGRESS,2026-01-18,CV 12/BCT\n"
CLAIMED = dt.date(2025, 8, 1)
LATER = "ref,state,state_date,state_document\nA-3,IN_PROGRESS,2026-01-20,CV 13/BCT\n"


def cards(engine: sa.Engine, known_on: dt.date | None) -> pl.DataFrame:
    found = register.read_register(engine, known_on=known_on)
    return scorecard.compute(facts.build(found, TODAY, Rules()), by=["agency"], rules=Rules())


def changed_of_today(engine: sa.Engine) -> pl.DataFrame:
    return changed.changed(cards(engine, TODAY), cards(engine, None))


def test_the_figures_that_changed_are_those_that_differ_by_hand(filled: sa.Engine, days_pass: Move) -> None:
    evening = {(row["agency"], row["kpi"]): row for row in cards(filled, None).to_dicts()}
    days_pass(1)
    assert changed_of_today(filled).is_empty()
    assert store_of_changes.read_touched(filled, TODAY).is_empty()

    batch = applied(filled, STARTED).batch_id

    now = {(row["agency"], row["kpi"]): row for row in cards(filled, None).to_dicts()}
    by_hand = {
        key
        for key in evening
        if (evening[key]["value"], evening[key]["status"]) != (now[key]["value"], now[key]["status"])
    }
    found = changed_of_today(filled)
    assert set(found.select("agency", "kpi").iter_rows()) == by_hand
    assert {agency for agency, _ in by_hand} == {"BCT"}
    # Of four agreements one had been started when the day ended; two have, as is known now.
    assert found.filter(kpi="K02").select("old", "new").rows() == [(25.0, 50.0)]
    assert store_of_changes.read_touched(filled, TODAY).rows() == [(1, batch, None)]

    undone(filled, batch)
    assert changed_of_today(filled).is_empty()


def test_every_batch_since_is_named_and_no_other_cause(filled: sa.Engine, days_pass: Move) -> None:
    applied(filled, STARTED)  # on the day itself: known at its end
    days_pass(1)
    second, third = applied(filled, LATER).batch_id, applied(filled, "ref,deliverable_en\nA-3,Plan\n").batch_id

    touched = store_of_changes.read_touched(filled, TODAY)

    assert touched.rows() == [(3, second, None), (3, third, None)]
    then, now = (register.read_register(filled, known_on=day) for day in (TODAY, None))
    assert changed.agencies_of(touched, then, now)["agency"].unique().to_list() == ["BCT"]
    batches = store_of_changes.read_batches(filled, touched["batch_id"])
    assert batches.select("id", "agency").rows() == [(second, "BCT"), (third, "BCT")]


def test_what_was_loaded_found_or_named_since_is_told_apart(filled: sa.Engine, days_pass: Move) -> None:
    days_pass(1)
    later = TODAY + dt.timedelta(days=1)
    with store.session(filled) as session:
        session.add(models.TargetDate(agreement_id=3, target_on=later, effective_on=TODAY, received_on=later))
        session.add(models.TargetDate(agreement_id=4, target_on=later, effective_on=later, received_on=later))
        for number, verdict in ((9, "refuted"), (1, "confirmed")):
            finding = models.Verification(
                agreement_id=number, state="SIGNED", effective_on=TODAY, verdict=verdict, verified_by="x"
            )
            finding.received_on = later
            session.add(finding)
        for number, since in ((2, TODAY), (4, later)):
            session.add(
                models.Handover(agreement_id=number, successor="BCT", effective_on=since, action="x", recorded_by="x")
            )

    assert store_of_changes.read_touched(filled, TODAY).select("agreement_id", "cause").rows() == [
        (1, store_of_changes.FINDING),
        (2, store_of_changes.NAME),
        (3, store_of_changes.SOURCE),
        (9, store_of_changes.FINDING),
    ]


def found(session: Session, agreement_id: int, verdict: str, received_on: dt.date) -> None:
    finding = models.Verification(
        agreement_id=agreement_id, state="IN_PROGRESS", effective_on=CLAIMED, verdict=verdict, verified_by="x"
    )
    finding.received_on = received_on
    session.add(finding)


def test_what_waits_for_a_sample_that_is_finished_since_and_counts_again_once_seen_is_told(
    filled: sa.Engine, days_pass: Move
) -> None:
    """One claim was found false on the day; the sample is finished, and what it withholds is seen, only later."""
    with store.session(filled) as session:
        for number in (1, 4, 9):
            event = models.StatusEvent(agreement_id=number, state="IN_PROGRESS", effective_on=CLAIMED)
            event.received_on = CLAIMED
            session.add(event)
        drawn_at = dt.datetime(2025, 10, 3)
        session.add(
            models.VerificationSample(
                id=1,
                period="2025-Q3",
                seed_sha256="x",
                published_by="x",
                published_at=drawn_at,
                drawn_at=drawn_at,
            )
        )
        session.flush()
        for position, (number, agency) in enumerate(((4, "BCT"), (9, "BNG"))):
            session.add(
                models.SampleItem(
                    sample_id=1,
                    position=position,
                    agreement_id=number,
                    state="IN_PROGRESS",
                    effective_on=CLAIMED,
                    agency=agency,
                    stratum=1,
                )
            )
        found(session, 4, "refuted", CLAIMED + dt.timedelta(days=70))
    days_pass(1)
    assert changed_of_today(filled).is_empty()

    for number in (9, 1):  # another agency's, which finishes the sample; then what waits because of it
        with store.session(filled) as session:
            found(session, number, "confirmed", TODAY + dt.timedelta(days=1))
        touched = store_of_changes.read_touched(filled, TODAY)
        then, now = (register.read_register(filled, known_on=day) for day in (TODAY, None))
        agencies = changed.agencies_of(touched, then, now)["agency"]
        assert set(changed_of_today(filled)["agency"]) <= set(agencies)
        assert set(touched["cause"]) == {store_of_changes.FINDING}
        assert changed_of_today(filled).is_empty() == (number == 1)


def test_a_value_and_a_light_count_each_and_less_than_is_read_does_not() -> None:
    schema = {"agency": pl.String, "kpi": pl.String, "value": pl.Float64, "status": pl.String}
    then = pl.DataFrame(
        [("A", "K1", 50.01, "green"), ("A", "K2", 50.0, "green"), ("A", "K3", None, "not_available")],
        schema,
        orient="row",
    )
    now = pl.DataFrame(
        [("A", "K1", 50.04, "green"), ("A", "K2", 50.0, "red"), ("A", "K3", 7.0, "amber"), ("B", "K1", 1.0, "red")],
        schema,
        orient="row",
    )

    assert changed.changed(then, now).rows() == [
        ("A", "K2", 50.0, 50.0, "green", "red"),
        ("A", "K3", None, 7.0, "not_available", "amber"),
        ("B", "K1", None, 1.0, "not_available", "red"),
    ]
