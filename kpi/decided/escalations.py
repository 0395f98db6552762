"""Escalations on a day: whom each waits for and how long, how it ended, and how much each level has settled."""

from __future__ import annotations

import datetime as dt
from typing import Final

import polars as pl

from kpi.vocabulary import (
    LEVELS_ABOVE,
    OPEN_ESCALATIONS,
    SOLVED_ESCALATIONS,
    EscalationState,
    EscalationStep,
)

_STATES: Final = {
    str(EscalationStep.DECIDED): str(EscalationState.DECIDED),
    str(EscalationStep.GROUP_SET_UP): str(EscalationState.WITH_GROUP),
    str(EscalationStep.GROUP_MET): str(EscalationState.WITH_GROUP),
    str(EscalationStep.GROUP_ENDED): str(EscalationState.GROUP_RESULT),
    str(EscalationStep.PASSED_ON): str(EscalationState.AWAITS_LEVEL),
    str(EscalationStep.SENT_DOWN): str(EscalationState.SENT_DOWN),
    str(EscalationStep.DROPPED): str(EscalationState.DROPPED),
}
"""The last step -> where that leaves an escalation."""


def standing(escalations: pl.DataFrame, steps: pl.DataFrame, *, on: dt.date) -> pl.DataFrame:
    """Every escalation sent by a day: those overdue first, then by the day an answer is due; those that have ended last.

    `escalations`: id, level, due_on, raised_on and whatever else; `steps` that are not taken back: id, escalation_id, kind,
    taken_on, text, level (empty: as before), due_on (null: as before). Adds state, level_now, since (from when on that level is
    asked), due_now, days_waiting (at that level, until it ended), ended_on, outcome (the words of the last step), is_open,
    is_overdue, days_overdue (null where it is not), last_step (its number, 0: none).
    """
    day, level = pl.col("taken_on"), pl.col("level")
    found = (
        steps.filter(day <= on)
        .sort("id")
        .group_by(id="escalation_id")
        .agg(
            _last=pl.col("kind").last(),
            _level=level.filter(level != "").last(),
            _since=day.filter(pl.col("kind") == EscalationStep.PASSED_ON).last(),
            _due=pl.col("due_on").drop_nulls().last(),
            _on=day.last(),
            outcome=pl.col("text").last(),
            last_step=pl.col("id").last(),
        )
    )
    told = (
        escalations.filter(pl.col("raised_on") <= on)
        .join(found, on="id", how="left", maintain_order="left")
        .with_columns(
            state=pl.col("_last").replace_strict(_STATES, default=str(EscalationState.AWAITS_LEVEL)),
            level_now=pl.coalesce("_level", "level"),
            since=pl.coalesce("_since", "raised_on"),
            due_now=pl.coalesce("_due", "due_on"),
            outcome=pl.col("outcome").fill_null(""),
            last_step=pl.col("last_step").fill_null(0),
        )
        .with_columns(is_open=pl.col("state").is_in([str(one) for one in OPEN_ESCALATIONS]))
        .with_columns(ended_on=pl.when(~pl.col("is_open")).then("_on"))
        .with_columns(
            is_overdue=pl.col("is_open") & (pl.col("due_now") < on),
            days_waiting=(pl.coalesce("ended_on", pl.lit(on)) - pl.col("since")).dt.total_days(),
        )
        .with_columns(days_overdue=pl.when("is_overdue").then((pl.lit(on) - pl.col("due_now")).dt.total_days()))
    )
    return told.sort([~pl.col("is_overdue"), ~pl.col("is_open"), "due_now", "id"]).drop(
        "_last", "_level", "_since", "_due", "_on"
    )


def by_level(found: pl.DataFrame) -> pl.DataFrame:
    """What each level was asked and what became of it, from the nearest upwards: level, asked, solved, returned, open, overdue,
    days (the median of those it solved, null: none). What an agency took off again does not count; what was passed on counts
    where it went. `found` as `standing` gives it; every level has a row."""
    solved = pl.col("state").is_in([str(one) for one in SOLVED_ESCALATIONS])
    counted = (
        found.filter(pl.col("state") != EscalationState.DROPPED)
        .group_by(level="level_now")
        .agg(
            asked=pl.len().cast(pl.Int64),
            solved=solved.sum().cast(pl.Int64),
            returned=(pl.col("state") == EscalationState.SENT_DOWN).sum().cast(pl.Int64),
            open=pl.col("is_open").sum().cast(pl.Int64),
            overdue=pl.col("is_overdue").sum().cast(pl.Int64),
            days=pl.col("days_waiting").filter(solved).median(),
        )
    )
    levels = pl.DataFrame({"level": LEVELS_ABOVE}, schema={"level": pl.String})
    return levels.join(counted, on="level", how="left", maintain_order="left").with_columns(
        pl.col("asked", "solved", "returned", "open", "overdue").fill_null(0)
    )
