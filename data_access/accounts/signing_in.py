"""Signing in, step by step.

    password -> code of the second factor, or setting one up -> a password of one's own -> ticket -> session

Which steps there are is for the store to say: who has a second factor is asked for it, who must have one sets it up,
who was given a password changes it. From step to step only a one-time proof is handed on, which says in the store that
everything before was right; it is good for one step, one browser and some minutes, and neither a session nor a ticket.
Of proofs and tickets only hashes are stored.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import logging
import secrets
from dataclasses import dataclass
from typing import Final, Literal

from sqlalchemy import CursorResult, Engine, select, update
from sqlmodel import Session, col

from data_access import audit, settings, store
from data_access.accounts import passwords, people, rate_limits, second_factor
from data_access.accounts.sessions import end_all_sessions
from data_access.log_lines import told
from data_access.store.models import SignInTicket, User, utc_now

TICKET_LIFETIME: Final = dt.timedelta(seconds=30)
STEP_LIFETIME: Final = dt.timedelta(minutes=10)

Stage = Literal["code", "enrol", "saved", "renew", "open"]
"""What comes next: a code; setting up a second factor; putting the recovery codes away; a new password; the session."""

_log = logging.getLogger("agreements.access")


@dataclass(frozen=True)
class SignInCheck:
    """Outcome of a password: the account's name when it was right, or how long to wait, or neither."""

    username: str | None = None
    wait_seconds: int = 0


@dataclass(frozen=True)
class Step:
    """The next step of a sign-in and the proof to take it with; of the last one, `open`, the ticket for the session."""

    stage: Stage
    proof: str


@dataclass(frozen=True)
class StepCheck:
    """Outcome of a step: the next one, or how long to wait, or what was wrong.

    `problem` is `wrong` (try again), `over` (begin again) or `unreadable` (the secret cannot be read, see `sealing`).
    `codes` are new recovery codes, to be shown now or never.
    """

    step: Step | None = None
    wait_seconds: int = 0
    problem: Literal["", "wrong", "over", "unreadable"] = ""
    codes: tuple[str, ...] = ()


# --- The password ----------------------------------------------------------------------------------------------------


def check_password(
    engine: Engine,
    *,
    username: str,
    password: str,
    address: str,
    browser: str | None = None,
    now: dt.datetime | None = None,
    asked_for: str = "sign-in",
) -> SignInCheck:
    """Whether these open an account, counting the try. An unknown or closed one is answered like a wrong password.

    `browser` is the mark of the browser it is typed in, `asked_for` what the log calls it. With single sign-on no password
    opens anything.
    """
    if settings.load().is_single_sign_on:
        _log.warning(
            "%s of %r from %s refused: people sign in with the OpenID provider",
            asked_for,
            username,
            address,
            extra=told("sign_in.refused", username=username, address=address),
        )
        return SignInCheck()
    now = now or utc_now()
    username = username.strip().lower()
    # What cannot be a name is counted under one key, so that it cannot fill the store with keys.
    counted_as = username if people.USERNAME.fullmatch(username) else ""
    wait = rate_limits.count_try(engine, username=counted_as, address=address, now=now, browser=browser)
    if wait:
        _log.warning(
            "%s of %r from %s has to wait %d seconds",
            asked_for,
            counted_as,
            address,
            wait,
            extra=told("sign_in.waits", username=counted_as, address=address, asked_for=asked_for, seconds=wait),
        )
        return SignInCheck(wait_seconds=wait)
    with store.session(engine, read_only=True) as session:
        found = session.execute(
            select(col(User.password_hash)).where(col(User.username) == counted_as, col(User.active))
        ).scalar()
    if not passwords.matches(password, found):
        _log.warning(
            "%s of %r from %s failed",
            asked_for,
            counted_as,
            address,
            extra=told("sign_in.failed", username=counted_as, address=address, asked_for=asked_for),
        )
        return SignInCheck()
    failures = rate_limits.forgive(engine, username=counted_as, address=address, now=now, browser=browser)
    if failures:
        # Its owner finds it on the account page.
        with store.session(engine) as session:
            detail = {"failures": failures, "address": address}
            audit.write(session, actor="system", action="sign_in.failures", subject=counted_as, detail=detail)
    _log.info(
        "%s of %r from %s",
        asked_for,
        counted_as,
        address,
        extra=told("sign_in.password", username=counted_as, address=address, asked_for=asked_for),
    )
    return SignInCheck(username=counted_as)


