"""Single sign-on: answers that do not hold, and sign-ins begun elsewhere."""

from __future__ import annotations

import base64
import json
import time
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from data_access import accounts
from data_access.accounts.signed_values import write_signed
from tests.serving import Served
from tests.web.openid_provider import CLIENT_ID, CLIENT_SECRET, Provider
from tests.web.test_single_sign_on import (
    APP_SECRET,
    SUB,
    begin,
    browser,
    by_the_book,
    come_back,
    known,
    opened,
    running,
)

__all__ = ["browser", "by_the_book", "known", "running"]  # fixtures, which pytest finds by their names here


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
