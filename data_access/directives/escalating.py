"""Escalations: what is beyond an agency goes to the level that can settle it, with a clock, and ends there.

An escalation of a blocker leaves the entry `escalated` on it, which the KPI of escalations reads, on the day the server has:
the agency types none. Where it is taken off again, that entry and any later one of the blocker are retracted; where the level
sends it down, all of them, so that nothing is gained by sending up what does not belong there.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import sqlalchemy as sa
from sqlmodel import Session, col, select

from data_access import audit
from data_access.acting import Person, Refused, account_of, agency_of, logged, take_turn, tidy
from data_access.directives.giving import not_before, said
from data_access.directives.reading import day_of
from data_access.documents import Document, as_kept
from data_access.register import raise_data_version, rules_on
from data_access.roles import May
from data_access.store import models
from kpi.vocabulary import (
    LEVELS_ABOVE,
    Authority,
    BlockerStep,
    EscalationStep,
)

ASK_MAX: Final = 1000
TEXT_MAX: Final = 2000
MEMBERS_MAX: Final = 500

_WAITING: Final = frozenset({None, EscalationStep.PASSED_ON})
_WITH_GROUP: Final = frozenset({EscalationStep.GROUP_SET_UP, EscalationStep.GROUP_MET})
_AFTER: Final[Mapping[EscalationStep, frozenset[EscalationStep | None]]] = MappingProxyType(
    {
        EscalationStep.DECIDED: _WAITING | _WITH_GROUP,
        EscalationStep.GROUP_SET_UP: _WAITING,
        EscalationStep.GROUP_MET: _WITH_GROUP,
        EscalationStep.GROUP_ENDED: _WITH_GROUP,
        EscalationStep.PASSED_ON: _WAITING | _WITH_GROUP,
        EscalationStep.SENT_DOWN: _WAITING | _WITH_GROUP,
        EscalationStep.DROPPED: _WAITING,
    }
)
"""Which step the last one has to be for another to follow; None: there is none."""
_GIVES_BACK: Final = frozenset({EscalationStep.SENT_DOWN, EscalationStep.DROPPED})
"""What did not belong above, or is not asked for any more: it counts as never escalated."""


# --- By the agency ---------------------------------------------------------------------------------------------------


def escalate(
    session: Session,
    *,
    actor: Person,
    ref: str,
    ask: str,
    blocker_id: int | None = None,
    level: str = "",
    proposal: str = "",
    otherwise: str = "",
) -> int:
    """Ask the level that can settle it to settle what holds an agreement of the own agency up; gives the escalation's number. Of a
    blocker the level is the one the blocker names; without one it is `level`. It has `answer_days` from today.

    Raises `Refused`: `not_allowed`, `blocker_gone` for a blocker that is not one of the agreement, or resolved, `within_authority`
    for what the agency can settle itself, `already_escalated` where one about the same waits, `text_missing`, `text_too_long`.
    """
    with logged("escalation.raise", actor, ref):
        agency = agency_of(session, actor)
        take_turn(session)
        agreement = session.exec(select(models.Agreement).where(models.Agreement.ref == ref)).one_or_none()
        if agreement is None or agreement.id is None or agreement.responsible_agency != agency:
            raise Refused("not_allowed")
        if blocker_id is not None:
            level = _blocker(session, blocker_id, agreement.id).authority_level
        if level not in LEVELS_ABOVE:
            raise Refused("within_authority" if level in {"", str(Authority.AGENCY)} else "not_allowed")
        if _waits(session, agreement.id, blocker_id):
            raise Refused("already_escalated", refs=(ref,))
        asked, proposed, follows = said(ask, ASK_MAX), tidy(proposal, TEXT_MAX), tidy(otherwise, TEXT_MAX)
        day = day_of(session)
        given = models.Escalation(
            agency=agency,
            agreement_id=agreement.id,
            blocker_id=blocker_id,
            event_id=None if blocker_id is None else _entered(session, blocker_id, day),
            level=level,
            ask=asked,
            proposal=proposed,
            otherwise=follows,
            due_on=day + dt.timedelta(days=rules_on(session, day).answer_days[level]),
            raised_on=day,
            raised_by=actor.username,
        )
        session.add(given)
        session.flush()
        assert given.id is not None  # it was flushed
        if given.event_id is not None:
            raise_data_version(session)
        detail = {"number": given.id, "level": level, "ask": given.ask, "blocker": blocker_id}
        audit.write(session, actor=actor.username, action="escalation.raise", subject=ref, detail=detail)
        return given.id


def withdraw(session: Session, *, actor: Person, number: int, last_step: int, text: str = "") -> int:
    """Take an escalation of the own agency off again while nothing has become of it; gives the number of the step. Raises
    `Refused`: `not_allowed`, `moved_on`, `step_unfit`, `text_too_long`."""
    with logged("escalation.withdraw", actor, str(number)):
        agency = agency_of(session, actor)
        take_turn(session)
        found = session.get(models.Escalation, number)
        if found is None or found.agency != agency:
            raise Refused("not_allowed")
        step = models.EscalationStep(escalation_id=number, kind=str(EscalationStep.DROPPED), taken_by=actor.username,
                                     taken_on=day_of(session), text=tidy(text, TEXT_MAX))  # fmt: skip
        return _taken(session, actor, found, step, last_step=last_step)


# --- By the level ----------------------------------------------------------------------------------------------------


def settle(
    session: Session,
    *,
    actor: Person,
    number: int,
    kind: str,
    text: str,
    last_step: int,
    members: str = "",
    level: str = "",
    due_on: dt.date | None = None,
    document: Document | None = None,
) -> int:
    """Say what becomes of an escalation: a decision, a working group with members and mandate (`text`), a meeting of it, its
    result, a higher level, a return with its reason. Whoever sent it for an agency does not settle it. Gives the number of the
    step; `last_step` is the number of the last one that was seen.

    Raises `Refused`: `not_allowed`, `step_unknown`, `step_unfit`, `moved_on`, `text_missing`, `text_too_long`, `members_missing`,
    `level_unfit` for one that is not above, `deadline_passed`, and what is wrong with the document.
    """
    with logged("escalation.settle", actor, str(number)):
        account_of(session, actor, May.DIRECT)
        take_turn(session)
        found = session.get(models.Escalation, number)
        if found is None or found.raised_by == actor.username:
            raise Refused("not_allowed")
        if kind not in {*EscalationStep} or kind == EscalationStep.DROPPED:
            raise Refused("step_unknown")
        day = day_of(session)
        step = models.EscalationStep(
            escalation_id=number,
            kind=str(EscalationStep(kind)),
            taken_on=day,
            taken_by=actor.username,
            text=said(text, TEXT_MAX),
            due_on=None if due_on is None else not_before(due_on, day),
        )
        if kind == EscalationStep.GROUP_SET_UP:
            step.members = tidy(members, MEMBERS_MAX)
            if not step.members:
                raise Refused("members_missing")
        if kind == EscalationStep.PASSED_ON:
            step.level = level
            if level not in _above(_level(session, found)):
                raise Refused("level_unfit")
            step.due_on = step.due_on or day + dt.timedelta(days=rules_on(session, day).answer_days[level])
        given = document or Document()
        kept = as_kept(given, needed=given.is_given, now=day)
        step.document_number, step.document_issuer = kept.number, kept.issuer
        step.document_on, step.document_url = kept.day, kept.url
        return _taken(session, actor, found, step, last_step=last_step)


def take_back(session: Session, *, actor: Person, number: int, step: int) -> int:
    """Take back the last step of an escalation, where it is one's own; gives its number. What was retracted with it is entered
    anew. Raises `Refused`: `not_allowed`, `not_own_entry`, `already_escalated` where the agency has asked again since."""
    with logged("escalation.take_back", actor, str(number)):
        account_of(session, actor, May.DIRECT)
        take_turn(session)
        found = session.get(models.Escalation, number)
        if found is None:
            raise Refused("not_allowed")
        last = _last(session, number)
        if last is None or last.id != step or last.taken_by != actor.username:
            raise Refused("not_own_entry")
        if last.kind in _GIVES_BACK:
            if _waits(session, found.agreement_id, found.blocker_id):
                raise Refused("already_escalated")
            _restore(session, found, last)
        last.retracted_at, last.retracted_by = models.utc_now(), actor.username
        session.add_all((last, found))
        session.flush()
        raise_data_version(session)
        detail = {"number": number, "step": step, "kind": last.kind}
        audit.write(session, actor=actor.username, action="escalation.take_back", subject=found.agency, detail=detail)
        return step


# --- Inside ----------------------------------------------------------------------------------------------------------


def _blocker(session: Session, number: int, agreement_id: int) -> models.Blocker:
    """A blocker of an agreement that holds it up still. Raises `Refused`."""
    found, event = session.get(models.Blocker, number), models.BlockerEvent
    resolved = select(event.id).where(
        event.blocker_id == number, event.kind == str(BlockerStep.RESOLVED), col(event.retracted_at).is_(None)
    )
    if found is None or found.retracted_at is not None or found.agreement_id != agreement_id:
        raise Refused("blocker_gone")
    if session.exec(resolved).first() is not None:
        raise Refused("blocker_gone")
    return found


def _entered(session: Session, blocker_id: int, day: dt.date) -> int | None:
    """Enter on a blocker that it was escalated; None where that stands already."""
    event = models.BlockerEvent
    standing = select(event.id).where(
        event.blocker_id == blocker_id, event.kind == str(BlockerStep.ESCALATED), col(event.retracted_at).is_(None)
    )
    if session.exec(standing).first() is not None:
        return None
    entry = event(blocker_id=blocker_id, kind=str(BlockerStep.ESCALATED), effective_on=day)
    session.add(entry)
    session.flush()
    return entry.id


def _retract(session: Session, found: models.Escalation, *, everything: bool) -> None:
    """That its blocker was escalated holds no more: all that was ever entered of it, or from this escalation on."""
    event = models.BlockerEvent
    since = sa.or_(col(event.id) == found.event_id, col(event.recorded_at) >= found.recorded_at)
    statement = select(event).where(
        event.blocker_id == found.blocker_id,
        event.kind == str(BlockerStep.ESCALATED),
        col(event.retracted_at).is_(None),
        sa.true() if everything else since,
    )
    for entry in session.exec(statement).all():
        entry.retracted_at = models.utc_now()
        session.add(entry)
    session.flush()


def _restore(session: Session, found: models.Escalation, step: models.EscalationStep) -> None:
    """Enter anew the first day of what was retracted by a step or since."""
    if found.blocker_id is None:
        return
    event = models.BlockerEvent
    first = sa.select(sa.func.min(event.effective_on)).where(
        col(event.blocker_id) == found.blocker_id,
        col(event.kind) == str(BlockerStep.ESCALATED),
        col(event.retracted_at) >= step.recorded_at,
    )
    day = session.execute(first).scalar_one()
    if day is not None:
        found.event_id = _entered(session, found.blocker_id, day) or found.event_id


def _waits(session: Session, agreement_id: int, blocker_id: int | None) -> bool:
    """Whether an escalation about the same is open."""
    found = models.Escalation
    same = select(found.id).where(
        found.agreement_id == agreement_id, col(found.blocker_id).is_not_distinct_from(blocker_id)
    )
    ended = {EscalationStep.DECIDED, EscalationStep.GROUP_ENDED, *_GIVES_BACK}
    for number in session.exec(same).all():
        last = None if number is None else _last(session, number)
        if last is None or last.kind not in ended:
            return True
    return False


def _last(session: Session, number: int) -> models.EscalationStep | None:
    """The last step that is not taken back."""
    step = models.EscalationStep
    statement = select(step).where(step.escalation_id == number, col(step.retracted_at).is_(None))
    return session.exec(statement.order_by(col(step.id).desc()).limit(1)).first()


def _level(session: Session, found: models.Escalation) -> str:
    """The level an escalation waits for."""
    step = models.EscalationStep
    statement = select(step.level).where(
        step.escalation_id == found.id, step.level != "", col(step.retracted_at).is_(None)
    )
    return session.exec(statement.order_by(col(step.id).desc()).limit(1)).first() or found.level


def _above(level: str) -> tuple[str, ...]:
    return LEVELS_ABOVE[LEVELS_ABOVE.index(level) + 1 :]


def _taken(
    session: Session, actor: Person, found: models.Escalation, step: models.EscalationStep, *, last_step: int
) -> int:
    assert found.id is not None  # it was read
    last = _last(session, found.id)
    if (0 if last is None else last.id) != last_step:
        raise Refused("moved_on")
    kind = EscalationStep(step.kind)
    if (None if last is None else EscalationStep(last.kind)) not in _AFTER[kind]:
        raise Refused("step_unfit")
    session.add(step)
    session.flush()
    assert step.id is not None  # it was flushed
    if kind in _GIVES_BACK and found.blocker_id is not None:
        _retract(session, found, everything=kind is EscalationStep.SENT_DOWN)
        raise_data_version(session)
    detail = {"number": found.id, "step": step.id, "kind": step.kind, "text": step.text}
    action = "escalation.withdraw" if kind is EscalationStep.DROPPED else "escalation.settle"
    audit.write(session, actor=actor.username, action=action, subject=found.agency, detail=detail)
    return step.id
