"""How far the figures can be relied on: who has reported."""

from __future__ import annotations

import dataclasses
import datetime as dt

from kpi.facts import Facts
from kpi.reporting import reports


@dataclasses.dataclass(frozen=True)
class Reported:
    """For the latest period whose reports have fallen due: the agencies that owed reports, and those that sent any."""

    period: str
    due_on: dt.date
    agencies: int
    owing: int

    @property
    def share(self) -> float:
        """Agencies that reported, in percent of those that had to."""
        return 100 * self.agencies / self.owing


def reported(facts: Facts) -> Reported | None:
    """Which share of the agencies has reported; None where the register keeps no reports or none has fallen due.

    Agreements without a resolved agency are left out: nobody is known who could report on them.
    """
    latest = reports.in_period(reports.counts(facts, last=1))
    if latest.is_empty():
        return None
    row = latest.row(-1, named=True)
    return Reported(period=row["period"], due_on=row["due_on"], agencies=row["reporting"], owing=row["agencies"])
