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
LINE_MEGABITS = 10
LINE_MILLISECONDS = 30
"""A line of an office: what it carries in a second, and how long a packet is under way."""


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
        key, value = cookie_of(engine, READER).split("=", 1)
        cookie = {"name": key, "value": value}
        for name, megabits in (
            ("first load in Chromium", 0),
            (f"first load over {LINE_MEGABITS} Mbit/s", LINE_MEGABITS),
        ):
            # In turns, so that what else the machine does meets both alike; the first visits do not count.
            visits = [
                (_visit(chromium, empty, megabits), _visit(chromium, running.address, megabits, cookie))
                for _ in range(VISITS + 1)
            ][1:]
            theirs, ours = (statistics.median(times) for times in zip(*visits, strict=True))
            yield Measured(name, size, ours, theirs, RATIO)
        chromium.close()


def _visit(chromium: Browser, address: str, megabits: int, cookie: dict[str, str] | None = None) -> float:
    """Seconds; over a line that carries so many megabits, or of no limit where that is 0."""
    context = chromium.new_context()
    if cookie is not None:
        context.add_cookies([{**cookie, "url": address}])  # type: ignore[typeddict-item]
    page = context.new_page()
    if megabits:
        bytes_a_second = megabits * 125_000
        line = {"offline": False, "latency": LINE_MILLISECONDS}
        line |= {"downloadThroughput": bytes_a_second, "uploadThroughput": bytes_a_second}
        context.new_cdp_session(page).send("Network.emulateNetworkConditions", line)

    def come() -> None:
        page.goto(address)
        page.wait_for_selector(AT_REST)

    took = seconds(come)
    context.close()
    return took
