"""Entries of the audit as people read them."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable
from typing import Any, Final

import polars as pl

import words as w
from data_access.accounts import ROLES
from data_access.clock import local_time


def written(entries: pl.DataFrame) -> pl.DataFrame:
    """The entries of one screen with `moment` (as clocks in Viet Nam showed it), `action_name` and `detail_text`."""
    return entries.with_columns(
        moment=pl.Series([moment(at) for at in entries["at"]], dtype=pl.String),
        action_name=w.name_expr(pl.col("action"), "action"),
        detail_text=pl.Series([detail_text(text) for text in entries["detail"]], dtype=pl.String),
    )


def detail_text(detail: str) -> str:
    """What an entry tells besides, on one line: "Role: Leader → Agency; Agency: – → MOIT"."""
    return "; ".join(
        f"{w.t(_LABELS[name]) if name in _LABELS else name}: {_value(name, value)}"
        for name, value in json.loads(detail).items()
    )


def _value(name: str, value: Any) -> str:
    if isinstance(value, list) and len(value) == 2:
        return f"{_value(name, value[0])} → {_value(name, value[1])}"
    if value is None or value == "":
        return "–"
    if not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    write = _WRITTEN.get(name)
    return value if write is None else write(value)


def moment(at: dt.datetime) -> str:
    """A moment of the store to the second, as clocks in Viet Nam showed it."""
    here = local_time(at)
    return w.t("audit.moment", date=w.date(here.date()), time=f"{here:%H:%M:%S}")


def browser_name(client: str) -> str:
    """What a person knows a browser by, from the address and the long line it sends: "Chrome 131 · Windows · 10.0.0.7"."""
    address, _, agent = client.partition(" ")
    browser = next((f"{name} {found[1]}" for name, like in _BROWSERS if (found := re.search(like, agent))), "")
    system = next((name for name, like in _SYSTEMS if like in agent), "")
    return " · ".join(filter(None, (browser, system, address))) or w.t("audit.client_unknown")


_BROWSERS: Final = (
    ("Edge", r"Edg(?:e|A|iOS)?/(\d+)"),
    ("Opera", r"OPR/(\d+)"),
    ("Firefox", r"(?:Firefox|FxiOS)/(\d+)"),
    ("Chrome", r"(?:Chrome|CriOS|HeadlessChrome)/(\d+)"),
    ("Safari", r"Version/(\d+)[\d.]* (?:Mobile/\S+ )?Safari"),
)
_SYSTEMS: Final = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("macOS", "Macintosh"),
    ("Linux", "Linux"),
)
_LABELS: Final = {
    "role": "accounts.role",
    "agency": "accounts.agency",
    "office": "accounts.office",
    "subject": "accounts.subject",
    "client": "audit.client",
    "session": "audit.session",
    "failures": "audit.failures",
    "address": "audit.address",
    "entries": "audit.entries",
    "first_broken": "audit.first_broken",
    "file": "audit.file",
    "sha256": "audit.sha256",
    "changes": "audit.changes",
    "data_version": "audit.data_version",
    "undoes": "audit.undoes",
    "reason": "audit.reason",
    "sent_by": "audit.sent_by",
    "asked_for": "review.asked_for",
    "returned": "audit.returned",
    "part_of": "audit.part_of",
}
_WRITTEN: Final[dict[str, Callable[[str], str]]] = {
    "role": lambda code: w.name("role", code) if code in ROLES else code,
    "agency": lambda key: w.name("agency", key, short=True),
    "client": browser_name,
}
