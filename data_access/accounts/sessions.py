"""The sessions of signed-in browsers.

Of a token only the SHA-256 is stored: whoever reads the store cannot sign in with what is found there. A token has 256
random bits, so a fast hash is enough.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import logging
import secrets
from typing import Any, Final

import polars as pl
from sqlalchemy import Connection, Engine, String, bindparam, func, select, update
from sqlmodel import Session, col

from data_access import audit, store
from data_access.acting import Actor, Person, authorise
from data_access.store import failures
from data_access.store.models import SignInTicket, User, UserSession, utc_now

_log = logging.getLogger("agreements.access")

IDLE: Final = dt.timedelta(minutes=30)
ABSOLUTE: Final = dt.timedelta(hours=8)
# A session is written to at most this often, however often its pages are drawn.
SEEN_EVERY: Final = dt.timedelta(minutes=1)
# Clocks of processes on several machines differ by less than this.
CLOCK_TOLERANCE: Final = dt.timedelta(minutes=5)
MARK_LENGTH: Final = 12
"""How many signs of a token's hash name a session where people read it."""
_MARK: Final = func.substr(col(UserSession.token_hash), 1, MARK_LENGTH, type_=String)

_IS_OPEN: Final = (
    col(UserSession.revoked_at).is_(None),
    col(UserSession.expires_at) > bindparam("now"),
    col(UserSession.last_seen_at) > bindparam("unused_since"),
    # Seen later than now: the clock has been set back, and how long ago that was nobody knows.
    col(UserSession.last_seen_at) <= bindparam("ahead"),
)
"""What is true of a session that has not ended, at the moments `_moments` gives."""

_FIND: Final = (
    select(col(User.username), col(User.role), col(User.agency), col(User.office), col(UserSession.last_seen_at))
    .join(User, col(User.username) == col(UserSession.username))
    .where(col(UserSession.token_hash) == bindparam("token_hash"), col(User.active), *_IS_OPEN)
)
"""Put together once: every run of a page asks it, and that takes three times as long as to run it."""


def hash_token(token: str) -> str:
    """What the store keeps of a session token."""
    return hashlib.sha256(token.encode()).hexdigest()


def start_session(
    session: Session,
    *,
    username: str,
    client: str = "",
    lifetime: dt.timedelta = ABSOLUTE,
    now: dt.datetime | None = None,
) -> str:
    """Begin a session for a person who has just proved who they are; its token, which is stored nowhere."""
    now = now or utc_now()
    token = secrets.token_urlsafe(32)
    session.add(
        UserSession(
            token_hash=hash_token(token),
            username=username,
            created_at=now,
            last_seen_at=now,
            expires_at=now + lifetime,
            client=client,
        )
    )
    audit.write(session, actor=username, action="session.start", subject=username, detail={"client": client})
    return token


def read_session(
    engine: Engine,
    token_hash: str,
    *,
    idle: dt.timedelta = IDLE,
    is_use: bool = True,
    now: dt.datetime | None = None,
) -> Person | None:
    """Who the session belongs to, with role and agency as they are now; None when it is over or never was.

    Where reading is use, its person has been seen: the session then lasts another `idle`, within its absolute end.
    """
    with store.reading(engine) as connection:
        found = find_session(connection, token_hash, idle=idle, now=now)
    if found is not None and is_use:
        note_use(engine, token_hash, found, now=now)
    return None if found is None else found.person


@dataclasses.dataclass(frozen=True)
class Found:
    """An open session: whose it is, and when it was last noted to be in use."""

    person: Person
    last_seen_at: dt.datetime


def find_session(
    connection: Connection, token_hash: str, *, idle: dt.timedelta = IDLE, now: dt.datetime | None = None
) -> Found | None:
    """`read_session` within a transaction, without noting that the session is in use."""
    row = connection.execute(_FIND, {"token_hash": token_hash, **_moments(now or utc_now(), idle)}).one_or_none()
    if row is None:
        return None
    return Found(Person(username=row.username, role=row.role, agency=row.agency, office=row.office), row.last_seen_at)


