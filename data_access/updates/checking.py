"""A table checked and compared with the register: for a page, a form, a command, and again within the store's transactions."""

from __future__ import annotations

import dataclasses
import datetime as dt
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Final

import polars as pl
import sqlalchemy as sa
from sqlmodel import Session

from data_access import settings
from data_access.acting import Person, Refused, logged
from data_access.clock import today
from data_access.updates.reading import current_rows
from files import Limits
from files.text import canonical
from kpi.update import (
    Change,
    Checked,
    Conflict,
    Current,
    Preview,
    Problem,
    Table,
    check_rows,
    compare,
    set_aside,
)
from kpi.update.cells import ROW
from kpi.update.problems import capped

_EVERY_PROBLEM = Limits(problems_of_a_kind=1_000_000)
_SHOWN_OF_A_KIND = Limits().problems_of_a_kind
_under_way: Final[set[str]] = set()
_turns: Final = threading.Lock()


def read_limits() -> Limits:
    """How large an upload may be, as the operator has settled."""
    configured = settings.load()
    return Limits(bytes=configured.upload_max_mb * 1024 * 1024, rows=configured.upload_max_rows)


@contextmanager
def one_at_a_time(person: Person) -> Iterator[None]:
    """In the block a file of this account is read or checked, and no other in this process: a second one raises `Refused`
    (`check_under_way`) rather than wait, so that checks do not pile up."""
    with logged("upload.check", person), _turns:
        if person.username in _under_way:
            raise Refused("check_under_way")
        _under_way.add(person.username)
    try:
        yield
    finally:
        with _turns:
            _under_way.remove(person.username)


def preview_of(
    table: Table, current: Current, limits: Limits | None = None, *, received_on: dt.date | None = None
) -> Preview | list[Problem]:
    """What a table would change as of today, or the day it was received; or everything that keeps it from being stored."""
    checked = check_rows(table, current, today=received_on or today(current.data_date), limits=limits)
    return compare(checked, current) if isinstance(checked, Checked) else checked


def giving_up(
    table: Table, preview: Preview, current: Current, limits: Limits, *, is_given_up: Callable[[Conflict], bool]
) -> tuple[Table, Preview | list[Problem]]:
    """A table without the cells that are given up for what the register says, and what that would change."""
    outcome: Preview | list[Problem] = preview
    while isinstance(outcome, Preview) and (given_up := list(filter(is_given_up, outcome.conflicts))):
        table = set_aside(table, given_up)  # another row may say the same, and is met next time
        outcome = preview_of(table, current, limits)
    return table, outcome


def current_within(session: Session, agency: str) -> Current:
    """What is committed of an agency's agreements. The session must have taken its turn and written nothing yet: then that is
    what it sees itself."""
    engine = session.get_bind()
    assert isinstance(engine, sa.Engine)
    return current_rows(engine, agency)


def rechecked(
    table: Table, current: Current, changes: Collection[Change], *, received_on: dt.date | None = None
) -> Preview | None:
    """The preview of a table (as of the day of receipt, today if not given) if it comes to exactly these changes; None where it
    does not, or has problems."""
    preview = preview_of(table, current, received_on=received_on)
    return preview if isinstance(preview, Preview) and set(preview.changes) == set(changes) else None


def parted(table: Table, current: Current) -> tuple[Table, Table, tuple[Problem, ...]] | None:
    """The rows of a table that can be stored, the others, and what is wrong with these; rows about one agreement stay together.

    None where nothing can be stored, or where what is wrong is wrong with the file as a whole.
    """
    frame, found = table.frame, list[Problem]()
    agreement = pl.col("ref") if "ref" in frame.columns else pl.lit(None, pl.String)
    agreement = pl.coalesce(canonical(agreement).replace("", None), pl.format("+{}", ROW))
    while not frame.is_empty():
        outcome = preview_of(table.with_frame(frame), current, _EVERY_PROBLEM)
        if isinstance(outcome, Preview):
            rest = table.frame.filter(~pl.col(ROW).is_in(frame[ROW].implode()))
            problems = capped(found, _SHOWN_OF_A_KIND)
            return (table.with_frame(frame), table.with_frame(rest), tuple(problems)) if rest.height else None
        blocking = [problem for problem in outcome if problem.blocking]
        rows = {problem.row for problem in blocking if problem.row is not None}
        wrong = frame.filter(pl.col(ROW).is_in(rows)).select(agreement.alias("agreement"))["agreement"]
        if wrong.is_empty() or any(problem.row is None for problem in blocking):
            break
        found += blocking
        frame = frame.filter(~agreement.is_in(wrong.implode()))
    return None


def clean_rows(table: Table, current: Current, *, received_on: dt.date) -> tuple[Preview | None, tuple[Problem, ...]]:
    """The preview of those rows of a table that have no problems, as of the day it was received, and the problems of the others.

    None for the preview where no row is without. A row goes with everything in it: what is left must not say something else.
    """
    found: list[Problem] = []
    frame = table.frame
    while not frame.is_empty():
        part = dataclasses.replace(table, frame=frame)
        outcome = preview_of(part, current, _EVERY_PROBLEM, received_on=received_on)
        if isinstance(outcome, Preview):
            return outcome, tuple(capped(found, _SHOWN_OF_A_KIND))
        blocking = [problem for problem in outcome if problem.blocking]
        found += blocking
        left = frame.filter(~pl.col(ROW).is_in({problem.row for problem in blocking if problem.row is not None}))
        if left.height == frame.height:
            break
        frame = left
    return None, tuple(capped(found, _SHOWN_OF_A_KIND))
