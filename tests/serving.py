"""The real application in a process of its own, for tests that come to it from outside."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import pathlib
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence

import httpx
import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from data_access import accounts, store
from data_access.accounts import passwords

ROOT = pathlib.Path(__file__).resolve().parent.parent
START_SECONDS = 180
PORTS = (15_000, 30_000)
"""Below the ports of connections, which begin at 32,768 on Linux and at 49,152 elsewhere."""
AT_REST = "[data-testid=stApp][data-test-script-state=notRunning]:not(:has([data-testid=stSkeleton]))"
"""The page of a run that has ended, and nothing of it whose code the browser still fetches."""


@dataclasses.dataclass(frozen=True)
class Served:
    """A running application: where it listens, the store it works on, the file it logs to, and the number of its process."""

    address: str
    engine: sa.Engine
    log: pathlib.Path
    process: int = 0

    def logged(self) -> str:
        """Everything it has said so far."""
        return self.log.read_text(encoding="utf-8")


@contextlib.contextmanager
def served(
    engine: sa.Engine,
    *,
    environ: Mapping[str, str] | None = None,
    command: Sequence[str] = ("app.py",),
    port: int | None = None,
) -> Iterator[Served]:
    """`python app.py` on a store, on a free port, from the moment it is ready until the block ends.

    `environ` adds to or changes the settings, which are otherwise those of the demo mode. `command` is what Python is
    told to run; `{port}` in it stands for the port, a free one unless `port` names it.
    """
    with tempfile.TemporaryDirectory(prefix="served") as folder:
        log = pathlib.Path(folder) / "log.txt"
        port = port or free_port()
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, *(part.format(port=port) for part in command)],
                cwd=ROOT,
                env={**environment(engine), "PORT": str(port), **(environ or {})},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            running = Served(f"http://127.0.0.1:{port}", engine, log, process.pid)
            _wait_until_ready(running, process)
            yield running
        finally:
            process.terminate()
            process.wait(timeout=20)


def with_demo_accounts(engine: sa.Engine) -> sa.Engine:
    """The same store with the demo accounts, which the application otherwise makes as it starts.

    There it takes a core for a second and a half, and every sign-in for another third of one: a password is costly to guess.
    """
    with pytest.MonkeyPatch.context() as patch, store.session(engine) as session:
        patch.setattr(passwords, "ROUNDS", 4)
        accounts.ensure_demo_accounts(session)
    return engine


def environment(engine: sa.Engine) -> dict[str, str]:
    """The environment of this process without settings of its own, and with this store."""
    ours = (
        *("APP_", "DATABASE_", "REGISTER", "HOST", "PORT", "SESSION_", "UPLOAD_", "COOKIE_", "STREAMLIT_"),
        *("AUTH_", "OIDC_", "PUBLIC_", "TRUSTED_", "SECOND_", "ALLOWED_", "RUNS_", "FIGURES_"),
    )
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {
        **kept,
        "DATABASE_URL": engine.url.render_as_string(hide_password=False),
        "RUNS_PER_SECOND": "1000",  # tests ask faster than people
        "PYTHONUNBUFFERED": "1",
    }


def turn_to(page: Page, address: str) -> None:
    """Another page in the same tab, as the browser's "back" leads to one: nothing is loaded anew, which `goto` takes three
    quarters of its time for. It has another heading than the one that is open."""
    heading = page.get_by_role("heading", level=1)
    left = heading.inner_text()
    page.evaluate("to => { history.pushState({}, '', to); dispatchEvent(new PopStateEvent('popstate')) }", address)
    expect(heading).not_to_have_text(left)
    expect(page.locator(AT_REST)).to_be_visible(timeout=30_000)


def free_port(count: int = 1) -> int:
    """A port nobody listens on at this moment, as on those that follow, so many in all.

    It is none of those that the system gives to who connects to somebody: such a one may be taken at any moment.
    """
    while True:
        first = random.SystemRandom().randrange(*PORTS)
        with contextlib.suppress(OSError), contextlib.ExitStack() as probes:
            for port in range(first, first + count):
                probes.enter_context(socket.socket()).bind(("127.0.0.1", port))
            return first


def _wait_until_ready(running: Served, process: subprocess.Popen[bytes]) -> None:
    give_up = time.monotonic() + START_SECONDS
    while time.monotonic() < give_up and process.poll() is None:
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"{running.address}/healthz").status_code == 200:
                return
        time.sleep(0.1)
    raise RuntimeError(f"The application did not start:\n{running.logged()}")
