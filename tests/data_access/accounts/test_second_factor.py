"""Signing in step by step, and the second factor; on both stores."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import pyotp
import pytest
import sqlalchemy as sa
from sqlmodel import col

from data_access import accounts, audit, store
from data_access.accounts import Step, StepCheck, passwords, rate_limits, sealing
from data_access.store.models import RecoveryCode, SignInTicket, UserSession
from tests.data_access.people import ADDRESS, BROWSER, NOON, PASSWORD, actions, add, user_of

SECOND = dt.timedelta(seconds=1)
HALF_MINUTE = dt.timedelta(seconds=30)
OTHER_PASSWORD = "năm từ khác hẳn nhau"


@pytest.fixture(autouse=True)
def required(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cheap hashes, a secret that lasts, and a second factor for those who change what others see."""
    monkeypatch.setattr(passwords, "ROUNDS", 4)
    monkeypatch.setenv("APP_SECRET", "Zk3vQ8wLr5TnXy7BdHs2JmFc9PgAu4EO")
    monkeypatch.setenv("SECOND_FACTOR", "required")


def code_of(secret: str, at: dt.datetime = NOON) -> str:
    return pyotp.TOTP(secret).at(at.replace(tzinfo=dt.UTC))


def begin(engine: sa.Engine, username: str = "dieuphoi", *, now: dt.datetime = NOON) -> Step:
    """What comes after the right password."""
    assert accounts.check_password(engine, username=username, password=PASSWORD, address=ADDRESS, now=now).username
    with store.session(engine) as session:
        return accounts.begin_sign_in(session, username=username, browser=BROWSER, now=now)


def give_code(
    engine: sa.Engine, step: Step, code: str, *, now: dt.datetime = NOON, browser: str = BROWSER
) -> StepCheck:
    return accounts.pass_code(engine, step, browser=browser, code=code, address=ADDRESS, now=now)


def enrol(engine: sa.Engine, username: str = "dieuphoi", *, now: dt.datetime = NOON) -> tuple[str, tuple[str, ...]]:
    """Set up a second factor at the sign-in: its secret and the recovery codes."""
    secret = accounts.new_secret()
    check = accounts.pass_enrolment(
        engine,
        begin(engine, username, now=now),
        browser=BROWSER,
        secret=secret,
        code=code_of(secret, now),
        address=ADDRESS,
        now=now,
    )
    assert check.step is not None
    assert check.step.stage == "saved"
    return secret, check.codes


def redeem(engine: sa.Engine, ticket: str, *, now: dt.datetime = NOON) -> str | None:
    with store.session(engine) as session:
        return accounts.redeem_ticket(session, ticket=ticket, browser=BROWSER, now=now)


def is_open(engine: sa.Engine, token: str) -> bool:
    return accounts.read_session(engine, accounts.hash_token(token), now=NOON) is not None


# --- What the password alone opens -----------------------------------------------------------------------------------


@pytest.mark.parametrize("has_factor", [False, True])
def test_after_the_password_alone_there_is_neither_ticket_nor_session(engine: sa.Engine, has_factor: bool) -> None:
    add(engine, "dieuphoi", "coordinator")
    if has_factor:
        enrol(engine)
        with store.session(engine) as session:
            session.execute(sa.delete(SignInTicket))

    step = begin(engine)

    assert step.stage == ("code" if has_factor else "enrol")
    with store.session(engine) as session:
        assert session.execute(sa.select(col(UserSession.token_hash))).all() == []
        kept = session.execute(sa.select(SignInTicket)).scalar_one()
    assert step.proof not in str(kept)
    # The proof is no ticket, however it is dressed up in the address.
    for forged in (
        step.proof,
        f"{step.stage}\n{step.proof}",
        f'["{step.stage}","{step.proof}',
        f"{step.stage}{step.proof}",
    ):
        assert redeem(engine, forged) is None
    # Nor is it good for another step.
    for stage in ("code", "enrol", "saved", "renew"):
        if stage != step.stage:
            assert accounts.holder_of(engine, Step(stage, step.proof), browser=BROWSER, now=NOON) is None


