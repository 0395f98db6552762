"""The day up to which a register is shown to everybody: its data date.

It moves by the coordinator, who publishes a day, and by the reporting calendar, when a period's due date has passed; never by
what an agency hands in, so that nobody moves another's clocks. What is handed in of a later day is kept, and counts from its
day on. It is at least the day the register was loaded up to. A demonstration stands still: nobody reports to it.
"""

from __future__ import annotations

import datetime as dt
import functools
from typing import Final

import sqlalchemy as sa
from sqlmodel import Session

from data_access.clock import today
from data_access.store import models
from data_access.store.arrow import table_of

_HELD: Final = table_of(models.DataVersion)


_TODAY: Final = sa.bindparam("today", callable_=lambda: today(None), type_=sa.Date())
"""Of the moment a statement runs, not of that it was put together."""


@functools.cache  # every run of a page asks it, and to put it together takes longer than to run it
def held_version() -> sa.Select[tuple[object, ...]]:
    """The row of `DataVersion` with its data date as it is now as `data_date`. No row while nothing was loaded."""
    others = [column for column in _HELD.c if column.name != "data_date"]
    latest = _latest(_HELD.c.data_date, _HELD.c.published_to).label("data_date")
    return sa.select(*others, latest).where(_HELD.c.id == 1)


@functools.cache
def published() -> sa.Select[tuple[dt.date | None]]:
    """One row with the last day of which figures were published as `published_on`, by the coordinator or the calendar; what a
    register was loaded up to is nobody's publication."""
    return sa.select(_latest(_HELD.c.published_to).label("published_on"))


def read_published(session: Session) -> dt.date | None:
    """`published` as a session sees it."""
    return _one(session, _HELD.c.published_to)


def read(session: Session) -> dt.date | None:
    """The data date as a session sees it; None for a register without any day."""
    return _one(session, _HELD.c.data_date, _HELD.c.published_to)


def read_least(session: Session) -> dt.date | None:
    """What the data date is at least, whatever the coordinator publishes or takes back."""
    return _one(session, _HELD.c.data_date)


def _one(session: Session, *columns: sa.Column[dt.date]) -> dt.date | None:
    day: dt.date | None = session.connection().execute(sa.select(_latest(*columns))).scalar_one()
    return day


def _latest(*columns: sa.Column[dt.date]) -> sa.ScalarSelect[dt.date]:
    """The latest of days of the register and the last due date that is over: on the day itself reports still come in time."""
    due_on = table_of(models.ReportingPeriod).c.due_on
    passed = sa.select(due_on).where(due_on < _TODAY, sa.exists().where(_HELD.c.id == 1, sa.not_(_HELD.c.is_demo)))
    days = sa.union_all(passed.with_only_columns(due_on.label("day")), *(sa.select(column) for column in columns))
    return sa.select(sa.func.max(days.subquery().c.day)).scalar_subquery()
