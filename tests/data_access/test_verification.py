"""Samples announced before and drawn after a period closes, once; what was found recorded by others, never for one's own agency."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from data_access import audit, register, samples, store, updates, verification
from data_access.acting import Person
from data_access.documents import Document
from data_access.store import models
from data_access.verification import Claim
from tests.data_access.sampled import (
    CLAIM,
    CLOSED_DAY,
    COORDINATOR,
    OTHERS,
    PAPER,
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
