"""What is measured of each agreement once its dates are folded: days and shares, what it is judged by, its flags and bucket."""

from __future__ import annotations

import datetime as dt

import polars as pl

from kpi.thresholds import Thresholds
from kpi.vocabulary import Bucket, LegalClass

_FOLLOWED = pl.col("is_signed") & pl.col("implementable") & pl.col("tracked")


def measured(agreements: pl.DataFrame, as_of: dt.date, rules: Thresholds, *, goes_on: bool = True) -> pl.DataFrame:
    """Days, shares and limits: everything counted from dates. What has started stalls only where it `goes_on`."""
    signed, started = pl.col("signed_on"), pl.col("started_on")
    # Whatever ended otherwise before it was started goes on waiting: ending it must not take it out of sight.
    waited_until = pl.coalesce(started, pl.when("is_not_pursued").then("ended_on"), pl.lit(as_of))
    registered_late = (pl.col("received_on") - signed).dt.total_days().fill_null(0) > rules.late_registration_days
    # A start or end whose day the register does not give cannot be timed, and neither can one before the signing. What had started
    # when it was registered, late, was never seen waiting.
    waited = (
        _FOLLOWED
        & signed.is_not_null()
        & ~(pl.col("is_started") & started.is_null())
        & (started >= signed).fill_null(True)
        & ~(registered_late & (started < pl.col("received_on")).fill_null(False))
    )
    timed = waited & ~(pl.col("is_void") & ~pl.col("is_started") & pl.col("ended_on").is_null())
    end = pl.coalesce("started_on", "ended_on", pl.lit(as_of))
    last_progress = pl.max_horizontal("last_milestone_on", "last_evidenced_on")
    planned_days = (pl.col("original_target") - signed).dt.total_days()
    # Before implementation nothing has been carried out, which is a fact; later, no reported share is no information.
    progress = pl.coalesce(pl.col("progress_pct") / 100, pl.when(~pl.col("is_started")).then(pl.lit(0.0)))
    plan_due = (
        pl.when(pl.col("legal_class") == LegalClass.TREATY)
        .then(pl.col("in_force_on") + pl.duration(days=rules.plan_days_treaty))
        .otherwise(signed + pl.duration(days=rules.plan_days_other))
    )
    return agreements.with_columns(
        registered_late=registered_late,
        duration_days=pl.when(timed).then((end - signed).dt.total_days()),
        duration_observed=timed & started.is_not_null(),
        waiting_days=pl.when(waited).then((waited_until - signed).dt.total_days()),
        age_days=(pl.lit(as_of) - signed).dt.total_days(),
        last_progress_on=last_progress,
        days_since_progress=(pl.lit(as_of) - last_progress).dt.total_days(),
        stall_limit=pl.when(pl.lit(goes_on) | ~pl.col("is_started")).then(
            pl.col("state").replace_strict(dict(rules.stall_days), default=None, return_dtype=pl.Int64)
        ),
        elapsed_share=pl.when(planned_days > 0).then((pl.lit(as_of) - signed).dt.total_days() / planned_days),
        progress_share=progress,
        slippage_days=(pl.col("current_target") - pl.col("original_target")).dt.total_days(),
        days_overdue=pl.when(pl.col("is_open") & (pl.col("original_target") < as_of)).then(
            (pl.lit(as_of) - pl.col("original_target")).dt.total_days()
        ),
        plan_due_on=plan_due,
    )


