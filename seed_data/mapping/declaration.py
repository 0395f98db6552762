"""A mapping as written in TOML: which column, constant or date becomes which part of the register.

`docs/own_register.md` explains every key to whoever writes one.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from files import Form

DATA_DATE = "data_date"
"""The name by which a mapping refers to the register's own data date where it lists dates."""

FIELD_KINDS: Mapping[str, str] = MappingProxyType(
    {
        "ref": "text",
        "title_vi": "text",
        "title_en": "text",
        "doc_type": "doc_type",
        "scope": "scope",
        "sector": "sector",
        "signing_agency": "agency",
        "responsible_agency": "agency",
        "responsible_office": "text",
        "exchange": "exchange",
        "priority": "yes_no",
        "flagship": "yes_no",
        "deliverable_vi": "text",
        "deliverable_en": "text",
        "evidence_url": "text",
        "implementable": "yes_no",
        "tracked": "yes_no",
        "access_level": "access_level",
        "notes_vi": "text",
        "notes_en": "text",
    }
)
"""The parts of an agreement a mapping can fill, and what kind of value each holds."""


@dataclasses.dataclass(frozen=True)
class RegisterInfo:
    """What the register is, as shown on every page and export, and which of `kpi.register.RECORDS` it does not keep."""

    code: str
    name_vi: str
    name_en: str
    data_date: dt.date
    source: str
    licence: str
    attribution: str
    caveat_vi: str
    caveat_en: str
    scope: str
    not_kept: str


@dataclasses.dataclass(frozen=True)
class Value:
    """Where a value comes from: a column (through a map, if given) or a constant; `default` stands for empty cells."""

    column: str | None = None
    constant: str | None = None
    values: Mapping[str, str] | None = None
    default: str | None = None
    separator: str | None = None


@dataclasses.dataclass(frozen=True)
class DateColumn:
    """A column of dates and the ways they may be written, in strptime's words."""

    column: str
    formats: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Condition:
    """A test on a row: the column's text is, or is not, one of `texts`; or a column is filled; or a date has come."""

    column: str | None = None
    date: str | None = None
    texts: tuple[str, ...] = ()
    holds: bool = True


@dataclasses.dataclass(frozen=True)
class Event:
    """A move into a state on `date`, for rows that meet every condition.

    Where that date is missing or still to come, the first of `undated` that has come stands in for it and the move is
    marked as not dated; without `undated` there is then no move. It was received on the first of the dates in `received` that
    the source gives, else on its own day.
    """

    state: str
    date: str | None
    undated: tuple[str, ...]
    when: tuple[Condition, ...]
    received: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Target:
    """A completion date, and the first of the dates in `since` that has come: the day from which it was the plan; received as an
    event is."""

    date: str
    since: tuple[str, ...]
    received: tuple[str, ...]
    reason: str


@dataclasses.dataclass(frozen=True)
class Exchange:
    """A high-level exchange that agreements of the register name by its code."""

    code: str
    name_vi: str
    name_en: str
    kind: str
    held_on: dt.date
    partner: str | None


@dataclasses.dataclass(frozen=True)
class MappingDeclaration:
    """A whole mapping, checked on its own; that its columns and codes exist is checked with the file and the lists."""

    name: str
    register: RegisterInfo
    form: Form
    empty: tuple[str, ...]
    fields: Mapping[str, Value]
    dates: Mapping[str, DateColumn]
    partners: tuple[Value, ...]
    coordinating: tuple[Value, ...]
    exchanges: tuple[Exchange, ...]
    events: tuple[Event, ...]
    targets: tuple[Target, ...]
    aliases: Mapping[str, str]

    def described(self, **changed: Any) -> MappingDeclaration:
        """The same mapping with these fields of its `RegisterInfo` changed."""
        return dataclasses.replace(self, register=dataclasses.replace(self.register, **changed))

    def columns(self) -> dict[str, str]:
        """Each column the mapping reads, with the key that names it first."""
        named: dict[str, str] = {}
        for field, value in self.fields.items():
            _keep_first(named, value.column, f"fields.{field}")
        for name, date in self.dates.items():
            _keep_first(named, date.column, f"dates.{name}")
        for part, values in (("partners", self.partners), ("coordinating", self.coordinating)):
            for value in values:
                _keep_first(named, value.column, part)
        for event in self.events:
            for condition in event.when:
                _keep_first(named, condition.column, f"events ({event.state})")
        return named


def _keep_first(named: dict[str, str], column: str | None, key: str) -> None:
    if column is not None:
        named.setdefault(column, key)
