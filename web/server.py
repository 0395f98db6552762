"""How a process of the application starts: what is checked and prepared first, and the server itself."""

from __future__ import annotations

import contextlib
import gc
import importlib
import logging
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Final

import anyio
import streamlit as st
import uvicorn
from anyio import to_thread
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

from data_access import accounts, incidents, log_lines, settings, store
from data_access.store import failures
from pages.briefing import SIZE, SIZES, USUAL_SIZE
from pages.screen import screens
from pages.ui import session, streamlit_internals
from web import limits, news, sampling, warming
from web.headers import BROWSER_HEADER, SESSION_HEADER
from web.house import House, StartUpError
from web.openid_provider import Provider

ROOT: Final = Path(__file__).resolve().parents[1]
FRAME: Final = ROOT / "pages" / "frame.py"
_AGAIN_SECONDS: Final = 30.0

# .streamlit/config.toml says the same: only then does what `Gate` found out reach `st.user`.
_TRUSTED_HEADERS: Final = {SESSION_HEADER: "session", BROWSER_HEADER: "browser"}


def open_house() -> House:
    """The settings and the store. Ends the process with one sentence where the environment is no good."""
    try:
        found = settings.load()
        provider = Provider(found) if found.is_single_sign_on else None
        house = House(found, store.get_engine(found.database_url), provider)
    except settings.SettingsError as error:
        sys.exit(f"Cannot start: {error}")
    streamlit_internals.set_option("server.maxUploadSize", found.upload_max_mb)
    # Processes behind one load balancer must accept each other's form tokens.
    secret = accounts.hash_token(f"streamlit\n{found.app_secret}")
    streamlit_internals.set_option("server.cookieSecret", secret)
    streamlit_internals.read_theme_once()
    streamlit_internals.show_larger(
        [screen.name for screen in screens() if screen.is_bare], parameter=SIZE, sizes=SIZES, usual=USUAL_SIZE
    )
    streamlit_internals.refuse_foreign_values(session.tell_of_foreign_value)
    return house


def lifespan(house: House) -> Callable[[st.App], AbstractAsyncContextManager[dict[str, Any]]]:
    """Check and prepare what the application stands on; then keep the start-up's objects out of garbage collection, for which
    they are all imported first.
    """

    @contextlib.asynccontextmanager
    async def standing(_app: st.App) -> AsyncIterator[dict[str, Any]]:
        _check_streamlit()
        await to_thread.run_sync(house.prepare)
        _import_pages()
        gc.collect()
        gc.freeze()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(keep_going, house.garbage.watch)
            tasks.start_soon(keep_going, news.watch, house.garbage)
            tasks.start_soon(keep_going, warming.watch, house.garbage)
            tasks.start_soon(keep_going, sampling.watch)
            yield {}
            tasks.cancel_scope.cancel()
        store.close(house.engine)

    return standing


async def keep_going(work: Callable[..., Awaitable[None]], *given: object) -> None:
    """Until cancelled: a task of the application's own, begun again after a while whenever it fails, which is an incident.

    In a group of tasks one that fails ends the others, and here with them everybody's pages.
    """
    while True:
        try:
            await work(*given)
        except Exception as error:  # noqa: BLE001  (whatever it is, the application must go on)
            incidents.record(error, where=work.__module__)
        await anyio.sleep(_AGAIN_SECONDS)


def known_hosts(house: House) -> list[Middleware]:
    """What refuses requests under names that are not ours, where the settings say which are; checks from here may come."""
    named = house.settings.allowed_hosts
    hosts = [*named, "localhost", "127.0.0.1"] if named else ["*"]
    return [Middleware(TrustedHostMiddleware, allowed_hosts=hosts, www_redirect=False)]


def serve(app: st.App, house: House) -> None:
    """Serve until stopped. uvicorn binds the socket itself and runs on uvloop: each spares a run of a page 40 ms."""
    log_lines.begin(house.settings.log_format)  # until it listens, what goes well is not worth a line
    streamlit_internals.log_as_we_do()
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
        ws_max_size=limits.MESSAGE_BYTES,
        access_log=False,
        log_config=None,  # it goes where everything else goes
        log_level="warning",
        proxy_headers=bool(house.settings.trusted_proxies),
        forwarded_allow_ips=list(house.settings.trusted_proxies),
        server_header=False,
        timeout_graceful_shutdown=5,
    )
    _Server(config, house).run()


class _Server(uvicorn.Server):
    """Says where it listens once it does, and with which accounts it can be tried."""

    def __init__(self, config: uvicorn.Config, house: House) -> None:
        super().__init__(config)
        self._house = house

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        if not self.started:
            return
        host = f"[{self.config.host}]" if ":" in self.config.host else self.config.host
        print(f"Open http://{host}:{self.config.port}", flush=True)
        if invitation := accounts.invitation(self._house.settings, self._house.engine):
            print(invitation, flush=True)
        logging.getLogger().setLevel(logging.INFO)


def _check_streamlit() -> None:
    """Streamlit reads its settings from the folder one starts in; from another folder it would take its defaults."""
    if st.get_option("server.trustedUserHeaders") != _TRUSTED_HEADERS or st.get_option("server.baseUrlPath"):
        raise StartUpError(
            f"Streamlit did not read {ROOT / '.streamlit' / 'config.toml'}, or other settings stand above it. "
            f"Start the application from {ROOT}, and leave server.trustedUserHeaders and server.baseUrlPath alone."
        )


def _import_pages() -> None:
    """Everything that pages are made of, but for the scripts themselves, which Streamlit runs from their files."""
    with streamlit_internals.quiet_imports():
        for path in sorted(FRAME.parent.rglob("*.py")):
            if path != FRAME and path.name != "page.py":
                importlib.import_module(
                    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
                )
