"""Uploads from the command line: the same reading, checking, comparing and storing as on screen."""

from __future__ import annotations

import contextlib
import dataclasses
import enum
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import polars as pl
import sqlalchemy as sa
import typer

import words
from cli.options import InLanguage, TableJson, TableOrJson, language_option
from cli.output import print_json, print_table
from cli.reading import CannotRunError, open_store
from data_access import accounts, headings, store, updates
from data_access.acting import Refused
from data_access.register import read_data_version
from files import Grid, Limits
from kpi.update import (
    Change,
    Conflict,
    Preview,
    Problem,
    Table,
    message,
    with_remarks,
)
from kpi.update import template as filled_template
from kpi.update.columns import name_of
from kpi.update.headings import Headings, code_of, outlined
from kpi.update.review import said_of_waiting, why_held
from kpi.update.table import read_grid, table_in
from kpi.vocabulary import BatchStatus, texts

CONFLICT = "conflict"
"""The code of a cell that somebody else changed after the template was taken, and that nobody has decided about."""

BATCH_COLUMNS = (
    "id",
    "created_at",
    "agency",
    "username",
    "file_name",
    "rows",
    "changes",
    "status",
    "undoes",
    "undone_by",
    "reviewed_by",
    "reason",
    "part_of",
    "corrects",
)

STORED = texts((BatchStatus.APPLIED, BatchStatus.UNDONE, BatchStatus.UNDO))
"""What becomes of a batch whose changes were stored."""

Told = dict[str, Any]
"""A problem as it is printed: row, column, value, code, message."""

batch_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Batches handed in: list, show, undo.")


class FileFormat(enum.StrEnum):
    """The formats of a template."""

    CSV = "csv"
    XLSX = "xlsx"


class Decision(enum.StrEnum):
    """What becomes of a conflict: the upload stops, the file's value holds, or the register's."""

    STOP = "stop"
    FILE = "file"
    REGISTER = "register"


Behalf = Annotated[
    str | None, typer.Option("--behalf", metavar="AGENCY", help="The agency a coordinator acts for (its key).")
]
User = Annotated[str, typer.Option("--user", metavar="NAME", help="The account in whose name it is done.")]


def add_to(app: typer.Typer) -> None:
    """Make `upload`, `template` and `batch` commands of the operator's tool."""
    app.command()(upload)
    app.command()(template)
    app.add_typer(batch_app, name="batch")


# --- Handing in ------------------------------------------------------------------------------------------------------


