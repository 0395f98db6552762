"""Row seals: a hash over every row, kept by the store itself, so that rows changed by a fault are found.

A database file that lost a bit on a disk, in a cable or in memory is still read without complaint: `PRAGMA integrity_check`
looks at the structure of the file, not at what stands in it. So triggers write into `rowseal`, in the statement that writes a
row, the first 64 bits of a SHA-256 over all its columns. `check` computes them again.

- A PostgreSQL server with page checksums (the default from 18 on) finds such a page itself when it reads it. There the seals
  give way: `install` makes none, and takes away those that are there.
- A row that is not as sealed when it is next written keeps a seal that fits nothing (`BROKEN`): a change made by a fault is never
  taken for ours, however often the row is written afterwards.
- The seals need no key. They find accidents; whoever can write to the store on purpose can write a seal too. People are what the
  chained audit is for (`data_access.audit`).
- On SQLite the triggers call the function `row_seal`, which `data_access.store` gives each of its connections. A program that
  brings none can read the file, and is refused when it writes.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import logging
import sqlite3
from collections.abc import Callable, Iterator, Sequence

import sqlalchemy as sa
from sqlmodel import SQLModel

BROKEN = "broken"
KEY_SEPARATOR = "\x1f"
NOT_SEALED = frozenset(
    {"rowseal", "usersession", "signinticket", "signinattempt", "knownbrowser", "uploaddraft", "uploaddraftfile"}
)
"""Tables without seals: rewritten at every run of a page, and no figure depends on them."""

MOST_NAMED = 20
"""So many rows of one table are named; the others are counted."""

_log = logging.getLogger("agreements.store")

_EVENTS = ("insert", "update", "delete")
_PREFIX = "seal_"

_INTO = "INSERT INTO rowseal (table_name, row_key, seal)"
# A seal that is there already belongs to a row that was lost without being deleted.
_CONFLICT = f"ON CONFLICT (table_name, row_key) DO UPDATE SET seal = '{BROKEN}'"

# Texts must be the same whatever a server is set to; moments are without zone.
_POSTGRESQL_FORMATS = (("datestyle", "ISO, YMD"), ("extra_float_digits", "1"), ("bytea_output", "hex"))

_POSTGRESQL_FUNCTION = """
CREATE OR REPLACE FUNCTION row_seal(content text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$ SELECT substr(encode(sha256(convert_to(content, 'UTF8')), 'hex'), 1, 16) $$
"""


@dataclasses.dataclass(frozen=True)
class Damage:
    """Something that is not as sealed: `kind` is `changed`, `lost` (a seal without its row), `unsealed` (a row without seal),
    `unreadable` or `unguarded` (the triggers are not as they should be). `rows` are keys, the first `MOST_NAMED` of `count`."""

    table: str
    kind: str
    count: int
    rows: tuple[str, ...] = ()
    detail: str = ""


@dataclasses.dataclass(frozen=True)
class _Sealed:
    """A table with seals: its columns in the store's order and those of its key."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]


def add_function(driver: sqlite3.Connection) -> None:
    """Give a SQLite connection the function its triggers call."""
    driver.execute("PRAGMA trusted_schema = ON")  # triggers may call functions of ours
    driver.create_function("row_seal", 1, _row_seal, deterministic=True)


def _row_seal(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def has_page_checksums(connection: sa.Connection) -> bool:
    """Whether the server finds damaged pages itself, so that rows go without seals."""
    if connection.dialect.name != "postgresql":
        return False
    return bool(connection.exec_driver_sql("SHOW data_checksums").scalar_one() == "on")


def install(connection: sa.Connection) -> None:
    """Make the triggers of every table that is to have seals, and seal its rows, where its triggers are not those its columns
    ask for; take all away where the server has page checksums. Does nothing in a store from before there were seals. The caller
    commits."""
    if not sa.inspect(connection).has_table("rowseal"):
        return
    if has_page_checksums(connection):
        _give_way(connection)
        return
    if connection.dialect.name == "postgresql":
        _log.warning(
            "the PostgreSQL server keeps no page checksums: rows are sealed instead, which makes writing slower"
        )
    prepare(connection)
    found = _triggers(connection)
    for table in _tables(connection):
        wanted = _definitions(connection, table)
        present = found.get(table.name, {})
        if present.keys() == wanted.keys():
            continue
        _drop(connection, table, present)
        _make(connection, wanted)
        _renew(connection, table)


def _give_way(connection: sa.Connection) -> None:
    """Take away every trigger and seal that an older program made, or this one before the server had checksums."""
    made = "SELECT proname FROM pg_proc WHERE pronamespace = current_schema()::regnamespace AND prorettype = 'trigger'::regtype"
    functions = [name for name in connection.exec_driver_sql(made).scalars() if name.startswith(_PREFIX)]
    if functions:
        for name in functions:
            connection.exec_driver_sql(f"DROP FUNCTION {name}() CASCADE")  # its trigger goes with it
        connection.exec_driver_sql("DROP FUNCTION row_seal(text)")
        connection.exec_driver_sql("TRUNCATE rowseal")


def _renew(connection: sa.Connection, table: _Sealed) -> None:
    """Seal every row of a table as it stands, in place of the seals there are."""
    quoted = _quoted(connection, table.name)
    connection.execute(sa.text("DELETE FROM rowseal WHERE table_name = :name"), {"name": table.name})
    connection.exec_driver_sql(f"{_INTO} {_row(connection, table, 't')} FROM {quoted} AS t ORDER BY 2")


def renew_all(connection: sa.Connection) -> None:
    """Seal every row of every table as it stands, and put right the triggers that are not as they should be. The caller commits."""
    prepare(connection)
    for table in _tables(connection):
        present, wanted = _triggers(connection).get(table.name, {}), _definitions(connection, table)
        if _differs(connection, present, wanted):
            _drop(connection, table, present)
            _make(connection, wanted)
        _renew(connection, table)


@contextlib.contextmanager
def in_bulk(connection: sa.Connection, added_to: sa.Table) -> Iterator[Callable[[], None]]:
    """A function that seals, in one statement, the rows added to a SQLite table since the last call; meanwhile its trigger does
    not seal them one by one. For rows with ids above those there are. What fails within leaves neither row nor seal, and the
    trigger as it was."""
    table = _sealed(sa.inspect(connection), added_to)
    event, found = f"{_PREFIX}{table.name}_insert_", _triggers(connection).get(table.name, {})
    present = {name: text for name, text in found.items() if name.startswith(event)}
    if not present:  # nothing is sealed here
        yield lambda: None
        return
    quoted = _quoted(connection, table.name)
    highest = f"SELECT coalesce(max(rowid), 0) FROM {quoted}"
    above = connection.exec_driver_sql(highest).scalar_one()

    def seal() -> None:
        nonlocal above
        # In the order of their keys, so that each seal goes beside the last one.
        connection.exec_driver_sql(
            f"{_INTO} {_row(connection, table, 't')} FROM {quoted} AS t WHERE t.rowid > ? ORDER BY 2 {_CONFLICT}",
            (above,),
        )
        above = connection.exec_driver_sql(highest).scalar_one()

    with connection.begin_nested():
        _drop(connection, table, present)
        yield seal
        _make(connection, {name: [text] for name, text in present.items()})


# --- Checking --------------------------------------------------------------------------------------------------------


def check(connection: sa.Connection) -> list[Damage]:
    """Everything that is not as sealed, table by table. A table that cannot be read is named, and the others are checked.

    For a connection in a transaction that sees one state of the store.
    """
    prepare(connection)
    damage: list[Damage] = []
    triggers = _triggers(connection)
    for table in _tables(connection):
        if _differs(connection, triggers.get(table.name, {}), _definitions(connection, table)):
            damage.append(Damage(table.name, "unguarded", 1))
        try:
            with connection.begin_nested():
                damage.extend(_check_table(connection, table))
        except (sa.exc.DBAPIError, UnicodeDecodeError, sqlite3.Error) as error:
            reason = str(getattr(error, "orig", error)).splitlines()[0]
            damage.append(Damage(table.name, "unreadable", 1, detail=reason))
    return damage


def prepare(connection: sa.Connection) -> None:
    """Give the connection's transaction the forms in which rows are sealed, and the time that takes."""
    if connection.dialect.name == "postgresql":
        for name, value in (*_POSTGRESQL_FORMATS, ("statement_timeout", "0")):
            connection.exec_driver_sql(f"SET LOCAL {name} = '{value}'")


def _check_table(connection: sa.Connection, table: _Sealed) -> list[Damage]:
    name, quoted = table.name, _quoted(connection, table.name)
    key, seal = _key(connection, table, "t"), _seal(connection, table, "t")
    # The whole row is read from the table itself, wherever an index could answer.
    compared = connection.exec_driver_sql(
        f"SELECT {key} AS row_key, s.seal IS NULL AS unsealed FROM {quoted} AS t "
        f"LEFT JOIN rowseal AS s ON s.table_name = '{name}' AND s.row_key = {key} "
        f"WHERE s.seal IS NULL OR s.seal <> {seal}"
    ).all()
    lost = connection.exec_driver_sql(
        f"SELECT row_key FROM rowseal WHERE table_name = '{name}' EXCEPT SELECT {key} FROM {quoted} AS t"
    ).all()
    kinds: dict[str, list[str]] = {
        "changed": [row.row_key for row in compared if not row.unsealed],
        "unsealed": [row.row_key for row in compared if row.unsealed],
        "lost": [row.row_key for row in lost],
    }
    return [
        Damage(name, kind, len(keys), tuple(_readable(key) for key in keys[:MOST_NAMED]))
        for kind, keys in kinds.items()
        if keys
    ]


def _readable(key: str | None) -> str:
    return "?" if key is None else key.replace(KEY_SEPARATOR, " / ")


# --- Tables and triggers ---------------------------------------------------------------------------------------------


def _tables(connection: sa.Connection) -> list[_Sealed]:
    """Those that are to have seals, with the columns they have in this store."""
    inspector = sa.inspect(connection)
    present = set(inspector.get_table_names())
    return [
        _sealed(inspector, table)
        for table in SQLModel.metadata.sorted_tables
        if table.name in present and table.name not in NOT_SEALED
    ]


def _sealed(inspector: sa.Inspector, table: sa.Table) -> _Sealed:
    return _Sealed(
        str(table.name),
        tuple(column["name"] for column in inspector.get_columns(table.name)),
        tuple(column.name for column in table.primary_key.columns),
    )


def _triggers(connection: sa.Connection) -> dict[str, dict[str, str]]:
    """Our triggers there are: table -> name -> its text on SQLite, `O` where it is on in PostgreSQL."""
    if connection.dialect.name == "sqlite":
        sql = "SELECT tbl_name, name, sql FROM sqlite_master WHERE type = 'trigger'"
    else:
        sql = (
            "SELECT c.relname, t.tgname, t.tgenabled::text FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
            "WHERE NOT t.tgisinternal AND c.relnamespace = current_schema()::regnamespace"
        )
    found: dict[str, dict[str, str]] = {}
    for table, name, text in connection.exec_driver_sql(sql):
        if name.startswith(_PREFIX):
            found.setdefault(table, {})[name] = text
    return found


def _differs(connection: sa.Connection, present: dict[str, str], wanted: dict[str, list[str]]) -> bool:
    if connection.dialect.name == "sqlite":
        return present != {name: statements[-1] for name, statements in wanted.items()}
    return present != dict.fromkeys(wanted, "O")


def _drop(connection: sa.Connection, table: _Sealed, present: dict[str, str]) -> None:
    on = f" ON {_quoted(connection, table.name)}" if connection.dialect.name == "postgresql" else ""
    for name in present:
        connection.exec_driver_sql(f"DROP TRIGGER {name}{on}")


def _make(connection: sa.Connection, wanted: dict[str, list[str]]) -> None:
    for statements in wanted.values():
        for statement in statements:
            connection.exec_driver_sql(statement)


def _definitions(connection: sa.Connection, table: _Sealed) -> dict[str, list[str]]:
    """For each trigger by its name the statements that make it, itself last. The name changes with what it does."""
    make = _sqlite_trigger if connection.dialect.name == "sqlite" else _postgresql_trigger
    drafts = {event: make(connection, table, event, "{name}") for event in _EVENTS}
    signature = hashlib.sha256(repr((table, drafts)).encode()).hexdigest()[:8]
    named = {event: f"{_PREFIX}{table.name}_{event}_{signature}" for event in _EVENTS}
    return {name: make(connection, table, event, name) for event, name in named.items()}


def _sqlite_trigger(connection: sa.Connection, table: _Sealed, event: str, name: str) -> list[str]:
    quoted = _quoted(connection, table.name)
    new_key, old_key = _key(connection, table, "NEW"), _key(connection, table, "OLD")
    new_seal, old_seal = _seal(connection, table, "NEW"), _seal(connection, table, "OLD")
    this = f"table_name = '{table.name}' AND row_key = {old_key}"
    body = {
        "insert": f"{_INTO} VALUES ('{table.name}', {new_key}, {new_seal}) {_CONFLICT}",
        "update": f"UPDATE rowseal SET row_key = {new_key}, "
        f"seal = CASE WHEN seal = {old_seal} THEN {new_seal} ELSE '{BROKEN}' END WHERE {this}",
        "delete": f"DELETE FROM rowseal WHERE {this}",
    }[event]
    return [f"CREATE TRIGGER {name} AFTER {event.upper()} ON {quoted} BEGIN {body}; END"]


def _postgresql_trigger(connection: sa.Connection, table: _Sealed, event: str, name: str) -> list[str]:
    """One call for a statement, however many rows it wrote; made with the rights of who made the table."""
    quoted = _quoted(connection, table.name)
    old_key = _key(connection, table, "o")
    new_seal, old_seal = _seal(connection, table, "n"), _seal(connection, table, "o")
    same = " AND ".join(f"n.{_quoted(connection, part)} = o.{_quoted(connection, part)}" for part in table.key)
    body = {
        "insert": f"{_INTO} {_row(connection, table, 'n')} FROM new_rows AS n {_CONFLICT}",
        "update": f"UPDATE rowseal AS s SET seal = CASE WHEN s.seal = {old_seal} THEN {new_seal} ELSE '{BROKEN}' END "
        f"FROM old_rows AS o JOIN new_rows AS n ON {same} WHERE s.table_name = '{table.name}' AND s.row_key = {old_key}",
        "delete": f"DELETE FROM rowseal AS s USING old_rows AS o "
        f"WHERE s.table_name = '{table.name}' AND s.row_key = {old_key}",
    }[event]
    schema = connection.exec_driver_sql("SELECT quote_ident(current_schema())").scalar_one()
    formats = " ".join(f"SET {option} = '{value}'" for option, value in _POSTGRESQL_FORMATS)
    transition = {
        "insert": "NEW TABLE AS new_rows",
        "update": "OLD TABLE AS old_rows NEW TABLE AS new_rows",
        "delete": "OLD TABLE AS old_rows",
    }[event]
    function = f"{_PREFIX}{table.name}_{event}"
    return [
        _POSTGRESQL_FUNCTION,
        f"CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER "
        f"SET search_path = {schema}, pg_temp {formats} AS $$ BEGIN {body}; RETURN NULL; END $$",
        f"CREATE TRIGGER {name} AFTER {event.upper()} ON {quoted} REFERENCING {transition} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {function}()",
    ]


def _key(connection: sa.Connection, table: _Sealed, row: str) -> str:
    separator = "char(31)" if connection.dialect.name == "sqlite" else "chr(31)"
    parts = (f"CAST({row}.{_quoted(connection, name)} AS TEXT)" for name in table.key)
    return f" || {separator} || ".join(parts)


def _seal(connection: sa.Connection, table: _Sealed, row: str) -> str:
    """The seal of a row: over a text that differs wherever a value differs, also in its kind."""
    if connection.dialect.name == "postgresql":
        return f"row_seal({row}::text)"
    values: Sequence[str] = [f"quote({row}.{_quoted(connection, name)})" for name in table.columns]
    return f"row_seal(CAST({' || char(44) || '.join(values)} AS BLOB))"


def _row(connection: sa.Connection, table: _Sealed, row: str) -> str:
    """The beginning of a query for the rows of `rowseal`."""
    return f"SELECT '{table.name}', {_key(connection, table, row)}, {_seal(connection, table, row)}"


def _quoted(connection: sa.Connection, name: str) -> str:
    return connection.dialect.identifier_preparer.quote(name)
