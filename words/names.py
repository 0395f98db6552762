"""What codes are called: by the store that is read, or by `terms.po`."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping

import polars as pl
from babel import Locale

from words.catalogs import t, terms
from words.spoken import DEFAULT_LANGUAGE, SECOND_LANGUAGE, language

Names = Mapping[tuple[str, bool], Mapping[str, str]]
"""(kind, short) -> code -> name."""

LANGUAGES_IN_STORE = (DEFAULT_LANGUAGE, SECOND_LANGUAGE)
"""The languages in which a store, and the form for figures, keep names and texts."""

KINDS_IN_STORE = ("agency", "partner", "tier", "sector", "doc_type", "exchange")


def _no_store(code: str) -> Names:
    raise LookupError("nobody has said where names are kept; whoever reads a store does so with words.named_by")


_read_names: Callable[[str], Names] = _no_store


def named_by(read: Callable[[str], Names]) -> None:
    """From now on in this process `read(language)` says what the kinds in the store are called."""
    global _read_names
    _read_names = read


@contextlib.contextmanager
def named(read: Callable[[str], Names]) -> Iterator[None]:
    """The same inside the block only."""
    global _read_names
    before, _read_names = _read_names, read
    try:
        yield
    finally:
        _read_names = before


def name(kind: str, code: str | None, *, short: bool = False) -> str:
    """What a code is called.

    `kind` is one of KINDS_IN_STORE (names kept in the store), or a group of `terms.po`: state, bucket, region, scope,
    agency_group, severity, cause, authority, role, light and so on. A code the store does
    not know is returned as it is.
    """
    if code is None:
        return t("common.not_available")
    if kind not in KINDS_IN_STORE or code in terms(kind):
        return t(f"terms.{kind}.{code}")
    return labels(kind, short=short).get(code, code)


def labels(kind: str, *, short: bool = False) -> Mapping[str, str]:
    """Code -> name for everything of a kind that the store names; countries as Babel does where the store does not."""
    kept = _read_names(language_in_store())[(kind, short)]
    if kind != "partner" or language() in LANGUAGES_IN_STORE:
        return kept
    countries = Locale.parse(language()).territories
    return {code: countries.get(code, called) for code, called in kept.items()}


def language_in_store(code: str | None = None) -> str:
    """In which of its languages the store is read to somebody who speaks this one, or the reader's."""
    spoken = code or language()
    return spoken if spoken in LANGUAGES_IN_STORE else SECOND_LANGUAGE


def column(text: str) -> str:
    """The column in which the store keeps a text for the reader's language: `title_vi` for `title`."""
    return f"{text}_{language_in_store()}"


def name_expr(column: pl.Expr, kind: str, *, short: bool = False) -> pl.Expr:
    """A column of codes as names; null as "not available"."""
    named = labels(kind, short=short) if kind in KINDS_IN_STORE else {}
    known = {**named, **terms(kind)}
    return column.replace_strict(known, default=column, return_dtype=pl.String).fill_null(t("common.not_available"))
