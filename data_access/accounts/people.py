"""Accounts: made, listed, changed and closed.

What an administrator does takes an `actor` and begins with `authorise`. Writes take a `session`, leave an audit entry
and never commit. An administrator cannot do to their own account what would shut everybody out, nor get around the
checks that the account page makes of its owner.
"""

from __future__ import annotations

import datetime as dt
import logging
import re
from collections.abc import Mapping
from typing import Any, Final

import polars as pl
from sqlalchemy import ColumnElement, Engine, and_, case, func, literal_column, select
from sqlmodel import Session, col

from data_access import audit, drafts, settings, store
from data_access.accounts import passwords, rate_limits
from data_access.accounts.sessions import IDLE, end_all_sessions
from data_access.acting import Actor, Code, Person, Refused, authorise, of_length
from data_access.log_lines import told
from data_access.roles import PROCESSES, ROLES, May, may, roles_that_may
from data_access.store.models import Agency, SignInAttempt, User, UserSession, utc_now

USERNAME_MAX: Final = 64
USERNAME: Final = re.compile(rf"[a-z0-9][a-z0-9._-]{{1,{USERNAME_MAX - 1}}}")
OFFICE_MAX: Final = 200
SUBJECT_MAX: Final = 500
DEMO_PASSWORD: Final = "camket-minhhoa"
"""Of the accounts in `demo`, and refused for all others."""

_log = logging.getLogger("agreements.access")
_PASSWORD_PROBLEMS: Final[Mapping[Code, str]] = {
    "password_too_short": f"The password is too short. Use {passwords.MIN_LENGTH} characters or more.",
    "password_too_long": f"The password is too long. Use {passwords.MAX_LENGTH} characters or fewer.",
    "password_common": "Many people try this password first. Choose another, for example four unrelated words.",
    "password_same": "This is the password there was before. Choose another.",
}

# --- Reading ---------------------------------------------------------------------------------------------------------


def list_users(engine: Engine) -> pl.DataFrame:
    """One row per account, by name: `username, role, agency` (its key, null where none), `active` (boolean)."""
    columns = (col(User.username), col(User.role), col(User.agency), col(User.active))
    return store.read_frame(engine, select(*columns).order_by(col(User.username)))


def read_accounts(
    engine: Engine, *, actor: Actor, idle: dt.timedelta = IDLE, now: dt.datetime | None = None
) -> pl.DataFrame:
    """One row per account, by name, for who looks after them. Raises `Refused` for anybody else.

    Columns: `username, role, agency, office, subject` (null where none), `active, has_second_factor,
    must_change_password` (booleans), `created_at, last_seen_at` (null for nobody yet), `sessions` (open ones),
    `waits_until` (null unless too many tries failed).
    """
    now = now or utc_now()
    with store.session(engine, read_only=True) as session:
        authorise(session, actor)
    is_open = (
        col(UserSession.revoked_at).is_(None)
        & (col(UserSession.expires_at) > now)
        & (col(UserSession.last_seen_at) > now - idle)
    )
    seen = (
        select(
            col(UserSession.username).label("username"),
            func.max(col(UserSession.last_seen_at)).label("last_seen_at"),
            func.sum(case((is_open, 1), else_=0)).label("sessions"),
        )
        .group_by(col(UserSession.username))
        .subquery()
    )
    waiting = (
        select(
            func.substr(col(SignInAttempt.key), func.length(_prefix_of_key()) + 1).label("username"),
            func.max(col(SignInAttempt.allowed_at)).label("waits_until"),
        )
        .where(
            col(SignInAttempt.allowed_at) > now,
            col(SignInAttempt.key).like("account:%") | col(SignInAttempt.key).like("code:%"),
        )
        .group_by(literal_column("1"))
        .subquery()
    )
    statement = (
        select(
            col(User.username),
            col(User.role),
            col(User.agency),
            col(User.office),
            col(User.subject),
            col(User.active),
            col(User.totp_confirmed_at),
            col(User.password_changed_at),
            col(User.created_at),
            seen.c.last_seen_at,
            func.coalesce(seen.c.sessions, 0).label("sessions"),
            waiting.c.waits_until,
        )
        .outerjoin(seen, seen.c.username == col(User.username))
        .outerjoin(waiting, waiting.c.username == col(User.username))
        .order_by(col(User.username))
    )
    found = store.read_frame(engine, statement)
    return found.select(
        *("username", "role", "agency", "office", "subject", "active"),
        has_second_factor=pl.col("totp_confirmed_at").is_not_null(),
        must_change_password=pl.col("password_changed_at") == pl.col("created_at"),
        created_at="created_at",
        last_seen_at="last_seen_at",
        sessions=pl.col("sessions").cast(pl.Int64),
        waits_until="waits_until",
    )


def must_change_password(user: User) -> bool:
    """Whether the password was made up for this account by somebody else: it then counts as never changed."""
    return user.password_changed_at == user.created_at


# --- Making and changing ---------------------------------------------------------------------------------------------


