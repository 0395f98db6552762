"""A newer export of a register's source, read as the register was when it was loaded."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import Final

import polars as pl
import sqlalchemy as sa
from sqlmodel import select

from data_access import refreshing, store
from data_access.refreshing import Export
from data_access.store import models
from seed_data import packs, reference, worldbank
from seed_data.mapping import further
from seed_data.mapping.build import RegisterFrames, map_register
from seed_data.mapping.declaration import FIELD_KINDS


def export_of(loaded: RegisterFrames, data: bytes, *, file: str) -> Export:
    """An export that was read through a mapping. `data` are the file's bytes, `file` is its name."""
    told = loaded.description
    columns = loaded.agreements.columns
    given = ["responsible_as_given"] if "responsible_as_given" in columns else []
    return Export(
        code=told["register_code"],
        source=told["source"],
        data_date=told["data_date"],
        fields=(*(name for name in columns if name in FIELD_KINDS and name != "ref"), *given),
        reads=loaded.reads,
        frames=loaded.frames,
        lists=loaded.further,
        file_name=file,
        sha256=hashlib.sha256(data).hexdigest(),
    )


def is_mapped(code: str) -> bool:
    """Whether the register of this code is read by a mapping of ours."""
    return worldbank.country_of(code) is not None


def read(
    engine: sa.Engine,
    data: bytes,
    *,
    file: str,
    code: str,
    mapping: tuple[bytes, str] | None = None,
    data_date: dt.date | None = None,
) -> Export:
    """An export of the register of this code, read with the store's lists. `mapping` are the mapping's bytes and name, which a
    register that `is_mapped` goes without if its day is given. Raises `MappingError`."""
    lists, country = lists_of(engine), worldbank.country_of(code)
    if mapping is not None:
        text, name = mapping
        loaded = map_register(data, text, file=file, mapping_file=name, lists=lists, data_date=data_date)
    elif country is not None and data_date is not None:
        loaded = worldbank.read(data, file=file, lists=lists, data_date=data_date, country=country)
    else:
        raise ValueError("a mapping is needed, or the day of a list that is mapped")
    return export_of(loaded, data, file=file)


def compare(engine: sa.Engine, export: Export) -> tuple[refreshing.Newer, pl.DataFrame]:
    """What an export says anew, and how that stands to the register (columns of `refreshing.DIFFERENCES`). Nothing is stored.

    Raises `refreshing.NotTheSourceError`.
    """
    held = refreshing.read_held(engine)
    newer = refreshing.newer_of(held, export)
    return newer, refreshing.differences(held, newer)


def lists_of(engine: sa.Engine) -> dict[str, pl.DataFrame]:
    """The lists that an export is read with, by table name: those of the store, which the coordinator keeps, without what a mapping
    brought along, which it brings again."""
    found = packs.stored(engine) or {
        name: store.read_frame(engine, select(getattr(models, name))) for name in reference.frames()
    }
    own = {
        name: frame.filter(pl.col("source") != further.SOURCE) if "source" in frame.columns else frame
        for name, frame in found.items()
    }
    for name, of, owners in _OF_OTHERS:
        own[name] = own[name].filter(pl.col(of).is_in(own[owners].to_series(0).to_list()))
    return own


_OF_OTHERS: Final = (
    ("AgencyAlias", "agency", "Agency"),
    ("AgencySuccession", "predecessor", "Agency"),
    ("PartnerAlias", "partner", "Partner"),
    ("PartnerTier", "partner", "Partner"),
)
"""Entries of lists that belong to entries of other lists."""
