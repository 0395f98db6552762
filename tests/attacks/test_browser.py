"""In Chromium: every page, role, menu, dialog and download once, with bait in every text, and every connection noted."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from data_access import accounts
from tests.attacks.conftest import SignIn
from tests.attacks.test_messages import OPEN_TO, PAGES, ROLES
from tests.serving import AT_REST, Served, turn_to

pytestmark = pytest.mark.browser

# What the bait would make of itself, were it read as anything but text.
MADE = (
    "img[src*='evil'], a[href*='evil'], a[href^='javascript'], script:not([src]):not([type]), iframe, [onerror], .katex"
)
FROM_BAIT = "strong:has-text('đậm'), del:has-text('gạch'), code:text-is('mã'), b:has-text('đậm')"


WITH_DIALOGS = ("upload", "review", "agreement", "accounts", "audit", "coordination", "account")


class Watched:
    """A page of a fresh browser, and everything it reaches for."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.elsewhere: list[str] = []
        self.connections = 0
        self.dialogs: list[str] = []
        self.menu = page.get_by_test_id("stPopoverBody")
        own = re.compile(rf"^(data:|blob:|{re.escape(address)}/|{re.escape(address.replace('http', 'ws', 1))}/)")

        def note(address_of: str) -> None:
            self.connections += 1
            if not own.match(address_of):
                self.elsewhere.append(address_of)

        page.context.on("request", lambda request: note(request.url))
        page.on("websocket", lambda socket: note(socket.url))
        page.on("dialog", lambda dialog: self.dialogs.append(dialog.message))
        page.context.on("page", lambda opened: note(opened.url) if opened.url != "about:blank" else None)

    def rest(self) -> None:
        expect(self.page.locator(AT_REST)).to_be_visible()

    def is_plain(self, where: str) -> None:
        """Nothing of the bait has become an element."""
        for shown in (self.page.locator("main"), self.menu):
            made = shown.locator(f"{MADE}, {FROM_BAIT}")
            assert made.count() == 0, (where, made.first.evaluate("one => one.outerHTML"))


@pytest.fixture
def watched(chromium: Browser, house: Served) -> Iterator[Watched]:
    context = chromium.new_context(base_url=house.address, viewport={"width": 1440, "height": 900}, locale="vi-VN")
    yield Watched(context.new_page(), house.address)
    context.close()


def each(found: Locator, most: int) -> Iterator[Locator]:
    for place in range(min(found.count(), most)):
        with contextlib.suppress(PlaywrightTimeout):
            if found.nth(place).is_visible():
                yield found.nth(place)


def taken(page: Page, button: Locator, name: str) -> None:
    """Download a file; a page that is drawn anew at that moment makes another one, so it is tried again."""
    for _ in range(4):
        with contextlib.suppress(PlaywrightTimeout):
            with page.expect_download(timeout=8_000) as download:
                button.click()
            assert download.value.failure() is None
            return
    pytest.fail(f"no file on {name}: {button.inner_text()}")


def opened(watched: Watched, opener: Locator) -> None:
    """Open a menu, with what is in it. What some hold comes with the server's answer; an answer on its way to the page when the
    menu was asked for may shut it."""
    inside = watched.menu.get_by_test_id("stElementContainer").first
    for _ in range(4):
        with contextlib.suppress(PlaywrightTimeout):
            opener.click(timeout=8_000)
            inside.wait_for(timeout=8_000)
            return
        closed(watched)
    pytest.fail(f"never opened: {opener}")


def closed(watched: Watched) -> None:
    """Shut the menu for good: the server's answer to its opening may come after it was shut, and opens it once more."""
    for _ in range(8):
        watched.page.keyboard.press("Escape")
        watched.rest()
        with contextlib.suppress(PlaywrightTimeout):
            watched.menu.wait_for(state="hidden", timeout=2_000)
            watched.page.wait_for_timeout(100)
            if not watched.menu.is_visible():
                return
    pytest.fail("a menu that cannot be shut")


@pytest.mark.parametrize("username", ["lanhdao", "bct", "dieuphoi", "quantri"])
def test_a_full_click_through_reaches_for_nothing_but_our_own_origin(
    house: Served, sign_in: SignIn, watched: Watched, username: str
) -> None:
    """Pages that others share are gone through by the leader; every role goes through its own."""
    page = watched.page
    person = sign_in(username)
    page.context.add_cookies(
        [{"name": "kpi_session", "value": person.token, "url": house.address, "httpOnly": True, "sameSite": "Lax"}]
    )
    own = [name for name in PAGES if ROLES[username] in OPEN_TO[name]]
    if username != "lanhdao":
        own = [name for name in own if len(OPEN_TO[name]) < len(accounts.ROLES)]
    queries = {"agreement": "?ref=RFBCTFR-3", "agreements": "?scope=ALL&q=zq", "scorecard": "?agency=BCT"}
    downloads = 0
    for name in dict.fromkeys(["", *own]):
        if name == "":
            page.goto("/")
            expect(page.get_by_role("button", name=username)).to_be_visible()
            watched.rest()
        else:
            turn_to(page, f"/{name}{queries.get(name, '')}")
        watched.is_plain(name)
        for button in each(page.get_by_test_id("stDownloadButton").get_by_role("button"), 1):
            taken(page, button, name)
            downloads += 1
        for opener in each(page.get_by_test_id("stPopoverButton"), 3 if name in ("", *WITH_DIALOGS) else 0):
            opened(watched, opener)
            watched.is_plain(f"{name}, a menu")
            closed(watched)
        if name in WITH_DIALOGS and (table := page.get_by_test_id("stDataFrame").first).count():
            with contextlib.suppress(PlaywrightTimeout):
                table.locator("canvas").first.click(position={"x": 45, "y": 52}, force=True, timeout=3000)
                watched.rest()
                watched.is_plain(f"{name}, a row")
    assert watched.elsewhere == []
    assert watched.dialogs == []
    assert watched.connections > 20
    assert downloads >= 1 or username in ("quantri", "dieuphoi")


def test_the_bait_would_be_taken(chromium: Browser, house: Served) -> None:
    """Else the walk above would prove nothing: the same text read as HTML makes elements and reaches elsewhere."""
    context = chromium.new_context()
    caught = Watched(context.new_page(), house.address)
    with caught.page.expect_request("http://evil.test/b"):
        caught.page.set_content("<main><img src='http://evil.test/b'><b>đậm</b></main>", wait_until="commit")

    assert caught.elsewhere == ["http://evil.test/b"]
    with pytest.raises(AssertionError):
        caught.is_plain("bait")
    context.close()
