"""An agency's journey: its template, three cells changed, what that does to its score, confirmed, seen, and taken back."""

from __future__ import annotations

import contextlib
import csv
import datetime as dt
import io
import re
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from playwright.sync_api import Download, FilePayload, Page, expect

from data_access import audit, store, updates
from data_access.clock import today
from data_access.register import raise_data_version
from data_access.store import models
from tests.browser.conftest import OpenAs, SignIn, on_sqlite, open_first_cell, write_into_last_cell
from tests.serving import AT_REST, Served

pytestmark = pytest.mark.browser


def content(download: Download) -> bytes:
    return download.path().read_bytes()


def take_template(page: Page, name: str) -> bytes:
    with page.expect_download() as taken:
        page.get_by_role("button", name=name).click()
    return content(taken.value)


def begun(template: bytes) -> bytes:
    """The template with three cells of one row changed: a signed agreement is under implementation since today."""
    rows = list(csv.reader(io.StringIO(template.decode("utf-8-sig"), newline="")))
    names = ("Trạng thái", "Ngày của trạng thái mới", "Văn bản làm căn cứ")
    state, day, document = (rows[0].index(name) for name in names)
    row = next(row for row in rows if row[state] == "Đã ký")
    row[state], row[day], row[document] = "Đang triển khai", f"{today(None):%d/%m/%Y}", "Công văn số 12/BCT"
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    return out.getvalue().encode("utf-8-sig")


def hand_in(page: Page, data: bytes, name: str = "cap-nhat.csv") -> None:
    payload: FilePayload = {"name": name, "mimeType": "text/csv", "buffer": data}
    page.locator("input[type=file]").set_input_files(payload)


def scorecard(page: Page) -> list[str]:
    """The figures of the agency's own scorecard, as they are read."""
    page.get_by_role("link", name="Phiếu đánh giá").first.click()
    expect(page.get_by_role("heading", name="Phiếu đánh giá")).to_be_visible()
    expect(page.get_by_test_id("stMetric").nth(9)).to_be_visible()
    expect(page.locator(AT_REST)).to_be_visible()
    return page.get_by_test_id("stMetricValue").all_inner_texts()


@contextlib.contextmanager
def published(engine: sa.Engine, day: dt.date) -> Iterator[None]:
    """The register is published up to a day meanwhile."""
    for to in (day, None):
        with store.session(engine) as session:
            session.execute(sa.update(models.DataVersion).values(published_to=to))
            raise_data_version(session)
        if to is not None:
            yield


def open_upload(page: Page) -> None:
    page.goto("/upload")
    expect(page.get_by_role("heading", name="Cập nhật số liệu")).to_be_visible()


@on_sqlite
def test_an_agency_updates_one_agreement_sees_its_score_change_and_takes_it_back(
    page: Page, server: Served, open_as: OpenAs
) -> None:
    open_as(page, "bct", "/scorecard")
    before = scorecard(page)
    sent_before = updates.list_batches(server.engine, "BCT").height

    open_upload(page)
    hand_in(page, begun(take_template(page, "Mẫu CSV")))

    expect(page.get_by_text("3 ô thay đổi · 1 thỏa thuận")).to_be_visible()
    expect(page.get_by_text("Đã ký  →  Đang triển khai")).to_be_visible()
    foretold = page.get_by_test_id("stMetric").filter(has_text="Điểm tổng hợp")
    expect(foretold).to_contain_text("trước:")
    assert updates.list_batches(server.engine, "BCT").height == sent_before

    page.get_by_role("button", name="Xác nhận 3 thay đổi").dblclick()

    receipt = page.get_by_test_id("stAlertContentSuccess")
    expect(receipt).to_have_text(re.compile(r"đợt \d+.*3 thay đổi.*Điểm tổng hợp: [\d,]+ → [\d,]+", re.DOTALL))
    assert updates.list_batches(server.engine, "BCT").height == sent_before + 1
    old, new = re.findall(r"([\d,]+) → ([\d,]+)", receipt.inner_text())[0]
    assert old != new

    assert "Thay đổi này tính từ ngày" in receipt.inner_text()
    assert scorecard(page) == before  # nobody's clocks move by an upload
    with published(server.engine, today(None)):
        page.reload()
        assert scorecard(page) != before

    open_upload(page)
    undo = page.get_by_role("button", name="Hoàn tác đợt này")
    open_first_cell(page, page.get_by_test_id("stDataFrame").last, undo)
    undo.click()

    expect(page.get_by_text(re.compile(r"Đã hoàn tác đợt \d+"))).to_be_visible()
    assert updates.list_batches(server.engine, "BCT").height == sent_before + 2
    assert scorecard(page) == before
    assert audit.verify(server.engine) is None


@on_sqlite
def test_the_workbook_as_it_was_taken_changes_nothing(page: Page, server: Served, open_as: OpenAs) -> None:
    open_as(page, "bct", "/upload")

    hand_in(page, take_template(page, "Mẫu Excel"), "mau.xlsx")

    expect(page.get_by_text("không có gì thay đổi, không có gì được lưu")).to_be_visible()
    expect(page.get_by_role("button", name="Xác nhận")).to_have_count(0)


@on_sqlite
def test_what_was_put_right_on_the_screen_outlives_f5_and_the_session(
    page: Page, server: Served, sign_in: SignIn, open_as: OpenAs
) -> None:
    open_as(page, "langson", "/upload")
    sent_before = updates.list_batches(server.engine, "T20").height
    refs = updates.current_rows(server.engine, "T20").agreements["ref"].to_list()
    hand_in(
        page, f"Mã cam kết,Liên kết minh chứng\n{refs[0]},www.langson.vn\n{refs[1]},https://langson.vn/b\n".encode()
    )
    expect(page.get_by_text("Có 1 lỗi phải sửa. Chưa có gì được lưu.")).to_be_visible()

    write_into_last_cell(page, page.get_by_test_id("stDataFrame").nth(1), "https://langson.vn/a")
    expect(page.get_by_text(re.compile(r"Đã lưu bản nháp lúc \d\d:\d\d: 1 chỗ"))).to_be_visible()
    page.reload()  # F5 takes everything from the browser
    offered = page.get_by_text(re.compile(r"Có bản nháp lúc \d\d:\d\d: cap-nhat.csv, đã sửa 1 chỗ"))
    expect(offered).to_be_visible()
    page.get_by_role("button", name="langson").click()
    page.get_by_role("button", name="Đăng xuất").click()
    expect(page.get_by_label("Tên đăng nhập")).to_be_visible()
    page.goto("/upload")
    sign_in(page, "langson")
    expect(offered).to_be_visible()
    page.get_by_role("button", name="Làm tiếp").click()

    expect(page.get_by_text("https://langson.vn/a")).to_be_visible()
    expect(offered).to_have_count(0)
    expect(page.get_by_role("button", name="Xác nhận 2 thay đổi")).to_be_visible()
    assert updates.list_batches(server.engine, "T20").height == sent_before


@on_sqlite
def test_a_file_of_another_kind_is_answered_in_words(page: Page, server: Served, open_as: OpenAs) -> None:
    open_as(page, "bct", "/upload")

    hand_in(page, b"%PDF-1.7 ...", "van-ban.pdf")

    expect(page.get_by_text("“van-ban.pdf” không phải bảng tính XLSX, ODS hoặc CSV")).to_be_visible()
    expect(page.get_by_test_id("stException")).to_have_count(0)
