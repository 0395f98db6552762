"""Sheets as clerks have them: what stands around a table is left out and said, what is certain is understood, what was destroyed
is refused."""

from __future__ import annotations

import io
import zipfile

import pytest
import xlsxwriter

from files import reading
from kpi.update import Checked, Problem, Table, check_rows, read_table
from kpi.update.headings import Headings
from tests.kpi.update.samples import TODAY, changes, codes, current, problems


def said(text: str) -> list[tuple[str, int | None, str | None]]:
    return codes(text)


# --- Around the table ------------------------------------------------------------------------------------------------


def test_titles_numbers_notes_and_signatures_do_not_block_and_are_said() -> None:
    text = (
        "BỘ CÔNG THƯƠNG,,,\n"
        "Báo cáo quý IV,,,\n"
        "STT,Mã cam kết,Sản phẩm (tiếng Anh),Ghi chú\n"
        "1,A-1,Plan,xem lại\n"
        "2,A-3,List,\n"
        "Tổng cộng: 2,,,\n"
        ',,,"Hà Nội, ngày 10 tháng 1 năm 2026"\n'
        "Người lập biểu,,,Thủ trưởng\n"
        "Nguyễn Văn A,,,\n"
    )

    assert changes(text) == {"A-1.deliverable_en": (None, "Plan"), "A-3.deliverable_en": (None, "List")}
    assert said(text) == [
        ("rows_above", 1, None),
        ("columns_not_read", 3, "STT"),
        ("columns_not_read", 3, "Ghi chú"),
        ("rows_below", 6, None),
    ]


@pytest.mark.parametrize("closing", ['"Ha Noi, 12 January 2026"', "Prepared by", "Compiled by: Nguyen Van A"])
def test_signatures_in_english_do_not_block_either(closing: str) -> None:
    text = f"ref,deliverable_en\nA-1,Plan\n,{closing}\n"
    assert changes(text) == {"A-1.deliverable_en": (None, "Plan")}
    assert said(text) == [("rows_below", 3, None)]
    assert ("ref_missing", 3) in [
        found[:2] for found in said("ref,deliverable_en\nA-1,Plan\n,Plan of 12 January 2026\n")
    ]


def test_a_last_row_that_names_an_agreement_is_read() -> None:
    assert said("ref,progress\nTổng số,\nA-1,Tổng cộng 3 cuộc họp\n")[0][0] != "rows_below"
    assert ("ref_unknown", 3, "ref") in said("ref,deliverable_en\nA-1,Plan\nA-99,Total\n")


def test_a_last_column_without_a_heading_is_named() -> None:
    book = workbook([["ref", "deliverable_en"], ["A-1", "Plan", "lạc"]])

    assert [problem.code for problem in read(book, "a.xlsx")] == ["column_unnamed"]


def test_a_heading_with_a_sign_nobody_sees_is_refused() -> None:
    assert ("invisible_character", 1, "B") in said('ref,"deliverable\x00_en"\nA-1,Plan\n')


def test_a_second_sheet_that_holds_something_is_said_and_those_of_the_template_are_not() -> None:
    sheets = {"Cam kết": [["ref", "deliverable_en"], ["A-1", "Plan"]], "Hướng dẫn": [["a"]], "Trang trống": []}
    table = read_table(workbook_of(sheets), "a.xlsx", reader=reading.read)
    assert isinstance(table, Table)
    assert table.notices == ()

    own = {"Báo cáo": [["ref", "Sản phẩm bàn giao"], ["A-1", "Plan"]], "Danh mục": [["Thêm"], ["A-2"]]}
    named = Headings(columns={"B": "deliverable_vi"})
    table = read_table(workbook_of(own), "a.xlsx", reader=reading.read, said=named)
    assert isinstance(table, Table), table
    assert [(notice.code, notice.value) for notice in table.notices] == [("sheets_not_read", "Danh mục")]

    table = read_table(workbook_of({**sheets, "Bổ sung": [["Thêm"], ["A-2", "x"]]}), "a.xlsx", reader=reading.read)
    assert isinstance(table, Table)
    assert [(notice.code, notice.value) for notice in table.notices] == [("sheets_not_read", "Bổ sung")]


