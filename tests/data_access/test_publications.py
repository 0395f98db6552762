"""Scorecards are drafted from a day that is over, commented on, published to the letter, and worked out again bit for bit."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import select

from data_access import coordination, data_date, publications, store
from data_access.acting import Person
from data_access.store import models
from kpi.indicators import changed
from tests.data_access.sampled import CLOSED_DAY, COORDINATOR, OPEN_DAY, OTHERS, VERIFIER, Clock, D, refusal

AGENCY, LEADER, _ = OTHERS
AS_OF = D(2025, 9, 1)


def drafted(engine: sa.Engine, known_on: D = OPEN_DAY, actor: Person = COORDINATOR, **asked: Any) -> int:
    worked_out = publications.work_out(engine, **{"as_of": AS_OF, "known_on": known_on, "scope": "LOCAL", **asked})
    with store.session(engine) as session:
        return publications.draft(session, actor=actor, drafted=worked_out)


def commented(engine: sa.Engine, number: int, actor: Person = AGENCY, **said: Any) -> int:
    with store.session(engine) as session:
        return publications.comment(session, actor=actor, number=number, **{"agrees": True, **said})


def published(engine: sa.Engine, number: int, actor: Person = COORDINATOR) -> int:
    with store.session(engine) as session:
        return publications.publish(session, actor=actor, number=number)


def withdrawn(engine: sa.Engine, number: int, actor: Person = COORDINATOR) -> int:
    with store.session(engine) as session:
        return publications.withdraw(session, actor=actor, number=number)


@pytest.fixture
def shown(filled: sa.Engine, on: Clock) -> tuple[sa.Engine, int]:
    """A draft of what was known on the first of the fixture's days, shown to agencies two weeks later."""
    on(CLOSED_DAY)
    return filled, drafted(filled)


def test_what_is_published_comes_out_again_bit_for_bit_whatever_came_since(
    shown: tuple[sa.Engine, int], on: Clock
) -> None:
    engine, number = shown
    (row,) = publications.read(engine).to_dicts()
    assert (row["comments_due_on"], row["published_at"]) == (CLOSED_DAY + dt.timedelta(days=7), None)
    commented(engine, number)
    commented(engine, number, agrees=False, text="Hai thỏa thuận đã hoàn thành", of_kpi="K04")
    assert refusal(lambda: published(engine, number)) == "comments_open"
    on(CLOSED_DAY + dt.timedelta(days=7))
    assert refusal(lambda: published(engine, number)) == "comments_open"
    on(CLOSED_DAY + dt.timedelta(days=8))
    assert refusal(lambda: commented(engine, number)) == "comments_closed"
    published(engine, number)

    with store.session(engine) as session:  # the register goes on: a claim is taken back
        session.get_one(models.StatusEvent, 1).retracted_at = models.utc_now()
    found = publications.verify(engine, number)
    assert found.holds
    assert found.same_code
    assert found.same_rules
    now = publications.work_out_now(engine, as_of=AS_OF, scope="LOCAL")
    assert not changed.changed(found.kept, now).is_empty()
    (row,) = publications.read(engine).to_dicts()
    assert (row["comments"], row["dissents"], row["published_by"]) == (1, 1, COORDINATOR.username)
    said = publications.read_comments(engine, number).select("agency", "kpi", "agrees").rows()
    assert said == [("BCT", "K04", False)]


def test_what_is_kept_of_it_cannot_be_changed_unseen(shown: tuple[sa.Engine, int], on: Clock) -> None:
    engine, number = shown
    with store.session(engine) as session:
        held = session.get_one(models.Publication, number)
        held.content = held.content.replace('"BCT"', '"BNG"', 1)
    assert not publications.verify(engine, number).is_untouched
    on(CLOSED_DAY + dt.timedelta(days=8))
    assert refusal(lambda: published(engine, number)) == "not_as_seen"
    with store.session(engine) as session:  # and its hash with it
        held = session.get_one(models.Publication, number)
        held.sha256 = hashlib.sha256(held.content.encode()).hexdigest()
    found = publications.verify(engine, number)
    assert found.is_untouched
    assert not found.holds
    with store.session(engine) as session:  # or made into nothing that could be read
        session.get_one(models.Publication, number).content = '["agency"'
    found = publications.verify(engine, number)
    assert not found.holds
    assert found.kept.is_empty()


