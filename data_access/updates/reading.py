"""What uploads need to know from the store, as frames."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import types
from collections import defaultdict
from collections.abc import Mapping
from typing import Final

import polars as pl
import sqlalchemy as sa
from sqlmodel import SQLModel

from data_access import data_date, register, store
from data_access.clock import local_time_expr, today
from data_access.entries import ended, further_names, last_successors
from data_access.store import models
from data_access.store.arrow import Read
from kpi.register import Schema
from kpi.update import Change
from kpi.update import current as shape
from kpi.update.choices import Choice
from kpi.update.current import Current
from kpi.update.layout import NEW
from kpi.vocabulary import BatchStatus, EscalationStep, State, Verdict

FIELD = r"^(?<column>[a-z_]+)(?:\[(?<item>.*)\])?$"
"""How a batch's cell is named: `state`, `progress[2025-Q4]`. Names that begin with `_` are the batch's own bookkeeping:
`_row_version` (the agreement's, before and after), `_replaces` (a corrected row's id, and the id of the row in its place) and,
in registers of before, `_data_date` (the register's, which batches moved then)."""

FREED = "~"
"""What parts the reference an agreement had from its id, where its registration was undone: `BCT-2026-0014~310`."""


def table(model: type[SQLModel]) -> sa.Table:
    """The SQL table of a model."""
    found: sa.Table = sa.inspect(model).local_table
    return found


def current_rows(engine: sa.Engine, agency: str) -> Current:
    """What the register says now about the agreements this agency is responsible for, in one consistent state."""
    agreement = table(models.Agreement)
    own = sa.select(agreement.c.id).where(agreement.c.responsible_agency == agency)

    def rows(model: type[SQLModel], schema: Schema) -> sa.Select[tuple[object, ...]]:
        columns = table(model).c
        return sa.select(*(columns[name] for name in schema)).where(
            columns.agreement_id.in_(own), columns.retracted_at.is_(None)
        )

    blocker, blocker_event = table(models.Blocker), table(models.BlockerEvent)
    with store.snapshot(engine, agency=agency) as read:
        version = next(read(data_date.held_version()).iter_rows(named=True), None)
        agreements = read(
            sa.select(
                agreement.c.id.label("agreement_id"),
                *(agreement.c[name] for name in shape.AGREEMENTS if name not in ("agreement_id", "partner")),
            ).where(agreement.c.responsible_agency == agency)
        )
        partners = read(
            sa.select(table(models.AgreementPartner)).where(table(models.AgreementPartner).c.agreement_id.in_(own))
        )
        blocker_events = (
            sa.select(*(blocker_event.c[name] for name in shape.BLOCKER_EVENTS))
            .join(blocker, blocker.c.id == blocker_event.c.blocker_id)
            .where(
                blocker.c.agreement_id.in_(own),
                blocker.c.retracted_at.is_(None),
                blocker_event.c.retracted_at.is_(None),
            )
        )
        up_to = None if version is None else version["data_date"]
        return Current(
            agency=agency,
            data_version=0 if version is None else version["version"],
            data_date=up_to,
            published_on=read(data_date.published()).item(),
            agreements=agreements.filter(
                ~pl.col("ref").str.ends_with(pl.format("{}{}", pl.lit(FREED), "agreement_id"))
            ).join(_lead(partners), on="agreement_id", how="left"),
            events=read(rows(models.StatusEvent, shape.EVENTS)),
            targets=read(rows(models.TargetDate, shape.TARGETS)),
            reports=read(rows(models.ProgressReport, shape.REPORTS)),
            blockers=read(rows(models.Blocker, shape.BLOCKERS)),
            blocker_events=read(blocker_events),
            periods=read(sa.select(*(table(models.ReportingPeriod).c[name] for name in shape.PERIODS))).sort("due_on"),
            doc_types=read(sa.select(*(table(models.DocType).c[name] for name in shape.DOC_TYPES))),
            found_false=read(
                rows(models.Verification, shape.FOUND_FALSE).where(
                    table(models.Verification).c.verdict == Verdict.REFUTED
                )
            ),
            taken_back=_taken_back(
                read(_retracted(models.StatusEvent, own, "effective_on", "state")),
                read(_retracted(models.ProgressReport, own, "reported_on", "progress_pct", "shows_progress")),
                read(_submitted(agency, BatchStatus.RETURNED)),
            ),
            sent_down=frozenset(read(_sent_down(own))["agreement_id"]),
            waiting=_waiting(read(_submitted(agency, BatchStatus.WAITING))),
            earlier=_earlier(read(_changes_of(own))),
            lists={of: _choices(read, of, today(up_to)) for of in _NAMED},
            thresholds=register.read_rules(engine, today(up_to)),
        )


def _sent_down(own: sa.Select[tuple[int]]) -> sa.Select[tuple[int]]:
    """The agreements of which something that went up was sent down."""
    escalation, step = table(models.Escalation).c, table(models.EscalationStep).c
    return (
        sa.select(escalation.agreement_id)
        .join(table(models.EscalationStep), step.escalation_id == escalation.id)
        .where(escalation.agreement_id.in_(own), step.kind == EscalationStep.SENT_DOWN, step.retracted_at.is_(None))
        .distinct()
    )


def _retracted(
    model: type[SQLModel], own: sa.Select[tuple[int]], day: str, *said: str
) -> sa.Select[tuple[object, ...]]:
    """Rows of a history that hold no more, with `by_agency`: the agency in whose name their batch was undone, if it was."""
    columns, batch, account = table(model).c, table(models.UploadBatch), table(models.User)
    undoing = batch.alias()
    return (
        sa.select(
            columns.agreement_id,
            columns[day].label("day"),
            *(columns[name] for name in (*said, "recorded_at", "retracted_at")),
            undoing.c.id.is_not(None).label("is_undone"),
            account.c.agency.label("by_agency"),
        )
        .join(batch, batch.c.id == columns.batch_id, isouter=True)
        .join(undoing, undoing.c.id == batch.c.undone_by, isouter=True)
        .join(account, account.c.username == undoing.c.username, isouter=True)
        .where(columns.agreement_id.in_(own), columns.retracted_at.is_not(None))
    )


def _taken_back(states: pl.DataFrame, reports: pl.DataFrame, returned: pl.DataFrame) -> pl.DataFrame:
    """What was held for a night and is no more, and what others took back or returned (see `Current.taken_back`): what an agency
    puts right on the same day was a slip."""
    day = {name: local_time_expr(pl.col(name)).dt.date() for name in ("recorded_at", "retracted_at")}
    told = reports.filter("shows_progress").drop_nulls("progress_pct")
    held = [
        rows.with_columns(by_others=pl.col("is_undone") & pl.col("by_agency").is_null()).filter(
            pl.col("by_others") | (day["recorded_at"] < day["retracted_at"])
        )
        for rows in (states, told)
    ]
    frames = [pl.DataFrame(schema=shape.TAKEN_BACK), *held, _sent_back(returned)]
    return pl.concat(frames, how="diagonal_relaxed").select(list(shape.TAKEN_BACK))


def _sent_back(returned: pl.DataFrame) -> pl.DataFrame:
    """The states and shares of agreements there are that returned batches claimed."""
    claimed: dict[tuple[int, int, str], dict[str, str | None]] = defaultdict(dict)
    for number, seen in returned.select("batch_id", "seen").iter_rows():
        for change in (Change(*cell) for cell in json.loads(seen)["changes"]):
            if change.agreement_id is not None and change.column in (
                "state",
                "state_date",
                "report_date",
                "progress_pct",
            ):
                claimed[number, change.agreement_id, change.item][change.column] = change.new
    found = [
        (number, said.get("state_date") or said.get("report_date"), said.get("state"), said.get("progress_pct"))
        for (_, number, _), said in claimed.items()
    ]
    schema = {"agreement_id": pl.Int64, "day": pl.String, "state": pl.String, "progress_pct": pl.String}
    return pl.DataFrame(found, schema=schema, orient="row").with_columns(
        pl.col("day").str.to_date().fill_null(dt.date.min),
        pl.col("progress_pct").cast(pl.Float64),
        by_others=pl.lit(value=True),
    )


def _lead(partners: pl.DataFrame) -> pl.DataFrame:
    """The partner an agreement is counted under: the one in the first position."""
    return (
        partners.sort("agreement_id", "position", "partner")
        .unique("agreement_id", keep="first", maintain_order=True)
        .select("agreement_id", "partner")
    )


_NAMED: Final[Mapping[str, tuple[type[SQLModel], str]]] = types.MappingProxyType(
    {
        "doc_type": (models.DocType, "position"),
        "sector": (models.Sector, "position"),
        "partner": (models.Partner, "name_vi"),
    }
)
"""The lists that cells name entries of, and their order."""


def _choices(read: Read, of: str, day: dt.date) -> tuple[Choice, ...]:
    """The entries of a list that have not ended by a day, in its order, each with those in whose place it is by then."""
    model, order = _NAMED[of]
    columns = table(model).c
    names = read(sa.select(columns.code, columns.name_vi, columns.name_en).order_by(columns[order], columns.code))
    further: dict[str, list[str]] = defaultdict(list)
    for alias, code in read(further_names(of)).select("alias", "code").iter_rows():
        further[code].append(alias)
    successor = dict(read(ended(of, day), {"code": pl.String, "successor": pl.String}).iter_rows())
    every = {code: Choice(code, vi, en, tuple(further.get(code, ()))) for code, vi, en in names.iter_rows()}
    former: dict[str, list[Choice]] = defaultdict(list)
    for code, into in last_successors(successor).items():
        former[into].append(every[code])
    return tuple(
        dataclasses.replace(choice, former=tuple(former.get(code, ())))
        for code, choice in every.items()
        if code not in successor
    )


def _submitted(agency: str, status: BatchStatus) -> sa.Select[tuple[object, ...]]:
    batch, submission = table(models.UploadBatch), table(models.UploadSubmission)
    return (
        sa.select(submission.c.batch_id, submission.c.seen)
        .join(batch, batch.c.id == submission.c.batch_id)
        .where(batch.c.agency == agency, batch.c.status == status)
        .order_by(submission.c.batch_id)
    )


def _waiting(submitted: pl.DataFrame) -> pl.DataFrame:
    """What waiting batches would put into cells of agreements there are (see `Current.waiting`)."""
    cells = [
        (change.agreement_id, change.column, change.item, number, change.new)
        for number, seen in submitted.select("batch_id", "seen").iter_rows()
        for change in (Change(*cell) for cell in json.loads(seen)["changes"])
        if change.agreement_id is not None and not change.item.startswith(NEW)
    ]
    return pl.DataFrame(cells, schema=shape.WAITING, orient="row")


# --- Batches ---------------------------------------------------------------------------------------------------------


def _changes_of(agreement_ids: sa.Select[tuple[int]]) -> sa.Select[tuple[object, ...]]:
    change = table(models.BatchChange)
    return sa.select(change.c.batch_id, change.c.agreement_id, change.c.field, change.c.old, change.c.new).where(
        change.c.agreement_id.in_(agreement_ids)
    )


def _earlier(changes: pl.DataFrame) -> pl.DataFrame:
    """What each changed cell was before, with the row version its batch made (see `Current.earlier`)."""
    versions = changes.filter(pl.col("field") == "_row_version").select(
        "batch_id", "agreement_id", row_version=pl.col("new").cast(pl.Int64)
    )
    found = (
        with_parted_field(changes.filter(~pl.col("field").str.starts_with("_")))
        .join(versions, on=["batch_id", "agreement_id"], how="inner")
        .select(pl.col(name).cast(dtype) for name, dtype in shape.EARLIER.items())
    )
    # A template shows some days in further columns, for reading only, which change along.
    along = [
        found.filter(pl.col("column") == name).with_columns(column=pl.lit(shown))
        for name, shown in (
            ("state_date", "state_since"),
            ("state_date", "signed_on"),
            ("current_target", "original_target"),
        )
    ]
    # Of what the register's source says in a newer export, a state is named with each day.
    dated = found.filter((pl.col("column") == "state_date") & (pl.col("item") != ""))
    signed = dated.filter(pl.col("item") == State.SIGNED)
    along += [
        rows.with_columns(column=pl.lit(shown), item=pl.lit(""))
        for rows, shown in ((dated, "state_since"), (signed, "signed_on"))
    ]
    return pl.concat([found, *along])


def with_parted_field(changes: pl.DataFrame) -> pl.DataFrame:
    """`changes` with `column` and `item` (empty where there is none) read from `field`."""
    parts = pl.col("field").str.extract_groups(FIELD)
    return changes.with_columns(column=parts.struct.field("column"), item=parts.struct.field("item").fill_null(""))


def list_batches(engine: sa.Engine, agency: str | None) -> pl.DataFrame:
    """An agency's batches (everybody's for None, which is for coordinators), newest first, with all columns of `uploadbatch`.

    `status` is `applied`, `undone` (by the batch in `undone_by`) or `undo` (of the batch in `undoes`); of what was sent for
    review also `waiting`, `returned` (for the `reason`, by `reviewed_by`) or `withdrawn`.
    """
    batch = table(models.UploadBatch)
    statement = sa.select(batch).order_by(batch.c.id.desc())
    if agency is not None:
        statement = statement.where(batch.c.agency == agency)
    return store.read_frame(engine, statement, agency=agency)


def read_changes(engine: sa.Engine, batch_id: int, *, agency: str | None) -> pl.DataFrame:
    """The cells a batch changed: ref, title_vi, title_en, agreement_id, column, item, old, new, source_row.

    Empty for a batch that is not this agency's (any batch for None, which is for coordinators), as for one there is not.
    """
    batch, change, agreement = table(models.UploadBatch), table(models.BatchChange), table(models.Agreement)
    statement = (
        sa.select(
            agreement.c.ref,
            agreement.c.title_vi,
            agreement.c.title_en,
            change.c.agreement_id,
            change.c.field,
            change.c.old,
            change.c.new,
            change.c.source_row,
        )
        .join(batch, batch.c.id == change.c.batch_id)
        .join(agreement, agreement.c.id == change.c.agreement_id)
        .where(change.c.batch_id == batch_id, ~change.c.field.startswith("_", autoescape=True))
        .order_by(change.c.id)
    )
    if agency is not None:
        statement = statement.where(batch.c.agency == agency)
    found = store.read_frame(engine, statement, agency=agency)
    return with_parted_field(found).drop("field")


def read_uploads_of_file(engine: sa.Engine, agency: str, file_sha256: str) -> pl.DataFrame:
    """This agency's batches of exactly this file that hold (`applied`) or still wait (`waiting`), newest first: for saying that
    it was sent before."""
    found = list_batches(engine, agency)
    return found.filter(
        (pl.col("file_sha256") == file_sha256) & pl.col("status").is_in([BatchStatus.APPLIED, BatchStatus.WAITING])
    )
