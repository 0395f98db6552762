"""What entries of lists are called besides, and which are in whose place: what it takes to read a name."""

from __future__ import annotations

import datetime as dt
import types
from collections.abc import Mapping
from typing import Final

import sqlalchemy as sa
from sqlmodel import SQLModel

from data_access.store import models
from data_access.store.arrow import table_of

ALIASES: Final[Mapping[str, tuple[type[SQLModel], str]]] = types.MappingProxyType(
    {"agency": (models.AgencyAlias, "agency"), "partner": (models.PartnerAlias, "partner")}
)
"""List -> where its further names stand, and the column of the entry meant; those of the others in `EntryAlias`, by `code`."""


def further_names(of: str) -> sa.Select[tuple[str, str]]:
    """Every further name of a list's entries: alias, code."""
    model, column = ALIASES.get(of, (models.EntryAlias, "code"))
    columns = table_of(model).c
    named = sa.select(columns.alias, columns[column].label("code")).order_by(columns.alias, columns[column])
    return named.where(columns.list_of == of) if model is models.EntryAlias else named


def ended(of: str, day: dt.date) -> sa.Select[tuple[str, str | None]]:
    """The entries of a list that have ended by a day, the last recorded last: code, successor (null for none). Agencies end by
    their own days."""
    end = table_of(models.EntryEnd).c
    held = (end.list_of == of, end.retracted_at.is_(None), end.is_whole, end.effective_on <= day)
    return sa.select(end.code, end.successor).where(*held).order_by(end.id)


def last_successors(successor: Mapping[str, str | None]) -> dict[str, str]:
    """Entry that ended -> the one in its place after all that took each other's; without those that nobody followed."""
    found: dict[str, str] = {}
    for code in successor:
        last, seen = code, {code}
        while (following := successor.get(last)) is not None and following not in seen:
            seen.add(following)
            last = following
        if last != code and last not in successor:
            found[code] = last
    return found
