"""What it takes to carry out a large upload, as a multiple of updating the same cells in the store by plain SQL."""

from __future__ import annotations

import datetime as dt
import pathlib
import shutil
from collections.abc import Iterator

import polars as pl
import sqlalchemy as sa

from data_access import store, updates
from data_access.acting import Person
from data_access.store import models
from data_access.store.arrow import table_of
from files import reading
from kpi.update import Checked, Preview, Table, check_rows, compare, read_table
from tests.benchmarks.filling import fill, parts
from tests.benchmarks.measured import Measured, seconds

ROWS = 20_000
OF_AGREEMENTS = 45_000
RATIO = 5.0
PERIOD = "2025-Q4"
TODAY = dt.date(2026, 1, 20)
AGENCY = "BCT"
SENDER = Person("bct", "agency", AGENCY)


def measure(folder: pathlib.Path) -> Iterator[Measured]:
    """Of each agreement the deliverable, and the progress that was reported: old and new are kept, and rows of history."""
    engine = _one_agency(folder / "applied.sqlite")
    lines = _lines(engine)
    preview = _previewed(engine, lines)
    store.close(engine)
    shutil.copy(folder / "applied.sqlite", folder / "bare.sqlite")
    copy = store.get_engine(f"sqlite:///{folder / 'bare.sqlite'}")
    bare = seconds(lambda: _update(copy, lines))
    took = seconds(lambda: _apply(engine, preview))
    store.close(copy)
    store.close(engine)
    yield Measured(f"upload of {ROWS:,} rows applied", OF_AGREEMENTS, took, bare, RATIO, "plain updates")


def _one_agency(path: pathlib.Path) -> sa.Engine:
    """A store in which one agency is responsible for all."""
    engine = store.get_engine(f"sqlite:///{path}")
    store.migrate(engine)
    fill(engine, parts(OF_AGREEMENTS))
    with store.session(engine) as session:
        session.execute(sa.update(models.Agreement).values(responsible_agency=AGENCY))
        session.add(models.User(username=SENDER.username, role=SENDER.role, agency=AGENCY, password_hash=""))
    return engine


def _lines(engine: sa.Engine) -> pl.DataFrame:
    """What is uploaded: the first agreements that have a report for the period, and new texts for two cells of each."""
    agreement, report = table_of(models.Agreement), table_of(models.ProgressReport)
    reported = (
        sa.select(agreement.c.id, agreement.c.ref, report.c.id.label("report"))
        .join(report, report.c.agreement_id == agreement.c.id)
        .where(report.c.period == PERIOD)
        .order_by(agreement.c.id)
        .limit(ROWS)
    )
    found = store.read_frame(engine, reported)
    assert found.height == ROWS
    return found.with_columns(
        deliverable_en=pl.format("What {} delivers", "ref"), progress=pl.format("Tiến độ của {} đến nay", "ref")
    )


def _previewed(engine: sa.Engine, lines: pl.DataFrame) -> Preview:
    sent = lines.select("ref", "deliverable_en", "progress", report_period=pl.lit(PERIOD))
    table = read_table(sent.write_csv().encode(), "upload.csv", reader=reading.read)
    assert isinstance(table, Table)
    current = updates.current_rows(engine, AGENCY)
    checked = check_rows(table, current, today=TODAY)
    assert isinstance(checked, Checked)
    preview = compare(checked, current)
    assert len(preview.changes) == 2 * ROWS
    assert not preview.conflicts
    return preview


def _apply(engine: sa.Engine, preview: Preview) -> None:
    with store.session(engine) as session:
        assert updates.apply(session, actor=SENDER, preview=preview).applied


def _update(engine: sa.Engine, lines: pl.DataFrame) -> None:
    """The same cells, in place: nothing is kept of what was there, but the store seals what it holds."""
    for model, key, column in (
        (models.Agreement, "id", "deliverable_en"),
        (models.ProgressReport, "report", "progress"),
    ):
        table = table_of(model)
        statement = sa.update(table).where(table.c.id == sa.bindparam("row")).values({column: sa.bindparam("text")})
        with store.session(engine) as session:
            session.connection().execute(statement, lines.select(row=key, text=column).to_dicts())
