"""Differences, conflicts with what others changed meanwhile, the data date, and the register as it will be."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from kpi.update import Checked, check_rows, compare, set_aside
from kpi.update import current as shape
from kpi.update.current import Current
from tests.kpi.update.samples import DATA_DATE, TODAY, agreements, changes, current, preview, table

SINCE = pl.DataFrame(
    [
        (1, "deliverable_vi", "", 2, "Ban đầu"),
        (1, "deliverable_vi", "", 3, "Ở giữa"),
        (1, "evidence_url", "", 3, None),
    ],
    schema=shape.EARLIER,
    orient="row",
)
"""Row version 2 replaced "Ban đầu" and version 3 "Ở giữa"; the register has "Một\nhai" now."""


def changed_since() -> Current:
    rows = agreements(
        {"agreement_id": 1, "row_version": 3, "deliverable_vi": "Một\nhai", "evidence_url": "https://x.vn"}
    )
    return current(earlier=SINCE, agreements=rows)


def checked(text: str, now: Current) -> Checked:
    outcome = check_rows(table(text), now, today=TODAY)
    assert isinstance(outcome, Checked), outcome
    return outcome


def test_a_blank_cell_changes_nothing_and_a_word_empties() -> None:
    assert changes("ref,deliverable_vi,evidence_url\nA-1,,\n") == {}
    assert changes("ref,deliverable_vi\nA-1,[XÓA]\n") == {"A-1.deliverable_vi": ("Một\nhai", None)}
    assert changes("ref,deliverable_en\nA-1,[clear]\n") == {}


def test_what_only_came_along_in_the_template_is_no_wish_to_put_it_back() -> None:
    now = changed_since()
    found = checked("ref,row_version,deliverable_vi,deliverable_en\nA-1,1,Ban đầu,new\n", now)

    assert [change.column for change in compare(found, now).changes] == ["deliverable_en"]
    assert [(notice.code, notice.row) for notice in found.notices] == [("changed_since", 2)]


def test_a_cell_changed_on_both_sides_is_a_conflict() -> None:
    now = changed_since()
    text = "ref,row_version,deliverable_vi,evidence_url\nA-1,2,Của tôi,https://y.vn\n"
    found = compare(checked(text, now), now)

    assert [(c.change.field, c.base, c.change.old, c.change.new) for c in found.conflicts] == [
        ("deliverable_vi", "Ở giữa", "Một\nhai", "Của tôi"),
        ("evidence_url", None, "https://x.vn", "https://y.vn"),
    ]
    assert found.decided(found.conflicts[:1]).conflicts == found.conflicts[1:]
    theirs = set_aside(table(text), found.conflicts[:1])
    again = check_rows(theirs, now, today=TODAY)
    assert isinstance(again, Checked)
    assert [change.column for change in compare(again, now).changes] == ["evidence_url"]


def test_without_a_row_version_or_with_the_present_one_there_is_no_conflict() -> None:
    now = changed_since()

    for row in ("A-1,,Của tôi", "A-1,3,Của tôi"):
        assert compare(checked(f"ref,row_version,deliverable_vi\n{row}\n", now), now).conflicts == ()


def test_setting_a_state_aside_takes_its_day_along() -> None:
    found = preview("ref,state,state_date,evidence_url\nA-1,IN_PROGRESS,2025-05-05,https://x.vn\n")
    from kpi.update import Conflict

    aside = set_aside(
        table("ref,state,state_date,evidence_url\nA-1,IN_PROGRESS,2025-05-05,https://x.vn\n"),
        [Conflict(change, None) for change in found.changes if change.column == "state"],
    )

    assert aside.frame.rows() == [(2, "A-1", None, None, "https://x.vn")]


def test_what_is_said_counts_from_its_day_on_and_leaves_the_data_date() -> None:
    later = preview("ref,state,state_date\nA-1,IN_PROGRESS,2026-01-18\n")
    earlier = preview("ref,state,state_date\nA-1,IN_PROGRESS,2025-12-18\n")
    unknown = preview("ref,state,state_date\nA-1,IN_PROGRESS,2025-12-18\n", data_date=None)
    plan = preview("ref,current_target,target_reason\nA-1,2030-01-01,Chậm\n")

    assert (later.data_date, later.counts_on) == (DATA_DATE, dt.date(2026, 1, 18))
    assert (earlier.data_date, earlier.counts_on) == (DATA_DATE, DATA_DATE)
    assert (unknown.data_date, unknown.counts_on) == (None, dt.date(2025, 12, 18))
    assert (plan.data_date, plan.counts_on) == (DATA_DATE, TODAY)


def test_differences_are_taken_against_what_was_checked() -> None:
    found = checked("ref,deliverable_en\nA-1,new\n", current())

    with pytest.raises(ValueError, match="check it again"):
        compare(found, current(data_version=8))


def test_the_row_versions_seen_are_those_of_what_it_changes() -> None:
    assert preview("ref,deliverable_en\nA-1,new\nA-2,\n").versions == {1: 3}
