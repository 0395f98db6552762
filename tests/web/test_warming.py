"""The overview of a new edition is worked out before anybody opens it."""

from __future__ import annotations

import anyio
import pytest
import sqlalchemy as sa

from data_access import store
from data_access.register import raise_data_version
from kpi import readers
from pages.overview import figures
from pages.ui import data_edition, loaders, trends, view_codes
from pages.ui.data_edition import DataEdition
from tests.pages import stores
from web import server, warming
from web.garbage import Garbage


@pytest.fixture
def register(engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> sa.Engine:
    stores.fill(engine)
    monkeypatch.setenv("DATABASE_URL", engine.url.render_as_string(hide_password=False))
    return engine


def test_what_the_overview_opens_with_is_there(register: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    figures.prepare(data_edition.read_edition())
    monkeypatch.setattr("kpi.facts.build", lambda *_: pytest.fail("the register is folded once more"))

    view = view_codes.read({}, view_codes.choices(readers.EVERYTHING), reader=readers.EVERYTHING).view
    assert loaders.counts(view)["signed"] > 0
    assert trends.scorecards(view).height > 0
    assert not loaders.league_table(view.where(agency_group="ministry"), by="agency").is_empty()


def test_what_is_prepared_is_of_one_edition(register: sa.Engine) -> None:
    before = data_edition.read_edition()
    with store.session(register) as session:
        raise_data_version(session)

    with data_edition.showing(before):
        assert data_edition.shown() == before
    assert data_edition.shown().version == before.version + 1


def test_every_edition_is_prepared_once_while_nobody_is_at_work_whatever_the_store_says_meanwhile(
    register: sa.Engine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    editions = [DataEdition("a", 0), *[DataEdition("a", 1)] * 5, None, DataEdition("a", 2)]
    looked, garbage = iter(editions), Garbage()
    quiet = iter([False, False])
    monkeypatch.setattr(garbage, "is_quiet", lambda _now, *, for_seconds: next(quiet, for_seconds > 1))
    prepared: list[DataEdition] = []

    def look() -> DataEdition:
        held = next(looked, editions[-1])
        if held is None:
            raise sa.exc.OperationalError("select", {}, Exception("no such table"))
        return held

    monkeypatch.setattr(warming, "_LOOK_SECONDS", 0.01)
    monkeypatch.setattr(data_edition, "read_edition", look)
    monkeypatch.setattr(figures, "prepare", prepared.append)

    async def for_a_while() -> None:
        with anyio.move_on_after(10):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(warming.watch, garbage)
                while len(prepared) < 2:
                    await anyio.sleep(0.01)
                tasks.cancel_scope.cancel()

    anyio.run(for_a_while)

    assert prepared == [editions[1], editions[-1]]
    assert next(quiet, None) is None, "it waited while somebody was at work"
    assert "cannot prepare the overview" in caplog.text


def test_a_task_that_fails_is_an_incident_and_begun_again_and_ends_nothing_else(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(server, "_AGAIN_SECONDS", 0.01)
    begun = []

    async def fails(what: str) -> None:
        begun.append(what)
        raise ValueError("a figure nobody thought of")

    async def for_a_while() -> None:
        with anyio.fail_after(10):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(server.keep_going, fails, "again")
                while len(begun) < 3:
                    await anyio.sleep(0.01)
                tasks.cancel_scope.cancel()

    anyio.run(for_a_while)

    assert begun[:3] == ["again"] * 3
    assert caplog.text.count("a figure nobody thought of") >= 2
