"""The address that tells somebody that single sign-on did not work."""

from __future__ import annotations

from typing import Final
from urllib.parse import parse_qs, urlencode, urlsplit

import words

REFUSED: Final = "refused"
FAILED: Final = "failed"


def refused_address(reference: str, wanted: str = "") -> str:
    """Where somebody finds out that signing in did not work: `FAILED`, or the reference of whom has no account.

    In the language of the page that was wanted.
    """
    said = {REFUSED: reference}
    spoken = parse_qs(urlsplit(wanted).query).get("lang", [""])[0]
    return f"/?{urlencode(said | ({'lang': spoken} if spoken in words.languages() else {}))}"


def without_refusal(address: str) -> str:
    """The address without what was told there."""
    parts = urlsplit(address)
    asked = {name: values for name, values in parse_qs(parts.query, keep_blank_values=True).items() if name != REFUSED}
    return parts._replace(query=urlencode(asked, doseq=True)).geturl()
