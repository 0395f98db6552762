"""What an upload may say, rule by rule; and that everything wrong is told at once."""

from __future__ import annotations

import polars as pl
import pytest

from kpi.register import FIELDS_FILLED
from kpi.update import Checked, check_rows, table_of
from kpi.vocabulary import REPORT_FIELDS
from tests.kpi.update.samples import TODAY, agreements, changes, codes, current, preview, problems, table

NEW = "title_vi,doc_type,sector,partner,scope,signed_on"


# --- Rows and keys ---------------------------------------------------------------------------------------------------


def test_foreign_and_unknown_references_are_refused_alike_and_only_own_ones_suggested() -> None:
    found = problems("ref,content\nB-77,x\nA-11,x\nA_1,x\n")

    assert [(problem.code, problem.row, problem.params) for problem in found] == [
        ("ref_unknown", 2, {}),
        ("ref_unknown", 3, {}),
        ("ref_unknown", 4, {}),
    ]
    assert [problem.suggestion for problem in found] == [None, None, "A-1"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("ref,content\n,chữ\n", ("ref_missing", 2, "ref")),
        ("ref,row_version,content\nA-1,4,chữ\n", ("row_version", 2, "row_version")),
        ("ref,row_version,content\nA-1,v3,chữ\n", ("row_version", 2, "row_version")),
        ("ref,title_vi\nA-1,Tên khác\n", ("read_only", 2, "title_vi")),
        ("ref,partner\nA-1,KR\n", ("read_only", 2, "partner")),
        ("ref,state_since\nA-1,2025-03-02\n", ("read_only", 2, "state_since")),
        ("ref,original_target\nA-1,2027-01-01\n", ("original_target", 2, "original_target")),
        ("ref,original_target\nA-6,2027-01-01\n", ("original_target", 2, "original_target")),
        ("ref,deliverable_vi\nA-1,một\nA-1,hai\n", ("rows_disagree", 3, "deliverable_vi")),
        ('ref,deliverable_vi\nA-1,một\nA-1,"Một\nhai"\n', ("rows_disagree", 3, "deliverable_vi")),
        ("ref,state\nA-1,[xóa]\n", ("cannot_clear", 2, "state")),
        ("ref,completion_time,report_period\nA-2," + "a" * 501 + ",2025-Q4\n", ("text_too_long", 2, "completion_time")),
        ("ref,evidence_url\nA-1,chưa có\n", ("link", 2, "evidence_url")),
        ("ref,state\nA-1,Đang làm\n", ("choice", 2, "state")),
    ],
)
def test_cells_and_keys_that_are_refused(text: str, problem: tuple[str, int, str]) -> None:
    assert problem in codes(text)


def test_rows_that_agree_are_one() -> None:
    assert changes("ref,deliverable_vi\nA-1,một\nA-1,một\nA-1,\n") == {"A-1.deliverable_vi": ("Một\nhai", "một")}


def test_everything_wrong_is_told_at_once() -> None:
    header = "ref,state,state_date,current_target,evidence_url"
    text = f"{header}\nA-1,IN_PROGRESS,31/02/2026,2020-01-01,x y\nZ-9,,1/2,,\nA-4,SIGNED,,,\n"

    assert set(codes(text)) == {
        ("date_impossible", 2, "state_date"),
        ("target_before_signing", 2, "current_target"),
        ("target_reason_missing", 2, "target_reason"),
        ("link", 2, "evidence_url"),
        ("ref_unknown", 3, "ref"),
        ("date_format", 3, "state_date"),
        ("move_not_allowed", 4, "state"),
        ("state_date_missing", 4, "state_date"),
    }


def test_values_are_told_as_they_stand_in_the_file() -> None:
    found = problems("ref,state,state_date\nA-2,Đang triển khai,01/07/2024\n")

    assert [(problem.code, problem.value) for problem in found] == [("date_backwards", "01/07/2024")]


# --- Status ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("A-1,IN_FORCE,", "state_date_missing"),
        ("A-1,APPROVAL_PENDING,2025-04-01", "move_approval_not_needed"),
        ("A-6,IN_PROGRESS,2026-01-02", "move_not_for_treaties"),
        ("A-3,IN_FORCE,2026-01-02", "move_back_elsewhere"),
        ("A-4,SIGNED,2026-01-02", "move_not_allowed"),
        ("A-1,IN_PROGRESS,2025-02-28", "date_backwards"),
        ("A-1,IN_PROGRESS,2026-01-21", "date_in_future"),
        ("A-2,,2024-05-04", "date_backwards"),
    ],
)
def test_moves_that_are_refused(row: str, problem: str) -> None:
    assert [code for code, _, _ in codes(f"ref,state,state_date\n{row}\n")] == [problem]


