"""Accounts, passwords, throttling, tickets and sessions, on both stores."""

from __future__ import annotations

import datetime as dt
import threading
import unicodedata
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as texts
from sqlmodel import col

from data_access import accounts, audit, settings, store
from data_access.accounts import Person, passwords
from data_access.acting import Refused
from data_access.store.models import Agency, Agreement, AuditEntry, User, UserSession

NOON = dt.datetime(2026, 1, 14, 12, 0)
PASSWORD = "bốn từ không liên quan"
SECOND = dt.timedelta(seconds=1)
MINUTE = dt.timedelta(minutes=1)


NOBODYS_HASH = passwords._NOBODYS_HASH
DEFAULT_ROUNDS = passwords.ROUNDS


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "ROUNDS", 4)
    monkeypatch.setattr(passwords, "_NOBODYS_HASH", NOBODYS_HASH.replace("$12$", "$04$"))


@pytest.fixture
def agencies(engine: sa.Engine) -> None:
    with store.session(engine) as session:
        for key, kind in (("BCT", "ministry"), ("BNG", "ministry"), ("T20", "province")):
            session.add(Agency(key=key, code=key, kind=kind, abbr_vi=key, abbr_en=key, name_vi=key, name_en=key))


def add(
    engine: sa.Engine, username: str = "nga", role: str = "leader", agency: str | None = None, password: str = PASSWORD
) -> None:
    with store.session(engine) as session:
        accounts.add_user(
            session,
            actor="quantri",
            username=username,
            password=password,
            role=role,
            agency=agency,
            office="Văn phòng",
        )


def sign_in(engine: sa.Engine, username: str = "nga", *, now: dt.datetime = NOON) -> str:
    with store.session(engine) as session:
        return accounts.start_session(session, username=username, now=now)


def check(
    engine: sa.Engine,
    username: str,
    password: str,
    *,
    now: dt.datetime = NOON,
    address: str = "10.0.0.1",
    browser: str | None = None,
) -> accounts.SignInCheck:
    return accounts.check_password(
        engine, username=username, password=password, address=address, now=now, browser=browser
    )


def signed_in_with(engine: sa.Engine, browser: str, username: str = "nga", *, now: dt.datetime = NOON) -> None:
    with store.session(engine) as session:
        ticket = accounts.issue_ticket(session, username=username, browser=browser, now=now)
        assert accounts.redeem_ticket(session, ticket=ticket, browser=browser, now=now) == username


def read(engine: sa.Engine, token: str, *, now: dt.datetime) -> Person | None:
    return accounts.read_session(engine, accounts.hash_token(token), now=now)


def actions(engine: sa.Engine) -> list[tuple[str, str, str]]:
    with store.session(engine, read_only=True) as session:
        columns = (col(AuditEntry.actor), col(AuditEntry.action), col(AuditEntry.subject))
        return [tuple(row) for row in session.execute(sa.select(*columns).order_by(col(AuditEntry.id)))]


# --- Accounts --------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("agencies")
def test_an_added_account_is_listed_and_audited(engine: sa.Engine) -> None:
    add(engine, "BCT-2", "agency", "BCT")
    add(engine, "an", "leader")

    assert accounts.list_users(engine).rows(named=True) == [
        {"username": "an", "role": "leader", "agency": None, "active": True},
        {"username": "bct-2", "role": "agency", "agency": "BCT", "active": True},
    ]
    assert actions(engine) == [("quantri", "user.add", "bct-2"), ("quantri", "user.add", "an")]


def test_the_store_keeps_no_password(engine: sa.Engine) -> None:
    add(engine)

    with store.session(engine, read_only=True) as session:
        kept = session.get_one(User, "nga").password_hash

    assert kept.startswith("$2b$")
    assert PASSWORD not in kept


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"username": "a"}, "username_invalid"),
        ({"username": "hai chữ"}, "username_invalid"),
        ({"username": "x" * 65}, "username_invalid"),
        ({"username": "nga"}, "username_taken"),
        ({"username": " NGA "}, "username_taken"),
        ({"role": "minister"}, "role_unknown"),
        ({"role": "agency"}, "agency_missing"),
        ({"role": "agency", "agency": "XYZ"}, "agency_unknown"),
        ({"password": "ngắn"}, "password_too_short"),
        ({"password": "d" + "à" * 64}, "password_too_long"),
        ({"password": "password1234"}, "password_common"),
        ({"password": accounts.DEMO_PASSWORD}, "password_common"),
    ],
)
def test_an_account_that_will_not_do_is_refused_and_leaves_nothing(
    engine: sa.Engine, changed: dict[str, str], code: str
) -> None:
    add(engine)

    with pytest.raises(Refused) as refused:
        add(engine, **{"username": "moi", **changed})

    assert refused.value.code == code
    assert str(refused.value).endswith(".")
    assert accounts.list_users(engine).height == 1


