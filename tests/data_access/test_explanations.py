"""An agency explains a red light, asks somebody to decide by a day, and is answered."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from data_access import explanations, store
from data_access.acting import Person, Refused
from data_access.clock import today
from data_access.store import models
from tests.data_access.updates.test_reviewing import OTHER_COORDINATOR, filled
from tests.data_access.updates.test_updates import COORDINATOR, FOREIGN, INDUSTRY, LEADER

__all__ = ["filled"]  # a fixture, which pytest finds by its name here


def give(engine: sa.Engine, actor: Person = INDUSTRY, **said: object) -> int:
    given = {"agency": "BCT", "kpi": "K02", "text": "Chờ bố trí vốn đối ứng", **said}
    with store.session(engine) as session:
        return explanations.give(session, actor=actor, **given)  # type: ignore[arg-type]


def answer(engine: sa.Engine, number: int, actor: Person = LEADER, text: str = "Đã giao Bộ Tài chính") -> int:
    with store.session(engine) as session:
        return explanations.answer(session, actor=actor, number=number, text=text)


def take_back(engine: sa.Engine, number: int, actor: Person = INDUSTRY) -> int:
    with store.session(engine) as session:
        return explanations.take_back(session, actor=actor, number=number)


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(Refused) as refused:
        act()
    return refused.value.code


def test_one_stands_at_a_time_and_is_answered_and_what_was_known_stays(filled: sa.Engine) -> None:
    first = give(filled)
    number = give(filled, text="Đang chờ", addressed_to="prime_minister", answer_due_on=today(None))
    other = give(filled, kpi="K04")
    yesterday = dt.timedelta(days=1)
    with store.session(filled) as session:  # as though it had been given the day before
        found = session.get_one(models.Explanation, number)
        found.recorded_at -= yesterday
    answer(filled, number)
    answer(filled, number, text="Đã giao hai bộ")

    rows = {row["id"]: row for row in explanations.read(filled).iter_rows(named=True)}
    assert set(rows) == {number, other}
    assert (rows[number]["answer"], rows[number]["answered_by"]) == ("Đã giao hai bộ", "lanhdao")
    assert (rows[number]["addressed_to"], rows[number]["given_by"]) == ("prime_minister", "bct")
    before = explanations.read(filled, known_on=today(None) - yesterday)
    assert before.select("id", "answer", "answered_by", "answered_at").rows() == [(number, "", "", None)]
    assert first not in rows
    with store.session(filled, read_only=True) as session:
        entries = session.exec(select(models.AuditEntry).order_by(col(models.AuditEntry.id))).all()
    assert [entry.action for entry in entries] == [*["explanation.give"] * 3, *["explanation.answer"] * 2]


def test_what_nobody_answered_is_taken_back(filled: sa.Engine) -> None:
    number = give(filled)
    take_back(filled, number)

    assert explanations.read(filled).is_empty()
    assert refusal(lambda: take_back(filled, number)) == "explanation_gone"
    assert refusal(lambda: answer(filled, number)) == "explanation_gone"
    again = give(filled)
    answer(filled, again)
    assert refusal(lambda: take_back(filled, again)) == "already_answered"
    assert refusal(lambda: answer(filled, again, COORDINATOR)) == "already_answered"


def test_what_cannot_be_said_leaves_nothing(filled: sa.Engine) -> None:
    kept = explanations.read(filled)
    acting = dataclasses.replace(OTHER_COORDINATOR, acts_for="BCT")
    for code, actor, said in (
        ("not_allowed", FOREIGN, {}),
        ("not_allowed", LEADER, {}),
        ("not_allowed", COORDINATOR, {}),
        ("not_allowed", INDUSTRY, {"kpi": "K99"}),
        ("not_allowed", INDUSTRY, {"addressed_to": "agency"}),
        ("text_missing", INDUSTRY, {"text": " . "}),
        ("text_too_long", INDUSTRY, {"text": "x" * 1001}),
        ("addressee_missing", INDUSTRY, {"answer_due_on": today(None)}),
        (
            "answer_due_passed",
            INDUSTRY,
            {"addressed_to": "prime_minister", "answer_due_on": today(None) - dt.timedelta(days=1)},
        ),
    ):
        assert refusal(lambda actor=actor, said=said: give(filled, actor, **said)) == code, said  # type: ignore[misc]

    assert explanations.read(filled).equals(kept)
    number = give(filled, acting)
    assert refusal(lambda: take_back(filled, number, FOREIGN)) == "not_allowed"
    assert refusal(lambda: answer(filled, number, INDUSTRY)) == "not_allowed"
    assert refusal(lambda: answer(filled, number, text=" ")) == "text_missing"
