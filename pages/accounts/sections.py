"""The sections of the administrator's page: the list of accounts, making one, and one account with all that can be done to it."""

from __future__ import annotations

import datetime as dt
from typing import Final

import polars as pl
import streamlit as st

import words as w
from data_access import accounts, settings
from data_access import store as database
from data_access.acting import Refused
from pages.account import sections
from pages.accounts import one
from pages.ui import links, session, tables
from pages.ui.choices import switch
from pages.ui.tables import Column

LISTS: Final = ("accounts", "agencies")
_LIST: Final = "list"
_SEEK: Final = "accounts_seek"


def subtitle(person: session.Person) -> str:
    """How many accounts there are, and how many of them are open."""
    users = accounts.list_users(session.store())
    return w.t("accounts.count", n=w.number(users.height), active=w.number(users.filter("active").height))


def choose_list() -> str:
    """Accounts, or agencies with theirs; kept in the address."""
    return switch(
        _LIST,
        LISTS,
        label=w.t("accounts.list"),
        write=lambda name: w.t(f"accounts.list_{name}"),
        key="accounts_list",
        forgets=("account", "agency"),
    )


def read(person: session.Person) -> pl.DataFrame:
    """All accounts, for somebody who looks after them."""
    idle = dt.timedelta(minutes=settings.load().session_idle_minutes)
    return accounts.read_accounts(session.store(), actor=person, idle=idle)


def show(person: session.Person) -> None:
    """The account named in the address, or all of them."""
    sections.show_said()
    one.show_password_made()
    everybody = read(person)
    asked = st.query_params.get("account")
    if asked is not None:
        found = everybody.filter(pl.col("username") == asked)
        if not found.is_empty():
            one.show(person, found.row(0, named=True))
            return
        st.warning(w.t("accounts.unknown", username=w.plain(asked)), icon=":material/person_off:")
    _show_making(person)
    _show_list(everybody)


# --- The list --------------------------------------------------------------------------------------------------------


def _show_list(everybody: pl.DataFrame) -> None:
    sought = st.text_input(
        w.t("accounts.seek"),
        type="search",
        placeholder=w.t("accounts.seek"),
        icon=":material/search:",
        key=_SEEK,
        label_visibility="collapsed",
    )
    found = everybody
    for word in w.fold(sought or "").split():
        whole = pl.concat_str(
            "username",
            "office",
            w.name_expr(pl.col("agency"), "agency"),
            w.name_expr(pl.col("role"), "role"),
            separator=" ",
        )
        found = found.filter(w.fold_expr(whole).str.contains(word, literal=True))
    tables.show(
        found,
        [
            Column("username", "accounts.username", pinned=True, width=160),
            Column("role", "accounts.role", "code", of="role", width=170),
            Column("agency", "accounts.agency", "code", of="agency", short=True, width=150),
            Column("office", "accounts.office", width=200),
            Column("state", "accounts.state", width=190),
            Column("has_second_factor", "accounts.factor", "flag", width=120),
            Column("sessions", "accounts.sessions", "number", width=120),
            Column("last_seen", "accounts.last_seen", width=160, by="last_seen_at"),
        ],
        "accounts_table",
        file_name=w.t("accounts.heading"),
        alt=w.t("accounts.heading"),
        on_row=lambda row: links.go("accounts", account=row["username"]),
        empty_key="accounts.none",
        in_words=_written,
    )


def _written(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(
        state=pl.Series([one.state(row) for row in rows.iter_rows(named=True)], dtype=pl.String),
        last_seen=pl.Series([sections.moment(at) for at in rows["last_seen_at"]], dtype=pl.String),
    )


# --- Making one ------------------------------------------------------------------------------------------------------


def _show_making(person: session.Person) -> None:
    with st.expander(
        w.t("accounts.new"), icon=":material/person_add:", key="accounts_new", on_change="rerun"
    ) as opened:
        if opened.open:
            _show_form(person)


def _show_form(person: session.Person) -> None:
    with st.form("accounts_new_form", border=False):
        left, right = st.columns(2)
        username = left.text_input(
            w.t("accounts.username"), max_chars=accounts.USERNAME_MAX, help=w.t("accounts.username_help")
        )
        role = right.selectbox(
            w.t("accounts.role"),
            tuple(accounts.ROLES),
            index=tuple(accounts.ROLES).index(
                accounts.AGENCY.code
            ),  # who overlooks the field gives the role that sees least
            format_func=lambda code: w.name("role", code),
        )
        agency = left.selectbox(
            w.t("accounts.agency"),
            one.agency_codes(),
            format_func=one.agency_label,
            help=w.t("accounts.agency_help"),
        )
        office = right.text_input(
            w.t("accounts.office"), max_chars=accounts.OFFICE_MAX, help=w.t("accounts.office_help")
        )
        sent = st.form_submit_button(w.t("accounts.make"), type="primary", icon=":material/person_add:")
    if not sent:
        return
    password = accounts.generate_password()
    try:
        with database.session(session.store()) as writing:
            made = accounts.add_user(
                writing,
                actor=person,
                username=username,
                password=password,
                role=role,
                agency=agency or None,
                office=office,
                must_change=True,
            )
    except Refused as error:
        sections.problem(error)
        return
    one.note_password(made.username, password)
    links.go("accounts", account=made.username)
