"""Who is looking at the page.

The identity of a browser is what the application's middleware found in the session table when the page connected, and
put into `st.user`: the browser cannot write there. Session, role and agency are read from the store again on every
run, so that signing out, closing an account or changing a role takes effect at the next click, in every tab. Nothing
is ever decided by `st.session_state`.
"""

from __future__ import annotations

import contextlib
import contextvars
import datetime as dt
import logging
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlencode

import streamlit as st

import words
from data_access import accounts, settings
from data_access.accounts import Person
from data_access.accounts.signed_values import write_signed
from data_access.beginning import read_beginning
from data_access.log_lines import told
from pages.screen import Screen
from pages.ui import data_edition
from pages.ui.data_edition import DataEdition, is_asked_for, store
from pages.ui.session_addresses import SIGN_OUT_PATH
from pages.ui.streamlit_internals import go_to, is_running

__all__ = [
    "Person",
    "address",
    "begin_run",
    "browser",
    "current",
    "go_to",
    "is_phone",
    "looking",
    "require",
    "session_id",
    "sign_out",
    "speak",
    "store",
    "tell_of_foreign_value",
]

_log = logging.getLogger("agreements.access")


def speak(code: str) -> None:
    """Speak this language for the rest of the session; ValueError for one without catalogs."""
    st.session_state["language"] = words.known_language(code)


def is_phone() -> bool:
    """Whether the browser says that it is a phone's: its first screen has room for figures or for filters."""
    return "Mobi" in st.context.headers.get("User-Agent", "")


def _spoken() -> str | None:
    """The language of this session, in whatever thread its pages and callbacks run; None outside a session."""
    if not is_running():
        return None
    code: str | None = st.session_state.get("language")
    return code


words.spoken_by(_spoken)


def session_id() -> str | None:
    """The stored form of this browser's session token; None when it came without a session that held."""
    return _from_middleware("session")


def browser() -> str | None:
    """The mark the middleware knows this browser by, signed in or not; None when cookies are refused."""
    return _from_middleware("browser")


def address() -> str:
    """Where this browser connects from, as failed tries are counted."""
    found = st.context.ip_address
    return found if isinstance(found, str) else "loopback"


def begin_run() -> tuple[Person | None, DataEdition]:
    """Who is signed in as this run begins, and the edition it shows. The session is in use, unless the page runs by itself."""
    found = read_beginning(store(), session_id(), idle=_idle(), is_use=is_asked_for())
    return found.person, data_edition.begin_run(data_edition.edition_of(found.version))


_looking: Final[contextvars.ContextVar[Person | None]] = contextvars.ContextVar("looking", default=None)


@contextlib.contextmanager
def looking(person: Person) -> Iterator[None]:
    """A run of a page for this person, whom the frame has just read from the store: the page's guard need not do so again."""
    token = _looking.set(person)
    try:
        yield
    finally:
        _looking.reset(token)


def current() -> Person | None:
    """Who is signed in here, as the store says at this moment; None when nobody is."""
    token_hash = session_id()
    return None if token_hash is None else accounts.read_session(store(), token_hash, idle=_idle(), is_use=False)


def _idle() -> dt.timedelta:
    return dt.timedelta(minutes=settings.load().session_idle_minutes)


def require(screen: Screen) -> Person:
    """The guard, first line of every page: the person signed in, if the screen is open to them.

    Otherwise says why nothing is shown and ends the run.
    """
    person = _looking.get() or current()
    if person is None:
        st.info(words.t("frame.signed_out"), icon=":material/lock:")
        st.stop()
    if not screen.is_open_to(person):
        _log.warning(
            "denied: %s, role %s, needs one of %s",
            person.username,
            person.role,
            ", ".join(screen.roles),
            extra=told("denied", username=person.username, role=person.role, needed=screen.roles),
        )
        st.warning(words.t("frame.wrong_role", role=words.name("role", person.role)), icon=":material/lock:")
        st.stop()
    return person


def tell_of_foreign_value(widget: str, kind: str) -> None:
    """Write down who said something of a widget that no page of ours says."""
    person = current()
    username = "" if person is None else person.username
    _log.warning(
        "refused: a value of the kind %s for the widget %r by %r",
        kind,
        widget,
        username,
        extra=told("foreign_value", username=username, widget=widget, kind=kind),
    )


def sign_out(*, address: str) -> None:
    """End this browser's session and lead it to `address`, a path of this application."""
    token_hash = session_id()
    if token_hash is not None:
        key = write_signed("", purpose="sign out", owner=token_hash, app_secret=settings.load().app_secret)
        go_to(f"{SIGN_OUT_PATH}?{urlencode({'key': key, 'next': address})}")


def _from_middleware(key: str) -> str | None:
    value = st.user.get(key)
    return value if isinstance(value, str) and value else None
