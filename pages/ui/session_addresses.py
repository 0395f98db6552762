"""The addresses at which sessions begin and end. Pages send their browser there; what answers stands before the pages."""

from __future__ import annotations

from typing import Final

SIGN_IN_PATH: Final = "/session/start"
SIGN_OUT_PATH: Final = "/session/end"
SIGN_ON_PATH: Final = "/auth/login"
"""Out to the OpenID provider."""

CALLBACK_PATH: Final = "/oauth2callback"
"""Back from it; the provider knows this address."""
