"""Country packs at the command line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import sqlalchemy as sa

from cli.main import main
from cli.output import MOST_NAMES_SHOWN
from data_access import store
from data_access.store import models
from tests.seed_data.invented_treaties import MAPPING, PACK, text


@pytest.fixture
def address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sqlite_migrated: Path) -> str:
    path = tmp_path / "store.sqlite"
    shutil.copy(sqlite_migrated, path)
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{path}")
    return f"sqlite:///{path}"


def rows(address: str, model: type) -> int:
    with store.get_engine(address).connect() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(model)).scalar_one()


def test_a_pack_with_a_mistake_leaves_the_store_as_it_was(
    address: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(PACK, tmp_path / "pack")
    (tmp_path / "pack" / "sectors.csv").unlink()

    assert main(["init", "--lists", str(tmp_path / "pack")]) == 1
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 2
    assert "sectors.csv" in told[0]
    assert "lacks this file" in told[0]
    assert (rows(address, models.Partner), rows(address, models.CountryPack)) == (0, 0)
    assert main(["init", "--lists", str(tmp_path / "nowhere")]) == 2
    assert "there is no such folder" in capsys.readouterr().err


def test_a_register_is_read_with_the_lists_its_store_was_begun_with(
    address: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "treaties.csv"
    file.write_text(text(), encoding="utf-8")
    loading = ["load", str(file), "--mapping", str(MAPPING), "--format", "json"]

    assert main(["init", "--lists", str(PACK)]) == 0
    assert "Treaties of the United Kingdom" in capsys.readouterr().out
    assert main([*loading, "--lists", str(PACK.parent / "rwanda"), "--dry-run"]) == 2
    assert "begun with the lists of Treaties of the United Kingdom" in capsys.readouterr().err
    assert main([*loading[:-2], "--dry-run"]) == 0
    assert "Responsible agencies of the treaties" in capsys.readouterr().out
    assert main(["load", "demo"]) == 2
    assert "was begun with others" in capsys.readouterr().err
    assert main(loading) == 0
    assert json.loads(capsys.readouterr().out)["states"] == {"IN_FORCE": 4, "SIGNED": 6, "TERMINATED": 2}
    assert main(["init", "--lists"]) == 2
    assert "already holds the register 'uk-treaties'" in capsys.readouterr().err


def test_names_that_stand_for_nobody_are_a_few_lines_however_many_they_are(
    address: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, mapping = tmp_path / "a.csv", tmp_path / "a.toml"
    rows_of = "".join(f"{number},T,Nobody {chr(65 + number % 15)},2024-01-05\n" for number in range(40))
    file.write_text("no,title,body,signed\n" + rows_of, encoding="utf-8")
    mapping.write_text(MINE, encoding="utf-8")

    assert main(["load", str(file), "--mapping", str(mapping), "--dry-run"]) == 0
    told = capsys.readouterr().out
    assert told.count("Nobody") == MOST_NAMES_SHOWN
    assert "under 5 further names (--show-names lists them)" in told
    assert main(["load", str(file), "--mapping", str(mapping), "--dry-run", "--show-names"]) == 0
    assert capsys.readouterr().out.count("Nobody") == MOST_NAMES_SHOWN + 15


MINE = """
[register]
code = "own"
name_vi = "Của tôi"
name_en = "Mine"
data_date = 2025-06-30
source = "my desk"
licence = "internal"
scope = "HIGH_LEVEL"
[dates.signed]
column = "signed"
[fields]
ref = { column = "no" }
title_en = { column = "title" }
responsible_agency = { column = "body" }
[[events]]
state = "SIGNED"
date = "signed"
"""


def test_init_with_lists_and_no_folder_takes_what_registers_name(
    address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["init", "--lists", "--language", "vi"]) == 0
    assert "The register's own names" in capsys.readouterr().out
    assert rows(address, models.Agency) == 0
    assert rows(address, models.Partner) > 200
