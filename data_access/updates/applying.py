"""A confirmed preview into the store: all of it in the caller's transaction, or nothing."""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
from collections.abc import Collection, Iterator, Mapping

import polars as pl
import sqlalchemy as sa
from sqlmodel import Session, SQLModel

from data_access import audit, register, store
from data_access.acting import Person, Refused, account_of, agency_of, logged, take_turn
from data_access.clock import local_time
from data_access.roles import May, may
from data_access.store import models
from data_access.updates import rows
from data_access.updates.outcome import Receipt
from data_access.updates.reading import FREED, table
from kpi.update import Preview, Problem
from kpi.update.columns import BY_CODE
from kpi.update.layout import NEW
from kpi.vocabulary import BatchStatus, BlockerStep, State, texts

TABLE_OF_PART = {
    "agreement": "agreement",
    "result": "agreement",
    "status": "statusevent",
    "target": "targetdate",
    "report": "progressreport",
    "blocker": "blocker",
}
MODELS: Mapping[str, type[SQLModel]] = {
    "statusevent": models.StatusEvent,
    "targetdate": models.TargetDate,
    "progressreport": models.ProgressReport,
    "blocker": models.Blocker,
    "blockerevent": models.BlockerEvent,
}
_REPLACED = {"id": pl.Int64(), "note": pl.String(), "effective_on": pl.Date(), "received_on": pl.Date()}
_BLOCKER_DAYS = {f"blocker_{step}_on": step for step in texts(BlockerStep)}


@dataclasses.dataclass(frozen=True)
class Batch:
    """A batch under way: its number, the one moment at which all its rows are recorded, and the day it was handed in."""

    id: int
    at: dt.datetime
    received_on: dt.date


def apply(session: Session, *, actor: Person, preview: Preview, corrects: int | None = None) -> Receipt:
    """Store what a preview shows, for the agency the actor's account belongs to.

    Writes the rows of history, the agreements' own columns and row versions, the batch with its cells, and the audit entry, and
    raises the data version; the data date stays (`data_access.data_date`). The confirmation is bound to the file's
    SHA-256 and the row versions seen: repeated, it changes nothing and names the batch it was; where anything seen has changed
    since, `Refused("stale")` is raised. Also `Refused` for conflicts left undecided and for whoever may not write here.
    `corrects` is a returned batch that this one is sent for. The caller commits.
    """
    with logged("upload.apply", actor):
        agency = agency_of(session, actor)
        if preview.agency != agency:
            raise Refused("not_allowed")
        version = take_turn(session)
        repeated = applied_before(session, preview)
        if repeated is not None:
            return Receipt(repeated, applied=False, changes=0, data_version=version.version)
        batch = batch_of(actor, preview, status=BatchStatus.APPLIED, corrects=corrects)
        return carry_out(session, actor=actor, preview=preview, batch=batch, action="upload.apply")


def batch_of(actor: Person, preview: Preview, *, status: str, corrects: int | None = None) -> models.UploadBatch:
    """The batch in which an agency's account hands in a preview; not in the store yet."""
    return models.UploadBatch(
        username=actor.username,
        agency=preview.agency,
        file_name=preview.file_name,
        file_sha256=preview.file_sha256,
        rows=preview.rows,
        changes=len(preview.changes),
        status=status,
        corrects=corrects,
    )


def carry_out(
    session: Session, *, actor: Person, preview: Preview, batch: models.UploadBatch, action: str, **detail: object
) -> Receipt:
    """Store a preview in a batch that is new, or that waited and is published. The caller has taken its turn.

    The agency is the batch's. Who may act for it is looked up here once more: its own accounts, and whoever acts on its behalf,
    with a new batch, a coordinator with one that somebody else sent.
    """
    account = account_of(session, actor)
    is_own = actor.hands_in_for == batch.agency and batch.id is None
    is_published = may(account.role, May.REVIEW) and batch.id is not None and batch.status == BatchStatus.WAITING
    is_published = is_published and batch.username != account.username
    agency = batch.agency
    if agency is None or agency != preview.agency or not (is_own or is_published):
        raise Refused("not_allowed")
    if is_own and preview.waiting:
        raise Refused("not_allowed")
    if preview.conflicts:
        raise Refused("undecided")
    version = take_turn(session)
    check_versions(session, preview, agency)
    if not preview.changes:
        return Receipt(None, applied=False, changes=0, data_version=version.version)
    batch.status = BatchStatus.APPLIED
    opened = open_batch(session, batch)
    ids = {str(number): number for number in preview.versions}
    ids |= _register(session, preview, agency, opened.received_on)
    changes = _stored_changes(session, preview, opened, ids)
    rows.raise_row_versions(session, list(preview.versions))
    registered = dict.fromkeys(ids[subject] for subject in preview.writes.agreements["subject"])
    bookkeeping = row_versions({**preview.versions, **registered})
    write_changes(session, opened, pl.concat([changes, bookkeeping], how="diagonal"))
    return close_batch(
        session,
        actor,
        action,
        opened,
        changes=len(preview.changes),
        detail={
            "file": preview.file_name,
            "sha256": preview.file_sha256,
            "agency": agency,
            **({"acknowledged": codes_of(preview.notices)} if is_own and preview.notices else {}),
            **detail,
        },
    )


