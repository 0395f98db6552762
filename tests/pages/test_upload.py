"""The upload page as each role sees it: from the template to the receipt and back, and everything that must not happen."""

from __future__ import annotations

import csv
import dataclasses
import datetime as dt
import io
import re
from collections.abc import Callable

import polars as pl
import pytest
import sqlalchemy as sa
from streamlit.testing.v1 import AppTest

import words as w
from data_access import accounts, audit, store, updates
from data_access.register import read_register
from data_access.store import models
from files import reading
from kpi import facts
from kpi.update import Checked, Table, check_rows, compare, read_table, template
from kpi.update.columns import BY_CODE
from pages.ui import streamlit_internals
from tests.pages import stores
from tests.pages.conftest import Visit

BCT = accounts.Person("bct", "agency", "BCT", "")
CSV = "text/csv"
MARKDOWN = "![x](https://example.org/x.png) **đậm** <b>"
Edit = Callable[[dict[str, str]], None]


@dataclasses.dataclass(frozen=True)
class Refs:
    """References of BCT's agreements: one signed and not started, another one that is open."""

    signed: str
    other: str


@pytest.fixture(autouse=True)
def in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are handed in on the day up to which the register is known: what they claim is of days lately."""
    monkeypatch.setattr("data_access.updates.checking.today", lambda _: stores.AS_OF)


@pytest.fixture
def refs(shown_store: sa.Engine) -> Refs:
    found = facts.build(read_register(shown_store), stores.AS_OF).agreements
    own = found.filter(
        (pl.col("agency") == "BCT")
        & (pl.col("scope") == "HIGH_LEVEL")
        & (pl.col("access_level") == "open")
        & pl.col("is_open")
    )
    signed = own.filter(pl.col("state") == "SIGNED")["ref"][0]
    return Refs(signed, own.filter(pl.col("ref") != signed)["ref"][0])


def taken(engine: sa.Engine, agency: str = "BCT") -> bytes:
    """The agency's template."""
    return template(updates.current_rows(engine, agency), language="vi", format="csv", say=w.t)


def edited(data: bytes, changes: dict[str, dict[str, str]]) -> bytes:
    """A template with cells changed, and columns added where it has none: reference -> column code -> text."""
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    asked = dict.fromkeys(BY_CODE[name].vi for columns in changes.values() for name in columns)
    added = [header for header in asked if header not in rows[0]]
    rows = [[*rows[0], *added], *([*row, *[""] * len(added)] for row in rows[1:])]
    places = {name: rows[0].index(BY_CODE[name].vi) for columns in changes.values() for name in columns}
    for row in rows[1:]:
        for name, text in changes.get(row[0], {}).items():
            row[places[name]] = text
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    return out.getvalue().encode("utf-8-sig")


def moved(engine: sa.Engine, refs: Refs) -> bytes:
    """A template in which one agreement has begun."""
    return edited(
        taken(engine),
        {refs.signed: {"state": "Đang triển khai", "state_date": "12/01/2026", "state_document": "CV 12/BCT"}},
    )


def hand_in(page: AppTest, data: bytes, name: str = "mau.csv") -> AppTest:
    return page.file_uploader[0].set_value((name, data, CSV)).run()


def said(page: AppTest) -> str:
    """Everything the page says in text elements."""
    kinds = (page.text, page.info, page.success, page.warning, page.error, page.caption, page.title, page.header)
    return "\n".join(str(element.value) for kind in kinds for element in kind)


def interpreted(page: AppTest) -> str:
    """Everything that goes through elements which interpret Markdown."""
    kinds = (page.info, page.success, page.warning, page.error, page.caption, page.title, page.header, page.markdown)
    return "\n".join(str(element.value) for kind in kinds for element in kind)


def confirm(page: AppTest) -> AppTest:
    """Confirm what is shown, and that it was meant where there is something to say so about."""
    for box in page.checkbox:
        if (box.key or "").startswith("upload_acknowledge_"):
            page = box.check().run()
    return page.button(key="upload_confirm").click().run()


def batches(engine: sa.Engine) -> list[tuple[int, str]]:
    return list(updates.list_batches(engine, None).select("id", "status").iter_rows())


def open_batch(page: AppTest, label: str, place: int = 0) -> AppTest:
    """Click a row of the history."""
    page.session_state["upload_batches_row"] = {"row": place, "label": f"{label} ›"}
    return page.run()


def undo_batch(page: AppTest, number: int, place: int = 0) -> AppTest:
    """Open a row of the history and undo the batch. Here a click runs the whole page, so the row is clicked again with it."""
    page = open_batch(page, str(number), place)
    page.session_state["upload_batches_row"] = {"row": place, "label": f"{number} ›"}
    return page.button(key=f"upload_undo_{number}").click().run()


