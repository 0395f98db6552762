"""The audit as it is read: searched, taken away as a file, its chain verified. For administrators.

Searching, counting and paging happen in the store, which may hold hundreds of thousands of entries. Text is compared
without diacritics and case.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import unicodedata
from typing import Any, Final

import polars as pl
import sqlalchemy as sa
from sqlmodel import Session, col, select

from data_access import audit, store
from data_access.acting import Actor, Person, authorise
from data_access.audit import ChainCheck
from data_access.store import models
from data_access.store.models import AuditEntry, utc_now
from data_access.store.models.base import VIET_NAM

EXPORT_MAX: Final = 100_000
"""The newest so many entries go into one file."""

_TYPES: Final = pl.Schema(
    {
        "id": pl.Int64(),
        "at": pl.Datetime("us"),
        **{name: pl.String() for name in ("actor", "action", "subject", "detail", "hash")},
    }
)
# What is done to accounts; other things may be called as somebody is.
_OF_ACCOUNTS: Final = ("session.", "sign_in.", "password.", "second_factor.", "user.")
# Tones, breve, circumflex and horn of Vietnamese, and what else Latin letters carry.
_MARKS: Final = "\u0300\u0301\u0302\u0303\u0306\u0308\u0309\u030a\u030c\u031b\u0323\u0327"
_WITHOUT_MARKS: Final = str.maketrans("đ", "d", _MARKS)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Sought:
    """What entries are wanted: of whom, of what kind, about what, from which day to which (as clocks in Viet Nam show it),
    with which words in them. `about` is a subject in full, `subject` any part of one. What is empty or None narrows
    nothing."""

    actor: str = ""
    action: str = ""
    subject: str = ""
    about: str = ""
    since: dt.date | None = None
    until: dt.date | None = None
    text: str = ""

    def told(self) -> dict[str, str]:
        """What was asked for, for the audit of an export."""
        given = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return {name: str(value) for name, value in given.items() if value}


@dataclasses.dataclass(frozen=True)
class Found:
    """One page of entries, newest first (`id, at, actor, action, subject, detail, hash`), and how many there are in all."""

    entries: pl.DataFrame
    total: int


@dataclasses.dataclass(frozen=True)
class Verification:
    """A check of the chain: when, by whom, and what it found."""

    at: dt.datetime
    actor: str
    check: ChainCheck


@dataclasses.dataclass(frozen=True)
class Choices:
    """Who acts and what is done in the entries there are, in alphabetical order."""

    actors: tuple[str, ...]
    actions: tuple[str, ...]


def search(engine: sa.Engine, *, actor: Actor, sought: Sought, page: int = 1, size: int = 50) -> Found:
    """A page of the entries asked for, newest first. Raises `Refused` unless the actor is an administrator."""
    with _open(engine, read_only=True) as session:
        authorise(session, actor)
        conditions = _conditions(sought, session)
        first = max(0, page - 1) * size
        if not (sought.text or sought.subject):
            total = session.execute(sa.select(sa.func.count(col(AuditEntry.id))).where(*conditions)).scalar_one()
            return Found(_read(session, conditions, size, offset=first), total)
        # Looking into texts is what takes long: once is enough to count and to find the page.
        newest_first = sa.select(col(AuditEntry.id)).where(*conditions).order_by(col(AuditEntry.id).desc())
        found = session.execute(newest_first).scalars().all()
        return Found(_read(session, [col(AuditEntry.id).in_(found[first : first + size])], size), len(found))


def export(engine: sa.Engine, *, actor: Actor, sought: Sought) -> pl.DataFrame:
    """The newest `EXPORT_MAX` of the entries asked for. That they were taken away is an entry itself."""
    with _open(engine) as session:
        by = authorise(session, actor)
        entries = _read(session, _conditions(sought, session), EXPORT_MAX)
        audit.write(session, actor=by, action="audit.export", detail={**sought.told(), "entries": entries.height})
    return entries


def verify_chain(engine: sa.Engine, *, actor: Actor) -> Verification:
    """Follow the whole chain. What was found is an entry itself, so that it can be seen when that was last done."""
    with _open(engine, read_only=True) as session:
        authorise(session, actor)
    check = audit.follow(engine)
    with _open(engine) as session:
        by = authorise(session, actor)
        kept = models.ChainCheck(actor=by, **dataclasses.asdict(check))
        session.add(kept)
        audit.write(session, actor=by, action="audit.verify", detail=dataclasses.asdict(check))
    return Verification(kept.at, by, check)


def last_verification(engine: sa.Engine, *, actor: Actor) -> Verification | None:
    """The newest check of the chain, whatever it found; None where there was none yet."""
    newest = select(models.ChainCheck).order_by(col(models.ChainCheck.id).desc()).limit(1)
    with _open(engine, read_only=True) as session:
        authorise(session, actor)
        row = session.exec(newest).one_or_none()
    return None if row is None else Verification(row.at, row.actor, ChainCheck(row.entries, row.first_broken))


def choices(engine: sa.Engine, *, actor: Actor) -> Choices:
    """What the entries there are offer for choice."""
    with _open(engine, read_only=True) as session:
        authorise(session, actor)
        found = [
            tuple(session.execute(sa.select(column).distinct().order_by(column)).scalars())
            for column in (col(AuditEntry.actor), col(AuditEntry.action))
        ]
    return Choices(*found)


def read_recent(engine: sa.Engine, *, person: Person, days: int = 30, most: int = 10) -> pl.DataFrame:
    """What lately happened to somebody's own account, newest first: `at, actor, action, detail`."""
    statement = (
        sa.select(col(AuditEntry.at), col(AuditEntry.actor), col(AuditEntry.action), col(AuditEntry.detail))
        .where(
            col(AuditEntry.subject) == person.username,
            sa.or_(*(col(AuditEntry.action).startswith(room) for room in _OF_ACCOUNTS)),
            col(AuditEntry.at) > utc_now() - dt.timedelta(days=days),
        )
        .order_by(col(AuditEntry.id).desc())
        .limit(most)
    )
    return store.read_frame(engine, statement)


