"""The moves an agreement may make from one state to another (methodology, status model)."""

from __future__ import annotations

from typing import Literal, NamedTuple

import polars as pl

Condition = Literal["", "approval_needed", "no_treaty", "as_before_suspension", "coordinator"]


class Move(NamedTuple):
    """A move and what it takes beyond being in the first state.

    `approval_needed`: only documents whose kind needs ratification or approval. `no_treaty`: not treaties, which enter into
    force first (their provisional application is recorded by the coordinator). `as_before_suspension`: only back to the state
    held when it was suspended. `coordinator`: takes a decision outside the agency (reopening, renewal), so it
    waits for the coordinator's review whatever the settings say.
    """

    before: str
    after: str
    condition: Condition = ""


MOVES = (
    Move("PROPOSED", "NEGOTIATING"),
    Move("PROPOSED", "SIGNED"),
    Move("PROPOSED", "ABANDONED"),
    Move("NEGOTIATING", "SIGNED"),
    Move("NEGOTIATING", "ABANDONED"),
    Move("SIGNED", "APPROVAL_PENDING", "approval_needed"),
    Move("SIGNED", "IN_FORCE"),
    Move("SIGNED", "PLAN_ISSUED", "no_treaty"),
    Move("SIGNED", "IN_PROGRESS", "no_treaty"),
    Move("SIGNED", "TERMINATED"),
    Move("SIGNED", "SUPERSEDED"),
    Move("SIGNED", "EXPIRED"),
    Move("APPROVAL_PENDING", "IN_FORCE"),
    Move("APPROVAL_PENDING", "TERMINATED"),
    Move("APPROVAL_PENDING", "SUPERSEDED"),
    Move("IN_FORCE", "PLAN_ISSUED"),
    Move("IN_FORCE", "IN_PROGRESS"),
    Move("IN_FORCE", "COMPLETED"),
    Move("IN_FORCE", "SUSPENDED"),
    Move("IN_FORCE", "TERMINATED"),
    Move("IN_FORCE", "EXPIRED"),
    Move("IN_FORCE", "SUPERSEDED"),
    Move("PLAN_ISSUED", "IN_PROGRESS"),
    Move("PLAN_ISSUED", "COMPLETED"),
    Move("PLAN_ISSUED", "SUSPENDED"),
    Move("PLAN_ISSUED", "TERMINATED"),
    Move("PLAN_ISSUED", "EXPIRED"),
    Move("PLAN_ISSUED", "SUPERSEDED"),
    Move("IN_PROGRESS", "COMPLETED"),
    Move("IN_PROGRESS", "SUSPENDED"),
    Move("IN_PROGRESS", "TERMINATED"),
    Move("IN_PROGRESS", "EXPIRED"),
    Move("IN_PROGRESS", "SUPERSEDED"),
    Move("SUSPENDED", "IN_FORCE", "as_before_suspension"),
    Move("SUSPENDED", "PLAN_ISSUED", "as_before_suspension"),
    Move("SUSPENDED", "IN_PROGRESS", "as_before_suspension"),
    Move("SUSPENDED", "TERMINATED"),
    Move("SUSPENDED", "EXPIRED"),
    Move("COMPLETED", "IN_PROGRESS", "coordinator"),
    Move("EXPIRED", "IN_FORCE", "coordinator"),
)


def moves_from(state: str) -> tuple[str, ...]:
    """The states that can follow a state, whatever else they take."""
    return tuple(move.after for move in MOVES if move.before == state)


def is_for_the_coordinator(before: str | None, after: str | None) -> bool:
    """Whether a move takes a decision outside the agency."""
    return any(move[:2] == (before, after) and move.condition == "coordinator" for move in MOVES)


def with_obstacle(moves: pl.DataFrame) -> pl.DataFrame:
    """`moves` with `obstacle`: why a move may not be made, or null where it may.

    Reads `before`, `after`, `legal_class`, `needs_approval` (null where the kind of document is not known, which then does
    not stand in the way) and `state_before` (the state before the present one). `obstacle` is `not_allowed` or a condition
    that is not met.
    """
    listed = pl.DataFrame(MOVES, schema={"before": pl.String, "after": pl.String, "condition": pl.String}, orient="row")
    condition = pl.col("condition")
    unmet = (
        pl.when(condition.is_null())
        .then(pl.lit("not_allowed"))
        .when(condition == "coordinator")
        .then(condition)
        .when((condition == "approval_needed") & ~pl.col("needs_approval").fill_null(True))
        .then(condition)
        .when((condition == "no_treaty") & (pl.col("legal_class") == "treaty").fill_null(False))
        .then(condition)
        .when((condition == "as_before_suspension") & pl.col("state_before").ne_missing(pl.col("after")))
        .then(condition)
    )
    return (
        moves.join(listed, on=["before", "after"], how="left", maintain_order="left")
        .with_columns(obstacle=unmet)
        .drop("condition")
    )
