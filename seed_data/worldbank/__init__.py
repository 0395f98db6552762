"""The World Bank's operations in a country: what is fetched of its list, and the mapping that makes a register of it."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import polars as pl
from babel import Locale

from data_access.packs import pack_of
from seed_data.mapping.build import RegisterFrames, map_declared
from seed_data.mapping.declaration import MappingDeclaration
from seed_data.mapping.parse import parse

FOLDER = Path(__file__).parent
MAPPING = FOLDER / "mapping.toml"
HOME: Final = "VN"
"""The country whose agencies and names Viet Nam's lists and the mapping know."""


def file_name(country: str, day: dt.date) -> str:
    """What a list fetched on a day is called."""
    return f"worldbank_{country}_{day.isoformat()}.csv"


def newest(folder: Path, country: str) -> tuple[Path, dt.date] | None:
    """The latest list of a country in a folder, and its day."""
    found = []
    for path in folder.glob(f"worldbank_{country}_*.csv"):
        with contextlib.suppress(ValueError):  # a name of somebody's own
            found.append((dt.date.fromisoformat(path.stem.rpartition("_")[2]), path))
    return max(found)[::-1] if found else None


def country_of(code: str) -> str | None:
    """The country whose list a register of this code was made of; None where it was made of none."""
    first, _, country = code.partition("-")
    return (country.upper() or HOME) if first == "worldbank" else None


def declaration(country: str, data_date: dt.date) -> MappingDeclaration:
    """The mapping for a list of a country as of a day. Names of agencies are known for Viet Nam alone."""
    known = parse(MAPPING.read_bytes(), name=MAPPING.name).described(data_date=data_date)
    if country == HOME:
        return known
    vi, en = (str(Locale(language).territories.get(country, country)) for language in ("vi", "en"))
    info = known.register
    named = known.described(
        code=f"{info.code}-{country.lower()}",
        name_vi=f"Các khoản tài trợ của Ngân hàng Thế giới cho {vi}",
        name_en=f"World Bank operations in {en}",
    )
    return dataclasses.replace(named, aliases={})


def read(
    data: bytes, *, file: str, lists: Mapping[str, pl.DataFrame], data_date: dt.date, country: str = HOME
) -> RegisterFrames:
    """The register, ready to be stored; `lists` are the reference frames by table name.

    A ministry of another country than that of the lists is none of theirs, whatever it is called: its name is kept as given and
    listed.
    """
    if pack_of(lists).home not in (country, ""):
        lists = {**lists, **{name: frame.clear() for name, frame in lists.items() if name.startswith("Agency")}}
    return map_declared(data, declaration(country, data_date), file=file, lists=lists)
