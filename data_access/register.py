"""The register as frames, and what surrounds it: names, rules, the data version, everything about one agreement."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import json
import operator
import types
from collections.abc import Mapping
from typing import Any, Final

import dataframely as dy
import polars as pl
import sqlalchemy as sa
from sqlmodel import Session, SQLModel, col, select

import words
from data_access import data_date, known, since_seen, store
from data_access.acting import take_turn
from data_access.agreement_cells import COORDINATING, LISTED, PARTNERS
from data_access.clock import end_of
from data_access.store import models
from data_access.store.arrow import Read, table_of
from kpi.register import BLANK, DECLARED, TIERS, Register
from kpi.rules import Rules
from kpi.vocabulary import REPORT_FIELDS, State

TABLES: Final[Mapping[str, type[SQLModel]]] = types.MappingProxyType(
    {
        "agreements": models.Agreement,
        "agreement_partners": models.AgreementPartner,
        "status_events": models.StatusEvent,
        "targets": models.TargetDate,
        "periods": models.ReportingPeriod,
        "reports": models.ProgressReport,
        "blockers": models.Blocker,
        "blocker_events": models.BlockerEvent,
        "verifications": models.Verification,
        "samples": models.VerificationSample,
        "sample_items": models.SampleItem,
        "batches": models.UploadBatch,
        "agencies": models.Agency,
        "partners": models.Partner,
        "partner_tiers": models.PartnerTier,
        "sectors": models.Sector,
        "doc_types": models.DocType,
        "handovers": models.Handover,
        "ends": models.EntryEnd,
    }
)
"""Frame of a `Register` -> the table it is read from."""


_COUNTED: Final[Mapping[str, sa.ColumnElement[Any]]] = types.MappingProxyType(
    {
        "is_documented": sa.func.trim(table_of(models.StatusEvent).c.note, BLANK) != "",
        "fields_filled": functools.reduce(
            operator.add,
            (
                sa.case((sa.func.trim(table_of(models.ProgressReport).c[name], BLANK) != "", 1), else_=0)
                for name in REPORT_FIELDS
            ),
        ),
        "is_exchanged": sa.literal(False),
        "taken_back_on": sa.cast(sa.null(), sa.Date),
    }
)
"""Columns of a register that its tables do not have: what its texts tell. As in `kpi.register`, by the store; what became of
claims since they were looked at is put in afterwards."""


_CAME: Final[Mapping[type[SQLModel], str]] = types.MappingProxyType(
    {models.UploadBatch: "applied_at", models.VerificationSample: "published_at"}
)
"""The moment from which a row that is no claim was there."""


def read_register(engine: sa.Engine, *, known_on: dt.date | None = None, now: Register | None = None) -> Register:
    """Every table a figure can depend on, in one consistent state, retracted rows left out.

    With a day, the register as it was known at the end of it (see `data_access.known`); reference lists and the reporting
    calendar are those of now.

    The frames have exactly the columns declared in `kpi/register.py`, sorted by their keys; texts of reports are counted by
    the store, so that they need not be read. Of a day, where the register as it is known `now` is at hand, only what differs is.
    """
    with store.snapshot(engine) as read:
        frames = {
            name: read(_columns(TABLES[name], columns, known_on))
            if known_on is None or now is None
            else _as_held(read, TABLES[name], columns, known_on, getattr(now, name))
            for name, columns in DECLARED.items()
        }
        if known_on is not None:
            frames["agreements"] = known.as_known(read, frames["agreements"], known_on)
            frames["agreement_partners"] = known.listed_then(read, PARTNERS, frames["agreement_partners"], known_on)
        frames |= _since_seen(read, frames, known_on)
        said = read(sa.select(table_of(models.DataVersion).c.not_kept))["not_kept"]
        starts = read(sa.select(table_of(models.CountryPack).c.starts_with))["starts_with"].to_list()
        return Register(
            **frames,
            not_kept=frozenset(name for names in said for name in names.split()),
            starts_with=str(starts[0]) if starts else State.IN_PROGRESS.value,
        )


def _since_seen(read: Read, frames: Mapping[str, pl.DataFrame], known_on: dt.date | None) -> dict[str, pl.DataFrame]:
    """What was looked at and what was drawn, with what became of it since."""
    found, items = frames["verifications"], frames["sample_items"]
    if not found.is_empty():
        other = since_seen.exchanged(read, known_on=known_on)
        found = found.with_columns(is_exchanged=pl.col("id").is_in(other.implode()))
    if not items.is_empty():
        gone = since_seen.taken_back(read, known_on=known_on)
        items = items.drop("taken_back_on").join(gone, on=["sample_id", "position"], how="left", maintain_order="left")
    return {"verifications": found, "sample_items": items.select(frames["sample_items"].columns)}


def _columns(
    model: type[SQLModel], declared: type[dy.Schema], known_on: dt.date | None
) -> sa.Select[tuple[object, ...]]:
    """The rows of a table that hold, or held at the end of a day, with the declared columns, in the order of the primary key."""
    table = table_of(model)
    return sa.select(*_declared(table, declared)).order_by(*table.primary_key).where(*_held(model, known_on))


def _declared(table: sa.Table, declared: type[dy.Schema]) -> list[sa.ColumnElement[Any]]:
    return [table.c[name] if name in table.c else _COUNTED[name].label(name) for name in declared.column_names()]


def _held(model: type[SQLModel], known_on: dt.date | None) -> list[sa.ColumnElement[bool]]:
    """What is true of a table's rows that hold, or held at the end of a day; nothing of those that always do.

    An event of a retracted blocker is left out with it.
    """
    table = table_of(model)
    found: list[sa.ColumnElement[bool]] = []
    if "retracted_at" in table.c:
        found.append(known.held(table, known_on))
    elif known_on is not None and "received_on" in table.c:
        found.append(known.had_come(table, known_on))
    if model in _CAME:
        came = table.c[_CAME[model]]
        found.append(came.is_not(None) if known_on is None else came < end_of(known_on))
    if model is models.EntryEnd:
        found.append(table.c.is_whole)
    if model is models.SampleItem and known_on is not None:
        sample = table_of(models.VerificationSample).c
        found.append(table.c.sample_id.in_(sa.select(sample.id).where(sample.drawn_at < end_of(known_on))))
    if model is models.BlockerEvent:
        blocker = table_of(models.Blocker)
        retracted = sa.select(blocker.c.id).where(sa.not_(known.held(blocker, known_on)))
        found.append(table.c.blocker_id.not_in(retracted))
    return found


def _as_held(
    read: Read, model: type[SQLModel], declared: type[dy.Schema], known_on: dt.date, now: pl.DataFrame
) -> pl.DataFrame:
    """What `_columns` selects of a day, made of the rows that hold `now` and of those that differ."""
    held_now, held_then = _held(model, None), _held(model, known_on)
    if not held_now and not held_then:
        return now
    table, is_now, was_then = table_of(model), _is(held_now), _is(held_then)
    keys = [column.name for column in table.primary_key]
    differing = read(sa.select(*table.primary_key, was_then.label("was_held")).where(is_now != was_then))
    rows = now.join(differing, on=keys, how="anti", maintain_order="left")
    if not differing["was_held"].sum():
        return rows
    back = read(sa.select(*_declared(table, declared)).where(is_now == 0, was_then == 1))
    return pl.concat([rows, back]).sort(keys)


def _is(conditions: list[sa.ColumnElement[bool]]) -> sa.ColumnElement[int]:
    """1 where all hold, 0 where one does not or is unknown."""
    return sa.case((sa.and_(sa.true(), *conditions), 1), else_=0)


# --- The data version ------------------------------------------------------------------------------------------------


def read_data_version(engine: sa.Engine) -> models.DataVersion | None:
    """Which register the store holds and its version; None while nothing was loaded. Its `data_date` is that of now: see
    `data_access.data_date`."""
    with store.session(engine, read_only=True) as session:
        found = session.get(models.DataVersion, 1)
        if found is not None:
            day = data_date.read(session)
            session.expunge(found)
            found.data_date = day
        return found


def raise_data_version(session: Session) -> int:
    """Counts one more change within the session's transaction and gives the new number.

    Whatever changes the register ends with this: every cache key holds the number.
    """
    held = take_turn(session)
    held.version += 1
    held.changed_at = models.utc_now()
    session.flush()
    return held.version


# --- Rules and names -------------------------------------------------------------------------------------------------


_IS_RULE: Final = ~col(models.Setting.key).contains(".")


def read_rules(engine: sa.Engine, as_of: dt.date, *, known_on: dt.date | None = None) -> Rules:
    """The thresholds, weights and goalposts in force on `as_of`: those in code, with the store's settings over them.

    Of several settings of one name (in mappings: of one key) the latest effective holds, and of one day's the last recorded.
    Settings with a dot in their name are of other things. With `known_on`, those recorded by the end of that day. Raises
    `KeyError` for a name that is no rule, `ValueError` for a value that is not JSON.
    """
    with store.session(engine, read_only=True) as session:
        return rules_on(session, as_of, known_on=known_on)


def rules_on(session: Session, as_of: dt.date, *, known_on: dt.date | None = None) -> Rules:
    """`read_rules` within a session."""
    statement = (
        select(models.Setting)
        .where(models.Setting.effective_on <= as_of, _IS_RULE)
        .order_by(col(models.Setting.effective_on), col(models.Setting.recorded_at), col(models.Setting.id))
    )
    if known_on is not None:
        statement = statement.where(col(models.Setting.recorded_at) < end_of(known_on))
    rules = Rules()
    for setting in session.exec(statement):
        rules = rules.replaced({setting.key: json.loads(setting.value)})
    return rules


def read_rule_days(engine: sa.Engine) -> list[dt.date]:
    """The days from which any rule was set, in order: from one to the next the rules are the same, whatever was known when."""
    day = col(models.Setting.effective_on)
    with store.session(engine, read_only=True) as session:
        return list(session.exec(select(day).where(_IS_RULE).distinct().order_by(day)))


def says_who_is_responsible(engine: sa.Engine) -> bool:
    """Whether any agreement has a responsible agency that is known; of a register without agreements as well."""
    agency = table_of(models.Agreement).c.responsible_agency
    with store.session(engine, read_only=True) as session:
        named, there = (
            session.connection()
            .execute(sa.select(sa.exists(sa.select(agency).where(agency.is_not(None))), sa.exists(sa.select(agency))))
            .one()
        )
    return bool(named or not there)


def read_names(engine: sa.Engine) -> pl.DataFrame:
    """How everything is called: `kind`, `code`, `name_vi`, `name_en`, `abbr_vi`, `abbr_en`, sorted by kind and code.

    Kinds are those of `words.KINDS_IN_STORE`; tiers come in their own order.
    Where something has no abbreviation its name stands in both places, so that a short label is always there.
    """
    agency = table_of(models.Agency).c
    named = [
        ("agency", agency.key, agency.name_vi, agency.name_en, agency.abbr_vi, agency.abbr_en),
        *(
            (kind, table.code, table.name_vi, table.name_en, table.name_vi, table.name_en)
            for kind, table in (
                ("partner", table_of(models.Partner).c),
                ("tier", table_of(models.Tier).c),
                ("sector", table_of(models.Sector).c),
                ("doc_type", table_of(models.DocType).c),
                ("exchange", table_of(models.Exchange).c),
            )
        ),
    ]
    parts = [
        sa.select(
            sa.literal(kind).label("kind"),
            code.label("code"),
            name_vi.label("name_vi"),
            name_en.label("name_en"),
            sa.func.coalesce(sa.func.nullif(abbr_vi, ""), name_vi).label("abbr_vi"),
            sa.func.coalesce(sa.func.nullif(abbr_en, ""), name_en).label("abbr_en"),
            (code.table.c.position if kind == TIERS else sa.literal(0)).label("place"),
        )
        for kind, code, name_vi, name_en, abbr_vi, abbr_en in named
    ]
    schema = {
        **dict.fromkeys(("kind", "code", "name_vi", "name_en", "abbr_vi", "abbr_en"), pl.String),
        "place": pl.Int64,
    }
    return store.read_frame(engine, sa.union_all(*parts), schema).sort("kind", "place", "code").drop("place")


def names_by_kind(names: pl.DataFrame, language: str) -> words.Names:
    """The names of `read_names` in a language of the store, as `words.named_by` asks for them."""
    return {
        (kind, short): dict(
            names.filter(pl.col("kind") == kind).select("code", f"{'abbr' if short else 'name'}_{language}").iter_rows()
        )
        for kind in words.KINDS_IN_STORE
        for short in (False, True)
    }


_AT_ONCE: Final = 1_000


def read_report_texts(engine: sa.Engine, reports: pl.Series) -> pl.DataFrame:
    """What reports say, by their numbers: report_id and the columns of REPORT_FIELDS."""
    table = table_of(models.ProgressReport)
    statement = sa.select(table.c.id.label("report_id"), *(table.c[name] for name in REPORT_FIELDS))
    schema = {"report_id": pl.Int64, **dict.fromkeys(REPORT_FIELDS, pl.String)}
    with store.snapshot(engine) as read:
        parts = [
            read(statement.where(table.c.id.in_(some.to_series().to_list())))
            for some in reports.to_frame().iter_slices(_AT_ONCE)
        ]
    return pl.concat([pl.DataFrame(schema=schema), *parts])


# --- One agreement ---------------------------------------------------------------------------------------------------


_BATCH: Final = ("username", "agency", "reviewed_by", "reviewed_at")
"""What of a batch stands in a dossier."""


@dataclasses.dataclass(frozen=True, eq=False)
class AgreementDossier:
    """Everything the store knows about one agreement, a frame per table with all its columns.

    History is complete: retracted rows are there too, marked by `retracted_at`. `events` have beside them who reviewed their batch
    (`reviewed_by`, null or empty for nobody). `changes` has the batch's `username`, `agency`, `file_name`, `status` and
    `applied_at` beside each change. `batches` are those that touched it: batch_id, username, agency, reviewed_by, reviewed_at.
    """

    agreement: pl.DataFrame
    partners: pl.DataFrame
    agencies: pl.DataFrame
    events: pl.DataFrame
    targets: pl.DataFrame
    reports: pl.DataFrame
    blockers: pl.DataFrame
    blocker_events: pl.DataFrame
    verifications: pl.DataFrame
    changes: pl.DataFrame
    batches: pl.DataFrame
    findings: pl.DataFrame
    exchange: pl.DataFrame


def read_agreement(
    engine: sa.Engine, agreement_id: int, *, agency: str | None = None, known_on: dt.date | None = None
) -> AgreementDossier | None:
    """The dossier of one agreement, dated rows in the order of their days; None where no agreement has this id.

    Asked for an `agency`, None as well where another one is responsible. With `known_on`, what was known of it at the end of that
    day: what was taken back since is as it was.
    """
    agreement, exchange = table_of(models.Agreement), table_of(models.Exchange)
    blocker, blocker_event = table_of(models.Blocker), table_of(models.BlockerEvent)
    change, batch = table_of(models.BatchChange), table_of(models.UploadBatch)
    event = table_of(models.StatusEvent)
    was_applied = sa.true() if known_on is None else batch.c.applied_at < end_of(known_on)

    def belonging(model: type[SQLModel], *order: str) -> sa.Select[tuple[object, ...]]:
        table = table_of(model)
        return sa.select(table).where(table.c.agreement_id == agreement_id).order_by(*(table.c[name] for name in order))

    def claims(statement: sa.Select[tuple[object, ...]], table: sa.Table) -> pl.DataFrame:
        if known_on is None:
            return read(statement)
        taken_back = pl.col("retracted_at")
        return read(statement.where(known.had_come(table, known_on))).with_columns(
            retracted_at=pl.when(taken_back < end_of(known_on)).then(taken_back)
        )

    def claimed(model: type[SQLModel], *order: str) -> pl.DataFrame:
        return claims(belonging(model, *order), table_of(model))

    def listed(read: Read, field: str, *order: str) -> pl.DataFrame:
        rows = read(belonging(LISTED[field].model, *order))
        if known_on is None:
            return rows
        then = known.listed_then(read, field, rows, known_on)
        return then.filter(pl.col("agreement_id") == agreement_id).sort(order)

    statement = sa.select(agreement).where(agreement.c.id == agreement_id)
    if agency is not None:
        statement = statement.where(agreement.c.responsible_agency == agency)
    with store.snapshot(engine, agency=agency) as read:
        row = read(statement)
        if row.is_empty():
            return None
        return AgreementDossier(
            agreement=row if known_on is None else known.as_known(read, row, known_on),
            partners=listed(read, PARTNERS, "position", "partner"),
            agencies=listed(read, COORDINATING, "role", "agency"),
            events=claims(
                sa.select(event, batch.c.reviewed_by)
                .join(batch, batch.c.id == event.c.batch_id, isouter=True)
                .where(event.c.agreement_id == agreement_id)
                .order_by(event.c.effective_on, event.c.recorded_at, event.c.id),
                event,
            ),
            targets=claimed(models.TargetDate, "effective_on", "recorded_at", "id"),
            reports=claimed(models.ProgressReport, "reported_on", "recorded_at", "id"),
            blockers=claimed(models.Blocker, "id"),
            blocker_events=claims(
                sa.select(blocker_event)
                .join(blocker, blocker.c.id == blocker_event.c.blocker_id)
                .where(blocker.c.agreement_id == agreement_id)
                .order_by(blocker_event.c.blocker_id, blocker_event.c.effective_on, blocker_event.c.id),
                blocker_event,
            ),
            verifications=claimed(models.Verification, "received_on", "id"),
            # Also of batches of an agency that was responsible before, which are not this one's to read otherwise.
            changes=store.read_frame(
                engine,
                sa.select(
                    change, batch.c.username, batch.c.agency, batch.c.file_name, batch.c.status, batch.c.applied_at
                )
                .join(batch, batch.c.id == change.c.batch_id)
                # Fields that begin with an underscore are a batch's own bookkeeping (see `uploads.reading.FIELD`).
                .where(change.c.agreement_id == agreement_id, ~change.c.field.startswith("_", autoescape=True))
                .where(was_applied)
                .order_by(change.c.id),
            ),
            batches=store.read_frame(
                engine,
                sa.select(batch.c.id.label("batch_id"), *(batch.c[name] for name in _BATCH))
                .where(
                    batch.c.id.in_(sa.select(change.c.batch_id).where(change.c.agreement_id == agreement_id)),
                    was_applied,
                )
                .order_by(batch.c.id),
            ),
            findings=read(belonging(models.LoadFinding, "id")),
            exchange=read(
                sa.select(exchange)
                .join(agreement, agreement.c.exchange == exchange.c.code)
                .where(agreement.c.id == agreement_id)
            ),
        )