def test_a_proof_is_good_for_its_browser_its_minutes_and_an_open_account(engine: sa.Engine) -> None:
    add(engine, "dieuphoi", "coordinator")
    step = begin(engine)

    def holder(browser: str = BROWSER, now: dt.datetime = NOON) -> str | None:
        return accounts.holder_of(engine, step, browser=browser, now=now)

    assert holder() == "dieuphoi"
    assert holder(browser="another") is None
    assert holder(now=NOON + dt.timedelta(minutes=10)) is None
    with store.session(engine) as session:
        accounts.disable_user(session, actor="system", username="dieuphoi")
    assert holder() is None


@pytest.mark.parametrize("deed", ["password", "role", "factor"])
def test_a_sign_in_under_way_ends_with_what_it_was_begun_on(engine: sa.Engine, deed: str) -> None:
    add(engine, "dieuphoi", "coordinator")
    secret, _ = enrol(engine)
    step = begin(engine, now=NOON + HALF_MINUTE)
    with store.session(engine) as session:
        if deed == "password":
            accounts.reset_password(session, actor="system", username="dieuphoi")
        elif deed == "role":
            accounts.change_account(
                session, actor="system", username="dieuphoi", role="administrator", agency=None, office=""
            )
        else:
            accounts.reset_second_factor(session, actor="system", username="dieuphoi")

    now = NOON + HALF_MINUTE
    assert give_code(engine, step, code_of(secret, now), now=now) == StepCheck(problem="over")


