"""What claims lack, and their worth against a scorecard of the register in which each alone counts."""

from __future__ import annotations

import dataclasses

import polars as pl
import pytest

from kpi import facts
from kpi.facts.standing import with_standing
from kpi.indicators import scorecard
from kpi.indicators.catalog import COMPOSITE
from kpi.register import Register
from kpi.studies import claims
from kpi.vocabulary import Lack
from tests.kpi.facts.test_standing import DAY, START, a_doubtful_quarter, sampled
from tests.kpi.registers import AS_OF, Row, register_of
from tests.kpi.studies.test_what_if import AGENCY, LENIENT

DRAWN = [(1, START, DAY, AGENCY), (2, START, DAY, AGENCY)]


def found_in(register: Register) -> pl.DataFrame:
    known = facts.build(register, AS_OF)
    cards = scorecard.compute(known, by=["agency"], rules=LENIENT)
    return claims.lacking(register, known, (), agency=AGENCY, rules=LENIENT, cards=cards)


def composite(register: Register) -> float:
    cards = scorecard.compute(facts.build(register, AS_OF), by=["agency"], rules=LENIENT)
    return float(cards.filter((pl.col("agency") == AGENCY) & (pl.col("kpi") == COMPOSITE))["value"].item())


def test_the_worth_of_what_is_withheld_is_a_scorecard_of_the_register_in_which_it_counts() -> None:
    register = sampled(a_doubtful_quarter(), DRAWN)

    found = found_in(register)

    held = found.filter(pl.col("lacks").list.contains(str(Lack.NEEDS_SIGHT)))
    assert held.height > 1
    before, counting = (
        composite(register),
        with_standing(register).filter(
            pl.col("withheld_for").is_null() & pl.col("standing").ne_missing(pl.lit("refused"))
        ),
    )
    for row in held.iter_rows(named=True):
        one = register.status_events.filter(
            agreement_id=row["agreement_id"], state=row["state"], effective_on=row["effective_on"]
        )
        as_if = dataclasses.replace(
            register,
            status_events=pl.concat([counting.select(one.columns), one]).sort("id"),
            sample_items=register.sample_items.clear(),
        )
        assert row["score"] == pytest.approx(composite(as_if))
        assert row["points"] == pytest.approx(composite(as_if) - before)
    assert found["points"].drop_nulls().is_sorted(descending=True)


def test_what_was_found_false_is_listed_and_worth_nothing() -> None:
    found = found_in(sampled(a_doubtful_quarter(), DRAWN))

    false = found.filter(pl.col("lacks").list.contains(str(Lack.WAS_FALSE)))
    assert not false.is_empty()
    assert false["points"].null_count() == false.height


def test_what_counts_on_a_word_alone_lacks_a_document_and_comes_last() -> None:
    rows = [
        Row(id=1, signed=AS_OF.replace(year=2025), events=[("IN_PROGRESS", AS_OF.replace(month=1, day=2))]),
        Row(
            id=2,
            signed=AS_OF.replace(year=2025),
            events=[("IN_PROGRESS", AS_OF.replace(month=1, day=2))],
            documented=frozenset({"IN_PROGRESS"}),
        ),
    ]

    found = found_in(register_of(rows))

    assert found.select("agreement_id", "counts", "points", pl.col("lacks").list.first()).rows() == [
        (1, True, None, Lack.NEEDS_DOCUMENT)
    ]
