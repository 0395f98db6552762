"""Kinds and places of changes, and tables with only some of theirs: checked again they come to exactly these."""

from __future__ import annotations

import functools
import random

import pytest

from kpi.thresholds import Thresholds
from kpi.update import KINDS, Change, Checked, Current, Preview, Table, check_rows, compare, kind_of, place_of
from kpi.update.changes import whole
from kpi.update.columns import BY_CODE
from kpi.update.review import narrowed, split, without
from tests.kpi.update.samples import TODAY, current, preview, table
from tests.kpi.update.test_differences import changed_since

EVERYTHING = """\
ref,row_version,title_vi,doc_type,sector,partner,scope,signed_on,state,state_date,state_document,current_target,target_reason,\
report_period,report_date,shows_progress,progress,difficulties,blocker_id,blocker_cause,blocker_severity,\
blocker_authority_level,blocker_opened_on,blocker_resolved_on,deliverable_vi,evidence_url,remarks
A-1,3,,,,,,,IN_PROGRESS,2026-01-10,CV 12/BCT,2030-01-01,Chậm,2025-Q4,2026-01-12,có,Đã làm,Không,,funding,severe,agency,2025-12-01,,\
mới,https://x.vn,ghi chú
A-1,3,,,,,,,IN_PROGRESS,2026-01-10,CV 12/BCT,2030-01-01,Chậm,,,,,,,personnel,minor,agency,2025-12-02,2025-12-20,mới,,
A-4,,,,,,,,,,,2031-01-01,Chậm vốn,2025-Q4,2026-01-15,có,Xong,,,,,,,,,,
,,Thỏa thuận mới,MOU,ENE,KR,HIGH_LEVEL,2026-01-05,IN_PROGRESS,2026-01-16,CV 13/BCT,2027-01-01,,2025-Q4,2026-01-17,có,Đã làm,,,\
funding,minor,agency,2026-01-07,,Sản phẩm,,
"""


ANY_DAY = Thresholds(claim_days=10_000, first_target_days=10_000)
"""Nothing in `EVERYTHING` waits by what it says."""


@functools.cache
def everything() -> tuple[Table, Preview]:
    return table(EVERYTHING), preview(EVERYTHING, thresholds=ANY_DAY)


def again(part: Table | None, now: Current) -> Preview:
    assert part is not None
    checked = check_rows(part, now, today=TODAY)
    assert isinstance(checked, Checked), checked
    return compare(checked, now)


def test_a_kind_is_a_part_and_everything_of_a_new_agreement_is_new() -> None:
    found = preview(EVERYTHING).changes

    assert {kind_of(change) for change in found} == set(KINDS)
    for change in found:
        assert kind_of(change) == ("new" if change.subject == "+5" else BY_CODE[change.column].part)
    title = Change("1", "A-1", 1, "title_vi", "", "một", "hai", 2)
    with pytest.raises(ValueError, match="title_vi"):
        kind_of(title)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(25))
def test_a_narrowed_table_comes_to_exactly_what_was_chosen(seed: int) -> None:
    chance = random.Random(seed)
    now, (sent, seen) = current(thresholds=ANY_DAY), everything()
    held = chance.sample(KINDS, chance.randrange(1, 6))
    picked = chance.sample(seen.changes, chance.randrange(1, 6))

    direct, waiting = split(sent, seen, held)
    chosen = whole(seen.changes, picked)

    assert set(again(narrowed(sent, seen, picked), now).changes) == chosen
    assert again(direct, now).changes == tuple(change for change in seen.changes if kind_of(change) not in held)
    assert again(waiting, now).changes == tuple(change for change in seen.changes if kind_of(change) in held)
    assert {place_of(change) for change in chosen} == {place_of(change) for change in picked}


def test_what_nothing_is_left_of_is_none() -> None:
    sent, seen = everything()
    straight = "ref,deliverable_vi\nA-1,mới\n"

    assert split(sent, seen, KINDS)[0] is None
    assert split(table(straight), preview(straight), [])[1] is None


def test_a_narrowed_table_says_nothing_besides() -> None:
    sent, seen = everything()
    state = [change for change in seen.changes if change.column == "state" and change.ref == "A-1"]
    target = [change for change in seen.changes if change.column == "current_target" and change.ref == "A-4"]

    assert narrowed(sent, seen, state).frame.to_dicts() == [
        {
            "row": 2,
            "ref": "A-1",
            "row_version": "3",
            "state": "IN_PROGRESS",
            "state_date": "2026-01-10",
            "state_document": "CV 12/BCT",
        }
    ]
    # The row version that was seen, and the day of the report that the target was told with.
    assert narrowed(sent, seen, target).frame.to_dicts() == [
        {
            "row": 4,
            "ref": "A-4",
            "row_version": "1",
            "current_target": "2031-01-01",
            "target_reason": "Chậm vốn",
            "target_set_on": "2026-01-15",
        }
    ]


def test_what_only_came_along_in_an_old_template_still_does() -> None:
    now = changed_since()
    sent = table("ref,row_version,deliverable_vi,evidence_url,deliverable_en\nA-1,1,Ban đầu,,new\n")
    seen = again(sent, now)

    part = narrowed(sent, seen, seen.changes)

    assert again(part, now).changes == seen.changes
    assert "deliverable_vi" not in part.frame.columns


def test_without_some_changes_the_rest_of_each_row_stays() -> None:
    now, (sent, seen) = current(thresholds=ANY_DAY), everything()
    kept = narrowed(sent, seen, seen.changes)
    gone = [change for change in seen.changes if kind_of(change) in ("new", "status", "blocker", "result")]

    left = without(kept, gone)

    assert left.frame["row"].to_list() == [2, 4]
    assert set(again(left, now).changes) == set(seen.changes) - set(gone)
    assert without(kept, seen.changes).frame.is_empty()