def test_reopening_is_no_fault_and_is_told_to_wait() -> None:
    found = preview("ref,state,state_date\nA-4,IN_PROGRESS,2026-01-02\n").notices

    assert [(notice.code, notice.blocking) for notice in found] == [("move_by_coordinator", False)]


def test_moves_that_are_made() -> None:
    told = changes(
        "ref,state,state_date\nA-1,IN_PROGRESS,2025-03-01\nA-3,IN_PROGRESS,20/01/2026\nA-5,SIGNED,2026-01-20\n"
    )

    assert told == {
        "A-1.state": ("SIGNED", "IN_PROGRESS"),
        "A-1.state_date": ("2025-03-01", "2025-03-01"),
        "A-3.state": ("SUSPENDED", "IN_PROGRESS"),
        "A-3.state_date": ("2025-02-01", "2026-01-20"),
        "A-5.state": ("NEGOTIATING", "SIGNED"),
        "A-5.state_date": ("2025-06-01", "2026-01-20"),
    }


def test_a_date_without_a_move_corrects_the_present_one_and_replaces_its_event() -> None:
    found = preview("ref,state,state_date\nA-2,Có hiệu lực,2024-08-15\n")

    assert {change.field: (change.old, change.new) for change in found.changes} == {
        "state_date": ("2024-08-01", "2024-08-15")
    }
    assert found.writes.status_events.select("state", pl.col("effective_on").cast(pl.String), "replaces").rows() == [
        ("IN_FORCE", "2024-08-15", 3)
    ]


# --- Targets ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("A-1,2027-01-01,,", "target_reason_missing"),
        ("A-1,2025-02-28,vì vậy,", "target_before_signing"),
        ("A-2,2027-01-01,vì vậy,2025-08-31", "date_backwards"),
        ("A-2,2027-01-01,vì vậy,2026-01-21", "date_in_future"),
        ("A-2,,,2026-01-02", "target_not_moved"),
        ("A-6,,vì vậy,", "target_not_moved"),
        ("A-1,[xóa],,", "cannot_clear"),
    ],
)
def test_targets_that_are_refused(row: str, problem: str) -> None:
    found = codes(f"ref,current_target,target_reason,target_set_on\n{row}\n")

    assert problem in [code for code, _, _ in found]


def test_a_new_target_is_set_on_the_day_told_or_of_the_report_or_of_receipt() -> None:
    text = (
        "ref,current_target,target_reason,target_set_on,report_period,report_date,shows_progress,progress\n"
        "A-1,2027-01-01,Chậm vốn,,2025-Q4,2026-01-12,có,Đã làm\n"
        "A-2,2027-02-02,Chậm vốn,2025-12-12,,,,\n"
        "A-6,2027-03-03,,,,,,\n"
    )
    told = {name: new for name, (_, new) in changes(text).items()}

    assert told["A-1.target_set_on"] == "2026-01-12"
    assert told["A-2.target_set_on"] == "2025-12-12"
    assert told["A-6.target_set_on"] == TODAY.isoformat()


def test_a_new_target_is_never_set_before_the_one_it_replaces() -> None:
    header = "ref,current_target,target_reason,report_period,report_date,shows_progress,progress"
    text = f"{header}\nA-2,2027-01-01,Chậm,2025-Q3,2025-08-15,có,x\n"

    assert changes(text)["A-2.target_set_on"] == ("2025-09-01", "2025-09-01")


def test_a_reason_alone_corrects_the_present_target() -> None:
    found = preview("ref,target_reason\nA-2,Chờ vốn đối ứng\n")

    assert found.writes.targets.select(pl.col("target_on").cast(pl.String), "reason", "replaces").rows() == [
        ("2026-09-01", "Chờ vốn đối ứng", 3)
    ]


# --- Reports ---------------------------------------------------------------------------------------------------------

