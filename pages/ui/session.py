"""Who is looking at the page.

The identity of a browser is what the application's middleware found in the session table when the page connected, and
put into `st.user`: the browser cannot write there. Session, role and agency are read from the store again on every
run, so that signing out, closing an account or changing a role takes effect at the next click, in every tab. Nothing
is ever decided by `st.session_state`.
"""

from __future__ import annotations

import datetime as dt
import hmac
import logging
from typing import Final
from urllib.parse import urlencode

import streamlit as st
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.scriptrunner import get_script_run_ctx

import words
from data_access import accounts, settings
from data_access.accounts import Person
from data_access.log_lines import told
from pages.screen import Screen
from pages.ui.loaders import store

__all__ = [
    "SIGN_IN_PATH",
    "SIGN_OUT_PATH",
    "Person",
    "address",
    "browser",
    "current",
    "go_to",
    "is_sign_out_key",
    "require",
    "session_id",
    "sign_out",
    "speak",
    "store",
]

SIGN_IN_PATH: Final = "/session/start"
SIGN_OUT_PATH: Final = "/session/end"
_log = logging.getLogger("agreements.access")


def speak(code: str) -> None:
    """Speak this language for the rest of the session; ValueError for one without catalogs."""
    st.session_state["language"] = words.known_language(code)


def _spoken() -> str | None:
    """The language of this session, in whatever thread its pages and callbacks run; None outside a session."""
    if get_script_run_ctx(suppress_warning=True) is None:
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


def current() -> Person | None:
    """Who is signed in here, as the store says at this moment; None when nobody is."""
    token_hash = session_id()
    if token_hash is None:
        return None
    idle = dt.timedelta(minutes=settings.load().session_idle_minutes)
    return accounts.read_session(store(), token_hash, idle=idle)


def require(screen: Screen) -> Person:
    """The guard, first line of every page: the person signed in, if the screen is open to them.

    Otherwise says why nothing is shown and ends the run.
    """
    person = current()
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


def go_to(address: str) -> None:
    """Send this browser to another address of the application, with the redirect message of `st.login` and `st.logout`.

    No element does this: links open a new tab, `st.switch_page` knows pages only, and `st.html` drops redirects. Never
    give it an address that somebody typed.
    """
    context = get_script_run_ctx()
    if context is not None:
        message = ForwardMsg()
        message.auth_redirect.url = address
        context.enqueue(message)


def sign_out(*, address: str) -> None:
    """End this browser's session and lead it to `address`, a path of this application."""
    token_hash = session_id()
    if token_hash is not None:
        go_to(f"{SIGN_OUT_PATH}?{urlencode({'key': _sign_out_key(token_hash), 'next': address})}")


def is_sign_out_key(key: str, token_hash: str) -> bool:
    """Whether `key` was written by a page of this session: nobody else can make a link that signs its reader out."""
    return hmac.compare_digest(key.encode(), _sign_out_key(token_hash).encode())


def _sign_out_key(token_hash: str) -> str:
    return hmac.digest(settings.load().app_secret.encode(), f"sign out\n{token_hash}".encode(), "sha256").hex()


def _from_middleware(key: str) -> str | None:
    value = st.user.get(key)
    return value if isinstance(value, str) and value else None
