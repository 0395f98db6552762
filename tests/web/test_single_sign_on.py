"""Single sign-on as it is asked from outside: what opens a session, and everything that does not.

The application and an OpenID provider run on loopback; the provider answers rightly or wrongly, as it is told.
"""

from __future__ import annotations

import base64
import dataclasses
import json
import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
import sqlalchemy as sa
from sqlmodel import col
from starlette.responses import HTMLResponse
from starlette.types import Receive, Scope, Send
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value

from data_access import accounts, settings, store
from data_access.accounts import subjects
from data_access.accounts.signed_values import write_signed
from data_access.store import models
from tests.serving import Served, free_port, served, with_demo_accounts
from tests.web.conftest import SignedIn, TestClient, open_client
from tests.web.openid_provider import CLIENT_ID, CLIENT_SECRET, Provider, running_provider
from web.gate import Gate
from web.house import House
from web.openid_provider import Provider as KnownProvider
from web.openid_provider import ProviderError

APP_SECRET = "Zk3vQ8wLr5TnXy7BdHs2JmFc9PgAu4EO"
COOKIE_SECRET = accounts.hash_token(f"streamlit\n{APP_SECRET}")
SUB = "8f2c"
IN_OIDC = {
    "AUTH_MODE": "oidc",
    "PUBLIC_ADDRESS": "https://dashboard.test",
    "OIDC_ISSUER": "https://sso.test/realm",
    "OIDC_CLIENT_ID": CLIENT_ID,
    "OIDC_CLIENT_SECRET": CLIENT_SECRET,
}


@pytest.fixture(scope="module")
def known() -> Iterator[Provider]:
    with running_provider() as provider:
        yield provider


