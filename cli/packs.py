"""Country packs at the command line: which lists a command reads with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import polars as pl
import sqlalchemy as sa
import typer

from cli.reading import CannotRunError
from data_access import settings, store
from data_access.packs import pack_of
from data_access.store import models
from seed_data import packs, reference

Lists = Annotated[
    Path | None,
    typer.Option(
        "--lists",
        metavar="FOLDER",
        help="A country pack: lists and words in place of Viet Nam's (docs/country_packs.md).",
    ),
]
"""`--lists`."""


def lists_for(folder: Path | None, *, of_country: str = "") -> Mapping[str, pl.DataFrame]:
    """The lists of a pack's folder; without one those the store was begun with, else those that come along for a country, else
    Viet Nam's. Raises `MappingError` for a pack with problems, `CannotRunError` where the store has another's."""
    held = _held()
    if folder is not None:
        found = read_pack(folder)
        if held is not None and pack_of(held).code != pack_of(found).code:
            raise CannotRunError(
                f"The store was begun with the lists of {pack_of(held).name_en}; {folder} is of {pack_of(found).name_en}. "
                "Name an empty store with DATABASE_URL or REGISTER."
            )
        return found if held is None else held
    if held is not None:
        return held
    return packs.of_country(of_country) or reference.frames()


def read_pack(folder: Path) -> Mapping[str, pl.DataFrame]:
    """The lists of a pack; "" takes what registers name."""
    if str(folder) in ("", "."):
        return packs.own_names()
    if not folder.is_dir():
        raise CannotRunError(f"{folder}: there is no such folder. --lists names one that holds a country pack.")
    return packs.read(folder)


def _held() -> Mapping[str, pl.DataFrame] | None:
    """The pack's lists in the store, if it has been made and begun with one. Nothing is made by asking."""
    address = sa.make_url(settings.load().database_url)
    if address.drivername.startswith("sqlite") and not Path(address.database or "").is_file():
        return None
    engine = store.get_engine()
    is_made = sa.inspect(engine).has_table(str(models.CountryPack.__tablename__))
    return packs.stored(engine) if is_made else None
