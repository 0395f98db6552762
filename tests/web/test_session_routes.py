"""From ticket to cookie, and back out; readiness; starting up."""

from __future__ import annotations

import dataclasses
from typing import Any
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa
from sqlmodel import col
from streamlit.testing.v1 import AppTest

from data_access import accounts, settings, store
from data_access.accounts.signed_values import write_signed
from data_access.store.models import AuditEntry
from tests.web.conftest import SignedIn, TestClient, open_client
from web.house import House, StartUpError
from web.routes import safe_address

MARK = "the browser's own"


def ticket_for(house: House, username: str = "nga", *, mark: str = MARK) -> str:
    with store.session(house.engine) as session:
        return accounts.issue_ticket(session, username=username, browser=accounts.hash_token(mark))


def start(client: TestClient, ticket: str, *, mark: str = MARK, next: str = "/", session: str = "") -> Any:
    cookie = f'kpi_browser="{mark}"' + (f"; kpi_session={session}" if session else "")
    client.cookies.clear()
    return client.get(f"/session/start?{urlencode({'ticket': ticket, 'next': next})}", headers={"cookie": cookie})


def token_of(answer: Any) -> str | None:
    """The session token an answer sets."""
    set_cookie: str = answer.headers.get("set-cookie", "")
    return set_cookie.partition("kpi_session=")[2].partition(";")[0] or None


def is_open(client: TestClient, token: str) -> bool:
    answer = client.get("/_stcore/metrics", headers={"cookie": f"kpi_session={token}"})
    return bool(answer.status_code == 200)


# --- Signing in ------------------------------------------------------------------------------------------------------


def test_a_ticket_becomes_a_session_cookie_and_leads_back(house: House, client: TestClient) -> None:
    answer = start(client, ticket_for(house), next="/ranking?sector=EDU&lang=en")

    token = token_of(answer)
    assert (answer.status_code, answer.headers["location"]) == (303, "/ranking?sector=EDU&lang=en")
    assert answer.headers["cache-control"] == "no-store"
    assert {"HttpOnly", "Path=/", "SameSite=Lax"} <= set(answer.headers["set-cookie"].split("; "))
    assert token is not None
    assert len(token) == 43  # 256 bits
    assert is_open(client, token)


def test_a_ticket_is_good_for_one_session(house: House, client: TestClient) -> None:
    ticket = ticket_for(house)

    assert token_of(start(client, ticket)) is not None
    assert token_of(start(client, ticket)) is None


@pytest.mark.parametrize("mark", ["another browser", ""])
def test_a_ticket_is_good_in_the_browser_it_was_made_for(house: House, client: TestClient, mark: str) -> None:
    """Else somebody could make others work under his name, by sending them his own ticket."""
    assert token_of(start(client, ticket_for(house), mark=mark)) is None


@pytest.mark.parametrize("ticket", ["", "guessed", "x" * 5000, "%00", "'; DROP TABLE account; --"])
def test_a_guessed_ticket_opens_nothing_and_leads_to_the_sign_in(client: TestClient, ticket: str) -> None:
    answer = start(client, ticket)

    assert (answer.status_code, token_of(answer)) == (303, None)


def test_a_session_planted_beforehand_is_not_the_one_that_opens(house: House, client: TestClient) -> None:
    answer = start(client, ticket_for(house), session="planted")

    assert token_of(answer) not in (None, "planted")
    assert not is_open(client, "planted")


def test_signing_in_again_ends_the_session_this_browser_had(
    house: House, client: TestClient, signed_in: SignedIn
) -> None:
    token = token_of(start(client, ticket_for(house), session=signed_in.token))

    assert token is not None
    assert is_open(client, token)
    assert not is_open(client, signed_in.token)


def test_the_session_remembers_where_it_was_opened(house: House, client: TestClient) -> None:
    start(client, ticket_for(house))

    with store.session(house.engine, read_only=True) as session:
        detail = session.execute(
            sa.select(col(AuditEntry.detail)).where(col(AuditEntry.action) == "session.start")
        ).scalar_one()
    assert "testclient" in detail


@pytest.mark.parametrize(
    "address",
    [
        "//elsewhere.test",
        "///elsewhere.test",
        "/\\elsewhere.test",
        "/\t/elsewhere.test",
        "/\n/elsewhere.test",
        "/ /elsewhere.test",
        "https://elsewhere.test",
        "javascript:alert(1)",
        "elsewhere.test",
        "",
        "/session/end?key=1",
        "/./session/end?key=1",
        "/.//session/end?key=1",
        "/ranking/../session/end?key=1",
        "/%2e/session/end?key=1",
        "/%73ession/end?key=1",
        "/media/file",
        "/_stcore/metrics",
        "/\u2028",
        "/đường",
    ],
)
def test_only_pages_of_this_application_are_led_to(house: House, client: TestClient, address: str) -> None:
    assert safe_address(address) == "/"
    assert start(client, ticket_for(house), next=address).headers["location"] == "/"


