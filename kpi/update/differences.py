"""What an upload would change, cell by cell, and everything a person must see before confirming it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
from collections.abc import Collection, Mapping
from types import MappingProxyType

import polars as pl

from kpi.thresholds import Thresholds
from kpi.update.changes import Change, Place, place_of
from kpi.update.checks import Checked
from kpi.update.columns import BY_CODE
from kpi.update.current import Current
from kpi.update.problems import Problem
from kpi.update.reasons import Reason, reasons_of
from kpi.update.table import Table
from kpi.update.writes import Writes, writes_of

_HAPPENED = (
    "signed_on",
    "state_date",
    "target_set_on",
    "report_date",
    "blocker_opened_on",
    "blocker_escalated_on",
    "blocker_resolved_on",
)
"""The columns with days on which something happened: it counts from then on."""


@dataclasses.dataclass(frozen=True)
class Conflict:
    """A cell that somebody changed after the template was taken, and that the file changes as well."""

    change: Change
    base: str | None
    """What the template showed."""


@dataclasses.dataclass(frozen=True, eq=False)
class Preview:
    """Everything a confirmation is about; applying stores exactly this.

    `versions` are the row versions seen of the agreements it changes, `data_date` is the register's, which an upload never
    moves; `counts_on` the first day on which all of it counts, never before the data date. `conflicts` have to be decided
    before it can be applied. `received_on` is the day on which it would be received now. `waiting` has the places that wait
    for review whatever the routes say, each with why, by `thresholds`.
    """

    agency: str
    file_name: str
    file_sha256: str
    rows: int
    changes: tuple[Change, ...]
    conflicts: tuple[Conflict, ...]
    notices: tuple[Problem, ...]
    versions: Mapping[int, int]
    data_version: int
    data_date: dt.date | None
    counts_on: dt.date | None
    received_on: dt.date
    waiting: Mapping[Place, tuple[Reason, ...]]
    thresholds: Thresholds
    writes: Writes
    derived: frozenset[Change] = frozenset()
    """Of `changes`, those nobody typed: they follow from others."""

    def decided(self, mine: Collection[Conflict]) -> Preview:
        """The same preview with these conflicts decided for the file. For the others see `set_aside`."""
        return dataclasses.replace(self, conflicts=tuple(c for c in self.conflicts if c not in mine))

    def only(self, places: Collection[Place]) -> Preview:
        """The same preview of some places (see `changes.place_of`) and nothing else."""
        return dataclasses.replace(
            self,
            changes=tuple(change for change in self.changes if place_of(change) in places),
            conflicts=tuple(conflict for conflict in self.conflicts if place_of(conflict.change) in places),
            waiting=MappingProxyType({place: why for place, why in self.waiting.items() if place in places}),
            writes=self.writes.only(places),
        )


def compare(checked: Checked, current: Current) -> Preview:
    """The differences between what was checked and the register.

    `current` must be what the table was checked against (ValueError otherwise). What happened after the data date is stored and
    known, and counts from its day on: checking bounds it by the day of the upload.
    """
    if checked.data_version != current.data_version:
        raise ValueError("the register changed since this table was checked; check it again")
    changes = tuple(
        Change(subject, ref, agreement_id, column, item, stored, value, row)
        for subject, ref, agreement_id, column, item, stored, value, row in checked.cells.select(
            "subject", "ref", "agreement_id", "column", "item", "stored", "value", "row"
        ).iter_rows()
    )
    shown = pl.col("shown")
    disputed = checked.cells.with_row_index("place").filter(
        pl.col("changed_since") & shown.ne_missing(pl.col("base")) & shown.ne_missing(pl.col("value"))
    )
    conflicts = tuple(Conflict(changes[place], base) for place, base in disputed.select("place", "base").iter_rows())
    return Preview(
        agency=current.agency,
        file_name=checked.table.file_name,
        file_sha256=checked.table.sha256,
        rows=checked.table.frame.height,
        changes=changes,
        conflicts=conflicts,
        notices=checked.notices,
        versions=_versions(checked.cells, current),
        data_version=current.data_version,
        data_date=current.data_date,
        counts_on=_counts_on(checked.cells, current.data_date),
        received_on=checked.today,
        waiting=reasons_of(changes, current, received_on=checked.today),
        thresholds=current.thresholds,
        writes=writes_of(checked.cells, current),
        derived=frozenset(itertools.compress(changes, checked.cells["is_derived"])),
    )


def set_aside(table: Table, conflicts: Collection[Conflict]) -> Table:
    """The table without the parts these conflicts are in, so that the register keeps what it has: check it again.

    The whole part of the row goes (a state and its day, a target and its reason), since half of one would say something else.
    """
    frame, aside = table.frame, set(table.aside)
    for conflict in conflicts:
        part = BY_CODE[conflict.change.column].part
        row = pl.col("row") == conflict.change.row
        names = [name for name in frame.columns if name in BY_CODE and BY_CODE[name].part == part]
        if part == "result":  # these stand each for itself
            names = [conflict.change.column]
        frame = frame.with_columns(pl.when(~row).then(name).alias(name) for name in names)
        aside.update((conflict.change.row, name) for name in names)
    return dataclasses.replace(table.with_frame(frame), aside=frozenset(aside))


def _versions(cells: pl.DataFrame, current: Current) -> Mapping[int, int]:
    touched = cells["agreement_id"].drop_nulls().unique()
    seen = current.agreements.filter(pl.col("agreement_id").is_in(touched.implode()))
    return MappingProxyType(dict(seen.sort("agreement_id").select("agreement_id", "row_version").iter_rows()))


def _counts_on(cells: pl.DataFrame, data_date: dt.date | None) -> dt.date | None:
    days = cells.filter(pl.col("column").is_in(_HAPPENED))["value"].drop_nulls().str.to_date("%Y-%m-%d").to_list()
    return max([*days, *([] if data_date is None else [data_date])], default=None)
