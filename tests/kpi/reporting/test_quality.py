"""Records that are incomplete or contradict themselves, counted by hand and once more in plain Python."""

from __future__ import annotations

import dataclasses
import datetime as dt

import polars as pl
import pytest
from hypothesis import given, settings

from kpi import facts
from kpi.facts import UNASSIGNED
from kpi.facts.signs import FLAGS
from kpi.reporting import quality
from kpi.reporting.quality import DEFECTS
from tests.kpi import recomputed
from tests.kpi.registers import AS_OF, Row, register_of, registers

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
        "undated_state": 0,
        "contradicts": 1,
        "no_news": 1,
        "no_evidence": None,
        "unassigned": 0,
        "defective": 2,
        "registered_late": 0,
        "completed": 0,
        "evidenced": None,
    }
    assert (found[UNASSIGNED]["unassigned"], found[UNASSIGNED]["defective"]) == (1, 1)


def test_what_is_not_signed_owes_no_complete_record() -> None:
    assert by_agency(Row(id=1, agency="BCT", events=[("PROPOSED", D(2025, 1, 1))])) == {}


def test_a_silent_agreement_of_the_list_is_one_of_the_count() -> None:
    found = facts.build(register_of([Row(id=1, signed=D(2025, 1, 1)), Row(id=2, signed=D(2026, 1, 1))]), AS_OF)

    silent = found.agreements.filter(FLAGS["silent"])

    assert silent["agreement_id"].to_list() == [1]
    assert quality.by_agency(found)["silent"].sum() == silent.height


NO_NAMES = pl.DataFrame(schema={"agreement_id": pl.Int64, "text": pl.String})


def of(*rows: Row) -> facts.Facts:
    return facts.build(register_of(list(rows)), AS_OF)


def findings(found: facts.Facts, defect: str, names: pl.DataFrame = NO_NAMES) -> list[dict[str, object]]:
    wanted = ("agreement_id", "field", "text", "day", "other_day")
    return quality.findings(found, defect, names).select(wanted).to_dicts()


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(registers())
def test_every_count_is_the_number_of_agreements_behind_it_with_their_fields(rows: list[Row]) -> None:
    found = facts.build(register_of(rows), AS_OF)
    counted = quality.by_agency(found)

    for defect in DEFECTS:
        behind = quality.findings(found, defect, NO_NAMES)
        assert behind["agreement_id"].n_unique() == counted[defect].sum()
        assert behind.select("agreement_id", "field").is_unique().all()
        per_agency = behind.group_by("agency").agg(pl.col("agreement_id").n_unique())
        assert dict(per_agency.iter_rows()) == {
            agency: n for agency, n in counted.select("agency", defect).iter_rows() if n
        }


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(registers())
def test_long_without_news_is_longer_than_the_state_allows_without_report_or_event(rows: list[Row]) -> None:
    found = facts.build(register_of(rows), AS_OF)

    quiet = set()
    for row in rows:
        known = recomputed.agreement(row, AS_OF)
        if known is None or not known["open"]:
            continue
        told = [report.get("reported", report["received"]) for report in row.reports]
        heard = [*known["moves"], *(day for day in told if day <= AS_OF)]
        if (AS_OF - max(heard)).days >= recomputed.STALL[known["state"]]:
            quiet.add(row.id)

    assert set(found.agreements.filter(FLAGS["no_news"])["agreement_id"]) == quiet
    assert quiet <= set(found.agreements.filter(FLAGS["stalled"])["agreement_id"])


def test_dates_in_the_wrong_order_are_named_as_pairs_with_both_days() -> None:
    row = Row(
        id=1, signed=D(2025, 3, 1), events=[("IN_FORCE", D(2025, 2, 1))], targets=[(D(2025, 1, 1), D(2025, 3, 1))]
    )

    assert findings(of(row), "contradicts") == [
        {"agreement_id": 1, "field": f"{later}<signed_on", "text": None, "day": day, "other_day": D(2025, 3, 1)}
        for later, day in (("in_force_on", D(2025, 2, 1)), ("original_target", D(2025, 1, 1)))
    ]


def test_an_agency_not_resolved_is_shown_in_the_words_of_the_register() -> None:
    rows = of(Row(id=1, agency=None, signed=D(2025, 1, 1)), Row(id=2, agency=None, signed=D(2025, 1, 1)))
    names = pl.DataFrame({"agreement_id": [1], "text": ["Bộ Thương nghiệp"]})

    assert [row["text"] for row in findings(rows, "unassigned", names)] == ["Bộ Thương nghiệp", None]


def test_a_missing_field_is_named_and_several_make_one_defective_agreement() -> None:
    register = register_of([Row(id=1, signed=D(2025, 1, 1), targets=DATED, reports=REPORTED)])
    bare = register.agreements.with_columns(sector=pl.lit(None, pl.String), doc_type=pl.lit(None, pl.String))
    found = facts.build(dataclasses.replace(register, agreements=bare), AS_OF)

    assert [row["field"] for row in findings(found, "missing_fields")] == ["doc_type", "sector"]
    assert quality.by_agency(found)["missing_fields"].sum() == 1


def test_what_a_register_does_not_keep_is_not_available_rather_than_zero() -> None:
    register = register_of([Row(id=1, signed=D(2025, 1, 1), targets=DATED)])
    bare = facts.build(dataclasses.replace(register, periods=register.periods.clear()), AS_OF)

    counted = quality.by_agency(bare).row(0, named=True)

    assert quality.kept(bare) == tuple(name for name in DEFECTS if name not in ("silent", "no_evidence"))
    assert (counted["silent"], counted["no_evidence"]) == (None, None)
    assert findings(bare, "no_evidence") == findings(bare, "silent") == []


def test_a_completed_agreement_without_evidence_is_found_where_evidence_is_kept() -> None:
    done = [("IN_PROGRESS", D(2025, 2, 1)), ("COMPLETED", D(2025, 3, 1))]
    rows = of(
        Row(id=1, signed=D(2025, 1, 1), events=done),
        Row(id=2, signed=D(2025, 1, 1), events=done, evidence="12/BC-BCT"),
    )

    assert [(row["agreement_id"], row["day"]) for row in findings(rows, "no_evidence")] == [(1, D(2025, 3, 1))]


def test_there_is_no_list_for_what_is_no_defect() -> None:
    with pytest.raises(KeyError):
        quality.findings(of(), "signed", NO_NAMES)


def test_evidence_and_late_registrations_are_counted_by_agency() -> None:
    done = [("IN_PROGRESS", D(2025, 2, 1)), ("COMPLETED", D(2025, 3, 1))]
    found = by_agency(
        Row(id=1, signed=D(2025, 1, 1), events=done, evidence="12/BC", received=D(2025, 3, 2)),
        Row(id=2, signed=D(2025, 1, 1), events=done, received=D(2025, 3, 3)),
        Row(id=3, signed=D(2025, 1, 1), received=D(2026, 1, 1)),
        Row(id=4, agency="T20", signed=D(2025, 1, 1), events=done),
    )

    assert [found["BCT"][name] for name in ("completed", "evidenced", "registered_late")] == [2, 1, 2]
    assert [found["T20"][name] for name in ("completed", "evidenced", "registered_late")] == [1, 0, 0]


def test_evidence_is_not_counted_where_none_is_kept() -> None:
    done = [("COMPLETED", D(2025, 3, 1))]

    assert by_agency(Row(id=1, signed=D(2025, 1, 1), events=done))["BCT"]["evidenced"] is None
