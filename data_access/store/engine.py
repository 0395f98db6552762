"""Opening the store, working in it within a transaction, bringing it up to date."""

from __future__ import annotations

import contextlib
import logging
import os
import pathlib
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any, Literal

import alembic.command
import alembic.config
import sqlalchemy as sa
from sqlmodel import Session

from data_access import settings
from data_access.store import seals
from data_access.store.arrow import SQLITE_BUSY_MS, close_connections, declaration, file_identity

MIGRATIONS = pathlib.Path(__file__).resolve().parent / "migrations"

Turn = Literal["migration", "register", "audit"]
"""What one transaction at a time may write. Who takes several takes them in this order."""

# Any numbers will do, as long as every process asks for the same ones.
_TURNS: Mapping[Turn, int] = {"migration": 7_240_151, "register": 0x4B50_4952, "audit": 0x4B50_4941}

_POSTGRESQL_SETTINGS = (
    "SET statement_timeout = '60s'",
    "SET lock_timeout = '10s'",
    "SET idle_in_transaction_session_timeout = '5min'",
    "SET timezone = 'UTC'",
)

_log = logging.getLogger("agreements.store")
_engines: dict[str, sa.Engine] = {}
_engines_lock = threading.Lock()
_migration_lock = threading.Lock()


Store = sa.Engine
"""What stands for a store wherever it is only handed on: pages know it by this name, and nothing of what it is made of."""


def get_engine(url: str | None = None) -> sa.Engine:
    """The engine for `url` (by default the one `DATABASE_URL` asks for), the same one for the same address.

    A SQLite file's folder is created where it is missing, for its owner alone, as the file is. Raises `SettingsError` for an
    address that cannot be used.
    """
    address = settings.load().database_url if url is None else settings.normalise_url(url)
    with _engines_lock:
        if address not in _engines:
            _engines[address] = _sqlite(address) if address.startswith("sqlite") else _postgresql(address)
        return _engines[address]


def close(engine: sa.Engine) -> None:
    """Closes every connection to the store; using the engine again opens new ones."""
    close_connections(engine)
    engine.dispose()


@contextlib.contextmanager
def session(engine: sa.Engine, *, read_only: bool = False) -> Iterator[Session]:
    """A session in one transaction: committed when the block ends well, rolled back when it raises.

    On SQLite a writing session takes the write lock at its first statement, so that what it read still holds when it
    writes; other writers wait. A `read_only` one waits for nobody, and the store refuses its writes. Objects stay
    readable after the session is closed.
    """
    bind = engine.execution_options(postgresql_readonly=True, sqlite_read_only=True) if read_only else engine
    with Session(bind, expire_on_commit=False) as opened, opened.begin():
        yield opened


