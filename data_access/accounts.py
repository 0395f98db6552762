"""Accounts, the sessions of signed-in browsers, and the tickets that hand a sign-in over to a cookie.

Roles: `leader` reads everything, `agency` the ranking and its own agreements, `coordinator` reviews and consolidates,
`administrator` looks after accounts. Writes take a `session` and an `actor`, leave an audit entry and never commit.

Of tokens and tickets only the SHA-256 is stored: whoever reads the store cannot sign in with what is found there.
Both carry 256 random bits, so a fast hash is enough.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
import re
import secrets
from dataclasses import dataclass
from typing import Final

import polars as pl
from sqlalchemy import CursorResult, Engine, select, update
from sqlmodel import Session, col

from data_access import audit, passwords, throttle
from data_access import engine as store
from data_access.models import Agency, SignInTicket, User, UserSession, utc_now

ROLES: Final = ("leader", "agency", "coordinator", "administrator")
IDLE: Final = dt.timedelta(minutes=30)
ABSOLUTE: Final = dt.timedelta(hours=8)
TICKET_LIFETIME: Final = dt.timedelta(seconds=30)
# A session is written to at most this often, however often its pages are drawn.
SEEN_EVERY: Final = dt.timedelta(minutes=1)

_log = logging.getLogger("agreements.access")
_USERNAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{1,63}")


class AccountError(ValueError):
    """An account cannot be made or changed as asked; `code` says why, the message says what to do."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Person:
    """Who is at the other end of a session, as the store knows them at this moment."""

    username: str
    role: str
    agency: str | None
    office: str


@dataclass(frozen=True)
class SignInCheck:
    """Outcome of a sign-in: the account's name when the password was right, or how long to wait, or neither."""

    username: str | None = None
    wait_seconds: int = 0


@dataclass(frozen=True)
class DemoAccount:
    """An account that exists for showing the dashboard; its password is public."""

    username: str
    role: str
    agency: str | None
    office: str


DEMO_PASSWORD: Final = "camket-minhhoa"
DEMO_ACCOUNTS: Final = (
    DemoAccount("lanhdao", "leader", None, "Văn phòng Chính phủ"),
    DemoAccount("bct", "agency", "BCT", "Bộ Công Thương"),
    DemoAccount("langson", "agency", "T20", "UBND tỉnh Lạng Sơn"),
    DemoAccount("dieuphoi", "coordinator", "BNG", "Bộ Ngoại giao"),
    DemoAccount("quantri", "administrator", None, "Quản trị hệ thống"),
)

# --- Accounts --------------------------------------------------------------------------------------------------------


def add_user(
    session: Session,
    *,
    actor: str,
    username: str,
    password: str,
    role: str,
    agency: str | None = None,
    office: str = "",
) -> User:
    """Make an account. Raises `AccountError` when name, password, role or agency will not do, or the name is taken."""
    username = username.strip().lower()
    _check_account(session, username=username, role=role, agency=agency)
    problem = passwords.check_rules(password, username=username)
    if problem or password == DEMO_PASSWORD:
        raise AccountError(problem or "password_common", _PASSWORD_PROBLEMS[problem or "password_common"])
    return _insert_user(
        session, actor=actor, username=username, password=password, role=role, agency=agency, office=office
    )


def list_users(engine: Engine) -> pl.DataFrame:
    """One row per account, by name: `username, role, agency` (its key, null where none), `active` (boolean)."""
    columns = (col(User.username), col(User.role), col(User.agency), col(User.active))
    return store.read_frame(engine, select(*columns).order_by(col(User.username)))


def disable_user(session: Session, *, actor: str, username: str) -> None:
    """Close an account and end all its sessions. Raises `AccountError` when there is none of that name."""
    user = session.get(User, username.strip().lower())
    if user is None:
        raise AccountError("user_unknown", f"There is no account named {username!r}. List them with `user list`.")
    user.active = False
    session.add(user)
    session.flush()
    end_all_sessions(session, actor=actor, username=user.username)
    audit.write(session, actor=actor, action="user.disable", subject=user.username)


