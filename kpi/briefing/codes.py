"""The short code of a sentence or figure: what it says, of whom, of which day; and the mark of the rows behind it.

`Q-STALLED-BXD-260114` is what the quarterly briefing says of the stalled agreements of BXD on 14 January 2026; with `-K260201` at
its end, as it was known on 1 February. What is said of everybody has `ALL` for a subject.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from typing import Final, Self

EVERYBODY: Final = "ALL"
"""Stands in a code where something is said of all agencies."""

_WRITTEN: Final = re.compile(
    r"(?P<preset>[A-Z])(?P<of>\.[A-Z0-9_.]+)?-(?P<topic>[A-Z][A-Z0-9]*)-(?P<subject>[A-Z0-9_.]+)-(?P<as_of>\d{6})(?:-K(?P<known_on>\d{6}))?"
)
_DAY: Final = "%y%m%d"


@dataclasses.dataclass(frozen=True, order=True)
class Code:
    """What a sentence or figure says, taken apart.

    `preset` is the letter of the briefing, `of` whom that is about where it is about one (an agency, a partner), `topic` what is
    told, `subject` of whom; ValueError where it could not be read back.
    """

    preset: str
    topic: str
    subject: str
    as_of: dt.date
    known_on: dt.date | None = None
    of: str = ""

    def __post_init__(self) -> None:
        if not _WRITTEN.fullmatch(str(self)):
            raise ValueError(f"{str(self)!r} is no code of a sentence: {_WRITTEN.pattern}")

    def __str__(self) -> str:
        about = f"{self.preset}.{self.of}" if self.of else self.preset
        known = f"-K{self.known_on:{_DAY}}" if self.known_on else ""
        return f"{about}-{self.topic}-{self.subject}-{self.as_of:{_DAY}}{known}"

    @classmethod
    def read(cls, text: str) -> Self:
        """A code as somebody typed it; ValueError where it is none."""
        found = _WRITTEN.fullmatch(text.strip().upper())
        if found is None:
            raise ValueError(f"{text!r} is no code of a sentence, such as Q-STALLED-BXD-260114")
        known = found["known_on"]
        return cls(
            found["preset"],
            found["topic"],
            found["subject"],
            _day(found["as_of"]),
            _day(known) if known else None,
            (found["of"] or "").removeprefix("."),
        )


def _day(written: str) -> dt.date:
    return dt.datetime.strptime(written, _DAY).replace(tzinfo=dt.UTC).date()
