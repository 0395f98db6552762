"""Taking a batch back by its opposite: nothing is deleted, what was wrong is marked and what was right is written again."""

from __future__ import annotations

import dataclasses
import datetime as dt

import polars as pl
import sqlalchemy as sa
from sqlmodel import Session

from data_access import data_date, store
from data_access.acting import Overlap, Person, Refused, account_of, logged, take_turn
from data_access.agreement_cells import LISTED, RESPONSIBLE, set_cells
from data_access.clock import local_time
from data_access.register import rules_on
from data_access.roles import May, may
from data_access.store import models
from data_access.store.models.base import local_day
from data_access.updates import rows
from data_access.updates.applying import (
    MODELS,
    Batch,
    close_batch,
    open_batch,
    replacements,
    row_versions,
    stored,
    write_changes,
)
from data_access.updates.handing_back import hand_back, move_back
from data_access.updates.outcome import Receipt
from data_access.updates.reading import FREED, table, with_parted_field
from kpi.facts import REPORT_FIELDS
from kpi.update.columns import BY_CODE
from kpi.vocabulary import MILESTONES, BatchStatus, State

_CELLS = {
    "id": pl.Int64(),
    "batch_id": pl.Int64(),
    "agreement_id": pl.Int64(),
    "field": pl.String(),
    "old": pl.String(),
    "new": pl.String(),
    "target_table": pl.String(),
    "target_id": pl.Int64(),
}
_KEPT = {
    "statusevent": {
        "agreement_id": pl.Int64(),
        "state": pl.String(),
        "effective_on": pl.Date(),
        "received_on": pl.Date(),
        "date_known": pl.Boolean(),
        "note": pl.String(),
    },
    "targetdate": {
        "agreement_id": pl.Int64(),
        "target_on": pl.Date(),
        "effective_on": pl.Date(),
        "received_on": pl.Date(),
        "reason": pl.String(),
    },
    "blockerevent": {
        "blocker_id": pl.Int64(),
        "kind": pl.String(),
        "effective_on": pl.Date(),
        "received_on": pl.Date(),
        "note": pl.String(),
    },
    "progressreport": {
        "agreement_id": pl.Int64(),
        "period": pl.String(),
        "reported_on": pl.Date(),
        "received_on": pl.Date(),
        **dict.fromkeys(REPORT_FIELDS, pl.String()),
        "progress_pct": pl.Float64(),
        "shows_progress": pl.Boolean(),
    },
}
"""What each table's rows say and when they were received, which a restored row says again."""

_WHOLE_PARTS = ("status", "target")
"""Parts whose cells stand or fall together: two batches that touch one of them touch the same thing."""

_OF_SOURCE = "source"
"""The part of what only the register's source says: no upload has a column for it."""


@dataclasses.dataclass(frozen=True, eq=False)
class _Past:
    """What a batch did: its cells (with column, item, part), which rows it put in place of which (target_table, old, new), which it
    took back without another (target_table, old), the agreements it registered, where each row that was replaced lives on by now
    (target_table, id, live), and for each that holds in place of others those of its versions that count without the batch: their
    days of receipt are that of what is left."""

    cells: pl.DataFrame
    replaced: pl.DataFrame
    removed: pl.DataFrame
    registered: frozenset[int]
    live: dict[tuple[str, int], int]
    versions: dict[tuple[str, int], list[int]]


def undo(session: Session, *, actor: Person, batch_id: int) -> Receipt:
    """Write the opposite of a batch, as a batch of its own; also after later ones that do not touch the same cells.

    Rows the batch added are retracted, rows it replaced are written again, columns get their old texts back. An agreement it
    registered stays as a row without any event, which nothing shows; its reference is free again. Raises `Refused`: `overlaps`
    names the later cells in the way. The caller commits.
    """
    with logged("upload.undo", actor, f"batch {batch_id}"):
        return _undone(session, actor, batch_id)