def test_a_disabled_account_is_signed_out_everywhere_and_cannot_sign_in(engine: sa.Engine) -> None:
    add(engine)
    tokens = [sign_in(engine), sign_in(engine)]

    with store.session(engine) as session:
        accounts.disable_user(session, actor="quantri", username="nga")

    assert [read(engine, token, now=NOON + SECOND) for token in tokens] == [None, None]
    assert check(engine, "nga", PASSWORD) == accounts.SignInCheck()
    assert accounts.list_users(engine)["active"].to_list() == [False]
    assert actions(engine)[-1] == ("quantri", "user.disable", "nga")


def test_a_session_of_an_account_that_is_closed_by_other_means_opens_nothing(engine: sa.Engine) -> None:
    add(engine)
    token = sign_in(engine)

    with store.session(engine) as session:
        session.execute(sa.update(User).values(active=False))

    assert read(engine, token, now=NOON) is None


def test_opening_a_disabled_account_again_does_not_revive_its_sessions(engine: sa.Engine) -> None:
    add(engine)
    token = sign_in(engine)
    with store.session(engine) as session:
        accounts.disable_user(session, actor="quantri", username="nga")

    with store.session(engine) as session:
        session.execute(sa.update(User).values(active=True))

    assert read(engine, token, now=NOON) is None


def test_disabling_an_account_nobody_has_is_an_error(engine: sa.Engine) -> None:
    with store.session(engine) as session, pytest.raises(Refused) as refused:
        accounts.disable_user(session, actor="quantri", username="nobody")

    assert refused.value.code == "user_unknown"


# --- Demo accounts ---------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("agencies")
def test_demo_accounts_are_made_once_and_can_sign_in(engine: sa.Engine) -> None:
    with store.session(engine) as session:
        made = accounts.ensure_demo_accounts(session)
    with store.session(engine) as session:
        again = accounts.ensure_demo_accounts(session)

    assert (made, again) == (["lanhdao", "bct", "langson", "dieuphoi", "quantri"], [])
    assert all(check(engine, name, accounts.DEMO_PASSWORD).username == name for name in made)
    assert accounts.find_demo_accounts(engine) == sorted(made)


def test_where_the_register_knows_none_of_our_agencies_its_largest_one_stands_in(engine: sa.Engine) -> None:
    with store.session(engine) as session:
        assert accounts.ensure_demo_accounts(session) == ["lanhdao", "quantri"]
        session.add(Agency(key="KGL", code="KGL", kind="x", abbr_vi="x", abbr_en="x", name_vi="x", name_en="x"))
        session.flush()
        session.add(Agreement(ref="1", title_vi="x", title_en="", scope="LOCAL", responsible_agency="KGL"))
        session.flush()
        assert accounts.ensure_demo_accounts(session) == ["dieuphoi", "thanhtra", "coquan"]
        session.commit()

    assert check(engine, "coquan", accounts.DEMO_PASSWORD).username == "coquan"
    assert accounts.list_users(engine).filter(username="coquan")["agency"].to_list() == ["KGL"]
    assert "coquan" in accounts.find_demo_accounts(engine)
    assert str(accounts.invitation(settings.load({}), engine)).startswith("Demo accounts: lanhdao, dieuphoi, ")


def test_only_open_accounts_with_the_public_password_count_as_demo_accounts(engine: sa.Engine) -> None:
    add(engine, "lanhdao")  # the name alone is no reason
    with store.session(engine) as session:
        accounts.ensure_demo_accounts(session)
        accounts.disable_user(session, actor="system", username="quantri")

    assert accounts.find_demo_accounts(engine) == []


def test_the_demo_password_is_long_enough() -> None:
    assert passwords.check_rules(accounts.DEMO_PASSWORD, username="lanhdao") is None


@pytest.mark.usefixtures("agencies")
def test_processes_that_start_together_make_the_demo_accounts_once(engine: sa.Engine) -> None:
    together = threading.Barrier(4)

    def start(_: int) -> list[str]:
        together.wait()
        with store.session(engine) as session:
            return accounts.ensure_demo_accounts(session)

    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(start, range(4)))

    assert sorted(map(len, made)) == [0, 0, 0, 5]


# --- Passwords -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "password",
    [
        "Mật khẩu mật khẩu",  # diacritics and blanks do not make a common one rare
        "P A S S W O R D 1 2 3 4",
        "abcabcabcabca",
        "111111111111",
        "qwertyuiopas",
        "987654321098",
        "nguyenvannam1",  # the account's own name and a digit
    ],
)
def test_what_people_try_first_is_refused(password: str) -> None:
    assert passwords.check_rules(password, username="nguyenvannam") == "password_common"


