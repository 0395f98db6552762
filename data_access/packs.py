"""The country pack that the store's lists and words are of."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Final

import polars as pl
import sqlalchemy as sa

from data_access import store
from data_access.store import models
from kpi.vocabulary import State
from words import OwnWords


@dataclasses.dataclass(frozen=True)
class Pack:
    """What a pack settles beside its lists; without one it is Viet Nam's: no `code`.

    `home` is the code of the country whose agencies the list holds (empty: none in particular), `starts_with` the state with which
    what was agreed has started, `default_scope` the scope shown at first (empty: all).
    """

    code: str = ""
    name_vi: str = ""
    name_en: str = ""
    home: str = "VN"
    starts_with: str = State.IN_PROGRESS.value
    takes_names: bool = False
    default_scope: str = ""
    words: str = "{}"

    @property
    def own_words(self) -> OwnWords | None:
        """What it says otherwise than the catalogs."""
        return OwnWords.read(self.words)


VIET_NAM: Final = Pack()
PACK: Final = models.CountryPack.__name__
"""The name of the pack's own frame among those of its lists."""


def pack_of(lists: Mapping[str, pl.DataFrame]) -> Pack:
    """Whose lists these frames are, by table name."""
    row = lists[PACK].row(0, named=True) if PACK in lists else None
    return VIET_NAM if row is None else Pack(**{name: value for name, value in row.items() if name != "id"})


def read_pack(engine: sa.Engine) -> Pack:
    """The pack of the store's lists."""
    with store.session(engine, read_only=True) as session:
        row = session.get(models.CountryPack, 1)
        return VIET_NAM if row is None else Pack(**row.model_dump(exclude={"id"}))
