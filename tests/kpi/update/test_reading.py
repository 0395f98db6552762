"""Files: what is recognised, and what is refused with which words."""

from __future__ import annotations

import io
import subprocess
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
import xlsxwriter

from files import ENCODINGS, Limits, reading
from kpi.update import Problem, Table, read_table, table_of
from tests.kpi.update.samples import table

TEXT = "ref,progress\nA-1,Đã hợp tác với đối tác\n"


def refused(data: bytes, name: str = "tep.csv", **how: Any) -> list[tuple[str, int | None, str | None]]:
    outcome = read_table(data, name, reader=reading.read, **how)
    assert isinstance(outcome, list), outcome
    return [(problem.code, problem.row, problem.column) for problem in outcome if problem.blocking]


def read(data: bytes, name: str = "tep.csv", **how: Any) -> Table:
    outcome = read_table(data, name, reader=reading.read, **how)
    assert isinstance(outcome, Table), outcome
    return outcome


# --- CSV -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_unicode_with_any_delimiter_and_line_end(encoding: str, delimiter: str, line_end: str) -> None:
    found = read(TEXT.replace(",", delimiter).replace("\n", line_end).encode(encoding))

    assert found.frame.rows() == [(2, "A-1", "Đã hợp tác với đối tác")]
    assert found.delimiter == delimiter


def test_other_encodings_are_refused_and_read_when_chosen() -> None:
    text = "ref,progress\nA-1,Đường sắt nối hai nước, ưu tiên số 1 đồng ý\n".replace("nước, ", "nước ")
    written = {
        "viscii": subprocess.run(
            ["iconv", "-t", "VISCII"], input=text.encode(), capture_output=True, check=True
        ).stdout,
        "tcvn3": subprocess.run(["iconv", "-t", "TCVN"], input=text.encode(), capture_output=True, check=True).stdout,
        "utf-16": text.encode("utf-16"),
    }
    assert set(written) < set(ENCODINGS)

    assert refused(written["viscii"]) == [("not_unicode", 2, None)]
    assert refused(written["tcvn3"]) == [("not_unicode", 2, None)]
    for encoding, data in written.items():
        assert read(data, encoding=encoding).frame["progress"].to_list() == [
            "Đường sắt nối hai nước ưu tiên số 1 đồng ý"
        ]


def test_decomposed_bytes_of_windows_1258_are_composed() -> None:
    data = "ref,progress\nA-1,h\u01a1\u0323p t\u00e1c\n".encode("cp1258")

    assert read(data, encoding="windows-1258").frame["progress"].to_list() == ["hợp tác"]


@pytest.mark.parametrize(
    ("data", "how", "code"),
    [
        (b"ref,progress\nA-1,\xb8\xe7", {}, "not_unicode"),
        (TEXT.encode("utf-16-le"), {"encoding": "utf-16"}, "utf16_unmarked"),
        (TEXT.encode("utf-32"), {}, "not_unicode"),
        (b"ref\n\x81", {"encoding": "windows-1252"}, "not_in_encoding"),
        (TEXT.encode(), {"encoding": "klingon"}, "encoding_unknown"),
        ("ref\n\ud800".encode("utf-8", "surrogatepass"), {}, "not_unicode"),
        ("ref\n\ud800".encode("utf-16", "surrogatepass"), {}, "not_unicode"),
    ],
)
def test_bytes_that_are_no_text(data: bytes, how: dict[str, Any], code: str) -> None:
    assert [found[0] for found in refused(data, **how)] == [code]


