"""Backups: a drill with a writer at work, from each kind of store to each, and files that are damaged or of another time."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import json
import pathlib
import random
import threading
import uuid
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa
from polars.testing import assert_frame_equal
from sqlmodel import col, select

from data_access import accounts, audit, register, store
from data_access.accounts import passwords
from data_access.keeping import backup, soundness
from data_access.store import models
from kpi import facts
from kpi.indicators import scorecard
from seed_data import demo
from seed_data.mapping.build import RegisterFrames
from seed_data.store import fill
from tests.data_access.store.test_engine import agreement, agreements
from tests.faults.beneath import change_beneath, flip_bit

NewStore = Callable[[str], sa.Engine]


@pytest.fixture
def new_store(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> Iterator[NewStore]:
    """Makes a store of a kind, without tables."""
    made: list[sa.Engine] = []

    def make(kind: str) -> sa.Engine:
        if kind == "sqlite":
            engine = store.get_engine(f"sqlite:///{tmp_path / uuid.uuid4().hex}.sqlite")
        else:
            server = store.get_engine(request.getfixturevalue("postgresql_server"))
            name = f"restored_{uuid.uuid4().hex}"
            with server.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql(f"CREATE DATABASE {name}")
            engine = store.get_engine(server.url.set(database=name).render_as_string(hide_password=False))
        made.append(engine)
        return engine

    yield make
    for engine in made:
        store.close(engine)


@pytest.fixture
def held(engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> sa.Engine:
    """A store with a few of everything a backup has to carry, batches that refer to later ones and people signed in."""
    monkeypatch.setattr(passwords, "ROUNDS", 4)
    with store.session(engine) as session:
        store.write_frame(session, models.Agreement, agreements(30))
        session.add(models.DataVersion(id=1, version=7, register_code="demo", data_date=dt.date(2026, 1, 20)))
        session.flush()
        accounts.ensure_demo_accounts(session)
    with store.session(engine) as session:
        for number in (1, 2):
            batch = models.UploadBatch(id=number, username="bct", file_name="a.csv", file_sha256="x", status="applied")
            session.add(batch)
            session.flush()
        session.execute(sa.update(models.UploadBatch).where(col(models.UploadBatch.id) == 1).values(undone_by=2))
        reports = pl.DataFrame({"agreement_id": [1], "reported_on": [dt.date(2026, 1, 1)], "progress_pct": [100 / 3]})
        store.write_frame(
            session, models.ProgressReport, reports.with_columns(content=pl.lit("a\r\n“b”\t'c' \\N NULL"))
        )
        accounts.start_session(session, username="lanhdao")
        session.add(models.KnownBrowser(username="lanhdao", browser="x"))
        session.add(models.Agency(key="X", code="X", kind="ministry", abbr_vi="", abbr_en="", name_vi="x", name_en="x"))
        session.flush()
        draft = models.UploadDraft(
            id="d", username="lanhdao", agency="X", way="file", name="a", batch_id=1, typed="", size=1
        )
        session.add(draft)
        session.flush()
        session.add(models.UploadDraftFile(draft_id="d", content="x"))
    return engine


def fold(engine: sa.Engine) -> pl.DataFrame:
    """Every figure of every agency's scorecard."""
    version = register.read_data_version(engine)
    assert version is not None
    assert version.data_date is not None
    rules = register.read_rules(engine, version.data_date)
    built = facts.build(register.read_register(engine), version.data_date, rules)
    return scorecard.compute(built, by=["agency"], rules=rules).sort("agency", "kpi")


@pytest.mark.postgresql
@pytest.mark.parametrize(("source", "target"), [("sqlite", "postgresql"), ("postgresql", "sqlite")])
def test_a_drill(
    request: pytest.FixtureRequest, new_store: NewStore, tmp_path: pathlib.Path, source: str, target: str
) -> None:
    """A register in use by a writer: backed up, restored elsewhere, checked, and every figure the same to the last bit."""
    engine: sa.Engine = request.getfixturevalue(f"{source}_engine")
    with store.session(engine) as session:
        fill(session, actor="test", register=RegisterFrames(demo.frames()), origin="test")
    done = threading.Event()
    turns: list[int] = []

    def write() -> None:
        chance = random.Random(1)
        while not done.is_set():
            with store.session(engine) as session:
                number = chance.randrange(1, 900)
                reports = pl.DataFrame({"agreement_id": [number], "reported_on": [dt.date(2026, 1, 10)]})
                store.write_frame(session, models.ProgressReport, reports.with_columns(content=pl.lit("tiến độ")))
                turns.append(register.raise_data_version(session))
                audit.write(session, actor="writer", action="write")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        while not turns:
            done.wait(0.01)
        written = backup.write(engine, tmp_path)
    finally:
        done.set()
        writer.join()

    assert written.findings == ()
    assert 1 < written.manifest.data_version < turns[-1]  # the writer was at work before and after
    assert written.path.stat().st_mode & 0o077 == 0
    elsewhere = new_store(target)
    restored = backup.restore(elsewhere, written.path, actor="test")
    assert restored.findings == ()
    assert soundness.verify(elsewhere) == []

    # What the source held at that version, told by the numbers its writer was given.
    reports = col(models.ProgressReport.id)
    extra = turns[-1] - written.manifest.data_version
    with store.session(engine) as session:
        latest = session.execute(sa.select(reports).order_by(reports.desc()).limit(extra)).scalars().all()
        session.execute(sa.delete(models.ProgressReport).where(reports.in_(latest)))
    assert_frame_equal(fold(elsewhere), fold(engine), check_exact=True)


