"""What a file, or a form, has come to so far: the table read, its problems or its differences and what they would do.

Kept between the runs of one browser page, so that a click elsewhere does not read a long file again. It is a memory of what
was handed in and of what was shown, and nothing else: who may do what is never read from here, and what is confirmed is
checked again by `uploads.hand_in`.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from typing import Final

import polars as pl
import streamlit as st

from data_access import headings, updates
from data_access.accounts import Person
from data_access.drafts import Kept
from data_access.updates import submissions
from files import Grid
from kpi.update import (
    Change,
    Conflict,
    Current,
    Preview,
    Problem,
    Table,
    place_of,
)
from kpi.update.changes import Place
from kpi.update.headings import Headings, Outline, outlined
from kpi.update.review import held_back, why_held
from kpi.update.table import read_grid, table_in
from pages.ui import data_edition, filters, session, streamlit_internals
from pages.upload import effects as upload_effects
from pages.upload.differences import Decision
from pages.upload.effects import Effects
from pages.upload.progress import Progress

_WORK: Final = "upload_work"
_CURRENT: Final = "upload_current"
_FILE_NUMBER: Final = "upload_file_number"
_DRAFT: Final = "draft"


@dataclasses.dataclass
class Saved:
    """What of something under way is kept as a draft: which one, after which change, what it says, of how many corrections, since
    when here; `trouble` is why it is not. `acknowledged` marks the notices that were (see `mark_of`)."""

    kept: Kept | None = None
    said: str = ""
    corrections: int = 0
    at: dt.datetime | None = None
    mark: object = None
    trouble: str = ""
    acknowledged: str = ""


@dataclasses.dataclass
class Work:
    """One thing handed in.

    `key` says by whom and what; `basis` against what it was checked (see `_basis`). Without a `table` it could not be
    read. `preview` is there when there are no blocking problems, `final` once every conflict is decided too, with `sent`, the
    table it is of, and `waits`, the changes in it that go to review first; `token` names that final preview, so that a
    confirmation can only mean what was on the screen. `corrects` is the returned batch that this is sent for, `outline` how a
    file was read. `why_waits` counts places by reason.
    """

    key: tuple[str, ...]
    table: Table | None = None
    corrects: int | None = None
    outline: Outline | None = None
    problems: tuple[Problem, ...] = ()
    is_accepted: bool = True
    basis: tuple[object, ...] | None = None
    preview: Preview | None = None
    decisions: dict[Place, Decision] = dataclasses.field(default_factory=dict)
    final: Preview | None = None
    sent: Table | None = None
    waits: frozenset[Change] = frozenset()
    why_waits: Mapping[str, int] = dataclasses.field(default_factory=dict)
    effects: Effects | None = None
    rest: tuple[Table, tuple[Problem, ...]] | None = None
    """Rows that were left out to store the others first, and what is wrong with them."""

    token: str = ""
    round: int = 0
    """How often it was checked: names the widgets that belong to one outcome."""

    read: Table | None = None
    """The table as it was read, before anything was put right."""

    begun: pl.DataFrame | None = None
    edited: pl.DataFrame | None = None
    """The rows as an editor of them began where that is not the table, and as they are in it now: not checked yet."""

    saved: Saved = dataclasses.field(default_factory=Saved)

    @property
    def notices(self) -> tuple[Problem, ...]:
        """What asks to be looked at of that which could be stored."""
        shown = self.final or self.preview
        return () if shown is None else shown.notices


# --- The register's side ---------------------------------------------------------------------------------------------


def current_of(person: Person) -> Current:
    """What the register says now about this person's agency's agreements; read once per version of the register."""
    agency = person.hands_in_for
    assert agency is not None
    key = (agency, data_edition.shown().key)
    kept = st.session_state.get(_CURRENT)
    if kept is None or kept[0] != key:
        kept = st.session_state[_CURRENT] = (key, updates.current_rows(session.store(), agency))
    found: Current = kept[1]
    return found


# --- Handing in ------------------------------------------------------------------------------------------------------


def of_file(
    person: Person,
    *,
    name: str,
    data: bytes,
    encoding: str | None,
    said: Headings,
    progress: Progress,
    corrects: int | None = None,
) -> Work:
    """What this file, with what was said of its columns, has come to; read and checked now where it has not been."""
    how = (encoding or "", str(said.row), str(sorted(said.columns.items())), str(corrects or ""))
    key = _owner(person, "file", name, hashlib.sha256(data).hexdigest(), *how)
    work = _kept(key)
    if work is None:
        progress("upload.step_reading", 0.05)
        limits = updates.read_limits()
        said = dataclasses.replace(said, remembered=headings.read(session.store(), person.hands_in_for or ""))
        work = Work(key, corrects=corrects)
        with updates.one_at_a_time(person):
            read: Grid | Table | list[Problem] = read_grid(data, name, encoding=encoding, limits=limits, said=said)
            if isinstance(read, Grid):
                work.outline = outlined(read.rows, said)
                read = table_in(read, data, name, limits=limits, said=said)
        if isinstance(read, Table):
            # What goes back to an agency has blank columns that were never anything else.
            work.table = work.read = read if corrects is None else dataclasses.replace(read, is_excerpt=True)
            work.is_accepted = encoding is None
        elif isinstance(read, list):
            work.problems = tuple(read)
        st.session_state[_WORK] = work
    return _up_to_date(work, person, progress)


def file_key() -> str:
    """The key of the widget that takes a file. Another one after each confirmation, so that it is empty again."""
    return f"upload_file_{st.session_state.setdefault(_FILE_NUMBER, 0)}"


def next_file() -> None:
    """Make ready for another file, and let this one go."""
    given = st.session_state.get(file_key())
    if given is not None:
        streamlit_internals.drop_upload(given)
    st.session_state[_FILE_NUMBER] = st.session_state.get(_FILE_NUMBER, 0) + 1


def of_form(person: Person, *, ref: str, progress: Progress) -> Work | None:
    """What was last sent with the form of this agreement; None where nothing was."""
    work = _kept(_owner(person, "form", ref))
    return None if work is None else _up_to_date(work, person, progress)


def hand_in_form(person: Person, *, ref: str, table: Table, saved: Saved) -> None:
    """Take what was typed in the form of an agreement, and is kept as a draft."""
    st.session_state[_WORK] = Work(_owner(person, "form", ref), table=table, saved=saved)


def of_draft(person: Person, *, corrects: int | None, progress: Progress) -> Work | None:
    """What the file of a draft that was taken up has come to; None where none was."""
    return _up_to_date(work, person, progress) if (work := _of_draft(person, corrects)) is not None else None


def is_of_file(work: Work) -> bool:
    """Whether it came in as a file, not typed on the screen."""
    return work.key[2] in ("file", _DRAFT)


def has_draft(person: Person, *, corrects: int | None) -> bool:
    """Whether a draft of a file was taken up, of the one that puts this batch right where one is named."""
    return _of_draft(person, corrects) is not None


def _of_draft(person: Person, corrects: int | None) -> Work | None:
    work: Work | None = st.session_state.get(_WORK)
    is_it = work is not None and work.key == _owner(person, _DRAFT) and work.corrects == corrects
    return work if is_it else None


def take_up(person: Person, read: Table, *, table: Table, saved: Saved, corrects: int | None, of_rows: bool) -> Work:
    """Go on with a draft: a file as it was `read`, or with `of_rows` the rows of a returned batch, and the `table` it became."""
    key = _owner(person, "returned", str(corrects)) if of_rows else _owner(person, _DRAFT)
    next_file()
    work = st.session_state[_WORK] = Work(key, table=table, corrects=corrects, read=read, saved=saved)
    return work


def shown_drafts(person: Person) -> frozenset[str]:
    """The draft of what is under way."""
    work: Work | None = st.session_state.get(_WORK)
    is_theirs = work is not None and work.key[:2] == _owner(person)
    return frozenset({work.saved.kept.id}) if work is not None and is_theirs and work.saved.kept else frozenset()


def of_returned(person: Person, *, batch_id: int, table: Table, progress: Progress) -> Work:
    """What the rows of a returned batch have come to since they were edited; not checked before they were. `table` is what is
    taken where nothing was edited yet."""
    key = _owner(person, "returned", str(batch_id))
    work = _kept(key)
    if work is None:
        work = st.session_state[_WORK] = Work(key, table=table, corrects=batch_id, is_accepted=False, read=table)
    return _up_to_date(work, person, progress)


def forget() -> None:
    """Leave what was under way."""
    st.session_state.pop(_WORK, None)


def mark_of(notices: Sequence[Problem]) -> str:
    """Tells notices from others: acknowledged is what was read, and nothing that came to be said since."""
    return hashlib.sha256(json.dumps(submissions.told(notices)).encode()).hexdigest() if notices else ""


def is_under_way() -> bool:
    """Whether anything is."""
    work: Work | None = st.session_state.get(_WORK)
    return work is not None and (work.is_accepted or work.corrects is None)


def shown(person: Person, token: str) -> Work | None:
    """What was on the screen to be confirmed under this token, if it is this person's and still the last thing shown."""
    work: Work | None = st.session_state.get(_WORK)
    if work is None or not token or work.token != token or work.key[:2] != _owner(person):
        return None
    return work


