"""Directives and escalations as the command line lists them."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa

from data_access import store
from data_access.store import models
from tests.cli.test_manage import Runner
from tests.pages import stores


def test_directives_are_listed_as_they_stand_on_a_day(
    sqlite_engine: sa.Engine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stores.fill(sqlite_engine, count=20)
    monkeypatch.setenv("DATABASE_URL", sqlite_engine.url.render_as_string(hide_password=False))
    run, day = Runner(capsys), dt.date(2026, 1, 5)
    with store.session(sqlite_engine) as session:
        session.add(
            models.Directive(
                agency="BCT", about="on_agency", task="Báo cáo", due_on=day, issued_on=day, issued_by="lanhdao"
            )
        )

    (row,) = run("directives", "list", "--as-of", "2026-01-12", "--format", "json").json()
    assert (row["agency"], row["state"], row["days_overdue"], row["has_no_answer"]) == ("BCT", "unanswered", 7, True)
    assert run("directives", "list", "--as-of", "2026-01-04", "--format", "json").json() == []
    assert "Báo cáo" in run("directives", "list", "--as-of", "2026-01-12").out
    assert run("directives", "escalations", "--format", "json").json() == []
