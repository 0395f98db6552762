"""The application: one ASGI app around Streamlit.

    python app.py            listens where HOST and PORT say; loopback by default
    uvicorn app:app          the same with uvicorn's own options
    streamlit run app.py     the same started by Streamlit

Streamlit draws the pages. What a page must be able to rely on is settled here, before a request reaches it: `Gate`
decides what may pass and says who it comes from; the routes under `/session/` turn a sign-in into a cookie, and end
it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import gc
import importlib
import logging
import pkgutil
import secrets
import sys
from collections.abc import AsyncIterator
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import anyio
import sqlalchemy as sa
import streamlit as st
import uvicorn
from anyio import to_thread
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit import config as streamlit_config

import pages.ui
from data_access import accounts, settings
from data_access import engine as store
from data_access.models import DataVersion
from pages.ui import session as page_session
from pages.ui import words

ROOT: Final = Path(__file__).resolve().parent

# .streamlit/config.toml says the same: only then does what `Gate` found out reach `st.user`.
TRUSTED_HEADERS: Final = {"X-Kpi-Session": "session", "X-Kpi-Browser": "browser"}
_OUR_HEADERS: Final = b"x-kpi-"

# Paths that begin with one of these need a session; the others lead to the empty shell of the page and its static
# files.
_CLOSED: Final = frozenset({"_stcore", "media", "component", "app", "auth", "oauth2callback"})
_OPEN: Final = frozenset({"/_stcore/health", "/_stcore/host-config", "/_stcore/stream"})

# Images and connections from here only: text that people typed cannot make a browser call elsewhere. Vega compiles
# its expressions, hence eval; Streamlit writes its styles into the page, hence inline styles; the one inline script
# of its shell is known by its hash.
_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self' 'unsafe-eval' 'sha256-THxz9J9+wf7rhwR2YkXJoSZ13UCmYyC+3lNDv2+8ugA='; "
        "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:; "
        "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_HSTS: Final = "max-age=31536000"
_HEALTH_SECONDS: Final = 5
_log = logging.getLogger("agreements.access")


class StartUpError(RuntimeError):
    """The application must not start like this; the message says what to do."""


@dataclasses.dataclass(frozen=True)
class House:
    """What this process works with, and what requests ask of the store. The methods block: call them in a thread."""

    settings: settings.Settings
    engine: sa.Engine

    def prepare(self) -> None:
        """Bring the store up to date and see to the demo accounts. Raises `StartUpError` where going on is not safe."""
        store.migrate(self.engine)
        if self.settings.is_production:
            found = accounts.find_demo_accounts(self.engine)
            if found:
                raise StartUpError(
                    f"APP_MODE is production, but these accounts have the public demo password: {', '.join(found)}. "
                    f"Disable each: python manage.py user disable {found[0]}"
                )
            return
        with store.session(self.engine) as session:
            accounts.ensure_demo_accounts(session)

    def is_ready(self) -> bool:
        """Whether the store answers and has its tables."""
        try:
            with store.session(self.engine, read_only=True) as session:
                session.execute(sa.select(sa.func.count()).select_from(DataVersion))
        except sa.exc.SQLAlchemyError:
            _log.exception("the store does not answer")
            return False
        return True

    def person(self, token: str | None) -> tuple[accounts.Person, str] | None:
        """Who a session token belongs to, and its stored form; None when it opens nothing."""
        if not token:
            return None
        token_hash = accounts.hash_token(token)
        idle = dt.timedelta(minutes=self.settings.session_idle_minutes)
        person = accounts.read_session(self.engine, token_hash, idle=idle)
        return None if person is None else (person, token_hash)

    def exchange(self, *, ticket: str, browser: str, previous: str | None, client: str) -> str | None:
        """A new session token for a ticket; the browser's previous session ends. None for a ticket that is no good."""
        with store.session(self.engine) as session:
            username = accounts.redeem_ticket(session, ticket=ticket, browser=browser)
            if username is None:
                return None
            if previous:
                accounts.end_session(session, actor=username, token_hash=accounts.hash_token(previous))
            lifetime = dt.timedelta(hours=self.settings.session_hours)
            return accounts.start_session(session, username=username, client=client, lifetime=lifetime)

    def end(self, token_hash: str) -> None:
        """Sign out the browser with this session."""
        person = accounts.read_session(self.engine, token_hash)
        with store.session(self.engine) as session:
            accounts.end_session(session, actor=person.username if person else "system", token_hash=token_hash)


# --- Cookies ---------------------------------------------------------------------------------------------------------


def is_secure(house: House, connection: HTTPConnection) -> bool:
    """Whether the browser came over TLS, or the settings say that it did (TLS ends at a proxy in front of us)."""
    return house.settings.cookie_secure or connection.url.scheme in ("https", "wss")


