"""How a view is written in codes that are the same in every language, and what may be chosen for it."""

from __future__ import annotations

import calendar
import dataclasses
import datetime as dt
import re
from collections.abc import Mapping, Sequence

import words as w
from kpi import readers
from kpi.facts import NOT_GIVEN, UNRECORDED
from kpi.vocabulary import AgencyGroup, Scope, Tier, texts
from pages.ui import loaders
from pages.ui.view import View

NAMES = ("as_of", "compare_with", "scope", "agency_group", "sector", "partner_group", "signed_from", "signed_to")
ALL = "ALL"
"""The code for "no restriction", wherever that has to be said in an address."""

COMPARISONS = ("year", "quarter", "year_end")
SCOPES = texts(Scope)
AGENCY_GROUPS = texts(AgencyGroup)
TIERS = (*texts(Tier), UNRECORDED, NOT_GIVEN)
REGIONS = (
    "Asia",
    "Central-South Asia",
    "West Asia",
    "Europe",
    "North America",
    "Latin America",
    "Africa",
    "Oceania",
    "Multilateral",
    NOT_GIVEN,
)
NO_DATA_DAY = dt.date(2000, 1, 1)
"""The as-of date of a store into which nothing has been loaded: any day shows the same nothing."""

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
class Reading:
    """A view, the codes that say it (defaults left out), and what of the given codes was not understood, in words."""

    view: View
    codes: dict[str, str]
    problems: list[str]


def choices(reader: str = readers.NOBODY) -> Choices:
    """What the register offers a reader; codes that occur in no agreement the reader may count are not offered."""
    extent = loaders.extent(reader)
    last = extent.last or NO_DATA_DAY
    partners = _by_name(extent.partners, w.labels("partner"))
    sectors = _by_name(extent.sectors, w.labels("sector"))
    return Choices(
        first=extent.first or last,
        last=last,
        has_data=extent.last is not None,
        defaults={
            "as_of": last.isoformat(),
            "compare_with": COMPARISONS[0],
            "scope": Scope.HIGH_LEVEL.value if Scope.HIGH_LEVEL in extent.scopes else ALL,
        },
        options={
            "compare_with": COMPARISONS,
            "scope": (*SCOPES, ALL),
            "agency_group": (ALL, *AGENCY_GROUPS),
            "sector": (ALL, *sectors, *({NOT_GIVEN} & extent.sectors)),
            "partner_group": (
                ALL,
                *(f"tier:{code}" for code in TIERS if code in extent.tiers),
                *(f"region:{code}" for code in REGIONS if code in extent.regions),
                *(f"partner:{code}" for code in partners),
            ),
        },
    )


def read(given: Mapping[str, str], offered: Choices, *, reader: str = readers.NOBODY) -> Reading:
    """The view that the given codes mean for a reader. What is not understood is left at its default and reported."""
    problems: list[str] = []
    codes: dict[str, str] = {}

    def choice(name: str) -> str | None:
        default = offered.defaults.get(name, ALL)
        code = given.get(name, default)
        if not _is_known(name, code):
            used = w.plain(option_label(name, default, offered.last))
            problems.append(w.t("filters.ignored_unknown", label=label(name), value=_quoted(code), used=used))
            code = default
        if code != default:
            codes[name] = code
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
    if codes.get("as_of") == offered.defaults["as_of"]:
        del codes["as_of"]
    comparison = given.get("compare_with", COMPARISONS[0])
    compare_with = compared_day(comparison if comparison in COMPARISONS else COMPARISONS[0], as_of)
    if comparison not in COMPARISONS:
        compare_with = day("compare_with", compare_with, last=as_of - dt.timedelta(days=1)) or compare_with
    elif comparison != COMPARISONS[0]:
        codes["compare_with"] = comparison
    signed_from, signed_to = (day(name, None, last=offered.last) for name in ("signed_from", "signed_to"))
    if signed_from and signed_to and signed_from > signed_to:
        problems.append(w.t("filters.ignored_period", first=w.date(signed_from), last=w.date(signed_to)))
        signed_from = signed_to = None
        del codes["signed_from"], codes["signed_to"]
    view = View(
        as_of=as_of,
        compare_with=compare_with,
        scope=choice("scope"),
        agency_group=choice("agency_group"),
        sector=choice("sector"),
        partner_group=choice("partner_group"),
        signed_from=signed_from,
        signed_to=signed_to,
        reader=reader,
    )
    return Reading(view, codes, problems)


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
    """What a choice of a filter is called. Names from the register are in it as they are: not for Markdown."""
    if code == ALL and name != "scope":
        return w.t(f"filters.all_{name}")
    if name == "compare_with":
        return w.t(f"filters.compare_{code}", date=w.date(compared_day(code, as_of)))
    if name == "partner_group":
        kind, _, part = code.partition(":")
        return w.t(f"filters.of_{kind}", name=w.name(kind, part))
    return w.name(name, code)


def _by_name(codes: frozenset[str], names: Mapping[str, str]) -> list[str]:
    return sorted(codes - {NOT_GIVEN}, key=lambda code: w.sort_key(names.get(code, code)))


def _is_known(name: str, code: str) -> bool:
    """Whether a code exists at all; a link may name one that occurs in no agreement, which then shows nothing."""
    if name == "partner_group":
        kind, _, part = code.partition(":")
        known: Sequence[str] | Mapping[str, str] = {"tier": TIERS, "region": REGIONS}.get(kind, ())
        return code == ALL or part in (w.labels("partner") if kind == "partner" else known)
    if name == "sector":
        return code in (ALL, NOT_GIVEN) or code in w.labels("sector")
    return code in {"scope": (*SCOPES, ALL), "agency_group": (*AGENCY_GROUPS, ALL)}[name]


def _iso_date(text: str) -> dt.date | None:
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


def _quoted(text: str) -> str:
    return w.plain(text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…")
