"""What is to be said, before anybody knows in which language: a key of the catalogs with values, put into words by `say`.

A phrase holds codes, days and numbers and no text, but for what is the same in every language (a reference) and for texts that
the register keeps in its own languages (`Kept`). Two phrases are equal where they say the same.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from typing import Self

from words.catalogs import t
from words.formats import date, days, number, percent, tn
from words.names import language_in_store, name
from words.spoken import DEFAULT_LANGUAGE


@dataclasses.dataclass(frozen=True)
class Named:
    """What a code is called: `kind` as in `words.name`."""

    kind: str
    code: str
    short: bool = False


@dataclasses.dataclass(frozen=True)
class Quantity:
    """A number with its unit: count, percent (0 to 100), days or points. None: not available."""

    value: float | None
    unit: str = "count"
    digits: int = 0


@dataclasses.dataclass(frozen=True)
class Kept:
    """A text that the register keeps in its languages, the title of an agreement for one; where one is empty, the other."""

    vi: str
    en: str


@dataclasses.dataclass(frozen=True)
class Listed:
    """Several values one after the other: A, B and C."""

    items: tuple[Value, ...]


@dataclasses.dataclass(frozen=True)
class Phrase:
    """The words for `key`, in the form that goes with `n` where it is given, with `values` put into its placeholders."""

    key: str
    values: tuple[tuple[str, Value], ...] = ()
    n: int | None = None

    @classmethod
    def of(cls, key: str, *, n: int | None = None, **values: Value) -> Self:
        """A phrase with its values by name, in an order of their own: equal ones are equal."""
        return cls(key, tuple(sorted(values.items())), n)


Value = Phrase | Named | Quantity | Kept | Listed | dt.date | int | str
"""What may stand in a placeholder. A text is the same in every language; a number is one that is counted."""


def say(value: Value) -> str:
    """A phrase, or a value in one, in the reader's language."""
    match value:
        case Phrase():
            said = {called: say(held) for called, held in value.values}
            return t(value.key, **said) if value.n is None else tn(value.key, value.n, **said)
        case Named():
            return name(value.kind, value.code, short=value.short)
        case Quantity():
            return _measured(value)
        case Kept():
            first, second = (value.vi, value.en) if language_in_store() == DEFAULT_LANGUAGE else (value.en, value.vi)
            return first or second
        case Listed():
            return _listed([say(item) for item in value.items])
        case dt.date():
            return date(value)
        case int():
            return number(value)
        case str():
            return value


def _measured(quantity: Quantity) -> str:
    value = quantity.value
    if value is None or math.isnan(value):
        return t("common.not_available")
    if quantity.unit == "percent":
        return percent(value, quantity.digits)
    return days(value) if quantity.unit == "days" else number(value, quantity.digits)


def _listed(texts: list[str]) -> str:
    if len(texts) < 2:
        return "".join(texts)
    return t("common.listed", before=", ".join(texts[:-1]), last=texts[-1])
