"""What the journeys share: the application on either store with the demo register, and Chromium.

`server` runs once per test process and store, so what a journey changes there the next one finds. One that needs a
store of its own starts its own with `tests.serving.served`. The journey that signs in, uploads, returns, publishes and undoes
runs on PostgreSQL, where people work at once; all others run on SQLite, an upload with its undoing among them. What a page
shows is the same on either, as the tests of `data_access` prove.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, Locator, Page, Request, ViewportSize, expect

from data_access import accounts, store
from tests.conftest import STORES
from tests.serving import AT_REST, ROOT, Served, environment, served, with_demo_accounts

WIDE: ViewportSize = {"width": 1440, "height": 900}
SignIn = Callable[..., None]
OpenAs = Callable[[Page, str, str], None]

on_sqlite = pytest.mark.parametrize("server", ["sqlite"], indirect=True)
"""For a journey that shows nothing on PostgreSQL that others do not show there."""

on_postgresql = pytest.mark.parametrize(
    "server", [pytest.param("postgresql", marks=pytest.mark.postgresql)], indirect=True
)
"""For the journey of two people, whose steps one by one are taken on SQLite by others."""


@pytest.fixture(scope="session", params=STORES)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The application with the demo register."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('browser') / 'demo.sqlite'}"
    else:
        url = _new_database(request.getfixturevalue("postgresql_server"), "browser")
    engine = store.get_engine(url)
    subprocess.run([sys.executable, "manage.py", "load", "demo"], cwd=ROOT, env=environment(engine), check=True)
    with served(with_demo_accounts(engine)) as running:
        yield running
    store.close(engine)


def _new_database(address: str, name: str) -> str:
    """A database beside the one whose tables other tests empty."""
    owner = store.get_engine(address)
    with owner.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(f'CREATE DATABASE "{name}"')
    return sa.make_url(address).set(database=name).render_as_string(hide_password=False)


@pytest.fixture
def page(chromium: Browser, server: Served) -> Iterator[Page]:
    """A fresh browser profile of somebody in Viet Nam. Any request to elsewhere fails the test."""
    context = chromium.new_context(base_url=server.address, viewport=WIDE, locale="vi-VN")
    elsewhere: list[str] = []

    def note(request: Request) -> None:
        if not request.url.startswith((server.address, "data:", "blob:")):
            elsewhere.append(request.url)

    context.on("request", note)
    yield context.new_page()
    context.close()
    assert elsewhere == []


@pytest.fixture
def sign_in() -> SignIn:
    """`sign_in(page, username)`, on whatever page the sign-in is shown; the demo password unless another is given."""

    def fill_in_and_wait(page: Page, username: str, password: str = accounts.DEMO_PASSWORD) -> None:
        submit(page, username, password)
        expect(page.get_by_role("button", name=username)).to_be_visible()

    return fill_in_and_wait


@pytest.fixture
def open_as(server: Served) -> OpenAs:
    """`open_as(page, username, address)`: a page for somebody who has signed in elsewhere. The form is gone through by who tests
    it, and by the journeys on which people change."""

    def go(page: Page, username: str, address: str) -> None:
        with store.session(server.engine) as session:
            token = accounts.start_session(session, username=username)
        page.context.add_cookies([{"name": "kpi_session", "value": token, "url": server.address}])
        page.goto(address)
        expect(page.get_by_role("button", name=username)).to_be_visible()

    return go


def open_first_cell(page: Page, table: Locator, shown: Locator) -> None:
    """Click the first cell of a table until what it opens is shown. Cells are drawn on a canvas, which takes clicks only once it
    is drawn; a second click on an open row would close it, so that a run under way is waited for."""
    expect(table).to_be_visible()
    expect(page.locator(AT_REST)).to_be_visible()
    for _ in range(5):
        table.locator("canvas").first.click(position={"x": 30, "y": 52}, force=True)
        with contextlib.suppress(AssertionError):
            expect(shown).to_be_visible(timeout=5_000)
            return
        expect(page.locator(AT_REST)).to_be_visible()
        if shown.is_visible():
            return
    pytest.fail(f"no click on the table showed {shown}")


def write_into_last_cell(page: Page, editor: Locator, text: str) -> None:
    """Write into the last cell of an editor's first row, which is drawn on a canvas as well."""
    expect(editor).to_be_visible()
    expect(page.locator(AT_REST)).to_be_visible()
    cell = page.locator(".gdg-input")
    for _ in range(5):
        editor.scroll_into_view_if_needed()
        box = editor.bounding_box()
        assert box is not None
        page.mouse.dblclick(box["x"] + box["width"] - 60, box["y"] + 52)
        with contextlib.suppress(AssertionError):
            expect(cell).to_be_visible(timeout=5_000)
            break
    cell.fill(text)
    page.keyboard.press("Enter")
    expect(cell).to_have_count(0)


def submit(page: Page, username: str, password: str) -> None:
    """Fill in the sign-in form, in Vietnamese, and send it."""
    page.get_by_label("Tên đăng nhập").fill(username)
    page.get_by_label("Mật khẩu", exact=True).fill(password)
    page.get_by_role("button", name="Đăng nhập").click()
