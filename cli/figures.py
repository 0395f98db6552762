"""Figures of the register: scorecards, agreements, and the published figures beside them."""

from __future__ import annotations

from typing import Annotated

import polars as pl
import typer

import words
from cli.options import Format, InFormat, InLanguage, TableJson, TableOrJson
from cli.output import print_frame, print_json, print_notes, print_table
from cli.reading import CannotRunError, open_reading
from kpi.facts.signs import FLAGS
from kpi.indicators import scorecard, seen
from kpi.vocabulary import Scope
from seed_data import published

GROUPS = ("agency", "partner", "sector")
SCORECARD_COLUMNS = (
    "kpi",
    "n",
    "numerator",
    "denominator",
    "value",
    "low",
    "high",
    "score",
    "status",
    "settled",
    "seen",
)
AGREEMENT_COLUMNS = (
    *("ref", "title_vi", "title_en", "agency", "partner", "sector", "scope", "state", "bucket"),
    *("signed_on", "started_on", "completed_on", "original_target", "current_target"),
    *("days_overdue", "days_since_progress"),
)
AGREEMENT_TABLE = ("ref", "title_en", "agency", "partner", "state", "bucket", "signed_on", "original_target", "flags")

AsOf = Annotated[
    str, typer.Option("--as-of", metavar="DATE", help="The day looked at; the register's data date if left out.")
]
KnownOn = Annotated[
    str,
    typer.Option(
        "--known-on",
        metavar="DATE",
        help="What had been received by the end of that day; all there is now if left out.",
    ),
]
InScope = Annotated[str, typer.Option(help="HIGH_LEVEL, LOCAL or ALL.")]


def add_to(app: typer.Typer) -> None:
    """Make `scorecards`, `agreements` and `reconcile` commands of the operator's tool."""
    app.command()(scorecards)
    app.command()(agreements)
    app.command()(reconcile)


def scorecards(
    as_of: AsOf = "",
    known_on: KnownOn = "",
    by: Annotated[str, typer.Option(help="agency, partner or sector.")] = "agency",
    scope: InScope = Scope.HIGH_LEVEL,
    group: Annotated[str, typer.Option(help="Only this group (its code).")] = "",
    output: InFormat = Format.TABLE,
) -> None:
    """Every KPI of every agency, partner or sector."""
    if by not in GROUPS:
        raise CannotRunError(f"--by {by}: groups are {', '.join(GROUPS)}.")
    reading = open_reading(as_of=as_of, known_on=known_on, scope=scope)
    computed = scorecard.compute(reading.facts, by=[by], rules=reading.rules)
    shares = seen.compute(reading.facts, by=[by], rules=reading.rules).select(by, "kpi", seen="share")
    told = computed.join(shares, on=[by, "kpi"], how="left", maintain_order="left")
    cards = told.select(pl.col(by).alias("group"), *SCORECARD_COLUMNS)
    if group and group not in cards["group"]:
        raise CannotRunError(f"--group {group}: no agreement of this register and scope is under that code.")
    print_frame(cards.filter(pl.col("group") == group) if group else cards, output, reading.notes)


def agreements(
    as_of: AsOf = "",
    known_on: KnownOn = "",
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
    reading = open_reading(as_of=as_of, known_on=known_on, scope=scope)
    rows = reading.facts.agreements.filter(pl.lit(True), *(FLAGS[name] for name in wanted))
    flags = pl.concat_list(pl.when(condition).then(pl.lit(name)) for name, condition in FLAGS.items()).list.drop_nulls()
    listed = rows.select(*AGREEMENT_COLUMNS, flags=flags)
    if output is not Format.JSON:
        listed = listed.with_columns(pl.col("flags").list.join(" "))
    if output is Format.TABLE:
        listed = listed.select(AGREEMENT_TABLE)
    print_frame(listed, output, reading.notes)


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
