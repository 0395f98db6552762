"""The operator's tool: prepare a store, load a register, read scorecards, keep accounts.

`python manage.py --help` lists the commands, `docs/command_line.md` the contract of their JSON. Exit status: 0 done,
1 the file to be loaded has problems (they are listed, nothing is stored), 2 the command could not run (one line why).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import polars as pl
import typer

import words
from cli import keeping, people, periods, review, uploads
from cli.output import (
    Format,
    TableOrJson,
    language_option,
    print_frame,
    print_json,
    print_notes,
    print_problems,
    print_summary,
    print_table,
)
from cli.reading import CannotRunError, open_reading
from data_access import settings, store
from data_access.acting import Refused
from data_access.store import failures
from kpi.facts.signs import FLAGS
from kpi.indicators import scorecard
from kpi.vocabulary import Scope
from seed_data import published, reference
from seed_data.mapping.build import RegisterFrames, map_register
from seed_data.mapping.problems import MappingError
from seed_data.mapping.summary import summarise
from seed_data.store import NAMED, StoreInUseError, fill, read_named

ACTOR = "manage.py"
"""Who the audit names for what is done here."""

GROUPS = ("agency", "partner", "sector")
SCORECARD_COLUMNS = ("kpi", "n", "numerator", "denominator", "value", "low", "high", "score", "status")
AGREEMENT_COLUMNS = (
    *("ref", "title_vi", "title_en", "agency", "partner", "sector", "scope", "state", "bucket"),
    *("signed_on", "started_on", "completed_on", "original_target", "current_target"),
    *("days_overdue", "days_since_progress"),
)
AGREEMENT_TABLE = ("ref", "title_en", "agency", "partner", "state", "bucket", "signed_on", "original_target", "flags")

app = typer.Typer(
    add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None, help=__doc__
)
people.add_to(app)
uploads.add_to(app)
review.add_to(app)
periods.add_to(app)
keeping.add_to(app)

AsOf = Annotated[
    str, typer.Option("--as-of", metavar="DATE", help="The day looked at; the register's data date if left out.")
]
InScope = Annotated[str, typer.Option(help="HIGH_LEVEL, LOCAL or ALL.")]
InLanguage = Annotated[str, language_option("Language of messages.")]
InFormat = Annotated[Format, typer.Option("--format", help="How results are written.")]
TableJson = Annotated[TableOrJson, typer.Option("--format", help="How results are written.")]


# --- Store and registers ---------------------------------------------------------------------------------------------


@app.command()
def init() -> None:
    """Make the store's tables, or bring them up to date. DATABASE_URL says which store, REGISTER which SQLite file."""
    configured = settings.load()
    engine = store.get_engine(configured.database_url)
    if store.is_above_policies(engine):
        superuser = "DATABASE_URL names a superuser, whom PostgreSQL's row-level security does not hold"
        if configured.is_production:
            raise CannotRunError(f"{superuser}. Connect as a role of the application's own; see docs/deploy/README.md.")
        print(f"{superuser}: production will not start like this.")
    store.migrate(engine)
    print(f"The store is ready: {engine.url.render_as_string(hide_password=True)}")
    if settings.load({}).app_secret == configured.app_secret:  # the one made for this process
        print(
            "APP_SECRET is not set: in demo mode a new random one is made at every start. Second factors set up before it"
        )
        print(
            f"can then no longer be read. To keep them, set it once, for example: export APP_SECRET={configured.app_secret}"
        )


@app.command()
def load(
    what: Annotated[
        str, typer.Argument(metavar="demo|worldbank|FILE", help="A register that comes along, or a CSV or XLSX file.")
    ],
    mapping: Annotated[Path | None, typer.Option(help="How FILE is read (TOML); see docs/own_register.md.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be loaded; store nothing.")] = False,
    output: TableJson = TableOrJson.TABLE,
    language: InLanguage = "en",
) -> None:
    """Load a register into an empty store. A file with problems is refused whole; each problem is named."""
    try:
        register = _read(what, mapping)
    except MappingError as error:
        print_problems(error.problems, language)
        raise typer.Exit(1) from None
    if not dry_run:
        engine = store.get_engine()
        store.migrate(engine)
        with store.session(engine) as session:
            fill(session, actor=ACTOR, register=register, origin=Path(what).name)
    if output is TableOrJson.JSON:
        print_json(summarise(register, stored=not dry_run))
    else:
        print_summary(register, stored=not dry_run, language=language)


def _read(what: str, mapping: Path | None) -> RegisterFrames:
    if what in NAMED and mapping is None:
        return read_named(what)
    path = Path(what)
    if not path.is_file():
        raise CannotRunError(f"{what}: there is no such file. Name a CSV or XLSX file, or one of {', '.join(NAMED)}.")
    if mapping is None:
        raise CannotRunError(f"{what}: say how it is to be read with --mapping FILE.toml (see docs/own_register.md).")
    if not mapping.is_file():
        raise CannotRunError(f"{mapping}: there is no such file. --mapping names the TOML that describes {path.name}.")
    return map_register(
        path.read_bytes(), mapping.read_bytes(), file=path.name, mapping_file=mapping.name, lists=reference.frames()
    )