REPORT = "ref,report_period,report_date,shows_progress,progress,difficulties,progress_pct"


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("A-1,,2026-01-10,có,Đã làm,,", ("period_missing", 2, "report_period")),
        ("A-1,2025-Q9,2026-01-10,có,Đã làm,,", ("choice", 2, "report_period")),
        ("A-1,2025-Q4,,có,Đã làm,,", ("new_report_needs", 2, "report_date")),
        ("A-1,2025-Q4,2026-01-10,,Đã làm,,", ("new_report_needs", 2, "shows_progress")),
        ("A-1,2025-Q4,2026-01-10,có,,,", ("report_empty", 2, "progress")),
        ("A-1,2025-Q4,2025-09-30,có,Đã làm,,", ("report_before_period", 2, "report_date")),
        ("A-1,2025-Q4,2026-01-21,có,Đã làm,,", ("date_in_future", 2, "report_date")),
        ("A-1,2025-Q4,2026-01-10,có,Đã làm,,150", ("percent_range", 2, "progress_pct")),
    ],
)
def test_reports_that_are_refused(row: str, problem: tuple[str, int, str]) -> None:
    assert codes(f"{REPORT}\n{row}\n") == [problem]


def test_a_period_without_its_column_is_suggested() -> None:
    assert [problem.suggestion for problem in problems("ref,progress\nA-1,Đã làm\n")] == ["2025-Q4"]


@pytest.mark.parametrize(("share", "answer"), [("40", "yes"), ("33.33", None), ("0", None), ("", None)])
def test_what_a_new_report_lacks_is_suggested(share: str, answer: str | None) -> None:
    day, progress = problems(f"ref,report_period,progress,progress_pct\nA-1,2025-Q4,Đã làm,{share}\n")

    assert day.suggestion == TODAY.isoformat()
    assert getattr(progress.suggestion, "code", None) == answer
    (missing,) = problems("ref,report_period,report_date,progress,progress_pct\nA-3,2025-Q4,2026-01-10,Chưa làm,0\n")
    assert getattr(missing.suggestion, "code", None) == "no"  # nothing was told before


@pytest.mark.parametrize("text", ["-", "...", "–", "\u2800", "★ *"])
def test_what_has_neither_letter_nor_digit_fills_no_field_of_a_report(text: str) -> None:
    header = "ref,report_period,report_date,shows_progress,content,progress"
    written = changes(f"{header}\nA-1,2025-Q4,2026-01-12,có,Đã họp,{text}\n")

    assert "A-1.shows_progress[2025-Q4]" in written
    assert "A-1.progress[2025-Q4]" not in written
    told = pl.DataFrame({name: [text if name == "progress" else "có"] for name in REPORT_FIELDS})
    assert told.select(FIELDS_FILLED).item() == len(REPORT_FIELDS) - (text != "★ *")


@pytest.mark.parametrize(
    ("text", "is_clear"),
    [
        ("125/QĐ-BCT", True),
        ("Công văn 12/BCT", True),
        ("12/2024/MOU", True),
        ("HĐ-12", True),
        ("Quyết định số 125 của Bộ trưởng", True),
        ("https://x.vn/cv", True),
        ("1ab", False),
        ("abc1", False),
        ("2024", False),
        ("12/1", False),
        ("12 a b", False),
    ],
)
def test_a_document_has_a_number_and_sign_or_a_link(text: str, is_clear: bool) -> None:
    found = codes(f"ref,state,state_date,state_document\nA-1,IN_PROGRESS,2026-01-10,{text}\n")

    assert ("state_document_unclear" not in [code for code, _, _ in found]) == is_clear


def test_a_correction_keeps_what_it_does_not_name() -> None:
    found = preview(f"{REPORT}\nA-2,2025-Q4,,,,[xóa],45\n")

    assert {change.field: (change.old, change.new) for change in found.changes} == {
        "difficulties[2025-Q4]": ("Không", None),
        "progress_pct[2025-Q4]": ("40", "45"),
    }
    written = found.writes.reports.select(
        pl.col("reported_on").cast(pl.String), "progress", "difficulties", "progress_pct", "shows_progress", "replaces"
    )
    assert written.rows() == [("2026-01-10", "- gạch đầu dòng", "", 45.0, True, 2)]


