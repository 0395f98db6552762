"""The names of agencies that nobody could resolve: as the register has them, and assigned by the coordinator."""

from __future__ import annotations

import functools
from typing import Final

import polars as pl
import streamlit as st

import words as w
from data_access import unresolved_names
from data_access.accounts import May, Person
from kpi.facts import UNASSIGNED
from pages.coordination.sections import Line, ProposedChange, propose, show_done, show_proposed
from pages.ui import address, data_edition, records, tables
from pages.ui.choices import ALL, narrow, offered
from pages.ui.kept import kept
from pages.ui.tables import Column

_NAME: Final = "quality_name"


def show(person: Person) -> None:
    """The names with their agreements and, for the coordinator, assigning them; nothing where the register has none."""
    names, assigned = _counted(), records.assigned_names()
    if names.is_empty() and assigned.is_empty():
        return
    st.header(w.t("quality.names"), anchor=False)
    if not names.is_empty():
        st.text(w.t("quality.names_lead"))
        tables.show(
            names,
            [Column("text", "quality.name_given", width=520), Column("n", "quality.agreements", "number")],
            "quality_names",
            file_name=w.t("quality.names"),
            alt=w.t("quality.names"),
            on_row=lambda row: _show_agreements(row["text"]),
            height=300 if names.height > 7 else None,
        )
    if not person.may(May.SETTLE):
        return
    show_done(person)
    grid = st.grid(2, min_column_width=380, border=True)
    if not names.is_empty():
        with grid.cell():
            _show_assigning(person, names)
    if not assigned.is_empty():
        with grid.cell():
            _show_releasing(person, assigned)


def _show_agreements(text: str) -> None:
    """The agreements of a name, of either scope, in the list below; it is also the one offered to be assigned."""
    st.session_state[_NAME] = text
    address.choose("scope", ALL)
    narrow(defect="unassigned", agency=UNASSIGNED, q=text)


@kept()
def _counted() -> pl.DataFrame:
    """Each name once, with the number of its agreements in the whole register, most first: text, n."""
    counted = records.names_as_given().group_by("text").agg(n=pl.len().cast(pl.Int64))
    return counted.sort(["n", "text"], descending=[True, False])


def _show_assigning(person: Person, names: pl.DataFrame) -> None:
    """One name, and the agency that is meant by it."""
    st.markdown(w.t("quality.assign_heading"))
    counts = dict(names.iter_rows())
    text = _chosen(_NAME, list(counts), label=w.t("quality.name_given"))
    agencies = sorted(
        unresolved_names.read_present_agencies(data_edition.store()), key=lambda key: w.sort_key(w.name("agency", key))
    )
    agency = st.selectbox(
        w.t("quality.agency"),
        agencies,
        index=None,
        format_func=lambda key: w.name("agency", key),
        placeholder=w.t("quality.choose_agency"),
        key="quality_assign_agency",
    )
    st.button(
        w.t("quality.assign"),
        key="quality_assign_propose",
        disabled=agency is None,
        on_click=propose,
        args=(person, _assignment(text, counts[text], agency)) if agency is not None else (),
    )
    show_proposed(person, "quality_assign")


def _assignment(text: str, count: int, agency: str) -> ProposedChange:
    return ProposedChange(
        place="quality_assign",
        lines=(Line(_name_text(text, count), w.name("agency", UNASSIGNED), w.name("agency", agency)),),
        write=functools.partial(unresolved_names.assign_name, text=text, agency=agency, seen=count),
        undo=functools.partial(unresolved_names.release_name, text=text),
        note=w.t("quality.assign_note"),
    )


def _show_releasing(person: Person, assigned: pl.DataFrame) -> None:
    """A name that was assigned, without its agency again."""
    st.markdown(w.t("quality.release_heading"))
    known = {text: (agency, count) for text, agency, count in assigned.iter_rows()}
    text = _chosen("quality_release_name", list(known), label=w.t("quality.name_given"))
    agency, count = known[text]
    st.text(w.name("agency", agency))
    change = ProposedChange(
        place="quality_release",
        lines=(Line(_name_text(text, count), w.name("agency", agency), w.name("agency", UNASSIGNED)),),
        write=functools.partial(unresolved_names.release_name, text=text),
        undo=functools.partial(unresolved_names.assign_name, text=text, agency=agency, seen=count),
        note=w.t("quality.release_note"),
    )
    st.button(w.t("quality.release"), key="quality_release_propose", on_click=propose, args=(person, change))
    show_proposed(person, change.place)


def _name_text(text: str, count: int) -> str:
    return w.tn("quality.name_text", count, name=text)


def _chosen(key: str, options: list[str], *, label: str) -> str:
    """A select box that goes back to its first option when the one chosen is gone."""
    if st.session_state.get(key) not in options:
        st.session_state[key] = options[0]
    found = offered(options, key=key, write=str, chosen=st.session_state[key])
    return st.selectbox(label, found, key=key)
