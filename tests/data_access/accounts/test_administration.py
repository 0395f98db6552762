"""What an administrator does to accounts, who may, and what nobody may; on both stores."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa
from sqlmodel import Session, col

from data_access import accounts, store
from data_access.accounts import Person, passwords, rate_limits
from data_access.acting import Refused
from data_access.audit import journal
from data_access.register import read_data_version
from data_access.store.models import Agency, AgencyAlias, User, utc_now
from tests.data_access.people import ADDRESS, PASSWORD, actions, add, user_of

Deed = Callable[[Session, Any], object]


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "ROUNDS", 4)


@pytest.fixture
def people(engine: sa.Engine) -> dict[str, Person]:
    """Two administrators, and one of each other role."""
    with store.session(engine) as session:
        session.add(
            Agency(key="BCT", code="BCT", kind="ministry", abbr_vi="BCT", abbr_en="MOIT", name_vi="x", name_en="y")
        )
        session.flush()
        session.add(AgencyAlias(alias="Bộ CT", agency="BCT"))
    return {
        "quantri": add(engine, "quantri", "administrator"),
        "quantri2": add(engine, "quantri2", "administrator"),
        "dieuphoi": add(engine, "dieuphoi", "coordinator"),
        "lanhdao": add(engine, "lanhdao"),
        "bct": add(engine, "bct", "agency", agency="BCT"),
    }


DEEDS: dict[str, Deed] = {
    "add": lambda session, actor: accounts.add_user(
        session, actor=actor, username="moi", password=PASSWORD, role="leader"
    ),
    "change": lambda session, actor: accounts.change_account(
        session, actor=actor, username="lanhdao", role="coordinator", agency=None, office=""
    ),
    "disable": lambda session, actor: accounts.disable_user(session, actor=actor, username="lanhdao"),
    "enable": lambda session, actor: accounts.enable_user(session, actor=actor, username="lanhdao"),
    "password": lambda session, actor: accounts.reset_password(session, actor=actor, username="lanhdao"),
    "factor": lambda session, actor: accounts.reset_second_factor(session, actor=actor, username="lanhdao"),
    "unlock": lambda session, actor: accounts.unlock(session, actor=actor, username="lanhdao"),
    "sign_out": lambda session, actor: accounts.sign_out_everywhere(session, actor=actor, username="lanhdao"),
    "subject": lambda session, actor: accounts.set_subject(session, actor=actor, username="lanhdao", subject="x"),
    "rename": lambda session, actor: accounts.rename_agency(session, actor=actor, key="BCT", name_en="Industry"),
}
READINGS: dict[str, Callable[[sa.Engine, Any], object]] = {
    "accounts": lambda engine, actor: accounts.read_accounts(engine, actor=actor),
    "agencies": lambda engine, actor: accounts.read_agencies(engine, actor=actor),
    "sessions": lambda engine, actor: accounts.list_sessions(engine, actor=actor, username="bct"),
    "search": lambda engine, actor: journal.search(engine, actor=actor, sought=journal.Sought()),
    "export": lambda engine, actor: journal.export(engine, actor=actor, sought=journal.Sought()),
    "verify": lambda engine, actor: journal.verify_chain(engine, actor=actor),
    "verified": lambda engine, actor: journal.last_verification(engine, actor=actor),
    "choices": lambda engine, actor: journal.choices(engine, actor=actor),
}


# --- Who may ---------------------------------------------------------------------------------------------------------


def test_only_administrators_look_after_accounts(engine: sa.Engine, people: dict[str, Person]) -> None:
    """The role is the store's, not the one the caller brings along."""
    before = actions(engine)
    forged = Person("lanhdao", "administrator", None, "")
    closed = add(engine, "cu", "administrator")
    with store.session(engine) as session:
        accounts.disable_user(session, actor="system", username="cu")
    refused = []
    for actor in (
        people["dieuphoi"],
        people["lanhdao"],
        people["bct"],
        forged,
        closed,
        Person("ai", "administrator", None, ""),
    ):
        for name, deed in DEEDS.items():
            with pytest.raises(Refused) as error, store.session(engine) as session:
                deed(session, actor)
            refused.append((name, error.value.code))
        for name, reading in READINGS.items():
            if not (name == "sessions" and actor.username == "bct"):
                with pytest.raises(Refused) as error:
                    reading(engine, actor)
                refused.append((name, error.value.code))

    assert {code for _, code in refused} == {"administrators_only"}
    assert len(refused) == 6 * (len(DEEDS) + len(READINGS)) - 1
    assert [deed for deed in actions(engine) if deed[2] != "cu"] == before


