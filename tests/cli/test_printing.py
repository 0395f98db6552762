"""`manage.py pack`: a briefing as a file, for whoever asks; what cannot be is one line."""

from __future__ import annotations

import io
import pathlib

import fastexcel
import pypdf
import pytest
import sqlalchemy as sa

import paper
from cli.printing import Ending
from data_access import briefings, store
from data_access.store import models
from tests.cli.test_manage import Runner, one_line
from tests.pages import stores


@pytest.fixture
def run(sqlite_engine: sa.Engine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Runner:
    """A store with forty agreements of a few agencies, and an account of one of them."""
    stores.fill(sqlite_engine, count=40)
    with store.session(sqlite_engine) as session:
        session.add(models.User(username="of.bct", password_hash="-", role="agency", agency="BCT"))
    monkeypatch.setenv("DATABASE_URL", sqlite_engine.url.render_as_string(hide_password=False))
    return Runner(capsys)


def test_a_pack_is_written_for_everybody_for_one_account_and_for_each_agency(
    run: Runner, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cases: tuple[tuple[str, tuple[str, ...]], ...] = (("all", ()), ("again", ()), ("own", ("--for", "of.bct")))
    for name, further in cases:
        done = run("pack", "--preset", "flagship", "--out", tmp_path / f"{name}.xlsx", "--format", "xlsx", *further)
        assert (done.status, done.err) == (0, "")
    everything, own = (fastexcel.read_excel(tmp_path / f"{name}.xlsx") for name in ("all", "own"))
    assert (tmp_path / "all.xlsx").read_bytes() == (tmp_path / "again.xlsx").read_bytes()
    assert own.sheet_names[:3] == everything.sheet_names[:3]

    printed = run("pack", "--preset", "agency:BCT", "--out", tmp_path / "bct.pdf", "--language", "en")

    assert (printed.status, printed.err) == (0, "")
    read = pypdf.PdfReader(io.BytesIO((tmp_path / "bct.pdf").read_bytes()))
    assert "A.BCT-" in "".join(page.extract_text() for page in read.pages)

    monkeypatch.setattr(briefings, "agencies", lambda _: ["BXD", "BCT"])
    each = run("pack", "--preset", "agency:ALL", "--out", tmp_path / "each", "--format", "xlsx")

    assert each.status == 0
    files = sorted(path.name for path in (tmp_path / "each").iterdir())
    assert files == ["BCT_2026-01-14.xlsx", "BXD_2026-01-14.xlsx"]


def test_what_cannot_be_written_is_one_line_and_no_file(run: Runner, tmp_path: pathlib.Path) -> None:
    for further, told in (
        (("--preset", "nothing"), "briefings are quarterly"),
        (("--preset", "agency:NOBODY"), "no such agency"),
        (("--preset", "quarterly", "--as-of", "1950-01-01"), "knows of no agreement on 1950-01-01"),
        (("--preset", "quarterly", "--as-of", "2026-02-30"), "not a date"),
        (("--preset", "quarterly", "--known-on", "2999-01-01"), "that day is not over yet"),
        (("--preset", "quarterly", "--for", "somebody"), "no such account"),
    ):
        assert told in one_line(run("pack", "--out", tmp_path / "no.pdf", *further))
    assert list(tmp_path.glob("*.pdf*")) == []


def test_every_form_is_offered() -> None:
    assert [ending.value for ending in Ending] == list(paper.FORMS)
