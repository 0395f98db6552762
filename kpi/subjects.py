"""What an agreement is about, in a few words, read from its title.

A title begins with the kind of document and those who signed it, which a table says in columns of their own, and ends with what
tells it apart: "Bản ghi nhớ giữa Bộ A và Bộ B về hợp tác nghề cá" is "Hợp tác nghề cá". The full title stays where it is kept.
"""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Mapping
from typing import Final

import polars as pl

MOST_CHARACTERS: Final = 90
"""A longer subject is cut after a word."""

_LEAST_WORDS: Final = 5
"""What stands before the parties of a title without a subject says something if it has so many words: "Hiệp định Đối tác kinh tế
toàn diện giữa ..."."""


@dataclasses.dataclass(frozen=True)
class _Grammar:
    """How titles are built in a language, as parts of regular expressions: what leads to the subject, the first that is found; what
    leads to the parties; what a subject may begin with that says nothing; what may be said shorter."""

    leads: tuple[str, ...]
    parties: str
    empty: str
    longer: str
    shorter: str


_GRAMMARS: Final[Mapping[str, _Grammar]] = types.MappingProxyType(
    {
        "vi": _Grammar(
            (" về ", " cho ", " trong lĩnh vực ", " trong công tác ", " tại "),
            " giữa ",
            "việc ",
            "^hợp tác trong lĩnh vực ",
            "hợp tác ",
        ),
        "en": _Grammar(
            (" on ", " for the ", " in the field of "),
            " between ",
            "the |an? ",
            "^cooperation in the field of ",
            "cooperation in ",
        ),
    }
)


def subject(title: str, language: str) -> str:
    """The short subject of one title; the title itself where no part of it is one."""
    return str(pl.select(subject_expr(pl.lit(title), language)).item())


def subject_expr(title: pl.Expr, language: str) -> pl.Expr:
    """The same for a column of titles in a language of the store (`vi` or `en`); null stays null."""
    grammar = _GRAMMARS[language]
    whole = title.str.strip_chars()
    after = pl.coalesce(_after(whole, lead, grammar.parties) for lead in grammar.leads)
    before = whole.str.extract(rf"^(.+?){grammar.parties}")
    says = before.str.count_matches(r"\S+") >= _LEAST_WORDS
    found = pl.coalesce(after, pl.when(says & ~before.str.contains(r"\d{4}")).then(before), whole)
    said = found.str.replace(rf"(?i)^(?:{grammar.empty})", "").str.replace(f"(?i){grammar.longer}", grammar.shorter)
    return _cut(_capital(said))


def _after(title: pl.Expr, lead: str, parties: str) -> pl.Expr:
    """What follows a lead: after the parties, or before them where they come last; null where there is nothing."""
    last = title.str.extract(rf"{parties}.+?{lead}(.+)$")
    first = title.str.extract(rf"^.+?{lead}(.+?){parties}")
    alone = pl.when(~title.str.contains(parties, literal=True)).then(title.str.extract(rf"^.+?{lead}(.+)$"))
    return pl.coalesce(last, first, alone)


def _capital(text: pl.Expr) -> pl.Expr:
    return text.str.slice(0, 1).str.to_uppercase() + text.str.slice(1)


def _cut(text: pl.Expr) -> pl.Expr:
    whole_words = text.str.slice(0, MOST_CHARACTERS).str.replace(r"\s+\S*$", "")
    return pl.when(text.str.len_chars() > MOST_CHARACTERS).then(whole_words + "…").otherwise(text)
