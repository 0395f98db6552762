"""What an upload says that may be meant and hardly is: each a notice, which has to be acknowledged before it is stored.

A rule is one function, declared in `RULES` under the code of its notice; its words are in the catalog `intake` under that code.
Rules look at what the cells bring (`touched`) beside what the register has. Nothing here stops an upload.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

import polars as pl

from files.destroyed import looks_destroyed
from files.text import canonical
from kpi.update.cells import ROW, names_of_choices
from kpi.update.columns import BY_CODE, INPUT_ONLY
from kpi.update.current import Current
from kpi.update.problems import Problem, shortened
from kpi.update.table import Table
from kpi.vocabulary import State

WAITS_OTHERWISE: Final = "waits_otherwise"
_KEPT_WORDS: Final = 0.5
"""Where less of the words of a deliverable stays than this share, it is another deliverable."""

_DISTINCTIVE: Final = 15
"""Characters from which on a text that stands elsewhere is hardly there by chance."""

_FEWEST_MOVED: Final = 3
_SHARE_MOVED: Final = 0.6
"""From so many changed cells of a column on, and this share of them holding what others of the same column held before, the column
was sorted or shifted."""

_MOSTLY: Final = 0.8
"""From this share of filled cells on, and so many of them, a blank one stands out (`_FEWEST_MOVED`)."""

_OWN_TEXTS: Final = (
    "deliverable_vi", "deliverable_en", "evidence_url", "content", "progress", "difficulties", "recommendations",
)  # fmt: skip
"""What an agreement hardly shares word for word with another one, nor one of these columns with another."""

_ORDERED: Final = (*_OWN_TEXTS, "state", "current_target", "progress_pct", "completion_time", "presiding_agency")
"""Columns in which a sorted or shifted column is looked for."""


@dataclasses.dataclass(frozen=True, eq=False)
class Seen:
    """What the rules look at: the table and its cleaned `frame`, its `rows` and filled `cells` (see `layout.Layout`), the things
    of the status part (`moved`, see `consistency.moves`), and the day of receipt."""

    table: Table
    frame: pl.DataFrame
    rows: pl.DataFrame
    cells: pl.DataFrame
    moved: pl.DataFrame
    current: Current
    today: dt.date

    def brought(self, *columns: str) -> pl.DataFrame:
        """The cells of these columns that bring a value to an agreement there is or to one to be registered."""
        is_meant = pl.col("touched") & pl.col("value").is_not_null() & pl.col("column").is_in(columns)
        return self.cells.filter(is_meant)


Rule = Callable[[Seen, str], Iterator[Problem]]


def _notice(code: str, row: int, column: str, value: str | None, **params: object) -> Problem:
    return Problem(code, row=row, column=column, value=value, params=params, blocking=False)


def _day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


# --- Progress and completion -----------------------------------------------------------------------------------------


def _progress_falls(seen: Seen, code: str) -> Iterator[Problem]:
    """Less than the report it replaces said, or than the last one before it did."""
    said = seen.brought("progress_pct").filter(pl.col("agreement_id").is_not_null())
    if said.is_empty():
        return
    last = (
        seen.current.latest_reports.filter(pl.col("progress_pct").is_not_null())
        .sort("agreement_id", "reported_on", "id")
        .group_by("agreement_id", maintain_order=True)
        .agg(last=pl.col("progress_pct").last())
    )
    fallen = (
        said.join(last, on="agreement_id", how="left", maintain_order="left")
        .with_columns(before=pl.coalesce(pl.col("stored").cast(pl.Float64, strict=False), "last"))
        .filter(pl.col("value").cast(pl.Float64) < pl.col("before"))
    )
    for row, text, before in fallen.select(ROW, "text", "before").iter_rows():
        yield _notice(code, row, "progress_pct", text, before=f"{before:g}")


def _one_percent(seen: Seen, code: str) -> Iterator[Problem]:
    """A spreadsheet keeps 100% as 1: without the sign it may be either."""
    bare = seen.brought("progress_pct").filter((pl.col("value") == "1") & ~pl.col("text").str.contains("%"))
    for row, text in bare.select(ROW, "text").iter_rows():
        yield _notice(code, row, "progress_pct", text)


def _completed_without_evidence(seen: Seen, code: str) -> Iterator[Problem]:
    done = seen.moved.filter(pl.col("moves") & (pl.col("state") == State.COMPLETED) & ~pl.col("state_document_given"))
    if done.is_empty():
        return
    linked = seen.current.standing.filter(pl.col("evidence_url") != "").select("agreement_id")
    linking = seen.brought("evidence_url").select("subject")
    bare = done.join(linked, on="agreement_id", how="anti").join(linking, on="subject", how="anti")
    for row in bare[ROW]:
        yield _notice(code, row, "state", None)


# --- Days ------------------------------------------------------------------------------------------------------------


def _day_of_state_moved(seen: Seen, code: str) -> Iterator[Problem]:
    """The state stays and its day does not: every clock that runs from it runs from another day."""
    stays = ~pl.col("moves") & pl.col("state_date_touched") & pl.col("agreement_id").is_not_null()
    moved = seen.moved.filter(stays & pl.col("since").is_not_null() & (pl.col("state_date") != pl.col("since")))
    for row, value, since in moved.select(ROW, "state_date", "since").iter_rows():
        yield _notice(code, row, "state_date", value, before=_day(since))


def _target_in_past(seen: Seen, code: str) -> Iterator[Problem]:
    past = seen.brought("current_target").filter(pl.col("value") < seen.today.isoformat())
    for row, value in past.select(ROW, "value").iter_rows():
        yield _notice(code, row, "current_target", value, day=_day(value))


def _target_far(seen: Seen, code: str) -> Iterator[Problem]:
    years = seen.current.thresholds.target_years
    latest = seen.today + dt.timedelta(days=round(years * 365.25))
    far = seen.brought("current_target").filter(pl.col("value") > latest.isoformat())
    for row, value in far.select(ROW, "value").iter_rows():
        yield _notice(code, row, "current_target", value, day=_day(value), years=f"{years:g}")


# --- Texts -----------------------------------------------------------------------------------------------------------


def _deliverable_replaced(seen: Seen, code: str) -> Iterator[Problem]:
    """Most of its words are others than before: not put right but exchanged."""
    changed = seen.brought("deliverable_vi", "deliverable_en").filter(pl.col("shown").is_not_null())
    for row, column, value, before in changed.select(ROW, "column", "value", "shown").iter_rows():
        old, new = (set(text.lower().split()) for text in (before, value))
        if old and len(old & new) < _KEPT_WORDS * len(old):
            yield _notice(code, row, column, value, before=shortened(before))


def _text_odd(seen: Seen, code: str) -> Iterator[Problem]:
    """A sign or two of a text that was read in a wrong encoding, which a foreign name may hold as well."""
    texts = seen.cells.filter(pl.col("touched") & (pl.col("kind") == "text") & looks_destroyed(pl.col("text")))
    for row, column, text in texts.select(ROW, "column", "text").iter_rows():
        yield _notice(code, row, column, text)


def _former_entry(seen: Seen, code: str) -> Iterator[Problem]:
    """The name of an entry that another one is in the place of: read as that one."""
    said = seen.cells.filter(pl.col("touched") & (pl.col("kind") == "choice") & pl.col("value").is_not_null())
    lists = seen.current.lists
    for row, column, text in said.select(ROW, "column", "text").iter_rows():
        choices = lists.get(BY_CODE[column].choices, ())
        if not any(choice.former for choice in choices):
            continue
        found = names_of_choices(choices).find(text)
        if found.former is not None:
            into = next(choice for choice in choices if choice.code == found.code)
            yield _notice(code, row, column, text, other=into)


def _text_elsewhere(seen: Seen, code: str) -> Iterator[Problem]:
    """The register has this very text at exactly one other place: at another agreement, or in another column of this one."""
    long = pl.col("value").str.len_chars() >= _DISTINCTIVE
    said = seen.brought(*_OWN_TEXTS).filter(long).select(ROW, "subject", "agreement_id", "column", "item", "value")
    if said.is_empty():
        return
    there = (
        seen.current.known.filter(pl.col("column").is_in(_OWN_TEXTS))
        .select("agreement_id", "column", value="shown")
        .unique(maintain_order=True)
        .join(seen.current.standing.select("agreement_id", "ref"), on="agreement_id")
    )
    places = there.group_by("value").agg(
        pl.len().alias("places"),
        *(pl.col(name).first().alias(f"{name}_there") for name in ("agreement_id", "column", "ref")),
    )
    same_agreement = pl.col("agreement_id").eq_missing(pl.col("agreement_id_there"))
    same = same_agreement & (pl.col("column") == pl.col("column_there"))
    found = said.join(places.filter(pl.col("places") == 1), on="value", maintain_order="left").filter(~same)
    for row, column, value, ref, other in found.select(ROW, "column", "value", "ref_there", "column_there").iter_rows():
        yield _notice(code, row, column, value, ref=ref, other=BY_CODE[other])


def _column_moved(seen: Seen, code: str) -> Iterator[Problem]:
    """Cells that hold what others of the same column held: it was sorted by itself, or pasted a row off."""
    changed = seen.brought(*_ORDERED).filter(pl.col("agreement_id").is_not_null())
    for column in changed["column"].unique(maintain_order=True):
        cells = changed.filter(pl.col("column") == column)
        if cells.height < _FEWEST_MOVED:
            continue
        old = cells.filter(pl.col("stored").is_not_null()).group_by(value=canonical(pl.col("stored"))).len("old")
        new = cells.group_by("value").len("new")
        moved = new.join(old, on="value").select(pl.min_horizontal("old", "new").sum()).item() or 0
        if moved < max(_FEWEST_MOVED, _SHARE_MOVED * cells.height):
            continue
        for row, value in cells.select(ROW, "text").iter_rows():
            yield _notice(code, row, column, value)


# --- Blank cells -----------------------------------------------------------------------------------------------------


def _cell_emptied(seen: Seen, code: str) -> Iterator[Problem]:
    """Blank, where the register has something that can be emptied: it means "no change", and may have been meant otherwise."""
    return _blanks(seen, code, clearable=True)


def _cell_kept(seen: Seen, code: str) -> Iterator[Problem]:
    """The same of what cannot be emptied."""
    return _blanks(seen, code, clearable=False)


def _blanks(seen: Seen, code: str, *, clearable: bool) -> Iterator[Problem]:
    """A cell counts as blank where no row about the thing fills it. Of rows that do not come from a template it is told only in
    columns that are mostly filled."""
    names = [
        column.code
        for column in map(BY_CODE.__getitem__, (name for name in seen.frame.columns if name in BY_CODE))
        if column.use == "typed" and column.clearable is clearable and column.code not in INPUT_ONLY
    ]
    if seen.table.is_excerpt or not names or seen.rows.is_empty():
        return
    part = pl.col("column").replace_strict({name: BY_CODE[name].part for name in names}, return_dtype=pl.String)
    item = (
        pl.when(part == "report").then("report_period").when(part == "blocker").then("blocker_id").otherwise(pl.lit(""))
    )
    there = (
        seen.frame.select(ROW, *names)
        .unpivot(index=ROW, variable_name="column", value_name="text")
        .join(seen.rows, on=ROW, how="inner")
        .with_columns(item=item)
        .join(seen.current.known, on=["agreement_id", "column", "item"], how="inner")
        .sort(ROW)
        .group_by("agreement_id", "column", "item", maintain_order=True)
        .agg(
            pl.col(ROW).first(),
            pl.col("shown").first(),
            pl.col("is_versioned").any(),
            is_filled=pl.col("text").is_not_null().any(),
        )
        .with_columns(filled=pl.col("is_filled").mean().over("column"), many=pl.col("is_filled").sum().over("column"))
    )
    told = pl.col("is_versioned") | ((pl.col("filled") >= _MOSTLY) & (pl.col("many") >= _FEWEST_MOVED))
    for row, column, shown in there.filter(~pl.col("is_filled") & told).select(ROW, "column", "shown").iter_rows():
        if (row, column) not in seen.table.aside:
            yield _notice(code, row, column, None, before=shortened(shown))


# --- What waits already ----------------------------------------------------------------------------------------------


def _waits_otherwise(seen: Seen, code: str) -> Iterator[Problem]:
    """Another batch of the agency that waits for review says something else of the same cell."""
    if seen.current.waiting.is_empty():
        return
    said = seen.cells.filter("touched").filter(pl.col("agreement_id").is_not_null())
    found = said.join(
        seen.current.waiting, on=["agreement_id", "column", "item"], suffix="_waiting", maintain_order="left"
    ).filter(pl.col("value").ne_missing(pl.col("value_waiting")))
    for row, column, text, batch, value in found.select(ROW, "column", "text", "batch_id", "value_waiting").iter_rows():
        yield _notice(code, row, column, text, batch=batch, other=shortened(value or ""))


RULES: Final[Mapping[str, Rule]] = MappingProxyType(
    {
        "column_moved": _column_moved,
        "text_elsewhere": _text_elsewhere,
        "cell_emptied": _cell_emptied,
        "cell_kept": _cell_kept,
        WAITS_OTHERWISE: _waits_otherwise,
        "text_odd": _text_odd,
        "former_entry": _former_entry,
        "progress_falls": _progress_falls,
        "one_percent": _one_percent,
        "completed_without_evidence": _completed_without_evidence,
        "day_of_state_moved": _day_of_state_moved,
        "target_in_past": _target_in_past,
        "target_far": _target_far,
        "deliverable_replaced": _deliverable_replaced,
    }
)
"""What is unlikely, by the code of its notice."""


def unlikely(seen: Seen) -> list[Problem]:
    """Every notice of these rules, one for each cell; a text that moved with its column is told of once."""
    found: list[Problem] = []
    told: set[tuple[int | None, str | None]] = set()
    for code, rule in RULES.items():
        notices = [
            notice for notice in rule(seen, code) if code != "text_elsewhere" or (notice.row, notice.column) not in told
        ]
        told |= {(notice.row, notice.column) for notice in notices if code == "column_moved"}
        found += notices
    return found
