"""What all tables share: how constraints are named, and the clock."""

from __future__ import annotations

import datetime as dt

from sqlmodel import SQLModel

# Named constraints can be changed by a later migration on both stores; unnamed ones cannot on SQLite.
SQLModel.metadata.naming_convention = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


def utc_now() -> dt.datetime:
    """The present moment in UTC, without a zone, as both stores keep it."""
    return dt.datetime.now(dt.UTC).replace(tzinfo=None)
