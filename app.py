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
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import anyio
import sqlalchemy as sa
import streamlit as st
import uvicorn
from anyio import to_thread
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from streamlit import config as streamlit_config

import pages.ui
import web.single_sign_on
from data_access import accounts, log_lines, settings, store
from data_access.store import failures
from data_access.store.models import DataVersion
from pages.ui import incidents
from pages.ui import session as page_session
from web.gate import CLOSED, Gate, is_secure, read_cookie, write_cookie

ROOT: Final = Path(__file__).resolve().parent

# .streamlit/config.toml says the same: only then does what `Gate` found out reach `st.user`.
TRUSTED_HEADERS: Final = {"X-Kpi-Session": "session", "X-Kpi-Browser": "browser"}
_HEALTH_SECONDS: Final = 5
_log = logging.getLogger("agreements.access")


class StartUpError(RuntimeError):
    """The application must not start like this; the message says what to do."""


@dataclasses.dataclass(frozen=True)
class House:
    """What this process works with, and what requests ask of the store. The methods block: call them in a thread."""

    settings: settings.Settings
    engine: sa.Engine
    provider: web.single_sign_on.Provider | None = None

    def prepare(self) -> None:
        """Bring the store up to date and see to the demo accounts. Raises `StartUpError` where going on is not safe."""
        if self.settings.is_production and store.is_above_policies(self.engine):
            raise StartUpError(
                "APP_MODE is production, and DATABASE_URL names a superuser, whom PostgreSQL's row-level security does not "
                "hold. Connect as a role of the application's own; see docs/deploy/README.md."
            )
        store.migrate(self.engine)
        if self.provider is not None:
            try:
                self.provider.check()
            except web.single_sign_on.ProviderError as error:
                raise StartUpError(str(error)) from error
        else:
            with store.session(self.engine) as session:
                accounts.end_sessions_without_factor(session)
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

    def reach(self) -> None:
        """Returns where the store answers and has its tables; raises what the store raises where it does not."""
        with store.session(self.engine, read_only=True) as session:
            session.execute(sa.select(sa.func.count()).select_from(DataVersion))

    def is_ready(self) -> bool:
        """Whether the store answers and has its tables."""
        try:
            self.reach()
        except failures.STORE_ERRORS as error:
            incidents.record(error, where="health")
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
            if house.provider is not None:  # else the next person at this machine is signed in by a click
                elsewhere = await to_thread.run_sync(house.provider.sign_out_address)
                response.headers["Location"] = elsewhere or response.headers["Location"]
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
    return "/" if first in CLOSED or first == "session" else address


def _redirect(request: Request) -> RedirectResponse:
    address = safe_address(request.query_params.get("next", "/"))
    return RedirectResponse(address, 303, {"Cache-Control": "no-store"})


def _client(request: Request) -> str:
    """Where a request comes from, for a person who reads the list of their sessions."""
    address = request.client.host if request.client else "unknown"
    agent = "".join(sign for sign in request.headers.get("user-agent", "")[:160] if sign.isprintable())
    return f"{address} {agent}".strip()


# --- Starting --------------------------------------------------------------------------------------------------------


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
            if not house.settings.is_production and not house.settings.is_single_sign_on:
                names = ", ".join(account.username for account in accounts.DEMO_ACCOUNTS)
                print(f"Demo accounts: {names}. Password: {accounts.DEMO_PASSWORD}", flush=True)


def main() -> None:
    """Serve until stopped. uvicorn binds the socket itself and runs on uvloop: each spares a run of a page 40 ms."""
    logging.Formatter.converter = time.gmtime  # the clock by which the store and its audit go
    logging.basicConfig(level=logging.INFO, format="%(asctime)sZ %(levelname)s %(name)s: %(message)s")
    if house.settings.log_format == "json":
        logging.getLogger().handlers[0].setFormatter(log_lines.JsonLines())
    try:
        _check_streamlit()
        house.prepare()
    except StartUpError as error:
        sys.exit(f"Cannot start: {error}")
    except failures.STORE_ERRORS as error:
        sys.exit(f"Cannot start: the store named by DATABASE_URL cannot be opened. {failures.reason_of(error)}")
    config = uvicorn.Config(
        app,
        host=house.settings.host,
        port=house.settings.port,
        loop="uvloop",
        ws="websockets-sansio",
        access_log=False,
        log_level="warning",
        proxy_headers=bool(house.settings.trusted_proxies),
        forwarded_allow_ips=list(house.settings.trusted_proxies),
        server_header=False,
        timeout_graceful_shutdown=5,
    )
    _Server(config).run()


def _open_house() -> House:
    """The settings and the store. Ends the process with one sentence where the environment is no good."""
    try:
        found = settings.load()
        provider = web.single_sign_on.Provider(found) if found.is_single_sign_on else None
        return House(found, store.get_engine(found.database_url), provider)
    except settings.SettingsError as error:
        sys.exit(f"Cannot start: {error}")


house: Final = _open_house()
streamlit_config.set_option("server.maxUploadSize", house.settings.upload_max_mb)
# Processes behind one load balancer must accept each other's form tokens.
cookie_secret: Final = accounts.hash_token(f"streamlit\n{house.settings.app_secret}")
streamlit_config.set_option("server.cookieSecret", cookie_secret)
app = st.App(
    ROOT / "pages" / "frame.py",
    lifespan=lifespan,
    routes=routes(house),
    middleware=[
        Middleware(Gate, house=house),
        *([Middleware(web.single_sign_on.SignOn, house=house, cookie_secret=cookie_secret)] if house.provider else []),
    ],
    secrets=web.single_sign_on.secrets_for(house.settings, cookie_secret) if house.provider else None,
    on_script_error=incidents.show,
)

if __name__ == "__main__":
    main()
