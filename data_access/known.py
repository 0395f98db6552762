"""What the store knew at the end of a day: what had come by then, and had not been taken back yet.

What was brought by a batch is known from the moment it was recorded, what was loaded from the day on which its source received
it. The past does not change: whatever is handed in, published, corrected or undone later leaves what was known on a day as it was.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

import polars as pl
import sqlalchemy as sa

from data_access.agreement_cells import LISTED
from data_access.clock import end_of
from data_access.store import models
from data_access.store.arrow import Read, table_of


def had_come(table: sa.FromClause, day: dt.date) -> sa.ColumnElement[bool]:
    """Which rows of a table of claims were there at the end of a day, taken back by then or not."""
    if "received_on" not in table.c:
        return table.c.recorded_at < end_of(day)
    if "batch_id" not in table.c:
        return table.c.received_on <= day
    return sa.or_(
        sa.and_(table.c.batch_id.is_(None), table.c.received_on <= day),
        sa.and_(table.c.batch_id.is_not(None), table.c.recorded_at < end_of(day)),
    )


def held(table: sa.FromClause, day: dt.date | None) -> sa.ColumnElement[bool]:
    """Which rows of a table of claims held at the end of a day; hold, without one."""
    if day is None:
        return table.c.retracted_at.is_(None)
    still = sa.or_(table.c.retracted_at.is_(None), table.c.retracted_at >= end_of(day))
    return sa.and_(had_come(table, day), still)


def read_first_receipt(read: Read) -> dt.date | None:
    """The first day of which it can be asked what was known; None for an empty register."""
    first: dt.date | None = read(sa.select(sa.func.min(table_of(models.Agreement).c.received_on).label("first"))).item()
    return first


def as_known(read: Read, agreements: pl.DataFrame, day: dt.date) -> pl.DataFrame:
    """Agreements (with their `id`) with the columns that have been changed since a day as they were at its end, without those that
    the register's source has brought since."""
    changed = read(_changes_since(day)).unique(["id", "field"], keep="first", maintain_order=True)
    brought = changed.filter(pl.col("field") == "ref", pl.col("old").is_null())
    agreements = agreements.join(brought, on="id", how="anti", maintain_order="left")
    changed = changed.join(brought, on="id", how="anti", maintain_order="left")
    for field in changed["field"].unique().sort():
        if field in agreements.columns:
            old = changed.filter(pl.col("field") == field).select("id", "old")
            agreements = _with(agreements, field, old.with_columns(_meant(agreements, field).alias("old")))
    return _with(agreements, "responsible_agency", _agencies_then(read, day))


def listed_then(read: Read, field: str, rows: pl.DataFrame, day: dt.date) -> pl.DataFrame:
    """What is listed of agreements under a field (rows of its table: `agreement_cells.LISTED`) as it was at the end of a day: the
    register's source may name others since."""
    of = LISTED[field]
    changed = read(_changes_since(day, of.name)).unique("id", keep="first", maintain_order=True)
    if changed.is_empty():
        return rows
    then = (
        changed.select(pl.col("old").str.split(", ").alias(of.column), agreement_id="id")
        .explode(of.column)
        .filter(pl.col(of.column) != "")
        .with_columns(
            *([pl.int_range(pl.len(), dtype=pl.Int64).over("agreement_id").alias(of.place)] if of.place else []),
            **{name: pl.lit(text) for name, text in of.beside().items()},
        )
    )
    kept = rows.join(changed.select(agreement_id="id"), on="agreement_id", how="anti")
    return pl.concat([kept, then.select(rows.columns)]).sort("agreement_id", of.column)


def _meant(agreements: pl.DataFrame, field: str) -> pl.Expr:
    """The texts that batches keep of a column's cells, in the column's type; an empty one is null where that is no text."""
    old, dtype = pl.col("old").fill_null(""), agreements.schema[field]
    if dtype == pl.Boolean:
        return old == "true"
    is_code = field in _CODES
    return old if dtype == pl.String and not is_code else old.replace("", None).cast(dtype)


_CODES: Final = tuple(column.name for column in table_of(models.Agreement).columns if column.nullable)
"""The columns of agreements in which nothing is null rather than an empty text."""


def _changes_since(day: dt.date, of: str = "agreement") -> sa.Select[tuple[object, ...]]:
    """The cells of agreements (`of` them, or their partners) that batches changed after a day, the first of each first: id, field,
    old."""
    change, batch = table_of(models.BatchChange).c, table_of(models.UploadBatch).c
    return (
        sa.select(change.agreement_id.label("id"), change.field, change.old)
        .join(table_of(models.UploadBatch), batch.id == change.batch_id)
        .where(change.target_table == of, batch.applied_at >= end_of(day))
        .where(~change.field.startswith("_", autoescape=True))
        .order_by(change.id)
    )


def _agencies_then(read: Read, day: dt.date) -> pl.DataFrame:
    """Who was responsible at the end of a day for what was handed over or back since: id, old (null for nobody)."""
    handover, end = table_of(models.Handover).c, end_of(day)
    over = sa.select(handover.agreement_id, handover.agency, handover.recorded_at.label("at"), handover.id)
    back = sa.select(handover.agreement_id, handover.successor, handover.retracted_at.label("at"), handover.id)
    since = sa.union_all(over.where(handover.recorded_at >= end), back.where(handover.retracted_at >= end))
    found = read(since, {"at": pl.Datetime("us"), "agency": pl.String}).sort("agreement_id", "at", "id")
    return found.unique("agreement_id", keep="first").select(id="agreement_id", old="agency")


def _with(agreements: pl.DataFrame, field: str, old: pl.DataFrame) -> pl.DataFrame:
    """Agreements with the `old` texts of a column, where there are any."""
    return (
        agreements.join(old.with_columns(changed=pl.lit(value=True)), on="id", how="left", maintain_order="left")
        .with_columns(pl.when("changed").then("old").otherwise(field).alias(field))
        .drop("changed", "old")
    )
