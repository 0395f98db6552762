"""Signing in and out in Chromium, against the real application on both stores."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from data_access import accounts, audit
from data_access.accounts import rate_limits
from tests.browser.conftest import SignIn, submit
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


def test_a_deep_link_leads_through_the_sign_in_to_the_page_and_its_filters(page: Page, sign_in: SignIn) -> None:
    page.goto(RANKING)
    form(page)

    sign_in(page, "lanhdao")

    ranking(page)


def test_reload_and_second_tab_stay_signed_in(page: Page, sign_in: SignIn) -> None:
    page.goto(RANKING)
    sign_in(page, "lanhdao")

    page.reload()
    second = page.context.new_page()
    second.goto(RANKING)

    ranking(page)
    ranking(second)


def test_signing_out_in_one_tab_ends_the_other_at_its_next_run(page: Page, sign_in: SignIn) -> None:
    page.goto(RANKING)
    sign_in(page, "lanhdao")
    second = page.context.new_page()
    second.goto(RANKING)
    ranking(second)

    sign_out(page)
    form(page)
    second.get_by_role("link", name="Đối tác").click()

    form(second)
    expect(second.get_by_text("Phiên làm việc trước đã kết thúc")).to_be_visible()
    assert session_cookie(page.context) is None


def test_the_other_tab_goes_on_once_signed_in_again(page: Page, sign_in: SignIn) -> None:
    page.goto(RANKING)
    sign_in(page, "lanhdao")
    second = page.context.new_page()
    second.goto(RANKING)
    ranking(second)
    sign_out(page)
    form(page)
    second.get_by_role("link", name="Đối tác").click()
    form(second)

    sign_in(second, "lanhdao")

    expect(second.get_by_test_id("stTopNavLink").filter(has_text="Đối tác")).to_have_attribute("aria-current", "page")


def test_an_old_cookie_opens_nothing_after_signing_out(page: Page, sign_in: SignIn) -> None:
    page.goto(RANKING)
    sign_in(page, "lanhdao")
    stolen = page.context.cookies()
    sign_out(page)
    form(page)

    page.context.add_cookies([cookie for cookie in stolen if cookie["name"] == "kpi_session"])  # type: ignore[misc]
    page.goto(RANKING)

    form(page)


def test_the_session_cookie_is_out_of_reach_of_scripts_and_new_at_every_sign_in(page: Page, sign_in: SignIn) -> None:
    page.goto("/")
    sign_in(page, "lanhdao")
    (first,) = [found for found in page.context.cookies() if found["name"] == "kpi_session"]
    seen_by_scripts = page.evaluate("document.cookie")
    sign_out(page)
    form(page)
    sign_in(page, "lanhdao")

    assert (first["httpOnly"], first["sameSite"]) == (True, "Lax")
    assert "kpi_" not in seen_by_scripts
    assert session_cookie(page.context) not in (None, first["value"])


def test_a_wrong_password_and_an_unknown_name_are_answered_in_the_same_words(page: Page) -> None:
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


def test_a_form_left_empty_says_what_is_missing(page: Page) -> None:
    page.goto("/")

    submit(page, "lanhdao", "")

    expect(page.get_by_text("Hãy nhập cả tên đăng nhập và mật khẩu.")).to_be_visible()


def test_too_many_failures_anywhere_have_to_wait_here(page: Page, server: Served) -> None:
    for _ in range(rate_limits.BY_ACCOUNT.free):
        accounts.check_password(server.engine, username="ke-doan-mo", password="sai sai sai", address="elsewhere")
    page.goto("/")

    submit(page, "ke-doan-mo", "sai sai sai sai sai")

    expect(page.get_by_text("Đã thử quá nhiều lần")).to_be_visible()


def test_a_ticket_seen_in_an_address_is_of_no_use_to_others(page: Page, sign_in: SignIn, server: Served) -> None:
    page.goto(RANKING)
    with page.expect_request(lambda request: "/session/start?ticket=" in request.url) as seen:
        sign_in(page, "lanhdao")

    with page.context.browser.new_context(base_url=server.address) as thief:  # type: ignore[union-attr]
        theirs = thief.new_page()
        theirs.goto("/")
        theirs.goto(seen.value.url)
        expect(theirs.get_by_label("Tên đăng nhập")).to_be_visible()
        assert session_cookie(thief) is None


def test_the_language_of_the_address_is_kept_through_the_sign_in(page: Page) -> None:
    page.goto("/ranking?lang=en")
    page.get_by_label("User name").fill("lanhdao")
    page.get_by_label("Password", exact=True).fill(accounts.DEMO_PASSWORD)
    page.get_by_role("button", name="Sign in").click()

    expect(page.get_by_role("link", name="Ranking")).to_be_visible()
    assert page.url.endswith("/ranking?lang=en")


def test_language_is_switched_in_the_account_menu_and_kept_across_pages(page: Page, sign_in: SignIn) -> None:
    page.goto(RANKING)
    sign_in(page, "lanhdao")

    page.get_by_role("button", name="lanhdao").click()
    page.get_by_role("radio", name="English").click()
    expect(page).to_have_url(re.compile(r"/ranking\?agency_group=province&lang=en$"))
    page.get_by_role("link", name="Partners").click()

    expect(page.get_by_test_id("stTopNavLink").filter(has_text="Partners")).to_have_attribute("aria-current", "page")
    expect(page).to_have_url(re.compile(r"/partners\?lang=en&agency_group=province$"))
    expect(page.get_by_test_id("stAlert")).to_have_count(0)


def test_pages_for_others_are_neither_offered_nor_shown(page: Page, sign_in: SignIn) -> None:
    page.goto("/upload")
    sign_in(page, "lanhdao")

    expect(page.get_by_text("Trang này không dành cho vai trò")).to_be_visible()
    expect(page.get_by_role("link", name="Cập nhật số liệu")).to_have_count(0)


def test_a_demo_register_says_so_on_every_page(page: Page, sign_in: SignIn) -> None:
    page.goto("/method")
    sign_in(page, "lanhdao")

    expect(page.get_by_text("Dữ liệu minh họa: kết quả thực hiện là giả định")).to_be_visible()


def test_signing_in_and_out_leaves_an_unbroken_audit(page: Page, sign_in: SignIn, server: Served) -> None:
    page.goto("/")
    sign_in(page, "lanhdao")
    sign_out(page)
    form(page)

    assert audit.verify(server.engine) is None
