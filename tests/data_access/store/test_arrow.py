"""Frames out of a store and into it."""

from __future__ import annotations

import concurrent.futures
import datetime as dt
import math
import pathlib
import shutil

import polars as pl
import pytest
import sqlalchemy as sa
from polars.testing import assert_frame_equal
from sqlmodel import col, select

from data_access import store
from data_access.store import arrow, models
from tests.data_access.store.test_engine import AWKWARD_TEXTS, agreement, agreements

# --- Frames out ------------------------------------------------------------------------------------------------------


def test_every_kind_of_column_has_the_same_dtype_on_both_stores(engine: sa.Engine) -> None:
    with store.session(engine) as session:
        store.write_frame(session, models.Agreement, agreements(1))
        session.add(
            models.ProgressReport(
                agreement_id=1,
                reported_on=dt.date(2024, 2, 29),
                progress_pct=12.5,
                recorded_at=dt.datetime(2024, 3, 1, 8, 30, 0, 123_456),
            )
        )
    table = arrow.table_of(models.ProgressReport)
    names = [
        "id",
        "reported_on",
        "progress_pct",
        "shows_progress",
        "recorded_at",
        "content",
        "retracted_at",
        "batch_id",
    ]

    frame = store.read_frame(engine, sa.select(*(table.c[name] for name in names)))

    assert_frame_equal(
        frame,
        pl.DataFrame(
            {
                "id": [1],
                "reported_on": [dt.date(2024, 2, 29)],
                "progress_pct": [12.5],
                "shows_progress": [True],
                "recorded_at": [dt.datetime(2024, 3, 1, 8, 30, 0, 123_456)],
                "content": [""],
                "retracted_at": pl.Series([None], dtype=pl.Datetime("us")),
                "batch_id": pl.Series([None], dtype=pl.Int64),
            }
        ),
    )


def test_a_table_without_rows_has_the_same_dtypes(engine: sa.Engine) -> None:
    frame = store.read_frame(engine, select(models.ProgressReport))

    assert frame.is_empty()
    assert frame.schema["reported_on"] == pl.Date
    assert frame.schema["recorded_at"] == pl.Datetime("us")
    assert frame.schema["progress_pct"] == pl.Float64
    assert frame.schema["shows_progress"] == pl.Boolean
    assert frame.schema["id"] == pl.Int64
    assert frame.schema["content"] == pl.String


def test_columns_that_begin_empty_or_whole_keep_their_type(engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrow, "ROWS_PER_FETCH", 100)
    late = pl.int_range(5_000, eager=True) >= 4_000
    reports = pl.DataFrame({"late": late}).select(
        id=pl.int_range(1, 5_001),
        agreement_id=1,
        reported_on=dt.date(2024, 1, 1),
        progress_pct=pl.when("late").then(33.25).otherwise(1.0),
        period=pl.when("late").then(pl.lit("2024H1")),
        retracted_at=pl.when("late").then(dt.datetime(2024, 5, 6, 7, 8, 9, 10)),
    )
    period = models.ReportingPeriod(
        code="2024H1", starts_on=dt.date(2024, 1, 1), ends_on=dt.date(2024, 6, 30), due_on=dt.date(2024, 7, 20)
    )
    with store.session(engine) as session:
        session.add(period)
        store.write_frame(session, models.Agreement, agreements(1))
        store.write_frame(session, models.ProgressReport, reports)
    table = arrow.table_of(models.ProgressReport)

    frame = store.read_frame(engine, sa.select(*(table.c[name] for name in reports.columns)).order_by(table.c.id))

    assert_frame_equal(frame, reports, check_dtypes=False)
    assert frame.schema["retracted_at"] == pl.Datetime("us")
    assert frame.schema["progress_pct"] == pl.Float64


@pytest.mark.parametrize("text", AWKWARD_TEXTS)
def test_awkward_texts_come_back_as_they_went_and_can_be_asked_for(engine: sa.Engine, text: str) -> None:
    with store.session(engine) as session:
        store.write_frame(session, models.Agreement, agreements(2).with_columns(notes_vi=pl.Series([text, "other"])))
    asked = select(models.Agreement.id, models.Agreement.notes_vi).where(models.Agreement.notes_vi == text)

    assert store.read_frame(engine, asked).rows() == [(1, text)]


def test_dates_lists_and_sums_can_be_asked_for(engine: sa.Engine) -> None:
    events = pl.DataFrame(
        {
            "agreement_id": [1, 2, 3],
            "effective_on": [dt.date(2024, 1, day) for day in (1, 2, 3)],
            "state": ["SIGNED"] * 3,
        }
    )
    with store.session(engine) as session:
        store.write_frame(session, models.Agreement, agreements(3))
        store.write_frame(session, models.StatusEvent, events)
    event = arrow.table_of(models.StatusEvent)

    counted = store.read_frame(
        engine,
        sa.select(
            sa.func.count().label("n"),
            sa.func.sum(event.c.agreement_id).label("total"),
            sa.func.max(event.c.effective_on).label("last"),
            sa.func.avg(event.c.agreement_id).label("mean"),
        ).where(event.c.effective_on >= dt.date(2024, 1, 2), event.c.agreement_id.in_([1, 2, 3])),
        {"mean": pl.Float64},
    )

    assert counted.rows() == [(2, 5, dt.date(2024, 1, 3), 2.5)]
    assert counted.dtypes == [pl.Int64, pl.Int64, pl.Date, pl.Float64]


