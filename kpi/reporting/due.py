"""What falls due within some days: agreements to be completed, reports, directives, answers of the levels something went up to."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Final

import polars as pl

from kpi.facts import Facts
from kpi.reporting import reports
from kpi.reporting.calendar import Period

COMPLETION, REPORTS, DIRECTIVE, ANSWER = "completion", "reports", "directive", "answer"
KINDS: Final = (COMPLETION, REPORTS, DIRECTIVE, ANSWER)
"""What falls due, in the order in which it stands on one day."""

WINDOWS: Final = (30, 60, 90)
"""For so many days ahead somebody looks."""

COLUMNS: Final = {
    "due_on": pl.Date,
    "days_left": pl.Int64,
    "kind": pl.String,
    "agency": pl.String,
    "ref": pl.String,
    "title_vi": pl.String,
    "title_en": pl.String,
    "period": pl.String,
    "reports": pl.Int64,
    "number": pl.Int64,
    "text": pl.String,
}
"""`ref` and the titles are of an agreement, where it is about one; `period` and `reports` say of which period how many reports an
agency owes; `number` and `text` are what was asked for in a directive or an escalation. Null where they say nothing."""


def compute(
    facts: Facts,
    periods: Sequence[Period],
    directives: pl.DataFrame,
    escalations: pl.DataFrame,
    *,
    on: dt.date,
    days: int,
) -> pl.DataFrame:
    """COLUMNS of what falls due from the day after `on`, for some days; by day, then in the order of KINDS. `on` is the facts' own
    day, or a later one where the register speaks of an earlier day than today.

    `directives` and `escalations` as in `kpi.decided`: of the open ones, what the agency has to do and what a level has to answer.
    Reports are owed for a period that has ended; for one that runs they are as many as there are agreements to report on.
    """
    first, last = on + dt.timedelta(days=1), on + dt.timedelta(days=days)
    found = pl.concat(
        [
            _completions(facts),
            _reports(facts, periods),
            _decided(directives, DIRECTIVE, text="task"),
            _decided(escalations, ANSWER, text="ask"),
        ]
    )
    order = pl.col("kind").replace_strict({kind: place for place, kind in enumerate(KINDS)}, return_dtype=pl.Int64)
    return (
        found.filter(pl.col("due_on").is_between(first, last))
        .with_columns(days_left=(pl.col("due_on") - on).dt.total_days())
        .sort("due_on", order, "agency", "ref", "number", nulls_last=True)
        .select(*COLUMNS)
    )


def _completions(facts: Facts) -> pl.DataFrame:
    rows = facts.agreements.filter("is_open").rename({"current_target": "due_on"})
    return _with_all(rows.select("due_on", "agency", "ref", "title_vi", "title_en"), COMPLETION)


def _reports(facts: Facts, periods: Sequence[Period]) -> pl.DataFrame:
    missing = reports.owed(facts).filter(pl.col("received_on").is_null(), ~pl.col("is_due"))
    owed = missing.group_by("agency", "period", "due_on").agg(reports=pl.len().cast(pl.Int64))
    reporting = facts.agreements.filter("is_open") if "reports" in facts.records else facts.agreements.clear()
    each = reporting.group_by("agency").agg(reports=pl.len().cast(pl.Int64))
    running = [
        each.with_columns(period=pl.lit(period.code), due_on=pl.lit(period.due_on, pl.Date))
        for period in periods
        if period.ends_on > facts.as_of
    ]
    return _with_all(pl.concat([owed, *running], how="diagonal"), REPORTS)


def _decided(found: pl.DataFrame, kind: str, *, text: str) -> pl.DataFrame:
    rows = found.filter("is_open").select(
        "agency", "ref", "title_vi", "title_en", due_on="due_now", number="id", text=text
    )
    return _with_all(rows, kind)


def _with_all(rows: pl.DataFrame, kind: str) -> pl.DataFrame:
    """The rows with every one of COLUMNS."""
    missing = [pl.lit(None, dtype).alias(name) for name, dtype in COLUMNS.items() if name not in rows.columns]
    told = rows.with_columns(*missing).with_columns(kind=pl.lit(kind))
    return told.select(pl.col(name).cast(dtype) for name, dtype in COLUMNS.items())
