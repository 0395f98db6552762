"""What an incentive does: no honest act lowers a score, and none that only looks like one raises it.

On random registers and on the demonstration register; more random ones with REGISTERS=200.
"""

from __future__ import annotations

import dataclasses
import functools
import os
from typing import NamedTuple

import hypothesis.strategies as st
import polars as pl
import pytest
from hypothesis import given, settings

from kpi import facts
from kpi.facts import Facts
from kpi.facts.standing import with_standing
from kpi.indicators import scorecard
from kpi.indicators.catalog import COMPOSITE, KPIS
from kpi.register import Register
from kpi.studies.rank_sets import composite_intervals
from kpi.vocabulary import Band
from seed_data import demo, reference
from seed_data.mapping.build import RegisterFrames
from seed_data.store import folded_from
from tests.kpi.acts import COSTLY, DISHONEST, HONEST, ON_PAPER, WITHHELD, Act
from tests.kpi.registers import AS_OF, Row, register_of, registers
from tests.seed_data import invented_worldbank
from tests.seed_data.recomputed_worldbank import DATA_DATE

NOTHING = 1e-9
LEAST_ACTS = 15


@functools.cache
def the_demo() -> tuple[Register, Facts]:
    register = folded_from(RegisterFrames(demo.frames()), reference.frames())
    return register, facts.build(register, demo.DATA_DATE)


class Card(NamedTuple):
    """A composite, its light, and the KPIs that count for it."""

    points: float | None
    light: str
    scored: frozenset[str]


def card(found: Facts, agency: str | None) -> Card:
    """Of an agency, or of all if None."""
    mine = found if agency is None else found.where(pl.col("agency") == agency)
    cards = scorecard.compute(mine)
    whole = cards.filter(kpi=COMPOSITE).row(0, named=True)
    there = cards.filter(pl.col("score").is_not_null())["kpi"].to_list()
    return Card(whole["value"], whole["status"], frozenset(code for code in there if KPIS[code].weight is not None))


def gained(
    register: Register, found: Facts, act: Act, before: Card, *, most: int | None, agency: str | None
) -> float | None:
    """The points an act gains; None where it cannot be done, or one of both is not scored by the same KPIs."""
    after = act.done(register, found, most, agency)
    if after is None:
        return None
    now = card(facts.build(after, found.as_of), agency)
    if before.points is None or now.points is None or before.scored != now.scored:
        return None
    if abs(now.points - before.points) < NOTHING:
        assert now.light == before.light
    return now.points - before.points


def assert_earned(register: Register, found: Facts, *, most: int | None, agency: str | None) -> None:
    """No honest act lowers the score, no dishonest one raises it."""
    before = card(found, agency)
    for acts, sign in ((HONEST, 1), (DISHONEST, -1)):
        for act in acts:
            points = gained(register, found, act, before, most=most, agency=agency)
            assert points is None or sign * points > -NOTHING, (act.name, points)


@pytest.mark.slow
@settings(max_examples=int(os.environ.get("REGISTERS", "6")), deadline=None)
@given(rows=registers(least=8), most=st.sampled_from([1, 4, None]))
def test_a_score_is_earned_on_any_register(rows: list[Row], most: int | None) -> None:
    """Four of each agreement, so that there is enough to be scored by."""
    copies = [dataclasses.replace(row, id=row.id + 100 * copy, agency="BCT") for row in rows for copy in range(4)]
    register = register_of(copies)

    assert_earned(register, facts.build(register, AS_OF), most=most, agency=None)


@pytest.mark.slow
@pytest.mark.parametrize(("agency", "most"), [("BXD", None), ("BXD", 5), ("BTC", None), ("BGDDT", None)])
def test_a_score_is_earned_on_the_demonstration_register(agency: str, most: int | None) -> None:
    register, found = the_demo()

    assert_earned(register, found, most=most, agency=agency)


def band(found: Facts, agency: str) -> int:
    """Of an agency among the ministries: -1 below the middle, 1 above it, 0 not told from it."""
    sets = composite_intervals(found.where(pl.col("agency_group") == "ministry"), by="agency")
    return {str(Band.BELOW): -1, str(Band.ABOVE): 1}.get(sets.filter(agency=agency)["band"].item(), 0)


