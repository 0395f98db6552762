"""An agency's open agreements as a file to fill in: all there is to say of them, or only what is due. Uploaded again as it is, it
changes nothing."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Literal

import polars as pl
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

from files import formula_injection
from files.text import canonical
from files.workbook import Book, protection, writable
from kpi.thresholds import LEAST_RISE
from kpi.update.cells import EARLIEST, LATEST, names_of_choices
from kpi.update.choices import Choice
from kpi.update.columns import COLUMNS, INPUT_ONLY, FormColumn
from kpi.update.current import Current, known_cells
from kpi.update.problems import Say
from kpi.vocabulary import ENDED, REPORT_FIELDS, StateClass, state_class
from words import known_language

FREE_ROWS = 500
"""Rows below the last agreement that are ready for new ones, with the same lists and checks."""

IN_TEMPLATE = tuple(column for column in COLUMNS if column.part != "ignored")
DUE = tuple(
    column
    for column in IN_TEMPLATE
    if column.code
    in {
        *("ref", "row_version", "title_vi", "report_period", *REPORT_FIELDS, "progress_pct"),
        *("state", "state_date", "state_document"),
    }
)
"""The columns of what is due: the report of a period, and how far an agreement has come. All of them fit a sheet of A4 across."""

_COLUMNS_KEPT_IN_VIEW = 3
_A4 = 9
_WIDTHS_DUE = {"title_vi": 26, "state": 14, "state_document": 18, "completion_time": 13}
_WIDTH_DUE = 17


def template(
    current: Current, *, language: str, format: Literal["csv", "xlsx"], say: Say, only_due: bool = False
) -> bytes:
    """The file to fill in: one row per open agreement, a further row for each further open blocker.

    With `only_due` one row per agreement whose report for the period is incomplete, or per open one where none is, with the
    columns of DUE; a workbook of it prints across A4.

    The report columns are about the period that is due next, with what was already reported for it; where no period is coming
    there are none, so that nothing new is typed over an old report. CSV is UTF-8 with its
    mark, separated by commas. `say` gives the words of the explanation sheet of a workbook, in the same language;
    ValueError for one without catalogs.
    """
    known_language(language)
    asked = DUE if only_due else IN_TEMPLATE
    columns = asked if current.asks_for_reports else tuple(column for column in asked if column.part != "report")
    texts = due(current) if only_due else filled(current)
    written = texts.select(
        writable(formula_injection.neutralised(_named(pl.col(column.code), column, current, language))).alias(
            column.code
        )
        for column in columns
    )
    return (
        _csv(written, language, columns)
        if format == "csv"
        else _xlsx(written, current, language, say, columns, is_short=only_due)
    )


def due(current: Current) -> pl.DataFrame:
    """Of the template's rows those of agreements whose report for the period is incomplete, once each; all where none is.
    Columns of DUE."""
    rows = filled(current).unique("ref", keep="first", maintain_order=True).select(column.code for column in DUE)
    lacks = pl.any_horizontal(pl.col(name).is_null() for name in REPORT_FIELDS)
    owed = rows.filter(pl.col("report_period").is_not_null() & lacks)
    return rows if owed.is_empty() else owed


def filled(current: Current) -> pl.DataFrame:
    """The template's rows, a column per code, as the texts the register is known by (choices by their codes)."""
    standing = current.standing
    followed = standing.filter(pl.col("implementable") & pl.col("tracked") & ~state_class(pl.col("state")).is_in(ENDED))
    is_signed = state_class(pl.col("state")) != StateClass.PRE
    rows = followed.sort("ref").select(
        "agreement_id",
        canonical(pl.col("ref")),
        "row_version",
        report_period=pl.when(is_signed).then(pl.lit(current.period_due(), pl.String)),
    )
    known = known_cells(current, rows["agreement_id"]).filter(~pl.col("column").is_in(INPUT_ONLY))
    open_blockers = current.standing_blockers.filter(pl.col("resolved_on").is_null())
    blockers = open_blockers.select(
        "agreement_id", blocker_item="item", nth=pl.int_range(pl.len()).over("agreement_id")
    )
    rows = rows.join(blockers, on="agreement_id", how="left").with_columns(pl.col("nth").fill_null(0))
    agreement_cells = _wide(known.filter(pl.col("item") == ""), ["agreement_id"])
    report_cells = _wide(known.filter(_of_part("report")), ["agreement_id", "item"]).rename({"item": "report_period"})
    blocker_cells = _wide(known.filter(_of_part("blocker")), ["agreement_id", "item"]).rename({"item": "blocker_item"})
    texts = (
        rows.join(agreement_cells, on="agreement_id", how="left")
        .join(report_cells, on=["agreement_id", "report_period"], how="left")
        .join(blocker_cells, on=["agreement_id", "blocker_item"], how="left")
        .with_columns(blocker_id="blocker_item", row_version=pl.col("row_version").cast(pl.String))
        .sort("ref", "agreement_id", "nth")
    )
    absent = [column.code for column in IN_TEMPLATE if column.code not in texts.columns]
    texts = texts.with_columns(pl.lit(None, pl.String).alias(code) for code in absent)
    repeated = ("ref", "row_version", "title_vi", "blocker_id", *(c.code for c in IN_TEMPLATE if c.part == "blocker"))
    return texts.select(
        pl.col(column.code)
        if column.code in repeated
        else pl.when(pl.col("nth") == 0).then(pl.col(column.code)).alias(column.code)
        for column in IN_TEMPLATE
    )


def _of_part(part: str) -> pl.Expr:
    return pl.col("column").is_in([column.code for column in COLUMNS if column.part == part])