def _owner(person: Person, *rest: str) -> tuple[str, ...]:
    return (person.username, person.hands_in_for or "", *rest)


def _kept(key: tuple[str, ...]) -> Work | None:
    work: Work | None = st.session_state.get(_WORK)
    return work if work is not None and work.key == key else None


# --- Checking --------------------------------------------------------------------------------------------------------


def _up_to_date(work: Work, person: Person, progress: Progress) -> Work:
    if work.table is not None and work.is_accepted and work.basis != _basis():
        with updates.one_at_a_time(person):
            _check(work, person, progress)
    return work


def _basis() -> tuple[object, ...]:
    """What the outcome depends on besides the table: the version of the register, the scope of the scorecard, and which kinds of
    changes go to review."""
    return (*data_edition.shown().key, filters.current().scope, *sorted(_held()))


def _held() -> frozenset[str]:
    return updates.read_held(session.store())


def accept_encoding(work: Work) -> None:
    """The reader says that the text is legible in the encoding they chose."""
    work.is_accepted = True


def frame_now(work: Work) -> pl.DataFrame:
    """The table's rows with what was typed into an editor of them and not checked yet."""
    assert work.table is not None
    return next(frame for frame in (work.edited, work.begun, work.table.frame) if frame is not None)


def correct(work: Work, frame: pl.DataFrame) -> None:
    """Take other cells for the table: what was put right on the screen. They are checked in the next run."""
    assert work.table is not None
    work.table = work.table.with_frame(frame)
    work.is_accepted = True
    work.decisions = {}
    work.basis = work.begun = work.edited = None


