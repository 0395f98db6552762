"""Mappings are certain: every value of a column that decides is said, names of others stay others', the order is the mapping's."""

from __future__ import annotations

import datetime as dt

import pytest

from seed_data.mapping.problems import MOST_PROBLEMS_KEPT, MappingProblem
from tests.seed_data.test_mapping import HEADER, MAPPING, mapped, problems_of

STATES = """
[[events]]
state = "IN_PROGRESS"
undated = ["signed"]
when = { column = "Tình trạng", is = ["đang làm", "xong"] }
[[events]]
state = "COMPLETED"
undated = ["data_date"]
when = { column = "Tình trạng", is = "xong" }
"""
SIGNED_ONLY = MAPPING.replace('[[events]]\nstate = "COMPLETED"\ndate = "done"\n', "")
WITH_STATES = SIGNED_ONLY + STATES


def rows(*states: str) -> str:
    lines = "\n".join(f"{number},a,,05/03/2024,,{state}" for number, state in enumerate(states, 1))
    return f"{HEADER},Tình trạng\n{lines}\n"


def told(problem: MappingProblem) -> tuple[str, str | None, int, tuple[int, ...]]:
    return problem.code, problem.value, problem.count, problem.rows


# --- Every value is said ---------------------------------------------------------------------------------------------


def test_capitals_marks_and_spaces_do_not_hide_a_value() -> None:
    events = mapped(rows("Đang làm", "đang  làm", "dang lam", "XONG"), WITH_STATES).frames["StatusEvent"]

    last = dict(events.group_by("agreement_id", maintain_order=True).agg("state").iter_rows())
    assert {number: states[-1] for number, states in last.items()} == {
        1: "IN_PROGRESS",
        2: "IN_PROGRESS",
        3: "IN_PROGRESS",
        4: "COMPLETED",
    }


def test_a_value_that_no_condition_names_is_a_problem_once_with_its_rows() -> None:
    found = problems_of(rows("đang làm", "Hoàn thành", "xong", "Hoàn thành", ""), WITH_STATES)

    assert [told(problem) for problem in found] == [("value_undecided", "Hoàn thành", 2, (3, 5))]


def test_what_is_listed_under_ignore_is_decided() -> None:
    mapping = WITH_STATES + '[columns."Tình trạng"]\nignore = ["hoàn thành"]\n'

    events = mapped(rows("đang làm", "Hoàn thành", "xong"), mapping).frames["StatusEvent"]

    assert [states for _, states in events.select("agreement_id", "state").rows() if _ == 2] == ["SIGNED"]


def test_what_is_listed_and_never_occurs_is_a_problem_of_the_mapping() -> None:
    (found,) = problems_of(rows("đang làm"), WITH_STATES)

    assert (found.file, found.code, found.column, found.value) == (
        "own.toml",
        "value_never_occurs",
        "Tình trạng",
        "xong",
    )
    mapped(rows("đang làm"), WITH_STATES + '[columns."Tình trạng"]\noptional = ["xong"]\n')


def test_maps_find_their_texts_as_conditions_do() -> None:
    mapping = MAPPING.replace(
        "[fields]\n", '[fields]\ndoc_type = { column = "Loại", map = { "Vay vốn" = "LOAN", "Ghi nhớ" = "MOU" } }\n'
    )

    assert mapped(f"{HEADER},Loại\n1,a,,,,VAY VỐN\n2,b,,,,ghi nho\n", mapping).agreements["doc_type"].to_list() == [
        "LOAN",
        "MOU",
    ]
    found = problems_of(f"{HEADER},Loại\n1,a,,,,Vay vốn\n2,b,,,,Khác\n3,b,,,,Khác\n", mapping)
    assert [told(problem)[:3] for problem in found] == [
        ("value_never_occurs", "Ghi nhớ", 1),
        ("value_not_in_map", "Khác", 2),
    ]


def test_problems_come_by_distinct_value_with_counts_and_examples() -> None:
    lines = "\n".join(f"{number},a,,{'never' if number % 2 else '31/02/2024'},," for number in range(1, 2001))

    found = problems_of(f"{HEADER},Tình trạng\n{lines}\n", SIGNED_ONLY)

    assert {(problem.value, problem.count) for problem in found} == {("never", 1000), ("31/02/2024", 1000)}
    assert all(len(problem.rows) == 5 for problem in found)


