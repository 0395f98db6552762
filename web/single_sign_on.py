"""Single sign-on at the door: Streamlit's `st.login` finds out who somebody is, and the rest is as after a password.

Streamlit's own two routes talk to the OpenID provider: `/auth/login` leads there with state, nonce and, where the
provider knows it, PKCE; `/oauth2callback` takes the code, gets the tokens and checks signature, issuer, audience,
nonce and times. It then leaves a signed cookie by which the browser is that person for 30 days, whatever becomes of
the account. That cookie never gets out of here: `SignOn` reads the answer, and in its place comes a ticket for the
account that stands for the person, good once, for seconds, in this browser, for `/session/start`. The gate drops such
cookies from what browsers send.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import time
from http.cookies import SimpleCookie
from typing import Any, Final, Protocol
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import sqlalchemy as sa
from anyio import to_thread
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.auth_util import build_logout_url, get_cookie_with_chunks
from streamlit.web.server.starlette.starlette_app_utils import decode_signed_value
from streamlit.web.server.starlette.starlette_server_config import SESSION_COOKIE_NAME, USER_COOKIE_NAME

from data_access import accounts, store
from data_access.accounts import subjects
from data_access.settings import Settings
from pages.sign_in import single_sign_on as screen
from pages.ui import session as page_session
from web.gate import SIGN_ON_PATHS, Keeper, is_secure, read_cookie, write_cookie

LOGIN_PATH, CALLBACK_PATH = SIGN_ON_PATHS
_METADATA_SECONDS: Final = 3600
_PATIENCE: Final = 5
_LONGEST_ADDRESS: Final = 2_000  # a browser drops a cookie that is longer than 4,096 bytes
_log = logging.getLogger("agreements.access")


class ProviderError(RuntimeError):
    """The OpenID provider is not the one the settings name; the message says what to do."""


class Provider:
    """What the OpenID provider says about itself. Methods block: call them in a thread."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._known: dict[str, Any] = {}
        self._until = 0.0

    def metadata(self) -> dict[str, Any]:
        """Its description, at most an hour old. Raises `httpx.HTTPError` or `ValueError` where it cannot be had."""
        if time.monotonic() > self._until:
            answer = httpx.get(self._settings.oidc_metadata_url, timeout=_PATIENCE).raise_for_status()
            found = answer.json()
            if not isinstance(found, dict):
                raise ValueError("the provider's description is no JSON object")
            self._known, self._until = found, time.monotonic() + _METADATA_SECONDS
        return self._known

    def check(self) -> None:
        """Whether this is the provider the settings name. One that is not there just now is waited for, with a warning.

        Raises `ProviderError` where it is another one, or speaks of addresses without TLS in production.
        """
        try:
            found = self.metadata()
        except (httpx.HTTPError, ValueError) as error:
            _log.warning("the OpenID provider does not answer at %s: %s", self._settings.oidc_metadata_url, error)
            return
        if found.get("issuer") != self._settings.oidc_issuer:
            raise ProviderError(
                f"OIDC_ISSUER is {self._settings.oidc_issuer!r}, and the provider calls itself {found.get('issuer')!r}. "
                "Write it exactly as the provider does."
            )
        loose = [name for name, value in found.items() if name.endswith(("_endpoint", "_uri")) and _is_loose(value)]
        if self._settings.is_production and loose:
            raise ProviderError(f"The OpenID provider names addresses without TLS: {', '.join(sorted(loose))}.")

    def sign_out_address(self) -> str | None:
        """Where the browser is sent to end its session with the provider; None where that cannot be found out."""
        try:
            address = self.metadata().get("end_session_endpoint")
        except (httpx.HTTPError, ValueError) as error:
            _log.warning("signing out at the OpenID provider is not possible: %s", error)
            return None
        if not isinstance(address, str):
            return None
        back = f"{self._settings.public_address}/"
        return build_logout_url(address, self._settings.oidc_client_id, back)


def secrets_for(settings: Settings, cookie_secret: str) -> dict[str, Any]:
    """What `st.login` reads from a secrets file otherwise. Nothing of a person is asked for but who it is."""
    return {
        "auth": {
            "redirect_uri": f"{settings.public_address}{CALLBACK_PATH}",
            "cookie_secret": cookie_secret,
            screen.PROVIDER: {
                "client_id": settings.oidc_client_id,
                "client_secret": settings.oidc_client_secret,
                "server_metadata_url": settings.oidc_metadata_url,
                "client_kwargs": {"scope": "openid"},
            },
        }
    }


class Host(Keeper, Protocol):
    """What single sign-on needs to know of the house."""

    @property
    def engine(self) -> sa.Engine: ...


