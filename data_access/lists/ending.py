"""What holds of a list from a day on: entries that end, with or without another in their place, and agencies that are split.

Figures of a day go by the lists of that day (`kpi.facts`), so no day before the change changes. An agency's agreements come to its
successor at once, with all access to them; the change can therefore not lie ahead. All of it can be taken back by `reopen` while
nobody has updated what was handed over.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from data_access import data_date, responsibility
from data_access.acting import Person, Refused, tidy
from data_access.clock import today
from data_access.coordination import begin, finish
from data_access.lists import kinds, tiers
from data_access.lists.kinds import AGENCIES, BY_HAND, NAME_MAX, TIERS, ListOf, list_of
from data_access.lists.reading import last_end
from data_access.store import models
from data_access.store.arrow import table_of
from kpi.vocabulary import FLOOR_TIERS

_DAY = dt.timedelta(days=1)


def merge(session: Session, *, actor: Person, of: str, code: str, into: str, effective_on: dt.date) -> int:
    """Let another entry take one's place from a day on: what names the one counts under the other; an agency's agreements are
    handed over. Gives the new data version. Raises `Refused`: `into_itself`, `entry_unknown`, `ended_already`, `before_validity`,
    `day_shown`, `day_ahead`, `successor_unfit`."""
    begin(session, actor, kinds.MERGE)
    kind = list_of(of)
    row = _going_on(session, kind, code, effective_on)
    other = _successor(session, kind, code, into, effective_on)
    held: list[list[int]] = []
    if kind is AGENCIES:
        held = _hand_over(session, actor, _agreements_of(session, code), into, effective_on, kinds.MERGE)
        _succeed(session, code, into, effective_on, change="merge")
        row.valid_to = effective_on - _DAY
    _note(session, actor, kind, code, into, effective_on, held=held)
    return _finish(session, actor, kinds.MERGE, kind, row, other.name_vi, effective_on, len(held))


def split(
    session: Session,
    *,
    actor: Person,
    code: str,
    into: str,
    refs: Sequence[str],
    effective_on: dt.date,
    tasks: str = "",
) -> int:
    """Hand some of an agency's agreements (by reference) to another from a day on; both go on. Gives the new data version. Raises
    `Refused` as `merge`, and `no_agreements` for references that are none of the agency's."""
    begin(session, actor, kinds.SPLIT)
    row = _going_on(session, AGENCIES, code, effective_on)
    other = _successor(session, AGENCIES, code, into, effective_on)
    agreement = table_of(models.Agreement).c
    wanted = sorted({ref.strip() for ref in refs} - {""})
    found = {
        ref: int(number)
        for ref, number in session.connection().execute(
            sa.select(agreement.ref, agreement.id).where(
                agreement.responsible_agency == code, agreement.ref.in_(wanted)
            )
        )
    }
    if not wanted or (missing := [ref for ref in wanted if ref not in found]):
        raise Refused("no_agreements", refs=tuple(missing[:10]) if wanted else ())
    held = _hand_over(session, actor, sorted(found.values()), into, effective_on, kinds.SPLIT)
    _succeed(session, code, into, effective_on, change="split", tasks=tidy(tasks, NAME_MAX), is_default=False)
    _note(session, actor, AGENCIES, code, into, effective_on, held=held, is_whole=False)
    return _finish(session, actor, kinds.SPLIT, AGENCIES, row, other.name_vi, effective_on, len(held))


def close(session: Session, *, actor: Person, of: str, code: str, effective_on: dt.date) -> int:
    """End an entry from a day on without another in its place: nothing new can name it; what does goes on doing so. Gives the new
    data version. Raises `Refused` as `merge`, `has_agreements` for an agency that is still responsible for any, and `tier_needed`
    for a tier of partners of which nothing is said."""
    begin(session, actor, kinds.CLOSE)
    kind = list_of(of)
    row = _going_on(session, kind, code, effective_on)
    if kind is AGENCIES:
        if _agreements_of(session, code):
            raise Refused("has_agreements")
        row.valid_to = effective_on - _DAY
    if kind is TIERS and code in FLOOR_TIERS:
        raise Refused("tier_needed")
    _note(session, actor, kind, code, None, effective_on)
    return _finish(session, actor, kinds.CLOSE, kind, row, None, effective_on, 0)