def test_a_column_of_codes_or_flags_may_ignore_texts_too() -> None:
    mapping = SIGNED_ONLY.replace(
        "[fields]\n", '[fields]\ndoc_type = { column = "Loại" }\npriority = { column = "Ưu tiên" }\n'
    )
    mapping += '[columns."Loại"]\nignore = ["chưa rõ"]\n[columns."Ưu tiên"]\nignore = ["?"]\n'

    frame = mapped(f"{HEADER},Loại,Ưu tiên\n1,a,,,,CHƯA RÕ,?\n2,b,,,,MOU,x\n", mapping).agreements

    assert frame.select("doc_type", "priority").rows() == [(None, False), ("MOU", True)]


def test_maps_and_what_is_ignored_are_of_the_parts_of_a_divided_cell() -> None:
    mapping = SIGNED_ONLY + (
        '[[partners]]\ncolumn = "Bên"\nseparator = ";"\n[columns."Bên"]\nignore = ["Việt Nam", "Khác"]\n'
    )

    found = problems_of(f"{HEADER},Bên\n1,a,,,,Pháp; Việt Nam;Wakanda\n2,b,,,,Việt Nam;\n", mapping)

    assert [(problem.code, problem.value) for problem in found] == [
        ("value_never_occurs", "Khác"),
        ("unknown_partner", "Wakanda"),
    ]
    mapping = mapping.replace(', "Khác"', "").replace('";"\n', '";"\nmap = { "Pháp quốc" = "FR", "Nhật" = "JP" }\n')
    partners = mapped(f"{HEADER},Bên\n1,a,,,,pháp quốc; Việt Nam;NHẬT\n", mapping).frames["AgreementPartner"]
    assert partners["partner"].to_list() == ["FR", "JP"]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ('[columns."Tên"]\nignore = ["a"]\n', "decides_nothing"),
        ('[[partners]]\ncolumn = "Cơ quan"\nmap = { "BYT" = "" }\n', "mapped_to_nothing"),
        ('[columns."Tên"]\nempties = ["a"]\n', "unknown_key"),
    ],
)
def test_what_has_no_meaning_is_refused(line: str, code: str) -> None:
    assert [problem.code for problem in problems_of(f"{HEADER}\n1,a,,,\n", SIGNED_ONLY + line)] == [code]


def test_of_more_wrong_values_than_are_worth_listing_the_others_are_one_problem() -> None:
    lines = "\n".join(f"{number},a,,x{number},," for number in range(MOST_PROBLEMS_KEPT + 20))

    *listed, others = problems_of(f"{HEADER},Tình trạng\n{lines}\n", SIGNED_ONLY)

    assert (len(listed), others.code, others.count) == (MOST_PROBLEMS_KEPT, "further_values", 20)


# --- Names of others -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "agency"),
    [
        ("Ministry of Finance", "BTC"),
        ("Ministry of Finance, Republic of Ghana", None),
        ("Ministry of Finance of the Lao PDR", None),
        ("Ministry of Finance of Mali", None),
        ("Ministry of Finance, Chad", None),
        ("Ministry of Finance (UK)", None),
        ("Mali Ministry of Finance", None),
        ("Ministry of Finance, Government of Nga", None),
        ("Bộ Tài chính Mỹ", None),
        ("Bộ Y tế - Cộng hòa Áo", None),
        ("MPI, Korea", None),
        ("Bộ Tài chính Pakistan", None),
        ("Bộ Tài chính CHDCND Lào", None),
        ("Ministry of Finance of Viet Nam", "BTC"),
    ],
)
def test_a_ministry_of_another_country_is_never_a_vietnamese_one(name: str, agency: str | None) -> None:
    frame = mapped(f'{HEADER}\n1,a,"{name}",05/03/2024,\n', SIGNED_ONLY).agreements

    assert frame["responsible_agency"].to_list() == [agency]


