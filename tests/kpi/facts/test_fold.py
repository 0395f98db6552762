"""States, dates and flags as of a date."""

from __future__ import annotations

import datetime as dt

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
    return [
        Row(
            id=n + 1,
            signed=signed[n],
            events=events[n],
            targets=[(target, signed[n])] if (target := targets[n]) else [],
            reports=[{"received": last[n], "pct": 30.0 if n == 7 else None}],
        )
        for n in range(8)
    ]


def flagged(frame: pl.DataFrame, flag: str) -> list[str]:
    return frame.filter(flag)["ref"].to_list()


def test_the_worked_register_comes_out_as_worked_by_hand() -> None:
    rows = register_of(worked_register())
    without_periods = facts.build(type(rows)(**{**vars(rows), "periods": rows.periods.clear()}), AS_OF).agreements

    assert flagged(without_periods, "is_matured") == ["A1", "A2", "A4", "A5", "A6", "A8"]
    assert flagged(without_periods, "is_open") == ["A1", "A2", "A3", "A6", "A8"]
    assert flagged(without_periods, "is_stalled") == ["A2", "A6"]
    assert flagged(without_periods, "is_overdue") == ["A1"]
    assert flagged(without_periods, "is_at_risk") == ["A8"]
    assert flagged(without_periods, "target_has_come") == ["A1", "A4", "A5"]
    a8 = without_periods.filter(pl.col("ref") == "A8").row(0, named=True)
    assert round(a8["elapsed_share"], 6) == 0.737024
    assert without_periods.filter(pl.col("ref") == "A1")["days_overdue"].item() == 14


def test_the_worked_register_has_the_worked_figures() -> None:
    """The naive mean over what has been implemented reads 115 days where the median with those still waiting is 136."""
    found = facts.build(register_of(worked_register()), AS_OF)

    cards = {card["kpi"]: card for card in scorecard.compute(found).iter_rows(named=True)}

    assert [(cards[kpi]["numerator"], cards[kpi]["denominator"]) for kpi in ("K02", "K04", "K05")] == [
        (5, 6),
        (1, 3),
        (2, 5),
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


def test_a_report_of_no_change_does_not_reset_the_clock_of_a_stalled_agreement() -> None:
    silent = Row(id=1, signed=D(2025, 1, 1), reports=[{"received": D(2026, 1, 10), "shows_progress": False}])
    moving = Row(id=2, signed=D(2025, 1, 1), reports=[{"received": D(2026, 1, 10), "shows_progress": True}])

    assert flagged(facts.build(register_of([silent, moving]), AS_OF).agreements, "is_stalled") == ["A1"]


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
    assert not found.select(pl.any_horizontal("is_open", "is_matured", "target_has_come").any()).item()