def _undone(session: Session, actor: Person, batch_id: int) -> Receipt:
    account = account_of(session, actor)  # first of all: then an agency meets its own batches only
    take_turn(session)
    batch = session.get(models.UploadBatch, batch_id)
    if batch is None or not _may_undo(account, batch):
        raise Refused("not_allowed")
    agency = batch.agency
    if agency is not None:
        store.act_for(session, agency)
    if batch.undoes is not None:
        raise Refused("undo_of_undo")
    if batch.status != BatchStatus.APPLIED:
        raise Refused("already_undone" if batch.status == BatchStatus.UNDONE else "not_applied")
    oversees = may(account.role, May.OVERSEE_UPLOADS)
    claim_days = rules_on(session, local_day()).claim_days
    if not oversees and is_for_the_coordinator(
        batch.reviewed_by, batch.created_at, claim_days=claim_days, published_on=data_date.read_published(session)
    ):
        raise Refused("undo_by_coordinator")
    every = _cells_of_same_agreements(session, batch_id)
    past = _past(every, batch_id)
    # Whoever could take back at will would have it counted on the day figures are published and gone before a sample is drawn; or
    # sign an agreement anew before it ages.
    if (past.registered or _claims(past)) and not oversees and local_time(batch.created_at).date() < local_day():
        raise Refused("undo_by_coordinator")
    agreement_ids = sorted(past.cells["agreement_id"].unique())
    versions = rows.versions_of(session, agreement_ids) if agency is None else rows.own_versions(session, agency)
    if not set(agreement_ids) <= versions.keys():
        raise Refused("not_allowed")
    _refuse_overlaps(session, every, past, batch_id)
    opposite = models.UploadBatch(
        username=actor.username,
        agency=agency,
        file_name=batch.file_name,
        file_sha256=batch.file_sha256,
        rows=batch.rows,
        changes=past.cells.height,
        status=BatchStatus.UNDO,
        undoes=batch_id,
    )
    opened = open_batch(session, opposite)
    carriers = _take_back(session, past, opened) if agency else _take_back_source(session, past, opened, batch_id)
    rows.raise_row_versions(session, agreement_ids)
    batch.status, batch.undone_by = BatchStatus.UNDONE, opened.id
    bookkeeping = row_versions({number: versions[number] for number in agreement_ids})
    freed = _freed(session, sorted(past.registered))
    write_changes(session, opened, pl.concat([_opposite_cells(past), freed, carriers, bookkeeping], how="diagonal"))
    detail: dict[str, object] = {"undoes": batch_id, "file": batch.file_name, "agency": agency}
    return close_batch(session, actor, "upload.undo", opened, changes=past.cells.height, detail=detail)


def _claims(past: _Past) -> bool:
    """Whether the batch said that an agreement has come a stage further."""
    said = past.cells.filter((pl.col("column") == "state") & pl.col("new").is_in(MILESTONES))
    return not said.filter(pl.col("new") != State.SIGNED).is_empty()


def is_for_the_coordinator(
    reviewed_by: str, created_at: dt.datetime, *, claim_days: int, published_on: dt.date | None
) -> bool:
    """Whether no agency may take a batch back: what was reviewed, what it handed in longer ago than it may claim by itself, and
    what figures have been published with. Otherwise an undo would move what only a review may."""
    sent_on = local_time(created_at).date()
    is_published = published_on is not None and sent_on <= published_on
    return bool(reviewed_by) or is_published or (local_day() - sent_on).days > claim_days


def _may_undo(account: models.User, batch: models.UploadBatch) -> bool:
    """Whether this account may take a batch back: an agency its own ones, a coordinator or administrator any."""
    if may(account.role, May.OVERSEE_UPLOADS):
        return True
    return may(account.role, May.HAND_IN) and account.agency is not None and account.agency == batch.agency


# --- What was done ---------------------------------------------------------------------------------------------------


def _cells_of_same_agreements(session: Session, batch_id: int) -> pl.DataFrame:
    """The cells of every batch on the agreements this one touched, its own and the bookkeeping included; `holds` is false for
    batches that were undone or that undo another."""
    change, batch = table(models.BatchChange), table(models.UploadBatch)
    touched = sa.select(change.c.agreement_id).where(change.c.batch_id == batch_id)
    statement = (
        sa.select(*(change.c[name] for name in _CELLS), batch.c.status)
        .join(batch, batch.c.id == change.c.batch_id)
        .where(change.c.agreement_id.in_(touched))
        .order_by(change.c.id)
    )
    with store.whole_register(session):  # another agency may have been responsible since
        found = session.connection().execute(statement).all()
    frame = pl.DataFrame([tuple(row) for row in found], schema={**_CELLS, "status": pl.String()}, orient="row")
    return frame.with_columns(holds=pl.col("status") == BatchStatus.APPLIED).drop("status")


def _past(every: pl.DataFrame, batch_id: int) -> _Past:
    own = every.filter(pl.col("batch_id") == batch_id)
    bookkeeping = pl.col("field").str.starts_with("_")
    parts = {code: column.part for code, column in BY_CODE.items()}
    cells = with_parted_field(own.filter(~bookkeeping)).with_columns(
        part=pl.col("column").replace_strict(parts, default=_OF_SOURCE, return_dtype=pl.String)
    )
    replaced = own.filter(pl.col("field") == "_replaces").select(
        "agreement_id", "target_table", pl.col("old").cast(pl.Int64), pl.col("new").cast(pl.Int64)
    )
    removed = own.filter(pl.col("field") == "_retracts").select("agreement_id", "target_table", old="target_id")
    registered = own.filter((pl.col("field") == "_row_version") & pl.col("old").is_null())["agreement_id"]
    chains = _chains(every)
    taken_back = every.filter((pl.col("field") == "_replaces") & (~pl.col("holds") | (pl.col("batch_id") == batch_id)))
    gone = {(name, int(new)) for name, new in taken_back.select("target_table", "new").iter_rows()}
    return _Past(
        cells,
        replaced,
        removed,
        frozenset(registered),
        live={(name, row): chain[-1] for name, chain in chains for row in chain[:-1]},
        versions={(name, chain[-1]): [row for row in chain if (name, row) not in gone] for name, chain in chains},
    )


