"""Samples from the command line: announced, drawn after the close, redone; refused in one line."""

from __future__ import annotations

import datetime as dt
import hashlib
import types

import pytest
import sqlalchemy as sa

from data_access import store
from data_access.store import models
from data_access.store.models import base
from tests.cli.test_manage import Runner, one_line
from tests.pages import stores


@pytest.fixture
def run(sqlite_engine: sa.Engine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Runner:
    """A store with three periods, the last of which ends tomorrow."""
    stores.fill(sqlite_engine, count=40)
    monkeypatch.setenv("DATABASE_URL", sqlite_engine.url.render_as_string(hide_password=False))
    _set_clock(monkeypatch, dt.datetime(2025, 12, 30, 3, tzinfo=dt.UTC))
    return Runner(capsys)


def _set_clock(monkeypatch: pytest.MonkeyPatch, moment: dt.datetime) -> None:
    shown = types.SimpleNamespace(now=moment.astimezone)
    monkeypatch.setattr(base, "dt", types.SimpleNamespace(datetime=shown, UTC=dt.UTC))


def test_a_sample_is_announced_drawn_and_redone(
    run: Runner, sqlite_engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = run("samples", "announce", "2025-Q4").out.strip()
    assert "still open" in one_line(run("samples", "draw", "2025-Q4"))
    _set_clock(monkeypatch, dt.datetime(2026, 1, 2, 3, tzinfo=dt.UTC))
    with store.session(sqlite_engine) as session:
        session.execute(
            sa.update(models.StatusEvent)
            .where(sa.column("state").in_(("IN_PROGRESS", "COMPLETED")))
            .values(received_on=dt.date(2025, 11, 3))
        )

    drawn = int(run("samples", "draw", "2025-Q4").out)

    assert drawn > 0
    (row,) = (row for row in run("samples", "list", "--format", "json").json() if row["period"] == "2025-Q4")
    assert hashlib.sha256(row["seed"].encode()).hexdigest() == told == row["seed_sha256"]
    again = run("samples", "check", "2025-Q4", "--format", "json")
    assert (again.status, again.json()["holds"]) == (0, True)
    assert "has been drawn" in one_line(run("samples", "draw", "2025-Q4"))


def test_a_draw_that_was_changed_is_found(
    run: Runner, sqlite_engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    test_a_sample_is_announced_drawn_and_redone(run, sqlite_engine, monkeypatch)
    with store.session(sqlite_engine) as session:
        session.execute(sa.update(models.VerificationSample).values(seed="chosen"))

    found = run("samples", "check", "2025-Q4")

    assert found.status == 1
    assert "The seed is the one that was announced: NO" in found.out


def test_a_period_nobody_knows_is_refused_in_one_line(run: Runner) -> None:
    assert run("samples", "announce", "2031-Q1").status == 2
