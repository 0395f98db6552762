"""Single cells: what is accepted, what is refused, and what is suggested instead."""

from __future__ import annotations

import polars as pl
import pytest

from kpi.names import squeeze
from kpi.update import columns
from kpi.update.cells import choice_suggestion, date_suggestion, parsed, percent_suggestion
from kpi.update.choices import FIXED_LISTS, STATES


def read(column: str, *cells: str) -> list[tuple[str | None, str | None]]:
    """(value, fault) of each cell."""
    frame = pl.DataFrame({"column": [column] * len(cells), "text": list(cells)}).join(columns.about(), on="column")
    return list(parsed(frame, FIXED_LISTS).select("value", "fault").iter_rows())


@pytest.mark.parametrize(
    ("cell", "value", "fault"),
    [
        ("2024-02-29", "2024-02-29", None),
        ("29/02/2024", "2024-02-29", None),
        ("03/04/2025", "2025-04-03", None),
        ("31/02/2024", None, "date_impossible"),
        ("12/31/2025", None, "date_impossible"),
        ("0000-00-00", None, "date_impossible"),
        ("3/4/2025", None, "date_ambiguous"),
        ("03-04-2025", None, "date_ambiguous"),
        ("25/4/2025", "2025-04-25", None),
        ("4/4/2025", "2025-04-04", None),
        ("25-4-2025", None, "date_format"),
        ("31.12.2025", None, "date_format"),
        ("2025-1-2", None, "date_format"),
        ("2025-12-31 10:30:00", None, "date_time"),
        ("2025-12-31 00:00:00", "2025-12-31", None),
        ("2025-12-31T00:00:00.000Z", "2025-12-31", None),
        ("31/12/2025 0:00", "2025-12-31", None),
        ("31/12/2025 12:00:00 AM", "2025-12-31", None),
        ("hôm qua", None, "date_format"),
        ("٣١/١٢/٢٠٢٥", None, "date_format"),
        ("45678", None, "date_serial"),
        ("0001-01-01", None, "date_range"),
        ("9999-12-31", None, "date_range"),
    ],
)
def test_dates(cell: str, value: str | None, fault: str | None) -> None:
    assert read("state_date", cell) == [(value, fault)]


def test_one_date_with_the_month_first_makes_its_neighbours_doubtful() -> None:
    outcome = read("state_date", "12/31/2025", "03/04/2025", "05/05/2025", "25/12/2025", "2025-04-03")

    assert [fault for _, fault in outcome] == ["date_impossible", "date_ambiguous", None, None, None]


@pytest.mark.parametrize(
    ("cell", "meant"),
    [
        ("31/02/2024", "2024-02-29"),
        ("12/31/2025", "2025-12-31"),
        ("3/4/2025", "2025-04-03 / 2025-03-04"),
        ("31.12.25", "2025-12-31"),
        ("45678", "2025-01-21"),
        ("2025-1-2", "2025-01-02"),
        ("99999", None),
        ("hôm qua", None),
        ("0001-01-01", None),
        ("ngày 12 tháng 01 năm 2026", "2026-01-12"),
        ("Hà Nội, ngày 2 tháng 9 năm 2025", "2025-09-02"),
        ("12 January 2026", "2026-01-12"),
        ("Jan 12, 2026", "2026-01-12"),
        ("12-Sep-2025", "2025-09-12"),
        ("12 Brumaire 2026", None),
        ("12/01/2026 - 15/01/2026", None),
        ("2026-01-12 / 2026-12-01", None),
    ],
)
def test_what_was_meant_by_a_date(cell: str, meant: str | None) -> None:
    assert date_suggestion(cell) == meant


@pytest.mark.parametrize(
    ("cell", "value", "fault"),
    [
        ("45", "45", None),
        ("45,5", "45.5", None),
        ("45.50 %", "45.5", None),
        ("007", "7", None),
        ("0", "0", None),
        ("100%", "100", None),
        ("100.01", None, "percent_range"),
        ("101", None, "percent_range"),
        ("0.55", None, "percent_share"),
        ("0,5", None, "percent_share"),
        ("0.5%", "0.5", None),
        ("0,05 %", "0.05", None),
        ("1", "1", None),
        ("-1", None, "percent"),
        ("12.345", None, "percent"),
        ("1e2", None, "percent"),
        ("một nửa", None, "percent"),
    ],
)
def test_percentages(cell: str, value: str | None, fault: str | None) -> None:
    assert read("progress_pct", cell) == [(value, fault)]


@pytest.mark.parametrize(
    ("cell", "meant"),
    [
        ("0.55", "55"),
        ("0,5", "50"),
        ("0.375", "37.5"),
        ("0", None),
        ("1", "100"),
        ("nan", None),
        ("-inf", None),
        ("nửa", None),
        ("khoảng 30", "30"),
        ("trên 60%", "60"),
        ("30 đến 40", None),
        ("đợt 2/2026", None),
        ("120 triệu", None),
    ],
)
def test_what_was_meant_by_a_share(cell: str, meant: str | None) -> None:
    assert percent_suggestion(cell) == meant


@pytest.mark.parametrize(
    "cell", ["IN_PROGRESS", "in_progress", "Đang triển khai", "dang trien khai", "ĐANG  TRIỂN-KHAI", "In progress"]
)
def test_choices_are_recognised_by_code_or_name_in_either_language(cell: str) -> None:
    assert read("state", cell) == [("IN_PROGRESS", None)]


def test_a_near_miss_is_suggested_and_not_taken() -> None:
    assert read("state", "Đang triễn khaii") == [(None, "choice")]

    suggested = choice_suggestion("Đang triễn khaii", STATES)
    assert suggested is not None
    assert suggested.code == "IN_PROGRESS"
    assert choice_suggestion("hoàn toàn khác hẳn", STATES) is None


@pytest.mark.parametrize("cell", ["https://vi.example/a?b=1", "HTTP://x.vn"])
def test_links(cell: str) -> None:
    assert read("evidence_url", cell) == [(cell, None)]


@pytest.mark.parametrize("cell", ["www.x.vn", "javascript:alert(1)", "https://a b", "https://", "ftp://x"])
def test_no_links(cell: str) -> None:
    assert read("evidence_url", cell) == [(None, "link")]


def test_names_are_recognised_whatever_their_diacritics_and_signs() -> None:
    assert squeeze(["  HỢP-TÁC ", "Tiến độ (%)", "Đường sắt"]) == ["hoptac", "tiendopct", "duongsat"]
