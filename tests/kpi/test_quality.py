"""Reports that did not come and records that are incomplete, counted by hand."""

from __future__ import annotations

import dataclasses
import datetime as dt

from kpi import facts, quality
from kpi.facts import UNASSIGNED
from kpi.flags import FLAGS
from tests.kpi.registers import AS_OF, Row, register_of

D = dt.date
REPORTED = [{"period": "2025-Q4", "received": D(2026, 1, 9)}]
DATED = [(D(2027, 1, 1), D(2025, 1, 1))]


def by_agency(*rows: Row) -> dict[str, dict[str, int]]:
    found = quality.by_agency(facts.build(register_of(list(rows)), AS_OF))
    return {row["agency"]: row for row in found.iter_rows(named=True)}


def test_each_defect_is_counted_with_its_agency_and_an_agreement_once_among_the_defective() -> None:
    found = by_agency(
        Row(id=1, agency="BCT", signed=D(2025, 1, 1), targets=DATED, reports=REPORTED),
        Row(id=2, agency="BCT", signed=D(2025, 1, 1)),
        Row(id=3, agency="BCT", signed=D(2025, 1, 1), targets=[(D(2024, 1, 1), D(2025, 1, 1))], reports=REPORTED),
        Row(id=4, agency=None, signed=D(2025, 1, 1), targets=DATED, reports=REPORTED),
    )

    assert found["BCT"] == {
        "agency": "BCT",
        "n": 3,
        "silent": 1,
        "no_date": 1,
        "missing_fields": 0,
        "contradicts": 1,
        "unassigned": 0,
        "defective": 2,
    }
    assert (found[UNASSIGNED]["unassigned"], found[UNASSIGNED]["defective"]) == (1, 1)


def test_what_is_not_signed_owes_no_complete_record() -> None:
    assert by_agency(Row(id=1, agency="BCT", events=[("PROPOSED", D(2025, 1, 1))])) == {}


def test_reports_are_counted_by_agency_and_period_and_add_up() -> None:
    rows = [
        Row(id=1, agency="BCT", signed=D(2025, 8, 1), reports=REPORTED),
        Row(id=2, agency="BCT", signed=D(2025, 8, 1)),
        Row(id=3, agency="T20", signed=D(2025, 11, 1), reports=REPORTED),
        Row(id=4, agency=None, signed=D(2025, 8, 1)),
    ]

    found = quality.coverage(facts.build(register_of(rows), AS_OF))

    assert found.select("agency", "period", "owed", "received").rows() == [
        ("BCT", "2025-Q3", 2, 0),
        ("BCT", "2025-Q4", 2, 1),
        ("T20", "2025-Q4", 1, 1),
    ]
    assert quality.in_period(found).select("period", "owed", "received", "share").rows() == [
        ("2025-Q3", 2, 0, 0.0),
        ("2025-Q4", 3, 2, 200 / 3),
    ]


def test_a_register_without_reports_owes_none() -> None:
    register = register_of([Row(id=1, signed=D(2025, 1, 1))])
    bare = dataclasses.replace(register, periods=register.periods.clear())

    assert quality.coverage(facts.build(bare, AS_OF)).is_empty()


def test_a_silent_agreement_of_the_list_is_one_of_the_count() -> None:
    found = facts.build(register_of([Row(id=1, signed=D(2025, 1, 1)), Row(id=2, signed=D(2026, 1, 1))]), AS_OF)

    silent = found.agreements.filter(FLAGS["silent"])

    assert silent["agreement_id"].to_list() == [1]
    assert quality.by_agency(found)["silent"].sum() == silent.height