@pytest.mark.slow
@pytest.mark.parametrize("agency", ["BNNMT", "BKHCN"])
def test_no_dishonest_act_is_thought_less_certainly_below_the_middle(agency: str) -> None:
    """What counts for nothing would make an agency's composite uncertain without moving it."""
    register, found = the_demo()
    before = band(found, agency)

    for act in DISHONEST:
        after = act.done(register, found, None, agency)
        assert after is None or band(facts.build(after, found.as_of), agency) <= before, act.name


@functools.cache
def the_worldbank() -> tuple[Register, Facts]:
    register = folded_from(invented_worldbank.register(), reference.frames())
    return register, facts.build(register, DATA_DATE)


def scores(found: Facts, agency: str | None) -> dict[str, float]:
    """By KPI that has one."""
    mine = found if agency is None else found.where(pl.col("agency") == agency)
    cards = scorecard.compute(mine).drop_nulls("score")
    return dict(cards.select("kpi", "score").iter_rows())


@pytest.mark.slow
def test_a_register_without_a_composite_earns_each_of_its_kpis() -> None:
    register, found = the_worldbank()
    before = {agency: scores(found, agency) for agency in (None, "BNNMT")}
    done = []

    for acts, sign in ((HONEST, 1), (DISHONEST, -1)):
        for act in acts:
            after = act.done(register, found, None, None)
            if after is None:
                continue
            done.append(act.name)
            changed = facts.build(after, found.as_of)
            for agency, then in before.items():
                now = scores(changed, agency)
                wrong = [code for code in then.keys() & now.keys() if sign * (now[code] - then[code]) < -NOTHING]
                assert not wrong, (act.name, agency)

    assert len(done) >= LEAST_ACTS


@pytest.mark.slow
def test_what_pays_until_somebody_looks_and_what_honesty_costs_is_listed() -> None:
    """None of these may be forgotten: one that pays no more belongs to the others."""
    register, found = the_demo()
    before = card(found, "BXD")

    pays = {act.name: gained(register, found, act, before, most=None, agency="BXD") for act in ON_PAPER}

    assert all(points is not None and points > 0 for points in pays.values()), pays
    costs = {act.name: gained(register, found, act, before, most=None, agency="BXD") for act in COSTLY}
    assert all(points is not None and points < 0 for points in costs.values()), costs


@pytest.mark.slow
@pytest.mark.parametrize(("act", "most"), WITHHELD, ids=lambda part: getattr(part, "name", ""))
def test_letting_in_late_instead_of_at_once_gains_no_more_than_is_listed(act: Act, most: float) -> None:
    register, found = the_demo()

    for agency in ("BXD", "BTC"):
        points = gained(register, found, act, card(found, agency), most=None, agency=agency)
        assert points is not None
        assert points <= most, agency


@pytest.mark.slow
def test_a_false_claim_that_is_found_costs_the_rest_until_each_was_seen_and_no_honest_agency() -> None:
    """An agency whose other claims are honest gets all of it back once they were looked at."""
    register, found = the_demo()
    unpunished = dataclasses.replace(register, sample_items=register.sample_items.clear())
    held = with_standing(register).filter(pl.col("withheld_for").is_not_null())
    seen = held.filter(pl.col("seen_on").is_null()).select(
        "agreement_id", "state", "effective_on", verdict=pl.lit("confirmed"), received_on=pl.lit(found.as_of)
    )
    all_seen = pl.concat(
        [
            register.verifications.join(held, on=["agreement_id", "state", "effective_on"], how="anti"),
            seen.with_row_index("id", offset=100_000).cast({"id": pl.Int64}),
            held.filter(pl.col("seen_on").is_not_null()).select(
                "agreement_id", "state", "effective_on", id=pl.col("id") + 200_000, verdict=pl.lit("confirmed"),
                received_on=pl.lit(found.as_of),
            ),
        ],
        how="diagonal",
    )  # fmt: skip
    all_seen = all_seen.with_columns(pl.col("is_exchanged").fill_null(value=False))
    reviewed = dataclasses.replace(register, verifications=all_seen)
    before, after = (facts.build(one, found.as_of) for one in (unpunished, reviewed))

    for agency in ("BKHCN", "BNNMT"):
        full, now, again = (card(one, agency).points for one in (before, found, after))
        assert full is not None
        assert now is not None
        assert again is not None
        assert now < full - 1, "what was found costs more than the claim itself"
        assert abs(again - full) < NOTHING
    assert card(before, "BXD") == card(found, "BXD")