# --- The steps after it ----------------------------------------------------------------------------------------------


def begin_sign_in(session: Session, *, username: str, browser: str, now: dt.datetime | None = None) -> Step:
    """The step after a right password."""
    now = now or utc_now()
    user: User = session.get_one(User, username)
    if user.totp_confirmed_at is not None:
        return _step(session, "code", username, browser, now=now)
    if second_factor.is_required(user.role):
        return _step(session, "enrol", username, browser, now=now)
    return _after_factor(session, username, browser, now=now)


def holder_of(engine: Engine, step: Step, *, browser: str, now: dt.datetime | None = None) -> str | None:
    """Whose sign-in a step belongs to, while it can still be taken in this browser."""
    with store.session(engine, read_only=True) as session:
        return _holder(session, step, browser, now=now or utc_now())


def pass_code(
    engine: Engine, step: Step, *, browser: str, code: str, address: str, now: dt.datetime | None = None
) -> StepCheck:
    """Take the step `code` with a code of the app or a recovery code."""
    now = now or utc_now()
    checked = _count(engine, step, stage="code", browser=browser, address=address, now=now)
    if isinstance(checked, StepCheck):
        return checked
    with store.session(engine) as session:
        verdict = second_factor.use_code(session, username=checked, code=code, now=now)
        if verdict != "accepted":
            _log.warning(
                "code of %r from %s: %s",
                checked,
                address,
                verdict,
                extra=told("code.failed", username=checked, address=address, verdict=verdict),
            )
            return StepCheck(problem=verdict)
        if not _redeem(session, step, browser, now=now):
            session.rollback()
            return StepCheck(problem="over")
        following = _after_factor(session, checked, browser, now=now)
    rate_limits.forgive(engine, username=checked, address=address, now=now, tried="code", browser=browser)
    _log.info(
        "code of %r from %s was right", checked, address, extra=told("code.right", username=checked, address=address)
    )
    return StepCheck(step=following)


def pass_enrolment(
    engine: Engine, step: Step, *, browser: str, secret: str, code: str, address: str, now: dt.datetime | None = None
) -> StepCheck:
    """Take the step `enrol`: `code` shows that an app has `secret`. The recovery codes come with the next step."""
    now = now or utc_now()
    checked = _count(engine, step, stage="enrol", browser=browser, address=address, now=now)
    if isinstance(checked, StepCheck):
        return checked
    time_step = second_factor.step_of(secret, "".join(code.split()), now=now)
    if time_step is None:
        return StepCheck(problem="wrong")
    with store.session(engine) as session:
        user = people.locked_user(session, checked)
        # Somebody else who knows the password may have got here first, or the owner may.
        if user.totp_confirmed_at is not None or not _redeem(session, step, browser, now=now):
            return StepCheck(problem="over")
        # Sessions from the days without a second factor end, and so do other sign-ins under way.
        end_all_sessions(session, actor=checked, username=checked, now=now)
        codes = second_factor.confirm(session, username=checked, secret=secret, step=time_step, now=now)
        following = _step(session, "saved", checked, browser, now=now)
    rate_limits.forgive(engine, username=checked, address=address, now=now, tried="code", browser=browser)
    return StepCheck(step=following, codes=tuple(codes))


def pass_saved(session: Session, step: Step, *, browser: str, now: dt.datetime | None = None) -> StepCheck:
    """Take the step `saved`: the recovery codes have been put away."""
    now = now or utc_now()
    username = _holder(session, step, browser, now=now)
    if username is None or step.stage != "saved" or not _redeem(session, step, browser, now=now):
        return StepCheck(problem="over")
    return StepCheck(step=_after_factor(session, username, browser, now=now))


def pass_renewal(
    session: Session, step: Step, *, browser: str, password: str, now: dt.datetime | None = None
) -> StepCheck:
    """Take the step `renew` with a password of one's own. Raises `Refused` for one that will not do."""
    now = now or utc_now()
    username = _holder(session, step, browser, now=now)
    if username is None or step.stage != "renew" or not _redeem(session, step, browser, now=now):
        return StepCheck(problem="over")
    set_own_password(session, username=username, password=password, now=now)
    end_all_sessions(session, actor=username, username=username, now=now)
    return StepCheck(step=Step("open", issue_ticket(session, username=username, browser=browser, now=now)))


