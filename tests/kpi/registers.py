"""Registers for tests: written out by hand as plain rows, or drawn at random."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
from typing import Any

import dataframely as dy
import hypothesis.strategies as st
import polars as pl

from kpi import register as schemas
from kpi.facts import REPORT_FIELDS
from kpi.register import Register

AS_OF = dt.date(2026, 1, 14)


@dataclasses.dataclass
class Row:
    """One agreement with everything dated about it, as a person would write it down."""

    id: int
    agency: str | None = "BCT"
    signed: dt.date | None = None
    events: list[tuple[str, dt.date]] = dataclasses.field(default_factory=list)
    targets: list[tuple[dt.date, dt.date]] = dataclasses.field(default_factory=list)
    reports: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    blockers: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    verifications: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    implementable: bool = True
    tracked: bool = True
    evidence: str = ""
    doc_type: str = "MOU"
    partner: str = "JP"
    documented: frozenset[str] = frozenset()
    """The states a document is named for."""
    claimed: dict[str, dt.date] = dataclasses.field(default_factory=dict)
    """State -> when it was received; else on the day it is about."""
    batches: dict[str, int] = dataclasses.field(default_factory=dict)
    """State -> the batch it was handed in with; of those in REVIEWED_BATCHES a coordinator has looked at all. Else loaded."""
    received: dt.date | None = None
    """When it was registered; None: with what is known of it first."""


REVIEWED_BATCHES = {2: dt.datetime(2025, 8, 1, 9, 0), 4: dt.datetime(2025, 12, 1, 9, 0)}
PERIODS = [
    ("2025-Q2", dt.date(2025, 4, 1), dt.date(2025, 6, 30), dt.date(2025, 7, 10)),
    ("2025-Q3", dt.date(2025, 7, 1), dt.date(2025, 9, 30), dt.date(2025, 10, 10)),
    ("2025-Q4", dt.date(2025, 10, 1), dt.date(2025, 12, 31), dt.date(2026, 1, 10)),
]


@functools.cache
def schema_of(declared: type[dy.Schema]) -> pl.Schema:
    return declared.create_empty().schema


def register_of(rows: list[Row]) -> Register:
    """The frames a store would give for these rows."""
    agreements: list[tuple[Any, ...]] = []
    partners: list[tuple[Any, ...]] = []
    events: list[tuple[Any, ...]] = []
    targets: list[tuple[Any, ...]] = []
    reports: list[tuple[Any, ...]] = []
    blockers: list[tuple[Any, ...]] = []
    blocker_events: list[tuple[Any, ...]] = []
    verifications: list[tuple[Any, ...]] = []
    for row in rows:
        agreements.append(
            (row.id, f"A{row.id}", f"Thỏa thuận {row.id}", f"Agreement {row.id}", row.doc_type, "HIGH_LEVEL", "ECO")
            + (row.agency, row.agency, None, False, False, row.evidence, row.implementable, row.tracked, "open")
            + (
                row.received
                or min((day for day in [row.signed, *(day for _, day in row.events)] if day), default=AS_OF),
                None,
            )
        )
        partners.append((row.id, row.partner, 0))
        moves = ([("SIGNED", row.signed)] if row.signed else []) + row.events
        events += [
            (row.id, state, day, True, state in row.documented, row.claimed.get(state, day), row.batches.get(state))
            for state, day in moves
        ]
        targets += [(row.id, target, day) for target, day in row.targets]
        for report in row.reports:
            filled = sum(bool(report.get(name, "có").strip()) for name in REPORT_FIELDS)
            reports.append(
                (row.id, report.get("period"), report.get("reported", report["received"]), report["received"], filled)
                + (report.get("pct"), report.get("shows_progress", True))
            )
        for blocker in row.blockers:
            number = len(blockers) + 1
            blockers.append(
                (number, row.id, "funding", blocker["severity"], blocker["authority"], None)
                + (blocker.get("received", blocker["opened"]),)
            )
            blocker_events += [
                (number, kind, blocker[kind], blocker.get(f"{kind}_received", blocker[kind]))
                for kind in ("opened", "escalated", "resolved")
                if blocker.get(kind)
            ]

        verifications += [
            (row.id, found["state"], found["claimed"], found["verdict"], None, found["sample"], found["received"])
            + (found.get("exchanged", False),)
            for found in row.verifications
        ]

    def frame(declared: type[dy.Schema], values: list[tuple[Any, ...]], *, numbered: bool = False) -> pl.DataFrame:
        if numbered:
            values = [(number, *value) for number, value in enumerate(values, 1)]
        return pl.DataFrame(values, schema=schema_of(declared), orient="row")

    return Register(
        agreements=frame(schemas.Agreements, agreements),
        agreement_partners=frame(schemas.AgreementPartners, partners),
        status_events=frame(schemas.StatusEvents, events, numbered=True),
        targets=frame(schemas.Targets, targets, numbered=True),
        periods=frame(schemas.Periods, PERIODS),
        reports=frame(schemas.Reports, reports, numbered=True),
        blockers=frame(schemas.Blockers, blockers),
        blocker_events=frame(schemas.BlockerEvents, blocker_events, numbered=True),
        verifications=frame(schemas.Verifications, verifications, numbered=True),
        batches=frame(schemas.Batches, [(number, REVIEWED_BATCHES.get(number)) for number in range(1, 5)]),
        agencies=frame(
            schemas.Agencies,
            [
                ("BCT", "BCT", "ministry", None, None),
                ("BXD", "BXD", "ministry", dt.date(2025, 3, 1), None),
                ("T20", "20", "province", None, None),
            ],
        ),
        partners=frame(schemas.Partners, [("JP", "Asia", None), ("SUB", "Asia", "JP")]),
        partner_tiers=frame(
            schemas.PartnerTiers,
            [("JP", "SP", dt.date(2014, 3, 1), dt.date(2023, 11, 26)), ("JP", "CSP", dt.date(2023, 11, 27), None)],
        ),
        sectors=frame(schemas.Sectors, [("ECO", "ECO")]),
        doc_types=frame(schemas.DocTypes, [("MOU", "international_agreement", False), ("TREATY", "treaty", True)]),
    )


def days(first: dt.date = dt.date(2023, 1, 1), last: dt.date = AS_OF) -> st.SearchStrategy[dt.date]:
    """Days in the range tests play in."""
    return st.dates(first, last)


def _later(day: dt.date, number: int | None) -> dt.date | None:
    return None if number is None else day + dt.timedelta(days=number)


@st.composite
def rows(draw: st.DrawFn, *, number: int) -> Row:
    """One agreement with a life that runs forward, sometimes odd in every way the rules allow."""
    signed = draw(st.none() | days())
    row = Row(
        id=number,
        agency=draw(st.sampled_from(["BCT", "T20", None])),
        signed=signed,
        implementable=draw(st.booleans() | st.just(True)),
        tracked=draw(st.booleans() | st.just(True)),
        evidence=draw(st.sampled_from(["", "12/BC-BCT"])),
        doc_type=draw(st.sampled_from(["MOU", "TREATY"])),
    )
    if signed is None:
        row.events.append(("NEGOTIATING", draw(days())))
        return row
    day = signed
    for state in draw(
        st.sampled_from(
            [
                [],
                ["IN_PROGRESS"],
                ["IN_FORCE", "PLAN_ISSUED", "IN_PROGRESS", "COMPLETED"],
                ["IN_FORCE", "COMPLETED"],
                ["PLAN_ISSUED"],
                ["TERMINATED"],
                ["NOT_PURSUED"],
                ["IN_PROGRESS", "NOT_PURSUED"],
                ["IN_PROGRESS", "SUSPENDED"],
                ["IN_PROGRESS", "SUSPENDED", "IN_PROGRESS"],
                ["IN_PROGRESS", "TERMINATED"],
                ["IN_PROGRESS", "COMPLETED"],
            ]
        )
    ):
        day += dt.timedelta(days=draw(st.integers(0, 300)))
        row.events.append((state, day))
    states = sorted({state for state, _ in row.events})
    row.documented = frozenset(state for state in states if draw(st.booleans()))
    row.batches = {state: number for state in states if (number := draw(st.integers(0, 4)))}
    if draw(st.booleans()):
        first = signed + dt.timedelta(days=draw(st.integers(-5, 900)))
        row.targets.append((first, signed))
        if draw(st.booleans()):
            row.targets.append((first + dt.timedelta(days=100), signed + dt.timedelta(days=draw(st.integers(1, 900)))))
    row.received = _later(signed, draw(st.sampled_from([None, None, 0, 60, 61, 400])))
    for code, *_ in PERIODS:
        if draw(st.booleans()):
            row.reports.append(
                {
                    "period": code,
                    "reported": (reported := draw(days(dt.date(2025, 6, 1)))),
                    "received": reported + dt.timedelta(days=draw(st.sampled_from([0, 0, 5, 40]))),
                    "difficulties": draw(st.sampled_from(["", " ", "không"])),
                    "pct": draw(st.none() | st.integers(0, 100).map(float)),
                    "shows_progress": draw(st.booleans()),
                }
            )
    for _ in range(draw(st.integers(0, 2))):
        opened = draw(days())
        resolved = _later(opened, draw(st.none() | st.integers(0, 200)))
        row.blockers.append(
            {
                "severity": draw(st.sampled_from(["minor", "severe"])),
                "authority": draw(st.sampled_from(["agency", "prime_minister"])),
                "opened": opened,
                "escalated": _later(opened, draw(st.none() | st.integers(0, 40))),
                "resolved": resolved,
                "received": opened + dt.timedelta(days=draw(st.sampled_from([0, 0, 10, 90]))),
                "resolved_received": resolved and resolved + dt.timedelta(days=draw(st.sampled_from([0, 3, 40]))),
            }
        )
    for state, claimed in row.events:
        if state in ("IN_PROGRESS", "COMPLETED") and draw(st.booleans()):
            row.verifications.append(
                {
                    "state": state,
                    "claimed": claimed,
                    "verdict": draw(st.sampled_from(["confirmed", "refuted", "not_shown"])),
                    "sample": draw(st.sampled_from([1, None])),
                    "received": claimed + dt.timedelta(days=draw(st.integers(0, 500))),
                }
            )
    return row


@st.composite
def registers(draw: st.DrawFn, *, least: int = 0, most: int = 12) -> list[Row]:
    """A small register as rows."""
    size = draw(st.integers(least, most))
    return [draw(rows(number=number)) for number in range(1, size + 1)]
