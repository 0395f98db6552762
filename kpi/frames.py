"""How a frame is declared: its columns with type and meaning, and what holds for every row."""

from __future__ import annotations

from collections.abc import Iterable

import dataframely as dy
import polars as pl


def coded(codes: Iterable[str], meaning: str | None = None, *, nullable: bool = False) -> dy.String:
    """A column of text that holds one of `codes`."""
    known = [str(code) for code in codes]
    return dy.String(
        nullable=nullable,
        check={"code": lambda column: column.is_in(known)},
        metadata={"codes": known},
        description=meaning,
    )


def in_order(first: str, second: str) -> pl.Expr:
    """Whether the first of two days is not after the second; true where one is null."""
    return (pl.col(first) <= pl.col(second)).fill_null(True)


def check(declared: type[dy.Schema], frame: pl.DataFrame) -> None:
    """Raises `ValueError` unless a frame has exactly the declared columns, in order, and every row meets the rules."""
    if frame.columns != declared.column_names():
        unlike = sorted(set(frame.columns).symmetric_difference(declared.column_names()))
        raise ValueError(f"{declared.__name__}: other columns than declared: {', '.join(unlike) or 'their order'}")
    try:
        declared.validate(frame)
    except (dy.exc.SchemaError, dy.exc.ValidationError) as error:
        raise ValueError(f"{declared.__name__}: {error}") from error
