"""When something was received is the store's to say: what is typed moves no judgement of punctuality."""

from __future__ import annotations

import dataclasses
import datetime as dt

import polars as pl
import pytest
import sqlalchemy as sa
from sqlmodel import select

from data_access import register, store, updates
from data_access.acting import Person, Refused
from data_access.store import models
from data_access.store.models import base
from kpi import facts
from kpi.facts import REPORT_FIELDS, Facts
from kpi.indicators import scorecard
from kpi.update import consequences, place_of
from kpi.update.changes import Place
from kpi.update.reasons import Reason
from kpi.update.review import alike
from seed_data import demo as demonstration
from seed_data.mapping.build import RegisterFrames
from seed_data.store import fill
from tests.data_access.updates.test_known import Move, days_pass
from tests.data_access.updates.test_reviewing import handed_in, held, published, sent_for_review
from tests.data_access.updates.test_updates import COORDINATOR, INDUSTRY, TODAY, applied, filled, preview, undone

__all__ = ["days_pass", "filled", "held"]  # fixtures, which pytest finds by their names here

CONSTRUCTION = Person("bxd", "agency", "BXD")
EARLY, LATE = dt.date(2025, 10, 1), TODAY
FULL = dict.fromkeys(REPORT_FIELDS, "có")


def receipts(engine: sa.Engine) -> list[dt.date]:
    """The days on which the reports that hold were received, in the order of their numbers."""
    return register.read_register(engine).reports["received_on"].to_list()


def complete(engine: sa.Engine) -> None:
    """Fill every field of the report there is, as if it had come like that."""
    with store.session(engine) as session:
        session.execute(sa.update(models.ProgressReport).values(**FULL))


def punctuality(engine: sa.Engine, day: dt.date) -> float:
    cards = scorecard.compute(facts.build(register.read_register(engine), day), by=["agency"])
    return float(cards.filter((pl.col("agency") == "BXD") & (pl.col("kpi") == "K08"))["value"].item())


def owed_by_construction(found: Facts) -> pl.DataFrame:
    """Every report that has fallen due for the Ministry of Construction, sent or not: ref, period, due_on, ..."""
    own = found.agreements.filter(pl.col("agency") == "BXD").select("agreement_id", "ref")
    return found.reports.filter("is_due").join(own, on="agreement_id")


def standing(engine: sa.Engine) -> dict[dt.date, tuple[float, tuple[int | None, int]]]:
    """Composite, and place and number of those that have one, of the Ministry of Construction among ministries, on two days."""
    among = pl.col("agency_group") == "ministry"
    found = {}
    for day in (dt.date(2025, 6, 30), TODAY):
        cards = scorecard.compute(facts.build(register.read_register(engine), day).where(among), by=["agency"])
        composite = cards.filter((pl.col("agency") == "BXD") & (pl.col("kpi") == "K13"))["value"].item()
        found[day] = (float(composite), consequences.rank_of(cards, agency="BXD"))
    return found


@pytest.fixture
def demo(engine: sa.Engine) -> sa.Engine:
    """The demonstration register, with an account of the Ministry of Construction and a coordinator's."""
    with store.session(engine) as session:
        fill(session, actor="test", register=RegisterFrames(demonstration.frames()), origin="demo")
        for person in (CONSTRUCTION, COORDINATOR):
            session.add(models.User(**dataclasses.asdict(person), password_hash="x"))
    return engine


def test_two_files_of_typed_days_move_nothing_and_ask_the_coordinator_for_two_decisions(demo: sa.Engine) -> None:
    owed = owed_by_construction(facts.build(register.read_register(demo), TODAY))
    last = TODAY - dt.timedelta(days=31)
    reports = owed.filter(pl.col("due_on") <= last).select(
        "ref",
        report_period="period",
        report_date="due_on",
        shows_progress=pl.lit("có"),
        **{name: pl.lit("không") for name in REPORT_FIELDS},
    )
    unstarted = updates.current_rows(demo, "BXD").standing.filter(
        (pl.col("state") == "SIGNED") & (pl.col("state_since") <= last)
    )
    starts = unstarted.select(
        "ref", state=pl.lit("IN_PROGRESS"), state_date="state_since", state_document=pl.lit("Công văn số 12/BXD")
    )
    before = standing(demo)
    waiting = {}

    for rows, kind in ((reports, "report"), (starts, "status")):
        number = handed_in(demo, rows.write_csv(), CONSTRUCTION).waiting

        assert number is not None
        for day, (composite, place) in standing(demo).items():
            assert composite == pytest.approx(before[day][0], abs=1)
            assert place == before[day][1]
        review = updates.review(demo, number, agency=None)
        assert review is not None
        assert review.preview is not None
        groups: dict[tuple[str, str], set[Place]] = {
            name: {place_of(change) for change in found} for name, found in alike(review.preview).items()
        }
        assert {reason for _, reason in groups} == {"long_ago"}
        waiting[kind] = len(groups[kind, "long_ago"])

    assert waiting["status"] == starts.height
    assert sum(waiting.values()) >= 235


