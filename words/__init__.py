"""Every visible word, number and date, in the reader's language.

Words come from the gettext catalogs `words/locale/<language>/<room>.po`; a key is `room.name`. The catalogs are read once
per process. Missing keys are shown as the key and logged; tests turn them into errors with `raise_on_missing()`.
"""

from __future__ import annotations

import contextlib
import contextvars
import datetime as dt
import functools
import gettext
import io
import logging
import math
import pathlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeVar

import polars as pl
import streamlit as st
from babel.dates import format_date
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from streamlit.runtime.scriptrunner import get_script_run_ctx

from kpi.facts import NOT_GIVEN, UNASSIGNED
from pages.ui import loaders
from words.letters import fold, fold_expr, sort_key

__all__ = [
    "DEFAULT_LANGUAGE",
    "LANGUAGES",
    "date",
    "days",
    "fold",
    "fold_expr",
    "in_language",
    "labels",
    "language",
    "name",
    "name_expr",
    "number",
    "percent",
    "plain",
    "raise_on_missing",
    "sort_key",
    "t",
    "texts",
    "tn",
    "use_language",
]

LANGUAGES = ("vi", "en")
DEFAULT_LANGUAGE = "vi"
_LOCALE = pathlib.Path(__file__).parent / "locale"
_KINDS_IN_STORE = ("agency", "partner", "sector", "doc_type", "exchange")
Value = TypeVar("Value")
_log = logging.getLogger(__name__)
_spoken: contextvars.ContextVar[str | None] = contextvars.ContextVar("spoken", default=None)
_missing_is_error = False


# --- Language --------------------------------------------------------------------------------------------------------


def language() -> str:
    """The reader's language. Outside a Streamlit run (threads, commands, tests) Vietnamese, or what `in_language` says."""
    spoken = _spoken.get()
    if spoken is not None:
        return spoken
    if get_script_run_ctx(suppress_warning=True) is None:
        return DEFAULT_LANGUAGE
    chosen = st.session_state.get("language", DEFAULT_LANGUAGE)
    return chosen if chosen in LANGUAGES else DEFAULT_LANGUAGE


def use_language(code: str) -> None:
    """Speak this language for the rest of the session; ValueError for one without catalogs."""
    if code not in LANGUAGES:
        raise ValueError(f"no catalogs for language {code!r}; there are {', '.join(LANGUAGES)}")
    if get_script_run_ctx(suppress_warning=True) is None:
        _spoken.set(code)
    else:
        st.session_state["language"] = code


@contextlib.contextmanager
def in_language(code: str) -> Iterator[None]:
    """Speak this language inside the block, in this thread only: for files that are written outside a page run."""
    token = _spoken.set(code)
    try:
        yield
    finally:
        _spoken.reset(token)


# --- Words -----------------------------------------------------------------------------------------------------------


def t(key: str, **values: object) -> str:
    """The words for `key`, with `values` put into their `{placeholders}`."""
    text = _translations(language()).gettext(key)
    return text.format(**values) if values else text


def tn(key: str, n: int, **values: object) -> str:
    """The words for `key` in the form that goes with `n`, which also fills `{n}`, formatted."""
    text = _translations(language()).ngettext(key, key, n)
    return text.format(**{"n": number(n), **values})


def raise_on_missing() -> None:
    """From now on in this process a missing key is a KeyError."""
    global _missing_is_error
    _missing_is_error = True


class _NoWords(gettext.NullTranslations):
    """What answers for keys that no catalog has."""

    def gettext(self, message: str) -> str:
        if _missing_is_error:
            raise KeyError(f"no words for {message!r}; add it to words/locale/*/{message.partition('.')[0]}.po")
        _log.warning("no words for %s", message)
        return message

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self.gettext(msgid1)


@functools.cache
def _translations(code: str) -> gettext.GNUTranslations:
    compiled = io.BytesIO()
    write_mo(compiled, read_catalog(code))
    compiled.seek(0)
    translations = gettext.GNUTranslations(compiled)
    translations.add_fallback(_NoWords())
    return translations


@functools.cache
def read_catalog(code: str) -> Catalog:
    """All rooms of a language in one catalog; ValueError for a key written twice or one in another room's file."""
    merged = Catalog(locale=code)
    for path in sorted((_LOCALE / code).glob("*.po")):
        source = path.read_text(encoding="utf-8")
        keys = re.findall(r'^msgid "(.+)"$', source, flags=re.MULTILINE)
        strangers = [key for key in keys if not key.startswith(f"{path.stem}.")]
        twice = sorted({key for key in keys if keys.count(key) > 1})
        if strangers or twice:
            raise ValueError(f"{path}: keys of another room {strangers}, keys written twice {twice}")
        for message in read_po(io.StringIO(source), locale=code, abort_invalid=True):
            if message.id:
                merged.add(message.id, message.string)
    return merged


