"""Entries for what a register names and the lists lack, where a store takes such names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import polars as pl
from sqlmodel import SQLModel

from data_access.store import models
from kpi.names import Names, is_another_short_word, squeeze
from kpi.vocabulary import NOT_GIVEN, AgencyKind, LegalClass, Tier
from seed_data.mapping.values import EARLIEST
from seed_data.reference import entry_names, partner_names
from seed_data.shape import shaped

SOURCE: Final = "register"
_MARKS: Final[Mapping[str, str]] = {"agency": "A", "partner": "P", "sector": "S", "doc_type": "D"}
"""What the code of an entry begins with; its number follows."""


def entries(named_there: Mapping[str, pl.Series], lists: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """What the lists grow by, by table name. `named_there`: kind (agency, partner, sector, doc_type) -> texts that stand for one.

    Texts that differ by capitals, marks or spaces stand for one entry, called as it is written most often.
    """
    agencies, codes = lists["Agency"], {kind: _codes(kind, lists) for kind in _MARKS}
    known = {
        "agency": Names((key, {vi, en}) for key, vi, en in agencies.select("key", "name_vi", "name_en").iter_rows()),
        "partner": partner_names(lists),
        "sector": entry_names(lists, "sector"),
        "doc_type": entry_names(lists, "doc_type"),
    }
    new = {
        kind: _numbered(_different(texts, known[kind]), _MARKS[kind], codes[kind])
        for kind, texts in named_there.items()
    }
    frames: dict[type[SQLModel], pl.DataFrame] = {}
    if (found := new.get("agency")) is not None:
        frames[models.Agency] = found.select(
            pl.col("code").alias("key"), "code", "name_vi", "name_en", abbr_vi=pl.lit(""), abbr_en=pl.lit(""),
            kind=pl.lit(AgencyKind.OTHER_STATE_BODY.value), source=pl.lit(SOURCE),
        )  # fmt: skip
    if (found := new.get("partner")) is not None:
        frames[models.Partner] = found.with_columns(
            kind=pl.lit("organisation"), region=pl.lit(NOT_GIVEN), source=pl.lit(SOURCE)
        )
        frames[models.PartnerTier] = found.select(
            partner="code", valid_from=pl.lit(EARLIEST), tier=pl.lit(Tier.ORGANISATION.value), source=pl.lit(SOURCE)
        )
    places = {kind: lists[name].height for kind, name in (("sector", "Sector"), ("doc_type", "DocType"))}
    if (found := new.get("sector")) is not None:
        frames[models.Sector] = found.with_columns(
            sector_group="code", position=pl.int_range(1, pl.len() + 1) + places["sector"]
        )
    if (found := new.get("doc_type")) is not None:
        frames[models.DocType] = found.with_columns(
            legal_class=pl.lit(LegalClass.INTERNATIONAL_AGREEMENT.value),
            position=pl.int_range(1, pl.len() + 1) + places["doc_type"],
        )
    return {model.__name__: shaped(model, frame) for model, frame in frames.items() if not frame.is_empty()}


def _codes(kind: str, lists: Mapping[str, pl.DataFrame]) -> Iterable[str]:
    table, column = {
        "agency": ("Agency", "key"),
        "partner": ("Partner", "code"),
        "sector": ("Sector", "code"),
        "doc_type": ("DocType", "code"),
    }[kind]
    return lists[table][column]


def _different(texts: pl.Series, known: Names) -> list[str]:
    """The names that stand for nothing known, by name, each in the spelling that is most frequent."""
    counted = texts.to_frame("text").filter(pl.col("text") != "").group_by("text").len()
    by_count = counted.sort(["len", "text"], descending=[True, False])["text"].to_list()
    found = known.find_all(by_count)
    unknown = [text for text, item in zip(by_count, found, strict=True) if item.how == "unknown"]
    first: dict[str, str] = {}
    for text, form in zip(unknown, squeeze(unknown), strict=True):
        first.setdefault(" ".join(text.lower().split()) if is_another_short_word(text) or not form else form, text)
    return sorted(first.values())


def _numbered(names: list[str], mark: str, taken: Iterable[str]) -> pl.DataFrame:
    """The names with codes that nobody has, numbered on from those there are: code, name_vi, name_en."""
    numbers = [int(code[1:]) for code in taken if code[:1] == mark and code[1:].isdigit()]
    last = max(numbers, default=0)
    codes = [f"{mark}{number:04}" for number in range(last + 1, last + 1 + len(names))]
    schema = {"code": pl.String, "name_vi": pl.String, "name_en": pl.String}
    return pl.DataFrame({"code": codes, "name_vi": names, "name_en": names}, schema=schema)