def test_reports_dated_on_their_due_days_and_sent_today_came_today(demo: sa.Engine) -> None:
    owed = owed_by_construction(facts.build(register.read_register(demo), TODAY))
    typed = owed.select(
        "ref",
        report_period="period",
        report_date="due_on",
        shows_progress=pl.lit("có"),
        **{name: pl.lit("đúng hạn") for name in REPORT_FIELDS},
    )
    before = {day: punctuality(demo, day) for day in (dt.date(2025, 6, 30), TODAY)}

    waiting = handed_in(demo, typed.write_csv(), CONSTRUCTION).waiting

    assert owed.height > 214
    assert (owed["due_on"] < dt.date(2025, 1, 31)).any()
    assert {day: punctuality(demo, day) for day in before} == before
    # A day of long ago waits; and published it was still received today.
    published(demo, waiting)
    assert {day: punctuality(demo, day) for day in before} == before
    assert owed_by_construction(facts.build(register.read_register(demo), TODAY))["complete"].all()


def test_what_is_handed_in_is_received_on_the_day_it_is_stored(filled: sa.Engine) -> None:
    head = "ref,report_period,report_date,shows_progress,progress,state,state_date,state_document"
    text = f"{head}\nA-1,2025-Q4,2026-01-10,có,Đã làm,IN_PROGRESS,2026-01-09,CV 12/BCT\n"

    batch = applied(filled, text).batch_id

    assert receipts(filled) == [EARLY, TODAY]
    report = register.read_register(filled).reports.row(1, named=True)
    assert (report["reported_on"], report["received_on"]) == (dt.date(2026, 1, 10), TODAY)
    with store.session(filled, read_only=True) as session:
        event = session.exec(select(models.StatusEvent).where(models.StatusEvent.batch_id == batch)).one()
        assert (event.received_on, event.effective_on) == (TODAY, dt.date(2026, 1, 9))


@pytest.mark.parametrize(("was_complete", "received"), [(True, EARLY), (False, LATE)])
def test_what_was_missing_came_when_it_came_and_a_word_put_right_makes_nothing_late(
    filled: sa.Engine, was_complete: bool, received: dt.date
) -> None:
    if was_complete:
        complete(filled)

    batch = applied(
        filled, "ref,report_period," + ",".join(REPORT_FIELDS) + "\nA-2,2025-Q3" + ",mới" * 7 + "\n"
    ).batch_id

    assert receipts(filled) == [received]
    undone(filled, batch)
    assert receipts(filled) == [EARLY]


@pytest.mark.parametrize("first", [0, 1])
def test_a_report_is_not_made_punctual_by_taking_a_correction_back(filled: sa.Engine, first: int) -> None:
    word = applied(filled, "ref,report_period,content\nA-2,2025-Q3,mới\n").batch_id
    rest = [name for name in REPORT_FIELDS if name not in ("content", "progress")]
    filling = applied(filled, f"ref,report_period,{','.join(rest)}\nA-2,2025-Q3{',mới' * len(rest)}\n").batch_id
    batches = [word, filling]

    undone(filled, batches[first])

    assert receipts(filled) == [LATE]
    undone(filled, batches[1 - first])
    assert receipts(filled) == [EARLY]


