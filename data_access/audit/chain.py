"""Who did what, in entries that can only be added and that cover one another.

The hash of an entry is SHA-256 over the hash of the entry before it and its own content. Changing, removing or
inserting an entry anywhere but at the end breaks every hash from there on, and `verify` finds the first one. What the
chain alone cannot show is that its newest entries were cut off; compare the newest hash with one written down
elsewhere for that.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Engine, func, select
from sqlmodel import Session, col

from data_access import store
from data_access.store.models import AuditEntry, utc_now

_VERIFY_CHUNK = 10_000
_LAST = select(func.max(col(AuditEntry.id)))


def write(
    session: Session, *, actor: str, action: str, subject: str = "", detail: Mapping[str, object] | None = None
) -> AuditEntry:
    """Add an entry to the chain, within the caller's transaction, and return it.

    The entry exists if and only if what it tells of was committed. Write it after the changes it tells of: until the
    transaction ends no other one can add an entry, and one that waits for a row of ours would wait forever.
    """
    store.take_turn(session, "audit")  # no two may continue from the same entry
    newest = select(col(AuditEntry.hash)).order_by(col(AuditEntry.id).desc()).limit(1)
    previous = session.execute(newest).scalar() or ""
    text = json.dumps(dict(detail or {}), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    at = utc_now()
    entry = AuditEntry(
        at=at,
        actor=actor,
        action=action,
        subject=subject,
        detail=text,
        previous_hash=previous,
        hash=_hash(previous=previous, at=at, actor=actor, action=action, subject=subject, detail=text),
    )
    session.add(entry)
    session.flush()
    return entry


@dataclasses.dataclass(frozen=True)
class ChainCheck:
    """How far the chain was followed: entries that hold, and the id of the first that does not (None: all do)."""

    entries: int
    first_broken: int | None


def last_number(engine: Engine) -> int:
    """The number of the latest entry, 0 where there is none: another one whenever something that is told here has changed."""
    with store.reading(engine) as connection:
        return connection.execute(_LAST).scalar_one() or 0


def verify(engine: Engine) -> int | None:
    """The id of the first entry that does not follow from the one before it, or None when the whole chain holds."""
    return follow(engine).first_broken


def follow(engine: Engine) -> ChainCheck:
    """The chain from its first entry to the newest, or to the first that does not follow from the one before it."""
    last, count, previous = 0, 0, ""
    with store.session(engine, read_only=True) as session:
        while entries := _next_entries(session, after=last):
            broken = first_broken(entries, previous=previous)
            if broken is not None:
                return ChainCheck(count + entries.index(broken), broken.id)
            newest = entries[-1]
            assert newest.id is not None  # it was read
            last, count, previous = newest.id, count + len(entries), newest.hash
            session.expunge_all()
    return ChainCheck(count, None)


def first_broken(entries: Iterable[AuditEntry], *, previous: str = "") -> AuditEntry | None:
    """The first of these entries, in their order, that does not follow from the one before it; `previous` is the hash of the
    entry before the first."""
    for entry in entries:
        expected = _hash(
            previous=previous,
            at=entry.at,
            actor=entry.actor,
            action=entry.action,
            subject=entry.subject,
            detail=entry.detail,
        )
        if entry.previous_hash != previous or entry.hash != expected:
            return entry
        previous = entry.hash
    return None


def _next_entries(session: Session, *, after: int) -> Sequence[AuditEntry]:
    following = select(AuditEntry).where(col(AuditEntry.id) > after).order_by(col(AuditEntry.id)).limit(_VERIFY_CHUNK)
    return session.execute(following).scalars().all()


def _hash(*, previous: str, at: dt.datetime, actor: str, action: str, subject: str, detail: str) -> str:
    """SHA-256 over all the fields; a JSON list keeps them apart whatever they contain."""
    content = json.dumps([previous, at.isoformat(), actor, action, subject, detail])
    return hashlib.sha256(content.encode()).hexdigest()
