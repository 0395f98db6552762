"""How much waits for review."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

import polars as pl
import sqlalchemy as sa

from data_access import store
from data_access.store import models
from data_access.updates.reading import table
from kpi.update import Change, Kind, kind_of, place_of
from kpi.vocabulary import BatchStatus


def count_waiting(engine: sa.Engine) -> int:
    """How many batches wait for review. For coordinators."""
    batch = table(models.UploadBatch)
    statement = sa.select(sa.func.count().label("n")).select_from(batch).where(batch.c.status == BatchStatus.WAITING)
    return int(store.read_frame(engine, statement)["n"].item())


def count_kinds(engine: sa.Engine, batch_ids: Collection[int]) -> pl.DataFrame:
    """How many changes of each kind (`intake.KINDS`) were sent with these batches: batch_id, kind, places. For coordinators.

    What has to be decided together (a state and its day, a new agreement) counts once.
    """
    submission = table(models.UploadSubmission)
    kept = store.read_frame(
        engine,
        sa.select(submission.c.batch_id, submission.c.seen).where(submission.c.batch_id.in_(list(batch_ids))),
    )
    found = [
        (number, kind, count)
        for number, seen in kept.select("batch_id", "seen").iter_rows()
        for kind, count in _kinds_in(json.loads(seen)["changes"]).items()
    ]
    return pl.DataFrame(found, schema={"batch_id": pl.Int64, "kind": pl.String, "places": pl.Int64}, orient="row")


def _kinds_in(cells: Sequence[Sequence[Any]]) -> Counter[Kind]:
    changes = [Change(*cell) for cell in cells]
    return Counter(kind for kind, _ in {(kind_of(change), place_of(change)) for change in changes})
