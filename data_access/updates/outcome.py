"""Who acts, and what comes of it."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Literal, Protocol

from sqlmodel import Session

from data_access import store
from data_access.store.models import UploadBatch, User

_log: Final = logging.getLogger("agreements.uploads")

Reason = Literal[
    "not_allowed",
    "stale",
    "undecided",
    "overlaps",
    "already_undone",
    "not_applied",
    "undo_of_undo",
    "waits",
    "already_reviewed",
    "reason_missing",
    "nothing_chosen",
]


class Actor(Protocol):
    """Who acts: what the session's own row in the store says, never what a page was told."""

    @property
    def username(self) -> str: ...

    @property
    def role(self) -> str: ...

    @property
    def agency(self) -> str | None: ...


@dataclasses.dataclass(frozen=True)
class Overlap:
    """A cell that a later batch changed as well, so that the earlier one cannot be undone before it."""

    batch_id: int
    agreement_id: int
    field: str


class Refused(Exception):
    """Nothing was stored. `reason` names the words (`intake.refused_<reason>` in the catalog).

    `not_allowed`: this account may not do this, or there is no such thing; which of the two is not said. `stale`: what the
    confirmation was about has changed since; `refs` are the agreements. `undecided`: conflicts are left to decide.
    `overlaps`: later batches changed the same cells. `already_undone`, `not_applied`, `undo_of_undo`: there is nothing to undo.
    `waits`: this file waits for review already, with other changes. `already_reviewed`: it does not wait any more.
    `reason_missing`: who returns something says why. `nothing_chosen`: nothing would be published.
    """

    def __init__(self, reason: Reason, *, refs: tuple[str, ...] = (), overlaps: tuple[Overlap, ...] = ()) -> None:
        super().__init__(reason)
        self.reason = reason
        self.refs = refs
        self.overlaps = overlaps
        self.is_logged = False


@dataclasses.dataclass(frozen=True)
class Receipt:
    """What was done: `batch_id` is the batch's number, `applied` whether this call stored anything.

    Not applied with a batch number means that this very confirmation was carried out before, as that batch; not applied
    without one, that there was nothing to change. `data_version` is the one that holds now. `returned` is the batch in which the
    rest of a batch that was published in part goes back to its agency.
    """

    batch_id: int | None
    applied: bool
    changes: int
    data_version: int
    returned: int | None = None


@dataclasses.dataclass(frozen=True)
class HandedIn:
    """What became of a confirmed upload: the receipt for what went straight in (None: nothing had to), and the number of the
    batch that waits for review (None: nothing has to). `repeated`: this very confirmation was handed in before."""

    applied: Receipt | None
    waiting: int | None
    repeated: bool = False


@contextmanager
def logged(action: str, actor: Actor, subject: str = "") -> Iterator[None]:
    """Write down who was refused what. The audit cannot keep it: its entry would be rolled back with everything else."""
    try:
        yield
    except Refused as refusal:
        if not refusal.is_logged:  # one action may be part of another
            refusal.is_logged = True
            refs = ", ".join(refusal.refs[:10])
            _log.warning("%s of %s by %r refused: %s %s", action, subject or "-", actor.username, refusal.reason, refs)
        raise


def account_of(session: Session, actor: Actor) -> User:
    """The actor's account as the store has it at this moment. Raises `Refused` where it is not active, or not what the actor
    claims.

    The rest of the transaction acts for the account's agency, where it is one of an agency (see `engine.act_for`).
    """
    account = session.get(User, actor.username)
    if account is None or not account.active or (actor.role, actor.agency) != (account.role, account.agency):
        raise Refused("not_allowed")
    if account.role == "agency" and account.agency:
        store.act_for(session, account.agency)
    return account


def agency_of(session: Session, actor: Actor) -> str:
    """The agency this actor may write for. Raises `Refused` for whoever may write for none."""
    account = account_of(session, actor)
    if account.role != "agency" or account.agency is None:
        raise Refused("not_allowed")
    return account.agency


def may_undo(session: Session, actor: Actor, batch: UploadBatch) -> bool:
    """Whether this actor may take a batch back: an agency its own ones, a coordinator or administrator any."""
    account = account_of(session, actor)
    if account.role in ("coordinator", "administrator"):
        return True
    return account.role == "agency" and account.agency is not None and account.agency == batch.agency
