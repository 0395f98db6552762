"""What figures take, as multiples of one plain pass over the same rows.

A ratio that grows with the register would say that something loops over rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import polars as pl

from kpi import facts
from kpi.indicators import scorecard
from kpi.register import Register
from kpi.studies import rank_sets, what_if
from seed_data import demo, reference
from seed_data.demo import DATA_DATE
from seed_data.mapping.build import RegisterFrames
from seed_data.store import folded_from
from tests.benchmarks.measured import Measured, median

ROUNDS = 5


def register_of(size: int) -> Register:
    """The demonstration register, scaled to `size` agreements."""
    return folded_from(RegisterFrames(demo.frames(n=size)), reference.frames())


def last_states(register: Register) -> pl.DataFrame:
    """The plain pass everything is compared with: each agreement's last event."""
    events = register.status_events.sort("agreement_id", "effective_on")
    return events.group_by("agreement_id").agg(pl.col("state").last())


def measure(size: int) -> Iterator[Measured]:
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
