"""What an agency sends goes straight in or waits for review."""

from __future__ import annotations

import concurrent.futures
import datetime as dt

import polars as pl
import pytest
import sqlalchemy as sa

from data_access import register, updates
from data_access.acting import Person, Refused
from data_access.updates import HandedIn, Receipt
from kpi.update import (
    KINDS,
    Kind,
    kind_of,
    projected,
    template,
)
from tests.data_access.updates.test_reviewing import (
    ADMINISTRATOR,
    EVERY_KIND,
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
    withdrawn,
)
from tests.data_access.updates.test_updates import (
    EVERYTHING,
    INDUSTRY,
    LEADER,
    TODAY,
    applied,
    assert_same,
    preview_of,
)

__all__ = ["filled", "held"]  # fixtures, which pytest finds by their names here


# --- What goes which way ---------------------------------------------------------------------------------------------


def test_all_but_new_agreements_goes_straight_in_until_it_is_settled_otherwise(filled: sa.Engine) -> None:
    unsettled = {**dict.fromkeys(KINDS, "direct"), "new": "review"}
    assert updates.read_routes(filled) == unsettled

    settle(filled, {"target": "review"})
    settle(filled, {"new": "direct", "target": "direct"}, ADMINISTRATOR)
    settle(filled, {"new": "direct"}, ADMINISTRATOR)

    assert updates.read_routes(filled) == dict.fromkeys(KINDS, "direct")
    assert updates.read_routes(filled, dt.date(2020, 1, 1)) == unsettled
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

    assert updates.read_routes(filled) == {**dict.fromkeys(KINDS, "direct"), "new": "review"}


def test_without_review_handing_in_is_applying(filled: sa.Engine) -> None:
    settle(filled, {"new": "direct"})
    sent = table(EVERYTHING)
    seen = preview_of(filled, sent)
    expected = projected(register.read_register(filled), seen)

    first = confirmed(filled, sent, seen)
    again = confirmed(filled, sent, seen)

    assert first == HandedIn(Receipt(1, applied=True, changes=len(seen.changes), data_version=6), None)
    assert again == HandedIn(Receipt(1, applied=False, changes=0, data_version=6), None, repeated=True)
    assert_same(register.read_register(filled), expected)
    assert "Đã làm" in register.read_report_texts(filled, expected.reports["id"])["progress"]
    assert handed_in(filled, "ref,deliverable_en\nA-1,\n") == HandedIn(Receipt(None, False, 0, 6), None)


@pytest.mark.parametrize("kind", KINDS)
def test_one_kind_waits_and_the_others_go_straight_in(filled: sa.Engine, kind: Kind) -> None:
    settle(filled, {"new": "direct"})
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
    applied(filled, "ref,state,state_date,state_document\nA-2,COMPLETED,2026-01-10,CV 12/BCT\n")
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
    handed_in(filled, "ref,state,state_date,state_document\nA-3,IN_PROGRESS,2026-01-19,CV 12/BCT\n")

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
        ("target_set_on", "2026-01-19", "2026-01-20"),
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
