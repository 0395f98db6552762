"""What all tables share: how constraints are named, and the clock."""

from __future__ import annotations

import datetime as dt
from typing import Final

from sqlmodel import SQLModel

# Named constraints can be changed by a later migration on both stores; unnamed ones cannot on SQLite.
SQLModel.metadata.naming_convention = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


VIET_NAM: Final = dt.timezone(dt.timedelta(hours=7))
"""No summer time, so a fixed offset does: a bare system has no table of time zones."""


def utc_now() -> dt.datetime:
    """The present moment in UTC, without a zone, as both stores keep it."""
    return dt.datetime.now(dt.UTC).replace(tzinfo=None)


def local_day() -> dt.date:
    """The day it is where the register is kept."""
    return (utc_now() + VIET_NAM.utcoffset(None)).date()