def upload(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A CSV, XLSX or ODS file.")],
    user: User,
    behalf: Behalf = None,
    apply: Annotated[
        bool, typer.Option("--apply", help="Hand the changes in; without it they are only shown.")
    ] = False,
    conflicts: Annotated[
        Decision, typer.Option("--conflicts", help="Whose value holds where others changed the same cell meanwhile.")
    ] = Decision.STOP,
    acknowledge: Annotated[
        bool,
        typer.Option(
            "--acknowledge", help="Say that what the notices point at was meant; without it nothing is stored."
        ),
    ] = False,
    rest: Annotated[
        Path | None,
        typer.Option(
            "--rest",
            metavar="FILE",
            help="Go on with the rows that can be stored, and write the others, with what is wrong with them, into this file.",
        ),
    ] = None,
    encoding: Annotated[
        str | None, typer.Option(help="Of a CSV file that is not Unicode: windows-1258, tcvn3, viscii ...")
    ] = None,
    heading_row: Annotated[
        int | None,
        typer.Option(
            "--heading-row", metavar="N", min=1, help="The row in which the headings stand, where it is not found."
        ),
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(
            "--column",
            metavar="HEADING=COLUMN",
            help="What a column is, told by its heading or its letters; nothing after the = leaves it out. Remembered for the "
            "agency with --apply.",
        ),
    ] = None,
    output: TableJson = TableOrJson.TABLE,
    language: InLanguage = "en",
) -> None:
    """Check a file against the register and show its problems, or what it would change."""
    engine = open_store()
    person, agency = _acting(engine, user, behalf)
    limits = updates.read_limits()
    said = Headings(heading_row, _columns_said(column or ()), headings.read(engine, agency))
    data = _bytes_of(file, limits)
    grid = read_grid(data, file.name, encoding=encoding, limits=limits, said=said)
    table = grid if isinstance(grid, list) else table_in(grid, data, file.name, limits=limits, said=said)
    current = updates.current_rows(engine, agency)
    outcome = table if isinstance(table, list) else updates.preview_of(table, current, limits)
    if rest is not None and isinstance(table, Table) and not isinstance(outcome, Preview):
        parts = updates.parted(table, current)
        if parts is not None:
            table, left, wrong = parts
            _write_rest(rest, left, wrong, language)
            outcome = updates.preview_of(table, current, limits)
    if isinstance(table, Table) and isinstance(outcome, Preview) and conflicts is Decision.REGISTER:
        table, outcome = updates.giving_up(table, outcome, current, limits, is_given_up=lambda _: True)
    if isinstance(outcome, Preview) and conflicts is Decision.FILE:
        outcome = outcome.decided(outcome.conflicts)
    if not isinstance(outcome, Preview):
        found = [[told(p, language) for p in outcome if p.blocking is blocking] for blocking in (True, False)]
        _print_outcome(found[0], None, None, output, found[1])
        raise typer.Exit(1)
    if outcome.conflicts:
        _print_outcome([told_conflict(conflict, language) for conflict in outcome.conflicts], None, None, output)
        raise typer.Exit(1)
    notices = [told(notice, language) for notice in outcome.notices]
    if apply and notices and outcome.changes and not acknowledge:
        _print_outcome([], outcome, None, output, notices)
        with words.in_language(language):
            print(words.t("refused.unacknowledged"), file=sys.stderr)
        raise typer.Exit(1)
    done = None
    if apply:
        assert isinstance(table, Table)
        with refusals_in(language), store.session(engine) as session:
            done = updates.hand_in(session, actor=person, table=table, preview=outcome, acknowledged=acknowledge)
            if said.columns and isinstance(grid, Grid) and (read := outlined(grid.rows, said)) is not None:
                told_of = said.of_headings([seen.heading for seen in read.columns])
                headings.remember(session, actor=person, columns=told_of)
    why = why_held(outcome, updates.read_held(engine))
    with words.in_language(language):
        for line, remedy in said_of_waiting(why, outcome.thresholds):
            print(f"{line}. {remedy}", file=sys.stderr)
    _print_outcome([], outcome, done, output, notices)


def _columns_said(given: Sequence[str]) -> dict[str, str]:
    """`HEADING=COLUMN` as heading -> code; a column goes by its code or any of its headings."""
    said = {}
    for text in given:
        heading, equals, column = (part.strip() for part in text.rpartition("="))
        code = code_of(column)
        if not equals or not heading:
            raise CannotRunError(f"--column {text!r}: write HEADING=COLUMN, or HEADING= to leave the column out.")
        if code is None:
            raise CannotRunError(f"--column {text!r}: there is no column {column!r}. The full template has them all.")
        said[heading] = code
    return said


def _write_rest(out: Path, left: Table, wrong: Sequence[Problem], language: str) -> None:
    """The rows that cannot be stored as a file with remarks."""
    written_as: Literal["csv", "xlsx"] = "xlsx" if out.suffix.lower() == ".xlsx" else "csv"
    with words.in_language(language):
        out.write_bytes(with_remarks(left, wrong, language=language, format=written_as, say=words.t))
    print(f"{out}: {left.frame.height} rows that cannot be stored, with what is wrong with them.", file=sys.stderr)


def _bytes_of(file: Path, limits: Limits) -> bytes:
    """The file's bytes; of one that is too large only so many that this is seen."""
    if not file.is_file():
        raise CannotRunError(f"{file}: there is no such file. Name a CSV or XLSX file.")
    with file.open("rb") as opened:
        return opened.read(limits.bytes + 1)


