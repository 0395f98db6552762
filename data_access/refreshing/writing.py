"""What a newer export says anew, written into the register within the caller's transaction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import polars as pl
import sqlalchemy as sa
from sqlmodel import Session, SQLModel, select

from data_access import store
from data_access.refreshing.export import Newer
from data_access.refreshing.held import LISTS, Held
from data_access.store import models
from data_access.updates import rows
from data_access.updates.agreement_cells import PARTNERS, VANISHED, set_cells
from data_access.updates.applying import Batch, replacements, row_versions, write_changes
from data_access.updates.reading import table

_TARGET_TABLES: Final[Mapping[str, type[SQLModel]]] = {
    "statusevent": models.StatusEvent,
    "targetdate": models.TargetDate,
}
_CELL: Final = {
    "agreement_id": pl.Int64(),
    "field": pl.String(),
    "old": pl.String(),
    "new": pl.String(),
    "target_table": pl.String(),
    "target_id": pl.Int64(),
}


def write(session: Session, batch: Batch, newer: Newer, held: Held, told: pl.DataFrame) -> int:
    """Store what `told` (columns of DIFFERENCES, without the conflicts decided for what agencies said) says of `newer`; gives how
    many differences it stored. The caller has taken its turn, and closes the batch."""
    for model in LISTS:
        if model.__name__ in newer.lists:
            store.write_frame(session, model, newer.lists[model.__name__])
    ids = dict(held.agreements.select("ref", "id").iter_rows())
    before: dict[int, int | None] = dict(held.agreements.select("id", "row_version").iter_rows())
    fresh = _register(session, newer)
    ids |= fresh
    cells = [
        _added(session, batch, newer, fresh),
        _set(session, told, ids, held),
        *_moved(session, batch, newer, told, ids),
        _marked(session, newer, ids, held),
        _only_said(newer, told, ids),
    ]
    changes = pl.concat([pl.DataFrame(schema=_CELL), *cells], how="diagonal_relaxed").select(list(_CELL))
    touched = changes["agreement_id"].unique().sort().to_list()
    known = [number for number in touched if number not in set(fresh.values())]
    rows.raise_row_versions(session, known)
    bookkeeping = row_versions({number: before[number] for number in known} | dict.fromkeys(fresh.values()))
    write_changes(session, batch, pl.concat([changes, bookkeeping, _dated(session, newer, touched)], how="diagonal"))
    return told.height


def _dated(session: Session, newer: Newer, touched: list[int]) -> pl.DataFrame:
    """Move the day the register was loaded up to, and the cell in which the batch remembers both; for want of a better place with
    the first agreement it touched."""
    version = session.exec(select(models.DataVersion)).one()
    before = version.data_date
    version.data_date = newer.data_date
    session.flush()
    return pl.DataFrame(
        {"agreement_id": touched[:1], "old": str(before), "new": str(newer.data_date), "field": "_data_date"},
        schema={"agreement_id": pl.Int64, "old": pl.String, "new": pl.String, "field": pl.String},
    ).with_columns(target_table=pl.lit("dataversion"))


# --- New agreements --------------------------------------------------------------------------------------------------


def _register(session: Session, newer: Newer) -> dict[str, int]:
    """Add the new agreements; gives the id of each reference."""
    agreements = newer.rows["Agreement"].filter(pl.col("ref").is_in(list(newer.new)))
    if agreements.is_empty():
        return {}
    highest = session.connection().execute(sa.select(sa.func.coalesce(sa.func.max(table(models.Agreement).c.id), 0)))
    numbers = pl.int_range(pl.len(), dtype=pl.Int64) + int(highest.scalar_one()) + 1
    added = agreements.with_columns(id=numbers)
    store.write_frame(session, models.Agreement, added)
    ids = dict(added.select("ref", "id").iter_rows())
    for model in (models.AgreementPartner, models.AgreementAgency, models.LoadFinding):
        frame = newer.rows.get(model.__name__)
        if frame is not None:
            store.write_frame(session, model, _with_id(frame, ids).drop("ref"))
    return ids


def _added(session: Session, batch: Batch, newer: Newer, fresh: Mapping[str, int]) -> pl.DataFrame:
    """The history of new agreements, and a cell for each that says it is there."""
    for model in _TARGET_TABLES.values():
        frame = _with_id(newer.rows[model.__name__], fresh)
        rows.added(session, model, frame.drop("ref"), batch_id=batch.id, at=batch.at)
    return pl.DataFrame(
        {"agreement_id": list(fresh.values()), "new": list(fresh), "target_id": list(fresh.values())},
        schema={"agreement_id": pl.Int64, "new": pl.String, "target_id": pl.Int64},
    ).with_columns(field=pl.lit("ref"), target_table=pl.lit("agreement"))


def _with_id(frame: pl.DataFrame, ids: Mapping[str, int]) -> pl.DataFrame:
    """The rows of these references, with their agreements' ids."""
    schema = {"ref": pl.String, "agreement_id": pl.Int64}
    known = pl.DataFrame({"ref": list(ids), "agreement_id": list(ids.values())}, schema=schema)
    return frame.join(known, on="ref", how="inner", maintain_order="left")


