"""Moves between states are those of the reference list, with their conditions."""

from __future__ import annotations

import pathlib

import polars as pl
import pytest

from kpi.update.transitions import MOVES, moves_from, with_obstacle
from kpi.vocabulary import STATES

LISTED = pathlib.Path(__file__).parents[3] / "seed_data" / "reference" / "transitions.csv"


def test_the_moves_are_those_of_the_reference_list() -> None:
    listed = pl.read_csv(LISTED).select("from_state", "to_state").rows()

    assert [(move.before, move.after) for move in MOVES] == listed


def test_a_move_has_a_condition_where_the_list_says_so() -> None:
    written = pl.read_csv(LISTED)["condition"].to_list()
    # The shortened procedure is only a remark: nothing about it can be told from the register.
    remarks = {("PROPOSED", "SIGNED")}

    for move, condition in zip(MOVES, written, strict=True):
        assert bool(move.condition) == (bool(condition) and move[:2] not in remarks), move


def test_every_state_is_known() -> None:
    assert {state for move in MOVES for state in move[:2]} == set(STATES)
    assert moves_from("TERMINATED") == ()


@pytest.mark.parametrize(
    ("before", "after", "legal_class", "needs_approval", "state_before", "obstacle"),
    [
        ("SIGNED", "IN_FORCE", "treaty", True, None, None),
        ("SIGNED", "IN_PROGRESS", "treaty", True, None, "no_treaty"),
        ("SIGNED", "IN_PROGRESS", "international_agreement", False, None, None),
        ("SIGNED", "IN_PROGRESS", None, None, None, None),
        ("SIGNED", "APPROVAL_PENDING", "international_agreement", False, None, "approval_needed"),
        ("SIGNED", "APPROVAL_PENDING", None, None, None, None),
        ("SUSPENDED", "IN_FORCE", "treaty", True, "IN_FORCE", None),
        ("SUSPENDED", "IN_FORCE", "treaty", True, "IN_PROGRESS", "as_before_suspension"),
        ("SUSPENDED", "IN_FORCE", "treaty", True, None, "as_before_suspension"),
        ("COMPLETED", "IN_PROGRESS", "treaty", True, None, "coordinator"),
        ("COMPLETED", "SIGNED", "treaty", True, None, "not_allowed"),
        (None, "SIGNED", None, None, None, "not_allowed"),
    ],
)
def test_what_stands_in_the_way_of_a_move(
    before: str | None,
    after: str,
    legal_class: str | None,
    needs_approval: bool | None,
    state_before: str | None,
    obstacle: str | None,
) -> None:
    moves = pl.DataFrame(
        [(before, after, legal_class, needs_approval, state_before)],
        schema={
            "before": pl.String,
            "after": pl.String,
            "legal_class": pl.String,
            "needs_approval": pl.Boolean,
            "state_before": pl.String,
        },
        orient="row",
    )

    assert with_obstacle(moves)["obstacle"].item() == obstacle
