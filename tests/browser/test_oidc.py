"""Single sign-on in a browser, with an OpenID provider that is not ours: `oidc-provider-mock`, in a process of its own."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator

import httpx
import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, Page, expect
from sqlmodel import col

from data_access import store
from data_access.store import models
from tests.serving import Served, free_port, served, with_demo_accounts

BUTTON = "Đăng nhập qua hệ thống xác thực tập trung"


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "oidc_provider_mock", "--port", str(port), "--require-nonce", "true"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    give_up = time.monotonic() + 60
    while time.monotonic() < give_up:
        try:
            httpx.get(f"{address}/.well-known/openid-configuration").raise_for_status()
            break
        except httpx.HTTPError:
            time.sleep(0.1)
    yield address
    process.terminate()
    process.wait(timeout=20)


@pytest.fixture(scope="module")
def running(provider: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The application with an empty register; the provider's `vpcp` is `lanhdao`, its `cu` the closed `quantri`."""
    engine = store.get_engine(f"sqlite:///{tmp_path_factory.mktemp('oidc') / 'store.sqlite'}")
    store.migrate(engine)
    port = free_port()
    environ = {
        "AUTH_MODE": "oidc",
        "PUBLIC_ADDRESS": f"http://127.0.0.1:{port}",
        "OIDC_ISSUER": provider,
        "OIDC_CLIENT_ID": "dashboard",
        "OIDC_CLIENT_SECRET": "secret",
    }
    with served(with_demo_accounts(engine), environ=environ, port=port) as started:
        with store.session(engine) as session:
            for username, sub, active in (("lanhdao", "vpcp", True), ("quantri", "cu", False)):
                session.execute(
                    sa.update(models.User)
                    .where(col(models.User.username) == username)
                    .values(subject=f"{provider}#{sub}", active=active)
                )
        yield started
    store.close(engine)


@pytest.fixture
def page(chromium: Browser, running: Served, provider: str) -> Iterator[Page]:
    """A fresh browser profile that reaches the application and the provider, and nothing else."""
    context = chromium.new_context(base_url=running.address, locale="vi-VN")
    here = re.escape(running.address), re.escape(provider)
    context.route(
        re.compile(rf"^https?://(?!{'|'.join(part.removeprefix('http://') for part in here)})"), lambda r: r.abort()
    )
    yield context.new_page()
    context.close()


def sign_in(page: Page, provider: str, sub: str) -> None:
    page.get_by_role("button", name=BUTTON).click()
    page.wait_for_url(f"{provider}/**")
    page.locator("input[name=sub]").fill(sub)
    page.get_by_role("button", name="Authorize").first.click()


def cookies(page: Page) -> set[str]:
    return {str(cookie["name"]) for cookie in page.context.cookies()}


def test_signing_in_leads_to_the_page_first_asked_for_and_holds_until_signing_out(
    page: Page, running: Served, provider: str
) -> None:
    page.goto("/ranking?sector=EDU")
    expect(page.get_by_role("button", name=BUTTON)).to_be_visible()
    expect(page.get_by_label("Tên đăng nhập")).to_have_count(0)
    expect(page.get_by_text("camket-minhhoa")).to_have_count(0)

    sign_in(page, provider, "vpcp")

    account = page.get_by_role("button", name="lanhdao")
    expect(account).to_be_visible()
    assert page.url.startswith(f"{running.address}/ranking?sector=EDU")
    assert "kpi_session" in cookies(page)
    assert not [name for name in cookies(page) if name.startswith(("_streamlit_user", "kpi_sign_in"))]

    page.reload()
    expect(account).to_be_visible()
    second = page.context.new_page()
    second.goto("/scorecard")
    expect(second.get_by_role("button", name="lanhdao")).to_be_visible()

    account.click()
    page.get_by_role("button", name="Đăng xuất").click()
    page.wait_for_url(re.compile(rf"^({re.escape(provider)}|{re.escape(running.address)}/$)"))
    assert "kpi_session" not in cookies(page)
    page.goto("/ranking")
    expect(page.get_by_role("button", name=BUTTON)).to_be_visible()
    second.get_by_role("link", name="Đối tác").click()
    expect(second.get_by_role("button", name=BUTTON)).to_be_visible()


@pytest.mark.parametrize("sub", ["nguoi-la", "cu"])
def test_who_has_no_open_account_is_told_so_with_a_reference_for_the_administrator(
    page: Page, running: Served, provider: str, sub: str
) -> None:
    page.goto("/ranking")
    sign_in(page, provider, sub)

    expect(page.get_by_text("chưa có tài khoản nào đang mở ứng với bạn")).to_be_visible()
    expect(page.get_by_text(f"{provider}#{sub}")).to_be_visible()
    assert "kpi_session" not in cookies(page)
    elsewhere = page.context.browser
    assert elsewhere is not None
    other = elsewhere.new_context(base_url=running.address, locale="vi-VN")
    shown = other.new_page()
    shown.goto(page.url)  # the link alone makes nobody else show this reference
    expect(shown.get_by_role("button", name=BUTTON)).to_be_visible()
    expect(shown.get_by_text(sub)).to_have_count(0)
    other.close()


def test_who_says_no_at_the_provider_may_try_again(page: Page, provider: str) -> None:
    page.goto("/?lang=en")
    page.get_by_role("button", name="Sign in with single sign-on").click()
    page.wait_for_url(f"{provider}/**")
    page.get_by_role("button", name="Deny").click()

    expect(page.get_by_text("Signing in with single sign-on did not work")).to_be_visible()
    expect(page.get_by_role("button", name="Sign in with single sign-on")).to_be_visible()
