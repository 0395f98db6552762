"""What an agency says of a figure of its own: to whom it turns, by when it asks for an answer, and what it is told.

Writes take a `session` and an `actor`, look the account up in the store, leave an audit entry and never commit. One explanation of
a figure stands at a time: a new one takes the place of the one before.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

import polars as pl
import sqlalchemy as sa
from sqlmodel import Session, col, select

from data_access import audit, data_date, store
from data_access.acting import Person, Refused, account_of, agency_of, logged, take_turn, tidy
from data_access.clock import end_of, today
from data_access.register import raise_data_version
from data_access.roles import May
from data_access.store import models
from data_access.store.arrow import table_of
from data_access.store.models.base import local_day
from kpi.indicators.catalog import KPIS
from kpi.vocabulary import LEVELS_ABOVE

TEXT_MAX: Final = 1000
ADDRESSEES: Final = LEVELS_ABOVE
"""Who can be asked to decide."""

_COLUMNS: Final = (
    *("id", "agency", "kpi", "given_on", "text_vi", "text_en", "addressed_to", "answer_due_on"),
    *("given_by", "answer", "answered_by", "answered_at"),
)


def read(engine: sa.Engine, *, known_on: dt.date | None = None) -> pl.DataFrame:
    """What agencies say about their own figures, latest first: id, agency, kpi, given_on, text_vi, text_en, addressed_to (empty:
    nobody), answer_due_on, given_by, answer (empty: none), answered_by, answered_at. With a day, as it stood at its end."""
    table = table_of(models.Explanation)
    columns = [table.c[name] for name in _COLUMNS]
    standing: sa.ColumnElement[bool] = table.c.retracted_at.is_(None)
    if known_on is not None:
        end = end_of(known_on)
        standing = sa.and_(table.c.recorded_at < end, sa.or_(standing, table.c.retracted_at >= end))
    statement = sa.select(*columns).where(standing).order_by(table.c.given_on.desc(), table.c.id.desc())
    found = store.read_frame(engine, statement)
    if known_on is None:
        return found
    later = (pl.col("answered_at") >= end_of(known_on)).fill_null(value=False)
    blank = {"answer": "", "answered_by": "", "answered_at": None}
    return found.with_columns(
        pl.when(~later).then(name).otherwise(pl.lit(value)).alias(name) for name, value in blank.items()
    )


def give(
    session: Session,
    *,
    actor: Person,
    agency: str,
    kpi: str,
    text: str,
    addressed_to: str = "",
    answer_due_on: dt.date | None = None,
) -> int:
    """Explain a figure of the agency one hands in for; gives the number. Raises `Refused`: `not_allowed`, `text_missing`,
    `text_too_long`, `answer_due_passed` for a day before today, `addressee_missing` for a day without anybody who is asked."""
    with logged("explanation.give", actor, kpi):
        if agency_of(session, actor) != agency:
            raise Refused("not_allowed")
        take_turn(session)
        said = tidy(text, TEXT_MAX)
        if kpi not in KPIS or (addressed_to and addressed_to not in ADDRESSEES):
            raise Refused("not_allowed")
        if not any(sign.isalnum() for sign in said):
            raise Refused("text_missing")
        if answer_due_on is not None and answer_due_on < local_day():
            raise Refused("answer_due_passed")
        if answer_due_on is not None and not addressed_to:
            raise Refused("addressee_missing")
        found = models.Explanation
        standing = select(found).where(found.agency == agency, found.kpi == kpi, col(found.retracted_at).is_(None))
        for before in session.exec(standing).all():
            before.retracted_at = models.utc_now()
        given = models.Explanation(
            agency=agency,
            kpi=kpi,
            given_on=today(data_date.read(session)),
            text_vi=said,
            addressed_to=addressed_to,
            answer_due_on=answer_due_on,
            given_by=actor.username,
        )
        session.add(given)
        return _noted(session, actor, "explanation.give", given, {"text": said, "addressed_to": addressed_to})


def answer(session: Session, *, actor: Person, number: int, text: str) -> int:
    """Answer an explanation; another answer takes the place of one's own. Raises `Refused`: `not_allowed`, `explanation_gone` where
    it does not stand any more, `text_missing`, `text_too_long`, `already_answered` where somebody else has answered."""
    with logged("explanation.answer", actor, str(number)):
        account_of(session, actor, May.ANSWER)
        take_turn(session)
        found = session.get(models.Explanation, number, populate_existing=True)
        if found is None or found.retracted_at is not None:
            raise Refused("explanation_gone")
        said = tidy(text, TEXT_MAX)
        if not any(sign.isalnum() for sign in said):
            raise Refused("text_missing")
        if found.answered_by not in ("", actor.username):
            raise Refused("already_answered")
        found.answer, found.answered_by, found.answered_at = said, actor.username, models.utc_now()
        return _noted(session, actor, "explanation.answer", found, {"answer": said})


def take_back(session: Session, *, actor: Person, number: int) -> int:
    """Take back an explanation of one's own agency that nobody has answered. Raises `Refused`: `not_allowed`, `explanation_gone`,
    `already_answered`."""
    with logged("explanation.take_back", actor, str(number)):
        agency = agency_of(session, actor)
        take_turn(session)
        found = session.get(models.Explanation, number, populate_existing=True)
        if found is None or found.agency != agency:
            raise Refused("not_allowed")
        if found.retracted_at is not None:
            raise Refused("explanation_gone")
        if found.answered_by:
            raise Refused("already_answered")
        found.retracted_at = models.utc_now()
        return _noted(session, actor, "explanation.take_back", found, {})


def _noted(session: Session, actor: Person, action: str, about: models.Explanation, detail: dict[str, object]) -> int:
    session.flush()
    assert about.id is not None  # it was flushed
    raise_data_version(session)  # finished sections show it
    said = {"number": about.id, "kpi": about.kpi, **detail}
    audit.write(session, actor=actor.username, action=action, subject=about.agency, detail=said)
    return about.id