def stored_otherwise(engine: sa.Engine, text: str) -> None:
    """Somebody else of the agency stores something meanwhile."""
    table, current = read_table(text.encode(), "khac.csv", reader=reading.read), updates.current_rows(engine, "BCT")
    assert isinstance(table, Table)
    checked = check_rows(table, current, today=stores.AS_OF)
    assert isinstance(checked, Checked), checked
    with store.session(engine) as session:
        updates.apply(session, actor=BCT, preview=compare(checked, current))


# --- The way an agency goes ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_template_as_it_is_changes_nothing(shown_store: sa.Engine, visit: Visit, kind: str) -> None:
    current = updates.current_rows(shown_store, "BCT")
    data = template(current, language="vi", format="xlsx" if kind == "xlsx" else "csv", say=w.t)

    page = hand_in(visit("upload", "bct"), data, f"mau.{kind}")

    assert not page.exception
    assert w.t("upload.nothing_new") in said(page)
    assert "upload_confirm" not in {button.key for button in page.button}


def test_differences_and_what_they_do_are_shown_then_confirmed_once_and_undone(
    shown_store: sa.Engine, visit: Visit, refs: Refs
) -> None:
    before = read_register(shown_store)

    page = hand_in(visit("upload", "bct"), moved(shown_store, refs))

    assert "Đã ký  →  Đang triển khai" in said(page)
    assert re.search(r"\d{2}/\d{2}/\d{4} \(Đã ký\)  →  \d{2}/\d{2}/\d{4}", said(page)), (
        "the day it leaves is of that state"
    )
    assert "3 ô thay đổi · 1 thỏa thuận" in said(page)
    assert [metric.label for metric in page.metric][:2] == [w.t("kpi.K13.name"), w.t("upload.place")]
    assert batches(shown_store) == []

    page = confirm(page)

    assert "Đã ghi nhận đợt 1: 3 thay đổi." in said(page)
    assert batches(shown_store) == [(1, "applied")]
    assert page.file_uploader[0].value is None

    page = undo_batch(page, 1)

    assert "Đã hoàn tác đợt 1" in said(page)
    assert batches(shown_store) == [(2, "undo"), (1, "undone")]
    after = read_register(shown_store)
    assert after.status_events.drop("id").sort(pl.all()).equals(before.status_events.drop("id").sort(pl.all()))
    assert audit.verify(shown_store) is None


