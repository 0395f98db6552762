"""The reference lists as frames ready for the store: agencies, partners, tiers, sectors, document types.

The lists are CSV files in `reference/`; what was found in a source and what was written from memory is marked row by row.
"""

from __future__ import annotations

import datetime as dt
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import polars as pl
from babel import Locale
from sqlmodel import SQLModel

from data_access.entries import last_successors
from data_access.store import models
from kpi.names import Names
from kpi.register import TIERS
from kpi.vocabulary import AgencyKind, Tier
from seed_data.shape import schema_of, shaped

FOLDER = Path(__file__).parent / "reference"

STATE_OF = dt.date(2026, 1, 14)
"""The day whose names and kinds the lists give."""

BEFORE_TIERS = dt.date(1945, 9, 2)
"""A day before any tier: from here a partner without one is OTHER (an organisation ORG)."""

_FORMER_CITY_CODES = ["31", "48", "79", "92"]
"""Predecessors of 1 July 2025 that already were centrally-run cities: Hải Phòng, Đà Nẵng, Hồ Chí Minh, Cần Thơ."""

_TIERS = [Tier.COMPREHENSIVE_STRATEGIC, Tier.STRATEGIC, Tier.COMPREHENSIVE, Tier.SPECIAL]

_PROVINCE_ALIASES = (
    "{vi}",
    "{en}",
    "{en} Province",
    "UBND {unit_vi}",
    "Ủy ban nhân dân {unit_vi}",
    "{en} People's Committee",
    "{en} Provincial People's Committee",
    "{en} Province People's Committee",
    "{en} City People's Committee",
    "People's Committee of {en}",
    "The People's Committee of {en}",
    "People's Committee of {en} Province",
    "Provincial People's Committee of {en}",
)


def read_list(name: str) -> pl.DataFrame:
    """One list as it stands in its file, every column as text; empty cells are null."""
    return pl.read_csv(FOLDER / f"{name}.csv", infer_schema=False)


def frames(on: dt.date = STATE_OF) -> dict[str, pl.DataFrame]:
    """Table name -> frame with exactly the columns of that table, in an order in which they can be written.

    `on` is the day whose names and kinds are wanted. A province that becomes a centrally-run city remains the same agency
    with the same key, so that its people, agreements and history stay with it: T75 is Tỉnh Đồng Nai until 29 April 2026
    and Thành phố Đồng Nai from the next day on (`status_changes.csv`). Only mergers and renamed codes make new keys.
    """
    agencies = _agencies(on)
    partners = _partners()
    parts: dict[type[SQLModel], pl.DataFrame] = {
        models.Agency: agencies,
        models.AgencyAlias: _aliases(agencies),
        models.AgencySuccession: _successions(),
        models.Partner: partners,
        models.PartnerAlias: _partner_aliases(partners),
        models.Tier: _tier_list(),
        models.PartnerTier: _tiers(partners),
        models.Sector: _sectors(),
        models.DocType: _doc_types(),
        models.EntryAlias: pl.DataFrame(schema=schema_of(models.EntryAlias)),
    }
    return {model.__name__: shaped(model, frame) for model, frame in parts.items()}


# --- Agencies and provinces ------------------------------------------------------------------------------------------


def _date(name: str) -> pl.Expr:
    return pl.col(name).str.to_date("%Y-%m-%d")


def _text(name: str) -> pl.Expr:
    return pl.col(name).fill_null("")


def _agencies(on: dt.date) -> pl.DataFrame:
    columns = [
        "key",
        "code",
        "kind",
        "abbr_vi",
        "abbr_en",
        "name_vi",
        "name_en",
        "valid_from",
        "valid_to",
        "source",
        "notes",
    ]
    bodies = read_list("agencies").select(
        pl.col("code").alias("key"),
        *("code", "kind", "abbr_vi", "abbr_en", "name_vi", "name_en"),
        _date("valid_from"),
        pl.lit(None, dtype=pl.Date).alias("valid_to"),
        _text("source"),
        _text("notes"),
    )
    former = read_list("former_agencies").select(
        pl.col("code").alias("key"),
        *("code", "kind", "abbr_vi", "abbr_en", "name_vi", "name_en"),
        pl.lit(None, dtype=pl.Date).alias("valid_from"),
        _date("valid_to"),
        pl.lit("predecessors list").alias("source"),
        _text("notes"),
    )
    every = pl.concat([bodies.select(columns), _provinces().select(columns), former.select(columns)])
    every = pl.concat([every, _former_provinces().select(columns)])
    changes = (
        read_list("status_changes")
        .filter(_date("effective_on") <= on)
        .sort("effective_on")
        .unique("key", keep="last", maintain_order=True)
        .select("key", *(pl.col(name).alias(f"new_{name}") for name in ("kind", "name_vi", "name_en")))
    )
    changed = [pl.coalesce(f"new_{name}", name).alias(name) for name in ("kind", "name_vi", "name_en")]
    return every.join(changes, on="key", how="left", maintain_order="left").with_columns(changed).select(columns)


