"""The moves an agreement may make from one state to another (methodology, status model)."""

from __future__ import annotations

from typing import Literal, NamedTuple

import polars as pl

from kpi.vocabulary import LegalClass, State

Condition = Literal["", "approval_needed", "no_treaty", "as_before_suspension", "coordinator"]


class Move(NamedTuple):
    """A move and what it takes beyond being in the first state.

    `approval_needed`: only documents whose kind needs ratification or approval. `no_treaty`: not treaties, which enter into
    force first (their provisional application is recorded by the coordinator). `as_before_suspension`: only back to the state
    held when it was suspended. `coordinator`: takes a decision outside the agency (reopening, renewal, not to pursue it), so it
    waits for the coordinator's review whatever the settings say.
    """

    before: str
    after: str
    condition: Condition = ""


MOVES = (
    Move(State.PROPOSED, State.NEGOTIATING),
    Move(State.PROPOSED, State.SIGNED),
    Move(State.PROPOSED, State.ABANDONED),
    Move(State.NEGOTIATING, State.SIGNED),
    Move(State.NEGOTIATING, State.ABANDONED),
    Move(State.SIGNED, State.APPROVAL_PENDING, "approval_needed"),
    Move(State.SIGNED, State.IN_FORCE),
    Move(State.SIGNED, State.PLAN_ISSUED, "no_treaty"),
    Move(State.SIGNED, State.IN_PROGRESS, "no_treaty"),
    Move(State.SIGNED, State.TERMINATED),
    Move(State.SIGNED, State.NOT_PURSUED, "coordinator"),
    Move(State.SIGNED, State.SUPERSEDED),
    Move(State.SIGNED, State.EXPIRED),
    Move(State.APPROVAL_PENDING, State.IN_FORCE),
    Move(State.APPROVAL_PENDING, State.TERMINATED),
    Move(State.APPROVAL_PENDING, State.NOT_PURSUED, "coordinator"),
    Move(State.APPROVAL_PENDING, State.SUPERSEDED),
    Move(State.IN_FORCE, State.PLAN_ISSUED),
    Move(State.IN_FORCE, State.IN_PROGRESS),
    Move(State.IN_FORCE, State.COMPLETED),
    Move(State.IN_FORCE, State.SUSPENDED),
    Move(State.IN_FORCE, State.TERMINATED),
    Move(State.IN_FORCE, State.NOT_PURSUED, "coordinator"),
    Move(State.IN_FORCE, State.EXPIRED),
    Move(State.IN_FORCE, State.SUPERSEDED),
    Move(State.PLAN_ISSUED, State.IN_PROGRESS),
    Move(State.PLAN_ISSUED, State.COMPLETED),
    Move(State.PLAN_ISSUED, State.SUSPENDED),
    Move(State.PLAN_ISSUED, State.TERMINATED),
    Move(State.PLAN_ISSUED, State.NOT_PURSUED, "coordinator"),
    Move(State.PLAN_ISSUED, State.EXPIRED),
    Move(State.PLAN_ISSUED, State.SUPERSEDED),
    Move(State.IN_PROGRESS, State.COMPLETED),
    Move(State.IN_PROGRESS, State.SUSPENDED),
    Move(State.IN_PROGRESS, State.TERMINATED),
    Move(State.IN_PROGRESS, State.NOT_PURSUED, "coordinator"),
    Move(State.IN_PROGRESS, State.EXPIRED),
    Move(State.IN_PROGRESS, State.SUPERSEDED),
    Move(State.SUSPENDED, State.IN_FORCE, "as_before_suspension"),
    Move(State.SUSPENDED, State.PLAN_ISSUED, "as_before_suspension"),
    Move(State.SUSPENDED, State.IN_PROGRESS, "as_before_suspension"),
    Move(State.SUSPENDED, State.TERMINATED),
    Move(State.SUSPENDED, State.NOT_PURSUED, "coordinator"),
    Move(State.SUSPENDED, State.EXPIRED),
    Move(State.COMPLETED, State.IN_PROGRESS, "coordinator"),
    Move(State.EXPIRED, State.IN_FORCE, "coordinator"),
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
        .when((condition == "no_treaty") & (pl.col("legal_class") == LegalClass.TREATY).fill_null(False))
        .then(condition)
        .when((condition == "as_before_suspension") & pl.col("state_before").ne_missing(pl.col("after")))
        .then(condition)
    )
    return (
        moves.join(listed, on=["before", "after"], how="left", maintain_order="left")
        .with_columns(obstacle=unmet)
        .drop("condition")
    )
