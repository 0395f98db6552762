"""Country packs at the command line: which lists a command reads with."""

from __future__ import annotations

import contextlib
import contextvars
import functools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

import polars as pl
import sqlalchemy as sa
import typer

import words
from cli.reading import CannotRunError
from data_access import settings, store
from data_access.packs import pack_of
from data_access.packs import read_pack as pack_in
from data_access.store import failures, models
from seed_data import packs, reference
from words import OwnWords

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
    found = _lists_for(folder, of_country)
    _named.set(pack_of(found).own_words)
    return found


def _lists_for(folder: Path | None, of_country: str) -> Mapping[str, pl.DataFrame]:
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


_named: contextvars.ContextVar[OwnWords | None] = contextvars.ContextVar("named", default=None)


@contextlib.contextmanager
def speaking() -> Iterator[None]:
    """Speak as the pack of the store says inside the block, or as one that is named meanwhile."""
    token, held = _named.set(None), functools.cache(_held_words)
    try:
        with words.worded(lambda: _named.get() or held()):
            yield
    finally:
        _named.reset(token)


def _held_words() -> OwnWords | None:
    try:
        engine = store.get_engine() if _is_made() else None
        return None if engine is None else pack_in(engine).own_words
    except (*failures.STORE_ERRORS, settings.SettingsError):
        return None  # the command itself will say so


def read_pack(folder: Path) -> Mapping[str, pl.DataFrame]:
    """The lists of a pack; "" takes what registers name."""
    if str(folder) in ("", "."):
        return packs.own_names()
    if not folder.is_dir():
        raise CannotRunError(f"{folder}: there is no such folder. --lists names one that holds a country pack.")
    return packs.read(folder)


def _held() -> Mapping[str, pl.DataFrame] | None:
    """The pack's lists in the store, if it has been made and begun with one. Nothing is made by asking."""
    return packs.stored(store.get_engine()) if _is_made() else None


def _is_made() -> bool:
    address = sa.make_url(settings.load().database_url)
    if address.drivername.startswith("sqlite") and not Path(address.database or "").is_file():
        return False
    return sa.inspect(store.get_engine()).has_table(str(models.CountryPack.__tablename__))
