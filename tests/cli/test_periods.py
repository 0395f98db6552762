"""The reporting calendar from the command line: shown first, stored when asked to, refused in one line."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa

from data_access import coordination, store
from data_access.store import models
from tests.cli.test_manage import Runner, one_line
from tests.pages import stores

Q1 = {"code": "2026-Q1", "starts_on": "2026-01-01", "ends_on": "2026-03-31", "due_on": "2026-04-10"}


@pytest.fixture
def run(sqlite_engine: sa.Engine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Runner:
    """A store with three periods, all due, on 20 January 2026."""
    stores.fill(sqlite_engine, count=5)
    with store.session(sqlite_engine) as session:
        for name, role, agency in (("dieuphoi", "coordinator", None), ("bct", "agency", "BCT")):
            session.add(models.User(username=name, password_hash="x", role=role, agency=agency))
    monkeypatch.setenv("DATABASE_URL", sqlite_engine.url.render_as_string(hide_password=False))
    monkeypatch.setattr("data_access.clock.utc_now", lambda: dt.datetime(2026, 1, 20, 3))
    return Runner(capsys)


def codes(engine: sa.Engine) -> list[str]:
    return [period.code for period in coordination.read_periods(engine)]


def test_the_calendar_is_listed_with_its_reports(run: Runner) -> None:
    rows = run("periods", "list", "--format", "json").json()

    assert [row["code"] for row in rows] == ["2025-Q2", "2025-Q3", "2025-Q4"]
    assert [row["reports"] > 0 for row in rows] == [False, True, True]
    assert "2025-Q4  2025-10-01  2025-12-31  2026-01-10" in run("periods", "list").out


def test_a_change_is_shown_first_and_stored_when_asked_to(run: Runner, sqlite_engine: sa.Engine) -> None:
    shown = run("periods", "add", "--user", "dieuphoi", "--format", "json")
    assert (shown.status, shown.json()) == (0, {"old": [], "new": [Q1], "applied": False})
    assert codes(sqlite_engine)[-1] == "2025-Q4"
    assert coordination.read_settled(sqlite_engine).is_empty()

    assert run("periods", "add", "--user", "dieuphoi", "--apply", "--format", "json").json()["applied"] is True
    assert codes(sqlite_engine)[-1] == "2026-Q1"

    moved = run("periods", "due", "2026-Q1", "2026-04-20", "--user", "dieuphoi", "--apply", "--format", "json").json()
    assert moved == {"old": [Q1], "new": [{**Q1, "due_on": "2026-04-20"}], "applied": True}

    assert "Stored." in run("periods", "remove", "2026-Q1", "--user", "dieuphoi", "--apply").out
    assert codes(sqlite_engine)[-1] == "2025-Q4"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("remove", "2025-Q4", "--user", "dieuphoi"), "2025-Q4"),
        (("due", "2025-Q4", "2026-05-01", "--user", "dieuphoi"), "due date"),
        (("due", "2025-Q4", "31/02", "--user", "dieuphoi"), "DATE 31/02"),
        (("remove", "2030", "--user", "dieuphoi"), "no period of this code"),
        (("add", "--user", "bct"), "cannot do this"),
        (("add", "--user", "nobody"), "no open account"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(run: Runner, arguments: tuple[str, ...], said: str) -> None:
    result = run("periods", *arguments)

    assert result.status == 2
    assert said in one_line(result)
