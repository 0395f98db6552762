"""Samples of what agencies claimed: announced while their period is open, drawn once it has closed, redone by whoever asks.

Writes take a `session` and an `actor`, look the account up in the store, leave an audit entry and never commit. A sample's seed is
made of `APP_SECRET`, the period and the moment its hash is published: until the draw it stands nowhere, so that nobody who reads
the store, or a backup of it, can foresee what will be looked at, and nobody can make a second one for the same period.

A sample is of what the register held at the end of its period: what is taken back, moved or brought later changes nothing of it.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import hmac
import logging
from collections.abc import Callable, Sequence
from typing import Final

import polars as pl
import sqlalchemy as sa
from sqlmodel import Session, col, select

from data_access import audit, known, settings, store
from data_access.acting import Actor, Refused, account_of, logged, take_turn
from data_access.clock import end_of
from data_access.derived_keys import derive_key
from data_access.register import raise_data_version, rules_on
from data_access.roles import PROCESSES, May
from data_access.since_seen import CLAIM, same_claim
from data_access.store import models
from data_access.store.arrow import Read, table_of
from data_access.store.models.base import local_day
from kpi.reporting.calendar import Period
from kpi.rules import Rules
from kpi.verification import sampling
from kpi.vocabulary import CLAIMED

ITEM: Final = ("position", "agreement_id", "state", "effective_on", "agency", "stratum")
"""What is kept of a claim that was drawn."""

_USE: Final = b"seeds of samples"
_SYSTEM: Final = "system"
_log = logging.getLogger("agreements.samples")


def read_samples(engine: sa.Engine) -> pl.DataFrame:
    """Every reporting period with its sample, where it has one, the latest first: period, starts_on, ends_on, the columns of the
    sample (`id` null where none was announced) and `is_late`: its hash was published when the period was over."""
    period, sample = table_of(models.ReportingPeriod).c, table_of(models.VerificationSample)
    columns = [column for column in sample.columns if column.name != "period"]
    statement = (
        sa.select(period.code.label("period"), period.starts_on, period.ends_on, *columns)
        .join(sample, sample.c.period == period.code, isouter=True)
        .order_by(period.ends_on.desc(), period.code)
    )
    frame = store.read_frame(engine, statement)
    over = pl.Series([end_of(day) for day in frame["ends_on"]], dtype=pl.Datetime("us"))
    return frame.with_columns(is_late=(pl.col("published_at") >= over).fill_null(value=False))


# --- Announced, and drawn --------------------------------------------------------------------------------------------


def announce(session: Session, *, actor: Actor, period: str, late: bool = False) -> str:
    """Publish the SHA-256 of the seed a period's sample will be drawn with; gives the hash.

    The period is open; one that has closed is announced `late` where that is asked for, and the sample says so for ever. A hash
    whose seed is lost (see `draw`) may be published again. Raises `Refused`: `period_closed`, `already_announced`, `no_period`.
    """
    by = _looker(session, actor, "sample.announce", period)
    take_turn(session)
    held = _period(session, period)
    is_late = held.ends_on < local_day()
    if is_late and not late:
        raise Refused(
            "period_closed",
            f"The period {period} has closed. Announce the sample of an open one, or this one with --late.",
            period=period,
        )
    before = sample_of(session, period)
    if before is not None and (before.drawn_at is not None or not _is_lost(before)):
        raise Refused("already_announced", f"The sample of {period} has been announced.", period=period)
    detail: dict[str, object] = {} if before is None else {"instead_of": before.seed_sha256}
    sample = before or models.VerificationSample(period=period, seed_sha256="", published_by=by)
    sample.published_at, sample.published_by = models.utc_now(), by
    sample.seed_sha256 = sampling.seed_sha256(_seed(period, sample.published_at))
    session.add(sample)
    session.flush()
    raise_data_version(session)
    detail |= {"seed_sha256": sample.seed_sha256, **({"late": True} if is_late else {})}
    audit.write(session, actor=by, action="sample.announce", subject=period, detail=detail)
    return sample.seed_sha256


def withdraw(session: Session, *, by: str, period: models.ReportingPeriod, now: dt.date) -> None:
    """Take back what was announced for a period that is taken out of the calendar, by who may do that. Nobody knows the seed: to
    announce another one is no choice, as long as the period is open. Raises `Refused`: `has_sample`."""
    sample = sample_of(session, period.code)
    if sample is None:
        return
    if sample.drawn_at is not None or period.ends_on < now:
        raise Refused("has_sample", period=period.code)
    session.delete(sample)
    session.flush()
    detail = {"seed_sha256": sample.seed_sha256}
    audit.write(session, actor=by, action="sample.withdraw", subject=period.code, detail=detail)


def refuse_before_drawn(session: Session, period: Period) -> None:
    """Raises `Refused`, `before_sample`, for a period before one whose sample has been drawn: with it, or without it, that would
    have been drawn from other claims."""
    found, other = models.VerificationSample, models.ReportingPeriod
    drawn = select(other.code).join(found).where(col(found.drawn_at).is_not(None), other.ends_on > period.ends_on)
    if session.exec(drawn).first() is not None:
        raise Refused("before_sample", period=period.code)


def draw(session: Session, *, actor: Actor, period: str, at_least: int = 0) -> int:
    """Draw the sample of a period that has closed, once; gives how many claims were drawn. From then on its seed is known.

    There are as many as the rules asked for that were settled when the period closed, or `at_least` so many. Raises `Refused`:
    `no_period`, `not_announced`, `period_open`, `already_drawn`, `nothing_to_draw`, `sample_too_large`; `seed_lost` where
    APP_SECRET is another than when the hash was published.
    """
    by = _looker(session, actor, "sample.draw", period)
    take_turn(session)
    held, sample = _period(session, period), _announced(session, period)
    if sample.drawn_at is not None:
        raise Refused("already_drawn", f"The sample of {period} has been drawn.", period=period)
    if held.ends_on >= local_day():
        raise Refused("period_open", f"The period {period} is open until {held.ends_on}.", period=period)
    if _is_lost(sample):
        raise Refused(
            "seed_lost", f"APP_SECRET is another than when the sample of {period} was announced.", period=period
        )
    seed = _seed(period, sample.published_at)
    claims = claims_of(store.engine_of(session), held)
    rules = _rules(session, held)
    size = max(at_least, size_of(claims.height, rules))
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
    session.add_all(models.SampleItem(sample_id=sample.id, **row) for row in drawn.select(ITEM).iter_rows(named=True))
    session.flush()
    raise_data_version(session)
    detail = {"seed": seed, "claims": claims.height, "size": size, "drawn": drawn.height}
    audit.write(session, actor=by, action="sample.draw", subject=period, detail=detail)
    return drawn.height


def size_of(claims: int, rules: Rules) -> int:
    """How many of so many claims these rules ask for."""
    return sampling.sample_size(claims, margin=rules.sample_margin, level=rules.sample_level, share=rules.sample_share)


def keep_up(engine: sa.Engine) -> list[str]:
    """Announce the sample of every period that has begun, and draw those of periods that have closed; gives the periods.

    Whatever another process did meanwhile is left as it is. A period that closed without a hash is left to people: to draw it as
    though it had been announced would be untrue. A demonstration stands still.
    """
    done = []
    for act, period in _due(engine):
        try:
            with store.session(engine) as session:
                act(session, actor=_SYSTEM, period=period)
        except Refused as refused:
            if refused.code not in ("already_announced", "already_drawn", "nothing_to_draw"):
                _log.warning("the sample of %s waits for somebody: %s", period, refused)
        else:
            done.append(period)
    return done


def _due(engine: sa.Engine) -> list[tuple[Callable[..., object], str]]:
    with store.session(engine, read_only=True) as session:
        held = session.get(models.DataVersion, 1)
        if held is None or held.version == 0 or held.is_demo:
            return []
        found, today = models.VerificationSample, local_day()
        rows: Sequence[tuple[models.ReportingPeriod, models.VerificationSample | None]] = session.exec(
            select(models.ReportingPeriod, found)
            .join(found, isouter=True)
            .where(models.ReportingPeriod.starts_on <= today)
            .order_by(col(models.ReportingPeriod.ends_on))
        ).all()
    steps: list[tuple[Callable[..., object], str]] = []
    for period, sample in rows:
        if sample is None and period.ends_on >= today:
            steps.append((announce, period.code))
        elif sample is not None and sample.drawn_at is None and period.ends_on < today:
            steps.append((draw, period.code))
    return steps


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
    """Draw the sample of a period again, from its seed and the claims there were when it closed. Raises `Refused`: `no_period`,
    `not_announced`, `not_drawn`."""
    with store.session(engine, read_only=True) as session:
        held, sample = _period(session, period), _announced(session, period)
        if sample.seed is None or sample.size is None:
            raise Refused("not_drawn", f"The sample of {period} has not been drawn.", period=period)
        least = _rules(session, held).sample_least
    item = table_of(models.SampleItem).c
    kept = store.read_frame(
        engine, sa.select(*(item[name] for name in ITEM)).where(item.sample_id == sample.id).order_by(item.position)
    )
    claims = claims_of(engine, held)
    again = sampling.draw(claims, seed=sample.seed, size=min(sample.size, claims.height), least=least).select(ITEM)
    differing = {row[0] for row in {*kept.iter_rows()} ^ {*again.iter_rows()}}
    return Redrawn(
        seed_fits=sampling.seed_sha256(sample.seed) == sample.seed_sha256,
        in_time=sample.published_at < end_of(held.ends_on),
        differing=tuple(sorted(differing)),
    )


# --- What there is to draw from --------------------------------------------------------------------------------------


def claims_of(engine: sa.Engine, period: models.ReportingPeriod) -> pl.DataFrame:
    """What a period's sample is drawn from: agreement_id, ref, state, effective_on, agency (responsible when the period closed), by
    agreement, day and state.

    Claims that the register held at the end of the period, of agreements somebody was responsible for, and that it held so at the
    end of no period before: whatever day a claim is about, whenever it came or was made again, it is drawn from once. The first
    period has what was there before the calendar began, the next one what came between two. What is done after the close changes
    nothing.
    """
    before, event = table_of(models.StatusEvent).alias("before"), table_of(models.StatusEvent)
    with store.snapshot(engine) as read:
        ends = _earlier_ends(read, period)
        held_then = (known.held(before, day) for day in ends)
        there_already = sa.exists().where(same_claim(before, event), sa.or_(sa.false(), *held_then))
        fresh = _owned(read, period.ends_on, ~there_already)
        late = _owned_late(read, ends)
        if late:
            is_late = event.c.agreement_id.in_(late)
            seen = pl.concat(_owned(read, day, is_late) for day in ends)
            others = _owned(read, period.ends_on, is_late).join(seen, on=CLAIM, how="anti")
            fresh = pl.concat([fresh, others]).unique()
    return fresh.sort("agreement_id", "effective_on", "state")


def read_strata(engine: sa.Engine) -> pl.DataFrame:
    """How many claims each agency has in what is drawn from: period, agency, claims. Of the last period that has closed, or where
    none has, of the one that is open, as far as they have come; empty where nothing has been claimed."""
    with store.session(engine, read_only=True) as session:
        begun = select(models.ReportingPeriod).where(models.ReportingPeriod.starts_on <= (now := local_day()))
        periods = session.exec(begun.order_by(col(models.ReportingPeriod.ends_on))).all()
    closed = [period for period in periods if period.ends_on < now]
    claims = pl.DataFrame(schema={"agency": pl.String})
    code = ""
    for period in [*reversed(closed), *(period for period in periods if period not in closed)]:
        code, claims = period.code, claims_of(engine, period)
        if not claims.is_empty():
            break
    return claims.group_by("agency").agg(pl.lit(code).alias("period"), claims=pl.len().cast(pl.Int64)).sort("agency")


def _owned(read: Read, day: dt.date, which: sa.ColumnElement[bool]) -> pl.DataFrame:
    """The claims held at the end of a day of agreements that somebody was responsible for then, with who that was."""
    event, agreement = table_of(models.StatusEvent), table_of(models.Agreement)
    statement = (
        sa.select(event.c.agreement_id, agreement.c.ref, event.c.state, event.c.effective_on)
        .distinct()
        .join(agreement, agreement.c.id == event.c.agreement_id)
        .where(event.c.state.in_(CLAIMED), known.held(event, day), which)
    )
    numbers = sa.select(statement.subquery().c.agreement_id)
    owner = sa.select(agreement.c.id, agreement.c.responsible_agency).where(agreement.c.id.in_(numbers))
    owners = known.as_known(read, read(owner, {"responsible_agency": pl.String}), day)
    return read(statement, {"effective_on": pl.Date}).join(
        owners.select(agreement_id="id", agency="responsible_agency").drop_nulls(), on="agreement_id"
    )


def _owned_late(read: Read, ends: Sequence[dt.date]) -> list[int]:
    """The agreements of which it was settled only after the first of these days who is responsible."""
    if not ends:
        return []
    handover = table_of(models.Handover).c
    late = (handover.agency.is_(None), handover.recorded_at >= end_of(min(ends)))
    return read(sa.select(handover.agreement_id).where(*late).distinct())["agreement_id"].sort().to_list()


def _earlier_ends(read: Read, period: models.ReportingPeriod) -> list[dt.date]:
    """The ends of the periods before one."""
    other = table_of(models.ReportingPeriod).c
    found = read(sa.select(other.ends_on).where(other.ends_on < period.starts_on), {"ends_on": pl.Date})
    return sorted(found["ends_on"])


def _rules(session: Session, period: models.ReportingPeriod) -> Rules:
    """The rules that held when a period closed, as they were settled by then."""
    return rules_on(session, period.ends_on, known_on=period.ends_on)


def _period(session: Session, code: str) -> models.ReportingPeriod:
    held = session.get(models.ReportingPeriod, code)
    if held is None:
        raise Refused("no_period", f"There is no period {code}.", period=code)
    return held


def _announced(session: Session, period: str) -> models.VerificationSample:
    sample = sample_of(session, period)
    if sample is None:
        raise Refused("not_announced", f"The sample of {period} was not announced before it closed.", period=period)
    return sample


def sample_of(session: Session, period: str) -> models.VerificationSample | None:
    """The sample of a period, where one was announced."""
    found = models.VerificationSample
    return session.exec(select(found).where(found.period == period)).one_or_none()


def _is_lost(sample: models.VerificationSample) -> bool:
    """Whether the seed cannot be made any more: APP_SECRET is another than when the hash was published."""
    return sampling.seed_sha256(_seed(sample.period, sample.published_at)) != sample.seed_sha256


def _seed(period: str, at: dt.datetime) -> str:
    """The seed of a period's sample: known to whoever has APP_SECRET, and to nobody else before the draw."""
    key = derive_key(settings.load().app_secret, use=_USE)
    return hmac.new(key, f"{period} {at.isoformat()}".encode(), hashlib.sha256).hexdigest()


def _looker(session: Session, actor: Actor, action: str, period: str) -> str:
    """The name the audit gets for who announces or draws: a process, or somebody who may verify. Raises `Refused`."""
    if isinstance(actor, str):
        if actor not in PROCESSES:
            raise Refused("not_allowed")
        return actor
    with logged(action, actor, period):
        account_of(session, actor, May.VERIFY)
    return actor.username
