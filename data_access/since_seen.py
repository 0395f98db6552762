"""What became of claims since they were drawn for a sample, or since somebody looked at them.

Both go by what the store still has of them: a row that was replaced or taken back stays, with the moment.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

import polars as pl
import sqlalchemy as sa

from data_access import known
from data_access.clock import end_of, local_time_expr
from data_access.store import models
from data_access.store.arrow import Read, table_of
from kpi.register import BLANK
from kpi.vocabulary import State

CLAIM: Final = ("agreement_id", "state", "effective_on")
"""What makes one claim."""

_ITEM: Final = ("sample_id", "position")
_ALWAYS: Final = dt.datetime(1, 1, 1)
_NEVER: Final = dt.datetime(9999, 1, 1)


def same_claim(one: sa.FromClause, other: sa.FromClause) -> sa.ColumnElement[bool]:
    """That two rows are of one claim."""
    return sa.and_(*(one.c[name] == other.c[name] for name in CLAIM))


def taken_back(read: Read, *, known_on: dt.date | None = None) -> pl.DataFrame:
    """The claims drawn for samples that the register did not hold all the time since their period closed: sample_id, position,
    taken_back_on (the first day on which it did not, at the earliest that of the draw).

    A claim whose document was exchanged has been held all the time; one that was undone and made again has not.
    """
    item, event = table_of(models.SampleItem), table_of(models.StatusEvent)
    sample, period = table_of(models.VerificationSample), table_of(models.ReportingPeriod)
    came = sa.case((event.c.batch_id.is_not(None), event.c.recorded_at))
    gone = event.c.retracted_at
    statement = (
        sa.select(*(item.c[name] for name in _ITEM), sample.c.drawn_at, period.c.ends_on, came.label("came"), gone)
        .join(sample, sample.c.id == item.c.sample_id)
        .join(period, period.c.code == sample.c.period)
        .join(event, same_claim(event, item))
        .where(sa.true() if known_on is None else known.had_come(event, known_on))
    )
    # Only claims of which anything was ever taken back: of all others nothing can have changed.
    touched = table_of(models.StatusEvent).alias("touched")
    statement = statement.where(sa.exists().where(same_claim(touched, item), touched.c.retracted_at.is_not(None)))
    versions = read(statement, {"came": pl.Datetime("us")}).rename({"retracted_at": "gone"})
    if known_on is not None:
        versions = versions.with_columns(gone=pl.when(pl.col("gone") < end_of(known_on)).then("gone"))
    over = pl.Series([end_of(day) for day in versions["ends_on"]], dtype=pl.Datetime("us"))
    lasting = versions.filter((pl.col("gone") > over).fill_null(value=True)).with_columns(
        pl.col("came").fill_null(_ALWAYS), pl.col("gone").fill_null(_NEVER)
    )
    held_until = pl.col("gone").cum_max()
    next_came = pl.col("came").shift(-1)
    is_gap = (held_until < _NEVER) & (next_came.is_null() | (next_came > held_until))
    return (
        lasting.sort("came", "gone")
        .group_by(_ITEM)
        .agg(first=held_until.filter(is_gap).min(), drawn=pl.col("drawn_at").first())
        .drop_nulls("first")
        .select(*_ITEM, taken_back_on=local_time_expr(pl.max_horizontal("first", "drawn")).dt.date())
        .sort(_ITEM)
    )


def exchanged(read: Read, *, known_on: dt.date | None = None) -> pl.Series:
    """The numbers of findings since which the document that stood by the claim is another one, or none: the one a state names, or
    of a completion the evidence of the result. To name one where none stood is no exchange."""
    found, event = table_of(models.Verification), table_of(models.StatusEvent)
    end = sa.true() if known_on is None else event.c.retracted_at < end_of(known_on)
    named = sa.func.trim(event.c.note, BLANK, type_=sa.String).label("named")
    claims = sa.select(found.c.id, named).join(event, same_claim(event, found)).where(found.c.retracted_at.is_(None))
    then = read(
        claims.where(event.c.retracted_at > found.c.recorded_at, end, named != "").where(
            sa.or_(event.c.batch_id.is_(None), event.c.recorded_at <= found.c.recorded_at)
        )
    )
    numbers = sa.select(found.c.id).where(found.c.id.in_(then["id"].unique().sort().to_list()))
    now = read(claims.where(found.c.id.in_(numbers), known.held(event, known_on)))
    gone = then.join(now, on="id", how="semi").join(now, on=["id", "named"], how="anti")
    return pl.concat([gone["id"], _evidence_exchanged(read, known_on)]).unique().sort()


def _evidence_exchanged(read: Read, known_on: dt.date | None) -> pl.Series:
    found, agreement = table_of(models.Verification), table_of(models.Agreement)
    change, batch = table_of(models.BatchChange), table_of(models.UploadBatch)
    changes = read(
        sa.select(
            found.c.id,
            sa.func.trim(sa.func.coalesce(change.c.old, ""), BLANK, type_=sa.String).label("old"),
            sa.func.trim(sa.func.coalesce(change.c.new, ""), BLANK, type_=sa.String).label("new"),
        )
        .join(change, change.c.agreement_id == found.c.agreement_id)
        .join(batch, batch.c.id == change.c.batch_id)
        .join(agreement, agreement.c.id == found.c.agreement_id)
        .where(found.c.retracted_at.is_(None), found.c.state == State.COMPLETED)
        .where(change.c.target_table == "agreement", change.c.field == agreement.c.evidence_url.name)
        .where(batch.c.applied_at > found.c.recorded_at)
        .where(sa.true() if known_on is None else batch.c.applied_at < end_of(known_on))
        .order_by(found.c.id, change.c.id)
    )
    ends = changes.group_by("id").agg(old=pl.col("old").first(), new=pl.col("new").last())
    return ends.filter((pl.col("old") != "") & (pl.col("old") != pl.col("new")))["id"]
