"""What is behind a sentence, from the command line."""

from __future__ import annotations

import pytest

from tests.cli.test_manage import Runner
from tests.cli.test_samples import run

__all__ = ["run"]  # a fixture, which pytest finds by its name here


def test_a_code_returns_its_query_and_rows(run: Runner) -> None:
    agreements = run("agreements", "--as-of", "2025-12-01", "--flag", "signed", "--format", "json").json()

    told = run("explain", "q-nsigned-all-251201", "--format", "json").json()

    assert told["agreements"] == sorted(row["ref"] for row in agreements)
    assert (told["value"], told["statistic"], told["as_of"]) == (len(agreements), "signed", "2025-12-01")
    assert told["compared_with"] == "2025-09-01"
    assert len(told["sha256"]) == 64
    told = run("explain", "Q-NSIGNED-ALL-251201", "--language", "vi").out
    assert "statistic: signed" in told
    assert "says: Đã ký" in told


@pytest.mark.parametrize("code", ["", "Q-NOTHING-ALL-251201", "A.NOBODY-K02-ALL-251201", "Z-START-ALL-251201", "Q-x"])
def test_a_code_that_stands_for_nothing_is_answered_in_one_line(run: Runner, code: str) -> None:
    found = run("explain", code)

    assert found.status == 2
    assert len(found.err.splitlines()) == 1