def cookie_name(kind: str, *, secure: bool) -> str:
    """`kind` is session or browser. Browsers take a `__Host-` cookie only over TLS and from this very host."""
    return f"__Host-kpi_{kind}" if secure else f"kpi_{kind}"


def read_cookie(house: House, connection: HTTPConnection, kind: str) -> str | None:
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
    Without a session nothing can be uploaded, downloaded or measured.
    """

    def __init__(self, app: ASGIApp, house: House) -> None:
        self._app = app
        self._house = house

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        secure = is_secure(self._house, connection)
        guarded = _SafeAnswer(send, secure=secure, marked=read_cookie(self._house, connection, "browser") is not None)
        if not _is_from_here(connection):
            origin = connection.headers.get("origin")
            _log.warning("refused: %s %r from origin %r", scope["type"], scope["path"], origin)
            await _refuse(scope, receive, guarded, 403)
            return
        closed = _is_closed(scope)
        found = None
        if closed or scope["type"] == "websocket":
            try:
                token = read_cookie(self._house, connection, "session")
                found = await to_thread.run_sync(self._house.person, token)
            except sa.exc.SQLAlchemyError:
                _log.exception("cannot look up a session")
                await _refuse(scope, receive, guarded, 503)
                return
        if closed and found is None:
            _log.warning("refused: %s %r without a session", scope.get("method", "websocket"), scope["path"])
            await _refuse(scope, receive, guarded, 403)
            return
        headers = [(name, value) for name, value in scope["headers"] if not name.lower().startswith(_OUR_HEADERS)]
        if found is not None:
            headers.append((_OUR_HEADERS + b"session", found[1].encode()))
        mark = read_cookie(self._house, connection, "browser")
        if mark:
            headers.append((_OUR_HEADERS + b"browser", accounts.hash_token(mark).encode()))
        await self._app({**scope, "headers": headers}, receive, guarded)


class _SafeAnswer:
    """Sends a response with our security headers, and marks a browser that loads a page for the first time."""

    def __init__(self, send: Send, *, secure: bool, marked: bool) -> None:
        self._send = send
        self._secure = secure
        self._marked = marked

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            message.setdefault("headers", [])
            headers = MutableHeaders(scope=message)
            headers.update(_HEADERS)
            if self._secure:
                headers["Strict-Transport-Security"] = _HSTS
            if not self._marked and headers.get("content-type", "").startswith("text/html"):
                headers.append("Set-Cookie", write_cookie("browser", secrets.token_urlsafe(32), secure=self._secure))
        await self._send(message)


def _is_from_here(connection: HTTPConnection) -> bool:
    """Whether a page of ours makes this request. Browsers leave the origin out of plain reads, never of websockets."""
    origin = connection.headers.get("origin")
    if origin is None:
        return bool(connection.scope["type"] == "http")
    host: str = connection.headers.get("host", "").lower()
    return host != "" and urlsplit(origin).netloc.lower() == host


def _is_closed(scope: Scope) -> bool:
    path: str = scope["path"].removeprefix(scope.get("root_path", ""))
    return path not in _OPEN and path.lstrip("/").partition("/")[0] in _CLOSED


async def _refuse(scope: Scope, receive: Receive, send: Send, status: int) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008 if status == 403 else 1013})
    else:
        await PlainTextResponse("refused" if status == 403 else "unavailable", status)(scope, receive, send)


# --- Routes ----------------------------------------------------------------------------------------------------------


def routes(house: House) -> list[Route]:
    """The addresses that are ours and not Streamlit's."""

    async def healthz(_request: Request) -> Response:
        ready = False
        with anyio.move_on_after(_HEALTH_SECONDS):
            ready = await to_thread.run_sync(house.is_ready, abandon_on_cancel=True)
        return JSONResponse({"ready": ready}, 200 if ready else 503, {"Cache-Control": "no-store"})

    async def start(request: Request) -> Response:
        """The end of a sign-in. Safe as a GET: a ticket works once, for seconds, in the browser it was typed in."""
        mark = read_cookie(house, request, "browser")
        token = None
        if mark:
            token = await to_thread.run_sync(
                lambda: house.exchange(
                    ticket=request.query_params.get("ticket", ""),
                    browser=accounts.hash_token(mark),
                    previous=read_cookie(house, request, "session"),
                    client=_client(request),
                )
            )
        response = _redirect(request)
        if token is None:
            _log.warning("refused: a ticket unknown, late, used or another browser's, from %r", _client(request))
        else:
            response.headers.append("Set-Cookie", write_cookie("session", token, secure=is_secure(house, request)))
        return response

    async def end(request: Request) -> Response:
        """Signing out. A GET, as all a page can do is to send its browser to an address (`session.go_to`). A link made
        by somebody else does nothing: it lacks the key that only pages of this very session can write.
        """
        token = read_cookie(house, request, "session")
        response = _redirect(request)
        if token and page_session.is_sign_out_key(request.query_params.get("key", ""), accounts.hash_token(token)):
            await to_thread.run_sync(house.end, accounts.hash_token(token))
            response.headers.append("Set-Cookie", write_cookie("session", "", secure=is_secure(house, request)))
        return response

    return [
        Route("/healthz", healthz),
        Route(page_session.SIGN_IN_PATH, start),
        Route(page_session.SIGN_OUT_PATH, end),
    ]


