"""Delays after failed sign-ins, counted in the store so that every process of the application sees the same count.

Each try is counted twice, for the account name and for the network it comes from, *before* the password is looked at:
a hundred tries sent at once are a hundred counted tries. From a number of failures on, the next try has to wait; the
wait doubles up to a limit and is over by itself. A name nobody has is counted like any other, so nothing can be
learned from it.

A browser in which an account was signed in to before is counted for itself: whatever others try elsewhere, its owner
gets in there (OWASP's device cookies).
"""

from __future__ import annotations

import datetime as dt
import ipaddress
from dataclasses import dataclass
from types import ModuleType
from typing import Literal

from sqlalchemy import Engine, delete, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col

from data_access import store
from data_access.store.models import KnownBrowser, SignInAttempt

# A count starts again when nothing failed for this long; the row is then of no use to anybody.
FORGET_AFTER = dt.timedelta(hours=1)
BROWSERS_KEPT = 10
"""So many browsers of an account keep a count of their own, those last signed in with: each is worth some tries."""


@dataclass(frozen=True)
class Rule:
    """How many failures cost nothing, the first wait, and the longest."""

    free: int
    first_wait: dt.timedelta
    longest_wait: dt.timedelta

    def wait(self, failures: int) -> dt.timedelta:
        """How long after the given number of failures the next try has to wait."""
        if failures < self.free:
            return dt.timedelta(0)
        doublings = min(failures - self.free, 20)
        return min(self.first_wait * (1 << doublings), self.longest_wait)


# The address rule is the wider one: a whole ministry may share one address.
BY_ACCOUNT = Rule(free=5, first_wait=dt.timedelta(seconds=15), longest_wait=dt.timedelta(minutes=5))
BY_ADDRESS = Rule(free=30, first_wait=dt.timedelta(seconds=15), longest_wait=dt.timedelta(minutes=15))
# A code has six digits only, but who gets to try one knows the password: at most a handful of tries an hour.
BY_CODE = Rule(free=5, first_wait=dt.timedelta(seconds=30), longest_wait=dt.timedelta(minutes=30))

Tried = Literal["account", "code"]
"""What is tried: the password of an account, or its second factor. Each is counted for itself."""


def count_try(
    engine: Engine,
    *,
    username: str,
    address: str,
    now: dt.datetime,
    tried: Tried = "account",
    browser: str | None = None,
) -> int:
    """Count a try and say how many seconds it has to wait; 0 means that it may go on.

    A try that has to wait is not counted, so that waiting is all it takes. `browser` is the mark of the browser.
    """
    with store.session(engine) as session:
        # Always in this order, so that two tries cannot wait for each other.
        keys = _keys(session, username=username, address=address, tried=tried, browser=browser)
        attempts = [(_locked(session, key, now=now), rule) for key, rule in keys]
        for attempt, rule in attempts:  # a longer wait was counted by a clock that has been set back since
            attempt.allowed_at = min(attempt.allowed_at, now + rule.wait(attempt.failures))
        allowed_at = max(attempt.allowed_at for attempt, _ in attempts)
        if allowed_at > now:
            return max(1, round((allowed_at - now).total_seconds()))
        for attempt, rule in attempts:
            if now - attempt.last_failed_at > FORGET_AFTER:
                attempt.failures = 0
            attempt.failures += 1
            attempt.last_failed_at = now
            attempt.allowed_at = now + rule.wait(attempt.failures)
        _drop_forgotten(session, now=now)
    return 0


def forgive(
    engine: Engine,
    *,
    username: str,
    address: str,
    now: dt.datetime,
    tried: Tried = "account",
    browser: str | None = None,
) -> int:
    """The try just counted was a success: clear the account's count, and take this one off the network's.

    The network keeps the others, or one known password would let it go on guessing all the rest. What comes back is how
    many tries had failed before this one.
    """
    with store.session(engine) as session:
        (account_key, _), *others = _keys(session, username=username, address=address, tried=tried, browser=browser)
        cleared = session.execute(
            delete(SignInAttempt).where(col(SignInAttempt.key) == account_key).returning(col(SignInAttempt.failures))
        ).scalar()
        for key, rule in others:
            attempt = _locked(session, key, now=now)
            attempt.failures = max(0, attempt.failures - 1)
            attempt.allowed_at = now + rule.wait(attempt.failures)
    return max(0, (cleared or 0) - 1)