def _wide(cells: pl.DataFrame, index: list[str]) -> pl.DataFrame:
    names = cells["column"].unique().sort().to_list()
    return cells.group_by(index).agg(
        pl.col("shown").filter(pl.col("column") == name).first().alias(name) for name in names
    )


def _named(code: pl.Expr, column: FormColumn, current: Current, language: str) -> pl.Expr:
    """Codes of a choice as names in a language; a code stays where its name would not lead back to it."""
    if column.kind != "choice":
        return code
    names = names_of(current.choices().get(column.choices, ()), language)
    return code.replace(list(names), list(names.values())) if names else code


def names_of(of: Sequence[Choice], language: str) -> dict[str, str]:
    """Code -> the name under which a choice is recognised again."""
    known = names_of_choices(of)
    return {c.code: c.name(language) if known.find(c.name(language)).code == c.code else c.code for c in of}


def _csv(written: pl.DataFrame, language: str, columns: Sequence[FormColumn]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([column.name(language) for column in columns])
    writer.writerows([["" if cell is None else cell for cell in row] for row in written.iter_rows()])
    return text.getvalue().encode("utf-8-sig")


# --- The workbook ----------------------------------------------------------------------------------------------------


def _xlsx(
    written: pl.DataFrame,
    current: Current,
    language: str,
    say: Say,
    columns: Sequence[FormColumn],
    *,
    is_short: bool,
) -> bytes:
    book = Book(current.data_date)
    sheet = book.book.add_worksheet(say("intake.sheet_agreements"))
    guide = book.book.add_worksheet(say("intake.sheet_guide"))
    lists = book.book.add_worksheet(say("intake.sheet_lists"))
    last = written.height + FREE_ROWS
    ranges = _write_lists(book, lists, current, language)
    for place, column in enumerate(columns):
        width = min(column.width, _WIDTHS_DUE.get(column.code, _WIDTH_DUE)) if is_short else column.width
        hidden = {"hidden": is_short and column.code == "row_version"}
        sheet.set_column(place, place, width, book.format(column.kind), hidden)
        sheet.write_string(0, place, column.name(language), book.head)
        check = _check(column, ranges)
        if check is not None:
            words = {"error_type": "warning", "error_message": say(f"intake.enter_{column.kind}")}
            sheet.data_validation(1, place, last, place, {**check, **words})
    for row, cells in enumerate(written.iter_rows(named=True), start=1):
        for place, column in enumerate(columns):
            there = column.part != "blocker" or cells["blocker_id"] is not None
            locked = there and (column.use in ("shown", "once") or column.code in ("ref", "row_version", "blocker_id"))
            if cells[column.code] is not None or locked:  # a blank open cell has the form of its column
                form = book.format(column.kind, locked=locked)
                book.write(sheet, row, place, column.kind, cells[column.code], form)
    sheet.freeze_panes(1, _COLUMNS_KEPT_IN_VIEW)
    sheet.autofilter(0, 0, max(written.height, 1), len(columns) - 1)
    if is_short:
        _print_across_a4(sheet, written.height, len(columns))
    sheet.protect("", dict(protection()))
    _write_guide(book, guide, columns, language, say)
    return book.finished()


def _print_across_a4(sheet: Worksheet, rows: int, columns: int) -> None:
    """All columns on one sheet, as many sheets as there are rows; the heading on each."""
    sheet.set_landscape()
    sheet.set_paper(_A4)
    sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.5)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    sheet.print_area(0, 0, max(rows, 1), columns - 1)


def _check(column: FormColumn, ranges: dict[str, str]) -> dict[str, object] | None:
    if column.kind == "choice" and column.choices in ranges:
        return {"validate": "list", "source": ranges[column.choices]}
    if column.kind == "date" and column.use != "shown":
        return {"validate": "date", "criteria": "between", "minimum": EARLIEST, "maximum": LATEST}
    if column.kind == "percent":
        return {"validate": "decimal", "criteria": "between", "minimum": 0, "maximum": 100}
    return None


def _write_lists(book: Book, sheet: Worksheet, current: Current, language: str) -> dict[str, str]:
    """Every list of choices in a column of its own; gives the range of each."""
    ranges: dict[str, str] = {}
    headers = {column.choices: column.name(language) for column in IN_TEMPLATE if column.kind == "choice"}
    place = 0
    for name, of in current.choices().items():
        names = list(names_of(of, language).values())
        if name not in headers or not names:
            continue
        sheet.set_column(place, place, 34)
        sheet.write_string(0, place, headers[name], book.head)
        for row, text in enumerate(names, start=1):
            sheet.write_string(row, place, text, book.prose)
        letters = xl_col_to_name(place)
        ranges[name] = f"='{sheet.get_name()}'!${letters}$2:${letters}${len(names) + 1}"
        place += 1
    return ranges


def _write_guide(book: Book, sheet: Worksheet, columns: Sequence[FormColumn], language: str, say: Say) -> None:
    """What to do, then what each column is for."""
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, 1, 100)
    sheet.write_string(0, 0, say("intake.guide_title"), book.title)
    lines = say("intake.guide", clear=say("intake.clear_word")).split("\n")
    if not any(column.part == "report" for column in columns):
        lines.append(say("intake.guide_no_period"))
    for row, line in enumerate(lines, start=2):
        sheet.merge_range(row, 0, row, 1, line, book.prose)
        sheet.set_row(row, 30 if len(line) > 110 else 15)
    start = len(lines) + 3
    sheet.write_string(start, 0, say("intake.guide_column"), book.head)
    sheet.write_string(start, 1, say("intake.guide_meaning"), book.head)
    for row, column in enumerate(columns, start=start + 1):
        sheet.write_string(row, 0, column.name(language), book.prose)
        sheet.write_string(row, 1, say(f"intake.hint_{column.code}", rise=f"{LEAST_RISE:g}"), book.prose)
