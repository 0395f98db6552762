"""What is typed into a search field, and how a text answers it: whole words, phrases, accents where they were typed.

"hạt nhân" finds texts with these two words, "hat nhan" those as well with other accents; neither finds "phát" for "hat". What
stands in quotation marks is found in one piece. Both ways of placing a tone ("hoà", "hòa") are the same word.
"""

from __future__ import annotations

import dataclasses
import re
import unicodedata
from typing import Final

import polars as pl

from words.letters import bare, bare_expr

PLAIN: Final = "plain"
EXACT: Final = "exact"

EVERY_WORD: Final = 3
"""The last of the places (`Sought.place`) of a text that has every word as it was typed."""

_TONES: Final = "\u0300\u0301\u0303\u0309\u0323"
_NO_WORD: Final = r"[^\p{L}\p{M}\p{N}]+"
_NO_WORD_HERE: Final = re.compile(r"(?:[^\w\u0300-\u036f]|_)+")
_TONE_WITHIN: Final = rf"([{_TONES}])((?:\p{{L}}|[\u0302\u0306\u031b])+)"
_TONE_WITHIN_HERE: Final = re.compile(rf"([{_TONES}])((?:[^\W\d_]|[\u0302\u0306\u031b])+)")
_QUOTED: Final = re.compile(r"[\"“”„«»]([^\"“”„«»]*)[\"“”„«»]")


def words_of(text: str) -> tuple[str, str]:
    """A text as it is looked into, without accents and with them: its words in lower case, each between single spaces."""
    spelled = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text).lower())
    return _spaced_here(bare(text)), _spaced_here(_TONE_WITHIN_HERE.sub(r"\2\1", spelled))


def index(text: pl.Expr) -> list[pl.Expr]:
    """The same for a column: columns PLAIN and EXACT."""
    spelled = text.str.normalize("NFKC").str.to_lowercase().str.normalize("NFD")
    return [
        _spaced(bare_expr(text)).alias(PLAIN),
        _spaced(spelled.str.replace_all(_TONE_WITHIN, "$2$1")).alias(EXACT),
    ]


@dataclasses.dataclass(frozen=True)
class Sought:
    """What is looked for: pieces that must all be there, words or phrases; and the whole of it as one phrase."""

    pieces: tuple[str, ...]
    whole: str

    def __bool__(self) -> bool:
        return bool(self.pieces)

    def place(self) -> pl.Expr:
        """How well a row of an `index` answers, the smallest first; null where it does not.

        0: it says nothing else; 1: it begins with it; 2: it has it in one piece; 3: it has every word; 4: every word, the last one
        only begun, for whoever is still typing.
        """
        if not self:
            return pl.lit(None, pl.Int32)
        whole, column = _known(self.whole)
        begun = [*(_has(piece) for piece in self.pieces[:-1]), _has(self.pieces[-1], begun=True)]
        return (
            pl.when(pl.col(column) == whole)
            .then(0)
            .when(pl.col(column).str.starts_with(whole))
            .then(1)
            .when(pl.col(column).str.contains(whole, literal=True) & pl.all_horizontal(map(_has, self.pieces)))
            .then(2)
            .when(pl.all_horizontal(map(_has, self.pieces)))
            .then(EVERY_WORD)
            .when(pl.all_horizontal(begun))
            .then(EVERY_WORD + 1)
        )


def read(text: str) -> Sought:
    """What was typed. Quotation marks keep words together; anything that is no letter or digit parts them."""
    phrases = [" ".join(found.split()) for found in _QUOTED.findall(text) if any(words_of(found)[0].split())]
    rest = _QUOTED.sub(" ", text)
    single = [word for word in _NO_WORD_HERE.split(unicodedata.normalize("NFC", rest)) if words_of(word)[0].split()]
    return Sought((*phrases, *single), _QUOTED.sub(r" \1 ", text))


def _known(piece: str) -> tuple[str, str]:
    """A piece as it stands in the index, and in which column: with accents where it has any."""
    plain, exact = words_of(piece)
    return (plain, PLAIN) if plain == exact else (exact, EXACT)


def _has(piece: str, *, begun: bool = False) -> pl.Expr:
    sought, column = _known(piece)
    return pl.col(column).str.contains(sought.rstrip() if begun else sought, literal=True)


def _spaced(text: pl.Expr) -> pl.Expr:
    return pl.format(" {} ", text.str.replace_all(_NO_WORD, " ").str.strip_chars(" "))


def _spaced_here(text: str) -> str:
    return f" {_NO_WORD_HERE.sub(' ', text).strip(' ')} "
