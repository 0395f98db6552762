"""What a run of a page begins with: read in one transaction, and as current as if each part were asked for by itself."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa
from sqlmodel import col

from data_access import accounts, store
from data_access.beginning import read_beginning
from data_access.register import raise_data_version, read_data_version
from data_access.store.models import User, UserSession, utc_now
from tests.data_access import people

LONG_AGO = utc_now() - dt.timedelta(minutes=31)


@pytest.fixture
def token_hash(engine: sa.Engine) -> str:
    people.add(engine, "minh")
    with store.session(engine) as session:
        return accounts.hash_token(accounts.start_session(session, username="minh"))


def last_seen(engine: sa.Engine, token_hash: str) -> dt.datetime:
    with store.session(engine, read_only=True) as session:
        return session.get_one(UserSession, token_hash).last_seen_at


def test_both_are_read_in_one_transaction(engine: sa.Engine, token_hash: str) -> None:
    with store.session(engine) as session:
        raise_data_version(session)
    begun: list[object] = []

    def note(connection: sa.Connection) -> None:
        begun.append(connection)

    sa.event.listen(engine, "begin", note)
    found = read_beginning(engine, token_hash)
    sa.event.remove(engine, "begin", note)

    assert len(begun) == 1
    assert found.person == accounts.read_session(engine, token_hash)
    assert found.person is not None
    row = read_data_version(engine)
    assert row is not None
    assert dict(found.version._mapping) == row.model_dump()


def test_a_version_is_there_as_soon_as_something_was_loaded_signed_in_or_not(engine: sa.Engine) -> None:
    empty = read_beginning(engine, None)
    with store.session(engine) as session:
        raise_data_version(session)
    told = [read_beginning(engine, token) for token in (None, "f" * 64)]

    assert (empty.person, empty.version) == (None, None)
    assert [(found.person, found.version.version) for found in told] == [(None, 1)] * 2


@pytest.mark.parametrize(
    "change",
    [
        sa.update(UserSession).values(revoked_at=utc_now()),
        sa.update(UserSession).values(expires_at=utc_now()),
        sa.update(UserSession).values(last_seen_at=LONG_AGO),
        sa.update(UserSession).values(last_seen_at=utc_now() + dt.timedelta(hours=1)),
        sa.update(User).values(active=False),
    ],
    ids=["ended", "too old", "unused", "of tomorrow", "closed"],
)
def test_a_session_that_is_over_opens_nothing_at_the_next_run(
    change: sa.Update, engine: sa.Engine, token_hash: str
) -> None:
    before = read_beginning(engine, token_hash)
    with store.session(engine) as session:
        session.execute(change)

    after = read_beginning(engine, token_hash)

    assert before.person is not None
    assert after.person is None
    assert accounts.read_session(engine, token_hash) is None


def test_another_role_counts_at_the_next_run(engine: sa.Engine, token_hash: str) -> None:
    before = read_beginning(engine, token_hash)
    with store.session(engine) as session:
        session.execute(sa.update(User).where(col(User.username) == "minh").values(role="administrator"))

    after = read_beginning(engine, token_hash)

    assert (before.person and before.person.role, after.person and after.person.role) == ("leader", "administrator")


@pytest.mark.parametrize("is_use", [True, False])
def test_a_session_in_use_is_noted_once_a_minute(is_use: bool, engine: sa.Engine, token_hash: str) -> None:
    seen = utc_now() - dt.timedelta(minutes=2)
    with store.session(engine) as session:
        session.execute(sa.update(UserSession).values(last_seen_at=seen))

    read_beginning(engine, token_hash, is_use=is_use)
    noted = last_seen(engine, token_hash)
    read_beginning(engine, token_hash, is_use=is_use)

    assert (noted > seen) is is_use
    assert last_seen(engine, token_hash) == noted
