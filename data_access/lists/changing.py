"""What changes in a list whatever the day: entries added and renamed, further names, and any of it taken back.

No figure goes by names, and an entry just added has no agreements: what is published of a past day stays as it was. A code counts
as it is written and is never given twice, whatever its capitals; a name stands for one entry only (`kpi.names`), so one that would
be read as two is refused.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, SQLModel, select

from data_access.acting import Person, Refused, tidy
from data_access.coordination import begin, finish
from data_access.lists import kinds
from data_access.lists.kinds import (
    AGENCIES,
    BY_HAND,
    NAME_MAX,
    PARTNERS,
    TIERS,
    Entry,
    ListOf,
    as_code,
    kinds_held,
    list_of,
)
from data_access.responsibility import first_day
from data_access.store import models
from data_access.store.arrow import table_of
from kpi.names import AmbiguousNameError, Names, squeeze
from kpi.vocabulary import Tier


def add(session: Session, *, actor: Person, of: str, entry: Entry) -> int:
    """Add an entry to a list; gives the new data version. Raises `Refused`: `entry_taken`, `entry_unfit` (a kind or region the list
    has not, no country above a partner below one, no day of an exchange), `name_invalid`, `name_taken`."""
    begin(session, actor, kinds.ADD)
    kind, code, names = list_of(of), as_code(entry.code), _named(entry.name_vi, entry.name_en)
    held = list(session.exec(select(kind.model)))
    taken = dict(zip(squeeze(list(map(kind.key_of, held))), map(kind.key_of, held), strict=True))
    if (same := taken.get(squeeze([code])[0])) is not None:
        raise Refused("entry_taken", refs=(same,))
    known = kinds_held(session, kind)
    if bool(entry.kind) != bool(kind.kind) or (known and entry.kind not in known):
        raise Refused("entry_unfit")
    given = {kind.key: code, "name_vi": names[0], "name_en": names[1], "source": BY_HAND}
    given |= {kind.kind: entry.kind} if kind.kind else {}
    short = _named(entry.abbr_vi or code, entry.abbr_en or entry.abbr_vi or code) if kind.abbreviated else ()
    _refuse_taken(session, kind, code, *names, *short)
    row = kind.model(**given, **_further(session, kind, entry, held, short))
    session.add(row)
    session.flush()
    since = session.exec(select(sa.func.min(models.PartnerTier.valid_from))).one()
    if kind is PARTNERS and entry.under is None and since is not None:
        tier = Tier.OTHER if entry.kind in kinds.PLACES else Tier.ORGANISATION
        session.add(
            models.PartnerTier(partner=code, valid_from=since, tier=str(tier), precision="none", source=BY_HAND)
        )
    return finish(session, actor, kinds.ADD, {code: {"list": of, "entry": names[0], "name": names[1]}})


def _further(
    session: Session, kind: ListOf, entry: Entry, held: list[SQLModel], short: tuple[str, ...]
) -> Mapping[str, object]:
    """What a new entry of this list has besides its code, names and kind. Raises `Refused`."""
    if kind is AGENCIES:
        return {
            "code": entry.code,
            "abbr_vi": short[0],
            "abbr_en": short[1],
            "valid_from": entry.since or first_day(session),
        }
    if kind is PARTNERS:
        return _of_partner(entry, held)
    if kind.name == "exchange":
        if entry.since is None or (entry.under and session.get(models.Partner, entry.under) is None):
            raise Refused("entry_unfit")
        return {"held_on": entry.since, "partner": entry.under or None}
    return {"position": max((getattr(row, "position") for row in held), default=0) + 1}  # noqa: B009


def _of_partner(entry: Entry, held: list[Any]) -> Mapping[str, object]:
    above = next((row for row in held if row.code == entry.under), None)
    region = entry.region or (above.region if above else "")
    if region not in {row.region for row in held} or (above is None) == (entry.kind == kinds.SUBNATIONAL):
        raise Refused("entry_unfit")
    if above is None and entry.under:
        raise Refused("entry_unfit")
    if above is not None and (above.kind not in kinds.PLACES or region != above.region):
        raise Refused("entry_unfit")
    return {"region": region, "counts_under": entry.under or None}


def rename(
    session: Session,
    *,
    actor: Person,
    of: str,
    code: str,
    name_vi: str,
    name_en: str,
    abbr_vi: str = "",
    abbr_en: str = "",
) -> int:
    """Call an entry otherwise; its names until now are understood as before. Abbreviations left empty stay. Gives the new data
    version. Raises `Refused`: `entry_unknown`, `name_invalid`, `name_taken`, `no_change`."""
    begin(session, actor, kinds.RENAME)
    kind = list_of(of)
    row = kind.held(session, code)
    columns = ("name_vi", "name_en", *(("abbr_vi", "abbr_en") if kind.abbreviated else ()))
    before = tuple(getattr(row, name) for name in columns)
    wanted = (name_vi, name_en, abbr_vi or before[-2], abbr_en or before[-1])
    names = _named(*wanted[: len(columns)])
    if names == before:
        raise Refused("no_change")
    _refuse_taken(session, kind, code, *names)
    for name, text in zip(columns, names, strict=True):
        setattr(row, name, text)
    session.add(row)
    _keep_names(session, kind, code, before, names)
    session.flush()
    detail = {"list": of, "entry": before[0], "name": names[0], "name_en": [before[1], names[1]]}
    return finish(session, actor, kinds.RENAME, {code: detail})


def _keep_names(session: Session, kind: ListOf, code: str, before: tuple[str, ...], names: tuple[str, ...]) -> None:
    """What an entry was called is a further name from now on; a name of before need not be told twice."""
    for name in dict.fromkeys(before):
        if name and name not in names and not kind.alias_rows(session, name):
            session.add(kind.alias_row(name, code))
    for name in dict.fromkeys(names):
        for meant, further in kind.alias_rows(session, name):
            if meant == code:
                session.delete(further)


def remove(session: Session, *, actor: Person, of: str, code: str) -> int:
    """Take out an entry that was added by hand and that nothing refers to; gives the new data version. Raises `Refused`:
    `entry_unknown`, `entry_listed` (it came with the list), `entry_used`."""
    begin(session, actor, kinds.REMOVE)
    kind = list_of(of)
    row = kind.held(session, code)
    if row.source != BY_HAND:
        raise Refused("entry_listed")
    own = (table_of(kind.alias[0]), *([table_of(models.PartnerTier)] if kind is PARTNERS else []))
    keys = [key for table in SQLModel.metadata.sorted_tables if table not in own for key in table.foreign_keys]
    refer = [key.parent for key in keys if key.column.table is table_of(kind.model)]
    refer += [table_of(models.PartnerTier).c.tier] if kind is TIERS else []
    end = table_of(models.EntryEnd).c
    ended = sa.exists().where(
        end.list_of == of, end.retracted_at.is_(None), sa.or_(end.code == code, end.successor == code)
    )
    if any(session.connection().execute(sa.select(sa.exists().where(column == code))).scalar_one() for column in refer):
        raise Refused("entry_used")
    if session.connection().execute(sa.select(ended)).scalar_one():
        raise Refused("entry_used")
    for meant, further in kind.alias_rows(session):
        if meant == code:
            session.delete(further)
    session.flush()
    if kind is PARTNERS:
        tier = table_of(models.PartnerTier)
        session.connection().execute(sa.delete(tier).where(tier.c.partner == code))
    session.delete(row)
    session.flush()
    return finish(session, actor, kinds.REMOVE, {code: {"list": of, "entry": row.name_vi, "name": row.name_en}})


def call_also(session: Session, *, actor: Person, of: str, code: str, name: str) -> int:
    """Understand a further name as this entry; gives the new data version. Raises `Refused`: `entry_unknown`, `name_invalid`,
    `name_taken`, `no_change`."""
    begin(session, actor, kinds.ALSO)
    kind = list_of(of)
    row = kind.held(session, code)
    (given,) = _named(name)
    _refuse_taken(session, kind, code, given)
    if given in kind.names_of(row) or kind.alias_rows(session, given):
        raise Refused("no_change")
    session.add(kind.alias_row(given, code))
    session.flush()
    return finish(session, actor, kinds.ALSO, {code: {"list": of, "entry": row.name_vi, "name": given}})


def call_no_more(session: Session, *, actor: Person, of: str, code: str, name: str) -> int:
    """Take a further name away that was given by hand; gives the new data version. Raises `Refused`: `entry_unknown`,
    `entry_listed`, `no_change`."""
    begin(session, actor, kinds.NO_MORE)
    kind = list_of(of)
    row = kind.held(session, code)
    found = kind.alias_rows(session, tidy(name, NAME_MAX))
    further = next((row for meant, row in found if meant == code), None)
    if further is None:
        raise Refused("no_change")
    if further.source != BY_HAND:
        raise Refused("entry_listed")
    session.delete(further)
    session.flush()
    return finish(session, actor, kinds.NO_MORE, {code: {"list": of, "entry": row.name_vi, "name": further.alias}})


def _named(*names: str) -> tuple[str, ...]:
    """Names as they are kept."""
    given = tuple(" ".join(tidy(name, NAME_MAX).split()) for name in names)
    if not all(name.isprintable() and squeeze([name])[0] for name in given):
        raise Refused("name_invalid")
    return given


def _refuse_taken(session: Session, kind: ListOf, code: str, *names: str) -> None:
    """Whether these names stand for another entry, by whatever rule, as all the list is read. Who has been taken over by somebody
    is read as that one."""
    known: dict[str, list[str]] = {
        kind.key_of(row): list(map(_composed, kind.names_of(row))) for row in session.exec(select(kind.model))
    }
    for meant, further in kind.alias_rows(session):
        known.setdefault(meant, []).append(_composed(further.alias))
    try:
        Names(known.items(), _successors(session, kind)).declare(code, *dict.fromkeys(names))
    except AmbiguousNameError as error:
        raise Refused("name_taken", refs=(error.name, *error.others)) from error


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _successors(session: Session, kind: ListOf) -> dict[str, str]:
    """Who has taken whose place, whatever the day."""
    end = models.EntryEnd
    rows = session.exec(
        select(end).where(end.list_of == kind.name, sa.column("is_whole"), sa.column("retracted_at").is_(None))
    )
    found = {row.code: row.successor for row in rows if row.successor is not None}
    if kind is AGENCIES:
        took = models.AgencySuccession
        listed = {row.predecessor: row.successor for row in session.exec(select(took)) if row.is_default}
        return {**listed, **found}
    return found
