"""What a newer export of a register's source would change: what is new, what changed, what vanished, and what agencies have
changed meanwhile. Nothing is stored."""

from __future__ import annotations

import datetime as dt
from typing import Final

import polars as pl
import sqlalchemy as sa
from sqlmodel import select

from data_access import store
from data_access.register import read_data_version
from data_access.store import models
from seed_data.mapping.build import RegisterFrames
from seed_data.mapping.declaration import FIELD_KINDS

LEAST_IN_COMMON: Final = 0.5
"""Of the register's references, those that an export of the same source must have: fewer, and it is another register."""

DIFFERENCES: Final = ("ref", "kind", "field", "old", "new", "ours")
_UNDATED: Final = "undated"
_TOLD: Final = ("agreement_id", "field", "value")


class AnotherRegisterError(Exception):
    """The export is not one of the register in the store; the message says why in one sentence."""


def compare(engine: sa.Engine, export: RegisterFrames) -> pl.DataFrame:
    """Every difference between the register in the store and a newer export of its source, by `ref`.

    Columns: ref; kind (`new`, `changed`, `vanished`, `conflict`); field (empty for new and vanished agreements); old (as the source
    had it); new (as the export has it); ours (as an agency changed it meanwhile, null where none did). A cell that only an
    agency changed is none; nor is one in which both came to say the same. A state without a day of its own has no day that
    could differ. Raises `AnotherRegisterError`.
    """
    held = store.read_frame(engine, select(models.Agreement))
    made = store.read_frame(
        engine,
        select(models.BatchChange.agreement_id).where(
            models.BatchChange.field == "_row_version",
            sa.column("old").is_(None),
        ),
    )
    held = held.filter(
        ~pl.col("id").is_in(made["agreement_id"].implode())
    )  # what an agency registered is not of the source
    _refuse_another(engine, held, export)
    fields = [name for name in export.agreements.columns if name in FIELD_KINDS or name == "responsible_as_given"]
    if (
        "responsible_as_given" in fields
    ):  # whose the name is may have been settled meanwhile; the words are the source's
        fields.remove("responsible_agency")
    keys = held.select(agreement_id="id", ref="ref")
    was = pl.concat([_cells(held, fields), _events_of_source(engine), _partners(engine)]).join(keys, on="agreement_id")
    ours = pl.concat([_cells_changed(engine, fields, held), _events_now(engine)]).join(keys, on="agreement_id")
    first = _first_said(engine, fields).join(keys, on="agreement_id")
    was = (
        was.join(first.select("ref", "field", first="value"), on=["ref", "field"], how="left")
        .with_columns(value=pl.coalesce("first", "value"))
        .select("ref", "field", old="value")
    )
    named = export.agreements.select(agreement_id="id", ref="ref")
    said = pl.concat(
        [_cells(export.agreements, fields), _events(export), _partners_of(export.frames["AgreementPartner"])]
    )
    said = said.join(named, on="agreement_id").select("ref", "field", new="value")
    common = keys.join(named, on="ref", how="semi").select("ref")
    cells = (
        was.join(said, on=["ref", "field"], how="full", coalesce=True)
        .join(ours.select("ref", "field", ours="value"), on=["ref", "field"], how="left")
        .join(common, on="ref", how="semi")
        .with_columns(pl.col("old", "new").fill_null(""))
        .with_columns(ours=pl.when(pl.col("ours") != pl.col("old")).then("ours"))
        .filter(pl.col("old") != pl.col("new"), pl.col("ours").is_null() | (pl.col("ours") != pl.col("new")))
        .with_columns(kind=pl.when(pl.col("ours").is_null()).then(pl.lit("changed")).otherwise(pl.lit("conflict")))
    )
    whole = [
        frame.select(
            "ref", kind=pl.lit(kind), field=pl.lit(""), old=pl.lit(""), new=pl.lit(""), ours=pl.lit(None, pl.String)
        )
        for kind, frame in (
            ("new", named.join(keys, on="ref", how="anti")),
            ("vanished", keys.join(named, on="ref", how="anti")),
        )
    ]
    return pl.concat([cells.select(DIFFERENCES), *(frame.select(DIFFERENCES) for frame in whole)]).sort("ref", "field")


