"""What is unlikely is said before it is stored: one notice for each cell, and none for what people usually do."""

from __future__ import annotations

import dataclasses
import datetime as dt

import polars as pl

from kpi.update import Checked, check_rows, set_aside, table_of
from kpi.update import current as shape
from kpi.update.differences import Conflict
from tests.kpi.update.samples import TODAY, agreements, current, events, preview, report, reports, table, targets


def notices(text: str, **parts: object) -> list[tuple[str, int | None, str | None]]:
    """The notices of a CSV file as (code, row, column); it must have no problems."""
    checked = check_rows(table(text), current(**parts), today=TODAY)
    assert isinstance(checked, Checked), checked
    return [(notice.code, notice.row, notice.column) for notice in checked.notices]


def ten(**columns: list[str]) -> dict[str, object]:
    """A register of ten signed agreements, each with its own texts and a report on 2025-Q4."""
    numbers = range(1, 11)
    return {
        "agreements": agreements(
            *(
                {"agreement_id": n, "title_vi": f"Thỏa thuận {n}", "deliverable_vi": f"Sản phẩm thứ {n}"}
                for n in numbers
            )
        ),
        "events": events(*((n, "SIGNED", "2025-03-01") for n in numbers)),
        "targets": targets(),
        "reports": reports(
            *(
                report(
                    n,
                    "2025-Q4",
                    "2026-01-02",
                    difficulties=f"Thiếu vốn đối ứng hạng mục {n}",
                    recommendations=f"Đề nghị bố trí vốn cho hạng mục {n}",
                    progress_pct=10.0 * n,
                )
                for n in numbers
            )
        ),
    }


def sheet(column: str, texts: list[str]) -> str:
    rows = "\n".join(f"A-{n},2025-Q4,{text}" for n, text in enumerate(texts, start=1))
    return f"ref,report_period,{column}\n{rows}\n"


def test_progress_that_falls_is_said_with_what_it_was() -> None:
    assert notices("ref,report_period,progress_pct\nA-2,2025-Q4,1%\n") == [("progress_falls", 2, "progress_pct")]
    assert notices("ref,report_period,progress_pct\nA-2,2025-Q4,41\n") == []
    new = "ref,report_period,report_date,shows_progress,progress_pct\nA-1,2025-Q4,2026-01-10,Có,{}\n"
    assert notices(new.format("30")) == [("progress_falls", 2, "progress_pct")]
    assert notices(new.format("34")) == []


def test_one_without_its_sign_may_be_all() -> None:
    assert ("one_percent", 2, "progress_pct") in notices("ref,report_period,progress_pct\nA-2,2025-Q4,1\n")


def test_completion_without_evidence_is_said() -> None:
    moved = {"events": events((1, "SIGNED", "2025-03-01"), (1, "IN_PROGRESS", "2025-06-01"))}
    done = "ref,state,state_date,state_document,evidence_url\nA-1,Hoàn thành,2026-01-10,{},{}\n"

    assert notices(done.format("", ""), **moved) == [("completed_without_evidence", 2, "state")]
    assert notices(done.format("CV 12/BCT", ""), **moved) == []
    assert notices(done.format("", "https://x.vn/a"), **moved) == []


def test_a_state_that_stays_with_another_day_is_said() -> None:
    """Filled down a sheet it would move every day of signing."""
    assert notices("ref,state,state_date\nA-1,Đã ký,2025-03-05\nA-2,,2024-08-02\n") == [
        ("day_of_state_moved", 2, "state_date"),
        ("day_of_state_moved", 3, "state_date"),
    ]
    assert notices("ref,state,state_date\nA-1,Đã ký,2025-03-01\n") == []


def test_targets_in_the_past_and_far_ahead_are_said() -> None:
    text = "ref,current_target,target_reason\nA-1,{},Chờ vốn\n"

    assert notices(text.format("2025-12-31")) == [("target_in_past", 2, "current_target")]
    assert notices(text.format("2100-01-01")) == [("target_far", 2, "current_target")]
    assert notices(text.format("2027-06-30")) == []


def test_a_deliverable_that_is_another_one_is_said_and_one_put_right_is_not() -> None:
    there = {"agreements": agreements({"agreement_id": 1, "deliverable_vi": "Một trung tâm đào tạo tại Hà Nội"})}
    there |= {"events": events((1, "SIGNED", "2025-03-01")), "reports": reports()}

    assert notices("ref,deliverable_vi\nA-1,Cầu mới\n", **there) == [("deliverable_replaced", 2, "deliverable_vi")]
    assert notices("ref,deliverable_vi\nA-1,Một trung tâm đào tạo tại Hà Nội (giai đoạn 1)\n", **there) == []
    assert notices("ref,deliverable_vi\nA-1,[xóa]\n", **there) == []


