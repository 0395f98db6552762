"""The store's register as of a day, for a command."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re

import polars as pl
import sqlalchemy as sa

from data_access import store
from data_access.clock import today
from data_access.known import read_first_receipt
from data_access.register import read_data_version, read_register, read_rules
from data_access.store import models
from kpi import facts as kpi_facts
from kpi.facts import Facts
from kpi.register import Register
from kpi.rules import Rules
from kpi.vocabulary import Scope

SCOPES = (Scope.HIGH_LEVEL, Scope.LOCAL, "ALL")


class CannotRunError(Exception):
    """The command cannot do what was asked; the message is one line that says what to do."""


@dataclasses.dataclass(frozen=True, eq=False)
class Reading:
    """The register as known on a day, its description, the day looked at, and the facts of a scope on that day."""

    register: Register
    version: models.DataVersion
    data_date: dt.date
    as_of: dt.date
    known_on: dt.date
    rules: Rules
    facts: Facts

    @property
    def notes(self) -> dict[str, str]:
        """What a reader of figures has to know, by a short label."""
        version = self.version
        notes = {
            "as_of": self.as_of.isoformat(),
            "known_on": self.known_on.isoformat(),
            "register": version.name_en,
            "data_date": self.data_date.isoformat(),
        }
        if self.as_of > self.data_date:
            notes["beyond"] = (
                "The day looked at lies after the data date: what happened in between is not in the register."
            )
        if version.is_demo:
            notes["demo"] = "Demonstration data: every outcome is invented."
        if version.attribution:
            notes["source"] = f"{version.attribution} ({version.licence})"
        if version.caveat_en:
            notes["caveat"] = version.caveat_en
        return notes


def open_store() -> sa.Engine:
    """The store of the settings, which must have its tables."""
    engine = store.get_engine()
    if not sa.inspect(engine).has_table(str(models.DataVersion.__tablename__)):
        raise CannotRunError("The store has no tables yet. Make them: python manage.py init")
    return engine


def open_reading(*, as_of: str = "", known_on: str = "", scope: str = "ALL") -> Reading:
    """The register as of a day (its data date if empty), as it was known at the end of one (as it is known now if empty), and in a
    scope."""
    if scope not in SCOPES:
        raise CannotRunError(f"--scope {scope}: scopes are {', '.join(SCOPES)}.")
    day = parse_day(as_of) if as_of else None
    engine = open_store()
    version = read_data_version(engine)
    if version is None or version.data_date is None:
        raise CannotRunError("The store holds no register yet. Load one: python manage.py load demo")
    known, data_date = known_day(engine, known_on) if known_on else None, version.data_date
    if known is not None:
        data_date = min(data_date, known)  # up to which it could tell of things then
    day = day or data_date
    register, rules = read_register(engine, known_on=known), read_rules(engine, day, known_on=known)
    facts = kpi_facts.build(register, day, rules)
    return Reading(
        register=register,
        version=version,
        data_date=data_date,
        as_of=day,
        known_on=known or today(None),
        rules=rules,
        facts=facts if scope == "ALL" else facts.where(pl.col("scope") == scope),
    )


def known_day(engine: sa.Engine, text: str) -> dt.date:
    """A day between the first receipt and today."""
    day = parse_day(text, of="--known-on")
    if day >= today(None):
        raise CannotRunError(f"--known-on {text}: that day is not over yet.")
    with store.snapshot(engine) as read:
        first = read_first_receipt(read)
    if first is None or day < first:
        raise CannotRunError(f"--known-on {text}: Nothing had been received by then; the first receipt was on {first}.")
    return day


def parse_day(text: str, *, of: str = "--as-of") -> dt.date:
    """A day written as 2026-01-14; `of` names what it was given for."""
    try:
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
            return dt.date.fromisoformat(text)
    except ValueError:
        # Written like a date, but there is no such day: the same answer as for anything else.
        text = text.strip()
    raise CannotRunError(f"{of} {text}: not a date. Write year-month-day, for example 2026-01-14.")
