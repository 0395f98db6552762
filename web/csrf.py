"""Against requests that pages of other sites make in a reader's name (CSRF).

Streamlit's own token for uploads is switched on in `.streamlit/config.toml`.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from data_access.accounts.signed_values import read_signed


def is_from_here(connection: HTTPConnection) -> bool:
    """Whether a page of ours makes this request. Browsers leave the origin out of plain reads, never of websockets."""
    origin = connection.headers.get("origin")
    if origin is None:
        return bool(connection.scope["type"] == "http")
    host: str = connection.headers.get("host", "").lower()
    return host != "" and urlsplit(origin).netloc.lower() == host


def is_sign_out_key(key: str, token_hash: str, *, app_secret: str) -> bool:
    """Whether `key` was written by a page of this session: nobody else can make a link that signs its reader out."""
    return read_signed(key, purpose="sign out", owner=token_hash, app_secret=app_secret) is not None
