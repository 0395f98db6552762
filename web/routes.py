"""The addresses that are ours and not Streamlit's: readiness, and where sessions begin and end."""

from __future__ import annotations

import logging
from typing import Final
from urllib.parse import unquote, urlsplit

import anyio
from anyio import to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from data_access import accounts
from pages.ui.session_addresses import SIGN_IN_PATH, SIGN_OUT_PATH
from web import former_addresses, single_sign_on
from web.csrf import is_sign_out_key
from web.gate import CLOSED
from web.house import House
from web.session_cookie import is_secure, read_cookie, write_cookie

_HEALTH_SECONDS: Final = 5
_log = logging.getLogger("agreements.access")


def routes(house: House) -> list[Route]:
    """All of them; those of single sign-on where it is set up."""

    async def healthz(_request: Request) -> Response:
        ready = False
        with anyio.move_on_after(_HEALTH_SECONDS):
            ready = await to_thread.run_sync(house.is_ready, abandon_on_cancel=True)
        return JSONResponse({"ready": ready}, 200 if ready else 503, {"Cache-Control": "no-store"})

    async def start(request: Request) -> Response:
        """The end of a sign-in. Safe as a GET: a ticket works once, for seconds, in the browser it was typed in."""
        mark = read_cookie(house.settings, request, "browser")
        token = None
        if mark:
            token = await to_thread.run_sync(
                lambda: house.exchange(
                    ticket=request.query_params.get("ticket", ""),
                    browser=accounts.hash_token(mark),
                    previous=read_cookie(house.settings, request, "session"),
                    client=_client(request),
                )
            )
        response = _redirect(request)
        if token is None:
            _log.warning("refused: a ticket unknown, late, used or another browser's, from %r", _client(request))
        else:
            response.headers.append(
                "Set-Cookie", write_cookie("session", token, secure=is_secure(house.settings, request))
            )
        return response

    async def end(request: Request) -> Response:
        """Signing out. A GET, as all a page can do is to send its browser to an address (`session.go_to`). A link made
        by somebody else does nothing: it lacks the key that only pages of this very session can write.
        """
        token = read_cookie(house.settings, request, "session")
        response = _redirect(request)
        token_hash = accounts.hash_token(token or "")
        key = request.query_params.get("key", "")
        if token and is_sign_out_key(key, token_hash, app_secret=house.settings.app_secret):
            await to_thread.run_sync(house.end, token_hash)
            response.headers["Clear-Site-Data"] = '"storage"'  # of cookies ours is removed, the browser's mark stays
            if house.provider is not None:  # else the next person at this machine is signed in by a click
                elsewhere = await to_thread.run_sync(house.provider.sign_out_address)
                response.headers["Location"] = elsewhere or response.headers["Location"]
            response.headers.append(
                "Set-Cookie", write_cookie("session", "", secure=is_secure(house.settings, request))
            )
        return response

    return [
        Route("/healthz", healthz),
        Route(SIGN_IN_PATH, start),
        Route(SIGN_OUT_PATH, end),
        *former_addresses.routes(),
        *single_sign_on.routes(house),
    ]


def safe_address(address: str) -> str:
    """`address` when it is a page of this application, else its first page.

    Browsers drop tabs and line breaks and read a backslash as a slash, so that "/\\t/elsewhere" would lead elsewhere.
    """
    plain = address.isascii() and address.isprintable() and "\\" not in address and " " not in address
    if not plain or not address.startswith("/") or address.startswith("//"):
        return "/"
    parts = unquote(urlsplit(address).path).split("/")
    if not {".", ".."}.isdisjoint(parts):  # which a browser resolves, and then asks for something else
        return "/"
    first = next(filter(None, parts), "")
    return "/" if first in CLOSED or first == "session" else address


def _redirect(request: Request) -> RedirectResponse:
    address = safe_address(request.query_params.get("next", "/"))
    return RedirectResponse(address, 303, {"Cache-Control": "no-store"})


def _client(request: Request) -> str:
    """Where a request comes from, for a person who reads the list of their sessions."""
    address = request.client.host if request.client else "unknown"
    agent = "".join(sign for sign in request.headers.get("user-agent", "")[:160] if sign.isprintable())
    return f"{address} {agent}".strip()
