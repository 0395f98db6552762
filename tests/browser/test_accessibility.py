"""Every page, in both languages, for those who do not see it or use no mouse: what axe finds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, Page, expect

from data_access import accounts, store
from data_access.accounts import DEMO_ACCOUNTS
from pages.screen import Screen, screens
from tests.browser.conftest import WIDE, on_sqlite
from tests.serving import AT_REST, Served, turn_to

pytestmark = pytest.mark.browser

GRAVE: Final = ("moderate", "serious", "critical")

NOT_OURS: Final = {
    # The spark line of a metric: its points have the role of a picture and no name. The metric says its figure in words.
    "svg-img-alt": ".stMetric",
}
"""What Streamlit itself draws wrongly and offers no way to mend: rule and the element it is inside."""

_FOUND: Final = """async ([own, grave]) => {
    const found = (await axe.run(document, {resultTypes: ['violations']})).violations;
    return found.filter(rule => grave.includes(rule.impact)).flatMap(rule => rule.nodes
        .filter(node => !(own[rule.id] && document.querySelector(node.target[0])?.closest(own[rule.id])))
        .map(node => `${rule.id}: ${node.html.slice(0, 160)}: ${node.any.concat(node.all).map(one => one.message)[0]}`));
}"""

_READER: Final = "lanhdao"


def _reader(screen: Screen) -> str:
    """Whose page it is: the leader's, else the first demo account's that it is open to."""
    usernames = [account.username for account in DEMO_ACCOUNTS if account.role in screen.roles]
    return _READER if _READER in usernames else usernames[0]


@pytest.fixture
def readers(chromium: Browser, server: Served) -> Iterator[dict[str, Page]]:
    """A browser profile for each account by whom some page is read."""
    contexts = {}
    for username in {_reader(screen) for screen in screens()}:
        with store.session(server.engine) as session:
            token = accounts.start_session(session, username=username)
        contexts[username] = chromium.new_context(base_url=server.address, viewport=WIDE, locale="vi-VN")
        contexts[username].add_cookies([{"name": "kpi_session", "value": token, "url": server.address}])
    yield {username: context.new_page() for username, context in contexts.items()}
    for context in contexts.values():
        context.close()


@on_sqlite
@pytest.mark.parametrize("language", ["vi", "en"])
def test_axe_finds_nothing_grave_on_any_page(readers: dict[str, Page], language: str) -> None:
    addresses = {
        **{screen.name: (_reader(screen), screen.name) for screen in screens()},
        screens()[0].name: (_READER, ""),
        "agreement": (_READER, "agreement?ref=TT-2021-0010"),
    }

    found: dict[str, list[Any]] = {}
    for name, (username, address) in addresses.items():
        page = readers[username]
        address = f"/{address}{'&' if '?' in address else '?'}lang={language}"
        if page.url == "about:blank":
            page.goto(address)
            expect(page.locator(AT_REST)).to_be_visible()
            page.evaluate(AXE_SCRIPT)
        else:
            turn_to(page, address)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert page.locator("html").get_attribute("lang") == language
        found[name] = page.evaluate(_FOUND, [NOT_OURS, GRAVE])

    assert {name: rules for name, rules in found.items() if rules} == {}
