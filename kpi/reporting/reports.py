"""Reports by period: which reports were owed for a period, which came, when and how complete; who is left to remind."""

from __future__ import annotations

from typing import Final

import polars as pl

from kpi.facts import REPORT_FIELDS, UNASSIGNED, Facts

STATUSES: Final = ("missing", "late", "on_time")
"""What has become of a report that was owed, the worst first."""

_GROUP: Final = ["agency", "period", "due_on", "is_due"]


def owed(facts: Facts, *, period: str | None = None) -> pl.DataFrame:
    """One row per report owed, of one period or of all, by agreement and due date.

    Columns: agreement_id, ref, title_vi, title_en, agency, period, due_on, is_due, received_on (null: missing), fields_filled (of
    seven, null: missing), is_complete, status (one of STATUSES), is_met (complete and in time in one and the same report, as the
    scorecard counts it), days_late (from the due date to the first receipt, or to the as-of date where none came; null for
    what came in time or is not due yet). Empty where the register keeps no reports. `agency` may be UNASSIGNED.
    """
    wanted = [] if period is None else [pl.col("period") == period]
    named = facts.agreements.select("agreement_id", "ref", "title_vi", "title_en", "agency")
    end = pl.col("received_on").fill_null(facts.as_of)
    return (
        _kept(facts, *wanted)
        .with_columns(days_late=pl.when(end > pl.col("due_on")).then((end - pl.col("due_on")).dt.total_days()))
        .join(named, on="agreement_id")
        .select(
            *("agreement_id", "ref", "title_vi", "title_en", "agency", "period", "due_on", "is_due", "received_on"),
            *("fields_filled", "is_complete", "status", "is_met", "days_late"),
        )
        .sort("agreement_id", "due_on")
    )


def _kept(facts: Facts, *conditions: pl.Expr) -> pl.DataFrame:
    """The rows of `Facts.reports` under some conditions, with is_complete, status and is_met; none where no reports are kept."""
    reports = facts.reports if "reports" in facts.records else facts.reports.clear()
    return (
        reports.lazy()
        .filter(*conditions)
        .with_columns(
            is_complete=(pl.col("fields_filled") == len(REPORT_FIELDS)).fill_null(value=False),
            is_met=pl.col("complete") & pl.col("on_time"),
            status=pl.when(pl.col("received_on").is_null())
            .then(pl.lit("missing"))
            .when(pl.col("received_on") > pl.col("due_on"))
            .then(pl.lit("late"))
            .otherwise(pl.lit("on_time")),
        )
        .collect()
    )


def counts(facts: Facts, *, period: str | None = None, last: int | None = None) -> pl.DataFrame:
    """Reports by agency and period, in order of agency and due date.

    Columns: agency, period, due_on, is_due, owed, received, on_time, late, missing, complete, met, share (percent received,
    in time or not). `period` asks for one, `last` for the latest ones that have fallen due for somebody; neither for all.
    Agreements without a resolved agency are left out: nobody is known who could report on them.
    """
    wanted = [] if period is None else [pl.col("period") == period]
    agencies = facts.agreements.select("agreement_id", "agency").filter(pl.col("agency") != UNASSIGNED)
    if last is not None:
        due = (
            facts.reports.filter("is_due")
            .select("agreement_id", "due_on")
            .join(agencies, on="agreement_id", how="semi")
        )
        wanted += [pl.col("is_due"), pl.col("due_on").is_in(due["due_on"].unique().sort().tail(last).implode())]
    return (
        _kept(facts, *wanted)
        .lazy()
        .join(agencies.lazy(), on="agreement_id")
        .group_by(_GROUP)
        .agg(
            owed=pl.len().cast(pl.Int64),
            received=pl.col("received_on").is_not_null().sum().cast(pl.Int64),
            **{status: (pl.col("status") == status).sum().cast(pl.Int64) for status in ("on_time", "late", "missing")},
            complete=pl.col("is_complete").sum().cast(pl.Int64),
            met=pl.col("is_met").sum().cast(pl.Int64),
        )
        .with_columns(share=100 * pl.col("received") / pl.col("owed"))
        .sort("agency", "due_on")
        .collect()
    )


def in_period(reports: pl.DataFrame) -> pl.DataFrame:
    """A frame of `counts` with all agencies together, in order of due date: period, due_on, is_due, agencies (that owe),
    reporting (agencies of which anything came), all_in (of which everything came), and the sums and share of `counts`."""
    sums = ("owed", "received", "on_time", "late", "missing", "complete", "met")
    return (
        reports.group_by("period", "due_on", "is_due")
        .agg(
            pl.col(sums).sum(),
            agencies=pl.len().cast(pl.Int64),
            reporting=(pl.col("received") > 0).sum().cast(pl.Int64),
            all_in=(pl.col("missing") == 0).sum().cast(pl.Int64),
        )
        .with_columns(share=100 * pl.col("received") / pl.col("owed"))
        .sort("due_on", "period")
    )
