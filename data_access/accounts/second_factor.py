"""The second factor: codes of an authenticator app (RFC 6238), and recovery codes for the day the phone is gone.

A code counts within half a minute before and after its own, and once: its time step must lie after the last one that
was used. Recovery codes have 120 random bits each, so a fast hash keeps them; each counts once.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import logging
import re
import secrets
from dataclasses import dataclass
from typing import Final, Literal

import pyotp
from pyotp.exceptions import OTPVerificationError
from sqlalchemy import CursorResult, Engine, Update, func, select, update
from sqlmodel import Session, col

from data_access import audit, settings, store
from data_access.accounts import people, sealing
from data_access.accounts.sessions import end_all_sessions
from data_access.acting import Actor, authorise
from data_access.log_lines import told
from data_access.roles import ROLES
from data_access.store.models import RecoveryCode, User, utc_now

RECOVERY_CODES: Final = 10
APP_CODE_MAX: Final = 12
CODE_MAX: Final = 40
"""Characters of an app's code, and of one or the other, as they may be typed: with blanks and dashes."""

_WINDOW: Final = 1
_CODE: Final = re.compile(r"[0-9]{6}")
_RECOVERY_BYTES: Final = 15
_RECOVERY_CODE: Final = re.compile(r"[a-z2-7]{24}")

Verdict = Literal["accepted", "wrong", "unreadable"]
_log = logging.getLogger("agreements.access")


@dataclass(frozen=True)
class SecondFactor:
    """An account's second factor: since when (None: it has none), how many recovery codes are left, whether its role
    requires one, and whether its secret can be read."""

    confirmed_at: dt.datetime | None
    codes_left: int
    is_required: bool
    is_readable: bool


def is_required(role: str) -> bool:
    """Whether the settings ask somebody of this role for a second factor."""
    return role in ROLES and ROLES[role].needs_second_factor and settings.load().second_factor == "required"


def new_secret() -> str:
    """A secret for an authenticator app: 160 random bits in base 32."""
    return pyotp.random_base32()


