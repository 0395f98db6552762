"""The KPI declarations.

A KPI is the rows it counts among the rows it counts them in, with a unit, a direction and a target. From this one
declaration come its value, the list of agreements behind it, its score, its entry on the method page and its tests. Its
words are in the catalog `kpi`, its weight and goalposts in `kpi.rules`.
"""

from __future__ import annotations

import dataclasses
from typing import Literal

import polars as pl
from polars import col

from kpi.facts import Facts

Unit = Literal["count", "percent", "days", "points"]
Rows = Literal["agreements", "reports", "blockers"]
Estimator = Literal["count", "share", "median", "composite"]
Direction = Literal["higher", "lower", "context"]


@dataclasses.dataclass(frozen=True)
class Kpi:
    """One declared measure.

    `among` selects the rows of the denominator and `counted` those of the numerator among them, on the columns of the
    facts frame named by `of`. A `median` is a Kaplan-Meier median of `duration`, where `counted` marks the cases in which
    the event has happened. A `count` shows the numerator itself. `needs` names what a register must keep for the KPI to
    exist at all.
    """

    code: str
    of: Rows
    estimator: Estimator
    unit: Unit
    direction: Direction
    target: float | None
    among: pl.Expr
    counted: pl.Expr
    duration: str | None = None
    needs: str | None = None

    def rows(self, facts: Facts) -> pl.DataFrame:
        """The rows this KPI counts among, with a boolean column `_counted`."""
        frame: pl.DataFrame = getattr(facts, self.of)
        if self.needs is not None and self.needs not in facts.records:
            frame = frame.clear()
        return frame.filter(self.among).with_columns(self.counted.alias("_counted"))


_DECLARED = (
    Kpi("K01", "agreements", "count", "count", "context", None, among=col("is_signed"), counted=col("is_signed")),
    Kpi("K02", "agreements", "share", "percent", "higher", 85, among=col("is_matured"), counted=col("is_started")),
    Kpi(
        "K03",
        "agreements",
        "median",
        "days",
        "lower",
        180,
        among=col("duration_days").is_not_null(),
        counted=col("duration_observed"),
        duration="duration_days",
    ),
    Kpi(
        "K04",
        "agreements",
        "share",
        "percent",
        "higher",
        80,
        among=col("target_has_come"),
        counted=col("completed_on_time"),
    ),
    Kpi("K05", "agreements", "share", "percent", "lower", 10, among=col("is_open"), counted=col("is_stalled")),
    Kpi("K06", "agreements", "count", "count", "lower", 0, among=col("is_open"), counted=col("is_overdue")),
    Kpi(
        "K07",
        "agreements",
        "share",
        "percent",
        "higher",
        95,
        among=col("plan_limit_passed"),
        counted=col("plan_in_time"),
        needs="plans",
    ),
    Kpi(
        "K08",
        "reports",
        "share",
        "percent",
        "higher",
        95,
        among=col("is_due"),
        counted=col("complete") & col("on_time"),
        needs="reports",
    ),
    Kpi(
        "K09",
        "blockers",
        "median",
        "days",
        "lower",
        45,
        among=col("age_days").is_not_null(),
        counted=col("is_resolved"),
        duration="age_days",
        needs="blockers",
    ),
    Kpi(
        "K10",
        "blockers",
        "share",
        "percent",
        "higher",
        90,
        among=col("escalation_due"),
        counted=col("escalated_in_time"),
        needs="blockers",
    ),
    Kpi(
        "K11",
        "agreements",
        "share",
        "percent",
        "higher",
        100,
        among=col("is_completed"),
        counted=col("has_evidence"),
        needs="evidence",
    ),
    Kpi(
        "K13",
        "agreements",
        "composite",
        "points",
        "higher",
        80,
        among=col("is_open") | col("is_completed"),
        counted=col("is_open") | col("is_completed"),
    ),
)

KPIS: dict[str, Kpi] = {kpi.code: kpi for kpi in _DECLARED}
"""Every KPI by code, in the order of the method."""
