"""Looking at what agencies claimed: samples announced and drawn, what was found recorded and taken back.

Writes take a `session` and an `actor`, look the account up in the store, leave an audit entry and never commit. A sample's seed is
made of `APP_SECRET`, the period and the moment its hash is published: until the draw it stands nowhere, so that nobody who reads
the store, or a backup of it, can foresee what will be looked at, and nobody can make a second one for the same period.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import hmac
from collections.abc import Collection
from typing import Final

import polars as pl
import sqlalchemy as sa
from sqlmodel import Session, col, select

from data_access import audit, data_date, known, settings, store
from data_access.acting import Actor, Person, Refused, account_of, logged, take_turn, tidy
from data_access.clock import end_of, local_time, today
from data_access.derived_keys import derive_key
from data_access.register import raise_data_version, rules_on
from data_access.roles import PROCESSES, May
from data_access.store import models
from data_access.store.arrow import table_of
from data_access.store.models.base import local_day
from kpi.verification import sampling
from kpi.vocabulary import CLAIMED, State, Verdict

REASON_MAX: Final = 2000
DOCUMENT_MAX: Final = 300
"""Characters of a reason, and of each part of a document's name."""

_USE: Final = b"seeds of samples"
_ITEM: Final = ("position", "agreement_id", "state", "effective_on", "agency", "stratum")
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


@dataclasses.dataclass(frozen=True)
class Document:
    """What a finding rests on: number and sign, issuer, day, and where it can be read."""

    number: str = ""
    issuer: str = ""
    day: dt.date | None = None
    url: str = ""


# --- Samples ---------------------------------------------------------------------------------------------------------


def read_samples(engine: sa.Engine) -> pl.DataFrame:
    """Every reporting period with its sample, where it has one, the latest first: period, starts_on, ends_on, and the columns of
    the sample (`id` null where none was announced)."""
    period, sample = table_of(models.ReportingPeriod).c, table_of(models.VerificationSample)
    columns = [column for column in sample.columns if column.name != "period"]
    statement = (
        sa.select(period.code.label("period"), period.starts_on, period.ends_on, *columns)
        .join(sample, sample.c.period == period.code, isouter=True)
        .order_by(period.ends_on.desc(), period.code)
    )
    return store.read_frame(engine, statement)


def announce(session: Session, *, actor: Actor, period: str) -> str:
    """Publish the SHA-256 of the seed a period's sample will be drawn with, while the period is open; gives the hash. Raises
    `Refused`: `period_closed`, `already_announced`, `no_period`."""
    by = _looker(session, actor, "sample.announce", period)
    take_turn(session)
    held = _period(session, period)
    if held.ends_on < local_day():
        raise Refused(
            "period_closed", f"The period {period} has closed. Announce the sample of an open one.", period=period
        )
    if _sample_of(session, period) is not None:
        raise Refused("already_announced", f"The sample of {period} has been announced.", period=period)
    at = models.utc_now()
    made = sampling.seed_sha256(_seed(period, at))
    session.add(models.VerificationSample(period=period, seed_sha256=made, published_at=at, published_by=by))
    session.flush()
    raise_data_version(session)
    audit.write(session, actor=by, action="sample.announce", subject=period, detail={"seed_sha256": made})
    return made


def draw(session: Session, *, actor: Actor, period: str, at_least: int = 0) -> int:
    """Draw the sample of a period that has closed, once; gives how many claims were drawn. From then on its seed is known.

    There are as many as the rules in force ask for, or `at_least` so many. Raises `Refused`: `no_period`, `not_announced`,
    `period_open`, `already_drawn`, `nothing_to_draw`, `sample_too_large`; `seed_lost` where APP_SECRET is another than when the
    hash was published.
    """
    by = _looker(session, actor, "sample.draw", period)
    take_turn(session)
    held, sample = _period(session, period), _announced(session, period)
    if sample.drawn_at is not None:
        raise Refused("already_drawn", f"The sample of {period} has been drawn.", period=period)
    if held.ends_on >= local_day():
        raise Refused("period_open", f"The period {period} is open until {held.ends_on}.", period=period)
    seed = _seed(period, sample.published_at)
    if sampling.seed_sha256(seed) != sample.seed_sha256:
        raise Refused(
            "seed_lost", f"APP_SECRET is another than when the sample of {period} was announced.", period=period
        )
    claims = _in_session(session, _claims_of(held))
    rules = rules_on(session, local_day())
    asked = sampling.sample_size(
        claims.height, margin=rules.sample_margin, level=rules.sample_level, share=rules.sample_share
    )
    size = max(at_least, asked)
    if claims.is_empty():
        raise Refused("nothing_to_draw", f"No claim was received in {period}.", period=period)
    if size > claims.height:
        raise Refused("sample_too_large", f"Only {claims.height} were received.", period=period, most=claims.height)
    drawn = sampling.draw(claims, seed=seed, size=size, least=rules.sample_least)
    sample.seed, sample.drawn_at, sample.drawn_by = seed, models.utc_now(), by
    sample.claims, sample.size = claims.height, size
    session.add(sample)
    session.flush()
    assert sample.id is not None  # it was read
    session.add_all(models.SampleItem(sample_id=sample.id, **row) for row in drawn.select(_ITEM).iter_rows(named=True))
    session.flush()
    raise_data_version(session)
    detail = {"seed": seed, "claims": claims.height, "size": size, "drawn": drawn.height}
    audit.write(session, actor=by, action="sample.draw", subject=period, detail=detail)
    return drawn.height


