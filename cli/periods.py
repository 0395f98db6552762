"""The reporting calendar and the data date from the command line: the same rules as on the coordinator's page."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated

import polars as pl
import sqlalchemy as sa
import typer
from sqlmodel import Session

from cli.options import InLanguage, TableJson, TableOrJson
from cli.output import print_json, print_table
from cli.reading import CannotRunError, open_store, parse_day
from cli.uploads import person_of, refusals_in
from data_access import coordination, store
from data_access.accounts import Person
from data_access.clock import today
from data_access.register import read_data_version
from kpi.reporting.calendar import MOST_AT_ONCE, MOST_DAYS_UNTIL_DUE, Period, upcoming

Row = Mapping[str, object]
"""What is told of a period, or of the data date, before or after."""

periods_app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="The reporting calendar: list, add, due, remove, publish."
)


class Rhythm(enum.StrEnum):
    """How long periods are."""

    MONTH = "month"
    QUARTER = "quarter"
    HALF_YEAR = "half_year"
    YEAR = "year"


User = Annotated[
    str, typer.Option("--user", metavar="NAME", help="The coordinator's account in whose name it is done.")
]
Apply = Annotated[bool, typer.Option("--apply", help="Store the change; without it, it is only shown.")]
Code = Annotated[str, typer.Argument(metavar="CODE", help="A period's code, for example 2026-Q1.")]


def add_to(app: typer.Typer) -> None:
    """Make `periods` a command of the operator's tool."""
    app.add_typer(periods_app, name="periods")


@periods_app.command("list")
def list_(output: TableJson = TableOrJson.TABLE) -> None:
    """Every period, in order, with how many reports the store has for it."""
    engine = open_store()
    received = coordination.read_reports_received(engine)
    rows = [
        {**dataclasses.asdict(period), "reports": received.get(period.code, 0)}
        for period in coordination.read_periods(engine)
    ]
    if output is TableOrJson.JSON:
        print_json(rows)
    else:
        schema = {"code": pl.String, "starts_on": pl.Date, "ends_on": pl.Date, "due_on": pl.Date, "reports": pl.Int64}
        print_table(pl.DataFrame(rows, schema=schema))


@periods_app.command()
def add(
    user: User,
    frequency: Annotated[Rhythm, typer.Option(help="How long the periods are.")] = Rhythm.QUARTER,
    days: Annotated[
        int, typer.Option(min=1, max=MOST_DAYS_UNTIL_DUE, help="Days from a period's end until its reports are due.")
    ] = 10,
    count: Annotated[int, typer.Option(min=1, max=MOST_AT_ONCE, help="How many periods.")] = 1,
    apply: Apply = False,
    output: TableJson = TableOrJson.TABLE,
    language: InLanguage = "en",
) -> None:
    """The next periods after the last one, whose reports are still ahead."""
    engine = open_store()
    version = read_data_version(engine)
    now = today(None if version is None else version.data_date)
    periods = upcoming(coordination.read_periods(engine), frequency.value, days_until_due=days, count=count, today=now)
    _change(
        engine,
        user,
        lambda session, person: coordination.add_periods(session, actor=person, periods=periods),
        old=(),
        new=[dataclasses.asdict(period) for period in periods],
        apply=apply,
        output=output,
        language=language,
    )


@periods_app.command()
def due(
    code: Code,
    day: Annotated[str, typer.Argument(metavar="DATE", help="The new due date, as 2026-04-20.")],
    user: User,
    apply: Apply = False,
    output: TableJson = TableOrJson.TABLE,
    language: InLanguage = "en",
) -> None:
    """Another due date for a period that is not due yet."""
    engine = open_store()
    seen = _period(engine, code)
    due_on = parse_day(day, of="DATE")
    _change(
        engine,
        user,
        lambda session, person: coordination.move_due_date(session, actor=person, seen=seen, due_on=due_on),
        old=[dataclasses.asdict(seen)],
        new=[dataclasses.asdict(dataclasses.replace(seen, due_on=due_on))],
        apply=apply,
        output=output,
        language=language,
    )


@periods_app.command()
def remove(
    code: Code,
    user: User,
    apply: Apply = False,
    output: TableJson = TableOrJson.TABLE,
    language: InLanguage = "en",
) -> None:
    """Take out a period that is not due yet and for which no report came."""
    engine = open_store()
    seen = _period(engine, code)
    _change(
        engine,
        user,
        lambda session, person: coordination.remove_periods(session, actor=person, seen=(seen,)),
        old=[dataclasses.asdict(seen)],
        new=(),
        apply=apply,
        output=output,
        language=language,
    )


@periods_app.command()
def publish(
    day: Annotated[str, typer.Argument(metavar="DATE", help="The day up to which everybody sees the register.")],
    user: User,
    apply: Apply = False,
    output: TableJson = TableOrJson.TABLE,
    language: InLanguage = "en",
) -> None:
    """Another data date: today at the latest, and at the earliest the last due date that has passed."""
    engine = open_store()
    to, version = parse_day(day, of="DATE"), read_data_version(engine)
    if version is None or version.data_date is None:
        raise CannotRunError("The store holds no register yet. Load one: python manage.py load demo")
    before = version.data_date
    _change(
        engine,
        user,
        lambda session, person: coordination.publish(session, actor=person, day=to, seen=before),
        old=({"data_date": before},),
        new=({"data_date": to},),
        apply=apply,
        output=output,
        language=language,
    )


def _period(engine: sa.Engine, code: str) -> Period:
    for period in coordination.read_periods(engine):
        if period.code == code:
            return period
    raise CannotRunError(f"{code}: there is no period of this code. List them: python manage.py periods list")


def _change(
    engine: sa.Engine,
    user: str,
    write: Callable[[Session, Person], int],
    *,
    old: Sequence[Row],
    new: Sequence[Row],
    apply: bool,
    output: TableOrJson,
    language: str,
) -> None:
    """Try a change, and keep it if it is to be applied; what is only shown went through the same checks."""
    person = person_of(engine, user)
    with refusals_in(language), store.session(engine) as session:
        write(session, person)
        if not apply:
            session.rollback()
    told = {"old": list(old), "new": list(new)}
    if output is TableOrJson.JSON:
        print_json({**told, "applied": apply})
        return
    rows = [{"": side, **row} for side, part in told.items() for row in part]
    print_table(pl.DataFrame(rows))
    print("Stored." if apply else "Nothing stored: this is what --apply would store.")
