"""Batches are taken back, in any order."""

from __future__ import annotations

import datetime as dt
import random

import polars as pl
import pytest
import sqlalchemy as sa

from data_access import audit, register, store, updates
from data_access.acting import Refused
from data_access.store import models
from data_access.store.models import base
from kpi.update import Checked, Table, check_rows, compare, projected, table_of
from kpi.update.current import Current
from kpi.update.transitions import moves_from
from tests.conftest import shared_out
from tests.data_access.updates.test_updates import (
    COORDINATOR,
    DATA_DATE,
    DECOMPOSED,
    EVERYTHING,
    TODAY,
    applied,
    assert_same,
    filled,
    preview,
    preview_of,
    undone,
)

__all__ = ["filled"]  # fixtures, which pytest finds by their names here


# --- Undoing ---------------------------------------------------------------------------------------------------------


def test_undoing_restores_every_table(filled: sa.Engine) -> None:
    before = register.read_register(filled)
    batch = applied(filled, EVERYTHING).batch_id

    receipt = undone(filled, batch)

    after = register.read_register(filled)
    assert receipt.applied
    assert_same(after, before)
    assert after.agreements.filter(pl.col("id") == 1).equals(before.agreements.filter(pl.col("id") == 1))
    version = register.read_data_version(filled)
    assert version is not None
    assert (version.version, version.data_date) == (7, DATA_DATE)
    assert updates.list_batches(filled, "BCT").select("id", "status", "undoes", "undone_by").rows() == [
        (receipt.batch_id, "undo", batch, None),
        (batch, "undone", None, receipt.batch_id),
    ]
    with store.session(filled, read_only=True) as session:
        assert session.get(models.Agreement, 1).deliverable_vi == DECOMPOSED  # type: ignore[union-attr]
    assert audit.verify(filled) is None


def test_after_undoing_the_same_file_can_be_applied_again(filled: sa.Engine) -> None:
    first = applied(filled, EVERYTHING)
    stored = register.read_register(filled)
    undone(filled, first.batch_id)

    assert updates.current_rows(filled, "BCT").agreements["ref"].str.contains("~").sum() == 0
    again = applied(filled, EVERYTHING)

    assert again.applied
    refs = register.read_register(filled).agreements["ref"].to_list()
    assert "BCT-2026-0001" in refs  # given back and given again
    assert "BCT-2026-0002" not in refs
    assert_same(register.read_register(filled), stored)


def test_row_versions_go_on_when_something_is_undone(filled: sa.Engine) -> None:
    seen = preview(filled, "ref,deliverable_en\nA-1,một\n")
    batch = applied(filled, "ref,evidence_url\nA-1,https://x.vn\n").batch_id
    undone(filled, batch)

    with pytest.raises(Refused, match="stale"):
        applied(filled, seen)


def test_what_is_undone_stays_undone(filled: sa.Engine) -> None:
    batch = applied(filled, "ref,deliverable_en\nA-1,một\n").batch_id
    opposite = undone(filled, batch).batch_id

    for number, reason in ((batch, "already_undone"), (opposite, "undo_of_undo"), (999, "not_allowed")):
        with pytest.raises(Refused, match=reason):
            undone(filled, number)


def test_a_coordinator_may_take_back_any_batch(filled: sa.Engine) -> None:
    before = register.read_register(filled)
    batch = applied(filled, EVERYTHING).batch_id

    undone(filled, batch, COORDINATOR)

    assert_same(register.read_register(filled), before)
    assert updates.list_batches(filled, "BCT")["username"].to_list() == ["dieuphoi", "bct"]


REPORT = "ref,report_period,report_date,shows_progress,progress\nA-1,2025-Q4,2026-01-10,có,Đã làm\n"


@pytest.mark.parametrize(
    ("first", "later", "field"),
    [
        ("ref,deliverable_en\nA-1,một\n", "ref,deliverable_en\nA-1,hai\n", "deliverable_en"),
        (
            "ref,state,state_date,state_document\nA-1,IN_PROGRESS,2026-01-05,CV 12/BCT\n",
            "ref,state_date\nA-1,2026-01-04\n",
            "state_date",
        ),
        (
            "ref,state,state_date,state_document\nA-1,IN_FORCE,2026-01-02,CV 12/BCT\n",
            "ref,state,state_date,state_document\nA-1,IN_PROGRESS,2026-01-05,CV 12/BCT\n",
            "state",
        ),
        ("ref,current_target,target_reason\nA-1,2027-01-01,x\n", "ref,target_reason\nA-1,y\n", "target_reason"),
        (REPORT, "ref,report_period,content\nA-1,2025-Q4,nội dung\n", "content[2025-Q4]"),
        (
            "ref,blocker_cause,blocker_severity,blocker_authority_level,blocker_opened_on\nA-1,funding,minor,agency,2026-01-05\n",
            "ref,blocker_id,blocker_resolved_on\nA-1,{blocker},2026-01-10\n",
            "blocker_resolved_on[{blocker}]",
        ),
        (
            "title_vi,doc_type,partner,sector,scope,signed_on\nMới,MOU,KR,ENE,HIGH_LEVEL,2026-01-05\n",
            "ref,deliverable_en\nBCT-2026-0001,một\n",
            "deliverable_en",
        ),
    ],
)
def test_a_later_batch_on_the_same_cells_stands_in_the_way_until_it_is_undone(
    filled: sa.Engine, first: str, later: str, field: str
) -> None:
    before = register.read_register(filled)
    one = applied(filled, first).batch_id
    opened = updates.current_rows(filled, "BCT").blockers["id"].max()
    two = applied(filled, later.replace("{blocker}", str(opened))).batch_id

    with pytest.raises(Refused) as refusal:
        undone(filled, one)

    assert refusal.value.code == "overlaps"
    assert len(refusal.value.refs) == 1
    overlaps = [(overlap.batch_id, overlap.field) for overlap in refusal.value.overlaps]
    assert (two, field.replace("{blocker}", str(opened))) in overlaps
    undone(filled, two)
    undone(filled, one)
    assert_same(register.read_register(filled), before)


