"""Samples are announced and drawn while the application runs, whatever fails meanwhile."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from data_access import samples, store
from data_access.register import raise_data_version
from data_access.store import models
from pages.ui import data_edition
from tests.data_access.sampled import CLOSED_DAY, PERIOD, Clock, sample
from web import sampling, server

Work = Callable[..., Awaitable[None]]


@pytest.fixture
def watched(filled: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> sa.Engine:
    """The store the application works on; it looks without waiting."""
    monkeypatch.setenv("DATABASE_URL", filled.url.render_as_string(hide_password=False))
    monkeypatch.setattr(sampling, "_LOOK_SECONDS", 0.01)
    monkeypatch.setattr(server, "_AGAIN_SECONDS", 0.01)
    return filled


def journal(engine: sa.Engine) -> list[tuple[str, ...]]:
    with store.session(engine) as session:
        entry = models.AuditEntry
        rows = session.exec(select(entry.action, entry.actor, entry.subject).order_by(col(entry.id)))
        return [tuple(row) for row in rows]


def go_on_until(happened: Callable[[], bool], *work: tuple[Any, ...]) -> None:
    """Run tasks beside each other until something has happened."""

    async def run() -> None:
        with anyio.move_on_after(30):
            async with anyio.create_task_group() as tasks:
                for task, *given in work:
                    tasks.start_soon(task, *given)
                while not happened():
                    await anyio.sleep(0.02)
                tasks.cancel_scope.cancel()

    anyio.run(run)
    assert happened()


ANNOUNCED = ("sample.announce", "system", PERIOD)
DRAWN = ("sample.draw", "system", PERIOD)


def test_a_sample_is_announced_while_its_period_is_open_and_drawn_once_it_has_closed_by_one_of_many(
    watched: sa.Engine, on: Clock
) -> None:
    steps = {(ANNOUNCED,): CLOSED_DAY}

    def both_done() -> bool:
        told = tuple(journal(watched))
        if told in steps:
            on(steps.pop(told))
        return sample_is_drawn(watched)

    go_on_until(both_done, *[(sampling.watch,)] * 3)

    assert journal(watched) == [ANNOUNCED, DRAWN]
    assert sample(watched).drawn_by == "system"
    assert samples.check(watched, period=PERIOD).holds


def sample_is_drawn(engine: sa.Engine) -> bool:
    with store.session(engine) as session:
        held = samples.sample_of(session, PERIOD)
        return held is not None and held.drawn_at is not None


def test_a_store_that_fails_and_an_error_nobody_foresaw_end_nothing(
    watched: sa.Engine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    failing = iter([sa.exc.OperationalError("select", {}, Exception("no such table")), ZeroDivisionError("one")])
    really = samples.keep_up

    def keep_up(engine: sa.Engine) -> list[str]:
        if (error := next(failing, None)) is not None:
            raise error
        return really(engine)

    monkeypatch.setattr(samples, "keep_up", keep_up)

    go_on_until(lambda: journal(watched) == [ANNOUNCED], (server.keep_going, sampling.watch))

    assert "cannot keep samples up" in caplog.text
    assert "ZeroDivisionError" in caplog.text


def test_it_looks_again_only_where_a_day_has_begun_or_the_register_has_changed(
    watched: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[sa.Engine] = []
    editions: list[int] = []
    really = data_edition.read_edition

    def read_edition() -> data_edition.DataEdition:
        editions.append(len(looked))
        if len(editions) == 4:
            with store.session(watched) as session:
                raise_data_version(session)
        return really()

    monkeypatch.setattr(data_edition, "read_edition", read_edition)
    monkeypatch.setattr(samples, "keep_up", looked.append)

    go_on_until(lambda: len(editions) > 7, (sampling.watch,))

    assert editions[:8] == [0, 1, 1, 1, 2, 2, 2, 2]
