"""A register of one's own, loaded through a mapping: nothing guessed, nothing lost, every problem named."""

from __future__ import annotations

import csv
import datetime as dt
import functools
import io
import re
import unicodedata
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa
import xlsxwriter
from babel.messages.pofile import read_po
from hypothesis import assume, given
from hypothesis import strategies as st
from sqlmodel import select

import words
from data_access import audit, store
from data_access.register import read_data_version, read_register
from data_access.store import models
from files import Form, reading
from files.text import FORBIDDEN
from kpi.register import MADE_HERE, RECORDS
from seed_data import reference
from seed_data.mapping import build
from seed_data.mapping.build import RegisterFrames
from seed_data.mapping.declaration import FIELD_KINDS
from seed_data.mapping.parse import parse
from seed_data.mapping.problems import MappingError, MappingProblem, in_words
from seed_data.mapping.source import ROW, read_table
from seed_data.store import StoreInUseError, fill, folded_from

ROOT = Path(__file__).resolve().parents[2]


@functools.cache
def lists() -> dict[str, pl.DataFrame]:
    return reference.frames()


REGISTER = """
[register]
code = "own"
name_vi = "Danh mục của tôi"
name_en = "My register"
data_date = 2025-06-30
source = "my desk"
licence = "internal"
scope = "HIGH_LEVEL"
"""

MAPPING = (
    REGISTER
    + """
[dates.signed]
column = "Ngày ký"
formats = ["%d/%m/%Y"]
[dates.done]
column = "Hoàn thành"

[fields]
ref = { column = "Số" }
title_vi = { column = "Tên" }
responsible_agency = { column = "Cơ quan" }

[[events]]
state = "SIGNED"
date = "signed"
[[events]]
state = "COMPLETED"
date = "done"
"""
)
HEADER = "Số,Tên,Cơ quan,Ngày ký,Hoàn thành"


def mapped(text: str | bytes, mapping: str = MAPPING) -> RegisterFrames:
    """The file through the mapping, read in this process: `tests.files` and `tests.cli` read in one of its own."""
    data = text.encode() if isinstance(text, str) else text
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build, "read_table", functools.partial(read_table, reader=reading.read))
        return build.map_register(data, mapping.encode(), file="own.csv", mapping_file="own.toml", lists=lists())


def problems_of(text: str | bytes, mapping: str = MAPPING) -> list[MappingProblem]:
    with pytest.raises(MappingError) as caught:
        mapped(text, mapping)
    return said(caught.value)


def said(error: MappingError) -> list[MappingProblem]:
    """The problems of a refusal, each of which must have words in both languages that fill every placeholder."""
    for language in ("vi", "en"):
        with words.in_language(language):
            for problem in error.problems:
                text = in_words(problem, words.t)
                assert text.startswith(problem.file)
                assert not re.search(r"(mapping|files)\.[a-z]", text)
    return list(error.problems)


def workbook(rows: list[list[Any]], *, first_row: int = 0, sheet: str = "Sheet1") -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True, "default_date_format": "dd/mm/yyyy"}) as book:
        written = book.add_worksheet(sheet)
        for place, row in enumerate(rows, start=first_row):
            for column, cell in enumerate(row):
                if isinstance(cell, str) and cell.startswith("=ERROR"):
                    written.write_formula(place, column, "=1/0", None, "#DIV/0!")
                elif cell is not None:
                    written.write(place, column, cell)
    return buffer.getvalue()


# --- Reading the file ------------------------------------------------------------------------------------------------

CELLS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cf", "Cs", "Zl", "Zp"]), max_size=12)
LINES = st.sampled_from(["", "\n", '"', ",", ";", "a\nb", 'say "x"', "tab\there", "x\r\ny"])


