"""What is wrong with the store when it refuses or does not answer, whichever of its drivers says so."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Final

import adbc_driver_manager
import pyarrow as pa
import sqlalchemy as sa

STORE_ERRORS: Final = (sa.exc.SQLAlchemyError, adbc_driver_manager.Error, sqlite3.Error, pa.ArrowInvalid)
"""What a read or a write raises where the store fails."""

KINDS: Final = ("unreachable", "busy", "slow", "full", "read_only", "damaged")

# PostgreSQL's codes, or the class they begin with (postgresql.org/docs/current/errcodes-appendix.html).
_STATES: Final = {
    "08": "unreachable",
    "57P": "unreachable",
    "28": "unreachable",
    "3D": "unreachable",
    "53300": "busy",
    "55P03": "busy",
    "40": "busy",
    "57014": "slow",
    "53100": "full",
    "53200": "full",
    "54": "full",
    "25006": "read_only",
    "42501": "read_only",
    "XX": "damaged",
    "58": "damaged",
}
_SQLITE_NAMES: Final = {
    "SQLITE_BUSY": "busy",
    "SQLITE_LOCKED": "busy",
    "SQLITE_FULL": "full",
    "SQLITE_IOERR": "damaged",
    "SQLITE_READONLY": "read_only",
    "SQLITE_PERM": "read_only",
    "SQLITE_CANTOPEN": "unreachable",
    "SQLITE_CORRUPT": "damaged",
    "SQLITE_NOTADB": "damaged",
}
# What comes with neither: PostgreSQL's errors by the Arrow driver, and what Python says of SQLite by itself.
_SENTENCES: Final = {
    "database is locked": "busy",
    "database table is locked": "busy",
    "database or disk is full": "full",
    "readonly database": "read_only",
    "unable to open database": "unreachable",
    "failed to open": "unreachable",
    "malformed": "damaged",
    "not a database": "damaged",
    "disk i/o error": "damaged",
    "could not decode": "damaged",
    "could not connect": "unreachable",
    "connection to server": "unreachable",
    "server closed the connection": "unreachable",
    "the connection is lost": "unreachable",
    "no connection to the server": "unreachable",
    "connection is closed": "unreachable",
}


def kind_of(error: BaseException) -> str | None:
    """Which of `KINDS` a failure is; None for an error that is not the store's, or a fault of our own statement."""
    for one in _chain(error):
        if isinstance(one, sa.exc.TimeoutError):  # no connection became free
            return "busy"
        if isinstance(one, pa.ArrowInvalid):  # a text that is none
            return "damaged"
        state = getattr(one, "sqlstate", None)
        if isinstance(state, str) and state.strip("\0"):
            return _of_state(state)
        name = getattr(one, "sqlite_errorname", None)
        if isinstance(name, str):
            return next((kind for known, kind in _SQLITE_NAMES.items() if name.startswith(known)), None)
        if isinstance(one, STORE_ERRORS) or type(one).__module__.startswith("psycopg"):
            text = str(one).lower()
            found = next((kind for known, kind in _SENTENCES.items() if known in text), None)
            if found is not None:
                return found
    return None


def reason_of(error: BaseException) -> str:
    """The store's own words about a failure, its first line."""
    said = str(getattr(error, "orig", error)).strip()
    return said.splitlines()[0] if said else type(error).__name__


def _of_state(state: str) -> str | None:
    for length in (5, 3, 2):
        if state[:length] in _STATES:
            return _STATES[state[:length]]
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error, what the driver raised, and what led to it."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop(0)
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        original = getattr(one, "orig", None)
        yield one
        waiting += [original if isinstance(original, BaseException) else None, one.__cause__, one.__context__]
