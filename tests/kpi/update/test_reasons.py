"""What waits for review by what it says, whatever the settings."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from kpi.thresholds import Thresholds
from kpi.update import current as shape
from kpi.update.columns import CODES
from kpi.update.reasons import Reason
from kpi.update.review import held_back, why_held
from tests.kpi.update.samples import agreements, codes, events, preview

MOVE = "ref,state,state_date,state_document\n"
TARGET = "ref,current_target,target_reason,target_set_on\n"
REPORT = "ref,report_period,report_date,shows_progress,progress\n"
PERCENT = "ref,report_period,progress_pct\n"
BLOCKER = "ref,blocker_id,blocker_escalated_on,blocker_resolved_on\n"
NEW_ONE = "title_vi,doc_type,sector,partner,scope,signed_on,current_target\n"


@pytest.mark.parametrize(
    ("text", "reasons"),
    [
        (MOVE + "A-1,IN_PROGRESS,2025-12-21,CV 12/BCT\n", ()),
        (MOVE + "A-1,IN_PROGRESS,2025-12-20,CV 12/BCT\n", (Reason.LONG_AGO,)),
        (MOVE + "A-1,IN_PROGRESS,2025-03-01,CV 12/BCT\n", (Reason.LONG_AGO,)),
        (MOVE + "A-1,SIGNED,2026-01-10,\n", (Reason.SIGNING_MOVED, Reason.LONG_AGO, Reason.MOVED_LATER)),
        (MOVE + "A-1,,2026-01-10,\n", (Reason.SIGNING_MOVED, Reason.LONG_AGO, Reason.MOVED_LATER)),
        (MOVE + "A-5,SIGNED,2026-01-10,\n", ()),
        (MOVE + "A-1,TERMINATED,2026-01-10,\n", (Reason.ENDED,)),
        (MOVE + "A-1,EXPIRED,2026-01-10,\n", (Reason.ENDED,)),
        (MOVE + "A-1,SUPERSEDED,2026-01-10,\n", (Reason.ENDED,)),
        (MOVE + "A-2,SUSPENDED,2026-01-10,\n", (Reason.SUSPENDED,)),
        (MOVE + "A-3,IN_PROGRESS,2026-01-10,CV 12/BCT\n", (Reason.SUSPENDED,)),
        (MOVE + "A-3,,2026-01-10,\n", (Reason.SUSPENDED, Reason.LONG_AGO, Reason.MOVED_LATER)),
        (MOVE + "A-2,,2026-01-10,\n", (Reason.UNDOCUMENTED, Reason.LONG_AGO, Reason.MOVED_LATER)),
        (MOVE + "A-4,IN_PROGRESS,2026-01-10,CV 12/BCT\n", (Reason.DECIDED_OUTSIDE,)),
        (MOVE + "A-1,IN_PROGRESS,2026-01-10,\n", (Reason.UNDOCUMENTED,)),
        (MOVE + "A-1,IN_PROGRESS,2026-01-10,https://x.vn/cv\n", ()),
        (MOVE + "A-2,PLAN_ISSUED,2026-01-10,\n", (Reason.UNDOCUMENTED,)),
        (MOVE + "A-6,IN_FORCE,2026-01-10,\n", (Reason.UNDOCUMENTED,)),
        (MOVE + "A-6,IN_FORCE,2026-01-10,CV 12/BCT\n", ()),
        (MOVE + "A-6,APPROVAL_PENDING,2026-01-10,\n", (Reason.UNDOCUMENTED,)),
        (MOVE + "A-2,COMPLETED,2026-01-10,\n", (Reason.UNDOCUMENTED,)),
        (MOVE + "A-4,,,CV 12/BCT\n", ()),
        (REPORT + "A-1,2025-Q4,2025-12-21,yes,Đã họp\n", ()),
        (REPORT + "A-1,2025-Q4,2025-12-20,yes,Đã họp\n", (Reason.LONG_AGO,)),
        (REPORT + "A-1,2025-Q3,,,Đã sửa\n", ()),
        (REPORT + "A-1,2025-Q3,,no,\n", (Reason.LONG_AGO,)),
        (REPORT + "A-1,2025-Q3,2026-01-10,,\n", (Reason.LONG_AGO, Reason.MOVED_LATER)),
        (REPORT + "A-2,2025-Q4,2026-01-11,no,\n", (Reason.MOVED_LATER,)),
        (PERCENT + "A-1,2025-Q3,90\n", (Reason.LONG_AGO,)),
        (BLOCKER + "A-1,7,,2025-12-21\n", ()),
        (BLOCKER + "A-1,7,2025-05-02,\n", (Reason.LONG_AGO,)),
        (TARGET + "A-1,2026-12-31,Chậm vốn,\n", ()),
        (TARGET + "A-1,2026-12-31,Chậm vốn,2025-12-20\n", (Reason.LONG_AGO,)),
        (TARGET + "A-1,2031-01-20,Chậm vốn,\n", ()),
        (TARGET + "A-1,2031-01-21,Chậm vốn,\n", (Reason.TARGET_FAR,)),
        (TARGET + "A-6,2026-12-31,,\n", ()),
        (TARGET + "A-4,2026-12-31,,\n", (Reason.FIRST_TARGET_LATE,)),
        (TARGET + "A-4,2026-12-31,,2023-06-02\n", (Reason.FIRST_TARGET_LATE, Reason.LONG_AGO)),
        (NEW_ONE + "Mới,MOU,ENE,KR,HIGH_LEVEL,2025-12-21,2027-01-01\n", ()),
        (NEW_ONE + "Mới,MOU,ENE,KR,LOCAL,2025-12-21,2027-01-01\n", (Reason.ANOTHER_SCOPE,)),
        (NEW_ONE + "Mới,MOU,ENE,KR,HIGH_LEVEL,2025-10-22,2027-01-01\n", (Reason.LONG_AGO,)),
        (NEW_ONE + "Mới,MOU,ENE,KR,HIGH_LEVEL,2025-10-21,2027-01-01\n", (Reason.FIRST_TARGET_LATE, Reason.LONG_AGO)),
        (NEW_ONE + "Mới,MOU,ENE,KR,HIGH_LEVEL,2025-10-21,\n", (Reason.LONG_AGO,)),
    ],
)  # fmt: skip
def test_what_is_said_decides_whether_it_waits(text: str, reasons: tuple[Reason, ...]) -> None:
    seen = preview(text)

    assert seen.changes
    assert tuple(reason for found in seen.waiting.values() for reason in found) == reasons
    assert held_back(seen, ()) == (frozenset(seen.changes) if reasons else frozenset())


def test_a_new_agreement_of_a_kind_that_is_not_counted_waits() -> None:
    kinds = pl.DataFrame([("MOU", "international_agreement", False, False)], schema=shape.DOC_TYPES, orient="row")

    seen = preview(NEW_ONE + "Mới,MOU,ENE,KR,HIGH_LEVEL,2026-01-10,\n", doc_types=kinds)

    assert seen.waiting == {("+2", "", ""): (Reason.NOT_COUNTED,)}


def test_a_new_agreement_waits_where_most_of_the_agency_are_of_another_scope() -> None:
    rows: list[dict[str, object]] = [{"agreement_id": number, "scope": "LOCAL"} for number in range(1, 7)]
    local = agreements(*rows)

    seen = preview(NEW_ONE + "A,MOU,ENE,KR,HIGH_LEVEL,2026-01-10,\nB,MOU,ENE,JP,LOCAL,2026-01-10,\n", agreements=local)

    assert seen.waiting == {("+2", "", ""): (Reason.ANOTHER_SCOPE,)}


@pytest.mark.parametrize("cell", ["scope,A-1,LOCAL", "doc_type,A-1,TREATY"])
def test_of_a_registered_agreement_no_upload_changes_where_it_is_counted(cell: str) -> None:
    """Neither its scope nor its kind; the responsible agency has no column at all."""
    column, ref, value = cell.split(",")

    assert codes(f"ref,{column}\n{ref},{value}\n") == [("read_only", 2, column)]
    assert "responsible_agency" not in CODES


def test_the_thresholds_in_force_settle_what_is_long_ago_late_or_far() -> None:
    strict = Thresholds(claim_days=5, first_target_days=60, target_years=1)
    text = TARGET + "A-6,2027-06-01,,2026-01-10\n"

    assert preview(text).waiting == {}
    assert preview(text, thresholds=strict).waiting == {
        ("6", "target", ""): (Reason.FIRST_TARGET_LATE, Reason.TARGET_FAR, Reason.LONG_AGO)
    }


@pytest.mark.parametrize(
    ("text", "reasons"),
    [
        (MOVE + "A-1,IN_PROGRESS,2026-01-08,CV 12/BCT\n", (Reason.PUBLISHED,)),
        (MOVE + "A-1,IN_PROGRESS,2026-01-09,CV 12/BCT\n", ()),
        (MOVE + "A-1,IN_PROGRESS,2025-12-20,CV 12/BCT\n", (Reason.LONG_AGO,)),
        (REPORT + "A-1,2025-Q4,2026-01-08,yes,Đã họp\n", (Reason.PUBLISHED,)),
        (REPORT + "A-1,2025-Q4,2026-01-09,yes,Đã họp\n", ()),
        (REPORT + "A-1,2025-Q3,,no,\n", (Reason.LONG_AGO,)),
        (BLOCKER + "A-1,7,,2026-01-08\n", (Reason.PUBLISHED,)),
        (TARGET + "A-1,2026-12-31,Chậm vốn,2026-01-08\n", (Reason.PUBLISHED,)),
        (TARGET + "A-1,2026-12-31,Chậm vốn,\n", ()),
    ],
)
def test_what_is_about_a_day_already_published_waits(text: str, reasons: tuple[Reason, ...]) -> None:
    seen = preview(text, published_on=dt.date(2026, 1, 8))

    assert seen.changes
    assert tuple(reason for found in seen.waiting.values() for reason in found) == reasons


def test_a_state_may_be_set_to_count_once_somebody_else_has_looked() -> None:
    reviewed = Thresholds(counts_from={**Thresholds().counts_from, "IN_PROGRESS": 1})
    start, document = MOVE + "A-1,IN_PROGRESS,2026-01-10,CV 12/BCT\n", MOVE + "A-2,,,CV 12/BCT\n"

    assert preview(start).waiting == {}
    assert preview(start, thresholds=reviewed).waiting == {("1", "status", ""): (Reason.TO_BE_REVIEWED,)}
    assert preview(document, thresholds=reviewed).waiting == {}, "a document alone claims nothing"


def test_reasons_are_counted_by_place_and_those_of_a_kind_only_where_nothing_else_holds_them() -> None:
    seen = preview(MOVE + "A-1,TERMINATED,2025-12-01,\nA-2,IN_PROGRESS,2026-01-10,CV 12/BCT\n")

    assert why_held(seen, ()) == {Reason.LONG_AGO: 1, Reason.ENDED: 1}
    assert why_held(seen, {"status"}) == {Reason.LONG_AGO: 1, Reason.ENDED: 1, "by_kind": 1}


def test_what_was_found_false_waits_when_it_is_claimed_again_for_another_day() -> None:
    false = pl.DataFrame([(1, "IN_PROGRESS")], schema=shape.FOUND_FALSE, orient="row")
    again = MOVE + "A-1,IN_PROGRESS,2026-01-15,CV 12/BCT\n"

    assert preview(again).waiting == {}
    assert preview(again, found_false=false).waiting == {("1", "status", ""): (Reason.FOUND_FALSE,)}
    completed, not_started = MOVE + "A-2,COMPLETED,2026-01-15,CV 12/BCT\n", false.with_columns(agreement_id=2)
    assert preview(completed).waiting == {}
    assert preview(completed, found_false=not_started).waiting == {("2", "status", ""): (Reason.FOUND_FALSE,)}


def test_a_completion_rests_on_its_document_or_on_evidence_that_is_in_the_register() -> None:
    done = MOVE + "A-3,COMPLETED,2026-01-10,\n"
    evidenced = agreements({"agreement_id": 3, "evidence_url": "https://x.vn/kq"})
    moving = events((3, "SIGNED", "2024-01-10"), (3, "IN_PROGRESS", "2024-04-01"))
    together = preview("ref,state,state_date,evidence_url\nA-2,COMPLETED,2026-01-10,https://x.vn/kq\n")

    assert preview(done, agreements=evidenced, events=moving).waiting == {}
    assert together.waiting == {("2", "status", ""): (Reason.UNDOCUMENTED,)}
    assert {change.column for change in held_back(together, ())} == {"state", "state_date"}


def test_evidence_that_a_completion_rests_on_alone_is_not_cleared_without_a_look() -> None:
    cleared = "ref,evidence_url\nA-3,[xóa]\n"
    evidenced = agreements({"agreement_id": 3, "evidence_url": "https://x.vn/kq"})
    moving = events((3, "SIGNED", "2024-01-10"), (3, "IN_PROGRESS", "2024-04-01"))
    done = events((3, "SIGNED", "2024-01-10"), (3, "COMPLETED", "2024-09-01"))

    assert preview(cleared, agreements=evidenced, events=moving).waiting == {}
    assert preview(cleared, agreements=evidenced, events=done).waiting == {
        ("3", "evidence_url", ""): (Reason.UNDOCUMENTED,)
    }


TOLD = "ref,report_period,report_date,shows_progress,progress_pct\n"


@pytest.mark.parametrize(
    ("gone", "text", "waits"),
    [
        # The plan was issued on 2 January, said the agency, and took it back.
        ((1, "2026-01-02", "PLAN_ISSUED", None), MOVE + "A-1,PLAN_ISSUED,2026-01-15,QĐ 12/BCT\n", True),
        ((1, "2026-01-02", "PLAN_ISSUED", None), MOVE + "A-1,PLAN_ISSUED,2026-01-02,QĐ 12/BCT\n", False),
        ((1, "2026-01-02", "PLAN_ISSUED", None), MOVE + "A-1,IN_PROGRESS,2026-01-15,QĐ 12/BCT\n", False),
        ((1, "2026-01-02", "IN_PROGRESS", None), MOVE + "A-1,PLAN_ISSUED,2026-01-15,QĐ 12/BCT\n", True),
        ((2, "2026-01-02", "IN_PROGRESS", None), MOVE + "A-1,PLAN_ISSUED,2026-01-15,QĐ 12/BCT\n", False),
        # A third had been carried out in October; 45 per cent were told of 2 January and taken back.
        ((1, "2026-01-02", None, 45.0), TOLD + "A-1,2025-Q4,2026-01-15,yes,45%\n", True),
        ((1, "2026-01-02", None, 45.0), TOLD + "A-1,2025-Q4,2026-01-15,yes,49%\n", True),
        ((1, "2026-01-02", None, 45.0), TOLD + "A-1,2025-Q4,2026-01-15,yes,50%\n", False),
        ((1, "2026-01-02", None, 45.0), TOLD + "A-1,2025-Q4,2026-01-15,yes,36%\n", False),
        ((1, "2026-01-02", None, 45.0), TOLD + "A-1,2025-Q4,2026-01-02,yes,45%\n", False),
        ((1, "2026-01-02", None, 98.0), TOLD + "A-1,2025-Q4,2026-01-15,yes,100%\n", False),
        ((1, "2026-01-02", None, 100.0), TOLD + "A-1,2025-Q4,2026-01-15,yes,100%\n", True),
        ((1, "2025-09-02", None, 45.0), TOLD + "A-1,2025-Q4,2026-01-15,yes,45%\n", False),
    ],
)  # fmt: skip
def test_what_was_taken_back_and_is_said_again_of_a_later_day_waits(
    gone: tuple[int, str, str | None, float | None], text: str, waits: bool
) -> None:
    number, day, *said = gone
    rows = pl.DataFrame([(number, dt.date.fromisoformat(day), *said, False)], schema=shape.TAKEN_BACK, orient="row")

    begun = events((1, "SIGNED", "2025-03-01"), (1, "IN_PROGRESS", "2025-05-01"))
    seen = preview(text, taken_back=rows, **({"events": begun} if text.startswith(TOLD) else {}))

    assert list(seen.waiting.values()) == ([(Reason.SAID_AGAIN,)] if waits else [])


@pytest.mark.parametrize(
    ("gone", "text", "waits"),
    [
        (("2026-01-02", "PLAN_ISSUED", None), MOVE + "A-1,PLAN_ISSUED,2026-01-02,QĐ 12/BCT\n", True),
        (("2026-01-02", "PLAN_ISSUED", None), MOVE + "A-1,IN_PROGRESS,2026-01-02,QĐ 12/BCT\n", False),
        (("2026-01-02", None, 45.0), TOLD + "A-1,2025-Q4,2026-01-02,yes,45%\n", True),
        (("2026-01-02", None, 45.0), TOLD + "A-1,2025-Q4,2026-01-02,yes,50%\n", False),
    ],
)
def test_what_a_coordinator_took_back_or_returned_waits_when_it_is_said_again_of_whatever_day(
    gone: tuple[str, str | None, float | None], text: str, waits: bool
) -> None:
    day, *said = gone
    rows = pl.DataFrame([(1, dt.date.fromisoformat(day), *said, True)], schema=shape.TAKEN_BACK, orient="row")

    assert list(preview(text, taken_back=rows).waiting.values()) == ([(Reason.SENT_BACK,)] if waits else [])


def test_a_day_in_a_file_does_not_stand_for_what_a_level_has_sent_down() -> None:
    text = (
        "ref,blocker_cause,blocker_severity,blocker_authority_level,blocker_opened_on,blocker_escalated_on\n"
        "A-1,funding,severe,prime_minister,2026-01-08,2026-01-10\n"
    )

    assert not preview(text).waiting
    assert list(preview(text, sent_down=frozenset({1})).waiting.values()) == [(Reason.SENT_BACK,)]
    assert not preview(text, sent_down=frozenset({2})).waiting
