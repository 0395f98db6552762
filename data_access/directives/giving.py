"""Directives: given by a leader, or by the coordinator for the room; answered by their agency; closed by whoever gave them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from sqlmodel import Session, col, select

from data_access import audit
from data_access.acting import Person, Refused, account_of, agency_of, logged, take_turn, tidy
from data_access.directives.reading import day_of
from data_access.documents import Document, as_kept
from data_access.roles import May, may
from data_access.store import models
from kpi.indicators.catalog import KPIS
from kpi.vocabulary import AGENCY_STEPS, ISSUER_STEPS, DirectiveAbout, DirectiveState, DirectiveStep, texts

TASK_MAX: Final = 1000
TEXT_MAX: Final = 2000
SAID_BY_MAX: Final = 120

_OPEN: Final = frozenset(
    {DirectiveState.UNANSWERED, DirectiveState.UNDER_WAY, DirectiveState.TO_DO_AGAIN, DirectiveState.SAID_DONE}
)
_FROM: Final[Mapping[DirectiveStep, frozenset[DirectiveState]]] = MappingProxyType(
    {
        DirectiveStep.ANSWERED: _OPEN,
        DirectiveStep.REPORTED_DONE: _OPEN - {DirectiveState.SAID_DONE},
        DirectiveStep.SENT_BACK: frozenset({DirectiveState.SAID_DONE}),
        DirectiveStep.EXTENDED: _OPEN,
        DirectiveStep.ACCEPTED: _OPEN,
        DirectiveStep.CALLED_OFF: _OPEN,
    }
)
"""Where a directive has to stand for a step to be taken."""
_WITH_TEXT: Final = frozenset(
    {DirectiveStep.ANSWERED, DirectiveStep.REPORTED_DONE, DirectiveStep.SENT_BACK, DirectiveStep.CALLED_OFF}
)


def give(
    session: Session,
    *,
    actor: Person,
    agency: str,
    task: str,
    due_on: dt.date,
    about: str = DirectiveAbout.AGENCY,
    about_code: str = "",
    ref: str = "",
    blocker_id: int | None = None,
    said_by: str = "",
) -> int:
    """Give an agency something to do by a day; gives the directive's number. What it is about is named by the partner's or the
    KPI's code, the agreement's reference, or the number of one of its blockers. `said_by`: whose word it is, where another one
    records it.

    Raises `Refused`: `not_allowed`, `no_such_agency` for one that has ended too, `text_missing`, `text_too_long`,
    `deadline_passed` for a day before today, `subject_unknown`.
    """
    with logged("directive.give", actor, agency):
        account_of(session, actor, May.DIRECT)
        take_turn(session)
        held = session.get(models.Agency, agency)
        if held is None or held.valid_to is not None:
            raise Refused("no_such_agency")
        day = day_of(session)
        agreement = _about(session, about, about_code, ref, blocker_id)
        given = models.Directive(
            agency=agency,
            about=str(DirectiveAbout(about)),
            about_code=about_code,
            agreement_id=agreement,
            blocker_id=blocker_id,
            task=said(task, TASK_MAX),
            due_on=not_before(due_on, day),
            said_by=" ".join(tidy(said_by, SAID_BY_MAX).split()),
            issued_on=day,
            issued_by=actor.username,
        )
        session.add(given)
        session.flush()
        assert given.id is not None  # it was flushed
        detail = {"number": given.id, "about": about, "task": given.task, "due_on": due_on.isoformat()}
        audit.write(session, actor=actor.username, action="directive.give", subject=agency, detail=detail)
        return given.id


def respond(
    session: Session,
    *,
    actor: Person,
    number: int,
    kind: str,
    text: str,
    last_step: int,
    document: Document | None = None,
) -> int:
    """Answer a directive of the agency one hands in for, or say that it is done; never one of one's own. Gives the number of the
    step. `last_step` is the number of the last one that was seen.

    Raises `Refused`: `not_allowed`, `step_unknown`, `step_unfit` for one that does not follow from where the directive stands,
    `moved_on` where somebody has taken one since, `text_missing`, `text_too_long`, and what is wrong with the document
    (`document_missing`, `document_later`, `link_invalid`).
    """
    with logged("directive.respond", actor, str(number)):
        agency = agency_of(session, actor)
        take_turn(session)
        found = session.get(models.Directive, number)
        if found is None or found.agency != agency or found.issued_by == actor.username:
            raise Refused("not_allowed")
        step = _step_of(kind, AGENCY_STEPS)
        return _taken(session, actor, found, step, last_step=last_step, text=text, document=document)


def direct(
    session: Session,
    *,
    actor: Person,
    number: int,
    kind: str,
    last_step: int,
    text: str = "",
    due_on: dt.date | None = None,
) -> int:
    """Send a directive back, give it another deadline, close it or call it off; gives the number of the step. That is for whoever
    gave it, and where that account is closed, for others who may. Raises `Refused` as `respond` does, and `deadline_passed`."""
    with logged("directive.direct", actor, str(number)):
        account_of(session, actor, May.DIRECT)
        take_turn(session)
        found = session.get(models.Directive, number)
        if found is None or not is_issuer(session, actor, found.issued_by):
            raise Refused("not_issuer" if found is not None else "not_allowed")
        step = _step_of(kind, ISSUER_STEPS)
        if step is DirectiveStep.ACCEPTED and _has_answered(session, number, actor.username):
            raise Refused("not_allowed")  # for the agency, which nobody vouches for in one's own cause
        due = None
        if step is DirectiveStep.EXTENDED:
            if due_on is None:
                raise Refused("deadline_passed")
            due = not_before(due_on, day_of(session))
        return _taken(session, actor, found, step, last_step=last_step, text=text, due_on=due)


def take_back(session: Session, *, actor: Person, number: int, step: int) -> int:
    """Take back the last step of a directive, where it is one's own; gives its number. Raises `Refused`: `not_allowed`,
    `not_own_entry` for one of somebody else, or one that another has followed."""
    with logged("directive.take_back", actor, str(number)):
        account = account_of(session, actor)
        may_direct = may(account.role, May.DIRECT)
        agency = None if may_direct else agency_of(session, actor)
        take_turn(session)
        found = session.get(models.Directive, number)
        if found is None or (agency is not None and found.agency != agency):
            raise Refused("not_allowed")
        last = _last(session, number)
        if last is None or last.id != step or last.taken_by != actor.username:
            raise Refused("not_own_entry")
        last.retracted_at, last.retracted_by = models.utc_now(), actor.username
        session.add(last)
        session.flush()
        detail = {"number": number, "step": step, "kind": last.kind}
        audit.write(session, actor=actor.username, action="directive.take_back", subject=found.agency, detail=detail)
        return step


# --- What both sides share -------------------------------------------------------------------------------------------


def said(text: str, most: int) -> str:
    """A text that says something. Raises `Refused`."""
    kept = tidy(text, most)
    if not any(sign.isalnum() for sign in kept):
        raise Refused("text_missing")
    return kept


def not_before(day: dt.date, now: dt.date) -> dt.date:
    """A deadline that can still be met. Raises `Refused`."""
    if day < now:
        raise Refused("deadline_passed")
    return day


def is_issuer(session: Session, actor: Person, issued_by: str) -> bool:
    """Whether the actor issued something, or nobody can be asked who did: a closed account answers for nothing any more."""
    account = session.get(models.User, issued_by)
    return actor.username == issued_by or account is None or not account.active


# --- Inside ----------------------------------------------------------------------------------------------------------


def _about(session: Session, about: str, code: str, ref: str, blocker_id: int | None) -> int | None:
    """The number of the agreement a directive is about, None where about none. Raises `Refused` where there is no such thing."""
    if about == DirectiveAbout.AGENCY and not (code or ref or blocker_id):
        return None
    if about == DirectiveAbout.PARTNER and session.get(models.Partner, code) is not None:
        return None
    if about == DirectiveAbout.FIGURE and code in KPIS:
        return None
    if about in (DirectiveAbout.AGREEMENT, DirectiveAbout.BLOCKER) and not code:
        agreement = session.exec(select(models.Agreement).where(models.Agreement.ref == ref)).one_or_none()
        blocker = None if blocker_id is None else session.get(models.Blocker, blocker_id)
        stands = blocker is not None and blocker.retracted_at is None
        fits = about == DirectiveAbout.AGREEMENT if blocker_id is None else about == DirectiveAbout.BLOCKER and stands
        if agreement is not None and fits and (blocker is None or blocker.agreement_id == agreement.id):
            return agreement.id
    raise Refused("subject_unknown")


def _step_of(kind: str, allowed: tuple[DirectiveStep, ...]) -> DirectiveStep:
    if kind not in {*allowed}:
        raise Refused("step_unknown")
    return DirectiveStep(kind)


def _last(session: Session, number: int) -> models.DirectiveStep | None:
    """The last step that is not taken back."""
    step = models.DirectiveStep
    statement = select(step).where(step.directive_id == number, col(step.retracted_at).is_(None))
    return session.exec(statement.order_by(col(step.id).desc()).limit(1)).first()


def _has_answered(session: Session, number: int, username: str) -> bool:
    """Whether this account spoke for the agency about a directive."""
    step = models.DirectiveStep
    statement = select(step.id).where(
        step.directive_id == number, step.taken_by == username, col(step.kind).in_(texts(AGENCY_STEPS))
    )
    return session.exec(statement.limit(1)).first() is not None


def _state(session: Session, found: models.Directive) -> DirectiveState:
    """Where it stands at this moment: as `kpi.decided.directives.standing` says, for one and by the order of its steps alone."""
    step = models.DirectiveStep
    statement = select(step.kind).where(step.directive_id == found.id, col(step.retracted_at).is_(None))
    state = DirectiveState.UNANSWERED
    for kind in session.exec(statement.order_by(col(step.id))):
        if kind == DirectiveStep.ANSWERED:
            state = state if state is DirectiveState.SAID_DONE else DirectiveState.UNDER_WAY
        elif kind != DirectiveStep.EXTENDED:
            state = _LEADS_TO[DirectiveStep(kind)]
    return state


_LEADS_TO: Final[Mapping[DirectiveStep, DirectiveState]] = MappingProxyType(
    {
        DirectiveStep.REPORTED_DONE: DirectiveState.SAID_DONE,
        DirectiveStep.SENT_BACK: DirectiveState.TO_DO_AGAIN,
        DirectiveStep.ACCEPTED: DirectiveState.CARRIED_OUT,
        DirectiveStep.CALLED_OFF: DirectiveState.REVOKED,
    }
)


def _taken(
    session: Session,
    actor: Person,
    found: models.Directive,
    kind: DirectiveStep,
    *,
    last_step: int,
    text: str,
    due_on: dt.date | None = None,
    document: Document | None = None,
) -> int:
    assert found.id is not None  # it was read
    last = _last(session, found.id)
    if (0 if last is None else last.id) != last_step:
        raise Refused("moved_on")
    if _state(session, found) not in _FROM[kind]:
        raise Refused("step_unfit")
    day = day_of(session)
    given = document or Document()
    kept = as_kept(given, needed=given.is_given, now=day)
    step = models.DirectiveStep(
        directive_id=found.id,
        kind=str(kind),
        taken_on=day,
        taken_by=actor.username,
        text=said(text, TEXT_MAX) if kind in _WITH_TEXT else tidy(text, TEXT_MAX),
        due_on=due_on,
        document_number=kept.number,
        document_issuer=kept.issuer,
        document_on=kept.day,
        document_url=kept.url,
    )
    session.add(step)
    session.flush()
    assert step.id is not None  # it was flushed
    detail = {"number": found.id, "step": step.id, "kind": str(kind), "text": step.text}
    detail |= {} if due_on is None else {"due_on": due_on.isoformat()}
    action = "directive.respond" if kind in AGENCY_STEPS else "directive.direct"
    audit.write(session, actor=actor.username, action=action, subject=found.agency, detail=detail)
    return step.id
