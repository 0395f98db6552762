"""What waits for review as its agency sees it: said beforehand, sent, withdrawn, returned and corrected."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

import words as w
from data_access import drafts, updates
from kpi.update import KINDS
from tests.pages.conftest import Visit
from tests.pages.test_review import REASON, begun, hold, send, send_back, signed, state_of, statuses, waiting
from tests.pages.test_upload import BCT, confirm, edited, hand_in, said, taken

__all__ = ["signed"]  # a fixture, which pytest finds by its name here


def test_what_goes_straight_in_and_what_waits_is_said_before_and_after(
    shown_store: sa.Engine, visit: Visit, signed: str
) -> None:
    hold(shown_store, "status")
    change = {"state": "Đang triển khai", "state_date": "12/01/2026", "evidence_url": "https://a.vn"}

    page = hand_in(visit("upload", "bct"), edited(taken(shown_store), {signed: change}))
    assert "1 thay đổi vào ngay, 2 thay đổi chờ cơ quan điều phối duyệt." in said(page)
    page = confirm(page)

    assert not page.exception
    assert "Đã ghi nhận đợt 1: 1 thay đổi." in said(page)
    assert "Đã gửi duyệt đợt 2: 2 thay đổi" in said(page)
    assert statuses(shown_store) == {1: "applied", 2: "waiting"}
    assert state_of(shown_store, signed) == "SIGNED"


def test_where_everything_waits_the_button_says_so_and_a_second_confirmation_changes_nothing(
    shown_store: sa.Engine, visit: Visit, signed: str
) -> None:
    hold(shown_store, *KINDS)
    data = edited(taken(shown_store), {signed: {"state": "Đang triển khai", "state_date": "12/01/2026"}})

    page = hand_in(visit("upload", "bct"), data)
    assert w.t("upload.all_wait") in said(page)
    assert page.button(key="upload_confirm").label == "Gửi duyệt 2 thay đổi"
    page = confirm(hand_in(confirm(page), data))

    assert "đã được gửi duyệt từ trước" in said(page)
    assert statuses(shown_store) == {1: "waiting"}


def test_a_waiting_batch_can_be_withdrawn_by_its_agency_alone(
    shown_store: sa.Engine, visit: Visit, signed: str
) -> None:
    number = waiting(shown_store, begun(signed), "status")

    page = visit("upload", "bct", batch=str(number))
    assert "Đã ký  →  Đang triển khai" in said(page)
    page = page.button(key=f"upload_withdraw_{number}").click().run()

    assert w.t("upload.withdrawn", number=number) in said(page)
    assert statuses(shown_store) == {number: "withdrawn"}
    assert f"upload_withdraw_{number}" not in {button.key for button in page.button}


def test_a_returned_batch_shows_its_reason_in_full_and_is_sent_again(
    shown_store: sa.Engine, visit: Visit, signed: str
) -> None:
    number = waiting(shown_store, begun(signed), "status")
    send_back(visit("review", "dieuphoi", batch=str(number)), REASON)

    page = visit("upload", "bct")
    assert REASON in {text.value for text in page.text}
    page = page.button(key=f"upload_correct_{number}").click().run()
    assert page.dataframe[0].value["state"].tolist() == ["Đang triển khai"]
    assert {"evidence_url", "state_document"} <= {*page.dataframe[0].value.columns}  # what may be asked for
    assert "upload_confirm" not in {button.key for button in page.button}
    page = next(button for button in page.button if button.label == w.t("upload.check_again")).click().run()
    page = confirm(page)

    assert not page.exception
    found = updates.list_batches(shown_store, "BCT").row(0, named=True)
    assert (found["status"], found["corrects"]) == ("waiting", number)
    assert REASON not in {text.value for text in visit("upload", "bct").text}  # it was answered


def test_what_was_asked_for_when_it_was_returned_has_its_column(
    shown_store: sa.Engine, visit: Visit, signed: str
) -> None:
    number = waiting(shown_store, begun(signed), "status")
    page = visit("review", "dieuphoi", batch=str(number))
    token = page.session_state["review_work"].token
    page.multiselect(key=f"review_asked_{token}").set_value(["evidence_url", "state_document"])
    assert not send_back(page, REASON).exception

    page = visit("upload", "bct", correct=str(number))

    assert not page.exception
    assert "Đề nghị bổ sung: Liên kết minh chứng, Văn bản làm căn cứ" in {text.value for text in page.text}
    shown = page.dataframe[0].value
    assert {"evidence_url", "state_document"} <= set(shown.columns)
    assert shown["state"].tolist() == ["Đang triển khai"]
    assert drafts.read_own(shown_store, actor=BCT) == []  # nobody touched it
    typed = {"edited_rows": {0: {"state_document": "CV 7/BCT"}}, "added_rows": [], "deleted_rows": []}
    page.session_state["upload_editor_0"] = typed
    assert not page.run().exception
    (draft,) = drafts.read_own(shown_store, actor=BCT)
    assert (draft.way, draft.batch_id, draft.corrections) == ("rows", number, 1)
    page = visit("upload", "bct", correct=str(number), draft=draft.id)
    assert page.dataframe[0].value["state_document"].tolist() == ["CV 7/BCT"]
    page = next(button for button in page.button if button.label == w.t("upload.check_again")).click().run()
    page = confirm(page)
    assert not page.exception
    assert updates.list_batches(shown_store, "BCT").row(0, named=True)["corrects"] == number


def test_a_returned_batch_can_be_corrected_in_its_file(shown_store: sa.Engine, visit: Visit, signed: str) -> None:
    number = waiting(shown_store, begun(signed), "status")
    send_back(visit("review", "dieuphoi", batch=str(number)), REASON)
    page = visit("upload", "bct", correct=str(number))
    assert {"upload_returned_xlsx", "upload_returned_csv"} <= {button.key for button in page.download_button}

    page = confirm(hand_in(page, begun(signed).replace("-12", "-13").encode(), "da-sua.csv"))

    found = updates.list_batches(shown_store, "BCT").row(0, named=True)
    assert (found["status"], found["corrects"], found["file_name"]) == ("waiting", number, "da-sua.csv")


@pytest.mark.parametrize("status", ["waiting", "applied"])
def test_what_was_not_returned_is_not_corrected(shown_store: sa.Engine, visit: Visit, signed: str, status: str) -> None:
    hold(shown_store, *(("status",) if status == "waiting" else ()))
    send(shown_store, begun(signed, "CV 12/BCT"))

    page = visit("upload", "bct", correct="1")

    assert not page.exception
    assert w.t("upload.not_returned") in said(page)
    assert not page.file_uploader


@pytest.mark.parametrize("name", ["batch", "correct"])
def test_another_agencys_batch_is_answered_like_one_there_is_not(
    shown_store: sa.Engine, visit: Visit, signed: str, name: str
) -> None:
    number = waiting(shown_store, begun(signed), "status")
    send_back(visit("review", "dieuphoi", batch=str(number)), REASON)

    answers = [said(visit("upload", "langson", **{name: value})) for value in (str(number), "77")]

    assert answers[0] == answers[1]
    assert w.t("upload.batch_unknown") in answers[0]
    assert REASON not in answers[0]
