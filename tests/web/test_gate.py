"""What passes the gate, what does not, and what the pages are told."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
import sqlalchemy as sa
from starlette.websockets import WebSocketDisconnect

from data_access import accounts, store
from tests.web.conftest import SignedIn, TestClient, open_client
from web.house import House

CLOSED = (
    "/_stcore/upload_file/session/file",
    "/_stcore/metrics",
    "/_stcore/script-health-check",
    "/_stcore/agent/interact",
    "/_stcore/agent/mcp",
    "/_stcore/bidi-components/anything",
    "/_stcore/",
    "/_stcore",
    "/media/0123456789abcdef.csv",
    "/component/extra_streamlit_components.CookieManager.cookie_manager/index.html",
    "/app/static/file.txt",
    "/auth/login",
    "/oauth2callback",
    "//_stcore/metrics",
)
STREAMLITS_SIGN_IN = ("/auth/login", "/oauth2callback")
OPEN = ("/", "/ranking", "/static/js/index.js", "/static/media/font.woff2", "/_stcore/health", "/_stcore/host-config")
STREAM = "ws://house.test/_stcore/stream"
HERE = {"origin": "http://house.test"}


def arrived(client: TestClient, path: str = "/", **headers: str) -> dict[str, str]:
    """The headers the application behind the gate got."""
    return dict(client.get(path, headers=headers).json())


def connect(client: TestClient, **headers: str) -> dict[str, str]:
    """The headers a websocket got."""
    with client.websocket_connect(STREAM, headers=headers) as websocket:
        return dict(websocket.receive_json())


# --- Without a session -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", CLOSED)
@pytest.mark.parametrize("method", ["GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD"])
def test_without_a_session_nothing_is_uploaded_downloaded_or_measured(
    client: TestClient, path: str, method: str
) -> None:
    assert client.request(method, f"http://house.test{path}").status_code == 403


@pytest.mark.parametrize("path", OPEN)
def test_the_shell_of_the_page_is_open(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 200


def test_a_prefix_set_by_the_server_opens_nothing(house: House, signed_in: SignedIn) -> None:
    client = open_client(house, root_path="/dashboard")

    assert client.get("/dashboard/_stcore/metrics").status_code == 403
    assert client.get("/dashboard/media/unknown.csv", headers=signed_in.cookie).status_code == 403
    assert client.get("/dashboard/_stcore/metrics", headers=signed_in.cookie).status_code == 200
    assert client.get("/_stcore/metrics").status_code == 403


@pytest.mark.parametrize("cookie", ["kpi_session=guessed", "kpi_session=", "kpi_session=%00", "other=1", ""])
def test_a_cookie_that_opens_nothing_is_no_session(client: TestClient, cookie: str) -> None:
    assert client.get("/_stcore/metrics", headers={"cookie": cookie}).status_code == 403
    assert "x-kpi-session" not in connect(client, **HERE, cookie=cookie)


# --- Who it is -------------------------------------------------------------------------------------------------------


def test_with_a_session_everything_passes_under_its_stored_form(client: TestClient, signed_in: SignedIn) -> None:
    for path in CLOSED[:-1]:
        if path.startswith(("/_stcore/upload_file/", "/media/")):
            continue  # these are for the session they were shown to: tests/attacks
        if path in STREAMLITS_SIGN_IN:
            continue
        assert arrived(client, path, **signed_in.cookie)["x-kpi-session"] == signed_in.token_hash
    assert connect(client, **HERE, **signed_in.cookie)["x-kpi-session"] == signed_in.token_hash


@pytest.mark.parametrize("path", [*STREAMLITS_SIGN_IN, "/auth/logout", "/auth/login/", "/oauth2callback?state=x"])
def test_streamlit_s_own_sign_in_is_shut_whoever_asks(client: TestClient, signed_in: SignedIn, path: str) -> None:
    assert client.get(path).status_code == 403
    assert client.get(path, headers=signed_in.cookie).status_code == 403


@pytest.mark.parametrize("name", ["X-Kpi-Session", "x-kpi-session", "X-KPI-SESSION", "X-Kpi-Browser", "X-Kpi-Other"])
def test_what_a_client_says_about_itself_is_removed(client: TestClient, signed_in: SignedIn, name: str) -> None:
    assert name.lower() not in arrived(client, **{name: signed_in.token_hash})
    assert name.lower() not in connect(client, **HERE, **{name: signed_in.token_hash})


def test_a_forged_header_does_not_stand_beside_the_true_one(client: TestClient, signed_in: SignedIn) -> None:
    with client.websocket_connect(STREAM, headers={**HERE, **signed_in.cookie, "X-Kpi-Session": "0" * 64}) as websocket:
        names = [value for name, value in websocket.receive_json() if name == "x-kpi-session"]

    assert names == [signed_in.token_hash]


def test_the_stored_form_of_a_session_is_no_cookie(client: TestClient, signed_in: SignedIn) -> None:
    assert client.get("/_stcore/metrics", headers={"cookie": f"kpi_session={signed_in.token_hash}"}).status_code == 403


def test_a_session_that_ended_opens_nothing(client: TestClient, house: House, signed_in: SignedIn) -> None:
    with store.session(house.engine) as session:
        accounts.end_session(session, actor="test", token_hash=signed_in.token_hash)

    assert client.get("/_stcore/metrics", headers=signed_in.cookie).status_code == 403
    assert "x-kpi-session" not in connect(client, **HERE, **signed_in.cookie)


def test_a_browser_is_known_by_a_mark_it_cannot_choose_for_another(client: TestClient) -> None:
    mark = arrived(client, cookie="kpi_browser=mine")["x-kpi-browser"]

    assert mark == accounts.hash_token("mine")
    assert connect(client, **HERE, cookie="kpi_browser=mine")["x-kpi-browser"] == mark


def test_a_browser_is_marked_when_it_loads_its_first_page(client: TestClient) -> None:
    first = client.get("/page").headers["set-cookie"]
    again = client.get("/page")
    data = open_client_without_cookies(client).get("/data")

    assert first.startswith("kpi_browser=")
    assert {"HttpOnly", "Path=/", "SameSite=Lax"} <= set(first.split("; "))
    assert "set-cookie" not in again.headers
    assert "set-cookie" not in data.headers


def open_client_without_cookies(client: TestClient) -> TestClient:
    client.cookies.clear()
    return client


# --- Where it comes from ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "origin",
    ["http://elsewhere.test", "null", "http://house.test.elsewhere.test", "http://house.test:81", "house.test", ""],
)
def test_pages_of_another_origin_get_nothing_even_with_the_cookie(
    client: TestClient, signed_in: SignedIn, origin: str
) -> None:
    headers = {**signed_in.cookie, "origin": origin}

    assert client.get("/", headers=headers).status_code == 403
    assert client.put("/_stcore/upload_file/a/b", headers=headers).status_code == 403
    with pytest.raises(WebSocketDisconnect) as refused, client.websocket_connect(STREAM, headers=headers):
        pass
    assert refused.value.code == 1008


def test_a_websocket_that_does_not_say_where_it_comes_from_is_refused(client: TestClient, signed_in: SignedIn) -> None:
    with pytest.raises(WebSocketDisconnect) as refused, client.websocket_connect(STREAM, headers=signed_in.cookie):
        pass

    assert refused.value.code == 1008


def test_a_page_of_ours_passes(client: TestClient) -> None:
    assert client.get("/", headers=HERE).status_code == 200
    assert connect(client, **HERE)["origin"] == "http://house.test"


# --- How it is answered ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/page", "/media/file", "/healthz", "/session/start", "/session/end"])
def test_every_answer_carries_the_security_headers(client: TestClient, path: str) -> None:
    headers = client.get(path).headers

    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "default-src 'self'" in headers["content-security-policy"]
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert "strict-transport-security" not in headers


def test_over_tls_cookies_are_bound_to_the_host_and_the_browser_is_told_to_stay_with_tls(
    house: House, signed_in: SignedIn
) -> None:
    client = open_client(house, scheme="https")
    plain = {"cookie": f"kpi_session={signed_in.token}"}
    bound = {"cookie": f"__Host-kpi_session={signed_in.token}"}

    answer = client.get("/page")

    assert answer.headers["strict-transport-security"].startswith("max-age=31536000")
    assert answer.headers["set-cookie"].startswith("__Host-kpi_browser=")
    assert "Secure" in answer.headers["set-cookie"].split("; ")
    assert client.get("/_stcore/metrics", headers=plain).status_code == 403
    assert client.get("/_stcore/metrics", headers=bound).status_code == 200


def test_a_proxy_that_ends_tls_is_believed_when_the_settings_say_so(house: House, signed_in: SignedIn) -> None:
    behind = dataclasses.replace(house, settings=dataclasses.replace(house.settings, cookie_secure=True))
    client = open_client(behind)

    assert client.get("/page").headers["set-cookie"].startswith("__Host-kpi_browser=")
    assert client.get("/_stcore/metrics", headers=signed_in.cookie).status_code == 403


def test_while_the_store_does_not_answer_nobody_is_let_in(
    house: House, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise sa.exc.OperationalError("SELECT", {}, Exception("gone"))

    monkeypatch.setattr(accounts, "read_session", fail)
    client = open_client(house)

    assert client.get("/_stcore/metrics", headers=signed_in.cookie).status_code == 503
    with (
        pytest.raises(WebSocketDisconnect) as refused,
        client.websocket_connect(STREAM, headers={**HERE, **signed_in.cookie}),
    ):
        pass
    assert refused.value.code == 1013
