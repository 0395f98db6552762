"""Mappings: a first one for a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import words
from cli.options import InLanguage
from cli.output import print_problems
from cli.packs import Lists, lists_for
from cli.reading import CannotRunError
from files import Form
from seed_data.mapping.drafting.text import drafted
from seed_data.mapping.problems import MappingError
from seed_data.mapping.source import read_table

mapping_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Mappings: draft.")


def add_to(app: typer.Typer) -> None:
    """Make `mapping` a command of the operator's tool."""
    app.add_typer(mapping_app, name="mapping")


@mapping_app.callback()
def _mapping() -> None:
    """One command alone would else be the group itself."""


@mapping_app.command()
def draft(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A CSV, XLSX or ODS file.")],
    out: Annotated[
        Path | None, typer.Option(help="The TOML to write, which must not be there yet; FILE.toml if left out.")
    ] = None,
    sheet: Annotated[str, typer.Option(help="The sheet of a workbook; the first visible one if left out.")] = "",
    encoding: Annotated[str, typer.Option(help="The encoding of a CSV that is not UTF-8.")] = "",
    header_row: Annotated[int, typer.Option(min=1, help="The row with the headings.")] = 1,
    lists: Lists = None,
    language: InLanguage = "en",
) -> None:
    """Write a first mapping for a file: what it seems to hold filled in, what only a person can say left as "?"."""
    if not file.is_file():
        raise CannotRunError(f"{file}: there is no such file. Name a CSV, XLSX or ODS file.")
    path = file.with_suffix(".toml") if out is None else out
    form = Form(
        encoding=encoding or None,
        sheet=sheet or None,
        header_row=header_row,
        keeps_blank_rows=True,
        keeps_midnight=True,
    )
    try:
        known = lists_for(lists)
        table = read_table(file.read_bytes(), name=file.name, form=form, used=())
    except MappingError as error:
        print_problems(error.problems, language)
        raise typer.Exit(1) from None
    with words.in_language(language):
        text = drafted(table, known, form=form, name=file.name, t=words.t)
    try:
        with path.open("x", encoding="utf-8") as written:
            written.write(text)
    except FileExistsError:
        raise CannotRunError(f"{path} is there already; --out names another file.") from None
    with words.in_language(language):
        print(words.t("mapping.draft.written", path=path, file=file))
