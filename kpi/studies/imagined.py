"""Registers in which something is so that is not: copies of agreements, each under the number of what is imagined of it.

They are folded and scored as any other; no formula of a KPI is repeated for them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import polars as pl

from kpi.facts.standing import counting
from kpi.register import Register


def as_counted(register: Register, events: pl.DataFrame | None = None) -> Register:
    """The register without claims that do not count, and nothing found of the others: what is imagined on top of it counts.

    `events` are those that count (as in `kpi.facts.standing.counting`), where they have been found already.
    """
    events = counting(register) if events is None else events
    return dataclasses.replace(
        register,
        status_events=events.select(register.status_events.columns),
        verifications=register.verifications.clear(),
        sample_items=register.sample_items.clear(),
    )


def copies(register: Register, options: pl.DataFrame) -> Register:
    """A register of nothing but copies: for every option (option, agreement_id) its agreement under the option's number, with
    everything that is dated about it. Blockers are numbered anew."""
    numbered = options.select("option", "agreement_id")
    blockers = register.blockers.join(numbered, on="agreement_id").with_row_index("_new").cast({"_new": pl.Int64})
    moves = register.blocker_events.join(blockers.select("_new", blocker_id="id"), on="blocker_id")

    def of_options(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.join(numbered, on="agreement_id").with_columns(agreement_id="option").select(frame.columns)

    agreements = register.agreements.rename({"id": "agreement_id"}).join(numbered, on="agreement_id")
    return dataclasses.replace(
        register,
        agreements=agreements.with_columns(id="option").select(register.agreements.columns),
        agreement_partners=of_options(register.agreement_partners),
        status_events=of_options(register.status_events),
        targets=of_options(register.targets),
        reports=of_options(register.reports),
        blockers=blockers.with_columns(id="_new", agreement_id="option").select(register.blockers.columns),
        handovers=of_options(register.handovers),
        blocker_events=moves.with_columns(blocker_id="_new").select(register.blocker_events.columns),
    )


def together(parts: Sequence[Register]) -> Register:
    """Several such registers as one; their options must have different numbers. Everything else is as in the first."""
    first, *_ = parts
    blockers, events, taken = [], [], 0
    for part in parts:
        blockers.append(part.blockers.with_columns(pl.col("id") + taken))
        events.append(part.blocker_events.with_columns(pl.col("blocker_id") + taken))
        taken += 1 + int(part.blockers.select(pl.col("id").max().fill_null(0)).item())
    joined = {
        name: pl.concat(getattr(part, name) for part in parts)
        for name in ("agreements", "agreement_partners", "status_events", "targets", "reports", "handovers")
    }
    return dataclasses.replace(first, blockers=pl.concat(blockers), blocker_events=pl.concat(events), **joined)