def test_a_column_sorted_by_itself_or_pasted_a_row_off_is_said() -> None:
    there = ten()
    texts = [f"Thiếu vốn đối ứng hạng mục {n}" for n in range(1, 11)]

    moved = notices(sheet("difficulties", [*texts[1:], texts[0]]), **there)
    assert {code for code, _, _ in moved} == {"column_moved"}
    assert [row for _, row, _ in moved] == list(range(2, 12))

    numbers = [f"{10 * n}" for n in range(10, 0, -1)]
    assert "column_moved" in {code for code, _, _ in notices(sheet("progress_pct", numbers), **there)}
    assert "column_moved" not in {
        code
        for code, _, _ in notices(sheet("progress_pct", [f"{min(10 * n + 5, 100)}" for n in range(1, 11)]), **there)
    }


def test_a_text_that_stands_at_another_agreement_is_said_with_which() -> None:
    there = ten()
    text = sheet("difficulties", ["Thiếu vốn đối ứng hạng mục 7"])
    checked = check_rows(table(text), current(**there), today=TODAY)
    assert isinstance(checked, Checked)

    (notice,) = checked.notices
    assert (notice.code, notice.row, notice.params["ref"]) == ("text_elsewhere", 2, "A-7")
    swapped = sheet("difficulties", ["Đề nghị bố trí vốn cho hạng mục 1"])
    assert notices(swapped, **there) == [("text_elsewhere", 2, "difficulties")]
    assert notices(sheet("difficulties", ["Đang họp bàn cách xử lý"]), **there) == []


def test_cells_left_blank_are_said_where_they_came_filled() -> None:
    text = "ref,row_version,report_period,difficulties,progress\nA-2,1,2025-Q4,,- gạch đầu dòng\n"

    assert notices(text) == [("cell_emptied", 2, "difficulties")]
    assert notices("ref,row_version,current_target,target_reason\nA-1,3,,\n") == [("cell_kept", 2, "current_target")]
    assert notices("ref,report_period,difficulties,progress\nA-2,2025-Q4,,Đã họp\n") == []  # a sheet of one's own
    assert notices("ref,row_version,report_period,difficulties\nA-2,1,2025-Q4,[xóa]\n") == []


def test_blank_cells_of_an_own_sheet_are_said_where_its_column_is_mostly_filled() -> None:
    texts = [f"Thiếu vốn đối ứng hạng mục {n}" if n != 4 else "" for n in range(1, 11)]

    assert notices(sheet("difficulties", texts), **ten()) == [("cell_emptied", 5, "difficulties")]


def test_a_form_and_cells_given_up_leave_nothing_blank() -> None:
    typed = table_of(
        [
            {"ref": "A-2", "row_version": "1", "report_period": "2025-Q4", "progress": "Xong"},
            {"ref": "A-1", "row_version": "3"},
        ],
        name="biểu mẫu",
    )
    checked = check_rows(typed, current(), today=TODAY)
    assert isinstance(checked, Checked), checked
    assert checked.notices == ()

    text = "ref,row_version,report_period,difficulties\nA-2,1,2025-Q4,Có\n"
    (change,) = preview(text).changes
    rest = check_rows(set_aside(table(text), [Conflict(change, None)]), current(), today=TODAY)
    assert isinstance(rest, Checked), rest
    assert "cell_emptied" not in {notice.code for notice in rest.notices}


def test_what_another_waiting_batch_says_of_the_same_cell_is_said() -> None:
    waiting = pl.DataFrame([(1, "current_target", "", 9, "2027-01-01")], schema=shape.WAITING, orient="row")
    text = "ref,current_target,target_reason\nA-1,{},Chờ vốn\n"

    assert notices(text.format("2026-12-31"), waiting=waiting) == [("waits_otherwise", 2, "current_target")]
    assert notices(text.format("2027-01-01"), waiting=waiting) == []


def test_notices_stop_nothing_and_are_kept_with_the_preview() -> None:
    seen = preview("ref,report_period,progress_pct\nA-2,2025-Q4,2%\n")

    assert [notice.code for notice in seen.notices] == ["progress_falls"]
    assert not any(notice.blocking for notice in seen.notices)
    assert len(seen.changes) == 1
    assert dataclasses.asdict(seen.changes[0])["new"] == "2"
    assert seen.received_on == dt.date(2026, 1, 20)
