"""The list of partners, as the coordinator keeps it: added, renamed, given further names, and any of it taken back.

No figure goes by a partner's names, and one just added has no agreements: what is published of a past day stays as it was. Every
change leaves an audit entry. A code counts as it is written and is never given twice, whatever its capitals; a name stands for one
partner only (`kpi.names`), so one that would be read as two is refused.
"""

from __future__ import annotations

import dataclasses
from typing import Final

import polars as pl
import sqlalchemy as sa
from sqlmodel import Session, SQLModel, col, select

from data_access import store
from data_access.acting import Person, Refused, tidy
from data_access.coordination import begin, finish
from data_access.store import models
from data_access.store.arrow import table_of
from kpi.names import AmbiguousNameError, Names, squeeze
from kpi.vocabulary import Tier

ADD: Final = "partners.add"
RENAME: Final = "partners.rename"
REMOVE: Final = "partners.remove"
ALSO: Final = "partners.also"
NO_MORE: Final = "partners.no_more"

NAME_MAX: Final = 200
SUBNATIONAL: Final = "subnational"
BY_HAND: Final = "added by hand"
"""The source of a partner, or of a further name, that came with no list: only these are taken out again."""

_CODE_MAX: Final = 40
_PLACES: Final = ("country", "territory")


@dataclasses.dataclass(frozen=True)
class Entry:
    """A partner to be added: `under` is the country of one below that level, whose region is its own as well."""

    code: str
    name_vi: str
    name_en: str
    kind: str
    region: str = ""
    under: str | None = None


def read(engine: sa.Engine) -> pl.DataFrame:
    """Every partner by code: code, name_vi, name_en, kind, region, counts_under, also (its further names, "; " apart), source."""
    partner, alias = table_of(models.Partner).c, table_of(models.PartnerAlias).c
    columns = ("code", "name_vi", "name_en", "kind", "region", "counts_under", "source")
    held = store.read_frame(engine, sa.select(*(partner[name] for name in columns)).order_by(partner.code))
    further = store.read_frame(engine, sa.select(alias.alias, alias.partner).order_by(alias.alias))
    also = further.group_by("partner").agg(also=pl.col("alias").str.join("; "))
    joined = held.join(also, left_on="code", right_on="partner", how="left", maintain_order="left")
    return joined.select(*columns[:-1], pl.col("also").fill_null(""), "source")


def told(session: Session, code: str) -> list[dict[str, str]]:
    """One partner as this transaction sees it, none where there is none: code, name_vi, name_en, kind, region, also."""
    alias = models.PartnerAlias
    row: models.Partner | None = session.get(models.Partner, code)
    if row is None:
        return []
    also = session.exec(select(alias.alias).where(alias.partner == code).order_by(col(alias.alias)))
    fields = {name: str(getattr(row, name)) for name in ("code", "name_vi", "name_en", "kind", "region")}
    return [{**fields, "also": "; ".join(also)}]


def add(session: Session, *, actor: Person, entry: Entry) -> int:
    """Add a partner; gives the new data version. Raises `Refused`: `partner_taken`, `partner_unfit` (a kind or region the list has
    not, or no country above it), `name_invalid`, `name_taken`."""
    begin(session, actor, ADD)
    code, names = _code(entry.code), _named(entry.name_vi, entry.name_en)
    held = list(session.exec(select(models.Partner).order_by(models.Partner.code)))
    taken = dict(zip(squeeze([row.code for row in held]), (row.code for row in held), strict=True))
    if (same := taken.get(squeeze([code])[0])) is not None:
        raise Refused("partner_taken", refs=(same,))
    above = next((row for row in held if row.code == entry.under), None)
    region = entry.region or (above.region if above else "")
    fits = entry.kind in {row.kind for row in held} and region in {row.region for row in held}
    if not fits or (above is None) == (entry.kind == SUBNATIONAL) or (above is None and entry.under):
        raise Refused("partner_unfit")
    if above is not None and (above.kind not in _PLACES or region != above.region):
        raise Refused("partner_unfit")
    _refuse_taken(session, code, *names)
    session.add(
        models.Partner(
            code=code,
            name_vi=names[0],
            name_en=names[1],
            kind=entry.kind,
            region=region,
            counts_under=entry.under or None,
            source=BY_HAND,
        )
    )
    session.flush()
    since = session.exec(select(sa.func.min(models.PartnerTier.valid_from))).one()
    if above is None and since is not None:
        tier = Tier.OTHER if entry.kind in _PLACES else Tier.ORGANISATION
        session.add(
            models.PartnerTier(partner=code, valid_from=since, tier=str(tier), precision="none", source=BY_HAND)
        )
    return finish(session, actor, ADD, {code: {"partner": names[0], "name": names[1]}})


