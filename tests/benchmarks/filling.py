"""What it takes to fill a store, as a multiple of laying down the same rows bare, and the memory it takes."""

from __future__ import annotations

import math
import multiprocessing
import pathlib
import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from typing import TypeVar

import polars as pl
import sqlalchemy as sa

from data_access import store
from data_access.store.arrow import ROWS_PER_INSERT
from seed_data import demo, reference
from seed_data import store as seed_store
from seed_data.mapping.build import RegisterFrames
from tests.benchmarks.measured import KILOBYTE, Measured, seconds

SMALLEST = 1_006
PART = 100_000
RATIO = 2.5
MEGABYTES = 2048.0

_NUMBERED = {"agreement_id": "Agreement", "blocker_id": "Blocker"}
_ONCE = ("Exchange", "ReportingPeriod", "Explanation", "DataVersion")

Found = TypeVar("Found")


# --- A register of any size ------------------------------------------------------------------------------------------


def parts(size: int) -> list[RegisterFrames]:
    """The demonstration register scaled to `size` agreements. What is larger than a part is one part again and again, each with
    numbers of its own, and its texts in memory once."""
    number = math.ceil(size / PART)
    first = demo.frames(n=max(math.ceil(size / number), SMALLEST))
    again = [{name: _again(name, first, place) for name in first if name not in _ONCE} for place in range(1, number)]
    return [RegisterFrames(frames) for frames in (first, *again)]


def _again(name: str, first: Mapping[str, pl.DataFrame], place: int) -> pl.DataFrame:
    owners = {**_NUMBERED, "id": name}
    moved = [
        pl.col(column) + place * first[owners[column]].height for column in owners if column in first[name].columns
    ]
    refs = [pl.col("ref") + f"-{place}"] if name == "Agreement" else []
    return first[name].with_columns(*moved, *refs)


def fill(engine: sa.Engine, made: list[RegisterFrames]) -> None:
    """Load a register into an empty store."""
    with store.session(engine) as session:
        seed_store.fill(session, actor="bench", register=made[0], origin="demo", further=made[1:])


# --- Loading it ------------------------------------------------------------------------------------------------------


def measure(size: int, folder: pathlib.Path) -> Iterator[Measured]:
    """A register loaded into a SQLite store: with its seals, and an entry in the audit."""
    bare = apart(lay_down, size, folder / "bare.sqlite")
    took, peak = apart(load, size, folder / "loaded.sqlite")
    yield Measured("load with history", size, took, bare, RATIO, "bare inserts")
    yield Measured("memory of a load, at its peak", size, peak, 1.0, MEGABYTES, "MB")


def apart(work: Callable[..., Found], *arguments: object) -> Found:
    """What a function gives in a process of its own."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        return process.submit(work, *arguments).result()


def load(size: int, path: pathlib.Path) -> tuple[float, float]:
    """How long it takes to load a register, in seconds, and the most memory that this process ever had, in megabytes."""
    engine, made = _empty(path), parts(size)
    took = seconds(lambda: fill(engine, made))
    _remove(engine, path)
    status = pathlib.Path("/proc/self/status").read_text(encoding="ascii")
    found = re.search(r"^VmHWM:\s+(\d+) kB$", status, flags=re.MULTILINE)
    assert found is not None
    return took, int(found.group(1)) / KILOBYTE


def lay_down(size: int, path: pathlib.Path) -> float:
    """How long it takes to insert the same rows and no more, in one transaction, in seconds."""
    engine, made = _empty(path), parts(size)
    driver = sqlite3.connect(path, isolation_level=None)
    driver.execute("PRAGMA foreign_keys = ON")
    for (name,) in driver.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        driver.execute(f"DROP TRIGGER {name}")
    took = seconds(lambda: _insert(driver, [reference.frames(), *(part.frames for part in made)]))
    driver.close()
    _remove(engine, path)
    return took


def _insert(driver: sqlite3.Connection, parts: list[Mapping[str, pl.DataFrame]]) -> None:
    driver.execute("BEGIN")
    for name, frame in ((name, frame) for frames in parts for name, frame in frames.items()):
        stored = frame.with_columns(
            pl.col(pl.Date).cast(pl.String), pl.col(pl.Datetime).cast(pl.String), pl.col(pl.Boolean).cast(pl.Int8)
        )
        sql = f"INSERT INTO {name} ({', '.join(stored.columns)}) VALUES ({', '.join('?' * stored.width)})"
        for some in stored.iter_slices(ROWS_PER_INSERT):
            driver.executemany(sql, some.rows())
    driver.execute("COMMIT")


def _empty(path: pathlib.Path) -> sa.Engine:
    engine = store.get_engine(f"sqlite:///{path}")
    store.migrate(engine)
    return engine


def _remove(engine: sa.Engine, path: pathlib.Path) -> None:
    store.close(engine)
    path.unlink()