def _refuse_another(engine: sa.Engine, held: pl.DataFrame, export: RegisterFrames) -> None:
    version, told = read_data_version(engine), export.description
    if version is None or not version.register_code or version.data_date is None:
        raise AnotherRegisterError("The store holds no register yet: load the file instead.")
    if (version.register_code, version.source) != (told["register_code"], told["source"]):
        raise AnotherRegisterError(
            f"The store holds the register {version.register_code!r} of {version.source}; the mapping reads "
            f"{told['register_code']!r} of {told['source']}."
        )
    day: dt.date = told["data_date"]
    if day < version.data_date:
        raise AnotherRegisterError(f"The file is of {day}, older than the register's data date {version.data_date}.")
    common = held.join(export.agreements, on="ref", how="semi").height
    if common < LEAST_IN_COMMON * held.height:
        raise AnotherRegisterError(
            f"Only {common} of the register's {held.height} references stand in the file: it is another register, or a part."
        )


def _cells(agreements: pl.DataFrame, fields: list[str]) -> pl.DataFrame:
    """agreement_id, field, value: one row for each cell."""
    return (
        agreements.select(pl.col("id").alias("agreement_id"), *(pl.col(name).cast(pl.String) for name in fields))
        .unpivot(index="agreement_id", variable_name="field")
        .with_columns(pl.col("value").fill_null(""))
        .select(_TOLD)
    )


def _partners(engine: sa.Engine) -> pl.DataFrame:
    return _partners_of(store.read_frame(engine, select(models.AgreementPartner)))


def _partners_of(frame: pl.DataFrame) -> pl.DataFrame:
    joined = frame.sort("agreement_id", "position").group_by("agreement_id", maintain_order=True)
    return joined.agg(value=pl.col("partner").str.join(", ")).with_columns(field=pl.lit("partners")).select(_TOLD)


def _events(export: RegisterFrames) -> pl.DataFrame:
    return _days(export.frames["StatusEvent"], export.frames["TargetDate"])


def _days(events: pl.DataFrame, targets: pl.DataFrame) -> pl.DataFrame:
    """The days of each state, and the targets, as one text each."""
    moves = events.select(
        "agreement_id",
        field="state",
        day=pl.when("date_known").then(pl.col("effective_on").cast(pl.String)).otherwise(pl.lit(_UNDATED)),
    )
    planned = targets.select("agreement_id", field=pl.lit("target_on"), day=pl.col("target_on").cast(pl.String))
    return (
        pl.concat([moves, planned])
        .group_by("agreement_id", "field")
        .agg(value=pl.col("day").sort().str.join(", "))
        .select(_TOLD)
    )


def _history(engine: sa.Engine) -> tuple[pl.DataFrame, pl.DataFrame]:
    return store.read_frame(engine, select(models.StatusEvent)), store.read_frame(engine, select(models.TargetDate))


def _events_of_source(engine: sa.Engine) -> pl.DataFrame:
    """As the register was loaded, whatever agencies took its place with since."""
    events, targets = (frame.filter(pl.col("batch_id").is_null()) for frame in _history(engine))
    return _days(events, targets)


def _events_now(engine: sa.Engine) -> pl.DataFrame:
    events, targets = (frame.filter(pl.col("retracted_at").is_null()) for frame in _history(engine))
    return _days(events, targets)


def _changed(engine: sa.Engine, fields: list[str]) -> pl.DataFrame:
    return store.read_frame(engine, select(models.BatchChange)).filter(pl.col("field").is_in(fields)).sort("id")


def _first_said(engine: sa.Engine, fields: list[str]) -> pl.DataFrame:
    """What cells held before any agency changed them."""
    first = _changed(engine, fields).unique(["agreement_id", "field"], keep="first", maintain_order=True)
    return first.select("agreement_id", "field", value=pl.col("old").fill_null(""))


def _cells_changed(engine: sa.Engine, fields: list[str], held: pl.DataFrame) -> pl.DataFrame:
    """What cells hold that an agency changed."""
    touched = _changed(engine, fields).select("agreement_id", "field").unique()
    return _cells(held, fields).join(touched, on=["agreement_id", "field"], how="semi")
