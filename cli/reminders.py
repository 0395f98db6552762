"""Reminders from the command line: who owes reports, letters in a zip or by mail, and the log; the same letters as on screen."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import polars as pl
import typer

import words
from cli.figures import InScope
from cli.options import TableJson, TableOrJson, language_option
from cli.output import print_json, print_notes, print_table, progress
from cli.reading import CannotRunError, Reading, open_reading, open_store
from cli.uploads import person_of, refusals_in
from data_access import contacts, mail, reminding, settings, store
from data_access.accounts import Person
from kpi.reporting import calendar as reporting_calendar
from kpi.reporting import reminders
from kpi.reporting.calendar import Period
from kpi.vocabulary import Scope

reminders_app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Reminders of reports: list, write, send, log."
)

User = Annotated[str, typer.Option("--user", metavar="NAME", help="The account in whose name it is done.")]
OfPeriod = Annotated[
    str, typer.Option("--period", metavar="CODE", help="For example 2026-Q1; the last that has ended if left out.")
]
InLetters = Annotated[str, language_option("Language of the letters.")]


def add_to(app: typer.Typer) -> None:
    """Make `reminders` a command of the operator's tool."""
    app.add_typer(reminders_app, name="reminders")


@reminders_app.command("list")
def list_(period: OfPeriod = "", scope: InScope = Scope.HIGH_LEVEL, output: TableJson = TableOrJson.TABLE) -> None:
    """The agencies that owe reports, with the addresses they can be reminded at."""
    reading = open_reading(scope=scope)
    found = _period(reading, period)
    engine = open_store()
    addresses = dict(contacts.read(engine).select("agency", "email").iter_rows())
    rows = [
        {
            "agency": owes.agency,
            "period": found.code,
            "owed": owes.owed,
            "missing": owes.missing.height,
            "email": addresses.get(owes.agency, ""),
        }
        for owes in reminders.owing(reading.facts, found, reminding.read_offices(engine))
    ]
    if output is TableOrJson.JSON:
        print_json(rows)
    else:
        print_table(pl.DataFrame(rows, schema=_LISTED))
        print_notes(reading.notes)


_LISTED = {"agency": pl.String, "period": pl.String, "owed": pl.Int64, "missing": pl.Int64, "email": pl.String}


@reminders_app.command("write")
def write(
    user: User,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The zip to be written.")],
    period: OfPeriod = "",
    scope: InScope = Scope.HIGH_LEVEL,
    output: TableJson = TableOrJson.TABLE,
    language: InLetters = words.DEFAULT_LANGUAGE,
) -> None:
    """One DOCX letter for each agency that owes reports, all in one zip."""
    reading = open_reading(scope=scope)
    found = _period(reading, period)
    person = person_of(open_store(), user)
    if not out.parent.is_dir():
        raise CannotRunError(f"{out.parent} is no folder: make it, or name another file.")
    with words.in_language(language):
        letters = list(_letters(reading, person, found))
    with refusals_in("en"), store.session(open_store()) as session:
        taken = [(letter.agency, letter.missing) for letter in letters]
        reminding.note_file(session, actor=person, period=found.code, letters=taken)
        out.write_bytes(reminding.zipped(letters))
    if output is TableOrJson.JSON:
        print_json({"file": str(out), "period": found.code, "letters": [letter.file_name for letter in letters]})
    else:
        print(f"{out}: {len(letters)} letters")


@reminders_app.command("send")
def send(
    user: User,
    period: OfPeriod = "",
    scope: InScope = Scope.HIGH_LEVEL,
    apply: Annotated[bool, typer.Option("--apply", help="Send them; without it, it is only shown to whom.")] = False,
    output: TableJson = TableOrJson.TABLE,
    language: InLetters = words.DEFAULT_LANGUAGE,
) -> None:
    """The letters by mail, through SMTP_URL. Exit status 1: some did not go; the log says which and why."""
    ours = settings.load()
    if apply and not ours.smtp_url:
        raise CannotRunError("SMTP_URL is not set: there is no mail server to send with. See docs/settings.md.")
    reading = open_reading(scope=scope)
    found = _period(reading, period)
    engine = open_store()
    person = person_of(engine, user)
    sent: list[reminding.Sent] = []
    with words.in_language(language):
        letters = [
            letter
            for letter in _letters(reading, person, found)
            if letter.agency not in reminding.already_sent(engine, period=found.code)
        ]
        if apply:
            with progress("Sending", len(letters)) as told, mail.mailer(ours) as mailer, refusals_in("en"):
                sent = reminding.send(
                    engine,
                    actor=person,
                    period=found.code,
                    letters=letters,
                    mailer=mailer,
                    told=lambda _: _moved_on(told),
                )
    addresses = dict(contacts.read(engine).select("agency", "email").iter_rows())
    became = {one.agency: one.failed or "sent" for one in sent}
    rows = [
        {
            "agency": letter.agency,
            "address": addresses.get(letter.agency, ""),
            "missing": letter.missing,
            "outcome": became.get(letter.agency, "not sent"),
        }
        for letter in letters
    ]
    if output is TableOrJson.JSON:
        print_json({"period": found.code, "applied": apply, "letters": rows})
    else:
        schema = {"agency": pl.String, "address": pl.String, "missing": pl.Int64, "outcome": pl.String}
        print_table(pl.DataFrame(rows, schema=schema))
    if any(one.failed for one in sent):
        raise typer.Exit(1)


@reminders_app.command("log")
def log(period: OfPeriod = "", output: TableJson = TableOrJson.TABLE) -> None:
    """What was sent to whom, when, by whom, and whether it went; the latest first."""
    found = reminding.read_log(open_store(), period=period or None)
    if output is TableOrJson.JSON:
        print_json(found.to_dicts())
    else:
        print_table(found)


def _letters(reading: Reading, person: Person, period: Period) -> list[reminding.ToSend]:
    return list(
        reminding.compose(
            open_store(),
            reading.facts,
            period,
            sender=person.office or words.name("role", person.role),
            known_on=None,
            is_demo=reading.version.is_demo,
        )
    )


def _moved_on(told: store.Told) -> None:
    told(1)


def _period(reading: Reading, code: str) -> Period:
    periods = reporting_calendar.calendar(reading.register)
    ended = reporting_calendar.ended(periods, reading.as_of)
    offered = [period for period in ended if code in ("", period.code)]
    if not offered:
        what = f"--period {code}: no such period has ended" if code else "No reporting period has ended"
        raise CannotRunError(f"{what}. See which there are: python manage.py periods list")
    return offered[-1]
