"""Which lists there are, what an entry of each is made of, and the actions by which they change."""

from __future__ import annotations

import dataclasses
import datetime as dt
import types
from collections.abc import Mapping
from typing import Any, Final

from sqlmodel import Session, SQLModel, select

from data_access.acting import Refused, tidy
from data_access.entries import ALIASES
from data_access.store import models
from data_access.store.arrow import table_of
from kpi import register
from kpi.vocabulary import PROVINCE_KINDS, AgencyKind, LegalClass, texts

ADD: Final = "lists.add"
RENAME: Final = "lists.rename"
REMOVE: Final = "lists.remove"
ALSO: Final = "lists.also"
NO_MORE: Final = "lists.no_more"
MERGE: Final = "lists.merge"
SPLIT: Final = "lists.split"
CLOSE: Final = "lists.close"
REOPEN: Final = "lists.reopen"
TIER: Final = "lists.tier"
NO_TIER: Final = "lists.no_tier"
ACTIONS: Final = (ADD, RENAME, REMOVE, ALSO, NO_MORE, MERGE, SPLIT, CLOSE, REOPEN, TIER, NO_TIER)
"""The audit's names for what is done to lists."""

NAME_MAX: Final = 200
CODE_MAX: Final = 40
SUBNATIONAL: Final = "subnational"
PLACES: Final = ("country", "territory")
BY_HAND: Final = "added by hand"
"""The source of an entry, a further name or a tier that came with no list: only these are taken out again."""


@dataclasses.dataclass(frozen=True)
class ListOf:
    """A list: the rows of `model`, known by `key`. `kind` is the column that says of what kind an entry is (of a sector its group,
    of a document what it is in law; empty: they are all of one), `kinds` what that can be where it is not what the list has."""

    name: str
    model: type[SQLModel]
    key: str
    kind: str
    kinds: tuple[str, ...] = ()
    abbreviated: bool = False

    def key_of(self, row: Any) -> str:
        """The code of a row."""
        return str(getattr(row, self.key))

    def names_of(self, row: Any) -> list[str]:
        """What a row itself calls its entry."""
        columns = ("name_vi", "name_en", "name_pl", "abbr_vi", "abbr_en")
        return [text for name in columns if (text := getattr(row, name, ""))]

    @property
    def alias(self) -> tuple[type[SQLModel], str]:
        """The table of its further names, and the column of the entry meant."""
        return ALIASES.get(self.name, (models.EntryAlias, "code"))

    def alias_row(self, alias: str, code: str) -> SQLModel:
        """A further name given by hand."""
        model, column = self.alias
        alone = {"list_of": self.name} if model is models.EntryAlias else {}
        return model(**{"alias": alias, column: code, "source": BY_HAND}, **alone)

    def alias_rows(self, session: Session, name: str | None = None) -> list[tuple[str, Any]]:
        """The entry meant and the row of each further name; of those that read so, where one is named."""
        model, column = self.alias
        columns = table_of(model).c
        of = [columns.list_of == self.name] if model is models.EntryAlias else []
        of += [] if name is None else [columns.alias == name]
        return [(getattr(row, column), row) for row in session.exec(select(model).where(*of))]

    def held(self, session: Session, code: str) -> Any:
        """The entry with this code, for changing it. Raises `Refused`: `entry_unknown`."""
        row: Any = session.get(self.model, code, with_for_update=True, populate_existing=True)
        if row is None:
            raise Refused("entry_unknown", refs=(code,))
        return row


AGENCIES: Final = ListOf("agency", models.Agency, "key", "kind", texts(AgencyKind), abbreviated=True)
PARTNERS: Final = ListOf("partner", models.Partner, "code", "kind")
TIERS: Final = ListOf(register.TIERS, models.Tier, "code", "")
LISTS: Final[Mapping[str, ListOf]] = types.MappingProxyType(
    {
        one.name: one
        for one in (
            AGENCIES,
            PARTNERS,
            TIERS,
            ListOf("sector", models.Sector, "code", "sector_group"),
            ListOf("doc_type", models.DocType, "code", "legal_class", texts(LegalClass)),
            ListOf("exchange", models.Exchange, "code", "kind"),
        )
    }
)
"""Every list by its name, which is that of the column of the facts (of tiers `kpi.register.TIERS`)."""

PROVINCES: Final = PROVINCE_KINDS
"""The kinds of agencies that are provinces."""


@dataclasses.dataclass(frozen=True)
class Entry:
    """An entry to be added. `kind` as in `ListOf`. Of partners `region`, and `under`: the country of one below that level, whose
    region is its own as well; of an exchange `under` is with whom. `since`: the first day of an agency, the day of an exchange."""

    code: str
    name_vi: str
    name_en: str
    kind: str = ""
    region: str = ""
    under: str | None = None
    abbr_vi: str = ""
    abbr_en: str = ""
    since: dt.date | None = None


def list_of(name: str) -> ListOf:
    """The list with this name. Raises `Refused`: `list_unknown`."""
    if name not in LISTS:
        raise Refused("list_unknown", refs=(name,))
    return LISTS[name]


def kinds_held(session: Session, of: ListOf) -> tuple[str, ...]:
    """Of what kinds entries of a list can be, in order: those declared, or those the list has."""
    if of.kinds or not of.kind:
        return of.kinds
    return tuple(sorted({getattr(row, of.kind) for row in session.exec(select(of.model))}))


def as_code(text: str) -> str:
    """A code as it is kept. Raises `Refused`: `entry_unfit`."""
    code = tidy(text, CODE_MAX)
    if not code or not code.isascii() or not code.replace("-", "").replace("_", "").isalnum():
        raise Refused("entry_unfit")
    return code
