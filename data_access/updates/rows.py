"""Rows of history added and retracted, within the caller's transaction."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence

import polars as pl
import sqlalchemy as sa
from sqlmodel import Session, SQLModel

from data_access import store
from data_access.acting import Refused
from data_access.store import models
from data_access.updates.reading import table

_IDS_AT_A_TIME = 5_000  # stores bound how many values one statement may carry


def parts(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), _IDS_AT_A_TIME):
        yield ids[start : start + _IDS_AT_A_TIME]


def own_versions(session: Session, agency: str) -> dict[int, int]:
    """Row version of every agreement this agency is responsible for, locked until the transaction ends."""
    agreement = table(models.Agreement)
    rows = session.connection().execute(
        sa.select(agreement.c.id, agreement.c.row_version)
        .where(agreement.c.responsible_agency == agency)
        .with_for_update()
    )
    return {int(number): int(version) for number, version in rows}


def versions_of(session: Session, agreement_ids: Sequence[int]) -> dict[int, int]:
    """Row version of these agreements, whoever is responsible, locked until the transaction ends."""
    agreement = table(models.Agreement)
    found: dict[int, int] = {}
    for part in parts(agreement_ids):
        statement = sa.select(agreement.c.id, agreement.c.row_version).where(agreement.c.id.in_(part)).with_for_update()
        found |= {int(number): int(version) for number, version in session.connection().execute(statement)}
    return found


def live(
    session: Session, model: type[SQLModel], agreement_ids: Sequence[int], columns: dict[str, pl.DataType]
) -> pl.DataFrame:
    """The rows of history of agreements that hold, as this transaction sees them: id, agreement_id, and `columns`."""
    there = table(model)
    names = ("id", "agreement_id", *columns)
    found: list[tuple[object, ...]] = []
    for part in parts(agreement_ids):
        statement = sa.select(*(there.c[name] for name in names)).where(
            there.c.agreement_id.in_(part), there.c.retracted_at.is_(None)
        )
        found.extend(tuple(row) for row in session.connection().execute(statement.order_by(there.c.id)))
    schema = {"id": pl.Int64(), "agreement_id": pl.Int64(), **columns}
    return pl.DataFrame(found, schema=schema, orient="row").sort("id")


def refs_of(session: Session, agreement_ids: Sequence[int]) -> tuple[str, ...]:
    """The references of agreements, for a message."""
    agreement = table(models.Agreement)
    found: list[str] = []
    for part in parts(agreement_ids):
        rows = session.connection().execute(sa.select(agreement.c.ref).where(agreement.c.id.in_(part)))
        found.extend(row.ref for row in rows)
    return tuple(sorted(found))


def fetched(
    session: Session, model: type[SQLModel], ids: Sequence[int], schema: dict[str, pl.DataType]
) -> pl.DataFrame:
    """Rows by their ids, some of their columns, as this transaction sees them."""
    columns = table(model).c
    rows: list[tuple[object, ...]] = []
    for part in parts(ids):
        statement = sa.select(*(columns[name] for name in schema)).where(columns.id.in_(part))
        rows.extend(tuple(row) for row in session.connection().execute(statement))
    return pl.DataFrame(rows, schema=schema, orient="row")


def brought_by(session: Session, model: type[SQLModel], batch_id: int) -> list[int]:
    """The rows of a batch, whether they hold or not."""
    there = table(model).c
    statement = sa.select(there.id).where(there.batch_id == batch_id).order_by(there.id)
    return [int(number) for number in session.connection().execute(statement).scalars()]


def retract(session: Session, model: type[SQLModel], ids: Sequence[int], at: dt.datetime) -> None:
    """Mark rows as no longer held. Raises `Refused` where one of them was retracted before."""
    rows = table(model)
    done = 0
    for part in parts(ids):
        outcome = session.connection().execute(
            sa.update(rows).where(rows.c.id.in_(part), rows.c.retracted_at.is_(None)).values(retracted_at=at)
        )
        done += outcome.rowcount
    if done != len(ids):
        raise Refused("stale")


def added(
    session: Session, model: type[SQLModel], frame: pl.DataFrame, *, batch_id: int, at: dt.datetime
) -> pl.DataFrame:
    """Add rows of history of a batch, and give them back with their ids (`id`) in the same order.

    Both stores number rows in the order in which they arrive; that the numbers found belong to these rows is checked.
    """
    if frame.is_empty():
        return frame.with_columns(id=pl.lit(None, pl.Int64))
    columns = table(model).c
    owner = "blocker_id" if model is models.BlockerEvent else "agreement_id"
    stored = frame.select(name for name in frame.columns if name in columns and name != "id")
    highest = session.connection().execute(sa.select(sa.func.coalesce(sa.func.max(columns.id), 0))).scalar_one()
    store.write_frame(session, model, stored.with_columns(batch_id=pl.lit(batch_id), recorded_at=pl.lit(at)))
    rows = session.connection().execute(
        sa.select(columns.id, columns[owner])
        .where(columns.batch_id == batch_id, columns.id > highest)
        .order_by(columns.id)
    )
    numbered = [(row[0], row[1]) for row in rows]
    if [number for _, number in numbered] != frame[owner].to_list():
        raise RuntimeError(f"the rows just added to {columns.id.table.name} are not those that were sent")
    return frame.with_columns(id=pl.Series([number for number, _ in numbered], dtype=pl.Int64))


def set_values(session: Session, column: str, values: Iterable[tuple[int, str]]) -> None:
    """New texts in a column of agreements, by agreement id."""
    agreement = table(models.Agreement)
    given = [{"agreement": number, "text": text} for number, text in values]
    if given:
        session.connection().execute(
            sa.update(agreement)
            .where(agreement.c.id == sa.bindparam("agreement"))
            .values({column: sa.bindparam("text")}),
            given,
        )


def raise_row_versions(session: Session, agreement_ids: Sequence[int]) -> None:
    """Count one more change of each agreement: what was seen of it before is out of date."""
    agreement = table(models.Agreement)
    for part in parts(agreement_ids):
        session.connection().execute(
            sa.update(agreement).where(agreement.c.id.in_(part)).values(row_version=agreement.c.row_version + 1)
        )
