"""Single sign-on as it is asked from outside: what opens a session, and everything that does not.

The application and an OpenID provider run on loopback; the provider answers rightly or wrongly, as it is told.
"""

from __future__ import annotations

import base64
import dataclasses
import json
import re
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
import sqlalchemy as sa
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from sqlmodel import col
from starlette.responses import HTMLResponse
from starlette.types import Receive, Scope, Send
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value

from data_access import accounts, settings, store
from data_access.accounts import subjects
from data_access.accounts.signed_values import write_signed
from data_access.store import models
from tests.serving import Served, free_port, served
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
    with served(engine, environ=environ, port=port) as started:
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


# --- Answers that do not hold ----------------------------------------------------------------------------------------


def changed(**claims: Any) -> Any:
    """A well-signed token with other claims; None takes one out."""

    def spoil(provider: Provider, right: dict[str, Any]) -> dict[str, Any]:
        made = {name: value for name, value in {**right, **claims}.items() if value is not None}
        return {"access_token": "x", "token_type": "Bearer", "id_token": provider.signed(made)}

    return spoil


def signed_by(make: Any) -> Any:
    """The right claims under another signature."""

    def spoil(provider: Provider, right: dict[str, Any]) -> dict[str, Any]:
        return {"access_token": "x", "token_type": "Bearer", "id_token": make(provider, right)}

    return spoil


def unsigned(provider: Provider, right: dict[str, Any]) -> str:
    parts = ({"alg": "none", "kid": "current"}, right)
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts) + "."


def symmetric(key: Any) -> Any:
    def make(provider: Provider, right: dict[str, Any]) -> str:
        secret = OctKey.import_key(key(provider))
        return jwt.encode({"alg": "HS256", "kid": "current"}, right, secret, algorithms=["HS256"])

    return make


def tampered(provider: Provider, right: dict[str, Any]) -> str:
    """Another person's token with the right person's claims put in."""
    header, _, signature = provider.signed({**right, "sub": "stranger"}).split(".")
    claims = base64.urlsafe_b64encode(json.dumps(right).encode()).decode().rstrip("=")
    return f"{header}.{claims}.{signature}"


LONG_AGO = 1_700_000_000
WRONG = {
    "expired": changed(exp=LONG_AGO, iat=LONG_AGO - 300),
    "without an end": changed(exp=None),
    "from the future": changed(iat=int(time.time()) + 9_000, nbf=int(time.time()) + 9_000),
    "another issuer": changed(iss="https://elsewhere.test"),
    "no issuer": changed(iss=None),
    "for another application": changed(aud="another"),
    "for another application, though asked for by this one": changed(aud="another", azp=CLIENT_ID),
    "for nobody": changed(aud=None),
    "another nonce": changed(nonce="another"),
    "no nonce": changed(nonce=None),
    "nobody": changed(sub=None),
    "an empty name": changed(sub=""),
    "a name that is a number": changed(sub=77),
    "a name of several lines": changed(sub=f"{SUB}\n"),
    "a name with a space behind": changed(sub=f"{SUB} "),
    "a name too long": changed(sub="x" * 256),
    "letters outside ASCII": changed(sub="ông A"),
    "another key": signed_by(lambda p, r: p.signed(r, RSAKey.generate_key(2048, {"kid": "current"}))),
    "a key of another name": signed_by(lambda p, r: p.signed(r, RSAKey.generate_key(2048), kid="other")),
    "unsigned": signed_by(unsigned),
    "signed with the client's secret": signed_by(symmetric(lambda _: CLIENT_SECRET)),
    "signed with the public key as a secret": signed_by(symmetric(lambda p: p.key.as_pem(private=False))),
    "tampered with": signed_by(tampered),
    "no token at all": lambda *_: {"access_token": "x", "token_type": "Bearer"},
    "no JSON web token": lambda *_: {"access_token": "x", "token_type": "Bearer", "id_token": "x.y.z"},
    "an error": lambda *_: {"error": "server_error"},
}


@pytest.mark.parametrize("what", WRONG)
def test_an_answer_that_does_not_hold_opens_nothing(known: Provider, browser: httpx.Client, what: str) -> None:
    known.spoil = WRONG[what]

    answer = come_back(browser)

    assert answer.headers["location"] == "/?refused=failed"
    assert not opened(browser, answer)


def test_a_person_who_says_no_at_the_provider_is_told(known: Provider, browser: httpx.Client) -> None:
    known.error = "access_denied"

    answer = come_back(browser)

    assert answer.headers["location"] == "/?refused=failed"
    assert not opened(browser, answer)
    known.error = ""
    assert opened(browser, come_back(browser))  # the next try, answered rightly, works