@pytest.fixture(scope="module")
def running(known: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The application in front of that provider; `lanhdao` is the provider's 8f2c, and `quantri` its 77 but closed."""
    engine = store.get_engine(f"sqlite:///{tmp_path_factory.mktemp('oidc') / 'store.sqlite'}")
    store.migrate(engine)
    port = free_port()
    environ = {
        "AUTH_MODE": "oidc",
        "PORT": str(port),
        "PUBLIC_ADDRESS": f"http://127.0.0.1:{port}",
        "OIDC_ISSUER": known.address,
        "OIDC_CLIENT_ID": CLIENT_ID,
        "OIDC_CLIENT_SECRET": CLIENT_SECRET,
        "APP_SECRET": APP_SECRET,
    }
    with served(with_demo_accounts(engine), environ=environ, port=port) as started:
        with store.session(engine) as session:
            for username, sub, active in (("lanhdao", SUB, True), ("quantri", "77", False)):
                session.execute(
                    sa.update(models.User)
                    .where(col(models.User.username) == username)
                    .values(subject=f"{known.address}#{sub}", active=active)
                )
        yield started
    store.close(engine)


@pytest.fixture(autouse=True)
def by_the_book(request: pytest.FixtureRequest) -> None:
    if "known" in request.fixturenames:
        provider = request.getfixturevalue("known")
        provider.sub, provider.spoil, provider.error, provider.away = SUB, None, "", False


@pytest.fixture
def browser(running: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=running.address) as client:
        client.get("/")  # which marks it
        yield client


def begin(browser: httpx.Client, next: str = "/") -> httpx.Response:
    """As the button of the sign-in screen does it."""
    mark = accounts.hash_token(browser.cookies["kpi_browser"])
    signed = write_signed(next, purpose="begin single sign-on", owner=mark, app_secret=APP_SECRET)
    return browser.get(f"/auth/login?{urlencode({'next': signed})}")


def come_back(browser: httpx.Client, next: str = "/") -> httpx.Response:
    """Out to the provider and back; the answer to the callback."""
    answer = browser.get(begin(browser, next).headers["location"])  # the provider's
    return browser.get(answer.headers["location"])


def opened(browser: httpx.Client, answer: httpx.Response) -> bool:
    """Whether this answer leads to a session."""
    assert not [line for line in answer.headers.get_list("set-cookie") if "_streamlit_user" in line]
    if answer.headers["location"].startswith("/session/start"):
        browser.get(answer.headers["location"])
    return browser.get("/_stcore/metrics").status_code == 200


# --- By the book -----------------------------------------------------------------------------------------------------


def test_the_subject_of_an_account_opens_a_session_of_that_account(
    known: Provider, running: Served, browser: httpx.Client
) -> None:
    answer = come_back(browser, "/ranking?sector=EDU&lang=en")

    assert opened(browser, answer)
    onward = parse_qs(urlsplit(answer.headers["location"]).query)
    assert onward["next"] == ["/ranking?sector=EDU&lang=en"]
    token_hash = accounts.hash_token(browser.cookies["kpi_session"])
    person = accounts.read_session(running.engine, token_hash)
    assert person is not None
    assert (person.username, person.role) == ("lanhdao", "leader")
    assert "sign-in of 'lanhdao' from 127.0.0.1 by single sign-on" in running.logged()


def test_it_asks_for_no_more_than_who_it_is_with_state_nonce_and_pkce(known: Provider, browser: httpx.Client) -> None:
    come_back(browser)

    assert known.asked["scope"] == "openid"
    assert known.asked["response_type"] == "code"
    assert known.asked["code_challenge_method"] == "S256"
    assert len(known.asked["code_challenge"]) == 43
    assert len(known.asked["state"]) >= 20
    assert len(known.asked["nonce"]) >= 20


def test_no_address_of_elsewhere_is_led_to(browser: httpx.Client) -> None:
    answer = come_back(browser, "https://elsewhere.test/")

    assert browser.get(answer.headers["location"]).headers["location"] == "/"


def test_signing_out_ends_our_session_and_leads_to_the_end_of_the_providers(
    known: Provider, running: Served, browser: httpx.Client
) -> None:
    assert opened(browser, come_back(browser))
    token = browser.cookies["kpi_session"]
    key = write_signed("", purpose="sign out", owner=accounts.hash_token(token), app_secret=APP_SECRET)

    answer = browser.get(f"/session/end?{urlencode({'key': key, 'next': '/'})}")

    led = urlsplit(answer.headers["location"])
    assert f"{led.scheme}://{led.netloc}{led.path}" == f"{known.address}/end"
    assert parse_qs(led.query)["post_logout_redirect_uri"] == [f"{running.address}/"]
    assert accounts.read_session(running.engine, accounts.hash_token(token)) is None


def test_somebody_elses_link_signs_nobody_out_there_either(browser: httpx.Client) -> None:
    assert opened(browser, come_back(browser))

    answer = browser.get("/session/end?key=guessed&next=/")

    assert answer.headers["location"] == "/"
    assert browser.get("/_stcore/metrics").status_code == 200


# --- Who has no account ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("sub", "what"), [("stranger", "unknown"), ("77", "closed"), (SUB.upper(), "another case")])
def test_who_has_no_open_account_gets_a_reference_and_no_session(
    known: Provider, running: Served, browser: httpx.Client, sub: str, what: str
) -> None:
    known.sub = sub

    answer = come_back(browser, "/ranking?lang=en")

    led = urlsplit(answer.headers["location"])
    asked = parse_qs(led.query)
    assert led.path == "/"
    assert asked["lang"] == ["en"]
    mark = accounts.hash_token(browser.cookies["kpi_browser"])
    read = subjects.read_reference(asked["refused"][0], browser=mark, app_secret=APP_SECRET)
    assert read == f"{known.address}#{sub}"
    assert not opened(browser, answer)
    assert f"no open account for '{known.address}#{sub}'" in running.logged()


# --- Streamlit's own cookie ------------------------------------------------------------------------------------------


def identity_cookie(running: Served, sub: str, issuer: str) -> str:
    """The cookie Streamlit would set, made with the application's own secret, for the worst case."""
    content = {"sub": sub, "iss": issuer, "is_logged_in": True, "provider": "oidc", "origin": running.address}
    return create_signed_value(COOKIE_SECRET, "_streamlit_user", json.dumps(content)).decode()


def test_an_identity_cookie_alone_opens_nothing(known: Provider, running: Served) -> None:
    cookie = identity_cookie(running, SUB, known.address)
    with httpx.Client(base_url=running.address, cookies={"_streamlit_user": cookie}) as thief:
        thief.get("/")
        for method, path in (
            ("GET", "/_stcore/metrics"),
            ("GET", f"/media/{'0' * 56}.csv"),
            ("PUT", "/_stcore/upload_file/a/b"),
            ("GET", "/auth/logout"),
        ):
            assert thief.request(method, path).status_code == 403
        for path in ("/session/start", "/oauth2callback", "/oauth2callback?state=x&code=y"):
            thief.get(path)
            assert "kpi_session" not in thief.cookies


@pytest.mark.parametrize(
    ("sent", "arrives"),
    [
        ("_streamlit_user=x", ""),
        ("a=1; _streamlit_user=x; b=2", "a=1; b=2"),
        ("_streamlit_user_tokens=x; _streamlit_user_1=y; _streamlit_session=z", " _streamlit_session=z"),
        ("_streamlit_user=x;_streamlit_user=y", ""),
        (" _streamlit_user =x", ""),
    ],
)
@pytest.mark.parametrize("mode", ["embedded", "oidc"])
def test_identity_cookies_do_not_pass_the_gate(sqlite_house: House, mode: str, sent: str, arrives: str) -> None:
    client = open_client(in_mode(sqlite_house, mode))

    assert dict(client.get("/", headers={"cookie": sent}).json())["cookie"] == arrives
    with client.websocket_connect(
        "ws://house.test/_stcore/stream", headers={"origin": "http://house.test", "cookie": sent}
    ) as websocket:
        assert dict(websocket.receive_json())["cookie"] == arrives


# --- The gate and the settings ---------------------------------------------------------------------------------------


@pytest.fixture
def sqlite_house(sqlite_engine: sa.Engine) -> House:
    return House(settings.load({}), sqlite_engine)


def in_mode(house: House, mode: str) -> House:
    return dataclasses.replace(house, settings=dataclasses.replace(house.settings, auth_mode=mode))


@pytest.mark.parametrize("mode", ["embedded", "oidc"])
def test_the_gate_opens_two_addresses_for_reading_and_only_with_single_sign_on(sqlite_house: House, mode: str) -> None:
    client = open_client(in_mode(sqlite_house, mode))
    expected = 303 if mode == "oidc" else 403

    for path in ("/auth/login", "/oauth2callback", "/auth/login?provider=x", "/oauth2callback?state=x"):
        assert client.get(path).status_code == expected
        assert client.post(path).status_code == 403
    for path in (
        "/auth/logout",
        "/auth",
        "/auth/",
        "/auth/login/",
        "/oauth2callback/",
        "http://house.test//auth/login",
        "/_stcore/metrics",
    ):
        assert client.get(path).status_code == 403


def test_over_tls_every_cookie_is_kept_to_tls(sqlite_house: House) -> None:
    """Also the ones that Streamlit sets, which do not ask for it."""

    async def streamlit(scope: Scope, receive: Receive, send: Send) -> None:
        answer = HTMLResponse("page")
        answer.set_cookie("_streamlit_session", "x")
        answer.set_cookie("other", "secure", secure=True)
        await answer(scope, receive, send)

    for scheme, expected in (("https", [1, 1, 1]), ("http", [0, 1, 0])):
        client = TestClient(Gate(streamlit, house=sqlite_house), base_url=f"{scheme}://house.test")
        cookies = client.get("/").headers.get_list("set-cookie")
        assert [cookie.count("; Secure") for cookie in cookies] == expected


def test_passwords_open_nothing_with_single_sign_on(
    sqlite_house: House, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    def checked() -> accounts.SignInCheck:
        password = "bốn từ bất kỳ nào"
        return accounts.check_password(sqlite_house.engine, username="nga", password=password, address="x")

    assert checked().username == "nga"

    for name, value in IN_OIDC.items():
        monkeypatch.setenv(name, value)

    assert checked() == accounts.SignInCheck()


@pytest.fixture
def house(sqlite_house: House) -> House:
    """With the account `nga`, for `signed_in`."""
    with store.session(sqlite_house.engine) as session:
        accounts.add_user(session, actor="test", username="nga", password="bốn từ bất kỳ nào", role="leader")
    return sqlite_house


@pytest.mark.parametrize("missing", ["PUBLIC_ADDRESS", "OIDC_ISSUER", "OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET"])
def test_all_of_it_has_to_be_set(missing: str) -> None:
    with pytest.raises(settings.SettingsError, match=f"^{missing} is missing"):
        settings.load({**IN_OIDC, missing: " "})


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("OIDC_ISSUER", "sso.test", "begins with https://"),
        ("OIDC_ISSUER", "ftp://sso.test", "begins with https://"),
        ("OIDC_ISSUER", "https://sso.test/#a", "begins with https://"),
        ("OIDC_ISSUER", "https://me:secret@sso.test", "begins with https://"),
        ("OIDC_ISSUER", "http://sso.test", "over https://"),
        ("OIDC_METADATA_URL", "http://sso.test/x", "over https://"),
        ("PUBLIC_ADDRESS", "http://dashboard.test", "over https://"),
        ("PUBLIC_ADDRESS", "https://dashboard.test/kpi", "without a path"),
        ("AUTH_MODE", "saml", "embedded, oidc"),
    ],
)
def test_addresses_that_will_not_do_are_refused_in_production(name: str, value: str, said: str) -> None:
    environ = {**IN_OIDC, "APP_MODE": "production", "APP_SECRET": APP_SECRET}
    assert settings.load(environ).is_single_sign_on

    with pytest.raises(settings.SettingsError, match=f"^{name} .*{re.escape(said)}"):
        settings.load({**environ, name: value})


