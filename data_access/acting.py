"""Who acts, whether they may, whose turn it is, and why something is not done: the same for accounts, updates and settings."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Literal

import polars as pl
from sqlalchemy import select
from sqlmodel import Session, col

from data_access import store
from data_access.log_lines import told
from data_access.roles import May, may
from data_access.store.models import Agency, DataVersion, User
from files.encodings import well_formed
from files.text import canonical

_access: Final = logging.getLogger("agreements.access")
_updates: Final = logging.getLogger("agreements.uploads")


# --- Who -------------------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Person:
    """Who is at the other end of a session, as the store knows them at this moment."""

    username: str
    role: str
    agency: str | None = None
    office: str = ""
    acts_for: str | None = None
    """The agency on whose behalf figures are handed in at this moment, by whoever may do that."""

    def may(self, permission: May) -> bool:
        """Whether this person's role may do that."""
        return may(self.role, permission)

    @property
    def limited_to(self) -> str | None:
        """The one agency whose agreements this person may read in detail (empty: none's); None where all may be read."""
        return None if self.may(May.READ_EVERYTHING) else self.agency or ""

    @property
    def hands_in_for(self) -> str | None:
        """The one agency whose agreements this person brings up to date at this moment; None for whoever brings none."""
        if self.may(May.HAND_IN):
            return self.agency
        return self.acts_for if self.may(May.HAND_IN_FOR) else None


Actor = Person | str
"""Who acts: somebody signed in, or the name of a process of ours (a command, the start-up). Figures are changed by people only."""


# --- Why not ---------------------------------------------------------------------------------------------------------

Code = Literal[
    # uploads
    "not_allowed", "stale", "undecided", "unacknowledged", "overlaps", "already_undone", "not_applied", "undo_of_undo", "waits",
    "undo_by_coordinator", "own_batch", "check_under_way", "already_reviewed", "reason_missing", "nothing_chosen", "text_too_long",
    "too_many_headings", "draft_gone", "draft_too_large",
    # what the coordinator settles
    "not_as_seen", "no_period", "period_taken", "out_of_order", "due_passed", "due_before_end", "has_reports", "has_sample",
    "before_sample", "counts_nothing", "counts_none_yet", "not_later", "no_change", "no_such_agency", "changed_since", "not_yet",
    "published_already",
    "email_invalid", "phone_invalid", "text_missing", "addressee_missing", "answer_due_passed", "explanation_gone",
    "already_answered", "list_unknown", "entry_taken", "entry_unfit", "entry_unknown", "entry_listed", "entry_used", "name_taken",
    "into_itself", "tier_needed", "no_partners", "ended_already", "before_validity", "day_shown", "day_ahead", "successor_unfit",
    "no_agreements", "has_agreements",
    # what is decided
    "deadline_passed", "subject_unknown", "not_issuer", "moved_on", "step_unknown", "step_unfit", "blocker_gone",
    "within_authority", "already_escalated", "members_missing", "level_unfit",
    # what is published
    "publication_gone", "comments_open", "comments_closed", "day_not_over", "before_known",
    # what is looked at
    "period_open", "period_closed", "already_announced", "not_announced", "not_drawn", "already_drawn", "seed_lost",
    "nothing_to_draw", "sample_too_large", "own_agency", "claim_gone", "already_verified", "verdict_unknown", "document_missing",
    "document_later", "link_invalid", "not_own_entry",
    # accounts
    "administrators_only", "own_account", "last_administrator", "user_unknown", "username_invalid", "username_taken",
    "role_unknown", "agency_missing", "agency_unknown", "name_invalid", "demo_account", "subject_taken",
    "password_wrong", "password_too_short", "password_too_long", "password_common", "password_same",
    "code_wrong", "code_unreadable", "second_factor_required", "second_factor_missing", "wait",
]  # fmt: skip
"""Why something is not done; the catalog has words for each under `refused.<code>`.

`not_allowed`: this account may not do this, or there is no such thing; which of the two is not said. `stale`: what the
confirmation was about has changed since (`refs` are the agreements), `not_as_seen` the same of a setting. `waits`: this file waits
for review already, with other changes. `own_batch`: whoever handed it in does not publish it. `unacknowledged`: there are notices
that nobody said to have read. `check_under_way`: another file of this account is being checked. `wait`: too many tries failed, for
`seconds` to come. `draft_gone`: this account has no such draft (any more); whether another one has it is not said.
`text_too_long`: something that was typed has more than `most` characters.
"""


