"""From a table to what it would change, or to everything that is wrong with it."""

from __future__ import annotations

import dataclasses
import datetime as dt

import polars as pl

from files import Limits
from files.destroyed import is_destroyed
from kpi.update.cells import ROW, cleaned, is_error
from kpi.update.columns import BY_CODE
from kpi.update.consistency import Context, moves, problems_of
from kpi.update.current import Current
from kpi.update.duplicates import likely_duplicates
from kpi.update.faults import Faults
from kpi.update.layout import NEW, laid_out
from kpi.update.problems import Problem, are_blocking, capped
from kpi.update.table import Table
from kpi.update.unlikely import Seen, unlikely


@dataclasses.dataclass(frozen=True, eq=False)
class Checked:
    """What a table brings, every rule met.

    `cells`: one row per cell that will be different, and per cell that goes with one (the day of a move, the reason of a new
    target): row, subject, agreement_id, ref, column, part, item, stored (text the register has, or null), value (text it will
    have, or null where it is emptied), changed_since and base (see `layout`). `notices` ask to be read.
    """

    cells: pl.DataFrame
    table: Table
    today: dt.date
    data_version: int
    notices: tuple[Problem, ...]


def check_rows(
    table: Table, current: Current, *, today: dt.date, limits: Limits | None = None
) -> Checked | list[Problem]:
    """Check a table against the register: what it brings, or every problem at once (notices among them).

    `today` is the last day anything can have happened on; it is the caller's calendar that says so. Cells that were left as
    the template showed them are never a problem, whatever they hold.
    """
    limits = limits or Limits()
    frame, found = (table.frame, list[Problem]()) if table.is_cleaned else cleaned(table.frame, limits)
    faults = Faults(current, limits.problems_of_a_kind)
    layout = laid_out(frame, current, faults)
    found += layout.problems
    found += _cell_problems(layout.cells, faults)
    cells = layout.cells.filter(pl.col("subject").is_not_null())
    found += _disagreements(cells)
    moved = moves(cells, current)
    found += problems_of(cells, moved, Context(current, today))
    found += likely_duplicates(cells, current)
    found += _stale_rows(cells)
    if are_blocking(found):
        return capped(_as_written(found, layout.cells), limits.problems_of_a_kind)
    found += unlikely(Seen(table, frame, layout.rows, cells, moved, current, today))
    brought = pl.concat([cells.filter("touched"), _going_along(cells, moved, current, today)], how="diagonal")
    return Checked(
        cells=_once(_without_signed_state(brought, current)),
        table=table,
        today=today,
        data_version=current.data_version,
        notices=tuple(capped([*table.notices, *_as_written(found, layout.cells)], limits.problems_of_a_kind)),
    )


# --- Cell by cell ----------------------------------------------------------------------------------------------------


def _cell_problems(cells: pl.DataFrame, faults: Faults) -> list[Problem]:
    """What is wrong with single cells that bring something."""
    touched = cells.filter("touched")
    of_blocker = pl.col("part") == "blocker"
    is_new = pl.when(of_blocker).then("item").otherwise("subject").str.starts_with(NEW)
    only_shown = (pl.col("use") == "shown") | ((pl.col("use") == "once") & ~is_new)
    kept = pl.col("subject").is_not_null() & only_shown
    found = []
    with_time = (pl.col("fault") == "date_time").fill_null(False)
    found += faults.problems(touched.filter(kept & with_time))
    for_reading = touched.filter(kept & ~with_time).select(ROW, "column", "text", "shown")
    for row, column, text, shown in for_reading.iter_rows():
        code = "original_target" if column == "original_target" else "read_only"
        found.append(Problem(code, row=row, column=column, value=text, suggestion=shown or ""))
    typed = touched.filter(~kept).with_columns(
        fault=pl.when(is_error(pl.col("text"))).then(pl.lit("error_value")).otherwise("fault")
    )
    typed = typed.with_columns(
        fault=pl.when(pl.col("fault").is_null() & (pl.col("kind") == "text") & is_destroyed(pl.col("text")))
        .then(pl.lit("text_destroyed"))
        .otherwise("fault")
    )
    found += faults.problems(typed)
    for row, column in typed.filter(pl.col("clears") & ~pl.col("clearable")).select(ROW, "column").iter_rows():
        found.append(Problem("cannot_clear", row=row, column=column))
    length = pl.col("value").str.len_chars()
    long = typed.filter((pl.col("max_length") > 0) & (length > pl.col("max_length")))
    for row, column, count, most in long.select(ROW, "column", length, "max_length").iter_rows():
        found.append(Problem("text_too_long", row=row, column=column, params={"length": count, "most": most}))
    return found


def _as_written(found: list[Problem], cells: pl.DataFrame) -> list[Problem]:
    """The problems with each value as it stands in the file, rather than as it was read."""
    rows = pl.Series([problem.row for problem in found if problem.row is not None], dtype=pl.Int64).unique()
    texts = {
        (row, column): text
        for row, column, text in cells.filter(pl.col(ROW).is_in(rows.implode()))
        .select(ROW, "column", "text")
        .iter_rows()
    }
    return [
        dataclasses.replace(problem, value=texts.get((problem.row, problem.column), problem.value))
        if problem.value is not None
        else problem
        for problem in found
    ]