@given(
    st.lists(st.lists(CELLS | LINES, min_size=3, max_size=3), min_size=1, max_size=12),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_every_cell_of_a_csv_comes_back(rows: list[list[str]], delimiter: str, line_end: str, encoding: str) -> None:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, delimiter=delimiter, lineterminator=line_end).writerows([["a", "b", "c"], *rows])
    assume(not pl.select(pl.lit(buffer.getvalue()).str.contains(FORBIDDEN)).item())

    table = read_table(
        buffer.getvalue().encode(encoding), name="x.csv", form=Form(keeps_blank_rows=True), reader=reading.read
    )

    expected = pl.DataFrame(rows, schema=dict.fromkeys("abc", pl.String), orient="row")
    assert table[ROW].to_list() == list(range(2, len(rows) + 2))
    tidied = expected.with_columns(pl.all().str.normalize("NFC").str.strip_chars())
    assert table.drop(ROW).equals(tidied)


@given(
    st.lists(st.lists(CELLS | LINES, min_size=3, max_size=3), min_size=1, max_size=6),
    st.data(),
)
def test_a_damaged_csv_is_refused_or_read_as_the_standard_reads_it(rows: list[list[str]], data: st.DataObject) -> None:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\n").writerows([["a", "b", "c"], *rows])
    text = buffer.getvalue()
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(text)))
        text = text[:place] + data.draw(st.sampled_from(['"', ",", "\n", "\r", "x", '""', ""])) + text[place + 1 :]

    try:
        form = Form(delimiter=",", keeps_blank_rows=True)
        table = read_table(text.encode(), name="x.csv", form=form, reader=reading.read)
    except MappingError:
        return

    strict = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    while strict and not strict[-1]:
        strict.pop()
    assert [column.strip() for column in strict[0]] == table.columns[:-1]
    expected = pl.DataFrame(strict[1:], schema=dict.fromkeys(table.columns[:-1], pl.String), orient="row")
    assert table.drop(ROW).equals(expected.with_columns(pl.all().str.normalize("NFC").str.strip_chars()))


@pytest.mark.parametrize(
    ("data", "code", "row"),
    [
        (b"", "file_empty", None),
        (b"\n\n", "file_empty", None),
        (b"a,b\n1,2\n3\n", "row_width", 3),
        (b"a,b\n1,2,3\n", "row_width", 2),
        (b"a,b\n\n1,2\n", "row_width", 2),
        (b'a,b\n"1\n2",3\n4,"5\n', "quotes", 3),
        (b'a,b\n1,x"y"\n', "quotes", 2),
        (b'a,b\n1,"x"y\n', "quotes", 2),
        (b"a,b\n1,2\r3,4\n", "line_end", 2),
        (b"a,b\n1,\xe1\n", "not_unicode", 2),
        (b"\xff\xfea\x00,\x00b\x00\n\x00\x00\xd8", "not_unicode", 2),
        (b"a;b,c\n1;2,3\n", "delimiter_unclear", 1),
        (b"a,a\n1,2\n", "header_twice", 1),
        (b"a,\n1,2\n", "header_empty", 1),
        (b"a,b\n1,x\x00y\n", "invisible_character", 2),
        ("a,b\n1,x\u200by\n".encode(), "invisible_character", 2),
        (b"PK\x03\x04 this is no workbook", "file_broken", None),
    ],
)
def test_a_file_that_cannot_be_trusted_is_refused(data: bytes, code: str, row: int | None) -> None:
    with pytest.raises(MappingError) as caught:
        read_table(data, name="own.csv", form=Form(keeps_blank_rows=True), reader=reading.read)

    assert [(problem.file, problem.code, problem.row) for problem in said(caught.value)] == [("own.csv", code, row)]


def in_cp1258(text: str) -> bytes:
    """Text as Windows writes Vietnamese: letters with their shape, tones as marks after them."""
    written = []
    for sign in unicodedata.normalize("NFC", text):
        parts = unicodedata.normalize("NFD", sign)
        tones = "".join(mark for mark in parts if mark in "\u0300\u0301\u0303\u0309\u0323")
        shape = unicodedata.normalize("NFC", "".join(mark for mark in parts if mark not in tones))
        written.append(shape + tones)
    return "".join(written).encode("cp1258")


def test_an_encoding_named_in_the_mapping_is_used() -> None:
    text = f"{HEADER}\n1,Thỏa thuận,Bộ Y tế,01/02/2024,\n"

    register = mapped(in_cp1258(text), MAPPING + '[file]\nencoding = "cp1258"\n')

    assert register.agreements["title_vi"].to_list() == ["Thỏa thuận"]
    assert register.agreements["responsible_agency"].to_list() == ["BYT"]


