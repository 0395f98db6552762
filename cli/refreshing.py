"""A newer export of the register's source, from the command line: shown, or handed in as a batch."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import polars as pl
import typer

import words
from cli.fetching import Country
from cli.options import InLanguage, TableJson, TableOrJson
from cli.output import print_json, print_problems, print_table
from cli.reading import CannotRunError, open_store
from cli.registers import read_file
from cli.uploads import Told, person_of, refusals_in
from data_access import refreshing, store, updates
from seed_data import worldbank
from seed_data.mapping.problems import MappingError, MappingProblem, in_words
from seed_data.refreshing import compare, export_of, lists_of


def add_to(app: typer.Typer) -> None:
    """Make `refresh` a command of the operator's tool."""
    app.command()(refresh)


def refresh(
    what: Annotated[str, typer.Argument(metavar="worldbank|FILE", help="A newer export of the register's source.")],
    mapping: Annotated[Path | None, typer.Option(help="How FILE is read (TOML), as it was for load.")] = None,
    data_date: Annotated[str, typer.Option(help="The day FILE describes, where that is not the mapping's.")] = "",
    country: Country = worldbank.HOME,
    apply: Annotated[
        bool, typer.Option("--apply", help="Hand the changes in; without it they are only shown.")
    ] = False,
    user: Annotated[str, typer.Option("--user", metavar="NAME", help="The coordinator in whose name it is done.")] = "",
    take_source: Annotated[
        list[str] | None,
        typer.Option(
            "--take-source",
            metavar="FIELD",
            help="Where an agency changed this field meanwhile the source's word holds; may be repeated.",
        ),
    ] = None,
    output: TableJson = TableOrJson.TABLE,
    language: InLanguage = "en",
) -> None:
    """Show what a newer export of the register's source would change; with --apply, hand it in as a batch."""
    if what == "demo":
        raise CannotRunError("demo: the demonstration has no source that could be newer.")
    if apply and not user:
        raise CannotRunError("--apply: say in whose name with --user NAME, a coordinator's account.")
    engine = open_store()
    try:
        loaded, data, name = read_file(what, mapping, data_date, country, lists_of(engine))
        newer, found = compare(engine, export_of(loaded, data, file=name))
    except MappingError as error:
        if output is TableOrJson.JSON:
            _print_outcome([_told(problem, language) for problem in error.problems], None, None, output)
        else:
            print_problems(error.problems, language)
        raise typer.Exit(1) from None
    except refreshing.NotTheSourceError as error:
        with words.in_language(language):
            said = words.t(f"mapping.refused_{error.code}", **error.in_words(words.date))
        problem = {"row": None, "column": None, "value": None, "code": error.code, "message": said}
        _print_outcome([problem], None, None, output)
        raise typer.Exit(1) from None
    taking = _fields(take_source or [], found)
    done = None
    if apply:
        person = person_of(engine, user)
        with refusals_in(language), store.session(engine) as session:
            done = refreshing.hand_in(session, actor=person, newer=newer, seen=found, taking=taking)
    with words.in_language(language):
        notices = _notices(found, taking)
    _print_outcome([], found, done, output, notices)


def _fields(named: list[str], found: pl.DataFrame) -> list[str]:
    disputed = sorted(set(found.filter(pl.col("kind") == "conflict")["field"]))
    if unknown := [field for field in named if field not in disputed]:
        listed = ", ".join(disputed) or "none"
        raise CannotRunError(
            f"--take-source {unknown[0]}: no conflict is in that field. Those with conflicts: {listed}"
        )
    return named


def _notices(found: pl.DataFrame, taking: Sequence[str]) -> list[Told]:
    """What whoever hands it in should know: conflicts by field and what becomes of them, and what vanished."""
    notices = []
    disputed = found.filter(pl.col("kind") == "conflict").group_by("field", maintain_order=True).len()
    for field, count in disputed.iter_rows():
        key = "mapping.notice_taken" if field in taking else "mapping.notice_kept"
        said = words.tn(key, count, field=field)
        notices.append({"row": None, "column": field, "value": None, "code": "conflict", "message": said})
    vanished = found.filter(pl.col("kind") == "vanished").height
    if vanished:
        said = words.tn("mapping.notice_vanished", vanished)
        notices.append({"row": None, "column": None, "value": None, "code": "vanished", "message": said})
    return notices


def _told(problem: MappingProblem, language: str) -> Told:
    with words.in_language(language):
        said = in_words(problem, words.t)
    return {
        "row": problem.row,
        "column": problem.column,
        "value": problem.value,
        "code": problem.key.rpartition(".")[2],
        "message": said,
    }


def _print_outcome(
    problems: Sequence[Told],
    found: pl.DataFrame | None,
    done: updates.HandedIn | None,
    output: TableOrJson,
    notices: Sequence[Told] = (),
) -> None:
    receipt, waiting = (None, None) if done is None else (done.applied, done.waiting)
    applied, batch = (False, None) if receipt is None else (receipt.applied, receipt.batch_id)
    found = pl.DataFrame(schema=dict.fromkeys(refreshing.DIFFERENCES, pl.String)) if found is None else found
    changes = found.rename({"ref": "agreement"})
    if output is TableOrJson.JSON:
        told_of = {"problems": problems, "notices": notices, "changes": changes.to_dicts()}
        print_json({**told_of, "applied": applied, "batch": batch, "waiting": waiting})
        return
    for said in (*notices, *problems):
        print(said["message"], file=sys.stderr)
    if problems:
        print("Nothing was stored.", file=sys.stderr)
        return
    if changes.is_empty():
        print("Nothing changes: the register says all of this already.")
        return
    print_table(changes)
    counts = ", ".join(f"{count} {kind}" for kind, count in refreshing.counts_of(found).items() if count)
    print(f"\nAgreements: {counts}.")
    if batch is not None:
        print(f"Batch {batch}.", file=sys.stderr)
    elif waiting is not None:
        print(f"Waits for review by another coordinator, as batch {waiting}.", file=sys.stderr)
    else:
        print("Nothing is stored yet. To store it: --apply --user NAME", file=sys.stderr)
