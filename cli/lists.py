"""Lists from the command line, by the coordinator's rules: entries are added, renamed, given further names, merged, split and
closed from a day on, and any of it is taken back."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Annotated, Any, Final

import polars as pl
import typer
from sqlmodel import Session

from cli.options import ACTOR, InLanguage, TableJson, TableOrJson
from cli.output import print_json, print_table
from cli.packs import lists_for
from cli.reading import CannotRunError, open_store, parse_day
from cli.uploads import account_of, refusals_in
from data_access import lists, store
from data_access.accounts import Person
from data_access.lists.kinds import PROVINCES
from seed_data import packs
from seed_data.store import begin

lists_app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="The lists: show, add, rename, merge, split, close; remove, call, uncall, tier, undo.",
)


class ListName(enum.StrEnum):
    """The lists that can be changed."""

    AGENCIES = "agencies"
    PROVINCES = "provinces"
    PARTNERS = "partners"
    TIERS = "tiers"
    SECTORS = "sectors"
    DOCUMENT_TYPES = "document-types"
    EXCHANGES = "exchanges"


_OF: Final = {
    ListName.AGENCIES: "agency",
    ListName.PROVINCES: "agency",
    ListName.PARTNERS: "partner",
    ListName.TIERS: "tier",
    ListName.SECTORS: "sector",
    ListName.DOCUMENT_TYPES: "doc_type",
    ListName.EXCHANGES: "exchange",
}

Which = Annotated[ListName, typer.Argument(metavar="LIST", help=f"Which list: {', '.join(ListName)}.")]
Code = Annotated[str, typer.Argument(metavar="CODE", help="The entry's code, as it is written in the list.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="Another name files may use.")]
User = Annotated[
    str, typer.Option("--user", metavar="NAME", help="The coordinator's account in whose name it is done.")
]
NameVi = Annotated[str, typer.Option("--name-vi", help="Its name in Vietnamese.")]
NameEn = Annotated[str, typer.Option("--name-en", help="Its name in English.")]
AbbrVi = Annotated[str, typer.Option("--abbr-vi", help="Of an agency: its abbreviation in Vietnamese.")]
AbbrEn = Annotated[str, typer.Option("--abbr-en", help="Of an agency: its abbreviation in English.")]
Into = Annotated[str, typer.Option("--into", metavar="CODE", help="The entry in its place.")]
From = Annotated[str, typer.Option("--from", metavar="DAY", help="The first day of that, as 2026-07-01.")]
Apply = Annotated[bool, typer.Option("--apply", help="Store the change; without it, it is only shown.")]
Change = Callable[[Session, Person], int]


def add_to(app: typer.Typer) -> None:
    """Make `list` a command of the operator's tool."""
    app.add_typer(lists_app, name="list")


@lists_app.command()
def show(which: Which, output: TableJson = TableOrJson.TABLE) -> None:
    """Every entry, by code, with all the names it is understood by."""
    frame = lists.read(open_store(), _OF[which])
    if which is ListName.PROVINCES:
        frame = frame.filter(pl.col("kind").is_in(PROVINCES))
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
    kind: Annotated[
        str,
        typer.Option(help="Of an agency or partner its kind, of a sector its group, of a document what it is in law."),
    ] = "",
    region: Annotated[str, typer.Option(help="Of a partner: a region the list has; else that of --under.")] = "",
    under: Annotated[
        str, typer.Option(metavar="CODE", help="The country of a partner below it; the partner of an exchange.")
    ] = "",
    abbr_vi: AbbrVi = "",
    abbr_en: AbbrEn = "",
    since: Annotated[
        str, typer.Option("--from", metavar="DAY", help="The first day of an agency, the day of an exchange.")
    ] = "",
    apply: Apply = False,
    output: TableJson = TableOrJson.TABLE,
    language: InLanguage = "en",
) -> None:
    """A new entry."""
    day = parse_day(since, of="--from") if since else None
    kind = kind or ("province" if which is ListName.PROVINCES else "")
    entry = lists.Entry(code, name_vi, name_en, kind, region, under or None, abbr_vi, abbr_en, day)
    of = _OF[which]
    _change(
        lambda session, person: lists.add(session, actor=person, of=of, entry=entry),
        *(user, of, code, apply, output, language),
    )


