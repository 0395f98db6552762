"""kill -9 at random moments of an apply: never half a batch, never one lost that was acknowledged, and the next one works."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import IO, Any

import pytest
import sqlalchemy as sa
from sqlmodel import SQLModel

from data_access import audit, store
from data_access.keeping import soundness
from data_access.store.arrow import table_of
from data_access.store.models import (
    Agreement,
    AuditEntry,
    BatchChange,
    DataVersion,
    ProgressReport,
    TargetDate,
    UploadBatch,
)
from tests.data_access.updates.test_updates import fill
from tests.faults import report
from tests.faults.applier import REFS
from tests.serving import ROOT, environment

FIRST_VERSION = 5
VERIFIED_EVERY = 50


class Applier:
    """The process of `applier.py`, and how long an apply takes in it."""

    def __init__(self, engine: sa.Engine, mode: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.applier", engine.url.render_as_string(hide_password=False), mode],
            cwd=ROOT,
            env={**environment(engine), "OPENBLAS_NUM_THREADS": "1"},  # no thread outlives a fork
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.seconds = 0.0

    def run(self, *, until: Callable[[list[str]], bool], then_wait: float) -> list[str]:
        """Start applying, wait until what was said is enough, wait some more, kill; everything that was said."""
        stdin, stdout = self._pipes()
        stdin.write("go\n")
        stdin.flush()
        said: list[str] = []
        pid = int(self._line(stdout, said).split()[1])
        while not until(said):
            began = time.monotonic()
            line = self._line(stdout, said)
            if line.startswith("d"):
                raise RuntimeError("the applying process ended by itself")
            if line.startswith("a") and len(said) > 3:  # the first one compiles its statements
                self.seconds = max(self.seconds, time.monotonic() - began)
        time.sleep(then_wait)
        os.kill(pid, signal.SIGKILL)
        while not self._line(stdout, said).startswith("d"):
            pass
        return said

    def stop(self) -> None:
        stdin, stdout = self._pipes()
        stdin.close()
        self._process.wait(timeout=20)
        stdout.close()

    def _line(self, stdout: IO[str], said: list[str]) -> str:
        line = stdout.readline()
        if not line:
            raise RuntimeError("the applying process ended by itself")
        said.append(line.strip())
        return line

    def _pipes(self) -> tuple[IO[str], IO[str]]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        return self._process.stdin, self._process.stdout


@contextlib.contextmanager
def applier(engine: sa.Engine, mode: str) -> Iterator[Applier]:
    started = Applier(engine, mode)
    try:
        yield started
    finally:
        started.stop()


def acknowledged(said: list[str]) -> int:
    """The last batch whose storing was acknowledged; 0 for none."""
    return max((int(line.split()[1]) for line in said if line.startswith("a")), default=0)


def stored(engine: sa.Engine) -> tuple[int, list[str]]:
    """How many batches the store holds, and everything in which it is not exactly what so many batches make of it."""
    agreement, target, reported = table_of(Agreement), table_of(TargetDate), table_of(ProgressReport)
    batch, change, entry = table_of(UploadBatch), table_of(BatchChange), table_of(AuditEntry)
    version = table_of(DataVersion)
    with store.session(engine) as session:
        connection = session.connection()

        def ask(statement: sa.Select[Any]) -> list[Any]:
            return [row[0] if len(row) == 1 else tuple(row) for row in connection.execute(statement)]

        # Whatever a killed process had under way is over once this row can be locked.
        number = ask(sa.select(version.c.version).with_for_update())[0] - FIRST_VERSION
        live_reports = reported.c.retracted_at.is_(None), reported.c.batch_id.is_not(None)
        cells = sa.func.count().filter(~change.c.field.startswith("_", autoescape=True))
        found = {
            "agreements": ask(
                sa.select(agreement.c.deliverable_en, agreement.c.row_version).where(agreement.c.ref.in_(REFS))
            ),
            "targets": ask(
                sa.select(target.c.reason)
                .where(target.c.retracted_at.is_(None), target.c.batch_id.is_not(None))
                .order_by(target.c.id)
            ),
            "reports": ask(sa.select(reported.c.progress).where(*live_reports)),
            "batches": ask(sa.select(batch.c.id).order_by(batch.c.id)),
            "batches short of cells": ask(
                sa.select(batch.c.id)
                .outerjoin(change, change.c.batch_id == batch.c.id)
                .group_by(batch.c.id, batch.c.changes)
                .having(cells != batch.c.changes)
            ),
            "audit": ask(sa.select(entry.c.subject).where(entry.c.action == "upload.apply").order_by(entry.c.id)),
        }
    said = [f"lần {batch}" for batch in range(1, number + 1) for _ in REFS]
    last = said[-len(REFS) :]
    numbers = found["batches"]  # a number that was given to a batch that was never stored is not given again
    expected: dict[str, list[Any]] = {
        "agreements": [(text, 1 + number) for text in last or [""] * len(REFS)],
        "targets": said,
        "reports": last,
        "batches": numbers[:number],
        "batches short of cells": [],
        "audit": [f"batch {one}" for one in numbers],
    }
    wrong = [f"{name}: {found[name]} and not {expected[name]}" for name in found if found[name] != expected[name]]
    return number, wrong if len(numbers) == number else [*wrong, f"{len(numbers)} batches and not {number}"]


@pytest.fixture
def filled(engine: sa.Engine) -> sa.Engine:
    _fill(engine)
    return engine


def _fill(engine: sa.Engine) -> None:
    """A register in which every agreement that gets a new target has one already: a first one this late would wait for review."""
    with store.session(engine) as session:
        fill(session)
        for number in range(2, len(REFS) + 1):
            signed, first = dt.date(2025, 3, 1), dt.date(2026, 6, 1)
            session.add(TargetDate(agreement_id=number, target_on=first, effective_on=signed))


def test_nothing_is_half_stored_and_nothing_acknowledged_is_lost(filled: sa.Engine) -> None:
    chance = random.Random(2026)
    half: list[str] = []
    lost = held = caught = 0
    with applier(filled, "transaction") as child:
        said = child.run(until=lambda lines: acknowledged(lines) >= 4, then_wait=0)
        held = acknowledged(said)
        for turn in range(report.KILLS):
            said = child.run(until=lambda lines: "s" in lines, then_wait=chance.uniform(0, 2.5 * child.seconds))
            number, wrong = stored(filled)
            half += [f"kill {turn}: {what}" for what in wrong]
            told = max(held, acknowledged(said))
            lost += number < told
            caught += said[-2] == "s"  # killed between the beginning and the acknowledgement
            assert told <= number <= told + 1
            held = number
            if caught == report.CAUGHT:
                break
            if turn % VERIFIED_EVERY == 0:
                assert soundness.verify(filled) == []
        child.run(until=lambda lines: acknowledged(lines) == held + 1, then_wait=0)

    kind = filled.dialect.name
    report.add(f"kill -9 during apply, {kind}: moments", turn + 1)
    report.add("  of these between the beginning and the acknowledgement", caught)
    report.add("  half-applied", len(half))
    report.add("  acknowledged batches lost", lost)
    assert half == []
    assert lost == 0
    assert caught == report.CAUGHT or caught > turn / 4
    assert audit.verify(filled) is None
    assert soundness.verify(filled) == []


def test_without_a_transaction_the_same_kills_leave_half_batches(filled: sa.Engine, tmp_path: pathlib.Path) -> None:
    """The control: that nothing was found above is not for want of looking."""
    chance = random.Random(2026)
    half = tried = 0
    start_again = _starting_again(filled, tmp_path)
    with applier(filled, "statements") as child:
        child.run(until=lambda lines: acknowledged(lines) >= 3, then_wait=0)
        for _ in range(report.CONTROL_KILLS):
            tried += 1
            start_again()
            child.run(until=lambda lines: "s" in lines, then_wait=chance.uniform(0, 2.5 * child.seconds))
            half += stored(filled)[1] != []
            if report.IS_SAMPLE and half:
                break

    report.add(f"the same without a transaction (the control), {filled.dialect.name}: moments", tried)
    report.add("  half-applied", half)
    assert half


def _starting_again(engine: sa.Engine, folder: pathlib.Path) -> Callable[[], None]:
    """What puts the store back to what it holds now."""
    if engine.dialect.name == "sqlite":
        store.close(engine)
        path = pathlib.Path(str(engine.url.database))
        shutil.copy(path, folder / "first.sqlite")

        def copy() -> None:
            store.close(engine)
            for ending in ("-wal", "-shm"):
                path.with_name(path.name + ending).unlink(missing_ok=True)
            shutil.copy(folder / "first.sqlite", path)

        return copy

    def refill() -> None:
        names = ", ".join(f'"{table.name}"' for table in SQLModel.metadata.sorted_tables)
        with engine.begin() as connection:
            connection.exec_driver_sql(f"TRUNCATE {names} RESTART IDENTITY CASCADE")
        _fill(engine)

    return refill
