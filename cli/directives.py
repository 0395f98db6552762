"""Directives and escalations from the command line: listed as they stand on a day. They are given and settled on screen."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from cli.options import TableJson, TableOrJson
from cli.output import print_json, print_table
from cli.reading import open_store, parse_day
from data_access import directives

directives_app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="What agencies were told to do, and what they ask levels above them: list, escalations.",
)

DIRECTIVES: Final = (
    *("id", "agency", "task", "state", "due_on", "due_now", "is_overdue", "days_overdue", "has_no_answer", "was_late"),
    *(
        "about",
        "about_code",
        "ref",
        "answer",
        "answered_on",
        "said_by",
        "issued_by",
        "issued_on",
        "done_on",
        "ended_on",
    ),
)
ESCALATIONS: Final = (
    *(
        "id",
        "agency",
        "ref",
        "level_now",
        "ask",
        "proposal",
        "otherwise",
        "state",
        "raised_on",
        "due_now",
        "is_overdue",
    ),
    *("days_overdue", "days_waiting", "ended_on", "outcome"),
)
AsOf = Annotated[str, typer.Option("--as-of", help="As they stand on this day (YYYY-MM-DD); today without it.")]


def add_to(app: typer.Typer) -> None:
    """Make `directives` a command of the operator's tool."""
    app.add_typer(directives_app, name="directives")


@directives_app.command("list")
def list_(as_of: AsOf = "", output: TableJson = TableOrJson.TABLE) -> None:
    """Every directive, overdue ones first."""
    found = directives.read(open_store(), on=parse_day(as_of) if as_of else None).select(DIRECTIVES)
    if output is TableOrJson.JSON:
        print_json(found.to_dicts())
    else:
        print_table(found.select("id", "agency", "task", "state", "due_now", "days_overdue", "issued_by"))


@directives_app.command()
def escalations(as_of: AsOf = "", output: TableJson = TableOrJson.TABLE) -> None:
    """Everything that was sent to a level above an agency, what waits too long first."""
    found = directives.read_escalations(open_store(), on=parse_day(as_of) if as_of else None).select(ESCALATIONS)
    if output is TableOrJson.JSON:
        print_json(found.to_dicts())
    else:
        print_table(found.select("id", "agency", "ref", "level_now", "ask", "state", "due_now", "days_overdue"))