def test_either_way_of_composing_letters_is_the_same_column() -> None:
    text = f"{HEADER}\n1,Thỏa thuận,Bộ Y tế,01/02/2024,\n"

    apart = mapped(unicodedata.normalize("NFD", text), MAPPING)
    other = mapped(text, unicodedata.normalize("NFD", MAPPING))

    assert apart.agreements["title_vi"].to_list() == other.agreements["title_vi"].to_list() == ["Thỏa thuận"]


def test_rows_are_numbered_as_a_spreadsheet_shows_them() -> None:
    text = f'{HEADER}\n1,"two\nlines",BYT,01/02/2024,\n2,x,BYT,31/02/2024,\n'

    found = problems_of(text)

    assert [(problem.row, problem.column, problem.value) for problem in found] == [(3, "Ngày ký", "31/02/2024")]


def test_a_workbook_gives_texts_and_dates() -> None:
    header = ["Số", "Tên", "Cơ quan", "Ngày ký", "Hoàn thành"]
    data = workbook(
        [[], header, [7, "Bản ghi nhớ", "Bộ Y tế", dt.date(2024, 2, 29), None], [], [8, "x", "BYT", "01/03/2024"]]
    )

    register = mapped(data, MAPPING + "[file]\nheader_row = 2\n")

    assert register.agreements["ref"].to_list() == ["7", "8"]
    assert register.frames["StatusEvent"]["effective_on"].to_list() == [dt.date(2024, 2, 29), dt.date(2024, 3, 1)]


@pytest.mark.parametrize(
    ("rows", "code", "row", "column"),
    [
        ([["1", "x", "BYT", 45351, None]], "date_serial", 2, "Ngày ký"),
        ([["1", "x", "BYT", "2024-02-30", None]], "not_a_date", 2, "Ngày ký"),
        ([["1", "=ERROR", "BYT", None, None]], "formula", 2, "Tên"),
    ],
)
def test_a_workbook_s_doubtful_cells_are_named(rows: list[list[Any]], code: str, row: int, column: str) -> None:
    found = problems_of(workbook([["Số", "Tên", "Cơ quan", "Ngày ký", "Hoàn thành"], *rows]))

    assert [(problem.code, problem.row, problem.column) for problem in found] == [(code, row, column)]


def test_a_sheet_is_chosen_by_name() -> None:
    data = workbook([["Số", "Tên", "Cơ quan", "Ngày ký", "Hoàn thành"], ["1", "x", "", "", ""]], sheet="2025")

    assert mapped(data, MAPPING + '[file]\nsheet = "2025"\n').agreements.height == 1
    assert [problem.code for problem in problems_of(data, MAPPING + '[file]\nsheet = "2024"\n')] == ["sheet_missing"]


# --- The mapping itself ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "code", "column"),
    [
        (("code = ", "code == "), "toml_syntax", None),
        (('licence = "internal"', ""), "key_missing", "register.licence"),
        (("data_date = 2025-06-30", 'data_date = "30/06/2025"'), "wrong_type", "register.data_date"),
        (('scope = "HIGH_LEVEL"', 'scope = "high"'), "unknown_code", "register.scope"),
        (('title_vi = { column = "Tên" }', ""), "key_missing", "fields.title_vi"),
        (('title_vi = { column = "Tên" }', 'title_vi = { colum = "Tên" }'), "unknown_key", "fields.title_vi.colum"),
        (('title_vi = { column = "Tên" }', "title_vi = {}"), "column_or_constant", "fields.title_vi"),
        (('formats = ["%d/%m/%Y"]', 'formats = ["%d/%m"]'), "date_format", "dates.signed.formats"),
        (('state = "SIGNED"', 'state = "DONE"'), "unknown_code", "events[1].state"),
        (('date = "signed"', 'date = "sigend"'), "unknown_date", "events[1].date"),
        (('date = "signed"', ""), "key_missing", "events[1].date"),
        (('date = "signed"', 'date = "signed"\nwhen = { column = "Tên" }'), "condition_unclear", "events[1].when"),
        (("[dates.done]", "[dates.data_date]"), "date_name_taken", "dates.data_date"),
        (("[[events]]", "[[event]]"), "unknown_key", "event"),
        (('scope = "HIGH_LEVEL"', 'scope = "HIGH_LEVEL"\nrecords = ["report"]'), "unknown_code", "register.records"),
        (('scope = "HIGH_LEVEL"', 'scope = "HIGH_LEVEL"\nrecords = { a = 1 }'), "wrong_type", "register.records"),
    ],
)
def test_a_mistake_in_a_mapping_is_named_by_its_key(change: tuple[str, str], code: str, column: str | None) -> None:
    with pytest.raises(MappingError) as caught:
        parse(MAPPING.replace(*change).encode(), name="own.toml")

    first = next(problem for problem in said(caught.value) if problem.code == code)
    assert (first.file, first.column) == ("own.toml", column)