def test_the_country_may_stand_in_a_column_of_its_own() -> None:
    mapping = SIGNED_ONLY + '[agencies]\ncountry_column = "Nước"\n[agencies.aliases]\n"Our office in Accra" = "BNG"\n'
    text = (
        f"{HEADER},Nước\n1,a,Ministry of Finance,,,Ghana\n2,b,Ministry of Finance,,,Vietnam\n3,c,Bộ Tài chính,,,\n"
        "4,d,Ministry of Education,,,Ghana\n5,e,Our office in Accra,,,Ghana\n"
    )

    agencies = mapped(text, mapping).agreements["responsible_agency"].to_list()

    assert agencies == [None, "BTC", "BTC", None, "BNG"], (
        "a name of the list or one alike is another's; a declared one is not"
    )


def test_all_names_are_listed_by_how_they_were_found() -> None:
    mapping = SIGNED_ONLY + '[[partners]]\ncolumn = "Đối tác"\n'
    names = mapped(f"{HEADER},Đối tác\n1,a,Bộ Tài chính,,,Mỹ\n2,b,EVN,,,MY\n3,c,EVN,,,Hoa Ky\n", mapping).names

    assert names.select("field", "name", "stands_for", "how", "agreements").rows() == [
        ("partner", "Hoa Ky", "US", "folded", 1),
        ("partner", "MY", "MY", "code", 1),
        ("partner", "Mỹ", "US", "alias", 1),
        ("responsible_agency", "Bộ Tài chính", "BTC", "name", 1),
        ("responsible_agency", "EVN", None, "unknown", 2),
    ]


def test_an_unknown_partner_comes_with_what_was_probably_meant() -> None:
    mapping = SIGNED_ONLY + '[[partners]]\ncolumn = "Đối tác"\n'

    found = problems_of(f"{HEADER},Đối tác\n1,a,,,,Ao\n2,b,,,,Ao\n3,c,,,,Wakanda\n", mapping)

    assert [(told(problem), dict(problem.params).get("meant")) for problem in found] == [
        (("unknown_partner_near", "Ao", 2, (2, 3)), "Áo (AT)"),
        (("unknown_partner", "Wakanda", 1, (4,)), None),
    ]


# --- New partners and agencies ---------------------------------------------------------------------------------------

NEW = """
[[partners]]
column = "Đối tác"
[[partners.new]]
code = "WK"
name_vi = "Uy-can-đa"
name_en = "Wakanda"
region = "Africa"
aliases = ["Vương quốc Uy-can-đa"]
[[agencies.new]]
key = "EVN"
kind = "other_state_body"
name_vi = "Tập đoàn Điện lực Việt Nam"
name_en = "Viet Nam Electricity"
"""


def test_a_mapping_may_bring_partners_and_agencies_of_its_own() -> None:
    register = mapped(
        f"{HEADER},Đối tác\n1,a,EVN,,,Wakanda\n2,b,Tập đoàn Điện lực Việt Nam,,,vương quốc uy-can-đa\n",
        SIGNED_ONLY + NEW,
    )

    assert register.agreements["responsible_agency"].to_list() == ["EVN", "EVN"]
    assert register.frames["AgreementPartner"]["partner"].to_list() == ["WK", "WK"]
    assert register.further["Partner"].select("code", "name_en", "region").rows() == [("WK", "Wakanda", "Africa")]
    assert register.further["Agency"]["key"].to_list() == ["EVN"]
    assert register.further["PartnerTier"].select("partner", "tier").rows() == [("WK", "OTHER")]


ELECTRICITY = 'name_en = "Viet Nam Electricity"\n'
ALLY = """
[[tiers.new]]
code = "ALLY"
name_vi = "Đồng minh"
name_en = "Ally"
aliases = ["Bạn gần"]
"""