def _provinces() -> pl.DataFrame:
    return read_list("provinces").select(
        pl.format("T{}", "code").alias("key"),
        "code",
        "kind",
        abbr_vi=pl.when(pl.col("code") == "79").then(pl.lit("TP. Hồ Chí Minh")).otherwise("name_vi"),
        abbr_en="name_en",
        name_vi="full_name_vi",
        name_en="full_name_en",
        valid_from=pl.coalesce(_date("valid_from"), pl.when(pl.col("code") == "46").then(pl.lit(dt.date(2025, 1, 1)))),
        valid_to=pl.lit(None, dtype=pl.Date),
        source=pl.lit("Resolution 202/2025/QH15; Decision 19/2025/QD-TTg"),
        notes=_text("notes"),
    )


def _province_changes() -> pl.DataFrame:
    """The predecessors among provinces, with the key of the old period: its code and the last year it existed in."""
    last_day = _date("effective_from") - pl.duration(days=1)
    return (
        read_list("predecessors")
        .filter(pl.col("entity_type") == "province")
        .with_columns(valid_to=last_day, old_key=pl.format("T{}-{}", "old_code", last_day.dt.year()))
    )


def _former_provinces() -> pl.DataFrame:
    city = pl.col("old_code").is_in(_FORMER_CITY_CODES)
    vi, en = pl.col("old_name_vi"), pl.col("old_name_en")
    en = pl.when(pl.col("old_code") == "79").then(pl.lit("Ho Chi Minh City")).when(city).then(en + " City")
    return _province_changes().select(
        key="old_key",
        code="old_code",
        kind=pl.when(city).then(pl.lit(AgencyKind.CENTRALLY_RUN_CITY)).otherwise(pl.lit(AgencyKind.PROVINCE)),
        abbr_vi=pl.when(pl.col("old_code") == "79").then(pl.lit("TP. Hồ Chí Minh")).otherwise(vi),
        abbr_en="old_name_en",
        name_vi=pl.when(city).then("Thành phố " + vi).otherwise("Tỉnh " + vi),
        name_en=en.otherwise(pl.col("old_name_en") + " Province"),
        valid_from=pl.lit(None, dtype=pl.Date),
        valid_to="valid_to",
        source=_text("source"),
        notes=_text("notes"),
    )


def _successions() -> pl.DataFrame:
    """Who took over from whom. A part of the tasks that went elsewhere is a `split`, never the default successor."""
    bodies = read_list("predecessors").filter(pl.col("entity_type") == "agency")
    bodies = bodies.with_columns(predecessor="old_code", successor="new_code")
    provinces = _province_changes().with_columns(predecessor="old_key", successor=pl.format("T{}", "new_code"))
    columns = ["predecessor", "successor", "effective_from", "change", "scope", "source"]
    every = pl.concat([bodies.select(columns), provinces.select(columns)])
    tasks = pl.col("scope").replace({"all": "", "default": ""}).str.strip_prefix("default: ")
    return every.select(
        id=pl.int_range(1, pl.len() + 1),
        predecessor="predecessor",
        successor="successor",
        effective_on=_date("effective_from"),
        change="change",
        tasks=tasks,
        is_default=pl.col("change") != "split",
        source=_text("source"),
    )


