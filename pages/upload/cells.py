"""Cells of an upload as people read them: what a column is called, and what stands in it."""

from __future__ import annotations

import datetime as dt
from typing import Final

import polars as pl

import words as w
from data_access.agreement_cells import LISTED, UNDATED, VANISHED, parts_of
from kpi.update.choices import FIXED_LISTS
from kpi.update.columns import BY_CODE, name_of
from kpi.update.layout import NEW

_FROM_STORE = ("doc_type", "sector", "partner")


def label(column: str, item: str = "") -> str:
    """A column's name; where it belongs to one of several reports or blockers, with which one."""
    if item and column == "state_date":
        return w.t("refresh.day_of", state=w.name("state", item))
    if column not in BY_CODE:
        return w.t(f"refresh.field_{column}")
    name = name_of(column, w.language())
    if not item:
        return name
    part = BY_CODE[column].part
    if part == "report":
        day = item.removeprefix("@")
        period = w.date(dt.date.fromisoformat(day)) if day != item else item
        return w.t("upload.of_period", name=name, period=period)
    if item.startswith(NEW):
        return w.t("upload.of_new_blocker", name=name)
    return w.t("upload.of_blocker", name=name, number=item)


def text(column: str, content: str | None) -> str:
    """What stands in a cell, in the reader's language. Typed text is in it as it is: not for Markdown."""
    if content is None or content == "":
        return w.t("upload.blank")
    if column not in BY_CODE:
        return _of_source(column, content)
    kind, of = BY_CODE[column].kind, BY_CODE[column].choices
    if kind == "date":
        return ", ".join(_day(day) for day in parts_of(content))
    if kind == "percent":
        return f"{content.replace('.', w.marks()[0])}%"
    if of in _FROM_STORE:
        return w.name(of, content)
    if of in FIXED_LISTS:
        return next((choice.name(w.language()) for choice in FIXED_LISTS[of] if choice.code == content), content)
    return content


def _day(text: str) -> str:
    return w.t("refresh.undated") if text == UNDATED else w.date(dt.date.fromisoformat(text))


def _of_source(column: str, content: str) -> str:
    """What stands in a cell that only the register's source fills."""
    if column == VANISHED:
        return _day(content)
    if column in LISTED:
        return ", ".join(w.name(LISTED[column].column, code) for code in parts_of(content))
    if column in _NAMED:
        return w.name(_NAMED[column], content)
    return w.t("common.yes" if content == "true" else "common.no") if column in _FLAGS else content


_NAMED: Final = {
    "responsible_agency": "agency",
    "signing_agency": "agency",
    "exchange": "exchange",
    "access_level": "access_level",
}
_FLAGS: Final = ("priority", "flagship", "implementable", "tracked")


def title() -> pl.Expr:
    """An agreement's title in the reader's language; the one there is where there is only one. For frames with `title_vi`
    and `title_en`."""
    own = w.column("title")
    other = next(name for name in ("title_vi", "title_en") if name != own)
    return pl.coalesce(pl.col(own).replace("", None), other).alias("title")


def written(changes: pl.DataFrame) -> pl.DataFrame:
    """`changes` (with column, item, old, new) with `what`, `before` and `after` as people read them."""
    return changes.with_columns(
        what=pl.Series([label(*cell) for cell in changes.select("column", "item").iter_rows()], dtype=pl.String),
        before=pl.Series([text(*cell) for cell in changes.select("column", "old").iter_rows()], dtype=pl.String),
        after=pl.Series([text(*cell) for cell in changes.select("column", "new").iter_rows()], dtype=pl.String),
    )