def ensure_demo_accounts(session: Session) -> list[str]:
    """Make the demo accounts that are missing and whose agency this register knows; their names."""
    audit.lock(session)  # two processes that start together must not both find an account missing
    made = []
    for account in DEMO_ACCOUNTS:
        known = account.agency is None or session.get(Agency, account.agency) is not None
        if known and session.get(User, account.username) is None:
            _insert_user(
                session,
                actor="system",
                username=account.username,
                password=DEMO_PASSWORD,
                role=account.role,
                agency=account.agency,
                office=account.office,
            )
            made.append(account.username)
    return made


def find_demo_accounts(engine: Engine) -> list[str]:
    """Names of the open accounts that still have the public demo password. Takes a quarter of a second for each."""
    names = [account.username for account in DEMO_ACCOUNTS]
    statement = select(col(User.username), col(User.password_hash)).where(
        col(User.username).in_(names), col(User.active)
    )
    with store.session(engine, read_only=True) as session:
        rows = session.execute(statement).all()
    return sorted(row.username for row in rows if passwords.matches(DEMO_PASSWORD, row.password_hash))


# --- Signing in ------------------------------------------------------------------------------------------------------


def check_password(
    engine: Engine, *, username: str, password: str, address: str, now: dt.datetime | None = None
) -> SignInCheck:
    """Whether these open an account, counting the try. An unknown or closed one is answered like a wrong password."""
    now = now or utc_now()
    username = username.strip().lower()
    # What cannot be a name is counted under one key, so that it cannot fill the store with keys.
    counted_as = username if _USERNAME.fullmatch(username) else ""
    wait = throttle.count_try(engine, username=counted_as, address=address, now=now)
    if wait:
        _log.warning("sign-in of %r from %s has to wait %d seconds", counted_as, address, wait)
        return SignInCheck(wait_seconds=wait)
    with store.session(engine, read_only=True) as session:
        found = session.execute(
            select(col(User.password_hash)).where(col(User.username) == counted_as, col(User.active))
        ).scalar()
    if not passwords.matches(password, found):
        _log.warning("sign-in of %r from %s failed", counted_as, address)
        return SignInCheck()
    throttle.forgive(engine, username=counted_as, address=address, now=now)
    _log.info("sign-in of %r from %s", counted_as, address)
    return SignInCheck(username=counted_as)


def issue_ticket(session: Session, *, username: str, browser: str, now: dt.datetime | None = None) -> str:
    """A ticket that this browser, and no other, may exchange once and soon for a session.

    `browser` is the mark the application gave the browser that showed the sign-in form. Without it somebody could have
    another person follow a link that signs them in under the wrong name.
    """
    now = now or utc_now()
    ticket = secrets.token_urlsafe(32)
    session.add(
        SignInTicket(
            ticket_hash=_ticket_hash(ticket, browser),
            username=username,
            created_at=now,
            expires_at=now + TICKET_LIFETIME,
        )
    )
    session.flush()
    return ticket


def redeem_ticket(session: Session, *, ticket: str, browser: str, now: dt.datetime | None = None) -> str | None:
    """The name a ticket was issued for; None if it is unknown, late, used, another browser's, or the account closed."""
    now = now or utc_now()
    ticket_hash = _ticket_hash(ticket, browser)
    used: CursorResult[object] = session.execute(  # type: ignore[assignment]
        update(SignInTicket)
        .where(
            col(SignInTicket.ticket_hash) == ticket_hash,
            col(SignInTicket.used_at).is_(None),
            col(SignInTicket.expires_at) > now,
        )
        .values(used_at=now)
    )
    if used.rowcount != 1:
        return None
    return session.execute(
        select(col(User.username))
        .join(SignInTicket, col(SignInTicket.username) == col(User.username))
        .where(col(SignInTicket.ticket_hash) == ticket_hash, col(User.active))
    ).scalar()