def test_all_mistakes_of_a_mapping_come_at_once() -> None:
    broken = MAPPING.replace('licence = "internal"', "").replace('state = "SIGNED"', 'state = "DONE"')

    with pytest.raises(MappingError) as caught:
        parse(broken.encode(), name="own.toml")

    assert [problem.code for problem in caught.value.problems] == ["key_missing", "unknown_code"]


def test_columns_the_file_does_not_have_are_named_with_the_nearest() -> None:
    found = problems_of("Số,Tên,Co quan,Ngày ký,Hoàn thành\n1,x,BYT,,\n")

    assert [(problem.code, problem.row, problem.column) for problem in found] == [("column_missing", 1, "Cơ quan")]
    assert dict(found[0].params) == {"used_by": "fields.responsible_agency", "mapping": "own.toml", "near": "Co quan"}


# --- The store -------------------------------------------------------------------------------------------------------


def keep(engine: sa.Engine, register: RegisterFrames) -> None:
    with store.session(engine) as session:
        fill(session, actor="tests", register=register, origin="own.csv")


def test_a_register_is_stored_whole(engine: sa.Engine) -> None:
    register = mapped(
        f"{HEADER}\n1,a,EVN,01/02/2024,2025-01-01\n2,b,MPI,,\n", MAPPING + '[[partners]]\nconstant="JP"\n'
    )

    keep(engine, register)

    held = read_register(engine)
    assert held.agreements.select("id", "ref", "responsible_agency").rows() == [(1, "1", None), (2, "2", "BTC")]
    assert held.status_events.select("agreement_id", "state").rows() == [
        (1, "SIGNED"),
        (1, "COMPLETED"),
        (2, "PROPOSED"),
    ]
    assert held.agreement_partners.height == 2
    version = read_data_version(engine)
    assert version is not None
    assert (version.register_code, version.data_date, version.is_demo, version.version) == (
        "own",
        dt.date(2025, 6, 30),
        False,
        1,
    )
    assert audit.verify(engine) is None
    with store.session(engine, read_only=True) as session:
        assert [entry.action for entry in session.exec(select(models.AuditEntry))] == ["register.load"]


@pytest.mark.parametrize(
    ("declared", "off"),
    [
        ("", set()),
        ('records = ["targets", "progress"]', {"plans", "evidence", "reports", "blockers", "completion_days"}),
        ("records = []", set(RECORDS) - MADE_HERE),
    ],
)
def test_what_a_register_says_it_keeps_is_stored_with_it(engine: sa.Engine, declared: str, off: set[str]) -> None:
    register = mapped(
        f"{HEADER}\n1,a,BYT,01/02/2024,\n", MAPPING.replace("[dates.signed]", f"{declared}\n[dates.signed]", 1)
    )

    keep(engine, register)

    assert read_register(engine).not_kept == off == folded_from(register, lists()).not_kept


def test_a_store_holds_one_register(engine: sa.Engine) -> None:
    register = mapped(f"{HEADER}\n1,a,EVN,01/02/2024,\n")
    keep(engine, register)

    with pytest.raises(StoreInUseError) as caught:
        keep(engine, register)

    assert caught.value.code == "own"
    assert read_register(engine).agreements.height == 1


