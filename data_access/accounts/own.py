"""What somebody signed in does to their own account.

Each change asks for the current password again, and for a code where there is a second factor: a browser left open must
not be enough to take an account over. Tries are counted as at the sign-in.
"""

from __future__ import annotations

import datetime as dt
import logging

from sqlalchemy import Engine

from data_access import audit, store
from data_access.accounts import rate_limits, second_factor, signing_in
from data_access.accounts.sessions import end_all_sessions
from data_access.accounts.signing_in import Step
from data_access.acting import Code, Person, Refused
from data_access.log_lines import told
from data_access.store.models import User, utc_now

_log = logging.getLogger("agreements.access")


def change_password(
    engine: Engine,
    *,
    person: Person,
    current: str,
    new: str,
    keep: str,
    browser: str,
    address: str,
    now: dt.datetime | None = None,
) -> Step:
    """Change one's password. All other sessions end; the step leads to the session that takes this one's place.

    `keep` is the stored form of this browser's token: it works until the ticket is exchanged. Raises `Refused`.
    """
    now = now or utc_now()
    _ask_password(engine, person, current, address=address, browser=browser, now=now)
    with store.session(engine) as session:
        signing_in.set_own_password(session, username=person.username, password=new, now=now)
        end_all_sessions(session, actor=person.username, username=person.username, keep=keep, now=now)
        ticket = signing_in.issue_ticket(session, username=person.username, browser=browser, now=now)
    return Step("open", ticket)


def set_up_second_factor(
    engine: Engine,
    *,
    person: Person,
    password: str,
    secret: str,
    code: str,
    keep: str,
    address: str,
    browser: str | None = None,
    present_code: str = "",
    now: dt.datetime | None = None,
) -> list[str]:
    """Set up a second factor, or one in place of that there is, whose `present_code` is then asked; recovery codes.

    `code` shows that an app has `secret`. All other sessions end. Raises `Refused`.
    """
    now = now or utc_now()
    step = second_factor.step_of(secret, "".join(code.split()), now=now)
    if step is None:
        raise Refused("code_wrong", "This is not the app's present code.")
    _ask_password(engine, person, password, address=address, browser=browser, now=now)
    _ask_code(engine, person, present_code, address=address, browser=browser, now=now)
    with store.session(engine) as session:
        codes = second_factor.confirm(session, username=person.username, secret=secret, step=step, now=now)
        end_all_sessions(session, actor=person.username, username=person.username, keep=keep, now=now)
    return codes


def renew_recovery_codes(
    engine: Engine,
    *,
    person: Person,
    password: str,
    present_code: str,
    address: str,
    browser: str | None = None,
    now: dt.datetime | None = None,
) -> list[str]:
    """New recovery codes in place of the old ones. Raises `Refused`."""
    now = now or utc_now()
    _ask_password(engine, person, password, address=address, browser=browser, now=now)
    _ask_code(engine, person, present_code, address=address, browser=browser, now=now, must_have=True)
    with store.session(engine) as session:
        codes = second_factor.new_recovery_codes(session, username=person.username, now=now)
        audit.write(session, actor=person.username, action="second_factor.codes", subject=person.username)
    return codes


def remove_second_factor(
    engine: Engine,
    *,
    person: Person,
    password: str,
    present_code: str,
    address: str,
    browser: str | None = None,
    now: dt.datetime | None = None,
) -> None:
    """Go without a second factor again, where one's role may. Raises `Refused`."""
    now = now or utc_now()
    _ask_password(engine, person, password, address=address, browser=browser, now=now)
    _ask_code(engine, person, present_code, address=address, browser=browser, now=now, must_have=True)
    with store.session(engine) as session:
        user: User = session.get_one(User, person.username)
        if second_factor.is_required(user.role):
            raise Refused("second_factor_required", "This role needs a second factor. Replace it instead.")
        second_factor.take_away(session, username=person.username, now=now)
        audit.write(session, actor=person.username, action="second_factor.remove", subject=person.username)
    _log.warning(
        "second factor of %r removed by its owner",
        person.username,
        extra=told("second_factor.remove", actor=person.username, subject=person.username),
    )


def _ask_password(
    engine: Engine, person: Person, password: str, *, address: str, browser: str | None, now: dt.datetime
) -> None:
    check = signing_in.check_password(
        engine,
        username=person.username,
        password=password,
        address=address,
        browser=browser,
        now=now,
        asked_for="password for a change",
    )
    if check.wait_seconds:
        raise _too_soon(check.wait_seconds)
    if check.username is None:
        raise Refused("password_wrong", "This is not the account's present password.")


def _ask_code(
    engine: Engine,
    person: Person,
    code: str,
    *,
    address: str,
    browser: str | None,
    now: dt.datetime,
    must_have: bool = False,
) -> None:
    """Ask for a code where there is a second factor; with `must_have` there has to be one."""
    if second_factor.read_second_factor(engine, person.username).confirmed_at is None:
        if must_have:
            raise Refused("second_factor_missing", "This account has no second factor.")
        return
    wait = rate_limits.count_try(
        engine, username=person.username, address=address, browser=browser, now=now, tried="code"
    )
    if wait:
        raise _too_soon(wait)
    with store.session(engine) as session:
        verdict = second_factor.use_code(session, username=person.username, code=code, now=now)
    if verdict != "accepted":
        _log.warning(
            "code of %r from %s for a change: %s",
            person.username,
            address,
            verdict,
            extra=told("code.failed", username=person.username, address=address, verdict=verdict),
        )
        refused: Code = "code_unreadable" if verdict == "unreadable" else "code_wrong"
        raise Refused(refused, "This is not a present code, and no recovery code that is left.")
    rate_limits.forgive(engine, username=person.username, address=address, browser=browser, now=now, tried="code")


def _too_soon(seconds: int) -> Refused:
    return Refused("wait", f"Too many tries failed. Wait {seconds} seconds.", seconds=seconds)
