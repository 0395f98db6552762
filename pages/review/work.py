"""What a batch under review has come to so far: how it stands to the register now, what was decided, what is chosen.

Kept between the runs of one browser page, as a memory of what was shown and nothing else: who may publish is never read from
here, and what is published is worked out again by `uploads.publish`, which refuses where it is not what was shown.
"""

from __future__ import annotations

import dataclasses
import secrets
from typing import Final

import polars as pl
import streamlit as st

from data_access import updates
from data_access.updates import Review
from data_access.updates.checking import rechecked
from kpi.update import Change, Current, Preview, place_of
from kpi.update.changes import Place
from kpi.update.review import narrowed
from pages.ui import data_edition, filters, session
from pages.upload import effects as upload_effects
from pages.upload.differences import Decision
from pages.upload.effects import Effects
from pages.upload.history import Row
from pages.upload.progress import Progress

_WORK: Final = "review_work"


@dataclasses.dataclass(frozen=True)
class Part:
    """What publishing some changes would store, and what it would do; `preview` is None where they cannot stand by themselves."""

    preview: Preview | None
    effects: Effects | None


@dataclasses.dataclass
class ReviewWork:
    """A batch being looked at. `key` says which one and on which version of the register; `token` names what was found, so
    that a decision can only mean what was on the screen."""

    key: tuple[object, ...]
    review: Review
    current: Current
    token: str = dataclasses.field(default_factory=lambda: secrets.token_hex(8))
    decisions: dict[Place, Decision] = dataclasses.field(default_factory=dict)
    chosen: frozenset[Change] = frozenset()
    part: Part | None = None
    is_settled: bool = False
    """Whether `chosen` and `part` are what is ticked: not between a tick and the run that draws what it comes to."""
    parts: dict[tuple[object, ...], Part] = dataclasses.field(default_factory=dict)

    @property
    def changes(self) -> tuple[Change, ...]:
        """What could be published."""
        return () if self.review.preview is None else self.review.preview.changes

    @property
    def derived(self) -> frozenset[Change]:
        """Of these, what nobody typed."""
        return frozenset() if self.review.preview is None else self.review.preview.derived

    @property
    def undecided(self) -> set[Place]:
        """Where the register changed since it was sent, and nobody has said whose content holds."""
        conflicts = () if self.review.preview is None else self.review.preview.conflicts
        return {place_of(conflict.change) for conflict in conflicts} - self.decisions.keys()

    @property
    def left_out(self) -> set[Place]:
        """What was decided for the register: what the register is to keep as it is."""
        return {place for place, decision in self.decisions.items() if decision == "register"}

    @property
    def leaves_rest(self) -> bool:
        """Whether publishing what is chosen leaves something that goes back."""
        return len(self.chosen) < len(self.changes) or bool(self.review.problems)

    @property
    def titles(self) -> pl.DataFrame:
        """agreement_id, title_vi and title_en of the agency's agreements, as the register has them."""
        return self.current.agreements


def of(batch: Row, *, progress: Progress) -> ReviewWork | None:
    """How a batch stands to the register now; None where it was not sent for review.

    Where others change the register meanwhile without touching what the batch is about, what was decided and ticked holds.
    """
    key = (batch["id"], batch["status"], *data_edition.shown().key)
    work: ReviewWork | None = st.session_state.get(_WORK)
    if work is not None and work.key == key:
        return work
    progress("review.step_comparing", 0.3)
    engine = session.store()
    review = updates.review(engine, batch["id"], agency=None)
    if review is None:
        return None
    found = ReviewWork(key, review, updates.current_rows(engine, batch["agency"]))
    if work is not None and work.key[:2] == key[:2] and _shown_of(work.review) == _shown_of(review):
        found.token, found.decisions = work.token, work.decisions
    st.session_state[_WORK] = found
    return found


def _shown_of(review: Review) -> tuple[object, ...]:
    """What of a review is on the screen."""
    preview = review.preview
    stored = () if preview is None else (preview.changes, preview.conflicts, dict(preview.versions))
    return (stored, review.problems, review.gone)


def decide(work: ReviewWork, place: Place, decision: Decision) -> None:
    """Say for one conflict whose content is to hold."""
    work.decisions[place] = decision


def decide_again(work: ReviewWork) -> None:
    """Take back what was said about conflicts."""
    work.decisions.clear()


def take_part(work: ReviewWork, *, progress: Progress) -> Part:
    """What those changes that are chosen come to by themselves."""
    key = (work.chosen, filters.current().scope)
    if key not in work.parts:
        progress("upload.step_scoring", 0.7)
        preview = _preview_of(work, work.chosen)
        work.parts[key] = Part(preview, None if preview is None else upload_effects.compute(preview))
    work.part, work.is_settled = work.parts[key], True
    return work.part


def unsettle(work: ReviewWork) -> None:
    """Something else was ticked: what was worked out before is not about it."""
    work.is_settled = False


def _preview_of(work: ReviewWork, chosen: frozenset[Change]) -> Preview | None:
    whole = work.review.preview
    if whole is None or len(chosen) == len(whole.changes):
        return whole
    return rechecked(narrowed(work.review.table, whole, chosen), work.current, chosen)


def shown(token: str) -> ReviewWork | None:
    """What was on the screen under this token, if it is still the last thing shown."""
    work: ReviewWork | None = st.session_state.get(_WORK)
    return work if work is not None and token and work.token == token else None


def forget() -> None:
    """Leave what was being looked at."""
    st.session_state.pop(_WORK, None)
