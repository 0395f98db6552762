"""Which entry of a list a text stands for: one rule for uploads, mappings and the form.

A code matches exactly or not at all. A name matches whatever its capitals; and without its diacritics, spaces and signs where
that leaves it one entry's alone and is no other's code: "Mỹ" without its mark would be the code of Malaysia, so "My" is nobody.
A short name whose marks are others than the entry's own is another word ("Hán" is not "Hàn"). What is near to a name is
suggested, never taken.
"""

from __future__ import annotations

import dataclasses
import difflib
import functools
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal

import polars as pl

from words.letters import bare, bare_expr

How = Literal["code", "name", "folded", "ambiguous", "unknown"]

SHORT = 4
"""A name of so many letters or fewer says most of what it says by its marks."""

LEAST_LIKENESS = 0.75
LEAST_LEAD = 0.05
"""By how much the nearest entry must be more alike than the next for it to be meant."""

LONGEST_COMPARED = 80


def squeezed(text: pl.Expr) -> pl.Expr:
    """Letters and digits only, lower case, without diacritics, `đ` as `d` and `%` as `pct`: how headers and names are
    recognised."""
    return (
        bare_expr(text)
        .str.replace_all("%", "pct", literal=True)
        .str.replace_all("ð", "d", literal=True)
        .str.replace_all(r"[^\p{L}\p{N}]", "")
    )


def squeeze(texts: Sequence[str]) -> list[str]:
    """The same as `squeezed`, for a few texts: a query of its own would take longer than hundreds of them."""
    return [_squeeze(text) if len(text) <= LONGEST_COMPARED else _squeeze.__wrapped__(text) for text in texts]


@functools.lru_cache(maxsize=4096)
def _squeeze(text: str) -> str:
    """Headings come again and again."""
    part = bare(text).replace("%", "pct").replace("ð", "d")
    return "".join(sign for sign in part if unicodedata.category(sign)[0] in "LN")


def _lowered(text: str) -> str:
    return " ".join(text.lower().split())


@dataclasses.dataclass(frozen=True)
class Found:
    """What a text stands for: `code`, or None; and how that was seen. `former` is the entry so called where another one is in its
    place by now, which is the `code`."""

    code: str | None
    how: How
    former: str | None = None


class AmbiguousNameError(ValueError):
    """`name` would stand for `code` and for `others` as well."""

    def __init__(self, name: str, code: str, others: Iterable[str]) -> None:
        self.name, self.code, self.others = name, code, tuple(sorted(others))
        super().__init__(f"{name!r} would stand for {code} and for {', '.join(self.others)}")


class Names:
    """The entries of one list as (code, names); names are in Unicode normal form C. `successors`: entry -> the one in its place,
    which its code and names stand for."""

    def __init__(
        self, entries: Iterable[tuple[str, Iterable[str]]], successors: Mapping[str, str] | None = None
    ) -> None:
        self._successors = dict(successors or {})
        self._entries = {code: tuple(name for name in names if name.strip()) for code, names in entries}
        self._lowered: dict[str, set[str]] = defaultdict(set)
        self._folded: dict[str, set[str]] = defaultdict(set)
        named = [(code, name) for code, names in self._entries.items() for name in names]
        forms = squeeze([name for _, name in named])
        for (code, name), form in zip(named, forms, strict=True):
            self._lowered[_lowered(name)].add(code)
            if form:
                self._folded[form].add(code)
        self._codes: dict[str, set[str]] = defaultdict(set)
        for code, form in zip(self._entries, squeeze(list(self._entries)), strict=True):
            self._codes[form].add(code)

    def declare(self, code: str, *names: str) -> Names:
        """The same list with further names of an entry (a new one where there is none such).

        Raises `AmbiguousNameError` for a name that already stands for another entry, by whatever rule.
        """
        return self.declare_all([(code, names)])

    def declare_all(self, further: Iterable[tuple[str, Iterable[str]]]) -> Names:
        """The same for several entries; their further names must not meet each other either."""
        given = [(code, tuple(names)) for code, names in further]
        entries = {code: (*self._entries.get(code, ()), *names) for code, names in given}
        grown = Names(({**self._entries, **entries}).items(), self._successors)
        for code, names in given:
            for name, form in zip(names, squeeze(names), strict=True):
                others = (
                    grown._lowered[_lowered(name)] | grown._folded.get(form, set()) | ({name} & grown._entries.keys())
                )
                others = {other for other in others if self.now(other) != self.now(code)}
                if others:
                    raise AmbiguousNameError(name, code, others)
        return grown

    def now(self, code: str) -> str:
        """The entry that a code stands for after all that took each other's place."""
        seen = {code}
        while (following := self._successors.get(code)) is not None and following not in seen:
            seen.add(following)
            code = following
        return code

    def __iter__(self) -> Iterator[str]:
        """The codes."""
        return iter(self._entries)

    def __contains__(self, code: object) -> bool:
        return code in self._entries

    def find(self, text: str) -> Found:
        """What one text stands for."""
        return self.find_all([text])[0]

    def find_all(self, texts: Sequence[str]) -> list[Found]:
        """What each text stands for, in order."""
        return [self._find(text.strip(), form) for text, form in zip(texts, squeeze(texts), strict=True)]

    def codes(self, texts: Iterable[str]) -> Mapping[str, str]:
        """Text -> code, of those that stand for an entry."""
        different = list(dict.fromkeys(texts))
        return {
            text: found.code
            for text, found in zip(different, self.find_all(different), strict=True)
            if found.code is not None
        }

    def _find(self, text: str, form: str) -> Found:
        if text in self._entries:
            return self._found({text}, "code")
        named = self._lowered.get(_lowered(text), set())
        if not named and form:
            named = self._folded.get(form, set())
            found = self._found(named, "folded")
            return found if found.code is None or self._may_fold(text, form, found.code) else Found(None, "unknown")
        return self._found(named, "name")

    def _found(self, named: set[str], how: How) -> Found:
        """The one entry that all of these are by now."""
        now = {self.now(code) for code in named} if self._successors else named
        if len(now) != 1:
            return Found(None, "ambiguous" if now else "unknown")
        (code,) = now
        return Found(code, how, None if code in named else min(named))

    def _may_fold(self, text: str, form: str, code: str) -> bool:
        return not ({self.now(other) for other in self._codes.get(form, set())} - {code}) and not is_another_short_word(
            text
        )

    def suggest(self, text: str) -> str | None:
        """The entry that was probably meant by a text that stands for none; None where that would be a guess."""
        typed = squeeze([text])[0]
        if not typed or len(typed) > LONGEST_COMPARED:
            return None
        alike = {self.now(code) for code in self._folded.get(typed, set()) or self._codes.get(typed, set())}
        if alike or len(typed) < SHORT:
            return next(iter(alike)) if len(alike) == 1 else None
        best: dict[str, float] = {}
        for near in difflib.get_close_matches(typed, self._folded, n=5, cutoff=LEAST_LIKENESS):
            likeness = difflib.SequenceMatcher(None, near, typed).ratio()
            for code in map(self.now, self._folded[near]):
                best[code] = max(best.get(code, 0.0), likeness)
        ordered = sorted(best, key=lambda code: -best[code])
        if not ordered or (len(ordered) > 1 and best[ordered[0]] - best[ordered[1]] < LEAST_LEAD):
            return None
        return ordered[0]


def is_another_short_word(text: str) -> bool:
    """Whether a text is so short, and has marks, that without them it would be another word."""
    return bare(text) != text.lower() and len(squeeze([text])[0]) <= SHORT
