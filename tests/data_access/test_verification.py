"""Samples announced before and drawn after a period closes, once; what was found recorded by others, never for one's own agency."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
import types
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from data_access import audit, register, samples, store, updates, verification
from data_access.acting import Person, Refused
from data_access.store import models
from data_access.store.models import base
from data_access.verification import Claim, Document
from kpi import facts
from kpi.facts.standing import with_standing

D = dt.date
PERIOD = "2025-Q3"
OPEN_DAY, CLOSED_DAY = D(2025, 9, 20), D(2025, 10, 3)
VERIFIER = Person("thanhtra", "verifier", "TTCP")
COORDINATOR = Person("dieuphoi", "coordinator", "BNG")
OTHERS = [Person("bct", "agency", "BCT"), Person("lanhdao", "leader"), Person("quantri", "administrator")]
CLAIM = Claim(1, "COMPLETED", D(2025, 8, 1))
PAPER = Document("12/KL-TTCP", "Thanh tra Chính phủ", D(2025, 10, 2))
Clock = Callable[[D], None]


@pytest.fixture
def on(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Sets the day it is where the register is kept."""

    def move(day: D) -> None:
        now = dt.datetime.combine(day, dt.time(3), dt.UTC)
        shown = types.SimpleNamespace(now=now.astimezone)
        monkeypatch.setattr(base, "dt", types.SimpleNamespace(datetime=shown, UTC=dt.UTC))

    return move


@pytest.fixture
def filled(engine: sa.Engine, on: Clock) -> sa.Engine:
    """Forty completions of BCT and three of BNG received in the third quarter, one of before; nobody looked at any."""
    on(OPEN_DAY)
    with store.session(engine) as session:
        for key in ("BCT", "BNG", "TTCP"):
            session.add(
                models.Agency(key=key, code=key, kind="ministry", abbr_vi=key, abbr_en=key, name_vi=key, name_en=key)
            )
        session.add(models.DataVersion(id=1, version=5, data_date=D(2025, 9, 1)))
        session.add(
            models.ReportingPeriod(code=PERIOD, starts_on=D(2025, 7, 1), ends_on=D(2025, 9, 30), due_on=D(2025, 10, 10))
        )
        session.flush()
        for person in (VERIFIER, COORDINATOR, *OTHERS):
            session.add(models.User(**dataclasses.asdict(person), password_hash="x"))
        for number in range(1, 45):
            agency = "BNG" if number > 41 else "BCT"
            session.add(
                models.Agreement(
                    id=number, ref=f"A-{number}", title_vi="x", title_en="", scope="LOCAL", responsible_agency=agency
                )
            )
            session.flush()
            came = D(2025, 6, 30) if number == 41 else D(2025, 8, 2)
            session.add(
                models.StatusEvent(
                    id=number, agreement_id=number, state="COMPLETED", effective_on=D(2025, 8, 1), received_on=came
                )
            )
    return engine


@pytest.fixture
def drawn(filled: sa.Engine, on: Clock) -> sa.Engine:
    """The sample of the quarter, drawn after it closed."""
    announce(filled)
    on(CLOSED_DAY)
    draw(filled)
    return filled


def announce(engine: sa.Engine, actor: Person | str = VERIFIER) -> str:
    with store.session(engine) as session:
        return samples.announce(session, actor=actor, period=PERIOD)


def draw(engine: sa.Engine, actor: Person | str = VERIFIER, **asked: Any) -> int:
    with store.session(engine) as session:
        return samples.draw(session, actor=actor, period=PERIOD, **asked)


def record(engine: sa.Engine, actor: Person = VERIFIER, **told: Any) -> int:
    given = {"claim": CLAIM, "verdict": "confirmed", "document": PAPER, **told}
    with store.session(engine) as session:
        return verification.record(session, actor=actor, **given)


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(Refused) as refused:
        act()
    return refused.value.code


def sample(engine: sa.Engine) -> models.VerificationSample:
    with store.session(engine) as session:
        return session.exec(select(models.VerificationSample)).one()


