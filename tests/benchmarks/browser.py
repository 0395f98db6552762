"""What a first visit costs in a browser, as a multiple of one to an empty page under stock `streamlit run`."""

from __future__ import annotations

import pathlib
import shutil
import statistics
from collections.abc import Iterator

from playwright.sync_api import Browser, sync_playwright

from tests.benchmarks.measured import Measured, empty_page, seconds
from tests.benchmarks.screens import READER, cookie_of, demo_store
from tests.serving import AT_REST, served

VISITS = 7
RATIO = 1.4


def measure(size: int, folder: pathlib.Path) -> Iterator[Measured]:
    """The overview from the moment it is asked for until it is at rest, in a browser that has never been there."""
    with (
        empty_page() as empty,
        demo_store(size, folder) as engine,
        served(engine) as running,
        sync_playwright() as playwright,
    ):
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        name, value = cookie_of(engine, READER).split("=", 1)
        cookie = {"name": name, "value": value}
        # In turns, so that what else the machine does meets both alike; the first visits do not count.
        visits = [(_visit(chromium, empty), _visit(chromium, running.address, cookie)) for _ in range(VISITS + 1)][1:]
        chromium.close()
    theirs, ours = (statistics.median(times) for times in zip(*visits, strict=True))
    yield Measured("first load in Chromium", size, ours, theirs, RATIO, "empty pages")


def _visit(chromium: Browser, address: str, cookie: dict[str, str] | None = None) -> float:
    context = chromium.new_context()
    if cookie is not None:
        context.add_cookies([{**cookie, "url": address}])  # type: ignore[typeddict-item]
    page = context.new_page()

    def come() -> None:
        page.goto(address)
        page.wait_for_selector(AT_REST)

    took = seconds(come)
    context.close()
    return took
