"""What an agency may do, or type in, as changes of a register: the honest acts, and those that only look like one.

Each says which agreements it can be done to and what it adds to the register on the day it is done.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any, Final

import polars as pl

from kpi.facts import Facts
from kpi.register import Register
from kpi.vocabulary import REPORT_FIELDS, BlockerStep, State

Ids = Sequence[int]
Day = dt.date


@dataclasses.dataclass(frozen=True)
class Act:
    """`to` selects the agreements it can be done to, on the columns of the facts; `do` gives the register after it."""

    name: str
    to: pl.Expr
    do: Callable[[Register, Facts, Ids], Register]

    def done(
        self, register: Register, facts: Facts, most: int | None = None, agency: str | None = None
    ) -> Register | None:
        """The register after the act was done to so many agreements (all if None) of an agency; None where there is none."""
        whose = pl.lit(value=True) if agency is None else pl.col("agency") == agency
        ids = facts.agreements.filter(self.to & whose).sort("agreement_id")["agreement_id"].to_list()[:most]
        return self.do(register, facts, ids) if ids else None


# --- What it adds ----------------------------------------------------------------------------------------------------


def _next_id(frame: pl.DataFrame) -> int:
    highest: int = frame.select(pl.col("id").max().fill_null(0)).item()
    return highest + 1


def _added(frame: pl.DataFrame, rows: list[dict[str, Any]]) -> pl.DataFrame:
    """The frame with rows below it, numbered on; what they do not say is null."""
    first = _next_id(frame)
    numbered = [{"id": first + place, **row} for place, row in enumerate(rows)]
    return pl.concat([frame, pl.DataFrame(numbered, schema_overrides=frame.schema)], how="diagonal")


def moved(state: State, *, days_ago: int = 0) -> Callable[[Register, Facts, Ids], Register]:
    def do(register: Register, facts: Facts, ids: Ids) -> Register:
        day = facts.as_of - dt.timedelta(days=days_ago)
        rows = [{"agreement_id": one, "state": str(state), "effective_on": day, "date_known": True} for one in ids]
        return dataclasses.replace(register, status_events=_added(register.status_events, rows))

    return do


def both(*acts: Callable[[Register, Facts, Ids], Register]) -> Callable[[Register, Facts, Ids], Register]:
    def do(register: Register, facts: Facts, ids: Ids) -> Register:
        for act in acts:
            register = act(register, facts, ids)
        return register

    return do


def reported(*, rise: float | None, period: bool = False) -> Callable[[Register, Facts, Ids], Register]:
    """A full report of today that says there is progress: `rise` more per cent than was ever said, or no share."""

    def do(register: Register, facts: Facts, ids: Ids) -> Register:
        most = dict(
            register.reports.group_by("agreement_id").agg(pl.col("progress_pct").max().fill_null(0.0)).iter_rows()
        )
        ended = register.periods.filter(pl.col("ends_on") <= facts.as_of).sort("ends_on")
        rows = [
            {
                "agreement_id": one,
                "period": ended["code"].last() if period and not ended.is_empty() else None,
                "reported_on": facts.as_of,
                "received_on": facts.as_of,
                "fields_filled": len(REPORT_FIELDS),
                "progress_pct": None if rise is None else min(most.get(one, 0.0) + rise, 100.0),
                "shows_progress": True,
            }
            for one in ids
        ]
        return dataclasses.replace(register, reports=_added(register.reports, rows))

    return do


def planned(*, days_ahead: int) -> Callable[[Register, Facts, Ids], Register]:
    def do(register: Register, facts: Facts, ids: Ids) -> Register:
        target = facts.as_of + dt.timedelta(days=days_ahead)
        rows = [{"agreement_id": one, "target_on": target, "effective_on": facts.as_of} for one in ids]
        return dataclasses.replace(register, targets=_added(register.targets, rows))

    return do


def blocked(
    *,
    lasted: int | None = None,
    severity: str = "severe",
    times: int = 1,
    beyond: bool = False,
    days_ago: int = 0,
    named_ago: int = 0,
) -> Callable[[Register, Facts, Ids], Register]:
    """Blockers of so many `days_ago` and open; or opened `lasted` days ago and resolved today; if `beyond` the agency, taken up at
    once. They were named today, or so many days ago."""

    def do(register: Register, facts: Facts, ids: Ids) -> Register:
        first = _next_id(register.blockers)
        blockers = [
            {
                "agreement_id": one,
                "cause": "funding",
                "severity": severity,
                "authority_level": "prime_minister" if beyond else "agency",
                "must_act": None,
                "received_on": facts.as_of - dt.timedelta(days=named_ago),
            }
            for one in ids
            for _ in range(times)
        ]
        events = []
        for number in range(first, first + len(blockers)):
            opened = facts.as_of - dt.timedelta(days=days_ago if lasted is None else lasted)
            steps = {BlockerStep.OPENED: opened}
            if beyond:
                steps[BlockerStep.ESCALATED] = opened
            if lasted is not None:
                steps[BlockerStep.RESOLVED] = facts.as_of
            events += [
                {"blocker_id": number, "kind": str(step), "effective_on": day, "received_on": facts.as_of}
                for step, day in steps.items()
            ]
        return dataclasses.replace(
            register,
            blockers=_added(register.blockers, blockers),
            blocker_events=_added(register.blocker_events, events),
        )

    return do


def stepped(kind: BlockerStep) -> Callable[[Register, Facts, Ids], Register]:
    """Every open blocker resolved today, or escalated where it was not yet."""

    def do(register: Register, facts: Facts, ids: Ids) -> Register:
        mine = facts.blockers.filter(pl.col("is_open") & pl.col("is_named") & pl.col("agreement_id").is_in(ids))
        if kind == BlockerStep.ESCALATED:
            mine = mine.filter(pl.col("escalated_on").is_null())
        rows = [
            {"blocker_id": one, "kind": str(kind), "effective_on": facts.as_of, "received_on": facts.as_of}
            for one in mine["blocker_id"].to_list()
        ]
        return dataclasses.replace(register, blocker_events=_added(register.blocker_events, rows))

    return do


def invented(*, reported: bool) -> Callable[[Register, Facts, Ids], Register]:
    """Ten new agreements like each of these, signed a week before the last period ended and registered when its reports were due,
    each with a full report of it or none."""

    def do(register: Register, facts: Facts, ids: Ids) -> Register:
        past = register.periods.filter(pl.col("due_on") <= facts.as_of).sort("due_on")
        if past.is_empty():
            return register
        period = past.row(-1, named=True)
        first = _next_id(register.agreements)
        alike = register.agreements.filter(pl.col("id").is_in(ids))
        new = pl.concat([alike] * 10).with_columns(
            id=pl.int_range(pl.len()) + first, evidence_url=pl.lit(""), received_on=pl.lit(period["due_on"])
        )
        new = new.with_columns(ref=pl.format("NEW-{}", "id"))
        signed_on = period["ends_on"] - dt.timedelta(days=7)
        events = [
            {"agreement_id": one, "state": str(State.SIGNED), "effective_on": signed_on, "date_known": True}
            for one in new["id"].to_list()
        ]
        reports = [
            {
                "agreement_id": one,
                "period": period["code"],
                "reported_on": period["due_on"],
                "received_on": period["due_on"],
                "fields_filled": len(REPORT_FIELDS),
                "shows_progress": False,
            }
            for one in new["id"].to_list()
            if reported
        ]
        return dataclasses.replace(
            register,
            agreements=pl.concat([register.agreements, new]),
            status_events=_added(register.status_events, events),
            reports=_added(register.reports, reports),
        )

    return do


def signed(*, days_ago: int | None) -> Callable[[Register, Facts, Ids], Register]:
    """A new agreement like each of these, signed so many days ago (None: nobody knows when), of which nothing else is known."""

    def do(register: Register, facts: Facts, ids: Ids) -> Register:
        first = _next_id(register.agreements)
        alike = register.agreements.filter(pl.col("id").is_in(ids))
        new = alike.with_columns(
            id=pl.int_range(pl.len()) + first,
            ref=pl.format("NEW-{}", "ref"),
            evidence_url=pl.lit(""),
            received_on=pl.lit(facts.as_of),
        )
        rows = [
            {
                "agreement_id": one,
                "state": str(State.SIGNED),
                "effective_on": facts.as_of - dt.timedelta(days=days_ago or 0),
                "date_known": days_ago is not None,
            }
            for one in new["id"].to_list()
        ]
        return dataclasses.replace(
            register,
            agreements=pl.concat([register.agreements, new]),
            status_events=_added(register.status_events, rows),
        )

    return do


def withheld(register: Register, facts: Facts, ids: Ids) -> Register:
    """These agreements let in only today, without targets, reports or blockers, as if nobody had registered them before."""
    mine = pl.col("agreement_id").is_in(ids)
    received_on = pl.when(pl.col("id").is_in(ids)).then(pl.lit(facts.as_of)).otherwise("received_on")
    blockers = register.blockers.filter(~mine)
    return dataclasses.replace(
        register,
        agreements=register.agreements.with_columns(received_on=received_on),
        targets=register.targets.filter(~mine),
        reports=register.reports.filter(~mine),
        blockers=blockers,
        blocker_events=register.blocker_events.filter(pl.col("blocker_id").is_in(blockers["id"].implode())),
    )


def proved(register: Register, facts: Facts, ids: Ids) -> Register:
    link = pl.when(pl.col("id").is_in(ids)).then(pl.lit("12/BC")).otherwise("evidence_url").alias("evidence_url")
    return dataclasses.replace(register, agreements=register.agreements.with_columns(link))


# --- The acts --------------------------------------------------------------------------------------------------------

_OPEN: Final = pl.col("is_open")
_UNSTARTED: Final = _OPEN & ~pl.col("is_started") & pl.col("signed_on").is_not_null()

HONEST: Final = (
    Act("complete what is not due yet", _OPEN & ~pl.col("is_overdue"), moved(State.COMPLETED)),
    Act("complete what is overdue", pl.col("is_overdue"), moved(State.COMPLETED)),
    Act("start what has not been started", _UNSTARTED, moved(State.IN_PROGRESS)),
    Act("issue the plan", _OPEN & pl.col("state").is_in(["SIGNED", "IN_FORCE"]), moved(State.PLAN_ISSUED)),
    Act("report more done than ever before", _OPEN & (pl.col("progress_pct").fill_null(0) < 90), reported(rise=10)),
    Act("report, however late, for the last period", _OPEN, reported(rise=None, period=True)),
    Act("set a first target in time", _OPEN & pl.col("original_target").is_null() & (pl.col("age_days") <= 90),
        planned(days_ahead=300)),
    Act("set a first target late", _OPEN & pl.col("original_target").is_null(), planned(days_ahead=300)),
    Act("plan anew", _OPEN & pl.col("original_target").is_not_null(), planned(days_ahead=200)),
    Act("name what holds a stalled one up", pl.col("is_stalled"), blocked()),
    Act("name what holds another one up", _OPEN & ~pl.col("is_stalled"), blocked()),
    Act("resolve what holds one up", _OPEN & (pl.col("blockers_open") > 0), stepped(BlockerStep.RESOLVED)),
    Act("take it to who can settle it", _OPEN & (pl.col("blockers_open") > 0), stepped(BlockerStep.ESCALATED)),
    Act("give evidence of what is completed", pl.col("is_completed"), proved),
    Act("have it decided not to pursue one", _UNSTARTED, moved(State.NOT_PURSUED)),
    Act("terminate one that is being carried out", _OPEN & pl.col("is_started"), moved(State.TERMINATED)),
    Act("sign another", _OPEN, signed(days_ago=0)),
    Act("register between a period's end and the day its reports are due", _OPEN, invented(reported=False)),
)  # fmt: skip
"""Acts that may not lower a score."""

DISHONEST: Final = (
    Act("sign empty memoranda", _OPEN, signed(days_ago=1)),
    Act("let in what was signed long ago, without a target", _OPEN, signed(days_ago=400)),
    Act("let in what nobody knows a day of", _OPEN, signed(days_ago=None)),
    Act("say again and again that there is progress", _OPEN, reported(rise=0)),
    Act("say that there is progress without a share", _OPEN, reported(rise=None)),
    Act("report a hundredth more than ever before", _OPEN & (pl.col("progress_pct").fill_null(0) < 99),
        reported(rise=0.01)),
    Act("report a share of what has not been started", _UNSTARTED, reported(rise=5)),
    Act("fill in the late reports of the last period", _OPEN, reported(rise=None, period=True)),
    Act("invent agreements before reports are due, and report on them", _OPEN, invented(reported=True)),
    Act("open and close trivial blockers", _OPEN, blocked(lasted=0, severity="minor", times=4)),
    Act("name a trivial blocker of a stalled one", pl.col("is_stalled"), blocked(severity="minor")),
    Act("close blockers of a stalled one", pl.col("is_stalled") & (pl.col("blockers_open") > 0),
        stepped(BlockerStep.RESOLVED)),
    Act("invent a week-old blocker of a stalled one and close it", pl.col("is_stalled"),
        blocked(lasted=7, severity="minor")),
    Act("invent blockers of two weeks ago, taken up at once and settled", _OPEN, blocked(lasted=14, beyond=True)),
    Act("open trivial blockers, take them up and close them on one day", _OPEN, blocked(lasted=0, beyond=True)),
    Act("set a first target today", _OPEN & pl.col("original_target").is_null() & (pl.col("age_days") > 90),
        planned(days_ahead=1)),
    Act("set a first target far away", _OPEN & pl.col("original_target").is_null() & (pl.col("age_days") > 90),
        planned(days_ahead=5_000)),
    Act("put the target off", pl.col("is_overdue"), planned(days_ahead=1_000)),
    Act("terminate what was never started", _UNSTARTED & ~pl.col("is_stalled") & ~pl.col("is_overdue"),
        moved(State.TERMINATED)),
    Act("suspend and resume", pl.col("state") == State.IN_PROGRESS,
        both(moved(State.SUSPENDED), moved(State.IN_PROGRESS))),
    Act("suspend what does not stand still", _OPEN & ~pl.col("is_stalled") & ~pl.col("is_overdue"),
        moved(State.SUSPENDED)),
)  # fmt: skip
"""Acts that may not raise one."""

ON_PAPER: Final = (
    Act("start on paper", _UNSTARTED, moved(State.IN_PROGRESS)),
    Act("complete on paper", _OPEN, moved(State.COMPLETED)),
    Act("terminate what stands still", pl.col("is_stalled"), moved(State.TERMINATED)),
    Act("suspend what stands still", pl.col("is_stalled"), moved(State.SUSPENDED)),
    Act("issue a plan on paper", pl.col("is_stalled") & pl.col("state").is_in(["SIGNED", "IN_FORCE"]),
        moved(State.PLAN_ISSUED)),
    Act("report a share a good deal higher than ever before", pl.col("is_stalled")
        & (pl.col("progress_pct").fill_null(0) < 95), reported(rise=5)),
    Act("invent blockers beyond the agency, taken up at once, and close them on the fourth day", _OPEN,
        blocked(lasted=4, beyond=True, named_ago=4)),
    Act("let a treaty enter into force on paper", pl.col("is_stalled") & (pl.col("state") == State.SIGNED),
        moved(State.IN_FORCE)),
)  # fmt: skip
"""Acts that do raise one once they are in the register: the state of an agreement, and how much of it is carried out, are the
agency's own word. Ends, suspensions and days of long ago get there by a review alone (`kpi.update.reasons`); a recent start, plan
or completion waits for one only where the coordinator has settled so. Blockers are its word as well, and nobody looks at them."""

COSTLY: Final = (
    Act("name what holds another one up, four weeks late", _OPEN & ~pl.col("is_stalled"), blocked(days_ago=29)),
)
"""Honest acts that can lower a score all the same: a wait named late counts in full, and one that nobody names does not.

To leave blockers out until an agreement stands still would count no solution that came in time, and few agencies would have five
cases."""

WITHHELD: Final = (
    (Act("let in what started late only today", pl.col("is_started") & (pl.col("waiting_days") > 240), withheld), 0.0),
    (Act("let in what is overdue only today", pl.col("is_overdue"), withheld), 6.5),
)
"""What is let in long after its signing instead of at once, with the most points that may gain: listed in `docs/statistics.md`."""
