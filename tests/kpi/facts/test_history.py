"""A register by time: exactly one spell of everything on any day, and nothing of a day comes from later ones."""

from __future__ import annotations

import dataclasses
import datetime as dt

import polars as pl
from hypothesis import given, settings
from polars.testing import assert_frame_equal

from kpi import facts
from kpi.facts import History
from kpi.facts.history import on_day
from tests.kpi.registers import Row, days, register_of, registers


@settings(max_examples=50)
@given(registers(), days())
def test_on_any_day_each_agreement_and_each_report_owed_has_one_spell_in_order(rows: list[Row], day: dt.date) -> None:
    history = History.of(register_of(rows))
    agreements = history.agreements["agreement_id"].to_list()

    for spells in history.spells:
        assert on_day(spells, day)["agreement_id"].to_list() == agreements
    owed = history.owed.select("agreement_id", "due_on", "period").unique()
    assert on_day(history.owed, day).select("agreement_id", "due_on", "period").rows() == sorted(owed.rows())


@settings(max_examples=50)
@given(registers(), days())
def test_what_came_later_changes_nothing_of_a_day(rows: list[Row], day: dt.date) -> None:
    register = register_of(rows)
    until_then = dataclasses.replace(
        register,
        status_events=register.status_events.filter(pl.col("effective_on") <= day),
        targets=register.targets.filter(pl.col("effective_on") <= day),
        reports=register.reports.filter(pl.col("reported_on") <= day),
        blocker_events=register.blocker_events.filter(pl.col("effective_on") <= day),
        # What claims rest on, and that one was false, is so whenever it was found.
    )

    looked_up, alone = facts.build(History.of(register), day), facts.build(until_then, day)

    for name in ("agreements", "reports", "blockers", "verifications"):
        assert_frame_equal(getattr(looked_up, name), getattr(alone, name))
