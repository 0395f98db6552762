"""How long people wait when many are at work: each opens a page, reads for two seconds, and opens the next."""

from __future__ import annotations

import pathlib
import random
import statistics
import threading
import time
from collections.abc import Iterator
from typing import Final

import sqlalchemy as sa

from data_access import accounts, store
from data_access.accounts import passwords
from tests.attacks.wire import tab
from tests.benchmarks.measured import Measured
from tests.benchmarks.screens import SMALLEST, cookie_of, demo_store, pages
from tests.serving import served

PEOPLE = 100
PEOPLE_ON_TWO = 200
ON_TWO: Final = ("manage.py", "serve", "--processes", "2")
THINK_SECONDS = 2.0
FOR_SECONDS = 20.0
P95_SECONDS = 1.0
P95_SECONDS_ON_TWO = 2.0


def measure(folder: pathlib.Path) -> Iterator[Measured]:
    """The 95th percentile of what they wait, after everybody's first page has come."""
    (folder / "crowd").mkdir()
    with demo_store(SMALLEST, folder / "crowd") as engine:
        known = cookies(engine, PEOPLE_ON_TWO)
        with served(engine) as running:
            p95 = _p95(Crowd(running.address, known[:PEOPLE]))
        yield Measured(f"{PEOPLE} people at work, p95", SMALLEST, p95, 1.0, P95_SECONDS, "seconds")
        # Each comes from an address of his own, as nginx counts by address.
        with served(engine, command=ON_TWO, environ={"TRUSTED_PROXIES": "127.0.0.1"}) as running:
            p95 = _p95(Crowd(running.address, known))
        name = f"{PEOPLE_ON_TWO} people on two processes, p95"
        yield Measured(name, SMALLEST, p95, 1.0, P95_SECONDS_ON_TWO, "seconds")


def _p95(crowd: Crowd) -> float:
    return statistics.quantiles(crowd.at_work(FOR_SECONDS), n=20)[-1]


def cookies(engine: sa.Engine, number: int) -> list[str]:
    """Sessions of so many accounts of leaders."""
    passwords.ROUNDS = 4  # nobody signs in with these
    with store.session(engine) as session:
        for place in range(number):
            accounts.add_user(
                session, actor="bench", username=f"leader{place}", password="bốn từ bất kỳ nào", role="leader"
            )
    return [cookie_of(engine, f"leader{place}") for place in range(number)]


class Crowd:
    """People with a session each, who go from page to page."""

    def __init__(self, address: str, cookies: list[str]) -> None:
        self._address, self._cookies = address, cookies
        self._ready = threading.Barrier(len(cookies) + 1)
        self._over = threading.Event()
        self._waits: list[float] = []

    def at_work(self, seconds: float) -> list[float]:
        """What each of them waited for a page, in seconds, in no order. Every page was opened once before, by somebody."""
        with tab(self._address, cookie=self._cookies[0]) as opened:
            for name in pages():
                opened.rerun(name)
        people = [threading.Thread(target=self._person, args=(number,)) for number in range(len(self._cookies))]
        for person in people:
            person.start()
        self._ready.wait()
        time.sleep(seconds)
        self._over.set()
        for person in people:
            person.join()
        return self._waits

    def _person(self, number: int) -> None:
        chance = random.Random(number)
        # The mark of a browser keeps it with one process.
        cookie, address = f"{self._cookies[number]}; kpi_browser=browser{number}", f"10.0.0.{number}"
        with tab(self._address, cookie=cookie, headers=[("X-Forwarded-For", address)]) as opened:
            opened.rerun()
            self._ready.wait()
            while not self._over.wait(chance.uniform(0.5, 1.5) * THINK_SECONDS):
                begun = time.perf_counter()
                opened.rerun(chance.choice(pages()))
                self._waits.append(time.perf_counter() - begun)
