"""What a false document typed in time gains and loses under the sampling rate: the figures of docs/statistics.md, by hand."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import pathlib

import polars as pl
import pytest

from kpi import facts
from kpi.facts import Facts
from kpi.indicators import scorecard
from kpi.indicators.catalog import COMPOSITE
from kpi.register import Register
from kpi.rules import Rules
from kpi.verification import deterrence
from kpi.vocabulary import State
from seed_data import demo, reference
from seed_data.mapping.build import RegisterFrames
from seed_data.store import folded_from
from tests.kpi.acts import moved

RULES = Rules()
ROOT = pathlib.Path(__file__).parents[3]


@functools.cache
def the_demo() -> tuple[Register, Facts]:
    register = folded_from(RegisterFrames(demo.frames()), reference.frames())
    return register, facts.build(register, demo.DATA_DATE)


def by_hand(claims: int, drawn: int, false: int) -> tuple[float, float]:
    """Days gained and lost, the mean over every sample that can be drawn; the false claims are the first ones."""
    days = []
    for sample in itertools.combinations(range(claims), drawn):
        is_found = any(place < false for place in sample)
        days.append((78 * false, 90 * (claims - false)) if is_found else (365 * false, 0))
    gained, lost = zip(*days, strict=True)
    return sum(gained) / len(days), sum(lost) / len(days)


def test_what_is_gained_and_lost_is_the_mean_over_all_samples() -> None:
    for claims in range(1, 9):
        for drawn in range(claims + 1):
            for false in range(1, claims + 1):
                found = deterrence.bargain(claims, drawn, false)
                assert (found.gained, found.lost) == pytest.approx(by_hand(claims, drawn, false))


@pytest.mark.parametrize(
    ("claims", "drawn", "false", "gained", "lost"),
    [
        (1, 1, 1, 78, 0),
        (2, 2, 1, 78, 90),
        (4, 4, 1, 78, 270),
        (5, 4, 1, 135, 288),
        (10, 6, 1, 193, 486),
        (10, 6, 5, 390, 450),
        (20, 12, 1, 193, 1026),
        (20, 12, 10, 780, 900),
    ],
)
def test_the_page_says_what_is_gained_and_lost(claims: int, drawn: int, false: int, gained: int, lost: int) -> None:
    found = deterrence.bargain(claims, drawn, false)

    assert (round(found.gained), round(found.lost)) == (gained, lost)
    told = f"| {claims} | {drawn} | {false} | {gained} | {lost} |"
    assert told in (ROOT / "docs" / "statistics.md").read_text(encoding="utf-8")


def test_by_default_claiming_up_to_half_falsely_pays_for_nobody() -> None:
    """And for whoever claims more that is false than is true it does, if everything is drawn."""
    for claims in (*range(2, 30), 47, 119):
        sizes = deterrence.sizes({"BCT": claims, "BNG": 300}, RULES)
        assert not sizes["pays"].any()
        drawn = sizes.filter(agency="BCT")["drawn"].item()
        assert drawn == pytest.approx(max(0.6 * claims, min(4, claims)), abs=1)
    assert deterrence.bargain(10, 10, 6).pays


def test_five_drawn_of_an_agency_deter_whatever_it_claims_and_four_do_not() -> None:
    assert not any(deterrence.best(claims, 5).pays for claims in range(5, 200))
    assert deterrence.best(14, 4).pays


def test_the_smallest_rate_is_the_last_at_which_it_pays_for_nobody() -> None:
    claims = {"BCT": 14, "BNG": 400, "TTCP": 1}
    found = deterrence.least_share(claims, RULES)

    assert found is not None
    assert 0.3 < found < 0.4
    at, below = (
        deterrence.sizes(claims, RULES.with_threshold("sample_share", round(share, 2)))
        for share in (found, found - 0.01)
    )
    assert at.select("agency", "pays").rows() == [("BNG", False), ("BCT", False), ("TTCP", None)]
    assert below.filter("pays")["agency"].to_list() == ["BCT"]
    assert deterrence.least_share({"BNG": 60}, RULES) == 0.3
    assert deterrence.least_share({"BCT": 3}, dataclasses.replace(RULES, sample_margin=0.9, sample_least=1)) == 0.67


def test_the_table_says_how_wide_an_interval_each_agency_will_have() -> None:
    sizes = deterrence.sizes({"BCT": 400, "BNG": 3}, RULES)

    assert sizes.select("agency", "claims", "drawn").rows() == [("BCT", 400, 240), ("BNG", 3, 3)]
    many, z = 240 * 399 / 160, 1.959964
    half = z / (1 + z**2 / many) * (1 / 4 / many + z**2 / 4 / many**2) ** 0.5
    assert sizes["half_width"].to_list() == pytest.approx([half, 0], abs=1e-5)
    assert deterrence.typical(sizes) == deterrence.bargain(400, 240)
    assert deterrence.typical(deterrence.sizes({"BNG": 1}, RULES)) is None
    assert deterrence.sizes({}, RULES).is_empty()


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