def codes_of(notices: Collection[Problem]) -> list[str]:
    """The codes of notices, each once: what an audit entry says was acknowledged."""
    return sorted({notice.code for notice in notices})


# --- Before writing --------------------------------------------------------------------------------------------------


def applied_before(session: Session, preview: Preview) -> int | None:
    """The batch that carried out this very confirmation straight away: same file, same agency, same row versions seen."""
    batch = table(models.UploadBatch)
    found = session.connection().execute(
        sa.select(batch.c.id)
        .where(
            batch.c.agency == preview.agency,
            batch.c.file_sha256 == preview.file_sha256,
            batch.c.status == BatchStatus.APPLIED,
        )
        .order_by(batch.c.id.desc())
    )
    for number in found.scalars().all():
        if versions_before(session, number) == dict(preview.versions):
            return int(number)
    return None


def versions_before(session: Session, batch_id: int) -> dict[int, int]:
    """The row versions on which an applied batch was carried out."""
    change = table(models.BatchChange)
    seen = session.connection().execute(
        sa.select(change.c.agreement_id, change.c.old).where(
            change.c.batch_id == batch_id, change.c.field == "_row_version", change.c.old.is_not(None)
        )
    )
    return {row.agreement_id: int(row.old) for row in seen}


def check_versions(session: Session, preview: Preview, agency: str) -> None:
    """Everything the preview touches is this agency's and as it was seen."""
    own = rows.own_versions(session, agency)
    named = {change.agreement_id for change in preview.changes if change.agreement_id is not None}
    if not named <= preview.versions.keys() or not preview.versions.keys() <= own.keys():
        raise Refused("not_allowed")
    stale = [number for number, seen in preview.versions.items() if own[number] != seen]
    if stale:
        raise Refused("stale", refs=rows.refs_of(session, stale))


# --- The batch -------------------------------------------------------------------------------------------------------


def open_batch(session: Session, batch: models.UploadBatch) -> Batch:
    """Give a batch its moment and, where it is new, its number."""
    now = models.utc_now()
    if batch.id is None:
        batch.created_at = now
    batch.applied_at = now
    session.add(batch)
    session.flush()
    assert batch.id is not None
    return Batch(batch.id, now, local_time(batch.created_at).date())


def close_batch(
    session: Session, actor: Person, action: str, batch: Batch, *, changes: int, detail: dict[str, object]
) -> Receipt:
    """Raise the data version and write the audit entry: the last things a batch does."""
    session.flush()
    version = register.raise_data_version(session)
    content = {**detail, "changes": changes, "data_version": version}
    audit.write(session, actor=actor.username, action=action, subject=f"batch {batch.id}", detail=content)
    return Receipt(batch.id, applied=True, changes=changes, data_version=version)


def write_changes(session: Session, batch: Batch, changes: pl.DataFrame) -> None:
    """The cells of a batch: agreement_id, field, old, new, source_row, target_table, target_id."""
    store.write_frame(session, models.BatchChange, changes.with_columns(batch_id=pl.lit(batch.id)))


def row_versions(before: Mapping[int, int | None]) -> pl.DataFrame:
    """The cells in which a batch remembers each agreement's row version before and after it; null for one it registered."""
    return pl.DataFrame(
        {
            "agreement_id": list(before),
            "old": [None if seen is None else str(seen) for seen in before.values()],
            "new": [str((seen or 0) + 1) for seen in before.values()],
            "target_id": list(before),
        },
        schema={"agreement_id": pl.Int64, "old": pl.String, "new": pl.String, "target_id": pl.Int64},
    ).with_columns(field=pl.lit("_row_version"), target_table=pl.lit("agreement"))