def test_without_periods_the_day_tells_reports_apart() -> None:
    none = current().periods.clear()
    found = preview("ref,report_date,shows_progress,progress\nA-1,2026-01-10,không,Chưa có gì\n", periods=none)

    assert [change.field for change in found.changes] == [
        f"{name}[@2026-01-10]" for name in ("report_date", "progress", "shows_progress")
    ]
    assert found.writes.reports["period"].to_list() == [None]
    assert codes("ref,progress\nA-1,x\n", periods=none) == [
        ("new_report_needs", 2, "report_date"),
        ("new_report_needs", 2, "shows_progress"),
    ]


# --- Blockers --------------------------------------------------------------------------------------------------------

BLOCKER = (
    "ref,blocker_id,blocker_cause,blocker_severity,blocker_authority_level,blocker_description,"
    "blocker_opened_on,blocker_escalated_on,blocker_resolved_on"
)


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("A-1,99,,,,,,,2026-01-01", ("blocker_unknown", 2, "blocker_id")),
        ("A-2,7,,,,,,,2026-01-01", ("blocker_unknown", 2, "blocker_id")),
        ("A-1,bảy,,,,,,,2026-01-01", ("number", 2, "blocker_id")),
        ("A-1,7,personnel,,,,,,", ("read_only", 2, "blocker_cause")),
        ("A-1,7,,,,,,,2025-04-30", ("blocker_dates", 2, "blocker_resolved_on")),
        ("A-1,7,,,,,,2025-07-01,2025-06-01", ("blocker_dates", 2, "blocker_resolved_on")),
        ("A-1,7,,,,,,,2026-01-21", ("date_in_future", 2, "blocker_resolved_on")),
        ("A-1,,funding,severe,agency,,,,", ("new_blocker_needs", 2, "blocker_opened_on")),
        ("A-1,,,,,Chỉ mô tả,2026-01-01,,", ("new_blocker_needs", 2, "blocker_cause")),
    ],
)
def test_blockers_that_are_refused(row: str, problem: tuple[str, int, str]) -> None:
    assert problem in codes(f"{BLOCKER}\n{row}\n")


def test_a_blocker_is_opened_escalated_and_resolved() -> None:
    told = changes(f"{BLOCKER}\nA-1,7,,,,,,2025-05-10,2025-06-01\nA-2,,Nhân lực,Nhỏ,Quốc hội,,2025-12-01,,\n")

    assert told["A-1.blocker_escalated_on[7]"] == (None, "2025-05-10")
    assert told["A-1.blocker_resolved_on[7]"] == (None, "2025-06-01")
    assert told["A-2.blocker_cause[+3]"] == (None, "personnel")
    assert told["A-2.blocker_authority_level[+3]"] == (None, "national_assembly")


def test_the_same_blocker_is_not_opened_twice() -> None:
    again = f"{BLOCKER}\nA-1,,funding,severe,agency,Chưa bố trí vốn,2025-05-01,,2025-06-01\n"
    twice = f"{BLOCKER}\nA-2,,funding,severe,agency,x,2025-05-01,,\nA-2,,funding,minor,agency,x,2025-05-01,,\n"

    assert changes(again) == {"A-1.blocker_resolved_on[7]": (None, "2025-06-01")}
    assert codes(twice) == [("blocker_twice", 3, "blocker_cause")]


# --- New agreements --------------------------------------------------------------------------------------------------


def test_a_new_agreement_needs_its_particulars() -> None:
    assert codes("title_vi,partner\nThỏa thuận mới,JP\n") == [
        ("new_agreement_needs", 2, name) for name in ("doc_type", "sector", "scope", "signed_on")
    ]


