"""Published scorecards from the command line: listed, shown, worked out again; what was tampered with is found."""

from __future__ import annotations

import sqlalchemy as sa

from data_access import publications, store
from data_access.store import models
from tests.cli.test_manage import Runner
from tests.cli.test_samples import run
from tests.data_access.sampled import COORDINATOR, D

__all__ = ["run"]  # a fixture, which pytest finds by its name here


def test_a_publication_is_listed_shown_and_worked_out_again(run: Runner, sqlite_engine: sa.Engine) -> None:
    worked_out = publications.work_out(sqlite_engine, as_of=D(2025, 12, 1), known_on=D(2025, 12, 29))
    with store.session(sqlite_engine) as session:
        session.merge(models.User(username="dieuphoi", role="coordinator", agency="BNG", password_hash="x"))
        session.flush()
        publications.draft(session, actor=COORDINATOR, drafted=worked_out)

    (row,) = run("snapshot", "list", "--format", "json").json()
    number = str(row["id"])
    assert row["sha256"] == worked_out.sha256
    shown = run("snapshot", "show", number, "--format", "json").json()
    assert len(shown["rows"] if isinstance(shown, dict) else shown) > 10
    assert run("snapshot", "verify", number).status == 0
    with store.session(sqlite_engine) as session:
        held = session.get_one(models.Publication, row["id"])
        held.content = held.content.replace("green", "amber", 1).replace("red", "green", 1)
    found = run("snapshot", "verify", number, "--format", "json")
    assert (found.status, found.json()["is_untouched"], found.json()["is_rebuilt"]) == (1, False, False)
    assert run("snapshot", "verify", "77").status == 2
