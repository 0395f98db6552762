"""The document something rests on: number and sign, issuer, day, and where it can be read."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Final

from data_access.acting import Refused, tidy

DOCUMENT_MAX: Final = 300
"""Characters of each part of a document's name."""


@dataclasses.dataclass(frozen=True)
class Document:
    """What something rests on: number and sign, issuer, day, and where it can be read."""

    number: str = ""
    issuer: str = ""
    day: dt.date | None = None
    url: str = ""

    @property
    def is_given(self) -> bool:
        """Whether anything of it was."""
        return bool(self.number or self.issuer or self.day or self.url)


def as_kept(document: Document, *, needed: bool, now: dt.date) -> Document:
    """The document as it is kept. Raises `Refused` for one that is needed and has not all three of number, issuer and day, of a
    later day, or with a link that is none."""
    number, issuer, url = (tidy(text, DOCUMENT_MAX) for text in (document.number, document.issuer, document.url))
    if needed and not (number and issuer and document.day):
        raise Refused("document_missing")
    if document.day is not None and document.day > now:
        raise Refused("document_later")
    if url and not url.startswith(("https://", "http://")):
        raise Refused("link_invalid")
    return Document(number, issuer, document.day, url)