def test_the_secret_of_the_client_is_not_shown_and_unused_settings_do_not_matter() -> None:
    assert CLIENT_SECRET not in repr(settings.load(IN_OIDC))
    assert settings.load({"OIDC_ISSUER": "nonsense"}).oidc_issuer == ""
    found = settings.load(IN_OIDC).oidc_metadata_url
    assert found == "https://sso.test/realm/.well-known/openid-configuration"


@pytest.mark.parametrize("value", ["*", "0.0.0.0/0", "::/0", "proxy.test", "127.0.0.1,everybody", "10.0.0.0/33"])
def test_not_everybody_is_a_proxy_to_be_trusted(value: str) -> None:
    with pytest.raises(settings.SettingsError, match=r"^TRUSTED_PROXIES"):
        settings.load({"TRUSTED_PROXIES": value})


def test_proxies_are_named_by_address_or_network() -> None:
    assert settings.load({"TRUSTED_PROXIES": "127.0.0.1, 10.0.0.0/28"}).trusted_proxies == ("127.0.0.1", "10.0.0.0/28")


def test_a_provider_that_is_another_is_refused_at_the_start_and_one_that_is_away_is_waited_for(known: Provider) -> None:
    right = settings.load({**IN_OIDC, "OIDC_ISSUER": known.address})
    KnownProvider(right).check()

    with pytest.raises(ProviderError, match=r"OIDC_ISSUER is 'https://sso\.test/realm'"):
        KnownProvider(dataclasses.replace(right, oidc_issuer="https://sso.test/realm")).check()
    with pytest.raises(ProviderError, match="addresses without TLS: authorization_endpoint"):
        KnownProvider(dataclasses.replace(right, app_mode="production")).check()
    away = dataclasses.replace(right, oidc_metadata_url=f"http://127.0.0.1:{free_port()}/")
    KnownProvider(away).check()
    assert KnownProvider(away).sign_out_address() is None


