"""The migrations lead to exactly the tables the models describe, from anywhere, twice, and in two processes at once."""

from __future__ import annotations

import datetime as dt
import json
import pathlib
import subprocess
import sys
import textwrap
import uuid
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlmodel import SQLModel, select

from data_access import audit, settings, store, unresolved_names
from data_access.keeping import soundness
from data_access.store import models, seals
from data_access.store.arrow import table_of
from tests.conftest import STORES


@pytest.fixture(params=STORES)
def empty_store(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> Iterator[sa.Engine]:
    """A store without tables."""
    if request.param == "sqlite":
        engine = store.get_engine(f"sqlite:///{tmp_path / 'deeper' / 'empty.sqlite'}")
    else:
        server = store.get_engine(request.getfixturevalue("postgresql_server"))
        name = f"empty_{uuid.uuid4().hex}"
        with server.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
        engine = store.get_engine(server.url.set(database=name).render_as_string(hide_password=False))
    yield engine
    store.close(engine)


def test_a_migrated_store_is_what_the_models_say(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})

        differences = compare_metadata(context, SQLModel.metadata)

    assert differences == []


def test_migrating_works_from_any_folder_and_twice(
    empty_store: sa.Engine, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    store.migrate(empty_store)
    with store.session(empty_store) as session:
        session.add(models.Setting(key="grace_days", value="60", effective_on=models.utc_now().date()))
    store.migrate(empty_store)

    assert store.read_frame(empty_store, select(models.Setting))["value"].to_list() == ["60"]


def test_a_store_in_use_keeps_its_rows_through_every_migration(empty_store: sa.Engine) -> None:
    store.migrate(empty_store, to="0001")
    with empty_store.begin() as connection:
        for statement in (
            "INSERT INTO account VALUES ('bct', 'x', 'agency', NULL, '', true, '2026-01-01', '2026-01-01')",
            "INSERT INTO usersession VALUES ('h', 'bct', '2026-01-01', '2026-01-01', '2026-01-02', NULL, '')",
            "INSERT INTO uploadbatch VALUES (1, 'bct', NULL, 'a.csv', 'x', 1, 1, 'applied', '2026-01-01', NULL, NULL, NULL)",
        ):
            connection.exec_driver_sql(statement)

    store.migrate(empty_store)

    with empty_store.connect() as connection:
        batch = connection.exec_driver_sql("SELECT reviewed_by, part_of FROM uploadbatch").one()
        assert tuple(batch) == ("", None)
        assert connection.exec_driver_sql("SELECT username FROM usersession").scalar() == "bct"
        sealed = connection.exec_driver_sql("SELECT count(*) FROM rowseal").scalar()
        assert sealed == (0 if seals.has_page_checksums(connection) else 2)  # a session has none
    assert soundness.verify(empty_store) == []


def test_what_was_read_out_of_the_audit_stands_in_tables_of_its_own(empty_store: sa.Engine) -> None:
    store.migrate(empty_store, to="0004")
    entries = [
        ("names.assign", "Bộ A", '{"Bộ A":{"agency":"BCT","agreements":[[1,2],[2,5]]}}'),
        ("audit.verify", "", '{"entries":1,"first_broken":null}'),
        ("names.assign", "Bộ B", '{"Bộ B":{"agency":"BCT","agreements":[[3,2]]}}'),
        ("names.release", "Bộ A", '{"Bộ A":{"agency":"BCT","agreements":[1,2]}}'),
        ("names.assign", "Bộ A", '{"Bộ A":{"agency":"BCT","agreements":[[1,4]]}}'),
        ("audit.verify", "", '{"entries":4,"first_broken":3}'),
        ("names.release", "Bộ B", '{"Bộ B":{"agency":"BCT","agreements":[3]}}'),
        ("user.add", "x", "{}"),
    ]
    with empty_store.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO agency (key, code, kind, name_vi, name_en, abbr_vi, abbr_en, source, notes) "
            "VALUES ('BCT', 'BCT', 'ministry', 'x', 'x', 'x', 'x', '', '')"
        )
        agreement = sa.Table("agreement", sa.MetaData(), autoload_with=connection)
        given = {"id": 1, "responsible_agency": "BCT", "row_version": 4, "recorded_at": dt.datetime(2025, 1, 1)}
        blank = {
            column.name: False if isinstance(column.type, sa.Boolean) else ""
            for column in agreement.c
            if not column.nullable
        }
        connection.execute(sa.insert(agreement).values({**blank, **given}))
    with store.session(empty_store) as session:
        for action, subject, detail in entries:
            audit.write(session, actor="dieuphoi", action=action, subject=subject, detail=json.loads(detail))

    store.migrate(empty_store)

    assigned = table_of(models.NameAssignment).c
    columns = (assigned.text, assigned.agency, assigned.agreements, assigned.released_at, assigned.released_by)
    kept = store.read_frame(empty_store, sa.select(*columns).order_by(assigned.id))
    assert kept.drop("released_at").rows() == [
        ("Bộ A", "BCT", "[[1,2],[2,5]]", "dieuphoi"),
        ("Bộ B", "BCT", "[[3,2]]", "dieuphoi"),
        ("Bộ A", "BCT", "[[1,4]]", ""),
    ]
    assert kept["released_at"].is_null().to_list() == [False, False, True]
    handover = table_of(models.Handover).c
    held = sa.select(handover.agreement_id, handover.successor, handover.effective_on, handover.recorded_by)
    assert store.read_frame(empty_store, held.where(handover.retracted_at.is_(None))).rows() == [
        (1, "BCT", dt.date.min, "dieuphoi")
    ]
    assert unresolved_names.read_assigned_names(empty_store).rows() == [("Bộ A", "BCT", 1)]
    check = table_of(models.ChainCheck).c
    found = store.read_frame(empty_store, sa.select(check.actor, check.entries, check.first_broken).order_by(check.id))
    assert found.rows() == [("dieuphoi", 1, None), ("dieuphoi", 4, 3)]
    assert soundness.verify(empty_store) == []