def add_user(
    session: Session,
    *,
    actor: Actor,
    username: str,
    password: str,
    role: str,
    agency: str | None = None,
    office: str = "",
    must_change: bool = False,
) -> User:
    """Make an account. Raises `Refused` when name, password, role or agency will not do, or the name is taken.

    With `must_change` its owner is asked for a password of their own at the first sign-in.
    """
    by = authorise(session, actor)
    username = username.strip().lower()
    _check_username(session, username)
    _check_role(session, role=role, agency=agency)
    check_password_rules(password, username=username)
    return insert_user(
        session,
        actor=by,
        username=username,
        password=password,
        role=role,
        agency=agency,
        office=_clean(office, OFFICE_MAX),
        must_change=must_change,
    )


def change_account(
    session: Session, *, actor: Actor, username: str, role: str, agency: str | None, office: str
) -> bool:
    """Give an account another role, agency or office; whether anything changed. A new role or agency ends its sessions.

    Raises `Refused`, also where the last administrator or the actor would lose the role.
    """
    by = authorise(session, actor)
    user = locked_user(session, username)
    _check_role(session, role=role, agency=agency)
    now = {"role": role, "agency": agency or None, "office": _clean(office, OFFICE_MAX)}
    before = {name: getattr(user, name) for name in now}
    changed = {name: value for name, value in now.items() if before[name] != value}
    if not changed:
        return False
    if {"role", "agency"} & set(changed):
        refuse_own(actor, user)
        if may(user.role, May.ADMINISTER) and not may(role, May.ADMINISTER):
            _keep_an_administrator(session, actor, user)
    for name, value in changed.items():
        setattr(user, name, value)
    session.flush()
    if {"role", "agency"} & set(changed):
        end_all_sessions(session, actor=by, username=user.username)
    detail = {name: [before[name], value] for name, value in changed.items()}
    audit.write(session, actor=by, action="user.change", subject=user.username, detail=detail)
    _log.info(
        "account %r changed by %r: %s",
        user.username,
        by,
        ", ".join(sorted(changed)),
        extra=told("user.change", actor=by, subject=user.username, **detail),
    )
    return True


def disable_user(session: Session, *, actor: Actor, username: str) -> None:
    """Close an account, end all its sessions and delete its drafts. Raises `Refused` where there is none of that name, or where it
    is the actor's own or the last administrator's."""
    by = authorise(session, actor)
    user = locked_user(session, username)
    refuse_own(actor, user)
    if may(user.role, May.ADMINISTER):
        _keep_an_administrator(session, actor, user)
    user.active = False
    session.flush()
    end_all_sessions(session, actor=by, username=user.username)
    drafts.forget_all(session, user.username)
    audit.write(session, actor=by, action="user.disable", subject=user.username)
    _log.info("account %r closed by %r", user.username, by, extra=told("user.disable", actor=by, subject=user.username))


def enable_user(session: Session, *, actor: Actor, username: str) -> None:
    """Open a closed account again; its former sessions stay ended. In production not one with the public demo password."""
    by = authorise(session, actor)
    user = locked_user(session, username)
    if settings.load().is_production and passwords.matches(DEMO_PASSWORD, user.password_hash):
        raise Refused("demo_account", "Everybody knows the password of this account. Reset it first.")
    user.active = True
    session.flush()
    audit.write(session, actor=by, action="user.enable", subject=user.username)
    _log.info("account %r opened by %r", user.username, by, extra=told("user.enable", actor=by, subject=user.username))


def reset_password(session: Session, *, actor: Actor, username: str, password: str | None = None) -> str:
    """Give an account a password that its owner has to change at the next sign-in; the password, which nothing keeps.

    Without one a random one is made. All sessions end. Nobody resets their own: that page asks for the current one.
    """
    by = authorise(session, actor)
    user = locked_user(session, username)
    refuse_own(actor, user)
    if password is None:
        password = passwords.generate()
    else:
        check_password_rules(password, username=user.username)
    user.password_hash = passwords.hash_password(password)
    user.password_changed_at = user.created_at
    session.flush()
    end_all_sessions(session, actor=by, username=user.username)
    audit.write(session, actor=by, action="password.reset", subject=user.username)
    _log.info(
        "password of %r reset by %r", user.username, by, extra=told("password.reset", actor=by, subject=user.username)
    )
    return password


def unlock(session: Session, *, actor: Actor, username: str) -> None:
    """Forget an account's failed tries, so that the next one need not wait."""
    by = authorise(session, actor)
    user = locked_user(session, username)
    rate_limits.clear(session, username=user.username)
    audit.write(session, actor=by, action="user.unlock", subject=user.username)
    _log.info(
        "failed tries of %r forgotten by %r",
        user.username,
        by,
        extra=told("user.unlock", actor=by, subject=user.username),
    )


def sign_out_everywhere(session: Session, *, actor: Actor, username: str) -> int:
    """End all sessions of an account; how many there were."""
    by = authorise(session, actor)
    return end_all_sessions(session, actor=by, username=locked_user(session, username).username)


