"""What a newer export says anew, written into the register within the caller's transaction."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Final

import polars as pl
import sqlalchemy as sa
from sqlmodel import Session, SQLModel, col, select

from data_access import store
from data_access.agreement_cells import HANDED_OVER, LISTED, RESPONSIBLE, VANISHED, set_cells
from data_access.refreshing.export import Newer
from data_access.refreshing.held import LISTS, Held
from data_access.store import models
from data_access.updates import rows
from data_access.updates.applying import Batch, replacements, row_versions, write_changes
from data_access.updates.reading import table
from kpi.update.current import latest_states

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
        _set(session, batch, newer, told, ids, held),
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


def _set(
    session: Session, batch: Batch, newer: Newer, told: pl.DataFrame, ids: Mapping[str, int], held: Held
) -> pl.DataFrame:
    cells = _cells(told, ids, held).filter(~_is_moved(pl.col("field")))
    _hand_over(session, batch, cells.filter(pl.col("field") == RESPONSIBLE), newer.data_date)
    for (field,), within in cells.group_by("field", maintain_order=True):
        set_cells(session, str(field), within.select("agreement_id", "new").iter_rows())
    tables = {field: of.name for field, of in LISTED.items()}
    return cells.with_columns(target_table=pl.col("field").replace_strict(tables, default="agreement"))


def _hand_over(session: Session, batch: Batch, cells: pl.DataFrame, day: dt.date) -> None:
    """Whoever is responsible by the export is so from its day on: days before keep who was."""
    if cells.is_empty():
        return
    handed = session.get_one(models.UploadBatch, batch.id)
    last = dict(
        session.exec(
            select(models.Handover.agreement_id, sa.func.max(models.Handover.effective_on))
            .where(col(models.Handover.retracted_at).is_(None))
            .group_by(col(models.Handover.agreement_id))
        ).all()
    )
    session.add_all(
        models.Handover(
            agreement_id=number,
            agency=old or None,
            successor=new or None,
            effective_on=max(day, last.get(number, day)),
            action=HANDED_OVER,
            recorded_at=batch.at,
            recorded_by=handed.username,
        )
        for number, old, new in cells.select("agreement_id", "old", "new").iter_rows()
    )
    session.flush()


def _moved(
    session: Session, batch: Batch, newer: Newer, told: pl.DataFrame, ids: Mapping[str, int]
) -> list[pl.DataFrame]:
    """Days of states and targets, as the export has them now."""
    changed = _with_id(told.filter(_is_moved(pl.col("field"))), ids)
    targets = changed.filter(pl.col("field") == "current_target")
    states = changed.filter(pl.col("field") != "current_target")
    return [
        *([] if states.is_empty() else _states(session, batch, newer, states)),
        *([] if targets.is_empty() else _targets(session, batch, newer, targets)),
    ]


def _states(session: Session, batch: Batch, newer: Newer, wanted: pl.DataFrame) -> list[pl.DataFrame]:
    """The rows of a state give way to those of the export. What is of the same day comes along, so that moves of one day keep the
    order of the mapping, and what has no day of its own, whose place is among the others."""
    field, day = pl.format("state_date[{}]", "state").alias("field"), ["agreement_id", "effective_on"]
    numbers = dict(wanted.select("ref", "agreement_id").iter_rows())
    columns = {"state": pl.String(), "effective_on": pl.Date(), "date_known": pl.Boolean(), "note": pl.String()}
    live = rows.live(session, models.StatusEvent, list(numbers.values()), columns).with_columns(field)
    said = _with_id(newer.rows["StatusEvent"], numbers).with_columns(field)
    cell = ["agreement_id", "field"]
    coming, going = (frame.join(wanted, on=cell, how="semi", maintain_order="left") for frame in (said, live))
    days = pl.concat([coming.select(day), going.select(day)])
    same_day = said.join(live.select(*cell, "effective_on"), on=[*cell, "effective_on"], how="semi")
    undated = said.filter(~pl.col("date_known")).join(live.filter(~pl.col("date_known")), on=cell, how="semi")
    along = pl.concat([same_day.join(days, on=day, how="semi").select(cell), undated.select(cell)])
    moved = pl.concat([wanted.select(cell), along]).unique()
    coming, going = (frame.join(moved, on=cell, how="semi", maintain_order="left") for frame in (said, live))
    place = pl.int_range(pl.len()).over(cell).alias("_place")
    pairs = going.with_columns(place).select(*cell, "_place", replaces="id")
    coming = coming.with_columns(place).join(pairs, on=[*cell, "_place"], how="left", maintain_order="left")
    rows.retract(session, models.StatusEvent, going["id"].to_list(), batch.at)
    written = rows.added(session, models.StatusEvent, coming, batch_id=batch.id, at=batch.at)
    left = going.join(coming.select(id="replaces").drop_nulls(), on="id", how="anti")
    return [
        _carried(wanted, written, "statusevent"),
        replacements("statusevent", written),
        _removed(left, "statusevent"),
        _in_another_state(live, rows.live(session, models.StatusEvent, list(numbers.values()), columns)),
    ]


def _in_another_state(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """The cells of agreements that are in another state by now: what an agency's older template says is then known for old."""
    was, now = (latest_states(events).select("agreement_id", "state", "state_event") for events in (before, after))
    moved = was.join(now, on="agreement_id", suffix="_now").filter(pl.col("state") != pl.col("state_now"))
    return moved.select(
        "agreement_id",
        field=pl.lit("state"),
        old="state",
        new="state_now",
        target_table=pl.lit("statusevent"),
        target_id="state_event_now",
    )