def test_without_need_the_password_leads_to_the_ticket(engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    add(engine, "lanhdao")
    add(engine, "dieuphoi", "coordinator")
    leader = begin(engine, "lanhdao")
    monkeypatch.setenv("SECOND_FACTOR", "optional")

    coordinator = begin(engine)

    assert (leader.stage, coordinator.stage) == ("open", "open")
    assert redeem(engine, leader.proof) == "lanhdao"
    assert redeem(engine, coordinator.proof) == "dieuphoi"


def test_sessions_from_before_it_was_required_end_when_the_application_starts(engine: sa.Engine) -> None:
    for username, role in (("dieuphoi", "coordinator"), ("quantri", "administrator"), ("lanhdao", "leader")):
        add(engine, username, role)
    enrol(engine, "quantri")
    with store.session(engine) as session:
        tokens = [
            accounts.start_session(session, username=name, now=NOON) for name in ("dieuphoi", "quantri", "lanhdao")
        ]

    with store.session(engine) as session:
        ended = accounts.end_sessions_without_factor(session)

    assert ended == 1
    assert [is_open(engine, token) for token in tokens] == [False, True, True]


# --- Setting it up ---------------------------------------------------------------------------------------------------


def test_setting_up_leads_by_the_recovery_codes_to_the_session(engine: sa.Engine) -> None:
    add(engine, "dieuphoi", "coordinator")
    secret = accounts.new_secret()
    step = begin(engine)
    check = accounts.pass_enrolment(
        engine, step, browser=BROWSER, secret=secret, code=code_of(secret), address=ADDRESS, now=NOON
    )
    assert check.step is not None
    assert redeem(engine, check.step.proof) is None
    with store.session(engine) as session:
        last = accounts.pass_saved(session, check.step, browser=BROWSER, now=NOON)
        again = accounts.pass_saved(session, check.step, browser=BROWSER, now=NOON)

    assert last.step is not None
    assert redeem(engine, last.step.proof) == "dieuphoi"
    assert again.problem == "over"
    assert len(set(check.codes)) == 10
    kept = user_of(engine, "dieuphoi")
    assert kept.totp_confirmed_at == NOON
    assert secret not in str(kept)
    with store.session(engine, read_only=True) as session:
        hashes = str(session.execute(sa.select(RecoveryCode)).scalars().all())
    assert not any(code in hashes or code.replace("-", "") in hashes for code in check.codes)
    assert ("dieuphoi", "second_factor.enrol", "dieuphoi") in actions(engine)
    assert audit.verify(engine) is None


def test_a_wrong_code_sets_nothing_up_and_the_step_can_be_tried_again(engine: sa.Engine) -> None:
    add(engine, "dieuphoi", "coordinator")
    step, secret = begin(engine), accounts.new_secret()

    def give(code: str) -> StepCheck:
        return accounts.pass_enrolment(
            engine, step, browser=BROWSER, secret=secret, code=code, address=ADDRESS, now=NOON
        )

    for wrong in ("000000", "", "12345", code_of(secret, NOON + 10 * HALF_MINUTE), "１２３４５６"):
        assert give(wrong).problem in ("wrong", "")
    assert user_of(engine, "dieuphoi").totp_secret is None
    with store.session(engine) as session:
        accounts.unlock(session, actor="system", username="dieuphoi")
    assert give(f" {code_of(secret)[:3]} {code_of(secret)[3:]} ").step is not None


def test_who_begins_to_set_up_does_not_take_the_place_of_who_did(engine: sa.Engine) -> None:
    """Two people know a new account's password: the one who comes second gets nowhere."""
    add(engine, "dieuphoi", "coordinator")
    early = begin(engine)
    enrol(engine)

    secret = accounts.new_secret()
    check = accounts.pass_enrolment(
        engine, early, browser=BROWSER, secret=secret, code=code_of(secret), address=ADDRESS, now=NOON
    )

    assert check == StepCheck(problem="over")


# --- Codes -----------------------------------------------------------------------------------------------------------


def test_a_code_counts_half_a_minute_around_its_own_and_once(engine: sa.Engine) -> None:
    add(engine, "dieuphoi", "coordinator")
    secret, _ = enrol(engine, now=NOON - dt.timedelta(hours=1))
    for offset, expected in ((-2, "wrong"), (2, "wrong"), (-1, ""), (0, ""), (1, "")):
        check = give_code(engine, begin(engine), code_of(secret, NOON + offset * HALF_MINUTE))
        assert check.problem == expected, offset
        if expected == "":
            assert check.step is not None
            assert redeem(engine, check.step.proof) == "dieuphoi"
    # The code of the next half minute was used: neither it nor an earlier one counts again.
    for offset in (1, 0, -1):
        assert give_code(engine, begin(engine), code_of(secret, NOON + offset * HALF_MINUTE)).problem == "wrong"
    later = NOON + 2 * HALF_MINUTE
    assert give_code(engine, begin(engine, now=later), code_of(secret, later), now=later).step is not None


def test_the_code_that_set_it_up_does_not_sign_in(engine: sa.Engine) -> None:
    add(engine, "dieuphoi", "coordinator")
    secret, _ = enrol(engine)

    assert give_code(engine, begin(engine), code_of(secret)).problem == "wrong"


def test_one_code_given_many_times_at_once_counts_once(engine: sa.Engine) -> None:
    add(engine, "dieuphoi", "coordinator")
    secret, _ = enrol(engine, now=NOON - dt.timedelta(hours=1))
    steps = [begin(engine) for _ in range(4)]

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda step: give_code(engine, step, code_of(secret)), steps))

    assert sum(check.step is not None for check in found) == 1


def test_a_step_taken_many_times_at_once_is_taken_once(engine: sa.Engine) -> None:
    add(engine, "dieuphoi", "coordinator")
    _, codes = enrol(engine)
    step = begin(engine)

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda code: give_code(engine, step, code), codes[:4]))

    assert sum(check.step is not None for check in found) == 1


def test_codes_of_others_open_nothing(engine: sa.Engine) -> None:
    add(engine, "dieuphoi", "coordinator")
    add(engine, "quantri", "administrator")
    earlier = NOON - dt.timedelta(hours=1)
    secret, _ = enrol(engine, now=earlier)
    other_secret, other_codes = enrol(engine, "quantri", now=earlier)

    assert give_code(engine, begin(engine), code_of(other_secret)).problem == "wrong"
    assert give_code(engine, begin(engine), other_codes[0]).problem == "wrong"
    assert give_code(engine, begin(engine), code_of(secret), browser="another").problem == "over"