def clear(session: Session, *, username: str) -> None:
    """Forget an account's failed tries, those of its second factor and of its browsers too."""
    keys = [_key(tried, username) for tried in ("account", "code")]
    of_browsers = [col(SignInAttempt.key).startswith(f"{key} ", autoescape=True) for key in keys]
    session.execute(delete(SignInAttempt).where(or_(col(SignInAttempt.key).in_(keys), *of_browsers)))


def remember(session: Session, *, username: str, browser: str, now: dt.datetime) -> None:
    """Somebody has signed in to the account in this browser: from now on it keeps a count of its own."""
    row = {"username": username, "browser": browser, "last_at": now}
    statement = _dialect(session).insert(KnownBrowser).values(row)
    session.execute(statement.on_conflict_do_update(index_elements=["username", "browser"], set_={"last_at": now}))
    known = select(col(KnownBrowser.browser)).where(col(KnownBrowser.username) == username)
    kept = known.order_by(col(KnownBrowser.last_at).desc(), col(KnownBrowser.browser)).limit(BROWSERS_KEPT)
    session.execute(
        delete(KnownBrowser).where(col(KnownBrowser.username) == username, col(KnownBrowser.browser).not_in(kept))
    )


def is_known_browser(engine: Engine, browser: str) -> bool:
    """Whether any account was signed in to in this browser."""
    with store.session(engine, read_only=True) as session:
        return (
            session.execute(select(col(KnownBrowser.browser)).where(col(KnownBrowser.browser) == browser)).first()
            is not None
        )


def network_of(address: str) -> str:
    """What one subscriber has of addresses: one of IPv4, 64 bits of IPv6. What is no address stays as it is."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return address
    return str(found.ipv4_mapped or ipaddress.ip_network((int(found), 64), strict=False))


def _key(tried: str, username: str, browser: str = "") -> str:
    return f"{tried}:{username} {browser}" if browser else f"{tried}:{username}"


def _keys(
    session: Session, *, username: str, address: str, tried: Tried, browser: str | None
) -> tuple[tuple[str, Rule], ...]:
    """Under what a try is counted: the account's key first."""
    rule = BY_ACCOUNT if tried == "account" else BY_CODE
    if browser is not None and session.get(KnownBrowser, (username, browser)) is not None:
        return ((_key(tried, username, browser), rule),)
    return (_key(tried, username), rule), (f"address:{network_of(address)}", BY_ADDRESS)


def _dialect(session: Session) -> ModuleType:
    return postgresql if session.get_bind().dialect.name == "postgresql" else sqlite


def _locked(session: Session, key: str, *, now: dt.datetime) -> SignInAttempt:
    """The row of a key, made when missing, and held until the transaction ends."""
    row = {"key": key, "failures": 0, "last_failed_at": now, "allowed_at": now}
    while True:
        session.execute(_dialect(session).insert(SignInAttempt).values(row).on_conflict_do_nothing())
        held: SignInAttempt | None = session.get(SignInAttempt, key, with_for_update=True)
        if held is not None:  # a success elsewhere may delete it between the two
            return held


def _drop_forgotten(session: Session, *, now: dt.datetime) -> None:
    """Guessed names leave rows behind; a row another try holds is left to that try, so that none waits for another."""
    forgotten = select(col(SignInAttempt.key)).where(col(SignInAttempt.last_failed_at) < now - 2 * FORGET_AFTER)
    session.execute(
        delete(SignInAttempt).where(col(SignInAttempt.key).in_(forgotten.with_for_update(skip_locked=True)))
    )
