"""What has come of agreements since the end of a day and is about that day or before: by which batch, or what else it was."""

from __future__ import annotations

import datetime as dt
from typing import Final

import polars as pl
import sqlalchemy as sa
from sqlmodel import SQLModel

from data_access import since_seen, store
from data_access.clock import end_of
from data_access.store import models
from data_access.store.arrow import Read, table_of
from kpi.vocabulary import Verdict

SOURCE, FINDING, NAME = "source", "finding", "name"
"""What else it was: loaded with a later receipt, found of a claim, somebody else made responsible."""

TOUCHED: Final = {"agreement_id": pl.Int64(), "batch_id": pl.Int64(), "cause": pl.String()}

_DATED: Final[tuple[tuple[type[SQLModel], str], ...]] = (
    (models.StatusEvent, "effective_on"),
    (models.TargetDate, "effective_on"),
    (models.ProgressReport, "reported_on"),
)


def read_touched(engine: sa.Engine, day: dt.date) -> pl.DataFrame:
    """Which agreements something has come of since the end of a day that may change its figures: agreement_id, batch_id, cause (one
    of SOURCE, FINDING, NAME; null where a batch did it).

    What a batch touched without changing any past figure is among it; what is not among it changed none.
    """
    with store.snapshot(engine) as read:
        parts = [_by_batches(read, day), _loaded(read, day), _found(read, day), _named(read, day)]
    return pl.concat([pl.DataFrame(schema=TOUCHED), *parts]).unique().sort("agreement_id", "batch_id", "cause")


def read_batches(engine: sa.Engine, ids: pl.Series) -> pl.DataFrame:
    """The batches of these numbers, in their order: id, agency, file_name, applied_at, undoes."""
    batch = table_of(models.UploadBatch).c
    columns = (batch.id, batch.agency, batch.file_name, batch.applied_at, batch.undoes)
    return store.read_frame(engine, sa.select(*columns).where(batch.id.in_(ids.to_list())).order_by(batch.id))


def _by_batches(read: Read, day: dt.date) -> pl.DataFrame:
    change, batch = table_of(models.BatchChange), table_of(models.UploadBatch)
    statement = (
        sa.select(change.c.agreement_id, change.c.batch_id)
        .join(batch, batch.c.id == change.c.batch_id)
        .where(batch.c.applied_at >= end_of(day))
        .distinct()
    )
    return _as_touched(read(statement))


def _loaded(read: Read, day: dt.date) -> pl.DataFrame:
    """Rows without a batch that their source received after the day, about what was by then."""
    statements = []
    for model, about in _DATED:
        table = table_of(model)
        late = (table.c.batch_id.is_(None), table.c.received_on > day, table.c[about] <= day)
        statements.append(sa.select(table.c.agreement_id).where(*late))
    blocker, event = table_of(models.Blocker).c, table_of(models.BlockerEvent).c
    statements.append(
        sa.select(blocker.agreement_id)
        .join(table_of(models.BlockerEvent), event.blocker_id == blocker.id)
        .where(event.batch_id.is_(None), event.received_on > day, event.effective_on <= day)
    )
    return _as_touched(read(sa.union(*statements)), SOURCE)


def _found(read: Read, day: dt.date) -> pl.DataFrame:
    """What something was found of, or is not any more; and what was found false in a sample of which anything was, or was taken
    back: once all of a sample was looked at, its agency's other claims wait, and each counts again once it is confirmed."""
    found, false = table_of(models.Verification), table_of(models.Verification).alias("false")
    item, other = table_of(models.SampleItem), table_of(models.SampleItem).alias("other")
    since = sa.or_(found.c.received_on > day, found.c.retracted_at >= end_of(day))
    samples = sa.select(item.c.sample_id).join(found, since_seen.same_claim(found, item)).where(since)
    gone = since_seen.taken_back(read).filter(pl.col("taken_back_on") > day)["sample_id"].unique()
    waiting = (
        sa.select(false.c.agreement_id)
        .join(other, since_seen.same_claim(false, other))
        .where(false.c.verdict == Verdict.REFUTED)
        .where(sa.or_(other.c.sample_id.in_(samples), other.c.sample_id.in_(gone.to_list())))
    )
    told = sa.select(found.c.agreement_id).where(since, found.c.effective_on <= day)
    return _as_touched(read(sa.union(told, waiting)), FINDING)


def _named(read: Read, day: dt.date) -> pl.DataFrame:
    """What was handed over or back since, from the day or an earlier one on."""
    handover = table_of(models.Handover).c
    since = sa.or_(handover.recorded_at >= end_of(day), handover.retracted_at >= end_of(day))
    statement = sa.select(handover.agreement_id).where(since, handover.effective_on <= day).distinct()
    return _as_touched(read(statement, {"agreement_id": pl.Int64}), NAME)


def _as_touched(found: pl.DataFrame, cause: str | None = None) -> pl.DataFrame:
    missing = {"batch_id": pl.lit(None, pl.Int64), "cause": pl.lit(cause, pl.String)}
    added = {name: column for name, column in missing.items() if name not in found.columns}
    return found.with_columns(**added).select(pl.col(name).cast(dtype) for name, dtype in TOUCHED.items())
