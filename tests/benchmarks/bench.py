"""How long the figures take, as multiples of one plain pass over the same rows in the same run.

Run by `make bench`; not a test, since clocks differ between machines. A ratio that grows with the register would say that
something loops over rows.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from functools import partial

import polars as pl

from kpi import facts
from kpi.indicators import scorecard
from kpi.register import Register
from kpi.studies import rank_sets, what_if
from seed_data import demo, reference
from seed_data.demo import DATA_DATE

REPEATS = 5


def register_of(size: int) -> Register:
    """The demonstration register, scaled to `size` agreements."""
    frames = {**reference.frames(), **demo.frames(n=size)}
    return Register(
        agreements=frames["Agreement"],
        agreement_partners=frames["AgreementPartner"],
        status_events=frames["StatusEvent"],
        targets=frames["TargetDate"],
        periods=frames["ReportingPeriod"],
        reports=frames["ProgressReport"],
        blockers=frames["Blocker"],
        blocker_events=frames["BlockerEvent"],
        agencies=frames["Agency"],
        partners=frames["Partner"],
        partner_tiers=frames["PartnerTier"],
        sectors=frames["Sector"],
        doc_types=frames["DocType"],
    )


def last_states(register: Register) -> pl.DataFrame:
    """The plain pass everything is compared with: each agreement's last event."""
    events = register.status_events.sort("agreement_id", "effective_on")
    return events.group_by("agreement_id").agg(pl.col("state").last())


def median_of(run: Callable[[], object]) -> float:
    """The median of a few runs, in seconds, after one that does not count."""
    run()
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def main(sizes: list[int]) -> None:
    """Print a line per size and measure."""
    print(f"{'agreements':>12}{'measure':>32}{'ms':>10}{'x one pass':>12}")
    for size in sizes:
        register = register_of(size)
        found = facts.build(register, DATA_DATE)
        one_pass = median_of(partial(last_states, register))
        held = found.agreements.filter("is_open").group_by("agency").len().sort("len", "agency")
        largest, cards = held["agency"][-1], scorecard.compute(found, by=["agency"])
        measures: dict[str, Callable[[], object]] = {
            "facts": partial(facts.build, register, DATA_DATE),
            "scorecards of all agencies": partial(scorecard.compute, found, by=["agency"]),
            "intervals of all composites": partial(rank_sets.composite_intervals, found, by="agency"),
            f"what moves {largest} ({held['len'][-1]} open)": partial(
                what_if.study, register, found, agency=largest, cards=cards, steps=5
            ),
        }
        for name, run in measures.items():
            seconds = median_of(run)
            print(f"{size:>12,}{name:>32}{1000 * seconds:>10.1f}{seconds / one_pass:>12.1f}")


if __name__ == "__main__":
    main([int(text) for text in sys.argv[1:]] or [1_006, 10_000, 100_000])
