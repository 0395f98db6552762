"""Directives and escalations as they are read: by everybody who reads everything, and by an agency its own."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

import polars as pl
import sqlalchemy as sa
from sqlmodel import Session, SQLModel

from data_access import data_date, store
from data_access.clock import end_of, today
from data_access.register import rules_on
from data_access.store import models
from data_access.store.arrow import table_of
from kpi.decided import directives as kpi_directives
from kpi.decided import escalations as kpi_escalations

_AGREEMENT: Final = ("ref", "title_vi", "title_en")


def day_of(session: Session) -> dt.date:
    """The day deadlines are seen from: today, in a demonstration, which stands still, its data date."""
    held = session.get(models.DataVersion, 1)
    data_day = data_date.read(session)
    return data_day if held is not None and held.is_demo and data_day is not None else today(data_day)


def read(
    engine: sa.Engine, *, own: str | None = None, on: dt.date | None = None, known_on: dt.date | None = None
) -> pl.DataFrame:
    """The directives of one agency (None: of all; empty: of none) as they stand on a day (None: `day_of`), as
    `kpi.decided.directives.standing` has them: every column of the table, ref, title_vi and title_en of the agreement (null where
    there is none, or none this agency may see), and where they stand. With `known_on`, as was known at the end of that day."""
    day, comment_days = _day(engine, on)
    rows, steps = _read(engine, models.Directive, models.DirectiveStep, "directive_id", own, known_on)
    return kpi_directives.standing(rows, steps, on=day, comment_days=comment_days)


def read_escalations(
    engine: sa.Engine, *, own: str | None = None, on: dt.date | None = None, known_on: dt.date | None = None
) -> pl.DataFrame:
    """The escalations of one agency (None: of all; empty: of none) as they stand on a day, as `kpi.decided.escalations.standing`
    has them; with the same columns beside as `read`."""
    day, _ = _day(engine, on)
    rows, steps = _read(engine, models.Escalation, models.EscalationStep, "escalation_id", own, known_on)
    return kpi_escalations.standing(rows, steps, on=day)


def read_steps(engine: sa.Engine, number: int, *, own: str | None = None) -> pl.DataFrame:
    """All steps of a directive in their order, those taken back as well (`retracted_at`); none of another agency's than `own`."""
    return _steps_of(engine, models.Directive, models.DirectiveStep, "directive_id", number, own)


def read_escalation_steps(engine: sa.Engine, number: int, *, own: str | None = None) -> pl.DataFrame:
    """All steps of an escalation in their order, as `read_steps`."""
    return _steps_of(engine, models.Escalation, models.EscalationStep, "escalation_id", number, own)


def _day(engine: sa.Engine, on: dt.date | None) -> tuple[dt.date, int]:
    with store.session(engine, read_only=True) as session:
        day = on or day_of(session)
        return day, rules_on(session, day).comment_days


def _read(
    engine: sa.Engine,
    of: type[SQLModel],
    model: type[SQLModel],
    link: str,
    own: str | None,
    known_on: dt.date | None,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows and the steps that hold of one agency or all. An agency reads no more of an agreement than of those it is
    responsible for."""
    head, step, agreement = table_of(of), table_of(model), table_of(models.Agreement)
    is_read = sa.true() if own is None else head.c.agency == own
    may_see = sa.true() if own is None else agreement.c.responsible_agency == own
    holds: sa.ColumnElement[bool] = step.c.retracted_at.is_(None)
    was_there: sa.ColumnElement[bool] = sa.true()
    if known_on is not None:
        end = end_of(known_on)
        was_there = head.c.recorded_at < end
        holds = sa.and_(step.c.recorded_at < end, sa.or_(holds, step.c.retracted_at >= end))
    rows = (
        sa.select(head, *(agreement.c[name] for name in _AGREEMENT))
        .join(agreement, sa.and_(agreement.c.id == head.c.agreement_id, may_see), isouter=True)
        .where(is_read, was_there)
        .order_by(head.c.id)
    )
    told = sa.select(step).join(head, head.c.id == step.c[link]).where(is_read, was_there, holds).order_by(step.c.id)
    with store.snapshot(engine, agency=own or None) as found:
        return found(rows, dict.fromkeys(_AGREEMENT, pl.String)), found(told)


def _steps_of(
    engine: sa.Engine, of: type[SQLModel], model: type[SQLModel], link: str, number: int, own: str | None
) -> pl.DataFrame:
    head, step = table_of(of), table_of(model)
    statement: sa.Select[Any] = (
        sa.select(step)
        .join(head, head.c.id == step.c[link])
        .where(head.c.id == number, sa.true() if own is None else head.c.agency == own)
        .order_by(step.c.id)
    )
    return store.read_frame(engine, statement)
