"""Cells become values and events as the mapping says."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
import pytest

from seed_data.mapping.summary import contradictions, summarise
from tests.seed_data.test_mapping import HEADER, MAPPING, REGISTER, mapped, problems_of

# --- Values ----------------------------------------------------------------------------------------------------------


def with_fields(*lines: str) -> str:
    return MAPPING.replace("[fields]\n", "[fields]\n" + "\n".join(lines) + "\n")


def test_constants_maps_and_defaults() -> None:
    mapping = with_fields(
        'doc_type = { column = "Loại", map = { "Vay" = "LOAN", "BGN" = "MOU" }, default = "IA" }',
        'sector = { constant = "ENE" }',
        'priority = { column = "Ưu tiên" }',
    )
    text = f"{HEADER},Loại,Ưu tiên\n1,a,,,,Vay,Có\n2,b,,,,,\n3,c,,,,BGN,không\n"

    frame = mapped(text, mapping).agreements

    assert frame["doc_type"].to_list() == ["LOAN", "IA", "MOU"]
    assert frame["sector"].to_list() == ["ENE", "ENE", "ENE"]
    assert frame["priority"].to_list() == [True, False, False]
    assert frame["title_en"].to_list() == ["a", "b", "c"], "a title in one language stands for both"


def test_scope_and_access_level_have_a_standard_where_the_cell_is_empty() -> None:
    mapping = with_fields('scope = { column = "P" }', 'access_level = { column = "M" }')

    frame = mapped(f"{HEADER},P,M\n1,a,,,,LOCAL,restricted\n2,b,,,,,\n", mapping).agreements

    assert frame.select("scope", "access_level").rows() == [("LOCAL", "restricted"), ("HIGH_LEVEL", "open")]
    assert [problem.code for problem in problems_of(f"{HEADER},P,M\n1,a,,,,,mật\n", mapping)] == ["unknown_code"]


def test_codes_may_be_written_as_names() -> None:
    mapping = with_fields('sector = { column = "Lĩnh vực" }')

    frame = mapped(f"{HEADER},Lĩnh vực\n1,a,,,,Năng lượng\n2,b,,,,education - training\n3,c,,,,\n", mapping).agreements

    assert frame["sector"].to_list() == ["ENE", "EDU", None]


def test_a_declaratory_kind_of_document_is_not_implementable_unless_the_file_says_so() -> None:
    text = f"{HEADER},Loại,TH\n1,a,,,,JS,\n2,b,,,,JS,có\n3,c,,,,MOU,\n4,d,,,,,\n"
    kinds = 'doc_type = { column = "Loại" }'

    assert mapped(text, with_fields(kinds)).agreements["implementable"].to_list() == [False, False, True, True]
    both = with_fields(kinds, 'implementable = { column = "TH" }')
    assert mapped(text, both).agreements["implementable"].to_list() == [False, True, True, True]


def test_partners_by_code_or_name_and_several_in_one_cell() -> None:
    mapping = MAPPING + '[[partners]]\ncolumn = "Đối tác"\nseparator = ";"\n[[partners]]\nconstant = "ORG-WB"\n'

    frames = mapped(f"{HEADER},Đối tác\n1,a,,,,Nhật Bản; FR;Japan\n2,b,,,,\n", mapping).frames

    assert frames["AgreementPartner"].rows() == [(1, "JP", 0), (1, "FR", 1), (1, "ORG-WB", 2), (2, "ORG-WB", 0)]


def test_coordinating_agencies() -> None:
    mapping = MAPPING + '[[coordinating]]\ncolumn = "Phối hợp"\nseparator = ";"\n'

    register = mapped(f"{HEADER},Phối hợp\n1,a,BYT,,,MPI; EVN; Bộ Tài chính\n", mapping)

    assert register.frames["AgreementAgency"].rows() == [(1, "BTC", "coordinating")]
    assert register.unresolved().select("field", "name").rows() == [("coordinating_agency", "EVN")]


def test_exchanges_declared_in_the_mapping() -> None:
    mapping = with_fields('exchange = { column = "Chuyến thăm" }') + (
        '[[exchanges]]\ncode = "V1"\nname_vi = "Thăm Pháp"\nname_en = "Visit to France"\nkind = "visit"\n'
        'held_on = 2024-10-07\npartner = "Pháp"\n'
    )

    register = mapped(f"{HEADER},Chuyến thăm\n1,a,,,,V1\n2,b,,,,\n", mapping)

    assert register.frames["Exchange"].row(0, named=True)["partner"] == "FR"
    assert register.agreements["exchange"].to_list() == ["V1", None]


@pytest.mark.parametrize(
    ("fields", "row", "expected"),
    [
        (['doc_type = { column = "X", map = { A = "MOU" } }'], "1,a,,,,B\n2,b,,,,A", ("value_not_in_map", 2, "X", "B")),
        (['doc_type = { column = "X" }'], "1,a,,,,memo", ("unknown_code", 2, "X", "memo")),
        (['doc_type = { constant = "memo" }'], "1,a,,,,", ("unknown_code", None, "fields.doc_type", "memo")),
        (['priority = { column = "X" }'], "1,a,,,,maybe", ("not_yes_no", 2, "X", "maybe")),
        ([], ",a,,,,", ("value_missing", 2, "Số", "")),
        ([], "1,,,,,", ("value_missing", 2, "Tên", "")),
        ([], "1,a,,01/01/0024,,", ("date_out_of_range", 2, "Ngày ký", "01/01/0024")),
        ([], "1,a,,1/2,,", ("not_a_date", 2, "Ngày ký", "1/2")),
        ([], "1,a,,45000,,", ("date_serial", 2, "Ngày ký", "45000")),
    ],
)
def test_a_wrong_value_is_named_with_row_column_and_value(
    fields: list[str], row: str, expected: tuple[str, int | None, str, str]
) -> None:
    found = problems_of(f"{HEADER},X\n{row}\n", with_fields(*fields))

    assert [(problem.code, problem.row, problem.column, problem.value) for problem in found] == [expected]


def test_a_reference_given_twice_points_at_the_first() -> None:
    found = problems_of(f"{HEADER}\n1,a,,,\n2,b,,,\n1,c,,,\n")

    assert [(problem.code, problem.row, dict(problem.params)) for problem in found] == [
        ("ref_twice", 4, {"first": "2"})
    ]


def test_a_date_that_could_be_two_is_not_guessed() -> None:
    both = MAPPING.replace('formats = ["%d/%m/%Y"]', 'formats = ["%d/%m/%Y", "%m/%d/%Y"]')

    found = problems_of(f"{HEADER}\n1,a,,03/04/2024,\n2,b,,13/04/2024,\n3,c,,05/05/2024,\n", both)

    assert [(problem.code, problem.row) for problem in found] == [("date_ambiguous", 2)]


def test_wrong_values_of_every_column_come_at_once() -> None:
    found = problems_of(f"{HEADER}\n1,a,,x,y\n1,,,,\n")

    assert {(problem.code, problem.row) for problem in found} == {
        ("not_a_date", 2),
        ("value_missing", 3),
        ("ref_twice", 3),
    }


def test_texts_that_mean_nothing_can_be_named() -> None:
    register = mapped(f"{HEADER}\n1,a,n/a,n/a,\n", MAPPING + '[file]\nempty = ["n/a"]\n')

    assert register.agreements["responsible_as_given"].to_list() == [""]
    assert register.unresolved().is_empty()


def test_an_alias_must_lead_to_an_agency() -> None:
    found = problems_of(f"{HEADER}\n1,a,EVN,,\n", MAPPING + '[agencies.aliases]\nEVN = "BCTT"\n')

    assert [(problem.file, problem.code, problem.value) for problem in found] == [
        ("own.toml", "unknown_agency", "BCTT")
    ]
    good = mapped(f"{HEADER}\n1,a,EVN,,\n", MAPPING + '[agencies.aliases]\nEVN = "BCT"\n')
    assert good.agreements["responsible_agency"].to_list() == ["BCT"]


def test_unresolved_agencies_are_kept_and_listed() -> None:
    register = mapped(f"{HEADER}\n1,a,EVN,,\n2,b,MPI,,\n3,c,,,\n4,d,EVN,,\n")

    assert register.agreements["responsible_agency"].to_list() == [None, "BTC", None, None]
    assert register.agreements["responsible_as_given"].to_list() == ["EVN", "MPI", "", "EVN"]
    listed = register.findings.filter(pl.col("code") == "unresolved_agency")
    assert listed.select("agreement_id", "source_row", "field", "value").rows() == [
        (1, 2, "responsible_agency", "EVN"),
        (4, 5, "responsible_agency", "EVN"),
    ]
    assert summarise(register, stored=False)["agencies"] == {"resolved": 1, "unresolved": 2, "not_given": 1}


# --- What happened ---------------------------------------------------------------------------------------------------

LIFE = (
    REGISTER
    + """