def entries(engine: sa.Engine) -> list[models.Verification]:
    with store.session(engine) as session:
        return list(session.exec(select(models.Verification)).all())


def kept(engine: sa.Engine) -> dict[str, Any]:
    tables = (models.VerificationSample, models.SampleItem, models.Verification, models.AuditEntry, models.DataVersion)
    with store.session(engine) as session:
        return {str(model.__tablename__): [row.model_dump() for row in session.exec(select(model))] for model in tables}


# --- Announced, and drawn --------------------------------------------------------------------------------------------


def test_what_is_published_before_the_close_is_the_hash_of_a_seed_that_stands_nowhere(filled: sa.Engine) -> None:
    told = announce(filled)

    assert sample(filled).seed is None
    assert sample(filled).seed_sha256 == told
    seed = samples._seed(PERIOD, sample(filled).published_at)
    assert hashlib.sha256(seed.encode()).hexdigest() == told
    assert seed not in json.dumps(kept(filled), default=str)


def test_drawn_after_the_close_the_seed_is_told_and_the_draw_can_be_redone(drawn: sa.Engine) -> None:
    made = sample(drawn)

    assert (made.claims, made.size) == (43, 30)  # 96.04 / (1 + 95.04 / 43), rounded up
    assert made.seed is not None
    assert hashlib.sha256(made.seed.encode()).hexdigest() == made.seed_sha256
    items = verification.read_items(drawn, 1)
    assert items["position"].to_list() == [*range(1, 32)]
    assert dict(items.group_by("agency").len().iter_rows()) == {"BCT": 28, "BNG": 3}  # four at least, or all
    assert items.filter(agency="BCT")["stratum"].unique().to_list() == [40]
    assert "A-41" not in items["ref"].to_list()  # received before the quarter
    assert samples.check(drawn, period=PERIOD).holds


@pytest.mark.parametrize(
    ("code", "prepared", "act"),
    [
        ("not_announced", samples.read_samples, draw),
        ("period_open", announce, draw),
        ("already_announced", announce, announce),
        ("not_announced", samples.read_samples, lambda engine: samples.check(engine, period=PERIOD)),
        ("not_drawn", announce, lambda engine: samples.check(engine, period=PERIOD)),
        ("no_period", announce, lambda engine: samples.check(engine, period="2031-Q1")),
    ],
)
def test_out_of_turn_nothing_is_stored(
    filled: sa.Engine, code: str, prepared: Callable[..., object], act: Callable[..., object]
) -> None:
    prepared(filled)
    before = kept(filled)

    assert refusal(lambda: act(filled)) == code
    assert kept(filled) == before


def test_a_period_that_has_closed_is_not_announced(filled: sa.Engine, on: Clock) -> None:
    on(CLOSED_DAY)

    assert refusal(lambda: announce(filled)) == "period_closed"


def test_a_sample_is_drawn_once(drawn: sa.Engine) -> None:
    before = kept(drawn)

    assert refusal(lambda: draw(drawn)) == "already_drawn"
    assert kept(drawn) == before


def test_more_than_there_are_cannot_be_drawn_and_all_there_are_can(filled: sa.Engine, on: Clock) -> None:
    announce(filled)
    on(CLOSED_DAY)
    before = kept(filled)

    assert refusal(lambda: draw(filled, at_least=44)) == "sample_too_large"
    assert kept(filled) == before
    assert draw(filled, at_least=43) == 43


def test_where_nothing_was_claimed_nothing_is_drawn(filled: sa.Engine, on: Clock) -> None:
    with store.session(filled) as session:
        session.execute(sa.update(models.StatusEvent).values(received_on=D(2025, 1, 1)))
    announce(filled)
    on(CLOSED_DAY)

    assert refusal(lambda: draw(filled)) == "nothing_to_draw"


