"""What a figure rests on: how many agreements, as of when, against when, and what has been reported."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Final

import streamlit as st

import words as w
from data_access.accounts import May, Person
from kpi import readers
from kpi.indicators import catalog
from kpi.vocabulary import Reading
from pages.ui import cards, loaders
from pages.ui.kept import drawn
from pages.ui.view import View

COMMANDS: Final = "python manage.py load demo\npython manage.py load FILE --mapping MAPPING.toml"


@drawn
def show_heading(title_key: str, view: View, *, note: str | None = None) -> None:
    """The page's title and, beside it, what its figures rest on, and what else is to be said of them."""
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.title(w.t(title_key), anchor=False, width="content")
        st.caption(" · ".join(filter(None, (sentence(view), note))), width="content")


def show_nothing(title_key: str, person: Person) -> None:
    """Said where there is no agreement to count, and what to do next."""
    cards.page_header(title_key)
    if loaders.extent().last is not None:
        cards.empty_state("trust.empty_view")
        return
    cards.empty_state("trust.empty_register")
    if person.may(May.ADMINISTER):
        st.text(w.t("trust.empty_load"))
        st.code(COMMANDS, language=None)
    else:
        st.text(w.t("trust.empty_ask"))


def names_of(records: Iterable[str]) -> str:
    """Records in words, one after the other."""
    return ", ".join(w.name("record", name) for name in records)


def unrankable(view: View) -> str | None:
    """Why nobody can be ranked, where the register keeps too little for a composite; else None."""
    records, rules = loaders.records(), loaders.rules(view.as_of)
    weight = rules.weight_with(records)
    if weight >= rules.least_weight:
        return None
    return w.t(
        "ranking.not_kept",
        records=names_of(catalog.lacking(records)),
        weight=w.number(weight),
        least=w.number(rules.least_weight),
        all=w.number(sum(rules.weights.values())),
    )


def sentence(view: View) -> str:
    """Number of agreements, date, date compared with, what is not kept, and who has sent all reports, in one line.

    Where nobody can be ranked for what is not kept, that is said where ranks would stand.
    """
    parts = [
        w.tn("trust.based_on", loaders.counts(view)["signed"], date=w.date(view.as_of)),
        w.t("trust.compared", date=w.date(view.compare_with)),
    ]
    if view.reader != readers.EVERYTHING:
        parts.append(w.t("trust.own_only"))
    reported = loaders.reported(dataclasses.replace(view, reading=Reading.COUNTING))  # what is owed is no reading's
    lacking = catalog.lacking(loaders.records())
    if lacking and unrankable(view) is None:
        parts.append(w.t("trust.not_kept", records=names_of(lacking)))
    if reported is None and "reports" not in lacking:
        parts.append(w.t("trust.no_reports"))
    elif reported is not None:
        parts.append(
            w.t(
                "trust.reported" if reported.missing else "trust.all_reported",
                n=w.number(reported.all_in),
                all=w.number(reported.agencies),
                missing=w.number(reported.missing),
                owed=w.number(reported.owed),
                share=w.percent(reported.share_missing),
                date=w.date(reported.due_on),
            )
        )
    return " · ".join(parts)
