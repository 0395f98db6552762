"""Statements as SQL texts with their values written in, for connections that SQLAlchemy does not know."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Hashable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

KEPT_TEXTS = 512
"""Texts written last that are kept: pages and checks ask the same again and again."""


def compile_statement(engine: sa.Engine, statement: sa.sql.Executable) -> str:
    """`statement` as one SQL text with its values written in, quoted by SQLAlchemy for the engine's dialect.

    A statement is known again by what SQLAlchemy itself knows one by, by its values and by their types.
    """
    known = statement._generate_cache_key()  # type: ignore[attr-defined]
    if known is None:
        return _write_out(engine.dialect.name, statement)
    values = tuple((type(one.effective_value), repr(one.effective_value)) for one in known.bindparams)
    return _kept_text(_Statement(engine.dialect.name, known.key, values, statement))


@dataclasses.dataclass(frozen=True)
class _Statement:
    """Two with the same text are equal."""

    dialect: str
    key: Hashable
    values: Hashable
    statement: sa.sql.Executable = dataclasses.field(compare=False)


@functools.lru_cache(maxsize=KEPT_TEXTS)
def _kept_text(said: _Statement) -> str:
    return _write_out(said.dialect, said.statement)


def _write_out(dialect: str, statement: sa.sql.Executable) -> str:
    compiled = statement.compile(dialect=_dialect(dialect), compile_kwargs={"literal_binds": True})  # type: ignore[attr-defined]
    return str(compiled)


@functools.cache
def _dialect(name: str) -> Any:
    """The dialect in which statements are written out; one for all of them, as what it works out about types is kept in it."""
    if name == "sqlite":
        return sqlite.dialect()
    make_dialect: Any = postgresql.dialect
    # The numbered style keeps % single; psycopg's own would double it for a driver that is not in use here.
    # Backslashes stand for themselves since the connection sets standard_conforming_strings.
    dialect = make_dialect(paramstyle="numeric_dollar")
    dialect._backslash_escapes = False
    return dialect