def note_use(engine: Engine, token_hash: str, found: Found, *, now: dt.datetime | None = None) -> None:
    """A session was used. Written down once a minute at most."""
    now = now or utc_now()
    if now - found.last_seen_at >= SEEN_EVERY:
        _note_seen(engine, token_hash, now)


def _note_seen(engine: Engine, token_hash: str, now: dt.datetime) -> None:
    """Note that a session is in use. Of a store that takes no writes its readers may go on reading."""
    try:
        with store.session(engine) as session:
            session.execute(
                update(UserSession)
                .where(col(UserSession.token_hash) == token_hash, col(UserSession.last_seen_at) < now)
                .values(last_seen_at=now)
            )
    except failures.STORE_ERRORS as error:
        _log.warning("cannot note that a session is in use: %s", failures.reason_of(error))


def list_sessions(
    engine: Engine, *, actor: Actor, username: str, idle: dt.timedelta = IDLE, now: dt.datetime | None = None
) -> pl.DataFrame:
    """The open sessions of an account, last seen first: `mark, created_at, last_seen_at, expires_at, client`.

    `mark` names a session without being of use to anybody: the beginning of its token's hash. Raises `Refused`
    unless they are the actor's own or the actor is an administrator.
    """
    if not (isinstance(actor, Person) and actor.username == username):
        with store.session(engine, read_only=True) as session:
            authorise(session, actor)
    statement = (
        select(
            _MARK.label("mark"),
            col(UserSession.created_at),
            col(UserSession.last_seen_at),
            col(UserSession.expires_at),
            col(UserSession.client),
        )
        .where(col(UserSession.username) == username, *_IS_OPEN)
        .params(**_moments(now or utc_now(), idle))
        .order_by(col(UserSession.last_seen_at).desc(), col(UserSession.token_hash))
    )
    return store.read_frame(engine, statement)


def end_session(session: Session, *, actor: str, token_hash: str, now: dt.datetime | None = None) -> bool:
    """Sign one browser out; whether there was anything to end."""
    return bool(_end(session, col(UserSession.token_hash) == token_hash, actor=actor, now=now))


def end_marked_session(session: Session, *, person: Person, mark: str) -> bool:
    """Sign out the browser that `list_sessions` names `mark`, of this person's own; whether there was one."""
    if len(mark) != MARK_LENGTH:
        return False
    return bool(_end(session, mark == _MARK, col(UserSession.username) == person.username, actor=person.username))


def end_all_sessions(
    session: Session, *, actor: str, username: str, keep: str = "", now: dt.datetime | None = None
) -> int:
    """Sign a person out everywhere; how many sessions that ended. `keep` is the hash of a token that stays good.

    Hand-overs under way end as well: a sign-in begun with what no longer holds does not become a session.
    """
    session.execute(
        update(SignInTicket)
        .where(col(SignInTicket.username) == username, col(SignInTicket.used_at).is_(None))
        .values(used_at=now or utc_now())
    )
    others = (col(UserSession.username) == username, col(UserSession.token_hash) != keep)
    return _end(session, *others, actor=actor, now=now)


def _moments(now: dt.datetime, idle: dt.timedelta) -> dict[str, dt.datetime]:
    return {"now": now, "unused_since": now - idle, "ahead": now + CLOCK_TOLERANCE}


def _end(session: Session, *which: Any, actor: str, now: dt.datetime | None = None) -> int:
    """Revoke the open sessions for which `which` holds, with one audit entry for each."""
    ended = session.execute(
        update(UserSession)
        .where(*which, col(UserSession.revoked_at).is_(None))
        .values(revoked_at=now or utc_now())
        .returning(col(UserSession.token_hash), col(UserSession.username))
    ).all()
    for row in ended:
        audit.write(
            session,
            actor=actor,
            action="session.end",
            subject=row.username,
            detail={"session": row.token_hash[:MARK_LENGTH]},
        )
    return len(ended)