def test_with_another_secret_the_seed_is_lost_and_nothing_is_drawn(
    filled: sa.Engine, on: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    announce(filled)
    on(CLOSED_DAY)
    monkeypatch.setattr(samples, "_USE", b"another")

    assert refusal(lambda: draw(filled)) == "seed_lost"


@pytest.mark.parametrize("actor", OTHERS, ids=lambda person: person.role)
def test_nobody_else_announces_or_draws(filled: sa.Engine, actor: Person) -> None:
    assert refusal(lambda: announce(filled, actor)) == "not_allowed"
    assert refusal(lambda: draw(filled, actor)) == "not_allowed"
    assert refusal(lambda: announce(filled, "thanhtra")) == "not_allowed"  # the name of an account is no process


def test_a_draw_holds_although_claims_were_taken_back_and_agencies_changed_since(drawn: sa.Engine, on: Clock) -> None:
    on(D(2025, 11, 1))
    with store.session(drawn) as session:
        session.execute(
            sa.update(models.StatusEvent).where(col(models.StatusEvent.id) <= 10).values(retracted_at=models.utc_now())
        )

    assert samples.check(drawn, period=PERIOD).holds


@pytest.mark.parametrize(
    ("what", "values", "told"),
    [
        (models.SampleItem, {"agreement_id": 41}, (False, True, True)),
        (models.VerificationSample, {"seed": "chosen"}, (False, False, True)),
        (models.VerificationSample, {"published_at": dt.datetime(2025, 10, 1)}, (True, True, False)),
    ],
)
def test_a_draw_that_was_tampered_with_is_found(
    drawn: sa.Engine, what: Any, values: dict[str, Any], told: tuple[bool, bool, bool]
) -> None:
    changed = sa.update(what).values(values)
    with store.session(drawn) as session:
        session.execute(changed.where(col(what.position) == 1) if what is models.SampleItem else changed)

    again = samples.check(drawn, period=PERIOD)

    assert (not again.differing, again.seed_fits, again.in_time) == told
    assert not again.holds


# --- What was found --------------------------------------------------------------------------------------------------


def test_what_was_found_stands_with_its_document_and_counts_from_that_day(drawn: sa.Engine) -> None:
    item = verification.read_items(drawn, 1).filter(agency="BCT").row(0, named=True)
    claim = Claim(item["agreement_id"], item["state"], item["effective_on"])

    number = record(drawn, claim=claim, verdict="refuted", found_state="IN_PROGRESS", reason="  Chưa nghiệm thu  ")

    shown = verification.read_items(drawn, 1).row(item["position"] - 1, named=True)
    assert (shown["verification_id"], shown["verdict"], shown["reason"]) == (number, "refuted", "Chưa nghiệm thu")
    assert (shown["document_number"], shown["document_on"]) == (PAPER.number, PAPER.day)
    found = register.read_register(drawn).verifications
    assert found.select("agreement_id", "verdict", "found_state", "sample_id", "received_on").rows() == [
        (claim.agreement_id, "refuted", "IN_PROGRESS", 1, CLOSED_DAY)
    ]
    assert register.read_register(drawn, known_on=CLOSED_DAY - dt.timedelta(days=1)).verifications.is_empty()
    assert updates.current_rows(drawn, "BCT").found_false.rows() == [(claim.agreement_id, claim.state)]
    assert audit.verify(drawn) is None


def test_a_claim_that_was_not_drawn_can_be_looked_at_too(drawn: sa.Engine) -> None:
    record(drawn, claim=Claim(41, "COMPLETED", D(2025, 8, 1)))

    assert [entry.sample_id for entry in entries(drawn)] == [None]


BAD: dict[str, dict[str, Any]] = {
    "claim_gone": {"claim": Claim(1, "COMPLETED", D(2025, 8, 2))},
    "verdict_unknown": {"verdict": "probably"},
    "document_missing": {"document": Document("", "Thanh tra Chính phủ", D(2025, 10, 2))},
    "document_later": {"document": dataclasses.replace(PAPER, day=CLOSED_DAY + dt.timedelta(days=1))},
    "link_invalid": {"document": dataclasses.replace(PAPER, url="javascript:alert(1)")},
    "reason_missing": {"verdict": "refuted", "reason": "\u200b "},
    "text_too_long": {"reason": "x" * 2001},
    "own_agency": {"actor": COORDINATOR, "claim": Claim(42, "COMPLETED", D(2025, 8, 1))},
    "not_allowed": {"actor": OTHERS[0]},
}


@pytest.mark.parametrize("code", BAD)
def test_what_cannot_be_recorded_leaves_nothing(drawn: sa.Engine, code: str) -> None:
    before = kept(drawn)

    assert refusal(lambda: record(drawn, **BAD[code])) == code
    assert kept(drawn) == before


def test_a_state_that_was_taken_back_since_is_not_verified(drawn: sa.Engine) -> None:
    with store.session(drawn) as session:
        session.execute(sa.update(models.StatusEvent).values(retracted_at=models.utc_now()))

    assert refusal(lambda: record(drawn)) == "claim_gone"


def test_nobody_verifies_what_their_agency_claimed_though_another_is_responsible_by_now(drawn: sa.Engine) -> None:
    item = verification.read_items(drawn, 1).filter(agency="BNG").row(0, named=True)
    with store.session(drawn) as session:
        session.get_one(models.Agreement, item["agreement_id"]).responsible_agency = "BCT"

    claim = Claim(item["agreement_id"], item["state"], item["effective_on"])

    assert refusal(lambda: record(drawn, COORDINATOR, claim=claim)) == "own_agency"


def test_one_claim_has_one_finding_until_it_is_taken_back_by_who_recorded_it(drawn: sa.Engine) -> None:
    number = record(drawn)

    def take_back(actor: Person, reason: str) -> Callable[[], int]:
        def act() -> int:
            with store.session(drawn) as session:
                return verification.take_back(session, actor=actor, verification_id=number, reason=reason)

        return act

    assert refusal(lambda: record(drawn, COORDINATOR)) == "already_verified"
    assert refusal(take_back(COORDINATOR, "nhầm")) == "not_own_entry"
    assert refusal(take_back(OTHERS[1], "nhầm")) == "not_allowed"
    assert refusal(take_back(VERIFIER, " ")) == "reason_missing"
    take_back(VERIFIER, "nhầm hồ sơ")()
    assert refusal(take_back(VERIFIER, "nhầm")) == "not_own_entry"

    (entry,) = entries(drawn)
    assert (entry.retracted_reason, entry.retracted_at is None) == ("nhầm hồ sơ", False)
    assert register.read_register(drawn).verifications.is_empty()
    again = record(drawn, COORDINATOR)
    assert again != number


def test_each_step_is_in_the_audit(drawn: sa.Engine) -> None:
    number = record(drawn)
    with store.session(drawn) as session:
        verification.take_back(session, actor=VERIFIER, verification_id=number, reason="nhầm")

    with store.session(drawn) as session:
        told = session.exec(select(models.AuditEntry.action, models.AuditEntry.subject, models.AuditEntry.actor)).all()
    assert [tuple(row) for row in told] == [
        ("sample.announce", PERIOD, "thanhtra"),
        ("sample.draw", PERIOD, "thanhtra"),
        ("verification.record", "A-1", "thanhtra"),
        ("verification.take_back", "A-1", "thanhtra"),
    ]


def test_claims_that_were_not_drawn_are_told_by_their_events(filled: sa.Engine) -> None:
    held = register.read_register(filled).status_events
    numbers = held.filter(held["state"] == CLAIM.state)["id"].to_list()[:3]

    told = verification.read_claims(filled, numbers)

    assert sorted(told["event_id"].to_list()) == sorted(numbers)
    assert set(told["state"]) == {CLAIM.state}
    assert told["received_on"].is_sorted()
    assert told["agency"].to_list() == told["responsible"].to_list()
    assert verification.read_claims(filled, []).is_empty()


# --- What is done after the close ------------------------------------------------------------------------------------

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

    (told,) = samples.read_samples(filled).to_dicts()
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
