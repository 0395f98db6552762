"""The whole way of an administrator in Chromium, where a second factor is required; in a store of its own."""

from __future__ import annotations

import time
from collections.abc import Iterator

import httpx
import pyotp
import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, Page, expect

from data_access import accounts, audit, store
from tests.browser.conftest import WIDE, submit
from tests.serving import Served, served, with_demo_accounts

pytestmark = pytest.mark.browser

PASSWORD = "bốn từ chẳng liên quan"
NEW_PASSWORD = "năm từ khác hẳn nhau đấy"


@pytest.fixture
def strict(sqlite_engine: sa.Engine) -> Iterator[Served]:
    """The application with one administrator, whose password somebody else made."""
    with store.session(sqlite_engine) as session:
        accounts.add_user(
            session, actor="system", username="quantri", password=PASSWORD, role="administrator", must_change=True
        )
    settings = {"SECOND_FACTOR": "required", "APP_SECRET": "Zk3vQ8wLr5TnXy7BdHs2JmFc9PgAu4EO"}
    with served(with_demo_accounts(sqlite_engine), environ=settings) as running:
        yield running


def test_from_the_first_sign_in_to_a_password_changed_elsewhere(chromium: Browser, strict: Served) -> None:
    context = chromium.new_context(base_url=strict.address, viewport=WIDE, locale="vi-VN")
    page = context.new_page()
    elsewhere: list[str] = []
    context.on("request", lambda request: elsewhere.append(request.url))

    secret, recovery = enrol(page)
    sign_out(page)
    sign_in_with_code(page, secret, "/audit", NEW_PASSWORD)
    expect(page.get_by_role("heading", name="Nhật ký")).to_be_visible()
    other = chromium.new_context(base_url=strict.address, viewport=WIDE, locale="vi-VN")
    there = other.new_page()
    use_recovery_code(there, recovery[0])
    change_password(page)

    there.reload()
    expect(there.get_by_label("Tên đăng nhập")).to_be_visible()
    expect(page.get_by_role("button", name="quantri")).to_be_visible()
    assert audit.verify(strict.engine) is None
    assert not [url for url in elsewhere if not url.startswith((strict.address, "data:", "blob:"))]
    assert secret not in strict.logged()
    assert NEW_PASSWORD not in strict.logged()
    other.close()
    context.close()


def enrol(page: Page) -> tuple[str, list[str]]:
    """The first sign-in: set up the second factor, keep the codes, choose a password. The secret and the codes."""
    page.goto("/account")
    submit(page, "quantri", PASSWORD)
    expect(page.get_by_role("heading", name="Thiết lập xác thực hai lớp")).to_be_visible()
    drawn = page.get_by_alt_text("Mã QR")
    expect(drawn).to_be_visible()
    assert (drawn.get_attribute("src") or "").startswith("data:image/svg+xml")
    secret = page.get_by_test_id("stCode").inner_text().replace(" ", "").strip()
    assert no_session(page)
    page.get_by_label("Mã 6 số ứng dụng đang hiện").fill(pyotp.TOTP(secret).now())
    page.get_by_role("button", name="Tiếp tục").click()
    expect(page.get_by_role("heading", name="Cất giữ mã dự phòng")).to_be_visible()
    recovery = page.get_by_test_id("stCode").inner_text().split()
    assert no_session(page)
    page.get_by_role("button", name="Tôi đã cất giữ").click()
    expect(page.get_by_role("heading", name="Đặt mật khẩu của riêng bạn")).to_be_visible()
    assert no_session(page)
    for label in ("Mật khẩu mới", "Nhập lại mật khẩu mới"):
        page.get_by_label(label, exact=True).fill(NEW_PASSWORD)
    page.get_by_role("button", name="Tiếp tục").click()
    expect(page.get_by_role("heading", name="Tài khoản của tôi")).to_be_visible()
    expect(page.get_by_text("Còn 10 mã dự phòng.")).to_be_visible()
    return secret, recovery


def no_session(page: Page) -> bool:
    """What this browser holds between the steps opens nothing of Streamlit's either."""
    cookies = {str(found["name"]): str(found["value"]) for found in page.context.cookies()}
    refused = httpx.get(f"{page.url.split('/account')[0]}/_stcore/metrics", cookies=cookies)
    return "kpi_session" not in cookies and refused.status_code == 403


def sign_out(page: Page) -> None:
    page.get_by_role("button", name="quantri").click()
    page.get_by_role("button", name="Đăng xuất", exact=True).click()
    expect(page.get_by_label("Tên đăng nhập")).to_be_visible()


def sign_in_with_code(page: Page, secret: str, address: str, password: str) -> None:
    """The code that set it up does not count a second time; the next one does, half a minute early."""
    page.goto(address)
    submit(page, "quantri", password)
    code = page.get_by_role("textbox", name="Mã 6 số trên ứng dụng xác thực")
    code.fill("000000")
    page.get_by_role("button", name="Tiếp tục").click()
    expect(page.get_by_text("Mã không đúng hoặc đã dùng rồi")).to_be_visible()
    upcoming = pyotp.TOTP(secret)
    code.fill(upcoming.at(upcoming.timecode(time.time()) * 30 + 30))
    page.get_by_role("button", name="Tiếp tục").click()


def use_recovery_code(page: Page, recovery: str) -> None:
    page.goto("/")
    submit(page, "quantri", NEW_PASSWORD)
    page.get_by_role("textbox", name="Mã 6 số trên ứng dụng xác thực").fill(recovery.upper())
    page.get_by_role("button", name="Tiếp tục").click()
    expect(page.get_by_role("button", name="quantri")).to_be_visible()


def change_password(page: Page) -> None:
    page.get_by_role("button", name="quantri").click()
    page.get_by_role("link", name="Tài khoản của tôi").click()
    page.get_by_label("Mật khẩu hiện tại").first.fill(NEW_PASSWORD)
    for label in ("Mật khẩu mới", "Nhập lại mật khẩu mới"):
        page.get_by_label(label, exact=True).fill(PASSWORD)
    before = [found["value"] for found in page.context.cookies() if found["name"] == "kpi_session"]
    page.get_by_role("button", name="Đổi mật khẩu").click()
    expect(page.get_by_text("Đã đổi mật khẩu.")).to_be_visible()
    after = [found["value"] for found in page.context.cookies() if found["name"] == "kpi_session"]
    assert len(after) == 1
    assert after != before
