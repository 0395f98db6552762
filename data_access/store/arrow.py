"""Frames out of the store and into it, in bulk: Arrow through ADBC for reading PostgreSQL, COPY or executemany for writing.

Reading goes through connections of its own, so rows that an open session has not committed yet are not seen here;
commit first, then read. SQLite is read by the library that writes it: its locks hold between processes and within one library,
not between two libraries of one process (ADBC brings its own), where a checkpoint would write over what is being read.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import queue
import sqlite3
import threading
import urllib.parse
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import adbc_driver_manager
import polars as pl
import pyarrow as pa
import sqlalchemy as sa
from sqlmodel import Session, SQLModel

from data_access.store import seals
from data_access.store.written_out import compile_statement

Schema = Mapping[str, pl.DataType | type[pl.DataType]]
Read = Callable[..., pl.DataFrame]
Told = Callable[[int], object]
"""Hears how many more rows have been written."""

IDLE_CONNECTIONS = 4
SQLITE_BUSY_MS = 10_000
STATEMENT_TIMEOUT_MS = 120_000
ROWS_PER_INSERT = 50_000
FEW_ROWS = 1_000
"""So many are sealed one by one sooner than in bulk."""

ROWS_PER_FETCH = 20_000
"""Rows of SQLite are objects of Python until their columns are made, so many at a time."""

if TYPE_CHECKING:
    from adbc_driver_manager import dbapi

    Connection = dbapi.Connection | sqlite3.Connection

_DTYPES: tuple[tuple[type[sa.types.TypeEngine[Any]], pl.DataType], ...] = (
    (sa.Boolean, pl.Boolean()),
    (sa.Integer, pl.Int64()),
    (sa.Float, pl.Float64()),
    (sa.Numeric, pl.Float64()),
    (sa.DateTime, pl.Datetime("us")),
    (sa.Date, pl.Date()),
    (sa.String, pl.String()),
)


def read_frame(
    engine: sa.Engine, statement: sa.sql.Executable, schema: Schema | None = None, *, agency: str | None = None
) -> pl.DataFrame:
    """The rows `statement` selects, as a frame with the same columns and dtypes on both stores.

    Dtypes follow the SQL types of the selected columns: Boolean, Int64, Float64, Date, Datetime (microseconds, UTC,
    without zone) or String; `schema` sets them for columns whose type SQLAlchemy does not know. Raises `TypeError` for
    such a column left open, `ValueError` for two columns of one name. Only committed rows are seen, and with an `agency`
    only its own (see `engine.act_for`).
    """
    if agency is not None:
        with snapshot(engine, agency=agency) as read:
            return read(statement, schema)
    with _connections(engine).borrowed() as connection:
        return _fetch(connection, engine, statement, schema)


@contextlib.contextmanager
def snapshot(engine: sa.Engine, *, agency: str | None = None) -> Iterator[Read]:
    """A function `read(statement, schema=None)` whose every call sees the store as it was at the first one.

    For frames that must fit together: a batch applied between two reads is in all of them or in none. What is read for
    an `agency` is declared to be (see `engine.act_for`).
    """
    begin = "BEGIN" if engine.dialect.name == "sqlite" else "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
    with _connections(engine).borrowed() as connection:
        _run(connection, begin)
        if agency is not None and engine.dialect.name == "postgresql":
            _run(connection, compile_statement(engine, declaration(agency)))
        yield lambda statement, schema=None: _fetch(connection, engine, statement, schema)
        _run(connection, "COMMIT")


def declaration(agency: str) -> sa.Select[tuple[str]]:
    """The statement by which a transaction on PostgreSQL declares for whom it acts, until it ends.

    Raises `ValueError` for an empty key, which would stand for nobody in particular.
    """
    if not agency:
        raise ValueError("an agency that is acted for has a key")
    return sa.select(sa.func.set_config("kpi.agency", agency, True))


def table_of(model: type[SQLModel]) -> sa.Table:
    """The table a model stands for, for statements without ORM objects."""
    return SQLModel.metadata.tables[str(model.__tablename__)]


def close_connections(engine: sa.Engine) -> None:
    """Closes the Arrow connections kept for `engine`; the next read opens new ones."""
    with _pools_lock:
        pool = _pools.pop(_key(engine), None)
    if pool is not None:
        pool.close()


# --- Connections -----------------------------------------------------------------------------------------------------


class _Connections:
    """Connections for reading one store, each used by one thread at a time and kept open in between."""

    def __init__(self, engine: sa.Engine) -> None:
        self._url = engine.url
        self._idle: queue.LifoQueue[tuple[Connection, object]] = queue.LifoQueue(IDLE_CONNECTIONS)
        self._closed = False

    @contextlib.contextmanager
    def borrowed(self) -> Iterator[Connection]:
        connection, identity = self._take()
        try:
            yield connection
        except BaseException:
            connection.close()  # it may be broken, or inside a transaction
            raise
        if self._closed:
            connection.close()
            return
        try:
            self._idle.put_nowait((connection, identity))
        except queue.Full:
            connection.close()

    def close(self) -> None:
        self._closed = True
        while True:
            try:
                connection, _ = self._idle.get_nowait()
            except queue.Empty:
                return
            connection.close()

    def _take(self) -> tuple[Connection, object]:
        while True:
            try:
                connection, identity = self._idle.get_nowait()
            except queue.Empty:
                return self._open()
            if self._usable(connection, identity):
                return connection, identity
            connection.close()

    def _usable(self, connection: Connection, identity: object) -> bool:
        """Whether an idle connection still leads to the store: it may have been restarted, or its file replaced."""
        if self._url.get_backend_name() == "sqlite":
            return identity == file_identity(str(self._url.database))
        try:
            _run(connection, "SELECT 1")
        except adbc_driver_manager.Error:
            return False
        return True

    def _open(self) -> tuple[Connection, object]:
        if self._url.get_backend_name() == "sqlite":
            path = str(self._url.database)
            connection: Connection = sqlite3.connect(
                f"file:{urllib.parse.quote(path)}?mode=rw", uri=True, isolation_level=None, check_same_thread=False
            )
            settings = [f"PRAGMA busy_timeout = {SQLITE_BUSY_MS}", "PRAGMA query_only = ON"]
            identity: object = file_identity(path)
        else:
            # It brings pandas along: a third of a second that nobody waits for who reads SQLite.
            import adbc_driver_postgresql.dbapi

            uri = self._url.set(drivername="postgresql").render_as_string(hide_password=False)
            connection = adbc_driver_postgresql.dbapi.connect(uri, autocommit=True)
            settings = [
                "SET standard_conforming_strings = on",
                "SET default_transaction_read_only = on",
                f"SET statement_timeout = {STATEMENT_TIMEOUT_MS}",
            ]
            identity = None
        try:
            for setting in settings:
                _run(connection, setting)
        except BaseException:
            connection.close()
            raise
        return connection, identity


_pools: dict[str, _Connections] = {}
_pools_lock = threading.Lock()


def file_identity(path: str) -> tuple[int, int] | None:
    """What tells one file from another that took its name; None where there is no file."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _key(engine: sa.Engine) -> str:
    return engine.url.render_as_string(hide_password=False)


