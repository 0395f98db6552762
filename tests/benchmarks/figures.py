"""What figures take, as multiples of one plain pass over the same rows, and survival curves as a share of what lifelines takes.

A ratio that grows with the register would say that something loops over rows.
"""

from __future__ import annotations

import pathlib
from collections.abc import Callable, Iterator
from functools import partial

import lifelines
import numpy as np
import polars as pl

from kpi import facts
from kpi.estimators import survival
from kpi.indicators import scorecard
from kpi.register import Register
from kpi.studies import rank_sets, what_if
from seed_data import reference
from seed_data.demo import DATA_DATE
from seed_data.mapping.build import RegisterFrames
from seed_data.store import folded_from
from tests.benchmarks import filling
from tests.benchmarks.measured import Measured, median, seconds

ROUNDS = 5
AGENCIES = 100
PERCENT = 1.0
LONGEST_DAYS = 2_000


def register_of(size: int) -> Register:
    """The demonstration register, scaled to `size` agreements."""
    first, *further = (part.frames for part in filling.parts(size))
    whole = {name: pl.concat([first[name], *(part[name] for part in further if name in part)]) for name in first}
    return folded_from(RegisterFrames(whole), reference.frames())


def last_states(register: Register) -> pl.DataFrame:
    """The plain pass everything is compared with: each agreement's last event."""
    events = register.status_events.sort("agreement_id", "effective_on")
    return events.group_by("agreement_id").agg(pl.col("state").last())


def measure(size: int, folder: pathlib.Path) -> Iterator[Measured]:
    """Facts of a day, all scorecards, their intervals, and what would move the agency with most open agreements."""
    register = register_of(size)
    found = facts.build(register, DATA_DATE)
    one_pass = median(partial(last_states, register), ROUNDS)
    held = found.agreements.filter("is_open").group_by("agency").len().sort("len", "agency")
    largest, cards = held["agency"][-1], scorecard.compute(found, by=["agency"])
    measures: dict[str, Callable[[], object]] = {
        "facts of a day": partial(facts.build, register, DATA_DATE),
        "scorecards of all agencies": partial(scorecard.compute, found, by=["agency"]),
        "intervals of all composites": partial(rank_sets.composite_intervals, found, by="agency"),
        f"what moves {largest}": partial(what_if.study, register, found, agency=largest, cards=cards, steps=5),
    }
    for name, run in measures.items():
        yield Measured(name, size, median(run, ROUNDS), one_pass, unit="plain passes")
    yield from _survival(size)


def _survival(size: int) -> Iterator[Measured]:
    """The curves of 100 agencies in whole days, so that many end on the same one; ours are the same as those of lifelines."""
    chance = np.random.default_rng(1)
    cases = pl.DataFrame(
        {
            "agency": chance.integers(0, AGENCIES, size),
            "days": chance.integers(0, LONGEST_DAYS, size),
            "seen": chance.random(size) < 0.6,
        }
    )
    by_agency = [
        (one["days"].to_numpy(), one["seen"].to_numpy()) for one in cases.partition_by("agency", maintain_order=False)
    ]
    curves = partial(survival.kaplan_meier_by, cases, by=["agency"], duration="days", observed="seen")
    theirs = seconds(lambda: [lifelines.KaplanMeierFitter().fit(days, seen) for days, seen in by_agency])
    ours = median(curves, ROUNDS)
    _compare(curves(), cases)
    yield Measured(f"survival of {AGENCIES} agencies", size, 100 * ours, theirs, PERCENT, "% of lifelines")


def _compare(curves: pl.DataFrame, cases: pl.DataFrame) -> None:
    for (agency,), own in curves.partition_by("agency", as_dict=True).items():
        one = cases.filter(pl.col("agency") == agency)
        fitted = lifelines.KaplanMeierFitter().fit(one["days"].to_numpy(), one["seen"].to_numpy())
        theirs = fitted.survival_function_at_times(own["time"].to_numpy()).to_numpy()
        assert np.abs(own["survival"].to_numpy() - theirs).max() < 1e-9
