"""Single sign-on: Authlib's client finds out who somebody is, and the rest is as after a password.

`/auth/login` leads to the OpenID provider with state, nonce and PKCE; `/oauth2callback` takes the code, gets the tokens
and checks signature, issuer, audience, nonce and times. What comes of it is a ticket for the account that stands for
the person, good once, for seconds, in this browser, for `/session/start`. No token is kept.

A sign-in counts only in the browser that began it, from a page of ours: the page signs the address wanted for its
browser, and a cookie signed for the same browser holds what was begun. Otherwise somebody could have others follow a
link that ends a sign-in of his own, and work under his name.
"""

from __future__ import annotations

import hmac
import logging
import warnings
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

from anyio import to_thread
from authlib.deprecate import AuthlibDeprecationWarning
from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.routing import Route

from data_access import accounts, store
from data_access.accounts import subjects
from data_access.accounts.signed_values import read_signed, write_signed
from data_access.settings import Settings
from pages.sign_in.refusal import FAILED, refused_address
from pages.ui.session_addresses import CALLBACK_PATH, SIGN_IN_PATH, SIGN_ON_PATH
from web.house import House
from web.session_cookie import is_secure, read_cookie, write_cookie

with warnings.catch_warnings():
    # Authlib would rather use httpx's successor; it works with httpx, which other packages need anyway.
    warnings.simplefilter("ignore", AuthlibDeprecationWarning)
    from authlib.integrations.starlette_client import OAuth, StarletteOAuth2App

_CLICK_SECONDS: Final = 120
"""How long after a page was left its browser may arrive here."""

_BEGUN_SECONDS: Final = 3600
"""How long somebody may take at the provider."""

_LONGEST_ADDRESS: Final = 2_000  # a browser drops a cookie that is longer than 4,096 bytes
_log = logging.getLogger("agreements.access")


def routes(house: House) -> list[Route]:
    """Out to the provider and back; none where single sign-on is not set up."""
    if not house.settings.is_single_sign_on:
        return []
    sign_on = _SignOn(house)
    return [Route(SIGN_ON_PATH, sign_on.begin), Route(CALLBACK_PATH, sign_on.end)]


