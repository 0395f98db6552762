"""The filters shared by every page, one declaration each. View, address, bar and what there is to choose follow from it.

Their words stand in `filters.po`: `filters.<name>`; for a choice of codes `filters.all_<name>`, and where codes of several kinds
are offered `filters.of_<kind>`; for a day `filters.<name>_text`, and where it ends a period `filters.<name>_too_early`.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import Final

import polars as pl

import words as w
from kpi.facts import NOT_GIVEN, UNRECORDED
from kpi.facts.columns import AgreementFacts
from kpi.vocabulary import AgencyGroup, Scope, SourceMark, texts

ALL: Final = "ALL"
"""The code for "no restriction", wherever that has to be said in an address."""


@dataclasses.dataclass(frozen=True)
class Codes:
    """The codes of one column of the facts, and what kind of thing they are (see `words.name`).

    Offered are those that are `known`, in this order; where none are named, those the store knows, by name (or as it has them
    `in_order`), and after them those that come `last`. Codes that occur in no agreement are offered only if `always`.
    """

    column: str
    kind: str
    known: tuple[str, ...] = ()
    last: tuple[str, ...] = ()
    always: bool = False
    in_order: bool = False

    def __post_init__(self) -> None:
        _check_column(self.column)

    def is_known(self, code: str) -> bool:
        """Whether a code exists at all; a link may name one that occurs in no agreement, which then shows nothing."""
        return code in self.last or code in (self.known or w.labels(self.kind))

    def offered(self, occurring: frozenset[str]) -> list[str]:
        """The codes to choose from, where these occur."""
        if self.known:
            return [code for code in self.known if self.always or code in occurring]
        names = w.labels(self.kind)
        if self.in_order:
            return [code for code in (*names, *self.last) if code in occurring]
        named = sorted(occurring - {NOT_GIVEN}, key=lambda code: w.sort_key(names.get(code, code)))
        return [*named, *(code for code in self.last if code in occurring)]


@dataclasses.dataclass(frozen=True, kw_only=True)
class CodeFilter:
    """A choice of one code, of one column or of several: then each code is written with its kind, as in `tier:CSP`.

    `name` is also the parameter in the address, `default` what is chosen where nobody has, if it occurs. `width` is how much
    room it takes in the bar; without, it is folded away with the less used ones.
    """

    name: str
    of: tuple[Codes, ...]
    default: str = ALL
    width: int | None = None

    def default_among(self, occurring: Mapping[str, frozenset[str]]) -> str:
        """The default, where these codes occur in the columns."""
        return self.default if any(self.default in occurring.get(codes.column, ()) for codes in self.of) else ALL

    def options(self, occurring: Mapping[str, frozenset[str]]) -> tuple[str, ...]:
        """The choices in their order, where these codes occur in the columns."""
        found = [
            code if len(self.of) == 1 else f"{codes.kind}:{code}"
            for codes in self.of
            for code in codes.offered(occurring.get(codes.column, frozenset()))
        ]
        return tuple(found) if ALL in found else (ALL, *found)

    def is_known(self, code: str) -> bool:
        """Whether there is such a choice."""
        codes, part = self._parts(code)
        return code == ALL or (codes is not None and codes.is_known(part))

    def condition(self, code: str) -> pl.Expr:
        """Which rows of `Facts.agreements` are selected."""
        codes, part = self._parts(code)
        assert codes is not None
        return pl.col(codes.column) == part

    def in_words(self, code: str) -> str:
        """What a choice is called. Names from the register are in it as they are: not for Markdown."""
        codes, part = self._parts(code)
        if codes is None or (code == ALL and ALL not in codes.known):
            return w.t(f"filters.all_{self.name}")
        name = w.name(codes.kind, part)
        return name if len(self.of) == 1 else w.t(f"filters.of_{codes.kind}", name=name)

    def _parts(self, code: str) -> tuple[Codes | None, str]:
        """What kind of code it is, and the code itself."""
        if len(self.of) == 1:
            return self.of[0], code
        kind, _, part = code.partition(":")
        return next((codes for codes in self.of if codes.kind == kind), None), part


@dataclasses.dataclass(frozen=True, kw_only=True)
class DayFilter:
    """The first day of a period; the last one, if it `ends` the period of another filter. Always folded away."""

    name: str
    column: str
    ends: str | None = None

    def __post_init__(self) -> None:
        _check_column(self.column)

    def condition(self, code: str) -> pl.Expr:
        """Which rows of `Facts.agreements` are selected."""
        day = dt.date.fromisoformat(code)
        return pl.col(self.column) >= day if self.ends is None else pl.col(self.column) <= day

    def in_words(self, code: str) -> str:
        """What a choice is called."""
        return w.t(f"filters.{self.name}_text", date=w.date(dt.date.fromisoformat(code)))


def _check_column(name: str) -> None:
    if name not in AgreementFacts.column_names():
        raise ValueError(f"the facts of agreements have no column {name!r}")


REGIONS: Final = (
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

FILTERS: Final[dict[str, CodeFilter | DayFilter]] = {
    declared.name: declared
    for declared in (
        CodeFilter(
            name="scope",
            of=(Codes("scope", "scope", (*texts(Scope), ALL), always=True),),
            default=Scope.HIGH_LEVEL.value,
            width=340,
        ),
        CodeFilter(name="agency_group", of=(Codes("agency_group", "agency_group", texts(AgencyGroup), always=True),)),
        CodeFilter(name="sector", of=(Codes("sector", "sector", last=(NOT_GIVEN,)),)),
        CodeFilter(
            name="partner_group",
            of=(
                Codes("partner_tier", "tier", last=(UNRECORDED, NOT_GIVEN), in_order=True),
                Codes("partner_region", "region", REGIONS),
                Codes("partner", "partner"),
            ),
        ),
        CodeFilter(name="source_mark", of=(Codes("source_mark", "source_mark", texts(SourceMark)),)),
        DayFilter(name="signed_from", column="signed_on"),
        DayFilter(name="signed_to", column="signed_on", ends="signed_from"),
    )
}
"""The filters by name, in the order in which they are offered."""


def code_filters() -> list[CodeFilter]:
    """The filters that offer codes, in order."""
    return [declared for declared in FILTERS.values() if isinstance(declared, CodeFilter)]
