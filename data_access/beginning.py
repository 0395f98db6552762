"""What every run of a page begins with, in one transaction: who looks, and which version of the register there is."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import sqlalchemy as sa

from data_access import data_date, store
from data_access.accounts import sessions
from data_access.acting import Person


@dataclasses.dataclass(frozen=True)
class Beginning:
    """The person signed in, and the row of `data_date.held_version`; None where nobody is, or nothing has been loaded."""

    person: Person | None
    version: Any


def read_beginning(
    engine: sa.Engine, token_hash: str | None, *, idle: dt.timedelta = sessions.IDLE, is_use: bool = True
) -> Beginning:
    """Both as they are at this moment; the person as `sessions.read_session` gives them, None without a token."""
    with store.reading(engine) as connection:
        version = connection.execute(data_date.held_version()).one_or_none()
        found = None if token_hash is None else sessions.find_session(connection, token_hash, idle=idle)
    if found is None or token_hash is None:
        return Beginning(None, version)
    if is_use:
        sessions.note_use(engine, token_hash, found)
    return Beginning(found.person, version)