def test_what_waited_for_review_was_received_when_it_was_handed_in(
    held: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = sent_for_review(
        held, "ref,report_period,report_date,shows_progress,progress\nA-1,2025-Q4,2026-01-10,có,Đã làm\n"
    )
    monkeypatch.setattr(models, "utc_now", lambda: base.utc_now() + dt.timedelta(days=9))

    published(held, number)

    assert receipts(held) == [EARLY, TODAY]


def test_a_document_that_is_named_later_does_not_make_a_claim_a_new_one(filled: sa.Engine) -> None:
    """Received anew, it would lie outside the period of which something was found false; nor does an earlier day."""
    early = TODAY - dt.timedelta(days=12)
    applied(filled, "ref,state,state_date,state_document\nA-1,IN_PROGRESS,2026-01-05,CV 12/BCT\n")
    with store.session(filled) as session:
        session.execute(sa.update(models.StatusEvent).values(received_on=early))
        register.raise_data_version(session)

    def received() -> list[dt.date]:
        return (
            register.read_register(filled)
            .status_events.filter(agreement_id=1, state="IN_PROGRESS")["received_on"]
            .to_list()
        )

    applied(filled, "ref,state_document\nA-1,CV 13/BCT\n")
    assert received() == [early]
    applied(filled, "ref,state_date\nA-1,2026-01-04\n")
    assert received() == [early]


@pytest.mark.parametrize("nights", [0, 1])
def test_what_was_held_for_a_night_and_taken_back_waits_when_it_is_said_again_of_a_later_day(
    filled: sa.Engine, days_pass: Move, nights: int
) -> None:
    """A clock that is set anew each month would never run out; a slip of the day is put right on the day."""
    head = "ref,state,state_date,state_document,report_period,report_date,shows_progress,progress_pct\n"
    said = head + "A-1,PLAN_ISSUED,{0},QĐ 12/BCT,2025-Q4,{0},yes,45%\n"
    batch = applied(filled, said.format("2026-01-10")).batch_id
    days_pass(nights)

    if nights:  # by then it may have counted on a day that was published
        with pytest.raises(Refused, match="undo_by_coordinator"):
            undone(filled, batch)
    undone(filled, batch, COORDINATOR if nights else INDUSTRY)

    reason = Reason.SENT_BACK if nights else None
    for day in ("2026-01-10", "2026-01-15"):
        again = preview(filled, said.format(day)).waiting
        assert all(reason in why for why in again.values())
        assert len(again) == 2 * nights


@pytest.mark.parametrize("nights", [0, 1])
def test_a_share_that_was_held_for_a_night_and_taken_back_waits_when_it_is_said_again_of_a_later_day(
    filled: sa.Engine, days_pass: Move, nights: int
) -> None:
    applied(filled, "ref,state,state_date,state_document\nA-1,IN_PROGRESS,2026-01-08,QĐ 12/BCT\n")
    said = "ref,report_period,report_date,shows_progress,progress_pct\nA-1,2025-Q4,{0},yes,45%\n"
    batch = applied(filled, said.format("2026-01-10")).batch_id
    days_pass(nights)

    undone(filled, batch)

    assert preview(filled, said.format("2026-01-10")).waiting == {}
    again = preview(filled, said.format("2026-01-15")).waiting
    assert list(again.values()) == [(Reason.SAID_AGAIN,)] * nights


def test_what_a_coordinator_took_back_or_returned_waits_when_it_is_said_again(filled: sa.Engine) -> None:
    """An old start that nothing showed is not made true by a newer day and a document."""
    head = "ref,state,state_date,state_document\n"
    again = {("1", "status", ""): (Reason.SENT_BACK,), ("3", "status", ""): (Reason.SENT_BACK,)}
    undone(filled, applied(filled, head + "A-1,IN_PROGRESS,2026-01-10,CV 12/BCT\n").batch_id, COORDINATOR)
    number = handed_in(filled, head + "A-3,IN_PROGRESS,2025-11-10,CV 12/BCT\n").waiting
    assert number is not None

    with store.session(filled) as session:
        updates.send_back(session, actor=COORDINATOR, batch_id=number, reason="chưa chứng minh được")

    later = head + "A-1,IN_PROGRESS,2026-01-10,CV 12/BCT\nA-3,IN_PROGRESS,2026-01-10,CV 13/BCT\n"
    assert preview(filled, later).waiting == again
    published(filled, handed_in(filled, later).waiting or 0)
    assert preview(filled, head + "A-3,COMPLETED,2026-01-12,CV 14/BCT\n").waiting == {}