def test_while_the_provider_is_away_people_are_told_and_may_try_again(
    known: Provider, running: Served, browser: httpx.Client
) -> None:
    known.away = True
    not_begun = begin(browser, "/?lang=en")
    known.away = False
    callback = browser.get(begin(browser).headers["location"]).headers["location"]
    known.away = True
    not_ended = browser.get(callback)

    assert not_begun.headers["location"] == "/?refused=failed&lang=en"
    assert not_ended.headers["location"] == "/?refused=failed"
    assert "no way to the OpenID provider" in running.logged()
    known.away = False
    assert opened(browser, come_back(browser))


@pytest.mark.parametrize("signed_for", ["nobody", "another browser", "a sign-out"])
def test_a_sign_in_is_begun_by_a_page_of_ours_only(known: Provider, browser: httpx.Client, signed_for: str) -> None:
    """Else any site could send its readers to the provider, and from there to a page of its choice."""
    mark = accounts.hash_token(browser.cookies["kpi_browser"])
    signed = {
        "nobody": "/ranking",
        "another browser": write_signed("/", purpose="begin single sign-on", owner="x" * 64, app_secret=APP_SECRET),
        "a sign-out": write_signed("/", purpose="sign out", owner=mark, app_secret=APP_SECRET),
    }[signed_for]

    answer = browser.get(f"/auth/login?{urlencode({'next': signed})}")

    assert answer.headers["location"] == "/"
    assert "kpi_sign_in" not in browser.cookies


# --- Sign-ins begun elsewhere ----------------------------------------------------------------------------------------


def test_a_sign_in_ends_in_the_browser_that_began_it(running: Served, browser: httpx.Client) -> None:
    """Else a link could make its reader work under the name of who sent it."""
    callback = browser.get(begin(browser).headers["location"]).headers["location"]

    with httpx.Client(base_url=running.address) as victim:
        victim.get("/")
        without_anything = victim.get(callback)
        begin(victim)  # even when its reader is about to sign in
        with_another_begun = victim.get(callback)
        begin(victim)
        victim.cookies.set("kpi_sign_in", browser.cookies["kpi_sign_in"], domain="127.0.0.1", path="/")
        with_a_planted_cookie = victim.get(callback)

        for answer in (without_anything, with_another_begun, with_a_planted_cookie):
            assert answer.headers["location"] == "/?refused=failed"
            assert not opened(victim, answer)
    assert "not begun in this browser" in running.logged()


@pytest.mark.parametrize("cookie", ["kpi_browser", "kpi_sign_in"])
def test_without_any_one_of_its_cookies_a_sign_in_ends_nowhere(browser: httpx.Client, cookie: str) -> None:
    callback = browser.get(begin(browser).headers["location"]).headers["location"]
    browser.cookies.delete(cookie)

    assert not opened(browser, browser.get(callback))


def test_sign_ins_given_up_do_not_stand_in_the_way_of_one_that_is_not(browser: httpx.Client) -> None:
    for _ in range(15):
        begin(browser, "/ranking?q=" + "x" * 4_000)

    assert len(browser.cookies["kpi_sign_in"]) < 2_000
    assert opened(browser, come_back(browser))


def test_an_answer_is_good_once(browser: httpx.Client) -> None:
    begun = begin(browser)
    kept = dict(browser.cookies)
    callback = browser.get(begun.headers["location"]).headers["location"]
    first = browser.get(callback)
    again = browser.get(callback)
    browser.cookies.update(kept)  # as if the browser had forgotten nothing
    replayed = browser.get(callback)

    assert again.headers["location"] == replayed.headers["location"] == "/?refused=failed"
    assert opened(browser, first)


def test_the_ticket_of_a_sign_in_is_of_no_use_in_another_browser(running: Served, browser: httpx.Client) -> None:
    answer = come_back(browser)

    with httpx.Client(base_url=running.address) as thief:
        thief.get("/")
        assert not opened(thief, answer)


@pytest.mark.parametrize("query", ["", "?code=x", "?state=x&code=y", "?error=x", "?state=&code=", "?state=%00"])
def test_a_callback_that_nobody_began_opens_nothing(browser: httpx.Client, query: str) -> None:
    answer = browser.get(f"/oauth2callback{query}")

    assert answer.headers["location"] == "/?refused=failed"
    assert not opened(browser, answer)


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
    with served(sqlite_engine, environ={"TRUSTED_PROXIES": "127.0.0.1"}) as behind_a_proxy:
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