def address_of(secret: str, *, username: str, issuer: str) -> str:
    """The `otpauth://` address that an app reads from the QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name=issuer)


def read_second_factor(engine: Engine, username: str) -> SecondFactor:
    """How an account stands with its second factor. Raises `Refused` where there is none of that name."""
    unused = select(func.count()).where(col(RecoveryCode.username) == username, col(RecoveryCode.used_at).is_(None))
    with store.session(engine, read_only=True) as session:
        user: User | None = session.get(User, username)
        left = session.execute(unused).scalar_one()
    if user is None:
        raise people.unknown_user(username)
    return SecondFactor(
        confirmed_at=user.totp_confirmed_at,
        codes_left=left,
        is_required=is_required(user.role),
        is_readable=user.totp_confirmed_at is None or _secret_of(user) is not None,
    )


# --- Using it --------------------------------------------------------------------------------------------------------


def use_code(session: Session, *, username: str, code: str, now: dt.datetime) -> Verdict:
    """Whether a code or recovery code is right for this account; if so it is spent."""
    user: User | None = session.get(User, username)
    if len(code) > CODE_MAX:
        return "wrong"
    typed = re.sub(r"[\s-]", "", code).lower()
    if user is None or user.totp_confirmed_at is None:
        return "wrong"
    if _RECOVERY_CODE.fullmatch(typed):
        return _use_recovery_code(session, username, typed, now=now)
    secret = _secret_of(user)
    if secret is None:
        return "unreadable"
    step = step_of(secret, typed, now=now)
    if step is None:
        return "wrong"
    later = col(User.totp_last_step).is_(None) | (col(User.totp_last_step) < step)
    spend = update(User).where(col(User.username) == username, later).values(totp_last_step=step)
    return "accepted" if _changed(session, spend) else "wrong"


def step_of(secret: str, code: str, *, now: dt.datetime) -> int | None:
    """The time step whose code this is, near enough to `now`; None where it is none."""
    if not _CODE.fullmatch(code):
        return None
    moment = now.replace(tzinfo=dt.UTC).timestamp()
    try:
        return pyotp.TOTP(secret).verify_and_get_timecode(code, for_time=moment, valid_window=_WINDOW)
    except OTPVerificationError:
        return None


def _use_recovery_code(session: Session, username: str, code: str, *, now: dt.datetime) -> Verdict:
    unused = (
        col(RecoveryCode.code_hash) == _hash(username, code),
        col(RecoveryCode.username) == username,
        col(RecoveryCode.used_at).is_(None),
    )
    if not _changed(session, update(RecoveryCode).where(*unused).values(used_at=now)):
        return "wrong"
    audit.write(session, actor=username, action="second_factor.recovery", subject=username)
    _log.warning("a recovery code of %r was used", username, extra=told("second_factor.recovery", subject=username))
    return "accepted"


# --- Setting up and taking away --------------------------------------------------------------------------------------


def confirm(session: Session, *, username: str, secret: str, step: int, now: dt.datetime) -> list[str]:
    """Make `secret`, whose code of `step` was shown to be known, this account's; its new recovery codes.

    They are shown once: the store keeps their hashes.
    """
    user: User = session.get_one(User, username)
    user.totp_secret = sealing.seal(secret, username=username)
    user.totp_confirmed_at = now
    user.totp_last_step = step
    session.flush()
    codes = new_recovery_codes(session, username=username, now=now)
    audit.write(session, actor=username, action="second_factor.enrol", subject=username)
    _log.info("second factor of %r set up", username, extra=told("second_factor.enrol", subject=username))
    return codes


def new_recovery_codes(session: Session, *, username: str, now: dt.datetime) -> list[str]:
    """Ten codes, in groups of six signs; those there were before no longer count."""
    _void_codes(session, username, now=now)
    codes = [base64.b32encode(secrets.token_bytes(_RECOVERY_BYTES)).decode().lower() for _ in range(RECOVERY_CODES)]
    session.add_all(RecoveryCode(code_hash=_hash(username, code), username=username, created_at=now) for code in codes)
    session.flush()
    return ["-".join(code[start : start + 6] for start in range(0, len(code), 6)) for code in codes]


def take_away(session: Session, *, username: str, now: dt.datetime) -> None:
    """Leave an account without a second factor."""
    user: User = session.get_one(User, username)
    user.totp_secret = user.totp_confirmed_at = user.totp_last_step = None
    session.flush()
    _void_codes(session, username, now=now)


def reset_second_factor(session: Session, *, actor: Actor, username: str) -> None:
    """Take away the second factor of somebody who lost it, and end their sessions. Nobody resets their own."""
    by = authorise(session, actor)
    user = people.locked_user(session, username)
    people.refuse_own(actor, user)
    take_away(session, username=user.username, now=utc_now())
    end_all_sessions(session, actor=by, username=user.username)
    audit.write(session, actor=by, action="second_factor.reset", subject=user.username)
    _log.info(
        "second factor of %r reset by %r",
        user.username,
        by,
        extra=told("second_factor.reset", actor=by, subject=user.username),
    )


def end_sessions_without_factor(session: Session) -> int:
    """End the sessions of those who must have a second factor and have none, begun before it was asked of them; how many.

    For the start of the application. Their next sign-in leads to setting one up.
    """
    lacking = (
        select(col(User.username), col(User.role))
        .where(col(User.totp_confirmed_at).is_(None))
        .order_by(col(User.username))
    )
    return sum(
        end_all_sessions(session, actor="system", username=row.username)
        for row in session.execute(lacking).all()
        if is_required(row.role)
    )


# --- Inside ----------------------------------------------------------------------------------------------------------


def _secret_of(user: User) -> str | None:
    try:
        return sealing.unseal(user.totp_secret or "", username=user.username)
    except sealing.CannotUnsealError as error:
        _log.error("%s", error)
        return None


def _void_codes(session: Session, username: str, *, now: dt.datetime) -> None:
    unused = (col(RecoveryCode.username) == username, col(RecoveryCode.used_at).is_(None))
    session.execute(update(RecoveryCode).where(*unused).values(used_at=now))


def _hash(username: str, code: str) -> str:
    return hashlib.sha256(f"{username}\n{code}".encode()).hexdigest()


def _changed(session: Session, statement: Update) -> bool:
    done: CursorResult[object] = session.execute(statement)  # type: ignore[assignment]
    return done.rowcount == 1