def test_what_is_restored_is_what_was_kept_except_who_was_signed_in(
    held: sa.Engine, new_store: NewStore, tmp_path: pathlib.Path
) -> None:
    written = backup.write(held, tmp_path / "kept.zip")
    elsewhere = new_store(held.dialect.name)

    assert backup.restore(elsewhere, written.path, actor="test").findings == ()

    assert not {"usersession", "knownbrowser", "uploaddraft", "uploaddraftfile"} & written.manifest.tables.keys()
    assert store.read_frame(elsewhere, select(models.UserSession)).is_empty()
    report = store.read_frame(elsewhere, select(models.ProgressReport.content, models.ProgressReport.progress_pct))
    assert report.rows() == [("a\r\n“b”\t'c' \\N NULL", 100 / 3)]
    assert accounts.list_users(elsewhere).equals(accounts.list_users(held))
    entries = store.read_frame(elsewhere, select(models.AuditEntry).order_by(col(models.AuditEntry.id)))
    assert entries["action"][-1] == "store.restore"
    assert entries["previous_hash"][-1] == written.manifest.audit_head
    with store.session(elsewhere) as session:  # numbering goes on
        added = agreement("new")
        session.add(added)
        session.flush()
        assert added.id == 31
    assert soundness.verify(elsewhere) == []


def test_a_store_in_use_is_replaced_only_when_that_is_asked_for(held: sa.Engine, tmp_path: pathlib.Path) -> None:
    written = backup.write(held, tmp_path)
    with store.session(held) as session:
        session.add(agreement("later"))
        assert register.raise_data_version(session) == 8
        accounts.start_session(session, username="lanhdao")

    with pytest.raises(backup.BackupError, match="not empty"):
        backup.restore(held, written.path, actor="test")
    assert store.read_frame(held, select(models.Agreement.id)).height == 31
    assert backup.restore(held, written.path, actor="test", replace=True).findings == ()

    assert store.read_frame(held, select(models.Agreement.id)).height == 30
    for model in (models.UserSession, models.KnownBrowser, models.UploadDraft, models.UploadDraftFile):
        assert store.read_frame(held, select(sa.func.count()).select_from(model)).item() == 0
    version = register.read_data_version(held)
    assert version is not None
    assert version.version == 9  # neither what the backup had nor what was there


