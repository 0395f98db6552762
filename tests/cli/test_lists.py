"""Lists from the command line: shown first, stored when asked to, refused in one line."""

from __future__ import annotations

import sqlalchemy as sa

from tests.cli.test_manage import Runner, one_line
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
    assert "no partner has this code" in one_line(run(*call))
    assert "Stored." in run(*add, "--apply").out
    assert run(*call).json()["new"][0]["also"] == "CRB"
    assert "ORG-X1" in [row["code"] for row in run("list", "show", "partners", "--format", "json").json()]

    assert "would stand for two partners (Japan, JP)" in one_line(
        run("list", "call", "partners", "ORG-X1", "Japan", "--user", "dieuphoi")
    )
    assert "cannot do this" in one_line(run("list", "remove", "partners", "ORG-X1", "--user", "bct"))
    assert "Stored." in run("list", "remove", "partners", "ORG-X1", "--user", "dieuphoi", "--apply").out
