"""Signing in and out in Chromium, against the real application on both stores."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from data_access import accounts, audit
from data_access.accounts import rate_limits
from tests.browser.conftest import SignIn, on_sqlite, submit
from tests.serving import Served

pytestmark = pytest.mark.browser

RANKING = "/ranking?agency_group=province"


def form(page: Page) -> None:
    """The sign-in is shown, and no page."""
    expect(page.get_by_label("Tên đăng nhập")).to_be_visible()
    expect(page.get_by_role("link", name="Tổng quan")).to_have_count(0)


def ranking(page: Page) -> None:
    """The page of the deep link is shown, with its filter."""
    expect(page.get_by_role("button", name="lanhdao")).to_be_visible()
    expect(page.get_by_test_id("stTopNavLink").filter(has_text="Xếp hạng")).to_have_attribute("aria-current", "page")
    assert page.url.endswith(RANKING)


def session_cookie(context: BrowserContext) -> str | None:
    """Our cookie's value."""
    return next((found["value"] for found in context.cookies() if found["name"] == "kpi_session"), None)


def sign_out(page: Page) -> None:
    """By the account menu."""
    page.get_by_role("button", name="lanhdao").click()
    page.get_by_role("button", name="Đăng xuất").click()


@on_sqlite
def test_one_session_holds_for_every_tab_from_a_deep_link_to_signing_out(
    page: Page, sign_in: SignIn, server: Served
) -> None:
    page.goto(RANKING)
    form(page)
    with page.expect_request(lambda request: "/session/start?ticket=" in request.url) as seen:
        sign_in(page, "lanhdao")
    ranking(page)
    page.reload()
    second = page.context.new_page()
    second.goto(RANKING)
    ranking(page)
    ranking(second)

    stolen = page.context.cookies()
    (first,) = [found for found in stolen if found["name"] == "kpi_session"]
    assert (first["httpOnly"], first["sameSite"]) == (True, "Lax")
    assert "kpi_" not in page.evaluate("document.cookie")
    with page.context.browser.new_context(base_url=server.address) as thief:  # type: ignore[union-attr]
        theirs = thief.new_page()
        theirs.goto("/")
        theirs.goto(seen.value.url)  # the ticket, once used
        expect(theirs.get_by_label("Tên đăng nhập")).to_be_visible()
        assert session_cookie(thief) is None

    sign_out(page)
    form(page)
    second.get_by_role("link", name="Đối tác").click()
    form(second)
    expect(second.get_by_text("Phiên làm việc trước đã kết thúc")).to_be_visible()
    assert session_cookie(page.context) is None
    page.context.add_cookies([first])  # type: ignore[list-item]
    page.goto(RANKING)
    form(page)

    sign_in(second, "lanhdao")
    expect(second.get_by_test_id("stTopNavLink").filter(has_text="Đối tác")).to_have_attribute("aria-current", "page")
    assert session_cookie(page.context) not in (None, first["value"])
    assert audit.verify(server.engine) is None


@on_sqlite
def test_who_cannot_be_let_in_is_told_why_and_no_more(page: Page, server: Served) -> None:
    page.goto("/")
    answers = []
    for username in ("lanhdao", "khong-co-ai"):
        submit(page, username, "sai sai sai sai")
        message = page.get_by_test_id("stAlertContentError")
        expect(message).to_be_visible()
        answers.append(message.inner_text())
        page.reload()
    assert answers[0] == answers[1]
    assert answers[0].endswith("Tên đăng nhập hoặc mật khẩu không đúng.")
    form(page)

    submit(page, "lanhdao", "")
    expect(page.get_by_text("Hãy nhập cả tên đăng nhập và mật khẩu.")).to_be_visible()

    for _ in range(rate_limits.BY_ACCOUNT.free):
        accounts.check_password(server.engine, username="ke-doan-mo", password="sai sai sai", address="elsewhere")
    submit(page, "ke-doan-mo", "sai sai sai sai sai")
    expect(page.get_by_text("Đã thử quá nhiều lần")).to_be_visible()


@on_sqlite
def test_the_language_is_kept_through_the_sign_in_and_switched_in_the_account_menu(page: Page) -> None:
    page.goto("/ranking?lang=en&agency_group=province")
    page.get_by_label("User name").fill("lanhdao")
    page.get_by_label("Password", exact=True).fill(accounts.DEMO_PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("link", name="Ranking")).to_be_visible()
    assert page.url.endswith("/ranking?lang=en&agency_group=province")

    for language, written in (("Tiếng Việt", ""), ("English", "&lang=en")):
        page.get_by_role("button", name="lanhdao").click()
        page.get_by_role("radio", name=language).click()
        expect(page).to_have_url(re.compile(rf"/ranking\?agency_group=province{written}$"))
    page.get_by_role("link", name="Partners").click()

    expect(page.get_by_test_id("stTopNavLink").filter(has_text="Partners")).to_have_attribute("aria-current", "page")
    expect(page).to_have_url(re.compile(r"/partners\?lang=en&agency_group=province$"))
    expect(page.get_by_test_id("stAlert")).to_have_count(0)


@on_sqlite
def test_pages_for_others_are_neither_offered_nor_shown_and_a_demo_register_says_so(
    page: Page, sign_in: SignIn
) -> None:
    page.goto("/upload")
    sign_in(page, "lanhdao")

    expect(page.get_by_text("Trang này không dành cho vai trò")).to_be_visible()
    expect(page.get_by_role("link", name="Cập nhật số liệu")).to_have_count(0)
    expect(page.get_by_text("Dữ liệu minh họa: kết quả thực hiện là giả định")).to_be_visible()
