"""Directives on a day: where each stands, which are overdue, which have no answer."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Final

import polars as pl

from kpi.vocabulary import OPEN_DIRECTIVES, DirectiveState, DirectiveStep

_ENDS: Final = (
    *(DirectiveStep.REPORTED_DONE, DirectiveStep.SENT_BACK, DirectiveStep.ACCEPTED, DirectiveStep.CALLED_OFF),
)
_ORDER: Final = ("_place", "due_now", "id")


@dataclasses.dataclass(frozen=True)
class Counts:
    """How many directives there are, the revoked ones apart: `carried_out` of `given`, and among the others those `overdue`, those
    `without_answer` and those `said_done` that wait for the issuer."""

    given: int
    carried_out: int
    carried_out_late: int
    overdue: int
    without_answer: int
    said_done: int


def standing(directives: pl.DataFrame, steps: pl.DataFrame, *, on: dt.date, comment_days: int) -> pl.DataFrame:
    """Every directive given by a day, overdue ones first, then those without an answer, those said to be done, the others by
    deadline; those that have ended last.

    `directives`: id, agency, due_on, issued_on and whatever else; `steps` that are not taken back: id, directive_id, kind,
    taken_on, text, due_on. Adds state, due_now (the deadline in force), extended (how often it was), answered_on and answer (the
    agency's last word), done_on (said to be, while that stands), ended_on, is_open, is_overdue, days_overdue (null where it is
    not), was_late (done after the deadline in force), has_no_answer (`comment_days` before the deadline or later), last_step (its
    number, 0: none).
    """
    kind, day = pl.col("kind"), pl.col("taken_on")
    past = steps.filter(day <= on).sort("id")
    ends = kind.is_in([str(one) for one in _ENDS])
    sent_back = pl.col("id").filter(kind == DirectiveStep.SENT_BACK).max().fill_null(0)
    is_word = kind.is_in([str(DirectiveStep.ANSWERED), str(DirectiveStep.REPORTED_DONE)])
    is_done = (kind == DirectiveStep.REPORTED_DONE) & (pl.col("id") > sent_back)
    found = past.group_by(id="directive_id").agg(
        _last=kind.filter(ends).last(),
        _said=(is_word & (pl.col("id") > sent_back)).any(),
        _new_due=pl.col("due_on").filter(kind == DirectiveStep.EXTENDED).last(),
        extended=(kind == DirectiveStep.EXTENDED).sum().cast(pl.Int64),
        answered_on=day.filter(is_word).last(),
        answer=pl.col("text").filter(is_word).last(),
        _done_on=day.filter(is_done).last(),
        _ended_on=day.filter(kind.is_in([str(DirectiveStep.ACCEPTED), str(DirectiveStep.CALLED_OFF)])).last(),
        last_step=pl.col("id").max(),
    )
    last = pl.col("_last")
    state = (
        pl.when(last == DirectiveStep.ACCEPTED)
        .then(pl.lit(str(DirectiveState.CARRIED_OUT)))
        .when(last == DirectiveStep.CALLED_OFF)
        .then(pl.lit(str(DirectiveState.REVOKED)))
        .when(last == DirectiveStep.REPORTED_DONE)
        .then(pl.lit(str(DirectiveState.SAID_DONE)))
        .when(pl.col("_said"))
        .then(pl.lit(str(DirectiveState.UNDER_WAY)))
        .when(last == DirectiveStep.SENT_BACK)
        .then(pl.lit(str(DirectiveState.TO_DO_AGAIN)))
        .otherwise(pl.lit(str(DirectiveState.UNANSWERED)))
    )
    told = (
        directives.filter(pl.col("issued_on") <= on)
        .join(found, on="id", how="left", maintain_order="left")
        .with_columns(
            pl.col("_said").fill_null(value=False),
            pl.col("extended", "last_step").fill_null(0),
            pl.col("answer").fill_null(""),
            due_now=pl.coalesce("_new_due", "due_on"),
        )
        .with_columns(state=state)
    )
    is_open = pl.col("state").is_in([str(one) for one in OPEN_DIRECTIVES])
    ended = pl.when(~is_open).then("_ended_on")
    is_carried_out = pl.col("state") == DirectiveState.CARRIED_OUT
    done = pl.when((pl.col("state") == DirectiveState.SAID_DONE) | is_carried_out).then(
        pl.coalesce("_done_on", "_ended_on")
    )
    awaited = is_open & (pl.col("state") != DirectiveState.SAID_DONE)
    return (
        told.with_columns(
            is_open=is_open,
            ended_on=ended,
            done_on=done,
            is_overdue=awaited & (pl.col("due_now") < on),
            has_no_answer=is_open
            & ~pl.col("_said")
            & ((pl.col("due_now") - pl.lit(on)).dt.total_days() <= comment_days),
        )
        .with_columns(
            was_late=(pl.col("done_on") > pl.col("due_now")).fill_null(value=False),
            days_overdue=pl.when("is_overdue").then((pl.lit(on) - pl.col("due_now")).dt.total_days()),
            _place=pl.when("is_overdue")
            .then(0)
            .when("has_no_answer")
            .then(1)
            .when(pl.col("state") == DirectiveState.SAID_DONE)
            .then(2)
            .when("is_open")
            .then(3)
            .otherwise(4),
        )
        .sort(_ORDER)
        .drop("_place", "_last", "_said", "_new_due", "_done_on", "_ended_on")
    )


def count(found: pl.DataFrame) -> Counts:
    """How many of these there are; `found` as `standing` gives it."""
    counted = found.filter(pl.col("state") != DirectiveState.REVOKED).select(
        given=pl.len(),
        carried_out=(pl.col("state") == DirectiveState.CARRIED_OUT).sum(),
        carried_out_late=((pl.col("state") == DirectiveState.CARRIED_OUT) & pl.col("was_late")).sum(),
        overdue=pl.col("is_overdue").sum(),
        without_answer=pl.col("has_no_answer").sum(),
        said_done=(pl.col("state") == DirectiveState.SAID_DONE).sum(),
    )
    return Counts(**{name: int(value) for name, value in counted.row(0, named=True).items()})
