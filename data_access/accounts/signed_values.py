"""Values signed with the application's secret, each for one purpose and for one browser or session.

They come back in an address or a cookie, and count as ours only there: a link that somebody else made lacks them. This
is what keeps requests from being forged (CSRF) where a page can send its browser to an address and no more.
"""

from __future__ import annotations

import hashlib
from typing import Any, Literal

from itsdangerous import BadData, URLSafeTimedSerializer

Purpose = Literal["sign out", "begin single sign-on", "single sign-on begun", "no account"]


def write_signed(value: object, *, purpose: Purpose, owner: str, app_secret: str) -> str:
    """`value`, which JSON can hold, as a text that is safe in an address. It can be read by anybody, and written by us only."""
    return str(_serializer(purpose, owner, app_secret).dumps(value))


def read_signed(text: str, *, purpose: Purpose, owner: str, app_secret: str, seconds: int | None = None) -> Any:
    """The value again; None for what was not written for this purpose and this owner, or longer than `seconds` ago."""
    try:
        return _serializer(purpose, owner, app_secret).loads(text, max_age=seconds)
    except BadData:
        return None


def _serializer(purpose: Purpose, owner: str, app_secret: str) -> URLSafeTimedSerializer:
    derived = {"key_derivation": "hmac", "digest_method": hashlib.sha256}
    return URLSafeTimedSerializer(app_secret, salt=f"{purpose}\n{owner}", signer_kwargs=derived)
