"""What a measurement says, and the empty page under stock `streamlit run` that pages are compared with."""

from __future__ import annotations

import contextlib
import dataclasses
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator

import httpx

from tests.attacks.wire import tab
from tests.serving import free_port

ROUNDS = 15
KILOBYTE = 1024


@dataclasses.dataclass(frozen=True)
class Measured:
    """A figure beside what it is measured against; `unit` says what the ratio counts, `budget` the most it may be."""

    name: str
    size: int
    value: float
    reference: float = 1.0
    budget: float | None = None
    unit: str = "empty pages"

    @property
    def ratio(self) -> float:
        return self.value / self.reference

    @property
    def met(self) -> bool | None:
        return None if self.budget is None else self.ratio <= self.budget

    def row(self) -> dict[str, str | int | float | bool | None]:
        """As it stands in `bench.json`."""
        return {**dataclasses.asdict(self), "ratio": self.ratio, "met": self.met}


def table(found: Iterable[Measured]) -> Iterator[str]:
    """A line for each, as they come."""
    yield f"{'what':<44}{'agreements':>12}{'':>4}{'ratio':>9}  {'unit':<14}{'budget':>8}"
    for one in found:
        budget = "" if one.budget is None else f"{one.budget:g}"
        mark = "" if one.met is None else "met" if one.met else "NOT MET"
        yield f"{one.name:<44}{one.size:>12,}{'':>4}{one.ratio:>9.2f}  {one.unit:<14}{budget:>8} {mark}"


def seconds(work: Callable[[], object]) -> float:
    """How long it takes, once."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def median(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """How long it takes, the median of some rounds after one that does not count."""
    work()
    return statistics.median(seconds(work) for _ in range(rounds))


@contextlib.contextmanager
def empty_page() -> Iterator[str]:
    """The address of an empty page under stock `streamlit run`: its own settings, in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="empty") as folder:
        script = pathlib.Path(folder) / "empty.py"
        script.write_text("", encoding="utf-8")
        port = free_port()
        process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", script.name, "--server.headless=true", f"--server.port={port}"],
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            address = f"http://127.0.0.1:{port}"
            _wait_for(f"{address}/_stcore/health", process)
            yield address
        finally:
            process.terminate()
            process.wait(timeout=20)


def empty_rerun() -> float:
    """How long a rerun of the empty page takes, in seconds."""
    with empty_page() as address, tab(address) as opened:
        return median(opened.rerun)


def _wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    give_up = time.monotonic() + 60
    while time.monotonic() < give_up and process.poll() is None:
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(address).status_code == 200:
                return
        time.sleep(0.1)
    raise RuntimeError(f"nothing answers at {address}")
