"""Escalations: to the level that can settle them, with its clock; and what K10 makes of them."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa
from sqlmodel import select

from data_access import directives, store, updates
from data_access.acting import Person
from data_access.documents import Document
from data_access.register import read_register
from data_access.store import models
from kpi import facts
from kpi.facts import History
from kpi.indicators import scorecard
from kpi.rules import Rules
from kpi.vocabulary import Authority, EscalationState
from tests.attacks.conftest import everything
from tests.data_access.test_directives import refusal
from tests.data_access.updates.test_reviewing import OTHER_COORDINATOR, filled
from tests.data_access.updates.test_updates import COORDINATOR, DATA_DATE, FOREIGN, INDUSTRY, LEADER

__all__ = ["filled"]  # a fixture, which pytest finds by its name here

BLOCKER = 8


@pytest.fixture
def blocked(filled: sa.Engine) -> sa.Engine:
    """A-1 is held up by something only the Prime Minister can settle, for nine days."""
    opened = DATA_DATE - dt.timedelta(days=9)
    with store.session(filled) as session:
        level = str(Authority.PRIME_MINISTER)
        held = models.Blocker(id=BLOCKER, agreement_id=1, cause="funding", severity="severe", authority_level=level)
        held.received_on = opened
        session.add(held)
        session.flush()
        session.add(models.BlockerEvent(blocker_id=BLOCKER, kind="opened", effective_on=opened, received_on=opened))
    return filled


def escalate(engine: sa.Engine, actor: Person = INDUSTRY, **said: object) -> int:
    given = {"ref": "A-1", "ask": "Cho phép dùng dự phòng ngân sách", "blocker_id": BLOCKER, **said}
    with store.session(engine) as session:
        return directives.escalate(session, actor=actor, **given)  # type: ignore[arg-type]


def settle(engine: sa.Engine, number: int, kind: str, actor: Person = LEADER, **said: object) -> int:
    given = {"text": "Đồng ý", "last_step": last(engine, number), **said}
    with store.session(engine) as session:
        return directives.settle(session, actor=actor, number=number, kind=kind, **given)  # type: ignore[arg-type]


def withdraw(engine: sa.Engine, number: int, actor: Person = INDUSTRY) -> int:
    with store.session(engine) as session:
        return directives.withdraw(session, actor=actor, number=number, last_step=last(engine, number))


def take_back(engine: sa.Engine, number: int, step: int, actor: Person = LEADER) -> int:
    with store.session(engine) as session:
        return directives.take_back_settlement(session, actor=actor, number=number, step=step)


def last(engine: sa.Engine, number: int) -> int:
    found: int = directives.read_escalations(engine).filter(id=number)["last_step"].item()
    return found


def state(engine: sa.Engine, number: int) -> str:
    found: str = directives.read_escalations(engine).filter(id=number)["state"].item()
    return found


def k10(engine: sa.Engine, days: int = 30) -> tuple[int, float | None]:
    """How many blockers K10 looks at and what it says, so many days later."""
    day = DATA_DATE + dt.timedelta(days=days)
    found = facts.build(History.of(read_register(engine)), day, Rules())
    card = scorecard.compute(found).filter(kpi="K10").row(0, named=True)
    return card["n"], card["value"]


def test_a_blocker_goes_to_the_level_it_names_and_k10_counts_the_day_the_server_had(blocked: sa.Engine) -> None:
    assert k10(blocked) == (1, 0.0)
    number = escalate(blocked, proposal="Bố trí từ dự phòng", otherwise="Đối tác rút vốn")

    row = directives.read_escalations(blocked, own="BCT").row(0, named=True)
    assert (row["level_now"], row["due_now"]) == (Authority.PRIME_MINISTER, DATA_DATE + dt.timedelta(days=30))
    assert (row["ref"], row["proposal"], row["otherwise"]) == ("A-1", "Bố trí từ dự phòng", "Đối tác rút vốn")
    assert k10(blocked) == (1, 100.0)
    assert refusal(lambda: escalate(blocked)) == "already_escalated"
    settle(blocked, number, "level_decided", document=Document("1/NQ-CP", "Chính phủ", DATA_DATE))
    assert state(blocked, number) == EscalationState.DECIDED
    assert k10(blocked) == (1, 100.0)


def test_what_is_sent_down_or_taken_off_raises_k10_for_nobody_whatever_is_typed_beside_it(blocked: sa.Engine) -> None:
    """An incentive: to send up what does not belong there has to gain nothing."""
    before = k10(blocked)
    first = escalate(blocked)
    withdraw(blocked, first)
    assert k10(blocked) == before
    second = escalate(blocked)
    with store.session(blocked) as session:  # as an upload would enter it
        session.add(models.BlockerEvent(blocker_id=BLOCKER, kind="escalated", effective_on=DATA_DATE))
    returned = settle(blocked, second, "sent_down", text="Thuộc thẩm quyền của Bộ")
    assert k10(blocked) == before
    assert state(blocked, second) == EscalationState.SENT_DOWN
    assert updates.current_rows(blocked, "BCT").sent_down == {1}  # a day typed into a file waits

    take_back(blocked, second, returned)
    assert updates.current_rows(blocked, "BCT").sent_down == set()
    assert k10(blocked) == (1, 100.0)
    settle(blocked, second, "sent_down", text="Thuộc thẩm quyền của Bộ")
    again = escalate(blocked)
    assert refusal(lambda: take_back(blocked, second, last(blocked, second))) == "already_escalated"
    assert k10(blocked) == (1, 100.0)  # of the day it was asked anew
    assert state(blocked, again) == EscalationState.AWAITS_LEVEL
    with store.session(blocked, read_only=True) as session:
        events = session.exec(select(models.BlockerEvent).where(models.BlockerEvent.blocker_id == BLOCKER)).all()
    assert len(events) == 6  # nothing was deleted


def test_a_working_group_meets_and_ends_and_a_matter_goes_further_up(blocked: sa.Engine) -> None:
    number = escalate(blocked)
    other = escalate(blocked, blocker_id=None, level=str(Authority.INTER_AGENCY), ref="A-2")
    group: dict[str, object] = {"text": "Rà soát vốn", "members": "VPCP; BTC; BCT", "due_on": DATA_DATE}
    assert refusal(lambda: settle(blocked, number, "group_set_up", text="Rà soát")) == "members_missing"
    settle(blocked, number, "group_set_up", **group)  # type: ignore[arg-type]
    settle(blocked, number, "group_met", text="Thống nhất phương án")
    assert state(blocked, number) == EscalationState.WITH_GROUP
    settle(blocked, number, "group_ended", text="Đã bố trí vốn")
    assert state(blocked, number) == EscalationState.GROUP_RESULT
    assert refusal(lambda: settle(blocked, number, "level_decided")) == "step_unfit"

    assert refusal(lambda: settle(blocked, other, "passed_on", level="inter_agency")) == "level_unfit"
    settle(blocked, other, "passed_on", level=str(Authority.NATIONAL_ASSEMBLY), text="Thuộc thẩm quyền Quốc hội")
    row = directives.read_escalations(blocked).filter(id=other).row(0, named=True)
    assert (row["level_now"], row["due_now"]) == (Authority.NATIONAL_ASSEMBLY, DATA_DATE + dt.timedelta(days=90))
    assert refusal(lambda: withdraw(blocked, number)) == "step_unfit"
    assert directives.read_escalation_steps(blocked, number, own="BCT").height == 3
    assert directives.read_escalation_steps(blocked, number, own="BNG").is_empty()


def test_what_cannot_be_leaves_nothing(blocked: sa.Engine) -> None:
    number = escalate(blocked)
    acting = Person("vpcp", "coordinator", "BNG", acts_for="BCT")
    mine = escalate(blocked, acting, blocker_id=None, level=str(Authority.INTER_AGENCY), ref="A-3")
    before = everything(blocked)
    for code, actor, said in (
        ("not_allowed", FOREIGN, {}),
        ("not_allowed", LEADER, {}),
        ("not_allowed", INDUSTRY, {"ref": "A-9"}),
        ("blocker_gone", INDUSTRY, {"ref": "A-2"}),
        ("within_authority", INDUSTRY, {"ref": "A-2", "blocker_id": 7}),
        ("within_authority", INDUSTRY, {"ref": "A-2", "blocker_id": None}),
        ("not_allowed", INDUSTRY, {"ref": "A-2", "blocker_id": None, "level": "x"}),
        ("text_missing", INDUSTRY, {"ref": "A-2", "blocker_id": None, "level": "inter_agency", "ask": "-"}),
        ("text_too_long", INDUSTRY, {"ref": "A-2", "blocker_id": None, "level": "inter_agency", "ask": "x" * 100_000}),
    ):
        assert refusal(lambda actor=actor, said=said: escalate(blocked, actor, **said)) == code, said  # type: ignore[misc]
    for code, kind, given in (
        ("not_allowed", "level_decided", {"actor": INDUSTRY}),
        ("not_allowed", "level_decided", {"actor": OTHER_COORDINATOR, "number": mine}),
        ("step_unknown", "dropped_by_agency", {}),
        ("step_unfit", "group_met", {}),
        ("text_missing", "sent_down", {"text": ""}),
        ("text_too_long", "level_decided", {"text": "x" * 100_000}),
        ("moved_on", "level_decided", {"last_step": 99}),
        ("document_missing", "level_decided", {"document": Document(number="1")}),
        ("deadline_passed", "level_decided", {"due_on": DATA_DATE - dt.timedelta(days=1)}),
    ):
        asked = {"number": number, **given}
        assert refusal(lambda kind=kind, asked=asked: settle(blocked, kind=kind, **asked)) == code, given  # type: ignore[misc]
    assert refusal(lambda: withdraw(blocked, number, FOREIGN)) == "not_allowed"
    assert refusal(lambda: take_back(blocked, number, 1, COORDINATOR)) == "not_own_entry"

    assert everything(blocked) == before
