"""A newer export of a register's source beside what is stored: new, changed, vanished, in conflict; another register."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
import sqlalchemy as sa
from sqlmodel import select

from data_access import store
from data_access.store import models
from seed_data import reference, worldbank
from seed_data.mapping.build import RegisterFrames
from seed_data.refreshing import AnotherRegisterError, compare
from seed_data.store import fill
from tests.seed_data import invented_worldbank as invented

NEWER = dt.date(2025, 9, 30)


@pytest.fixture
def held(engine: sa.Engine) -> sa.Engine:
    with store.session(engine) as session:
        fill(session, actor="tests", register=invented.register(), origin="worldbank")
    return engine


def export(rows: pl.DataFrame, day: dt.date = NEWER, country: str = "VN") -> RegisterFrames:
    data = rows.write_csv().encode()
    return worldbank.read(data, file="x.csv", lists=reference.frames(), data_date=day, country=country)


def listed() -> pl.DataFrame:
    return pl.read_csv(invented.content(), infer_schema=False).fill_null("")


def changed(rows: pl.DataFrame, ref: str, **cells: str) -> pl.DataFrame:
    return rows.with_columns(
        pl.when(pl.col("id") == ref).then(pl.lit(text)).otherwise(name).alias(name) for name, text in cells.items()
    )


def test_what_is_new_changed_vanished_and_in_conflict(held: sa.Engine) -> None:
    title, day, both, only_ours, gone, moved = (f"P8{number:05}" for number in range(20, 26))
    before = listed()
    with store.session(held) as session:  # what an agency's batch does
        for ref, text in ((both, "Ours"), (only_ours, "Ours too")):
            agreement = session.exec(select(models.Agreement).where(models.Agreement.ref == ref)).one()
            batch = models.UploadBatch(username="a", file_name="f", file_sha256="0", status="APPLIED")
            session.add(batch)
            session.flush()
            session.add(
                models.BatchChange(
                    batch_id=batch.id or 0,
                    agreement_id=agreement.id or 0,
                    field="deliverable_en",
                    old=agreement.deliverable_en,
                    new=text,
                    target_table="agreement",
                )
            )
            agreement.deliverable_en = text
        target = session.exec(
            select(models.TargetDate).join(models.Agreement).where(models.Agreement.ref == moved)
        ).one()
        target.retracted_at = models.utc_now()
        session.add(
            models.TargetDate(
                agreement_id=target.agreement_id,
                target_on=dt.date(2032, 2, 3),
                effective_on=dt.date(2025, 4, 1),
                batch_id=batch.id,
            )
        )
    rows = changed(before, title, project_name="Another name")
    rows = changed(rows, day, closingdate="2031-12-31", status="Active")
    rows = changed(rows, moved, closingdate="2033-04-05", status="Active")
    rows = changed(rows, both, pdo="The source's").filter(pl.col("id") != gone)
    rows = pl.concat([rows, before.head(1).with_columns(id=pl.lit("P899999"))])

    found = compare(held, export(rows))

    kinds = found.select("ref", "kind").unique().sort("ref", "kind").rows()
    assert kinds == [
        (title, "changed"),
        (day, "changed"),
        (both, "changed"),
        (both, "conflict"),
        (gone, "vanished"),
        (moved, "changed"),
        (moved, "conflict"),
        ("P899999", "new"),
    ]
    assert found.filter(ref=title).select("field", "new").rows() == [
        ("title_en", "Another name"),
        ("title_vi", "Another name"),
    ]
    days = dict(found.filter(ref=day).select("field", "new").iter_rows())
    assert days["target_on"] == "2031-12-31"
    assert found.filter(ref=moved, kind="conflict").select("field", "new", "ours").rows() == [
        ("target_on", "2033-04-05", "2032-02-03")
    ]
    told = before.filter(id=both)["pdo"].item()
    assert found.filter(ref=both, kind="conflict").select("field", "old", "new", "ours").rows() == [
        ("deliverable_en", told, "The source's", "Ours")
    ]
    with store.session(held, read_only=True) as session:
        assert session.execute(sa.select(sa.func.count()).select_from(models.Agreement)).scalar_one() == invented.COUNT


def test_the_same_list_of_a_later_day_changes_nothing(held: sa.Engine) -> None:
    assert compare(held, export(listed(), dt.date(2025, 3, 31))).is_empty()


def test_an_export_of_another_register_is_one_sentence(sqlite_engine: sa.Engine) -> None:
    with pytest.raises(AnotherRegisterError, match="holds no register yet"):
        compare(sqlite_engine, export(listed()))
    with store.session(sqlite_engine) as session:
        fill(session, actor="tests", register=invented.register(), origin="worldbank")
    for other, said in (
        (export(listed(), country="RW"), "the mapping reads 'worldbank-rw'"),
        (export(listed(), dt.date(2024, 1, 1)), "older than the register's data date 2025-03-31"),
        (export(listed().head(60)), "Only 60 of the register's 300 references"),
    ):
        with pytest.raises(AnotherRegisterError, match=said):
            compare(sqlite_engine, other)
