"""Figures on disk: who finds them there, who does not, and that a page never suffers from them."""

from __future__ import annotations

import datetime as dt
import errno
import os
import pathlib
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa

import words
from data_access import settings, store
from data_access.register import raise_data_version
from kpi import readers
from kpi.rules import Rules
from pages.ui import data_edition, kept_on_disk, loaders
from pages.ui import kept as kept_module
from pages.ui.kept import kept
from pages.ui.kept_on_disk import NOTHING, Folder, Name
from pages.ui.view import View
from tests.pages.conftest import Visit
from tests.pages.stores import AS_OF

VIEW = View(as_of=AS_OF, compare_with=AS_OF, reader=readers.EVERYTHING)
NAME = Name("edition-" + 32 * "0", 64 * "1")
KEY = 32 * b"k"
asked: list[object] = []


@pytest.fixture(autouse=True)
def folder(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[pathlib.Path]:
    """The folder that figures are kept in, however quickly they are made."""
    monkeypatch.setenv("APP_SECRET", "a secret of these tests and of nobody else")
    monkeypatch.setenv("FIGURES_DIR", str(tmp_path / "figures"))
    monkeypatch.setattr(kept_module, "_WORTH_SECONDS", 0.0)
    kept_on_disk.folder.cache_clear()
    asked.clear()
    yield tmp_path / "figures"
    kept_on_disk.folder.cache_clear()


def in_a_process(**options: bool) -> Callable[[View], pl.DataFrame]:
    """One function as each process has it: with nothing in memory yet."""

    @kept(**options)
    def figure(view: View) -> pl.DataFrame:
        asked.append(view)
        return pl.DataFrame({"n": [len(asked)], "day": [view.as_of], "share": [1 / 3]})

    return figure


def files(folder: pathlib.Path) -> list[pathlib.Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_another_process_has_a_figure_without_working_it_out(register: sa.Engine, folder: pathlib.Path) -> None:
    found = in_a_process()(VIEW)

    assert in_a_process()(VIEW).equals(found)
    assert len(asked) == 1
    (file,) = files(folder)
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (folder, file.parent, file)]
    assert modes == [0o700, 0o700, 0o600]


def _a_bit_is_turned(file: pathlib.Path) -> None:
    held = bytearray(file.read_bytes())
    held[-1] ^= 1
    file.write_bytes(held)


def _it_is_cut_off(file: pathlib.Path) -> None:
    file.write_bytes(file.read_bytes()[:20])


def _it_is_signed_with_another_secret(file: pathlib.Path) -> None:
    Folder(file.parents[1], most_bytes=1 << 20, key=KEY).write(Name(file.parent.name, file.name), pl.DataFrame())


def _it_is_another_figure_of_ours(file: pathlib.Path) -> None:
    in_a_process()(VIEW.on(dt.date(2025, 1, 1)))
    asked.pop()
    (other,) = set(files(file.parents[1])) - {file}
    shutil.copy(other, file)


@pytest.mark.parametrize(
    "change",
    [_a_bit_is_turned, _it_is_cut_off, _it_is_signed_with_another_secret, _it_is_another_figure_of_ours],
)
def test_what_this_application_did_not_write_there_is_not_read(
    change: Callable[[pathlib.Path], None], register: sa.Engine, folder: pathlib.Path, caplog: pytest.LogCaptureFixture
) -> None:
    in_a_process()(VIEW)
    (file,) = files(folder)
    change(file)

    assert in_a_process()(VIEW)["n"].to_list() == [2]
    assert in_a_process()(VIEW)["n"].to_list() == [2], "it was written anew"
    assert caplog.text.count("its signature does not fit") == 1


def test_what_cannot_be_made_of_a_file_is_thrown_away(folder: pathlib.Path, caplog: pytest.LogCaptureFixture) -> None:
    held, path = Folder(folder, most_bytes=1 << 20, key=KEY), folder / NAME.edition / NAME.file
    held.write(NAME, "an answer")
    content = b"no pickle"
    path.write_bytes(held._signature(NAME, content) + content)

    assert held.read(NAME) is NOTHING
    assert not path.exists()
    assert "is worked out again" in caplog.text


def test_another_reader_selection_day_edition_language_or_code_finds_nothing(
    register: sa.Engine, folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def worked_out(view: View = VIEW) -> bool:
        before = len(asked)
        in_a_process(in_words=True)(view)
        return len(asked) > before

    assert (worked_out(), worked_out()) == (True, False)
    for other in (
        VIEW.where(scope="LOCAL"),
        VIEW.on(dt.date(2025, 1, 1)),
        View(as_of=AS_OF, compare_with=AS_OF, reader=readers.NOBODY),
        View(as_of=AS_OF, compare_with=AS_OF, reader="BCT"),
    ):
        assert worked_out(other)
    with words.in_language("en"):
        assert worked_out()
    with monkeypatch.context() as later:
        later.setattr(kept_on_disk, "_CODE", "of another version")
        assert worked_out()
    assert not worked_out()
    with store.session(register) as session:
        raise_data_version(session)
    assert worked_out()


def test_the_code_is_another_as_soon_as_a_file_of_the_product_is(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("pyproject.toml", "requirements.txt", "words/locale/vi/common.po", "kpi/rules.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name, encoding="utf-8")
    monkeypatch.setattr(settings, "ROOT", tmp_path)
    codes = [kept_on_disk._code(), kept_on_disk._code()]
    for name in ("words/locale/vi/common.po", "kpi/rules.py"):
        (tmp_path / name).write_text(f"{name} changed", encoding="utf-8")
        codes.append(kept_on_disk._code())

    assert codes[0] == codes[1]
    assert len(set(codes)) == 3


def test_what_is_quickly_made_is_made_and_what_is_made_of_something_slow_is_kept(
    register: sa.Engine, folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_module, "_WORTH_SECONDS", 0.05)
    monkeypatch.setattr(kept_module, "_LARGEST_ON_DISK", 100_000)

    @kept()
    def quick(number: int) -> int:
        return number

    @kept(rows=True)
    def rows(number: int) -> pl.DataFrame:  # too large for the disk
        time.sleep(0.06)
        return pl.DataFrame({"n": range(number)})

    @kept()
    def total(number: int) -> int:
        return rows(number)["n"].len()

    @kept()
    def doubled(number: int) -> int:
        return 2 * total(number)

    quick(1)
    assert files(folder) == []
    rows(100_000)
    assert files(folder) == []
    assert doubled(100_000) == 200_000
    assert len(files(folder)) == 1, "the total, although the rows were there; what is made of it is made of the disk"


@pytest.mark.parametrize("unset", [{"FIGURES_DISK_MB": "0"}, {"APP_SECRET": ""}])
def test_nothing_is_written_where_nothing_shall_be_or_nobody_could_read_it_later(
    unset: dict[str, str], register: sa.Engine, folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in unset.items():
        monkeypatch.setenv(name, value)

    in_a_process()(VIEW)

    assert not folder.exists()


def test_nothing_is_written_of_a_store_without_a_register(empty_store: sa.Engine, folder: pathlib.Path) -> None:
    assert data_edition.read_edition().version == 0

    in_a_process()(VIEW)

    assert not folder.exists()


def test_so_much_room_and_no_more_and_what_was_not_asked_for_longest_makes_it(folder: pathlib.Path) -> None:
    held = Folder(folder, most_bytes=1_000_000, key=KEY)
    first = Name(NAME.edition, "first")
    for number in range(100):
        held.write(first if number == 0 else Name(NAME.edition, str(number)), 20_000 * b"x")
        assert held.read(first) == 20_000 * b"x"
        assert sum(path.stat().st_size for path in files(folder)) <= 1_000_000

    left = {path.name for path in files(folder)}
    assert {"first", "99"} <= left
    assert "1" not in left
    assert not held.write(Name(NAME.edition, "whole"), 200_000 * b"x"), "one answer is not to drive out all others"


def test_an_edition_goes_when_there_is_a_newer_one_and_nobody_reads_it_any_more(folder: pathlib.Path) -> None:
    names = [Name(f"edition-{number:032}", "figure") for number in range(3)]
    held = Folder(folder, most_bytes=1_000_000, key=KEY)
    foreign = folder / "not ours" / "file"
    foreign.parent.mkdir(parents=True)
    foreign.write_text("stays", encoding="utf-8")
    for name in names[:2]:
        held.write(name, "an answer")
        os.utime(folder / name.edition, (0, 0))
    held.read(names[1])
    held.write(names[2], "an answer")

    assert [held.read(name) for name in names] == [NOTHING, "an answer", "an answer"]
    assert foreign.exists()


@pytest.mark.parametrize(("refused", "told"), [(PermissionError("not yours"), 1), (FileNotFoundError("gone"), 0)])
def test_an_edition_that_stays_is_told_of_once_unless_another_process_has_just_taken_it_away(
    refused: OSError, told: int, folder: pathlib.Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    held = Folder(folder, most_bytes=1_000_000, key=KEY)
    old, *newer = (Name(f"edition-{number:032}", "figure") for number in range(3))
    held.write(old, "an answer")

    def refuse(_path: str) -> None:
        raise refused

    monkeypatch.setattr("pages.ui.kept_on_disk.shutil.rmtree", refuse)
    for name in newer:
        os.utime(folder / old.edition, (0, 0))
        assert held.write(name, "an answer")

    assert [held.read(name) for name in newer] == ["an answer"] * 2
    assert caplog.text.count("cannot be taken away") == told


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS])
def test_a_disk_that_is_full_or_takes_no_writes_is_told_of_once_and_harms_nobody(
    number: int,
    register: sa.Engine,
    folder: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    in_a_process()(VIEW)

    def refuse(*_given: Any, **_named: Any) -> None:
        raise OSError(number, os.strerror(number))

    for name in ("replace", "utime"):
        monkeypatch.setattr(f"pages.ui.kept_on_disk.os.{name}", refuse)

    assert in_a_process()(VIEW)["n"].to_list() == [1], "what is there is read"
    for day in (1, 2):
        assert in_a_process()(VIEW.on(dt.date(2025, 1, day)))["n"].to_list() == [1 + day]
    assert len(files(folder)) == 1, "nothing half written is left"
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert os.strerror(number) in caplog.text


def test_a_folder_that_cannot_be_made_harms_nobody(
    register: sa.Engine, folder: pathlib.Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder.write_text("a file stands there", encoding="utf-8")

    assert in_a_process()(VIEW)["n"].to_list() == [1]
    assert caplog.text.count("figures on disk") == 2


def test_what_is_read_is_what_was_written(folder: pathlib.Path) -> None:
    held = Folder(folder, most_bytes=1 << 20, key=KEY)
    frame = pl.DataFrame(
        {"text": ["Đà Nẵng", None], "share": [0.1 + 0.2, float("nan")], "day": [AS_OF, None]},
        schema_overrides={"text": pl.Categorical},
    )
    held.write(NAME, {"frame": frame, "rules": Rules()})

    found = held.read(NAME)

    assert found["frame"].equals(frame)
    assert found["frame"].schema == frame.schema
    assert found["rules"] == Rules()


def test_after_a_restart_pages_read_what_they_are_made_of_from_disk(
    shown_store: sa.Engine, visit: Visit, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def seen(page: str) -> str:
        for rows in (True, False):
            kept_module._answers(rows=rows).clear()
        kept_module._sections().clear()
        opened = visit(page)
        assert not opened.exception
        return repr(opened.main)

    pages = ("", "scorecard", "survival", "reliability")
    before = [seen(page) for page in pages]
    worked: list[str] = []
    for name in ("read_register", "read_rules"):
        monkeypatch.setattr(loaders, name, lambda *_, name=name: worked.append(name))

    assert [seen(page) for page in pages] == before
    assert min(map(len, before)) > 1_000
    assert worked == []
    assert [record.message for record in caplog.records if record.name == kept_on_disk.__name__] == []