@dataclasses.dataclass(frozen=True)
class Redrawn:
    """A draw made again: whether its seed is the one whose hash was published, whether that was before the period closed, and at
    which positions other claims stand."""

    seed_fits: bool
    in_time: bool
    differing: tuple[int, ...]

    @property
    def holds(self) -> bool:
        """Whether the sample is what it says it is."""
        return self.seed_fits and self.in_time and not self.differing


def check(engine: sa.Engine, *, period: str) -> Redrawn:
    """Draw the sample of a period again, from its seed and the claims there were when it was drawn. Raises `Refused`: `no_period`,
    `not_announced`, `not_drawn`."""
    with store.session(engine, read_only=True) as session:
        held, sample = _period(session, period), _announced(session, period)
        if sample.seed is None or sample.drawn_at is None or sample.size is None:
            raise Refused("not_drawn", f"The sample of {period} has not been drawn.", period=period)
        day = local_time(sample.drawn_at).date()
        least = rules_on(session, day, known_on=day).sample_least
    item = table_of(models.SampleItem).c
    with store.snapshot(engine) as read:
        kept = read(
            sa.select(*(item[name] for name in _ITEM)).where(item.sample_id == sample.id).order_by(item.position)
        )
        claims = read(_claims_of(held, at=sample.drawn_at))
        then = known.as_known(read, claims.select(id="agreement_id", responsible_agency="agency").unique("id"), day)
    claims = claims.drop("agency").join(
        then.select(agreement_id="id", agency="responsible_agency").drop_nulls(),
        on="agreement_id",
        maintain_order="left",
    )
    again = sampling.draw(claims, seed=sample.seed, size=min(sample.size, claims.height), least=least).select(_ITEM)
    differing = {row[0] for row in {*kept.iter_rows()} ^ {*again.iter_rows()}}
    return Redrawn(
        seed_fits=sampling.seed_sha256(sample.seed) == sample.seed_sha256,
        in_time=sample.published_at < end_of(held.ends_on),
        differing=tuple(sorted(differing)),
    )


def _period(session: Session, code: str) -> models.ReportingPeriod:
    held = session.get(models.ReportingPeriod, code)
    if held is None:
        raise Refused("no_period", f"There is no period {code}.", period=code)
    return held


def _announced(session: Session, period: str) -> models.VerificationSample:
    sample = _sample_of(session, period)
    if sample is None:
        raise Refused("not_announced", f"The sample of {period} was not announced before it closed.", period=period)
    return sample


def _sample_of(session: Session, period: str) -> models.VerificationSample | None:
    found = models.VerificationSample
    return session.exec(select(found).where(found.period == period)).one_or_none()


def _seed(period: str, at: dt.datetime) -> str:
    """The seed of a period's sample: known to whoever has APP_SECRET, and to nobody else before the draw."""
    key = derive_key(settings.load().app_secret, use=_USE)
    return hmac.new(key, f"{period} {at.isoformat()}".encode(), hashlib.sha256).hexdigest()


def _claims_of(period: models.ReportingPeriod, at: dt.datetime | None = None) -> sa.Select[tuple[object, ...]]:
    """What a period's sample is drawn from: claims of agencies' agreements received within it that hold, or held at a moment."""
    event, agreement = table_of(models.StatusEvent).c, table_of(models.Agreement)
    holds = event.retracted_at.is_(None)
    return (
        sa.select(
            event.agreement_id,
            agreement.c.ref,
            event.state,
            event.effective_on,
            agreement.c.responsible_agency.label("agency"),
        )
        .distinct()
        .join(agreement, agreement.c.id == event.agreement_id)
        .where(event.state.in_(CLAIMED), event.received_on.between(period.starts_on, period.ends_on))
        .where(holds if at is None else sa.or_(holds, event.retracted_at > at))
        .where(agreement.c.responsible_agency.is_not(None) if at is None else sa.true())
        .order_by(event.agreement_id, event.effective_on, event.state)
    )


def _in_session(session: Session, statement: sa.Select[tuple[object, ...]]) -> pl.DataFrame:
    """What a statement selects, seen from within a transaction that writes."""
    rows = session.connection().execute(statement).all()
    types = {
        "agreement_id": pl.Int64,
        "ref": pl.String,
        "state": pl.String,
        "effective_on": pl.Date,
        "agency": pl.String,
    }
    return pl.DataFrame([tuple(row) for row in rows], schema=types, orient="row")


# --- What was found --------------------------------------------------------------------------------------------------