def test_after_too_many_wrong_codes_even_the_right_one_has_to_wait(engine: sa.Engine) -> None:
    """Knowing the password does not wipe the count out, and unlocking does."""
    add(engine, "dieuphoi", "coordinator")
    secret, codes = enrol(engine, now=NOON - dt.timedelta(hours=1))
    for _ in range(rate_limits.BY_CODE.free):
        assert give_code(engine, begin(engine), "000000").problem == "wrong"

    waiting = give_code(engine, begin(engine), code_of(secret))
    recovery = give_code(engine, begin(engine), codes[0])
    with store.session(engine) as session:
        accounts.unlock(session, actor="system", username="dieuphoi")

    assert (waiting.wait_seconds, recovery.wait_seconds) == (30, 30)
    assert give_code(engine, begin(engine), code_of(secret)).step is not None


def test_guessing_codes_stays_hopeless(engine: sa.Engine) -> None:
    """Whoever knows the password gets a handful of tries an hour, however many sign-ins they begin."""
    add(engine, "dieuphoi", "coordinator")
    enrol(engine, now=NOON - dt.timedelta(hours=1))
    tries, now = 0, NOON
    while now < NOON + dt.timedelta(hours=12):
        check = rate_limits.count_try(engine, username="dieuphoi", address=f"10.0.0.{tries}", now=now, tried="code")
        tries += check == 0
        now += dt.timedelta(seconds=check or 1)

    assert tries < 12 * 6


# --- Recovery codes --------------------------------------------------------------------------------------------------


def test_a_recovery_code_stands_in_once_however_it_is_typed(engine: sa.Engine) -> None:
    add(engine, "dieuphoi", "coordinator")
    _, codes = enrol(engine)

    first = give_code(engine, begin(engine), f" {codes[0].upper().replace('-', ' ')} ")
    again = give_code(engine, begin(engine), codes[0])
    second = give_code(engine, begin(engine), codes[1])

    assert first.step is not None
    assert again.problem == "wrong"
    assert second.step is not None
    assert accounts.read_second_factor(engine, "dieuphoi").codes_left == 8
    assert [deed for _, deed, _ in actions(engine)].count("second_factor.recovery") == 2


# --- The secret in the store -----------------------------------------------------------------------------------------


def test_with_another_app_secret_codes_cannot_be_checked_and_recovery_codes_work(
    engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(engine, "dieuphoi", "coordinator")
    secret, codes = enrol(engine, now=NOON - dt.timedelta(hours=1))
    monkeypatch.setenv("APP_SECRET", "another-secret-of-enough-length-0123456789")

    assert give_code(engine, begin(engine), code_of(secret)).problem == "unreadable"
    assert not accounts.read_second_factor(engine, "dieuphoi").is_readable
    assert give_code(engine, begin(engine), codes[0]).step is not None


def test_a_sealed_secret_is_of_no_use_in_another_row_or_changed() -> None:
    sealed = sealing.seal("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", username="dieuphoi")

    assert sealing.unseal(sealed, username="dieuphoi") == "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
    assert sealing.seal("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", username="dieuphoi") != sealed
    changed = sealed[:-6] + ("A" if sealed[-6] != "A" else "B") + sealed[-5:]
    for wrong, username in ((sealed, "quantri"), (changed, "dieuphoi"), ("", "dieuphoi"), ("1.x", "dieuphoi")):
        with pytest.raises(sealing.CannotUnsealError):
            sealing.unseal(wrong, username=username)


def test_a_demonstration_says_that_its_secret_does_not_last(monkeypatch: pytest.MonkeyPatch) -> None:
    lasting = accounts.is_lasting()
    monkeypatch.delenv("APP_SECRET")

    assert (lasting, accounts.is_lasting()) == (True, False)
