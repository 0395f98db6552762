"""People for tests of accounts: made without the cost of real password hashes."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlmodel import col

from data_access import accounts, store
from data_access.accounts import Person
from data_access.store.models import AuditEntry, User

NOON = dt.datetime(2026, 1, 14, 12, 0)
PASSWORD = "bốn từ không liên quan"
BROWSER = "mark"
ADDRESS = "10.0.0.1"


def add(engine: sa.Engine, username: str, role: str = "leader", **more: str | bool | None) -> Person:
    """An account with `PASSWORD`, and its owner as a page knows them."""
    with store.session(engine) as session:
        user = accounts.add_user(
            session,
            actor="system",
            username=username,
            password=PASSWORD,
            role=role,
            **more,  # type: ignore[arg-type]
        )
    return Person(user.username, user.role, user.agency, user.office)


def user_of(engine: sa.Engine, username: str) -> User:
    """The row of an account as it is now."""
    with store.session(engine, read_only=True) as session:
        found: User = session.get_one(User, username)
    return found


def actions(engine: sa.Engine) -> list[tuple[str, str, str]]:
    """Who did what to whom, in order."""
    with store.session(engine, read_only=True) as session:
        columns = (col(AuditEntry.actor), col(AuditEntry.action), col(AuditEntry.subject))
        return [tuple(row) for row in session.execute(sa.select(*columns).order_by(col(AuditEntry.id)))]
