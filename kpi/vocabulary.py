"""The states an agreement can be in, in the order of its life."""

from __future__ import annotations

import polars as pl

STATE_CLASS = {
    "PROPOSED": "pre",
    "NEGOTIATING": "pre",
    "SIGNED": "open",
    "APPROVAL_PENDING": "open",
    "IN_FORCE": "open",
    "PLAN_ISSUED": "open",
    "IN_PROGRESS": "open",
    "COMPLETED": "closed",
    "SUSPENDED": "paused",
    "TERMINATED": "void",
    "EXPIRED": "void",
    "SUPERSEDED": "void",
    "ABANDONED": "void_pre",
}
STATES = tuple(STATE_CLASS)
OPEN_STATES = tuple(state for state, kind in STATE_CLASS.items() if kind == "open")
STARTED_STATES = ("IN_PROGRESS", "COMPLETED")

BUCKETS = ("on_track", "at_risk", "no_date", "stalled", "overdue")
"""Where an open agreement stands, each in exactly one, from best to worst."""

CLOSED_BUCKETS = ("completed", "suspended", "void", "declaratory", "not_tracked", "not_signed")


def state_class(state: pl.Expr) -> pl.Expr:
    """The class of each state: pre, open, paused, closed, void or void_pre."""
    return state.replace_strict(STATE_CLASS, return_dtype=pl.String)
