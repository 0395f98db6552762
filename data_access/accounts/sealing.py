"""Secrets of the second factor as the store keeps them: readable with APP_SECRET only, and for their own account only."""

from __future__ import annotations

import base64
import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from data_access import settings
from data_access.derived_keys import derive_key

_USE: Final = b"international agreements dashboard, second factor, 1"
_FORM: Final = "1."
_NONCE_BYTES: Final = 12


class CannotUnsealError(ValueError):
    """The secret was sealed with another APP_SECRET, for another account, or was changed in the store."""


def seal(secret: str, *, username: str) -> str:
    """The secret encrypted (AES-256-GCM) and bound to the account, so that it is of no use in another one's row."""
    nonce = os.urandom(_NONCE_BYTES)
    sealed = _cipher(settings.load().app_secret).encrypt(nonce, secret.encode(), username.encode())
    return _FORM + base64.b64encode(nonce + sealed).decode()


def unseal(sealed: str, *, username: str) -> str:
    """The secret again. Raises `CannotUnsealError`."""
    try:
        content = base64.b64decode(sealed.removeprefix(_FORM), validate=True)
        nonce, rest = content[:_NONCE_BYTES], content[_NONCE_BYTES:]
        return _cipher(settings.load().app_secret).decrypt(nonce, rest, username.encode()).decode()
    except (InvalidTag, ValueError) as error:
        raise CannotUnsealError(f"the second factor of {username!r} cannot be read with this APP_SECRET") from error


def is_lasting() -> bool:
    """Whether what is sealed now can still be read after a restart: not with the secret a demonstration makes for itself."""
    return settings.load().app_secret != settings.load({}).app_secret


def _cipher(app_secret: str) -> AESGCM:
    return AESGCM(derive_key(app_secret, use=_USE))