def _connections(engine: sa.Engine) -> _Connections:
    with _pools_lock:
        return _pools.setdefault(_key(engine), _Connections(engine))


@atexit.register
def _close_everything() -> None:
    with _pools_lock:
        pools = list(_pools.values())
        _pools.clear()
    for pool in pools:
        pool.close()


def _run(connection: Connection, sql: str) -> None:
    with contextlib.closing(connection.cursor()) as cursor:
        cursor.execute(sql)


# --- Reading ---------------------------------------------------------------------------------------------------------


def _fetch(
    connection: Connection, engine: sa.Engine, statement: sa.sql.Executable, schema: Schema | None
) -> pl.DataFrame:
    dtypes = _columns(statement, schema)
    with contextlib.closing(connection.cursor()) as cursor:
        cursor.execute(compile_statement(engine, statement))
        width = len(cursor.description or ())
        if len(dtypes) != width:
            raise ValueError(f"the statement gives {width} columns, the schema names {len(dtypes)}")
        return _of_rows(cursor, dtypes) if isinstance(cursor, sqlite3.Cursor) else _of_arrow(cursor, dtypes)


def _of_arrow(cursor: dbapi.Cursor, dtypes: dict[str, pl.DataType]) -> pl.DataFrame:
    table = cursor.fetch_arrow_table()
    # A damaged text that is no UTF-8 is not looked at by Polars and ends the process somewhere later.
    table.validate(full=True)
    return pl.DataFrame(
        [_series(name, column, dtypes[name]) for name, column in zip(dtypes, table.columns, strict=True)]
    )


