"""Fetching a list at the command line, loading what was fetched, and going on without a connection."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from cli import fetching
from cli.main import main
from data_access import clock, store
from data_access.store import models
from tests.seed_data.projects_api import Api, answer, operation, operations, serving


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    with serving(Api(operations(4) | operations(2, "RW"))) as found:
        monkeypatch.setenv("WORLDBANK_API", found.address)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'store.sqlite'}")
        monkeypatch.setattr(fetching, "FETCHED", tmp_path / "var")
        monkeypatch.setattr("seed_data.worldbank.fetching.WAITS", ())
        yield found


def test_a_list_is_fetched_and_loaded_as_of_the_day_it_was_fetched(
    api: Api, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    today = clock.today(None)
    assert main(["fetch", "worldbank", "--country", "rw"]) == 0

    said = capsys.readouterr().out
    assert f"2 operations in RW as of {today}" in said
    assert "load worldbank --country RW" in said
    assert [path.name for path in (tmp_path / "var").iterdir()] == [f"worldbank_RW_{today}.csv"]
    assert main(["load", "worldbank", "--country", "RW", "--format", "json"]) == 0
    loaded = json.loads(capsys.readouterr().out)
    assert (loaded["register"], loaded["data_date"], loaded["rows"]["Agreement"]) == ("worldbank-rw", str(today), 2)


def test_a_newer_list_is_compared_with_the_one_loaded(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fetch", "worldbank"]) == 0
    assert main(["load", "worldbank"]) == 0
    api.held["P900001"] = operation(1, project_name="Another name")
    api.held["P900009"] = operation(9)
    assert main(["fetch", "worldbank"]) == 0
    capsys.readouterr()

    assert main(["refresh", "worldbank", "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {(row["agreement"], row["kind"], row["field"], row["new"]) for row in told["changes"]} == {
        ("P900001", "changed", "title_vi", "Another name"),
        ("P900001", "changed", "title_en", "Another name"),
        ("P900009", "new", "", ""),
    }
    assert (told["problems"], told["notices"], told["applied"], told["batch"], told["waiting"]) == (
        [],
        [],
        False,
        None,
        None,
    )
    with store.session(store.get_engine()) as session:
        session.add_all(
            models.User(username=name, password_hash="-", role="coordinator") for name in ("desk", "another")
        )
    assert main(["refresh", "worldbank", "--apply"]) == 2
    assert main(["refresh", "worldbank", "--apply", "--user", "desk", "--take-source", "title_vi"]) == 2
    assert "no conflict is in that field" in capsys.readouterr().err
    assert main(["refresh", "worldbank", "--apply", "--user", "desk", "--format", "json"]) == 0
    waiting = str(json.loads(capsys.readouterr().out)["waiting"])
    assert main(["review", "show", waiting]) == 0
    assert "Another name" in capsys.readouterr().out
    assert main(["review", "publish", waiting, "--user", "desk"]) == 2
    assert main(["review", "publish", waiting, "--user", "another", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["applied"]
    assert main(["refresh", "worldbank"]) == 0
    assert "Nothing changes" in capsys.readouterr().out
    assert main(["fetch", "worldbank", "--country", "RW"]) == 0
    capsys.readouterr()
    assert main(["refresh", "worldbank", "--country", "RW"]) == 1
    assert "the file is one of worldbank-rw" in capsys.readouterr().err


def test_a_file_of_one_s_own_is_loaded_with_the_mapping(
    api: Api, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "operations.csv"
    assert main(["fetch", "worldbank", "--out", str(out)]) == 0
    command = capsys.readouterr().out.splitlines()[-1].partition("manage.py ")[2].split()

    assert pl.read_csv(out).height == 4
    assert main([*command, "--format", "json"]) == 0
    loaded = json.loads(capsys.readouterr().out)
    assert (loaded["register"], loaded["data_date"]) == ("worldbank", str(clock.today(None)))


def test_without_a_connection_the_ways_on_are_said(
    api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(Api({})) as gone:
        monkeypatch.setenv("WORLDBANK_API", gone.address)

    assert main(["fetch", "worldbank"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("manage.py: 127.0.0.1 does not answer (ConnectError). Without a connection: open http://127")
    assert said.count("\n") == 1
    assert "countrycode_exact=VN" in said
    assert "go on with" not in said

    saved = tmp_path / "operations.json"
    saved.write_bytes(answer(operations(4))[2])
    assert main(["fetch", "worldbank", "--from", str(saved)]) == 0
    assert main(["fetch", "worldbank"]) == 2
    assert f"go on with the list of {clock.today(None)}: python manage.py load worldbank" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["fetch", "adb"], "adb: only worldbank can be fetched from."),
        (["fetch", "worldbank", "--country", "VNM"], "two letters of ISO 3166"),
        (["fetch", "worldbank", "--country", "QQ"], "lists no operation in QQ"),
        (["fetch", "worldbank", "--from", "nowhere.json"], "nowhere.json"),
        (["fetch", "worldbank", "--out", "/proc/nowhere/x.csv"], "/proc/nowhere"),
    ],
)
def test_what_cannot_be_fetched_is_one_line(
    api: Api, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert said in printed.err
    assert printed.err.count("\n") == 1
    assert printed.out == ""


def test_a_list_that_cannot_be_had_leaves_the_one_that_is_there(
    api: Api, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "operations.csv"
    out.write_text("kept", encoding="utf-8")
    api.answers = [(404, {}, b"")]

    assert main(["fetch", "worldbank", "--out", str(out)]) == 2
    assert out.read_text(encoding="utf-8") == "kept"


def test_the_api_is_asked_over_tls_or_on_this_machine_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for address in ("http://search.worldbank.org/api", "ftp://127.0.0.1/x", "https://user:pw@host/x", "somewhere"):
        monkeypatch.setenv("WORLDBANK_API", address)

        assert main(["fetch", "worldbank"]) == 2
        assert "WORLDBANK_API" in capsys.readouterr().err