def test_an_address_claimed_by_a_client_is_believed_from_a_trusted_proxy_only(
    running: Served, sqlite_engine: sa.Engine
) -> None:
    """Sign-in tries are counted per address: nobody may choose his."""

    def tries_as(started: Served, claimed: str) -> str:
        httpx.get(f"{started.address}/session/start?ticket=x", headers={"X-Forwarded-For": claimed, "User-Agent": "a"})
        return started.logged().rpartition("another browser's, from '")[2].partition(" a'")[0]

    assert tries_as(running, "203.0.113.9") == "127.0.0.1"
    proxied = {"TRUSTED_PROXIES": "127.0.0.1"}
    with served(with_demo_accounts(sqlite_engine), environ=proxied) as behind_a_proxy:
        assert tries_as(behind_a_proxy, "198.51.100.7") == "198.51.100.7"
        assert tries_as(behind_a_proxy, "203.0.113.9, 198.51.100.8") == "198.51.100.8"


# --- Subjects and references -----------------------------------------------------------------------------------------


def test_a_subject_is_the_issuer_and_its_name_and_nothing_that_changes_hands() -> None:
    claims = {"iss": "https://sso.test", "sub": SUB, "email": "a@b.test"}

    assert subjects.subject_of(claims, issuer="https://sso.test") == "https://sso.test#8f2c"
    assert subjects.subject_of(claims, issuer="https://sso.test/") is None
    assert subjects.subject_of({"iss": "https://sso.test", "email": "a@b.test"}, issuer="https://sso.test") is None


def test_a_reference_is_read_in_the_browser_it_was_written_for() -> None:
    written = subjects.write_reference("https://sso.test#8f2c", browser="mine", app_secret=APP_SECRET)
    encoded, _, proof = written.partition(".")
    other = base64.urlsafe_b64encode(b"https://sso.test#attacker").decode().rstrip("=")

    assert subjects.read_reference(written, browser="mine", app_secret=APP_SECRET) == "https://sso.test#8f2c"
    assert subjects.read_reference(written, browser="another", app_secret=APP_SECRET) is None
    assert subjects.read_reference(written, browser="mine", app_secret="another") is None
    for forged in (f"{other}.{proof}", encoded, f"{encoded}.", "", ".", "%", "đ.x", f"{encoded}.đ", "failed"):
        assert subjects.read_reference(forged, browser="mine", app_secret=APP_SECRET) is None