# --- What is certain -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("written", ["2025-Q4", "Quý IV/2025", "Q4/2025", "quý 4 năm 2025", "Quý 4/2025", "Q4 2025"])
def test_quarters_are_understood_as_they_are_written(written: str) -> None:
    text = f"ref,report_period,difficulties\nA-2,{written},Thiếu vốn\n"

    assert changes(text) == {"A-2.difficulties[2025-Q4]": ("Không", "Thiếu vốn")}


def test_numbers_and_days_as_other_programs_write_them_are_understood() -> None:
    text = "ref,row_version,blocker_id,blocker_resolved_on,signed_on\nA-1,3.0,7.0,2026-01-10 00:00:00,2025-03-01T00:00:00\n"

    assert changes(text) == {"A-1.blocker_resolved_on[7]": (None, "2026-01-10")}


def test_a_day_with_a_time_is_told_as_such_also_where_it_is_only_shown() -> None:
    assert said("ref,signed_on\nA-1,2025-03-01 07:00:00\n") == [("date_time", 2, "signed_on")]


def test_spaces_that_look_alike_make_no_difference() -> None:
    assert changes("ref,title_vi,deliverable_en\nA-1,=Hợp\u00a0tác năng lượng,a\u202fb\n") == {
        "A-1.deliverable_en": (None, "a b")
    }


@pytest.mark.parametrize("word", ["[xoa]", "[Xóa]", "[ xóa ]", "[XOÁ]", "[Clear]"])
def test_the_word_that_empties_is_known_however_it_is_typed(word: str) -> None:
    assert changes(f"ref,report_period,difficulties\nA-2,2025-Q4,{word}\n") == {
        "A-2.difficulties[2025-Q4]": ("Không", None)
    }


def test_one_among_shares_is_as_doubtful_as_they_are() -> None:
    found = problems("ref,report_period,progress_pct\nA-2,2025-Q4,1\nA-1,2025-Q3,0.5\n")

    assert [(p.code, p.row, p.suggestion) for p in found] == [("percent_share", 2, "100"), ("percent_share", 3, "50")]


@pytest.mark.parametrize("text", ["nan", "NaN", "inf", "-nan", "1e309"])
def test_what_is_no_number_is_told_of_and_nothing_ends_in_an_exception(text: str) -> None:
    assert said(f"ref,report_period,progress_pct\nA-2,2025-Q4,{text}\n") == [("percent", 2, "progress_pct")]


# --- What was destroyed ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "Tiáº¿n Ä‘á»™",
        "TiÕn ®é triÓn khai tháa thuËn hîp t¸c",
        "Tieán ñoä trieån khai thoûa thuaän",
        "?? h?p t?",
        "Đã h?p",
        "Ti&#7871;n",
    ],
)
def test_destroyed_text_is_refused(text: str) -> None:
    assert said(f"ref,report_period,difficulties\nA-2,2025-Q4,{text}\n") == [("text_destroyed", 2, "difficulties")]


@pytest.mark.parametrize(("text", "is_said"), [("Tỉnh Köln, Israël", True), ("Đã họp? Chưa. XÃ, «MÃ» 20 m²", False)])
def test_rare_letters_are_said_and_nothing_else(text: str, is_said: bool) -> None:
    expected = [("text_odd", 2, "difficulties")] if is_said else []
    assert said(f'ref,report_period,difficulties\nA-2,2025-Q4,"{text}"\n') == expected


@pytest.mark.parametrize("text", ["#NAME?", "#REF!", "#N/A", "#DIV/0!", "########", "Err:502"])
def test_values_of_errors_are_refused_in_csv_as_in_workbooks(text: str) -> None:
    assert said(f"ref,report_period,difficulties\nA-2,2025-Q4,{text}\n") == [("error_value", 2, "difficulties")]


def test_an_apostrophe_that_belongs_to_the_text_is_said_to_be_left_out() -> None:
    assert said("ref,report_period,difficulties\nA-2,2025-Q4,'- Đã họp'\n") == [("apostrophe_taken", 2, "difficulties")]
    assert said("ref,report_period,difficulties\nA-2,2025-Q4,'- Đã họp\n") == []


