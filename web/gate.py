"""What stands between the network and the pages: what may pass, who it comes from, and what goes with every answer."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterable, Iterator
from http.cookies import SimpleCookie
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

from anyio import to_thread
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import words
from data_access import accounts
from data_access.settings import Settings
from data_access.store import failures
from pages.ui import incidents
from web.websocket import Conversation, Offered

_OUR_HEADERS: Final = b"x-kpi-"

# Paths that begin with one of these need a session; the others lead to the empty shell of the page and its static
# files.
CLOSED: Final = frozenset({"_stcore", "media", "component", "app", "auth", "oauth2callback"})
_OPEN: Final = frozenset({"/_stcore/health", "/_stcore/host-config", "/_stcore/stream"})
# With single sign-on these two as well, for plain reads: out to the provider, and back from it (see `web.single_sign_on`).
SIGN_ON_PATHS: Final = ("/auth/login", "/oauth2callback")
# Streamlit would take a browser that has such a cookie for the person named in it, whatever the session table says.
_IDENTITY_COOKIES: Final = b"_streamlit_user"

# Images and connections from here only: text that people typed cannot make a browser call elsewhere. Vega compiles
# its expressions, hence eval; Streamlit writes its styles into the page, hence inline styles; the one inline script
# of its shell is known by its hash.
_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self' 'unsafe-eval' 'sha256-THxz9J9+wf7rhwR2YkXJoSZ13UCmYyC+3lNDv2+8ugA='; "
        "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:; "
        "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_HSTS: Final = "max-age=31536000; includeSubDomains"
_log = logging.getLogger("agreements.access")


class Keeper(Protocol):
    """What the gate needs to know of the house. `person` blocks: it is called in a thread."""

    @property
    def settings(self) -> Settings: ...

    def person(self, token: str | None) -> tuple[accounts.Person, str] | None:
        """Who a session token belongs to, and its stored form; None when it opens nothing."""

    def reach(self) -> None:
        """Returns where the store answers; raises what the store raises where it does not. It blocks as well."""


# --- Cookies ---------------------------------------------------------------------------------------------------------


def is_secure(house: Keeper, connection: HTTPConnection) -> bool:
    """Whether the browser came over TLS, or the settings say that it did (TLS ends at a proxy in front of us)."""
    return house.settings.cookie_secure or connection.url.scheme in ("https", "wss")


def cookie_name(kind: str, *, secure: bool) -> str:
    """`kind` is session or browser. Browsers take a `__Host-` cookie only over TLS and from this very host."""
    return f"__Host-kpi_{kind}" if secure else f"kpi_{kind}"


def read_cookie(house: Keeper, connection: HTTPConnection, kind: str) -> str | None:
    """The value of our cookie of this kind."""
    return connection.cookies.get(cookie_name(kind, secure=is_secure(house, connection)))


def write_cookie(kind: str, value: str, *, secure: bool) -> str:
    """A `Set-Cookie` header. Without a value the cookie is removed; with one it lasts until the browser is closed."""
    cookie: SimpleCookie = SimpleCookie()
    name = cookie_name(kind, secure=secure)
    cookie[name] = value
    settled: dict[str, Any] = {"path": "/", "httponly": True, "secure": secure, "samesite": "Lax"}
    cookie[name].update(settled)
    if not value:
        cookie[name]["max-age"] = 0
    return cookie[name].OutputString()


# --- The gate --------------------------------------------------------------------------------------------------------


class Gate:
    """Lets a request pass or not, and tells the pages who it comes from.

    Headers by which we name a session are removed from whatever arrives, and written anew from the session table.
    Requests made by pages of another origin are refused, as are websockets that do not say where they come from.
    Without a session nothing can be uploaded, downloaded or measured, and with one no file of another session.
    """

    def __init__(self, app: ASGIApp, house: Keeper) -> None:
        self._app = app
        self._house = house
        self._offered = Offered()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        secure = is_secure(self._house, connection)
        is_marked = read_cookie(self._house, connection, "browser") is not None
        guarded = _SafeAnswer(send, secure=secure, marked=is_marked, kept=not _is_closed(scope))
        if not _is_from_here(connection):
            origin = connection.headers.get("origin")
            _log.warning("refused: %s %r from origin %r", scope["type"], scope["path"], origin)
            await _refuse(scope, receive, guarded, 403)
            return
        closed = _is_closed(scope) and not self._is_sign_on(scope)
        token = read_cookie(self._house, connection, "session")
        found = None
        if closed or scope["type"] == "websocket":
            try:
                found = await to_thread.run_sync(self._house.person, token)
            except failures.STORE_ERRORS as error:
                incidents.record(error, where="web.gate")
                await _refuse(scope, receive, guarded, 503)
                return
        if closed and found is None:
            _log.warning("refused: %s %r without a session", scope.get("method", "websocket"), scope["path"])
            await _refuse(scope, receive, guarded, 403)
            return
        if found is not None and not self._offered.is_to(found[1], _path(scope)):
            _log.warning("refused: %s %r to %s", scope.get("method", "websocket"), scope["path"], found[0].username)
            await _refuse(scope, receive, guarded, 403)
            return
        headers = list(_without_identities(scope["headers"]))
        if found is not None:
            headers.append((_OUR_HEADERS + b"session", found[1].encode()))
        mark = read_cookie(self._house, connection, "browser")
        if mark:
            headers.append((_OUR_HEADERS + b"browser", accounts.hash_token(mark).encode()))
        scope = {**scope, "headers": headers}
        if scope["type"] == "http":
            await self._answer(scope, receive, guarded)
            return
        talk = Conversation(
            receive,
            guarded,
            owner=None if found is None else found[1],
            holds=lambda: to_thread.run_sync(self._holds, token),
            offered=self._offered,
        )
        await self._app(scope, talk.receive, talk.send)

    async def _answer(self, scope: Scope, receive: Receive, guarded: _SafeAnswer) -> None:
        """The answer to a request; while the store fails, a sentence in place of a page that could never fill itself."""
        connection = HTTPConnection(scope)
        try:
            if scope["method"] == "GET" and "text/html" in connection.headers.get("accept", ""):
                await to_thread.run_sync(self._house.reach)
            await self._app(scope, receive, guarded)
        except failures.STORE_ERRORS as error:
            if guarded.has_begun:
                raise
            number = incidents.record(error, where=scope["path"])
            asked = connection.query_params.get("lang")
            with words.in_language(asked if asked in words.languages() else words.DEFAULT_LANGUAGE):
                said = incidents.sentence(error, number=number)
            await PlainTextResponse(said, 503, {"Retry-After": "60"})(scope, receive, guarded)

    def _is_sign_on(self, scope: Scope) -> bool:
        is_read = scope["type"] == "http" and scope["method"] == "GET"
        return self._house.settings.is_single_sign_on and is_read and scope["path"] in SIGN_ON_PATHS

    def _holds(self, token: str | None) -> bool:
        """Whether the session still does; not while the store does not answer."""
        try:
            return self._house.person(token) is not None
        except failures.STORE_ERRORS as error:
            incidents.record(error, where="websocket")
            return False


class _SafeAnswer:
    """Sends a response with our security headers, and marks a browser that loads a page for the first time.

    What needs a session is not `kept` by browsers: a file fetched is not found again by whoever comes to the machine next.
    """

    def __init__(self, send: Send, *, secure: bool, marked: bool, kept: bool) -> None:
        self._send = send
        self._secure = secure
        self._marked = marked
        self._kept = kept
        self.has_begun = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.has_begun = True
            message.setdefault("headers", [])
            headers = MutableHeaders(scope=message)
            headers.update(_HEADERS)
            if not self._kept:
                headers["Cache-Control"] = "no-store"
            if self._secure:
                headers["Strict-Transport-Security"] = _HSTS
                message["headers"] = [_over_tls_only(name, value) for name, value in message["headers"]]
                headers = MutableHeaders(scope=message)
            if not self._marked and headers.get("content-type", "").startswith("text/html"):
                headers.append("Set-Cookie", write_cookie("browser", secrets.token_urlsafe(32), secure=self._secure))
        await self._send(message)


def _over_tls_only(name: bytes, value: bytes) -> tuple[bytes, bytes]:
    """Streamlit's own cookies do not ask for it."""
    if name.lower() != b"set-cookie" or b"; secure" in value.lower():
        return name, value
    return name, value + b"; Secure"


