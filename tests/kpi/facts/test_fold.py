"""States, dates and flags as of a date."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings

from kpi import facts
from kpi.estimators import survival
from kpi.indicators import scorecard
from kpi.vocabulary import BUCKETS, CLOSED_BUCKETS
from tests.kpi import recomputed
from tests.kpi.registers import AS_OF, Row, days, register_of, registers

D = dt.date


def worked_register() -> list[Row]:
    """Eight agreements whose states and flags were worked out by hand."""
    last = [D(2025, 12, 20), D(2025, 2, 10), D(2025, 11, 20), D(2025, 5, 30), D(2025, 9, 15), D(2025, 6, 10)]
    last += [D(2024, 2, 1), D(2025, 12, 1)]
    signed = [D(2025, 3, 1), D(2025, 2, 10), D(2025, 11, 20), D(2024, 5, 5), D(2024, 1, 10), D(2023, 6, 1)]
    signed += [D(2022, 9, 1), D(2025, 6, 15)]
    targets = [D(2025, 12, 31), None, D(2026, 11, 20), D(2025, 6, 30), D(2025, 6, 30), D(2026, 12, 31)]
    targets += [D(2024, 12, 31), D(2026, 3, 31)]
    events = [
        [("IN_PROGRESS", D(2025, 7, 15))],
        [],
        [],
        [("IN_PROGRESS", D(2024, 8, 1)), ("COMPLETED", D(2025, 5, 30))],
        [("IN_PROGRESS", D(2024, 4, 1)), ("COMPLETED", D(2025, 9, 15))],
        [("IN_PROGRESS", D(2023, 12, 1))],
        [("TERMINATED", D(2024, 2, 1))],
        [("IN_PROGRESS", D(2025, 9, 10))],
    ]
    done = {1: 60.0, 6: 60.0, 8: 30.0}
    return [
        Row(
            id=n + 1,
            signed=signed[n],
            events=events[n],
            targets=[(target, signed[n])] if (target := targets[n]) else [],
            reports=[{"received": last[n], "pct": done.get(n + 1)}],
        )
        for n in range(8)
    ]


def flagged(frame: pl.DataFrame, flag: str) -> list[str]:
    return frame.filter(flag)["ref"].to_list()


def test_the_worked_register_comes_out_as_worked_by_hand() -> None:
    rows = register_of(worked_register())
    without_periods = facts.build(type(rows)(**{**vars(rows), "periods": rows.periods.clear()}), AS_OF).agreements

    assert flagged(without_periods, "is_matured") == ["A1", "A2", "A4", "A5", "A6", "A7", "A8"]
    assert flagged(without_periods, "is_open") == ["A1", "A2", "A3", "A6", "A8"]
    assert flagged(without_periods, "is_stalled") == ["A2", "A6"]
    assert flagged(without_periods, "is_overdue") == ["A1"]
    assert flagged(without_periods, "is_at_risk") == ["A8"]
    assert flagged(without_periods, "target_is_judged") == ["A1", "A2", "A4", "A5", "A7"]
    assert flagged(without_periods, "is_past_grace") == ["A1", "A2", "A4", "A5", "A6", "A8"]
    a8 = without_periods.filter(pl.col("ref") == "A8").row(0, named=True)
    assert round(a8["elapsed_share"], 6) == 0.737024
    assert without_periods.filter(pl.col("ref") == "A1")["days_overdue"].item() == 14


def test_the_worked_register_has_the_worked_figures() -> None:
    """The naive mean over what has been implemented reads 115 days where the median with those still waiting is 136."""
    found = facts.build(register_of(worked_register()), AS_OF)

    cards = {card["kpi"]: card for card in scorecard.compute(found).iter_rows(named=True)}

    assert [(cards[kpi]["numerator"], cards[kpi]["denominator"]) for kpi in ("K02", "K04", "K05")] == [
        (5, 7),
        (1, 5),
        (2, 6),
    ]
    assert cards["K03"]["value"] == 136
    waits = found.agreements.filter(pl.col("duration_days").is_not_null())
    mean = survival.rmst(waits["duration_days"].to_list(), waits["duration_observed"].to_list(), tau=365)
    assert mean == pytest.approx(186.571429, abs=1e-6)
    done = waits.filter("duration_observed")["duration_days"]
    assert (done.mean(), done.median()) == (115.2, 88)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(rows=registers(), as_of=days(dt.date(2024, 1, 1)))
def test_every_open_agreement_is_in_exactly_one_bucket(rows: list[Row], as_of: dt.date) -> None:
    agreements = facts.build(register_of(rows), as_of).agreements

    assert set(agreements.filter("is_open")["bucket"]) <= set(BUCKETS)
    assert set(agreements.filter(~pl.col("is_open"))["bucket"]) <= set(CLOSED_BUCKETS)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(rows=registers(), as_of=days(dt.date(2024, 1, 1)))
def test_states_equal_a_plain_fold(rows: list[Row], as_of: dt.date) -> None:
    agreements = facts.build(register_of(rows), as_of).agreements

    expected = {row.id: known["state"] for row in rows if (known := recomputed.agreement(row, as_of)) is not None}

    assert dict(agreements.select("agreement_id", "state").rows()) == expected


def test_facts_as_of_an_earlier_day_know_nothing_of_later_ones() -> None:
    row = Row(id=1, signed=D(2025, 1, 1), events=[("IN_PROGRESS", D(2025, 3, 1)), ("COMPLETED", D(2025, 9, 1))])

    states = [
        facts.build(register_of([row]), day).agreements["state"].to_list()
        for day in (D(2024, 12, 31), D(2025, 1, 1), D(2025, 3, 1), D(2025, 8, 31), D(2025, 9, 1))
    ]

    assert states == [[], ["SIGNED"], ["IN_PROGRESS"], ["IN_PROGRESS"], ["COMPLETED"]]


def test_a_start_before_the_signing_is_kept_marked_and_left_out_of_durations() -> None:
    row = Row(id=1, signed=D(2025, 6, 1), events=[("IN_PROGRESS", D(2025, 3, 1))])

    found = facts.build(register_of([row]), AS_OF).agreements.row(0, named=True)

    assert (found["state"], found["contradicts"], found["duration_days"]) == ("IN_PROGRESS", True, None)


def test_only_a_share_that_rises_resets_the_clock_of_a_stalled_agreement_and_only_of_what_was_started() -> None:
    before, begun = {"received": D(2025, 2, 1), "pct": 10.0}, [("IN_PROGRESS", D(2025, 1, 20))]
    told: list[dict[str, Any]] = [
        {"pct": 20.0, "shows_progress": False},
        {"pct": 10.0, "shows_progress": True},
        {"pct": None, "shows_progress": True},
        {"pct": 20.0, "shows_progress": True},
    ]
    rows = [
        Row(id=n, signed=D(2025, 1, 1), events=begun, reports=[before, {"received": D(2026, 1, 10), **report}])
        for n, report in enumerate(told, 1)
    ]
    unstarted = [dataclasses.replace(row, id=row.id + 4, events=[]) for row in rows]

    stalled = flagged(facts.build(register_of([*rows, *unstarted]), AS_OF).agreements, "is_stalled")

    assert stalled == ["A1", "A2", "A3", "A5", "A6", "A7", "A8"]


def test_to_be_suspended_and_resumed_is_not_to_come_further() -> None:
    paused = [("IN_PROGRESS", D(2025, 2, 1)), ("SUSPENDED", D(2026, 1, 10)), ("IN_PROGRESS", D(2026, 1, 10))]

    found = facts.build(register_of([Row(id=1, signed=D(2025, 1, 1), events=paused)]), AS_OF).agreements.row(
        0, named=True
    )

    assert (found["state"], found["is_stalled"], found["last_progress_on"]) == ("IN_PROGRESS", True, D(2025, 2, 1))


def test_a_stall_is_a_blocker_of_unknown_cause_until_progress_and_naming_it_late_makes_it_no_younger() -> None:
    unnamed = Row(id=1, signed=D(2025, 1, 1))
    named = dataclasses.replace(unnamed, id=2, blockers=[blocker(opened=D(2026, 1, 10))])
    declared_gone = dataclasses.replace(
        unnamed, id=3, blockers=[blocker(opened=D(2025, 7, 1), resolved=D(2026, 1, 10))]
    )

    found = facts.build(register_of([unnamed, named, declared_gone]), AS_OF).blockers.sort("agreement_id", "blocker_id")

    began = D(2025, 6, 30)
    open_days = (AS_OF - began).days
    assert found.filter("is_timed").select("agreement_id", "is_named", "held_days", "is_settled").rows() == [
        (1, False, open_days, False),
        (2, True, open_days, False),
        (3, True, open_days, False),
    ]
    assert found.filter(~pl.col("is_named"))["opened_on"].to_list() == [began]


def test_a_blocker_gone_within_three_days_is_not_timed() -> None:
    row = Row(
        id=1,
        signed=D(2025, 12, 1),
        blockers=[blocker(opened=D(2026, 1, 1), resolved=D(2026, 1, day)) for day in (1, 4, 5)],
    )

    assert facts.build(register_of([row]), AS_OF).blockers["is_timed"].to_list() == [False, False, True]


def blocker(*, opened: dt.date, resolved: dt.date | None = None) -> dict[str, Any]:
    return {"severity": "minor", "authority": "agency", "opened": opened, "escalated": None, "resolved": resolved}


def test_the_tier_is_the_one_held_on_the_day_and_a_region_counts_under_its_country() -> None:
    country = Row(id=1, signed=D(2023, 1, 5))
    region = Row(id=2, signed=D(2023, 1, 5), partner="SUB")
    register = register_of([country, region])

    before = facts.build(register, D(2023, 11, 26)).agreements["partner_tier"].to_list()
    after = facts.build(register, D(2023, 11, 27)).agreements["partner_tier"].to_list()

    assert (before, after) == (["SP", "SP"], ["CSP", "CSP"])


def test_what_is_only_declared_or_only_published_is_counted_as_signed_and_nowhere_else() -> None:
    rows = [Row(id=1, signed=D(2023, 1, 1), implementable=False), Row(id=2, signed=D(2023, 1, 1), tracked=False)]

    found = facts.build(register_of(rows), AS_OF).agreements

    assert found["is_signed"].to_list() == [True, True]
    assert found["bucket"].to_list() == ["declaratory", "not_tracked"]
    assert not found.select(pl.any_horizontal("is_open", "is_matured", "target_is_judged").any()).item()


def test_what_was_found_false_never_was_and_what_could_not_be_shown_stays() -> None:
    started, completed = dt.date(2025, 3, 1), dt.date(2025, 9, 1)

    def state_of(*verdicts: str) -> tuple[str, dt.date | None]:
        found = [
            {"state": "COMPLETED", "claimed": completed, "verdict": verdict, "sample": 1, "received": AS_OF}
            for verdict in verdicts
        ]
        row = Row(1, signed=dt.date(2025, 1, 1), events=[("IN_PROGRESS", started), ("COMPLETED", completed)])
        found_out = facts.build(register_of([dataclasses.replace(row, verifications=found)]), AS_OF)
        return found_out.agreements.select("state", "completed_on").row(0)

    assert state_of() == state_of("not_shown") == state_of("confirmed") == ("COMPLETED", completed)
    assert state_of("refuted") == ("IN_PROGRESS", None)
