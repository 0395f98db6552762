"""A sheet of one's own: the heading row and the columns, as found and as a person says."""

from __future__ import annotations

import io

import xlsxwriter

from files import Limits, reading
from kpi.update import Problem, Table, read_table
from kpi.update.headings import NOT_READ, Headings, Outline, code_of, outlined
from kpi.update.table import read_grid

SHEET = """BÁO CÁO THÁNG,,,,
Đơn vị: Phòng Hợp tác,,,,
Số KH,Việc đã làm,Người theo dõi,,Việc đã làm
A-1,Đã họp hai bên,Lan,nháp,cũ
A-2,Đã ký kế hoạch,Minh,,cũ
"""
SAID = {"Số KH": "ref", "B": "progress", "Người theo dõi": NOT_READ, "D": NOT_READ, "E": NOT_READ}


def read(said: Headings, text: str = SHEET) -> Table | list[Problem]:
    return read_table(text.encode(), "bang.csv", said=said, reader=reading.read)


def outline(said: Headings, text: str = SHEET) -> Outline:
    grid = read_grid(text.encode(), "b.csv", encoding=None, limits=Limits(), said=said, reader=reading.read)
    assert not isinstance(grid, list)
    found = outlined(grid.rows, said)
    assert found is not None
    return found


def codes(outcome: Table | list[Problem]) -> list[str]:
    assert isinstance(outcome, list)
    return [problem.code for problem in outcome if problem.blocking]


def test_a_sheet_nobody_knows_is_read_once_a_person_says_how() -> None:
    assert codes(read(Headings())) == ["no_known_columns"]

    found = read(Headings(row=3, columns=SAID))

    assert isinstance(found, Table)
    assert found.frame.rows() == [(4, "A-1", "Đã họp hai bên"), (5, "A-2", "Đã ký kế hoạch")]
    assert found.headers == {"ref": "Số KH", "progress": "Việc đã làm"}
    assert not found.notices  # what was said to be left out needs no word more


def test_what_is_remembered_finds_the_heading_by_itself() -> None:
    told = Headings(row=3, columns=SAID)
    remembered = told.of_headings(["Số KH", "Việc đã làm", "Người theo dõi", "", "Việc đã làm"])
    assert remembered == {"sokh": "ref", "nguoitheodoi": NOT_READ}  # letters hold for one sheet alone

    found = read(
        Headings(remembered=remembered), "Báo cáo,,\nSố KH,Tiến độ triển khai,Người theo dõi\nA-1,Đã họp,Lan\n"
    )

    assert isinstance(found, Table)
    assert found.frame.rows() == [(3, "A-1", "Đã họp")]
    assert [(notice.code, notice.column) for notice in found.notices] == [
        ("rows_above", None),
        ("columns_not_read", "Người theo dõi"),
    ]


def test_what_is_said_now_holds_before_what_is_remembered_and_what_everybody_knows() -> None:
    text = "Mã,Nội dung\nA-1,Đã họp\n"
    remembered = {"noidung": "difficulties"}

    for said, code in (
        (Headings(), "content"),
        (Headings(remembered=remembered), "difficulties"),
        (Headings(columns={"Nội dung": "progress"}, remembered=remembered), "progress"),
    ):
        found = read(said, text)
        assert isinstance(found, Table)
        assert found.frame.columns == ["row", "ref", code]


def test_the_same_bytes_read_otherwise_are_another_file() -> None:
    text = "Mã,Nội dung\nA-1,Đã họp\n"
    plain, same, other = (
        read(said, text)
        for said in (Headings(), Headings(columns={"B": "content"}), Headings(columns={"B": "progress"}))
    )
    assert isinstance(plain, Table)
    assert isinstance(same, Table)
    assert isinstance(other, Table)
    assert plain.sha256 == same.sha256 != other.sha256


def test_what_cannot_be_so_is_said() -> None:
    assert codes(read(Headings(row=40))) == ["heading_row_absent"]
    twice = read(Headings(row=3, columns={**SAID, "E": "progress"}))
    assert codes(twice) == ["column_twice"]
    absent = read(Headings(row=3, columns={**SAID, "Người theo rõi": "content"}))
    assert isinstance(absent, list)
    assert [(problem.code, problem.value, problem.suggestion) for problem in absent if problem.blocking] == [
        ("heading_unknown", "Người theo rõi", "Người theo dõi")
    ]
    assert [code_of(text) for text in ("Tiêu đề lạ", "title", "Tiến độ triển khai", " ")] == [
        None, "title_vi", "progress", NOT_READ
    ]  # fmt: skip


def test_titles_and_signatures_may_be_merged_and_the_table_may_not() -> None:
    def book(*merged: str) -> bytes:
        file = io.BytesIO()
        with xlsxwriter.Workbook(file) as written:
            sheet = written.add_worksheet()
            for row, cells in enumerate((["BÁO CÁO"], ["Số KH", "Tiến độ triển khai"], ["A-1", "Đã họp"])):
                sheet.write_row(row, 0, cells)
            for place in merged:
                sheet.merge_range(place, "Người lập biểu" if place == "A5:B5" else "BÁO CÁO")
        return file.getvalue()

    said = Headings(columns={"Số KH": "ref"})
    assert isinstance(read_table(book("A1:B1", "A5:B5"), "b.xlsx", said=said, reader=reading.read), Table)
    outcome = read_table(book("A1:B1", "B3:B4"), "b.xlsx", said=said, reader=reading.read)
    assert codes(outcome) == ["merged_cells"]


def test_the_outline_says_by_what_each_column_can_be_told() -> None:
    found = outline(Headings(row=3, columns={"Số KH": "ref"}))

    assert found.row == 3
    assert found.beginnings[1] == "BÁO CÁO THÁNG"
    assert [(seen.key, seen.heading, seen.example, seen.code) for seen in found.columns] == [
        ("Số KH", "Số KH", "A-1", "ref"),
        ("B", "Việc đã làm", "Đã họp hai bên", None),
        ("Người theo dõi", "Người theo dõi", "Lan", None),
        ("D", "", "nháp", None),
        ("E", "Việc đã làm", "cũ", None),
    ]
