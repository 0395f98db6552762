"""Vietnamese letters: searching without diacritics, and alphabetical order."""

from __future__ import annotations

import re
import unicodedata

import polars as pl

_ALPHABET = "aăâbcdđeêfghijklmnoôơpqrstuưvwxyz"
_LETTER_RANK = {letter: rank for rank, letter in enumerate(_ALPHABET)}
# Level, huyền, hỏi, ngã, sắc, nặng: the order of TCVN dictionaries and of the Unicode collation for Vietnamese.
_TONE_RANK = {"\u0300": 1, "\u0309": 2, "\u0303": 3, "\u0301": 4, "\u0323": 5}
_SHAPE_MARKS = "\u0302\u0306\u031b"


def bare(text: str) -> str:
    """Lower case, without diacritics, `đ` as `d`: what every looser way of comparing texts begins with.

    Composed and decomposed spellings give the same result.
    """
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(sign for sign in decomposed if unicodedata.category(sign) != "Mn").lower().replace("đ", "d")


def bare_expr(text: pl.Expr) -> pl.Expr:
    """The same as `bare`, for a column."""
    decomposed = text.str.normalize("NFKD").str.replace_all(r"\p{Mn}", "")
    return decomposed.str.to_lowercase().str.replace_all("đ", "d", literal=True)


def fold(text: str) -> str:
    """Text as it is searched: `bare`, with single spaces. "Đà  Nẵng" gives "da nang"."""
    return re.sub(r"[ \t\r\n]+", " ", bare(text)).strip(" ")


def fold_expr(text: pl.Expr) -> pl.Expr:
    """The same as `fold`, for a column."""
    return bare_expr(text).str.replace_all(r"[ \t\r\n]+", " ").str.strip_chars(" ")


def sort_key(text: str) -> tuple[tuple[int, ...], tuple[int, ...], str]:
    """A key that puts texts in Vietnamese alphabetical order: a ă â b c d đ e ê ... o ô ơ ... u ư, then by tone.

    Letters decide first, tones only between texts with the same letters, capitals last of all. Anything that is no
    letter sorts before letters.
    """
    letters: list[int] = []
    tones: list[int] = []
    for sign in unicodedata.normalize("NFC", text.lower()):
        parts = unicodedata.normalize("NFD", sign)
        shape = unicodedata.normalize("NFC", parts[0] + "".join(mark for mark in parts[1:] if mark in _SHAPE_MARKS))
        if shape in _LETTER_RANK:
            letters.append(0x110000 + _LETTER_RANK[shape])
            tones.append(next((_TONE_RANK[mark] for mark in parts[1:] if mark in _TONE_RANK), 0))
        else:
            letters.append(ord(sign))
    return tuple(letters), tuple(tones), text