def test_what_a_store_holds_gets_the_day_on_which_it_was_received(empty_store: sa.Engine) -> None:
    store.migrate(empty_store, to="0006")
    late_evening = dt.datetime(2026, 3, 4, 17, 30)  # it is the next day in Viet Nam already
    said, brought = dt.date(2025, 1, 10), dt.date(2026, 3, 5)
    described = sa.MetaData()
    described.reflect(empty_store)
    plain = {"DATE": said, "DATETIME": late_evening, "TIMESTAMP": late_evening, "BOOLEAN": True, "INTEGER": 1}

    def add(name: str, **values: object) -> None:
        """A row in which every column that has to be filled is."""
        table = described.tables[name]
        filled = {
            column.name: plain.get(str(column.type).split()[0], f"x{values.get('id', '')}")
            for column in table.columns
            if not column.nullable
        }
        connection.execute(sa.insert(table).values(**{**filled, **values}))

    with empty_store.begin() as connection:
        add("uploadbatch", id=1)
        for number, batch in ((1, None), (2, 1)):
            add("agreement", id=number)
            add("statusevent", id=number, agreement_id=number, batch_id=batch)
            add("targetdate", id=number, agreement_id=number, batch_id=batch)
            add("progressreport", id=number, agreement_id=number, batch_id=batch)
            add("blocker", id=number, agreement_id=number, batch_id=batch)
            add("blockerevent", id=number, blocker_id=number, batch_id=batch)
        add("agreement", id=3)  # nothing is known of it
        add("batchchange", id=1, agreement_id=2, field="_row_version", old=None)

    store.migrate(empty_store)

    def received(model: type[SQLModel]) -> list[dt.date]:
        columns = table_of(model).c
        return store.read_frame(empty_store, sa.select(columns.id, columns.received_on).order_by("id"))[
            "received_on"
        ].to_list()

    for model in (models.StatusEvent, models.TargetDate, models.ProgressReport, models.Blocker, models.BlockerEvent):
        assert received(model) == [said, brought], model
    assert received(models.Agreement) == [said, brought, brought]
    reported = sa.select(table_of(models.ProgressReport).c.reported_on)
    assert store.read_frame(empty_store, reported)["reported_on"].to_list() == [said, said]
    assert soundness.verify(empty_store) == []


def test_processes_that_migrate_at_once_all_succeed(empty_store: sa.Engine) -> None:
    url = empty_store.url.render_as_string(hide_password=False)
    program = textwrap.dedent(
        f"""
        from data_access import store
        engine = store.get_engine({url!r})
        store.migrate(engine)
        store.close(engine)
        """
    )

    processes = [
        subprocess.Popen([sys.executable, "-c", program], cwd=settings.ROOT, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    errors = [process.communicate(timeout=60)[1] for process in processes]

    assert [process.returncode for process in processes] == [0, 0, 0], errors
    assert set(sa.inspect(empty_store).get_table_names()) == {*SQLModel.metadata.tables, "alembic_version"}


def test_a_migration_that_fails_leaves_nothing_behind(empty_store: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr("alembic.op.create_index", fail)

    with pytest.raises(RuntimeError, match="the disk is full"):
        store.migrate(empty_store)

    assert sa.inspect(empty_store).get_table_names() == []