def _of_rows(cursor: sqlite3.Cursor, dtypes: dict[str, pl.DataType]) -> pl.DataFrame:
    parts = []
    while rows := cursor.fetchmany(ROWS_PER_FETCH):
        columns = zip(dtypes.items(), zip(*rows, strict=True), strict=True)
        parts.append(pl.DataFrame([_of_values(name, values, dtype) for (name, dtype), values in columns]))
    return pl.concat(parts, rechunk=True) if parts else pl.DataFrame(schema=dtypes)


def _of_values(name: str, values: Sequence[object], dtype: pl.DataType) -> pl.Series:
    """What SQLite keeps, as `dtype`: days and moments are texts there, truths are numbers. Raises `TypeError` for others."""
    kept = pl.String() if dtype.is_temporal() else pl.Int64() if dtype == pl.Boolean else dtype
    return _cast(pl.Series(name, values, kept), dtype)


def _columns(statement: sa.sql.Executable, schema: Schema | None) -> dict[str, pl.DataType]:
    given = {name: dtype if isinstance(dtype, pl.DataType) else dtype() for name, dtype in (schema or {}).items()}
    selected = getattr(statement, "selected_columns", None)
    if selected is None:  # a textual statement
        if not given:
            raise TypeError("a textual statement needs a schema with every column, in order")
        return given
    names = [column.name for column in selected]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ValueError(f"the statement selects several columns called {', '.join(repeated)}; label them apart")
    return {column.name: given.get(column.name) or _dtype(column) for column in selected}


def _dtype(column: sa.ColumnElement[Any]) -> pl.DataType:
    sql_type: sa.types.TypeEngine[Any] = column.type
    if isinstance(sql_type, sa.types.TypeDecorator):
        sql_type = sql_type.impl_instance
    for known, dtype in _DTYPES:
        if isinstance(sql_type, known):
            return dtype
    raise TypeError(f"column {column.name!r} has no known SQL type: cast it, or name its dtype in `schema`")


def _series(name: str, column: pa.ChunkedArray, dtype: pl.DataType) -> pl.Series:
    """`column` as `dtype`, whatever type the driver chose for it."""
    if isinstance(column.type, pa.BaseExtensionType):  # PostgreSQL's numeric arrives as marked text
        column = pa.chunked_array([chunk.storage for chunk in column.chunks], type=column.type.storage_type)
    series = pl.Series(name, column)
    if series.null_count() == len(series):
        return pl.Series(name, [None], dtype=dtype).new_from_index(0, len(series))
    return _cast(series, dtype)


def _cast(series: pl.Series, dtype: pl.DataType) -> pl.Series:
    if series.dtype == pl.String and isinstance(dtype, pl.Date):
        return series.str.to_date("%Y-%m-%d")
    if series.dtype == pl.String and isinstance(dtype, pl.Datetime):
        return series.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us")
    return series.cast(dtype)


# --- Writing ---------------------------------------------------------------------------------------------------------


def write_frame(session: Session, model: type[SQLModel], frame: pl.DataFrame, *, told: Told | None = None) -> int:
    """Adds every row of `frame` to `model`'s table within the session's transaction; gives the number of rows.

    Columns left out take the model's default; ids in the frame are kept, and PostgreSQL's counter moves past them. NaN
    is stored as null. `told` hears of each slice that is written. Raises `ValueError` for columns the table does not have; the
    store's own checks raise as usual.
    """
    table = table_of(model)
    unknown = [name for name in frame.columns if name not in table.columns]
    if unknown:
        raise ValueError(f"table {table.name} has no column {', '.join(unknown)}")
    if frame.is_empty():
        return 0
    session.flush()
    rows = _with_defaults(model, table, frame).with_columns(pl.col(pl.Float32, pl.Float64).fill_nan(None))
    write_rows(session.connection(), table, rows, told=told)
    return len(rows)


def write_rows(connection: sa.Connection, table: sa.Table, rows: pl.DataFrame, *, told: Told | None = None) -> None:
    """Adds rows to a table as they are, within the connection's transaction; PostgreSQL's counter moves past their ids."""
    if connection.dialect.name == "sqlite":
        _insert_sqlite(connection, table, rows, told)
    else:
        _copy_postgresql(connection, table, rows, told)


def _with_defaults(model: type[SQLModel], table: sa.Table, frame: pl.DataFrame) -> pl.DataFrame:
    defaults = []
    for column in table.columns:
        field = model.model_fields[column.name]
        if column.name in frame.columns or field.is_required():
            continue
        value = field.get_default(call_default_factory=True)
        if value is not None:
            defaults.append(pl.lit(value, dtype=_dtype(column)).alias(column.name))
    filled = frame.with_columns(defaults)
    counted = table.autoincrement_column
    if counted is not None and counted.name in filled.columns and filled[counted.name].null_count() == len(filled):
        filled = filled.drop(counted.name)  # the store numbers the rows
    return filled


