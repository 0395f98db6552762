"""The gate and the session routes around a small application that says what reached it."""

from __future__ import annotations

import dataclasses
import warnings

import pytest
import sqlalchemy as sa
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from data_access import accounts, settings, store
from data_access.accounts import passwords
from pages.ui import loaders  # noqa: F401  (its import says where names are kept)
from tests.data_access.conftest import filled, on  # noqa: F401  (a quarter of claims, for who draws its sample)
from tests.pages import running  # noqa: F401  (its import spares every AppTest a look through all packages)
from web.gate import Gate
from web.house import House
from web.routes import routes

with warnings.catch_warnings():
    # The test client would rather use httpx's successor; it works with httpx, which other packages need anyway.
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient as TestClient  # as itself: tests import it from here


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "ROUNDS", 4)


@pytest.fixture
def house(engine: sa.Engine) -> House:
    """Demo settings, on a store with the account `nga`."""
    with store.session(engine) as session:
        accounts.add_user(session, actor="test", username="nga", password="bốn từ bất kỳ nào", role="leader")
    return House(settings.load({}), engine)


@pytest.fixture
def client(house: House) -> TestClient:
    """A browser that comes over plain HTTP."""
    return open_client(house)


def open_client(house: House, *, root_path: str = "", scheme: str = "http") -> TestClient:
    """A browser in front of the gate."""

    async def echo(request: Request) -> Response:
        """The headers that arrived, or a page."""
        if request.url.path.endswith("/page"):
            return HTMLResponse("<p>page</p>")
        return JSONResponse(request.headers.items())

    async def listen(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_json(websocket.headers.items())
        await websocket.close()

    application = Starlette(
        routes=[
            *routes(house),
            WebSocketRoute("/{path:path}", listen),
            Route("/{path:path}", echo, methods=["GET", "PUT", "POST", "DELETE"]),
        ],
        middleware=[Middleware(Gate, house=house)],
    )
    return TestClient(
        application, base_url=f"{scheme}://house.test", root_path=root_path, follow_redirects=False, backend="asyncio"
    )


@dataclasses.dataclass(frozen=True)
class SignedIn:
    """A session and its token."""

    token: str

    @property
    def cookie(self) -> dict[str, str]:
        """As the browser sends it over plain HTTP."""
        return {"cookie": f"kpi_session={self.token}"}

    @property
    def token_hash(self) -> str:
        """As the store knows it."""
        return accounts.hash_token(self.token)


@pytest.fixture
def signed_in(house: House) -> SignedIn:
    with store.session(house.engine) as session:
        return SignedIn(accounts.start_session(session, username="nga"))