def leave_rest(work: Work, person: Person) -> bool:
    """Go on with the rows that can be stored, and keep the others to be given back; whether there are both."""
    assert work.table is not None
    with updates.one_at_a_time(person):
        table = work.table if frame_now(work) is work.table.frame else work.table.with_frame(frame_now(work))
        found = updates.parted(table, current_of(person))
    if found is None:
        return False
    good, rest, wrong = found
    work.rest = (rest, wrong)
    correct(work, good.frame)
    return True


def decide(work: Work, place: Place, decision: Decision) -> None:
    """Say for one conflict whose value is to hold."""
    work.decisions[place] = decision
    work.basis = None


def _check(work: Work, person: Person, progress: Progress) -> None:
    assert work.table is not None
    work.round += 1
    work.preview = work.final = work.sent = work.effects = None
    work.waits, work.why_waits = frozenset(), {}
    work.token = ""
    current = current_of(person)
    progress("upload.step_checking", 0.35)
    sent, limits = work.table, updates.read_limits()
    outcome: Preview | list[Problem] | None = updates.preview_of(sent, current, limits)
    if isinstance(outcome, Preview):
        work.problems = outcome.notices
        work.preview = outcome
        progress("upload.step_comparing", 0.65)
        if any(place_of(conflict.change) not in work.decisions for conflict in outcome.conflicts):
            outcome = None
        else:
            sent, outcome = updates.giving_up(
                sent, outcome, current, limits, is_given_up=lambda conflict: _is_given_up(work, conflict)
            )
    if outcome is not None and not isinstance(outcome, Preview):
        work.problems, work.preview = tuple(outcome), None
    elif outcome is not None:
        progress("upload.step_scoring", 0.8)
        work.final, work.token = outcome.decided(outcome.conflicts), secrets.token_hex(8)
        work.sent, work.waits = sent, held_back(outcome, _held())
        work.why_waits = why_held(outcome, _held())
        work.effects = upload_effects.compute(outcome) if outcome.changes else None
    work.basis = _basis()


def _is_given_up(work: Work, conflict: Conflict) -> bool:
    """Whether a conflict was decided for the register."""
    return work.decisions.get(place_of(conflict.change)) == "register"