@pytest.mark.parametrize(
    "password",
    ["mười hai chữ", "пароль на дванадцять", "密码密钥短语十二个字符是", "correct horse 7", "a" * 11 + "bcde"],
)
def test_any_script_will_do_and_nothing_is_asked_of_the_composition(password: str) -> None:
    assert passwords.check_rules(password, username="nga") is None


@given(texts.text(min_size=12, max_size=64).filter(lambda text: len(text.strip()) >= 12))
def test_a_password_matches_however_its_letters_are_composed(password: str) -> None:
    rounds, passwords.ROUNDS = passwords.ROUNDS, 4
    try:
        kept = passwords.hash_password(password)
    finally:
        passwords.ROUNDS = rounds

    assert passwords.matches(unicodedata.normalize("NFD", password), kept)
    assert passwords.matches(f" {unicodedata.normalize('NFC', password)} ", kept)
    assert not passwords.matches(password + "x", kept)


def test_the_end_of_a_long_password_counts() -> None:
    kept = passwords.hash_password("ữ" * 63 + "a")  # far beyond the 72 bytes bcrypt reads

    assert not passwords.matches("ữ" * 63 + "b", kept)


# --- Sessions --------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("agencies")
def test_a_session_says_who_it_is_as_the_store_knows_them_now(engine: sa.Engine) -> None:
    add(engine, "bct-2", "agency", "BCT")
    token = sign_in(engine, "bct-2")
    first = read(engine, token, now=NOON)
    with store.session(engine) as session:
        session.execute(sa.update(User).values(role="coordinator", agency="BNG"))

    second = read(engine, token, now=NOON)

    assert first == Person(username="bct-2", role="agency", agency="BCT", office="Văn phòng")
    assert second == Person(username="bct-2", role="coordinator", agency="BNG", office="Văn phòng")


def test_a_session_ends_after_half_an_hour_unused(engine: sa.Engine) -> None:
    add(engine)
    token = sign_in(engine)

    assert read(engine, token, now=NOON + 29 * MINUTE) is not None
    assert read(engine, token, now=NOON + 58 * MINUTE) is not None
    assert read(engine, token, now=NOON + 88 * MINUTE) is None
    assert read(engine, token, now=NOON + 58 * MINUTE + SECOND) is not None  # the failed look did not count as use


def test_a_session_ends_after_eight_hours_however_used(engine: sa.Engine) -> None:
    add(engine)
    token = sign_in(engine)

    seen = [read(engine, token, now=NOON + minutes * MINUTE) is not None for minutes in range(20, 500, 20)]

    assert seen == [True] * 23 + [False]


def test_being_seen_is_written_at_most_once_a_minute(engine: sa.Engine) -> None:
    add(engine)
    token = sign_in(engine)

    def last_seen() -> dt.datetime:
        with store.session(engine, read_only=True) as session:
            return session.get_one(UserSession, accounts.hash_token(token)).last_seen_at

    read(engine, token, now=NOON + 59 * SECOND)
    early = last_seen()
    read(engine, token, now=NOON + 60 * SECOND)

    assert (early, last_seen()) == (NOON, NOON + 60 * SECOND)


def test_signing_out_ends_one_session_and_says_whether_it_did(engine: sa.Engine) -> None:
    add(engine)
    here, there = sign_in(engine), sign_in(engine)

    with store.session(engine) as session:
        ended = [
            accounts.end_session(session, actor="nga", token_hash=accounts.hash_token(token), now=NOON)
            for token in (here, here, "guessed")
        ]

    assert ended == [True, False, False]
    assert read(engine, here, now=NOON) is None
    assert read(engine, there, now=NOON) is not None


def test_all_sessions_of_a_person_can_be_ended(engine: sa.Engine) -> None:
    add(engine)
    add(engine, "other")
    mine, other = [sign_in(engine) for _ in range(3)], sign_in(engine, "other")

    with store.session(engine) as session:
        ended = accounts.end_all_sessions(session, actor="quantri", username="nga", now=NOON)

    assert ended == 3
    assert [read(engine, token, now=NOON) for token in mine] == [None] * 3
    assert read(engine, other, now=NOON) is not None


def test_the_stored_form_of_a_token_is_no_token(engine: sa.Engine) -> None:
    add(engine)
    token = sign_in(engine)

    assert read(engine, accounts.hash_token(token), now=NOON) is None


def test_sessions_leave_an_unbroken_audit(engine: sa.Engine) -> None:
    add(engine)
    token = sign_in(engine)
    with store.session(engine) as session:
        accounts.end_session(session, actor="nga", token_hash=accounts.hash_token(token))

    assert actions(engine) == [
        ("quantri", "user.add", "nga"),
        ("nga", "session.start", "nga"),
        ("nga", "session.end", "nga"),
    ]
    assert audit.verify(engine) is None