def reopen(session: Session, *, actor: Person, of: str, code: str) -> int:
    """Take back the last merger, split or closing of an entry, as if it had never been; gives the new data version. Raises
    `Refused`: `entry_unknown`, `no_change` (none was done by hand), `changed_since` (what was handed over has been updated)."""
    begin(session, actor, kinds.REOPEN)
    kind = list_of(of)
    row, end = kind.held(session, code), last_end(session, of, code)
    if end is None:
        raise Refused("no_change")
    if kind is AGENCIES:
        held = dict(json.loads(end.agreements))
        if responsibility.versions(session, sorted(held), agency=end.successor) != held:
            raise Refused("changed_since")
        responsibility.hand_back(session, sorted(held), by=actor.username)
        took = table_of(models.AgencySuccession)
        session.connection().execute(
            sa.delete(took).where(
                *(took.c.predecessor == code, took.c.successor == end.successor, took.c.source == BY_HAND),
                took.c.effective_on == end.effective_on,
            )
        )
        if end.is_whole:
            row.valid_to = None
    if kind is TIERS and not end.is_whole:
        tiers.rejoin(session, end)
    end.retracted_at, end.retracted_by = models.utc_now(), actor.username
    session.add_all([row, end])
    session.flush()
    return _finish(session, actor, kinds.REOPEN, kind, row, None, end.effective_on, 0)


def _going_on(session: Session, kind: ListOf, code: str, day: dt.date) -> Any:
    """An entry that has not ended and may end on a day."""
    row, end = kind.held(session, code), last_end(session, kind.name, code)
    if getattr(row, "valid_to", None) is not None or (end is not None and end.is_whole):
        raise Refused("ended_already")
    since = getattr(row, "valid_from", None) or getattr(row, "held_on", None)
    if since is not None and day <= since:
        raise Refused("before_validity")
    if day < responsibility.first_day(session):
        raise Refused("day_shown")
    if kind is AGENCIES and day > today(data_date.read(session)):
        raise Refused("day_ahead")
    return row


def _successor(session: Session, kind: ListOf, code: str, into: str, day: dt.date) -> Any:
    """The entry that takes another's place on a day."""
    if into == code:
        raise Refused("into_itself")
    row, end = kind.held(session, into), last_end(session, kind.name, into)
    since = getattr(row, "valid_from", None)
    is_there = getattr(row, "valid_to", None) is None and (end is None or not end.is_whole)
    if not is_there or (since is not None and since > day):
        raise Refused("successor_unfit")
    return row


def _agreements_of(session: Session, agency: str) -> list[int]:
    agreement = table_of(models.Agreement).c
    statement = sa.select(agreement.id).where(agreement.responsible_agency == agency).with_for_update()
    return sorted(int(number) for (number,) in session.connection().execute(statement))


def _hand_over(
    session: Session, actor: Person, ids: list[int], successor: str, day: dt.date, action: str
) -> list[list[int]]:
    """Hand agreements over; gives each with its row version right after."""
    responsibility.hand_over(session, ids, successor=successor, effective_on=day, action=action, by=actor.username)
    return [[number, version] for number, version in sorted(responsibility.versions(session, ids).items())]


def _succeed(
    session: Session, code: str, into: str, day: dt.date, *, change: str, tasks: str = "", is_default: bool = True
) -> None:
    session.add(
        models.AgencySuccession(
            predecessor=code,
            successor=into,
            effective_on=day,
            change=change,
            tasks=tasks,
            is_default=is_default,
            source=BY_HAND,
        )
    )


def _note(
    session: Session,
    actor: Person,
    kind: ListOf,
    code: str,
    into: str | None,
    day: dt.date,
    *,
    held: Sequence[Sequence[int]] = (),
    is_whole: bool = True,
) -> None:
    session.add(
        models.EntryEnd(
            list_of=kind.name,
            code=code,
            successor=into,
            effective_on=day,
            is_whole=is_whole,
            agreements=json.dumps(list(held)),
            recorded_by=actor.username,
        )
    )
    session.flush()


def _finish(
    session: Session, actor: Person, action: str, kind: ListOf, row: Any, into: str | None, day: dt.date, count: int
) -> int:
    detail = {"list": kind.name, "entry": row.name_vi, "name": into or "", "from": day.isoformat(), "count": count}
    return finish(session, actor, action, {kind.key_of(row): detail})
