"""The register beside every figure that was published: what it should be, what it is, and where reports disagree.

`reference/published_figures.csv` holds the figures with their sources. Each is measured in the same facts as everything
else. Some say nothing about agreements (trade, growth targets, dates of decisions); these are listed uncompared.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

import polars as pl

from kpi import facts as kpi_facts
from kpi.facts import REPORT_FIELDS, Facts
from kpi.register import Register
from kpi.rules import Rules
from kpi.vocabulary import Scope, Tier
from seed_data.reference import read_list

TOLERANCE = 0.05
"""How far from an approximate figure ours may lie; "nearly" and "more than" allow it on the side they name only."""

TERM = (dt.date(2021, 1, 1), dt.date(2025, 12, 31))
CONFERENCE = dt.date(2026, 1, 14)
"""The term conference: the day whose state of relations its report describes."""

PERMANENT_FIVE = ("CN", "FR", "GB", "RU", "US")
_TIERS = (Tier.COMPREHENSIVE_STRATEGIC, Tier.STRATEGIC, Tier.COMPREHENSIVE)
_LANG_SON = "T20"

Measured = float | str | None


@dataclasses.dataclass(frozen=True)
class Reconciliation:
    """One published figure and ours. `met` is None where the two cannot be compared.

    `published` is a number where one was published, else its words. `ours` is None where there is nothing to count.
    """

    key: str
    published: Measured
    qualifier: str
    ours: Measured
    met: bool | None
    period: str
    source: str
    quote: str


@dataclasses.dataclass(frozen=True)
class Contradiction:
    """Published figures that cannot all be true: its words are `published.contradiction.<code>` with `params`."""

    code: str
    keys: tuple[str, ...]
    params: Mapping[str, str]


def reconcile(
    register: Register, *, data_date: dt.date, comparable: bool, rules: Rules | None = None
) -> list[Reconciliation]:
    """Every published figure, in the order of the list, with the register's own as of its data date.

    The published figures are about all agreements of the country. `comparable` says that this register claims to hold
    those; otherwise ours are still shown and `met` is None throughout.
    """
    view = _View(register, kpi_facts.build(register, data_date, rules), rules)
    figures = []
    for row in read_list("published_figures").fill_null("").iter_rows(named=True):
        measure = _MEASURES.get(row["key"])
        ours = None if measure is None else measure(view)
        published = _number(row["value"])
        met = is_met(published, row["qualifier"], ours) if comparable and row["key"] not in _CLAIMS else None
        figures.append(
            Reconciliation(
                key=row["key"],
                published=published,
                qualifier=row["qualifier"],
                ours=ours,
                met=met,
                period=row["period"],
                source=row["source"],
                quote=row["quote"],
            )
        )
    return figures


def plain(figure: Measured) -> float | int | str | None:
    """A figure as people write it: whole numbers without a decimal point."""
    return int(figure) if isinstance(figure, float) and figure.is_integer() else figure


def contradictions() -> list[Contradiction]:
    """Where the published figures disagree among themselves, worked out from the list."""
    given = read_list("published_figures").filter(pl.col("qualifier") != "derived")
    value = {key: _number(text or "") for key, text in given.select("key", "value").iter_rows()}

    def number(key: str) -> float:
        found = value[key]
        if not isinstance(found, float):
            raise ValueError(f"{key} is not a number in published_figures.csv")
        return found

    nine_months, third_quarter = number("signed_2025_9m"), number("signed_2025_q3")
    half_year = nine_months - third_quarter
    year_2024 = half_year / number("signed_2025_h1_over_2024")
    nine_months_2024 = nine_months / number("growth_2025_9m_ratio")
    left = number("signed_2025") - 1 - nine_months
    return [
        Contradiction(
            "year_2024",
            ("signed_2025_h1_over_2024", "growth_2025_9m_ratio"),
            _words(half=half_year, year=year_2024, nine_months=nine_months, nine_months_2024=nine_months_2024),
        ),
        Contradiction(
            "external_2024",
            ("signed_2024", "growth_2025_9m_ratio", "signed_2025_over_2024"),
            _words(
                external=number("signed_2024"),
                year=number("signed_2025") / number("signed_2025_over_2024"),
                ratio=number("signed_2025_over_2024"),
            ),
        ),
        Contradiction("last_quarter", ("signed_2025", "signed_2025_9m"), _words(nine_months=nine_months, left=left)),
        Contradiction("stalled", ("stalled_projects", "implementation_limits_admitted"), _words()),
    ]


def _words(**numbers: float) -> Mapping[str, str]:
    return MappingProxyType(
        {name: f"{round(number, 1):g}" if number < 10 else str(round(number)) for name, number in numbers.items()}
    )


# --- Measures --------------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, eq=False)
class _View:
    register: Register
    facts: Facts
    rules: Rules | None

    @property
    def signed(self) -> pl.DataFrame:
        """High-level agreements signed in the term."""
        return self._signed(Scope.HIGH_LEVEL).filter(pl.col("signed_on").is_between(*TERM))

    @property
    def local(self) -> pl.DataFrame:
        """Agreements of Lạng Sơn and its bodies signed in the term, at whatever level."""
        chosen = pl.col("signed_on").is_between(*TERM) & (pl.col("agency") == _LANG_SON)
        return self.facts.agreements.filter(pl.col("is_signed") & chosen)

    def _signed(self, scope: str) -> pl.DataFrame:
        return self.facts.agreements.filter(pl.col("is_signed") & (pl.col("scope") == scope))

    def count(self, first: dt.date, last: dt.date) -> float:
        """High-level agreements signed from one day to another."""
        return float(self._signed(Scope.HIGH_LEVEL).filter(pl.col("signed_on").is_between(first, last)).height)

    def months(self, year: int, first: int, last: int) -> float:
        """The same for months of a year, both included."""
        end = dt.date(year + last // 12, last % 12 + 1, 1) - dt.timedelta(days=1)
        return self.count(dt.date(year, first, 1), end)

    def place(self, year: int) -> float | None:
        """A year's place among all years by high-level agreements signed, 1 for the most; None where it has none."""
        signed = self._signed(Scope.HIGH_LEVEL)["signed_on"].drop_nulls().dt.year().value_counts(name="n")
        own = signed.filter(pl.col("signed_on") == year)["n"]
        return None if own.is_empty() else float(1 + signed.filter(pl.col("n") > own.item()).height)

    def share(self, group: str) -> float | None:
        """Percent of the term's agreements in a group of sectors, to one decimal."""
        signed = self.signed
        if signed.is_empty():
            return None
        return round(100 * signed.filter(pl.col("sector_group") == group).height / signed.height, 1)

    def tiers(self, day: dt.date) -> pl.DataFrame:
        """Countries with one of the three published tiers on a day: partner, tier, valid_from."""
        held = self.register.partner_tiers.filter(
            pl.col("tier").is_in(_TIERS)
            & (pl.col("valid_from") <= day)
            & (pl.col("valid_to").is_null() | (pl.col("valid_to") >= day))
        )
        blocs = self.register.partners.filter(pl.col("region") == "Multilateral").select(partner="code")
        return held.join(blocs, on="partner", how="anti")