class SignOn:
    """Around Streamlit's two routes: remembers where somebody wanted to go, and turns the answer into a ticket.

    A sign-in counts only in the browser that began it: Streamlit compares the state with what its session cookie holds,
    and here it is compared with a cookie of ours as well, which over TLS no other host of the domain can set. Otherwise
    somebody could have others follow a link that ends a sign-in of his own, and work under his name.
    """

    def __init__(self, app: ASGIApp, *, house: Host, cookie_secret: str) -> None:
        self._app = app
        self._house = house
        self._settings = house.settings
        self._cookie_secret = cookie_secret

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] not in SIGN_ON_PATHS:
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        answer = await (self._begun(request, receive) if scope["path"] == LOGIN_PATH else self._ended(request, receive))
        await answer(scope, receive, send)

    # --- Out ---------------------------------------------------------------------------------------------------------

    async def _begun(self, request: Request, receive: Receive) -> RedirectResponse:
        """The way to the provider, with a cookie that says which sign-in this browser has begun, and for what page."""
        said = await _said(self._app, _begun_anew(request.scope), receive)
        wanted = request.query_params.get("next", "/")
        if said.location is None:
            _log.warning("single sign-on: no way to the OpenID provider at %s", self._settings.oidc_metadata_url)
            return self._led_to(screen.refused_address(screen.FAILED, wanted), request)
        state = parse_qs(urlsplit(said.location).query).get("state", [""])[0]
        begun = urlencode({"state": state, "next": wanted if len(wanted) <= _LONGEST_ADDRESS else "/"})
        return self._led_to(said.location, request, said.kept(), begun=begun if state else "")

    # --- And back ----------------------------------------------------------------------------------------------------

    async def _ended(self, request: Request, receive: Receive) -> RedirectResponse:
        """The answer to what the provider sent the browser back with."""
        begun = parse_qs(self._cookie(request, "sign_in") or "")
        state = request.query_params.get("state", "")
        mark = self._cookie(request, "browser")
        client = request.client.host if request.client else "unknown"
        if not state or begun.get("state") != [state] or "next" not in begun or not mark:
            _log.warning("single sign-on refused: not begun in this browser, from %s", client)
            return self._led_to(screen.refused_address(screen.FAILED, begun.get("next", [""])[0]), request)
        said = await _said(self._app, request.scope, receive)
        kept = said.kept()
        subject = subjects.subject_of(self._claims(said.cookies()), issuer=self._settings.oidc_issuer)
        if subject is None:
            _log.warning("single sign-on refused: the provider's answer does not hold, from %s", client)
            return self._led_to(screen.refused_address(screen.FAILED, begun["next"][0]), request, kept)
        browser = accounts.hash_token(mark)
        username, ticket = await to_thread.run_sync(self._ticket, subject, browser)
        if ticket is None:
            _log.warning("single sign-on refused: no open account for %r, from %s", subject, client)
            secret = self._settings.app_secret
            reference = subjects.write_reference(subject, browser=browser, app_secret=secret)
            return self._led_to(screen.refused_address(reference, begun["next"][0]), request, kept)
        _log.info("sign-in of %r from %s by single sign-on", username, client)
        onward = urlencode({"ticket": ticket, "next": begun["next"][0]})
        return self._led_to(f"{page_session.SIGN_IN_PATH}?{onward}", request, kept)

    def _claims(self, cookies: dict[str, str]) -> dict[str, object]:
        """What Streamlit found to be true of the person, from the cookie it meant for the browser."""

        def content(name: str) -> bytes | None:
            value = cookies.get(name)
            return None if value is None else decode_signed_value(self._cookie_secret, name, value.encode("latin-1"))

        text = get_cookie_with_chunks(content, USER_COOKIE_NAME)
        claims = json.loads(text) if text else {}
        return claims if isinstance(claims, dict) and claims.get("provider") == screen.PROVIDER else {}

    def _ticket(self, subject: str, browser: str) -> tuple[str | None, str | None]:
        username = subjects.account_for(self._house.engine, subject)
        if username is None:
            return None, None
        with store.session(self._house.engine) as session:
            return username, accounts.issue_ticket(session, username=username, browser=browser)

    def _led_to(
        self, address: str, request: Request, cookies: tuple[str, ...] = (), *, begun: str = ""
    ) -> RedirectResponse:
        """A redirect after which the browser remembers the sign-in it has `begun`, or none."""
        answer = RedirectResponse(address, 303, {"Cache-Control": "no-store"})
        for cookie in (*cookies, write_cookie("sign_in", begun, secure=self._is_secure(request))):
            answer.headers.append("Set-Cookie", cookie)
        return answer

    def _is_secure(self, request: Request) -> bool:
        return is_secure(self._house, request)

    def _cookie(self, request: Request, kind: str) -> str | None:
        return read_cookie(self._house, request, kind)


def _begun_anew(scope: Scope) -> Scope:
    """The request without what Streamlit kept of sign-ins begun before, which would add up to a cookie no browser takes."""
    headers = []
    for name, value in scope["headers"]:
        parts = value.split(b";") if name.lower() == b"cookie" else ()
        kept = [part for part in parts if not part.strip().startswith(SESSION_COOKIE_NAME.encode())]
        headers.append((name, b";".join(kept) if parts else value))
    return {**scope, "headers": headers}


@dataclasses.dataclass(frozen=True)
class _Said:
    """What Streamlit answered, to nobody: where it leads (None: nowhere) and its `Set-Cookie` headers."""

    location: str | None
    set_cookies: tuple[str, ...]

    def kept(self) -> tuple[str, ...]:
        """The headers without those of an identity."""
        return tuple(line for line in self.set_cookies if not line.startswith(USER_COOKIE_NAME))

    def cookies(self) -> dict[str, str]:
        """Names and values of all of them."""
        found: SimpleCookie = SimpleCookie()
        for line in self.set_cookies:
            found.load(line)
        return {name: morsel.value for name, morsel in found.items()}


async def _said(app: ASGIApp, scope: Scope, receive: Receive) -> _Said:
    headers = MutableHeaders()

    async def note(message: Message) -> None:
        nonlocal headers
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)

    await app(scope, receive, note)
    return _Said(headers.get("location"), tuple(headers.getlist("set-cookie")))


def _is_loose(address: object) -> bool:
    return isinstance(address, str) and address.startswith("http://")
