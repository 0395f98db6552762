"""Giving a directive, in a dialog that any screen may offer: who, what, by when."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
from collections.abc import Callable, Sequence
from typing import Final

import polars as pl
import streamlit as st

import words as w
from data_access import directives
from data_access.accounts import May, Person
from data_access.directives.giving import SAID_BY_MAX, TASK_MAX
from kpi.subjects import subject_expr
from kpi.vocabulary import DirectiveAbout
from pages.parts import decided
from pages.ui import data_edition, loaders, refusals

USUAL_DAYS: Final = 30
"""A deadline that is offered."""


@dataclasses.dataclass(frozen=True)
class Subject:
    """What a directive can be about, as it is offered: what it is called, and whose it is."""

    called: str
    agency: str | None = None
    about: str = str(DirectiveAbout.AGENCY)
    code: str = ""
    ref: str = ""


def of_agreements(rows: pl.DataFrame, most: int = 50) -> list[Subject]:
    """The agreements of rows with agency, ref and titles, to be chosen among."""
    title = subject_expr(pl.col(w.column("title")), w.language_in_store())
    named = rows.head(most).select("agency", "ref", called=pl.format("{} · {}", title, "ref"))
    about = str(DirectiveAbout.AGREEMENT)
    return [Subject(row["called"], row["agency"], about, ref=row["ref"]) for row in named.iter_rows(named=True)]


def of_figures(agency: str, codes: Sequence[str]) -> list[Subject]:
    """Figures of an agency, to be chosen among."""
    return [Subject(w.t(f"kpi.{code}.name"), agency, str(DirectiveAbout.FIGURE), code=code) for code in codes]


def offer(
    person: Person, *, key: str, subjects: Callable[[], Sequence[Subject]] = tuple, agency: str | None = None
) -> None:
    """The button that opens the dialog, for whoever may give directives of the register of now; `subjects` gives what it offers
    to be about."""
    if not person.may(May.DIRECT) or data_edition.shown().known_on is not None:
        return
    if st.button(w.t("directives.give"), icon=":material/add_task:", key=key):
        _ask(tuple(subjects()), agency)


def _ask(subjects: tuple[Subject, ...], agency: str | None) -> None:
    @st.dialog(w.t("directives.give"), width="medium")
    def ask() -> None:
        chosen = Subject(w.t("directives.about_agency"), agency)
        if subjects:
            offered = [*subjects, chosen]
            chosen = st.selectbox(
                w.t("directives.about"), offered, format_func=lambda one: one.called, key="give_about"
            )
        names = _agencies()
        first = chosen.agency if chosen.agency in names else None
        whom = st.selectbox(
            w.t("directives.agency"),
            [*names],
            index=None if first is None else [*names].index(first),
            format_func=lambda code: names[code],
            placeholder=w.t("directives.agency_choose"),
            key=f"give_agency_{first}",
        )
        task = st.text_area(w.t("directives.task"), max_chars=TASK_MAX, height=110, key="give_task")
        day = decided.day()
        due = st.date_input(
            w.t("directives.due_on"),
            day + dt.timedelta(days=USUAL_DAYS),
            min_value=day,
            format="DD/MM/YYYY",
            key="give_due",
        )
        said_by = st.text_input(
            w.t("directives.said_by"), max_chars=SAID_BY_MAX, help=w.t("directives.said_by_help"), key="give_said_by"
        )
        if st.button(w.t("directives.give_send"), type="primary", key="give_send"):
            write = functools.partial(
                directives.give,
                agency=whom or "",
                task=task or "",
                due_on=due or dt.date.min,  # an emptied field is no deadline
                about=chosen.about,
                about_code=chosen.code,
                ref=chosen.ref,
                said_by=said_by or "",
            )
            if refusals.carry_out(write, w.t("directives.given", agency=w.plain(names.get(whom or "", "")))):
                st.rerun()
            refusals.show_noted()

    ask()


def _agencies() -> dict[str, str]:
    """The agencies there are at this moment with their names, in the order of the names."""
    there = loaders.register().agencies.filter(pl.col("valid_to").is_null())["key"]
    return dict(sorted(((code, w.name("agency", code)) for code in there), key=lambda pair: w.sort_key(pair[1])))
