"""What a mapping says of its columns' texts, and the partners and agencies it brings along."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import polars as pl

from data_access.store import models
from kpi.names import AmbiguousNameError, Names
from kpi.register import TIERS
from kpi.vocabulary import AgencyKind, Tier, texts
from seed_data.mapping.declaration import ColumnSettings, MappingDeclaration, NewAgency, NewPartner, NewTier
from seed_data.mapping.problems import Problems
from seed_data.mapping.toml import Reader
from seed_data.reference import BEFORE_TIERS, entry_names, partner_names
from seed_data.resolve import AgencyResolver
from seed_data.shape import shaped

REGIONS = (
    *("Asia", "Central-South Asia", "West Asia", "Europe", "North America", "Latin America", "Africa", "Oceania"),
    "Multilateral",
)
PARTNER_KINDS = ("country", "territory", "bloc", "organisation", "subnational")
SOURCE = "mapping"


def settings(reader: Reader, document: Mapping[str, Any]) -> dict[str, ColumnSettings]:
    """`[columns."Header"]`: empty, ignore, optional."""
    found = {}
    for column, value in reader.table(document, "columns").items():
        path = f"columns.{column!r}"
        table = reader.as_table(value, path)
        reader.only(table, path, ("empty", "ignore", "optional"))
        may_lack = table.get("optional") is True
        given = {key: item for key, item in table.items() if key != "optional" or not may_lack}
        found[column] = ColumnSettings(
            **{key: reader.list_of_texts(given, key, path) for key in ("empty", "ignore", "optional")},
            may_lack=may_lack,
        )
    return found


def partners(
    reader: Reader, document: Mapping[str, Any]
) -> tuple[list[tuple[str, dict[str, Any]]], tuple[NewPartner, ...]]:
    """The blocks `[[partners]]` without what is new, and `[[partners.new]]`, which TOML hangs on the block before it."""
    value = document.get("partners", [])
    if isinstance(value, dict):
        reader.only(value, "partners", ("new",))
        return [], _new_partners(reader, value)
    blocks = reader.tables(document, "partners")
    new = [partner for _, table in blocks for partner in _new_partners(reader, table)]
    return [(path, {key: item for key, item in table.items() if key != "new"}) for path, table in blocks], tuple(new)


def _new_partners(reader: Reader, table: Mapping[str, Any]) -> tuple[NewPartner, ...]:
    return tuple(_new_partner(reader, item, path) for path, item in reader.tables(table, "new", "partners.new"))


def _new_partner(reader: Reader, table: dict[str, Any], path: str) -> NewPartner:
    words = ("code", "name_vi", "name_en", "region")
    reader.only(table, path, (*words, "kind", "counts_under", "tier", "aliases"))
    given = {word: reader.text(table, word, path, required=True) or "" for word in words}
    given["region"] = reader.choice(given["region"] or None, f"{path}.region", REGIONS)
    kind = reader.choice(reader.text(table, "kind", path) or "country", f"{path}.kind", PARTNER_KINDS)
    under = reader.text(table, "counts_under", path, required=kind == "subnational")
    aliases = reader.list_of_texts(table, "aliases", path)
    tier = reader.text(table, "tier", path)
    return NewPartner(**given, kind=kind, counts_under=under, aliases=aliases, tier=tier)


def tiers(reader: Reader, document: Mapping[str, Any]) -> tuple[NewTier, ...]:
    """`[[tiers.new]]`."""
    table = reader.table(document, "tiers")
    reader.only(table, "tiers", ("new",))
    return tuple(_new_tier(reader, item, path) for path, item in reader.tables(table, "new", "tiers.new"))


def _new_tier(reader: Reader, table: dict[str, Any], path: str) -> NewTier:
    words = ("code", "name_vi", "name_en")
    reader.only(table, path, (*words, "aliases"))
    given = {word: reader.text(table, word, path, required=True) or "" for word in words}
    return NewTier(**given, aliases=reader.list_of_texts(table, "aliases", path))


def agencies(reader: Reader, table: Mapping[str, Any]) -> tuple[NewAgency, ...]:
    """`[[agencies.new]]`."""
    return tuple(_new_agency(reader, item, path) for path, item in reader.tables(table, "new", "agencies.new"))


def _new_agency(reader: Reader, table: dict[str, Any], path: str) -> NewAgency:
    words = ("key", "name_vi", "name_en")
    reader.only(table, path, (*words, "kind", "abbr_vi", "abbr_en", "aliases"))
    given = {word: reader.text(table, word, path, required=True) or "" for word in words}
    kind = reader.text(table, "kind", path) or AgencyKind.OTHER_STATE_BODY.value
    return NewAgency(
        **given,
        kind=reader.choice(kind, f"{path}.kind", texts(AgencyKind)),
        abbr_vi=reader.text(table, "abbr_vi", path) or given["key"],
        abbr_en=reader.text(table, "abbr_en", path) or given["key"],
        aliases=reader.list_of_texts(table, "aliases", path),
    )


def entries(declaration: MappingDeclaration, lists: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """What the mapping adds to the reference lists, by table name, with all columns of each table; empty where nothing is new.

    Raises `MappingError` for a code or key that there is already and a name that another partner or agency has.
    """
    problems = Problems(declaration.name)
    known, partners_known = partner_names(lists), set(lists["Partner"]["code"])
    tiers_known = _checked_tiers(declaration, lists, problems)
    for place, partner in enumerate(declaration.new_partners, start=1):
        path = f"partners.new[{place}]"
        if partner.code in partners_known:
            problems.add("entry_twice", column=f"{path}.code", value=partner.code)
            continue
        partners_known.add(partner.code)
        if partner.counts_under is not None and partner.counts_under not in partners_known:
            problems.add("unknown_partner", column=f"{path}.counts_under", value=partner.counts_under)
        if partner.tier is not None and (partner.tier not in tiers_known or partner.kind == "subnational"):
            problems.add("unknown_code", column=f"{path}.tier", value=partner.tier, known=", ".join(tiers_known))
        try:
            known = known.declare(partner.code, partner.name_vi, partner.name_en, *partner.aliases)
        except AmbiguousNameError as error:
            problems.add("name_ambiguous", column=path, value=error.name, others=", ".join(error.others))
    if declaration.new_agencies:
        _check_agencies(declaration.new_agencies, lists, problems)
    problems.refuse()
    found = _frames(declaration, places=lists["Tier"]["position"].max())
    return {name: frame for name, frame in found.items() if not frame.is_empty()}


def _checked_tiers(
    declaration: MappingDeclaration, lists: Mapping[str, pl.DataFrame], problems: Problems
) -> tuple[str, ...]:
    """The codes of all tiers there are, those of the mapping among them."""
    known = entry_names(lists, TIERS)
    for place, tier in enumerate(declaration.new_tiers, start=1):
        path = f"tiers.new[{place}]"
        if tier.code in known:
            problems.add("entry_twice", column=f"{path}.code", value=tier.code)
            continue
        try:
            known = known.declare(tier.code, tier.name_vi, tier.name_en, *tier.aliases)
        except AmbiguousNameError as error:
            problems.add("name_ambiguous", column=path, value=error.name, others=", ".join(error.others))
    return tuple(known)


def _check_agencies(new: tuple[NewAgency, ...], lists: Mapping[str, pl.DataFrame], problems: Problems) -> None:
    keys, listed, among = set(lists["Agency"]["key"]), AgencyResolver.from_lists(lists), Names([])
    for place, agency in enumerate(new, start=1):
        path = f"agencies.new[{place}]"
        if agency.key in keys:
            problems.add("entry_twice", column=f"{path}.key", value=agency.key)
            continue
        keys.add(agency.key)
        names = dict.fromkeys(
            (agency.key, agency.abbr_vi, agency.abbr_en, agency.name_vi, agency.name_en, *agency.aliases)
        )
        for name, found in ((name, listed.as_written(name)) for name in names):
            if found is not None and found.how != "unknown":
                problems.add("name_ambiguous", column=path, value=name, others=found.agency or "...")
        try:
            among = among.declare(agency.key, *names)
        except AmbiguousNameError as error:
            problems.add("name_ambiguous", column=path, value=error.name, others=", ".join(error.others))


def _frames(declaration: MappingDeclaration, *, places: Any) -> dict[str, pl.DataFrame]:
    partners: list[dict[str, object]] = [
        {"code": p.code, "name_vi": p.name_vi, "name_en": p.name_en, "kind": p.kind, "region": p.region}
        | {"counts_under": p.counts_under, "source": SOURCE}
        for p in declaration.new_partners
    ]
    ranked = [p for p in declaration.new_partners if p.kind != "subnational"]
    new: list[dict[str, object]] = [
        {"code": t.code, "name_vi": t.name_vi, "name_en": t.name_en, "position": place, "source": SOURCE}
        for place, t in enumerate(declaration.new_tiers, start=int(places or 0) + 1)
    ]
    further = [
        {"alias": a, "list_of": TIERS, "code": t.code, "source": SOURCE}
        for t in declaration.new_tiers
        for a in t.aliases
    ]
    held: list[dict[str, object]] = [
        {"partner": p.code, "valid_from": BEFORE_TIERS, "precision": "none", "source": SOURCE}
        | {"tier": p.tier or (Tier.OTHER if p.kind in ("country", "territory") else Tier.ORGANISATION).value}
        for p in ranked
    ]
    called = [{"alias": a, "partner": p.code, "source": SOURCE} for p in declaration.new_partners for a in p.aliases]
    bodies = [
        {"key": a.key, "code": a.key, "kind": a.kind, "abbr_vi": a.abbr_vi, "abbr_en": a.abbr_en}
        | {"name_vi": a.name_vi, "name_en": a.name_en, "source": SOURCE}
        for a in declaration.new_agencies
    ]
    named = [{"alias": t, "agency": a.key, "source": SOURCE} for a in declaration.new_agencies for t in a.aliases]
    day, text = pl.Date(), pl.String()
    return {
        "Agency": shaped(models.Agency, pl.DataFrame(bodies)) if bodies else pl.DataFrame(),
        "AgencyAlias": shaped(models.AgencyAlias, pl.DataFrame(named)) if named else pl.DataFrame(),
        "Partner": shaped(models.Partner, pl.DataFrame(partners, schema_overrides={"counts_under": text}))
        if partners
        else pl.DataFrame(),
        "PartnerAlias": shaped(models.PartnerAlias, pl.DataFrame(called)) if called else pl.DataFrame(),
        "Tier": shaped(models.Tier, pl.DataFrame(new)) if new else pl.DataFrame(),
        "EntryAlias": shaped(models.EntryAlias, pl.DataFrame(further)) if further else pl.DataFrame(),
        "PartnerTier": shaped(models.PartnerTier, pl.DataFrame(held, schema_overrides={"valid_from": day}))
        if held
        else pl.DataFrame(),
    }


def exchanges(declaration: MappingDeclaration, partners: Names) -> pl.DataFrame:
    """The exchanges that a mapping declares, as a frame. Raises `MappingError` for one with a partner nobody knows."""
    problems = Problems(declaration.name)
    rows = []
    for place, item in enumerate(declaration.exchanges, start=1):
        partner = partners.find(item.partner).code if item.partner else None
        if item.partner and partner is None:
            problems.add("unknown_partner", column=f"exchanges[{place}].partner", value=item.partner)
        rows.append({**dataclasses.asdict(item), "partner": partner})
    problems.refuse()
    schema = {
        "code": pl.String,
        "name_vi": pl.String,
        "name_en": pl.String,
        "kind": pl.String,
        "held_on": pl.Date,
        "partner": pl.String,
    }
    return pl.DataFrame(rows, schema=schema)


def together(lists: Mapping[str, pl.DataFrame], more: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """The reference lists with what is added to them."""
    grown = {name: pl.concat([frame, more[name]]) if name in more else frame for name, frame in lists.items()}
    return {**grown, **{name: frame for name, frame in more.items() if name not in lists}}
