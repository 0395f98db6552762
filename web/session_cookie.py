"""The cookies by which a browser is known: `session`, `browser` and, while single sign-on is under way, `sign_in`."""

from __future__ import annotations

from http.cookies import SimpleCookie
from typing import Any, Final

from starlette.requests import HTTPConnection

from data_access.settings import Settings

_MARK_SECONDS: Final = 400 * 24 * 60 * 60  # as long as browsers keep a cookie


def is_secure(settings: Settings, connection: HTTPConnection) -> bool:
    """Whether the browser came over TLS, or the settings say that it did (TLS ends at a proxy in front of us)."""
    return settings.cookie_secure or connection.url.scheme in ("https", "wss")


def cookie_name(kind: str, *, secure: bool) -> str:
    """Browsers take a `__Host-` cookie only over TLS and from this very host."""
    return f"__Host-kpi_{kind}" if secure else f"kpi_{kind}"


def read_cookie(settings: Settings, connection: HTTPConnection, kind: str) -> str | None:
    """The value of our cookie of this kind."""
    return connection.cookies.get(cookie_name(kind, secure=is_secure(settings, connection)))


def write_cookie(kind: str, value: str, *, secure: bool) -> str:
    """A `Set-Cookie` header. Without a value the cookie is removed; with one it lasts until the browser is closed.

    The mark of a browser lasts: by it an account's owner is let in whatever others try (`accounts.rate_limits`).
    """
    cookie: SimpleCookie = SimpleCookie()
    name = cookie_name(kind, secure=secure)
    cookie[name] = value
    settled: dict[str, Any] = {"path": "/", "httponly": True, "secure": secure, "samesite": "Lax"}
    cookie[name].update(settled)
    if not value:
        cookie[name]["max-age"] = 0
    elif kind == "browser":
        cookie[name]["max-age"] = _MARK_SECONDS
    return cookie[name].OutputString()
