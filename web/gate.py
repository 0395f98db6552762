"""What may pass from the network to the pages, and who it comes from."""

from __future__ import annotations

import logging
from typing import Final

from anyio import to_thread
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

import words
from data_access import accounts, incidents
from data_access.store import failures
from pages.ui.session_addresses import CALLBACK_PATH, SIGN_ON_PATH
from pages.ui.stored_uploads import StoredUploads
from web.csrf import is_from_here
from web.file_addresses import Offered
from web.headers import BROWSER_HEADER, SESSION_HEADER, SafeAnswer, uncompressed, without_identities
from web.house import House
from web.limits import Runs, Sockets
from web.session_cookie import is_secure, read_cookie
from web.websocket import Conversation

# Paths that begin with one of these need a session; the others lead to the empty shell of the page and its static
# files.
CLOSED: Final = frozenset({"_stcore", "media", "component", "app", "auth", "oauth2callback"})
_OPEN: Final = frozenset({"/_stcore/health", "/_stcore/host-config", "/_stcore/stream"})
# Streamlit's own sign-in, which would make the browser somebody for 30 days: shut with a session, too. With single
# sign-on two of its addresses are ours, for plain reads.
_SHUT: Final = frozenset({"auth", "oauth2callback"})
_SIGN_ON_PATHS: Final = frozenset({SIGN_ON_PATH, CALLBACK_PATH})
_log = logging.getLogger("agreements.access")


class Gate:
    """Lets a request pass or not, and tells the pages who it comes from.

    Headers by which we name a session are removed from whatever arrives, and written anew from the session table.
    Requests made by pages of another origin are refused, as are websockets that do not say where they come from.
    Without a session nothing can be uploaded, downloaded or measured, and with one no file of another session.
    """

    def __init__(self, app: ASGIApp, house: House) -> None:
        self._app = app
        self._house = house
        self._offered = Offered()
        self._sockets = Sockets()
        self._runs = Runs(house.settings.runs_per_second)
        self._uploads = StoredUploads(house.settings.upload_max_mb * 1024 * 1024)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        secure = is_secure(self._house.settings, connection)
        mark = read_cookie(self._house.settings, connection, "browser")
        guarded = SafeAnswer(
            send,
            secure=secure,
            marked=mark is not None,
            kept=not _is_closed(scope),
            language=_language(connection),
        )
        if not is_from_here(connection):
            origin = connection.headers.get("origin")
            _log.warning("refused: %s %r from origin %r", scope["type"], scope["path"], origin)
            await _refuse(scope, receive, guarded, 403)
            return
        closed = _is_closed(scope) and not self._is_sign_on(scope)
        token = read_cookie(self._house.settings, connection, "session")
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
        if found is not None and (_first(scope) in _SHUT or not self._offered.is_to(found[1], _path(scope))):
            _log.warning("refused: %s %r to %s", scope.get("method", "websocket"), scope["path"], found[0].username)
            await _refuse(scope, receive, guarded, 403)
            return
        headers = list(without_identities(scope["headers"]))
        if found is not None:
            headers.append((SESSION_HEADER.lower().encode(), found[1].encode()))
        if mark:
            headers.append((BROWSER_HEADER.lower().encode(), accounts.hash_token(mark).encode()))
        scope = {**scope, "headers": headers}
        if scope["type"] == "websocket":
            await self._converse(scope, receive, guarded, found, token, mark)
        elif found is not None and scope["method"] == "PUT":
            await self._take(scope, receive, guarded, found[0].username)
        else:
            await self._answer(scope, receive, guarded)

    async def _take(self, scope: Scope, receive: Receive, guarded: SafeAnswer, username: str) -> None:
        """An upload, if the account has not too many already: Streamlit keeps them until their tab is closed."""
        with self._uploads.arriving(username, _path(scope)) as fits:
            if fits:
                await self._answer(scope, receive, guarded)
                return
        _log.warning("refused: one upload more of %s", username)
        await _refuse(scope, receive, guarded, 413)

    async def _converse(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        found: tuple[accounts.Person, str] | None,
        token: str | None,
        mark: str | None,
    ) -> None:
        """A websocket, from its opening to its end, within the limits of whoever opens it."""
        network = accounts.network_of(scope["client"][0] if scope.get("client") else "unknown")
        if found is not None:
            known: str | None = found[0].username
        else:
            known = await to_thread.run_sync(self._known_browser, mark)

        async def turn() -> None:
            self._house.garbage.heard()
            if await self._runs.wait(known=known, network=network):
                _log.info("a page was asked for too often by %s and waited", known or network)

        talk = Conversation(
            receive,
            send,
            owner=None if found is None else found[1],
            holds=lambda: to_thread.run_sync(self._holds, token),
            turn=turn,
            offered=self._offered,
        )
        with self._sockets.one_more(known=known, network=network) as admitted:
            if admitted:
                await self._app(scope, talk.receive, talk.send)
                return
        _log.warning("refused: one websocket more of %s", known or network)
        await _refuse(scope, receive, send, 503)

    async def _answer(self, scope: Scope, receive: Receive, guarded: SafeAnswer) -> None:
        """The answer to a request; while the store fails, a sentence in place of a page that could never fill itself."""
        connection = HTTPConnection(scope)
        try:
            if scope["method"] == "GET" and "text/html" in connection.headers.get("accept", ""):
                await to_thread.run_sync(self._house.reach)
                scope = {**scope, "headers": uncompressed(scope["headers"])}
            await self._app(scope, receive, guarded)
        except failures.STORE_ERRORS as error:
            if guarded.has_begun:
                raise
            number = incidents.record(error, where=scope["path"])
            with words.in_language(_language(connection)):
                said = incidents.sentence(error, number=number)
            await PlainTextResponse(said, 503, {"Retry-After": "60"})(scope, receive, guarded)

    def _is_sign_on(self, scope: Scope) -> bool:
        is_read = scope["type"] == "http" and scope["method"] == "GET"
        return self._house.settings.is_single_sign_on and is_read and scope["path"] in _SIGN_ON_PATHS

    def _known_browser(self, mark: str | None) -> str | None:
        """What to call a browser that an account was signed in to with; None for any other."""
        browser = accounts.hash_token(mark) if mark else ""
        try:
            return (
                f"browser {browser[:12]}"
                if browser and accounts.is_known_browser(self._house.engine, browser)
                else None
            )
        except failures.STORE_ERRORS as error:
            incidents.record(error, where="websocket")
            return None

    def _holds(self, token: str | None) -> bool:
        """Whether the session still does; not while the store does not answer."""
        try:
            return self._house.person(token) is not None
        except failures.STORE_ERRORS as error:
            incidents.record(error, where="websocket")
            return False


def _path(scope: Scope) -> str:
    """The path below the prefix under which a server in front may have put us."""
    path: str = scope["path"].removeprefix(scope.get("root_path", ""))
    return path


def _language(connection: HTTPConnection) -> str:
    """The language a page is asked for in; a language that nobody speaks here is the default one."""
    asked = connection.query_params.get("lang")
    return asked if asked in words.languages() else words.DEFAULT_LANGUAGE


def _is_closed(scope: Scope) -> bool:
    return _path(scope) not in _OPEN and _first(scope) in CLOSED


def _first(scope: Scope) -> str:
    """The first part of the path."""
    return _path(scope).lstrip("/").partition("/")[0]


async def _refuse(scope: Scope, receive: Receive, send: Send, status: int) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008 if status == 403 else 1013})
    else:
        said = {403: "refused", 413: "too many files are kept already"}.get(status, "unavailable")
        await PlainTextResponse(said, status)(scope, receive, send)