def test_a_later_batch_on_other_cells_of_the_same_report_keeps_its_own(filled: sa.Engine) -> None:
    one = applied(filled, "ref,report_period,difficulties,progress_pct\nA-2,2025-Q3,Chậm vốn,40\n").batch_id
    applied(filled, "ref,report_period,content\nA-2,2025-Q3,nội dung\n")

    undone(filled, one)

    report = register.read_register(filled).reports
    said = register.read_report_texts(filled, report["id"])
    assert said.select("content", "difficulties", "progress").rows() == [("nội dung", "", "Đã họp")]
    assert report["progress_pct"].to_list() == [100 / 3]


def test_a_batch_on_other_agreements_is_undone_whatever_came_later(filled: sa.Engine) -> None:
    one = applied(filled, "ref,state,state_date,state_document\nA-1,IN_PROGRESS,2026-01-18,CV 12/BCT\n").batch_id
    applied(filled, "ref,state,state_date,state_document\nA-3,IN_PROGRESS,2026-01-16,CV 12/BCT\n")

    undone(filled, one)

    states = updates.current_rows(filled, "BCT").standing.sort("ref")["state"].to_list()
    assert states == ["SIGNED", "IN_PROGRESS", "IN_PROGRESS", "SIGNED"]


def test_what_was_undone_before_does_not_stand_in_the_way(filled: sa.Engine) -> None:
    before = register.read_register(filled)
    one = applied(filled, REPORT).batch_id
    two = applied(filled, "ref,report_period,progress\nA-1,2025-Q4,Khác\n").batch_id
    undone(filled, two)

    undone(filled, one)

    assert_same(register.read_register(filled), before)


# --- Property --------------------------------------------------------------------------------------------------------

TEXTS = ("=1+1", "- gạch đầu dòng", "'x", "e\u0301", "a\nb", "[xóa]", "đường sắt", "Không")
PARTS = ("result", "status", "date", "target", "report", "blocker", "resolve")


def typed_rows(current: Current, chance: random.Random, days: int = 204) -> list[dict[str, str | None]]:
    """Rows that an agency could fill in with this register in front of it, told of the last `days`; most of them keep the rules."""

    def past() -> str:
        return (TODAY - dt.timedelta(days=chance.randrange(days))).isoformat()

    found: list[dict[str, str | None]] = []
    for line in chance.sample(current.standing.to_dicts(), chance.choice((1, 2, 3))):
        row: dict[str, str | None] = {"ref": line["ref"], "row_version": str(line["row_version"])}
        parts = chance.sample(PARTS, chance.choice((1, 2, 4)))
        after = moves_from(line["state"])
        if "result" in parts:
            row |= {
                "deliverable_vi": chance.choice(TEXTS),
                "evidence_url": chance.choice((None, "https://x.vn", "[xóa]")),
            }
        if "status" in parts and after:
            document = chance.choice((None, "CV 12/BCT"))
            row |= {"state": chance.choice(after), "state_date": past(), "state_document": document}
        elif "date" in parts:
            row |= {"state_date": past()}
        if "target" in parts:
            row |= {
                "current_target": f"{chance.randrange(2026, 2030)}-06-30",
                "target_reason": chance.choice(TEXTS[:5]),
            }
        if "report" in parts:
            row |= {
                "report_period": chance.choice(("2025-Q3", "2025-Q4")),
                "report_date": f"2026-01-{chance.randrange(1, 21):02}",
                "shows_progress": chance.choice(("có", "no")),
                "progress": chance.choice(TEXTS[:5]),
                "difficulties": chance.choice((None, *TEXTS)),
                "progress_pct": chance.choice((None, "45", "37,5", "100%")),
            }
        if "blocker" in parts:
            row |= {
                "blocker_cause": chance.choice(("funding", "Nhân lực")),
                "blocker_severity": "severe",
                "blocker_authority_level": "agency",
                "blocker_opened_on": past(),
                "blocker_description": chance.choice(TEXTS[:5]),
            }
        found.append(row)
        own = current.standing_blockers.filter(pl.col("agreement_id") == line["agreement_id"])
        if "resolve" in parts and not own.is_empty():
            number = chance.choice(own["item"].to_list())
            found.append({"ref": line["ref"], "blocker_id": number, "blocker_resolved_on": past()})
    if chance.random() < 0.3:
        particulars = {"doc_type": "MOU", "partner": "KR", "sector": "ENE", "scope": "HIGH_LEVEL", "signed_on": past()}
        found.append({"title_vi": f"Thỏa thuận {chance.random()}", **particulars})
    return found


