"""Which cell of a file is about what, and which of them bring something new.

A cell brings something when it is filled and differs both from what the register has and from what the template showed when
it was taken. The second matters when somebody else changed the cell in between: a value that only came along in the template
is not a wish to put it back.
"""

from __future__ import annotations

import dataclasses

import polars as pl

from files.text import canonical
from kpi.names import squeezed
from kpi.update import columns
from kpi.update.cells import ROW, parsed
from kpi.update.current import Current, known_cells
from kpi.update.faults import Faults
from kpi.update.problems import Problem

NEW = "+"
"""How the name of something begins that the register does not have yet: `+14` is what row 14 opens."""

_REGISTERING = ("title_vi", "title_en", "doc_type", "sector", "partner", "scope", "signed_on")


@dataclasses.dataclass(frozen=True, eq=False)
class Layout:
    """Every filled cell that is about something, as one row each.

    `cells`: row, subject (an agreement's id as text, or `+row` for one to be registered), agreement_id, ref, column, part,
    kind, use, clearable, max_length, item (within the subject: a period, a blocker's number, `+row` for a blocker to be
    opened, else empty), text, value, fault, clears, stored, shown, changed_since (whether somebody changed the cell since the
    template was taken), base (what it was then), touched (whether it brings something).
    `rows`: row, agreement_id, ref, is_versioned (whether it says which version of the agreement it was taken from), and the
    report_period and blocker_id it names; rows about agreements there are.
    """

    cells: pl.DataFrame
    rows: pl.DataFrame
    problems: list[Problem]


def laid_out(frame: pl.DataFrame, current: Current, faults: Faults) -> Layout:
    """Lay out a table's cleaned frame over the register. Cells of rows that are about nothing known have no subject."""
    problems: list[Problem] = []
    lines = _lines(frame, current, problems)
    cells = _filled(frame, lines, current)
    rows = _rows(lines, cells)
    cells = _with_items(cells, current, faults, problems)
    cells = _with_register(cells, current)
    return Layout(cells.sort(ROW, "place").drop("place", "token", "is_versioned"), rows, problems)


# --- Rows ------------------------------------------------------------------------------------------------------------


def _lines(frame: pl.DataFrame, current: Current, problems: list[Problem]) -> pl.DataFrame:
    """One row per usable row of the file: row, subject, agreement_id, ref, token (the row version it was taken at)."""
    codes = [name for name in frame.columns if name not in (ROW, "remarks")]
    missing = [pl.lit(None, pl.String).alias(name) for name in ("ref", "row_version") if name not in codes]
    registering = [pl.col(name).is_not_null() for name in _REGISTERING if name in codes]
    known = (
        current.standing.select("agreement_id", "row_version", ref=canonical(pl.col("ref")))
        .unique("ref", keep="none")
        .rename({"row_version": "version_now"})
    )
    lines = (
        frame.with_columns(missing)
        .with_columns(registers=pl.col("ref").is_null() & pl.any_horizontal(False, *registering))
        .join(known, on="ref", how="left", maintain_order="left")
        .with_columns(token=pl.col("row_version").str.extract("^([0-9]{1,15})(?:[.,]0+)?$").cast(pl.Int64))
    )
    without = lines.filter(pl.col("ref").is_null() & ~pl.col("registers"))
    problems.extend(Problem("ref_missing", row=row, column="ref") for row in without[ROW])
    unknown = lines.filter(pl.col("ref").is_not_null() & pl.col("agreement_id").is_null())
    problems.extend(_unknown_refs(unknown, known))
    wrong = pl.col("row_version").is_not_null() & (
        pl.col("token").is_null() | (pl.col("token") > pl.col("version_now")) | pl.col("registers")
    )
    for row, version in lines.filter(wrong).select(ROW, "row_version").iter_rows():
        problems.append(Problem("row_version", row=row, column="row_version", value=version))
    opened = NEW + pl.col(ROW).cast(pl.String)
    return lines.select(
        ROW,
        "agreement_id",
        pl.col("ref").fill_null(""),
        subject=pl.when("registers").then(opened).otherwise(pl.col("agreement_id").cast(pl.String)),
        token=pl.coalesce("token", "version_now"),
        is_versioned=pl.col("token").is_not_null(),
    )


def _rows(lines: pl.DataFrame, cells: pl.DataFrame) -> pl.DataFrame:
    rows = lines.filter(pl.col("agreement_id").is_not_null()).select(ROW, "agreement_id", "ref", "is_versioned")
    for name in ("report_period", "blocker_id"):
        said = cells.filter(pl.col("column") == name).select(ROW, pl.col("value").alias(name))
        rows = rows.join(said, on=ROW, how="left", maintain_order="left")
    return rows


def _unknown_refs(unknown: pl.DataFrame, known: pl.DataFrame) -> list[Problem]:
    """A reference is suggested only where it differs in nothing but signs and capitals: the one most like it would be the next
    agreement's. Only the agency's own are known here, so nothing is told about others'."""
    alike = known.select(meant="ref", form=squeezed(pl.col("ref"))).unique("form", keep="none")
    found = unknown.with_columns(form=squeezed(pl.col("ref"))).join(alike, on="form", how="left", maintain_order="left")
    return [
        Problem("ref_unknown", row=row, column="ref", value=ref, suggestion=meant)
        for row, ref, meant in found.select(ROW, "ref", "meant").iter_rows()
    ]


def _filled(frame: pl.DataFrame, lines: pl.DataFrame, current: Current) -> pl.DataFrame:
    place = pl.DataFrame({"column": columns.CODES, "place": range(len(columns.CODES))})
    cells = (
        frame.unpivot(index=ROW, variable_name="column", value_name="text")
        .filter(pl.col("text").is_not_null() & ~pl.col("column").is_in(["ref", "row_version", "remarks"]))
        .join(lines, on=ROW, how="inner")
        .join(columns.about().join(place, on="column"), on="column", how="inner")
    )
    return parsed(cells, current.choices())