# --- Reading ---------------------------------------------------------------------------------------------------------


@app.command()
def scorecards(
    as_of: AsOf = "",
    by: Annotated[str, typer.Option(help="agency, partner or sector.")] = "agency",
    scope: InScope = Scope.HIGH_LEVEL,
    group: Annotated[str, typer.Option(help="Only this group (its code).")] = "",
    output: InFormat = Format.TABLE,
) -> None:
    """Every KPI of every agency, partner or sector."""
    if by not in GROUPS:
        raise CannotRunError(f"--by {by}: groups are {', '.join(GROUPS)}.")
    reading = open_reading(as_of=as_of, scope=scope)
    computed = scorecard.compute(reading.facts, by=[by], rules=reading.rules)
    cards = computed.select(pl.col(by).alias("group"), *SCORECARD_COLUMNS)
    if group and group not in cards["group"]:
        raise CannotRunError(f"--group {group}: no agreement of this register and scope is under that code.")
    print_frame(cards.filter(pl.col("group") == group) if group else cards, output, reading.notes)


@app.command()
def agreements(
    as_of: AsOf = "",
    flag: Annotated[
        list[str] | None, typer.Option(help=f"Only those so marked: {', '.join(FLAGS)}. Several: marked with each.")
    ] = None,
    scope: InScope = Scope.HIGH_LEVEL,
    output: InFormat = Format.TABLE,
) -> None:
    """The agreements known on a day, with state, dates and flags."""
    wanted = flag or []
    for name in wanted:
        if name not in FLAGS:
            raise CannotRunError(f"--flag {name}: flags are {', '.join(FLAGS)}.")
    reading = open_reading(as_of=as_of, scope=scope)
    rows = reading.facts.agreements.filter(pl.lit(True), *(FLAGS[name] for name in wanted))
    flags = pl.concat_list(pl.when(condition).then(pl.lit(name)) for name, condition in FLAGS.items()).list.drop_nulls()
    listed = rows.select(*AGREEMENT_COLUMNS, flags=flags)
    if output is not Format.JSON:
        listed = listed.with_columns(pl.col("flags").list.join(" "))
    if output is Format.TABLE:
        listed = listed.select(AGREEMENT_TABLE)
    print_frame(listed, output, reading.notes)


@app.command()
def reconcile(
    output: TableJson = TableOrJson.TABLE,
    national: Annotated[
        bool, typer.Option("--national", help="The register claims to hold all agreements of the country.")
    ] = False,
    language: InLanguage = "en",
) -> None:
    """The register beside every published figure, and where the published figures disagree among themselves."""
    reading = open_reading()
    comparable = reading.version.is_demo or national
    figures = published.reconcile(
        reading.register, data_date=reading.data_date, comparable=comparable, rules=reading.rules
    )
    rows = [
        {
            "key": figure.key,
            "published": published.plain(figure.published),
            "qualifier": figure.qualifier,
            "ours": published.plain(figure.ours),
            "met": figure.met,
        }
        for figure in figures
    ]
    if output is TableOrJson.JSON:
        print_json(rows)
        return
    columns = ("key", "published", "qualifier", "ours")
    texts = [{name: None if row[name] is None else str(row[name]) for name in columns} for row in rows]
    print_table(pl.DataFrame(texts).with_columns(met=pl.Series([row["met"] for row in rows], dtype=pl.Boolean)))
    _print_contradictions(language, comparable=comparable)
    print_notes(reading.notes)


def _print_contradictions(language: str, *, comparable: bool) -> None:
    with words.in_language(language):
        print("\n" + words.t("published.contradictions"))
        for item in published.contradictions():
            print(f"- {words.t(f'published.contradiction.{item.code}', **item.params)} ({', '.join(item.keys)})")
        if not comparable:
            print("\n" + words.t("published.not_national"))


# --- Running ---------------------------------------------------------------------------------------------------------


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line; the exit status."""
    try:
        app(args=None if arguments is None else list(arguments), prog_name="manage.py")
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 0
    except StoreInUseError as error:
        held = f"The store already holds the register {error.code!r} ({error.name})" if error.code else str(error)
        reason = f"{held}. Name an empty one with DATABASE_URL, or with REGISTER=name for a SQLite file of its own."
    except failures.STORE_ERRORS as error:
        reason = f"The store does not answer as it should: {failures.reason_of(error)}"
    except (CannotRunError, settings.SettingsError, Refused, OSError) as error:
        reason = str(error)
    print(f"manage.py: {' '.join(reason.split())}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
