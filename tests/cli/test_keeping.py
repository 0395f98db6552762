"""Backup, restore and verify from the command line: what they print, what they return, never a traceback."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from data_access import audit, store
from data_access.register import read_data_version
from data_access.store import models
from tests.cli.test_manage import Runner, one_line
from tests.data_access.store.test_engine import agreements
from tests.faults.beneath import change_beneath, flip_bit, path_of


@pytest.fixture
def run(engine: sa.Engine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Runner:
    """Command lines against a store with thirty agreements."""
    with store.session(engine) as session:
        store.write_frame(session, models.Agreement, agreements(30))
        session.add(models.DataVersion(id=1, version=3, register_code="demo"))
        audit.write(session, actor="test", action="test")
    monkeypatch.setenv("DATABASE_URL", engine.url.render_as_string(hide_password=False))
    return Runner(capsys)


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a store that is not there yet."""
    url = f"sqlite:///{tmp_path / 'new' / 'store.sqlite'}"
    yield url
    store.close(store.get_engine(url))


def test_a_store_is_kept_and_restored_elsewhere(
    run: Runner, tmp_path: Path, elsewhere: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("verify").out.endswith(": sound.\n")
    made = run("backup", "--out", tmp_path, "--format", "json")
    assert (made.status, made.json()["rows"]["agreement"], made.json()["findings"]) == (0, 30, [])
    file = made.json()["file"]
    assert run("verify", file, "--format", "json").json() == {"sound": True, "checked": file, "findings": []}
    assert "not empty" in one_line(run("restore", file))

    monkeypatch.setenv("DATABASE_URL", elsewhere)
    assert "no store yet" in one_line(run("verify"))
    restored = run("restore", file)

    assert restored.status == 0
    assert "all checks passed" in restored.out
    assert run("verify").status == 0
    assert run("restore", file, "--replace", "--format", "json").json()["restored"] is True
    version = read_data_version(store.get_engine(elsewhere))
    assert version is not None
    assert version.version == 5  # one more each time


@pytest.mark.usefixtures("sealing")
def test_damage_is_listed_with_status_1(run: Runner, engine: sa.Engine, tmp_path: Path) -> None:
    change_beneath(engine, "UPDATE agreement SET title_vi = 'Thỏa thuận 8' WHERE id = 7")

    found = run("verify", "--format", "json")
    assert (found.status, found.json()["sound"]) == (1, False)
    (finding,) = found.json()["findings"]
    assert (finding["check"], finding["table"], finding["count"], finding["rows"]) == ("seals", "agreement", 1, ["7"])
    assert "rows are not as they were written" in run("verify").out
    made = run("backup", "--out", tmp_path / "kept.zip")
    assert made.status == 1
    assert "The store is damaged" in made.out

    assert run("verify", "--accept").status == 0
    assert run("verify").status == 0


def test_verify_says_what_finds_faults_of_disks(run: Runner, engine: sa.Engine) -> None:
    protection = {"sqlite": "row seals", "postgresql": "page checksums"}[engine.dialect.name]

    assert run("verify", "--format", "json").json()["protection"] == protection
    assert f"Faults of disks are found by {protection}.\n" in run("verify").out
    accepted = run("verify", "--accept")
    assert accepted.status == (0 if protection == "row seals" else 2)
    assert ("no row seals" in accepted.err) == (protection == "page checksums")


def test_a_damaged_backup_is_refused_with_status_1(run: Runner, tmp_path: Path) -> None:
    file = tmp_path / "kept.zip"
    run("backup", "--out", file)
    flip_bit(file, file.stat().st_size * 4)

    assert run("verify", file).status == 1
    refused = run("restore", file, "--replace", "--format", "json")
    assert (refused.status, refused.json()["restored"], refused.json()["sound"]) == (1, False, False)


def test_a_backup_of_unknown_origin_is_restored_when_that_is_asked_for_only(
    run: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "kept.zip"
    monkeypatch.setenv("APP_SECRET", "another-secret-of-enough-length-0123456789")
    assert run("backup", "--out", file).err == ""
    monkeypatch.delenv("APP_SECRET")

    refused = run("restore", file, "--replace")
    assert refused.status == 2
    assert "--unauthenticated" in one_line(refused)
    restored = run("restore", file, "--replace", "--unauthenticated", "--format", "json")

    assert (restored.status, restored.json()["restored"]) == (1, True)
    assert [finding["check"] for finding in restored.json()["findings"]] == ["origin"]
    table = run("restore", file, "--replace", "--unauthenticated").out
    assert "Restored 32 rows" in table
    assert "HMAC does not fit" in table


def test_a_backup_made_without_a_lasting_secret_says_so(run: Runner, tmp_path: Path) -> None:
    made = run("backup", "--out", tmp_path)

    assert made.status == 0
    assert "APP_SECRET is not set" in one_line(made)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("restore", "nowhere.zip"), "no such file"),
        (("verify", "nowhere.zip"), "no such file"),
        (("verify", "README.md", "--accept"), "--accept is for the store"),
        (("backup", "--out", "nowhere/at/all.zip"), "is no folder"),
        (("backup", "--out", "README.md"), "exists already"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(run: Runner, arguments: tuple[str, ...], said: str) -> None:
    result = run(*arguments)

    assert result.status == 2
    assert said in one_line(result)


@pytest.mark.parametrize("command", [("verify",), ("backup", "--out", "kept.zip"), ("restore", "{kept}", "--replace")])
def test_a_store_that_is_none_ends_in_no_traceback(
    sqlite_engine: sa.Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    command: tuple[str, ...],
) -> None:  # fmt: skip
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{path_of(sqlite_engine)}")
    run = Runner(capsys)
    run("backup", "--out", tmp_path / "kept.zip")
    store.close(sqlite_engine)
    path_of(sqlite_engine).write_bytes(b"no database at all" * 400)

    result = run(*(part.format(kept=tmp_path / "kept.zip") for part in command))

    assert result.status == (1 if command == ("verify",) else 2)
    assert "not a database" in result.out + result.err
    assert "Traceback" not in result.out + result.err
