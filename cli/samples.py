"""Samples of claims from the command line: announced while a period is open, drawn after it closed, checked by anybody."""

from __future__ import annotations

import dataclasses
from typing import Annotated

import typer

from cli.options import ACTOR, InLanguage, TableJson, TableOrJson
from cli.output import print_json, print_table
from cli.reading import open_store
from cli.uploads import refusals_in
from data_access import samples, store

samples_app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Samples of what agencies claim: list, announce, draw, check."
)
Period = Annotated[str, typer.Argument(metavar="CODE", help="A reporting period's code, for example 2026-Q1.")]


def add_to(app: typer.Typer) -> None:
    """Make `samples` a command of the operator's tool."""
    app.add_typer(samples_app, name="samples")


@samples_app.command("list")
def list_(output: TableJson = TableOrJson.TABLE) -> None:
    """Every period, the latest first, with the hash its sample was announced by, and the seed once drawn."""
    columns = (
        *("period", "starts_on", "ends_on", "seed_sha256", "published_at", "is_late", "seed", "drawn_at"),
        *("claims", "size"),
    )
    frame = samples.read_samples(open_store()).select(columns)
    if output is TableOrJson.JSON:
        print_json(frame.to_dicts())
    else:
        print_table(frame)


@samples_app.command()
def announce(
    period: Period,
    late: Annotated[
        bool, typer.Option("--late", help="Of a period that has closed; the sample says so for ever.")
    ] = False,
    language: InLanguage = "en",
) -> None:
    """Publish the SHA-256 of the seed that the sample of an open period will be drawn with. The application does so by itself."""
    engine = open_store()
    with refusals_in(language), store.session(engine) as session:
        print(samples.announce(session, actor=ACTOR, period=period, late=late))


@samples_app.command()
def draw(
    period: Period,
    at_least: Annotated[int, typer.Option(min=0, help="Draw so many where the rules ask for fewer.")] = 0,
    language: InLanguage = "en",
) -> None:
    """Draw the sample of a period that has closed, once. The application does so by itself."""
    engine = open_store()
    with refusals_in(language), store.session(engine) as session:
        print(samples.draw(session, actor=ACTOR, period=period, at_least=at_least))


@samples_app.command()
def check(period: Period, output: TableJson = TableOrJson.TABLE, language: InLanguage = "en") -> None:
    """Redo a draw from its seed. Exit status 1: the sample is not what the seed draws, or was announced too late."""
    engine = open_store()
    with refusals_in(language):
        found = samples.check(engine, period=period)
    if output is TableOrJson.JSON:
        print_json({**dataclasses.asdict(found), "holds": found.holds})
    else:
        print(f"The seed is the one that was announced: {'yes' if found.seed_fits else 'NO'}")
        print(f"It was announced before the period closed: {'yes' if found.in_time else 'NO'}")
        print(f"Positions at which another claim stands: {', '.join(map(str, found.differing)) or 'none'}")
    if not found.holds:
        raise typer.Exit(1)