def _chains(every: pl.DataFrame) -> list[tuple[str, list[int]]]:
    """The rows that took each other's place, by table: the first one, each that followed it, the one that holds now."""
    follows = {
        (name, int(old)): int(new)
        for name, old, new in every.filter(pl.col("field") == "_replaces")
        .select("target_table", "old", "new")
        .iter_rows()
    }
    later = {(name, new) for (name, _), new in follows.items()}
    chains = []
    for name, first in follows.keys() - later:
        chain = [first]
        while (name, chain[-1]) in follows:
            chain.append(follows[name, chain[-1]])
        chains.append((name, chain))
    return chains


def _refuse_overlaps(session: Session, every: pl.DataFrame, past: _Past, batch_id: int) -> None:
    """Later batches that hold and touch the same cells, or anything within what this batch made. Later is what was stored
    later: a batch that waited for review has a number from before."""
    stored_at = every.filter(pl.col("batch_id") == batch_id)["id"].min()
    is_other = pl.col("batch_id") != batch_id
    later = every.filter(
        is_other & (pl.col("id") > stored_at) & pl.col("holds") & ~pl.col("field").str.starts_with("_")
    )
    if later.is_empty():
        return
    replaced = {(name, new) for name, new in past.replaced.select("target_table", "new").iter_rows()}
    made = {
        (agreement, part, item)
        for agreement, part, item, name, number in past.cells.select(
            "agreement_id", "part", "item", "target_table", "target_id"
        ).iter_rows()
        if name in ("progressreport", "blocker") and (name, number) not in replaced
    }
    fields = set(past.cells.select("agreement_id", "field").iter_rows())
    whole = {
        (agreement, part)
        for agreement, part in past.cells.select("agreement_id", "part").iter_rows()
        if part in _WHOLE_PARTS
    }
    overlaps = tuple(
        Overlap(number, agreement, field)
        for number, agreement, field, column, item in with_parted_field(later)
        .select("batch_id", "agreement_id", "field", "column", "item")
        .iter_rows()
        if agreement in past.registered
        or (agreement, field) in fields
        or (agreement, _part_of(column)) in whole
        or (agreement, _part_of(column), item) in made
    )
    if overlaps:
        refs = rows.refs_of(session, sorted({overlap.agreement_id for overlap in overlaps}))
        raise Refused("overlaps", refs=refs, overlaps=overlaps)


def _part_of(column: str) -> str:
    return BY_CODE[column].part if column in BY_CODE else _OF_SOURCE


# --- Taking it back --------------------------------------------------------------------------------------------------


def _take_back(session: Session, past: _Past, batch: Batch) -> pl.DataFrame:
    """Retract and restore rows and texts; gives the bookkeeping of rows put in place of others."""
    texts = past.cells.filter(pl.col("part") == "result")
    for name in texts["column"].unique().sort():
        old = texts.filter(pl.col("column") == name).select("agreement_id", pl.col("old").fill_null(""))
        rows.set_values(session, name, old.iter_rows())
    bookkeeping = []
    for name, model in MODELS.items():
        replaced = past.replaced.filter(pl.col("target_table") == name)
        written = past.cells.filter(pl.col("target_table") == name)["target_id"].unique()
        added = written.filter(~written.is_in(replaced["new"].implode())).sort()
        rows.retract(session, model, [past.live.get((name, number), number) for number in added], batch.at)
        if not replaced.is_empty():
            restored = _restored(session, name, replaced, past)
            bookkeeping.append(replacements(name, stored(session, name, restored, batch)))
    return pl.concat(bookkeeping) if bookkeeping else pl.DataFrame()


def _freed(session: Session, agreement_ids: list[int]) -> pl.DataFrame:
    """Give references back, so that the next agreement may have them; gives the cells that say so."""
    given = rows.fetched(session, models.Agreement, agreement_ids, {"id": pl.Int64(), "ref": pl.String()})
    cells = given.select(
        agreement_id="id",
        field=pl.lit("ref"),
        old="ref",
        new=pl.format("{}{}{}", "ref", pl.lit(FREED), "id"),
        target_table=pl.lit("agreement"),
        target_id="id",
    )
    rows.set_values(session, "ref", cells.select("agreement_id", "new").iter_rows())
    return cells


