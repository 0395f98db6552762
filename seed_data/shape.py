"""Frames in exactly the shape of a table."""

from __future__ import annotations

import datetime as dt
from typing import Any, get_args

import polars as pl
from sqlmodel import SQLModel

_TYPES: dict[type, pl.DataType] = {
    str: pl.String(),
    bool: pl.Boolean(),
    int: pl.Int64(),
    float: pl.Float64(),
    dt.date: pl.Date(),
    dt.datetime: pl.Datetime("us"),
}


def schema_of(model: type[SQLModel]) -> dict[str, pl.DataType]:
    """The columns of a table, in order, with their polars types."""
    schema = {}
    for name, field in model.model_fields.items():
        kinds = [kind for kind in get_args(field.annotation) or (field.annotation,) if kind is not type(None)]
        schema[name] = _TYPES[kinds[0]]
    return schema


def shaped(model: type[SQLModel], frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with exactly the model's columns, in its order and types.

    Columns the frame lacks take the model's plain default, or null where the table allows it. Raises ValueError for a
    column the model does not have, one that is missing without a default, and a null where none may be.
    """
    schema = schema_of(model)
    if unknown := set(frame.columns) - set(schema):
        raise ValueError(f"{model.__name__} has no column {', '.join(sorted(unknown))}")
    table: Any = model.__table__  # type: ignore[attr-defined]
    missing = []
    for name in schema:
        if name in frame.columns:
            continue
        column = table.columns[name]
        default = model.model_fields[name].default
        if isinstance(default, str | bool | int | float):
            missing.append(pl.lit(default).alias(name))
        elif column.nullable:
            missing.append(pl.lit(None).alias(name))
        else:
            raise ValueError(f"{model.__name__}.{name} has no default and the frame does not give it")
    result = frame.with_columns(missing).select(pl.col(name).cast(dtype) for name, dtype in schema.items())
    for name in schema:
        if not table.columns[name].nullable and result[name].null_count():
            raise ValueError(f"{model.__name__}.{name} is null in {result[name].null_count()} rows")
    return result
