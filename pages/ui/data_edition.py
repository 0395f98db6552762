"""Which register is shown, in which version. A page sees one version from top to bottom: the frame takes note of it with
`begin_run` before anything is drawn.
"""

from __future__ import annotations

import dataclasses
import datetime as dt

import streamlit as st

from data_access.register import read_data_version
from data_access.store import Store, get_engine
from pages.ui.streamlit_internals import is_running

_NOTED = "edition"


@dataclasses.dataclass(frozen=True)
class DataEdition:
    """The store, and what it says of its register. Version 0 means that nothing has been loaded yet."""

    store: str
    version: int = 0
    changed_at: dt.datetime | None = None
    register_code: str = ""
    name_vi: str = ""
    name_en: str = ""
    data_date: dt.date | None = None
    is_demo: bool = False
    source: str = ""
    licence: str = ""
    attribution: str = ""
    caveat_vi: str = ""
    caveat_en: str = ""

    @property
    def key(self) -> tuple[str, int, str]:
        """What makes two editions the same for a cache."""
        return (self.store, self.version, str(self.changed_at))


def store() -> Store:
    """The store this process works on."""
    return get_engine()


def read_edition() -> DataEdition:
    """The edition the store holds at this moment."""
    engine = store()
    name, row = engine.url.render_as_string(hide_password=True), read_data_version(engine)
    told = () if row is None else (getattr(row, field.name) for field in dataclasses.fields(DataEdition)[1:])
    return DataEdition(name, *told)


def begin_run() -> DataEdition:
    """Look up the store's version and show that one for the rest of this run."""
    found = read_edition()
    if is_running():
        st.session_state[_NOTED] = found
    return found


def shown() -> DataEdition:
    """The edition this run shows; outside the frame, the one the store holds now."""
    if is_running() and _NOTED in st.session_state:
        noted: DataEdition = st.session_state[_NOTED]
        return noted
    return read_edition()
