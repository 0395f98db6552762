"""Uploads from the command line: the same rules as on screen, an exit status a script can trust, never a traceback."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa

from data_access import engine as store
from data_access import models, uploads
from data_access.register import read_register
from kpi import facts
from tests.cli.test_manage import Runner, one_line
from tests.pages import stores

KEYS = {"problems", "changes", "applied", "batch"}


@pytest.fixture
def filled(engine: sa.Engine) -> sa.Engine:
    """The register of `tests.pages.stores` with an account for each role."""
    stores.fill(engine)
    with store.session(engine) as session:
        for name, role, agency in (
            ("bct", "agency", "BCT"),
            ("langson", "agency", "T20"),
            ("dieuphoi", "coordinator", None),
            ("lanhdao", "leader", None),
        ):
            session.add(models.User(username=name, password_hash="x", role=role, agency=agency))
    return engine


@pytest.fixture
def run(filled: sa.Engine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Runner:
    monkeypatch.setenv("DATABASE_URL", filled.url.render_as_string(hide_password=False))
    return Runner(capsys)


@pytest.fixture
def ref(filled: sa.Engine) -> str:
    """An open agreement of BCT."""
    own = facts.build(read_register(filled), stores.AS_OF).agreements.filter(pl.col("agency") == "BCT")
    return str(own.filter("is_open")["ref"][0])


def file_of(folder: Path, text: str, name: str = "tep.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode())
    return path


def test_a_preview_stores_nothing_and_applying_stores_what_it_showed(
    run: Runner, filled: sa.Engine, ref: str, tmp_path: Path
) -> None:
    file = file_of(tmp_path, f"ref,deliverable_vi\n{ref},Một trung tâm\n")
    change = {"agreement": ref, "field": "deliverable_vi", "old": None, "new": "Một trung tâm"}

    shown = run("upload", file, "--user", "bct", "--format", "json")
    assert shown.status == 0
    assert shown.json() == {"problems": [], "changes": [change], "applied": False, "batch": None}
    assert uploads.list_batches(filled, None).is_empty()

    done = run("upload", file, "--user", "bct", "--apply", "--format", "json")
    assert (done.status, done.json()) == (0, {"problems": [], "changes": [change], "applied": True, "batch": 1})

    again = run("upload", file, "--user", "bct", "--apply", "--format", "json")
    assert again.json() == {"problems": [], "changes": [], "applied": False, "batch": None}
    assert uploads.list_batches(filled, None)["id"].to_list() == [1]


@pytest.mark.parametrize("format", ["csv", "xlsx"])
def test_the_template_handed_in_as_it_is_changes_nothing(
    run: Runner, filled: sa.Engine, tmp_path: Path, format: str
) -> None:
    out = tmp_path / f"mau.{format}"

    assert run("template", "--user", "bct", "--format", format, "--out", out).status == 0

    handed_in = run("upload", out, "--user", "bct", "--apply", "--format", "json").json()
    assert handed_in == {"problems": [], "changes": [], "applied": False, "batch": None}


def test_problems_are_listed_with_their_place_and_the_status_is_1(
    run: Runner, filled: sa.Engine, ref: str, tmp_path: Path
) -> None:
    file = file_of(tmp_path, f"ref,evidence_url,state_date\n{ref},www.vn,31/02/2026\nT-9999,,\n")

    result = run("upload", file, "--user", "bct", "--apply", "--format", "json")

    assert result.status == 1
    told = result.json()
    assert set(told) == KEYS
    assert (told["changes"], told["applied"], told["batch"]) == ([], False, None)
    assert {(p["row"], p["column"], p["code"]) for p in told["problems"]} >= {
        (2, "evidence_url", "link"),
        (2, "state_date", "date_impossible"),
        (3, "ref", "ref_unknown"),
    }
    assert all(set(problem) == {"row", "column", "value", "code", "message"} for problem in told["problems"])
    assert "Dòng 2" in run("upload", file, "--user", "bct", "--language", "vi").out
    assert uploads.list_batches(filled, None).is_empty()


def test_whose_value_holds_in_a_conflict_has_to_be_said(
    run: Runner, filled: sa.Engine, ref: str, tmp_path: Path
) -> None:
    mine = tmp_path / "mau.csv"
    run("template", "--user", "bct", "--format", "csv", "--out", mine, "--language", "en")
    frame = pl.read_csv(mine, infer_schema=False)
    changed = pl.when(pl.col("Reference") == ref).then(pl.lit("Của tôi")).otherwise("Deliverable (Vietnamese)")
    frame.with_columns(changed.alias("Deliverable (Vietnamese)")).write_csv(mine)
    run("upload", file_of(tmp_path, f"ref,deliverable_vi\n{ref},Khác\n"), "--user", "bct", "--apply")

    undecided = run("upload", mine, "--user", "bct", "--apply", "--format", "json")
    register = run("upload", mine, "--user", "bct", "--conflicts", "register", "--format", "json")
    file = run("upload", mine, "--user", "bct", "--conflicts", "file", "--format", "json")

    assert undecided.status == 1
    assert [(p["column"], p["value"], p["code"]) for p in undecided.json()["problems"]] == [
        ("deliverable_vi", "Của tôi", "conflict")
    ]
    assert register.json()["changes"] == []
    assert [(c["old"], c["new"]) for c in file.json()["changes"]] == [("Khác", "Của tôi")]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("upload", "nowhere.csv", "--user", "bct"), "there is no such file"),
        (("upload", ".", "--user", "bct"), "there is no such file"),
        (("upload", "{file}", "--user", "nobody"), "no open account of that name"),
        (("upload", "{file}", "--user", "lanhdao"), "only an agency's account"),
        (("upload", "{file}", "--user", "dieuphoi"), "only an agency's account"),
        (("template", "--user", "lanhdao", "--out", "{file}"), "only an agency's account"),
        (("batch", "show", "7"), "There is no batch 7"),
        (("batch", "undo", "7", "--user", "bct"), "There is no batch 7"),
    ],
)
def test_what_cannot_run_says_why_in_one_line(
    run: Runner, filled: sa.Engine, tmp_path: Path, arguments: tuple[str, ...], reason: str
) -> None:
    file = file_of(tmp_path, "ref,deliverable_vi\nT-0002,x\n")

    result = run(*(argument.format(file=file) for argument in arguments))

    assert result.status == 2
    assert reason in one_line(result)


@pytest.mark.parametrize("data", [b"", b"\x00\x01", b"PK\x03\x04broken", b"\xff\xfe\x00", b"a" * 6_000_000])
def test_hostile_bytes_are_problems_and_no_traceback(
    run: Runner, filled: sa.Engine, tmp_path: Path, data: bytes
) -> None:
    file = tmp_path / "tep.csv"
    file.write_bytes(data)

    result = run("upload", file, "--user", "bct", "--apply", "--format", "json")

    assert result.status == 1
    assert result.json()["problems"]
    assert "Traceback" not in result.err


def test_batches_are_listed_shown_and_undone(run: Runner, filled: sa.Engine, ref: str, tmp_path: Path) -> None:
    run("upload", file_of(tmp_path, f"ref,deliverable_vi\n{ref},Một\n"), "--user", "bct", "--apply")
    run("upload", file_of(tmp_path, f"ref,deliverable_vi\n{ref},Hai\n"), "--user", "bct", "--apply")

    assert [batch["batch"] for batch in run("batch", "list", "--format", "json").json()] == [2, 1]
    assert run("batch", "list", "--agency", "T20", "--format", "json").json() == []
    shown = run("batch", "show", "2", "--format", "json").json()
    assert shown["cells"] == [{"agreement": ref, "field": "deliverable_vi", "old": "Một", "new": "Hai"}]

    assert "(2)" in one_line(run("batch", "undo", "1", "--user", "bct"))
    assert run("batch", "undo", "2", "--user", "langson").status == 2
    assert run("batch", "undo", "2", "--user", "bct", "--format", "json").json() == {
        "undone": 2,
        "batch": 3,
        "changes": 1,
    }
    assert run("batch", "undo", "1", "--user", "dieuphoi").status == 0
    assert [b["status"] for b in run("batch", "list", "--format", "json").json()] == [
        "undo",
        "undo",
        "undone",
        "undone",
    ]
