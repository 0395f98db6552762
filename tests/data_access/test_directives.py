"""Directives: given, answered and closed by whoever may; what cannot be stores nothing."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable

import polars as pl
import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from data_access import directives, store
from data_access.acting import Person, Refused
from data_access.documents import Document
from data_access.store import models
from kpi.vocabulary import DirectiveState
from tests.attacks.conftest import everything
from tests.data_access.updates.test_reviewing import ADMINISTRATOR, OTHER_COORDINATOR, filled
from tests.data_access.updates.test_updates import COORDINATOR, DATA_DATE, FOREIGN, INDUSTRY, LEADER

__all__ = ["filled"]  # a fixture, which pytest finds by its name here

DUE = DATA_DATE + dt.timedelta(days=10)
PAPER = Document("12/BC-BCT", "Bộ Công Thương", DATA_DATE, "https://example.org/12")


def give(engine: sa.Engine, actor: Person = LEADER, **said: object) -> int:
    given = {"agency": "BCT", "task": "Trình kế hoạch thực hiện", "due_on": DUE, **said}
    with store.session(engine) as session:
        return directives.give(session, actor=actor, **given)  # type: ignore[arg-type]


def respond(engine: sa.Engine, number: int, kind: str, actor: Person = INDUSTRY, **said: object) -> int:
    given = {"text": "Đã trình", **({} if "last_step" in said else {"last_step": last(engine, number)}), **said}
    with store.session(engine) as session:
        return directives.respond(session, actor=actor, number=number, kind=kind, **given)  # type: ignore[arg-type]


def direct(engine: sa.Engine, number: int, kind: str, actor: Person = LEADER, **said: object) -> int:
    given = {**({} if "last_step" in said else {"last_step": last(engine, number)}), **said}
    with store.session(engine) as session:
        return directives.direct(session, actor=actor, number=number, kind=kind, **given)  # type: ignore[arg-type]


def take_back(engine: sa.Engine, number: int, step: int, actor: Person) -> int:
    with store.session(engine) as session:
        return directives.take_back_step(session, actor=actor, number=number, step=step)


def last(engine: sa.Engine, number: int) -> int:
    found: int = directives.read(engine).filter(id=number)["last_step"].item()
    return found


def state(engine: sa.Engine, number: int) -> str:
    found: str = directives.read(engine).filter(id=number)["state"].item()
    return found


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(Refused) as refused:
        act()
    return refused.value.code


def test_a_directive_is_answered_sent_back_extended_and_closed_by_whoever_gave_it(filled: sa.Engine) -> None:
    number = give(filled, about="on_agreement", ref="A-1", said_by="Thủ tướng Chính phủ")
    other = give(filled, agency="BNG", about="on_partner", about_code="JP")

    respond(filled, number, "answered", text="Đang lấy ý kiến", document=PAPER)
    respond(filled, number, "reported_done")
    direct(filled, number, "done_refused", text="Thiếu dự toán")
    direct(filled, number, "deadline_moved", due_on=DUE + dt.timedelta(days=5), text="Theo đề nghị của Bộ")
    assert state(filled, number) == DirectiveState.TO_DO_AGAIN
    respond(filled, number, "reported_done", text="Đã bổ sung dự toán")
    closed = direct(filled, number, "done_accepted")
    assert state(filled, number) == DirectiveState.CARRIED_OUT

    found = directives.read(filled, own="BCT")
    assert found.select("id", "ref", "said_by", "issued_by", "due_now", "extended", "answer").rows() == [
        (number, "A-1", "Thủ tướng Chính phủ", "lanhdao", DUE + dt.timedelta(days=5), 1, "Đã bổ sung dự toán")
    ]
    assert directives.read(filled, own="BNG")["id"].to_list() == [other]
    assert directives.read(filled, own="").is_empty()
    assert directives.read(filled, on=DATA_DATE - dt.timedelta(days=1)).is_empty()
    steps = directives.read_steps(filled, number, own="BCT")
    assert steps.height == 6
    assert steps.row(0, named=True)["document_number"] == PAPER.number
    assert directives.read_steps(filled, number, own="BNG").is_empty()

    take_back(filled, number, closed, LEADER)
    assert state(filled, number) == DirectiveState.SAID_DONE
    assert directives.read_steps(filled, number)["retracted_by"].to_list() == [*[""] * 5, "lanhdao"]
    with store.session(filled, read_only=True) as session:
        entries = session.exec(select(models.AuditEntry).order_by(col(models.AuditEntry.id))).all()
    assert [entry.action.partition(".")[2] for entry in entries] == [
        *("give", "give", "respond", "respond", "direct", "direct", "respond", "direct", "take_back"),
    ]


def test_an_agency_reads_of_others_agreements_no_more_than_what_it_is_told(filled: sa.Engine) -> None:
    give(filled, about="on_agreement", ref="A-9")

    assert directives.read(filled, own="BCT")["ref"].to_list() == [None]
    assert directives.read(filled)["ref"].to_list() == ["A-9"]


def test_only_the_issuer_closes_and_for_a_closed_account_another_leader(filled: sa.Engine) -> None:
    number = give(filled)
    respond(filled, number, "reported_done")
    for actor in (COORDINATOR, OTHER_COORDINATOR):
        assert refusal(lambda actor=actor: direct(filled, number, "done_accepted", actor)) == "not_issuer"  # type: ignore[misc]
    for actor in (INDUSTRY, FOREIGN, ADMINISTRATOR):
        assert refusal(lambda actor=actor: direct(filled, number, "done_accepted", actor)) == "not_allowed"  # type: ignore[misc]

    with store.session(filled) as session:
        session.get_one(models.User, LEADER.username).active = False
    direct(filled, number, "done_accepted", COORDINATOR)

    assert state(filled, number) == DirectiveState.CARRIED_OUT


def test_nobody_answers_or_closes_in_ones_own_cause(filled: sa.Engine) -> None:
    acting = dataclasses.replace(COORDINATOR, acts_for="BCT")
    own, other = give(filled, COORDINATOR), give(filled)

    assert refusal(lambda: respond(filled, own, "reported_done", acting)) == "not_allowed"
    respond(filled, other, "reported_done", acting)
    with store.session(filled) as session:
        session.get_one(models.User, LEADER.username).active = False
    assert refusal(lambda: direct(filled, other, "done_accepted", COORDINATOR)) == "not_allowed"


def test_two_at_once_and_a_step_out_of_turn_are_told_so(filled: sa.Engine) -> None:
    number = give(filled)
    seen = last(filled, number)
    mine = respond(filled, number, "answered", last_step=seen)
    assert refusal(lambda: direct(filled, number, "called_off", text="Đã khác", last_step=seen)) == "moved_on"
    assert refusal(lambda: direct(filled, number, "done_refused", text="Chưa đạt")) == "step_unfit"
    assert refusal(lambda: take_back(filled, number, mine, LEADER)) == "not_own_entry"
    theirs = direct(filled, number, "called_off", text="Không cần nữa")
    assert refusal(lambda: take_back(filled, number, mine, INDUSTRY)) == "not_own_entry"
    assert refusal(lambda: respond(filled, number, "answered")) == "step_unfit"
    take_back(filled, number, theirs, LEADER)
    take_back(filled, number, mine, INDUSTRY)
    assert state(filled, number) == DirectiveState.UNANSWERED


def test_what_cannot_be_leaves_nothing(filled: sa.Engine) -> None:
    number = give(filled)
    with store.session(filled) as session:
        ended = session.get_one(models.Agency, "BCT").model_dump()
        session.add(models.Agency(**{**ended, "key": "TTCP", "code": "TTCP", "valid_to": dt.date(2025, 2, 28)}))
    before = everything(filled)
    for code, actor, said in (
        ("not_allowed", INDUSTRY, {}),
        ("not_allowed", ADMINISTRATOR, {}),
        ("no_such_agency", LEADER, {"agency": "TTCP"}),
        ("no_such_agency", LEADER, {"agency": "XX"}),
        ("text_missing", LEADER, {"task": " ... "}),
        ("text_too_long", LEADER, {"task": "x" * 100_000}),
        ("text_too_long", LEADER, {"said_by": "x" * 100_000}),
        ("deadline_passed", LEADER, {"due_on": DATA_DATE - dt.timedelta(days=1)}),
        ("subject_unknown", LEADER, {"about": "on_partner", "about_code": "ZZ"}),
        ("subject_unknown", LEADER, {"about": "on_figure", "about_code": "K99"}),
        ("subject_unknown", LEADER, {"about": "on_agreement", "ref": "A-99"}),
        ("subject_unknown", LEADER, {"about": "on_blocker", "ref": "A-1", "blocker_id": 7}),
        ("subject_unknown", LEADER, {"about": "on_the_moon"}),
    ):
        assert refusal(lambda actor=actor, said=said: give(filled, actor, **said)) == code, said  # type: ignore[misc]
    for code, kind, given in (
        ("step_unknown", "done_accepted", {}),
        ("step_unknown", "x", {}),
        ("text_missing", "answered", {"text": ""}),
        ("text_too_long", "answered", {"text": "x" * 100_000}),
        ("document_missing", "answered", {"document": Document(number="1")}),
        ("document_later", "answered", {"document": dataclasses.replace(PAPER, day=DUE)}),
        ("link_invalid", "answered", {"document": dataclasses.replace(PAPER, url="javascript:alert(1)")}),
        ("not_allowed", "answered", {"actor": FOREIGN}),
        ("not_allowed", "answered", {"actor": LEADER}),
    ):
        assert refusal(lambda kind=kind, given=given: respond(filled, number, kind, **given)) == code, given  # type: ignore[misc]
    assert refusal(lambda: direct(filled, number, "deadline_moved")) == "deadline_passed"
    past = DATA_DATE - dt.timedelta(days=1)
    assert refusal(lambda: direct(filled, number, "deadline_moved", due_on=past)) == "deadline_passed"
    assert refusal(lambda: direct(filled, number, "answered")) == "step_unknown"
    assert refusal(lambda: direct(filled, 99_999, "done_accepted", last_step=0)) == "not_allowed"

    assert everything(filled) == before
    give(filled, about="on_blocker", ref="A-2", blocker_id=7)
    give(filled, about="on_figure", about_code="K02")
    assert directives.read(filled).filter(pl.col("blocker_id") == 7)["ref"].to_list() == ["A-2"]
