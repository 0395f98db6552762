"""Cohorts at an equal horizon against rows counted by hand, and the verdict on a claim that is true, false or too early."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from hypothesis import given, settings

from kpi import facts
from kpi.estimators import survival
from kpi.register import Register
from kpi.studies import cohorts, waiting
from tests.kpi import recomputed
from tests.kpi.registers import AS_OF, Row, register_of, registers
from tests.kpi.simulated import Law, simulate

D = dt.date


def implemented(number: int, signed: dt.date, days: int | None) -> Row:
    events = [] if days is None else [("IN_PROGRESS", signed + dt.timedelta(days=days))]
    return Row(id=number, signed=signed, events=events)


def test_a_cohort_counts_what_was_implemented_within_the_horizon_and_waits_for_the_rest() -> None:
    """Signed in 2023 and implemented after 100, 300 and 500 days, and never: at a horizon of 365 two of four."""
    rows = [implemented(number, D(2023, 5, 1), days) for number, days in enumerate([100, 300, 500, None], 1)]

    found = cohorts.by_signing(facts.build(register_of(rows), AS_OF), horizon_days=365).row(0, named=True)

    assert (found["cohort"], found["ends_on"], found["n"], found["within"]) == ("2023", D(2023, 12, 31), 4, 2)
    assert found["share"] == 50.0
    assert found["rmst"] == pytest.approx((100 + 300 + 365 + 365) / 4)
    assert found["rmst_low"] < found["rmst"] < found["rmst_high"]


def test_a_cohort_not_yet_watched_for_the_whole_horizon_has_no_figures() -> None:
    rows = [implemented(1, D(2024, 12, 1), 10), implemented(2, D(2025, 1, 5), 10)]

    found = cohorts.by_signing(facts.build(register_of(rows), AS_OF), horizon_days=365)

    assert found.select("cohort", "is_observed", "within", "share").rows() == [
        ("2024", True, 1, 100.0),
        ("2025", False, None, None),
    ]
    quarters = cohorts.by_signing(facts.build(register_of(rows), AS_OF), every="quarter", horizon_days=200)
    assert quarters.select("cohort", "is_observed").rows() == [("2024-Q4", True), ("2025-Q1", True)]


def test_what_ended_first_goes_on_waiting() -> None:
    """As in the median of the scorecard and in the curves. Implemented after 100 days; ended after 31; still waiting."""
    ended = Row(id=3, signed=D(2023, 1, 1), events=[("TERMINATED", D(2023, 2, 1))])
    rows = [implemented(1, D(2023, 1, 1), 100), implemented(2, D(2023, 1, 1), None), ended]
    found = facts.build(register_of(rows), AS_OF)

    cohort = cohorts.by_signing(found, horizon_days=365).row(0, named=True)

    assert (cohort["n"], cohort["within"], cohort["ended"]) == (3, 1, 1)
    assert cohort["share"] == pytest.approx(100 / 3)
    assert cohort["rmst"] == pytest.approx((100 + 2 * 365) / 3)
    curve = waiting.curves(waiting.cases(found, by=waiting.COHORT), ["2023"], least_at_risk=1)
    assert curve.filter(pl.col("time") <= 365)["share"].last() == pytest.approx(cohort["share"])


def test_where_none_was_pursued_to_the_horizon_nothing_is_said_of_it() -> None:
    ended = Row(id=1, signed=D(2023, 1, 1), events=[("NOT_PURSUED", D(2023, 2, 1))])

    cohort = cohorts.by_signing(facts.build(register_of([ended]), AS_OF), horizon_days=365).row(0, named=True)

    assert (cohort["n"], cohort["ended"], cohort["share"], cohort["rmst"]) == (1, 1, None, None)


def test_contradictory_dates_are_left_out_and_counted() -> None:
    rows = [Row(id=1, signed=D(2023, 6, 1), events=[("IN_PROGRESS", D(2023, 3, 1))]), implemented(2, D(2023, 6, 1), 30)]

    found = cohorts.by_signing(facts.build(register_of(rows), AS_OF)).row(0, named=True)

    assert (found["n"], found["left_out"], found["share"]) == (1, 1, 100.0)


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(rows=registers())
def test_cohorts_equal_a_plain_count(rows: list[Row]) -> None:
    table = cohorts.by_signing(facts.build(register_of(rows), AS_OF), horizon_days=200)

    for cohort in table.filter("is_observed").iter_rows(named=True):
        mine = [row for row in rows if row.signed and str(row.signed.year) == cohort["cohort"]]
        cases = recomputed.start_waits(mine, AS_OF)
        assert cohort["n"] == len(cases)
        assert (cohort["within"] or 0) == sum(observed and days <= 200 for days, observed in cases)
        plain = recomputed.waited(cases, 200) if cases else None
        if plain is None:
            assert cohort["rmst"] is None
        else:
            assert cohort["share"] == pytest.approx(100 * float(plain[0]))
            assert cohort["rmst"] == pytest.approx(float(plain[1]))


def test_the_mean_is_the_restricted_mean_of_the_survival_curve() -> None:
    found = facts.build(simulate(400, seed=3, law=Law(mean_end=400)), AS_OF)
    year = found.agreements.filter(pl.col("signed_on").dt.year() == 2022)

    cohort = cohorts.by_signing(found).filter(cohort="2022").row(0, named=True)

    curve = survival.rmst(year["waiting_days"].to_list(), year["duration_observed"].to_list(), tau=365)
    assert cohort["rmst"] == pytest.approx(curve)


def test_cohorts_of_every_sector_add_up() -> None:
    found = facts.build(simulate(400, seed=3), AS_OF)

    whole = cohorts.by_signing(found)
    parts = cohorts.by_signing(found, by=["sector"])

    sums = parts.group_by("cohort").agg(pl.col("n", "within").sum()).sort("cohort")
    assert sums["n"].to_list() == whole["n"].to_list()
    assert sums["within"].to_list() == whole["within"].fill_null(0).to_list()


def two_years(first: float, second: float, size: int = 600) -> facts.Facts:
    """Agreements of 2022 with one mean wait and of 2024 with another, in days."""
    one = simulate(size, seed=1, first=D(2022, 1, 1), last=D(2022, 12, 31), law=Law(mean_wait=first))
    two = simulate(size, seed=2, first=D(2024, 1, 1), last=D(2024, 12, 31), law=Law(mean_wait=second))
    both = {}
    for name in ("agreements", "agreement_partners", "status_events"):
        key = "id" if name == "agreements" else "agreement_id"
        later = getattr(two, name).with_columns(pl.col(key) + size)
        both[name] = pl.concat([getattr(one, name), later])
    tables = ("agencies", "partners", "partner_tiers", "sectors", "doc_types")
    return facts.build(Register(**both, **{name: getattr(one, name) for name in tables}), AS_OF)


def test_a_claim_that_is_true_is_confirmed() -> None:
    found = cohorts.compare(two_years(300, 150), "2022", "2024")

    assert found.verdict == "shortened"
    assert found.days is not None
    assert found.days_low is not None
    assert found.days_high is not None
    assert found.days_low < found.days < found.days_high < 0
    assert found.points is not None
    assert found.points > 0
    assert found.p_value is not None
    assert found.p_value < 1e-6


def test_a_claim_that_is_the_wrong_way_round_is_denied() -> None:
    assert cohorts.compare(two_years(150, 300), "2022", "2024").verdict == "lengthened"


def test_no_change_is_not_called_a_change_though_the_naive_mean_calls_it_one() -> None:
    """With the same law in both years the mean over what is implemented already makes the later year look faster."""
    found = two_years(500, 500)

    compared = cohorts.compare(found, "2022", "2024")

    done = found.agreements.filter("duration_observed").group_by(pl.col("signed_on").dt.year().alias("year"))
    naive = dict(done.agg(pl.col("duration_days").mean()).rows())
    assert naive[2024] < 0.8 * naive[2022]
    assert compared.verdict == "no_difference_shown"


def test_what_cannot_be_known_yet_is_not_judged() -> None:
    found = two_years(300, 150)

    assert cohorts.compare(found, "2022", "2025").verdict == "not_observed"
    assert cohorts.compare(found, "2022", "2024", horizon_days=500).verdict == "not_observed"
    assert cohorts.observed_cohorts(found) == ["2022", "2024"]
    assert cohorts.observed_cohorts(found, horizon_days=500) == ["2022"]
    assert cohorts.by_signing(facts.build(Register(), AS_OF)).is_empty()
