"""Nothing done after a period closed takes a claim out of its sample; samples are announced and drawn without anybody."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from data_access import register, samples, store, verification
from data_access.store import models
from data_access.verification import Claim
from kpi import facts
from kpi.facts.standing import with_standing
from tests.data_access.sampled import (
    CLOSED_DAY,
    PERIOD,
    VERIFIER,
    Clock,
    D,
    announce,
    draw,
    entries,
    kept,
    record,
    refusal,
    sample,
)

DAY = D(2025, 8, 1)


def at(day: D) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(3))


def handed_in(
    engine: sa.Engine, day: D, numbers: range, *, moved_to: D | None = DAY, note: str = "", taken_back: D | None = None
) -> None:
    """What a batch of that day did: the completions of these agreements taken back, and claimed again for a day, or not."""
    event = models.StatusEvent
    with store.session(engine) as session:
        batch = models.UploadBatch(
            username="bct", agency="BCT", file_name="x.csv", file_sha256=str(day), status="applied", applied_at=at(day)
        )
        session.add(batch)
        session.flush()
        assert batch.id is not None
        gone = sa.update(event).where(col(event.agreement_id).in_(numbers), col(event.retracted_at).is_(None))
        session.execute(gone.where(col(event.state) == "COMPLETED").values(retracted_at=at(taken_back or day)))
        if moved_to is not None:
            session.add_all(
                event(
                    id=1000 * batch.id + number,  # the others have numbers of their own
                    agreement_id=number,
                    state="COMPLETED",
                    effective_on=moved_to,
                    note=note,
                    received_on=day,
                    recorded_at=at(day),
                    batch_id=batch.id,
                )
                for number in numbers
            )


@pytest.mark.parametrize("moved_to", [DAY, D(2025, 7, 31), None], ids=["again", "a day earlier", "not again"])
def test_what_is_done_between_the_close_and_the_draw_takes_nothing_out_of_the_sample(
    filled: sa.Engine, on: Clock, moved_to: D | None
) -> None:
    announce(filled)
    on(CLOSED_DAY)
    handed_in(filled, D(2025, 10, 2), range(1, 41), moved_to=moved_to, taken_back=D(2025, 10, 1))

    draw(filled)

    items = verification.read_items(filled, 1)
    assert (sample(filled).claims, items.height) == (43, 31)
    assert set(items["effective_on"]) == {DAY}
    assert samples.check(filled, period=PERIOD).holds


def test_a_claim_belongs_to_the_period_in_which_the_register_first_held_it(filled: sa.Engine, on: Clock) -> None:
    """Handed in before the close and published after it, or named another document: each is drawn from once."""
    handed_in(filled, D(2025, 10, 2), range(1, 3), taken_back=D(2025, 9, 1))  # published in October, received before
    handed_in(filled, D(2025, 10, 5), range(3, 5), note="12/QĐ")
    with store.session(filled) as session:
        session.execute(sa.update(models.StatusEvent).values(received_on=D(2025, 8, 2)))
        later = models.ReportingPeriod(
            code="2025-Q4", starts_on=D(2025, 10, 1), ends_on=D(2025, 12, 31), due_on=D(2026, 1, 10)
        )
        session.add(later)
    with store.session(filled, read_only=True) as session:
        periods = {code: session.get_one(models.ReportingPeriod, code) for code in (PERIOD, "2025-Q4")}

    claims = {code: samples.claims_of(filled, period)["agreement_id"].to_list() for code, period in periods.items()}

    assert claims[PERIOD] == [*range(3, 45)]
    assert claims["2025-Q4"] == [1, 2]


def test_what_comes_between_two_periods_is_drawn_from_in_the_next(filled: sa.Engine, on: Clock) -> None:
    """A claim the register holds is in one sample, whatever days the calendar leaves out, also where it was taken back between."""
    handed_in(filled, D(2025, 10, 20), range(1, 3), taken_back=D(2025, 9, 1))
    later = models.ReportingPeriod(
        code="2025-N", starts_on=D(2025, 11, 1), ends_on=D(2025, 12, 31), due_on=D(2026, 1, 10)
    )
    with store.session(filled) as session:
        session.execute(sa.update(models.StatusEvent).values(received_on=D(2025, 8, 2)))
        session.add(later)
        session.flush()
        session.refresh(later)
        session.expunge(later)

    assert samples.claims_of(filled, later)["agreement_id"].to_list() == [1, 2]


def test_a_drawn_claim_that_was_taken_back_counts_as_not_shown_and_keeps_nothing_open(
    drawn: sa.Engine, on: Clock
) -> None:
    """Also where it was made again: who wants it to count shows it."""
    on(D(2025, 10, 20))
    items = verification.read_items(drawn, 1).filter(agency="BCT")
    gone, again, moved = items["agreement_id"].to_list()[:3]
    with store.session(drawn) as session:
        signed = models.StatusEvent(id=900, agreement_id=gone, state="SIGNED", effective_on=D(2025, 1, 1))
        session.add(signed)
    handed_in(drawn, D(2025, 10, 10), range(gone, gone + 1), moved_to=None)
    handed_in(drawn, D(2025, 10, 12), range(again, again + 1), taken_back=D(2025, 10, 11))
    handed_in(drawn, D(2025, 10, 13), range(moved, moved + 1), moved_to=D(2025, 7, 31))

    shown = verification.read_items(drawn, 1)
    told = {row["agreement_id"]: row for row in shown.iter_rows(named=True)}
    assert [told[number]["verdict"] for number in (gone, again, moved)] == ["taken_back"] * 3
    assert (told[again]["verified_on"], told[again]["received_on"]) == (D(2025, 10, 11), D(2025, 10, 12))
    assert shown["verdict"].null_count() == shown.height - 3
    held = register.read_register(drawn)
    assert held.sample_items["taken_back_on"].drop_nulls().sort().to_list() == [
        D(2025, 10, 10),
        D(2025, 10, 11),
        D(2025, 10, 13),
    ]
    before = register.read_register(drawn, known_on=D(2025, 10, 10)).sample_items["taken_back_on"]
    assert before.drop_nulls().to_list() == [D(2025, 10, 10)]
    found = facts.build(held, D(2025, 10, 31)).verifications
    assert found.select("verdict", "is_sampled", "is_confirmed").rows() == [("taken_back", True, False)] * 3

    assert refusal(lambda: record(drawn, claim=Claim(gone, "COMPLETED", DAY))) == "claim_gone"
    assert refusal(lambda: record(drawn, claim=Claim(again, "COMPLETED", DAY), verdict="taken_back")) == (
        "verdict_unknown"
    )
    record(drawn, claim=Claim(again, "COMPLETED", DAY))

    assert verification.read_items(drawn, 1).filter(agreement_id=again)["verdict"].to_list() == ["confirmed"]
    assert facts.build(register.read_register(drawn), D(2025, 10, 31)).verifications["verdict"].to_list() == [
        "confirmed",
        "taken_back",
        "taken_back",
    ]


def test_another_document_than_the_one_that_was_seen_has_not_been_seen(drawn: sa.Engine, on: Clock) -> None:
    """To name one where none stood, or the same again, changes nothing; what was found then stays in the sample."""
    items = verification.read_items(drawn, 1).filter(agency="BCT")["agreement_id"].to_list()
    other, same, first = items[:3]
    event = sa.update(models.StatusEvent)
    with store.session(drawn) as session:
        session.execute(event.where(sa.column("agreement_id").in_((other, same))).values(note="12/QĐ-BCT"))
    on(D(2025, 10, 10))
    for number in (other, same, first):
        record(drawn, claim=Claim(number, "COMPLETED", DAY))
    on(D(2025, 10, 20))
    for number, note in ((other, "99/QĐ-BCT"), (same, " 12/QĐ-BCT "), (first, "7/BC")):
        handed_in(drawn, D(2025, 10, 19), range(number, number + 1), note=note)

    def standings(known_on: D | None = None) -> list[str | None]:
        told = with_standing(register.read_register(drawn, known_on=known_on)).sort("agreement_id")
        return [told.filter(agreement_id=number)["standing"].item() for number in (other, same, first)]

    assert standings() == ["evidenced", "verified", "verified"]
    assert standings(D(2025, 10, 15)) == ["verified"] * 3
    assert verification.read_items(drawn, 1).filter(agreement_id=other)["verdict"].to_list() == ["confirmed"]
    assert refusal(lambda: record(drawn, claim=Claim(same, "COMPLETED", DAY))) == "already_verified"

    record(drawn, claim=Claim(other, "COMPLETED", DAY), verdict="refuted", reason="giả")

    assert standings() == ["refused", "verified", "verified"]
    assert verification.read_items(drawn, 1).filter(agreement_id=other)["verdict"].to_list() == ["confirmed"]
    assert [(one.verdict, one.sample_id) for one in entries(drawn) if one.agreement_id == other] == [
        ("confirmed", 1),
        ("refuted", None),
    ]


def test_other_evidence_of_a_result_than_was_seen_has_not_been_seen(drawn: sa.Engine, on: Clock) -> None:
    items = verification.read_items(drawn, 1).filter(agency="BCT")["agreement_id"].to_list()
    other, first = items[:2]
    agreement = models.Agreement
    with store.session(drawn) as session:
        session.execute(sa.update(agreement).where(col(agreement.id) == other).values(evidence_url="https://a.vn/1"))
    on(D(2025, 10, 10))
    for number in (other, first):
        record(drawn, claim=Claim(number, "COMPLETED", DAY))
    with store.session(drawn) as session:
        batch = models.UploadBatch(
            username="bct",
            agency="BCT",
            file_name="x",
            file_sha256="x",
            status="applied",
            applied_at=at(D(2025, 10, 19)),
        )
        session.add(batch)
        session.flush()
        assert batch.id is not None
        for number, old in ((other, "https://a.vn/1"), (first, None)):
            session.add(
                models.BatchChange(
                    batch_id=batch.id,
                    agreement_id=number,
                    field="evidence_url",
                    old=old,
                    new="https://a.vn/2",
                    target_table="agreement",
                    target_id=number,
                )
            )
            session.execute(
                sa.update(agreement).where(col(agreement.id) == number).values(evidence_url="https://a.vn/2")
            )

    told = with_standing(register.read_register(drawn))

    assert [told.filter(agreement_id=number)["standing"].item() for number in (other, first)] == [
        "evidenced",
        "verified",
    ]


def test_what_a_rate_comes_to_is_told_of_the_last_period_that_has_closed(filled: sa.Engine, on: Clock) -> None:
    """Or where none has, of the open one as far as it has come."""
    assert samples.read_strata(filled).rows() == [("BCT", "2025-Q2", 1)]
    with store.session(filled) as session:
        session.delete(session.get_one(models.ReportingPeriod, "2025-Q2"))
    assert samples.read_strata(filled).rows() == [("BCT", PERIOD, 41), ("BNG", PERIOD, 3)]
    on(D(2025, 6, 1))
    assert samples.read_strata(filled).is_empty()


# --- By itself -------------------------------------------------------------------------------------------------------


def test_samples_are_announced_and_drawn_without_anybody_and_once(filled: sa.Engine, on: Clock) -> None:
    assert samples.keep_up(filled) == [PERIOD]
    announced = sample(filled)
    assert (announced.published_by, announced.seed) == ("system", None)
    assert samples.keep_up(filled) == []

    on(CLOSED_DAY)
    with ThreadPoolExecutor(2) as both:
        done = [*both.map(lambda _: samples.keep_up(filled), range(2))]

    assert sorted(done) == [[], [PERIOD]]
    assert samples.keep_up(filled) == []
    assert sample(filled).seed_sha256 == announced.seed_sha256
    assert verification.read_items(filled, 1).height == 31
    assert samples.check(filled, period=PERIOD).holds
    with store.session(filled) as session:
        told = session.exec(select(models.AuditEntry.action, models.AuditEntry.actor)).all()
    assert [tuple(row) for row in told] == [("sample.announce", "system"), ("sample.draw", "system")]


def test_what_was_not_announced_in_time_is_drawn_by_people_only_and_says_so(filled: sa.Engine, on: Clock) -> None:
    on(CLOSED_DAY)
    assert samples.keep_up(filled) == []
    assert refusal(lambda: draw(filled)) == "not_announced"

    with store.session(filled) as session:
        samples.announce(session, actor=VERIFIER, period=PERIOD, late=True)
    samples.keep_up(filled)

    told, _ = samples.read_samples(filled).to_dicts()
    assert (told["is_late"], told["drawn_by"]) == (True, "system")
    assert not samples.check(filled, period=PERIOD).in_time
    with store.session(filled) as session:
        details = session.exec(select(models.AuditEntry.detail)).first()
    assert '"late":true' in str(details).replace(" ", "")


def test_a_demonstration_and_an_empty_period_stand_still(filled: sa.Engine, on: Clock) -> None:
    with store.session(filled) as session:
        session.execute(sa.update(models.DataVersion).values(is_demo=True))
    assert samples.keep_up(filled) == []
    with store.session(filled) as session:
        session.execute(sa.update(models.DataVersion).values(is_demo=False))
        session.execute(sa.update(models.StatusEvent).values(received_on=D(2025, 1, 1)))

    assert samples.keep_up(filled) == [PERIOD]
    on(CLOSED_DAY)
    before = kept(filled)

    assert samples.keep_up(filled) == []
    assert kept(filled) == before


def test_a_seed_that_was_lost_is_announced_again_by_people_and_both_hashes_are_kept(
    filled: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = announce(filled)
    monkeypatch.setattr(samples, "_USE", b"another")

    assert samples.keep_up(filled) == []
    second = announce(filled)

    assert first != second == sample(filled).seed_sha256
    with store.session(filled) as session:
        details = [*session.exec(select(models.AuditEntry.detail))]
    assert first in details[-1]


def test_the_rate_is_that_which_was_settled_when_the_period_closed(filled: sa.Engine, on: Clock) -> None:
    announce(filled)
    with store.session(filled) as session:
        for value, day in (("1.0", D(2025, 9, 29)), ("0.3", CLOSED_DAY)):
            session.add(
                models.Setting(
                    key="sample_share", value=value, effective_on=D(2025, 9, 1), recorded_by="x", recorded_at=at(day)
                )
            )
    on(CLOSED_DAY)

    assert draw(filled) == 43