def _aliases(agencies: pl.DataFrame) -> pl.DataFrame:
    """Other ways of writing: those listed by hand, and the usual patterns for every province, former ones included."""
    provinces = agencies.filter(pl.col("key").str.starts_with("T") & pl.col("code").str.contains(r"^\d+$"))
    short_vi = pl.col("name_vi").str.replace("^(Tỉnh|Thành phố) ", "")
    names = provinces.select(
        "key",
        vi=short_vi,
        en=pl.col("name_en")
        .str.replace(" Province$", "")
        .str.replace("^(Ha Noi|Hai Phong|Hue|Da Nang|Can Tho) City$", "$1"),
        unit_vi=pl.col("name_vi").str.replace("^Tỉnh", "tỉnh").str.replace("^Thành phố", "thành phố"),
    )
    patterns = pl.DataFrame({"pattern": _PROVINCE_ALIASES})
    written = pl.col("pattern")
    for name in ("vi", "en", "unit_vi"):
        written = written.str.replace(f"{{{name}}}", pl.col(name), literal=True)
    by_pattern = names.join(patterns, how="cross").select(
        alias=written, agency="key", source=pl.lit("usual way of writing")
    )
    own_names = pl.concat(
        agencies.select(alias=pl.col(name), agency="key")
        for name in ("key", "code", "abbr_vi", "abbr_en", "name_vi", "name_en")
    )
    return (
        pl.concat([read_list("agency_aliases"), by_pattern])
        .unique(["alias", "agency"], keep="first", maintain_order=True)
        .join(own_names, on=["alias", "agency"], how="anti", maintain_order="left")
    )


# --- Partners --------------------------------------------------------------------------------------------------------


_PARTNER_COLUMNS = (
    *("code", "name_vi", "name_en", "name_pl", "kind", "region", "m49_region", "m49_subregion", "counts_under"),
    *("source", "notes"),
)


def _partners() -> pl.DataFrame:
    """Those the register's own sources name first, then all other countries and territories of ISO 3166, organisations and
    partners below the level of a country; one of these refers to its country, so it comes after it."""
    renamed = {"partner_type": "kind", "report_region": "region", "region": "m49_region", "subregion": "m49_subregion"}
    own = read_list("partners")
    lists = [
        own.rename(renamed),
        read_list("territories").rename(renamed).with_columns(counts_under=None, source=pl.lit("ISO 3166; CLDR")),
        read_list("further_partners").rename(renamed).with_columns(source=pl.lit("usual list")),
    ]
    polish = _territories("pl")
    return (
        pl.concat(lists, how="diagonal_relaxed")
        .with_columns(
            name_pl=pl.col("name_pl").fill_null(
                pl.col("code").replace_strict(polish, default="", return_dtype=pl.String)
            )
        )
        .sort(pl.col("counts_under").is_not_null(), maintain_order=True)
        .with_columns(_text(name) for name in ("m49_region", "m49_subregion", "source", "notes"))
        .select(_PARTNER_COLUMNS)
    )


def _territories(language: str) -> dict[str, str]:
    """What countries are called in a language: code -> name."""
    return dict(Locale.parse(language).territories)


def _partner_aliases(partners: pl.DataFrame) -> pl.DataFrame:
    """Other ways of writing: those listed, and what each language of the screens and `name_pl` call a country where that is
    not its name here. An alias that would stand for two partners is refused: `AmbiguousNameError`."""
    listed = read_list("partner_aliases")
    called = [
        {"alias": name, "partner": code, "source": "CLDR"}
        for language in ("vi", "en", "pl")
        for code, name in _territories(language).items()
    ]
    spoken = pl.DataFrame(called).join(partners.select(partner="code"), on="partner", how="semi", maintain_order="left")
    every = pl.concat([listed, spoken]).unique("alias", keep="first", maintain_order=True)
    own = pl.concat(partners.select(alias=name, partner="code") for name in ("name_vi", "name_en"))
    return every.join(own, on=["alias", "partner"], how="anti", maintain_order="left")


def partner_names(lists: Mapping[str, pl.DataFrame]) -> Names:
    """Every partner with everything it may be called, from the frames of `Partner` and `PartnerAlias`.

    Raises `AmbiguousNameError` for an alias that would stand for two.
    """
    partners, aliases = lists["Partner"], lists["PartnerAlias"]
    named = Names(
        ((code, names) for code, *names in partners.select("code", "name_vi", "name_en", "name_pl").iter_rows()),
        successors(lists, "partner"),
    )
    further = aliases.group_by("partner", maintain_order=True).agg("alias")
    return named.declare_all(further.iter_rows())


