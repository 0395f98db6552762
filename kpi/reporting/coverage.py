"""How far the figures can be relied on: who has reported."""

from __future__ import annotations

import dataclasses
import datetime as dt

from kpi.facts import Facts
from kpi.reporting import reports


@dataclasses.dataclass(frozen=True)
class Reported:
    """For the latest period whose reports have fallen due: how many agencies owed reports and how many of them sent all (`all_in`),
    how many reports were owed and how many are missing."""

    period: str
    due_on: dt.date
    agencies: int
    all_in: int
    owed: int
    missing: int

    @property
    def share_missing(self) -> float:
        """The missing reports in percent of those owed."""
        return 100 * self.missing / self.owed


def reported(facts: Facts) -> Reported | None:
    """How many of the agencies have sent all that was due; None where the register keeps no reports or none has fallen due.

    Agreements without a resolved agency are left out: nobody is known who could report on them.
    """
    latest = reports.in_period(reports.counts(facts, last=1))
    if latest.is_empty():
        return None
    row = latest.row(-1, named=True)
    return Reported(**{field.name: row[field.name] for field in dataclasses.fields(Reported)})
