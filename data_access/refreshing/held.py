"""What a register's source last said of each agreement, and what the register says there now."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import types
from collections.abc import Mapping
from typing import Final

import polars as pl
import sqlalchemy as sa
from sqlmodel import SQLModel

from data_access import store
from data_access.agreement_cells import LISTED, PARTNERS, day_texts, listed_texts, texts_of
from data_access.clock import today
from data_access.entries import ended, last_successors
from data_access.store import models
from data_access.store.arrow import Read, table_of
from kpi.vocabulary import BatchStatus

READS: Final = "register.mapping"
"""The setting that says what each part of the register was read from when it was loaded."""

_OWN: Final = ("id", "ref", "row_version", "received_on", "recorded_at", "vanished_on")
"""Columns of agreements that no export fills."""

_SAID: Final = r"^_said\[(.*)\]$"


@dataclasses.dataclass(frozen=True, eq=False)
class Held:
    """What the store holds of the source.

    `agreements`: id, ref, row_version, vanished_on and all other columns of those the source has said of and that hold. `said`:
    ref, field, value: the source's last word in each cell. `now`: the same of what the register says. `theirs`: the cells (ref,
    field) that an agency has changed, or may have. `taken`: the references of agreements that agencies registered. `loaded_to`: the
    day it was loaded up to; None where it holds no register. `lists`: the keys of lists, by table name. `successors`: field ->
    the entries of its list that another one is in the place of by now, and which.
    """

    code: str
    source: str
    loaded_to: dt.date | None
    reads: Mapping[str, str]
    agreements: pl.DataFrame
    said: pl.DataFrame
    now: pl.DataFrame
    theirs: pl.DataFrame
    taken: frozenset[str]
    lists: Mapping[str, frozenset[str]]
    successors: Mapping[str, Mapping[str, str]]


def read_held(engine: sa.Engine) -> Held:
    """What the store holds, in one consistent state."""
    with store.snapshot(engine) as read:
        return _held(read)


def _held(read: Read) -> Held:
    version = next(read(sa.select(table_of(models.DataVersion))).iter_rows(named=True), None)
    change, batch = table_of(models.BatchChange).c, table_of(models.UploadBatch).c
    every = read(sa.select(table_of(models.Agreement)).order_by(table_of(models.Agreement).c.id))
    cells = read(
        sa.select(
            change.id,
            change.batch_id,
            change.agreement_id,
            change.field,
            change.old,
            change.new,
            batch.agency,
            batch.status,
        )
        .join(table_of(models.UploadBatch), batch.id == change.batch_id)
        .order_by(change.id)
    )
    of_source = pl.col("agency").is_null()
    holds = pl.col("status") == BatchStatus.APPLIED
    made = cells.filter((pl.col("field") == "_row_version") & pl.col("old").is_null())
    by_source = made.filter(of_source & holds).select("agreement_id", "batch_id")
    undone = made.filter(of_source).join(by_source, on="agreement_id", how="anti")
    by_others = made.filter(~of_source)
    agreements = every.join(
        pl.concat([undone, by_others]).select(id="agreement_id").unique(), on="id", how="anti", maintain_order="left"
    )
    keys = agreements.select("ref", agreement_id="id")
    fields = [name for name in agreements.columns if name not in _OWN]
    events, targets = (_rows(read, model) for model in _DATED)
    live = [frame.filter(pl.col("retracted_at").is_null()).join(keys, on="agreement_id") for frame in (events, targets)]
    loaded = [
        pl.concat(
            [
                frame.filter(pl.col("batch_id").is_null()),
                frame.join(by_source, on=["agreement_id", "batch_id"], how="semi"),
            ]
        ).join(keys, on="agreement_id")
        for frame in (events, targets)
    ]
    texts = texts_of(agreements, fields)
    days_now = day_texts(*live)
    with_whom = pl.concat(
        listed_texts(field, _rows(read, of.model).join(keys, on="agreement_id")) for field, of in LISTED.items()
    )
    touched = cells.join(keys, on="agreement_id").filter(pl.col("field").is_in(fields))
    first = touched.unique(["ref", "field"], keep="first", maintain_order=True)
    last = cells.filter(of_source & holds).join(keys, on="agreement_id")
    last = last.with_columns(field=pl.coalesce(pl.col("field").str.extract(_SAID), "field")).filter(
        ~pl.col("field").str.starts_with("_") & (pl.col("field") != "state")  # that follows from the days
    )
    said = _over(
        pl.concat([texts, day_texts(*loaded), with_whom]),
        first.select("ref", "field", value=pl.col("old").fill_null("")),
        last.unique(["ref", "field"], keep="last").select("ref", "field", value=pl.col("new").fill_null("")),
    )
    agencies = touched.filter(~of_source).select("ref", "field").unique()
    return Held(
        code="" if version is None else version["register_code"],
        source="" if version is None else version["source"],
        loaded_to=None if version is None else version["data_date"],
        reads=_reads(read),
        agreements=agreements,
        said=said,
        now=pl.concat([texts, days_now, with_whom]),
        theirs=pl.concat([agencies, pl.concat([days_now, said]).filter(_is_dated()).select("ref", "field").unique()]),
        taken=frozenset(by_others.select(id="agreement_id").join(every, on="id")["ref"]),
        lists={model.__name__: frozenset(read(sa.select(_key(model)))["key"]) for model in LISTS},
        successors=_successors(read, today(None if version is None else version["data_date"])),
    )


_NAMED: Final[Mapping[str, str]] = types.MappingProxyType(
    {PARTNERS: "partner", "sector": "sector", "doc_type": "doc_type", "exchange": "exchange"}
)
"""Field -> the list whose entries it names; agencies are handed over (see `data_access.responsibility`)."""


def _successors(read: Read, day: dt.date) -> dict[str, dict[str, str]]:
    schema = {"code": pl.String, "successor": pl.String}
    found = {field: last_successors(dict(read(ended(of, day), schema).iter_rows())) for field, of in _NAMED.items()}
    return {field: taken for field, taken in found.items() if taken}


LISTS: Final[tuple[type[SQLModel], ...]] = (
    models.Agency,
    models.AgencyAlias,
    models.Partner,
    models.PartnerAlias,
    models.Tier,
    models.PartnerTier,
    models.Sector,
    models.DocType,
    models.EntryAlias,
    models.Exchange,
)
"""What an export may add entries to, in the order in which they can be written."""

_DATED: Final[tuple[type[SQLModel], ...]] = (models.StatusEvent, models.TargetDate)


def _rows(read: Read, model: type[SQLModel]) -> pl.DataFrame:
    return read(sa.select(table_of(model)))


def _key(model: type[SQLModel]) -> sa.ColumnElement[str]:
    return next(iter(table_of(model).primary_key)).label("key")


def _is_dated() -> pl.Expr:
    return pl.col("field").str.starts_with("state_date[") | (pl.col("field") == "current_target")


def _over(*layers: pl.DataFrame) -> pl.DataFrame:
    """Cells, each as the last layer that has it says."""
    return pl.concat(layers).unique(["ref", "field"], keep="last", maintain_order=True)


def _reads(read: Read) -> Mapping[str, str]:
    setting = table_of(models.Setting).c
    found = read(sa.select(setting.value).where(setting.key == READS).order_by(setting.id.desc()).limit(1))
    return {} if found.is_empty() else json.loads(found["value"].item())
