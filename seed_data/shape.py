"""Frames in exactly the shape of a table."""

from __future__ import annotations

from collections.abc import Collection

import polars as pl
import sqlalchemy as sa
from sqlmodel import SQLModel

from data_access.store.arrow import table_of

_TYPES: dict[str, pl.DataType] = {
    "boolean": pl.Boolean(),
    "integer": pl.Int64(),
    "float": pl.Float64(),
    "date": pl.Date(),
    "datetime": pl.Datetime("us"),
    "string": pl.String(),
}


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
