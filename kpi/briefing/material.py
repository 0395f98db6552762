"""What a briefing is made from: the facts of two days of one register, frozen when it starts, and for whom it is."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
from collections.abc import Callable

import polars as pl

from kpi import facts as folding
from kpi.briefing.blocks import Reader, Source
from kpi.briefing.codes import EVERYBODY, Code
from kpi.facts import Facts, History
from kpi.indicators import league_table, scorecard
from kpi.register import Register
from kpi.rules import Rules
from kpi.studies import rank_sets
from kpi.vocabulary import Scope
from words.phrases import Kept

EVERY_SCOPE = "ALL"
"""Stands for agreements of whatever level."""


@dataclasses.dataclass(frozen=True)
class Asked:
    """Which briefing: its preset, whom it is about where that is one (the code of an agency or partner), for whom, of which day and
    against which, and as known on which day (None: now)."""

    preset: str
    subject: str | None
    reader: Reader
    as_of: dt.date
    compare_with: dt.date
    known_on: dt.date | None = None
    scope: str = Scope.HIGH_LEVEL.value


@dataclasses.dataclass(frozen=True)
class Edition:
    """Which register, in which version."""

    name: Kept
    version: int
    is_demo: bool


@dataclasses.dataclass(frozen=True, eq=False)
class Material:
    """The facts of the day and of the day compared with, within the scope asked for; what is made of them is made once.

    `letter` is that of the preset in codes. `facts` hold every agency's agreements: sums over them are the same for every reader.
    Rows of single agreements go through `visible`.
    """

    asked: Asked
    letter: str
    edition: Edition
    register: Register
    rules: Rules
    facts: Facts
    rules_before: Rules
    before: Facts
    directives: pl.DataFrame | None = None
    """Those the reader may see, as `kpi.decided.directives.standing` has them on the day; None where nobody asked."""

    @classmethod
    def of(
        cls,
        asked: Asked,
        letter: str,
        edition: Edition,
        register: Register,
        rules_of: Callable[[dt.date], Rules],
        history: History | None = None,
        directives: pl.DataFrame | None = None,
    ) -> Material:
        """The register folded for both days; `rules_of` gives the rules in force on a day."""
        history = history or History.of(register)
        days = (asked.as_of, asked.compare_with)
        rules, rules_before = map(rules_of, days)
        now, before = (
            _in_scope(folding.build(history, day, ruled), asked.scope)
            for day, ruled in zip(days, (rules, rules_before), strict=True)
        )
        return cls(asked, letter, edition, register, rules, now, rules_before, before, directives)

    def about(self, subject: str) -> Material:
        """The same for a briefing about another agency or partner; what was made of it before is not made again."""
        other = dataclasses.replace(self, asked=dataclasses.replace(self.asked, subject=subject))
        for name, made in self.__dict__.items():
            other.__dict__.setdefault(name, made)
        return other

    # --- Figures ------------------------------------------------------------------------------------------------------

    @functools.cached_property
    def cards(self) -> pl.DataFrame:
        """The scorecards by agency."""
        return scorecard.compute(self.facts, by=["agency"], rules=self.rules)

    @functools.cached_property
    def cards_before(self) -> pl.DataFrame:
        """The same on the day compared with."""
        return scorecard.compute(self.before, by=["agency"], rules=self.rules_before)

    @functools.cached_property
    def whole(self) -> dict[str, dict[str, object]]:
        """The scorecard of all agreements together: KPI -> its row."""
        cards = scorecard.compute(self.facts, rules=self.rules)
        return {row["kpi"]: row for row in cards.iter_rows(named=True)}

    @functools.cached_property
    def whole_before(self) -> dict[str, dict[str, object]]:
        """The same on the day compared with."""
        cards = scorecard.compute(self.before, rules=self.rules_before)
        return {row["kpi"]: row for row in cards.iter_rows(named=True)}

    def league(self, group: str) -> pl.DataFrame:
        """The ranking of a group of agencies, as everybody reads it."""
        leagues: dict[str, pl.DataFrame] = self.__dict__.setdefault("_leagues", {})
        if group not in leagues:
            of_group = self.facts.where(pl.col("agency_group") == group)
            cards, before = (
                all_cards.join(facts.agreements.filter(agency_group=group), on="agency", how="semi")
                for all_cards, facts in ((self.cards, self.facts), (self.cards_before, self.before))
            )
            intervals = rank_sets.composite_intervals(of_group, by="agency", rules=self.rules, cards=cards)
            leagues[group] = league_table.compute(
                cards, before=before, intervals=intervals, group="agency", rules=self.rules
            )
        return leagues[group]

    # --- Who may see what ---------------------------------------------------------------------------------------------

    def visible(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Those rows (with `agency`) that the reader may see one by one."""
        own = self.asked.reader.limited_to
        return rows if own is None else rows.filter(pl.col("agency") == own)

    def code(self, topic: str, subject: str = EVERYBODY) -> Code:
        """The code of something said on a topic of a subject."""
        asked = self.asked
        return Code(
            self.letter,
            topic,
            spelled(subject),
            asked.as_of,
            asked.known_on,
            spelled(asked.subject) if asked.subject else "",
        )

    def source(
        self,
        statistic: str,
        condition: pl.Expr,
        *,
        of: str = "agreements",
        rows: pl.DataFrame | None = None,
        compared: bool = False,
    ) -> Source:
        """Where something said comes from: the rows of a frame of the facts that meet a condition, or `rows` (with agreement_id)
        that were found by it."""
        found = getattr(self.facts, of).filter(condition) if rows is None else rows
        agreements = self.facts.agreements.join(found.select("agreement_id").unique(), on="agreement_id", how="semi")
        seen = self.visible(agreements)["ref"].sort().to_list()
        return Source(
            statistic,
            of,
            f"{condition} & scope == {self.asked.scope}",
            self.asked.as_of,
            self.asked.known_on,
            self.asked.compare_with if compared else None,
            tuple(seen),
            agreements.height - len(seen),
        )


def spelled(code: str) -> str:
    """A code as it stands in a sentence's code, where a dash would part it."""
    return code.replace("-", ".")


def _in_scope(facts: Facts, scope: str) -> Facts:
    return facts if scope == EVERY_SCOPE else facts.where(pl.col("scope") == scope)