def _ratio(above: float, below: float) -> float | None:
    return round(above / below, 3) if below else None


def _stalled_in_july(view: _View) -> Measured:
    day = dt.date(2025, 7, 17)
    if day > view.facts.as_of:
        return None
    then = kpi_facts.build(view.register, day, view.rules).agreements
    return float(then.filter((pl.col("scope") == Scope.HIGH_LEVEL) & pl.col("is_stalled")).height)


def _regions(view: _View) -> Measured:
    """The regions of the published order with their counts, in that order."""
    counts = dict(view.signed["partner_region"].value_counts().iter_rows())
    named = ("Asia", "Europe", "North America", "Africa", "Central-South Asia", "Latin America")
    return "; ".join(f"{region} {counts.get(region, 0)}" for region in named)


def _raised_in_2025(view: _View) -> Measured:
    """Countries whose relations were raised to one of the three tiers, or to a higher one, in 2025."""
    after = view.tiers(dt.date(2025, 12, 31)).filter(pl.col("valid_from") >= dt.date(2025, 1, 1))
    return float(after["partner"].n_unique())


_MEASURES: Mapping[str, Callable[[_View], Measured]] = MappingProxyType(
    {
        "signed_total_2021_2025": lambda view: float(view.signed.height),
        "signed_2025": lambda view: view.months(2025, 1, 12),
        "signed_2025_place_among_years": lambda view: view.place(2025),
        "signed_2025_9m": lambda view: view.months(2025, 1, 9),
        "signed_2025_q1": lambda view: view.months(2025, 1, 3),
        "signed_2025_q2": lambda view: view.months(2025, 4, 6),
        "signed_2025_q3": lambda view: view.months(2025, 7, 9),
        "signed_2025_q4": lambda view: view.months(2025, 10, 12),
        "signed_2025_h1": lambda view: view.months(2025, 1, 6),
        "signed_2024": lambda view: view.months(2024, 1, 12),
        "signed_2024_9m": lambda view: view.months(2024, 1, 9),
        "signed_2025_h1_over_2024": lambda view: _ratio(view.months(2025, 1, 6), view.months(2024, 1, 12)),
        "signed_2025_over_2024": lambda view: _ratio(view.months(2025, 1, 12), view.months(2024, 1, 12)),
        "growth_2025_9m_ratio": lambda view: _ratio(view.months(2025, 1, 9), view.months(2024, 1, 9)),
        "voluntary_marine_commitments": lambda view: float(
            view.signed.filter(
                (pl.col("doc_type") == "VOL")
                & pl.col("signed_on").is_between(dt.date(2025, 1, 1), dt.date(2025, 6, 30))
            ).height
        ),
        "share_economy_trade_investment_pct": lambda view: view.share("ECO"),
        "share_infra_connectivity_energy_pct": lambda view: view.share("INF"),
        "partners_strategic_and_comprehensive": lambda view: float(view.tiers(CONFERENCE).height),
        "partners_over_previous_term": lambda view: _ratio(
            view.tiers(CONFERENCE).height, view.tiers(TERM[0] - dt.timedelta(days=1)).height
        ),
        "partners_total_2025_08": lambda view: float(view.tiers(dt.date(2025, 8, 22)).height),
        "upgrades_2025": _raised_in_2025,
        "csp_unsc_p5": lambda view: float(
            view.tiers(CONFERENCE)
            .filter((pl.col("tier") == Tier.COMPREHENSIVE_STRATEGIC) & pl.col("partner").is_in(PERMANENT_FIVE))
            .height
        ),
        "langson_provincial_agreements": lambda view: float(view.local.filter(pl.col("doc_type") != "LOCAL").height),
        "langson_agency_agreements": lambda view: float(view.local.filter(pl.col("doc_type") == "LOCAL").height),
        "region_focus": _regions,
        "new_ftas": lambda view: float(view.signed.filter(pl.col("doc_type") == "FTA").height),
        "provinces_connected": lambda view: float(
            view.register.agencies.filter(pl.col("kind").is_in(kpi_facts.PROVINCE_KINDS))
            .filter(~pl.col("key").str.contains("-"))
            .height
        ),
        "stalled_projects": _stalled_in_july,
        "report_required_fields": lambda _: float(len(REPORT_FIELDS)),
    }
)

