"""On whose behalf somebody works here who may bring any agency's agreements up to date: chosen once, kept in the address."""

from __future__ import annotations

import dataclasses
from typing import Final, NoReturn

import polars as pl
import streamlit as st

import words as w
from data_access import unresolved_names
from data_access.accounts import May, Person
from pages.ui import cards, data_edition, links
from pages.ui.choices import choice

_NAME: Final = "behalf"
_NOBODY: Final = ""


def acting(person: Person) -> Person:
    """The person as they act here: an agency's account for its agency, others for the one the address names."""
    code = st.query_params.get(_NAME)
    is_there = person.may(May.HAND_IN_FOR) and code in _agencies()
    return dataclasses.replace(person, acts_for=code) if is_there else person


def choose(person: Person) -> None:
    """The agency to act for, where that is to be chosen."""
    if not person.may(May.HAND_IN_FOR):
        return
    agencies = sorted(_agencies(), key=lambda code: w.sort_key(w.name("agency", code)))
    choice(
        _NAME,
        (_NOBODY, *agencies),
        label=w.t("upload.behalf"),
        write=lambda code: w.name("agency", code) if code else w.t("upload.behalf_none"),
        default=_NOBODY,
        width=480,
    )


def _agencies() -> set[str]:
    return set(unresolved_names.read_present_agencies(data_edition.store()))


def own(person: Person, batches: pl.DataFrame) -> pl.DataFrame:
    """Of these batches those to be shown here: while no agency is chosen, the ones this person handed in for any."""
    if person.hands_in_for or not person.may(May.HAND_IN_FOR):
        return batches
    return batches.filter(pl.col("username") == person.username)


def show_none(person: Person) -> None:
    """What to do where nobody's agreements can be brought up to date yet."""
    cards.empty_state("upload.behalf_choose" if person.may(May.HAND_IN_FOR) else "upload.no_agency")


def named(page: str) -> dict[str, str]:
    """What the address of another view of this page needs, so that it is for the same agency."""
    given = st.query_params.get(_NAME)
    return {_NAME: given} if given and page == "upload" else {}


def page_of_batches(person: Person) -> str:
    """The page on which this person looks at what was handed in: this one for whoever acts for an agency here."""
    return "upload" if person.hands_in_for else links.page_of_batches(person)


def go_to_batch(person: Person, number: int) -> NoReturn:
    """Open a batch."""
    page = page_of_batches(person)
    links.go(page, **named(page), batch=number)
