"""The password and the ticket: who is let in, who has to wait, and what a ticket is good for."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import bcrypt
import pytest
import sqlalchemy as sa
from sqlmodel import col

from data_access import accounts, store
from data_access.accounts import passwords, rate_limits
from data_access.store.models import KnownBrowser, SignInAttempt, SignInTicket, UserSession
from tests.data_access.accounts.test_accounts import (
    DEFAULT_ROUNDS,
    MINUTE,
    NOBODYS_HASH,
    NOON,
    PASSWORD,
    SECOND,
    add,
    cheap_hashes,
    check,
    sign_in,
    signed_in_with,
)

__all__ = ["cheap_hashes"]  # fixtures, which pytest finds by their names here


# --- Signing in ------------------------------------------------------------------------------------------------------


def test_name_and_password_open_an_account_whatever_the_case_of_the_name(engine: sa.Engine) -> None:
    add(engine)

    assert check(engine, " Nga ", PASSWORD).username == "nga"
    assert check(engine, "nga", PASSWORD + "x") == accounts.SignInCheck()


def test_the_store_says_the_same_of_unknown_names_and_wrong_passwords(engine: sa.Engine) -> None:
    add(engine)

    known = [check(engine, "nga", "wrong wrong wrong", address="10.0.0.1") for _ in range(8)]
    unknown = [check(engine, "nobody", "wrong wrong wrong", address="10.0.0.2") for _ in range(8)]

    assert known == unknown
    assert known[-1].wait_seconds > 0


def test_an_unknown_name_costs_as_much_work_as_a_wrong_password(
    monkeypatch: pytest.MonkeyPatch, sqlite_engine: sa.Engine
) -> None:
    monkeypatch.setattr(passwords, "ROUNDS", DEFAULT_ROUNDS)
    monkeypatch.setattr(passwords, "_NOBODYS_HASH", NOBODYS_HASH)
    add(sqlite_engine)
    costs: list[bytes] = []
    true_check = bcrypt.checkpw

    def noting(password: bytes, hashed: bytes) -> bool:
        costs.append(hashed[:7])
        return bool(true_check(password, hashed))

    monkeypatch.setattr(bcrypt, "checkpw", noting)
    for username in ("nga", "nobody", "không thể là tên"):
        check(sqlite_engine, username, "wrong wrong wrong")

    assert costs == [b"$2b$12$"] * 3


def test_after_too_many_failures_even_the_right_password_has_to_wait_and_then_opens(engine: sa.Engine) -> None:
    add(engine)
    for _ in range(rate_limits.BY_ACCOUNT.free):
        check(engine, "nga", "wrong wrong wrong")

    assert check(engine, "nga", PASSWORD) == accounts.SignInCheck(wait_seconds=15)
    assert check(engine, "nga", PASSWORD, now=NOON + 14 * SECOND).wait_seconds == 1
    assert check(engine, "nga", PASSWORD, now=NOON + 15 * SECOND).username == "nga"
    assert check(engine, "nga", "wrong wrong wrong", now=NOON + 16 * SECOND).wait_seconds == 0


def test_each_failure_doubles_the_wait_up_to_a_limit(engine: sa.Engine) -> None:
    for _ in range(rate_limits.BY_ACCOUNT.free - 1):
        check(engine, "nobody", "wrong wrong wrong")
    now = NOON
    waits = []
    for _ in range(7):
        check(engine, "nobody", "wrong wrong wrong", now=now)
        waits.append(check(engine, "nobody", "wrong wrong wrong", now=now).wait_seconds)
        now += waits[-1] * SECOND

    assert waits == [15, 30, 60, 120, 240, 300, 300]


def test_after_an_hour_without_failures_the_count_starts_again(engine: sa.Engine) -> None:
    for _ in range(rate_limits.BY_ACCOUNT.free):
        check(engine, "nobody", "wrong wrong wrong")
    later = NOON + rate_limits.FORGET_AFTER + MINUTE

    assert check(engine, "nobody", "wrong wrong wrong").wait_seconds == 15
    assert check(engine, "nobody", "wrong wrong wrong", now=later).wait_seconds == 0
    assert check(engine, "nobody", "wrong wrong wrong", now=later).wait_seconds == 0


def test_one_address_that_tries_many_names_has_to_wait_and_others_do_not(engine: sa.Engine) -> None:
    add(engine)
    for number in range(rate_limits.BY_ADDRESS.free):
        check(engine, f"name{number}", "wrong wrong wrong", address="10.0.0.9")

    assert check(engine, "nga", PASSWORD, address="10.0.0.9").wait_seconds == 15
    assert check(engine, "nga", PASSWORD, address="10.0.0.8").username == "nga"


def test_a_known_password_does_not_let_an_address_go_on_guessing(engine: sa.Engine) -> None:
    add(engine)
    for number in range(rate_limits.BY_ADDRESS.free - 1):
        check(engine, f"name{number}", "wrong wrong wrong")
    check(engine, "nga", PASSWORD)

    assert check(engine, "one-more", "wrong wrong wrong").wait_seconds == 0
    assert check(engine, "one-too-many", "wrong wrong wrong").wait_seconds == 15


def test_tries_sent_at_once_are_all_counted(engine: sa.Engine) -> None:
    add(engine)

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: check(engine, "nga", "wrong wrong wrong"), range(24)))

    assert sum(not one.wait_seconds for one in found) == rate_limits.BY_ACCOUNT.free


def test_nobody_shuts_out_the_owner_of_an_account_where_it_was_signed_in_to_before(engine: sa.Engine) -> None:
    add(engine)
    signed_in_with(engine, "own")

    for second in range(0, 600, 2):  # from ever other addresses, and from its owner's
        address = "10.0.0.1" if second % 20 == 0 else f"192.0.2.{second % 250}"
        check(engine, "nga", "wrong wrong wrong", address=address, now=NOON + dt.timedelta(seconds=second))
        if second % 30 == 0:
            now = NOON + dt.timedelta(seconds=second + 1)
            assert check(engine, "nga", PASSWORD, browser="own", now=now).username == "nga"

    later = NOON + dt.timedelta(seconds=601)
    assert check(engine, "nga", PASSWORD, browser="other", now=later).wait_seconds
    assert check(engine, "nga", PASSWORD, now=later).wait_seconds


def test_a_browser_known_to_an_account_counts_its_own_failures_and_is_known_to_no_other(engine: sa.Engine) -> None:
    add(engine)
    add(engine, "thu")
    signed_in_with(engine, "own")

    waits = [check(engine, "nga", "wrong wrong wrong", browser="own").wait_seconds for _ in range(6)]
    for _ in range(5):
        check(engine, "thu", "wrong wrong wrong", browser="elsewhere")

    assert waits == [0, 0, 0, 0, 0, 15]
    assert check(engine, "nga", PASSWORD, browser="new").username == "nga"
    assert check(engine, "thu", PASSWORD, browser="own").wait_seconds == 15
    with store.session(engine) as session:
        rate_limits.clear(session, username="nga")
    assert check(engine, "nga", PASSWORD, browser="own").username == "nga"


def test_the_browsers_an_account_is_known_by_are_few(engine: sa.Engine) -> None:
    add(engine)
    for number in range(rate_limits.BROWSERS_KEPT + 1):
        signed_in_with(engine, f"browser {number}", now=NOON + dt.timedelta(minutes=number))

    with store.session(engine, read_only=True) as session:
        known = session.execute(sa.select(col(KnownBrowser.browser))).scalars().all()
    assert set(known) == {f"browser {number}" for number in range(1, rate_limits.BROWSERS_KEPT + 1)}


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:bbbb:cccc:dddd:eeee", "2001:db8:1:2::/64"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unknown", "unknown"),
    ],
)
def test_addresses_are_counted_by_what_one_subscriber_has(address: str, network: str) -> None:
    assert rate_limits.network_of(address) == network


def test_right_passwords_at_once_all_open(engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    add(engine)
    monkeypatch.setattr(rate_limits, "BY_ACCOUNT", rate_limits.Rule(1000, dt.timedelta(0), dt.timedelta(0)))
    monkeypatch.setattr(rate_limits, "BY_ADDRESS", rate_limits.BY_ACCOUNT)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: check(engine, "nga", PASSWORD), range(48)))

    assert {one.username for one in found} == {"nga"}


def test_names_that_cannot_be_names_fill_no_rows(engine: sa.Engine) -> None:
    for number in range(4):
        check(engine, f"không thể là tên {number}", "wrong wrong wrong")

    with store.session(engine, read_only=True) as session:
        keys = session.execute(sa.select(col(SignInAttempt.key)).order_by(col(SignInAttempt.key))).scalars().all()
    assert keys == ["account:", "address:10.0.0.1"]


def test_forgotten_counts_are_dropped(engine: sa.Engine) -> None:
    check(engine, "nobody", "wrong wrong wrong", address="10.0.0.1")
    check(engine, "other", "wrong wrong wrong", address="10.0.0.2", now=NOON + 3 * rate_limits.FORGET_AFTER)

    with store.session(engine, read_only=True) as session:
        keys = session.execute(sa.select(col(SignInAttempt.key)).order_by(col(SignInAttempt.key))).scalars().all()
    assert keys == ["account:other", "address:10.0.0.2"]


# --- Tickets ---------------------------------------------------------------------------------------------------------


def issue(engine: sa.Engine, *, browser: str = "mark") -> str:
    with store.session(engine) as session:
        return accounts.issue_ticket(session, username="nga", browser=browser, now=NOON)


def redeem(engine: sa.Engine, ticket: str, *, browser: str = "mark", now: dt.datetime = NOON) -> str | None:
    with store.session(engine) as session:
        return accounts.redeem_ticket(session, ticket=ticket, browser=browser, now=now)


def test_a_ticket_works_once(engine: sa.Engine) -> None:
    add(engine)
    ticket = issue(engine)

    assert redeem(engine, ticket) == "nga"
    assert redeem(engine, ticket) is None


def test_a_ticket_presented_many_times_at_once_works_once(engine: sa.Engine) -> None:
    add(engine)
    ticket = issue(engine)

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: redeem(engine, ticket), range(16)))

    assert sorted(found, key=str) == [None] * 15 + ["nga"]


@pytest.mark.parametrize(
    "changed",
    [
        {"now": NOON + accounts.TICKET_LIFETIME},
        {"browser": "another"},
        {"browser": ""},
        {"ticket": "guessed"},
        {"ticket": ""},
    ],
)
def test_a_ticket_that_is_late_or_guessed_or_from_another_browser_opens_nothing(
    engine: sa.Engine, changed: dict[str, object]
) -> None:
    add(engine)
    ticket = issue(engine)

    assert redeem(engine, **{"ticket": ticket, **changed}) is None  # type: ignore[arg-type]


def test_a_ticket_for_an_account_closed_meanwhile_opens_nothing(engine: sa.Engine) -> None:
    add(engine)
    ticket = issue(engine)
    with store.session(engine) as session:
        accounts.disable_user(session, actor="quantri", username="nga")

    assert redeem(engine, ticket) is None


def test_the_store_keeps_neither_tickets_nor_tokens(engine: sa.Engine) -> None:
    add(engine)
    ticket, token = issue(engine), sign_in(engine)

    with store.session(engine, read_only=True) as session:
        kept = str(session.execute(sa.select(SignInTicket)).scalar_one()) + str(
            session.execute(sa.select(UserSession)).scalar_one()
        )
    assert ticket not in kept
    assert token not in kept
