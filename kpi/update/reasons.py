"""Why something in an upload waits for review whatever the settings say: by what it says, not only by its kind.

Each rule looks at one place, with what the register has there, the day of receipt and the thresholds. What they have in
common: the day, or the state, is worth something to whoever types it, and nobody else has seen it.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Collection, Iterator, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import polars as pl

from kpi.facts.history import rises
from kpi.thresholds import COUNTS_FROM, LEAST_RISE, Thresholds
from kpi.update.changes import Change, Place, place_of
from kpi.update.current import Current
from kpi.update.layout import NEW
from kpi.update.transitions import is_for_the_coordinator
from kpi.vocabulary import CLAIMED, MILESTONES, Scope, Standing, State, StateClass, texts


class Reason(StrEnum):
    """Why something waits."""

    SIGNING_MOVED = "signing_moved"
    FIRST_TARGET_LATE = "first_target_late"
    TARGET_FAR = "target_far"
    ENDED = "ended"
    SUSPENDED = "suspended"
    NOT_COUNTED = "not_counted"
    ANOTHER_SCOPE = "another_scope"
    DECIDED_OUTSIDE = "decided_outside"
    FOUND_FALSE = "found_false"
    TO_BE_REVIEWED = "to_be_reviewed"
    UNDOCUMENTED = "undocumented"
    LONG_AGO = "long_ago"
    PUBLISHED = "published"
    MOVED_LATER = "moved_later"
    SAID_AGAIN = "said_again"
    SENT_BACK = "sent_back"


_DAYS: Final = (
    "signed_on",
    "state_date",
    "report_date",
    "blocker_opened_on",
    "blocker_escalated_on",
    "blocker_resolved_on",
)
_ENDS: Final = texts(state for state in State if state.kind is StateClass.VOID)


_ALL: Final = 100.0


class _TakenBack(NamedTuple):
    """Of an agreement, what was held and taken back, or returned: by day, stages (places in MILESTONES) and shares, and whether
    others did; and the share that last counted as progress, with the day of its report (0 and None where none did)."""

    stages: tuple[tuple[dt.date, int, bool], ...] = ()
    shares: tuple[tuple[dt.date, float, bool], ...] = ()
    counted: float = 0.0
    counted_on: dt.date | None = None


@dataclasses.dataclass(frozen=True)
class _Said:
    """What an upload says in one place (`cells`: column -> new content, `before`: what the register has there) about an agreement
    of which the register has `standing` (empty for a new one); where it is about a report there is, the day of that
    (`reported_on`); and of that agreement the states that were `found_false`, what was `taken_back`, and whether a level has
    `sent_down` what went up to it."""

    cells: Mapping[str, tuple[str | None, ...]]
    before: Mapping[str, str | None]
    standing: Mapping[str, Any]
    reported_on: dt.date | None
    found_false: frozenset[str]
    taken_back: _TakenBack
    sent_down: bool
    received_on: dt.date
    published_on: dt.date | None
    thresholds: Thresholds
    not_counted: frozenset[str]
    usual_scope: str

    def first(self, column: str) -> str | None:
        return next(iter(self.cells.get(column, ())), None)

    def days(self, *columns: str) -> Iterator[dt.date]:
        for column in columns:
            yield from (dt.date.fromisoformat(text) for text in self.cells.get(column, ()) if text)

    def corrected_days(self) -> Iterator[dt.date]:
        """The days the register has of what is put right and moves a clock: a day itself, and what a report says of progress."""
        days = [column for column in _DAYS if column != "state_date" or "state" not in self.cells]
        yield from (dt.date.fromisoformat(text) for text in (self.before.get(column) for column in days) if text)
        if self.reported_on is not None and self.cells.keys() & {"shows_progress", "progress_pct"}:
            yield self.reported_on

    def days_moved(self) -> Iterator[dt.date]:
        """Every day that a clock would start or stop at, or no more."""
        yield from self.days(*_DAYS, "target_set_on")
        yield from self.corrected_days()

    @property
    def is_of_state(self) -> bool:
        return bool(self.cells.keys() & {"state", "state_date", "state_document"})

    @property
    def states(self) -> tuple[str | None, str | None]:
        """The state it is in and the one it will be in; both the same where only its day changes."""
        before = self.standing.get("state")
        return before, self.first("state") or before


def _is_long_ago(said: _Said) -> bool:
    """A day further before the day of receipt than a claim may be, typed or put right."""
    earliest = said.received_on - dt.timedelta(days=said.thresholds.claim_days)
    return any(day < earliest for day in said.days_moved())


def _is_published(said: _Said) -> bool:
    """A day of which figures have been published: what everybody was shown of it would change. What is long ago says more."""
    published_on = said.published_on
    return published_on is not None and not _is_long_ago(said) and any(day <= published_on for day in said.days_moved())


def _moves_the_signing(said: _Said) -> bool:
    """The day of "Signed" is typed again: every clock starts there."""
    signed = said.standing.get("signed_on")
    return (
        said.is_of_state
        and said.states[1] == State.SIGNED
        and any(day != signed for day in said.days("state_date"))
        and signed is not None
    )


def _is_first_target_late(said: _Said) -> bool:
    """By the day of receipt: the day on which a target counts as set can be typed."""
    signed = said.standing.get("signed_on") or next(said.days("signed_on"), None)
    is_first = bool(said.first("current_target")) and said.standing.get("current_target") is None
    return is_first and signed is not None and (said.received_on - signed).days > said.thresholds.first_target_days


def _is_target_far(said: _Said) -> bool:
    latest = said.received_on + dt.timedelta(days=round(said.thresholds.target_years * 365.25))
    return any(day > latest for day in said.days("current_target"))


def _ends(said: _Said) -> bool:
    return said.is_of_state and said.states[1] in _ENDS


def _suspends_or_resumes(said: _Said) -> bool:
    return said.is_of_state and State.SUSPENDED in said.states


def _is_not_counted(said: _Said) -> bool:
    """A new agreement of a kind of document that is not there to be implemented."""
    return said.first("doc_type") in said.not_counted


def _is_of_another_scope(said: _Said) -> bool:
    """A new agreement of another scope than most of the agency's: rankings are of one scope, so that it would count in none of the
    figures the others count in, or in those they do not. Of a registered one the scope stays as it is."""
    return said.first("scope") not in (None, said.usual_scope)


def _is_decided_outside(said: _Said) -> bool:
    return is_for_the_coordinator(*said.states)


def _was_found_false(said: _Said) -> bool:
    """A state of which somebody outside the agency has found that the agreement was not in it: claimed again, for whatever day, or
    a completion of what was found not to have started."""
    claimed = {said.states[1]} | ({State.IN_PROGRESS} if said.states[1] == State.COMPLETED else set())
    return said.is_of_state and not said.found_false.isdisjoint(map(str, claimed - {None}))


def _is_moved_later(said: _Said) -> bool:
    """The day of what the register has, put right to a later one: clocks would start there."""
    columns = ["report_date", *(() if "state" in said.cells else ("state_date",))]
    days = ((said.before.get(column), said.first(column)) for column in columns)
    return any(old and new and new > old for old, new in days)


def _is_said_again(said: _Said) -> bool:
    """No further than what was taken back, and of a later day: taken back and said again each month, a claim would stop its clock
    for good."""
    return _is_no_further(said, by_others=False)


def _was_sent_back(said: _Said) -> bool:
    """No further than what a coordinator took back or returned, of whatever day: who sent it back looks at it again. Nor does a day
    in a file stand for what a level has sent down."""
    is_sent_up = said.sent_down and any(said.days("blocker_escalated_on"))
    return is_sent_up or _is_no_further(said, by_others=True)


def _is_no_further(said: _Said, *, by_others: bool) -> bool:
    gone = said.taken_back
    day = next(said.days("state_date"), None)
    if day is not None and "state" in said.cells and said.states[1] in MILESTONES:
        stage = MILESTONES.index(str(said.states[1]))
        return any(
            there >= stage and (before < day or by_others)
            for before, there, others in gone.stages
            if others == by_others
        )
    share, day = said.first("progress_pct"), next(said.days("report_date"), said.reported_on)
    if share is None or day is None or float(share) < min(gone.counted + LEAST_RISE, _ALL):
        return False
    since = gone.counted_on or dt.date.min
    return any(
        (since < before < day or by_others) and (there >= _ALL or float(share) < min(there + LEAST_RISE, _ALL))
        for before, there, others in gone.shares
        if others == by_others
    )


def _is_to_be_reviewed(said: _Said) -> bool:
    """A state, or its day, that is set to count once somebody else has looked."""
    place = said.thresholds.counts_from.get(said.states[1] or "")
    claims = bool(said.cells.keys() & {"state", "state_date"})
    return claims and place is not None and COUNTS_FROM[place] is Standing.REVIEWED


def _is_undocumented(said: _Said) -> bool:
    """A further stage without a document that somebody else could ask for; of a completion the evidence the register has is one,
    and is not cleared where it is the only one."""
    before, after = said.states
    if "evidence_url" in said.cells and not said.first("evidence_url"):
        return before == State.COMPLETED and not said.standing.get("state_document")
    if not said.is_of_state or after not in CLAIMED:
        return False
    kept = said.standing.get("state_document") if before == after else None
    evidence = said.standing.get("evidence_url") if after == State.COMPLETED else None
    return not (said.first("state_document") or kept or evidence)


RULES: Final[Mapping[Reason, Callable[[_Said], bool]]] = MappingProxyType(
    {
        Reason.SIGNING_MOVED: _moves_the_signing,
        Reason.FIRST_TARGET_LATE: _is_first_target_late,
        Reason.TARGET_FAR: _is_target_far,
        Reason.ENDED: _ends,
        Reason.SUSPENDED: _suspends_or_resumes,
        Reason.NOT_COUNTED: _is_not_counted,
        Reason.ANOTHER_SCOPE: _is_of_another_scope,
        Reason.DECIDED_OUTSIDE: _is_decided_outside,
        Reason.FOUND_FALSE: _was_found_false,
        Reason.TO_BE_REVIEWED: _is_to_be_reviewed,
        Reason.UNDOCUMENTED: _is_undocumented,
        Reason.LONG_AGO: _is_long_ago,
        Reason.PUBLISHED: _is_published,
        Reason.MOVED_LATER: _is_moved_later,
        Reason.SAID_AGAIN: _is_said_again,
        Reason.SENT_BACK: _was_sent_back,
    }
)
"""What waits, by reason, the one that says most first. Settings may let more wait, never less."""


def _usual_scope(current: Current) -> str:
    """That of most agreements the agency is responsible for; the first of the vocabulary where it has none, or as many of each."""
    counts = current.agreements["scope"].value_counts()
    most = counts.filter(pl.col("count") == pl.col("count").max())["scope"].to_list()
    return next((scope for scope in texts(Scope) if scope in most), Scope.HIGH_LEVEL)


def reasons_of(
    changes: Collection[Change], current: Current, *, received_on: dt.date
) -> Mapping[Place, tuple[Reason, ...]]:
    """The places among these changes that wait whatever the routes by kind say, each with every reason."""
    places: dict[Place, list[Change]] = {}
    for change in changes:
        places.setdefault(place_of(change), []).append(change)
    columns = ("agreement_id", "state", "state_document", "evidence_url", "signed_on", "current_target")
    standing = {row["agreement_id"]: row for row in current.standing.select(columns).iter_rows(named=True)}
    found_false: dict[int, set[str]] = {}
    for number, state in current.found_false.iter_rows():
        found_false.setdefault(number, set()).add(state)
    reported = {
        (str(number), item): day
        for number, item, day in current.latest_reports.select("agreement_id", "item", "reported_on").iter_rows()
    }
    taken_back = _taken_back(current)
    kinds = current.doc_types
    not_counted = frozenset(kinds.filter(~kinds["implementable_default"])["code"])
    usual_scope = _usual_scope(current)
    found = {}
    for place, within in places.items():
        cells: dict[str, tuple[str | None, ...]] = {}
        for change in within:
            cells[change.column] = (*cells.get(change.column, ()), change.new)
        said = _Said(
            cells=cells,
            before={change.column: change.old for change in within},
            reported_on=reported.get((place[0], place[2])) if place[1] == "report" else None,
            standing={} if place[0].startswith(NEW) else standing[within[0].agreement_id],
            found_false=frozenset(found_false.get(within[0].agreement_id or 0, ())),
            taken_back=taken_back.get(within[0].agreement_id or 0, _TakenBack()),
            sent_down=within[0].agreement_id in current.sent_down,
            received_on=received_on,
            published_on=current.published_on,
            thresholds=current.thresholds,
            not_counted=not_counted,
            usual_scope=usual_scope,
        )
        reasons = tuple(reason for reason, holds in RULES.items() if holds(said))
        if reasons:
            found[place] = reasons
    return MappingProxyType(found)


def _taken_back(current: Current) -> dict[int, _TakenBack]:
    """What was held and taken back, by agreement; those without are left out."""
    gone = current.taken_back
    if gone.is_empty():
        return {}
    reports = current.reports.join(gone, on="agreement_id", how="semi")
    counted = (
        rises(reports, current.events)
        .filter("has_risen")
        .group_by("agreement_id")
        .agg(pl.col("progress_pct").max(), pl.col("reported_on").max())
    )
    last = {number: (share, day) for number, share, day in counted.iter_rows()}
    found: dict[int, _TakenBack] = {}
    columns = ("agreement_id", "day", "state", "progress_pct", "by_others")
    for number, day, state, share, by_others in gone.select(columns).iter_rows():
        held = found.setdefault(number, _TakenBack((), (), *last.get(number, (0.0, None))))
        if state in MILESTONES:
            held = held._replace(stages=(*held.stages, (day, MILESTONES.index(state), by_others)))
        if share is not None:
            held = held._replace(shares=(*held.shares, (day, share, by_others)))
        found[number] = held
    return found