[dates.signed]
column = "signed"
[dates.begun]
column = "begun"
[dates.end]
column = "end"
[fields]
ref = { column = "ref" }
title_en = { column = "ref" }
[[events]]
state = "SIGNED"
date = "signed"
[[events]]
state = "IN_PROGRESS"
date = "begun"
[[events]]
state = "COMPLETED"
date = "end"
undated = ["begun", "data_date"]
when = { column = "status", is = ["Closed", "Done"] }
[[events]]
state = "TERMINATED"
undated = ["signed"]
when = [{ column = "status", is = "Dropped" }, { date = "signed", has_come = true }]
[[targets]]
date = "end"
since = ["signed", "data_date"]
reason = "closing date"
[columns.status]
ignore = ["Active"]
optional = ["Active", "Closed", "Done", "Dropped"]
"""
)


def events_of(*rows: str) -> list[tuple[Any, ...]]:
    register = mapped("ref,status,signed,begun,end\n" + "\n".join(rows) + "\n", LIFE)
    frame = register.frames["StatusEvent"].select("agreement_id", "state", "effective_on", "date_known")
    return [(ref, state, str(day), known) for ref, state, day, known in frame.iter_rows()]


def test_dated_moves_and_conditions() -> None:
    assert events_of("A,Closed,2020-01-01,2020-06-01,2022-01-01", "B,Active,2021-01-01,,2030-01-01") == [
        (1, "SIGNED", "2020-01-01", True),
        (1, "IN_PROGRESS", "2020-06-01", True),
        (1, "COMPLETED", "2022-01-01", True),
        (2, "SIGNED", "2021-01-01", True),
    ]


def test_a_state_without_its_day_takes_the_first_day_that_has_come_and_says_so() -> None:
    assert events_of("A,Done,2020-01-01,2020-06-01,", "B,Done,2020-01-01,,", "C,Dropped,2020-01-01,,") == [
        (1, "SIGNED", "2020-01-01", True),
        (1, "IN_PROGRESS", "2020-06-01", True),
        (1, "COMPLETED", "2020-06-01", False),
        (2, "SIGNED", "2020-01-01", True),
        (2, "COMPLETED", "2025-06-30", False),
        (3, "SIGNED", "2020-01-01", True),
        (3, "TERMINATED", "2020-01-01", False),
    ]


def test_nothing_later_than_the_data_date_has_happened() -> None:
    register = mapped("ref,status,signed,begun,end\nA,Active,2025-07-01,2025-08-01,2026-01-01\n", LIFE)

    assert register.frames["StatusEvent"].select("state", "effective_on", "date_known").rows() == [
        ("PROPOSED", dt.date(2025, 6, 30), False)
    ]
    found = register.findings.select("code", "field", "value").rows()
    assert found == [
        ("after_data_date", "begun", "2025-08-01"),
        ("after_data_date", "signed", "2025-07-01"),
        ("no_state", "", "PROPOSED"),
    ]
    known = dt.date(2025, 6, 30)
    assert register.frames["TargetDate"].rows() == [(1, 1, dt.date(2026, 1, 1), known, "closing date", known)]


def test_dates_that_contradict_each_other_are_listed_and_kept() -> None:
    register = mapped(
        "ref,status,signed,begun,end\n"
        "A,Closed,2020-01-01,2019-06-01,2022-01-01\n"
        "B,Closed,2020-01-01,,2019-01-01\n"
        "C,Closed,2020-01-01,2021-01-01,2020-06-01\n",
        LIFE,
    )

    assert contradictions(register).rows() == [
        (2, "A", "effective_before_signed", "begun", "2019-06-01"),
        (3, "B", "completed_before_signed", "end", "2019-01-01"),
        (3, "B", "target_before_signed", "end", "2019-01-01"),
        (4, "C", "completed_before_started", "end", "2020-06-01"),
    ]
    assert register.frames["StatusEvent"].filter(pl.col("agreement_id") == 1)["effective_on"].to_list() == [
        dt.date(2020, 1, 1),
        dt.date(2019, 6, 1),
        dt.date(2022, 1, 1),
    ]


def test_a_source_may_say_when_it_was_told() -> None:
    mapping = LIFE.replace("[dates.end]", '[dates.told]\ncolumn = "told"\n[dates.end]').replace(
        'date = "begun"\n', 'date = "begun"\nreceived = ["told"]\n'
    )
    mapping = mapping.replace('date = "end"\nsince', 'date = "end"\nreceived = ["told", "begun"]\nsince')
    register = mapped(
        "ref,status,signed,begun,end,told\n"
        "A,Active,2020-01-01,2020-06-01,2026-01-01,2020-09-01\n"
        "B,Active,2020-01-01,2020-06-01,,2020-02-01\n"
        "C,Active,2020-01-01,2020-06-01,2026-01-01,\n"
        "D,Active,2020-01-01,2020-06-01,,2026-02-01\n",
        mapping,
    )

    starts = register.frames["StatusEvent"].filter(pl.col("state") == "IN_PROGRESS")
    assert starts["received_on"].to_list() == [
        dt.date(2020, 9, 1),
        dt.date(2020, 6, 1),
        dt.date(2020, 6, 1),
        dt.date(2025, 6, 30),
    ]
    assert register.frames["TargetDate"].select("agreement_id", "received_on").rows() == [
        (1, dt.date(2020, 9, 1)),
        (3, dt.date(2020, 6, 1)),
    ]
    assert register.agreements["received_on"].to_list() == [dt.date(2020, 1, 1)] * 4
    assert register.findings.select("agreement_id", "code", "field", "value").rows() == [
        (2, "received_before", "begun", "2020-02-01")
    ]


def test_a_record_without_a_day_of_signing_is_listed() -> None:
    register = mapped("ref,status,signed,begun,end\nA,Closed,,2019-06-01,2022-01-01\n", LIFE)

    assert register.findings.select("code", "field").rows() == [("no_signing_date", "signed")]
    assert register.frames["StatusEvent"]["state"].to_list() == ["IN_PROGRESS", "COMPLETED"]