def test_rows_are_numbered_as_a_spreadsheet_numbers_them() -> None:
    found = table('ref,content\n\nA-1,"một\nhai\nba"\nA-2,bốn\n')

    assert found.frame.rows() == [(3, "A-1", "một\nhai\nba"), (4, "A-2", "bốn")]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('ref,content\nA-1,"mở', ("quotes", 2, None)),
        ('ref,content\nA-1,"a"b\n', ("quotes", 2, None)),
        ("ref,content\nA-1\nA-2,b,c\n", ("row_width", 2, None)),
        ("ref,content\nA-1,a\x00b\n", ("invisible_character", 2, "content")),
        ("ref,content\nA-1,a\u200bb\n", ("invisible_character", 2, "content")),
        ("ref,content\nA-1,a\u202eb\n", ("invisible_character", 2, "content")),
        ("ref,content\nA-1,a\ufeffb\n", ("invisible_character", 2, "content")),
        ("ref,content\nA-1,a\ufffdb\n", ("text_lost", 2, "content")),
        ("ref,content\n", ("no_rows", None, None)),
        ("ref,content\n,\n", ("no_rows", None, None)),
        ("\n\n", ("file_empty", None, None)),
        ("", ("file_empty", None, None)),
        ("một,hai\nA-1,b\n", ("no_known_columns", 1, None)),
        ("Bảng cam kết,\nprogress,content\nA-1,b\n", ("header_not_first", 2, None)),
        ("ref,content\nMã,Nội dung\nA-1,b\n", ("two_headers", 2, None)),
        ("ref,content,contents\nA-1,b,c\n", ("column_unknown", 1, "contents")),
        ("ref,content,\nA-1,b,c\n", ("column_unnamed", 1, None)),
        ("ref,Mã,content\nA-1,A-1,c\n", ("column_twice", 1, "ref")),
        ("content,progress\nb,c\n", ("column_missing", 1, "ref")),
    ],
)
def test_files_that_are_refused(text: str, problem: tuple[str, int | None, str | None]) -> None:
    assert problem in refused(text.encode())


def test_headers_in_any_language_and_order() -> None:
    found = table("Implementation progress;MÃ CAM KẾT;tien do (%)\nĐã làm;A-1;45\n")

    assert found.frame.columns == ["row", "progress", "ref", "progress_pct"]
    assert found.headers["progress_pct"] == "tien do (%)"


def test_an_empty_column_without_a_header_does_no_harm() -> None:
    assert table("ref,content,,\nA-1,b,,\n").frame.columns == ["row", "ref", "content"]


def test_a_near_miss_of_a_header_is_suggested() -> None:
    outcome = read_table("ref,Trạng tháii\nA-1,x\n".encode(), "a.csv")

    assert isinstance(outcome, list)
    assert outcome[0].placeholders("vi")["suggestion"] == "Trạng thái"
    assert outcome[0].placeholders("en")["suggestion"] == "Status"


def test_limits() -> None:
    few = Limits(bytes=2000, rows=3, columns=5, cell_characters=100)

    assert refused(b"x" * 2001, limits=few) == [("file_too_large", None, None)]
    assert refused(b"ref\n" + b"A-1\n" * 4, limits=few) == [("too_many_rows", 5, None)]
    assert refused(b"ref" + b"," * 5 + b"\nA-1\n", limits=few) == [("too_many_columns", 1, None)]
    assert refused(b"ref\n" + b"A" * 101, limits=few) == [("cell_too_long", 2, "ref")]
    assert read(b"ref\n" + b"A-1\n" * 3, limits=few).frame.height == 3


def test_problems_of_a_kind_are_capped_and_counted() -> None:
    outcome = read_table(("ref,content\n" + "A-1\n" * 50).encode(), "a.csv", limits=Limits(problems_of_a_kind=10))

    assert isinstance(outcome, list)
    assert [problem.code for problem in outcome] == ["row_width"] * 10 + ["more_of_a_kind"]
    assert outcome[-1].params == {"kind": "row_width", "count": 40}


def test_a_form_is_a_table_too_and_half_a_character_is_refused_later() -> None:
    typed = table_of([{"ref": "A-1", "content": "a\ud800"}, {"ref": "A-2", "progress": None}], name="biểu mẫu")

    assert typed.frame.rows() == [(2, "A-1", "a\ufffd", None), (3, "A-2", None, None)]
    assert typed.sha256 != typed.with_frame(typed.frame.head(1)).sha256


