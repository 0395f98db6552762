"""Vietnamese letters: searching without diacritics, and alphabetical order."""

from __future__ import annotations

import functools
import re
import unicodedata

import polars as pl

_ALPHABET = "aăâbcdđeêfghijklmnoôơpqrstuưvwxyz"
_LETTER_RANK = {letter: rank for rank, letter in enumerate(_ALPHABET)}
# Level, huyền, hỏi, ngã, sắc, nặng: the order of TCVN dictionaries and of the Unicode collation for Vietnamese.
_TONE_RANK = {"\u0300": 1, "\u0309": 2, "\u0303": 3, "\u0301": 4, "\u0323": 5}
_SHAPE_MARKS = "\u0302\u0306\u031b"
_AFTER_ALL_SIGNS = 0x100000  # Unicode's last plane, in which nothing is written
_LATIN = (*range(0x250), *range(0x1E00, 0x1F00))


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
        rank, tone = _letter(sign)
        letters.append(ord(sign) if rank is None else _AFTER_ALL_SIGNS + rank)
        if rank is not None:
            tones.append(tone)
    return tuple(letters), tuple(tones), text


def sort_keys(text: pl.Expr) -> list[pl.Expr]:
    """Columns that put a column of texts in the order of `sort_key`."""
    ranks, tones = _latin_letters()
    signs = text.str.to_lowercase().str.normalize("NFC")
    return [signs.str.replace_many(ranks), signs.str.replace_many(tones), text]


def _letter(sign: str) -> tuple[int | None, int]:
    """The place of a composed letter in the alphabet, None for anything that is no letter, and its tone."""
    parts = unicodedata.normalize("NFD", sign)
    shape = unicodedata.normalize("NFC", parts[0] + "".join(mark for mark in parts[1:] if mark in _SHAPE_MARKS))
    return _LETTER_RANK.get(shape), next((_TONE_RANK[mark] for mark in parts[1:] if mark in _TONE_RANK), 0)


@functools.cache
def _latin_letters() -> tuple[dict[str, str], dict[str, str]]:
    """Each letter as a sign that sorts by its place in the alphabet, and as one that sorts by its tone."""
    found = [(sign, *_letter(sign)) for sign in map(chr, _LATIN) if sign == sign.lower()]
    ranks = {sign: chr(_AFTER_ALL_SIGNS + rank) for sign, rank, _ in found if rank is not None}
    return ranks, {sign: str(tone) for sign, rank, tone in found if rank is not None}
