"""What waits is published whole, or in part."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import datetime as dt
from collections import Counter

import polars as pl
import pytest
import sqlalchemy as sa

import words
from data_access import audit, register, store, updates
from data_access.acting import Person, Refused
from data_access.rivals import read_rivals
from data_access.updates import Receipt
from kpi.update import (
    kind_of,
    place_of,
    projected,
)
from kpi.update.changes import whole
from kpi.update.returned import with_asked, with_remarks
from tests.data_access.updates.test_reviewing import (
    OTHER_COORDINATOR,
    actions,
    confirmed,
    data_version,
    filled,
    handed_in,
    held,
    published,
    returned,
    reviewed,
    row_of,
    sent_for_review,
    settle,
    shown,
    statuses,
    table,
)
from tests.data_access.updates.test_updates import (
    COORDINATOR,
    DATA_DATE,
    EVERYTHING,
    INDUSTRY,
    assert_same,
    preview_of,
    undone,
)

__all__ = ["filled", "held"]  # fixtures, which pytest finds by their names here


def test_what_is_published_is_what_was_previewed_and_is_undone_like_any_batch(held: sa.Engine) -> None:
    before = register.read_register(held)
    sent = table(EVERYTHING)
    seen = preview_of(held, sent)
    expected = projected(before, seen)
    number = confirmed(held, sent, seen).waiting

    receipt = published(held, number)

    assert receipt == Receipt(number, applied=True, changes=len(seen.changes), data_version=6)
    assert_same(register.read_register(held), expected)
    kept = updates.read_changes(held, number or 0, agency="BCT")
    told = {(c.row, c.column, c.old, c.new) for c in seen.changes}
    assert set(kept.select("source_row", "column", "old", "new").iter_rows()) == told
    row = row_of(held, number or 0)
    assert (row["status"], row["username"], row["reviewed_by"], row["reason"]) == ("applied", "bct", "dieuphoi", "")
    assert row["reviewed_at"] is not None
    assert register.read_data_version(held).data_date == DATA_DATE  # type: ignore[union-attr]
    assert actions(held)[-1] == ("dieuphoi", "upload.publish", f"batch {number}")
    assert audit.verify(held) is None

    with pytest.raises(Refused) as refused:
        undone(held, number, INDUSTRY)
    assert refused.value.code == "undo_by_coordinator"
    undone(held, number, COORDINATOR)

    assert_same(register.read_register(held), before)


def test_checking_twice_gives_the_same_answer(held: sa.Engine) -> None:
    seen = preview_of(held, table(EVERYTHING))
    number = sent_for_review(held, EVERYTHING)

    first, second = reviewed(held, number), reviewed(held, number)

    assert first.seen == second.seen == seen.changes == shown(first) == shown(second)
    assert first.table.frame.equals(second.table.frame)
    assert first.preview is not None
    assert second.preview is not None
    for field in dataclasses.fields(first.preview.writes):
        one, two, three = (getattr(p.writes, field.name) for p in (first.preview, second.preview, seen))
        assert one.equals(two)
        assert one.equals(three)


def test_a_batch_is_published_once(held: sa.Engine) -> None:
    number = sent_for_review(held, EVERYTHING)
    seen = reviewed(held, number)

    def try_to(actor: Person) -> Receipt | str:
        try:
            return published(held, seen, actor)
        except Refused as refusal:
            return refusal.code

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        done = list(pool.map(try_to, (COORDINATOR, OTHER_COORDINATOR) * 2))

    stored = [one for one in done if isinstance(one, Receipt)]
    assert sorted(one.applied for one in stored) == [False, True]
    assert {one.batch_id for one in stored} == {number}
    assert done.count("already_reviewed") == 2
    assert data_version(held) == 6
    assert statuses(held) == [(number, "applied")]


def test_a_review_of_what_has_changed_since_is_refused(held: sa.Engine) -> None:
    number = sent_for_review(held, "ref,deliverable_en\nA-1,một\nA-3,ba\n")
    seen = reviewed(held, number)
    published(held, sent_for_review(held, "ref,evidence_url\nA-1,https://x.vn\n"))

    with pytest.raises(Refused) as refusal:
        published(held, seen)

    assert (refusal.value.code, refusal.value.refs) == ("stale", ("A-1",))
    assert published(held, number).changes == 2  # looked at again: nothing it touches has changed


def test_a_cell_changed_meanwhile_is_decided_by_who_reviews(held: sa.Engine) -> None:
    number = sent_for_review(held, "ref,deliverable_en,evidence_url\nA-1,một,https://mot.vn\n")
    settle(held, {"result": "direct"})
    handed_in(held, "ref,deliverable_en\nA-1,khác\n")

    seen = reviewed(held, number)

    assert seen.preview is not None
    assert [(c.change.column, c.base, c.change.old, c.change.new) for c in seen.preview.conflicts] == [
        ("deliverable_en", None, "khác", "một")
    ]
    with pytest.raises(Refused, match="undecided"):
        published(held, seen)
    clear = [change for change in shown(seen) if change.column == "evidence_url"]
    receipt = published(held, seen, only=clear, reason="Đã có số liệu mới hơn")
    assert (receipt.changes, receipt.returned) == (1, 3)
    again = reviewed(held, 3)
    assert [(change.column, change.old) for change in again.seen] == [("deliverable_en", None)]
    assert [(change.column, change.old) for change in shown(again)] == [("deliverable_en", "khác")]


def test_a_conflict_decided_for_what_was_sent_is_published(held: sa.Engine) -> None:
    number = sent_for_review(held, "ref,state,state_date\nA-1,IN_PROGRESS,2025-05-05\n")
    other = sent_for_review(held, "ref,state,state_date\nA-1,IN_PROGRESS,2025-06-06\n")
    published(held, other)

    seen = reviewed(held, number)

    assert seen.preview is not None
    assert [(c.change.column, c.base, c.change.old) for c in seen.preview.conflicts] == [
        ("state_date", "2025-03-01", "2025-06-06")
    ]
    published(held, seen.decided(seen.preview.conflicts))
    assert updates.current_rows(held, "BCT").standing["state_since"][0] == dt.date(2025, 5, 5)


def test_what_the_file_only_carried_along_is_not_put_back(held: sa.Engine) -> None:
    """A row without a row version counts as taken when it was confirmed."""
    report = "ref,report_period,progress,difficulties\nA-2,2025-Q3,Đã họp,Chậm vốn\n"
    number = sent_for_review(held, report)
    published(held, sent_for_review(held, "ref,report_period,progress\nA-2,2025-Q3,Đã ký\n"))

    seen = reviewed(held, number)

    assert [change.column for change in shown(seen)] == ["difficulties"]
    published(held, seen)
    found = register.read_report_texts(held, register.read_register(held).reports["id"])
    assert found.select("progress", "difficulties").rows() == [("Đã ký", "Chậm vốn")]


def test_what_the_register_has_by_now_is_told_and_nothing_is_left_to_publish(held: sa.Engine) -> None:
    one = sent_for_review(held, "ref,deliverable_en,evidence_url\nA-1,một,https://x.vn\n")
    two = sent_for_review(held, "ref,deliverable_en\nA-1,một\n")
    published(held, one)

    seen = reviewed(held, two)

    assert seen.gone == seen.seen
    assert shown(seen) == ()
    with pytest.raises(Refused, match="nothing_chosen"):
        published(held, seen)
    returned(held, two, reason="Đã có")


def test_a_reason_that_is_too_long_is_refused_whoever_asks(held: sa.Engine) -> None:
    number = sent_for_review(held, EVERYTHING)
    seen = reviewed(held, number)
    approved = [change for change in shown(seen) if kind_of(change) in ("status", "new")]
    too_long = "x" * (updates.REASON_MAX + 1)

    with pytest.raises(Refused, match=r"2001 characters\. Use 2000"):
        returned(held, number, reason=too_long)
    with pytest.raises(Refused, match=r"2001 characters\. Use 2000"):
        published(held, seen, only=approved, reason=too_long)

    assert statuses(held) == [(number, "waiting")]
    returned(held, number, reason=f" {too_long[1:]} ")
    assert statuses(held) == [(number, "returned")]


def test_a_batch_is_published_in_part_and_the_rest_goes_back(held: sa.Engine) -> None:
    before = register.read_register(held)
    number = sent_for_review(held, EVERYTHING)
    seen = reviewed(held, number)
    approved = [change for change in shown(seen) if kind_of(change) in ("status", "new")]

    with pytest.raises(Refused, match="reason_missing"):
        published(held, seen, only=approved, reason=" \u200b ")
    with pytest.raises(ValueError, match="whole places"):
        published(held, seen, only=approved[:1], reason="x")
    with pytest.raises(ValueError, match="whole places"):
        published(held, seen, only=[dataclasses.replace(approved[0], new="khác")], reason="x")
    with pytest.raises(Refused, match="nothing_chosen"):
        published(held, seen, only=[], reason="x")
    assert statuses(held) == [(number, "waiting")]
    receipt = published(held, seen, only=approved, reason="Thiếu\u200b căn cứ ")

    assert (receipt.changes, receipt.returned) == (len(approved), number + 1)
    kept = updates.read_changes(held, number, agency="BCT")
    told = {(c.row, c.column, c.old, c.new) for c in approved}
    assert set(kept.select("source_row", "column", "old", "new").iter_rows()) == told
    rest = row_of(held, number + 1)
    assert (rest["status"], rest["reason"], rest["part_of"]) == ("returned", "Thiếu căn cứ", number)
    assert (rest["username"], rest["reviewed_by"]) == ("bct", "dieuphoi")
    back = updates.review(held, number + 1, agency="BCT")
    assert back is not None
    assert set(back.seen) == set(seen.seen) - set(approved)
    assert set(shown(back)) == set(back.seen)
    assert [action for _, action, _ in actions(held)[-2:]] == ["upload.publish", "upload.return"]

    expected = projected(register.read_register(held), preview_of(held, back.table))
    again = handed_in(held, back.table, corrects=number + 1)
    published(held, again.waiting)
    assert_same(register.read_register(held), expected)
    undone(held, again.waiting, COORDINATOR)
    undone(held, number, COORDINATOR)
    assert_same(register.read_register(held), before)


def test_what_is_chosen_is_made_whole(held: sa.Engine) -> None:
    changes = shown(reviewed(held, sent_for_review(held, EVERYTHING)))
    state = next(change for change in changes if (change.ref, change.column) == ("A-1", "state"))
    title = next(change for change in changes if change.column == "title_vi")
    text = next(change for change in changes if (change.ref, change.column) == ("A-1", "deliverable_vi"))

    assert {change.column for change in whole(changes, [state])} == {"state", "state_date", "state_document"}
    assert whole(changes, [title]) == {change for change in changes if change.subject == title.subject}
    assert whole(changes, [text]) == {text}
    assert len({place_of(change) for change in whole(changes, [title, text])}) == 2


def test_a_correction_keeps_the_note_and_the_row_it_replaces(filled: sa.Engine) -> None:
    """Both are days of long ago, which nobody changes without a review."""
    first = "ref,state_date,blocker_id,blocker_escalated_on\nA-1,2025-03-02,,\nA-2,,7,2025-06-05\n"
    for text in (first, "ref,blocker_id,blocker_escalated_on\nA-2,7,2025-06-06\n"):
        published(filled, sent_for_review(filled, text))

    dossier = register.read_agreement(filled, 1)
    assert dossier is not None
    events = dossier.events.sort("id").select("effective_on", "note", pl.col("retracted_at").is_not_null())
    assert events.rows() == [(dt.date(2025, 3, 1), "ghi chú", True), (dt.date(2025, 3, 2), "ghi chú", False)]
    current = updates.current_rows(filled, "BCT").standing_blockers
    assert current["escalated_on"].to_list() == [dt.date(2025, 6, 6)]


def test_what_is_out_of_the_ordinary_is_counted_by_batch(held: sa.Engine) -> None:
    number = sent_for_review(held, EVERYTHING)

    signs = updates.count_signs(held, updates.list_waiting(held))

    seen = preview_of(held, table(EVERYTHING))
    expected = Counter(str(reason) for reasons in seen.waiting.values() for reason in reasons)
    assert dict(signs.filter(~pl.col("is_notice")).select("sign", "places").iter_rows()) == expected
    assert set(signs["batch_id"]) <= {number}
    assert read_rivals(held, number).is_empty()
    assert updates.count_signs(held, updates.list_waiting(held).clear()).is_empty()


def test_what_is_asked_for_is_kept_with_the_return_and_stands_in_the_file(held: sa.Engine) -> None:
    number = sent_for_review(held, EVERYTHING)
    with pytest.raises(ValueError, match="no columns to ask for"), store.session(held) as session:
        updates.send_back(session, actor=COORDINATOR, batch_id=number, reason="x", asked_for=["ref"])

    for _ in range(2):  # the second time changes nothing
        with store.session(held) as session:
            updates.send_back(
                session, actor=COORDINATOR, batch_id=number, reason="x", asked_for={"state_document", "evidence_url"}
            )

    assert row_of(held, number)["asked_for"] == "evidence_url state_document"
    sent = reviewed(held, number).table
    bare = sent.with_frame(sent.frame.drop("evidence_url", "state_document", strict=False))
    asked = with_asked(bare, ["evidence_url", "state_document"], language="vi")
    assert asked.frame.select(bare.frame.columns).equals(bare.frame)
    assert asked.frame.select("evidence_url", "state_document").null_count().row(0) == (bare.frame.height,) * 2
    written = with_remarks(asked, (), language="vi", format="csv", say=words.t).decode("utf-8-sig")
    assert "Liên kết minh chứng" in written.splitlines()[0]
