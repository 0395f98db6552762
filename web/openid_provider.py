"""What the OpenID provider says about itself, and whether it is the one the settings name."""

from __future__ import annotations

import logging
import time
from typing import Any, Final

import httpx
from authlib.common.urls import add_params_to_uri

from data_access.settings import Settings

_METADATA_SECONDS: Final = 3600
_PATIENCE: Final = 5
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
        asked = {
            "client_id": self._settings.oidc_client_id,
            "post_logout_redirect_uri": f"{self._settings.public_address}/",
        }
        return str(add_params_to_uri(address, asked))


def _is_loose(address: object) -> bool:
    return isinstance(address, str) and address.startswith("http://")
