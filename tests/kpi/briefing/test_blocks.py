"""Blocks refuse to be wrong, and say the same whoever draws them."""

from __future__ import annotations

import dataclasses
import datetime as dt

import polars as pl
import pytest

from kpi.briefing.blocks import (
    Block,
    Break,
    Briefing,
    Chart,
    Column,
    Figure,
    Kept,
    Listed,
    Phrase,
    Quantity,
    Reader,
    Sentence,
    SentenceKind,
    Source,
    Table,
    say,
)
from kpi.briefing.codes import Code
from words import in_language

DAY = dt.date(2026, 1, 14)
SOURCE = Source("is_stalled", "agreements", "is_stalled", DAY, refs=("A-1", "A-2"))
FRAME = pl.DataFrame(
    {
        "ref": ["A-1"],
        "title_vi": ["Nghề cá"],
        "title_en": [""],
        "days": [1200],
        "started": [None],
        "severity": ["severe"],
    },
    schema_overrides={"started": pl.Boolean},
)


def code(topic: str = "STALLED", subject: str = "ALL") -> Code:
    return Code("Q", topic, subject, DAY)


def sentence(topic: str = "STALLED", n: int = 2) -> Sentence:
    return Sentence(code(topic), SentenceKind.STANDING, Phrase.of("common.rows", n=n), SOURCE)


def briefing(*blocks: Block, **other: object) -> Briefing:
    made = Briefing(
        "quarterly", None, Phrase("common.title"), Reader("leader"), Kept("Sổ", "Register"), DAY, None, 7, "abc",
        is_demo=True, blocks=blocks or (Break("start", sentence()),),
    )  # fmt: skip
    return dataclasses.replace(made, **other)  # type: ignore[arg-type]


# --- Codes -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "written", ["Q-STALLED-ALL-260114", "A.BXD-K05-BXD-260114-K260201", "V.JP-OWED-JP-260114", "T-YEARS-ALL-251231"]
)
def test_a_code_is_read_back_as_it_was_written(written: str) -> None:
    assert str(Code.read(f" {written.lower()} ")) == written


@pytest.mark.parametrize(
    "typed", ["", "STALLED", "Q-STALLED-BXD", "Q-STALLED-BXD-269999", "Q-x;y-ALL-260114", "Q" * 9999]
)
def test_what_is_no_code_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match=r"code|format|range|unconverted"):
        Code.read(typed)


# --- Blocks ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"value": 101.0, "low": 10.0, "high": 20.0}, "outside its interval"),
        ({"value": float("nan")}, "not a number"),
        ({"change": 2.0}, "a change since no day"),
        ({"denominator": -1}, "of less than none"),
        ({"light": "blue"}, "no light blue"),
        ({"unit": "euro"}, "no unit euro"),
    ],
)
def test_a_figure_refuses_what_cannot_be(wrong: dict[str, object], said: str) -> None:
    good = Figure(code(), Phrase("common.title"), 15.0, "percent", SOURCE, low=10.0, high=20.0)

    with pytest.raises(ValueError, match=said):
        dataclasses.replace(good, **wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "column",
    [
        Column("nothing", "common.title"),
        Column("title", "common.title", "date"),
        Column("days", "common.title", "percent"),
        Column("severity", "common.title", "code"),
        Column("ref", "common.title", of="agency"),
    ],
)
def test_a_table_refuses_a_column_that_its_frame_has_not(column: Column) -> None:
    with pytest.raises(ValueError, match=r"column|nothing else"):
        Table(code(), Phrase("common.title"), FRAME, (column,), SOURCE)


def test_cells_are_written_in_the_reader_s_language() -> None:
    columns = (
        Column("ref", "common.title"),
        Column("title", "common.title", "title"),
        Column("days", "common.title", "days"),
        Column("started", "common.title", "flag"),
        Column("severity", "common.title", "code", of="severity"),
    )
    table = Table(code(), Phrase("common.title"), FRAME, columns, SOURCE)

    with in_language("en"):
        assert table.cells() == [["A-1", "Nghề cá", "1,200 days", "", "Severe"]]
    assert [column.alignment for column in columns] == ["left", "left", "right", "left", "left"]


def test_a_chart_refuses_to_be_drawn_from_what_is_not_there() -> None:
    for kind in ("ranges", "stacked", "tiles"):
        with pytest.raises(ValueError, match="without what they are drawn from"):
            Chart(
                code(), kind, Phrase("common.title"), Phrase("common.title"), FRAME,
                Column("ref", "common.title"), Column("days", "common.title", "days"), SOURCE,
            )  # fmt: skip


# --- A briefing ------------------------------------------------------------------------------------------------------


def test_a_briefing_begins_with_a_break_and_names_nothing_twice() -> None:
    start = Break("start", sentence())

    with pytest.raises(ValueError, match="begins with a break"):
        briefing(sentence())
    with pytest.raises(ValueError, match="screens named twice: start"):
        briefing(start, Break("start", sentence("OVERDUE")))
    with pytest.raises(ValueError, match="codes named twice: Q-STALLED-ALL-260114"):
        briefing(start, sentence())


def test_blocks_belong_to_the_break_before_them() -> None:
    made = briefing(Break("a", sentence()), sentence("ONE"), Break("b", sentence("TWO")), sentence("THREE"))

    told = [(begins.name, [block.code.topic for block in held]) for begins, held in made.screens()]

    assert told == [("a", ["ONE"]), ("b", ["THREE"])]
    assert made.find(Code.read("Q-THREE-ALL-260114")) is made.blocks[-1]


def test_the_hash_is_of_what_is_said_and_of_nothing_else() -> None:
    same, other = briefing(), briefing(Break("start", sentence(n=3)))

    with in_language("en"):
        assert same.sha256 == briefing().sha256
    with in_language("vi"):
        assert same.sha256 == briefing().sha256
    assert len({same.sha256, other.sha256, briefing(data_version=8).sha256, briefing(known_on=DAY).sha256}) == 4


def test_phrases_are_said_in_the_reader_s_language_with_plurals() -> None:
    said = Phrase.of("common.rows", n=1), Listed(("A", "B", "C")), Quantity(12.34, "percent", 1), Quantity(None), DAY

    with in_language("en"):
        assert [say(value) for value in said] == ["1 row", "A, B and C", "12.3%", "not available", "14 Jan 2026"]
    with in_language("vi"):
        assert [say(value) for value in said] == ["1 dòng", "A, B và C", "12,3%", "chưa có số liệu", "14/01/2026"]
