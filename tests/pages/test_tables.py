"""Tables on screen and as files."""

from __future__ import annotations

import csv as csv_module
import dataclasses
import datetime as dt
import io
import zipfile
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as hyp
from streamlit.testing.v1 import AppTest

import words as w
from files.formula_injection import restored
from kpi import readers
from pages.ui import exports, palette, tables
from pages.ui.data_edition import DataEdition
from pages.ui.tables import Column
from pages.ui.view import View
from words import in_language

TEXTS = hyp.text(hyp.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
DANGEROUS_TEXTS = hyp.text(hyp.sampled_from("=+-@\t\r'a1 "), max_size=6)

FRAME = pl.DataFrame(
    {
        "agreement_id": [7, 8, 9],
        "ref": ["A-7", "=A-8", None],
        "title_vi": ["Cảng", "Đường sắt", "Điện"],
        "title_en": ["Port", "Railway", "Power"],
        "agency": ["BCT", "UNASSIGNED", None],
        "signed_on": [dt.date(2025, 1, 31), None, dt.date(2024, 2, 29)],
        "share": [85.26, None, 0.0],
        "waited": [1200, 3, None],
        "status": ["green", "red", "not_available"],
        "value": ["85%", "12%", None],
        "flagship": [True, False, None],
        "course": [[1.0, 2.0], [2.0], None],
    }
)
COLUMNS = [
    Column("ref", "common.chart_label"),
    Column("title_{language}", "common.chart_sector"),
    Column("agency", "common.chart_agency", "code", of="agency"),
    Column("signed_on", "common.chart_on_label", "date"),
    Column("share", "common.chart_share_label", "percent", digits=1),
    Column("waited", "common.chart_days", "days"),
    Column("status", "common.chart_bucket_label", "light"),
    Column("value", "common.chart_value_label", "light", of="status"),
    Column("flagship", "common.chart_lane", "flag"),
    Column("course", "common.chart_series", "trend"),
]
NOTES = {"Thời điểm xem": "14/01/2026", "Lưu ý": "-số liệu minh họa"}


# --- Files -----------------------------------------------------------------------------------------------------------


@given(hyp.lists(TEXTS | DANGEROUS_TEXTS, min_size=1, max_size=6))
def test_csv_brings_every_text_back_in_any_reader(values: list[str]) -> None:
    data = exports.csv(pl.DataFrame({"x": values}), notes=NOTES)

    rows = list(csv_module.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    assert rows[0] == ["x", "Thời điểm xem", "Lưu ý"]
    written = pl.DataFrame({"x": [row[0] for row in rows[1:]]}, schema={"x": pl.String})
    assert written.select(restored(pl.col("x")))["x"].to_list() == values
    assert not any(row[0].startswith(("=", "+", "-", "@", "\t", "\r")) for row in rows[1:])
    assert {row[2] for row in rows[1:]} == {"'-số liệu minh họa"}


def test_csv_begins_with_the_mark_spreadsheets_know_utf8_by() -> None:
    assert exports.csv(pl.DataFrame({"x": ["Đà Nẵng"]}), notes={}).startswith(b"\xef\xbb\xbf")


def test_a_workbook_keeps_types_and_carries_its_notes() -> None:
    frame = pl.DataFrame(
        {"day": [dt.date(2026, 1, 14)], "share": [85.3], "n": [1200], "text": ["=1+1"], "link": ["https://e.com"]}
    )

    data = exports.xlsx(frame, notes=NOTES, sheet="Số liệu", notes_sheet="Ghi chú", percent=["share"])

    read = pl.read_excel(io.BytesIO(data), sheet_name="Số liệu")
    assert read.row(0) == (dt.date(2026, 1, 14), 85.3, 1200, "'=1+1", "https://e.com")
    told = pl.read_excel(io.BytesIO(data), sheet_name="Ghi chú", has_header=False)
    assert told.rows() == [("Thời điểm xem", "14/01/2026"), ("Lưu ý", "'-số liệu minh họa")]
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        sheet = parts.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    assert "<hyperlink" not in sheet
    assert "<autoFilter" in sheet


def test_a_workbook_of_too_many_rows_is_refused() -> None:
    frame = pl.DataFrame({"x": pl.zeros(exports.XLSX_MAX_ROWS + 1, pl.Int8, eager=True)})

    with pytest.raises(ValueError, match="too many"):
        exports.xlsx(frame, notes={}, sheet="a", notes_sheet="b")


def test_file_names_are_plain_everywhere() -> None:
    name = exports.file_name("Đình trệ / quá hạn", as_of=dt.date(2026, 1, 14), extension="csv")

    assert name == "dinh-tre-qua-han_2026-01-14.csv"
    known = exports.file_name("a", as_of=dt.date(2026, 1, 14), extension="csv", known_on=dt.date(2026, 2, 1))
    assert known == "a_2026-01-14_known-2026-02-01.csv"


# --- Tables ----------------------------------------------------------------------------------------------------------


def test_a_file_has_the_columns_on_screen_in_words_and_types(register: sa.Engine) -> None:
    with in_language("vi"):
        table = tables._for_file(FRAME, COLUMNS)

    assert table.columns == [
        "Mục", "Lĩnh vực", "Cơ quan", "Ngày", "Tỷ lệ", "Số ngày", "Tình hình", "Giá trị", "Nội dung",
    ]  # fmt: skip
    assert table["Lĩnh vực"].to_list() == ["Cảng", "Đường sắt", "Điện"]
    assert table["Cơ quan"].to_list() == ["Bộ Công Thương", "Chưa phân công cơ quan", None]
    assert table["Ngày"].dtype == pl.Date
    assert table["Tình hình"].to_list() == ["Đạt", "Chưa đạt", "Chưa có số liệu"]
    assert table["Giá trị"].to_list() == ["85%", "12%", None]
    assert table["Nội dung"].to_list() == ["Có", "Không", ""]


def test_titles_follow_the_language(register: sa.Engine) -> None:
    with in_language("en"):
        assert tables._for_file(FRAME, COLUMNS[:2]).columns == ["Item", "Field"]
        assert tables._for_file(FRAME, COLUMNS[:2])["Field"].to_list() == ["Port", "Railway", "Power"]


def test_lights_are_told_apart_by_sign_and_word_not_by_colour_alone(register: sa.Engine) -> None:
    with in_language("vi"):
        cells = tables._cells(FRAME, COLUMNS)

    assert cells["status"].to_list() == [["● Đạt"], ["■ Chưa đạt"], ["– Chưa có số liệu"]]
    assert cells["value"].to_list() == [["● 85%"], ["■ 12%"], ["– chưa có số liệu"]]
    assert len(set(palette.SIGNS.values())) == len(palette.SIGNS)


def page(rows: int = 3) -> None:
    """A page with one table whose rows open something."""
    import streamlit as st

    from pages.ui import tables
    from tests.pages.test_tables import COLUMNS, FRAME

    opened: list[object] = []
    found = tables.show(FRAME.head(rows), COLUMNS, "table", file_name="Bảng thử", alt="Bảng thử", on_row=opened.append)
    st.session_state["result"] = (found, opened)


def run(**arguments: Any) -> AppTest:
    app = AppTest.from_function(page, kwargs=arguments, default_timeout=30).run()
    assert not app.exception
    return app


def test_a_table_is_drawn_with_its_downloads_and_its_number_of_rows(register: sa.Engine) -> None:
    app = run()

    assert app.dataframe[0].value["ref"].tolist()[:2] == ["A-7 ›", "=A-8 ›"]
    assert [getattr(button, "label", "") for button in app.get("download_button")] == ["CSV", "Excel"]
    assert app.caption[0].value == "3 dòng"
    assert app.session_state["result"] == (None, [])


def test_an_empty_table_says_so_in_words(register: sa.Engine) -> None:
    app = run(rows=0)

    assert "Không có thỏa thuận nào" in app.info[0].value
    assert not app.dataframe


LABELS = pl.DataFrame({"": ["A-7 ›", "=A-8 ›", "– ›"]}).to_arrow().column(0)


def test_a_click_means_the_row_with_all_columns() -> None:
    row = tables._clicked_row(FRAME, LABELS, {"row": 1, "label": "=A-8 ›"})

    assert row is not None
    assert row["agreement_id"] == 8


@pytest.mark.parametrize(("row", "label"), [(1, "A-7 ›"), (99, "A-7 ›"), (-1, "– ›")])
def test_a_click_on_a_row_that_is_another_by_now_opens_nothing(row: int, label: str) -> None:
    assert tables._clicked_row(FRAME, LABELS, {"row": row, "label": label}) is None


def test_with_a_file_travel_its_day_its_register_and_what_was_left_out_in_the_readers_language() -> None:
    edition = DataEdition("store", name_vi="Sổ thử", name_en="Trial register", source="Bộ X", is_demo=True)
    view = View(as_of=dt.date(2026, 1, 14), compare_with=dt.date(2025, 1, 14))

    with in_language("en"):
        moment = dt.datetime(2026, 2, 1, 14, 3)
        public = tables._notes(view, edition, moment)
        whole = tables._notes(dataclasses.replace(view, reader=readers.EVERYTHING), edition, moment)

        assert [*public.values()] == [
            "14 Jan 2026",
            "1 Feb 2026, 14:03",
            "Trial register",
            "Bộ X",
            w.t("common.counted_own"),
            w.t("common.demo_mark"),
        ]
        assert w.t("common.note_counted") not in whole
        past = tables._notes(view, edition.as_known(dt.date(2025, 6, 30)), moment)
        assert past[w.t("common.note_known")] == "30 Jun 2025"
        assert w.t("common.note_known") not in public
        assert public[w.t("common.note_known_at")] == "1 Feb 2026, 14:03"
