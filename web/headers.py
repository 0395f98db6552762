"""Headers: those that go with every answer, and those by which the gate tells the pages who asks."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import Message, Send

from pages.ui.streamlit_internals import late_scripts
from web.session_cookie import write_cookie

SESSION_HEADER: Final = "X-Kpi-Session"
BROWSER_HEADER: Final = "X-Kpi-Browser"
_OUR_HEADERS: Final = b"x-kpi-"
# Streamlit would take a browser that has such a cookie for the person named in it, whatever the session table says.
_IDENTITY_COOKIES: Final = b"_streamlit_user"

# Images and connections from here only: text that people typed cannot make a browser call elsewhere. Vega compiles
# its expressions, hence eval; Streamlit writes its styles into the page, hence inline styles; the one inline script
# of its shell is known by its hash.
_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self' 'unsafe-eval' 'sha256-THxz9J9+wf7rhwR2YkXJoSZ13UCmYyC+3lNDv2+8ugA='; "
        "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:; "
        "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_LATER: Final = ", ".join(f"<{address}>; rel=modulepreload" for address in late_scripts())
_STATED: Final = b'<html lang="%s"'
"""How Streamlit's shell names its language; it always says English."""

_HSTS: Final = "max-age=31536000; includeSubDomains"


class SafeAnswer:
    """Sends a response with our security headers, tells a browser that loads a page what it will need besides, and marks one that
    loads its first.

    The page's shell names the `language` it is read in, for those who have it read out. What needs a session is not `kept` by
    browsers: a file fetched is not found again by whoever comes to the machine next.
    """

    def __init__(self, send: Send, *, secure: bool, marked: bool, kept: bool, language: str) -> None:
        self._send = send
        self._language = _STATED % language.encode()
        self._is_shell = False
        self._secure = secure
        self._marked = marked
        self._kept = kept
        self.has_begun = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.has_begun = True
            message.setdefault("headers", [])
            headers = MutableHeaders(scope=message)
            headers.update(_HEADERS)
            if not self._kept:
                headers["Cache-Control"] = "no-store"
            if self._secure:
                headers["Strict-Transport-Security"] = _HSTS
                message["headers"] = [_over_tls_only(name, value) for name, value in message["headers"]]
                headers = MutableHeaders(scope=message)
            is_shell = headers.get("content-type", "").startswith("text/html")
            if is_shell:
                headers["Link"] = _LATER
            self._is_shell = is_shell and message["status"] == 200 and "content-encoding" not in headers
            if self._is_shell and "content-length" in headers:
                longer = len(self._language) - len(_STATED % b"en")
                headers["content-length"] = str(int(headers["content-length"]) + longer)
            if is_shell and not self._marked:
                headers.append("Set-Cookie", write_cookie("browser", secrets.token_urlsafe(32), secure=self._secure))
        elif self._is_shell and message.get("body"):
            # The element stands near the start; it comes in the first part.
            message = {**message, "body": message["body"].replace(_STATED % b"en", self._language, 1)}
            self._is_shell = False
        await self._send(message)


def uncompressed(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Headers of a request for a page: its shell of 8 KB is sent as it is, so that its language can be written into it."""
    return [(name, value) for name, value in headers if name.lower() != b"accept-encoding"]


def without_identities(headers: Iterable[tuple[bytes, bytes]]) -> Iterator[tuple[bytes, bytes]]:
    """Headers without those by which we name a session, and without cookies by which Streamlit would name a person."""
    for name, value in headers:
        if name.lower() == b"cookie":
            kept = [part for part in value.split(b";") if not part.strip().startswith(_IDENTITY_COOKIES)]
            yield name, b";".join(kept)
        elif not name.lower().startswith(_OUR_HEADERS):
            yield name, value


def _over_tls_only(name: bytes, value: bytes) -> tuple[bytes, bytes]:
    """Streamlit's own cookies do not ask for it."""
    if name.lower() != b"set-cookie" or b"; secure" in value.lower():
        return name, value
    return name, value + b"; Secure"
