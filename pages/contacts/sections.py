"""The contacts as they are kept: a table to be filled in, or a form of an agency's own."""

from __future__ import annotations

from typing import Any, Final

import polars as pl
import streamlit as st

import words as w
from data_access import contacts
from data_access import store as database
from data_access.accounts import Person
from data_access.acting import Refused
from data_access.contacts import Contact
from pages.ui import cards, data_edition, refusals, tables
from pages.ui.choices import ALL, choice
from pages.ui.tables import Column

FIELDS: Final = ("office", "email", "phone")
_LIMITS: Final = {"office": contacts.OFFICE_MAX, "email": contacts.EMAIL_MAX, "phone": contacts.PHONE_MAX}
_SAID: Final = "contacts_said"
_TABLE: Final = "contacts_table"
_ROUND: Final = "contacts_round"


def show_said() -> None:
    """What became of what was last saved: how many were stored, and which were not and why."""
    for is_good, text in st.session_state.pop(_SAID, ()):
        if is_good:
            st.success(text, icon=":material/check_circle:")
        else:
            st.error(text, icon=":material/error:")


# --- All agencies ----------------------------------------------------------------------------------------------------


def show_all(person: Person) -> None:
    """Every agency with its contact, those without an address first asked for; what is typed is stored all at once."""
    kept = contacts.read(data_edition.store()).sort("agency")
    lacking = kept.filter(pl.col("email") == "")
    if kept.is_empty():
        cards.empty_state("contacts.none")
        return
    st.markdown(
        w.t("contacts.count", n=w.number(kept.height - lacking.height), agencies=w.number(kept.height))
        if lacking.height
        else w.t("contacts.all_there", agencies=w.number(kept.height))
    )
    sizes = {ALL: kept.height, "lacking": lacking.height}
    which = choice(
        "which",
        (ALL, "lacking"),
        label=w.t("contacts.which"),
        write=lambda code: w.t(f"contacts.which_{code.lower()}", n=w.number(sizes[code])),
        default=ALL,
        width=330,
    )
    shown = lacking if which == "lacking" else kept
    if shown.is_empty():
        cards.empty_state("contacts.all_there", agencies=w.number(kept.height))
        return
    _show_table(person, shown, which)


def _show_table(person: Person, shown: pl.DataFrame, which: str) -> None:
    name = w.column("name")
    edited = st.data_editor(
        shown.select(agency=name, office="office", email="email", phone="phone"),
        hide_index=True,
        height=425 if shown.height > 12 else "auto",
        disabled=["agency"],
        column_config={
            "agency": st.column_config.TextColumn(w.t("contacts.agency"), width=300, pinned=True),
            **{
                field: st.column_config.TextColumn(
                    w.t(f"contacts.{field}"), width=260 if field != "phone" else 150, max_chars=_LIMITS[field]
                )
                for field in FIELDS
            },
        },
        alt=w.t("contacts.heading"),
        key=f"{_TABLE}_{which}_{st.session_state.get(_ROUND, 0)}",
    )
    changed = _changed(shown, edited)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            w.tn("contacts.save", len(changed)) if changed else w.t("contacts.save_none"),
            type="primary",
            icon=":material/save:",
            disabled=not changed,
            key="contacts_save",
            on_click=_save,
            args=(person, changed),
        )
        st.caption(w.t("contacts.help", most=w.number(contacts.MOST_ADDRESSES)))
    tables.show_downloads(
        shown.with_columns(name=name),
        [Column("agency", "contacts.key"), Column("name", "contacts.agency")]
        + [Column(field, f"contacts.{field}") for field in FIELDS],
        "contacts",
        file_name=w.t("contacts.heading"),
    )


def _changed(shown: pl.DataFrame, edited: pl.DataFrame) -> list[tuple[str, Contact, Contact]]:
    """Agency, what was shown and what is to be kept, of every row that was changed."""
    before = shown.select("agency", *FIELDS).rows()
    after = edited.select(pl.col(FIELDS).fill_null("")).rows()
    return [
        (agency, Contact(*old), Contact(*new))
        for (agency, *old), new in zip(before, after, strict=True)
        if tuple(old) != tuple(new)
    ]


def _save(person: Person, changed: list[tuple[str, Contact, Contact]]) -> None:
    """Store each row by itself: one that is refused keeps no other from being stored."""
    said: list[tuple[bool, str]] = []
    stored = 0
    for agency, seen, given in changed:
        try:
            with database.session(data_edition.store()) as writing:
                stored += contacts.write(writing, actor=person, agency=agency, contact=given, seen=seen)
        except Refused as refusal:
            named = w.plain(w.name("agency", agency))
            said.append((False, w.t("contacts.refused", agency=named, why=refusals.sentence(refusal))))
    if stored:
        said.insert(0, (True, w.tn("contacts.stored", stored)))
    st.session_state[_SAID] = said
    if not any(not is_good for is_good, _ in said):
        st.session_state[_ROUND] = st.session_state.get(_ROUND, 0) + 1


# --- One's own -------------------------------------------------------------------------------------------------------


def show_own(person: Person, agency: str) -> None:
    """The agency's own contact, in a form."""
    found = contacts.read(data_edition.store(), agency=agency)
    if found.is_empty():
        cards.empty_state("contacts.none")
        return
    row: dict[str, Any] = found.row(0, named=True)
    seen = Contact(*(row[field] for field in FIELDS))
    with st.form("contacts_own", width=560):
        st.markdown(f"**{w.plain(w.name('agency', agency))}**")
        given = {
            field: st.text_input(w.t(f"contacts.{field}"), row[field], max_chars=_LIMITS[field]) for field in FIELDS
        }
        st.caption(w.t("contacts.help", most=w.number(contacts.MOST_ADDRESSES)))
        sent = st.form_submit_button(w.t("contacts.save_own"), type="primary", icon=":material/save:")
    if sent:
        _save(person, [(agency, seen, Contact(**given))] if Contact(**given) != seen else [])
        st.rerun()
