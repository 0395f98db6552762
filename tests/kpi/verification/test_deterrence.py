"""What a false document typed in time gains and loses under the sampling rate: the figures of docs/statistics.md.

Counted in days for which one claim counts: what a claim is worth in points is the same on both sides.
"""

from __future__ import annotations

import functools

import polars as pl
import pytest

from kpi import facts
from kpi.facts import Facts
from kpi.indicators import scorecard
from kpi.indicators.catalog import COMPOSITE
from kpi.register import Register
from kpi.rules import Rules
from kpi.verification import sampling
from kpi.vocabulary import State
from seed_data import demo, reference
from seed_data.mapping.build import RegisterFrames
from seed_data.store import folded_from
from tests.kpi.acts import moved

YEAR = 365
UNTIL_FOUND = 45 + 5 + 28
"""From the middle of a quarter to its end, to the draw, and to the middle of the 55 days in which a sample is looked at."""

UNTIL_SEEN = 90
"""Until an agency's other claims of the period would have been seen one by one: the next sample's turn."""

RULES = Rules()


@functools.cache
def the_demo() -> tuple[Register, Facts]:
    register = folded_from(RegisterFrames(demo.frames()), reference.frames())
    return register, facts.build(register, demo.DATA_DATE)


def chance(claims: int, others: int) -> float:
    """The chance that a claim of an agency with so many is drawn, where other agencies have `others` together, ten each."""
    counts = {"mine": claims, **{str(number): 10 for number in range(others // 10)}}
    total = sum(counts.values())
    size = sampling.sample_size(total, margin=RULES.sample_margin, level=RULES.sample_level, share=RULES.sample_share)
    return sampling.allocate(counts, size=size, least=RULES.sample_least)["mine"] / claims


def kept(drawn: float) -> float:
    """The days of a year for which a false claim counts where it is struck once it is found."""
    return drawn * UNTIL_FOUND + (1 - drawn) * YEAR


def gain(true: int, drawn: float) -> float:
    """The same, less the days for which the agency's true claims of the period do not count after a false one was found."""
    return kept(drawn) - drawn * true * UNTIL_SEEN


@pytest.mark.parametrize(("true", "drawn"), [(0, 1), (1, 1), (3, 1), (4, 0.8), (9, 0.6), (19, 0.6)])
def test_with_the_default_rate_a_claim_is_drawn_as_often_as_the_page_says(true: int, drawn: float) -> None:
    assert chance(true + 1, others=110) == pytest.approx(drawn, abs=0.05)


def test_struck_alone_a_false_claim_keeps_about_half_of_what_it_gains() -> None:
    assert (round(kept(0.6)), round(kept(1)), YEAR) == (193, 78, 365)


def test_where_the_other_claims_of_the_period_wait_until_seen_a_false_one_does_not_pay() -> None:
    """For whoever claimed anything true beside it; with fewer drawn it would."""
    assert [true for true in range(40) if gain(true, chance(true + 1, others=110)) > 0] == [0]
    assert gain(4, 0.45) > 0  # as few as the margin alone asks for


@pytest.mark.parametrize(("agency", "least", "most"), [("BCT", 1.0, 2.2), ("BXD", 1.2, 2.5), ("BGDDT", 2.8, 4.6)])
def test_what_one_false_completion_is_worth(agency: str, least: float, most: float) -> None:
    """The best of an agency's open agreements, in points of the composite."""
    register, found = the_demo()

    def points(now: Facts) -> float:
        cards = scorecard.compute(now.where(pl.col("agency") == agency)).filter(kpi=COMPOSITE)
        return float(cards["value"].item())

    mine = found.agreements.filter((pl.col("agency") == agency) & pl.col("is_open") & pl.col("is_overdue"))
    before = points(found)
    best = max(
        points(facts.build(moved(State.COMPLETED)(register, found, [one]), demo.DATA_DATE)) - before
        for one in mine["agreement_id"].head(6)
    )

    assert least < best < most