class _SignOn:
    def __init__(self, house: House) -> None:
        self._house = house
        self._settings = house.settings
        self._back = f"{house.settings.public_address}{CALLBACK_PATH}"

    async def begin(self, request: Request) -> RedirectResponse:
        """The way to the provider, with a cookie that says which sign-in this browser has begun, and for what page."""
        browser = self._browser(request)
        wanted = read_signed(
            request.query_params.get("next", ""),
            purpose="begin single sign-on",
            owner=browser,
            app_secret=self._settings.app_secret,
            seconds=_CLICK_SECONDS,
        )
        if wanted is None:
            _log.warning("single sign-on refused: not asked for by a page of this browser, from %s", _client(request))
            return self._led_to("/", request)
        try:
            begun = await _authlib(self._settings).create_authorization_url(self._back, prompt="select_account")
        except Exception as error:  # noqa: BLE001  (its HTTP client, its parsers and itself raise what they like)
            address = self._settings.oidc_metadata_url
            _log.warning("single sign-on: no way to the OpenID provider at %s: %r", address, str(error))
            return self._led_to(refused_address(FAILED, wanted), request)
        kept = {name: begun[name] for name in ("state", "nonce", "code_verifier")}
        kept["next"] = wanted if len(wanted) <= _LONGEST_ADDRESS else "/"
        signed = write_signed(kept, purpose="single sign-on begun", owner=browser, app_secret=self._settings.app_secret)
        return self._led_to(begun["url"], request, begun=signed)

    async def end(self, request: Request) -> RedirectResponse:
        """The answer to what the provider sent the browser back with."""
        browser = self._browser(request)
        begun = read_signed(
            read_cookie(self._settings, request, "sign_in") or "",
            purpose="single sign-on begun",
            owner=browser,
            app_secret=self._settings.app_secret,
            seconds=_BEGUN_SECONDS,
        )
        state = request.query_params.get("state", "")
        if begun is None or not hmac.compare_digest(state.encode(), begun["state"].encode()):
            _log.warning("single sign-on refused: not begun in this browser, from %s", _client(request))
            return self._led_to(refused_address(FAILED, begun["next"] if begun else ""), request)
        claims = await self._claims(request.query_params, begun)
        subject = subjects.subject_of(claims, issuer=self._settings.oidc_issuer)
        if subject is None:
            _log.warning("single sign-on refused: the provider's answer does not hold, from %s", _client(request))
            return self._led_to(refused_address(FAILED, begun["next"]), request)
        username, ticket = await to_thread.run_sync(self._ticket, subject, browser)
        if ticket is None:
            _log.warning("single sign-on refused: no open account for %r, from %s", subject, _client(request))
            secret = self._settings.app_secret
            reference = subjects.write_reference(subject, browser=browser, app_secret=secret)
            return self._led_to(refused_address(reference, begun["next"]), request)
        _log.info("sign-in of %r from %s by single sign-on", username, _client(request))
        onward = urlencode({"ticket": ticket, "next": begun["next"]})
        return self._led_to(f"{SIGN_IN_PATH}?{onward}", request)

    async def _claims(self, answer: Mapping[str, str], begun: Mapping[str, str]) -> Mapping[str, object]:
        """What the provider says of the person, once all of it is checked; nothing where it does not hold."""
        if "error" in answer or not answer.get("code"):
            _log.warning("single sign-on: the provider's answer: %r", answer.get("error"))
            return {}
        client = _authlib(self._settings)
        expected = {
            "iss": {"essential": True, "value": self._settings.oidc_issuer},
            "aud": {"essential": True, "value": self._settings.oidc_client_id},
        }
        try:
            token = await client.fetch_access_token(
                redirect_uri=self._back, code=answer["code"], code_verifier=begun["code_verifier"]
            )
            claims = await client.parse_id_token(token, nonce=begun["nonce"], claims_options=expected)
        except Exception as error:  # noqa: BLE001  (its HTTP client, its parsers and itself raise what they like)
            _log.warning("single sign-on: the provider's answer: %s, %r", type(error).__name__, str(error))
            return {}
        return claims or {}

    def _ticket(self, subject: str, browser: str) -> tuple[str | None, str | None]:
        username = subjects.account_for(self._house.engine, subject)
        if username is None:
            return None, None
        with store.session(self._house.engine) as session:
            return username, accounts.issue_ticket(session, username=username, browser=browser)

    def _browser(self, request: Request) -> str:
        """The mark of this browser as pages know it; of one without a mark, one that no page has."""
        mark = read_cookie(self._settings, request, "browser")
        return accounts.hash_token(mark) if mark else ""

    def _led_to(self, address: str, request: Request, *, begun: str = "") -> RedirectResponse:
        """A redirect after which the browser remembers the sign-in it has `begun`, or none."""
        answer = RedirectResponse(address, 303, {"Cache-Control": "no-store"})
        secure = is_secure(self._settings, request)
        answer.headers.append("Set-Cookie", write_cookie("sign_in", begun, secure=secure))
        return answer


def _authlib(settings: Settings) -> StarletteOAuth2App:
    """Authlib's client, anew for every step: it would keep the provider's description and keys for good.

    Nothing of a person is asked for but who it is.
    """
    return OAuth().register(
        "oidc",
        client_id=settings.oidc_client_id,
        client_secret=settings.oidc_client_secret,
        server_metadata_url=settings.oidc_metadata_url,
        client_kwargs={"scope": "openid", "code_challenge_method": "S256"},
    )


def _client(request: Request) -> str:
    return request.client.host if request.client else "unknown"
