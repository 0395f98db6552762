"""What is wrong with an upload, what conflicts, and what happens meanwhile."""

from __future__ import annotations

import polars as pl
import pytest
import sqlalchemy as sa

import words as w
from data_access import drafts, updates
from kpi.update import message
from pages.upload import problems
from tests.pages.conftest import Visit
from tests.pages.test_upload import (
    BCT,
    Refs,
    batches,
    confirm,
    edited,
    hand_in,
    in_time,
    moved,
    refs,
    said,
    stored_otherwise,
    taken,
    undo_batch,
)

__all__ = ["in_time", "refs"]  # fixtures, which pytest finds by their names here


# --- Problems --------------------------------------------------------------------------------------------------------


def test_problems_come_all_at_once_by_kind_and_can_be_put_right_here(
    shown_store: sa.Engine, visit: Visit, refs: Refs
) -> None:
    wrong = {
        refs.signed: {"state": "Đang trien khaii", "state_date": "31/02/2026"},
        refs.other: {"report_period": "2025-Q4", "progress_pct": "120"},
    }
    page = hand_in(visit("upload", "bct"), edited(taken(shown_store), wrong))

    listed = page.dataframe[0].value
    assert "Có 3 lỗi phải sửa" in said(page)
    assert set(listed["suggestion"]) >= {"Đang triển khai", "2026-02-28"}
    kinds = page.button_group(key="problems_1_kind")
    assert kinds.options[0] == w.t("upload.every_kind", n=3)

    rows = page.data_editor[0].value
    first, second = (int(rows.index[rows["ref"] == ref][0]) for ref in (refs.signed, refs.other))
    page.session_state["upload_editor_1"] = {
        "edited_rows": {
            first: {"state": "Đang triển khai", "state_date": "12/01/2026"},
            second: {"progress_pct": "12,5"},
        },
        "added_rows": [],
        "deleted_rows": [],
    }
    page = next(button for button in page.button if button.label == w.t("upload.check_again")).click().run()

    assert not page.error
    assert "Đã ký  →  Đang triển khai" in said(page)
    assert "12,5%" in said(page)


def test_suggestions_are_shown_and_taken_with_one_click_all_alike_at_once(
    shown_store: sa.Engine, visit: Visit, refs: Refs
) -> None:
    wrong = {
        refs.signed: {"state": "Đang trien khaii", "state_date": "31/02/2026"},
        refs.other: {"state": "Đang trien khaii"},
    }
    page = hand_in(visit("upload", "bct"), edited(taken(shown_store), wrong))
    assert "Trạng thái: “Đang trien khaii” → “Đang triển khai”, 2 dòng" in said(page)
    assert w.tn("upload.remedies", 3) in said(page)

    page = page.button(key="upload_remedy_1_0").click().run()

    assert "Đang trien khaii" not in said(page)
    assert "31/02/2026" in page.data_editor[0].value["state_date"].tolist()
    assert page.button(key="upload_remedy_2_0").label == w.t("upload.remedy_take")


def test_rows_taken_out_here_are_gone_and_the_others_keep_their_cells() -> None:
    frame = pl.DataFrame({"row": [2, 3, 4], "ref": ["A", "B", "C"], "state": ["x", "y", None]})
    given = frame.filter(pl.col("row") > 2).with_columns(remarks=pl.lit("!"))
    back = given.filter(pl.col("row") == 4).with_columns(state=pl.lit("z"))

    put_right = problems.corrected(frame, given, back)

    assert put_right.rows() == [(2, "A", "x"), (4, "C", "z")]


