"""Security and defence as sums only: what counts for whom, and what the one table of sums tells."""

from __future__ import annotations

import dataclasses
import datetime as dt

import numpy as np
import polars as pl
import pytest
from scipy.optimize import linprog

from kpi import facts, readers
from kpi.estimators.suppression import THRESHOLD, TOTAL
from kpi.register import Register
from tests.kpi.simulated import AS_OF, simulate


def with_security(seed: int) -> Register:
    """A simulated register in which two agencies and a few agreements of others are security and defence."""
    register = simulate(400, seed=seed, agencies=12)
    chance = pl.Series(np.random.default_rng(seed).random(400))
    theirs = pl.col("responsible_agency").is_in(["M02", "M05"]) | (chance < 0.03)
    sector = pl.when(theirs).then(pl.lit("SEC")).otherwise("sector")
    return dataclasses.replace(register, agreements=register.agreements.with_columns(sector=sector))


@pytest.mark.parametrize("reader", ["M00", "M02", readers.NOBODY])
def test_nothing_of_the_sector_is_counted_but_the_reader_s_own(reader: str) -> None:
    condition = readers.countable(reader)
    assert condition is not None

    whole = facts.build(with_security(1), AS_OF)
    counted = whole.where(condition)

    security = counted.agreements.filter(pl.col("sector") == "SEC")
    own = whole.agreements.filter((pl.col("sector") == "SEC") & (pl.col("agency") == reader))
    assert security["agreement_id"].to_list() == own["agreement_id"].to_list()
    others = whole.agreements.filter(pl.col("sector") != "SEC").height
    assert counted.agreements.height == others + own.height


def test_who_may_see_everything_counts_everything() -> None:
    register = with_security(1)

    assert readers.countable(readers.EVERYTHING) is None
    assert readers.register_for(register, readers.EVERYTHING) is register


@pytest.mark.parametrize("reader", ["M00", "M02", readers.NOBODY])
def test_folding_the_counted_register_or_counting_the_folded_one_is_the_same(reader: str) -> None:
    register = with_security(2)
    condition = readers.countable(reader)
    assert condition is not None

    one = facts.build(readers.register_for(register, reader), AS_OF)
    two = facts.build(register, AS_OF).where(condition)

    assert one.agreements.equals(two.agreements)
    assert one.reports.equals(two.reports)
    assert one.blockers.equals(two.blockers)
    assert one.records == two.records


def test_whoever_has_none_of_the_sector_is_told_what_everybody_is() -> None:
    register = with_security(2)
    whole = facts.build(register, AS_OF)
    counted, strictest = readers.countable("M99"), readers.countable(readers.NOBODY)
    assert counted is not None
    assert strictest is not None

    found = readers.holders(register)

    assert {"M02", "M05"} <= found
    assert found == frozenset(whole.agreements.filter(pl.col("sector") == "SEC")["agency"])
    assert whole.where(counted).agreements.equals(whole.where(strictest).agreements)


def limits(sums: pl.DataFrame) -> dict[str, tuple[float, float]]:
    """Between which values somebody who adds and subtracts can bring each hidden count of a list with its total."""
    body = sums.filter(pl.col("agency") != TOTAL)
    total = sums.filter(pl.col("agency") == TOTAL)["count"].item()
    unknown = body.filter("is_hidden")["agency"].to_list()
    if total is None:
        return {label: (0.0, float("inf")) for label in unknown}
    left = total - body["count"].sum()
    found = {}
    for label in unknown:
        goal = np.array([float(label == other) for other in unknown])
        ends = [
            linprog(sign * goal, A_eq=[[1.0] * len(unknown)], b_eq=[left], bounds=(0, None)).fun for sign in (1, -1)
        ]
        found[label] = (float(ends[0]), -float(ends[1]))
    return found


@pytest.mark.parametrize("reader", ["M00", "M02"])
@pytest.mark.parametrize("seed", range(12))
def test_the_sums_do_not_give_a_small_count_away(seed: int, reader: str) -> None:
    whole = facts.build(with_security(seed), AS_OF)
    signed = whole.agreements.filter(pl.col("is_signed") & (pl.col("sector") == "SEC") & (pl.col("agency") != reader))
    truth = dict(signed.group_by("agency").len().iter_rows())

    sums = readers.released(whole, reader=reader, by="agency")

    assert sums.filter(agency=TOTAL)["count"].to_list() == [signed.height]
    assert reader not in sums["agency"]
    for row in sums.filter(pl.col("agency") != TOTAL).iter_rows(named=True):
        assert row["is_hidden"] or row["count"] == truth[row["agency"]] >= THRESHOLD
    for label, (low, high) in limits(sums).items():
        if truth[label] < THRESHOLD:
            assert low <= 0
            assert high >= truth[label] + THRESHOLD


def test_few_in_all_are_not_told_at_all() -> None:
    whole = facts.build(with_security(1), AS_OF)
    few = whole.where((pl.col("sector") != "SEC") | (pl.col("agreement_id") == pl.col("agreement_id").min()))

    assert readers.released(few, reader="M00", by="agency")["count"].null_count() == 1 + (
        few.agreements.filter(pl.col("is_signed") & (pl.col("sector") == "SEC")).height
    )


def test_the_day_of_the_sums_is_the_end_of_the_year_before() -> None:
    days = [dt.date(2026, 1, 1), AS_OF, dt.date(2026, 12, 31)]

    assert {readers.release_day(day) for day in days} == {dt.date(2025, 12, 31)}