def test_a_column_of_unknown_type_is_refused_with_the_way_out(engine: sa.Engine) -> None:
    with pytest.raises(TypeError, match="cast it, or name its dtype"):
        store.read_frame(engine, sa.select(sa.func.avg(models.Agreement.id)))


def test_two_columns_of_one_name_are_refused(engine: sa.Engine) -> None:
    with pytest.raises(ValueError, match="label them apart"):
        store.read_frame(engine, select(models.Agreement.id, models.StatusEvent.id))


def test_a_textual_statement_takes_its_columns_from_the_schema(engine: sa.Engine) -> None:
    frame = store.read_frame(engine, sa.text("SELECT 1, '2024-01-02'"), {"n": pl.Int64, "day": pl.Date})

    assert frame.rows() == [(1, dt.date(2024, 1, 2))]
    with pytest.raises(TypeError, match="schema"):
        store.read_frame(engine, sa.text("SELECT 1"))


def test_uncommitted_rows_are_not_seen(engine: sa.Engine) -> None:
    with store.session(engine) as session:
        session.add(agreement("A-1"))
        session.flush()
        assert store.read_frame(engine, select(models.Agreement.id)).is_empty()

    assert len(store.read_frame(engine, select(models.Agreement.id))) == 1


def test_reads_within_a_snapshot_fit_together(engine: sa.Engine) -> None:
    with store.snapshot(engine) as read:
        before = read(select(models.Agreement.id))
        with store.session(engine) as session:
            session.add(agreement("A-1"))
        after = read(select(models.Agreement.id))

    assert (len(before), len(after)) == (0, 0)
    assert len(store.read_frame(engine, select(models.Agreement.id))) == 1


def test_a_statement_that_fails_does_not_spoil_the_next(engine: sa.Engine) -> None:
    with pytest.raises(Exception, match="no_such_table"):
        store.read_frame(engine, sa.text("SELECT * FROM no_such_table"), {"n": pl.Int64})

    assert store.read_frame(engine, sa.text("SELECT 1"), {"n": pl.Int64}).item() == 1


def test_frames_cannot_be_used_to_write(engine: sa.Engine) -> None:
    with pytest.raises(Exception, match=r"read-?only"):
        store.read_frame(
            engine,
            sa.text("INSERT INTO signinattempt VALUES ('x', 1, '2026-01-01', '2026-01-01') RETURNING 1"),
            {"n": pl.Int64},
        )


def test_threads_read_at_once(engine: sa.Engine) -> None:
    with store.session(engine) as session:
        store.write_frame(session, models.Agreement, agreements(2_000))

    def read(threshold: int) -> int:
        return len(store.read_frame(engine, select(models.Agreement.id).where(col(models.Agreement.id) > threshold)))

    with concurrent.futures.ThreadPoolExecutor(8) as threads:
        lengths = list(threads.map(read, range(0, 2_000, 20)))

    assert lengths == [2_000 - threshold for threshold in range(0, 2_000, 20)]


def test_no_checkpoint_writes_over_what_is_being_read(sqlite_engine: sa.Engine) -> None:
    """Within one process the locks of two SQLite libraries do not hold against each other."""
    with store.snapshot(sqlite_engine) as read:
        assert read(select(models.Agreement.id)).is_empty()
        with store.session(sqlite_engine) as session:
            session.add(agreement("A-1"))

        with sqlite_engine.connect() as connection:
            connection.exec_driver_sql("COMMIT")
            busy, written, back = connection.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)").one()
            connection.exec_driver_sql("BEGIN")

        assert (busy, back) == (0, 0)
        assert written > 0
        assert read(select(models.Agreement.id)).is_empty()


def test_a_file_put_in_place_of_the_store_is_noticed(sqlite_engine: sa.Engine, tmp_path: pathlib.Path) -> None:
    with store.session(sqlite_engine) as session:
        session.add(agreement("A-1"))
    store.close(sqlite_engine)
    path = pathlib.Path(str(sqlite_engine.url.database))
    shutil.copyfile(path, tmp_path / "backup.sqlite")
    with store.session(sqlite_engine) as session:
        session.add(agreement("A-2"))
    assert len(store.read_frame(sqlite_engine, select(models.Agreement.id))) == 2
    for ending in ("-wal", "-shm"):
        path.with_name(path.name + ending).unlink(missing_ok=True)

    (tmp_path / "backup.sqlite").replace(path)

    assert store.read_frame(sqlite_engine, select(models.Agreement.ref))["ref"].to_list() == ["A-1"]
    with store.session(sqlite_engine, read_only=True) as session:
        assert session.execute(select(models.Agreement.ref)).scalars().all() == ["A-1"]