def _disagreements(cells: pl.DataFrame) -> list[Problem]:
    """Two rows about one thing that say different things of it."""
    said = pl.coalesce("value", "text")
    thing = ["subject", "column", "item"]
    first = pl.col(ROW).min().over(thing)
    compared = cells.with_columns(
        said=said,
        other_row=first,
        other=said.sort_by(ROW).first().over(thing),
        any_touched=pl.col("touched").any().over(thing),
    ).filter(pl.col("any_touched") & (pl.col("said") != pl.col("other")))
    return [
        Problem("rows_disagree", row=row, column=column, value=text, params={"other_row": other_row, "other": other})
        for row, column, text, other_row, other in compared.select(
            ROW, "column", "text", "other_row", "other"
        ).iter_rows()
    ]


def _stale_rows(cells: pl.DataFrame) -> list[Problem]:
    """A notice for each row some of whose cells were changed by others since its template was taken, and not touched here."""
    newer = pl.col("changed_since") & ~pl.col("touched") & pl.col("value").ne_missing(pl.col("shown"))
    left = cells.filter(newer & (pl.col("use") != "shown"))
    rows = left.group_by(ROW, maintain_order=True).agg("column")
    return [
        Problem("changed_since", row=row, params={"columns": tuple(BY_CODE[name] for name in names)}, blocking=False)
        for row, names in rows.iter_rows()
    ]


# --- What goes along -------------------------------------------------------------------------------------------------


def _going_along(cells: pl.DataFrame, states: pl.DataFrame, current: Current, today: dt.date) -> pl.DataFrame:
    """Cells that belong to a change though they are no change themselves: the day of a move on the day of the one before and
    the document it shares with it, the repeated reason of a new target, and the day on which a new target was set."""
    moving = states.filter("moves").select("subject")
    moved = cells.filter((pl.col("column") == "current_target") & pl.col("touched"))
    along = cells.filter(~pl.col("touched")).filter(
        (
            pl.col("column").is_in(["state_date", "state_document"])
            & pl.col("subject").is_in(moving["subject"].implode())
        )
        | (
            pl.col("column").is_in(["target_reason", "target_set_on"])
            & pl.col("subject").is_in(moved["subject"].implode())
        )
    )
    return pl.concat([along, _days_set(cells, moved, current, today)], how="diagonal")


def _days_set(cells: pl.DataFrame, moved: pl.DataFrame, current: Current, today: dt.date) -> pl.DataFrame:
    """The day each new target was set, where the file does not say: that of the report in the same row, which tells of it;
    otherwise the day of receipt, so that no figure of a day that is past changes; never before the target it replaces."""
    if moved.is_empty():
        return moved.with_columns(is_derived=pl.lit(True))
    said = cells.filter(pl.col("column") == "target_set_on")
    reported = (
        cells.filter(pl.col("column") == "report_date")
        .select("subject", reported="value")
        .unique("subject", keep="first", maintain_order=True)
    )
    last = current.standing.select("agreement_id", last=pl.col("target_on").dt.to_string())
    signed = cells.filter((pl.col("column") == "signed_on") & pl.col("agreement_id").is_null()).select(
        "subject", signed="value"
    )
    day = pl.max_horizontal(pl.coalesce("reported", pl.lit(today.isoformat())), "last", "signed")
    return (
        moved.join(said, on="subject", how="anti")
        .join(reported, on="subject", how="left", maintain_order="left")
        .join(last, on="agreement_id", how="left", maintain_order="left")
        .join(signed, on="subject", how="left", maintain_order="left")
        .with_columns(column=pl.lit("target_set_on"), value=day, stored=pl.col("last"))
        # Nobody typed this day, so there is no conflict to decide about it.
        .with_columns(changed_since=pl.lit(False), base=pl.lit(None, pl.String))
        .select(*moved.columns, is_derived=pl.lit(True))
    )


def _without_signed_state(cells: pl.DataFrame, current: Current) -> pl.DataFrame:
    """Leaves out the state of a new agreement where it only repeats that it is signed."""
    if not cells["subject"].str.starts_with(NEW).any():
        return cells
    still = moves(cells.with_columns(touched=pl.lit(True)), current).filter(
        ~pl.col("moves") & pl.col("subject").str.starts_with(NEW)
    )
    return cells.filter(~((pl.col("part") == "status") & pl.col("subject").is_in(still["subject"].implode())))


def _once(cells: pl.DataFrame) -> pl.DataFrame:
    """Each cell once, however many rows repeat it, in the order of the file and of the columns."""
    place = {code: place for place, code in enumerate(BY_CODE)}
    return (
        cells.sort(ROW, pl.col("column").replace_strict(place, return_dtype=pl.Int64))
        .unique(["subject", "column", "item"], keep="first", maintain_order=True)
        .select(
            *(ROW, "subject", "agreement_id", "ref", "column", "part", "item", "stored", "value", "changed_since"),
            "base",
            "shown",
            is_derived=pl.col("is_derived").fill_null(value=False),
        )
    )
