"""Which changes of an upload go straight into the register and which wait for review, and tables with only some of theirs.

What may be taken out of an upload, or approved, by itself is a *place*: a part of an agreement (a state with its day, a target
with its reason, one report, one blocker), a single column where columns stand each for itself, or a whole new agreement. Half of
one would say something else than was confirmed.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Collection, Mapping

import polars as pl

import words
from files import Limits
from kpi.thresholds import Thresholds
from kpi.update.cells import ROW, cleaned
from kpi.update.changes import Change, Kind, kind_of, place_of, whole
from kpi.update.columns import BY_CODE
from kpi.update.differences import Preview
from kpi.update.layout import NEW
from kpi.update.reasons import RULES
from kpi.update.table import Table


def held_back(preview: Preview, held: Collection[str]) -> frozenset[Change]:
    """The changes of an upload that wait for review: whose kind is `held`, and whose place waits by what it says."""
    return frozenset(
        change for change in preview.changes if kind_of(change) in held or place_of(change) in preview.waiting
    )


def why_held(preview: Preview, held: Collection[str]) -> dict[str, int]:
    """Why changes of an upload wait, each reason with how many places it holds back; `by_kind` for those of a kind that is `held`
    and that nothing else holds back. In the order of the rules."""
    places = dict.fromkeys(place_of(change) for change in held_back(preview, held))
    counts = Counter(reason for place in places for reason in preview.waiting.get(place, ("by_kind",)))
    return {reason: counts[reason] for reason in (*RULES, "by_kind") if reason in counts}


def alike(preview: Preview) -> dict[tuple[Kind, str], frozenset[Change]]:
    """The changes of an upload in groups that one decision can cover: of one kind and waiting for one reason, the first that
    holds (`by_kind` where nothing but its kind holds a change back). Largest first."""
    groups: dict[tuple[Kind, str], set[Change]] = {}
    for change in preview.changes:
        reason = preview.waiting.get(place_of(change), ("by_kind",))[0]
        groups.setdefault((kind_of(change), reason), set()).add(change)
    return {name: frozenset(groups[name]) for name in sorted(groups, key=lambda name: (-len(groups[name]), name))}


def said_of_waiting(why: Mapping[str, int], limits: Thresholds) -> list[tuple[str, str]]:
    """A line for each reason of `why_held`, with its count, and a sentence on what would let such a thing go straight in."""
    numbers = {
        "claim_days": limits.claim_days,
        "first_target_days": limits.first_target_days,
        "target_years": limits.target_years,
    }
    return [
        (words.tn(f"intake.waits_{reason}", count, **numbers), words.t(f"intake.waits_{reason}_help", **numbers))
        for reason, count in why.items()
    ]


def split(table: Table, preview: Preview, held: Collection[str]) -> tuple[Table | None, Table | None]:
    """The part of a table that goes straight in and the part that is `held_back`; None for one that would change nothing.

    `preview` must be what the table came to. Rows keep their numbers; what changes nothing is in neither part.
    """
    kept = held_back(preview, held)
    waiting = [change for change in preview.changes if change in kept]
    direct = [change for change in preview.changes if change not in kept]
    return (
        narrowed(table, preview, direct) if direct else None,
        narrowed(table, preview, waiting) if waiting else None,
    )


def without(table: Table, changes: Collection[Change]) -> Table:
    """The table without the parts of its rows that these changes are in, and without rows that say nothing more then."""
    frame = table.frame
    gone: dict[str, set[int]] = {}
    for change in changes:
        _, name, _ = place_of(change)
        gone.setdefault(name, set()).add(change.row)
    said = []
    for column in (BY_CODE[code] for code in frame.columns if code != ROW):
        if column.part in ("key", "ignored"):
            continue
        name = column.code if column.part == "result" else column.part
        is_gone = pl.col(ROW).is_in(gone.get(name, set()) | gone.get("", set()))
        frame = frame.with_columns(pl.when(~is_gone).then(column.code).alias(column.code))
        said.append(pl.col(column.code).is_not_null())
    return table.with_frame(frame.filter(pl.any_horizontal(False, *said)))


def days_settled(table: Table, changes: Collection[Change]) -> dict[int, str]:
    """The days on which new targets count as set where the file does not say: row -> day (ISO)."""
    said: set[int] = set()
    if "target_set_on" in table.frame.columns:
        said = set(table.frame.filter(pl.col("target_set_on").is_not_null())[ROW])
    return {
        change.row: change.new or ""
        for change in changes
        if change.column == "target_set_on" and change.row not in said
    }


def with_days(table: Table, days: Mapping[int, str | None]) -> Table:
    """The same table (by its SHA-256 too) with other days on which new targets were set, in these rows; None for a blank."""
    if not days:
        return table
    frame = table.frame
    if "target_set_on" not in frame.columns:
        frame = frame.with_columns(target_set_on=pl.lit(None, pl.String))
    day = pl.col(ROW).replace_strict(dict(days), default=None, return_dtype=pl.String)
    frame = frame.with_columns(target_set_on=pl.when(pl.col(ROW).is_in(set(days))).then(day).otherwise("target_set_on"))
    return dataclasses.replace(table.with_frame(frame), sha256=table.sha256)


def narrowed(table: Table, preview: Preview, changes: Collection[Change]) -> Table:
    """The table with nothing but the places of these changes, so that checking it again finds exactly them.

    Two things that were settled when the preview was made are written into it. A row without a row version gets the one that
    was seen: so what somebody else changes later is told from what the file wants. A new target gets the day on which it counts
    as set, which may come from a part that is left out.
    """
    chosen = whole(preview.changes, changes)
    new = {change.row for change in chosen if change.subject.startswith(NEW)}
    rows: dict[str, set[int]] = {}
    for change in chosen:
        part = BY_CODE[change.column].part
        rows.setdefault(change.column if part == "result" else part, set()).add(change.row)
    frame, _ = cleaned(table.frame, Limits())  # it was checked: there is nothing to be found any more
    frame = _with_settled(frame, preview, chosen).filter(pl.col(ROW).is_in({change.row for change in chosen}))
    kept = [pl.col(ROW)]
    for column in (BY_CODE[name] for name in frame.columns if name != ROW):
        if column.part == "key":
            kept.append(pl.col(column.code))
        elif column.part != "ignored":
            of_rows = new | rows.get(column.code if column.part == "result" else column.part, set())
            kept.append(pl.when(pl.col(ROW).is_in(of_rows)).then(column.code).alias(column.code))
    frame = frame.select(kept)
    blank = [name for name in frame.columns if name != ROW and frame[name].null_count() == frame.height]
    return table.with_frame(frame.drop(blank))


def _with_settled(frame: pl.DataFrame, preview: Preview, changes: Collection[Change]) -> pl.DataFrame:
    """`frame` with the row versions seen and the days on which targets were set, where it says nothing itself."""
    versions = {
        change.row: str(preview.versions[change.agreement_id]) for change in changes if change.agreement_id is not None
    }
    days = {change.row: change.new or "" for change in changes if change.column == "target_set_on"}
    settled: dict[str, dict[int, str]] = {"row_version": versions, "target_set_on": days}
    missing = [pl.lit(None, pl.String).alias(name) for name in settled if name not in frame.columns]
    return frame.with_columns(missing).with_columns(
        pl.coalesce(name, pl.col(ROW).replace_strict(said, default=None, return_dtype=pl.String)).alias(name)
        for name, said in settled.items()
    )
