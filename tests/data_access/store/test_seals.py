"""Row seals: whatever goes through the store is sealed, whatever a fault changes is found and stays found."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Sequence

import polars as pl
import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from data_access import audit, store
from data_access.keeping import soundness
from data_access.store import arrow, failures, models, seals
from data_access.store.seals import Damage
from seed_data.store import fill
from tests.data_access.store.test_engine import AWKWARD_TEXTS, agreement, agreements
from tests.faults.beneath import change_beneath, path_of
from tests.seed_data import invented_worldbank


def check(engine: sa.Engine) -> list[Damage]:
    with engine.connect() as connection, connection.begin():
        return seals.check(connection)


def sealed(engine: sa.Engine) -> int:
    return int(store.read_frame(engine, select(sa.func.count()).select_from(models.RowSeal)).item())


@pytest.fixture
def held(sealing: sa.Engine) -> sa.Engine:
    """A store with a hundred agreements, a partner, and an audit entry."""
    with store.session(sealing) as session:
        session.add(models.Partner(code="KR", name_vi="Hàn Quốc", name_en="Korea", kind="country", region="asia"))
        store.write_frame(session, models.Agreement, agreements(100))
        links = pl.DataFrame({"agreement_id": [1, 2], "partner": ["KR", "KR"]})
        store.write_frame(session, models.AgreementPartner, links)
        audit.write(session, actor="test", action="test")
    return sealing


def test_every_way_of_writing_leaves_rows_sealed(held: sa.Engine) -> None:
    assert sealed(held) == 100 + 1 + 2 + 1
    assert check(held) == []

    with store.session(held) as session:
        session.add(agreement("late"))
        changed = session.get(models.Agreement, 3)
        assert changed is not None
        changed.title_vi = "Tên khác “mới”, it's\n"
        session.flush()
        session.execute(sa.update(models.Agreement).where(col(models.Agreement.id) > 50).values(row_version=2))
        session.execute(sa.delete(models.Agreement).where(col(models.Agreement.id) == 99))
        session.execute(sa.delete(models.AgreementPartner).where(col(models.AgreementPartner.agreement_id) == 2))

    assert sealed(held) == 100 + 1 + 1 + 1
    assert check(held) == []
    assert soundness.verify(held) == []


def test_a_whole_register_is_sealed(sealing: sa.Engine) -> None:
    register = invented_worldbank.register()
    with store.session(sealing) as session:
        fill(session, actor="test", register=register, origin="test")

    assert check(sealing) == []
    assert sealed(sealing) > sum(frame.height for frame in register.frames.values())


def reports(number: int) -> pl.DataFrame:
    """Reports on the first agreement, with every kind of value that is quoted in a way of its own."""
    shares = [0.1, None, 5.0, -0.0, 1e-7, 1e300, 33.333333333333336]
    return pl.DataFrame({"id": range(1, number + 1)}).with_columns(
        agreement_id=1,
        reported_on=dt.date(2025, 1, 10),
        content=pl.Series([AWKWARD_TEXTS[place % len(AWKWARD_TEXTS)] for place in range(number)]),
        progress_pct=pl.Series([shares[place % len(shares)] for place in range(number)]),
        shows_progress=pl.col("id") % 2 == 0,
        recorded_at=dt.datetime(2025, 1, 11, 8, 30, 0, 123_456),
    )


def test_rows_written_in_bulk_have_the_seals_that_triggers_give_them(held: sa.Engine) -> None:
    asked = sa.select(arrow.table_of(models.RowSeal)).order_by("table_name", "row_key")

    def seals_of(few: int, slices: int) -> list[sa.Row[tuple[object, ...]]]:
        with pytest.MonkeyPatch.context() as patch, store.session(held) as session:
            patch.setattr(arrow, "FEW_ROWS", few)
            patch.setattr(arrow, "ROWS_PER_INSERT", slices)
            store.write_frame(session, models.ProgressReport, reports(100))
            later = agreements(130).tail(30).with_columns(recorded_at=dt.datetime(2025, 1, 11))
            store.write_frame(session, models.Agreement, later)
            found = list(session.connection().execute(asked))
            session.rollback()
        return found

    one_by_one, in_bulk = seals_of(few=1_000, slices=1_000), seals_of(few=0, slices=40)

    assert len(in_bulk) == 104 + 130
    assert in_bulk == one_by_one


@pytest.mark.parametrize("ids", [range(101, 1_201), [*range(1_200, 100, -1)]], ids=["ascending", "descending"])
def test_a_cell_that_changes_after_a_bulk_is_found(held: sa.Engine, ids: Sequence[int]) -> None:
    told: list[int] = []
    with store.session(held) as session:
        rows = agreements(1_200).tail(1_100).with_columns(id=pl.Series(ids))
        store.write_frame(session, models.Agreement, rows, told=told.append)
    assert (sum(told), check(held), soundness.verify(held)) == (1_100, [], [])

    change_beneath(held, "UPDATE agreement SET title_vi = 'Thỏa thuận 8' WHERE id = 777")

    assert check(held) == [Damage("agreement", "changed", 1, ("777",))]


def test_a_bulk_that_fails_leaves_no_row_and_the_triggers(sqlite_engine: sa.Engine) -> None:
    twice = pl.concat([agreements(1_100), agreements(1_101).tail(1).with_columns(ref=pl.lit("A-1"))])

    with store.session(sqlite_engine) as session:  # its caller goes on all the same
        with pytest.raises(sa.exc.IntegrityError):
            store.write_frame(session, models.Agreement, twice)
        session.add(agreement("late"))

    assert sealed(sqlite_engine) == 1
    assert check(sqlite_engine) == []


def test_what_is_rolled_back_leaves_the_seals_as_they_were(held: sa.Engine) -> None:
    def write_and_fail() -> None:
        with store.session(held) as session:
            session.execute(sa.update(models.Agreement).values(row_version=9))
            raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        write_and_fail()

    assert check(held) == []


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("UPDATE agreement SET title_vi = 'Thỏa thuận 8' WHERE id = 7", Damage("agreement", "changed", 1, ("7",))),
        ("UPDATE agreement SET row_version = 65 WHERE id IN (4, 5)", Damage("agreement", "changed", 2, ("4", "5"))),
        ("DELETE FROM agreementpartner WHERE agreement_id = 2", Damage("agreementpartner", "lost", 1, ("2 / KR",))),
        (
            "INSERT INTO agreementpartner VALUES (3, 'KR', 0)",
            Damage("agreementpartner", "unsealed", 1, ("3 / KR",)),
        ),
        (
            "UPDATE rowseal SET seal = '0' WHERE table_name = 'partner'",
            Damage("partner", "changed", 1, ("KR",)),
        ),
        ("DELETE FROM auditentry", Damage("auditentry", "lost", 1, ("1",))),
    ],
)
def test_what_a_fault_changes_is_found_and_named(held: sa.Engine, statement: str, found: Damage) -> None:
    change_beneath(held, statement)

    assert check(held) == [found]
    assert [finding.table for finding in soundness.verify(held) if finding.check == "seals"] == [found.table]


def test_a_damaged_row_that_is_written_again_stays_found(held: sa.Engine) -> None:
    change_beneath(held, "UPDATE agreement SET title_vi = 'Thỏa thuận 8' WHERE id = 7")

    for version in (2, 3):
        with store.session(held) as session:
            session.execute(sa.update(models.Agreement).values(row_version=version))

    assert check(held) == [Damage("agreement", "changed", 1, ("7",))]


def test_a_row_put_where_one_was_lost_is_found(held: sa.Engine) -> None:
    change_beneath(held, "DELETE FROM agreement WHERE id = 100")

    with store.session(held) as session:
        store.write_frame(session, models.Agreement, agreements(100).tail(1))

    assert check(held) == [Damage("agreement", "changed", 1, ("100",))]


def test_many_damaged_rows_are_counted_and_the_first_named(held: sa.Engine) -> None:
    change_beneath(held, "UPDATE agreement SET priority = NOT priority")

    (found,) = check(held)

    assert (found.count, len(found.rows)) == (100, seals.MOST_NAMED)


def test_a_trigger_that_is_missing_or_off_is_found(held: sa.Engine) -> None:
    with held.begin() as connection:
        if held.dialect.name == "sqlite":
            sql = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'seal_agreement_update%'"
            connection.exec_driver_sql(f"DROP TRIGGER {connection.exec_driver_sql(sql).scalar_one()}")
        else:
            connection.exec_driver_sql("ALTER TABLE agreement DISABLE TRIGGER USER")

    try:
        assert check(held) == [Damage("agreement", "unguarded", 1)]
    finally:  # the PostgreSQL store serves other tests
        if held.dialect.name == "postgresql":
            with held.begin() as connection:
                connection.exec_driver_sql("ALTER TABLE agreement ENABLE TRIGGER USER")
        store.migrate(held)
    assert check(held) == []


def test_what_is_taken_for_right_is_sealed_anew_and_put_on_record(held: sa.Engine) -> None:
    change_beneath(held, "UPDATE agreement SET title_vi = 'Thỏa thuận 8' WHERE id = 7")
    found = soundness.verify(held)

    soundness.accept(held, actor="test", found=found)

    assert soundness.verify(held) == []
    entries = store.read_frame(held, select(models.AuditEntry.action, models.AuditEntry.detail))
    assert entries["action"].to_list() == ["test", "seals.accept"]
    assert '"rows":["7"]' in entries["detail"][-1]


def test_a_table_that_gets_a_column_is_sealed_anew_by_the_next_migration(sqlite_engine: sa.Engine) -> None:
    with store.session(sqlite_engine) as session:
        store.write_frame(session, models.Agreement, agreements(10))
    with sqlite_engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE agreement ADD COLUMN colour VARCHAR DEFAULT 'red'")
    store.migrate(sqlite_engine)

    change_beneath(sqlite_engine, "UPDATE agreement SET colour = 'rfd' WHERE id = 7")

    assert check(sqlite_engine) == [Damage("agreement", "changed", 1, ("7",))]


def test_a_program_that_does_not_seal_can_read_a_sqlite_store_and_not_write_it(sqlite_engine: sa.Engine) -> None:
    with store.session(sqlite_engine) as session:
        session.add(agreement("A-1"))
    driver = sqlite3.connect(path_of(sqlite_engine))

    assert driver.execute("SELECT ref FROM agreement").fetchall() == [("A-1",)]
    with pytest.raises(sqlite3.OperationalError, match="row_seal"):
        driver.execute("UPDATE agreement SET ref = 'A-2'")
    driver.close()


def test_a_text_that_is_none_any_more_is_not_handed_on(sqlite_engine: sa.Engine) -> None:
    with store.session(sqlite_engine) as session:
        store.write_frame(session, models.Agreement, agreements(10))
    change_beneath(sqlite_engine, "UPDATE agreement SET ref = CAST(x'412de137' AS TEXT) WHERE id = 7")
    store.close(sqlite_engine)

    with pytest.raises(sqlite3.OperationalError, match="UTF-8") as refusal:
        store.read_frame(sqlite_engine, select(models.Agreement.ref))

    assert failures.kind_of(refusal.value) == "damaged"
    assert check(sqlite_engine) == [Damage("agreement", "changed", 1, ("7",))]
