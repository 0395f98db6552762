"""Who somebody is, what roles there are, and the one check of everything an administrator does.

Roles: `leader` reads everything, `agency` the ranking and its own agreements, `coordinator` reviews and consolidates,
`administrator` looks after accounts.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select
from sqlmodel import Session, col

from data_access.log_lines import told
from data_access.store.models import User

ROLES: Final = ("leader", "agency", "coordinator", "administrator")
PROCESSES: Final = ("manage.py", "system")
"""Names under which commands and the start-up act; no account may bear one."""

_log = logging.getLogger("agreements.access")


class AccountError(ValueError):
    """An account cannot be made or changed as asked; `code` says why, the message says what to do.

    `wait_seconds` is how long to wait where that is the reason.
    """

    def __init__(self, code: str, message: str, *, wait_seconds: int = 0) -> None:
        super().__init__(message)
        self.code = code
        self.wait_seconds = wait_seconds


@dataclass(frozen=True)
class Person:
    """Who is at the other end of a session, as the store knows them at this moment."""

    username: str
    role: str
    agency: str | None
    office: str


Actor = Person | str
"""Who acts: somebody signed in, or the name of a process of ours (a command, the start-up)."""


def authorise(session: Session, actor: Actor) -> str:
    """The name the audit gets for somebody who looks after accounts.

    Of a person the store is asked whether they are an administrator at this moment; a process is trusted, as whoever
    runs it has the store anyway. The name of an account does not pass for a process: a screen that hands over a name
    in place of the person is refused rather than believed. Raises `AccountError` with the code `not_allowed`.
    """
    name = actor.username if isinstance(actor, Person) else actor
    held = session.execute(select(col(User.role), col(User.active)).where(col(User.username) == name)).one_or_none()
    is_administrator = held is not None and held.active and held.role == "administrator"
    if not (is_administrator if isinstance(actor, Person) else held is None):
        _log.warning("denied: %r may not look after accounts", name, extra=told("denied", username=name))
        raise AccountError("not_allowed", f"{name!r} may not look after accounts. An administrator may.")
    return name
