"""What is behind a sentence or figure of a briefing, by the code printed beside it."""

from __future__ import annotations

from typing import Annotated

import sqlalchemy as sa
import typer

import words
from cli.options import InLanguage, TableJson, TableOrJson
from cli.output import print_json
from cli.reading import CannotRunError, open_store
from data_access import briefings
from data_access.naming import named_as_in
from kpi.briefing.blocks import Figure, Reader, Sentence

ROLE = "leader"
"""For whom it is told: whoever is at the machine may read everything in the store."""


def add_to(app: typer.Typer) -> None:
    """Make `explain` a command of the operator's tool."""
    app.command()(explain)


def explain(
    code: Annotated[str, typer.Argument(metavar="CODE", help="As printed, for example Q-STALLED-BXD-260114.")],
    output: TableJson = TableOrJson.TABLE,
    language: InLanguage = "en",
) -> None:
    """The query behind a sentence or figure of a briefing: days, condition, rows, rules and hash."""
    engine = open_store()
    try:
        briefing, found = briefings.explain(engine, code, reader=Reader(ROLE))
    except (ValueError, briefings.NoRegisterError) as error:
        raise CannotRunError(str(error)) from error
    says = found.says if isinstance(found, Sentence) else found.label if isinstance(found, Figure) else None
    told = {
        "code": str(found.code),
        "says": None if says is None else _said(engine, says, language),
        "value": found.value if isinstance(found, Figure) else None,
        "statistic": found.source.statistic,
        "counts": found.source.counts,
        "condition": found.source.where,
        "as_of": briefing.as_of,
        "compared_with": found.source.compared_with,
        "known_on": briefing.known_on,
        "data_version": briefing.data_version,
        "rules": briefing.rules_hash,
        "sha256": briefing.sha256,
        "agreements": list(found.source.refs),
    }
    if output is TableOrJson.JSON:
        print_json(told)
        return
    for name, value in told.items():
        written = " ".join(value) if isinstance(value, list) else value
        print(f"{name}: {'' if written is None else written}")


def _said(engine: sa.Engine, says: words.Phrase, language: str) -> str:
    with named_as_in(engine), words.in_language(language):
        return words.say(says)
