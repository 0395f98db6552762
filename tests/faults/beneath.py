"""Changes to a store that go past its triggers, as a fault makes them."""

from __future__ import annotations

import pathlib
import sqlite3

import sqlalchemy as sa

from data_access import store


def change_beneath(engine: sa.Engine, *statements: str) -> None:
    """Carry out statements without any trigger taking notice."""
    if engine.dialect.name == "postgresql":
        with engine.begin() as connection:
            tables = sa.inspect(connection).get_table_names()
            for how, during in (("DISABLE", statements), ("ENABLE", ())):
                for table in tables:
                    connection.exec_driver_sql(f"ALTER TABLE {table} {how} TRIGGER USER")
                for statement in during:
                    connection.exec_driver_sql(statement)
        return
    driver = sqlite3.connect(path_of(engine), isolation_level=None)
    driver.execute("PRAGMA foreign_keys = OFF")
    triggers = driver.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
    for name, _ in triggers:
        driver.execute(f"DROP TRIGGER {name}")
    for statement in statements:
        driver.execute(statement)
    for _, sql in triggers:
        driver.execute(sql)
    driver.close()


def path_of(engine: sa.Engine) -> pathlib.Path:
    """The file of a SQLite store."""
    return pathlib.Path(str(engine.url.database))


def flip_bit(path: pathlib.Path, position: int) -> None:
    """Turn one bit of a file, counted from its beginning."""
    with path.open("r+b") as opened:
        opened.seek(position // 8)
        byte = opened.read(1)[0]
        opened.seek(position // 8)
        opened.write(bytes([byte ^ (1 << position % 8)]))


def copied(engine: sa.Engine, path: pathlib.Path) -> pathlib.Path:
    """A closed SQLite store's file, copied; the log is folded into it first."""
    store.close(engine)
    path.write_bytes(path_of(engine).read_bytes())
    return path