# --- Those there are -------------------------------------------------------------------------------------------------


def _cells(told: pl.DataFrame, ids: Mapping[str, int], held: Held) -> pl.DataFrame:
    """Differences within agreements as cells: what the register says, what it will say."""
    return (
        _with_id(told.filter(pl.col("field") != ""), ids)
        .join(held.now.rename({"value": "_now"}), on=["ref", "field"], how="left", maintain_order="left")
        .with_columns(old=pl.col("_now").fill_null(""), target_id="agreement_id")
        .select("ref", "agreement_id", "field", "old", "new", "target_id")
    )


def _is_moved(field: pl.Expr) -> pl.Expr:
    return field.str.starts_with("state_date[") | (field == "current_target")


def _set(session: Session, told: pl.DataFrame, ids: Mapping[str, int], held: Held) -> pl.DataFrame:
    cells = _cells(told, ids, held).filter(~_is_moved(pl.col("field")))
    for (field,), within in cells.group_by("field", maintain_order=True):
        set_cells(session, str(field), within.select("agreement_id", "new").iter_rows())
    where = pl.when(pl.col("field") == PARTNERS).then(pl.lit("agreementpartner")).otherwise(pl.lit("agreement"))
    return cells.with_columns(target_table=where)


def _moved(
    session: Session, batch: Batch, newer: Newer, told: pl.DataFrame, ids: Mapping[str, int]
) -> list[pl.DataFrame]:
    """Days of states and targets: the rows that hold give way to those of the export, state by state."""
    changed = _with_id(told.filter(_is_moved(pl.col("field"))), ids)
    found = []
    for name, model in _TARGET_TABLES.items():
        is_state = name == "statusevent"
        field = pl.format("state_date[{}]", "state") if is_state else pl.lit("current_target")
        wanted = changed.filter(pl.col("field").str.starts_with("state_date[") == is_state)
        if wanted.is_empty():
            continue
        there = table(model)
        live = rows.live(session, model, wanted["agreement_id"].unique().to_list(), ["state"] if is_state else [])
        going = live.with_columns(field=field).join(wanted, on=["agreement_id", "field"], how="semi")
        coming = (
            _with_id(newer.rows[model.__name__], ids)
            .with_columns(field=field)
            .join(wanted, on=["agreement_id", "field"], how="semi", maintain_order="left")
        )
        place = pl.int_range(pl.len()).over("agreement_id", "field").alias("_place")
        pairs = going.with_columns(place).select("agreement_id", "field", "_place", replaces="id")
        coming = coming.with_columns(place).join(
            pairs, on=["agreement_id", "field", "_place"], how="left", maintain_order="left"
        )
        rows.retract(session, model, going["id"].to_list(), batch.at)
        written = rows.added(session, model, coming, batch_id=batch.id, at=batch.at)
        left = going.join(coming.select(id="replaces").drop_nulls(), on="id", how="anti")
        first = written.group_by("agreement_id", "field").agg(target_id=pl.col("id").first())
        found += [
            wanted.select("agreement_id", "field", pl.coalesce("ours", "old").alias("old"), "new")
            .join(first, on=["agreement_id", "field"], how="left", maintain_order="left")
            .with_columns(target_table=pl.lit(there.name)),
            replacements(there.name, written),
            left.select("agreement_id", field=pl.lit("_retracts"), target_table=pl.lit(there.name), target_id="id"),
        ]
    return found


def _marked(session: Session, newer: Newer, ids: Mapping[str, int], held: Held) -> pl.DataFrame:
    """Mark what vanished, and take the mark off what is there again."""
    was = dict(held.agreements.select("ref", VANISHED).iter_rows())
    day = newer.data_date.isoformat()
    marks: list[tuple[int, str | None, str]] = [(ids[ref], None, day) for ref in newer.vanished]
    marks += [(ids[ref], str(was[ref]), "") for ref in newer.appeared]
    set_cells(session, VANISHED, [(number, mark) for number, _, mark in marks])
    return pl.DataFrame(
        marks, schema={"agreement_id": pl.Int64, "old": pl.String, "new": pl.String}, orient="row"
    ).with_columns(field=pl.lit(VANISHED), target_table=pl.lit("agreement"), target_id="agreement_id")


def _only_said(newer: Newer, told: pl.DataFrame, ids: Mapping[str, int]) -> pl.DataFrame:
    """What the source says and the register does not take over, or says already: remembered, so that it is no news next time."""
    left = newer.words.join(told, on=["ref", "field"], how="anti", maintain_order="left")
    return _with_id(left, ids).select(
        "agreement_id", "old", "new", field=pl.format("_said[{}]", "field"), target_table=pl.lit("agreement")
    )