def test_another_draft_takes_the_place_of_one_that_was_not_published(shown: tuple[sa.Engine, int], on: Clock) -> None:
    engine, number = shown
    assert refusal(lambda: drafted(engine)) == "no_change"
    again = drafted(engine, known_on=OPEN_DAY + dt.timedelta(days=1))
    assert refusal(lambda: commented(engine, number)) == "publication_gone"
    assert refusal(lambda: withdrawn(engine, number)) == "publication_gone"
    on(CLOSED_DAY + dt.timedelta(days=8))
    published(engine, again)
    assert refusal(lambda: withdrawn(engine, again)) == "publication_gone"
    assert refusal(lambda: drafted(engine, known_on=OPEN_DAY + dt.timedelta(days=1))) == "published_already"
    third = drafted(engine, known_on=CLOSED_DAY)
    withdrawn(engine, third)
    by_number = {row["id"]: row for row in publications.read(engine).to_dicts()}
    assert [bool(by_number[one]["withdrawn_at"]) for one in (number, again, third)] == [True, False, True]


def test_the_day_of_published_scorecards_stays_published(filled: sa.Engine, on: Clock) -> None:
    """Else a ministry's day could be opened again for what is claimed of it."""

    def show(day: D, seen: D) -> None:
        with store.session(filled) as session:
            coordination.publish(session, actor=COORDINATOR, day=day, seen=seen)

    on(CLOSED_DAY)
    with store.session(filled) as session:
        at_once = models.Setting(key="draft_days", value="0", effective_on=D(2025, 9, 1), recorded_by="x")
        session.add(at_once)
    show(D(2025, 9, 30), seen=D(2025, 9, 1))
    number = drafted(filled, as_of=D(2025, 9, 20))
    show(D(2025, 9, 1), seen=D(2025, 9, 30))
    on(CLOSED_DAY + dt.timedelta(days=1))
    published(filled, number)
    with store.session(filled, read_only=True) as session:
        assert data_date.read_published(session) == D(2025, 9, 20)
    assert refusal(lambda: show(D(2025, 9, 1), seen=D(2025, 9, 20))) == "published_already"
    show(D(2025, 9, 30), seen=D(2025, 9, 20))
    show(D(2025, 9, 20), seen=D(2025, 9, 30))


def test_what_cannot_be_leaves_nothing(shown: tuple[sa.Engine, int]) -> None:
    engine, number = shown
    before = publications.read(engine)
    for code, asked in (
        ("day_not_over", {"known_on": CLOSED_DAY}),
        ("before_known", {"known_on": D(2020, 1, 1)}),
        ("not_yet", {"as_of": D(2026, 1, 1)}),
        ("no_agreements", {"scope": "HIGH_LEVEL"}),
    ):
        assert refusal(lambda asked=asked: drafted(engine, **asked)) == code  # type: ignore[misc]
    other = OPEN_DAY + dt.timedelta(days=1)
    for actor in (AGENCY, LEADER, VERIFIER):
        assert refusal(lambda actor=actor: drafted(engine, other, actor=actor)) == "not_allowed"  # type: ignore[misc]
        assert refusal(lambda actor=actor: published(engine, number, actor)) == "not_allowed"  # type: ignore[misc]
        assert refusal(lambda actor=actor: withdrawn(engine, number, actor)) == "not_allowed"  # type: ignore[misc]
    for code, actor, said in (
        ("not_allowed", LEADER, {}),
        ("not_allowed", COORDINATOR, {}),
        ("not_allowed", AGENCY, {"of_kpi": "K99"}),
        ("text_missing", AGENCY, {"agrees": False, "text": " ."}),
        ("text_too_long", AGENCY, {"agrees": False, "text": "x" * 1001}),
        ("publication_gone", AGENCY, {"number": number + 7}),
    ):
        of: dict[str, Any] = {"number": number, **said}
        assert refusal(lambda actor=actor, of=of: commented(engine, actor=actor, **of)) == code  # type: ignore[misc]
    assert publications.read(engine).equals(before)
    with store.session(engine, read_only=True) as session:
        assert session.exec(select(models.PublicationComment)).all() == []
