"""Pages that follow the register are run again when somebody changes it, and no others."""

from __future__ import annotations

import contextlib
import datetime as dt
import time
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from data_access import accounts, store
from data_access.clock import local_time
from data_access.register import raise_data_version, read_data_version
from data_access.store.models import UserSession, utc_now
from tests.attacks.wire import Tab, is_new, tab
from tests.pages import stores
from tests.serving import Served, served, with_demo_accounts

UPDATED = "cập nhật lúc {}"


@contextlib.contextmanager
def _shown(engine: sa.Engine) -> Iterator[Served]:
    """The application on a small register. An account may run a page once a second: what runs by itself is not counted."""
    stores.fill(engine)
    with served(with_demo_accounts(engine), environ={"RUNS_PER_SECOND": "1"}) as running:
        yield running


def cookie(engine: sa.Engine) -> tuple[str, str]:
    """A new session of the leader: its cookie, and its token as the store knows it."""
    with store.session(engine) as session:
        token = accounts.start_session(session, username="lanhdao")
    return f"kpi_session={token}", accounts.hash_token(token)


def change(engine: sa.Engine) -> str:
    """What another process does that changes the register; when that was, as a page says it."""
    with store.session(engine) as session:
        raise_data_version(session)
    held = read_data_version(engine)
    assert held is not None
    assert held.changed_at is not None
    return UPDATED.format(f"{local_time(held.changed_at):%H:%M}")


def is_run(opened: Tab, *, within: float) -> bool:
    """Whether the page is run without being asked for."""
    give_up = time.monotonic() + within
    try:
        while not is_new(ForwardMsg.FromString(opened.receive(timeout=give_up - time.monotonic()))):
            pass
    except TimeoutError:
        return False
    return True


@pytest.mark.postgresql
def test_the_overview_is_brought_up_to_date_by_itself_and_nothing_else_is(postgresql_engine: sa.Engine) -> None:
    """On PostgreSQL, where others change the register from other processes; on SQLite the test below sees it happen."""
    engine = postgresql_engine
    with (
        _shown(engine) as shown,
        tab(shown.address, cookie=cookie(engine)[0]) as opened,
        tab(shown.address, cookie=cookie(engine)[0]) as elsewhere,
        tab(shown.address) as stranger,
    ):
        before = opened.rerun(query="as_of=2025-06-30")
        elsewhere.rerun()
        elsewhere.rerun("ranking")
        stranger.rerun()
        assert not before.says(UPDATED.format(""))
        assert not is_run(opened, within=2), "nothing has changed"

        for _ in range(7):
            said = change(engine)
            after = opened.answer()
            assert after.says(said)
            assert after.says("as_of=2025-06-30"), "what was chosen stays"

        assert not is_run(elsewhere, within=2)
        assert not is_run(stranger, within=0.1)
        assert "asked for too often" not in shown.logged()


def test_a_page_that_runs_by_itself_keeps_no_session_alive(sqlite_engine: sa.Engine) -> None:
    with _shown(sqlite_engine) as running:
        held, token_hash = cookie(running.engine)
        with tab(running.address, cookie=held) as opened:
            opened.rerun()
            long_ago = utc_now() - dt.timedelta(minutes=20)
            _seen(running.engine, token_hash, long_ago)

            change(running.engine)
            opened.answer()
            by_itself = _seen(running.engine, token_hash)
            opened.rerun()
            asked_for = _seen(running.engine, token_hash)
            _seen(running.engine, token_hash, utc_now() - dt.timedelta(minutes=31))
            change(running.engine)
            over = opened.answer()
            change(running.engine)

            assert by_itself == long_ago < asked_for
            assert over.says("Tên đăng nhập")
            assert not is_run(opened, within=3), "there is nothing to keep up to date"


def _seen(engine: sa.Engine, token_hash: str, at: dt.datetime | None = None) -> dt.datetime:
    """When a session was last in use; set to `at` before, where that is given."""
    with store.session(engine) as session:
        found = session.get(UserSession, token_hash)
        assert found is not None
        found.last_seen_at = at or found.last_seen_at
        return found.last_seen_at