def test_a_new_agreement_starts_as_signed_and_may_have_moved_on() -> None:
    found = preview(
        f"{NEW},state,state_date,current_target\n"
        "Thỏa thuận mới,Bản ghi nhớ,Năng lượng,Nhật Bản,Cấp địa phương,05/01/2026,Đang triển khai,2026-01-10,2027-01-01\n"
        "Thỏa thuận khác,MOU,ENE,KR,LOCAL,2026-01-06,SIGNED,2026-01-06,\n"
    )

    assert found.writes.agreements.rows() == [
        ("+2", "Thỏa thuận mới", "", "MOU", "ENE", "JP", "LOCAL", True),
        ("+3", "Thỏa thuận khác", "", "MOU", "ENE", "KR", "LOCAL", True),
    ]
    assert found.writes.status_events.select("subject", "state", pl.col("effective_on").cast(pl.String)).rows() == [
        ("+2", "SIGNED", "2026-01-05"),
        ("+3", "SIGNED", "2026-01-06"),
        ("+2", "IN_PROGRESS", "2026-01-10"),
    ]
    assert found.versions == {}


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("Mới,TREATY,ENE,JP,LOCAL,2026-01-05,IN_PROGRESS,2026-01-10", "move_not_for_treaties"),
        ("Mới,MOU,ENE,JP,LOCAL,2026-01-05,IN_PROGRESS,2026-01-04", "date_backwards"),
        ("Mới,MOU,ENE,JP,LOCAL,2026-01-21,,", "date_in_future"),
        ("Mới,MOU,ENE,JP,LOCAL,2026-01-05,SIGNED,2026-01-06", "state_date_without_move"),
        ("Mới,MOU,ENE,JP,LOCAL,2026-01-05,,2026-01-06", "state_date_without_move"),
        ("Mới,MOU,ENE,Nước lạ,LOCAL,2026-01-05,,", "choice"),
    ],
)
def test_new_agreements_that_are_refused(row: str, problem: str) -> None:
    assert [code for code, _, _ in codes(f"{NEW},state,state_date\n{row}\n")] == [problem]


def test_likely_duplicates_are_pointed_out() -> None:
    rows = agreements({"agreement_id": 1, "title_vi": "Hợp tác đường sắt"}, {"agreement_id": 2, "title_vi": "Hai"})
    start = f"{NEW}\n"

    certain = codes(start + "HOP TAC đường-sắt,MOU,ENE,JP,LOCAL,2026-01-05\n", agreements=rows)
    other_partner = problems(start + "Đường sắt hợp tác,MOU,ENE,KR,LOCAL,2026-01-05\n", agreements=rows)
    same_day = problems(start + "Hoàn toàn khác,MOU,ENE,JP,LOCAL,2025-03-01\n", agreements=rows)
    in_file = codes(start + "Một,MOU,ENE,KR,LOCAL,2026-01-05\nmột,MOU,ENE,KR,LOCAL,2026-01-06\n", agreements=rows)

    assert certain == [("already_registered", 2, "title_vi")]
    assert [(p.code, p.params["ref"], p.blocking) for p in other_partner] == [("looks_registered", "A-1", False)]
    assert [(p.code, p.params["ref"], p.blocking) for p in same_day] == [("looks_registered", "A-1", False)]
    assert in_file == [("already_registered_in_file", 3, "title_vi")]


# --- Texts typed on screen -------------------------------------------------------------------------------------------


def test_cells_corrected_on_screen_are_checked_like_those_of_a_file() -> None:
    now = current()
    wrong = table("ref,evidence_url\nA-1,x y\n")
    hidden = table_of([{"ref": "A-1", "deliverable_vi": "a\u200bb"}], name="biểu mẫu")

    corrected = wrong.with_frame(wrong.frame.with_columns(evidence_url=pl.lit("https://x.vn")))
    refused = check_rows(hidden, now, today=TODAY)

    assert isinstance(check_rows(wrong, now, today=TODAY), list)
    assert isinstance(check_rows(corrected, now, today=TODAY), Checked)
    assert isinstance(refused, list)
    assert refused[0].code == "invisible_character"
    with pytest.raises(ValueError, match="declared columns"):
        wrong.with_frame(wrong.frame.with_columns(lạ=pl.lit("x")))


def test_checking_twice_gives_the_same_answer() -> None:
    text = "ref,state,state_date,evidence_url\nA-1,IN_PROGRESS,2025-05-05,\nA-2,PLAN_ISSUED,2025-05-05,https://x.vn\n"

    assert preview(text).changes == preview(text).changes
    assert problems(text.replace("2025-05-05", "1")) == problems(text.replace("2025-05-05", "1"))


def test_a_day_that_nobody_typed_is_marked_and_one_that_was_typed_is_not() -> None:
    target = "ref,current_target,target_reason"
    derived = preview(f"{target}\nA-1,2026-12-31,Chậm vốn\n")
    typed = preview(f"{target},target_set_on\nA-1,2026-12-31,Chậm vốn,2026-01-15\n")

    assert [change.column for change in derived.derived] == ["target_set_on"]
    assert typed.derived == frozenset()