@dataclasses.dataclass(frozen=True)
class Overlap:
    """A cell that a later batch changed as well, so that the earlier one cannot be undone before it."""

    batch_id: int
    agreement_id: int
    field: str


class Refused(Exception):
    """Nothing was done. `code` says why, the rest is what the words for it name; `advice` tells who runs a command what to do."""

    def __init__(
        self,
        code: Code,
        advice: str = "",
        *,
        refs: tuple[str, ...] = (),
        overlaps: tuple[Overlap, ...] = (),
        period: str = "",
        seconds: int = 0,
        most: int = 0,
    ) -> None:
        super().__init__(advice or f"{code} {period}".strip())
        self.code: Code = code
        self.refs = refs
        self.overlaps = overlaps
        self.period = period
        self.seconds = seconds
        self.most = most
        self.is_logged = False


def of_length(text: str, most: int) -> str:
    """A typed text that is no longer than it may be: the page's field has the same limit. Raises `Refused`."""
    if len(text) > most:
        raise Refused("text_too_long", f"A text has {len(text)} characters. Use {most} or fewer.", most=most)
    return text


def tidy(text: str, most: int) -> str:
    """A typed text as it is kept: trimmed, without signs that nobody sees. Raises `Refused` for one that is too long."""
    told: str = pl.select(canonical(pl.lit(well_formed(text)))).item()
    return of_length(told, most)


@contextmanager
def logged(action: str, actor: Person, subject: str = "") -> Iterator[None]:
    """Write down who was refused what. The audit cannot keep it: its entry would be rolled back with everything else."""
    try:
        yield
    except Refused as refusal:
        if not refusal.is_logged:  # one action may be part of another
            refusal.is_logged = True
            refs, about = ", ".join(refusal.refs[:10]), subject or "-"
            _updates.warning("%s of %s by %r refused: %s %s", action, about, actor.username, refusal.code, refs)
        raise


# --- Whether they may ------------------------------------------------------------------------------------------------


def account_of(session: Session, actor: Person, permission: May | None = None) -> User:
    """The actor's account as the store has it at this moment. Raises `Refused` where it is not active, not what the actor claims,
    or may not do what is named.

    The rest of the transaction acts for the account's agency, where it is one of an agency (see `engine.act_for`).
    """
    account = session.get(User, actor.username)
    if account is None or not account.active or (actor.role, actor.agency) != (account.role, account.agency):
        raise Refused("not_allowed")
    if permission is not None and not may(account.role, permission):
        raise Refused("not_allowed")
    if may(account.role, May.HAND_IN) and account.agency:
        store.act_for(session, account.agency)
    return account


def agency_of(session: Session, actor: Person) -> str:
    """The agency this actor may write for: their own, or the one they act for on its behalf. Raises `Refused` for whoever may
    write for none."""
    account = account_of(session, actor)
    agency = actor.hands_in_for
    held = None if agency is None else session.get(Agency, agency)
    has_ended = held is not None and held.valid_to is not None  # and has nothing to bring up to date
    if agency is None or held is None or has_ended:
        raise Refused("not_allowed")
    if not may(account.role, May.HAND_IN):
        store.act_for(session, agency)
    return agency


def authorise(session: Session, actor: Actor) -> str:
    """The name the audit gets for somebody who looks after accounts.

    Of a person the store is asked whether they are an administrator at this moment; a process is trusted, as whoever
    runs it has the store anyway. The name of an account does not pass for a process: a screen that hands over a name
    in place of the person is refused rather than believed. Raises `Refused`.
    """
    name = actor.username if isinstance(actor, Person) else actor
    held = session.execute(select(col(User.role), col(User.active)).where(col(User.username) == name)).one_or_none()
    is_administrator = held is not None and held.active and may(held.role, May.ADMINISTER)
    if not (is_administrator if isinstance(actor, Person) else held is None):
        _access.warning("denied: %r may not look after accounts", name, extra=told("denied", username=name))
        raise Refused("administrators_only", f"{name!r} may not look after accounts. An administrator may.")
    return name


# --- Whose turn ------------------------------------------------------------------------------------------------------


def take_turn(session: Session) -> DataVersion:
    """Wait until nobody else changes the register, and give the store's data version as it then stands."""
    store.take_turn(session, "register")
    found = session.get(DataVersion, 1, populate_existing=True)
    if found is None:
        found = DataVersion(id=1)
        session.add(found)
        session.flush()
    return found
