"""Briefings as files: PDF, report, slides, workbook."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import os
import pathlib
import secrets
from typing import Annotated

import sqlalchemy as sa
import typer

import paper
import words
from cli.figures import AsOf, KnownOn
from cli.options import language_option
from cli.output import progress
from cli.reading import CannotRunError, known_day, open_store, parse_day
from data_access import briefings
from data_access.accounts import May, may
from data_access.accounts.people import list_users
from data_access.briefings import AGENCY, NoRegisterError, read_briefing, read_every_agency
from data_access.naming import named_as_in
from data_access.roles import LEADER
from kpi.briefing.blocks import Briefing, Reader
from kpi.briefing.presets import PRESETS, UnknownBriefingError, read_preset

EVERY_AGENCY = f"{AGENCY}:ALL"
"""Stands for a file about each agency."""
_OFFERED = ", ".join(f"{one.name}:CODE" if one.subject else one.name for one in PRESETS.values())


class Ending(enum.StrEnum):
    """What a briefing is written as: the forms of `paper`."""

    PDF = "pdf"
    DOCX = "docx"
    PPTX = "pptx"
    XLSX = "xlsx"


def add_to(app: typer.Typer) -> None:
    """Make `pack` a command of the operator's tool."""
    app.command()(pack)


def pack(
    out: Annotated[pathlib.Path, typer.Option(help=f"The file to write; for {EVERY_AGENCY} the folder.")],
    preset: Annotated[str, typer.Option(help=f"{_OFFERED}, or {EVERY_AGENCY}: a file about each.")],
    as_of: AsOf = "",
    known_on: KnownOn = "",
    language: Annotated[str, language_option("Language of the file.")] = words.DEFAULT_LANGUAGE,
    form: Annotated[Ending, typer.Option("--format", help="What to write.")] = Ending.PDF,
    account: Annotated[
        str, typer.Option("--for", metavar="ACCOUNT", help="Leave out what this account may not see, and say so.")
    ] = "",
) -> None:
    """A briefing as a file to be printed, sent or shown: the same bytes for the same facts."""
    engine = open_store()
    asked = _Asked(
        reader=_reader(engine, account) if account else Reader(LEADER.code),
        as_of=parse_day(as_of) if as_of else None,
        known_on=known_day(engine, known_on) if known_on else None,
    )
    try:
        with named_as_in(engine), words.in_language(language):
            if preset.strip().upper() == EVERY_AGENCY.upper():
                _write_each(engine, asked, form, out)
            else:
                read_preset(preset)
                found = read_briefing(engine, preset, reader=asked.reader, as_of=asked.as_of, known_on=asked.known_on)
                _write(out, paper.drawn(found, form))
    except UnknownBriefingError as error:
        raise CannotRunError(f"--preset {error}.") from error
    except NoRegisterError as error:
        raise CannotRunError(str(error)) from error


@dataclasses.dataclass(frozen=True)
class _Asked:
    reader: Reader
    as_of: dt.date | None
    known_on: dt.date | None


def _reader(engine: sa.Engine, account: str) -> Reader:
    """Who reads: an account that may sign in, with what it may see."""
    users = list_users(engine).filter(username=account)
    if users.is_empty() or not users["active"].item():
        raise CannotRunError(f"--for {account}: there is no such account, or it may not sign in.")
    role, agency = users.select("role", "agency").row(0)
    return Reader(role, None if may(role, May.READ_EVERYTHING) else agency)


def _write_each(engine: sa.Engine, asked: _Asked, form: Ending, folder: pathlib.Path) -> None:
    folder.mkdir(exist_ok=True)
    found_each = read_every_agency(engine, reader=asked.reader, as_of=asked.as_of, known_on=asked.known_on)
    with progress("Writing", len(briefings.agencies(engine))) as told:
        for found in found_each:
            _write(folder / f"{_file_name(found)}.{form}", paper.drawn(found, form))
            told(1)


def _file_name(briefing: Briefing) -> str:
    code = briefing.subject.code if briefing.subject else briefing.preset
    kept = "".join(sign if sign.isascii() and sign.isalnum() else "-" for sign in code)
    return f"{kept}_{briefing.as_of}"


def _write(path: pathlib.Path, content: bytes) -> None:
    """The whole file or none: it takes its name when it is written."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        beside.write_bytes(content)
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)