def test_a_restore_that_fails_leaves_the_store_as_it_was(
    held: sa.Engine, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = backup.write(held, tmp_path)
    with store.session(held) as session:
        session.add(agreement("later"))

    def fail(*args: object, **kwargs: object) -> None:
        raise RuntimeError("power cut")

    monkeypatch.setattr(audit, "write", fail)
    with pytest.raises(RuntimeError, match="power cut"):
        backup.restore(held, written.path, actor="test", replace=True)

    assert store.read_frame(held, select(models.Agreement.id)).height == 31
    assert soundness.verify(held) == []


def test_a_backup_from_before_the_last_migrations_is_brought_up_to_date(
    new_store: NewStore, tmp_path: pathlib.Path
) -> None:
    old, elsewhere = new_store("sqlite"), new_store("sqlite")
    store.migrate(old, to="0001")
    with old.begin() as connection:
        connection.exec_driver_sql("INSERT INTO sector VALUES ('ENE', 'Năng lượng', 'Energy', '', 'economy', 1)")

    written = backup.write(old, tmp_path)
    restored = backup.restore(elsewhere, written.path, actor="test")

    assert [finding.check for finding in written.findings][:1] == ["revision"]
    assert restored.findings == ()
    assert store.read_frame(elsewhere, select(models.Sector.code))["code"].to_list() == ["ENE"]
    with pytest.raises(backup.BackupError, match="without tables"):
        backup.restore(elsewhere, written.path, actor="test", replace=True)


@pytest.mark.usefixtures("sealing")
def test_a_backup_of_a_damaged_store_says_so(held: sa.Engine, tmp_path: pathlib.Path) -> None:
    change_beneath(held, "UPDATE agreement SET title_vi = 'Thỏa thuận 8' WHERE id = 7")

    written = backup.write(held, tmp_path)

    assert [(found.table, found.rows) for found in written.findings] == [("agreement", ("7",))]
    assert backup.read_manifest(written.path).findings[0]["table"] == "agreement"


def test_no_bit_of_a_backup_changes_unseen(sqlite_engine: sa.Engine, tmp_path: pathlib.Path) -> None:
    with store.session(sqlite_engine) as session:
        store.write_frame(session, models.Agreement, agreements(30))
        audit.write(session, actor="test", action="test")
    written = backup.write(sqlite_engine, tmp_path)
    content = written.path.read_bytes()
    chance = random.Random(5)
    flipped = tmp_path / "flipped.zip"
    unseen = 0
    for _ in range(60):
        flipped.write_bytes(content)
        flip_bit(flipped, chance.randrange(len(content) * 8))
        if not backup.check(flipped):
            unseen += 1
            assert kept(flipped) == kept(written.path)  # somewhere nobody reads, such as a date in the zip's directory

    assert unseen < 20


def test_what_a_backups_directory_says_of_a_table_may_be_damaged(
    sqlite_engine: sa.Engine, tmp_path: pathlib.Path
) -> None:
    """Method, flags, sizes and place of a table: each bit makes another part of Python's reader give up in its own way."""
    written = backup.write(sqlite_engine, tmp_path)
    content = written.path.read_bytes()
    entry = content.rindex(b"PK\x01\x02", 0, content.rindex(b"tables/agreement.parquet"))
    damaged = tmp_path / "damaged.zip"
    for bit in range(entry * 8, (entry + 46) * 8, 3):
        damaged.write_bytes(content)
        flip_bit(damaged, bit)

        assert backup.check(damaged) or kept(damaged) == kept(written.path), f"bit {bit - entry * 8}"


def kept(path: pathlib.Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


@pytest.mark.usefixtures("sealing")
def test_an_audit_that_does_not_hold_is_found_in_the_file(held: sa.Engine, tmp_path: pathlib.Path) -> None:
    change_beneath(held, "UPDATE auditentry SET actor = 'somebody else' WHERE id = 2")

    written = backup.write(held, tmp_path)

    assert [(found.check, found.rows) for found in backup.check(written.path)] == [("audit", ("2",))]
    assert {found.check for found in written.findings} == {"seals", "audit"}
    restored = backup.restore(held, written.path, actor="test", replace=True)
    assert {(found.check, found.rows) for found in restored.findings} == {("audit", ("2",)), ("seals", ("2",))}


def test_what_is_no_backup_or_of_a_newer_program_is_refused(held: sa.Engine, tmp_path: pathlib.Path) -> None:
    other = tmp_path / "other.zip"
    other.write_bytes(b"not a zip")
    written = backup.write(held, tmp_path / "kept.zip")
    files = kept(written.path)
    for name, change in (("newer.zip", {"revision": "9999"}), ("form.zip", {"format_version": 99})):
        with zipfile.ZipFile(tmp_path / name, "w") as packed:
            for entry, content in files.items():
                told = json.dumps({**json.loads(content), **change}) if entry == "manifest.json" else content
                packed.writestr(entry, told)

    for name, reason in (("other.zip", "not a backup"), ("newer.zip", "newer than this"), ("form.zip", "its form")):
        with pytest.raises(backup.BackupError, match=reason):
            backup.restore(held, tmp_path / name, actor="test", replace=True)
    for out, reason in ((written.path, "exists already"), (tmp_path / "no" / "such.zip", "is no folder")):
        with pytest.raises(backup.BackupError, match=reason):
            backup.write(held, out)


# --- Somebody changed it ---------------------------------------------------------------------------------------------


def forged(
    written: pathlib.Path, table: str, change: Callable[[pl.DataFrame], pl.DataFrame], **manifest: Any
) -> pathlib.Path:
    """A copy of a backup with another table and its hash worked out anew, by somebody who has the file and nothing else."""
    files = kept(written)
    packed = io.BytesIO()
    frame = change(pl.read_parquet(files[f"tables/{table}.parquet"]))
    frame.write_parquet(packed)
    files[f"tables/{table}.parquet"] = packed.getvalue()
    told = json.loads(files["manifest.json"])
    told["tables"][table] = {"rows": frame.height, "sha256": hashlib.sha256(packed.getvalue()).hexdigest()}
    files["manifest.json"] = json.dumps({**told, **manifest}).encode()
    out = written.with_name("forged.zip")
    with zipfile.ZipFile(out, "w") as zipped:
        for name, content in files.items():
            zipped.writestr(name, content)
    return out


def promoted(users: pl.DataFrame) -> pl.DataFrame:
    return users.with_columns(role=pl.when(pl.col("username") == "bct").then(pl.lit("administrator")).otherwise("role"))


def shortened(entries: pl.DataFrame) -> pl.DataFrame:
    return entries.sort("id").head(-1)


@pytest.mark.parametrize(("table", "change"), [("account", promoted), ("auditentry", shortened)])
def test_a_backup_that_somebody_changed_is_not_restored(
    held: sa.Engine, tmp_path: pathlib.Path, table: str, change: Callable[[pl.DataFrame], pl.DataFrame]
) -> None:
    changed = forged(backup.write(held, tmp_path / "kept.zip").path, table, change)
    before = accounts.list_users(held)

    with pytest.raises(backup.BackupError, match="--unauthenticated"):
        backup.restore(held, changed, actor="test", replace=True)

    assert "origin" in {finding.check for finding in backup.check(changed)}
    assert accounts.list_users(held).equals(before)


def test_a_backup_made_with_another_secret_or_before_there_were_hmacs_is_not_restored(
    held: sa.Engine, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("APP_SECRET", "another-secret-of-enough-length-0123456789")
    elsewhere = backup.write(held, tmp_path / "elsewhere.zip").path
    monkeypatch.delenv("APP_SECRET")
    old = tmp_path / "old.zip"
    with zipfile.ZipFile(old, "w") as packed:
        for name, content in kept(backup.write(held, tmp_path / "kept.zip").path).items():
            if name == "manifest.json":
                packed.writestr(name, json.dumps({**json.loads(content), "format_version": 1}))
            elif name != "manifest.hmac":
                packed.writestr(name, content)

    for path, reason in ((elsewhere, "its HMAC does not fit"), (old, "it has no HMAC")):
        with pytest.raises(backup.BackupError, match=reason):
            backup.restore(held, path, actor="test", replace=True)


def test_what_is_restored_without_being_authenticated_is_said_and_written_down(
    held: sa.Engine, tmp_path: pathlib.Path
) -> None:
    changed = forged(backup.write(held, tmp_path / "kept.zip").path, "auditentry", shortened)

    restored = backup.restore(held, changed, actor="test", replace=True, unauthenticated=True)

    assert [(found.check, found.message) for found in restored.findings] == [
        ("origin", "its HMAC does not fit: changed, or of another APP_SECRET"),
        ("audit", "the newest entry is not the one that was written down"),
    ]
    assert [*restored.findings] == backup.check(changed)
    assert _last_detail(held)["authenticated"] is False
    backup.restore(held, tmp_path / "kept.zip", actor="test", replace=True)
    assert _last_detail(held)["authenticated"] is True


def _last_detail(engine: sa.Engine) -> dict[str, Any]:
    entry = col(models.AuditEntry.id)
    with store.session(engine, read_only=True) as session:
        newest = session.execute(select(models.AuditEntry).order_by(entry.desc()).limit(1)).scalar_one()
    detail: dict[str, Any] = json.loads(newest.detail)
    return detail


def test_an_audit_of_which_everything_was_cut_is_missed(held: sa.Engine, tmp_path: pathlib.Path) -> None:
    changed = forged(backup.write(held, tmp_path / "kept.zip").path, "auditentry", lambda entries: entries.clear())

    assert [finding.check for finding in backup.check(changed)] == ["origin", "audit"]


@pytest.mark.usefixtures("sealing")
def test_what_was_wrong_with_the_store_that_was_kept_is_said_when_it_is_restored(
    held: sa.Engine, tmp_path: pathlib.Path
) -> None:
    change_beneath(held, "UPDATE agreement SET title_vi = 'Thỏa thuận 8' WHERE id = 7")
    written = backup.write(held, tmp_path)

    restored = backup.restore(held, written.path, actor="test", replace=True)

    (finding,) = restored.findings
    assert (finding.check, finding.table, finding.rows) == ("seals", "agreement", ("7",))
    assert finding.message.startswith("when the backup was made: ")
