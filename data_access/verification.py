"""Looking at what agencies claimed: what was found recorded and taken back.

Writes take a `session` and an `actor`, look the account up in the store, leave an audit entry and never commit. Which claims are
drawn for samples is in `samples`.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Collection
from typing import Final

import polars as pl
import sqlalchemy as sa
from sqlmodel import Session, col, select

from data_access import audit, data_date, since_seen, store
from data_access.acting import Person, Refused, account_of, logged, take_turn, tidy
from data_access.clock import today
from data_access.documents import Document, as_kept
from data_access.register import raise_data_version
from data_access.roles import May
from data_access.samples import ITEM
from data_access.since_seen import same_claim
from data_access.store import models
from data_access.store.arrow import table_of
from kpi.vocabulary import RECORDED, State, Verdict

REASON_MAX: Final = 2000
"""Characters of a reason."""

_FOUND: Final = (
    *("verdict", "found_state", "document_number", "document_issuer", "document_on", "document_url", "reason"),
    "verified_by",
)


@dataclasses.dataclass(frozen=True)
class Claim:
    """That an agreement came into a state on a day."""

    agreement_id: int
    state: str
    effective_on: dt.date


# --- What was found --------------------------------------------------------------------------------------------------


def read_items(engine: sa.Engine, sample_id: int) -> pl.DataFrame:
    """The claims of a sample in their order, with what was found: position, agreement_id, ref, title_vi, title_en, state,
    effective_on, agency, stratum, received_on and note of the claim (null where it does not stand any more), `responsible` (the
    agency by now), evidence_url, and of the finding: verification_id, verdict, found_state, document_number, document_issuer,
    document_on, document_url, reason, verified_by, verified_on (null: not looked at yet).

    The finding is the one made for this sample, else the last one of which the document still stands there. Without any, what did
    not hold all the time since the period closed has the verdict `taken_back`, and verified_on says since when.
    """
    item, agreement = table_of(models.SampleItem), table_of(models.Agreement)
    event, found = table_of(models.StatusEvent), table_of(models.Verification)
    claim = sa.select(
        *(event.c[name] for name in since_seen.CLAIM),
        sa.func.min(event.c.received_on).label("received_on"),
        sa.func.max(event.c.note).label("note"),
    ).where(event.c.retracted_at.is_(None))
    standing = claim.group_by(*(event.c[name] for name in since_seen.CLAIM)).subquery()
    drawn = (
        sa.select(
            *(item.c[name] for name in ITEM),
            *(agreement.c[name] for name in ("ref", "title_vi", "title_en", "evidence_url")),
            agreement.c.responsible_agency.label("responsible"),
            standing.c.received_on,
            standing.c.note,
        )
        .join(agreement, agreement.c.id == item.c.agreement_id)
        .join(standing, same_claim(standing, item), isouter=True)
        .where(item.c.sample_id == sample_id)
        .order_by(item.c.position)
    )
    findings = (
        sa.select(
            item.c.position,
            found.c.id.label("verification_id"),
            *(found.c[name] for name in _FOUND),
            found.c.received_on.label("verified_on"),
            sa.func.coalesce(found.c.sample_id == sample_id, sa.false()).label("is_own"),
        )
        .join(found, same_claim(found, item))
        .where(item.c.sample_id == sample_id, found.c.retracted_at.is_(None))
    )
    with store.snapshot(engine) as read:
        items, told = read(drawn, {"received_on": pl.Date, "note": pl.String}), read(findings)
        gone, other = since_seen.taken_back(read), since_seen.exchanged(read)
    is_out_of_date = (pl.col("verdict") == Verdict.CONFIRMED) & pl.col("verification_id").is_in(other.implode())
    told = told.filter(pl.col("is_own") | ~is_out_of_date).sort("is_own", "verification_id")
    gone = gone.filter(sample_id=sample_id).select("position", "taken_back_on")
    is_gone = pl.col("verdict").is_null() & pl.col("taken_back_on").is_not_null()
    return (
        items.join(
            told.unique("position", keep="last").drop("is_own"), on="position", how="left", maintain_order="left"
        )
        .join(gone, on="position", how="left", maintain_order="left")
        .with_columns(
            verdict=pl.when(is_gone).then(pl.lit(str(Verdict.TAKEN_BACK))).otherwise("verdict"),
            verified_on=pl.when(is_gone).then("taken_back_on").otherwise("verified_on"),
        )
        .drop("taken_back_on")
    )


def read_claims(engine: sa.Engine, events: Collection[int]) -> pl.DataFrame:
    """Claims that were not drawn, by the numbers of their status events, as `read_items` tells of those that were, with `event_id`
    and without a place in a sample; the earliest received first. Nobody has looked at them yet."""
    event, agreement = table_of(models.StatusEvent).c, table_of(models.Agreement)
    statement = (
        sa.select(
            event.id.label("event_id"),
            *(event[name] for name in ("agreement_id", "state", "effective_on", "received_on", "note")),
            *(agreement.c[name] for name in ("ref", "title_vi", "title_en", "evidence_url")),
            agreement.c.responsible_agency.label("agency"),
            agreement.c.responsible_agency.label("responsible"),
        )
        .join(agreement, agreement.c.id == event.agreement_id)
        .where(event.id.in_(sorted(events)), event.retracted_at.is_(None))
        .order_by(event.received_on, event.id)
    )
    return store.read_frame(engine, statement)


def record(
    session: Session,
    *,
    actor: Person,
    claim: Claim,
    verdict: str,
    document: Document,
    found_state: str | None = None,
    reason: str = "",
) -> int:
    """Record what was found of a claim; gives the number of the entry.

    What is confirmed or refuted names its document; what is refuted or could not be shown says why. A claim that was confirmed is
    looked at again once its document has been exchanged; what was found before stays. Raises `Refused`:
    `not_allowed`, `verdict_unknown`, `claim_gone`, `own_agency`, `already_verified`, `document_missing`, `document_later`,
    `link_invalid`, `reason_missing`, `text_too_long`.
    """
    with logged("verification.record", actor, f"agreement {claim.agreement_id}"):
        account = account_of(session, actor, May.VERIFY)
        take_turn(session)
        if verdict not in RECORDED or (found_state is not None and found_state not in {*State}):
            raise Refused("verdict_unknown")
        agreement = session.get(models.Agreement, claim.agreement_id)
        if agreement is None or not _stands(session, claim):
            raise Refused("claim_gone")
        sample_id, agency = _drawn_for(session, claim)
        before = _holding(session, claim)
        whose = {agreement.responsible_agency, agency} - {None}
        if account.agency in whose or _has_handed_in_for(session, account.username, whose):
            raise Refused("own_agency", refs=(agreement.ref,))
        if before is not None and not _is_out_of_date(session, before):
            raise Refused("already_verified", refs=(agreement.ref,))
        if before is not None and before.sample_id == sample_id:
            sample_id = None  # of what was drawn, what was found then stays
        is_needed = verdict != Verdict.NOT_SHOWN
        told = as_kept(document, needed=is_needed, now=today(data_date.read(session)))
        why = tidy(reason, REASON_MAX)
        if verdict != Verdict.CONFIRMED and not why:
            raise Refused("reason_missing")
        found = models.Verification(
            **dataclasses.asdict(claim),
            verdict=verdict,
            found_state=claim.state if verdict == Verdict.CONFIRMED and found_state is None else found_state,
            document_number=told.number,
            document_issuer=told.issuer,
            document_on=told.day,
            document_url=told.url,
            reason=why,
            sample_id=sample_id,
            verified_by=actor.username,
        )
        session.add(found)
        session.flush()
        raise_data_version(session)
        assert found.id is not None  # it was flushed
        audit.write(
            session,
            actor=actor.username,
            action="verification.record",
            subject=agreement.ref,
            detail={"number": found.id, "state": claim.state, "on": claim.effective_on.isoformat(), "verdict": verdict},
        )
        return found.id


def _has_handed_in_for(session: Session, username: str, agencies: Collection[str | None]) -> bool:
    """Whether this account ever brought figures of one of these agencies; to undo what others brought is none."""
    batch = models.UploadBatch
    statement = select(batch.id).where(
        batch.username == username, col(batch.agency).in_(agencies), col(batch.undoes).is_(None)
    )
    return session.exec(statement.limit(1)).first() is not None


def take_back(session: Session, *, actor: Person, verification_id: int, reason: str) -> int:
    """Take back an entry of one's own, with a reason: the claim waits again; gives the data version. Raises `Refused`:
    `not_allowed`, `not_own_entry`, `reason_missing`, `text_too_long`."""
    with logged("verification.take_back", actor, f"entry {verification_id}"):
        account_of(session, actor, May.VERIFY)
        take_turn(session)
        found = session.get(models.Verification, verification_id)
        if found is None or found.retracted_at is not None or found.verified_by != actor.username:
            raise Refused("not_own_entry")
        why = tidy(reason, REASON_MAX)
        if not why:
            raise Refused("reason_missing")
        found.retracted_at, found.retracted_reason = models.utc_now(), why
        session.add(found)
        session.flush()
        version = raise_data_version(session)
        agreement = session.get_one(models.Agreement, found.agreement_id)
        detail = {"number": verification_id, "reason": why}
        audit.write(
            session, actor=actor.username, action="verification.take_back", subject=agreement.ref, detail=detail
        )
        return version


def _stands(session: Session, claim: Claim) -> bool:
    """Whether the register still says so."""
    event = models.StatusEvent
    statement = select(event.id).where(
        event.agreement_id == claim.agreement_id,
        event.state == claim.state,
        event.effective_on == claim.effective_on,
        col(event.retracted_at).is_(None),
    )
    return session.exec(statement).first() is not None


def _holding(session: Session, claim: Claim) -> models.Verification | None:
    """The last entry about a claim that holds."""
    found = models.Verification
    statement = (
        select(found)
        .where(
            found.agreement_id == claim.agreement_id,
            found.state == claim.state,
            found.effective_on == claim.effective_on,
            col(found.retracted_at).is_(None),
        )
        .order_by(col(found.id).desc())
    )
    return session.exec(statement).first()


def _is_out_of_date(session: Session, found: models.Verification) -> bool:
    """Whether what was confirmed names another document by now."""
    if found.verdict != Verdict.CONFIRMED:
        return False
    with store.snapshot(store.engine_of(session)) as read:
        return found.id in since_seen.exchanged(read)


def _drawn_for(session: Session, claim: Claim) -> tuple[int | None, str | None]:
    """The sample a claim was drawn for, and the agency that was responsible then; None where for none."""
    item = models.SampleItem
    statement = select(item.sample_id, item.agency).where(
        item.agreement_id == claim.agreement_id, item.state == claim.state, item.effective_on == claim.effective_on
    )
    drawn = session.exec(statement.order_by(col(item.sample_id).desc())).first()
    return (None, None) if drawn is None else drawn
