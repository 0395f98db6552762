"""What somebody does to their own account."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa

from data_access import accounts, store
from data_access.accounts import Person, Step, rate_limits
from data_access.acting import Refused
from data_access.store.models import User
from tests.data_access.accounts.test_second_factor import (
    HALF_MINUTE,
    OTHER_PASSWORD,
    begin,
    code_of,
    enrol,
    give_code,
    is_open,
    redeem,
    required,
)
from tests.data_access.people import ADDRESS, BROWSER, NOON, PASSWORD, actions, add, user_of

__all__ = ["required"]  # fixtures, which pytest finds by their names here


# --- A password of one's own -----------------------------------------------------------------------------------------


def test_a_password_made_by_others_is_changed_before_the_session(engine: sa.Engine) -> None:
    add(engine, "lanhdao", must_change=True)
    step = begin(engine, "lanhdao")
    assert step.stage == "renew"
    assert redeem(engine, step.proof) is None

    for wrong, code in (
        (PASSWORD, "password_same"),
        ("ngắn", "password_too_short"),
        ("123456789012", "password_common"),
    ):
        with pytest.raises(Refused) as error, store.session(engine) as session:
            accounts.pass_renewal(session, step, browser=BROWSER, password=wrong, now=NOON)
        assert error.value.code == code
    with store.session(engine) as session:
        last = accounts.pass_renewal(session, step, browser=BROWSER, password=OTHER_PASSWORD, now=NOON)
    with store.session(engine) as session:
        again = accounts.pass_renewal(session, step, browser=BROWSER, password=OTHER_PASSWORD + "!", now=NOON)

    assert last.step is not None
    assert redeem(engine, last.step.proof) == "lanhdao"
    assert again.problem == "over"
    assert accounts.check_password(engine, username="lanhdao", password=PASSWORD, address=ADDRESS).username is None
    row = accounts.read_accounts(engine, actor="system").row(0, named=True)
    assert not row["must_change_password"]


def test_the_second_factor_comes_before_the_new_password(engine: sa.Engine) -> None:
    """Else the password alone would let somebody shut its owner out."""
    add(engine, "dieuphoi", "coordinator")
    secret, _ = enrol(engine, now=NOON - dt.timedelta(hours=1))
    with store.session(engine) as session:
        accounts.reset_password(session, actor="system", username="dieuphoi", password=OTHER_PASSWORD)
        step = accounts.begin_sign_in(session, username="dieuphoi", browser=BROWSER, now=NOON)
        too_early = accounts.pass_renewal(session, step, browser=BROWSER, password=PASSWORD, now=NOON)
        in_place = accounts.pass_renewal(
            session, Step("renew", step.proof), browser=BROWSER, password=PASSWORD, now=NOON
        )

    following = give_code(engine, step, code_of(secret)).step

    assert step.stage == "code"
    assert (too_early.problem, in_place.problem) == ("over", "over")
    assert following is not None
    assert following.stage == "renew"


# --- One's own account -----------------------------------------------------------------------------------------------


@pytest.fixture
def me(engine: sa.Engine) -> Person:
    return add(engine, "dieuphoi", "coordinator")


def start(engine: sa.Engine, count: int = 1) -> list[str]:
    with store.session(engine) as session:
        return [accounts.start_session(session, username="dieuphoi", now=NOON) for _ in range(count)]


def change(engine: sa.Engine, me: Person, here: str, current: str, new: str = OTHER_PASSWORD) -> Step:
    return accounts.change_password(
        engine,
        person=me,
        current=current,
        new=new,
        keep=accounts.hash_token(here),
        browser=BROWSER,
        address=ADDRESS,
        now=NOON,
    )


def test_changing_the_password_ends_all_other_sessions_and_renews_this_one(engine: sa.Engine, me: Person) -> None:
    here, there, elsewhere = start(engine, 3)

    step = change(engine, me, here, PASSWORD)

    assert [is_open(engine, token) for token in (here, there, elsewhere)] == [True, False, False]
    assert step.stage == "open"
    assert redeem(engine, step.proof) == "dieuphoi"
    assert ("dieuphoi", "password.change", "dieuphoi") in actions(engine)
    check = accounts.check_password(engine, username="dieuphoi", password=OTHER_PASSWORD, address=ADDRESS, now=NOON)
    assert check.username == "dieuphoi"


def test_guessing_the_present_password_in_an_open_browser_is_slowed_down(engine: sa.Engine, me: Person) -> None:
    (here,) = start(engine)
    found = []
    for _ in range(rate_limits.BY_ACCOUNT.free + 1):
        with pytest.raises(Refused) as error:
            change(engine, me, here, "sai sai sai sai")
        found.append(error.value.code)
    with pytest.raises(Refused) as error:
        change(engine, me, here, PASSWORD)

    assert found == ["password_wrong"] * rate_limits.BY_ACCOUNT.free + ["wait"]
    assert error.value.seconds == 15
    assert user_of(engine, "dieuphoi").password_changed_at < dt.datetime(2100, 1, 1)
    assert ("dieuphoi", "password.change", "dieuphoi") not in actions(engine)


def set_up(
    engine: sa.Engine, me: Person, here: str, *, now: dt.datetime, password: str = PASSWORD, present: str = ""
) -> tuple[str, list[str]]:
    secret = accounts.new_secret()
    codes = accounts.set_up_second_factor(
        engine,
        person=me,
        password=password,
        secret=secret,
        code=code_of(secret, now),
        keep=accounts.hash_token(here),
        address=ADDRESS,
        present_code=present,
        now=now,
    )
    return secret, codes


def test_an_open_browser_is_not_enough_to_touch_the_second_factor(engine: sa.Engine, me: Person) -> None:
    here, there = start(engine, 2)
    with pytest.raises(Refused, match="present password"):
        set_up(engine, me, here, now=NOON, password="sai sai sai sai")

    secret, codes = set_up(engine, me, here, now=NOON)

    assert [is_open(engine, token) for token in (here, there)] == [True, False]
    for present in ("", "000000", code_of(secret)):  # none, a wrong one, the one that set it up
        with pytest.raises(Refused) as error:
            set_up(engine, me, here, now=NOON, present=present)
        assert error.value.code == "code_wrong"
    later = NOON + HALF_MINUTE
    new_secret, new_codes = set_up(engine, me, here, now=later, present=code_of(secret, later))
    assert give_code(engine, begin(engine, now=later), codes[5], now=later).problem == "wrong"
    assert give_code(engine, begin(engine, now=later), new_codes[5], now=later).step is not None
    after = later + HALF_MINUTE
    assert give_code(engine, begin(engine, now=after), code_of(new_secret, after), now=after).step is not None


def test_recovery_codes_are_renewed_and_the_old_ones_end(engine: sa.Engine, me: Person) -> None:
    with pytest.raises(Refused, match="no second factor"):
        accounts.renew_recovery_codes(engine, person=me, password=PASSWORD, present_code="", address=ADDRESS, now=NOON)
    _, codes = enrol(engine)

    renewed = accounts.renew_recovery_codes(
        engine, person=me, password=PASSWORD, present_code=codes[0], address=ADDRESS, now=NOON
    )

    assert give_code(engine, begin(engine), codes[1]).problem == "wrong"
    assert give_code(engine, begin(engine), renewed[1]).step is not None


def test_a_second_factor_goes_only_where_the_role_may_do_without(
    engine: sa.Engine, me: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, codes = enrol(engine)

    def remove(code: str) -> None:
        accounts.remove_second_factor(
            engine, person=me, password=PASSWORD, present_code=code, address=ADDRESS, now=NOON
        )

    with pytest.raises(Refused, match="needs a second factor"):
        remove(codes[0])
    monkeypatch.setenv("SECOND_FACTOR", "optional")
    remove(codes[1])

    assert accounts.read_second_factor(engine, "dieuphoi").confirmed_at is None
    assert begin(engine).stage == "open"
    with store.session(engine, read_only=True) as session:
        assert session.get_one(User, "dieuphoi").totp_secret is None


def test_failed_tries_before_a_sign_in_are_told_to_its_owner(engine: sa.Engine, me: Person) -> None:
    for _ in range(3):
        accounts.check_password(engine, username="dieuphoi", password="sai sai sai", address=ADDRESS, now=NOON)
    begin(engine)
    begin(engine)

    assert [deed for deed in actions(engine) if deed[1] == "sign_in.failures"] == [
        ("system", "sign_in.failures", "dieuphoi")
    ]