def read_items(engine: sa.Engine, sample_id: int) -> pl.DataFrame:
    """The claims of a sample in their order, with what was found: position, agreement_id, ref, title_vi, title_en, state,
    effective_on, agency, stratum, received_on and note of the claim (null where it was taken back since), `responsible` (the
    agency by now), evidence_url, and of the finding that holds: verification_id, verdict, found_state, document_number,
    document_issuer, document_on, document_url, reason, verified_by, verified_on (null: not looked at yet)."""
    item, agreement = table_of(models.SampleItem), table_of(models.Agreement)
    event, found = table_of(models.StatusEvent), table_of(models.Verification)
    claim = sa.select(
        event.c.agreement_id,
        event.c.state,
        event.c.effective_on,
        sa.func.min(event.c.received_on).label("received_on"),
        sa.func.max(event.c.note).label("note"),
    ).where(event.c.retracted_at.is_(None))
    standing = claim.group_by(event.c.agreement_id, event.c.state, event.c.effective_on).subquery()
    statement = (
        sa.select(
            *(item.c[name] for name in _ITEM),
            *(agreement.c[name] for name in ("ref", "title_vi", "title_en", "evidence_url")),
            agreement.c.responsible_agency.label("responsible"),
            standing.c.received_on,
            standing.c.note,
            found.c.id.label("verification_id"),
            *(found.c[name] for name in _FOUND),
            found.c.received_on.label("verified_on"),
        )
        .join(agreement, agreement.c.id == item.c.agreement_id)
        .join(standing, _same_claim(standing, item), isouter=True)
        .join(found, sa.and_(_same_claim(found, item), found.c.retracted_at.is_(None)), isouter=True)
        .where(item.c.sample_id == sample_id)
        .order_by(item.c.position)
    )
    types = {"received_on": pl.Date, "note": pl.String}
    return store.read_frame(engine, statement).with_columns(pl.col(name).cast(kind) for name, kind in types.items())


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


def _same_claim(one: sa.FromClause, other: sa.FromClause) -> sa.ColumnElement[bool]:
    return sa.and_(*(one.c[name] == other.c[name] for name in ("agreement_id", "state", "effective_on")))


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

    What is confirmed or refuted names its document; what is refuted or could not be shown says why. Raises `Refused`:
    `not_allowed`, `verdict_unknown`, `claim_gone`, `own_agency`, `already_verified`, `document_missing`, `document_later`,
    `link_invalid`, `reason_missing`, `text_too_long`.
    """
    with logged("verification.record", actor, f"agreement {claim.agreement_id}"):
        account = account_of(session, actor, May.VERIFY)
        take_turn(session)
        if verdict not in {*Verdict} or (found_state is not None and found_state not in {*State}):
            raise Refused("verdict_unknown")
        agreement = session.get(models.Agreement, claim.agreement_id)
        if agreement is None or not _stands(session, claim):
            raise Refused("claim_gone")
        sample_id, agency = _drawn_for(session, claim)
        if account.agency is not None and account.agency in (agreement.responsible_agency, agency):
            raise Refused("own_agency", refs=(agreement.ref,))
        if _holding(session, claim) is not None:
            raise Refused("already_verified", refs=(agreement.ref,))
        told = _told(document, verdict, today(data_date.read(session)))
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


def _looker(session: Session, actor: Actor, action: str, period: str) -> str:
    """The name the audit gets for who announces or draws: a process, or somebody who may verify. Raises `Refused`."""
    if isinstance(actor, str):
        if actor not in PROCESSES:
            raise Refused("not_allowed")
        return actor
    with logged(action, actor, period):
        account_of(session, actor, May.VERIFY)
    return actor.username


def _told(document: Document, verdict: str, now: dt.date) -> Document:
    """The document as it is kept. Raises `Refused` for one that is missing, of a later day, or with a link that is none."""
    number, issuer, url = (tidy(text, DOCUMENT_MAX) for text in (document.number, document.issuer, document.url))
    if verdict != Verdict.NOT_SHOWN and not (number and issuer and document.day):
        raise Refused("document_missing")
    if document.day is not None and document.day > now:
        raise Refused("document_later")
    if url and not url.startswith(("https://", "http://")):
        raise Refused("link_invalid")
    return Document(number, issuer, document.day, url)


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


def _holding(session: Session, claim: Claim) -> int | None:
    """The entry about a claim that holds."""
    found = models.Verification
    statement = select(found.id).where(
        found.agreement_id == claim.agreement_id,
        found.state == claim.state,
        found.effective_on == claim.effective_on,
        col(found.retracted_at).is_(None),
    )
    return session.exec(statement).first()


def _drawn_for(session: Session, claim: Claim) -> tuple[int | None, str | None]:
    """The sample a claim was drawn for, and the agency that was responsible then; None where for none."""
    item = models.SampleItem
    statement = select(item.sample_id, item.agency).where(
        item.agreement_id == claim.agreement_id, item.state == claim.state, item.effective_on == claim.effective_on
    )
    drawn = session.exec(statement.order_by(col(item.sample_id).desc())).first()
    return (None, None) if drawn is None else drawn