def replacements(table_name: str, done: pl.DataFrame) -> pl.DataFrame:
    """The cells in which a batch remembers which row (`id`) took the place of which (`replaces`)."""
    return done.filter(pl.col("replaces").is_not_null()).select(
        "agreement_id",
        field=pl.lit("_replaces"),
        old=pl.col("replaces").cast(pl.String),
        new=pl.col("id").cast(pl.String),
        target_table=pl.lit(table_name),
        target_id="id",
    )


# --- The rows --------------------------------------------------------------------------------------------------------


def _register(session: Session, preview: Preview, agency: str, received_on: dt.date) -> dict[str, int]:
    """Register the new agreements; gives the id for each subject. Their reference is agency, year of signing and a number."""
    new = preview.writes.agreements.join(
        preview.writes.status_events.filter(pl.col("state") == State.SIGNED).select(
            "subject", year=pl.col("effective_on").dt.year()
        ),
        on="subject",
        how="left",
        maintain_order="left",
    )
    registered: list[tuple[str, str, models.Agreement]] = []
    free: dict[int, Iterator[int]] = {}
    for line in new.iter_rows(named=True):
        year = line["year"]
        if year not in free:
            free[year] = _free_numbers(session, f"{agency}-{year}-")
        number = next(free[year])
        agreement = models.Agreement(
            ref=f"{agency}-{year}-{number:04d}",
            responsible_agency=agency,
            signing_agency=agency,
            received_on=received_on,
            **{name: line[name] for name in ("title_vi", "title_en", "doc_type", "sector", "scope", "implementable")},
        )
        registered.append((line["subject"], line["partner"], agreement))
    session.add_all(agreement for _, _, agreement in registered)
    session.flush()
    ids = {subject: agreement.id for subject, _, agreement in registered if agreement.id is not None}
    session.add_all(models.AgreementPartner(agreement_id=ids[subject], partner=p) for subject, p, _ in registered)
    session.flush()
    return ids


def _free_numbers(session: Session, prefix: str) -> Iterator[int]:
    """Numbers no reference has: first those that were given back, then those after the last."""
    agreement = table(models.Agreement)
    with store.whole_register(session):  # an agreement keeps its reference when another agency takes it over
        found = session.connection().execute(
            sa.select(agreement.c.ref).where(agreement.c.ref.startswith(prefix, autoescape=True))
        )
        refs = [ref.removeprefix(prefix) for (ref,) in found]
    taken = {int(number) for number in refs if number.isdecimal()}
    freed = {int(number) for ref in refs if FREED in ref and (number := ref.partition(FREED)[0]).isdecimal()}
    yield from sorted(freed - taken)
    yield from itertools.count(max(taken | freed, default=0) + 1)


