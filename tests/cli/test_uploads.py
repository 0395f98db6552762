"""Uploads from the command line: the same rules as on screen, an exit status a script can trust, never a traceback."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa

from data_access import accounts, headings, store, updates
from data_access.acting import Refused
from data_access.register import read_register
from data_access.store import models
from kpi import facts
from tests.cli.test_manage import Runner, one_line
from tests.pages import stores

NOTHING = {"problems": [], "notices": [], "changes": [], "applied": False, "batch": None, "waiting": None}
KEYS = {"problems", "notices", "changes", "applied", "batch", "waiting"}


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
    assert shown.json() == {
        "problems": [],
        "notices": [],
        "changes": [change],
        "applied": False,
        "batch": None,
        "waiting": None,
    }
    assert updates.list_batches(filled, None).is_empty()

    done = run("upload", file, "--user", "bct", "--apply", "--format", "json")
    assert done.status == 0
    assert done.json() == {
        "problems": [],
        "notices": [],
        "changes": [change],
        "applied": True,
        "batch": 1,
        "waiting": None,
    }

    again = run("upload", file, "--user", "bct", "--apply", "--format", "json")
    assert again.json() == NOTHING
    assert updates.list_batches(filled, None)["id"].to_list() == [1]


@pytest.mark.parametrize("format", ["csv", "xlsx"])
def test_the_template_handed_in_as_it_is_changes_nothing(
    run: Runner, filled: sa.Engine, tmp_path: Path, format: str
) -> None:
    out = tmp_path / f"mau.{format}"

    assert run("template", "--user", "bct", "--format", format, "--out", out).status == 0

    handed_in = run("upload", out, "--user", "bct", "--apply", "--format", "json").json()
    assert handed_in == NOTHING


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
    assert updates.list_batches(filled, None).is_empty()


def test_a_sheet_of_ones_own_is_read_as_is_said_and_remembered_once_handed_in(
    run: Runner, filled: sa.Engine, ref: str, tmp_path: Path
) -> None:
    file = file_of(tmp_path, f"Bảng của vụ,,\nSố KH,Kết quả đầu ra,Theo dõi\n{ref},Một trung tâm,Lan\n")
    change = {"agreement": ref, "field": "deliverable_vi", "old": None, "new": "Một trung tâm"}
    how = ("--heading-row", "2", "--column", "Số KH=ref", "--column", "B=Sản phẩm", "--column", "Theo dõi=")
    sent = ("upload", str(file), "--user", "bct", "--format", "json", *how)

    assert run(*sent).json()["changes"] == [change]
    assert headings.read(filled, "BCT") == {}  # it was only shown
    assert "no column" in one_line(run(*sent, "--column", "Số KH=mã số gì đó"))
    assert run(*sent, "--apply").json()["applied"]

    assert headings.read(filled, "BCT") == {"sokh": "ref", "theodoi": ""}
    again = file_of(tmp_path, f"Số KH,Sản phẩm,Theo dõi\n{ref},Hai trung tâm,Lan\n")
    found = run("upload", again, "--user", "bct", "--format", "json").json()
    assert found["changes"][0]["new"] == "Hai trung tâm"
    person, many = accounts.Person("langson", "agency", "T20"), {str(number): "" for number in range(headings.MOST + 1)}
    with store.session(filled) as session, pytest.raises(Refused, match="too_many_headings"):
        headings.remember(session, actor=person, columns=many)


def test_the_good_rows_go_in_and_the_others_are_written_for_whoever_sent_them(
    run: Runner, filled: sa.Engine, ref: str, tmp_path: Path
) -> None:
    """By a coordinator on behalf of the agency, as on screen."""
    file = file_of(tmp_path, f"ref,deliverable_vi\n{ref},Một trung tâm\nT-9999,x\n")
    rest = tmp_path / "con_lai.csv"

    result = run("upload", file, "--user", "dieuphoi", "--behalf", "BCT", "--rest", rest, "--apply", "--format", "json")

    assert (result.status, result.json()["applied"]) == (0, True)
    assert updates.list_batches(filled, None).row(0, named=True)["username"] == "dieuphoi"
    left = pl.read_csv(rest, infer_schema=False)
    assert left.height == 1
    assert "T-9999" in left.row(0)
    assert run("upload", rest, "--user", "bct", "--rest", tmp_path / "none.csv").status == 1
    assert not (tmp_path / "none.csv").exists()


def test_whose_value_holds_in_a_conflict_has_to_be_said(
    run: Runner, filled: sa.Engine, ref: str, tmp_path: Path
) -> None:
    mine = tmp_path / "mau.csv"
    run("template", "--user", "bct", "--format", "csv", "--out", mine, "--language", "en")
    frame = pl.read_csv(mine, infer_schema=False)
    changed = pl.when(pl.col("Reference") == ref).then(pl.lit("Của tôi")).otherwise("Deliverable (Vietnamese)")
    edited = frame.with_columns(changed.alias("Deliverable (Vietnamese)"))
    pl.concat([edited, edited.filter(pl.col("Reference") == ref)]).write_csv(mine)  # said twice, it counts once
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
        (("upload", "{file}", "--user", "dieuphoi"), "name the agency: --behalf"),
        (("upload", "{file}", "--user", "bct", "--behalf", "T20"), "hands in figures of BCT only"),
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
    replacing = file_of(tmp_path, f"ref,deliverable_vi\n{ref},Hai\n")
    unread = run("upload", replacing, "--user", "bct", "--apply", "--format", "json")
    assert (unread.status, unread.json()["applied"]) == (1, False)
    assert [(n["row"], n["column"], n["code"]) for n in unread.json()["notices"]] == [
        (2, "deliverable_vi", "deliverable_replaced")
    ]
    assert run("upload", replacing, "--user", "bct", "--apply", "--acknowledge").status == 0

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


# --- Review ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def held(filled: sa.Engine) -> sa.Engine:
    """Results and reports wait for the coordinator, everything else goes straight in."""
    coordinator = accounts.Person(username="dieuphoi", role="coordinator", agency=None, office="")
    with store.session(filled) as session:
        updates.write_routes(session, actor=coordinator, routes={"result": "review", "report": "review"})
    return filled


@pytest.fixture
def two_refs(filled: sa.Engine) -> tuple[str, str]:
    """Two open agreements of BCT."""
    own = facts.build(read_register(filled), stores.AS_OF).agreements.filter(pl.col("agency") == "BCT")
    one, two = own.filter("is_open")["ref"].sort()[:2]
    return str(one), str(two)


def test_what_waits_is_listed_shown_and_published(
    run: Runner, held: sa.Engine, two_refs: tuple[str, str], tmp_path: Path
) -> None:
    ref = two_refs[0]
    file = file_of(tmp_path, f"ref,deliverable_vi\n{ref},Một trung tâm\n")

    sent = run("upload", file, "--user", "bct", "--apply", "--format", "json").json()
    again = run("upload", file, "--user", "bct", "--apply")
    assert (sent["applied"], sent["batch"], sent["waiting"]) == (False, None, 1)
    assert "Waits for review, as batch 1." in again.err

    assert [batch["batch"] for batch in run("review", "list", "--format", "json").json()] == [1]
    assert "waiting" in run("review", "list").out
    shown = run("review", "show", "1", "--format", "json").json()
    assert (shown["status"], shown["problems"], shown["gone"]) == ("waiting", [], [])
    assert shown["changes"] == [
        {
            "agreement": ref,
            "field": "deliverable_vi",
            "old": None,
            "new": "Một trung tâm",
            "kind": "result",
            "sent_old": None,
            "conflict": False,
        }
    ]
    assert "Một trung tâm" in run("review", "show", "1").out
    cells = [{"agreement": ref, "field": "deliverable_vi", "old": None, "new": "Một trung tâm"}]
    assert run("batch", "show", "1", "--format", "json").json()["cells"] == cells
    assert "chưa được ghi vào sổ" in run("batch", "undo", "1", "--user", "bct", "--language", "vi").err

    assert run("review", "publish", "1", "--user", "bct").status == 2
    done = run("review", "publish", "1", "--user", "dieuphoi", "--format", "json")
    assert (done.status, done.json()) == (
        0,
        {"problems": [], "batch": 1, "applied": True, "changes": 1, "returned": None},
    )
    assert "does not wait for review any more" in one_line(run("review", "publish", "1", "--user", "dieuphoi"))
    assert run("review", "list", "--format", "json").json() == []
    batch = run("batch", "show", "1", "--format", "json").json()
    assert (batch["status"], batch["reviewed_by"], batch["cells"]) == ("applied", "dieuphoi", cells)
    assert run("batch", "undo", "1", "--user", "bct").status == 2  # what was reviewed only a reviewer takes back
    assert run("batch", "undo", "1", "--user", "dieuphoi").status == 0


def test_some_agreements_are_published_and_the_others_returned(
    run: Runner, held: sa.Engine, two_refs: tuple[str, str], tmp_path: Path
) -> None:
    one, two = two_refs
    text = f"ref,deliverable_vi,current_target,target_reason\n{one},Một,2030-01-01,Chậm\n{two},Hai,,\n"
    sent = run("upload", file_of(tmp_path, text), "--user", "bct", "--apply", "--format", "json").json()
    assert (sent["applied"], sent["batch"], sent["waiting"]) == (True, 1, 2)

    publish = ("review", "publish", "2", "--user", "dieuphoi", "--only-agreement", one)
    assert "Say why it is returned" in one_line(run(*publish))
    assert "there is nothing of it to publish" in one_line(run(*publish[:-1], "T-9999"))
    done = run(*publish, "--reason", "Thiếu căn cứ", "--format", "json").json()

    assert (done["applied"], done["changes"], done["returned"]) == (True, 1, 3)
    back = run("batch", "show", "3", "--format", "json").json()
    assert (back["status"], back["reason"], back["part_of"]) == ("returned", "Thiếu căn cứ", 2)
    assert [(c["agreement"], c["new"]) for c in back["cells"]] == [(two, "Hai")]


def test_what_waits_is_returned_with_a_reason(run: Runner, held: sa.Engine, ref: str, tmp_path: Path) -> None:
    file = file_of(tmp_path, f"ref,deliverable_vi\n{ref},Một\n")
    run("upload", file, "--user", "bct", "--apply")

    assert run("review", "return", "1", "--user", "bct", "--reason", "x").status == 2
    assert run("review", "return", "1", "--user", "dieuphoi").status == 2
    assert (
        "Chưa nêu lý do" in run("review", "return", "1", "--user", "dieuphoi", "--reason", " ", "--language", "vi").err
    )
    done = run("review", "return", "1", "--user", "dieuphoi", "--reason", "Thiếu căn cứ", "--format", "json")
    assert (done.status, done.json()) == (0, {"returned": 1})
    assert run("batch", "show", "1", "--format", "json").json()["reason"] == "Thiếu căn cứ"


def test_whose_value_is_published_where_the_register_changed_meanwhile(
    run: Runner, held: sa.Engine, ref: str, tmp_path: Path
) -> None:
    for text in ("Một", "Hai", "Ba"):
        file = file_of(tmp_path, f"ref,deliverable_vi\n{ref},{text}\n", f"{text}.csv")
        run("upload", file, "--user", "bct", "--apply", "--acknowledge")
    run("review", "publish", "1", "--user", "dieuphoi")
    publish = ("review", "publish", "--user", "dieuphoi", "--format", "json")

    undecided = run(*publish, "2")
    file = run(*publish, "2", "--conflicts", "file").json()
    register = run(*publish, "3", "--conflicts", "register", "--reason", "Đã có số liệu mới")

    assert undecided.status == 1
    assert [(p["column"], p["value"], p["code"]) for p in undecided.json()["problems"]] == [
        ("deliverable_vi", "Hai", "conflict")
    ]
    assert (file["applied"], file["changes"]) == (True, 1)
    assert "There is no change to publish" in one_line(register)
    shown = run("review", "show", "3", "--format", "json").json()["changes"]
    assert [(c["old"], c["sent_old"], c["conflict"]) for c in shown] == [("Hai", None, True)]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("review", "show", "7"), "no batch 7 that was sent for review"),
        (("review", "publish", "7", "--user", "dieuphoi"), "no batch 7 that was sent for review"),
        (("review", "return", "7", "--user", "dieuphoi", "--reason", "x"), "There is no batch 7"),
        (("review", "publish", "7", "--user", "nobody"), "no open account of that name"),
    ],
)
def test_a_review_that_cannot_run_says_why(
    run: Runner, held: sa.Engine, arguments: tuple[str, ...], reason: str
) -> None:
    result = run(*arguments)

    assert result.status == 2
    assert reason in one_line(result)
