"""Who acts, and what comes of it."""

from __future__ import annotations

import dataclasses
from typing import Literal, Protocol

from sqlmodel import Session

from data_access.models import UploadBatch, User

Reason = Literal["not_allowed", "stale", "undecided", "overlaps", "already_undone", "undo_of_undo"]


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
    `overlaps`: later batches changed the same cells. `already_undone`, `undo_of_undo`: there is nothing to undo.
    """

    def __init__(self, reason: Reason, *, refs: tuple[str, ...] = (), overlaps: tuple[Overlap, ...] = ()) -> None:
        super().__init__(reason)
        self.reason = reason
        self.refs = refs
        self.overlaps = overlaps


@dataclasses.dataclass(frozen=True)
class Receipt:
    """What was done: `batch_id` is the batch's number, `applied` whether this call stored anything.

    Not applied with a batch number means that this very confirmation was carried out before, as that batch; not applied
    without one, that there was nothing to change. `data_version` is the one that holds now.
    """

    batch_id: int | None
    applied: bool
    changes: int
    data_version: int


def account_of(session: Session, actor: Actor) -> User:
    """The actor's account as the store has it at this moment. Raises `Refused` where it is not active, or not what the actor
    claims."""
    account = session.get(User, actor.username)
    if account is None or not account.active or (actor.role, actor.agency) != (account.role, account.agency):
        raise Refused("not_allowed")
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