def _stored_changes(session: Session, preview: Preview, batch: Batch, ids: dict[str, int]) -> pl.DataFrame:
    """Store the preview's rows and give the batch's cells, each with the row that carries it."""
    writes = preview.writes

    def of_agreement(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.with_columns(agreement_id=pl.col("subject").replace_strict(ids, return_dtype=pl.Int64))

    for name in writes.values["column"].unique().sort():
        said = writes.values.filter(pl.col("column") == name).select("subject", "value")
        rows.set_values(session, name, ((ids[subject], value or "") for subject, value in said.iter_rows()))
    events = stored(
        session, "statusevent", _with_notes(session, models.StatusEvent, of_agreement(writes.status_events)), batch
    )
    targets = stored(session, "targetdate", of_agreement(writes.targets), batch)
    reports = stored(session, "progressreport", of_agreement(writes.reports), batch)
    blockers = rows.added(
        session, models.Blocker, received(of_agreement(writes.blockers), batch), batch_id=batch.id, at=batch.at
    )
    numbers = dict(blockers.select("item", "id").iter_rows())
    happened = of_agreement(writes.blocker_events).with_columns(
        blocker_id=pl.Series([numbers.get(item) or int(item) for item in writes.blocker_events["item"]], dtype=pl.Int64)
    )
    blocker_events = stored(session, "blockerevent", _with_notes(session, models.BlockerEvent, happened), batch)
    carriers = pl.concat(
        [
            _carriers(events.filter(pl.col("state") == State.SIGNED), "statusevent", ("signed_on",)),
            _carriers(_moves_only(events), "statusevent", _columns_of("status")),
            _carriers(targets, "targetdate", _columns_of("target")),
            _carriers(reports, "progressreport", _columns_of("report")),
            _carriers(blockers, "blocker", _columns_of("blocker")),
            *(
                _carriers(blocker_events.filter(pl.col("kind") == kind), "blockerevent", (name,))
                for name, kind in _BLOCKER_DAYS.items()
            ),
        ]
    ).unique(["subject", "item", "column"], keep="last", maintain_order=True)
    cells = pl.DataFrame(
        [(c.subject, ids[c.subject], c.column, c.item, c.old, c.new, c.row) for c in preview.changes],
        schema={
            "subject": pl.String,
            "agreement_id": pl.Int64,
            "column": pl.String,
            "item": pl.String,
            "old": pl.String,
            "new": pl.String,
            "source_row": pl.Int64,
        },
        orient="row",
    )
    parts = {code: TABLE_OF_PART.get(column.part, "") for code, column in BY_CODE.items()}
    numbered_item = pl.col("item").replace({item: str(number) for item, number in numbers.items()})
    field = pl.when(pl.col("item") == "").then("column").otherwise(pl.format("{}[{}]", "column", numbered_item))
    changes = cells.join(carriers, on=["subject", "item", "column"], how="left", maintain_order="left").select(
        "agreement_id",
        "old",
        "new",
        "source_row",
        field=field,
        target_table=pl.coalesce("target_table", pl.col("column").replace_strict(parts, return_dtype=pl.String)),
        target_id=pl.coalesce("target_id", "agreement_id"),
    )
    replaced = [
        replacements(name, done)
        for name, done in (
            ("statusevent", events),
            ("targetdate", targets),
            ("progressreport", reports),
            ("blockerevent", blocker_events),
        )
    ]
    return pl.concat([changes, *replaced], how="diagonal")


def stored(session: Session, table_name: str, frame: pl.DataFrame, batch: Batch) -> pl.DataFrame:
    """Retract the rows that `frame` replaces, add its own, and give them back with their ids."""
    model = MODELS[table_name]
    rows.retract(session, model, frame["replaces"].drop_nulls().to_list(), batch.at)
    return rows.added(session, model, received(frame, batch), batch_id=batch.id, at=batch.at)


def received(frame: pl.DataFrame, batch: Batch) -> pl.DataFrame:
    """Rows with the day they were received: their batch's, where they do not keep an earlier one."""
    kept = pl.col("received_on") if "received_on" in frame.columns else pl.lit(None, pl.Date)
    return frame.with_columns(received_on=kept.fill_null(batch.received_on))


def _with_notes(session: Session, model: type[SQLModel], frame: pl.DataFrame) -> pl.DataFrame:
    """Events with what they rest on as their note: the document that was named, or else the note of the event it replaces.

    An event of the same day as the one it replaces, or of an earlier one, keeps the day on which that was received: a claim put
    right by a day would else be one of the next period, of which nothing is withheld. A later day waits for review.
    """
    there = rows.fetched(session, model, frame["replaces"].drop_nulls().to_list(), _REPLACED)
    there = there.rename({"id": "replaces", "effective_on": "_on"})
    named = pl.col("document") if "document" in frame.columns else pl.lit(None, pl.String)
    return (
        frame.join(there, on="replaces", how="left", maintain_order="left")
        .with_columns(
            note=pl.coalesce(named, "note", pl.lit("")),
            received_on=pl.when(pl.col("effective_on") <= pl.col("_on")).then("received_on"),
        )
        .drop("document", "_on", strict=False)
    )


def _moves_only(events: pl.DataFrame) -> pl.DataFrame:
    """Events other than the signing of an agreement that is being registered."""
    return events.filter(~(pl.col("subject").str.starts_with(NEW) & (pl.col("state") == State.SIGNED)))


def _columns_of(part: str) -> tuple[str, ...]:
    return tuple(column.code for column in BY_CODE.values() if column.part == part)


def _carriers(done: pl.DataFrame, table_name: str, columns: tuple[str, ...]) -> pl.DataFrame:
    """Which row carries which cell: subject, item, column, target_table, target_id."""
    item = pl.col("item") if "item" in done.columns else pl.lit("")
    names = pl.DataFrame({"column": columns}, schema={"column": pl.String})
    return (
        done.select("subject", item.alias("item"), target_id="id")
        .join(names, how="cross")
        .select("subject", "item", "column", pl.lit(table_name).alias("target_table"), "target_id")
    )