def test_a_file_that_was_confirmed_is_let_go(
    shown_store: sa.Engine, visit: Visit, refs: Refs, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_go: list[str] = []
    monkeypatch.setattr(streamlit_internals, "drop_upload", lambda given: let_go.append(given.name))

    page = hand_in(visit("upload", "bct"), moved(shown_store, refs))
    assert let_go == []
    confirm(page)

    assert let_go == ["mau.csv"]


def test_while_another_file_of_the_account_is_checked_that_is_said_and_can_be_tried_again(
    shown_store: sa.Engine, visit: Visit, refs: Refs
) -> None:
    page = visit("upload", "bct")
    with updates.one_at_a_time(BCT):
        page = hand_in(page, moved(shown_store, refs))

    assert not page.exception
    assert w.t("refused.check_under_way") in said(page)
    assert not page.metric

    page = page.button(key="upload_check_again").click().run()

    assert "3 ô thay đổi · 1 thỏa thuận" in said(page)


def test_a_doubled_click_stores_once_and_says_so(shown_store: sa.Engine, visit: Visit, refs: Refs) -> None:
    page = hand_in(visit("upload", "bct"), moved(shown_store, refs))
    token = page.session_state["upload_work"].token
    page = confirm(page)

    page.session_state["upload_confirmed"] = (token, True)  # what the second click's callback leaves
    page = page.run()

    assert w.tn("upload.receipt_repeated", 3, number=1) in said(page)
    assert batches(shown_store) == [(1, "applied")]


def test_the_same_file_again_says_which_batch_it_was(shown_store: sa.Engine, visit: Visit, refs: Refs) -> None:
    data = moved(shown_store, refs)
    page = confirm(hand_in(visit("upload", "bct"), data))

    page = hand_in(page, data)

    assert "Chính tệp này đã được ghi nhận ở đợt 1" in said(page)
    assert w.t("upload.nothing_new") in said(page)
    assert batches(shown_store) == [(1, "applied")]


def test_a_file_that_tells_of_later_days_says_from_when_it_counts(
    shown_store: sa.Engine, visit: Visit, refs: Refs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("data_access.updates.checking.today", lambda _: dt.date(2026, 3, 31))
    data = edited(taken(shown_store), {refs.signed: {"state": "Đang triển khai", "state_date": "01/03/2026"}})

    page = hand_in(visit("upload", "bct"), data)

    later = (
        "Thay đổi này tính từ ngày 01/03/2026: mọi người thấy khi ngày chốt số liệu (nay là 14/01/2026) tới ngày đó."
    )
    assert later in said(page)


def test_the_page_speaks_english_too(shown_store: sa.Engine, visit: Visit, refs: Refs) -> None:
    page = visit("upload", "bct", "en")
    data = moved(shown_store, refs)

    with w.in_language("en"):  # the test's own side of the select boxes
        page = hand_in(page, data)

    assert "Signed  →  Under implementation" in said(page)


def test_many_changes_are_a_table(shown_store: sa.Engine, visit: Visit) -> None:
    current = updates.current_rows(shown_store, "BCT")
    everything = {
        ref: {"deliverable_vi": "Một", "deliverable_en": "One", "evidence_url": "https://a.vn"}
        for ref in current.agreements["ref"]
    }

    page = hand_in(visit("upload", "bct"), edited(taken(shown_store), everything))

    assert not page.exception
    assert {"what", "before", "after"} <= set(page.dataframe[0].value.columns)


# --- The form --------------------------------------------------------------------------------------------------------


def test_the_form_ends_in_the_same_batch(shown_store: sa.Engine, visit: Visit, refs: Refs) -> None:
    page = visit("upload", "bct", way="form", ref=refs.signed)
    version = (
        updates.current_rows(shown_store, "BCT").agreements.filter(pl.col("ref") == refs.signed)["row_version"].item()
    )
    taken_at = f"form_{refs.signed}_{version}"
    page.selectbox(key=f"{taken_at}_status_state").set_value("IN_PROGRESS")
    page.date_input(key=f"{taken_at}_status_state_date").set_value(dt.date(2026, 1, 12))
    page.text_input(key=f"{taken_at}_status_state_document").set_value("CV 12/BCT")
    page.text_area(key=f"{taken_at}_result_deliverable_vi").set_value("Một trung tâm")

    page = next(button for button in page.button if button.label == w.t("upload.form_check")).click().run()
    assert "Đã ký  →  Đang triển khai" in said(page)
    page = confirm(page)

    assert not page.exception
    assert "Đã ghi nhận đợt 1: 4 thay đổi." in said(page)
    assert updates.list_batches(shown_store, "BCT")["file_name"].to_list() == [f"Biểu mẫu {refs.signed}"]


def test_a_form_left_as_it_is_changes_nothing_and_one_with_a_mistake_says_so(
    shown_store: sa.Engine, visit: Visit, refs: Refs
) -> None:
    page = visit("upload", "bct", way="form", ref=refs.signed)
    check = w.t("upload.form_check")
    page = next(button for button in page.button if button.label == check).click().run()
    assert w.t("upload.form_nothing_new") in said(page)

    page.selectbox(key=f"form_{refs.signed}_1_status_state").set_value("IN_PROGRESS")
    page = next(button for button in page.button if button.label == check).click().run()

    assert "Có 1 lỗi phải sửa" in said(page)
    assert "row" not in page.dataframe[0].value.columns


def test_a_new_agreement_is_registered_in_the_form(shown_store: sa.Engine, visit: Visit) -> None:
    page = visit("upload", "bct", way="form", ref="+")
    key = page.text_area[0].key.removesuffix("agreement_title_vi")  # type: ignore[union-attr]
    page.text_area(key=f"{key}agreement_title_vi").set_value("Bản ghi nhớ về đào tạo kỹ sư")
    for name, code in (("doc_type", "MOU"), ("sector", "ENE"), ("partner", "KR"), ("scope", "HIGH_LEVEL")):
        page.selectbox(key=f"{key}agreement_{name}").set_value(code)
    page.date_input(key=f"{key}agreement_signed_on").set_value(dt.date(2026, 1, 5))
    page = next(button for button in page.button if button.label == w.t("upload.form_check")).click().run()
    page = confirm(page)

    assert not page.exception
    assert updates.list_batches(shown_store, "BCT")["file_name"].to_list() == ["Đăng ký thỏa thuận mới"]
    assert not page.text_area[0].value  # ready for the next one


def test_every_open_agreement_has_a_form(shown_store: sa.Engine, visit: Visit) -> None:
    own = facts.build(read_register(shown_store), stores.AS_OF).agreements
    own = own.filter((pl.col("agency") == "BCT") & pl.col("is_open")).unique("state", maintain_order=True)

    for ref in own["ref"]:
        page = visit("upload", "bct", "en", way="form", ref=ref)
        assert not page.exception
        assert page.tabs


# --- Who may ---------------------------------------------------------------------------------------------------------


def test_leaders_do_not_have_the_page(shown_store: sa.Engine, visit: Visit) -> None:
    page = visit("upload", "lanhdao")

    assert not page.file_uploader
    assert w.t("frame.wrong_role", role=w.name("role", "leader")) in said(page)


def test_who_has_nothing_to_upload_does_not_have_the_page_either(shown_store: sa.Engine, visit: Visit) -> None:
    page = visit("upload", "quantri")

    assert not page.file_uploader
    assert not page.dataframe
    assert len(page.warning) == 1


def test_a_coordinator_hands_in_for_the_agency_that_the_address_names(
    shown_store: sa.Engine, visit: Visit, refs: Refs
) -> None:
    page = visit("upload", "dieuphoi")
    assert not page.file_uploader
    assert w.t("upload.behalf_choose") in said(page)

    page = hand_in(visit("upload", "dieuphoi", behalf="BCT"), f"ref,deliverable_vi\n{refs.signed},Thay\n".encode())
    confirm(page)

    batch = updates.list_batches(shown_store, None).sort("id").row(-1, named=True)
    assert (batch["username"], batch["agency"], batch["status"]) == ("dieuphoi", "BCT", "applied")
    assert not visit("upload", "dieuphoi", behalf="nobody").file_uploader


def test_an_agency_sees_its_own_batches_only(shown_store: sa.Engine, visit: Visit, refs: Refs) -> None:
    stored_otherwise(shown_store, f"ref,deliverable_vi\n{refs.other},Một\n")

    page = visit("upload", "langson")

    assert not page.dataframe
    assert w.t("upload.history_none") in said(page)


def test_a_foreign_agreement_is_refused_like_one_there_is_not(shown_store: sa.Engine, visit: Visit, refs: Refs) -> None:
    answers = []
    for ref in (refs.other, "T-9999"):
        page = hand_in(visit("upload", "langson"), f"ref,deliverable_vi\n{ref},Của tôi\n".encode())
        answers.append(page.dataframe[0].value["words"].tolist()[0].replace(ref, "…"))

    assert answers[0] == answers[1]
    assert batches(shown_store) == []


def test_an_account_without_agency_is_told_why_it_cannot(shown_store: sa.Engine, visit: Visit) -> None:
    with store.session(shown_store) as session:
        session.add(models.User(username="kho", password_hash="x", role="agency", agency=None))

    page = visit("upload", "kho")

    assert not page.file_uploader
    assert w.t("upload.no_agency") in said(page)
    assert w.t("upload.history_none") in said(page)


@pytest.mark.parametrize(
    "change",
    [{"agency": "T20"}, {"role": "leader"}, {"role": "coordinator"}, {"active": False}],
    ids=["another agency", "leader", "coordinator", "closed"],
)
def test_rights_taken_away_between_looking_and_confirming_hold(
    shown_store: sa.Engine, visit: Visit, refs: Refs, change: dict[str, object]
) -> None:
    page = hand_in(visit("upload", "bct"), moved(shown_store, refs))
    with store.session(shown_store) as session:
        account = session.get(models.User, "bct")
        assert account is not None
        for name, value in change.items():
            setattr(account, name, value)

    page = confirm(page)

    assert not page.exception
    assert batches(shown_store) == []


def test_a_preview_put_into_the_session_by_hand_is_of_no_use_to_another_agency(
    shown_store: sa.Engine, visit: Visit, refs: Refs
) -> None:
    theirs = hand_in(visit("upload", "bct"), moved(shown_store, refs)).session_state["upload_work"]
    page = visit("upload", "langson")

    for key in (theirs.key, ("langson", "T20", *theirs.key[2:])):
        page.session_state["upload_work"] = dataclasses.replace(theirs, key=key)
        page.session_state["upload_confirmed"] = (theirs.token, True)
        page = page.run()
        assert not page.exception

    assert batches(shown_store) == []


def test_typed_text_is_never_interpreted(shown_store: sa.Engine, visit: Visit, refs: Refs) -> None:
    stored_otherwise(shown_store, f"ref,deliverable_vi\n{refs.other},{MARKDOWN}\n")
    data = edited(taken(shown_store), {refs.other: {"deliverable_vi": f"{MARKDOWN} 2", "blocker_description": ""}})

    page = hand_in(visit("upload", "bct"), data, f"{MARKDOWN.replace('/', '')}.csv")
    page = confirm(page)
    page = open_batch(page, "2")

    assert not page.exception
    assert "example.org" not in interpreted(page)
    form = visit("upload", "bct", way="form", ref=refs.other)
    assert "example.org" not in interpreted(form)
