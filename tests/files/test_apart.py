"""Reading in a process of its own: the same cells, and a clear problem where a file takes too much or its process ends."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import pytest
import xlsxwriter

from files import FileProblem, Form, Grid, Heading, Limits, apart, reading

GOOD = b"ref,title\nA-1,one\n"


def workbook(*rows: Sequence[str]) -> bytes:
    data = io.BytesIO()
    with xlsxwriter.Workbook(data) as book:
        sheet = book.add_worksheet("lists")
        sheet.write_row(0, 0, ["other"])
        sheet = book.add_worksheet("data")
        for number, cells in enumerate(rows):
            sheet.write_row(number, 0, cells)
    return data.getvalue()


def codes(found: Grid | list[FileProblem]) -> list[str]:
    assert isinstance(found, list), found
    return [problem.code for problem in found]


@pytest.mark.parametrize(
    ("data", "name", "form"),
    [
        (GOOD, "a.csv", Form()),
        ("số;tên\n1;Đường sắt\n2\n".encode("utf-16"), "a.csv", Form(keeps_blank_rows=True)),
        (b'ref,title\nA-1,"one\n', "a.csv", Form()),
        (b"ref\n\xff", "a.csv", Form(encoding="klingon")),
        (workbook(["ref", "title"], ["A-1", "=1+1"], ["A-2", "\U0001f600"]), "a.xlsx", Form()),
        (workbook(["ref"]), "a.xlsx", Form(sheet="no such")),
        (workbook(["ref"])[:-50], "a.xlsx", Form()),
    ],
)
def test_the_answer_is_that_of_reading_here(data: bytes, name: str, form: Form) -> None:
    heading = Heading(lambda cells: cells.count("ref"), lambda cells: "ref" in cells)

    apart_from_here = apart.read(data, name, form=form, heading=heading)

    assert apart_from_here == reading.read(data, name, form=form, limits=Limits(), heading=heading)


@pytest.mark.slow
def test_a_file_that_would_fill_the_memory_is_stopped_in_its_own_process() -> None:
    """One long text that twenty thousand rows refer to: 165 KB, and more than a gigabyte of cells."""
    long = "x" * 32_000
    bomb = workbook(["ref", "title"], *[(long, long)] * 20_000)
    assert len(bomb) < 200_000

    found = apart.read(
        bomb, "a.xlsx", limits=Limits(characters_a_byte=1_000), heading=Heading(is_ours=lambda cells: "ref" in cells)
    )

    assert codes(found) == ["needs_memory"]
    assert isinstance(apart.read(GOOD, "a.csv"), Grid)


def test_a_file_that_takes_too_long_is_stopped() -> None:
    assert codes(apart.read(GOOD, "a.csv", limits=Limits(seconds=0.001))) == ["needs_time"]


@pytest.mark.parametrize("ends", ["import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "raise SystemExit(1)"])
def test_a_process_that_ends_without_an_answer_is_a_clear_problem(ends: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "COMMAND", (sys.executable, "-c", ends))

    assert codes(apart.read(GOOD * 100_000, "a.csv")) == ["reading_stopped"]


def test_a_process_that_ended_before_it_was_sent_anything_is_a_clear_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few bytes wait on this side until they are sent, and go on waiting when that fails."""

    class Ended(subprocess.Popen[bytes]):
        def __init__(self, *said: Any, **how: Any) -> None:
            super().__init__(*said, **how)
            self.wait()

    monkeypatch.setattr(apart, "COMMAND", (sys.executable, "-c", ""))
    monkeypatch.setattr(subprocess, "Popen", Ended)

    assert codes(apart.read(GOOD, "a.csv")) == ["reading_stopped"]


def test_the_process_stands_back_for_everybody_else_s_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[int] = []
    niceness: list[int] = []

    class Noted(subprocess.Popen[bytes]):
        def __init__(self, *said: Any, **how: Any) -> None:
            super().__init__(*said, **how)
            started.append(self.pid)

    def ask(cells: Sequence[str]) -> int:
        niceness.append(os.getpriority(os.PRIO_PROCESS, started[0]))
        return 1

    monkeypatch.setattr(subprocess, "Popen", Noted)
    apart.read(GOOD, "a.csv", heading=Heading(known=ask))

    assert set(niceness) == {min(os.getpriority(os.PRIO_PROCESS, 0) + 10, 19)}


def test_a_process_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "COMMAND", (sys.executable, "-c", "import time; time.sleep(600)"))

    assert codes(apart.read(GOOD, "a.csv", limits=Limits(seconds=0.2))) == ["needs_time"]


def test_an_answer_is_not_longer_than_a_file_may_unfold() -> None:
    assert codes(apart.read(b"ref\n" + b"1\n" * 1_200, "a.csv", limits=Limits(bytes=2500, unfolded_bytes=10_000))) == [
        "unfolds_too_large"
    ]


def test_what_a_callback_raises_is_raised_and_leaves_no_process() -> None:
    def fail(cells: Sequence[str]) -> int:
        raise LookupError("ours")

    with pytest.raises(LookupError, match="ours"):
        apart.read(GOOD, "a.csv", heading=Heading(known=fail))


def test_the_process_is_given_no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APP_SECRET", "x" * 40)
    shown = "import os, sys; sys.exit(0 if 'APP_SECRET' in os.environ else print('[\"problems\", [\"file_empty\"]]'))"
    monkeypatch.setattr(apart, "COMMAND", (sys.executable, "-c", shown))

    assert codes(apart.read(b"", "a.csv")) == ["file_empty"]