def folded(text: str | None) -> str:
    """Text as it is compared: lower case, without diacritics, `đ` as `d`.

    Not `words.fold`: PostgreSQL has to come to the same by functions of its own (`_holds`), so it is a list of marks that
    goes, and nothing else is replaced.
    """
    return unicodedata.normalize("NFD", (text or "").lower()).translate(_WITHOUT_MARKS)


# --- Inside ----------------------------------------------------------------------------------------------------------


def _open(engine: sa.Engine, *, read_only: bool = False) -> Any:
    return store.session(engine, read_only=read_only)


def _read(session: Session, conditions: list[sa.ColumnElement[bool]], most: int, *, offset: int = 0) -> pl.DataFrame:
    statement = (
        sa.select(*(getattr(AuditEntry, name) for name in _TYPES))
        .where(*conditions)
        .order_by(col(AuditEntry.id).desc())
        .limit(most)
        .offset(offset)
    )
    rows = session.execute(statement).all()
    return pl.DataFrame([tuple(row) for row in rows], schema=_TYPES, orient="row")


def _conditions(sought: Sought, session: Session) -> list[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = []
    if sought.actor:
        conditions.append(col(AuditEntry.actor) == sought.actor)
    if sought.action:
        conditions.append(col(AuditEntry.action) == sought.action)
    if sought.about:
        conditions.append(col(AuditEntry.subject) == sought.about)
    if sought.since:
        conditions.append(col(AuditEntry.at) >= _midnight(sought.since))
    if sought.until:
        conditions.append(col(AuditEntry.at) < _midnight(sought.until + dt.timedelta(days=1)))
    if sought.subject:
        conditions.append(_holds(session, col(AuditEntry.subject), sought.subject))
    if sought.text:
        whole = col(AuditEntry.actor) + " " + col(AuditEntry.action) + " " + col(AuditEntry.subject)
        conditions.append(_holds(session, whole + " " + col(AuditEntry.detail), sought.text))
    return conditions


def _midnight(day: dt.date) -> dt.datetime:
    """When a day begins in Viet Nam, as the store keeps moments."""
    begins = dt.datetime.combine(day, dt.time(), VIET_NAM)
    return begins.astimezone(dt.UTC).replace(tzinfo=None)


def _holds(session: Session, text: Any, words: str) -> sa.ColumnElement[bool]:
    """Whether every one of the words occurs in a text. PostgreSQL can tell by itself, SQLite asks us."""
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        decomposed = sa.func.lower(sa.func.normalize(sa.func.lower(text), sa.literal_column("NFD")))
        bare = sa.func.translate(decomposed, "đĐ" + _MARKS, "dd", type_=sa.String)
        return sa.and_(sa.true(), *(bare.contains(word, autoescape=True) for word in folded(words).split()))
    driver = connection.connection.driver_connection
    assert driver is not None  # the connection is open
    driver.create_function("holds", 2, _holds_here, deterministic=True)
    return sa.func.holds(text, folded(words), type_=sa.Boolean)


def _holds_here(text: str, words: str) -> bool:
    bare = folded(text)
    return all(word in bare for word in words.split())
