"""What pages cost, as multiples of a rerun of an empty page under stock `streamlit run` in the same run.

A client speaks Streamlit's protocol; the application runs in a process of its own, as it does in earnest.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import pathlib
import re
import statistics
from collections.abc import Iterator

import sqlalchemy as sa

from data_access import accounts, store
from kpi.vocabulary import Reading
from pages.screen import screens
from seed_data.demo import DATA_DATE
from tests.attacks.wire import Tab, tab
from tests.benchmarks import filling
from tests.benchmarks.measured import KILOBYTE, Measured, empty_rerun, median, seconds
from tests.serving import Served, served

READER = "lanhdao"
SMALLEST = filling.SMALLEST
FRESH_DAYS = 3

# By the largest register they hold for.
SAME = {100_000: 0.5, 1_000_000: 1.0}
FRESH = {1_006: 3.0, 100_000: 8.0, 1_000_000: 40.0}
MEGABYTES = {1_006: 450.0, 100_000: 900.0, 1_000_000: 4096.0}
KILOBYTES = 120.0


def budget(of: dict[int, float], size: int) -> float:
    """The budget for a register of this size."""
    return next(most for upto, most in of.items() if size <= upto)


@contextlib.contextmanager
def demo_store(size: int, folder: pathlib.Path) -> Iterator[sa.Engine]:
    """The demonstration register at a size, at least as large as it is, with the demo accounts."""
    path = folder / f"{size}.sqlite"
    is_there = path.exists()  # others needed it before
    engine = store.get_engine(f"sqlite:///{path}")
    store.migrate(engine)
    if not is_there:
        filling.fill(engine, filling.parts(size))
        with store.session(engine) as session:
            accounts.ensure_demo_accounts(session)
    yield engine
    store.close(engine)


def cookie_of(engine: sa.Engine, username: str) -> str:
    """The cookie of a new session of this account."""
    with store.session(engine) as session:
        return f"kpi_session={accounts.start_session(session, username=username)}"


def measure(size: int, folder: pathlib.Path) -> Iterator[Measured]:
    """Memory with every page opened; then of each a day nobody asked for, nothing changed, a filter seen before, and its bytes."""
    empty = empty_rerun()
    with (
        demo_store(size, folder) as engine,
        served(engine) as running,
        tab(running.address, cookie=cookie_of(engine, READER)) as opened,
    ):
        for name in pages():
            opened.rerun(name)
        yield Measured("memory, every page opened", size, memory(running), 1.0, budget(MEGABYTES, size), "MB")
        yield from _signs(opened, size, empty)
        fresh = (DATA_DATE - dt.timedelta(days=7 * week + 1) for week in range(1, 10_000))
        for name in pages():
            yield from _page(opened, name, size, empty, fresh)
        verified = _fresh(opened, "ranking", fresh, f"&standing={Reading.AS_VERIFIED}")
        yield Measured("ranking: a fresh day, as verified", size, verified, empty, budget(FRESH, size))


def pages() -> list[str]:
    """The addresses of the pages that say something of the register."""
    return ["" if screen is screens()[0] else screen.name for screen in screens() if screen.filtered]


def _page(opened: Tab, name: str, size: int, empty: float, fresh: Iterator[dt.date]) -> Iterator[Measured]:
    page, narrow = name or screens()[0].name, iter(["", "sector=ECO"] * 100)
    days = _fresh(opened, name, fresh)
    yield Measured(f"{page}: a fresh day", size, days, empty, budget(FRESH, size))
    answer = opened.rerun(name)
    same = median(lambda: opened.rerun(name))
    yield Measured(f"{page}: nothing changed", size, same, empty, budget(SAME, size))
    opened.rerun(name, "sector=ECO")
    seen = median(lambda: opened.rerun(name, next(narrow)))
    yield Measured(f"{page}: a filter seen before", size, seen, empty, budget(SAME, size))
    yield Measured(f"{page}: sent", size, len(answer.content) / KILOBYTE, 1.0, KILOBYTES, "KB")


def _fresh(opened: Tab, name: str, fresh: Iterator[dt.date], chosen: str = "") -> float:
    """Days nobody asked for, and what has changed since each."""
    asked = (f"as_of={day}{chosen}" for day in fresh)
    return statistics.median(seconds(lambda: opened.rerun(name, next(asked))) for _ in range(FRESH_DAYS))


def _signs(opened: Tab, size: int, empty: float) -> Iterator[Measured]:
    """The page on signs, which has one day: before and after they are kept."""
    yield Measured("integrity: not kept yet", size, seconds(lambda: opened.rerun("integrity")), empty)
    same = median(lambda: opened.rerun("integrity"))
    yield Measured("integrity: nothing changed", size, same, empty, budget(SAME, size))


def memory(running: Served) -> float:
    """The application's resident memory, in megabytes."""
    status = pathlib.Path(f"/proc/{running.process}/status").read_text(encoding="ascii")
    found = re.search(r"^VmRSS:\s+(\d+) kB$", status, flags=re.MULTILINE)
    assert found is not None
    return int(found.group(1)) / KILOBYTE
