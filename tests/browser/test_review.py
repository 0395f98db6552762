"""The way of a change that needs review: sent, returned with a reason, corrected, sent again, published, seen, and taken back."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from data_access import accounts, audit, store, updates
from data_access.clock import today
from kpi.update import KINDS
from tests.browser.conftest import WIDE, SignIn, on_postgresql, open_first_cell, write_into_last_cell
from tests.browser.test_uploads import begun, hand_in, open_upload, published, scorecard, take_template
from tests.serving import Served

pytestmark = pytest.mark.browser

REASON = "Ngày bắt đầu triển khai phải theo quyết định ban hành kế hoạch, là ngày 13/01/2026."
BCT = accounts.Person("bct", "agency", "BCT", "")
ADMINISTRATOR = accounts.Person("quantri", "administrator", None, "")


@pytest.fixture
def everything_is_reviewed(server: Served) -> Iterator[None]:
    """Every kind of change waits for review; afterwards all go straight in again, as the other journeys have it.

    What an earlier try left waiting is withdrawn.
    """
    with store.session(server.engine) as session:
        for number in updates.list_waiting(server.engine)["id"]:
            updates.withdraw(session, actor=BCT, batch_id=number)
    for route in ("review", "direct"):
        with store.session(server.engine) as session:
            updates.write_routes(session, actor=ADMINISTRATOR, routes=dict.fromkeys(KINDS, route))
        if route == "review":
            yield


@pytest.fixture
def coordinator(chromium: Browser, server: Served) -> Iterator[Page]:
    """A browser of somebody else's than `page`."""
    context = chromium.new_context(base_url=server.address, viewport=WIDE, locale="vi-VN")
    yield context.new_page()
    context.close()


def put_right(page: Page, text: str) -> None:
    """Write into the editor's only row, and have it checked."""
    expect(page.get_by_role("heading", name="Sửa ngay tại đây")).to_be_visible()
    write_into_last_cell(page, page.get_by_test_id("stDataFrame").first, text)
    page.wait_for_timeout(500)  # the table gathers what is typed before it hands it over
    page.get_by_role("button", name="Kiểm tra lại").click()


def latest(server: Served) -> tuple[int, str]:
    """Number and status of the agency's newest batch."""
    row = updates.list_batches(server.engine, "BCT").row(0, named=True)
    return row["id"], row["status"]


@on_postgresql
@pytest.mark.usefixtures("everything_is_reviewed")
def test_a_change_is_reviewed_returned_corrected_published_and_taken_back(
    page: Page, coordinator: Page, server: Served, sign_in: SignIn
) -> None:
    page.goto("/scorecard")
    sign_in(page, "bct")
    before = scorecard(page)

    open_upload(page)
    hand_in(page, begun(take_template(page, "Mẫu CSV")))
    expect(page.get_by_text("Tất cả chờ cơ quan điều phối duyệt")).to_be_visible()
    page.get_by_role("button", name="Gửi duyệt 3 thay đổi").dblclick()
    expect(page.get_by_test_id("stAlertContentSuccess")).to_contain_text(
        re.compile(r"Đã gửi duyệt đợt \d+: 3 thay đổi")
    )
    sent, status = latest(server)
    assert status == "waiting"

    coordinator.goto("/review")
    sign_in(coordinator, "dieuphoi")
    expect(coordinator.get_by_text("Điều phối (1)")).to_be_visible()
    expect(coordinator.get_by_role("heading", name="Chờ duyệt")).to_be_visible()
    change = coordinator.get_by_text("Đã ký  →  Đang triển khai")
    open_first_cell(coordinator, coordinator.get_by_test_id("stDataFrame").first, change)
    expect(coordinator).to_have_url(re.compile(rf"/review\?batch={sent}$"))
    coordinator.get_by_label("Lý do trả lại").fill(REASON)
    coordinator.get_by_role("button", name="Trả lại", exact=True).click()
    expect(coordinator.get_by_text(f"Đã trả lại đợt {sent} cho Bộ Công Thương.")).to_be_visible()

    page.reload()
    expect(page.get_by_text(REASON).first).to_be_visible()
    page.get_by_role("button", name="Sửa và gửi lại").first.click()
    put_right(page, "Công văn số 13/BCT")
    expect(page.get_by_text(re.compile(r"→  Công văn số 13/BCT"))).to_be_visible()
    page.get_by_role("button", name="Gửi duyệt 3 thay đổi").click()
    expect(page.get_by_test_id("stAlertContentSuccess")).to_contain_text("Đã gửi duyệt")
    again, status = latest(server)
    assert (again > sent, status) == (True, "waiting")
    assert scorecard(page) == before

    coordinator.goto(f"/review?batch={again}")
    expect(coordinator.get_by_text(REASON)).to_be_visible()
    expect(coordinator.get_by_text(re.compile(r"→  Công văn số 13/BCT"))).to_be_visible()
    foretold = coordinator.get_by_test_id("stMetric").filter(has_text="Điểm tổng hợp")
    expect(foretold).to_contain_text("trước:")
    coordinator.get_by_role("button", name="Công bố 3 thay đổi").dblclick()
    expect(
        coordinator.get_by_text(re.compile(rf"Đã công bố đợt {again} của Bộ Công Thương: 3 thay đổi"))
    ).to_be_visible()
    assert latest(server) == (again, "applied")

    page.goto(f"/upload?batch={again}")
    expect(page.get_by_role("heading", name="Đã duyệt, công bố")).to_be_visible()
    with published(server.engine, today(None)):
        assert scorecard(page) != before

    coordinator.get_by_role("button", name=f"Xem đợt {again}").click()
    coordinator.get_by_role("button", name="Hoàn tác đợt này").click()
    expect(coordinator.get_by_text(f"Đã hoàn tác đợt {again}.")).to_be_visible()
    open_upload(page)
    assert scorecard(page) == before
    assert audit.verify(server.engine) is None
