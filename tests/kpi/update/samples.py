"""A small register to upload to, with values chosen to be awkward, and short ways through the intake."""

from __future__ import annotations

import datetime as dt

import polars as pl

import words
from files import reading
from kpi.facts import REPORT_FIELDS
from kpi.update import Checked, Current, Preview, Problem, Table, check_rows, compare, read_table
from kpi.update import current as shape
from kpi.update.choices import Choice

TODAY = dt.date(2026, 1, 20)
DATA_DATE = dt.date(2026, 1, 14)

LISTS = {
    "doc_type": (
        Choice("MOU", "Bản ghi nhớ", "Memorandum of understanding"),
        Choice("TREATY", "Điều ước quốc tế", "Treaty"),
    ),
    "sector": (Choice("ECO", "Kinh tế - thương mại - đầu tư", "Economics"), Choice("ENE", "Năng lượng", "Energy")),
    "partner": (Choice("JP", "Nhật Bản", "Japan"), Choice("KR", "Hàn Quốc", "Republic of Korea")),
}
DOC_TYPES = pl.DataFrame(
    [("MOU", "international_agreement", False, True), ("TREATY", "treaty", True, True)],
    schema=shape.DOC_TYPES,
    orient="row",
)
PERIODS = pl.DataFrame(
    [
        ("2025-Q3", dt.date(2025, 7, 1), dt.date(2025, 9, 30), dt.date(2025, 10, 15)),
        ("2025-Q4", dt.date(2025, 10, 1), dt.date(2025, 12, 31), dt.date(2026, 1, 15)),
    ],
    schema=shape.PERIODS,
    orient="row",
)


def say(key: str, **values: object) -> str:
    """Words for tests that are not about words; but sheets are known by their names."""
    if key.startswith("intake.sheet_"):
        with words.in_language("vi"):
            return words.t(key)
    return key.removeprefix("intake.")[:31]


def agreements(*rows: dict[str, object]) -> pl.DataFrame:
    """Agreements with the columns not named filled in."""
    usual: dict[str, object] = {
        "row_version": 1,
        "title_vi": "Bản ghi nhớ về hợp tác",
        "title_en": "",
        "doc_type": "MOU",
        "sector": "ECO",
        "partner": "JP",
        "scope": "HIGH_LEVEL",
        "implementable": True,
        "tracked": True,
        "deliverable_vi": "",
        "deliverable_en": "",
        "evidence_url": "",
    }
    filled = [{**usual, "ref": f"A-{row['agreement_id']}", **row} for row in rows]
    return pl.DataFrame(filled, schema=shape.AGREEMENTS)


def events(*rows: tuple[int, str, str]) -> pl.DataFrame:
    """Status events as (agreement, state, day)."""
    return pl.DataFrame(
        [
            (place, number, state, dt.date.fromisoformat(day), True, "")
            for place, (number, state, day) in enumerate(rows, 1)
        ],
        schema=shape.EVENTS,
        orient="row",
    )


def report(agreement_id: int, period: str | None, day: str, **fields: object) -> dict[str, object]:
    """A report with blank fields filled in."""
    return {
        "agreement_id": agreement_id,
        "period": period,
        "reported_on": dt.date.fromisoformat(day),
        "received_on": dt.date.fromisoformat(day),
        **dict.fromkeys(REPORT_FIELDS, ""),
        "progress_pct": None,
        "shows_progress": True,
        **fields,
    }


def reports(*rows: dict[str, object]) -> pl.DataFrame:
    return pl.DataFrame([{"id": place, **row} for place, row in enumerate(rows, 1)], schema=shape.REPORTS)


def blockers(*rows: tuple[int, int, str, str]) -> pl.DataFrame:
    """Blockers as (id, agreement, cause, description)."""
    return pl.DataFrame(
        [(number, agreement, cause, "severe", "agency", text) for number, agreement, cause, text in rows],
        schema=shape.BLOCKERS,
        orient="row",
    )


def blocker_events(*rows: tuple[int, str, str]) -> pl.DataFrame:
    """Blocker events as (blocker, kind, day)."""
    return pl.DataFrame(
        [(place, number, kind, dt.date.fromisoformat(day)) for place, (number, kind, day) in enumerate(rows, 1)],
        schema=shape.BLOCKER_EVENTS,
        orient="row",
    )