def _print_outcome(
    problems: Sequence[Told],
    preview: Preview | None,
    done: updates.HandedIn | None,
    output: TableOrJson,
    notices: Sequence[Told] = (),
) -> None:
    cells = [] if preview is None else [cell(change) for change in preview.changes]
    receipt, waiting = (None, None) if done is None else (done.applied, done.waiting)
    applied, batch = (False, None) if receipt is None else (receipt.applied, receipt.batch_id)
    if output is TableOrJson.JSON:
        told_of = {"problems": problems, "notices": notices}
        print_json({**told_of, "changes": cells, "applied": applied, "batch": batch, "waiting": waiting})
        return
    for notice in notices:
        print(notice["message"], file=sys.stderr)
    for problem in problems:
        print(problem["message"])
    if cells:
        print_table(pl.DataFrame(cells, schema=dict.fromkeys(("agreement", "field", "old", "new"), pl.String)))
    elif preview is not None:
        print("Nothing changes: the register says all of this already.")
    if batch is not None:
        print(
            f"Batch {batch}." if applied else f"Stored before, as batch {batch}; nothing was changed.", file=sys.stderr
        )
    if waiting is not None:
        print(f"Waits for review, as batch {waiting}.", file=sys.stderr)
    if batch is None and waiting is None and (problems or cells):
        print("Nothing was stored." if problems else "Nothing is stored yet. To store it: --apply", file=sys.stderr)


def cell(change: Change) -> dict[str, str | None]:
    """A change as it is printed. An agreement that is to be registered goes by its row: `+14`."""
    return {"agreement": change.ref or change.subject, "field": change.field, "old": change.old, "new": change.new}


def told(problem: Problem, language: str) -> Told:
    """A problem as it is printed, in words of a language."""
    with words.in_language(language):
        said = message(problem, say=words.t, language=language)
    return {
        "row": problem.row,
        "column": problem.column,
        "value": problem.value,
        "code": problem.code,
        "message": said,
    }


def told_conflict(conflict: Conflict, language: str) -> Told:
    """A cell that somebody else changed meanwhile, as a problem is printed."""
    change = conflict.change
    with words.in_language(language):
        said = words.t(
            "intake.conflict_told",
            row=change.row,
            column=name_of(change.column, language),
            now=change.old or "",
            value=change.new or "",
        )
    return {"row": change.row, "column": change.column, "value": change.new, "code": CONFLICT, "message": said}


# --- The template ----------------------------------------------------------------------------------------------------


def template(
    user: User,
    behalf: Behalf = None,
    *,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The file to be written.")],
    output: Annotated[FileFormat, typer.Option("--format", help="csv or xlsx.")] = FileFormat.XLSX,
    due: Annotated[bool, typer.Option("--due", help="Only what is due: about a dozen columns.")] = False,
    language: Annotated[str, language_option("Language of the file.")] = "vi",
) -> None:
    """Write an agency's template: its open agreements, ready to be changed and handed in."""
    engine = open_store()
    _, agency = _acting(engine, user, behalf)
    current = updates.current_rows(engine, agency)
    with words.in_language(language):
        written = filled_template(current, language=language, format=output.value, say=words.t, only_due=due)
    out.write_bytes(written)
    print(f"{out}: {len(written)} bytes")


# --- Batches ---------------------------------------------------------------------------------------------------------


@batch_app.command("list")
def batch_list(
    agency: Annotated[str | None, typer.Option(help="Only this agency's (its key).")] = None,
    output: TableJson = TableOrJson.TABLE,
) -> None:
    """Every batch, newest first."""
    found = printed(updates.list_batches(open_store(), agency))
    if output is TableOrJson.JSON:
        print_json(found.to_dicts())
    else:
        print_table(found)