_TABLES: Final[Mapping[str, type[SQLModel]]] = types.MappingProxyType(
    {TIERS: models.Tier, "sector": models.Sector, "doc_type": models.DocType}
)


def entry_names(lists: Mapping[str, pl.DataFrame], of: str) -> Names:
    """Which tier, sector or kind of document (`of`) a text stands for. Raises `AmbiguousNameError` for one that stands for two."""
    called = lists[_TABLES[of].__name__].select("code", "name_vi", "name_en")
    also = lists[models.EntryAlias.__name__].filter(pl.col("list_of") == of)
    further = also.group_by("code", maintain_order=True).agg("alias")
    known = Names(((code, names) for code, *names in called.iter_rows()), successors(lists, of))
    return known.declare_all(further.iter_rows())


def successors(lists: Mapping[str, pl.DataFrame], of: str) -> Mapping[str, str]:
    """Which entries of a list another one is in the place of, and which."""
    ends = lists.get(models.EntryEnd.__name__)
    if ends is None:
        return {}
    return last_successors(dict(ends.filter(list_of=of).sort("id").select("code", "successor").iter_rows()))


def _tier_list() -> pl.DataFrame:
    return read_list("tiers").with_columns(position=pl.int_range(1, pl.len() + 1))


def _tiers(partners: pl.DataFrame) -> pl.DataFrame:
    """One tier per partner on any day: the dated ones, and OTHER (organisations and blocs ORG) before the first.

    A tier known to the month counts from the first of it. Sub-national partners have none: theirs is the country's.
    """
    whole = pl.col("valid_from").str.len_chars() == len("2025-01-01")
    dated = read_list("partner_tiers").select(
        "partner",
        "tier",
        "precision",
        _text("source"),
        valid_from=pl.when(whole).then("valid_from").otherwise(pl.col("valid_from") + "-01").str.to_date("%Y-%m-%d"),
    )
    floor = partners.filter(pl.col("kind") != "subnational").select(
        partner="code",
        tier=pl.when(pl.col("kind").is_in(["country", "territory"]))
        .then(pl.lit(Tier.OTHER))
        .otherwise(pl.lit(Tier.ORGANISATION)),
        precision=pl.lit("none"),
        source=pl.lit("before any tier"),
        valid_from=pl.lit(BEFORE_TIERS),
    )
    following = pl.col("valid_from").shift(-1).over("partner")
    return (
        pl.concat([dated, floor])
        .sort("partner", "valid_from")
        .with_columns(valid_to=following - pl.duration(days=1))
        .select("partner", "valid_from", "valid_to", "tier", "precision", "source")
    )


def tier_counts(tiers: pl.DataFrame, partners: pl.DataFrame, *, on: dt.date) -> dict[str, int]:
    """How many countries held each tier on a day: CSP, SP, CP, SPECIAL. Blocs are not countries."""
    held = tiers.filter(
        (pl.col("valid_from") <= on) & (pl.col("valid_to").is_null() | (pl.col("valid_to") >= on))
    ).join(partners.filter(pl.col("kind") == "country").select(partner="code"), on="partner", how="semi")
    return {tier: held.filter(pl.col("tier") == tier).height for tier in _TIERS}


# --- Sectors and document types --------------------------------------------------------------------------------------


def _sectors() -> pl.DataFrame:
    return read_list("sectors").select(
        "code",
        "name_vi",
        "name_en",
        _text("name_pl"),
        sector_group="published_group",
        position=pl.int_range(1, pl.len() + 1),
    )


def _doc_types() -> pl.DataFrame:
    """What the law asks: only where ratification or approval is the rule does a document wait for it after signing."""
    asks = pl.col("needs_ratification_or_approval")
    return read_list("doc_types").select(
        "code",
        "name_vi",
        "name_en",
        _text("name_pl"),
        "legal_class",
        _text("legal_basis"),
        needs_approval=asks.str.contains("ratification or approval"),
        implementable_default=pl.col("implementable_default") == "1",
        position=pl.int_range(1, pl.len() + 1),
        notes=_text("notes"),
    )
