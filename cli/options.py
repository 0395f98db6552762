"""Options that commands share, and whom the audit names for what they do."""

from __future__ import annotations

import enum
from typing import Annotated, Any

import typer

import words

ACTOR = "manage.py"
"""Who the audit names for what is done at the command line."""


class Format(enum.StrEnum):
    """How results are written."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


class TableOrJson(enum.StrEnum):
    """How results are written where a CSV would not help."""

    TABLE = "table"
    JSON = "json"


def language_option(help: str) -> Any:
    """`--language`, one of those there are catalogs for."""
    metavar = f"[{'|'.join(words.languages())}]"
    return typer.Option("--language", help=help, parser=_known_language, metavar=metavar)


def _known_language(code: str) -> str:
    try:
        return words.known_language(code)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


InLanguage = Annotated[str, language_option("Language of messages.")]
InFormat = Annotated[Format, typer.Option("--format", help="How results are written.")]
TableJson = Annotated[TableOrJson, typer.Option("--format", help="How results are written.")]
