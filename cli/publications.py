"""Published scorecards from the command line: listed, shown, worked out again by anybody."""

from __future__ import annotations

from typing import Annotated

import polars as pl
import typer

from cli.options import Format, InFormat, InLanguage, TableJson, TableOrJson
from cli.output import print_frame, print_json, print_table
from cli.reading import open_store
from cli.uploads import refusals_in
from data_access import publications
from kpi.indicators import changed

snapshot_app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Published scorecards and drafts: list, show, work out again."
)
Number = Annotated[int, typer.Argument(metavar="N", help="The number of a publication or draft.")]
_COLUMNS = (
    *("id", "as_of", "known_on", "scope", "comments_due_on", "comments", "dissents", "published_at", "withdrawn_at"),
    *("sha256", "code_version"),
)


def add_to(app: typer.Typer) -> None:
    """Make `snapshot` a command of the operator's tool."""
    app.add_typer(snapshot_app, name="snapshot")


@snapshot_app.command("list")
def list_(output: TableJson = TableOrJson.TABLE) -> None:
    """Every publication and draft, the latest day first."""
    frame = publications.read(open_store()).select(_COLUMNS)
    if output is TableOrJson.JSON:
        print_json(frame.to_dicts())
    else:
        print_table(frame)


@snapshot_app.command()
def show(number: Number, output: InFormat = Format.TABLE, language: InLanguage = "en") -> None:
    """Its figures, to the letter, with what agencies say of each."""
    engine = open_store()
    with refusals_in(language):
        figures = publications.read_figures(engine, number)
    said = publications.read_comments(engine, number).filter(~pl.col("agrees"))
    dissent = said.select("agency", "kpi", dissent="text")
    of_all = dissent.filter(pl.col("kpi") == "").select("agency", of_all="dissent")
    told = (
        figures.join(dissent, on=["agency", "kpi"], how="left", maintain_order="left")
        .join(of_all, on="agency", how="left", maintain_order="left")
        .with_columns(pl.coalesce("dissent", "of_all").alias("dissent"))
        .drop("of_all")
    )
    print_frame(told, output, {})


@snapshot_app.command()
def verify(number: Number, output: TableJson = TableOrJson.TABLE, language: InLanguage = "en") -> None:
    """Work it out again from the register. Exit status 1: it is not what was drafted, or something else comes out."""
    engine = open_store()
    with refusals_in(language):
        found = publications.verify(engine, number)
    differing = changed.changed(found.kept, found.rebuilt)
    if output is TableOrJson.JSON:
        print_json(
            {
                "holds": found.holds,
                "is_untouched": found.is_untouched,
                "is_rebuilt": found.is_rebuilt,
                "same_code": found.same_code,
                "same_rules": found.same_rules,
                "differing": differing.to_dicts(),
            }
        )
    else:
        print(f"It is what was drafted: {'yes' if found.is_untouched else 'NO'}")
        print(f"The same comes out again, bit for bit: {'yes' if found.is_rebuilt else 'NO'}")
        print(f"Worked out by the same programs: {'yes' if found.same_code else 'no'}")
        print(f"Judged by the same rules: {'yes' if found.same_rules else 'no'}")
        if not differing.is_empty():
            print_table(differing)
    if not found.holds:
        raise typer.Exit(1)
