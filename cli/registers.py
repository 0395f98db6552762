"""A store and its register: make the tables, fetch a list, load a register."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import polars as pl
import typer

import words
from cli import fetching
from cli.fetching import Country, country_code
from cli.options import ACTOR, InLanguage, TableJson, TableOrJson
from cli.output import print_json, print_names, print_problems, print_summary, progress
from cli.packs import Lists, lists_for, read_pack
from cli.reading import CannotRunError, parse_day
from data_access import settings, store
from data_access.packs import VIET_NAM, pack_of
from seed_data import demo, worldbank
from seed_data.mapping.build import RegisterFrames, map_register
from seed_data.mapping.problems import MappingError
from seed_data.mapping.summary import summarise
from seed_data.store import begin, fill


def add_to(app: typer.Typer) -> None:
    """Make `init` and `load` commands of the operator's tool."""
    app.command()(init)
    app.command()(load)


def init(
    lists: Annotated[
        str | None,
        typer.Option(
            metavar="[FOLDER]",
            help="Begin with the lists and words of a country pack; without a FOLDER, with what registers name.",
        ),
    ] = None,
    language: InLanguage = "en",
) -> None:
    """Make the store's tables, or bring them up to date. DATABASE_URL says which store, REGISTER which SQLite file."""
    begun = None if lists is None else _pack(lists, language)
    configured = settings.load()
    engine = store.get_engine(configured.database_url)
    if store.is_above_policies(engine):
        superuser = "DATABASE_URL names a superuser, whom PostgreSQL's row-level security does not hold"
        if configured.is_production:
            raise CannotRunError(f"{superuser}. Connect as a role of the application's own; see deploy/README.md.")
        print(f"{superuser}: production will not start like this.")
    store.migrate(engine)
    if begun is not None:
        with store.session(engine) as session:
            begin(session, begun, actor=ACTOR)
        print(f"Its lists: {pack_of(begun).name_en}")
    print(f"The store is ready: {engine.url.render_as_string(hide_password=True)}")
    if settings.load({}).app_secret == configured.app_secret:  # the one made for this process
        print(
            "APP_SECRET is not set: in demo mode a new random one is made at every start. Second factors set up before it"
        )
        print(
            f"can then no longer be read. To keep them, set it once, for example: export APP_SECRET={configured.app_secret}"
        )


def load(
    what: Annotated[
        str,
        typer.Argument(
            metavar="demo|worldbank|FILE", help="The demonstration, the list fetched last, or a CSV, XLSX or ODS file."
        ),
    ],
    mapping: Annotated[Path | None, typer.Option(help="How FILE is read (TOML); see docs/own_register.md.")] = None,
    data_date: Annotated[str, typer.Option(help="The day FILE describes, where that is not the mapping's.")] = "",
    country: Country = worldbank.HOME,
    lists: Lists = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be loaded; store nothing.")] = False,
    show_names: Annotated[
        bool, typer.Option("--show-names", help="List every name of an agency or a partner, and what it was taken for.")
    ] = False,
    output: TableJson = TableOrJson.TABLE,
    language: InLanguage = "en",
) -> None:
    """Load a register into an empty store. A file with problems is refused whole; each problem is named."""
    try:
        known = lists_for(lists, of_country=country if what == "worldbank" else "")
        register = _read(what, mapping, data_date, country, known)
    except MappingError as error:
        print_problems(error.problems, language)
        raise typer.Exit(1) from None
    if not dry_run:
        engine = store.get_engine()
        store.migrate(engine)
        rows = sum(frame.height for frame in register.frames.values())
        with (
            words.in_language(language),
            progress(words.t("mapping.loading"), rows) as told,
            store.session(engine) as session,
        ):
            fill(session, actor=ACTOR, register=register, origin=Path(what).name, lists=known, told=told)
    if output is TableOrJson.JSON:
        names = {"names": register.names.to_dicts()} if show_names else {}
        print_json({**summarise(register, stored=not dry_run), **names})
    else:
        print_summary(register, stored=not dry_run, language=language)
        if show_names:
            print_names(register, language)


def _pack(folder: str, language: str) -> Mapping[str, pl.DataFrame]:
    try:
        return read_pack(Path(folder))
    except MappingError as error:
        print_problems(error.problems, language)
        raise typer.Exit(1) from None


def _read(
    what: str, mapping: Path | None, data_date: str, country: str, lists: Mapping[str, pl.DataFrame]
) -> RegisterFrames:
    if what == "demo" and mapping is None:
        if pack_of(lists) != VIET_NAM:
            raise CannotRunError("demo: the demonstration is of Viet Nam's lists, and the store was begun with others.")
        return RegisterFrames(demo.frames())
    return read_file(what, mapping, data_date, country, lists)[0]


def read_file(
    what: str, mapping: Path | None, data_date: str, country: str, lists: Mapping[str, pl.DataFrame]
) -> tuple[RegisterFrames, bytes, str]:
    """A register read from a file (or the list fetched last) with these reference lists; the file's bytes and its name. Raises
    `MappingError`, and `CannotRunError` where there is no such file or mapping."""
    if what == "worldbank" and mapping is None:
        return _fetched(country_code(country), lists)
    path = Path(what)
    if not path.is_file():
        raise CannotRunError(f"{what}: there is no such file. Name a CSV, XLSX or ODS file, or one of demo, worldbank.")
    if mapping is None:
        raise CannotRunError(f"{what}: say how it is to be read with --mapping FILE.toml (see docs/own_register.md).")
    if not mapping.is_file():
        raise CannotRunError(f"{mapping}: there is no such file. --mapping names the TOML that describes {path.name}.")
    data = path.read_bytes()
    loaded = map_register(
        data,
        mapping.read_bytes(),
        file=path.name,
        mapping_file=mapping.name,
        lists=lists,
        data_date=parse_day(data_date, of="--data-date") if data_date else None,
    )
    return loaded, data, path.name


def _fetched(country: str, lists: Mapping[str, pl.DataFrame]) -> tuple[RegisterFrames, bytes, str]:
    """The list of the World Bank's operations in a country that was fetched last."""
    found = worldbank.newest(fetching.FETCHED, country)
    if found is None:
        raise CannotRunError(
            f"No list of operations in {country} was fetched yet. Fetch it: "
            f"python manage.py fetch worldbank --country {country}"
        )
    path, day = found
    data = path.read_bytes()
    return worldbank.read(data, file=path.name, lists=lists, data_date=day, country=country), data, path.name
