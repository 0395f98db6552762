"""Lists from the command line: shown first, stored when asked to, refused in one line."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from data_access import store
from data_access.register import read_register
from data_access.store import models
from tests.cli.test_manage import Runner, one_line, written
from tests.cli.test_periods import run

__all__ = ["run"]  # a fixture, which pytest finds by its name here

NEW = ("--name-vi", "Ngân hàng Sông Mây", "--name-en", "Cloud River Bank", "--kind", "organisation")


def test_a_partner_is_shown_first_stored_when_asked_to_and_refused_in_one_line(
    run: Runner, sqlite_engine: sa.Engine
) -> None:
    add = ("list", "add", "partners", "ORG-X1", *NEW, "--region", "Multilateral", "--user", "dieuphoi")
    call = ("list", "call", "partners", "ORG-X1", "CRB", "--user", "dieuphoi", "--apply", "--format", "json")

    shown = run(*add, "--format", "json").json()
    assert (shown["old"], shown["new"][0]["name_en"], shown["applied"]) == ([], "Cloud River Bank", False)
    assert "no entry with this code" in one_line(run(*call))
    assert "Stored." in run(*add, "--apply").out
    assert run(*call).json()["new"][0]["also"] == "CRB"
    assert "ORG-X1" in [row["code"] for row in run("list", "show", "partners", "--format", "json").json()]

    assert "would stand for two entries (Japan, JP)" in one_line(
        run("list", "call", "partners", "ORG-X1", "Japan", "--user", "dieuphoi")
    )
    assert "cannot do this" in one_line(run("list", "remove", "partners", "ORG-X1", "--user", "bct"))
    assert "Stored." in run("list", "remove", "partners", "ORG-X1", "--user", "dieuphoi", "--apply").out


def test_an_agency_is_merged_from_a_day_on_and_that_is_taken_back(run: Runner, sqlite_engine: sa.Engine) -> None:
    merge = ("list", "merge", "agencies", "BYT", "--into", "BKHCN", "--user", "dieuphoi", "--from")

    assert "into itself" in one_line(
        run("list", "merge", "agencies", "BYT", "--into", "BYT", "--user", "dieuphoi", "--from", "2026-01-14")
    )
    assert "stay as they were" in one_line(run(*merge, "2020-01-01"))
    shown = run(*merge, "2026-01-14", "--apply", "--format", "json").json()
    assert (shown["old"][0]["until"], shown["new"][0]["until"], shown["new"][0]["successor"]) == (
        "",
        "2026-01-13",
        "BKHCN",
    )
    assert "has ended already" in one_line(run(*merge, "2026-01-14"))
    assert "Stored." in run("list", "undo", "agencies", "BYT", "--user", "dieuphoi", "--apply").out
    provinces = run("list", "show", "provinces", "--format", "json").json()
    assert {row["kind"] for row in provinces} == {"province", "centrally_run_city"}
    split = ("list", "split", "sectors", "ECO", "--into", "STI", "--user", "dieuphoi", "--from", "2026-01-14")
    assert "only agencies" in one_line(run(*split, "--ref", "x"))
    named = ("--name-vi", "Đồng minh", "--name-en", "Ally", "--user", "dieuphoi", "--apply")
    assert "Stored." in run("list", "add", "tiers", "ALLY", *named).out
    over = ("list", "split", "tiers", "CSP", "--into", "ALLY", "--user", "dieuphoi", "--from", "2026-01-14", "--apply")
    assert "Stored." in run(*over, "--partner", "JP", "--format", "table").out
    assert "not of this tier: JP" in one_line(run(*over, "--partner", "JP"))
    assert "Stored." in run("list", "call", "tiers", "ALLY", "Đồng minh thân", "--user", "dieuphoi", "--apply").out


def test_what_was_added_before_a_register_is_loaded_is_found_in_it(
    sqlite_engine: sa.Engine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with store.session(sqlite_engine) as session:
        session.add(models.User(username="dieuphoi", password_hash="x", role="coordinator"))
    monkeypatch.setenv("DATABASE_URL", sqlite_engine.url.render_as_string(hide_password=False))
    run = Runner(capsys)
    new = ("--name-vi", "Bộ Đám mây", "--name-en", "Ministry of Clouds", "--kind", "ministry", "--from", "2024-01-01")

    assert run("list", "add", "agencies", "BDM", *new, "--user", "dieuphoi").status == 0
    assert run("list", "show", "agencies", "--format", "json").json() == []
    assert run("list", "add", "agencies", "BDM", *new, "--user", "dieuphoi", "--apply").status == 0
    file, mapping = written(tmp_path, "ref,title,agency,signed\n1,x,bộ đám mây,2024-02-01\n2,y,Bộ Y tế,2025-01-01\n")
    assert run("load", file, "--mapping", mapping).status == 0

    assert read_register(sqlite_engine).agreements["responsible_agency"].to_list() == ["BDM", "BYT"]
