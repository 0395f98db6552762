"""The operator's tool from the outside: what it prints, what it returns, and that it never ends in a traceback."""

from __future__ import annotations

import datetime as dt
import io
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from cli.main import main
from cli.output import progress
from data_access import store
from data_access.clock import today
from data_access.register import read_data_version, read_register
from data_access.store import models
from tests.seed_data import invented_worldbank as invented

LOAD = ("load", str(invented.path()), *invented.LOADING)
"""An invented list of the World Bank's form."""

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "cham-chi-lam-viec-9"

MAPPING = """
[register]
code = "own"
name_vi = "Danh mục"
name_en = "A list"
data_date = 2025-06-30
source = "here"
licence = "internal"
scope = "HIGH_LEVEL"
[dates.signed]
column = "signed"
[fields]
ref = { column = "ref" }
title_vi = { column = "title" }
responsible_agency = { column = "agency" }
[[events]]
state = "SIGNED"
date = "signed"
"""


class Result:
    """What one command line gave."""

    def __init__(self, status: int, out: str, err: str) -> None:
        self.status, self.out, self.err = status, out, err

    def json(self) -> Any:
        return json.loads(self.out)


class Runner:
    """Runs command lines in this process, against one store."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: str | Path) -> Result:
        self._capsys.readouterr()
        status = main([str(argument) for argument in arguments])
        printed = self._capsys.readouterr()
        return Result(status, printed.out, printed.err)


@pytest.fixture
def run(engine: sa.Engine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Runner:
    monkeypatch.setenv("DATABASE_URL", engine.url.render_as_string(hide_password=False))
    return Runner(capsys)


@pytest.fixture
def run_on_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Runner:
    """The same against a SQLite file that does not exist yet."""
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'new' / 'store.sqlite'}")
    return Runner(capsys)


def written(folder: Path, text: str | bytes, mapping: str = MAPPING) -> tuple[Path, Path]:
    file, described = folder / "own.csv", folder / "own.toml"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    described.write_text(mapping, encoding="utf-8")
    return file, described


def one_line(result: Result) -> str:
    lines = result.err.splitlines()
    assert len(lines) == 1, result.err
    assert "Traceback" not in result.err
    return lines[0]


# --- Loading ---------------------------------------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("stream", "shown"), [(Terminal(), "100%"), (io.StringIO(), "")])
def test_a_bar_shows_on_a_terminal_and_nowhere_else(
    monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, shown: str
) -> None:
    monkeypatch.setattr(sys, "stderr", stream)

    with progress("Đang nạp", 20) as told:
        told(5)
        told(15)

    assert bool(stream.getvalue()) is bool(shown)
    assert shown in stream.getvalue()


def test_from_nothing_to_a_loaded_register(run_on_nothing: Runner) -> None:
    assert run_on_nothing("scorecards").status == 2
    assert "The store is ready" in run_on_nothing("init").out
    assert one_line(run_on_nothing("scorecards")).startswith("manage.py: The store holds no register yet.")

    loaded = run_on_nothing(*LOAD, "--format", "json")

    assert loaded.status == 0
    assert loaded.json()["rows"]["Agreement"] == invented.COUNT
    assert loaded.json()["stored"] is True


def test_a_dry_run_shows_everything_and_stores_nothing(run: Runner, engine: sa.Engine) -> None:
    shown = run(*LOAD, "--dry-run")

    assert shown.status == 0
    listed = invented.ref("closed_before_approval")
    for part in (
        f"{invented.COUNT}  agreements",
        "none named",
        "LIFSAP PCU",
        listed,
        "effective_before_signed",
    ):
        assert part in shown.out
    assert read_register(engine).agreements.is_empty()
    assert read_data_version(engine) is None


def test_a_dry_run_speaks_vietnamese_and_lists_every_name_where_asked(run: Runner) -> None:
    shown = run(*LOAD, "--dry-run", "--show-names", "--language", "vi")

    assert "Tên cơ quan chưa xác định được" in shown.out
    assert "cơ quan chủ trì: theo tên\n" in shown.out
    assert "cơ quan chủ trì: không nhận: chưa biết" in shown.out
    assert "  ->  BTC" in shown.out
    assert "đối tác: theo mã" in shown.out
    assert "mapping." not in shown.out


def test_a_register_of_one_s_own(run: Runner, engine: sa.Engine, tmp_path: Path) -> None:
    file, mapping = written(tmp_path, "ref,title,agency,signed\n1,Bản ghi nhớ,Bộ Y tế,2024-02-01\n2,x,EVN,2025-01-01\n")

    assert run("load", file, "--mapping", mapping).status == 0

    cards = run("scorecards", "--format", "json").json()
    assert {card["group"] for card in cards} == {"BYT", "UNASSIGNED"}
    again = run("load", file, "--mapping", mapping)
    assert again.status == 2
    assert "already holds the register 'own'" in one_line(again)
    assert read_register(engine).agreements.height == 2


@pytest.mark.parametrize(
    ("text", "mapping", "said"),
    [
        ("ref,title,agency,date\n1,x,y,2024-01-01\n", MAPPING, ["own.csv, row 1, column “signed”"]),
        (
            b"ref,title,agency,signed\n1,\xe0x,y,2024-01-01\n",
            MAPPING,
            ["own.csv, row 2: The file is not UTF-8 (bytes E0 78 2C 79)"],
        ),
        (
            "ref,title,agency,signed\n1,x,y,2024-02-31\n,x,y,31/02/2024\n",
            MAPPING,
            [
                "own.csv, row 2, column “signed”: “2024-02-31” is not a date. Write it like 2024-02-29, 29/02/2024.",
                "own.csv, row 3, column “ref”: The cell is empty and must not be.",
                "own.csv, row 3, column “signed”: “31/02/2024” is not a date.",
            ],
        ),
        ("ref,title,agency,signed\n1,x,y\n", MAPPING, ["own.csv, row 2: The row has 3 columns and the header 4."]),
        ("ref\n1\n", MAPPING.replace("SIGNED", "SINGED"), ["own.toml, column “events[1].state”: “SINGED” is not"]),
        ("ref\n1\n", MAPPING.replace("[[", "[[["), ["own.toml, row"]),
    ],
)
def test_problems_are_named_and_nothing_is_stored(
    run: Runner, engine: sa.Engine, tmp_path: Path, text: str | bytes, mapping: str, said: list[str]
) -> None:
    result = run("load", *_with_mapping(written(tmp_path, text, mapping)))

    assert result.status == 1
    for part in said:
        assert part in result.err
    assert result.err.endswith("Nothing was stored.\n")
    assert "Traceback" not in result.err
    assert result.out == ""
    assert read_register(engine).agreements.is_empty()


def test_many_problems_are_capped_and_counted(run: Runner, tmp_path: Path) -> None:
    same = "\n".join(f"{number},x,y,never" for number in range(1000))
    others = "\n".join(f"{number},x,y,never{number}" for number in range(1000))

    result = run("load", *_with_mapping(written(tmp_path, f"ref,title,agency,signed\n{same}\n")))

    said = "own.csv, 1000 rows (2, 3, 4, 5, 6, ...), column “signed”: “never” is not a date. Write it like 2024-02-29, 29/02/2024."
    assert result.err == f"{said}\nNothing was stored.\n"
    result = run("load", *_with_mapping(written(tmp_path, f"ref,title,agency,signed\n{others}\n")))
    assert "Only the first 50 of 1000 problems are shown. By kind: not_a_date 500, further_values 500" in result.err


def _with_mapping(paths: tuple[Path, Path]) -> tuple[Path | str, ...]:
    return paths[0], "--mapping", paths[1]


# --- Commands that cannot run ----------------------------------------------------------------------------------------


CANNOT_RUN = (
    (["load", "nowhere.csv"], "there is no such file"),
    (["load", str(ROOT / "manage.py")], "--mapping"),
    (["load", "worldbank", "--country", "QQ"], "python manage.py fetch worldbank --country QQ"),
    (["load", "worldbank", "--country", "VNM"], "two letters of ISO 3166"),
    ([*LOAD, "--data-date", "31/12/2025"], "--data-date 31/12/2025: not a date"),
    (["load", str(ROOT / "manage.py"), "--mapping", "nowhere.toml"], "there is no such file"),
    (["scorecards", "--as-of", "2025-02-30"], "not a date"),
    (["scorecards", "--as-of", "yesterday"], "not a date"),
    (["scorecards", "--by", "minister"], "agency, partner, sector"),
    (["scorecards", "--scope", "ALLES"], "HIGH_LEVEL, LOCAL, ALL"),
    (["scorecards", "--group", "NOBODY"], "NOBODY"),
    (["agreements", "--flag", "late"], "stalled, overdue"),
    (["agreements", "--as-of", "20250101"], "not a date"),
    (["user", "disable", "nobody"], "nobody"),
    (["user", "add", "office", "--role", "king", "--password", PASSWORD], "king"),
    (["user", "add", "office", "--role", "agency", "--agency", "XXX", "--password", PASSWORD], "XXX"),
)


def test_a_command_that_cannot_run_says_why_in_one_line(run: Runner) -> None:
    run(*LOAD)

    for arguments, said in CANNOT_RUN:
        result = run(*arguments)

        assert result.status == 2, arguments
        assert said in one_line(result)
        assert result.out == "", arguments


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("DATABASE_URL", "oracle://somewhere", "DATABASE_URL"),
        ("DATABASE_URL", "postgresql://nobody:x@127.0.0.1:9/none", "The store does not answer"),
        ("DATABASE_URL", "sqlite:////proc/nowhere/store.sqlite", "/proc"),
        ("REGISTER", "../etc", "REGISTER"),
    ],
)
def test_an_unusable_setting_is_named(
    name: str, value: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv(name, value)

    result = Runner(capsys)("init")

    assert result.status == 2
    assert said in one_line(result)


def test_production_without_a_secret_is_refused(run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APP_MODE", "production")
    monkeypatch.delenv("APP_SECRET", raising=False)

    assert "APP_SECRET" in one_line(run("init"))


def test_the_process_itself_ends_without_a_traceback(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 'store.sqlite'}"

    found = subprocess.run(
        [sys.executable, "manage.py", "scorecards", "--as-of", "31/12/2025"],
        cwd=ROOT,
        env={"DATABASE_URL": store, "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert found.returncode == 2
    assert found.stderr == (
        "manage.py: --as-of 31/12/2025: not a date. Write year-month-day, for example 2026-01-14.\n"
    )


# --- Reading ---------------------------------------------------------------------------------------------------------


def test_scorecards_keep_their_contract(run: Runner) -> None:
    run(*LOAD)

    result = run("scorecards", "--as-of", "2024-12-31", "--by", "agency", "--format", "json")

    cards = result.json()
    keys = {
        "group",
        "kpi",
        "n",
        "numerator",
        "denominator",
        "value",
        "low",
        "high",
        "score",
        "status",
        "settled",
        "seen",
    }
    assert all(set(card) == keys for card in cards)
    assert {card["kpi"] for card in cards} == {f"K{number:02}" for number in range(1, 14)}
    assert {card["status"] for card in cards} <= {"green", "amber", "red", "too_few", "not_available", "context"}
    shares = [card for card in cards if card["kpi"] == "K02" and card["value"] is not None]
    assert shares
    assert all(0 <= card["low"] <= card["value"] <= card["high"] <= 100 for card in shares)
    assert "source: The World Bank, Projects & Operations (CC BY 4.0)" in result.err


def test_figures_say_as_known_when_and_are_told_as_known_on_a_day(run: Runner, engine: sa.Engine) -> None:
    """What comes later moves nothing of what was known."""
    run(*LOAD)
    asked = ("scorecards", "--as-of", "2024-12-31", "--format", "json")
    then = run(*asked, "--known-on", "2025-03-31")
    assert "known_on: 2025-03-31\n" in then.err
    assert f"known_on: {today(None)}" in run(*asked).err

    with store.session(engine) as session:
        number = read_register(engine).agreements["id"][0]
        session.add(models.StatusEvent(agreement_id=number, state="SUSPENDED", effective_on=dt.date(2024, 12, 1)))

    assert run(*asked, "--known-on", "2025-03-31").json() == then.json()
    listed = run("agreements", "--known-on", "2025-03-31", "--format", "json").json()
    assert "SUSPENDED" not in {row["state"] for row in listed}
    later = (today(None) + dt.timedelta(days=1)).isoformat()
    assert one_line(run(*asked, "--known-on", later)).endswith("is not over yet.")
    assert "Nothing had been received" in one_line(run(*asked, "--known-on", "1900-01-01"))


def test_scorecards_as_a_table(run: Runner) -> None:
    run(*LOAD)

    table = run("scorecards", "--group", "BYT")

    assert re.search(r"^BYT +K01 ", table.out, flags=re.MULTILINE)


def test_scorecards_as_csv_carry_their_source(
    sqlite_engine: sa.Engine, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.setenv("DATABASE_URL", sqlite_engine.url.render_as_string())
    main([*LOAD])
    capsysbinary.readouterr()

    main(["scorecards", "--group", "BYT", "--format", "csv"])

    lines = capsysbinary.readouterr().out.decode("utf-8-sig").splitlines()
    assert lines[0].startswith('"group","kpi","n"')
    assert len(lines) == 14
    assert '"The World Bank, Projects & Operations (CC BY 4.0)"' in lines[1]


def test_agreements_by_flag(run: Runner) -> None:
    run(*LOAD)

    everything = run("agreements", "--format", "json").json()
    stalled = run("agreements", "--flag", "stalled", "--format", "json").json()
    both = run("agreements", "--flag", "stalled", "--flag", "at_risk", "--format", "json").json()

    assert len(everything) == invented.COUNT
    assert stalled == [row for row in everything if "stalled" in row["flags"]]
    assert both == [row for row in stalled if "at_risk" in row["flags"]]
    assert 0 < len(both) < len(stalled)
    first = next(row for row in everything if row["ref"] == invented.ref("effective_before_approval"))
    assert (first["signed_on"], first["bucket"]) == ("1997-06-26", "completed")


def test_reconcile_of_a_register_that_is_not_the_country_s(run: Runner) -> None:
    run(*LOAD)

    rows = run("reconcile", "--format", "json").json()

    assert all(set(row) == {"key", "published", "qualifier", "ours", "met"} for row in rows)
    assert {row["met"] for row in rows} == {None}
    table = run("reconcile", "--language", "vi")
    assert "Các số liệu đã công bố mâu thuẫn với nhau" in table.out
    held_to_it = run("reconcile", "--national", "--format", "json").json()
    assert [row["met"] for row in held_to_it if row["key"] == "signed_total_2021_2025"] == [False, False]


def test_a_day_after_the_data_date_is_marked(run: Runner) -> None:
    run(*LOAD)

    assert "lies after the data date" in run("scorecards", "--as-of", "2026-01-14").err
    assert "lies after the data date" not in run("scorecards").err


# --- Accounts --------------------------------------------------------------------------------------------------------


def test_accounts_from_making_to_closing(run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    run(*LOAD)
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{PASSWORD}\n"))

    assert run("user", "add", "bct.htqt", "--role", "agency", "--agency", "BCT").status == 0
    assert run("user", "add", "leader1", "--role", "leader", "--password", PASSWORD).status == 0
    assert run("user", "disable", "leader1").status == 0

    assert run("user", "list", "--format", "json").json() == [
        {"username": "bct.htqt", "role": "agency", "agency": "BCT", "active": True},
        {"username": "leader1", "role": "leader", "agency": None, "active": False},
    ]
    assert "bct.htqt" in run("user", "list").out


# --- The demonstration register --------------------------------------------------------------------------------------


def test_the_demo_meets_every_exact_figure(run: Runner) -> None:
    loaded = run("load", "demo")
    assert loaded.status == 0
    assert "mapping." not in loaded.out  # every table has a word

    rows = run("reconcile", "--format", "json").json()

    exact = [row for row in rows if row["qualifier"].startswith("exact") and row["ours"] is not None]
    assert len(exact) >= 10
    assert all(row["met"] is True for row in exact)
    assert {"key": "signed_2025_q3", "published": 86, "qualifier": "exact", "ours": 86, "met": True} in rows


def test_the_demo_says_everywhere_that_it_is_invented(run: Runner) -> None:
    loaded = run("load", "demo", "--dry-run")
    assert "Demonstration register" in loaded.out
    run("load", "demo")

    for command in (["scorecards"], ["agreements"], ["reconcile"]):
        assert "every outcome is invented" in run(*command).err


def test_scopes_part_the_demo(run: Runner) -> None:
    run("load", "demo")

    def signed(scope: str) -> int:
        cards = run("scorecards", "--by", "sector", "--scope", scope, "--format", "json").json()
        return sum(card["numerator"] for card in cards if card["kpi"] == "K01")

    assert (signed("HIGH_LEVEL"), signed("LOCAL"), signed("ALL")) == (927, 54, 981)
