"""What the register leaves unsaid: reports that did not come, and agreements whose record is incomplete."""

from __future__ import annotations

from typing import Final

import polars as pl

from kpi.facts import UNASSIGNED, Facts
from kpi.flags import FLAGS

DEFECTS: Final = ("silent", "no_date", "missing_fields", "contradicts", "unassigned")
"""The signs of `kpi.flags` that say something is wrong with the record; an agreement may show several."""


def by_agency(facts: Facts) -> pl.DataFrame:
    """How many signed agreements of each agency show each defect: most defective ones first.

    Columns: agency, n (signed agreements), one per DEFECTS, defective (agreements with any of them).
    """
    defects = {name: FLAGS[name] for name in DEFECTS}
    return (
        facts.agreements.filter("is_signed")
        .group_by("agency")
        .agg(
            n=pl.len().cast(pl.Int64),
            **{name: condition.sum().cast(pl.Int64) for name, condition in defects.items()},
            defective=pl.any_horizontal(defects.values()).sum().cast(pl.Int64),
        )
        .sort(["defective", "agency"], descending=[True, False])
    )


def coverage(facts: Facts, *, periods: int = 8) -> pl.DataFrame:
    """Reports owed and received by agency for the last periods that fell due, in order of agency and due date.

    Columns: agency, period, due_on, owed, received, share (percent received, in time or not). Empty where the register
    keeps no reports. Agreements without a resolved agency are left out: nobody is known who could report on them.
    """
    owed = facts.reports.filter("is_due").join(
        facts.agreements.filter(pl.col("agency") != UNASSIGNED).select("agreement_id", "agency"), on="agreement_id"
    )
    if "reports" not in facts.records:
        owed = owed.clear()
    latest = owed.select("due_on").unique().sort("due_on").tail(periods)
    return (
        owed.join(latest, on="due_on", how="semi")
        .group_by("agency", "period", "due_on")
        .agg(owed=pl.len().cast(pl.Int64), received=pl.col("received_on").is_not_null().sum().cast(pl.Int64))
        .with_columns(share=100 * pl.col("received") / pl.col("owed"))
        .sort("agency", "due_on")
    )


def in_period(reports: pl.DataFrame) -> pl.DataFrame:
    """A frame of `coverage` with all agencies together: period, due_on, owed, received, share, in order of due date."""
    return (
        reports.group_by("period", "due_on")
        .agg(pl.col("owed", "received").sum())
        .with_columns(share=100 * pl.col("received") / pl.col("owed"))
        .sort("due_on")
    )
