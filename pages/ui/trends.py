"""The course of figures over time, on days that may be compared with each other."""

from __future__ import annotations

import datetime as dt

import polars as pl

import words as w
from kpi.reporting.calendar import Point, comparable_days
from pages.ui import loaders, records
from pages.ui.view import View

POINTS = 8


def points(as_of: dt.date) -> list[Point]:
    """The days of every course up to a day, in order: those after the reporting deadlines, else quarter ends."""
    return comparable_days(records.calendar(), as_of, count=POINTS)


def days(as_of: dt.date) -> list[dt.date]:
    """The days of `points`."""
    return [point.day for point in points(as_of)]


def published_day(day: dt.date, *, first: dt.date) -> dt.date:
    """The last day up to a day at which figures of agencies are published; the `first` day where there is none.

    These are the ends of quarters and the days after deadlines: from one day to the next figures would tell the days of an
    agency's signings, those of security too.
    """
    quarter_end = comparable_days((), day + dt.timedelta(days=1), count=2)[0].day
    after_deadline = [
        point.day for point in comparable_days(records.calendar(), day, count=1) if point.period is not None
    ]
    return max(quarter_end, first, *after_deadline)


def scorecards(view: View, *, by: str | None = None) -> pl.DataFrame:
    """The scorecards of a view on these days: column `as_of`, then those of `loaders.scorecards`."""
    parts = [loaders.scorecards(view.on(day), by=by).with_columns(as_of=pl.lit(day)) for day in days(view.as_of)]
    return pl.concat(parts).select("as_of", pl.exclude("as_of"))


def label(as_of: dt.date) -> str:
    """What the points of a course are."""
    first, last = (points(as_of)[place] for place in (0, -1))
    if first.period is None:
        return w.t("common.course_quarters", first=w.date(first.day), last=w.date(last.day))
    return w.t("common.course_deadlines", first=first.period, last=last.period)