def safe_address(address: str) -> str:
    """`address` when it is a page of this application, else its first page.

    Browsers drop tabs and line breaks and read a backslash as a slash, so that "/\\t/elsewhere" would lead elsewhere.
    """
    plain = address.isascii() and address.isprintable() and "\\" not in address and " " not in address
    if not plain or not address.startswith("/") or address.startswith("//"):
        return "/"
    first = urlsplit(address).path.lstrip("/").partition("/")[0]
    return "/" if first in _CLOSED or first == "session" else address


def _redirect(request: Request) -> RedirectResponse:
    address = safe_address(request.query_params.get("next", "/"))
    return RedirectResponse(address, 303, {"Cache-Control": "no-store"})


def _client(request: Request) -> str:
    """Where a request comes from, for a person who reads the list of their sessions."""
    address = request.client.host if request.client else "unknown"
    agent = "".join(sign for sign in request.headers.get("user-agent", "")[:160] if sign.isprintable())
    return f"{address} {agent}".strip()


# --- Starting --------------------------------------------------------------------------------------------------------


def show_incident(error: Exception) -> bool:
    """Show the reader of a page that failed a number to report; the error goes to the log under that number."""
    number = secrets.token_hex(4).upper()
    _log.error("incident %s", number, exc_info=error)
    st.error(words.t("frame.incident", number=number), icon=":material/error:")
    return True


@contextlib.asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[dict[str, Any]]:
    """Check and prepare what the application stands on; then keep the start-up's objects out of garbage collection.

    Streamlit collects garbage after every run, which takes tens of milliseconds for as long as it has to look through
    the modules again. So they are all imported first.
    """
    _check_streamlit()
    await to_thread.run_sync(house.prepare)
    logging.disable(logging.WARNING)  # some packages call Streamlit while they are imported, outside a page
    for module in pkgutil.iter_modules(pages.ui.__path__):
        importlib.import_module(f"pages.ui.{module.name}")
    logging.disable(logging.NOTSET)
    gc.collect()
    gc.freeze()
    yield {}
    store.close(house.engine)


def _check_streamlit() -> None:
    """Streamlit reads its settings from the folder one starts in; from another folder it would take its defaults."""
    if st.get_option("server.trustedUserHeaders") != TRUSTED_HEADERS or st.get_option("server.baseUrlPath"):
        raise StartUpError(
            f"Streamlit did not read {ROOT / '.streamlit' / 'config.toml'}, or other settings stand above it. "
            f"Start the application from {ROOT}, and leave server.trustedUserHeaders and server.baseUrlPath alone."
        )


class _Server(uvicorn.Server):
    """Says where it listens once it does."""

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        if self.started:
            scheme_and_host = f"http://{'[' + self.config.host + ']' if ':' in self.config.host else self.config.host}"
            print(f"Open {scheme_and_host}:{self.config.port}", flush=True)
            if not house.settings.is_production:
                names = ", ".join(account.username for account in accounts.DEMO_ACCOUNTS)
                print(f"Demo accounts: {names}. Password: {accounts.DEMO_PASSWORD}", flush=True)


def main() -> None:
    """Serve until stopped. uvicorn binds the socket itself and runs on uvloop: each spares a run of a page 40 ms."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        _check_streamlit()
        house.prepare()
    except StartUpError as error:
        sys.exit(f"Cannot start: {error}")
    except sa.exc.OperationalError as error:
        sys.exit(f"Cannot start: the store named by DATABASE_URL cannot be opened. {error.orig}")
    config = uvicorn.Config(
        app,
        host=house.settings.host,
        port=house.settings.port,
        loop="uvloop",
        ws="websockets-sansio",
        access_log=False,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=5,
    )
    _Server(config).run()


def _open_house() -> House:
    """The settings and the store. Ends the process with one sentence where the environment is no good."""
    try:
        found = settings.load()
        return House(found, store.get_engine(found.database_url))
    except settings.SettingsError as error:
        sys.exit(f"Cannot start: {error}")


house: Final = _open_house()
streamlit_config.set_option("server.maxUploadSize", house.settings.upload_max_mb)
# Processes behind one load balancer must accept each other's form tokens.
streamlit_config.set_option("server.cookieSecret", accounts.hash_token(f"streamlit\n{house.settings.app_secret}"))
app = st.App(
    ROOT / "pages" / "frame.py",
    lifespan=lifespan,
    routes=routes(house),
    middleware=[Middleware(Gate, house=house)],
    on_script_error=show_incident,
)

if __name__ == "__main__":
    main()
