"""Uploads that wait: what is published is what was reviewed, nothing that is returned is lost, and only who may decides."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import datetime as dt
import json
import random
from collections.abc import Collection, Mapping

import polars as pl
import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from data_access import audit, register, store, updates
from data_access.acting import Person, Refused
from data_access.store import models
from data_access.updates import HandedIn, Receipt, Review
from kpi.update import (
    KINDS,
    Change,
    Checked,
    Current,
    Kind,
    Preview,
    Table,
    check_rows,
    compare,
    kind_of,
    place_of,
    projected,
    read_table,
    table_of,
    template,
)
from kpi.update.review import whole
from tests.data_access.updates.test_updates import (
    COORDINATOR,
    DATA_DATE,
    EVERYTHING,
    FOREIGN,
    INDUSTRY,
    LEADER,
    TODAY,
    applied,
    assert_same,
    fill,
    preview_of,
    typed_rows,
    undone,
)

OTHER_COORDINATOR = Person("vpcp", "coordinator", "BNG")
ADMINISTRATOR = Person("quantri", "administrator", None)
EVERY_KIND: Mapping[Kind, updates.Route] = dict.fromkeys(KINDS, "review")


@pytest.fixture
def filled(engine: sa.Engine) -> sa.Engine:
    """The register of the tests of uploads; a second coordinator and an administrator."""
    with store.session(engine) as session:
        fill(session)
        for person in (OTHER_COORDINATOR, ADMINISTRATOR):
            session.add(models.User(**dataclasses.asdict(person), password_hash="x"))
    return engine


@pytest.fixture
def held(filled: sa.Engine) -> sa.Engine:
    """The same with every kind of change under review."""
    settle(filled, EVERY_KIND)
    return filled


def settle(engine: sa.Engine, routes: Mapping[Kind, updates.Route], actor: Person = COORDINATOR) -> None:
    with store.session(engine) as session:
        updates.write_routes(session, actor=actor, routes=routes)


def table(text: str, name: str = "tep.csv") -> Table:
    found = read_table(text.encode(), name)
    assert isinstance(found, Table), found
    return found


def handed_in(
    engine: sa.Engine, what: str | Table, actor: Person = INDUSTRY, *, corrects: int | None = None
) -> HandedIn:
    sent = table(what) if isinstance(what, str) else what
    return confirmed(engine, sent, preview_of(engine, sent, actor.agency or ""), actor, corrects=corrects)


def confirmed(
    engine: sa.Engine, sent: Table, seen: Preview, actor: Person = INDUSTRY, *, corrects: int | None = None
) -> HandedIn:
    with store.session(engine) as session:
        return updates.hand_in(session, actor=actor, table=sent, preview=seen, corrects=corrects)


def sent_for_review(engine: sa.Engine, what: str) -> int:
    number = handed_in(engine, what).waiting
    assert number is not None
    return number


def reviewed(engine: sa.Engine, batch_id: int | None) -> Review:
    found = updates.review(engine, batch_id or 0, agency=None)
    assert found is not None
    return found


def published(
    engine: sa.Engine,
    what: int | Review | None,
    actor: Person = COORDINATOR,
    *,
    only: Collection[Change] | None = None,
    reason: str = "",
) -> Receipt:
    seen = what if isinstance(what, Review) else reviewed(engine, what)
    with store.session(engine) as session:
        return updates.publish(session, actor=actor, review=seen, only=only, reason=reason)


def returned(engine: sa.Engine, batch_id: int, actor: Person = COORDINATOR, reason: str = "Thiếu căn cứ") -> None:
    with store.session(engine) as session:
        updates.send_back(session, actor=actor, batch_id=batch_id, reason=reason)


def withdrawn(engine: sa.Engine, batch_id: int, actor: Person = INDUSTRY) -> None:
    with store.session(engine) as session:
        updates.withdraw(session, actor=actor, batch_id=batch_id)


def shown(review: Review) -> tuple[Change, ...]:
    assert review.preview is not None
    return review.preview.changes


def statuses(engine: sa.Engine) -> list[tuple[int, str]]:
    return updates.list_batches(engine, None).sort("id").select("id", "status").rows()


def data_version(engine: sa.Engine) -> int:
    found = register.read_data_version(engine)
    assert found is not None
    return found.version


def actions(engine: sa.Engine) -> list[tuple[str, str, str]]:
    with store.session(engine, read_only=True) as session:
        entries = session.exec(select(models.AuditEntry).order_by(col(models.AuditEntry.id))).all()
    return [(entry.actor, entry.action, entry.subject) for entry in entries]


def row_of(engine: sa.Engine, batch_id: int) -> dict[str, object]:
    return updates.list_batches(engine, None).filter(pl.col("id") == batch_id).row(0, named=True)


# --- What goes which way ---------------------------------------------------------------------------------------------


def test_everything_goes_straight_in_until_it_is_settled_otherwise(filled: sa.Engine) -> None:
    assert updates.read_routes(filled) == dict.fromkeys(KINDS, "direct")

    settle(filled, {"target": "review"})
    settle(filled, {"new": "review", "target": "direct"}, ADMINISTRATOR)
    settle(filled, {"new": "review"}, ADMINISTRATOR)

    assert updates.read_routes(filled) == {**dict.fromkeys(KINDS, "direct"), "new": "review"}
    assert updates.read_routes(filled, dt.date(2020, 1, 1))["new"] == "direct"
    assert actions(filled) == [("dieuphoi", "settings.review", ""), ("quantri", "settings.review", "")]
    assert data_version(filled) == 5
    assert register.read_rules(filled, TODAY) == register.read_rules(filled, dt.date(2020, 1, 1))


def test_only_coordinators_and_administrators_settle_it(filled: sa.Engine) -> None:
    for actor in (INDUSTRY, LEADER, Person("bct", "coordinator", None), Person("nobody", "coordinator", None)):
        with pytest.raises(Refused, match="not_allowed"):
            settle(filled, EVERY_KIND, actor)
    for wrong in ({"everything": "review"}, {"new": "never"}):
        with pytest.raises(ValueError, match="no such"):
            settle(filled, wrong)  # type: ignore[arg-type]

    assert updates.read_routes(filled) == dict.fromkeys(KINDS, "direct")


def test_without_review_handing_in_is_applying(filled: sa.Engine) -> None:
    sent = table(EVERYTHING)
    seen = preview_of(filled, sent)
    expected = projected(register.read_register(filled), seen)

    first = confirmed(filled, sent, seen)
    again = confirmed(filled, sent, seen)

    assert first == HandedIn(Receipt(1, applied=True, changes=len(seen.changes), data_version=6), None)
    assert again == HandedIn(Receipt(1, applied=False, changes=0, data_version=6), None, repeated=True)
    assert_same(register.read_register(filled), expected)
    assert handed_in(filled, "ref,deliverable_en\nA-1,\n") == HandedIn(Receipt(None, False, 0, 6), None)


@pytest.mark.parametrize("kind", KINDS)
def test_one_kind_waits_and_the_others_go_straight_in(filled: sa.Engine, kind: Kind) -> None:
    settle(filled, {kind: "review"})
    sent = table(EVERYTHING)
    seen = preview_of(filled, sent)
    expected = projected(register.read_register(filled), seen)

    done = confirmed(filled, sent, seen)

    assert done.applied is not None
    assert (done.applied.batch_id, done.waiting, done.repeated) == (1, 2, False)
    waiting = reviewed(filled, done.waiting)
    assert {kind_of(change) for change in waiting.seen} == {kind}
    assert set(waiting.seen) == {change for change in seen.changes if kind_of(change) == kind}
    assert shown(waiting) == waiting.seen
    assert (waiting.problems, waiting.gone, waiting.overriding) == ((), (), ())
    assert waiting.preview is not None
    assert waiting.preview.conflicts == ()
    assert done.applied.changes + len(waiting.seen) == len(seen.changes)
    assert waiting.batch["part_of"] == 1
    published(filled, waiting)
    assert_same(register.read_register(filled), expected)


def test_reopening_waits_for_review_whatever_the_settings(filled: sa.Engine) -> None:
    applied(filled, "ref,state,state_date\nA-2,COMPLETED,2026-01-10\n")
    reopened = table("ref,state,state_date,evidence_url\nA-2,IN_PROGRESS,2026-01-15,https://x.vn/a\n")
    with pytest.raises(Refused, match="not_allowed"):
        applied(filled, preview_of(filled, reopened))

    sent = handed_in(filled, reopened)

    assert sent.applied is not None
    assert [change.column for change in shown(reviewed(filled, sent.waiting))] == ["state", "state_date"]
    standing = pl.col("ref") == "A-2"
    assert updates.current_rows(filled, "BCT").standing.filter(standing)["state"].item() == "COMPLETED"
    published(filled, sent.waiting)
    assert updates.current_rows(filled, "BCT").standing.filter(standing)["state"].item() == "IN_PROGRESS"


def test_the_day_a_target_was_set_is_the_one_that_was_confirmed(filled: sa.Engine) -> None:
    """It was taken from the report in the same row, which goes straight in, and time goes by before the target is published."""
    settle(filled, {"target": "review"})
    done = handed_in(
        filled,
        "ref,report_period,report_date,shows_progress,progress,current_target,target_reason\n"
        "A-1,2025-Q4,2026-01-15,có,Đã làm,2027-01-01,Chậm vốn\n",
    )
    handed_in(filled, "ref,state,state_date\nA-3,IN_PROGRESS,2026-01-19\n")

    published(filled, done.waiting)

    target = updates.current_rows(filled, "BCT").standing.row(0, named=True)
    assert (target["current_target"], target["target_on"]) == (dt.date(2027, 1, 1), dt.date(2026, 1, 15))


def test_the_day_of_a_target_that_was_moved_meanwhile_is_settled_anew(held: sa.Engine) -> None:
    """Nobody typed that day: it must not stand in the way of what was sent."""
    same = sent_for_review(held, "ref,current_target,target_reason\nA-1,2027-01-01,Chậm\n")
    other = sent_for_review(held, "ref,current_target,target_reason,evidence_url\nA-1,2028-01-01,Chậm,https://x.vn\n")
    settle(held, {"target": "direct"})
    handed_in(held, "ref,current_target,target_reason,target_set_on\nA-1,2027-01-01,Vốn,2026-01-19\n")

    one, two = reviewed(held, same), reviewed(held, other)

    assert (one.problems, two.problems) == ((), ())
    assert [(c.column, c.old, c.new) for c in shown(one)] == [("target_reason", "Vốn", "Chậm")]
    assert [(c.column, c.old, c.new) for c in shown(two)] == [
        ("evidence_url", None, "https://x.vn"),
        ("current_target", "2027-01-01", "2028-01-01"),
        ("target_reason", "Vốn", "Chậm"),
        ("target_set_on", "2026-01-19", "2026-01-19"),
    ]
    assert two.preview is not None
    assert {conflict.change.column for conflict in two.preview.conflicts} == {
        "current_target",
        "target_reason",
        "target_set_on",
    }
    published(held, two.decided(two.preview.conflicts))
    assert updates.current_rows(held, "BCT").standing["current_target"][0] == dt.date(2028, 1, 1)


# --- Waiting ---------------------------------------------------------------------------------------------------------


def test_what_waits_changes_no_figure(held: sa.Engine) -> None:
    before = register.read_register(held)

    done = handed_in(held, EVERYTHING)

    assert done == HandedIn(None, 1)
    assert_same(register.read_register(held), before)
    assert data_version(held) == 5
    assert updates.list_waiting(held)["id"].to_list() == [1]
    assert updates.read_changes(held, 1, agency="BCT").is_empty()
    row = row_of(held, 1)
    assert (row["status"], row["agency"], row["username"], row["applied_at"]) == ("waiting", "BCT", "bct", None)
    assert row["changes"] == len(reviewed(held, 1).seen)
    assert actions(held)[-1] == ("bct", "upload.submit", "batch 1")


def test_a_confirmation_repeated_waits_once(held: sa.Engine) -> None:
    sent = table(EVERYTHING)
    seen = preview_of(held, sent)

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: confirmed(held, sent, seen), range(4)))
    fresh = handed_in(held, EVERYTHING)

    assert {one.waiting for one in (*done, fresh)} == {1}
    assert [one.repeated for one in done].count(False) == 1
    assert fresh == HandedIn(None, 1, repeated=True)
    assert statuses(held) == [(1, "waiting")]
    assert updates.read_uploads_of_file(held, "BCT", seen.file_sha256)["status"].to_list() == ["waiting"]
    published(held, 1)
    assert confirmed(held, sent, seen).applied == Receipt(1, applied=False, changes=0, data_version=6)


def test_a_confirmation_in_two_parts_repeated_names_both(filled: sa.Engine) -> None:
    settle(filled, {"status": "review", "new": "review"})
    sent = table(EVERYTHING)
    seen = preview_of(filled, sent)
    confirmed(filled, sent, seen)

    again = confirmed(filled, sent, seen)
    fresh = handed_in(filled, EVERYTHING)

    assert again == HandedIn(Receipt(1, applied=False, changes=0, data_version=6), 2, repeated=True)
    assert fresh == HandedIn(None, 2, repeated=True)
    assert statuses(filled) == [(1, "applied"), (2, "waiting")]


def test_the_same_file_with_other_differences_does_not_wait_twice(held: sa.Engine) -> None:
    file = "ref,deliverable_en\nA-1,một\n"
    handed_in(held, file)
    published(held, handed_in(held, "ref,deliverable_en\nA-1,khác\n").waiting)

    with pytest.raises(Refused, match="waits"):
        handed_in(held, file)

    withdrawn(held, 1)
    assert handed_in(held, file).waiting == 3


def test_a_table_that_is_not_the_one_previewed_is_an_error(held: sa.Engine) -> None:
    seen = preview_of(held, table("ref,deliverable_en\nA-1,một\n"))

    with pytest.raises(ValueError, match="another table"):
        confirmed(held, table("ref,deliverable_en\nA-1,hai\n"), seen)


def test_conflicts_must_be_decided_before_anything_waits(held: sa.Engine) -> None:
    taken = template(updates.current_rows(held, "BCT"), language="vi", format="csv", say=str).decode("utf-8-sig")
    published(held, handed_in(held, "ref,deliverable_en\nA-3,của người khác\n").waiting)
    lines = taken.replace("\r\n", "\n").splitlines()
    place = lines[0].replace('"Tên cam kết, thỏa thuận"', "x").split(",").index("Sản phẩm (tiếng Anh)")
    row = next(line for line in lines if line.startswith("A-3")).split(",")
    row[place] = "của tôi"
    sent = table(f"{lines[0]}\n{','.join(row)}\n")
    seen = preview_of(held, sent)

    with pytest.raises(Refused, match="undecided"):
        confirmed(held, sent, seen)
    waiting = reviewed(held, confirmed(held, sent, seen.decided(seen.conflicts)).waiting)

    assert [(c.base, c.change.old, c.change.new) for c in waiting.overriding] == [(None, "của người khác", "của tôi")]
    assert waiting.preview is not None
    assert waiting.preview.conflicts == ()  # nothing has changed since it was sent
    published(held, waiting)
    assert updates.current_rows(held, "BCT").agreements.sort("ref")["deliverable_en"].to_list()[2] == "của tôi"


def test_an_agency_withdraws_what_waits(held: sa.Engine) -> None:
    before = register.read_register(held)
    number = sent_for_review(held, EVERYTHING)

    withdrawn(held, number)
    withdrawn(held, number)

    assert statuses(held) == [(number, "withdrawn")]
    assert actions(held)[-1] == ("bct", "upload.withdraw", f"batch {number}")
    assert len(actions(held)) == 3
    with pytest.raises(Refused, match="already_reviewed"):
        published(held, number)
    with pytest.raises(Refused, match="already_reviewed"):
        returned(held, number)
    assert_same(register.read_register(held), before)
    assert handed_in(held, EVERYTHING).waiting == number + 1


# --- Publishing ------------------------------------------------------------------------------------------------------


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
    version = register.read_data_version(held)
    assert version is not None
    assert version.data_date == seen.data_date[1]
    assert actions(held)[-1] == ("dieuphoi", "upload.publish", f"batch {number}")
    assert audit.verify(held) is None

    undone(held, number, INDUSTRY)

    assert_same(register.read_register(held), before)
    assert register.read_data_version(held).data_date == DATA_DATE  # type: ignore[union-attr]


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
    found = register.read_register(held).reports
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
    undone(held, again.waiting)
    undone(held, number, COORDINATOR)
    assert_same(register.read_register(held), before)


def test_what_is_chosen_is_made_whole(held: sa.Engine) -> None:
    changes = shown(reviewed(held, sent_for_review(held, EVERYTHING)))
    state = next(change for change in changes if (change.ref, change.column) == ("A-1", "state"))
    title = next(change for change in changes if change.column == "title_vi")
    text = next(change for change in changes if (change.ref, change.column) == ("A-1", "deliverable_vi"))

    assert {change.column for change in whole(changes, [state])} == {"state", "state_date"}
    assert whole(changes, [title]) == {change for change in changes if change.subject == title.subject}
    assert whole(changes, [text]) == {text}
    assert len({place_of(change) for change in whole(changes, [title, text])}) == 2


# --- Returning -------------------------------------------------------------------------------------------------------


def test_returned_corrected_published_and_undone(held: sa.Engine) -> None:
    before = register.read_register(held)
    number = sent_for_review(held, "ref,current_target,target_reason\nA-1,2027-01-01,Chậm\n")

    returned(held, number, reason="Nêu rõ lý do")
    returned(held, number, reason="Nêu rõ lý do")

    row = row_of(held, number)
    assert (row["status"], row["reason"], row["reviewed_by"]) == ("returned", "Nêu rõ lý do", "dieuphoi")
    assert [action for _, action, _ in actions(held)].count("upload.return") == 1
    assert_same(register.read_register(held), before)
    back = updates.review(held, number, agency="BCT")
    assert back is not None
    corrected = back.table.with_frame(back.table.frame.with_columns(target_reason=pl.lit("Chậm giải phóng mặt bằng")))
    again = handed_in(held, corrected, corrects=number)
    assert row_of(held, again.waiting or 0)["corrects"] == number
    published(held, again.waiting)
    standing = updates.current_rows(held, "BCT").standing.row(0, named=True)
    assert (standing["current_target"], standing["target_reason"]) == (
        dt.date(2027, 1, 1),
        "Chậm giải phóng mặt bằng",
    )
    undone(held, again.waiting)
    assert_same(register.read_register(held), before)


def test_returning_needs_a_reason_and_something_that_waits(held: sa.Engine) -> None:
    number = sent_for_review(held, "ref,deliverable_en\nA-1,một\n")

    for reason in ("", "  ", "\u200b\x00"):
        with pytest.raises(Refused, match="reason_missing"):
            returned(held, number, reason=reason)
    returned(held, number)
    for actor, reason in ((COORDINATOR, "khác"), (OTHER_COORDINATOR, "Thiếu căn cứ")):
        with pytest.raises(Refused, match="already_reviewed"):
            returned(held, number, actor, reason)
    with pytest.raises(Refused, match="already_reviewed"):
        published(held, number)
    with pytest.raises(Refused, match="already_reviewed"):
        withdrawn(held, number)
    assert row_of(held, number)["reason"] == "Thiếu căn cứ"


def test_only_an_own_returned_batch_is_corrected(held: sa.Engine) -> None:
    number = sent_for_review(held, "ref,deliverable_en\nA-1,một\n")
    for corrects in (number, 999):
        with pytest.raises(Refused, match="not_allowed"):
            handed_in(held, table("ref,deliverable_en\nA-1,hai\n"), corrects=corrects)
    returned(held, number)

    with pytest.raises(Refused, match="not_allowed"):
        handed_in(held, table("ref,deliverable_en\nA-9,hai\n"), FOREIGN, corrects=number)

    assert statuses(held) == [(number, "returned")]


# --- Who may ---------------------------------------------------------------------------------------------------------


def test_agencies_send_and_coordinators_decide(held: sa.Engine, caplog: pytest.LogCaptureFixture) -> None:
    sent = table("ref,deliverable_en\nA-1,một\n")
    number = confirmed(held, sent, preview_of(held, sent)).waiting or 0
    before = register.read_register(held)
    seen = reviewed(held, number)
    later = table("ref,deliverable_en\nA-3,ba\n")

    pretenders = (
        Person("bct", "coordinator", None),
        Person("bct", "coordinator", "BCT"),
        Person("nobody", "coordinator", None),
    )
    for actor in (INDUSTRY, FOREIGN, LEADER, ADMINISTRATOR, *pretenders):
        with pytest.raises(Refused, match="not_allowed"):
            published(held, seen, actor)
        with pytest.raises(Refused, match="not_allowed"):
            returned(held, number, actor)
    for actor in (FOREIGN, COORDINATOR, OTHER_COORDINATOR, LEADER, ADMINISTRATOR, *pretenders):
        with pytest.raises(Refused, match="not_allowed"):
            withdrawn(held, number, actor)
        with pytest.raises(Refused, match="not_allowed"):
            confirmed(held, later, preview_of(held, later), actor)
    with pytest.raises(Refused, match="not_allowed"):
        returned(held, 999)
    with pytest.raises(Refused, match="not_allowed"):
        withdrawn(held, 999)

    assert statuses(held) == [(number, "waiting")]
    assert_same(register.read_register(held), before)
    told = [record.getMessage() for record in caplog.records if record.name == "agreements.uploads"]
    assert len(told) == 7 * 2 + 8 * 2 + 2
    assert "upload.publish of batch 1 by 'bct' refused: not_allowed" in told[0]


def test_another_agencys_batch_looks_like_none(held: sa.Engine) -> None:
    number = sent_for_review(held, "ref,deliverable_en\nA-1,một\n")

    assert updates.review(held, number, agency="BNG") is None
    assert updates.review(held, 999, agency="BCT") is None
    assert updates.review(held, number, agency="BCT") is not None
    assert updates.list_batches(held, "BNG").is_empty()


def test_a_batch_that_went_straight_in_is_not_reviewed(filled: sa.Engine) -> None:
    batch = handed_in(filled, "ref,deliverable_en\nA-1,một\n").applied

    assert batch is not None
    assert updates.review(filled, batch.batch_id or 0, agency=None) is None
    with pytest.raises(Refused, match="not_allowed"):
        returned(filled, batch.batch_id or 0)


def test_a_review_made_up_elsewhere_publishes_nothing_else(held: sa.Engine) -> None:
    """What is stored comes from the store: a review that says something else is stale."""
    number = sent_for_review(held, "ref,deliverable_en\nA-1,một\n")
    seen, foreign = reviewed(held, number), preview_of(held, table("ref,deliverable_en\nA-9,chín\n"), "BNG")
    assert seen.preview is not None
    forged = dataclasses.replace(seen.preview, changes=(dataclasses.replace(shown(seen)[0], new="khác"),))

    for preview in (forged, foreign):
        with pytest.raises(Refused, match="stale"):
            published(held, dataclasses.replace(seen, preview=preview))

    assert statuses(held) == [(number, "waiting")]


def test_agreements_that_moved_to_another_agency_meanwhile_go_back(held: sa.Engine) -> None:
    number = sent_for_review(held, "ref,deliverable_en\nA-1,một\nA-3,ba\n")
    with store.session(held) as session:
        agreement = session.get(models.Agreement, 1)
        assert agreement is not None
        agreement.responsible_agency = "BNG"
        session.add(agreement)

    seen = reviewed(held, number)

    assert [(problem.code, problem.row) for problem in seen.problems] == [("ref_unknown", 2)]
    assert [change.ref for change in shown(seen)] == ["A-3"]
    with pytest.raises(Refused, match="reason_missing"):
        published(held, seen)
    receipt = published(held, seen, reason="Đã chuyển cơ quan")
    assert (receipt.changes, receipt.returned) == (1, number + 1)
    back = reviewed(held, receipt.returned)
    assert [change.ref for change in back.seen] == ["A-1"]
    assert back.preview is None
    assert register.read_register(held).agreements.filter(pl.col("id") == 1)["evidence_url"].item() == ""
    with pytest.raises(Refused, match="already_reviewed"):
        published(held, seen, OTHER_COORDINATOR, reason="x")


def test_when_every_row_has_a_problem_there_is_nothing_to_publish(held: sa.Engine) -> None:
    number = sent_for_review(held, "ref,deliverable_en\nA-1,một\n")
    with store.session(held) as session:
        session.execute(sa.text("UPDATE agreement SET responsible_agency = 'BNG' WHERE id = 1"))

    seen = reviewed(held, number)

    assert seen.preview is None
    with pytest.raises(Refused, match="nothing_chosen"):
        published(held, seen, reason="x")
    returned(held, number)


# --- Undoing ---------------------------------------------------------------------------------------------------------


def test_later_is_what_was_stored_later(held: sa.Engine) -> None:
    """A batch that waited has a lower number than one that was stored while it did."""
    before = register.read_register(held)
    first = sent_for_review(held, "ref,report_period,progress\nA-2,2025-Q3,một\n")
    settle(held, {"report": "direct"})
    direct = handed_in(held, "ref,report_period,progress\nA-2,2025-Q3,hai\n").applied
    assert direct is not None
    seen = reviewed(held, first)
    assert seen.preview is not None
    published(held, seen.decided(seen.preview.conflicts))

    with pytest.raises(Refused) as refusal:
        undone(held, direct.batch_id)

    assert refusal.value.code == "overlaps"
    assert {overlap.batch_id for overlap in refusal.value.overlaps} == {first}
    undone(held, first)
    undone(held, direct.batch_id)
    assert_same(register.read_register(held), before)


def test_what_waits_or_was_returned_cannot_be_undone(held: sa.Engine) -> None:
    number = sent_for_review(held, "ref,deliverable_en\nA-1,một\n")
    with pytest.raises(Refused, match="not_applied"):
        undone(held, number)

    returned(held, number)

    with pytest.raises(Refused, match="not_applied"):
        undone(held, number)


# --- Property --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(2))
def test_whatever_waits_is_published_as_reviewed_and_can_be_taken_back(filled: sa.Engine, seed: int) -> None:
    chance = random.Random(seed)
    before = register.read_register(filled)
    stored: list[int] = []
    waiting: list[int] = []
    templates = [updates.current_rows(filled, "BCT")]
    for _ in range(4):
        settle(filled, {kind: chance.choice(("direct", "review", "review")) for kind in KINDS})
        done = sent_at_random(filled, chance, templates)
        stored += [done.applied.batch_id] if done.applied is not None and done.applied.batch_id is not None else []
        waiting += [] if done.waiting is None else [done.waiting]
    chance.shuffle(waiting)
    for number in waiting:
        seen = reviewed(filled, number)
        again = reviewed(filled, number)
        assert (seen.problems, seen.gone) == (again.problems, again.gone)
        if seen.preview is None or not seen.preview.changes:
            returned(filled, number)
            continue
        assert shown(seen) == shown(again)
        mine = seen.decided(seen.preview.conflicts)
        picked = chance.sample(shown(seen), chance.randrange(1, len(shown(seen)) + 1))
        chosen = whole(shown(seen), picked) if chance.random() < 0.5 else frozenset(shown(seen))

        expected = projected(register.read_register(filled), seen.preview)
        receipt = published(filled, mine, only=chosen, reason="Thiếu căn cứ")

        if len(chosen) == len(shown(seen)):
            assert_same(register.read_register(filled), expected)
        kept = updates.read_changes(filled, number, agency="BCT")
        told = {(c.row, c.column, c.old, c.new) for c in chosen}
        assert set(kept.select("source_row", "column", "old", "new").iter_rows()) == told
        assert (receipt.returned is not None) == (len(chosen) < len(shown(seen)) or bool(seen.problems))
        stored.append(number)
    while stored:
        left = [number for number in stored if not is_undone(filled, number)]
        assert len(left) < len(stored), "batches that stand in each other's way"
        stored = left
    assert_same(register.read_register(filled), before)
    assert audit.verify(filled) is None


def sent_at_random(engine: sa.Engine, chance: random.Random, templates: list[Current]) -> HandedIn:
    """Hand in a file filled into one of the templates taken so far; the file's values hold where others changed the same."""
    while True:
        current = updates.current_rows(engine, "BCT")
        templates.append(current)
        sent = table_of(typed_rows(chance.choice(templates), chance), name="biểu mẫu")
        checked = check_rows(sent, current, today=TODAY)
        if not isinstance(checked, Checked):
            continue
        seen = compare(checked, current)
        done = confirmed(engine, sent, seen.decided(seen.conflicts))
        review = None if done.waiting is None else reviewed(engine, done.waiting)
        assert (0 if done.applied is None else done.applied.changes) + len(review.seen if review else ()) == len(
            seen.changes
        )
        if review is not None and review.preview is not None:
            assert shown(review) == review.seen
            assert review.preview.conflicts == ()
        return done


def is_undone(engine: sa.Engine, batch_id: int) -> bool:
    try:
        undone(engine, batch_id)
    except Refused as refusal:
        if refusal.code != "overlaps":
            raise
        return False
    return True


def test_what_is_kept_of_an_upload_is_json(held: sa.Engine) -> None:
    number = sent_for_review(held, 'ref,deliverable_en,evidence_url\nA-1,"=1+1\nđ",[xóa]\nA-3,x,\n')

    with store.session(held, read_only=True) as session:
        kept = session.get(models.UploadSubmission, number)
    assert kept is not None
    content, seen = json.loads(kept.content), json.loads(kept.seen)
    assert content["columns"] == ["ref", "deliverable_en", "row_version"]
    assert content["rows"] == [[2, "A-1", "=1+1\nđ", "1"], [3, "A-3", "x", "1"]]
    assert seen["changes"][0] == ["1", "A-1", 1, "deliverable_en", "", None, "=1+1\nđ", 2]
    assert seen["versions"] == {"1": 1, "3": 1}
    assert seen["days"] == {}