# --- Sessions --------------------------------------------------------------------------------------------------------


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
    engine: Engine, token_hash: str, *, idle: dt.timedelta = IDLE, now: dt.datetime | None = None
) -> Person | None:
    """Who the session belongs to, with role and agency as they are now; None when it is over or never was.

    Reading counts as being seen: the session then lasts another `idle`, within its absolute end.
    """
    now = now or utc_now()
    statement = (
        select(
            col(User.username),
            col(User.role),
            col(User.agency),
            col(User.office),
            col(UserSession.last_seen_at),
        )
        .join(User, col(User.username) == col(UserSession.username))
        .where(
            col(UserSession.token_hash) == token_hash,
            col(UserSession.revoked_at).is_(None),
            col(UserSession.expires_at) > now,
            col(UserSession.last_seen_at) > now - idle,
            col(User.active),
        )
    )
    with store.session(engine, read_only=True) as session:
        row = session.execute(statement).one_or_none()
    if row is None:
        return None
    if now - row.last_seen_at >= SEEN_EVERY:
        with store.session(engine) as session:
            session.execute(
                update(UserSession)
                .where(col(UserSession.token_hash) == token_hash, col(UserSession.last_seen_at) < now)
                .values(last_seen_at=now)
            )
    return Person(username=row.username, role=row.role, agency=row.agency, office=row.office)


def end_session(session: Session, *, actor: str, token_hash: str, now: dt.datetime | None = None) -> bool:
    """Sign one browser out; whether there was anything to end."""
    return bool(_end(session, actor=actor, column=col(UserSession.token_hash), value=token_hash, now=now))


def end_all_sessions(session: Session, *, actor: str, username: str, now: dt.datetime | None = None) -> int:
    """Sign a person out everywhere; how many sessions that ended."""
    return _end(session, actor=actor, column=col(UserSession.username), value=username, now=now)


# --- Inside ----------------------------------------------------------------------------------------------------------

_PASSWORD_PROBLEMS: Final = {
    "password_too_short": f"The password is too short. Use {passwords.MIN_LENGTH} characters or more.",
    "password_too_long": f"The password is too long. Use {passwords.MAX_LENGTH} characters or fewer.",
    "password_common": "Many people try this password first. Choose another, for example four unrelated words.",
}


def _check_account(session: Session, *, username: str, role: str, agency: str | None) -> None:
    if not _USERNAME.fullmatch(username):
        raise AccountError(
            "username_invalid",
            f"{username!r} cannot be an account name. Use 2 to 64 of the characters a-z, 0-9, dot, dash, underscore, "
            "with a letter or digit first.",
        )
    if session.get(User, username) is not None:
        raise AccountError("username_taken", f"There already is an account named {username!r}. Choose another name.")
    if role not in ROLES:
        raise AccountError("role_unknown", f"{role!r} is not a role. Use one of: {', '.join(ROLES)}.")
    if role == "agency" and not agency:
        raise AccountError(
            "agency_missing", "An account with the role agency needs an agency. Name its key, such as BCT."
        )
    if agency and session.get(Agency, agency) is None:
        raise AccountError("agency_unknown", f"The register has no agency with the key {agency!r}.")


def _insert_user(
    session: Session, *, actor: str, username: str, password: str, role: str, agency: str | None, office: str
) -> User:
    user = User(
        username=username,
        password_hash=passwords.hash_password(password),
        role=role,
        agency=agency or None,
        office=office,
    )
    session.add(user)
    session.flush()
    audit.write(
        session,
        actor=actor,
        action="user.add",
        subject=username,
        detail={"role": role, "agency": agency, "office": office},
    )
    return user


def _ticket_hash(ticket: str, browser: str) -> str:
    return hashlib.sha256(f"{ticket}\n{browser}".encode()).hexdigest()


def _end(session: Session, *, actor: str, column: object, value: str, now: dt.datetime | None) -> int:
    """Revoke the open sessions whose `column` has `value`, with one audit entry for each."""
    ended = session.execute(
        update(UserSession)
        .where(column == value, col(UserSession.revoked_at).is_(None))  # type: ignore[arg-type]
        .values(revoked_at=now or utc_now())
        .returning(col(UserSession.token_hash), col(UserSession.username))
    ).all()
    for row in ended:
        audit.write(
            session, actor=actor, action="session.end", subject=row.username, detail={"session": row.token_hash[:12]}
        )
    return len(ended)