@pytest.mark.parametrize(
    "address", ["/", "/ranking", "/ranking?sector=EDU&q=%C4%91%C6%B0%E1%BB%9Dng", "/agreement?id=1"]
)
def test_pages_and_filters_are_led_to_as_they_were(address: str) -> None:
    assert safe_address(address) == address


# --- Signing out -----------------------------------------------------------------------------------------------------


def end(client: TestClient, signed_in: SignedIn, key: str) -> Any:
    return client.get(
        f"/session/end?{urlencode({'key': key, 'next': '/?lang=en'})}",
        headers={"cookie": f"kpi_session={signed_in.token}"},
    )


def sign_out_key(house: House, signed_in: SignedIn) -> str:
    """As pages of this session write it."""
    return write_signed("", purpose="sign out", owner=signed_in.token_hash, app_secret=house.settings.app_secret)


def test_the_pages_own_key_signs_out(house: House, client: TestClient, signed_in: SignedIn) -> None:
    answer = end(client, signed_in, sign_out_key(house, signed_in))

    assert (answer.status_code, answer.headers["location"]) == (303, "/?lang=en")
    assert answer.headers["set-cookie"].startswith('kpi_session=""')
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert not is_open(client, signed_in.token)


def test_what_pages_left_in_the_browser_goes_at_signing_out_and_its_mark_stays(
    house: House, client: TestClient, signed_in: SignedIn
) -> None:
    answer = end(client, signed_in, sign_out_key(house, signed_in))

    assert answer.headers["clear-site-data"] == '"storage"'
    assert "clear-site-data" not in end(client, signed_in, "guessed").headers


@pytest.mark.parametrize("key", ["", "guessed", "đoán", "0" * 64])
def test_a_link_made_by_somebody_else_signs_nobody_out(client: TestClient, signed_in: SignedIn, key: str) -> None:
    answer = end(client, signed_in, key)

    assert "set-cookie" not in answer.headers
    assert is_open(client, signed_in.token)


def test_the_key_of_one_session_does_not_end_another(house: House, client: TestClient, signed_in: SignedIn) -> None:
    with store.session(house.engine) as session:
        other = SignedIn(accounts.start_session(session, username="nga"))

    end(client, signed_in, sign_out_key(house, other))

    assert is_open(client, signed_in.token)
    assert is_open(client, other.token)


# --- Readiness and starting ------------------------------------------------------------------------------------------


def test_ready_once_the_store_answers_and_has_its_tables(client: TestClient) -> None:
    answer = client.get("/healthz")

    assert (answer.status_code, answer.json()) == (200, {"ready": True})


def test_not_ready_while_the_store_has_no_tables(tmp_path: object) -> None:
    engine = store.get_engine(f"sqlite:///{tmp_path}/empty.sqlite")

    answer = open_client(House(settings.load({}), engine)).get("/healthz")

    store.close(engine)
    assert (answer.status_code, answer.json()) == (503, {"ready": False})


def production(house: House) -> House:
    return dataclasses.replace(house, settings=dataclasses.replace(house.settings, app_mode="production"))


def test_demo_mode_makes_its_accounts(house: House) -> None:
    house.prepare()

    assert accounts.find_demo_accounts(house.engine) == ["lanhdao", "quantri"]


def test_production_makes_none_and_starts(house: House) -> None:
    production(house).prepare()

    assert accounts.list_users(house.engine)["username"].to_list() == ["nga"]


def test_production_does_not_start_with_demo_accounts_and_says_what_to_do(house: House) -> None:
    house.prepare()

    with pytest.raises(StartUpError, match="user disable lanhdao"):
        production(house).prepare()


def test_production_starts_once_they_are_disabled(house: House) -> None:
    house.prepare()
    with store.session(house.engine) as session:
        for username in accounts.find_demo_accounts(house.engine):
            accounts.disable_user(session, actor="test", username=username)

    production(house).prepare()


def test_a_page_that_fails_shows_a_number_and_no_more() -> None:
    def page() -> None:
        from pages.ui import broken_page

        broken_page.show(RuntimeError("a detail for nobody's eyes"))

    shown = AppTest.from_function(page).run()

    (message,) = [error.value for error in shown.error]
    assert "mã sự cố" in message
    assert "detail" not in message