# --- What within an agreement ----------------------------------------------------------------------------------------


def _with_items(cells: pl.DataFrame, current: Current, faults: Faults, problems: list[Problem]) -> pl.DataFrame:
    """Adds `item`, and drops the cells that name it. Cells whose item cannot be told are dropped with a problem."""
    keys = cells.filter(pl.col("use") == "key")
    problems.extend(faults.problems(keys))
    reports = _report_items(cells, current, problems)
    blockers = _blocker_items(cells, current, problems)
    part = pl.col("part")
    return (
        cells.filter(pl.col("use") != "key")
        .join(reports, on=ROW, how="left")
        .join(blockers, on=ROW, how="left")
        .with_columns(
            item=pl.when(pl.col("subject").is_null())
            .then(pl.lit(""))
            .when(part == "report")
            .then("report_item")
            .when(part == "blocker")
            .then("blocker_item")
            .otherwise(pl.lit(""))
        )
        .filter(pl.col("item").is_not_null())
        .drop("report_item", "blocker_item")
    )


def _values(cells: pl.DataFrame, names: tuple[str, ...]) -> pl.DataFrame:
    """One row per row of the file with the values of some columns, and `<name>_given` where a cell is filled."""
    is_column = {name: pl.col("column") == name for name in names}
    return cells.group_by(ROW, maintain_order=True).agg(
        pl.col("subject").first(),
        pl.col("agreement_id").first(),
        *(pl.col("value").filter(test).first().alias(name) for name, test in is_column.items()),
        *(test.any().alias(f"{name}_given") for name, test in is_column.items()),
    )


def _report_items(cells: pl.DataFrame, current: Current, problems: list[Problem]) -> pl.DataFrame:
    """The period each row reports on. Where the register has no periods, the day of the report tells reports apart."""
    reporting = cells.filter((pl.col("part") == "report") & pl.col("subject").is_not_null())
    rows = _values(reporting, ("report_period", "report_date"))
    says_something = reporting.filter(pl.col("use") != "key").select(ROW).unique()
    rows = rows.join(says_something, on=ROW, how="semi")
    if current.periods.is_empty():
        item = "@" + pl.col("report_date").fill_null("")
        return rows.select(ROW, report_item=item)
    due = current.period_due()
    for row in rows.filter(~pl.col("report_period_given"))[ROW]:
        code = "no_period_open" if due is None else "period_missing"
        problems.append(Problem(code, row=row, column="report_period", suggestion=due))
    return rows.filter(pl.col("report_period").is_not_null()).select(ROW, report_item="report_period")


def _blocker_items(cells: pl.DataFrame, current: Current, problems: list[Problem]) -> pl.DataFrame:
    """The blocker each row is about.

    A row without a number opens one, unless the agreement has one with the same cause, first day and description: then it is
    that one, so that a file uploaded twice opens nothing twice.
    """
    rows = _values(
        cells.filter((pl.col("part") == "blocker") & pl.col("subject").is_not_null()),
        ("blocker_id", "blocker_cause", "blocker_opened_on", "blocker_description"),
    )
    blockers = current.standing_blockers
    numbered = blockers.select("agreement_id", blocker_id="item", found="item")
    alike = (
        blockers.select(
            "agreement_id",
            blocker_cause="cause",
            blocker_opened_on=pl.col("opened_on").dt.to_string(),
            blocker_description=canonical(pl.col("description")).replace("", None),
            same="item",
        )
        .sort("agreement_id", "same")
        .unique(["agreement_id", "blocker_cause", "blocker_opened_on", "blocker_description"], maintain_order=True)
    )
    rows = rows.join(numbered, on=["agreement_id", "blocker_id"], how="left").join(
        alike,
        on=["agreement_id", "blocker_cause", "blocker_opened_on", "blocker_description"],
        how="left",
        nulls_equal=True,
    )
    unknown = rows.filter(pl.col("blocker_id").is_not_null() & pl.col("found").is_null())
    for row, number in unknown.select(ROW, "blocker_id").iter_rows():
        problems.append(Problem("blocker_unknown", row=row, column="blocker_id", value=number))
    opened = pl.when(~pl.col("blocker_id_given")).then(pl.coalesce("same", NEW + pl.col(ROW).cast(pl.String)))
    return rows.select(ROW, blocker_item=pl.coalesce("found", opened)).sort(ROW)


# --- Against the register --------------------------------------------------------------------------------------------


def _with_register(cells: pl.DataFrame, current: Current) -> pl.DataFrame:
    known = known_cells(current, cells["agreement_id"].drop_nulls())
    place = ["agreement_id", "column", "item"]
    since = (
        cells.filter(pl.col("agreement_id").is_not_null())
        .join(current.earlier, on=place, how="inner")
        .filter(pl.col("row_version") > pl.col("token"))
        .sort("row_version")
        .unique([ROW, "column", "item"], keep="first", maintain_order=True)
        .select(ROW, "column", "item", base=canonical(pl.col("old")), changed_since=pl.lit(True))
    )
    cells = cells.join(known, on=place, how="left").join(since, on=[ROW, "column", "item"], how="left")

    def is_it(kept: pl.Expr) -> pl.Expr:
        as_shown = pl.col("text") == kept
        return (as_shown | pl.when("clears").then(kept.is_null()).otherwise(pl.col("value") == kept)).fill_null(False)

    return cells.with_columns(
        changed_since=pl.col("changed_since").fill_null(False),
        touched=~is_it(pl.col("shown")) & ~(is_it(pl.col("base")) & pl.col("changed_since").fill_null(False)),
    )
