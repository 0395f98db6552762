"""Every KPI once more, by another route: plain Python over plain rows, one agreement at a time, exact fractions.

Nothing of `kpi` is used here, so that agreement between the two means something.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from tests.kpi.registers import PERIODS, Row

STALL = {"SIGNED": 180, "APPROVAL_PENDING": 180, "IN_FORCE": 90, "PLAN_ISSUED": 120, "IN_PROGRESS": 180}
OPEN = tuple(STALL)
VOID = ("TERMINATED", "EXPIRED", "SUPERSEDED", "NOT_PURSUED")
FURTHER = [*OPEN, "COMPLETED"]
FIELDS = [
    "presiding_agency",
    "cooperation_partners",
    "content",
    "progress",
    "completion_time",
    "difficulties",
    "recommendations",
]


def agreement(row: Row, as_of: dt.date) -> dict[str, Any] | None:
    """What is so about one agreement on a day; None if it is not known yet."""
    false = [(found["state"], found["claimed"]) for found in row.verifications if found["verdict"] == "refuted"]
    events = [move for move in row.events if move not in false]
    moves = ([("SIGNED", row.signed)] if row.signed else []) + events
    past = [(state, day) for state, day in moves if day <= as_of]
    if not past:
        return None
    *_, (state, since) = sorted(past, key=lambda move: move[1])  # the later of two on one day is the last recorded
    followed = state not in ("PROPOSED", "NEGOTIATING", "ABANDONED") and row.implementable and row.tracked

    def first(*names: str) -> dt.date | None:
        return min((day for name, day in past if name in names), default=None)

    started = first("IN_PROGRESS", "COMPLETED")
    targets = [target for target, day in sorted(row.targets, key=lambda pair: pair[1]) if day <= as_of]
    original = targets[0] if targets else None
    told = [(report.get("reported", report["received"]), report) for report in row.reports]
    moved_on = last_moved(past, [(day, report) for day, report in told if day <= as_of])
    is_open = followed and state in OPEN
    void = state in VOID
    overdue = is_open and original is not None and original < as_of
    stalled = is_open and moved_on is not None and (as_of - moved_on).days >= STALL[state]
    completed = first("COMPLETED") if state == "COMPLETED" and followed else None
    closed = completed or (since if void else None)
    return {
        "state": state,
        "signed": row.signed,
        "registered": row.received,
        "is_signed": state not in ("PROPOSED", "NEGOTIATING", "ABANDONED"),
        "followed": followed,
        "open": is_open,
        "completed": completed,
        "started": started,
        "void": void,
        "ended": since if void else None,
        "original": original,
        "given_up": state == "NOT_PURSUED",
        "target_set": min((day for _, day in row.targets if day <= as_of), default=None),
        "moves": [day for _, day in past],
        "moved_on": moved_on,
        "stalled": stalled,
        "stalled_since": moved_on + dt.timedelta(days=STALL[state]) if stalled and moved_on else None,
        "overdue": overdue,
        "had_time": followed
        and (row.signed is None or (as_of - row.signed).days >= 180)
        and (is_open or state == "SUSPENDED" or bool(closed and (as_of - closed).days < 365)),
        "plan": first("PLAN_ISSUED"),
        "in_force": first("IN_FORCE"),
    }


def last_moved(past: list[tuple[str, dt.date]], heard: list[tuple[dt.date, dict[str, Any]]]) -> dt.date | None:
    """The last day on which an agreement came further than ever before, or five points more of it, or all, had been done
    than when that last counted; nothing has been done of what had not been started."""
    started = min((day for state, day in past if state in ("IN_PROGRESS", "COMPLETED")), default=dt.date.max)
    furthest, counted, moved = -1, 0.0, []
    for state, day in sorted(past, key=lambda move: move[1]):
        if state in FURTHER and FURTHER.index(state) > furthest:
            furthest = FURTHER.index(state)
            moved.append(day)
    for day, report in sorted(heard, key=lambda one: one[0]):
        said = report.get("pct")
        if day >= started and said is not None and said > counted and (said >= counted + 5 or said == 100):
            counted = said
            if report.get("shows_progress", True):
                moved.append(day)
    return max(moved, default=None)


def median(cases: list[tuple[int, bool]]) -> int | None:
    """The Kaplan-Meier median in whole days by exact fractions."""
    survival = Fraction(1)
    for time in sorted({time for time, _ in cases}):
        at_risk = sum(1 for other, _ in cases if other >= time)
        events = sum(1 for other, observed in cases if other == time and observed)
        survival *= Fraction(at_risk - events, at_risk)
        if survival <= Fraction(1, 2):
            return time
    return None


def waited(cases: list[tuple[int, bool]], horizon: int) -> tuple[Fraction, Fraction] | None:
    """The Kaplan-Meier share that has happened by the horizon, and the mean wait up to it, by exact fractions.

    None where everybody was lost from sight before.
    """
    survival, mean, before = Fraction(1), Fraction(0), 0
    for time in sorted({time for time, observed in cases if observed and time <= horizon}):
        at_risk = sum(1 for other, _ in cases if other >= time)
        mean += survival * (time - before)
        survival *= 1 - Fraction(sum(1 for other, observed in cases if observed and other == time), at_risk)
        before = time
    if survival and max(time for time, _ in cases) < horizon:
        return None
    return 1 - survival, mean + survival * (horizon - before)


def owed_reports(rows: list[Row], as_of: dt.date) -> list[bool]:
    """For every report that has fallen due, whether it came complete and in time."""
    results = []
    for row in rows:
        known = agreement(row, as_of)
        if known is None or not known["followed"]:
            continue
        closed = known["completed"] or known["ended"]
        for code, _, ends, due in PERIODS:
            if ends > as_of or due > as_of or row.signed is None or row.signed > ends or (closed and closed <= ends):
                continue
            if row.received and row.received > ends:
                continue
            results.append(
                any(
                    report["period"] == code
                    and report["received"] <= due
                    and report["received"] <= as_of
                    and all(str(report.get(name, "có")).strip() for name in FIELDS)
                    for report in row.reports
                )
            )
    return results


def blockers(rows: list[Row], as_of: dt.date) -> list[dict[str, Any]]:
    """Every blocker known on a day, with its age, the days it counts for, and whether it is resolved; and every stall without."""
    results = []
    for row in rows:
        known = agreement(row, as_of)
        if known is None:
            continue
        stalled_since, first = known["stalled_since"], None
        for blocker in row.blockers:
            if blocker["opened"] > as_of:
                continue
            resolved = blocker["resolved"] if blocker["resolved"] and blocker["resolved"] <= as_of else None
            escalated = blocker["escalated"] if blocker["escalated"] and blocker["escalated"] <= as_of else None
            age = ((resolved or as_of) - blocker["opened"]).days
            is_settled = resolved is not None and not (stalled_since and resolved > known["moved_on"])
            came = blocker.get("received", blocker["opened"])
            gone = blocker.get("resolved_received", resolved) if resolved else as_of
            lasted = age > 3 and (gone - came).days > 3
            counts = resolved is None or lasted
            results.append(
                {
                    "age": age,
                    "lasted": lasted,
                    "held": ((resolved if is_settled else as_of) - blocker["opened"]).days if counts else None,
                    "resolved": is_settled,
                    "beyond": blocker["authority"] != "agency",
                    "escalated_after": (escalated - blocker["opened"]).days if escalated else None,
                }
            )
            if counts and not is_settled and (first is None or results[-1]["held"] > first["held"]):
                first = results[-1]
        if stalled_since:
            if first is None:
                first = {"age": 0, "lasted": False, "held": 0, "resolved": False, "beyond": False}
                results.append(first)
            first["held"] = max(first["held"], (as_of - stalled_since).days)
    return results


# --- The KPIs --------------------------------------------------------------------------------------------------------

Found = tuple[float, float, Fraction | int | None]
"""Numerator, denominator and value."""

RECOMPUTED: dict[str, Callable[[list[Row], dt.date], Found]] = {}
"""What each KPI is over all rows as of a day, by its code."""


def recomputes(code: str) -> Callable[[Callable[[list[Row], dt.date], Found]], Callable[[list[Row], dt.date], Found]]:
    """Names the KPI that a function recomputes."""

    def enter(function: Callable[[list[Row], dt.date], Found]) -> Callable[[list[Row], dt.date], Found]:
        assert code not in RECOMPUTED, f"{code} is recomputed twice"
        RECOMPUTED[code] = function
        return function

    return enter


def share(counted: int, among: int) -> Found:
    return counted, among, Fraction(100 * counted, among) if among else None


def followed(rows: list[Row], as_of: dt.date) -> list[dict[str, Any]]:
    """The agreements of which it is followed what becomes of them."""
    return [known for row in rows if (known := agreement(row, as_of)) is not None and known["followed"]]


def start_waits(rows: list[Row], as_of: dt.date) -> list[tuple[int, bool]]:
    """Days until the start; of what was never started until today, however it ended, unless it was decided to give it up.

    What was registered more than 60 days after signing, and had been started by then, was never seen waiting.
    """
    waits = []
    for one in followed(rows, as_of):
        registered = one["registered"]
        if registered and (registered - one["signed"]).days > 60 and one["started"] and one["started"] < registered:
            continue
        until = one["started"] or (one["ended"] if one["given_up"] else None) or as_of
        waits.append(((until - one["signed"]).days, one["started"] is not None))
    return waits


def blocker_waits(rows: list[Row], as_of: dt.date) -> list[tuple[int, bool]]:
    """Nothing where no blocker was ever recorded."""
    if not any(row.blockers for row in rows):
        return []
    return [(one["held"], one["resolved"]) for one in blockers(rows, as_of) if one["held"] is not None]


@recomputes("K01")
def signed(rows: list[Row], as_of: dt.date) -> Found:
    number = sum(known["is_signed"] for row in rows if (known := agreement(row, as_of)) is not None)
    return number, number, number or None


@recomputes("K02")
def implemented(rows: list[Row], as_of: dt.date) -> Found:
    matured = [
        one
        for one in followed(rows, as_of)
        if (as_of - one["signed"]).days >= 90 and (one["started"] or not one["given_up"])
    ]
    return share(sum(one["started"] is not None for one in matured), len(matured))


@recomputes("K03")
def time_to_start(rows: list[Row], as_of: dt.date) -> Found:
    waits = start_waits(rows, as_of)
    return sum(seen for _, seen in waits), len(waits), median(waits)


@recomputes("K04")
def on_time(rows: list[Row], as_of: dt.date) -> Found:
    """Nothing where no target was ever set."""
    judged = days_late(rows, as_of)
    return share(judged.count(0), len(judged))


def on_time_with_parts(rows: list[Row], as_of: dt.date) -> Fraction:
    """The same in per cent with a part of each that was completed late: a day off for each day, nothing after a year."""
    judged = days_late(rows, as_of)
    return (
        100 * sum((1 - Fraction(min(late, 365), 365) for late in judged if late is not None), Fraction(0)) / len(judged)
    )


def days_late(rows: list[Row], as_of: dt.date) -> list[int | None]:
    """How many days after its target each was completed that is judged by one, 0 by the target; None: not, or before it had one."""
    if not any(row.targets for row in rows):
        return []
    found: list[int | None] = []
    for one in followed(rows, as_of):
        target, target_set = one["original"], one["target_set"]
        set_late = (as_of - one["signed"]).days >= 90 and (target_set is None or (target_set - one["signed"]).days > 90)
        left_on_the_way = target is not None and one["started"] and one["ended"] and one["ended"] < target
        if one["given_up"] or left_on_the_way or not (set_late or (target is not None and target <= as_of)):
            continue
        was_planned = one["completed"] and target and target_set <= one["completed"]
        found.append(max((one["completed"] - target).days, 0) if was_planned else None)
    return found


@recomputes("K05")
def stalled(rows: list[Row], as_of: dt.date) -> Found:
    among = [
        one
        for one in followed(rows, as_of)
        if one["stalled"] or (one["had_time"] and (not one["open"] or one["moved_on"] is not None))
    ]
    return share(sum(one["stalled"] for one in among), len(among))


@recomputes("K06")
def overdue(rows: list[Row], as_of: dt.date) -> Found:
    """Nothing where no target was ever set."""
    if not any(row.targets for row in rows):
        return share(0, 0)
    among = [
        one
        for one in followed(rows, as_of)
        if one["overdue"] or (one["had_time"] and one["original"] and (one["target_set"] - one["signed"]).days <= 90)
    ]
    return share(sum(one["overdue"] for one in among), len(among))


@recomputes("K07")
def plans(rows: list[Row], as_of: dt.date) -> Found:
    """Plans in time, among those whose limit has passed; nothing where no plan was ever recorded."""
    if not any(state == "PLAN_ISSUED" for row in rows for state, _ in row.events):
        return share(0, 0)
    counted = among = 0
    for row in rows:
        known = agreement(row, as_of)
        if known is None or not known["followed"]:
            continue
        if row.doc_type == "TREATY":
            limit = known["in_force"] + dt.timedelta(days=15) if known["in_force"] else None
        else:
            limit = known["signed"] + dt.timedelta(days=60)
        if limit is None or limit >= as_of or (known["ended"] and known["ended"] <= limit):
            continue
        among += 1
        counted += bool(known["plan"] and known["plan"] <= limit)
    return share(counted, among)


@recomputes("K08")
def reported(rows: list[Row], as_of: dt.date) -> Found:
    reports = owed_reports(rows, as_of)
    return share(sum(reports), len(reports))


@recomputes("K09")
def time_to_resolve(rows: list[Row], as_of: dt.date) -> Found:
    waits = blocker_waits(rows, as_of)
    return sum(resolved for _, resolved in waits), len(waits), median(waits)


@recomputes("K10")
def escalated(rows: list[Row], as_of: dt.date) -> Found:
    beyond = [
        one
        for one in blockers(rows, as_of)
        if one["beyond"] and one["lasted"] and (one["escalated_after"] is not None or one["age"] > 15)
    ]
    in_time = sum(one["escalated_after"] is not None and one["escalated_after"] <= 15 for one in beyond)
    return share(in_time, len(beyond))


@recomputes("K11")
def proved(rows: list[Row], as_of: dt.date) -> Found:
    """Completed ones with evidence; nothing where none was ever recorded."""
    if not any(row.evidence for row in rows):
        return share(0, 0)
    done = [row for row in rows if (known := agreement(row, as_of)) and known["completed"]]
    return share(sum(bool(row.evidence) for row in done), len(done))


@recomputes("K12")
def relied_on(rows: list[Row], as_of: dt.date) -> Found:
    """Claims drawn for a sample and found as claimed, among those looked at within a year."""
    found = [
        one
        for row in rows
        if agreement(row, as_of) is not None
        for one in row.verifications
        if one["sample"] is not None and 0 <= (as_of - one["received"]).days < 365
    ]
    return share(sum(one["verdict"] == "confirmed" for one in found), len(found))


@recomputes("K13")
def composite(rows: list[Row], as_of: dt.date) -> Found:
    """The weighted mean of the scores there are, of five cases or more; a median not reached scores 0 once five have lasted beyond
    the worst goalpost; what was completed late scores in part."""
    weighted, points = Fraction(0), 0
    for code, weight, worst, best in (
        ("K02", 20, 45, 95),
        ("K03", 15, 420, 120),
        ("K04", 15, 40, 90),
        ("K05", 15, 50, 0),
        ("K06", 10, 25, 0),
        ("K08", 15, 75, 100),
        ("K09", 5, 105, 30),
        ("K10", 5, 50, 100),
    ):
        _, among, value = RECOMPUTED[code](rows, as_of)
        if among < 5:
            continue
        if value is None:
            waits = start_waits(rows, as_of) if code == "K03" else blocker_waits(rows, as_of)
            if sum(time >= worst for time, _ in waits) < 5:
                continue
            value = worst
        if code == "K04":
            value = on_time_with_parts(rows, as_of)
        score = 100 * (Fraction(value) - worst) / (best - worst)
        weighted += weight * min(max(score, Fraction(0)), Fraction(100))
        points += weight
    n = sum(not one["given_up"] for one in followed(rows, as_of))
    return float(weighted), points, weighted / points if points >= 70 and n >= 10 else None