def test_a_mapping_may_bring_tiers_of_its_own() -> None:
    with_tier = NEW.replace('code = "WK"', 'code = "WK"\ntier = "ALLY"') + ALLY
    register = mapped(f"{HEADER},Đối tác\n1,a,EVN,,,Wakanda\n", SIGNED_ONLY + with_tier)

    assert register.further["Tier"].select("code", "position").rows() == [("ALLY", 7)]
    assert register.further["EntryAlias"].select("alias", "list_of", "code").rows() == [("Bạn gần", "tier", "ALLY")]
    assert register.further["PartnerTier"].select("partner", "tier").rows() == [("WK", "ALLY")]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ('code = "WK"', 'code = "CN"', "entry_twice"),
        ('key = "EVN"', 'key = "BTC"', "entry_twice"),
        ('["Vương quốc Uy-can-đa"]', '["Mỹ"]', "name_ambiguous"),
        ('name_en = "Wakanda"', 'name_en = "France"', "name_ambiguous"),
        ('name_en = "Viet Nam Electricity"', 'name_en = "Ministry of Finance"', "name_ambiguous"),
        ('name_vi = "Uy-can-đa"\n', "", "key_missing"),
        ('region = "Africa"', 'region = "Mars"', "unknown_code"),
        ('kind = "other_state_body"', 'kind = "company"', "unknown_code"),
        ('code = "WK"', 'code = "WK"\ntier = "ALLY"', "unknown_code"),
        (ELECTRICITY, ELECTRICITY + ALLY.replace("ALLY", "CSP"), "entry_twice"),
        (ELECTRICITY, ELECTRICITY + ALLY.replace("Bạn gần", "Other partner"), "name_ambiguous"),
    ],
)
def test_what_would_be_two_is_refused_when_declared(old: str, new: str, code: str) -> None:
    found = problems_of(f"{HEADER},Đối tác\n1,a,,,,CN\n", SIGNED_ONLY + NEW.replace(old, new))

    assert [problem.code for problem in found] == [code]
    assert found[0].file == "own.toml"


# --- Order, empties, signs -------------------------------------------------------------------------------------------


def test_a_move_without_its_day_keeps_its_place_in_the_mapping() -> None:
    mapping = (
        SIGNED_ONLY
        + """
[[events]]
state = "IN_PROGRESS"
date = "done"
[[events]]
state = "TERMINATED"
undated = ["signed"]
when = { column = "Tình trạng", is = "bỏ" }
"""
    )
    events = mapped(f"{HEADER},Tình trạng\n1,a,,05/03/2024,2025-01-31,bỏ\n", mapping).frames["StatusEvent"]

    assert events.select("state", "effective_on", "date_known").rows() == [
        ("SIGNED", dt.date(2024, 3, 5), True),
        ("IN_PROGRESS", dt.date(2025, 1, 31), True),
        ("TERMINATED", dt.date(2025, 1, 31), False),
    ]


def test_a_move_without_its_day_never_becomes_the_last_where_days_contradict_each_other() -> None:
    """Completed before it was signed: the start in between is put where neither end of the life changes."""
    mapping = (
        SIGNED_ONLY
        + """
[[events]]
state = "IN_PROGRESS"
undated = ["data_date"]
[[events]]
state = "COMPLETED"
date = "done"
[[events]]
state = "TERMINATED"
undated = ["signed"]
when = { column = "Tình trạng", is = "bỏ" }
"""
    )
    events = mapped(f"{HEADER},Tình trạng\n1,a,,05/03/2024,2024-01-31,\n2,b,,05/03/2024,,bỏ\n", mapping).frames

    assert events["StatusEvent"].select("state", "effective_on", "date_known").rows() == [
        ("SIGNED", dt.date(2024, 3, 5), True),
        ("IN_PROGRESS", dt.date(2024, 1, 31), False),
        ("COMPLETED", dt.date(2024, 1, 31), True),
        ("SIGNED", dt.date(2024, 3, 5), True),
        ("IN_PROGRESS", dt.date(2025, 6, 30), False),
        ("TERMINATED", dt.date(2025, 6, 30), False),
    ]


def test_what_means_nothing_may_be_said_of_one_column() -> None:
    mapping = WITH_STATES + '[columns."Tình trạng"]\nempty = ["-"]\noptional = ["xong"]\n'

    frame = mapped("Số,Tên,Cơ quan,Ngày ký,Hoàn thành,Tình trạng\n1,-,,05/03/2024,,-\n2,b,,,,đang làm\n", mapping)

    assert frame.agreements["title_vi"].to_list() == ["-", "b"]


def test_control_characters_matter_only_in_columns_that_are_read() -> None:
    text = "Số,Tên,Cơ quan,Ngày ký,Hoàn thành,Ghi chú\n1,a,,05/03/2024,,x\x07y\n"

    assert mapped(text, SIGNED_ONLY).agreements.height == 1
    assert [problem.code for problem in problems_of(text.replace("1,a", "1,a\x07"), SIGNED_ONLY)] == [
        "invisible_character"
    ]