def targets(*rows: tuple[int, str, str, str]) -> pl.DataFrame:
    """Target dates as (agreement, target, set on, reason)."""
    return pl.DataFrame(
        [
            (place, number, dt.date.fromisoformat(target), dt.date.fromisoformat(day), reason)
            for place, (number, target, day, reason) in enumerate(rows, 1)
        ],
        schema=shape.TARGETS,
        orient="row",
    )


def current(**parts: object) -> Current:
    """An agency with six agreements.

    A-1 signed, with a target and two open blockers; A-2 a treaty in force; A-3 suspended while in progress; A-4 completed;
    A-5 in negotiation; A-6 a signed treaty of which little is known.
    """
    usual: dict[str, object] = {
        "agency": "BCT",
        "data_version": 7,
        "data_date": DATA_DATE,
        "agreements": agreements(
            {"agreement_id": 1, "title_vi": "=Hợp tác năng lượng", "deliverable_vi": "Một\nhai", "row_version": 3},
            {"agreement_id": 2, "doc_type": "TREATY", "partner": "KR", "deliverable_vi": "[xóa]", "title_vi": "Hai"},
            {"agreement_id": 3, "title_vi": "Ba", "evidence_url": "không phải liên kết"},
            {"agreement_id": 4, "title_vi": "Bốn"},
            {"agreement_id": 5, "title_vi": "Năm", "sector": "CHƯA-CÓ"},
            {"agreement_id": 6, "title_vi": "Sáu", "doc_type": "TREATY", "sector": None, "partner": None},
        ),
        "events": events(
            (1, "SIGNED", "2025-03-01"),
            (2, "SIGNED", "2024-05-05"),
            (2, "IN_FORCE", "2024-08-01"),
            (3, "SIGNED", "2024-01-10"),
            (3, "IN_PROGRESS", "2024-04-01"),
            (3, "SUSPENDED", "2025-02-01"),
            (4, "SIGNED", "2023-06-01"),
            (4, "IN_PROGRESS", "2023-12-01"),
            (4, "COMPLETED", "2025-06-10"),
            (5, "NEGOTIATING", "2025-06-01"),
            (6, "SIGNED", "2025-11-01"),
        ),
        "targets": targets(
            (1, "2026-06-30", "2025-03-01", ""),
            (2, "2026-03-01", "2024-05-05", ""),
            (2, "2026-09-01", "2025-09-01", "Chờ vốn"),
        ),
        "reports": reports(
            report(1, "2025-Q3", "2025-10-02", progress="Đã họp", progress_pct=33.333333333333336),
            report(2, "2025-Q4", "2026-01-10", progress="- gạch đầu dòng", difficulties="Không", progress_pct=40.0),
        ),
        "blockers": blockers((7, 1, "funding", "Chưa bố trí vốn"), (8, 1, "không-rõ", "Hai")),
        "blocker_events": blocker_events((7, "opened", "2025-05-01"), (8, "opened", "2025-06-01")),
        "periods": PERIODS,
        "doc_types": DOC_TYPES,
        "lists": LISTS,
    }
    return Current(**{**usual, **parts})  # type: ignore[arg-type]


def table(text: str) -> Table:
    """The table in the text of a CSV file, which must be readable."""
    outcome = read_table(text.encode(), "tep.csv", reader=reading.read)
    assert isinstance(outcome, Table), outcome
    return outcome


def problems(text: str, **parts: object) -> list[Problem]:
    """What is wrong with the text of a CSV file, wherever it is found."""
    outcome = read_table(text.encode(), "tep.csv", reader=reading.read)
    if isinstance(outcome, list):
        return outcome
    checked = check_rows(outcome, current(**parts), today=TODAY)
    return list(checked.notices) if isinstance(checked, Checked) else checked


def codes(text: str, **parts: object) -> list[tuple[str, int | None, str | None]]:
    """The problems of a text as (code, row, column)."""
    return [(problem.code, problem.row, problem.column) for problem in problems(text, **parts)]


def preview(text: str, **parts: object) -> Preview:
    """What the text of a CSV file would change."""
    now = current(**parts)
    checked = check_rows(table(text), now, today=TODAY)
    assert isinstance(checked, Checked), checked
    return compare(checked, now)


def changes(text: str, **parts: object) -> dict[str, tuple[str | None, str | None]]:
    """What the text of a CSV file would change, as `ref.field` -> (old, new)."""
    return {f"{c.ref}.{c.field}": (c.old, c.new) for c in preview(text, **parts).changes}
