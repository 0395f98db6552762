"""Every KPI once more, by another route: plain Python over plain rows, one agreement at a time, exact fractions.

Nothing of `kpi` is used here, so that agreement between the two means something.
"""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import Any

from tests.kpi.registers import PERIODS, Row

STALL = {"SIGNED": 180, "APPROVAL_PENDING": 180, "IN_FORCE": 90, "PLAN_ISSUED": 120, "IN_PROGRESS": 180}
OPEN = tuple(STALL)
VOID = ("TERMINATED", "EXPIRED", "SUPERSEDED")
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
    moves = ([("SIGNED", row.signed)] if row.signed else []) + row.events
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
    heard = [report for report in row.reports if report["received"] <= as_of]
    progress_days = [day for _, day in past] + [r["received"] for r in heard if r.get("shows_progress", True)]
    is_open = followed and state in OPEN
    void = state in VOID
    overdue = is_open and original is not None and original < as_of
    return {
        "state": state,
        "signed": row.signed,
        "is_signed": state not in ("PROPOSED", "NEGOTIATING", "ABANDONED"),
        "followed": followed,
        "open": is_open,
        "completed": first("COMPLETED") if state == "COMPLETED" and followed else None,
        "started": started,
        "void": void,
        "ended": since if void else None,
        "original": original,
        "stalled": is_open and (as_of - max(progress_days)).days >= STALL[state],
        "overdue": overdue,
        "plan": first("PLAN_ISSUED"),
        "in_force": first("IN_FORCE"),
    }


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
    """Every blocker known on a day, with its age and whether it is resolved."""
    results = []
    for row in rows:
        if agreement(row, as_of) is None:
            continue
        for blocker in row.blockers:
            if blocker["opened"] > as_of:
                continue
            resolved = blocker["resolved"] if blocker["resolved"] and blocker["resolved"] <= as_of else None
            escalated = blocker["escalated"] if blocker["escalated"] and blocker["escalated"] <= as_of else None
            results.append(
                {
                    "age": ((resolved or as_of) - blocker["opened"]).days,
                    "resolved": resolved is not None,
                    "beyond": blocker["authority"] != "agency",
                    "escalated_after": (escalated - blocker["opened"]).days if escalated else None,
                }
            )
    return results


def kpis(rows: list[Row], as_of: dt.date) -> dict[str, tuple[int, int, Fraction | int | None]]:
    """Numerator, denominator and value of each KPI over all rows."""
    known = [found for row in rows if (found := agreement(row, as_of)) is not None]
    followed = [one for one in known if one["followed"]]
    started_or_not_void = [one for one in followed if not (one["void"] and not one["started"])]
    results: dict[str, tuple[int, int, Fraction | int | None]] = {}

    def share(code: str, counted: int, among: int) -> None:
        results[code] = (counted, among, Fraction(100 * counted, among) if among else None)

    signed = sum(one["is_signed"] for one in known)
    results["K01"] = (signed, signed, signed or None)
    matured = [one for one in started_or_not_void if (as_of - one["signed"]).days >= 90]
    share("K02", sum(one["started"] is not None for one in matured), len(matured))
    waits = [
        (((one["started"] or one["ended"] or as_of) - one["signed"]).days, one["started"] is not None)
        for one in followed
    ]
    results["K03"] = (sum(seen for _, seen in waits), len(waits), median(waits))
    due = [
        one
        for one in started_or_not_void
        if one["original"] and one["original"] <= as_of and not (one["ended"] and one["ended"] < one["original"])
    ]
    share("K04", sum(bool(one["completed"] and one["completed"] <= one["original"]) for one in due), len(due))
    open_ones = [one for one in followed if one["open"]]
    share("K05", sum(one["stalled"] for one in open_ones), len(open_ones))
    overdue = sum(one["overdue"] for one in open_ones)
    results["K06"] = (overdue, len(open_ones), overdue if open_ones else None)
    reports = owed_reports(rows, as_of)
    share("K08", sum(reports), len(reports))
    held_up = blockers(rows, as_of)
    results["K09"] = (
        sum(one["resolved"] for one in held_up),
        len(held_up),
        median([(one["age"], one["resolved"]) for one in held_up]),
    )
    beyond = [one for one in held_up if one["beyond"] and (one["escalated_after"] is not None or one["age"] > 15)]
    share(
        "K10", sum(one["escalated_after"] is not None and one["escalated_after"] <= 15 for one in beyond), len(beyond)
    )
    return results


def plans(rows: list[Row], as_of: dt.date) -> tuple[int, int]:
    """K07: plans in time, and plans whose limit has passed."""
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
    return counted, among


def evidence(rows: list[Row], as_of: dt.date) -> tuple[int, int]:
    """K11: completed ones with evidence, and completed ones."""
    done = [row for row in rows if (known := agreement(row, as_of)) and known["completed"]]
    return sum(bool(row.evidence) for row in done), len(done)