def _targets(session: Session, batch: Batch, newer: Newer, wanted: pl.DataFrame) -> list[pl.DataFrame]:
    """Another day is another plan: what was planned before stays, so that the first one remains the original. It holds from the day
    the export says, where that is after the plan it takes over from, else from the day of the export. Where none is given any
    more, or an agency's later plan gives way, those rows are taken back."""
    numbers = dict(wanted.select("ref", "agreement_id").iter_rows())
    live = rows.live(session, models.TargetDate, list(numbers.values()), {"effective_on": pl.Date()})
    last = live.group_by("agreement_id").agg(before=pl.col("effective_on").max())
    said = _with_id(newer.rows["TargetDate"], numbers).with_columns(field=pl.lit("current_target"))
    coming = said.sort("agreement_id", "effective_on", maintain_order=True).unique(
        "agreement_id", keep="last", maintain_order=True
    )
    since = pl.col("effective_on")
    is_conflict = wanted.select("agreement_id", is_theirs=pl.col("kind") == "conflict")
    coming = (
        coming.join(last, on="agreement_id", how="left", maintain_order="left")
        .with_columns(effective_on=pl.when(since > pl.col("before")).then(since).otherwise(pl.lit(newer.data_date)))
        .with_columns(received_on=pl.max_horizontal("received_on", "effective_on"))
    )
    day = coming.select("agreement_id", from_on="effective_on")
    going = (
        live.join(is_conflict, on="agreement_id")
        .join(day, on="agreement_id", how="left")
        .filter(pl.col("from_on").is_null() | (pl.col("is_theirs") & (since >= pl.col("from_on"))))
    )
    rows.retract(session, models.TargetDate, going["id"].to_list(), batch.at)
    written = rows.added(session, models.TargetDate, coming, batch_id=batch.id, at=batch.at)
    return [_carried(wanted, written, "targetdate"), _removed(going, "targetdate")]


def _carried(wanted: pl.DataFrame, written: pl.DataFrame, name: str) -> pl.DataFrame:
    """The cells of what changed, each with the first row that carries it."""
    first = written.group_by("agreement_id", "field").agg(target_id=pl.col("id").first())
    cells = wanted.select("agreement_id", "field", pl.coalesce("ours", "old").alias("old"), "new")
    carried = cells.join(first, on=["agreement_id", "field"], how="left", maintain_order="left")
    return carried.with_columns(target_table=pl.lit(name))


def _removed(gone: pl.DataFrame, name: str) -> pl.DataFrame:
    """The cells in which the batch remembers rows it took back without others in their place."""
    return gone.select("agreement_id", field=pl.lit("_retracts"), target_table=pl.lit(name), target_id="id")


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
