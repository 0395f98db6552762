"""A leader's journey: from the overview to one agreement, through nothing but clicks."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from data_access import store
from data_access.register import raise_data_version
from tests.attacks.wire import tab
from tests.benchmarks.measured import KILOBYTE
from tests.benchmarks.screens import KILOBYTES, READER, cookie_of, pages
from tests.browser.conftest import OpenAs, on_sqlite
from tests.serving import AT_REST, Served

pytestmark = pytest.mark.browser


def open_first_row(page: Page, leads_to: re.Pattern[str]) -> None:
    """Click the first cell of the page's first table. Its cells are drawn on a canvas, which takes clicks once it is drawn."""
    table = page.get_by_test_id("stDataFrame").first
    expect(table).to_be_visible()
    expect(page.locator(AT_REST)).to_be_visible()
    for _ in range(5):
        table.locator("canvas").first.click(position={"x": 45, "y": 52}, force=True)
        try:
            page.wait_for_url(leads_to, timeout=4_000)
        except PlaywrightTimeout:
            continue
        return
    pytest.fail(f"no click on the table led to {leads_to.pattern}")


@on_sqlite
def test_a_leader_drills_from_the_overview_to_one_agreement(page: Page, server: Served, open_as: OpenAs) -> None:
    open_as(page, "lanhdao", "/")
    expect(page.get_by_role("heading", name="Tổng quan")).to_be_visible()

    page.get_by_role("link", name="Đình trệ").first.click()
    expect(page.get_by_role("heading", name="Thỏa thuận đình trệ")).to_be_visible()
    open_first_row(page, re.compile(r"/agreement\?.*ref=TT"))

    expect(page.get_by_role("heading", name="Báo cáo tiến độ")).to_be_visible()
    expect(page.get_by_text("Dữ liệu minh họa")).to_be_visible()


@on_sqlite
def test_a_link_says_all_of_a_view_and_what_it_gets_wrong_is_left_out(page: Page, open_as: OpenAs) -> None:
    open_as(page, "lanhdao", "/scorecard?agency=XYZ&as_of=31-02-2025")
    expect(page.get_by_role("heading", name="Phiếu đánh giá")).to_be_visible()
    expect(page.get_by_text("XYZ")).to_be_visible()
    expect(page.get_by_text("31-02-2025")).to_be_visible()

    page.goto("/agreements?q=thuong+mai&agreements_sort=-title")
    expect(page.get_by_text(re.compile(r"^1–100 trong \d+ dòng$"))).to_be_visible()
    expect(page.locator(AT_REST)).to_be_visible()
    page.wait_for_timeout(500)  # the numbers are all there at first, and then those for which there is room
    expect(page.get_by_test_id("stPagination")).to_contain_text("2")
    page.get_by_role("button", name="Next page").press("Enter")
    expect(page.get_by_text(re.compile(r"^101–\d+ trong"))).to_be_visible()
    open_first_row(page, re.compile(r"/agreement\?.*ref=TT"))
    page.go_back()
    expect(page.get_by_text(re.compile(r"^101–\d+ trong"))).to_be_visible()

    page.goto("/agreements?flag=overdue&agency=BCT&lang=en")
    expect(page.get_by_role("heading", name="Agreements")).to_be_visible()
    expect(page.get_by_role("combobox", name="List")).to_have_value("Overdue")
    expect(page).to_have_url(re.compile("flag=overdue"))


@on_sqlite
def test_what_others_change_shows_by_itself_and_what_was_chosen_and_typed_stays(
    page: Page, server: Served, open_as: OpenAs
) -> None:
    open_as(page, "lanhdao", "/?agency_group=ministry")
    page.get_by_text(re.compile(r"^Danh sách \d+ việc")).click()
    search = page.get_by_role("searchbox", name="Tìm cơ quan, đối tác")
    search.fill("cảng")
    expect(page.locator(AT_REST)).to_be_visible()

    with store.session(server.engine) as session:
        raise_data_version(session)

    expect(page.get_by_text(re.compile(r"cập nhật lúc \d\d:\d\d"))).to_be_visible()
    expect(page).to_have_url(re.compile("agency_group=ministry"))
    expect(search).to_have_value("cảng")
    expect(page.get_by_test_id("stExpanderDetails").get_by_test_id("stDataFrame")).to_be_visible()


@on_sqlite
def test_no_page_sends_more_than_it_may(server: Served) -> None:
    with tab(server.address, cookie=cookie_of(server.engine, READER)) as opened:
        sent = {name: len(opened.rerun(name).content) / KILOBYTE for name in pages()}

    assert {name: size for name, size in sent.items() if size > KILOBYTES} == {}
