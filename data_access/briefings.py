"""Briefings of the register in the store: composed at once, of one state of it."""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Iterator
from typing import Final

import polars as pl

from data_access import directives
from data_access.register import read_data_version, read_register, read_rules
from data_access.store import Store
from kpi.briefing.blocks import Briefing, Figure, Reader, Sentence
from kpi.briefing.blocks import Chart as ChartBlock
from kpi.briefing.blocks import Table as TableBlock
from kpi.briefing.codes import Code
from kpi.briefing.material import Asked, Edition, Material
from kpi.briefing.presets import UnknownBriefingError, compose, of_code, read_preset
from words.phrases import Kept

AGENCY: Final = "agency"
"""The preset about one agency."""


class NoRegisterError(LookupError):
    """The store holds no register of that day."""


def quarter_before(day: dt.date) -> dt.date:
    """The day three months before, what a briefing compares with: reports fall due once a quarter, so days alike are compared."""
    year, month = divmod(day.year * 12 + day.month - 4, 12)
    return dt.date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def read_briefing(
    store: Store,
    written: str,
    *,
    reader: Reader,
    as_of: dt.date | None = None,
    known_on: dt.date | None = None,
    compare_with: dt.date | None = None,
) -> Briefing:
    """The briefing of a preset as `read_preset` reads it, for a reader, of a day (None: the register's data date).

    Raises UnknownBriefingError where there is no such briefing, NoRegisterError where the store holds nothing yet.
    """
    return compose(
        _read_material(store, written, reader=reader, as_of=as_of, known_on=known_on, compare_with=compare_with)
    )


def read_every_agency(
    store: Store, *, reader: Reader, as_of: dt.date | None = None, known_on: dt.date | None = None
) -> Iterator[Briefing]:
    """The briefing about one agency, for each there is, by its key; all of one state of the register. Raises as `read_briefing`."""
    material = None
    for agency in sorted(agencies(store)):
        if material is None:
            written = f"{AGENCY}:{agency}"
            material = _read_material(store, written, reader=reader, as_of=as_of, known_on=known_on)
        material = material.about(agency)
        yield compose(material)


def agencies(store: Store) -> list[str]:
    """The keys of the agencies there are now."""
    return read_register(store).agencies.filter(pl.col("valid_to").is_null())["key"].to_list()


def _read_material(
    store: Store,
    written: str,
    *,
    reader: Reader,
    as_of: dt.date | None,
    known_on: dt.date | None,
    compare_with: dt.date | None = None,
) -> Material:
    preset, subject = read_preset(written)
    version = read_data_version(store)
    if version is None or version.data_date is None:
        raise NoRegisterError("The store holds no register yet.")
    day = as_of or (version.data_date if known_on is None else min(version.data_date, known_on))
    asked = Asked(preset.name, subject, reader, day, compare_with or quarter_before(day), known_on, preset.scope)
    material = Material.of(
        asked,
        preset.letter,
        Edition(Kept(version.name_vi, version.name_en), version.version, version.is_demo),
        read_register(store, known_on=known_on),
        lambda on: read_rules(store, on, known_on=known_on),
        directives=directives.read(store, own=reader.limited_to, on=day, known_on=known_on),
    )
    if material.facts.agreements.is_empty():
        raise NoRegisterError(f"The register knows of no agreement on {day}.")
    return material


def explain(
    store: Store, written: str, *, reader: Reader
) -> tuple[Briefing, Sentence | Figure | TableBlock | ChartBlock]:
    """What a code stands for, with the briefing it is of, composed again. Raises ValueError for what is no code of one."""
    code = Code.read(written)
    register = read_register(store, known_on=code.known_on)
    subjects = pl.concat([register.agencies["key"], register.partners["code"]]).to_list()
    briefing = read_briefing(store, of_code(code, subjects), reader=reader, as_of=code.as_of, known_on=code.known_on)
    found = briefing.find(code)
    if found is None:
        raise UnknownBriefingError(f"{code}: this briefing says no such thing")
    return briefing, found