def rename(session: Session, *, actor: Person, code: str, name_vi: str, name_en: str) -> int:
    """Call a partner otherwise; its names until now are understood as before. Gives the new data version. Raises `Refused`:
    `partner_unknown`, `name_invalid`, `name_taken`, `no_change`."""
    begin(session, actor, RENAME)
    row = _held(session, code)
    names, before = _named(name_vi, name_en), (row.name_vi, row.name_en)
    if names == before:
        raise Refused("no_change")
    _refuse_taken(session, code, *names)
    row.name_vi, row.name_en = names
    session.add(row)
    alias = models.PartnerAlias
    for name in dict.fromkeys(before):
        if name not in names and session.get(alias, name) is None:
            session.add(alias(alias=name, partner=code, source=BY_HAND))
    for name in dict.fromkeys(names):  # back to a name of before: it need not be told twice
        if (further := session.get(alias, name)) is not None:
            session.delete(further)
    session.flush()
    return finish(
        session, actor, RENAME, {code: {"partner": before[0], "name": names[0], "name_en": [before[1], names[1]]}}
    )


def remove(session: Session, *, actor: Person, code: str) -> int:
    """Take out a partner that was added by hand and that nothing refers to; gives the new data version. Raises `Refused`:
    `partner_unknown`, `partner_listed` (it came with the list), `partner_used`."""
    begin(session, actor, REMOVE)
    row = _held(session, code)
    if row.source != BY_HAND:
        raise Refused("partner_listed")
    own = (table_of(models.PartnerAlias), table_of(models.PartnerTier))
    keys = [key for table in SQLModel.metadata.sorted_tables if table not in own for key in table.foreign_keys]
    refer = [key.parent for key in keys if key.column.table is table_of(models.Partner)]
    if any(session.connection().execute(sa.select(sa.exists().where(column == code))).scalar_one() for column in refer):
        raise Refused("partner_used")
    for table in own:
        session.connection().execute(sa.delete(table).where(table.c.partner == code))
    session.delete(row)
    session.flush()
    return finish(session, actor, REMOVE, {code: {"partner": row.name_vi, "name": row.name_en}})


def call_also(session: Session, *, actor: Person, code: str, name: str) -> int:
    """Understand a further name as this partner; gives the new data version. Raises `Refused`: `partner_unknown`, `name_invalid`,
    `name_taken`, `no_change`."""
    begin(session, actor, ALSO)
    row = _held(session, code)
    (given,) = _named(name)
    if session.get(models.PartnerAlias, given) is not None or given in (row.name_vi, row.name_en):
        _refuse_taken(session, code, given)
        raise Refused("no_change")
    _refuse_taken(session, code, given)
    session.add(models.PartnerAlias(alias=given, partner=code, source=BY_HAND))
    session.flush()
    return finish(session, actor, ALSO, {code: {"partner": row.name_vi, "name": given}})


def call_no_more(session: Session, *, actor: Person, code: str, name: str) -> int:
    """Take a further name away that was given by hand; gives the new data version. Raises `Refused`: `partner_unknown`,
    `partner_listed`, `no_change`."""
    begin(session, actor, NO_MORE)
    row = _held(session, code)
    further = session.get(models.PartnerAlias, tidy(name, NAME_MAX))
    if further is None or further.partner != code:
        raise Refused("no_change")
    if further.source != BY_HAND:
        raise Refused("partner_listed")
    session.delete(further)
    session.flush()
    return finish(session, actor, NO_MORE, {code: {"partner": row.name_vi, "name": further.alias}})


def _held(session: Session, code: str) -> models.Partner:
    row: models.Partner | None = session.get(models.Partner, code, with_for_update=True, populate_existing=True)
    if row is None:
        raise Refused("partner_unknown")
    return row


def _code(text: str) -> str:
    code = tidy(text, _CODE_MAX)
    if not code or not code.isascii() or not code.replace("-", "").isalnum():
        raise Refused("partner_unfit")
    return code


def _named(*names: str) -> tuple[str, ...]:
    """Names as they are kept."""
    given = tuple(" ".join(tidy(name, NAME_MAX).split()) for name in names)
    if not all(name.isprintable() and squeeze([name])[0] for name in given):
        raise Refused("name_invalid")
    return given


def _refuse_taken(session: Session, code: str, *names: str) -> None:
    """Whether these names stand for another partner, by whatever rule, as all the list is read."""
    partner, alias = models.Partner, models.PartnerAlias
    known: dict[str, list[str]] = {
        row.code: [row.name_vi, row.name_en, row.name_pl] for row in session.exec(select(partner))
    }
    for further in session.exec(select(alias).order_by(col(alias.alias))):
        known[further.partner].append(further.alias)
    try:
        Names(known.items()).declare(code, *names)
    except AmbiguousNameError as error:
        raise Refused("name_taken", refs=(error.name, *error.others)) from error