def counted(agreements: pl.DataFrame, as_of: dt.date, rules: Thresholds) -> pl.DataFrame:
    """Which agreements a KPI counts among: old enough to be judged, target come, plan due; and whether they met it.

    What ended before it was started, or without ever having had a target, has not met it: only a decision of a competent
    authority not to pursue it takes it out.
    """
    judged = _FOLLOWED & ~pl.col("is_not_pursued")
    set_after = (pl.col("target_set_on") - pl.col("signed_on")).dt.total_days()
    target_come = (pl.col("original_target") <= as_of).fill_null(False)
    target_in_time = (set_after <= rules.first_target_days).fill_null(False)
    no_target_in_time = (pl.col("age_days") >= rules.first_target_days) & ~target_in_time
    ended_on_the_way = pl.col("is_started") & (pl.col("ended_on") < pl.col("original_target")).fill_null(False)
    set_before_completion = (pl.col("target_set_on") <= pl.col("completed_on")).fill_null(False)
    after_target = (pl.col("completed_on") - pl.col("original_target")).dt.total_days()
    most_late = rules.late_points_days
    plan_limit_passed = (pl.col("plan_due_on") < as_of).fill_null(False)
    ended_before_limit = (pl.col("ended_on") <= pl.col("plan_due_on")).fill_null(False)
    return agreements.with_columns(
        is_matured=(judged | (_FOLLOWED & pl.col("is_started")))
        & (pl.col("age_days") >= rules.grace_days).fill_null(False),
        target_is_judged=judged & (target_come | no_target_in_time.fill_null(False)) & ~ended_on_the_way,
        has_target_in_time=target_in_time,
        completed_on_time=set_before_completion & (after_target <= 0).fill_null(False),
        days_late=pl.when(set_before_completion).then(after_target.clip(0, most_late)).otherwise(pl.lit(most_late)),
        plan_limit_passed=_FOLLOWED & plan_limit_passed & ~ended_before_limit,
        plan_in_time=(pl.col("plan_issued_on") <= pl.col("plan_due_on")).fill_null(False),
        has_evidence=pl.col("evidence_url") != "",
        agency_exists=((pl.col("agency_since") <= as_of) & (pl.col("agency_until") >= as_of)).fill_null(True),
        is_inherited=(pl.col("signed_on") < pl.col("agency_since")).fill_null(False),
    )


def flagged(agreements: pl.DataFrame, as_of: dt.date, rules: Thresholds) -> pl.DataFrame:
    """The flags, and the one bucket each agreement is counted in."""
    is_open = pl.col("is_open")
    severe_days = (pl.lit(as_of) - pl.col("severe_blocker_since")).dt.total_days()
    overdue = pl.col("days_overdue").is_not_null()
    recent = as_of - dt.timedelta(days=rules.recent_days)
    behind = (pl.col("elapsed_share") - pl.col("progress_share") >= rules.at_risk_gap).fill_null(False)
    blocked = (severe_days >= rules.severe_blocker_days).fill_null(False)
    stalled = is_open & (pl.col("days_since_progress") >= pl.col("stall_limit")).fill_null(False)
    flags = agreements.with_columns(
        is_overdue=overdue,
        is_stalled=stalled,
        stalled_since=pl.when(stalled).then(pl.col("last_progress_on") + pl.duration(days="stall_limit")),
        is_at_risk=is_open & ~overdue & (behind | blocked | pl.col("last_report_missed")),
        has_no_date=is_open & pl.col("original_target").is_null(),
        is_past_grace=_FOLLOWED
        & (pl.col("age_days") >= max(rules.stall_days.values())).fill_null(True)
        & (is_open | pl.col("is_suspended") | (pl.coalesce("completed_on", "ended_on") > recent).fill_null(False)),
        due_soon=is_open
        & pl.col("current_target").is_between(as_of, as_of + dt.timedelta(days=rules.due_soon_days)).fill_null(False),
    )
    bucket = (
        pl.when(~pl.col("is_signed"))
        .then(pl.lit(Bucket.NOT_SIGNED))
        .when(~pl.col("tracked"))
        .then(pl.lit(Bucket.NOT_TRACKED))
        .when(~pl.col("implementable"))
        .then(pl.lit(Bucket.DECLARATORY))
        .when("is_completed")
        .then(pl.lit(Bucket.COMPLETED))
        .when("is_suspended")
        .then(pl.lit(Bucket.SUSPENDED))
        .when("is_void")
        .then(pl.lit(Bucket.VOID))
        .when("is_overdue")
        .then(pl.lit(Bucket.OVERDUE))
        .when("is_stalled")
        .then(pl.lit(Bucket.STALLED))
        .when("has_no_date")
        .then(pl.lit(Bucket.NO_DATE))
        .when("is_at_risk")
        .then(pl.lit(Bucket.AT_RISK))
        .otherwise(pl.lit(Bucket.ON_TRACK))
    )
    return flags.with_columns(bucket=bucket)
