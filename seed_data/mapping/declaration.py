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
class ColumnSettings:
    """What a mapping says of a column's texts: `empty` ones mean nothing, `ignore`d ones decide nothing on purpose, and `optional`
    ones need not occur in every file; where `may_lack` none of them need."""

    empty: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    may_lack: bool = False


@dataclasses.dataclass(frozen=True)
class NewTier:
    """A tier of relations that the list lacks."""

    code: str
    name_vi: str
    name_en: str
    aliases: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class NewPartner:
    """A partner that the list lacks; without a `tier` of that of partners of which nothing is said."""

    code: str
    name_vi: str
    name_en: str
    kind: str
    region: str
    counts_under: str | None
    aliases: tuple[str, ...]
    tier: str | None


@dataclasses.dataclass(frozen=True)
class NewAgency:
    """An agency that the list lacks."""

    key: str
    kind: str
    name_vi: str
    name_en: str
    abbr_vi: str
    abbr_en: str
    aliases: tuple[str, ...]


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
    settings: Mapping[str, ColumnSettings]
    country_column: str | None
    new_partners: tuple[NewPartner, ...]
    new_agencies: tuple[NewAgency, ...]
    new_tiers: tuple[NewTier, ...]

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
        for column in self.settings:
            _keep_first(named, column, f"columns.{column!r}")
        _keep_first(named, self.country_column, "agencies.country_column")
        return named

    def reads(self) -> dict[str, str]:
        """Which column each part of the register is read from: what tells one mapping from another, however many more texts it
        names since."""
        columns = {f"fields.{field}": value.column for field, value in self.fields.items()}
        columns |= {f"dates.{name}": date.column for name, date in self.dates.items()}
        for part, values in (("partners", self.partners), ("coordinating", self.coordinating)):
            columns |= {f"{part}[{place}]": value.column for place, value in enumerate(values, start=1)}
        return {part: column for part, column in columns.items() if column is not None}

    def listed(self, column: str) -> tuple[str, ...]:
        """The texts that conditions, maps and `ignore` name for a column, each once, in the order of the mapping."""
        maps = [
            value for value in (*self.fields.values(), *self.partners, *self.coordinating) if value.column == column
        ]
        texts = [text for value in maps for text in value.values or ()]
        for event in self.events:
            texts += [text for test in event.when if test.column == column for text in test.texts]
        return tuple(dict.fromkeys([*texts, *self.settings.get(column, ColumnSettings()).ignore]))

    def compared(self) -> tuple[str, ...]:
        """The columns whose every text has to be said: those that conditions compare."""
        tests = [test for event in self.events for test in event.when if test.column is not None and test.texts]
        return tuple(dict.fromkeys(str(test.column) for test in tests))

    def divided(self) -> dict[str, tuple[str, ...]]:
        """Column -> the separators by which its cells are several texts."""
        values = [value for value in (*self.partners, *self.coordinating) if value.column and value.separator]
        return {
            str(value.column): tuple(str(other.separator) for other in values if other.column == value.column)
            for value in values
        }

    def deciding(self) -> frozenset[str]:
        """The columns whose texts become something else: a state, a code, yes or no, a partner."""
        fields = [
            value for key, value in self.fields.items() if FIELD_KINDS[key] not in ("text", "agency") or value.values
        ]
        values = (*fields, *self.partners, *self.coordinating)
        return frozenset([*self.compared(), *(value.column for value in values if value.column is not None)])


def _keep_first(named: dict[str, str], column: str | None, key: str) -> None:
    if column is not None:
        named.setdefault(column, key)
