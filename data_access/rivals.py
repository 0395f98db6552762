"""What waits twice: batches, of agencies or of the register's source, that are about the same agreements."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

import polars as pl
import sqlalchemy as sa

from data_access import store
from data_access.refreshing import Newer
from data_access.store import models
from data_access.store.arrow import table_of
from data_access.updates.reading import with_parted_field
from kpi.update import Change
from kpi.vocabulary import BatchStatus

_CELL: Final = ["ref", "column", "item"]
_SAYS: Final = {"batch_id": pl.Int64, **dict.fromkeys((*_CELL, "new"), pl.String)}


def read_rivals(engine: sa.Engine, batch_id: int) -> pl.DataFrame:
    """Other batches that wait and change the same agreements as this one: batch_id, ref, differs (whether they would put something
    else into one and the same cell). For coordinators."""
    batch, kept = table_of(models.UploadBatch).c, table_of(models.UploadSubmission).c
    waiting = store.read_frame(
        engine,
        sa.select(batch.id, batch.agency, kept.seen, kept.content)
        .join(table_of(models.UploadSubmission), kept.batch_id == batch.id)
        .where(batch.status == BatchStatus.WAITING),
    )
    said = [
        _of_upload(number, seen) if agency is not None else _of_source(number, content)
        for number, agency, seen, content in waiting.iter_rows()
    ]
    cells = pl.concat([pl.DataFrame(schema=_SAYS), *said])
    own, others = cells.filter(pl.col("batch_id") == batch_id), cells.filter(pl.col("batch_id") != batch_id)
    disputed = (
        others.join(own.select(*_CELL, ours="new"), on=_CELL)
        .filter(pl.col("new").ne_missing(pl.col("ours")))
        .select("batch_id", "ref")
        .unique()
        .with_columns(differs=True)
    )
    return (
        others.join(own, on="ref", how="semi")
        .select("batch_id", "ref")
        .unique()
        .join(disputed, on=["batch_id", "ref"], how="left")
        .with_columns(pl.col("differs").fill_null(value=False))
        .sort("batch_id", "ref")
    )


def _of_upload(number: int, seen: str) -> pl.DataFrame:
    """The cells of agreements that are registered; the day of a new state is that state's, as the source has it."""
    changes = [Change(*cell) for cell in json.loads(seen)["changes"]]
    states = {change.subject: change.new for change in changes if change.column == "state"}
    told = [
        (number, change.ref, change.column, _item(change, states), change.new)
        for change in changes
        if change.agreement_id is not None
    ]
    return pl.DataFrame(told, schema=_SAYS, orient="row")


def _item(change: Change, states: Mapping[str, str | None]) -> str:
    return states.get(change.subject) or "" if change.column == "state_date" else change.item


def _of_source(number: int, content: str) -> pl.DataFrame:
    """The cells of a newer export; whole agreements that come or go have one without a name."""
    newer = Newer.of_text(content)
    whole = {"new": newer.new, "vanished": newer.vanished, "appeared": newer.appeared}
    there = pl.DataFrame(
        [(number, ref, "", "", kind) for kind, refs in whole.items() for ref in refs], schema=_SAYS, orient="row"
    )
    cells = with_parted_field(newer.words).select(pl.lit(number).alias("batch_id"), *_CELL, "new")
    return pl.concat([there, cells.cast(pl.Schema(_SAYS))])