def _without_identities(headers: Iterable[tuple[bytes, bytes]]) -> Iterator[tuple[bytes, bytes]]:
    """Headers without those by which we name a session, and without cookies by which Streamlit would name a person."""
    for name, value in headers:
        if name.lower() == b"cookie":
            kept = [part for part in value.split(b";") if not part.strip().startswith(_IDENTITY_COOKIES)]
            yield name, b";".join(kept)
        elif not name.lower().startswith(_OUR_HEADERS):
            yield name, value


def _is_from_here(connection: HTTPConnection) -> bool:
    """Whether a page of ours makes this request. Browsers leave the origin out of plain reads, never of websockets."""
    origin = connection.headers.get("origin")
    if origin is None:
        return bool(connection.scope["type"] == "http")
    host: str = connection.headers.get("host", "").lower()
    return host != "" and urlsplit(origin).netloc.lower() == host


def _path(scope: Scope) -> str:
    """The path below the prefix under which a server in front may have put us."""
    path: str = scope["path"].removeprefix(scope.get("root_path", ""))
    return path


def _is_closed(scope: Scope) -> bool:
    path = _path(scope)
    return path not in _OPEN and path.lstrip("/").partition("/")[0] in CLOSED


async def _refuse(scope: Scope, receive: Receive, send: Send, status: int) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008 if status == 403 else 1013})
    else:
        await PlainTextResponse("refused" if status == 403 else "unavailable", status)(scope, receive, send)
