"""What one register says otherwise than the catalogs: words of its own for some keys, and other words for ours throughout."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import json
import re
import types
from collections.abc import Callable, Iterator, Mapping

_PLACEHOLDER = re.compile(r"(\{[^{}]*\})")


@dataclasses.dataclass(frozen=True, eq=False)
class OwnWords:
    """`said`: language -> key -> words. `instead`: language -> our words -> theirs ("agreements" -> "operations"), which are whole
    words in any catalog of that language, whatever their capitals; of those that overlap the longest. `first` is the language the
    register is read in by whoever has chosen none; empty: the one all others are.

    Two are the same only where they are the same object: catalogs are made anew for each.
    """

    said: Mapping[str, Mapping[str, str]]
    instead: Mapping[str, Mapping[str, str]]
    first: str = ""

    @classmethod
    def read(cls, text: str) -> OwnWords | None:
        """What `text` says (JSON with `said` and `instead`); None where it says nothing. The same object for the same text."""
        return _read(text)

    def written(self) -> str:
        """As `read` reads it."""
        parts = {"said": self.said, "instead": self.instead}
        told = {name: {code: dict(of) for code, of in part.items()} for name, part in parts.items()}
        return json.dumps({**told, "first": self.first})

    def words(self, language: str, key: str, text: str) -> str:
        """The words for a key, where the catalog of this language has `text`."""
        own = self.said.get(language, {}).get(key)
        return self._replaced(language, text) if own is None else own

    def _replaced(self, language: str, text: str) -> str:
        """`text` with their words for ours, its placeholders as they are."""
        theirs = self.instead.get(language, {})
        if not theirs:
            return text

        def put(found: re.Match[str]) -> str:
            word = theirs[found[0].lower()]
            return word[:1].upper() + word[1:] if found[0][:1].isupper() else word

        pattern = _pattern(tuple(theirs))
        return "".join(part if part.startswith("{") else pattern.sub(put, part) for part in _PLACEHOLDER.split(text))


@functools.lru_cache(maxsize=16)
def _pattern(ours: tuple[str, ...]) -> re.Pattern[str]:
    longest_first = sorted(ours, key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)", re.IGNORECASE)


@functools.lru_cache(maxsize=16)
def _read(text: str) -> OwnWords | None:
    found = json.loads(text or "{}")
    said, instead = found.get("said", {}), found.get("instead", {})
    lowered = {code: {ours.lower(): theirs for ours, theirs in pairs.items()} for code, pairs in instead.items()}
    first = found.get("first", "")
    if not any(said.values()) and not any(lowered.values()) and not first:
        return None
    return OwnWords(types.MappingProxyType(said), types.MappingProxyType(lowered), first)


def _nothing() -> OwnWords | None:
    return None


_ask: Callable[[], OwnWords | None] = _nothing


def own() -> OwnWords | None:
    """What the register that is read says otherwise; None: nothing."""
    return _ask()


@contextlib.contextmanager
def worded(ask: Callable[[], OwnWords | None]) -> Iterator[None]:
    """The same inside the block only."""
    global _ask
    before, _ask = _ask, ask
    try:
        yield
    finally:
        _ask = before


def worded_by(ask: Callable[[], OwnWords | None]) -> None:
    """From now on in this process `ask` says which words the register that is read has of its own."""
    global _ask
    _ask = ask
