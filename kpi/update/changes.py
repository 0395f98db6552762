"""A cell that an upload changes, the kind of change it is, and the place of it: what has to be decided together."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from typing import Final, Literal, get_args

from kpi.update.columns import BY_CODE
from kpi.update.layout import NEW

Kind = Literal["new", "status", "target", "report", "blocker", "result"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
"""Kinds of changes that can be let straight in or held for review."""

Place = tuple[str, str, str]
"""An agreement (or `+row`), a part or column of it (empty for the whole of a new one), and a report or blocker."""


@dataclasses.dataclass(frozen=True)
class Change:
    """One cell: what the register has and what it will have, as texts; null where there is nothing.

    `ref` and `agreement_id` are empty and null for an agreement to be registered; `subject` tells those apart. `item` says
    which report (its period) or blocker (its number, or `+row`) the cell belongs to.
    """

    subject: str
    ref: str
    agreement_id: int | None
    column: str
    item: str
    old: str | None
    new: str | None
    row: int

    @property
    def field(self) -> str:
        """The cell's name within its agreement: `state`, `progress[2025-Q4]`, `blocker_resolved_on[17]`."""
        return f"{self.column}[{self.item}]" if self.item else self.column


def kind_of(change: Change) -> Kind:
    """The kind of a change: the part its column belongs to, and `new` for everything on a row that registers an agreement."""
    if change.subject.startswith(NEW):
        return "new"
    part = BY_CODE[change.column].part
    if part not in KINDS:
        raise ValueError(f"{change.column} of an agreement that is registered cannot change")
    return part


def place_of(change: Change) -> Place:
    """What has to be decided together with this change."""
    if change.subject.startswith(NEW):
        return (change.subject, "", "")
    part = BY_CODE[change.column].part
    return (change.subject, change.column if part == "result" else part, change.item)


def whole(changes: Collection[Change], chosen: Collection[Change]) -> frozenset[Change]:
    """Of `changes` those whose place is chosen in whole or in part: what is chosen, made whole."""
    places = {place_of(change) for change in chosen}
    return frozenset(change for change in changes if place_of(change) in places)