@pytest.mark.slow
def test_many_rows_are_mapped_without_a_loop() -> None:
    rows = 100_000
    body = "\n".join(f'{n},"title, {n}",Bộ Y tế,0{n % 9 + 1}/02/2024,2025-01-0{n % 9 + 1}' for n in range(rows))

    register = mapped(f"{HEADER}\n{body}\n")

    assert register.agreements.height == rows
    assert register.frames["StatusEvent"].height == 2 * rows
    assert register.agreements["responsible_agency"].unique().to_list() == ["BYT"]


# --- Words and documentation -----------------------------------------------------------------------------------------


def catalog(language: str) -> dict[str, str]:
    path = ROOT / "words" / "locale" / language / "mapping.po"
    with path.open("rb") as file:
        return {str(message.id): str(message.string) for message in read_po(file) if message.id}


def emitted() -> set[str]:
    sources = "".join(path.read_text() for path in (ROOT / "seed_data" / "mapping").glob("*.py"))
    problems = re.findall(r"(?:add|note|add_value|keep)\(\s*\"([a-z_]+)\"|\"([a-z_]+)\"(?= if found)", sources)
    passed = re.findall(r"(?:_refuse|add_to_mapping)\([^\n]*?\"([a-z_]+)\"", sources)
    return {code for pair in problems for code in pair if code} | set(passed)


def test_every_problem_has_words_in_both_languages() -> None:
    codes = emitted()

    assert {"undecodable", "not_a_date", "unknown_code", "column_missing", "toml_syntax"} <= codes
    for language in ("vi", "en"):
        words = catalog(language)
        assert [code for code in sorted(codes) if not words.get(f"mapping.{code}")] == []


def test_the_catalogs_of_both_languages_agree() -> None:
    vi, en = catalog("vi"), catalog("en")

    assert vi.keys() == en.keys()
    for key, text in vi.items():
        assert set(re.findall(r"\{(\w+)\}", text)) == set(re.findall(r"\{(\w+)\}", en[key])), key


def own_register_md() -> str:
    return (ROOT / "docs" / "own_register.md").read_text(encoding="utf-8")


def test_the_example_in_the_documentation_loads_its_own_table() -> None:
    document = own_register_md()
    mapping = document.split("```toml\n")[1].split("```")[0]
    table = [line.strip("|").split("|") for line in document.splitlines() if line.startswith("|")]
    header, _, *rows = ([cell.strip() for cell in cells] for cells in table[:4])

    register = mapped("".join(f"{','.join(row)}\n" for row in [header, *rows]), mapping)

    agreements = register.agreements.select("ref", "responsible_agency", "doc_type").rows()
    assert agreements == [("12/2024", "BCT", "MOU"), ("13/2024", "BYT", "MOU")]
    assert register.frames["AgreementPartner"]["partner"].to_list() == ["JP", "US"]
    assert register.frames["StatusEvent"].select("state", "effective_on", "date_known").rows() == [
        ("SIGNED", dt.date(2024, 3, 5), True),
        ("IN_PROGRESS", dt.date(2024, 3, 5), False),
        ("SIGNED", dt.date(2024, 4, 18), True),
        ("IN_PROGRESS", dt.date(2024, 4, 18), False),
        ("COMPLETED", dt.date(2025, 6, 30), False),
    ]
    assert register.frames["TargetDate"]["target_on"].to_list() == [dt.date(2026, 12, 31), dt.date(2025, 3, 31)]


def test_every_key_and_finding_is_documented() -> None:
    document = own_register_md()
    named = set(re.findall(r"`([a-z_]+)`", document))
    parts = set(re.findall(r"`\[+([a-z]+)", document))

    assert set(FIELD_KINDS) | set(RECORDS) - MADE_HERE <= named
    assert {key for key in catalog("en") if key.startswith("mapping.finding.")} == {
        f"mapping.finding.{code}" for code in re.findall(r"`([a-z_]+)`", document.split("## What is listed")[1])
    }
    assert parts >= {
        "register",
        "file",
        "fields",
        "dates",
        "partners",
        "coordinating",
        "events",
        "targets",
        "exchanges",
    }