# --- XLSX ------------------------------------------------------------------------------------------------------------


def workbook(build: Callable[[xlsxwriter.Workbook], None]) -> bytes:
    data = io.BytesIO()
    with xlsxwriter.Workbook(data) as book:
        build(book)
    return data.getvalue()


def sheet_of(*rows: tuple[object, ...]) -> bytes:
    def build(book: xlsxwriter.Workbook) -> None:
        sheet = book.add_worksheet()
        for number, cells in enumerate(rows):
            sheet.write_row(number, 0, cells)

    return workbook(build)


def test_a_workbook_gives_what_was_typed() -> None:
    def build(book: xlsxwriter.Workbook) -> None:
        day, share = book.add_format({"num_format": "d mmm yyyy"}), book.add_format({"num_format": "0.0%"})
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["ref", "state_date", "progress_pct", "content", "completion_time"])
        sheet.write_row(1, 0, ["A-1", None, 37.5, "_x0041_ \n\x01"[:8], 2026])
        sheet.write_number(1, 1, 45678, day)
        sheet.write_row(3, 0, ["A-2", 45678, None, " lề ", None])
        sheet.write_number(3, 2, 0.455, share)
        sheet.write_boolean(3, 4, True)
        sheet.write_number(4, 1, 45678.5, day)
        sheet.write_number(4, 2, 1, share)

    assert read(workbook(build), "tep.xlsx").frame.rows() == [
        (2, "A-1", "2025-01-21", "37.5", "_x0041_", "2026"),
        (4, "A-2", "45678", "45.5%", "lề", "true"),
        (5, None, "2025-01-21 12:00:00", "100%", None, None),
    ]


def test_formulas_and_error_values_are_refused_where_they_stand() -> None:
    def build(book: xlsxwriter.Workbook) -> None:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["ref", "content"])
        sheet.write_row(1, 0, ["A-1", "=1+1"])
        sheet.write_formula(2, 1, '=HYPERLINK("http://x")', None, "#N/A")
        sheet.write_formula(3, 0, "=1/0", None, "")

    found = refused(workbook(build), "tep.xlsx")

    assert [(code, row, column) for code, row, column in found] == [
        ("formula", 2, "content"),
        ("formula", 3, "content"),
        ("formula", 4, "ref"),
    ]


def test_merged_cells_hidden_sheets_and_several_sheets() -> None:
    def merged(book: xlsxwriter.Workbook) -> None:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["ref", "content"])
        sheet.merge_range(1, 0, 2, 0, "A-1")

    def hidden(book: xlsxwriter.Workbook) -> None:
        for name in ("Một", "Hai"):
            sheet = book.add_worksheet(name)
            sheet.write_row(0, 0, ["ref", "content"])
            sheet.write_row(1, 0, ["A-1", name])
        sheet.hide()

    def several(book: xlsxwriter.Workbook) -> None:
        for name in ("Một", "Hai"):
            book.add_worksheet(name).write_row(0, 0, ["ref", "content"])

    assert refused(workbook(merged), "tep.xlsx") == [("merged_cells", None, None)]
    assert refused(workbook(several), "tep.xlsx") == [("several_sheets", None, None)]
    found = read(workbook(hidden), "tep.xlsx")
    assert found.frame["content"].to_list() == ["Một"]
    assert [(notice.code, notice.value, notice.blocking) for notice in found.notices] == [
        ("hidden_sheets", "Hai", False)
    ]


def test_limits_hold_while_a_workbook_is_read() -> None:
    few = Limits(rows=3, columns=5)
    rows = [("ref",)] + [("A-1",)] * 4

    assert refused(sheet_of(*rows), "tep.xlsx", limits=few) == [("too_many_rows", 5, None)]
    assert refused(sheet_of(("ref", *"abcdefgh")), "tep.xlsx", limits=few) == [("too_many_columns", 1, None)]
    assert refused(sheet_of(*rows), "tep.xlsx", limits=Limits(unfolded_bytes=100)) == [
        ("unfolds_too_large", None, None)
    ]


