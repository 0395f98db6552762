"""Frames in exactly the shape of a table."""

from __future__ import annotations

import types
from collections.abc import Collection, Mapping
from typing import Final

import polars as pl
import sqlalchemy as sa
from sqlmodel import SQLModel

from data_access.store import models
from data_access.store.arrow import table_of

_TYPES: dict[str, pl.DataType] = {
    "boolean": pl.Boolean(),
    "integer": pl.Int64(),
    "float": pl.Float64(),
    "date": pl.Date(),
    "datetime": pl.Datetime("us"),
    "string": pl.String(),
}

_ABOUT: Final[Mapping[type[SQLModel], str]] = types.MappingProxyType(
    {
        models.StatusEvent: "effective_on",
        models.TargetDate: "effective_on",
        models.ProgressReport: "reported_on",
        models.BlockerEvent: "effective_on",
    }
)
"""The day that a dated claim is about."""

_FIRST: Final[Mapping[type[SQLModel], tuple[type[SQLModel], str]]] = types.MappingProxyType(
    {models.Agreement: (models.StatusEvent, "agreement_id"), models.Blocker: (models.BlockerEvent, "blocker_id")}
)
"""What has no day of its own, and the events that tell of it."""


def with_receipts(frames: Mapping[type[SQLModel], pl.DataFrame]) -> dict[type[SQLModel], pl.DataFrame]:
    """The frames of a register from elsewhere with the day each claim was received, where they do not say it themselves: the
    day it is about; an agreement or a blocker the first day that one of its events was, without any the data date."""
    told = dict(frames)
    for model, day in _ABOUT.items():
        if model in told and "received_on" not in told[model].columns:
            told[model] = told[model].with_columns(received_on=day)
    for model, (events, owner) in _FIRST.items():
        if model in told and "received_on" not in told[model].columns:
            first = told[events].group_by(owner).agg(received_on=pl.col("received_on").min())
            told[model] = (
                told[model]
                .join(first, left_on="id", right_on=owner, how="left", maintain_order="left")
                .with_columns(pl.col("received_on").fill_null(told[models.DataVersion]["data_date"].item()))
            )
    return told


def schema_of(model: type[SQLModel]) -> dict[str, pl.DataType]:
    """The columns of a table, in order, with their polars types."""
    return {column.name: _type(column) for column in table_of(model).columns}


def _type(column: sa.Column[object]) -> pl.DataType:
    kind: object = column.type
    if isinstance(kind, sa.types.TypeDecorator):
        kind = kind.impl_instance
    return _TYPES[str(getattr(kind, "__visit_name__", "string"))]


def shaped(model: type[SQLModel], frame: pl.DataFrame, *, only: Collection[str] = ()) -> pl.DataFrame:
    """The frame with exactly the model's columns (`only` some of them, where named), in its order and types.

    Columns the frame lacks take the model's plain default, or null where the table allows it. Raises ValueError for a
    column the model does not have, one that is missing without a default, and a null where none may be.
    """
    schema = schema_of(model)
    if unknown := set(frame.columns) - set(schema):
        raise ValueError(f"{model.__name__} has no column {', '.join(sorted(unknown))}")
    if only:
        schema = {name: dtype for name, dtype in schema.items() if name in only}
    columns = table_of(model).columns
    missing = []
    for name in schema:
        if name in frame.columns:
            continue
        default = model.model_fields[name].default
        if isinstance(default, str | bool | int | float):
            missing.append(pl.lit(default).alias(name))
        elif columns[name].nullable:
            missing.append(pl.lit(None).alias(name))
        else:
            raise ValueError(f"{model.__name__}.{name} has no default and the frame does not give it")
    result = frame.with_columns(missing).select(pl.col(name).cast(dtype) for name, dtype in schema.items())
    for name in schema:
        if not columns[name].nullable and result[name].null_count():
            raise ValueError(f"{model.__name__}.{name} is null in {result[name].null_count()} rows")
    return result
