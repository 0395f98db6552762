"""Reminders from the command line: who owes, the letters, what is sent and what is not."""

from __future__ import annotations

import datetime as dt
import pathlib
import zipfile

import pytest
import sqlalchemy as sa

from data_access import store
from data_access.store import models
from tests.cli.test_manage import Runner, one_line
from tests.pages import stores


@pytest.fixture
def run(sqlite_engine: sa.Engine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Runner:
    stores.fill(sqlite_engine)
    with store.session(sqlite_engine) as session:
        session.add(models.User(username="dieuphoi", password_hash="x", role="coordinator", office="Vụ Điều phối"))
        session.add(models.User(username="bct", password_hash="x", role="agency", agency="BCT"))
        session.add(models.AgencyContact(agency="BTC", email="vanthu@mof.gov.vn"))
    monkeypatch.setenv("DATABASE_URL", sqlite_engine.url.render_as_string(hide_password=False))
    monkeypatch.setattr("data_access.clock.utc_now", lambda: dt.datetime(2026, 1, 20, 3))
    return Runner(capsys)


def test_who_owes_is_listed_written_to_and_noted(run: Runner, tmp_path: pathlib.Path) -> None:
    owing = run("reminders", "list", "--format", "json").json()
    assert [row["email"] for row in owing if row["agency"] == "BTC"] == ["vanthu@mof.gov.vn"]

    out = tmp_path / "letters.zip"
    told = run("reminders", "write", "--user", "dieuphoi", "--out", str(out), "--format", "json").json()

    assert told["letters"] == zipfile.ZipFile(out).namelist()
    assert len(told["letters"]) == len(owing) > 1
    log = run("reminders", "log", "--period", "2025-Q4", "--format", "json").json()
    assert {(row["way"], row["by"]) for row in log} == {("in_file", "dieuphoi")}


def test_without_a_mail_server_it_is_shown_to_whom_and_nothing_is_sent(run: Runner) -> None:
    shown = run("reminders", "send", "--user", "dieuphoi", "--format", "json").json()
    assert (shown["applied"], {row["outcome"] for row in shown["letters"]}) == (False, {"not sent"})

    for arguments, said in (
        (("send", "--user", "dieuphoi", "--apply"), "SMTP_URL is not set"),
        (("send", "--user", "nobody"), "no open account"),
        (("write", "--user", "bct", "--out", "/no/such/place.zip"), "is no folder"),
        (("list", "--period", "2031-Q1"), "no such period has ended"),
    ):
        result = run("reminders", *arguments)
        assert (result.status, said in one_line(result)) == (2, True)


def test_an_agency_takes_no_letters(run: Runner, tmp_path: pathlib.Path) -> None:
    result = run("reminders", "write", "--user", "bct", "--out", str(tmp_path / "x.zip"))

    assert result.status == 2
    assert "cannot do this" in one_line(result)
    assert not (tmp_path / "x.zip").exists()