@pytest.mark.parametrize("name", DEEDS)
def test_an_administrator_may_and_it_is_written_down(engine: sa.Engine, people: dict[str, Person], name: str) -> None:
    with store.session(engine) as session:
        token = accounts.start_session(session, username="lanhdao")

    with store.session(engine) as session:
        DEEDS[name](session, people["quantri"])

    ends = name in ("change", "disable", "password", "factor", "sign_out", "subject")
    assert (accounts.read_session(engine, accounts.hash_token(token)) is None) is ends
    assert actions(engine)[-1][0] == "quantri"


@pytest.mark.usefixtures("people")
def test_the_name_of_an_account_does_not_pass_for_a_command(engine: sa.Engine) -> None:
    for name in ("quantri", "lanhdao"):
        with pytest.raises(Refused, match="may not"), store.session(engine) as session:
            accounts.disable_user(session, actor=name, username="bct")
    for name in ("manage.py", "system"):
        with pytest.raises(Refused) as error:
            add(engine, name)
        assert error.value.code == "username_invalid"


@pytest.mark.parametrize("name", ["change", "disable", "password", "factor", "subject"])
def test_nobody_does_to_their_own_account_what_others_must_do(
    engine: sa.Engine, people: dict[str, Person], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    me = people["quantri"]
    deeds: dict[str, Deed] = {
        "change": lambda session, actor: accounts.change_account(
            session, actor=actor, username="quantri", role="leader", agency=None, office=""
        ),
        "disable": lambda session, actor: accounts.disable_user(session, actor=actor, username="quantri"),
        "password": lambda session, actor: accounts.reset_password(session, actor=actor, username="quantri"),
        "factor": lambda session, actor: accounts.reset_second_factor(session, actor=actor, username="quantri"),
        "subject": lambda session, actor: accounts.set_subject(session, actor=actor, username="quantri", subject="x"),
    }

    with pytest.raises(Refused) as error, store.session(engine) as session:
        deeds[name](session, me)

    assert error.value.code == "own_account"


def test_an_administrator_may_name_their_own_office(engine: sa.Engine, people: dict[str, Person]) -> None:
    with store.session(engine) as session:
        changed = accounts.change_account(
            session, actor=people["quantri"], username="quantri", role="administrator", agency=None, office="  Vụ\t1 "
        )

    assert changed
    assert user_of(engine, "quantri").office == "Vụ 1"


# --- The last administrator ------------------------------------------------------------------------------------------


def test_two_administrators_who_send_each_other_away_at_once_leave_one(
    engine: sa.Engine, people: dict[str, Person]
) -> None:
    together = threading.Barrier(2)

    def send_away(pair: tuple[str, str]) -> str:
        by, whom = pair
        together.wait()
        try:
            with store.session(engine) as session:
                accounts.disable_user(session, actor=people[by], username=whom)
        except Refused as error:
            return error.code
        return "done"

    with ThreadPoolExecutor(2) as pool:
        found = sorted(pool.map(send_away, [("quantri", "quantri2"), ("quantri2", "quantri")]))

    assert found in (["done", "last_administrator"], ["administrators_only", "done"])
    open_ones = accounts.list_users(engine).filter(role="administrator", active=True)
    assert open_ones.height == 1


def test_the_last_administrator_cannot_lose_the_role_but_a_command_may_take_it(
    engine: sa.Engine, people: dict[str, Person]
) -> None:
    # Another administrator whose session outlives their role: the last one is held by the store all the same.
    with store.session(engine) as session:
        accounts.disable_user(session, actor=people["quantri"], username="quantri2")
    with pytest.raises(Refused) as error, store.session(engine) as session:
        accounts.disable_user(session, actor=people["quantri"], username="quantri")
    assert error.value.code == "own_account"

    with store.session(engine) as session:
        accounts.disable_user(session, actor="manage.py", username="quantri")

    assert accounts.list_users(engine).filter(role="administrator", active=True).is_empty()


# --- Changes ---------------------------------------------------------------------------------------------------------


def test_a_new_role_says_what_it_was(engine: sa.Engine, people: dict[str, Person]) -> None:
    with store.session(engine) as session:
        accounts.change_account(
            session, actor=people["quantri"], username="lanhdao", role="agency", agency="BCT", office=""
        )
        again = accounts.change_account(
            session, actor=people["quantri"], username="lanhdao", role="agency", agency="BCT", office=""
        )

    found = journal.search(engine, actor=people["quantri"], sought=journal.Sought(action="user.change"))
    assert not again
    assert found.entries["detail"].to_list() == ['{"agency":[null,"BCT"],"role":["leader","agency"]}']


@pytest.mark.usefixtures("people")
def test_a_password_made_by_somebody_else_must_be_changed(engine: sa.Engine) -> None:
    with store.session(engine) as session:
        password = accounts.reset_password(session, actor="manage.py", username="lanhdao")

    row = accounts.read_accounts(engine, actor="manage.py").filter(username="lanhdao").row(0, named=True)
    assert row["must_change_password"]
    assert passwords.check_rules(password, username="lanhdao") is None
    assert passwords.matches(password, user_of(engine, "lanhdao").password_hash)
    others = accounts.read_accounts(engine, actor="manage.py").filter(pl.col("username") != "lanhdao")
    assert not others["must_change_password"].any()


def test_the_list_says_how_each_account_stands(engine: sa.Engine, people: dict[str, Person]) -> None:
    now = utc_now()
    with store.session(engine) as session:
        accounts.start_session(session, username="bct", now=now)
        accounts.start_session(session, username="bct", now=now - dt.timedelta(hours=1))
        session.execute(sa.update(User).where(col(User.username) == "dieuphoi").values(totp_confirmed_at=now))
    for _ in range(rate_limits.BY_CODE.free):
        rate_limits.count_try(engine, username="lanhdao", address=ADDRESS, now=now, tried="code")

    found = {row["username"]: row for row in accounts.read_accounts(engine, actor=people["quantri"]).to_dicts()}

    assert (found["bct"]["sessions"], found["bct"]["last_seen_at"]) == (1, now)
    assert (found["lanhdao"]["sessions"], found["lanhdao"]["last_seen_at"]) == (0, None)
    assert [name for name, row in found.items() if row["has_second_factor"]] == ["dieuphoi"]
    assert [name for name, row in found.items() if row["waits_until"]] == ["lanhdao"]


def test_unlocking_lets_the_next_try_through_at_once(engine: sa.Engine, people: dict[str, Person]) -> None:
    for _ in range(rate_limits.BY_ACCOUNT.free):
        accounts.check_password(engine, username="bct", password="sai sai sai sai", address=ADDRESS)
    waiting = accounts.check_password(engine, username="bct", password=PASSWORD, address=ADDRESS)

    with store.session(engine) as session:
        accounts.unlock(session, actor=people["quantri"], username="bct")

    assert waiting.wait_seconds > 0
    assert accounts.check_password(engine, username="bct", password=PASSWORD, address=ADDRESS).username == "bct"


def test_a_subject_stands_for_one_account(engine: sa.Engine, people: dict[str, Person]) -> None:
    with store.session(engine) as session:
        accounts.set_subject(session, actor=people["quantri"], username="bct", subject=" issuer|1 ")
    with pytest.raises(Refused) as error, store.session(engine) as session:
        accounts.set_subject(session, actor=people["quantri"], username="lanhdao", subject="issuer|1")

    assert user_of(engine, "bct").subject == "issuer|1"
    assert error.value.code == "subject_taken"
    with store.session(engine) as session:
        accounts.set_subject(session, actor=people["quantri"], username="bct", subject="")
    assert user_of(engine, "bct").subject is None


TOO_LONG: dict[str, Deed] = {
    "the office of a new account": lambda session, actor: accounts.add_user(
        session, actor=actor, username="moi", password=PASSWORD, role="leader", office="x" * (accounts.OFFICE_MAX + 1)
    ),
    "an office": lambda session, actor: accounts.change_account(
        session, actor=actor, username="bct", role="agency", agency="BCT", office="x" * (accounts.OFFICE_MAX + 1)
    ),
    "a subject": lambda session, actor: accounts.set_subject(
        session, actor=actor, username="bct", subject="x" * (accounts.SUBJECT_MAX + 1)
    ),
}


@pytest.mark.parametrize("deed", TOO_LONG.values(), ids=TOO_LONG)
def test_what_is_longer_than_its_field_is_refused_and_not_cut(
    engine: sa.Engine, people: dict[str, Person], deed: Deed
) -> None:
    before = accounts.read_accounts(engine, actor=people["quantri"])

    with pytest.raises(Refused) as refused, store.session(engine) as session:
        deed(session, people["quantri"])

    assert refused.value.code == "text_too_long"
    assert accounts.read_accounts(engine, actor=people["quantri"]).equals(before)


def test_what_is_as_long_as_its_field_is_kept_whole(engine: sa.Engine, people: dict[str, Person]) -> None:
    longest = "x" * accounts.OFFICE_MAX
    with store.session(engine) as session:
        accounts.change_account(
            session, actor=people["quantri"], username="bct", role="agency", agency="BCT", office=f" {longest} "
        )

    offices = accounts.read_accounts(engine, actor=people["quantri"]).filter(username="bct")["office"]
    assert offices.to_list() == [longest]


def test_an_agency_renamed_is_so_on_all_screens(engine: sa.Engine, people: dict[str, Person]) -> None:
    with store.session(engine) as session:
        changed = accounts.rename_agency(session, actor=people["quantri"], key="BCT", name_vi=" Bộ  Công Thương ")
        again = accounts.rename_agency(session, actor=people["quantri"], key="BCT", name_vi="Bộ Công Thương")

    version = read_data_version(engine)
    row = accounts.read_agencies(engine, actor=people["quantri"]).row(0, named=True)
    assert (changed, again) == (True, False)
    assert version is not None
    assert version.version == 1
    assert (row["name_vi"], row["aliases"], row["accounts"], row["open_accounts"]) == ("Bộ Công Thương", "Bộ CT", 1, 1)
    for wrong in ("", "  ", "x" * 201, "a\u200bb"):
        with pytest.raises(Refused) as error, store.session(engine) as session:
            accounts.rename_agency(session, actor=people["quantri"], key="BCT", name_vi=wrong)
        assert error.value.code == "name_invalid"


# --- One's own sessions ----------------------------------------------------------------------------------------------


def test_one_sees_and_ends_one_s_own_sessions_only(engine: sa.Engine, people: dict[str, Person]) -> None:
    with store.session(engine) as session:
        mine, other, foreign = (accounts.start_session(session, username=name) for name in ("bct", "bct", "lanhdao"))
    marks = {token: accounts.hash_token(token)[:12] for token in (mine, other, foreign)}

    listed = accounts.list_sessions(engine, actor=people["bct"], username="bct")
    with store.session(engine) as session:
        ended = [
            accounts.end_marked_session(session, person=people["bct"], mark=mark)
            for mark in (marks[foreign], marks[other], "", "%" * 12)
        ]

    assert set(listed["mark"]) == {marks[mine], marks[other]}
    assert ended == [False, True, False, False]
    alive = [accounts.read_session(engine, accounts.hash_token(token)) is not None for token in (mine, other, foreign)]
    assert alive == [True, False, True]


def test_in_production_no_account_opens_again_with_the_public_password(
    engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with store.session(engine) as session:
        accounts.ensure_demo_accounts(session)
        accounts.disable_user(session, actor="manage.py", username="quantri")
    monkeypatch.setenv("APP_MODE", "production")
    monkeypatch.setenv("APP_SECRET", "Zk3vQ8wLr5TnXy7BdHs2JmFc9PgAu4EO")

    with pytest.raises(Refused) as error, store.session(engine) as session:
        accounts.enable_user(session, actor="manage.py", username="quantri")
    with store.session(engine) as session:
        accounts.reset_password(session, actor="manage.py", username="quantri")
        accounts.enable_user(session, actor="manage.py", username="quantri")

    assert error.value.code == "demo_account"
