"""Is agency A really worse than agency B? Through the pages that answer it, by somebody who has never seen them."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenAs, on_sqlite
from tests.serving import AT_REST, Served

pytestmark = [pytest.mark.browser, on_sqlite]

VERDICT = re.compile(r"Chưa đủ cơ sở nói|Có: |Ngược lại: ")


def choose(page: Page, label: str, name: str) -> None:
    """Choose in a select box; it takes what is typed."""
    box = page.get_by_role("combobox", name=label)
    box.click()
    box.fill(name)
    page.get_by_role("option", name=name, exact=True).click()
    expect(page.locator(AT_REST)).to_be_visible()


def test_from_the_ranking_to_an_answer_and_what_it_rests_on(page: Page, server: Served, open_as: OpenAs) -> None:
    open_as(page, "lanhdao", "/ranking")

    # Two neighbours cannot be told apart; two far apart can. The address keeps the question.
    expect(page.get_by_role("heading", name="So sánh hai cơ quan: chênh lệch có đủ cơ sở?")).to_be_visible()
    expect(page.get_by_text(re.compile("Chưa đủ cơ sở nói .+ thấp hơn hay cao hơn"))).to_be_visible()
    choose(page, "Cơ quan A", "Bộ Tài chính")
    choose(page, "Cơ quan B", "Bộ Giáo dục và Đào tạo")
    expect(
        page.get_by_text(re.compile("Có: Bộ Tài chính có kết quả thấp hơn rõ rệt so với Bộ Giáo dục"))
    ).to_be_visible()
    expect(page.get_by_text(re.compile("khó có thể do ngẫu nhiên"))).to_be_visible()
    expect(page).to_have_url(re.compile("second=BGDDT"))

    # By chance, or by the kind of agreements: funnel and crude beside adjusted, when opened.
    page.get_by_text("Từng chỉ tiêu: khác biệt có phải do ngẫu nhiên").click()
    expect(page.get_by_text(re.compile(r"\d+/\d+ cơ quan nằm ngoài mức ngẫu nhiên"))).to_be_visible()
    expect(page.get_by_role("combobox", name="Chỉ tiêu")).to_be_visible()

    # How long they wait, the two side by side.
    page.goto("/survival?by=agency&groups=BXD,BGDDT")
    expect(page.get_by_text(re.compile("[Tt]hời gian từ ký đến triển khai")).first).to_be_visible()
    chosen = page.get_by_test_id("stMultiSelect")
    for name in ("Bộ Xây dựng", "Bộ Giáo dục và Đào tạo"):
        expect(chosen.get_by_text(name).first).to_be_visible()
    expect(page.get_by_test_id("stVegaLiteChart")).to_be_visible()

    # What the figures are worth, and where it is written how they come about.
    page.goto("/trust")
    expect(page.get_by_text(re.compile("Dự báo triển khai trước một năm đã sát thực tế"))).to_be_visible()
    expect(page.get_by_text(re.compile("Thứ hạng phụ thuộc"))).to_be_visible()
    expect(page.locator(AT_REST)).to_be_visible()
    page.get_by_role("button", name="Giải thích").last.click()
    page.get_by_role("link", name="Xem phương pháp tính").last.click()
    expect(page).to_have_url(re.compile(r"/method\?.*statistic="))
    expect(page.get_by_role("heading", name="Phương pháp và số liệu")).to_be_visible()


def test_the_answer_is_read_on_a_telephone(page: Page, server: Served, open_as: OpenAs) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    open_as(page, "lanhdao", "/ranking?first=BXD&second=BGDDT")

    answer = page.get_by_text(VERDICT).first
    expect(answer).to_be_visible()
    box = answer.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
