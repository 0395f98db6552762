"""A clock that is a day off, ahead or behind, and is then put right: nobody stays signed in or locked out, no figure moves."""

from __future__ import annotations

import datetime as dt
import types
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from data_access import accounts, audit, register, store, updates
from data_access.accounts import rate_limits
from data_access.keeping import soundness
from data_access.store.models import base, utc_now
from kpi import facts
from kpi.indicators import scorecard
from tests.data_access.updates.test_updates import DATA_DATE, applied, fill, undone

Clock = Callable[[dt.timedelta], None]
DAY = dt.timedelta(days=1)
BLOCKED = (
    "ref,blocker_cause,blocker_severity,blocker_authority_level,blocker_description,blocker_opened_on\n"
    "A-1,funding,severe,prime_minister,Chờ vốn,2026-01-05\n"
)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Sets the clock of this process ahead of the right time, or behind."""

    def shift(by: dt.timedelta) -> None:
        shown = types.SimpleNamespace(now=lambda zone: dt.datetime.now(zone) + by)
        monkeypatch.setattr(base, "dt", types.SimpleNamespace(datetime=shown, UTC=dt.UTC))

    return shift


@pytest.fixture
def filled(engine: sa.Engine) -> sa.Engine:
    with store.session(engine) as session:
        fill(session)
    return engine


def start(engine: sa.Engine) -> str:
    with store.session(engine) as session:
        return accounts.hash_token(accounts.start_session(session, username="bct"))


@pytest.mark.parametrize("off", [DAY, -DAY])
def test_a_session_does_not_outlive_a_clock_that_is_put_right(
    filled: sa.Engine, clock: Clock, off: dt.timedelta
) -> None:
    before = start(filled)
    clock(off)
    meanwhile = start(filled)
    assert accounts.read_session(filled, meanwhile) is not None
    assert accounts.read_session(filled, before) is None  # by this clock over, or of tomorrow

    clock(dt.timedelta(0))

    assert accounts.read_session(filled, meanwhile) is None
    assert accounts.read_session(filled, start(filled)) is not None


@pytest.mark.parametrize("off", [DAY, -DAY])
def test_nobody_is_locked_out_for_longer_by_a_clock_that_is_put_right(
    filled: sa.Engine, clock: Clock, off: dt.timedelta
) -> None:
    clock(off)
    for _ in range(rate_limits.BY_ACCOUNT.free):
        rate_limits.count_try(filled, username="bct", address="here", now=utc_now())

    clock(dt.timedelta(0))

    waited = rate_limits.count_try(filled, username="bct", address="here", now=utc_now())
    longest = rate_limits.BY_ACCOUNT.wait(rate_limits.BY_ACCOUNT.free)
    assert waited <= longest.total_seconds()
    later = utc_now() + longest
    assert rate_limits.count_try(filled, username="bct", address="here", now=later) == 0


@pytest.mark.parametrize("off", [DAY, -DAY])
def test_batches_and_figures_do_not_depend_on_the_clock(filled: sa.Engine, clock: Clock, off: dt.timedelta) -> None:
    def figures() -> object:
        built = facts.build(register.read_register(filled), DATA_DATE, register.read_rules(filled, DATA_DATE))
        return scorecard.compute(built, by=["agency"], rules=register.read_rules(filled, DATA_DATE)).rows()

    before = figures()
    first = applied(filled, BLOCKED).batch_id
    by_right_clock = figures()
    clock(off)
    assert figures() == by_right_clock
    undone(filled, first)
    second = applied(filled, BLOCKED).batch_id
    assert figures() == by_right_clock
    clock(dt.timedelta(0))
    undone(filled, second)

    assert figures() == before
    version = register.read_data_version(filled)
    assert version is not None
    assert version.data_date == DATA_DATE
    assert updates.list_batches(filled, None).height == 4
    assert audit.verify(filled) is None  # its order is that of writing, whatever the moments say
    assert soundness.verify(filled) == []
