"""Which register is shown, in which version. A page sees one version from top to bottom: the frame takes note of it with
`begin_run` before anything is drawn. A page that follows the register is run again when somebody changes it (`web.news`).
"""

from __future__ import annotations

import contextlib
import contextvars
import dataclasses
import datetime as dt
import functools
from collections.abc import Iterator
from typing import Any, Final

import streamlit as st

from data_access.register import read_data_version
from data_access.store import Store, get_engine
from pages.ui.streamlit_internals import AppSession, is_running, notes_of_run, run_again

_NOTED = "edition"
_CHANGED_AT = "edition_changed_at"
_FOLLOWED = "edition_followed"
_BY_ITSELF = "edition_by_itself"


@dataclasses.dataclass(frozen=True)
class DataEdition:
    """The store, and what it says of its register. Version 0 means that nothing has been loaded yet.

    `known_on` is the day at whose end the register is shown as it was known; None: as it is known now.
    """

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
    known_on: dt.date | None = None

    @functools.cached_property
    def key(self) -> tuple[str, int, str]:
        """What makes two editions the same for a cache."""
        return (self.store, self.version, f"{self.changed_at}|{self.data_date or ''}|{self.known_on or ''}")

    def as_known(self, day: dt.date | None) -> DataEdition:
        """The same register as it was known at the end of a day, up to which it can tell of things; None: as it is known now."""
        if day is None:
            return self
        last = day if self.data_date is None else min(day, self.data_date)
        return dataclasses.replace(self, known_on=day, data_date=last)


def store() -> Store:
    """The store this process works on."""
    return get_engine()


def read_edition() -> DataEdition:
    """The edition the store holds at this moment."""
    return edition_of(read_data_version(store()))


def edition_of(row: Any) -> DataEdition:
    """The edition that a row of `DataVersion` tells of; None where there is none yet."""
    name = store().url.render_as_string(hide_password=True)
    told = [field.name for field in dataclasses.fields(DataEdition) if field.name not in ("store", "known_on")]
    return DataEdition(name) if row is None else DataEdition(name, *(getattr(row, field) for field in told))


def begin_run(found: DataEdition | None = None) -> DataEdition:
    """Show one edition for the rest of this run: the one found, or else the one the store holds now."""
    found = found or read_edition()
    if is_running():
        before: DataEdition = st.session_state.get(_NOTED, found)
        if (before.store, before.version, before.changed_at) != (found.store, found.version, found.changed_at):
            st.session_state[_CHANGED_AT] = found.changed_at
        _note(found)
    return found


def look_back(day: dt.date | None) -> None:
    """Show the register as it was known at the end of a day for the rest of this run; None: as it is known now."""
    _note(shown().as_known(day))


def _note(edition: DataEdition) -> None:
    st.session_state[_NOTED] = edition
    if (notes := notes_of_run()) is not None:
        notes[_NOTED] = edition


_outside: Final[contextvars.ContextVar[DataEdition | None]] = contextvars.ContextVar("outside", default=None)


@contextlib.contextmanager
def showing(edition: DataEdition) -> Iterator[None]:
    """Outside the frame: whatever is worked out inside the block is of this edition."""
    token = _outside.set(edition)
    try:
        yield
    finally:
        _outside.reset(token)


def shown() -> DataEdition:
    """The edition this run shows; outside the frame, the one `showing` names, else the one the store holds now."""
    return noted() or read_edition()


def noted() -> DataEdition | None:
    """The edition this run shows, or the one `showing` names, without asking the store; None where there is none yet."""
    if (named := _outside.get()) is not None:
        return named
    notes = notes_of_run()
    if notes is None:
        return None
    if _NOTED not in notes:  # a fragment runs by itself
        if _NOTED not in st.session_state:
            return None
        notes[_NOTED] = st.session_state[_NOTED]
    found: DataEdition = notes[_NOTED]
    return found


# --- Pages that follow the register ----------------------------------------------------------------------------------


def follow() -> dt.datetime | None:
    """Have this page run again when the register changes. When it did so last while this reader was here; None: not yet.

    What was known on a day in the past does not change, and is not followed.
    """
    if shown().known_on is None:
        st.session_state[_FOLLOWED] = shown().key
    changed_at: dt.datetime | None = st.session_state.get(_CHANGED_AT)
    return changed_at


def is_asked_for() -> bool:
    """Whether somebody asked for this run; else it is one of `bring_up_to_date`. To be called once, as the run begins: which page
    follows is settled anew from there on.
    """
    st.session_state.pop(_FOLLOWED, None)
    return not st.session_state.pop(_BY_ITSELF, False)


def followed_in(tab: AppSession) -> tuple[str, int, str] | None:
    """The edition shown in this tab by a page that follows the register, as its key; None for any other page."""
    try:
        followed: tuple[str, int, str] = tab.session_state[_FOLLOWED]
    except KeyError:
        return None
    return followed


async def bring_up_to_date(tab: AppSession) -> None:
    """Run the page in this tab, which is at rest, once more; returns when that is done."""
    with contextlib.suppress(KeyError):  # somebody has asked for another run at this moment
        del tab.session_state[_FOLLOWED]  # a run that fails is not tried again
    tab.session_state[_BY_ITSELF] = True
    await run_again(tab)