@contextlib.contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A connection in one transaction that waits for nobody and may not write: for what every run of a page reads."""
    with engine.execution_options(postgresql_readonly=True, sqlite_read_only=True).connect() as connection:
        yield connection


def engine_of(session: Session) -> sa.Engine:
    """The engine a session works on: for reading by the side what has been committed."""
    bind = session.get_bind()
    return bind if isinstance(bind, sa.Engine) else bind.engine


def act_for(session: Session, agency: str) -> None:
    """Declare that the rest of this transaction acts for an agency.

    PostgreSQL then shows and takes rows of that agency only, whatever a statement asks for: a condition forgotten in our code,
    or an id taken from a forged request, meets nothing. SQLite has no such wall; there our own conditions stand alone.
    """
    session.flush()  # what is pending was asked for before
    if session.get_bind().dialect.name == "postgresql":
        session.execute(declaration(agency))


def own_drafts_only(session: Session, username: str) -> None:
    """Declare that the rest of this transaction looks at drafts for an account: PostgreSQL then shows and takes no other's.

    Raises `ValueError` for an empty name, which would stand for nobody in particular.
    """
    if not username:
        raise ValueError("an account has a name")
    session.flush()
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.select(sa.func.set_config("kpi.account", username, True)))


@contextlib.contextmanager
def whole_register(session: Session) -> Iterator[None]:
    """Within a transaction that acts for an agency, a look at all rows: for what has to be counted over every agency."""
    if session.get_bind().dialect.name != "postgresql":
        yield
        return
    session.flush()
    setting = sa.func.current_setting("kpi.agency", True)
    agency = session.execute(sa.select(sa.func.coalesce(setting, ""))).scalar_one()
    session.execute(sa.select(sa.func.set_config("kpi.agency", "", True)))
    yield  # after an error there is no going on: the transaction is rolled back, and the declaration with it
    session.flush()
    session.execute(sa.select(sa.func.set_config("kpi.agency", agency, True)))


def take_turn(within: Session | sa.Connection, what: Turn) -> None:
    """Wait until no other transaction writes this; none will until this one ends. SQLite has one writer at a time anyway."""
    if isinstance(within, Session):
        within.flush()  # a turn is not held while waiting for rows
    connection = within.connection() if isinstance(within, Session) else within
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_TURNS[what])))


def is_above_policies(engine: sa.Engine) -> bool:
    """Whether the store does not hold this connection to `act_for`: PostgreSQL lets superusers and their like pass."""
    if engine.dialect.name != "postgresql":
        return False
    exempt = sa.text("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
    with engine.connect() as connection:
        return bool(connection.execute(exempt).scalar_one())


def migrate(engine: sa.Engine, *, to: str = "head") -> None:
    """Brings the store's tables to the newest form (or that of the revision `to`); does nothing where they are. Two processes
    may do so at once."""
    config = alembic.config.Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with _migration_lock, engine.begin() as connection:  # on SQLite this takes the write lock
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
            connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
        take_turn(connection, "migration")
        config.attributes["connection"] = connection
        alembic.command.upgrade(config, to)


# --- SQLite ----------------------------------------------------------------------------------------------------------


def _sqlite(address: str) -> sa.Engine:
    path = pathlib.Path(str(sa.make_url(address).database))
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    engine = sa.create_engine(
        address,
        connect_args={"timeout": SQLITE_BUSY_MS / 1000, "check_same_thread": False},
        pool_size=5,
        max_overflow=15,
        pool_timeout=30,
    )

    @sa.event.listens_for(engine, "do_connect")
    def keep_private(*_arguments: object) -> None:
        _keep_private(path)

    @sa.event.listens_for(engine, "connect")
    def configure(driver: sqlite3.Connection, record: Any) -> None:
        driver.isolation_level = None  # Python's own BEGIN comes too late and is never IMMEDIATE
        _use_write_ahead_log(driver)
        seals.add_function(driver)
        driver.execute("PRAGMA synchronous = FULL")
        driver.execute("PRAGMA foreign_keys = ON")
        record.info["file"] = file_identity(str(path))

    @sa.event.listens_for(engine, "checkout")
    def check_file(driver: sqlite3.Connection, record: Any, proxy: Any) -> None:
        if record.info.get("file") != file_identity(str(path)):  # a backup was put in its place
            raise sa.exc.DisconnectionError(f"{path.name} is another file now")

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        read_only = connection.get_execution_options().get("sqlite_read_only", False)
        connection.exec_driver_sql(f"PRAGMA query_only = {'ON' if read_only else 'OFF'}")
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

    return engine


def _keep_private(path: pathlib.Path) -> None:
    """Make the file for its owner alone, or take away what others may do with it and with what SQLite keeps beside it.

    SQLite gives `-wal` and `-shm` the permissions of the file. A file that is there is not opened for this: closing it again
    would let go of the locks that this process holds on it.
    """
    with contextlib.suppress(OSError):  # it is there already, or cannot be made, which SQLite says better
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    narrowed = []
    for kept in (path, *(path.with_name(path.name + suffix) for suffix in ("-wal", "-shm", "-journal"))):
        try:
            mode = kept.stat().st_mode
            if mode & 0o077:
                kept.chmod(mode & 0o700)
                narrowed.append(kept.name)
        except FileNotFoundError:
            continue
        except OSError as error:
            _log.warning("others may have access to %s, which cannot be changed: %s", kept.name, error.strerror)
    if narrowed:
        _log.warning("others had access to %s; now its owner alone has", ", ".join(narrowed))


def _use_write_ahead_log(driver: sqlite3.Connection) -> None:
    """Switches the file to WAL, where it then stays. The switch itself does not wait for other processes: we do."""
    give_up = time.monotonic() + SQLITE_BUSY_MS / 1000
    while True:
        try:
            if driver.execute("PRAGMA journal_mode").fetchone() != ("wal",):
                driver.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > give_up:
                raise
            time.sleep(0.05)


# --- PostgreSQL ------------------------------------------------------------------------------------------------------


def _postgresql(address: str) -> sa.Engine:
    engine = sa.create_engine(
        address,
        connect_args={"connect_timeout": 10},
        pool_pre_ping=True,
        pool_size=5,
        max_overflow=10,
        pool_timeout=30,
        pool_recycle=1800,
    )

    @sa.event.listens_for(engine, "connect")
    def configure(driver: Any, record: Any) -> None:
        for setting in _POSTGRESQL_SETTINGS:
            driver.execute(setting)
        driver.commit()

    return engine
