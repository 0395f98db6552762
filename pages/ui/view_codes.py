"""How a view is written in codes that are the same in every language, and what may be chosen for it."""

from __future__ import annotations

import calendar
import dataclasses
import datetime as dt
import re
from collections.abc import Mapping

import words as w
from data_access.clock import today
from kpi import readers
from pages.ui import loaders, trends
from pages.ui.filter_declarations import ALL, FILTERS, CodeFilter, code_filters
from pages.ui.kept import kept
from pages.ui.view import View

COMPARISONS = ("year", "quarter", "year_end")
NO_DATA_DAY = dt.date(2000, 1, 1)
"""The as-of date of a store into which nothing has been loaded: any day shows the same nothing."""

KNOWN = "known"
"""The day at whose end the register is shown as it was known."""

_SHOWN_CHARACTERS = 40


@dataclasses.dataclass(frozen=True)
class Choices:
    """What may be chosen in the register shown: the days it covers, and codes in the order in which they are offered."""

    first: dt.date
    last: dt.date
    has_data: bool
    defaults: Mapping[str, str]
    options: Mapping[str, tuple[str, ...]]


@dataclasses.dataclass(frozen=True)
class Understood:
    """A view, the codes that say it (defaults left out), and what of the given codes was not understood, in words."""

    view: View
    codes: dict[str, str]
    problems: list[str]


def names() -> tuple[str, ...]:
    """What an address can say of a view."""
    return ("as_of", "compare_with", KNOWN, *FILTERS)


@kept(in_words=True)
def choices(reader: str = readers.EVERYTHING) -> Choices:
    """What the register offers a reader; codes that occur in no agreement the reader may select among are not offered."""
    extent = loaders.extent(reader)
    last = extent.last or NO_DATA_DAY
    return Choices(
        first=extent.first or last,
        last=last,
        has_data=extent.last is not None,
        defaults={
            "as_of": last.isoformat(),
            "compare_with": COMPARISONS[0],
            # The same for every reader, or an agency without an agreement of the usual scope would read another ranking.
            **{declared.name: declared.default_among(loaders.extent().codes) for declared in code_filters()},
            **({"scope": scope} if (scope := loaders.default_scope()) else {}),
        },
        options={
            "compare_with": COMPARISONS,
            **{declared.name: declared.options(extent.codes) for declared in code_filters()},
        },
    )


def read(given: Mapping[str, str], offered: Choices, *, reader: str = readers.NOBODY) -> Understood:
    """The view that the given codes mean for a reader. What is not understood is left at its default and reported."""
    problems: list[str] = []
    codes: dict[str, str] = {}

    def choice(declared: CodeFilter) -> str | None:
        default = offered.defaults.get(declared.name, ALL)
        code = given.get(declared.name, default)
        if not declared.is_known(code):
            used = w.plain(declared.in_words(default))
            problems.append(w.t("filters.ignored_unknown", label=label(declared.name), value=_quoted(code), used=used))
            code = default
        if code != default:
            codes[declared.name] = code
        return None if code == ALL else code

    def day(name: str, default: dt.date | None, *, last: dt.date) -> dt.date | None:
        text = given.get(name, ALL)
        if text == ALL:
            return default
        found = _iso_date(text)
        if found is not None and offered.first <= found <= last:
            codes[name] = text
            return found
        problems.append(
            w.t(
                "filters.ignored_date" if found is None else "filters.ignored_range",
                label=label(name),
                value=_quoted(text) if found is None else w.date(found),
                used=w.t("filters.no_limit") if default is None else w.date(default),
                example=offered.last.isoformat(),
                first=w.date(offered.first),
                last=w.date(last),
            )
        )
        return default

    as_of = day("as_of", offered.last, last=offered.last) or offered.last
    # The day as known on is any day: the last one offered is then no published one by itself.
    if reader != readers.EVERYTHING and (as_of != offered.last or read_known(given)[0] is not None):
        asked, as_of = as_of, trends.published_day(as_of, first=offered.first)
        if asked != as_of:
            codes["as_of"] = as_of.isoformat()
            problems.append(w.t("filters.published_day", shown=w.date(as_of), asked=w.date(asked)))
    if codes.get("as_of") == offered.defaults["as_of"]:
        del codes["as_of"]
    comparison = given.get("compare_with", COMPARISONS[0])
    compare_with = compared_day(comparison if comparison in COMPARISONS else COMPARISONS[0], as_of)
    if comparison not in COMPARISONS:
        compare_with = day("compare_with", compare_with, last=as_of - dt.timedelta(days=1)) or compare_with
        if reader != readers.EVERYTHING and "compare_with" in codes:
            compare_with = trends.published_day(compare_with, first=offered.first)
            codes["compare_with"] = compare_with.isoformat()
    elif comparison != COMPARISONS[0]:
        codes["compare_with"] = comparison
    chosen: dict[str, str | None] = {}
    days: dict[str, dt.date | None] = {}
    for name, declared in FILTERS.items():
        if isinstance(declared, CodeFilter):
            chosen[name] = choice(declared)
            continue
        began = declared.ends or name
        days[name] = day(name, None, last=offered.last)
        first, last = days[began], days[name]
        if first and last and first > last:
            problems.append(w.t(f"filters.{name}_too_early", first=w.date(first), last=w.date(last)))
            for bound in (began, name):
                del days[bound], codes[bound]
    view = View(as_of=as_of, compare_with=compare_with, reader=reader).where(**chosen, **days)
    return Understood(view, codes, problems)


def read_known(given: Mapping[str, str]) -> tuple[dt.date | None, list[str]]:
    """The day at whose end the register was known as it is to be shown, and what of the code was not understood, in words.

    None where nobody has looked back: also for today and later, which is now.
    """
    text, first = given.get(KNOWN), loaders.first_receipt()
    if text in (None, ALL) or first is None:
        return None, []
    found = _iso_date(text)
    if found is None:
        return None, [w.t("filters.ignored_known", value=_quoted(text), example=first.isoformat())]
    if found < first:
        return None, [w.t("filters.known_too_early", date=w.date(found), first=w.date(first))]
    return (found if found < today(None) else None), []


def compared_day(comparison: str, as_of: dt.date) -> dt.date:
    """The day a comparison means: a year before, three months before, or the end of last year."""
    if comparison == "year_end":
        return dt.date(as_of.year - 1, 12, 31)
    year, month = divmod(as_of.year * 12 + as_of.month - 1 - {"year": 12, "quarter": 3}[comparison], 12)
    return dt.date(year, month + 1, min(as_of.day, calendar.monthrange(year, month + 1)[1]))


def label(name: str) -> str:
    """What a filter is called."""
    return w.t(f"filters.{name}")


def option_label(name: str, code: str, as_of: dt.date) -> str:
    """What a choice is called. Names from the register are in it as they are: not for Markdown."""
    if name == "compare_with":
        return w.t(f"filters.compare_{code}", date=w.date(compared_day(code, as_of)))
    return FILTERS[name].in_words(code)


def _iso_date(text: str) -> dt.date | None:
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


def _quoted(text: str) -> str:
    return w.plain(text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…")
