"""Numbers, days and dates as the reader's language writes them."""

from __future__ import annotations

import datetime as dt
import functools
import math
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import TypeVar

import polars as pl
from babel.dates import format_date
from babel.numbers import format_decimal, get_decimal_symbol, get_group_symbol

from words.catalogs import read_catalog, t, translations
from words.spoken import language

Value = TypeVar("Value")


def number(x: float | None, digits: int = 0) -> str:
    """1.234,5 in Vietnamese, 1,234.5 in English."""
    return t("common.not_available") if x is None or math.isnan(x) else _number(f"{x:.{digits}f}", language())


@functools.lru_cache(maxsize=16384)
def _number(text: str, code: str) -> str:
    """A number already rounded: Babel rounds what is written, which is not always what the float is nearest to."""
    exact = Decimal(text)
    decimals = "".join("0" for sign in text.partition(".")[2])
    return format_decimal(exact or abs(exact), f"#,##0.{decimals}".rstrip("."), locale=code)


def marks() -> tuple[str, str]:
    """The mark before decimals and the one between thousands."""
    return get_decimal_symbol(language()), get_group_symbol(language())


def percent(x: float | None, digits: int = 0) -> str:
    """A share given in 0 to 100."""
    return t("common.not_available") if x is None or math.isnan(x) else f"{number(x, digits)}%"


def tn(key: str, n: int, **values: object) -> str:
    """The words for `key` in the form that goes with `n`, which also fills `{n}`, formatted."""
    return translations().ngettext(key, key, n).format(**{"n": number(n), **values})


def days(n: float | None) -> str:
    """A number of days, rounded to whole ones."""
    return t("common.not_available") if n is None or math.isnan(n) else tn("common.days", round(n))


def date(day: dt.date | None) -> str:
    """14/01/2026 in Vietnamese, 14 Jan 2026 in English; as usual there in a language that has no `common.date_pattern`."""
    if day is None:
        return t("common.not_available")
    pattern = read_catalog(language()).get("common.date_pattern")
    return _date(day, str(pattern.string) if pattern else "medium", language())


@functools.lru_cache(maxsize=4096)
def _date(day: dt.date, pattern: str, code: str) -> str:
    return format_date(day, pattern, locale=code)


def texts(values: Iterable[Value], write: Callable[[Value], str]) -> pl.Series:
    """Each value of a short column as written by one of the functions above; for chart labels."""
    return pl.Series([write(value) for value in values], dtype=pl.String)