def set_own_password(session: Session, *, username: str, password: str, now: dt.datetime) -> None:
    """Store the password somebody chose for themselves. Raises `Refused` for one that will not do."""
    user: User = session.get_one(User, username)
    people.check_password_rules(password, username=username)
    if passwords.matches(password, user.password_hash):
        raise people.password_error("password_same")
    user.password_hash = passwords.hash_password(password)
    user.password_changed_at = max(now, user.created_at + dt.timedelta(microseconds=1))
    session.flush()
    audit.write(session, actor=username, action="password.change", subject=username)
    _log.info("password of %r changed by its owner", username, extra=told("password.change", subject=username))


# --- Tickets ---------------------------------------------------------------------------------------------------------


def issue_ticket(session: Session, *, username: str, browser: str, now: dt.datetime | None = None) -> str:
    """A ticket that this browser, and no other, may exchange once and soon for a session.

    `browser` is the mark the application gave the browser that showed the sign-in form. Without it somebody could have
    another person follow a link that signs them in under the wrong name.
    """
    return _step(session, "open", username, browser, now=now or utc_now(), lifetime=TICKET_LIFETIME).proof


def redeem_ticket(session: Session, *, ticket: str, browser: str, now: dt.datetime | None = None) -> str | None:
    """The name a ticket was issued for; None if it is unknown, late, used, another browser's, or the account closed."""
    now = now or utc_now()
    step = Step("open", ticket)
    if not _redeem(session, step, browser, now=now):
        return None
    username = session.execute(
        select(col(User.username))
        .join(SignInTicket, col(SignInTicket.username) == col(User.username))
        .where(col(SignInTicket.ticket_hash) == _hash(step, browser), col(User.active))
    ).scalar()
    if username is not None:
        rate_limits.remember(session, username=username, browser=browser, now=now)
    return username


# --- Inside ----------------------------------------------------------------------------------------------------------


def _after_factor(session: Session, username: str, browser: str, *, now: dt.datetime) -> Step:
    if people.must_change_password(session.get_one(User, username)):
        return _step(session, "renew", username, browser, now=now)
    return Step("open", issue_ticket(session, username=username, browser=browser, now=now))


def _step(
    session: Session,
    stage: Stage,
    username: str,
    browser: str,
    *,
    now: dt.datetime,
    lifetime: dt.timedelta = STEP_LIFETIME,
) -> Step:
    step = Step(stage, secrets.token_urlsafe(32))
    session.add(
        SignInTicket(ticket_hash=_hash(step, browser), username=username, created_at=now, expires_at=now + lifetime)
    )
    session.flush()
    return step


def _hash(step: Step, browser: str) -> str:
    """A list in JSON keeps stage, proof and browser apart: the proof of one step never passes for another's."""
    return hashlib.sha256(json.dumps([step.stage, step.proof, browser]).encode()).hexdigest()


def _holder(session: Session, step: Step, browser: str, *, now: dt.datetime) -> str | None:
    return session.execute(
        select(col(User.username))
        .join(SignInTicket, col(SignInTicket.username) == col(User.username))
        .where(
            col(SignInTicket.ticket_hash) == _hash(step, browser),
            col(SignInTicket.used_at).is_(None),
            col(SignInTicket.expires_at) > now,
            col(User.active),
        )
    ).scalar()


def _redeem(session: Session, step: Step, browser: str, *, now: dt.datetime) -> bool:
    used: CursorResult[object] = session.execute(  # type: ignore[assignment]
        update(SignInTicket)
        .where(
            col(SignInTicket.ticket_hash) == _hash(step, browser),
            col(SignInTicket.used_at).is_(None),
            col(SignInTicket.expires_at) > now,
        )
        .values(used_at=now)
    )
    return used.rowcount == 1


def _count(
    engine: Engine, step: Step, *, stage: Stage, browser: str, address: str, now: dt.datetime
) -> StepCheck | str:
    """Whose step it is, with the try counted; or what keeps it from being taken."""
    username = holder_of(engine, step, browser=browser, now=now)
    if username is None or step.stage != stage:
        return StepCheck(problem="over")
    wait = rate_limits.count_try(engine, username=username, address=address, now=now, tried="code", browser=browser)
    if wait:
        _log.warning(
            "code of %r from %s has to wait %d seconds",
            username,
            address,
            wait,
            extra=told("code.waits", username=username, address=address, seconds=wait),
        )
        return StepCheck(wait_seconds=wait)
    return username