@batch_app.command("show")
def batch_show(number: int, output: TableJson = TableOrJson.TABLE) -> None:
    """One batch with every cell it changed; for one that is not in the register, those it was sent to change."""
    engine = open_store()
    batch = batch_of(engine, number)
    sent = None if batch["status"].item() in STORED else updates.review(engine, number, agency=None)
    if sent is None:
        cells = updates.read_changes(engine, number, agency=None)
        field = pl.when(pl.col("item") == "").then("column").otherwise(pl.format("{}[{}]", "column", "item"))
        changes = cells.select("old", "new", agreement="ref", field=field).select("agreement", "field", "old", "new")
    else:
        changes = pl.DataFrame([cell(change) for change in sent.seen])
    if output is TableOrJson.JSON:
        print_json({**batch.to_dicts()[0], "cells": changes.to_dicts()})
    else:
        print_table(batch)
        print()
        print_table(changes)


@batch_app.command("undo")
def batch_undo(number: int, user: User, output: TableJson = TableOrJson.TABLE, language: InLanguage = "en") -> None:
    """Take a batch back by its opposite, which is a batch of its own."""
    engine = open_store()
    person = person_of(engine, user)
    batch_of(engine, number)
    with refusals_in(language), store.session(engine) as session:
        receipt = updates.undo(session, actor=person, batch_id=number)
    if output is TableOrJson.JSON:
        print_json({"undone": number, "batch": receipt.batch_id, "changes": receipt.changes})
    else:
        print(f"Batch {number} is undone by batch {receipt.batch_id}.")


def printed(found: pl.DataFrame) -> pl.DataFrame:
    """Batches as they are printed."""
    return (
        found.select(BATCH_COLUMNS)
        .rename({"id": "batch", "file_name": "file"})
        .with_columns(pl.col("created_at").dt.to_string("%Y-%m-%dT%H:%M:%SZ"))
    )


def batch_of(engine: sa.Engine, number: int) -> pl.DataFrame:
    """The one row of a batch, as it is printed."""
    found = printed(updates.list_batches(engine, None)).filter(pl.col("batch") == number)
    if found.is_empty():
        raise CannotRunError(f"There is no batch {number}. List them: python manage.py batch list")
    return found


# --- Who -------------------------------------------------------------------------------------------------------------


def person_of(engine: sa.Engine, username: str) -> accounts.Person:
    """The open account of this name."""
    if read_data_version(engine) is None:
        raise CannotRunError("The store holds no register yet. Load one: python manage.py load demo")
    return account_of(engine, username)


def account_of(engine: sa.Engine, username: str) -> accounts.Person:
    """The same, whether a register is loaded or not."""
    found = accounts.list_users(engine).filter((pl.col("username") == username.strip().lower()) & pl.col("active"))
    if found.is_empty():
        raise CannotRunError(
            f"--user {username}: there is no open account of that name. List them: manage.py user list"
        )
    row = found.row(0, named=True)
    return accounts.Person(username=row["username"], role=row["role"], agency=row["agency"], office="")


def _acting(engine: sa.Engine, user: str, behalf: str | None) -> tuple[accounts.Person, str]:
    """Who hands in, and for which agency: that of the account, or the one it acts for."""
    person = dataclasses.replace(person_of(engine, user), acts_for=behalf)
    agency = person.hands_in_for
    if agency is None:
        advice = (
            "name the agency: --behalf KEY" if person.may(accounts.May.HAND_IN_FOR) else "only an agency's account does"
        )
        raise CannotRunError(
            f"--user {person.username}: this account's role is {person.role}, which hands in no figures of its own; {advice}."
        )
    if behalf not in (None, agency):
        raise CannotRunError(f"--behalf {behalf}: {person.username} hands in figures of {agency} only.")
    return person, agency


@contextlib.contextmanager
def refusals_in(language: str) -> Iterator[None]:
    """Say in words of this language why the store did not do what is asked for inside the block."""
    try:
        yield
    except Refused as refusal:
        batches = ", ".join(str(number) for number in sorted({overlap.batch_id for overlap in refusal.overlaps}))
        with words.in_language(language):
            most = words.number(refusal.most)
            said = words.t(f"refused.{refusal.code}", refs=", ".join(refusal.refs), period=refusal.period, most=most)
        raise CannotRunError(f"{said} ({batches})" if batches else said) from refusal
