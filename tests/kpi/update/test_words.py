"""The words of uploads: recognised as the screens write them, and complete for everything that can go wrong."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

import words
from kpi.names import squeezed
from kpi.update import Problem, columns, message, template
from kpi.update.choices import CLEAR, FIXED_LISTS
from kpi.update.problems import CODES
from tests.kpi.update.samples import current
from words import catalogs

KIND_OF_TERM = {"state": "state", "scope": "scope", "cause": "cause", "severity": "severity", "authority": "authority"}


@pytest.mark.parametrize(("choices", "kind"), KIND_OF_TERM.items())
@pytest.mark.parametrize("language", ["vi", "en"])
def test_choices_are_called_what_the_screens_call_them(choices: str, kind: str, language: str) -> None:
    with words.in_language(language):
        shown = {choice.code: words.t(f"terms.{kind}.{choice.code}") for choice in FIXED_LISTS[choices]}

    assert {choice.code: choice.name(language) for choice in FIXED_LISTS[choices]} == shown


@pytest.mark.parametrize("choices", FIXED_LISTS)
def test_no_two_choices_of_a_list_share_a_spelling(choices: str) -> None:
    rows = [(choice.code, spelling) for choice in FIXED_LISTS[choices] for spelling in choice.spellings]
    forms = pl.DataFrame(rows, schema=["code", "spelling"], orient="row").with_columns(squeezed(pl.col("spelling")))

    assert forms.group_by("spelling").agg(pl.col("code").n_unique()).filter(pl.col("code") > 1).is_empty()


@pytest.mark.parametrize("language", words.languages())
def test_the_form_says_how_days_are_written_and_by_which_word_a_cell_is_emptied(language: str) -> None:
    problem = Problem("date_range", params={"first": dt.date(2025, 1, 31), "last": dt.date(987, 12, 1)})

    with words.in_language(language):
        emptied = words.t("intake.clear_word")

    assert emptied in CLEAR
    written = problem.placeholders(language)
    assert (written["first"], written["last"]) in [("31/01/2025", "01/12/0987"), ("2025-01-31", "0987-12-01")]


def test_every_header_means_one_column() -> None:
    assert set(columns.spellings().values()) == set(columns.CODES)


@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_problem_has_words(language: str) -> None:
    params = {**dict.fromkeys(PARAMS, "?"), "kind": "quotes"}
    with words.in_language(language):
        for code in sorted(CODES):
            problem = Problem(code, row=3, column="state", value="x", params=params, suggestion="y")
            told = [message(problem, say=words.t, language=language), words.t(f"intake.kind_{code}")]

            assert not any("intake." in text or "{" in text for text in told), told


PARAMS = (
    *(
        "after",
        "allowed",
        "batch",
        "day",
        "years",
        "back_to",
        "before",
        "columns",
        "count",
        "earliest",
        "encoding",
        "expected",
        "found",
    ),
    *("headers", "known", "latest", "length", "most", "other", "other_row", "place", "ref", "sign", "signed", "starts"),
)


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_template_speaks_the_language(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogs, "_missing_is_error", True)
    with words.in_language(language):
        data = template(current(), language=language, format="xlsx", say=words.t)

    assert data.startswith(b"PK")


def test_a_message_says_where_what_and_what_to_write_instead() -> None:
    problem = Problem("date_impossible", row=14, column="signed_on", value="31/02/2024", suggestion="2024-02-29")

    with words.in_language("en"):
        text = message(problem, say=words.t, language="en")

    assert text == (
        "Row 14, column “Signed on”: There is no such day as “31/02/2024”. "
        "Write it again, as day/month/year. Did you mean: 2024-02-29?"
    )
