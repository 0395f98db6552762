"""How far the figures can be relied on: who has reported."""

from __future__ import annotations

import dataclasses
import datetime as dt

import polars as pl

from kpi.facts import UNASSIGNED, Facts


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
    due = facts.reports.filter("is_due").join(
        facts.agreements.filter(pl.col("agency") != UNASSIGNED).select("agreement_id", "agency"), on="agreement_id"
    )
    if "reports" not in facts.records or due.is_empty():
        return None
    latest = due.filter(pl.col("due_on") == pl.col("due_on").max())
    came = latest.group_by("agency").agg(came=pl.col("received_on").is_not_null().any())
    return Reported(
        period=latest["period"][0], due_on=latest["due_on"][0], agencies=int(came["came"].sum()), owing=came.height
    )
