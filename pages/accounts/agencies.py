"""Agencies on the administrator's page: who has accounts, other ways their names are written, and what they are called."""

from __future__ import annotations

from typing import Any, Final

import polars as pl
import streamlit as st

import words as w
from data_access import accounts
from data_access import store as database
from data_access.acting import Refused
from pages.account import sections
from pages.ui import links, session, tables
from pages.ui.tables import Column

Row = dict[str, Any]
NAMES: Final = ("name_vi", "abbr_vi", "name_en", "abbr_en")
ALIASES_SHOWN: Final = 30


def show(person: session.Person) -> None:
    """The agency named in the address, or all of them."""
    sections.show_said()
    agencies = accounts.read_agencies(session.store(), actor=person)
    found = agencies.filter(pl.col("key") == st.query_params.get("agency", ""))
    if not found.is_empty():
        _show_one(person, found.row(0, named=True))
        return
    _show_list(agencies)


def _show_list(agencies: pl.DataFrame) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        sought = st.text_input(
            w.t("accounts.seek_agency"),
            type="search",
            placeholder=w.t("accounts.seek_agency"),
            icon=":material/search:",
            key="accounts_seek_agency",
            label_visibility="collapsed",
        )
        only_present = st.toggle(w.t("accounts.only_present"), value=True, key="accounts_only_present")
    listed = agencies.filter(pl.col("valid_to").is_null()) if only_present else agencies
    whole = pl.concat_str("key", *NAMES, "aliases", separator=" ")
    for word in w.fold(sought or "").split():
        listed = listed.filter(w.fold_expr(whole).str.contains(word, literal=True))
    st.caption(w.tn("accounts.without_account", listed.filter(pl.col("open_accounts") == 0).height))
    tables.show(
        listed,
        [
            Column("name_{language}", "accounts.agency", pinned=True, width=320),
            Column("abbr_{language}", "accounts.abbr", width=130),
            Column("key", "accounts.key", width=110),
            Column("open_accounts", "accounts.open_accounts", "number", width=150),
            Column("accounts", "accounts.all_accounts", "number", width=130),
            Column("valid_from", "accounts.valid_from", "date", width=130),
            Column("valid_to", "accounts.valid_to", "date", width=130),
        ],
        "accounts_agencies",
        file_name=w.t("accounts.list_agencies"),
        alt=w.t("accounts.list_agencies"),
        on_row=lambda row: links.go("accounts", list="agencies", agency=row["key"]),
        empty_key="accounts.none_agency",
    )


def _show_one(person: session.Person, row: Row) -> None:
    if st.button(w.t("accounts.back_agencies"), type="tertiary", icon=":material/arrow_back:"):
        links.go("accounts", list="agencies")
    st.header(w.plain(row[w.column("name")]), anchor=False)
    left, right = st.columns([3, 2], gap="large")
    with left:
        _show_names(person, row)
    with right:
        _show_accounts(person, row["key"])
        _show_aliases(row["aliases"].split("\n") if row["aliases"] else [])


def _show_names(person: session.Person, row: Row) -> None:
    with st.form(f"accounts_agency_{row['key']}"):
        given = {name: st.text_input(w.t(f"accounts.{name}"), row[name], max_chars=accounts.NAME_MAX) for name in NAMES}
        st.caption(w.t("accounts.rename_help"))
        sent = st.form_submit_button(w.t("accounts.save"), type="primary", icon=":material/save:")
    if not sent:
        return
    try:
        with database.session(session.store()) as writing:
            accounts.rename_agency(writing, actor=person, key=row["key"], **given)
    except Refused as error:
        sections.problem(error)
        return
    sections.say("accounts.done_rename")


def _show_accounts(person: session.Person, key: str) -> None:
    st.markdown(w.t("accounts.of_agency"))
    held = accounts.read_accounts(session.store(), actor=person).filter(pl.col("agency") == key)
    if held.is_empty():
        st.caption(w.t("accounts.of_agency_none"))
    for user in held.iter_rows(named=True):
        label = f"{user['username']} · {w.name('role', user['role'])}"
        links.page_link("accounts", w.plain(label), icon=":material/person:", account=user["username"])


def _show_aliases(aliases: list[str]) -> None:
    st.markdown(w.t("accounts.aliases"))
    if not aliases:
        st.caption(w.t("accounts.aliases_none"))
        return
    st.text("\n".join(aliases[:ALIASES_SHOWN]))
    if len(aliases) > ALIASES_SHOWN:
        st.caption(w.tn("accounts.aliases_more", len(aliases) - ALIASES_SHOWN))
