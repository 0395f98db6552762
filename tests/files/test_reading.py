"""The one set of rules for files: what tells a delimiter, a line end, a sheet, and what is refused whoever sends it."""

from __future__ import annotations

import datetime as dt
import io
import subprocess
import sys

import pytest
import xlsxwriter

import words
from files import CODES, FileProblem, Form, Grid, Heading, Limits, reading
from seed_data.mapping.problems import MappingProblem

REFS = Heading(lambda cells: sum(cell in ("ref", "title") for cell in cells), lambda cells: "ref" in cells)


def read(data: bytes | str, form: Form | None = None, heading: Heading = REFS, name: str = "a.csv") -> Grid:
    found = outcome(data, form, heading, name)
    assert isinstance(found, Grid), found
    return found


def outcome(
    data: bytes | str, form: Form | None = None, heading: Heading = REFS, name: str = "a.csv"
) -> Grid | list[FileProblem]:
    content = data.encode() if isinstance(data, str) else data
    return reading.read(content, name, form=form or Form(), limits=Limits(), heading=heading)


def refused(data: bytes | str, form: Form | None = None, heading: Heading = REFS) -> list[tuple[str, int | None]]:
    found = outcome(data, form, heading)
    assert isinstance(found, list), found
    return [(problem.code, problem.row) for problem in found]


# --- CSV -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_a_delimiter_is_told_by_the_names_it_parts(delimiter: str) -> None:
    grid = read(f"ref{delimiter}title\nA-1{delimiter}a,b;c\n")

    assert (grid.delimiter, grid.rows[0]) == (delimiter, (1, ["ref", "title"]))


def test_known_names_count_more_than_the_number_of_cells() -> None:
    assert read("ref;title;a,b,c,d,e\nA;B;C\n").delimiter == ";"
    assert read("ref;title;a,b,c,d,e\n", heading=Heading()).delimiter == ","


def test_two_delimiters_that_do_equally_well_are_not_guessed() -> None:
    assert refused("a;b,c\n1;2,3\n") == [("delimiter_unclear", 1)]
    assert read("a;b,c\n1;2,3\n", Form(delimiter=",")).rows[1] == (2, ["1;2", "3"])


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ('ref,title\nA-1,say "x"\n', 2),
        ('ref,title\nA-1, "x"\n', 2),
        ('ref,title\nA-1,"x"y\n', 2),
        ('ref,title\n"A\n1",x\nA-2,"y\n', 3),
        ('ref,title\n"A-1,x\nA-2,"y"\n', 2),
    ],
)
def test_a_quotation_mark_out_of_place_is_named_with_its_row(text: str, row: int) -> None:
    assert refused(text) == [("quotes", row)]


def test_quotation_marks_in_place_are_read() -> None:
    assert read('ref,"ti""tle"\r\n"A,""1""","""\r"""\r\n').rows == [(1, ["ref", 'ti"tle']), (2, ['A,"1"', '"\r"'])]


def test_a_carriage_return_ends_rows_alone_or_not_at_all() -> None:
    assert read("ref,title\rA-1,x\r").rows[1] == (2, ["A-1", "x"])
    assert refused("ref,title\nA-1,x\rA-2,y\n") == [("line_end", 2)]


def test_rows_above_the_heading_are_not_read_and_blank_ones_only_where_asked() -> None:
    text = "a list;of 2024\n\nref,title\n\nA-1,x\n\n\n"

    assert read(text, Form(header_row=3)).rows == [(3, ["ref", "title"]), (5, ["A-1", "x"])]
    assert [row for row, _ in read(text, Form(header_row=3, keeps_blank_rows=True)).rows] == [3, 4, 5]


# --- XLSX ------------------------------------------------------------------------------------------------------------


def workbook() -> bytes:
    data = io.BytesIO()
    with xlsxwriter.Workbook(data, {"default_date_format": "dd/mm/yyyy"}) as book:
        first, second, hidden = (book.add_worksheet(name) for name in ("first", "second", "hidden"))
        first.merge_range(0, 0, 0, 1, "A list")
        first.write_formula(1, 0, "=1+1")
        first.write_row(2, 0, ["nr", "day"])
        first.write_row(3, 0, [7, dt.date(2024, 2, 29)])
        first.write_row(4, 0, [8, "2024-02-29"])
        second.write_row(0, 0, ["ref", "title"])
        hidden.write_row(0, 0, ["ref", "hidden"])
        hidden.hide()
    return data.getvalue()


def test_a_sheet_is_told_by_its_name_or_its_heading_else_it_is_the_first() -> None:
    assert read(workbook()).rows == [(1, ["ref", "title"])]
    assert read(workbook(), Form(sheet="hidden")).rows == [(1, ["ref", "hidden"])]
    assert read(workbook(), Form(header_row=3), Heading()).rows[0] == (3, ["nr", "day"])
    assert refused(workbook(), Form(sheet="third")) == [("sheet_missing", None)]


def test_what_stands_above_the_heading_of_a_sheet_does_no_harm() -> None:
    assert refused(workbook(), Form(sheet="first", header_row=1)) == [("merged_cells", None)]
    assert [fault.row for fault in read(workbook(), Form(sheet="first", header_row=2)).faults] == [2]
    assert read(workbook(), Form(sheet="first", header_row=3)).faults == []


def test_a_date_can_be_told_from_a_typed_day_where_asked() -> None:
    typed = read(workbook(), Form(sheet="first", header_row=3)).rows[1:]
    told = read(workbook(), Form(sheet="first", header_row=3, keeps_midnight=True)).rows[1:]

    assert typed == [(4, ["7", "2024-02-29"]), (5, ["8", "2024-02-29"])]
    assert told == [(4, ["7", "2024-02-29 00:00:00"]), (5, ["8", "2024-02-29"])]


# --- The room --------------------------------------------------------------------------------------------------------


def test_its_process_loads_nothing_but_the_standard_library() -> None:
    loaded = "import sys, files.apart; print(*{name.split('.')[0] for name in sys.modules} - sys.stdlib_module_names)"

    told = subprocess.run([sys.executable, "-ESsc", loaded], capture_output=True, check=True, text=True)

    assert set(told.stdout.split()) <= {"files", "__main__"}


@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_problem_has_words_for_those_who_meet_it(language: str) -> None:
    params = dict.fromkeys(("count", "encoding", "expected", "found", "known", "length", "most", "sign"), "?")
    with words.in_language(language):
        for code in CODES:
            text = words.t(MappingProblem("own.csv", code).key, value="x", row=1, **params)

            assert "{" not in text
            assert text != MappingProblem("own.csv", code).key