def set_subject(session: Session, *, actor: Actor, username: str, subject: str) -> None:
    """Say who the single sign-on means by this account; nothing takes that away. Sessions end with either.

    Raises `Refused` where another account has this subject.
    """
    by = authorise(session, actor)
    user = locked_user(session, username)
    given = _clean(subject, SUBJECT_MAX) or None
    if given == user.subject:
        return
    refuse_own(actor, user)
    if given and session.execute(select(col(User.username)).where(col(User.subject) == given)).first() is not None:
        raise Refused("subject_taken", f"Another account already stands for {given!r}.")
    before, user.subject = user.subject, given
    session.flush()
    end_all_sessions(session, actor=by, username=user.username)
    audit.write(session, actor=by, action="user.subject", subject=user.username, detail={"subject": [before, given]})
    _log.info(
        "single sign-on of account %r changed by %r",
        user.username,
        by,
        extra=told("user.subject", actor=by, subject=user.username),
    )


# --- Shared with the rooms beside ------------------------------------------------------------------------------------


def check_password_rules(password: str, *, username: str) -> None:
    """Raise `Refused` for a password that will not do."""
    problem = passwords.check_rules(password, username=username)
    if problem or password == DEMO_PASSWORD:
        raise password_error(problem or "password_common")


def password_error(code: Code) -> Refused:
    """The error for a password that is refused under this code."""
    return Refused(code, _PASSWORD_PROBLEMS[code])


def unknown_user(username: str) -> Refused:
    """The error for a name nobody has."""
    return Refused("user_unknown", f"There is no account named {username!r}. List them with `user list`.")


def insert_user(
    session: Session,
    *,
    actor: str,
    username: str,
    password: str,
    role: str,
    agency: str | None,
    office: str,
    must_change: bool = False,
) -> User:
    """Write an account that was checked."""
    now = utc_now()
    user = User(
        username=username,
        password_hash=passwords.hash_password(password),
        role=role,
        agency=agency or None,
        office=office,
        created_at=now,
        password_changed_at=now if must_change else now + dt.timedelta(microseconds=1),
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
    _log.info(
        "account %r made by %r with the role %s",
        username,
        actor,
        role,
        extra=told("user.add", actor=actor, subject=username, role=role, agency=agency),
    )
    return user


# --- Inside ----------------------------------------------------------------------------------------------------------


def _prefix_of_key() -> Any:
    """`account:` or `code:`, as a key of failed tries begins."""
    is_code = col(SignInAttempt.key).like("code:%")
    return case((is_code, literal_column("'code:'")), else_=literal_column("'account:'"))


def locked_user(session: Session, username: str) -> User:
    """The account of this name, which until the transaction ends nobody else changes; nor any open administrator's.

    All in one statement and in the order of their names, so that two administrators who send each other away at once
    wait for one another, and the second finds out.
    """
    username = username.strip().lower()
    locked = (
        select(User)
        .where((col(User.username) == username) | _is_administrator())
        .order_by(col(User.username))
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    found: dict[str, User] = {user.username: user for user in session.execute(locked).scalars()}
    if username not in found:
        raise unknown_user(username)
    return found[username]


def _is_administrator() -> ColumnElement[bool]:
    return and_(col(User.role).in_(roles_that_may(May.ADMINISTER)), col(User.active))


def refuse_own(actor: Actor, user: User) -> None:
    if isinstance(actor, Person) and actor.username == user.username:
        raise Refused("own_account", "Nobody does this to their own account. Ask another administrator.")


def _keep_an_administrator(session: Session, actor: Actor, user: User) -> None:
    """Refuse to let the last open administrator go. A command may: whoever runs it can make another."""
    if not isinstance(actor, Person):
        return
    others = select(col(User.username)).where(_is_administrator(), col(User.username) != user.username).limit(1)
    if session.execute(others).first() is None:
        raise Refused("last_administrator", "This is the last administrator. Make another one first.")


def _check_username(session: Session, username: str) -> None:
    if not USERNAME.fullmatch(username) or username in PROCESSES:
        raise Refused(
            "username_invalid",
            f"{username!r} cannot be an account name. Use 2 to {USERNAME_MAX} of the characters a-z, 0-9, dot, dash, underscore, "
            "with a letter or digit first.",
        )
    if session.get(User, username) is not None:
        raise Refused("username_taken", f"There already is an account named {username!r}. Choose another name.")


def _check_role(session: Session, *, role: str, agency: str | None) -> None:
    if role not in ROLES:
        raise Refused("role_unknown", f"{role!r} is not a role. Use one of: {', '.join(ROLES)}.")
    if may(role, May.HAND_IN) and not agency:
        raise Refused("agency_missing", f"An account with the role {role} needs an agency. Name its key, such as BCT.")
    if agency and session.get(Agency, agency) is None:
        raise Refused("agency_unknown", f"The register has no agency with the key {agency!r}.")


def _clean(text: str, most: int) -> str:
    """Typed text on one line, without what cannot be seen. Raises `Refused` for one that is too long."""
    seen = "".join(sign if sign.isprintable() else " " for sign in text)
    return of_length(" ".join(seen.split()), most)