_CLAIMS = frozenset({"stalled_projects"})
"""Statements rather than counts: no report says what they count, so ours stand beside them without being compared."""


# --- Comparison ------------------------------------------------------------------------------------------------------


def _number(text: str) -> Measured:
    """A published value as a number where it is one; a day or a range keeps its words; nothing is None."""
    if not text:
        return None
    return float(text) if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text) else text


def is_met(published: Measured, qualifier: str, ours: Measured) -> bool | None:
    """Whether ours agrees with a published figure in the sense of its qualifier; None where there is nothing to compare.

    Exact and derived figures must be equal or lie in the range given. "Approximately", and ratios, which are published
    rounded, allow TOLERANCE either way; "nearly" allows it below only, "more than" above only.
    """
    if ours is None or published is None:
        return None
    if qualifier == "ordinal only":
        return _keeps_order(str(published), str(ours))
    if isinstance(ours, str):
        return None
    if isinstance(published, str):
        between = re.fullmatch(r"([0-9]+)-([0-9]+)", published)
        return None if between is None else float(between[1]) <= ours <= float(between[2])
    if qualifier.startswith("nearly"):
        return published * (1 - TOLERANCE) <= ours < published
    if qualifier.startswith("more_than"):
        return published < ours <= published * (1 + TOLERANCE)
    if qualifier.startswith("approx") or not published.is_integer():
        return abs(ours - published) <= TOLERANCE * published
    return ours == published


def _keeps_order(published: str, ours: str) -> bool:
    """Whether every region named before "+" or among the first has more agreements than those added after it.

    The report names three main regions and, after them, those to which cooperation spreads.
    """
    counts = {name: int(number) for name, number in re.findall(r"([A-Za-z -]+?) ([0-9]+)(?:; |$)", ours)}
    main, _, further = published.partition(" + ")
    return min(counts[region] for region in main.split(";")) > max(counts[region] for region in further.split(";"))