def _insert_sqlite(connection: sa.Connection, table: sa.Table, rows: pl.DataFrame, told: Told | None) -> None:
    stored = rows.with_columns(
        pl.col(pl.Date).dt.to_string("%Y-%m-%d"),
        pl.col(pl.Datetime).dt.to_string("%Y-%m-%d %H:%M:%S%.6f"),
        pl.col(pl.Boolean).cast(pl.Int8),
    )
    quote = connection.dialect.identifier_preparer.quote
    names = ", ".join(quote(name) for name in stored.columns)
    places = ", ".join("?" * stored.width)
    sql = f"INSERT INTO {quote(table.name)} ({names}) VALUES ({places})"
    in_bulk = len(rows) > FEW_ROWS and _come_last(connection, table, rows)
    with seals.in_bulk(connection, table) if in_bulk else contextlib.nullcontext(int) as seal:
        for part in stored.iter_slices(ROWS_PER_INSERT):
            connection.exec_driver_sql(sql, part.rows())
            seal()
            if told is not None:
                told(len(part))


def _come_last(connection: sa.Connection, table: sa.Table, rows: pl.DataFrame) -> bool:
    """Whether SQLite's own numbers of these rows are above those there are, and ascend: the ids, or what it gives them."""
    key = list(table.primary_key.columns)
    if len(key) > 1 or not isinstance(key[0].type, sa.Integer) or key[0].name not in rows.columns:
        return True
    ids = rows[key[0].name]
    highest = connection.execute(sa.select(sa.func.max(key[0]))).scalar() or 0
    return ids.null_count() == 0 and ids.is_sorted() and ids[0] > highest


def _copy_postgresql(connection: sa.Connection, table: sa.Table, rows: pl.DataFrame, told: Told | None) -> None:
    quote = connection.dialect.identifier_preparer.quote
    names = ", ".join(quote(name) for name in rows.columns)
    target = quote(table.name)
    driver: Any = connection.connection.driver_connection
    patience = connection.exec_driver_sql("SHOW statement_timeout").scalar_one()
    connection.exec_driver_sql("SET LOCAL statement_timeout = 0")  # a million rows take their time
    # COPY does not go where policies look at each row: the rows are laid down beside the table and taken over from there.
    guarded = connection.execute(sa.select(sa.func.row_security_active(target))).scalar_one()
    laid_down = "pg_temp.incoming" if guarded else target
    if guarded:
        connection.exec_driver_sql(f"CREATE TEMPORARY TABLE incoming AS SELECT {names} FROM {target} WITH NO DATA")
    try:
        with (
            driver.cursor() as cursor,
            cursor.copy(f"COPY {laid_down} ({names}) FROM STDIN (FORMAT csv)") as copy,
        ):
            for part in rows.iter_slices(ROWS_PER_INSERT):
                # Text is always quoted, so that an empty text is not read back as null.
                copy.write(part.write_csv(include_header=False, quote_style="non_numeric"))
                if told is not None:
                    told(len(part))
    except connection.dialect.dbapi.Error as error:  # type: ignore[union-attr]
        raise sa.exc.DBAPIError.instance("COPY", None, error, connection.dialect.dbapi.Error) from error  # type: ignore[union-attr]
    if guarded:
        in_order = f"SELECT {names} FROM {laid_down} ORDER BY ctid"
        connection.exec_driver_sql(f"INSERT INTO {target} ({names}) {in_order}")
        connection.exec_driver_sql(f"DROP TABLE {laid_down}")
    connection.exec_driver_sql(f"SET LOCAL statement_timeout = '{patience}'")
    counted = table.autoincrement_column
    if counted is not None and counted.name in rows.columns:
        connection.execute(
            sa.text(
                "SELECT setval(s.name::regclass, GREATEST(:highest, (SELECT last_value FROM pg_sequences "
                "WHERE quote_ident(schemaname) || '.' || quote_ident(sequencename) = s.name))) "
                "FROM (SELECT pg_get_serial_sequence(:table, :column) AS name) s WHERE s.name IS NOT NULL"
            ),
            {"highest": rows[counted.name].max(), "table": target, "column": counted.name},
        )
