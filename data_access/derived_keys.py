"""Keys made of `APP_SECRET`, each for one use: whoever learns one knows neither the secret nor another key."""

from __future__ import annotations

import functools

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


@functools.lru_cache(maxsize=8)
def derive_key(app_secret: str, *, use: bytes) -> bytes:
    """32 bytes, the same for the same secret and use (HKDF with SHA-256)."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=use).derive(app_secret.encode())
