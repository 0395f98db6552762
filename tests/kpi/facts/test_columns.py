"""What a fold gives is what is declared, column by column and row by row, and the documentation says the same."""

from __future__ import annotations

import dataclasses
import datetime as dt
import pathlib

import polars as pl
import pytest
from hypothesis import given, settings

from kpi import facts as kpi_facts
from kpi import frames
from kpi import register as kpi_register
from kpi.facts import Facts, columns, dictionary
from kpi.register import Register
from tests.kpi.registers import AS_OF, Row, register_of, registers

DOCS = pathlib.Path(__file__).resolve().parents[3] / "docs"
SIGNED = dt.date(2025, 3, 1)


def check(facts: Facts) -> None:
    for name, declared in columns.DECLARED.items():
        frames.check(declared, getattr(facts, name))


def folded() -> pl.DataFrame:
    """One agreement that is overdue, one suspended, one not signed."""
    return kpi_facts.build(
        register_of(
            [
                Row(1, signed=SIGNED, targets=[(dt.date(2025, 12, 1), SIGNED)]),
                Row(2, signed=SIGNED, events=[("IN_PROGRESS", SIGNED), ("SUSPENDED", dt.date(2025, 6, 1))]),
                Row(3, events=[("NEGOTIATING", SIGNED)]),
            ]
        ),
        AS_OF,
    ).agreements


@pytest.mark.slow
@settings(max_examples=30)
@given(registers())
def test_whatever_is_folded_is_as_declared(rows: list[Row]) -> None:
    register = register_of(rows)

    kpi_register.check(register)
    check(kpi_facts.build(register, AS_OF))


def test_a_register_without_agreements_gives_every_column() -> None:
    kpi_register.check(Register())
    check(kpi_facts.build(Register(), AS_OF))


def test_every_frame_is_declared_and_every_column_has_a_meaning() -> None:
    frames_of_facts = {field.name for field in dataclasses.fields(Facts) if field.type == "pl.DataFrame"}

    assert frames_of_facts == set(columns.DECLARED)
    for declared in columns.DECLARED.values():
        assert [name for name, column in declared.columns().items() if not column.description] == []


@pytest.mark.parametrize(
    ("spoilt", "rule"),
    [
        (pl.lit("stalled").alias("bucket"), "open_bucket_exactly_where_open"),
        (pl.lit("on_track").alias("bucket"), "bucket_of_the_most_serious_sign"),
        (pl.lit("elsewhere").alias("bucket"), "check__code"),
        (pl.lit("PROPOSED").alias("state"), "class_of_its_state"),
        (pl.lit(True).alias("is_open"), "standing_of_its_class"),
        (pl.lit(True).alias("due_soon"), "signs_of_open_agreements_only"),
        (pl.lit(True).alias("is_matured"), "judged_only_where_followed"),
        (pl.lit(None, pl.Int64).alias("days_overdue"), "flags_of_their_dates"),
        (pl.lit(dt.date(1999, 1, 1)).alias("last_progress_on"), "days_in_order"),
        (pl.lit(1, pl.Int64).alias("agreement_id"), "primary_key"),
        (pl.lit(None, pl.String).alias("agency"), "nullability"),
        (pl.lit(1, pl.Int32).alias("blockers_open"), "Int32"),
    ],
    ids=str,
)
def test_a_row_against_the_declaration_is_refused_by_the_rule_it_breaks(spoilt: pl.Expr, rule: str) -> None:
    agreements = folded()

    with pytest.raises(ValueError, match=r"AgreementFacts") as refused:
        frames.check(columns.AgreementFacts, agreements.with_columns(spoilt))

    assert rule in str(refused.value)


def test_a_column_too_many_or_too_few_is_named() -> None:
    agreements = folded()

    with pytest.raises(ValueError, match=r"bucket, is_new"):
        frames.check(columns.AgreementFacts, agreements.drop("bucket").with_columns(is_new=True))


def test_a_register_with_a_code_nobody_knows_is_refused() -> None:
    register = register_of([Row(1, signed=SIGNED, events=[("IN_THE_POST", SIGNED)])])

    with pytest.raises(ValueError, match=r"StatusEvents"):
        kpi_register.check(register)


def test_the_documentation_is_written_from_the_declaration() -> None:
    assert (DOCS / "facts.md").read_text(encoding="utf-8") == dictionary.page(), (
        "write it anew: python -m kpi.facts.dictionary > docs/facts.md"
    )
