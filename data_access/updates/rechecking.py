"""Tables checked and compared again within the store's transactions, by the code that checked them for the screen."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection

import polars as pl
import sqlalchemy as sa
from sqlmodel import Session

from data_access.clock import today
from data_access.updates.reading import current_rows
from files import Limits
from kpi.update import Change, Checked, Current, Preview, Problem, Table, check_rows, compare
from kpi.update.cells import ROW
from kpi.update.problems import capped

_EVERY_PROBLEM = Limits(problems_of_a_kind=1_000_000)
_SHOWN_OF_A_KIND = Limits().problems_of_a_kind


def current_within(session: Session, agency: str) -> Current:
    """What is committed of an agency's agreements. The session must have taken its turn and written nothing yet: then that is
    what it sees itself."""
    engine = session.get_bind()
    assert isinstance(engine, sa.Engine)
    return current_rows(engine, agency)


def rechecked(table: Table, current: Current, changes: Collection[Change]) -> Preview | None:
    """The preview of a table if it comes to exactly these changes; None where it does not, or has problems."""
    checked = check_rows(table, current, today=today(current.data_date))
    if not isinstance(checked, Checked):
        return None
    preview = compare(checked, current)
    return preview if set(preview.changes) == set(changes) else None


def clean_rows(table: Table, current: Current) -> tuple[Preview | None, tuple[Problem, ...]]:
    """The preview of those rows of a table that have no problems, and the problems of the others.

    None for the preview where no row is without. A row goes with everything in it: what is left must not say something else.
    """
    found: list[Problem] = []
    frame = table.frame
    while not frame.is_empty():
        outcome = check_rows(
            dataclasses.replace(table, frame=frame), current, today=today(current.data_date), limits=_EVERY_PROBLEM
        )
        if isinstance(outcome, Checked):
            return compare(outcome, current), tuple(capped(found, _SHOWN_OF_A_KIND))
        blocking = [problem for problem in outcome if problem.blocking]
        found += blocking
        left = frame.filter(~pl.col(ROW).is_in({problem.row for problem in blocking if problem.row is not None}))
        if left.height == frame.height:
            break
        frame = left
    return None, tuple(capped(found, _SHOWN_OF_A_KIND))