# --- Frames in -------------------------------------------------------------------------------------------------------


def test_a_frame_written_is_the_frame_read(engine: sa.Engine) -> None:
    frame = agreements(500)

    with store.session(engine) as session:
        written = store.write_frame(session, models.Agreement, frame)

    table = arrow.table_of(models.Agreement)
    read = store.read_frame(engine, sa.select(*(table.c[name] for name in frame.columns)).order_by(table.c.id))
    assert written == 500
    assert_frame_equal(read, frame)


def test_columns_left_out_take_the_models_default(engine: sa.Engine) -> None:
    with store.session(engine) as session:
        store.write_frame(session, models.Agreement, agreements(1))

    row = store.read_frame(engine, select(models.Agreement)).row(0, named=True)
    assert (row["tracked"], row["access_level"], row["row_version"], row["evidence_url"]) == (True, "open", 1, "")
    assert row["sector"] is None
    assert isinstance(row["recorded_at"], dt.datetime)


def test_ids_are_given_where_the_frame_has_none_and_go_on_after_those_it_has(engine: sa.Engine) -> None:
    given = agreements(3).with_columns(id=pl.Series([10, 30, 20]))

    with store.session(engine) as session:
        store.write_frame(session, models.Agreement, given)
        store.write_frame(session, models.Agreement, agreements(2).drop("id").with_columns(ref="B-" + pl.col("ref")))
        session.add(agreement("C-1"))

    ids = store.read_frame(engine, select(models.Agreement.id, models.Agreement.ref).order_by(col(models.Agreement.id)))
    assert ids.rows() == [(10, "A-1"), (20, "A-3"), (30, "A-2"), (31, "B-A-1"), (32, "B-A-2"), (33, "C-1")]


def test_a_smaller_id_written_later_does_not_move_the_counter_back(engine: sa.Engine) -> None:
    with store.session(engine) as session:
        store.write_frame(session, models.Agreement, agreements(1).with_columns(id=pl.lit(50)))
        store.write_frame(session, models.Agreement, agreements(1).with_columns(id=pl.lit(7), ref=pl.lit("B")))
        added = agreement("C")
        session.add(added)
        session.flush()

    assert added.id == 51


def test_a_frame_goes_with_the_session_it_was_written_in(engine: sa.Engine) -> None:
    def write_and_fail() -> None:
        with store.session(engine) as session:
            store.write_frame(session, models.Agreement, agreements(10))
            raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        write_and_fail()

    assert store.read_frame(engine, select(models.Agreement.id)).is_empty()


def test_what_is_not_a_number_is_stored_as_nothing(engine: sa.Engine) -> None:
    reports = pl.DataFrame({"agreement_id": [1], "reported_on": [dt.date(2024, 1, 1)], "progress_pct": [math.nan]})

    with store.session(engine) as session:
        store.write_frame(session, models.Agreement, agreements(1))
        store.write_frame(session, models.ProgressReport, reports)

    assert store.read_frame(engine, select(models.ProgressReport.progress_pct)).rows() == [(None,)]


def test_a_column_the_table_does_not_have_is_refused(engine: sa.Engine) -> None:
    with pytest.raises(ValueError, match="no column colour"), store.session(engine) as session:
        store.write_frame(session, models.Agreement, agreements(1).with_columns(colour=pl.lit("red")))


def test_rows_the_store_refuses_raise_its_own_error(engine: sa.Engine) -> None:
    twice = pl.concat([agreements(1), agreements(1).with_columns(id=pl.lit(2, dtype=pl.Int64))])

    with pytest.raises(sa.exc.IntegrityError), store.session(engine) as session:
        store.write_frame(session, models.Agreement, twice)

    assert store.read_frame(engine, select(models.Agreement.id)).is_empty()


def test_an_empty_frame_writes_nothing(engine: sa.Engine) -> None:
    with store.session(engine) as session:
        assert store.write_frame(session, models.Agreement, agreements(0)) == 0


def test_a_statement_is_written_out_once_and_never_with_the_values_of_another(engine: sa.Engine) -> None:
    table = arrow.table_of(models.Agreement).c

    def among(*refs: str) -> str:
        return store.compile_statement(engine, sa.select(table.id).where(table.ref.in_(refs)))

    texts = [
        *(among("1"), among("2"), among("1", "2"), among("1, 2"), among(), among("1'")),
        *(store.compile_statement(engine, sa.select(table.id).where(table.id == number)) for number in (1, 2)),
        *(store.compile_statement(engine, sa.select(sa.literal(value))) for value in (1, 1.5, "1")),
        *(store.compile_statement(engine, sa.text(f"SELECT {number} AS one")) for number in (1, 2)),
    ]
    assert len({*texts}) == len(texts)
    assert among("1") is texts[0]