def altered(data: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    """The workbook with one of its parts changed."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as before, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as after:
        for entry in before.infolist():
            content = before.read(entry)
            after.writestr(entry, change(content) if entry.filename == name else content)
    return target.getvalue()


GOOD = sheet_of(("ref", "content"), ("A-1", "chữ"))
SHEET = "xl/worksheets/sheet1.xml"
BOMB = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "&b;&b;&b;&b;">]><a>&c;</a>'


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (GOOD[:-40], "file_broken"),
        (GOOD[: len(GOOD) // 2], "file_broken"),
        (b"PK\x03\x04" + b"\x00" * 200, "file_broken"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600, "old_or_locked"),
        (b"chu", "text_named_workbook"),
        (b"<html><table>", "web_page"),
        (b"chu\xff", "file_broken"),
        (altered(GOOD, SHEET, lambda _: BOMB), "file_broken"),
        (altered(GOOD, SHEET, lambda part: part[:-30]), "file_broken"),
        (altered(GOOD, SHEET, lambda part: part.replace(b"<v>0</v>", b"<v>99</v>")), "file_broken"),
        (altered(GOOD, SHEET, lambda part: part.replace(b"<v>0</v>", b"<v>-1</v>")), "file_broken"),
        (altered(GOOD, SHEET, lambda part: part.replace(b'r="A2"', b'r="!"')), "file_broken"),
        (altered(GOOD, SHEET, lambda part: part.replace(b'<row r="2"', b'<row r="1"')), "file_broken"),
        (altered(GOOD, SHEET, lambda part: part.replace(b't="s"><v>1</v>', b"><v>1_0</v>")), "file_broken"),
        (altered(GOOD, "[Content_Types].xml", lambda part: part)[:30] + b"", "file_broken"),
        (altered(GOOD, "xl/workbook.xml", lambda _: b"<workbook/>"), "file_empty"),
    ],
)
def test_damaged_and_hostile_workbooks(data: bytes, code: str) -> None:
    assert refused(data, "tep.xlsx") == [(code, None, None)]


@pytest.mark.slow
def test_a_workbook_that_unfolds_too_far_is_not_opened() -> None:
    bomb = altered(GOOD, SHEET, lambda part: part + b" " * 130_000_000)

    assert len(bomb) < 300_000
    assert refused(bomb, "tep.xlsx") == [("unfolds_too_large", None, None)]


def test_a_workbook_that_lies_about_its_sizes_is_broken() -> None:
    bomb = bytearray(altered(GOOD, SHEET, lambda part: part + b" " * 130_000_000))
    with zipfile.ZipFile(io.BytesIO(bytes(bomb))) as archive:
        size = archive.getinfo(SHEET).file_size
    lying = bytes(bomb).replace(size.to_bytes(4, "little"), (5000).to_bytes(4, "little"))

    assert refused(lying, "tep.xlsx") == [("file_broken", None, None)]


def test_macros_and_other_kinds_of_archives_are_refused() -> None:
    macros, other = io.BytesIO(GOOD), io.BytesIO()
    with zipfile.ZipFile(macros, "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"x")
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("doc.txt", b"x")

    assert refused(macros.getvalue(), "tep.xlsx") == [("macros", None, None)]
    assert refused(other.getvalue(), "tep.xlsx") == [("not_a_workbook", None, None)]
    assert refused(b"\x89PNG....", "anh.png") == [("file_type", None, None)]


def test_the_bytes_decide_what_a_file_is_and_not_its_name() -> None:
    assert read(GOOD, "tep.csv").frame["content"].to_list() == ["chữ"]


def test_a_column_of_remarks_is_known_and_ignored() -> None:
    found = table("ref,content,Ghi chú kiểm tra\nA-1,b,Sai ngày\n,,Chỉ có ghi chú\n")

    assert found.frame.height == 1
    assert all(not isinstance(notice, Problem) for notice in found.notices)