@lists_app.command()
def rename(
    which: Which,
    code: Code,
    user: User,
    name_vi: NameVi,
    name_en: NameEn,
    abbr_vi: AbbrVi = "",
    abbr_en: AbbrEn = "",
    apply: Apply = False,
    output: TableJson = TableOrJson.TABLE,
    language: InLanguage = "en",
) -> None:
    """Other names for an entry; the ones it had are understood as before."""
    of = _OF[which]
    names = {"name_vi": name_vi, "name_en": name_en, "abbr_vi": abbr_vi, "abbr_en": abbr_en}
    _change(
        lambda session, person: lists.rename(session, actor=person, of=of, code=code, **names),
        *(user, of, code, apply, output, language),
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
    of = _OF[which]
    _change(
        lambda session, person: lists.remove(session, actor=person, of=of, code=code),
        *(user, of, code, apply, output, language),
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
    of = _OF[which]
    _change(
        lambda session, person: lists.call_also(session, actor=person, of=of, code=code, name=name),
        *(user, of, code, apply, output, language),
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
    of = _OF[which]
    _change(
        lambda session, person: lists.call_no_more(session, actor=person, of=of, code=code, name=name),
        *(user, of, code, apply, output, language),
    )


@lists_app.command()
def merge(
    which: Which,
    code: Code,
    into: Into,
    day: From,
    user: User,
    apply: Apply = False,
    output: TableJson = TableOrJson.TABLE,
    language: InLanguage = "en",
) -> None:
    """From a day on another entry is in the place of this one; an agency's agreements come to it."""
    of, since = _OF[which], parse_day(day, of="--from")
    _change(
        lambda session, person: lists.merge(session, actor=person, of=of, code=code, into=into, effective_on=since),
        *(user, of, code, apply, output, language),
    )


@lists_app.command()
def split(
    which: Which,
    code: Code,
    into: Into,
    day: From,
    user: User,
    refs: Annotated[
        list[str] | None,
        typer.Option("--ref", metavar="REF", help="Of an agency: an agreement that goes over; repeatable."),
    ] = None,
    partners: Annotated[
        list[str] | None,
        typer.Option("--partner", metavar="CODE", help="Of a tier: a partner that goes over; repeatable."),
    ] = None,
    tasks: Annotated[str, typer.Option(help="Which tasks go over, in words.")] = "",
    apply: Apply = False,
    output: TableJson = TableOrJson.TABLE,
    language: InLanguage = "en",
) -> None:
    """From a day on some agreements of an agency are another's, or some partners of a tier of another; both go on."""
    if _OF[which] not in (lists.AGENCIES.name, lists.TIERS.name):
        raise CannotRunError(f"{which}: only agencies, provinces and tiers can be split.")
    since = parse_day(day, of="--from")

    def change(session: Session, person: Person) -> int:
        given: dict[str, Any] = {"actor": person, "code": code, "into": into, "effective_on": since}
        if which is ListName.TIERS:
            return lists.split_tier(session, partners=partners or [], **given)
        return lists.split(session, refs=refs or [], tasks=tasks, **given)

    _change(change, user, _OF[which], code, apply, output, language)


@lists_app.command()
def close(
    which: Which,
    code: Code,
    day: From,
    user: User,
    apply: Apply = False,
    output: TableJson = TableOrJson.TABLE,
    language: InLanguage = "en",
) -> None:
    """From a day on nothing new can name this entry, and no other is in its place."""
    of, since = _OF[which], parse_day(day, of="--from")
    _change(
        lambda session, person: lists.close(session, actor=person, of=of, code=code, effective_on=since),
        *(user, of, code, apply, output, language),
    )


@lists_app.command()
def undo(
    which: Which,
    code: Code,
    user: User,
    apply: Apply = False,
    output: TableJson = TableOrJson.TABLE,
    language: InLanguage = "en",
) -> None:
    """Take back the last merger, split or closing of an entry. What was added: `remove`; a name: `rename`, `uncall`."""
    of = _OF[which]
    _change(
        lambda session, person: lists.reopen(session, actor=person, of=of, code=code),
        *(user, of, code, apply, output, language),
    )


@lists_app.command()
def tier(
    code: Code,
    which: Annotated[str, typer.Argument(metavar="TIER", help="The code of a tier of the list.")],
    day: From,
    user: User,
    apply: Apply = False,
    output: TableJson = TableOrJson.TABLE,
    language: InLanguage = "en",
) -> None:
    """From a day on relations with a partner are of this tier."""
    since = parse_day(day, of="--from")
    _change(
        lambda session, person: lists.set_tier(session, actor=person, code=code, tier=which, effective_on=since),
        *(user, lists.PARTNERS.name, code, apply, output, language),
    )


@lists_app.command()
def untier(
    code: Code,
    user: User,
    apply: Apply = False,
    output: TableJson = TableOrJson.TABLE,
    language: InLanguage = "en",
) -> None:
    """Take back the last tier that was given to a partner by `tier`."""
    _change(
        lambda session, person: lists.unset_tier(session, actor=person, code=code),
        *(user, lists.PARTNERS.name, code, apply, output, language),
    )


def _change(change: Change, user: str, of: str, code: str, apply: bool, output: TableOrJson, language: str) -> None:
    """Try a change, and keep it if it is to be applied; what is only shown went through the same checks. A store without lists gets
    those that come along first, so that they can be changed before a register is loaded."""
    engine = open_store()
    person, is_empty = account_of(engine, user), packs.stored(engine) is None
    with refusals_in(language), store.session(engine) as session:
        if is_empty:
            begin(session, lists_for(None), actor=ACTOR)
        old = lists.told(session, of, code)
        change(session, person)
        new = lists.told(session, of, code)
        if not apply:
            session.rollback()
    if output is TableOrJson.JSON:
        print_json({"old": old, "new": new, "applied": apply})
        return
    print_table(pl.DataFrame([{"": side, **row} for side, part in (("old", old), ("new", new)) for row in part]))
    print("Stored." if apply else "Nothing stored: this is what --apply would store.")
