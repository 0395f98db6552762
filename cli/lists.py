"""Lists from the command line, by the coordinator's rules: partners are added, renamed, given further names, and taken out."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Annotated

import polars as pl
import typer
from sqlmodel import Session

from cli.options import InLanguage, TableJson, TableOrJson
from cli.output import print_json, print_table
from cli.reading import open_store
from cli.uploads import person_of, refusals_in
from data_access import partners, store
from data_access.accounts import Person

lists_app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="The lists: show, add, rename, remove, call, uncall."
)


class ListName(enum.StrEnum):
    """The lists that can be changed."""

    PARTNERS = "partners"


Which = Annotated[ListName, typer.Argument(metavar="LIST", help="Which list: partners.")]
Code = Annotated[str, typer.Argument(metavar="CODE", help="The entry's code, as it is written in the list.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="Another name files may use.")]
User = Annotated[
    str, typer.Option("--user", metavar="NAME", help="The coordinator's account in whose name it is done.")
]
NameVi = Annotated[str, typer.Option("--name-vi", help="Its name in Vietnamese.")]
NameEn = Annotated[str, typer.Option("--name-en", help="Its name in English.")]
Apply = Annotated[bool, typer.Option("--apply", help="Store the change; without it, it is only shown.")]
Change = Callable[[Session, Person], int]


def add_to(app: typer.Typer) -> None:
    """Make `list` a command of the operator's tool."""
    app.add_typer(lists_app, name="list")


@lists_app.command()
def show(which: Which, output: TableJson = TableOrJson.TABLE) -> None:
    """Every entry, by code, with all the names it is understood by."""
    frame = partners.read(open_store())
    if output is TableOrJson.JSON:
        print_json(frame.to_dicts())
    else:
        print_table(frame)


@lists_app.command()
def add(
    which: Which,
    code: Code,
    user: User,
    name_vi: NameVi,
    name_en: NameEn,
    kind: Annotated[str, typer.Option(help="A kind the list has: country, organisation, bloc, subnational ...")],
    region: Annotated[str, typer.Option(help="A region the list has; that of --under if left out.")] = "",
    under: Annotated[str, typer.Option(metavar="CODE", help="The country of a partner below it.")] = "",
    apply: Apply = False,
    output: TableJson = TableOrJson.TABLE,
    language: InLanguage = "en",
) -> None:
    """A new entry."""
    entry = partners.Entry(code, name_vi, name_en, kind, region, under or None)
    _change(
        lambda session, person: partners.add(session, actor=person, entry=entry), user, code, apply, output, language
    )


@lists_app.command()
def rename(
    which: Which,
    code: Code,
    user: User,
    name_vi: NameVi,
    name_en: NameEn,
    apply: Apply = False,
    output: TableJson = TableOrJson.TABLE,
    language: InLanguage = "en",
) -> None:
    """Other names for an entry; the ones it had are understood as before."""
    _change(
        lambda session, person: partners.rename(session, actor=person, code=code, name_vi=name_vi, name_en=name_en),
        *(user, code, apply, output, language),
    )


@lists_app.command()
def remove(
    which: Which,
    code: Code,
    user: User,
    apply: Apply = False,
    output: TableJson = TableOrJson.TABLE,
    language: InLanguage = "en",
) -> None:
    """Take out an entry that was added and that nothing refers to."""
    _change(
        lambda session, person: partners.remove(session, actor=person, code=code), user, code, apply, output, language
    )


@lists_app.command()
def call(
    which: Which,
    code: Code,
    name: Name,
    user: User,
    apply: Apply = False,
    output: TableJson = TableOrJson.TABLE,
    language: InLanguage = "en",
) -> None:
    """Understand a further name as this entry."""
    _change(
        lambda session, person: partners.call_also(session, actor=person, code=code, name=name),
        *(user, code, apply, output, language),
    )


@lists_app.command()
def uncall(
    which: Which,
    code: Code,
    name: Name,
    user: User,
    apply: Apply = False,
    output: TableJson = TableOrJson.TABLE,
    language: InLanguage = "en",
) -> None:
    """Take a further name away that was given by `call` or `rename`."""
    _change(
        lambda session, person: partners.call_no_more(session, actor=person, code=code, name=name),
        *(user, code, apply, output, language),
    )


def _change(change: Change, user: str, code: str, apply: bool, output: TableOrJson, language: str) -> None:
    """Try a change, and keep it if it is to be applied; what is only shown went through the same checks."""
    engine = open_store()
    person = person_of(engine, user)
    with refusals_in(language), store.session(engine) as session:
        old = partners.told(session, code)
        change(session, person)
        new = partners.told(session, code)
        if not apply:
            session.rollback()
    if output is TableOrJson.JSON:
        print_json({"old": old, "new": new, "applied": apply})
        return
    print_table(pl.DataFrame([{"": side, **row} for side, part in (("old", old), ("new", new)) for row in part]))
    print("Stored." if apply else "Nothing stored: this is what --apply would store.")