@pytest.mark.slow
@shared_out(4)
def test_previews_are_stored_as_shown_and_undone_in_any_order(filled: sa.Engine, seed: int) -> None:
    chance = random.Random(seed)
    before = register.read_register(filled)
    batches: list[int] = []
    current = updates.current_rows(filled, "BCT")
    while len(batches) < 4:
        # Mostly of days that do not take a review for being long ago.
        table = table_of(typed_rows(current, chance, days=chance.choice((31, 31, 31, 204))), name="biểu mẫu")
        checked = check_rows(table, current, today=TODAY)
        if not isinstance(checked, Checked):
            continue
        seen = compare(checked, current)
        if seen.waiting:
            continue  # never goes straight in
        expected = projected(register.read_register(filled), seen)

        receipt = applied(filled, seen)

        assert receipt.applied == bool(seen.changes)
        assert_same(register.read_register(filled), expected)
        assert_says_nothing_new(filled, table)
        if receipt.batch_id is not None:
            batches.append(receipt.batch_id)
            current = updates.current_rows(filled, "BCT")

    chance.shuffle(batches)
    while batches:
        left = [batch for batch in batches if not undone_unless_in_the_way(filled, batch, batches)]
        assert len(left) < len(batches), "batches that stand in each other's way"
        batches = left

    assert_same(register.read_register(filled), before)


def assert_says_nothing_new(engine: sa.Engine, table: Table) -> None:
    """A table that was applied has nothing more to change; new agreements apart, which are refused as known."""
    frame = table.frame.filter(pl.col("ref").is_not_null()).drop("row_version")
    assert preview_of(engine, table.with_frame(frame)).changes == ()


def undone_unless_in_the_way(engine: sa.Engine, batch: int, others: list[int]) -> bool:
    try:
        undone(engine, batch)
    except Refused as refusal:
        if refusal.code != "overlaps" or not {o.batch_id for o in refusal.overlaps} <= set(others) - {batch}:
            raise
        return False
    return True


@pytest.mark.parametrize(("days", "is_undone"), [(30, True), (31, False)])
def test_an_agency_takes_back_by_itself_what_it_handed_in_lately(filled: sa.Engine, days: int, is_undone: bool) -> None:
    number = applied(filled, "ref,deliverable_vi\nA-1,mới\n").batch_id
    with store.session(filled) as session:
        sent = models.utc_now() - dt.timedelta(days=days)
        session.execute(sa.update(models.UploadBatch).values(created_at=sent))

    if is_undone:
        assert undone(filled, number).applied
        return
    with pytest.raises(Refused) as refused:
        undone(filled, number)
    assert refused.value.code == "undo_by_coordinator"
    assert undone(filled, number, COORDINATOR).applied


@pytest.mark.parametrize(("before", "is_undone"), [(1, True), (0, False)])
def test_what_figures_were_published_with_is_for_the_coordinator(
    filled: sa.Engine, before: int, is_undone: bool
) -> None:
    number = applied(filled, "ref,deliverable_vi\nA-1,mới\n").batch_id
    with store.session(filled) as session:
        published_to = base.local_day() - dt.timedelta(days=before)
        session.execute(sa.update(models.DataVersion).values(published_to=published_to))

    if is_undone:
        assert undone(filled, number).applied
        return
    with pytest.raises(Refused, match="undo_by_coordinator"):
        undone(filled, number)
    assert undone(filled, number, COORDINATOR).applied


@pytest.mark.parametrize(("days", "is_undone"), [(0, True), (1, False)])
def test_a_registration_is_taken_back_by_its_agency_on_the_same_day(
    filled: sa.Engine, days: int, is_undone: bool
) -> None:
    number = applied(
        filled,
        "title_vi,doc_type,partner,sector,scope,signed_on\nMột thỏa thuận mới,MOU,KR,ENE,HIGH_LEVEL,2026-01-10\n",
    ).batch_id
    with store.session(filled) as session:
        sent = models.utc_now() - dt.timedelta(days=days)
        session.execute(sa.update(models.UploadBatch).values(created_at=sent))

    if not is_undone:
        with pytest.raises(Refused) as refused:
            undone(filled, number)
        assert refused.value.code == "undo_by_coordinator"
        assert undone(filled, number, COORDINATOR).applied
        return
    assert undone(filled, number).applied