# --- Numbers and dates -----------------------------------------------------------------------------------------------


def number(x: float | None, digits: int = 0) -> str:
    """1.234,5 in Vietnamese, 1,234.5 in English."""
    if x is None or math.isnan(x):
        return t("common.not_available")
    text = f"{x:,.{digits}f}"
    if not text.strip("-0.,"):
        text = text.lstrip("-")
    return text.translate(str.maketrans(",.", ".,")) if language() == "vi" else text


def percent(x: float | None, digits: int = 0) -> str:
    """A share given in 0 to 100."""
    return t("common.not_available") if x is None or math.isnan(x) else f"{number(x, digits)}%"


def days(n: float | None) -> str:
    """A number of days, rounded to whole ones."""
    return t("common.not_available") if n is None or math.isnan(n) else tn("common.days", round(n))


def date(day: dt.date | None) -> str:
    """14/01/2026 in Vietnamese, 14 Jan 2026 in English."""
    return t("common.not_available") if day is None else _date(day, language())


@functools.lru_cache(maxsize=4096)
def _date(day: dt.date, code: str) -> str:
    return format_date(day, "dd/MM/y" if code == "vi" else "d MMM y", locale=code)


def texts(values: Iterable[Value], write: Callable[[Value], str]) -> pl.Series:
    """Each value of a short column as written by one of the functions above; for chart labels."""
    return pl.Series([write(value) for value in values], dtype=pl.String)


# --- Names of things -------------------------------------------------------------------------------------------------


def name(kind: str, code: str | None, *, short: bool = False) -> str:
    """What a code is called.

    `kind` is agency, partner, sector, doc_type or exchange (names kept in the store), or a group of `terms.po`: state,
    bucket, tier, region, scope, agency_group, severity, cause, authority, role, light and so on. A code the store does
    not know is returned as it is.
    """
    if code is None:
        return t("common.not_available")
    if kind not in _KINDS_IN_STORE or code in (NOT_GIVEN, UNASSIGNED):
        return t(f"terms.{kind}.{code}")
    return labels(kind, short=short).get(code, code)


def labels(kind: str, *, short: bool = False) -> Mapping[str, str]:
    """Code -> name for everything of a kind that the store names."""
    return loaders.names(language())[(kind, short)]


def name_expr(column: pl.Expr, kind: str, *, short: bool = False) -> pl.Expr:
    """A column of codes as names; null as "not available"."""
    named = labels(kind, short=short) if kind in _KINDS_IN_STORE else {}
    known = {**named, **_terms(language(), kind)}
    return column.replace_strict(known, default=column, return_dtype=pl.String).fill_null(t("common.not_available"))


@functools.cache
def _terms(code: str, kind: str) -> dict[str, str]:
    start = f"terms.{kind}."
    return {
        message.id.removeprefix(start): message.string
        for message in read_catalog(code)
        if isinstance(message.id, str) and isinstance(message.string, str) and message.id.startswith(start)
    }


# --- Text that people typed ------------------------------------------------------------------------------------------

_MARKDOWN = re.compile(r"([!-/:-@\[-`{-~])")
_JOINER = "\u2060"
_READ_ANYWAY = re.compile(
    r"""
    (?i:\b(?:https?|ftp|mailto|xmpp|www))(?=[:.])  # the beginning of an address
    | (?<=\S)(?=@)                                # that of its second half
    | (?<=:)[\w+/-]+(?=:)                         # :icon: and :emoji:
    | [-<>=!~](?=[-<>=~])                         # -> -- >= and what else is made an arrow or a dash
    """,
    re.VERBOSE,
)


def plain(text: str) -> str:
    """Typed text made safe for elements that render Markdown: shown as it is, on one line, nothing interpreted.

    Every sign with a meaning is escaped. Streamlit still finds addresses, icons and arrows in escaped text; a joiner,
    which has no width, keeps them apart.
    """
    apart = _READ_ANYWAY.sub(lambda found: found[0] + _JOINER, " ".join(text.split()))
    return _MARKDOWN.sub(r"\\\1", apart)
