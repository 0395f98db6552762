"""How much waits for review."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection

import polars as pl
import sqlalchemy as sa

from data_access import engine as store
from data_access import models
from data_access.uploads.reading import table
from kpi.intake import Change, kind_of


def count_waiting(engine: sa.Engine) -> int:
    """How many batches wait for review. For coordinators."""
    batch = table(models.UploadBatch)
    statement = sa.select(sa.func.count().label("n")).select_from(batch).where(batch.c.status == "waiting")
    return int(store.read_frame(engine, statement)["n"].item())


def count_kinds(engine: sa.Engine, batch_ids: Collection[int]) -> pl.DataFrame:
    """How many changes of each kind (`intake.KINDS`) were sent with these batches: batch_id, kind, changes. For coordinators."""
    submission = table(models.UploadSubmission)
    kept = store.read_frame(
        engine,
        sa.select(submission.c.batch_id, submission.c.seen).where(submission.c.batch_id.in_(list(batch_ids))),
    )
    counts = [
        (number, kind, count)
        for number, seen in kept.select("batch_id", "seen").iter_rows()
        for kind, count in Counter(kind_of(Change(*cell)) for cell in json.loads(seen)["changes"]).items()
    ]
    return pl.DataFrame(counts, schema={"batch_id": pl.Int64, "kind": pl.String, "changes": pl.Int64}, orient="row")