def _take_back_source(session: Session, past: _Past, batch: Batch, batch_id: int) -> pl.DataFrame:
    """The same of what the register's source said in a newer export: any column, partners, rows without another in their place, and
    the day the register was loaded up to. What it registered stays as rows without any event."""
    texts = past.cells.filter(
        pl.col("target_table").is_in(["agreement", *(of.name for of in LISTED.values())]),
        ~pl.col("agreement_id").is_in(list(past.registered)),
    )
    hand_back(session, texts.filter(pl.col("field") == RESPONSIBLE), batch)
    for (name,), within in texts.group_by("field", maintain_order=True):
        set_cells(session, str(name), within.select("agreement_id", pl.col("old").fill_null("")).iter_rows())
    bookkeeping = []
    for name in ("statusevent", "targetdate"):
        replaced = past.replaced.filter(pl.col("target_table") == name)
        brought = rows.brought_by(session, MODELS[name], batch_id)
        added = sorted(set(brought) - set(replaced["new"]))
        rows.retract(session, MODELS[name], [past.live.get((name, number), number) for number in added], batch.at)
        live = [past.live.get((name, number), number) for number in replaced["new"]]
        removed = past.removed.filter(pl.col("target_table") == name).select("agreement_id", "old")
        gone = pl.concat(
            [replaced.select("agreement_id", "old", replaces=pl.Series(live, dtype=pl.Int64)), removed], how="diagonal"
        ).sort("old")  # rows of one day keep their order
        before = rows.fetched(session, MODELS[name], gone["old"].to_list(), {"id": pl.Int64(), **_KEPT[name]})
        before = before.rename({"id": "old"})
        again = stored(session, name, gone.join(before.drop("agreement_id"), on="old", maintain_order="left"), batch)
        bookkeeping.append(replacements(name, again.with_columns(pl.coalesce("replaces", "old"))))
    move_back(session, batch_id)
    return pl.concat(bookkeeping) if bookkeeping else pl.DataFrame()


def _restored(session: Session, name: str, replaced: pl.DataFrame, past: _Past) -> pl.DataFrame:
    """The rows as they were before the batch put others in their place; `replaces` is the row that holds now."""
    live = [past.live.get((name, number), number) for number in replaced["new"]]
    owners = replaced.select("agreement_id", id="old", replaces=pl.Series(live, dtype=pl.Int64))
    schema = {"id": pl.Int64(), **_KEPT[name]}
    if name != "progressreport":
        before = rows.fetched(session, MODELS[name], owners["id"].to_list(), schema)
        return owners.join(before.drop("agreement_id", strict=False), on="id", how="inner", maintain_order="left").drop(
            "id"
        )
    now = rows.fetched(session, MODELS[name], live, schema).rename({"id": "replaces"}).drop("agreement_id")
    cells = past.cells.join(
        replaced.select(target_id="new", replaces=pl.Series(live, dtype=pl.Int64)),
        on="target_id",
        how="inner",
    ).filter(pl.col("target_table") == name)
    counted = pl.DataFrame(
        [(row, version) for row in live for version in past.versions[name, row]],
        schema={"replaces": pl.Int64, "id": pl.Int64},
        orient="row",
    )
    came = rows.fetched(session, MODELS[name], counted["id"].to_list(), {"id": pl.Int64(), "received_on": pl.Date()})
    received = counted.join(came, on="id").group_by("replaces").agg(pl.col("received_on").max())
    reports = (
        owners.drop("id")
        .join(now.drop("received_on"), on="replaces", how="inner", maintain_order="left")
        .join(received, on="replaces", how="inner", maintain_order="left")
    )
    return _with_old_cells(reports, cells)


def _with_old_cells(reports: pl.DataFrame, cells: pl.DataFrame) -> pl.DataFrame:
    """Reports as they stand, with the cells of the batch put back. Cells that a later batch changed stay as they are."""
    for name in ("report_date", "progress_pct", "shows_progress", *REPORT_FIELDS):
        old = cells.filter(pl.col("column") == name).select("replaces", "old", told=pl.lit(True))
        text = pl.col("old")
        column, value = {
            "report_date": ("reported_on", text.str.to_date("%Y-%m-%d")),
            "progress_pct": ("progress_pct", text.cast(pl.Float64)),
            "shows_progress": ("shows_progress", text == "yes"),
        }.get(name, (name, text.fill_null("")))
        reports = (
            reports.join(old, on="replaces", how="left", maintain_order="left")
            .with_columns(pl.when(pl.col("told").fill_null(False)).then(value).otherwise(column).alias(column))
            .drop("old", "told")
        )
    return reports


def _opposite_cells(past: _Past) -> pl.DataFrame:
    return past.cells.select("agreement_id", "field", "target_table", "target_id", old="new", new="old")