# --- OpenDocument ----------------------------------------------------------------------------------------------------

ROW = "<table:table-row>{}</table:table-row>"
TEXT = '<table:table-cell office:value-type="string"><text:p>{}</text:p></table:table-cell>'
DAY = '<table:table-cell office:value-type="date" office:date-value="{}"><text:p>x</text:p></table:table-cell>'
PERCENT = '<table:table-cell office:value-type="percentage" office:value="0.45"><text:p>45%</text:p></table:table-cell>'


def ods(*sheets: str, entry: str = "content.xml", manifest: str = "") -> bytes:
    spaces = " ".join(f'xmlns:{name}="urn:{name}"' for name in ("office", "table", "text"))
    tables = "".join(f'<table:table table:name="S{n}">{rows}</table:table>' for n, rows in enumerate(sheets))
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", manifest)
        archive.writestr(entry, f"<office:document {spaces}>{tables}</office:document>")
    return target.getvalue()


def row(*cells: str) -> str:
    return ROW.format("".join(cell if cell.startswith("<") else TEXT.format(cell) for cell in cells))


def repeated(written: str, what: str, count: int) -> str:
    """A row that stands for many, or one whose cells do."""
    element = "row" if what == "row" else "cell"
    start = f"<table:table-{element}"
    return written.replace(start, f'{start} table:number-{what}s-repeated="{count}"')


HEAD = row("ref", "report_period", "progress_pct", "report_date", "difficulties")


def test_an_opendocument_sheet_is_read_as_a_workbook_is() -> None:
    blank = repeated(row('<table:table-cell table:number-columns-repeated="1024"/>'), "row", 1_048_000)
    text = TEXT.format('Một <text:span>hai</text:span><text:s text:c="2"/>ba</text:p><text:p>bốn')
    data = ods(HEAD + row("A-2", "2025-Q4", PERCENT, DAY.format("2026-01-10T00:00:00"), text) + blank)
    table = read_table(data, "a.ods", reader=reading.read)

    assert isinstance(table, Table), table
    assert table.frame.rows() == [(2, "A-2", "2025-Q4", "45%", "2026-01-10", "Một hai  ba\nbốn")]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (ods(HEAD + row("A-2", '<table:table-cell table:formula="of:=1"/>')), "formula"),
        (ods(HEAD + row('<table:table-cell table:number-columns-spanned="2"/>', "A-2")), "merged_cells"),
        (ods(HEAD, HEAD), "several_sheets"),
        (ods("", ""), "file_empty"),
        (ods(HEAD, entry="other.xml"), "not_a_workbook"),
        (ods(HEAD, manifest="<encryption-data/>"), "locked"),
        (ods(HEAD + "<x"), "file_broken"),
        (ods(HEAD + repeated(row("A-1"), "row", 99_999_999)), "too_many_lines"),
        (ods(HEAD + repeated(row("A-1"), "column", 200)), "too_many_columns"),
    ],
)  # fmt: skip
def test_what_an_opendocument_cannot_be_taken_for_is_named(data: bytes, code: str) -> None:
    assert [problem.code for problem in read(data, "a.ods")][:1] == [code]


def test_another_sheet_of_an_opendocument_that_holds_something_is_said() -> None:
    table = read_table(ods(HEAD + row("A-2"), row("Thêm")), "a.ods", reader=reading.read)

    assert isinstance(table, Table), table
    assert [notice.code for notice in table.notices] == ["sheets_not_read"]


# --- Helpers ---------------------------------------------------------------------------------------------------------


def read(data: bytes, name: str) -> list[Problem]:
    found = read_table(data, name, reader=reading.read)
    if isinstance(found, list):
        return found
    checked = check_rows(found, current(), today=TODAY)
    return list(checked.notices) if isinstance(checked, Checked) else checked


def workbook(rows: list[list[str]]) -> bytes:
    return workbook_of({"Cam kết": rows})


def workbook_of(sheets: dict[str, list[list[str]]]) -> bytes:
    target = io.BytesIO()
    with xlsxwriter.Workbook(target) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for place, cells in enumerate(rows):
                sheet.write_row(place, 0, cells)
    return target.getvalue()
