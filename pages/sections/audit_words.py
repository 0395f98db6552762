"""Entries of the audit as people read them."""

from __future__ import annotations

import json
from typing import Any

import polars as pl

from data_access.calendar import local_time
from pages.ui import words as w


def written(entries: pl.DataFrame) -> pl.DataFrame:
    """The entries of one screen with `moment` (as clocks in Viet Nam showed it), `action_name` and `detail_text`."""
    return entries.with_columns(
        moment=pl.Series([_moment(at) for at in entries["at"]], dtype=pl.String),
        action_name=w.name_expr(pl.col("action"), "action"),
        detail_text=pl.Series([detail_text(text) for text in entries["detail"]], dtype=pl.String),
    )


def detail_text(detail: str) -> str:
    """What an entry tells besides, on one line: "role: leader → agency; agency: – → BCT"."""
    return "; ".join(f"{name}: {_value(value)}" for name, value in json.loads(detail).items())


def _value(value: Any) -> str:
    if isinstance(value, list) and len(value) == 2:
        return f"{_value(value[0])} → {_value(value[1])}"
    if value is None or value == "":
        return "–"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _moment(at: Any) -> str:
    here = local_time(at)
    return w.t("audit.moment", date=w.date(here.date()), time=f"{here:%H:%M:%S}")