UNREADABLE = {
    "empty": ("mau.csv", b""),
    "blank": ("mau.csv", b"\xef\xbb\xbf\r\n\r\n"),
    "a picture": ("anh.png", b"\x89PNG\r\n\x1a\n" + bytes(200)),
    "an old workbook": ("mau.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)),
    "cut off": ("mau.xlsx", b"PK\x03\x04" + bytes(80)),
    "no known header": ("mau.csv", b"a,b\n1,2\n"),
    "unknown column": ("mau.csv", "Mã cam kết,Trạng thai moi\nT-0002,x\n".encode()),
    "TCVN3": ("mau.csv", b"M\xb7 cam k\xd5t\nT-0002\n"),
    "NUL": ("mau.csv", b"ref,progress\nT-0002,a\x00b\n"),
    "open quote": ("mau.csv", b'ref,progress\nT-0002,"a\n'),
    "ragged": ("mau.csv", b"ref,progress\nT-0002\n"),
    "too large": ("mau.csv", b"ref,progress\n" + b"T-0002,x\n" * 700_000),
}


@pytest.mark.parametrize(("name", "data"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_cannot_be_read_ends_in_a_clear_message(
    shown_store: sa.Engine, visit: Visit, name: str, data: bytes
) -> None:
    page = hand_in(visit("upload", "bct"), data, name)

    assert not page.exception
    assert any("Chưa có gì được lưu" in box.value for box in (*page.error, *page.info))
    assert batches(shown_store) == []


def test_another_encoding_is_read_only_once_somebody_has_looked_at_it(
    shown_store: sa.Engine, visit: Visit, refs: Refs
) -> None:
    # "Sản phẩm" and "Đã ký" in VISCII
    data = b"ref;S\xe4n ph\xc6m\n" + refs.other.encode() + b";\xd0\xe3 k\xfd\n"
    page = hand_in(visit("upload", "bct"), data)

    page = page.selectbox(key="upload_encoding_0").set_value("viscii").run()
    assert page.dataframe[0].value.iloc[0].tolist()[1] == "Đã ký"
    assert "upload_confirm" not in {button.key for button in page.button}

    page = page.button(key="upload_encoding_right").click().run()
    assert "(trống)  →  Đã ký" in said(page)


def test_the_file_given_back_says_what_is_wrong_where(shown_store: sa.Engine, visit: Visit, refs: Refs) -> None:
    data = edited(taken(shown_store), {refs.other: {"report_period": "2025-Q4", "progress_pct": "120"}})
    page = hand_in(visit("upload", "bct"), data)
    work = page.session_state["upload_work"]

    problem = next(problem for problem in work.problems if problem.blocking)

    assert {"upload_returned_xlsx", "upload_returned_csv"} <= {button.key for button in page.download_button}
    assert "120" in message(problem, say=w.t, language="vi")


# --- Conflicts, and what happens meanwhile ---------------------------------------------------------------------------


@pytest.mark.parametrize(("decision", "kept"), [("register", "Của người khác"), ("file", "Của tôi")])
def test_conflicts_are_decided_one_by_one(
    shown_store: sa.Engine, visit: Visit, refs: Refs, decision: str, kept: str
) -> None:
    mine = edited(
        taken(shown_store), {refs.other: {"deliverable_vi": "Của tôi"}, refs.signed: {"deliverable_en": "Mine"}}
    )
    stored_otherwise(shown_store, f"ref,deliverable_vi\n{refs.other},Của người khác\n")

    page = hand_in(visit("upload", "bct"), mine)
    assert "Còn 1 chỗ" in said(page)
    assert {"Của tôi", "Của người khác"} <= {text.value for text in page.text}
    assert "upload_confirm" not in {button.key for button in page.button}

    page = confirm(page.button(key=f"upload_conflict_1_0_{decision}").click().run())

    found = updates.current_rows(shown_store, "BCT").agreements
    assert found.filter(pl.col("ref") == refs.other)["deliverable_vi"].item() == kept
    assert found.filter(pl.col("ref") == refs.signed)["deliverable_en"].item() == "Mine"


def test_a_confirmation_of_what_has_changed_meanwhile_stores_nothing(
    shown_store: sa.Engine, visit: Visit, refs: Refs
) -> None:
    page = hand_in(visit("upload", "bct"), moved(shown_store, refs))
    stored_otherwise(shown_store, f"ref,deliverable_vi\n{refs.signed},Khác\n")

    page = confirm(page)

    assert refs.signed in page.error[0].value.replace("\\", "")
    assert batches(shown_store) == [(1, "applied")]
    assert "Đã ký  →  Đang triển khai" in said(page)  # shown anew, to be looked at again

    confirm(page)
    assert batches(shown_store) == [(2, "applied"), (1, "applied")]


def test_undoing_names_the_later_batch_in_the_way(shown_store: sa.Engine, visit: Visit, refs: Refs) -> None:
    stored_otherwise(shown_store, f"ref,deliverable_vi\n{refs.other},Một\n")
    stored_otherwise(shown_store, f"ref,deliverable_vi\n{refs.other},Hai\n")

    page = undo_batch(visit("upload", "bct"), 1, place=1)

    assert "đợt 2" in page.error[0].value
    assert "Sản phẩm" in page.error[0].value
    assert batches(shown_store) == [(2, "applied"), (1, "applied")]


def test_the_good_rows_go_first_and_the_rest_is_given_back(shown_store: sa.Engine, visit: Visit, refs: Refs) -> None:
    text = f"ref,deliverable_en,evidence_url\n{refs.signed},Plan,\n{refs.other},List,www\n"
    page = hand_in(visit("upload", "bct"), text.encode())
    assert "Có 1 lỗi phải sửa" in said(page)

    page = page.button(key="upload_good_rows_1").click().run()

    assert not page.exception
    assert w.tn("upload.rest", 1) in said(page)
    assert "upload_returned_xlsx" in {button.key for button in page.download_button}
    (draft,) = drafts.read_own(shown_store, actor=BCT)
    again = visit("upload", "bct", draft=draft.id)  # elsewhere the same is left out
    assert w.tn("upload.rest", 1) in said(again)
    assert again.session_state["upload_work"].rest[0].frame["ref"].to_list() == [refs.other]
    assert drafts.read_own(shown_store, actor=BCT) == [draft]
    confirm(again)
    found = updates.current_rows(shown_store, "BCT").agreements
    assert found.filter(pl.col("ref") == refs.signed)["deliverable_en"].item() == "Plan"
    assert batches(shown_store) == [(1, "applied")]


def test_a_sheet_of_ones_own_is_read_as_is_said_once_and_remembered(
    shown_store: sa.Engine, visit: Visit, refs: Refs
) -> None:
    text = f"Bảng theo dõi,,\nSố KH,Kết quả đầu ra,Người theo dõi\n{refs.signed},Một trung tâm,Lan\n"

    page = hand_in(visit("upload", "bct"), text.encode())
    asked = [box for box in page.selectbox if (box.key or "").startswith("upload_layout_")]
    page = asked[0].set_value(2).run()
    asked = [box for box in page.selectbox if (box.key or "").startswith("upload_layout_")]
    for column, code in zip(asked[1:], ("ref", "deliverable_vi", ""), strict=True):
        column.set_value(code)
    page = next(button for button in page.button if button.label == "Đọc lại tệp").click().run()

    assert not page.exception
    assert "Một trung tâm" in said(page)
    assert any("tiêu đề ở dòng 2; số cột lấy: 2, bỏ: 1" in expander.label for expander in page.expander)
    page = hand_in(visit("upload", "bct"), text.replace("Một", "Hai").encode())
    assert not page.error  # the headings are known by now
