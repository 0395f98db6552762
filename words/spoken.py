"""Which languages there are, and which one is spoken.

A language is a folder of catalogs, called by its code: `words/locale/<code>/<room>.po`. Whoever talks to a reader says how to
find out which one that reader speaks (`spoken_by`); inside `in_language` it is the one named there.
"""

from __future__ import annotations

import contextlib
import contextvars
import functools
import pathlib
from collections.abc import Callable, Iterator
from typing import Final

from babel import Locale

from words.own import own

DEFAULT_LANGUAGE: Final = "vi"
SECOND_LANGUAGE: Final = "en"
"""What is read where the reader's own language lacks a word or a name."""

_folder = pathlib.Path(__file__).parent / "locale"
_spoken: contextvars.ContextVar[str | None] = contextvars.ContextVar("spoken", default=None)


def _nobody() -> str | None:
    return None


_ask_reader: Callable[[], str | None] = _nobody


def folder() -> pathlib.Path:
    """Where the catalogs are."""
    return _folder


def read_from(place: pathlib.Path) -> None:
    """From now on in this process the languages are the folders in `place`."""
    global _folder
    _folder = place


def languages() -> tuple[str, ...]:
    """The codes of all languages: the default one, the second one, the others by code."""
    return _languages(_folder)


@functools.cache
def _languages(place: pathlib.Path) -> tuple[str, ...]:
    found = {path.parent.name for path in place.glob("*/*.po")}
    return tuple(sorted(found, key=lambda code: (code != DEFAULT_LANGUAGE, code != SECOND_LANGUAGE, code)))


def language() -> str:
    """The reader's language: what `in_language` says, else what the reader answers, else the first one."""
    spoken = _spoken.get() or _ask_reader()
    return spoken if spoken in languages() else first_language()


def first_language() -> str:
    """The language of readers who have chosen none: the register's own, or the default one."""
    said = own()
    return DEFAULT_LANGUAGE if said is None or said.first not in languages() else said.first


def spoken_by(ask: Callable[[], str | None]) -> None:
    """From now on in this process `ask` says which language the reader speaks; None for nobody in particular."""
    global _ask_reader
    _ask_reader = ask


@contextlib.contextmanager
def in_language(code: str) -> Iterator[None]:
    """Speak this language inside the block, in this thread only; ValueError for one without catalogs."""
    token = _spoken.set(known_language(code))
    try:
        yield
    finally:
        _spoken.reset(token)


def known_language(code: str) -> str:
    """The code itself; ValueError for a language without catalogs."""
    if code not in languages():
        raise ValueError(f"no catalogs for language {code!r}; there are {', '.join(languages())}")
    return code


def own_name(code: str) -> str:
    """A language's name in itself: Tiếng Việt, English, Français."""
    name = Locale.parse(code).get_display_name() or code
    return name[:1].upper() + name[1:]
