"""The day it is where the register is kept. Figures never ask for it; what may have happened by now does."""

from __future__ import annotations

import datetime as dt

import polars as pl

from data_access.store.models import utc_now
from data_access.store.models.base import VIET_NAM


def today(data_date: dt.date | None) -> dt.date:
    """The last day on which anything can have happened: today, or the register's data date where that is later (a
    demonstration, or a machine whose clock is behind)."""
    here = now().date()
    return here if data_date is None else max(here, data_date)


def now() -> dt.datetime:
    """This moment, as clocks in Viet Nam show it."""
    return local_time(utc_now())


def local_time(moment: dt.datetime) -> dt.datetime:
    """A moment as the store keeps it (UTC without a zone), as clocks in Viet Nam show it."""
    return moment.replace(tzinfo=dt.UTC).astimezone(VIET_NAM).replace(tzinfo=None)


def now_here() -> dt.datetime:
    """The present moment as clocks in Viet Nam show it."""
    return local_time(utc_now())


def end_of(day: dt.date) -> dt.datetime:
    """The moment at which a day is over where the register is kept, as the store keeps moments."""
    return dt.datetime.combine(day + dt.timedelta(days=1), dt.time()) - VIET_NAM.utcoffset(None)


def local_time_expr(moment: pl.Expr) -> pl.Expr:
    """`local_time` of a column."""
    return moment + VIET_NAM.utcoffset(None)
