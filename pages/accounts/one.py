"""One account: what it is, and everything an administrator can do to it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any, Final

import streamlit as st

import words as w
from data_access import accounts, settings
from data_access import store as database
from data_access.acting import Refused
from data_access.audit import journal
from pages.account import sections
from pages.audit import told
from pages.ui import links, session

Row = dict[str, Any]
_PASSWORD_MADE: Final = "accounts_password_made"


def state(row: Row) -> str:
    """In one word or two: closed, has to wait, first password, open."""
    if not row["active"]:
        return w.t("accounts.state_closed")
    if waits(row):
        return w.t("accounts.state_waits")
    return w.t("accounts.state_initial" if row["must_change_password"] else "accounts.state_open")


def waits(row: Row) -> bool:
    """Whether too many tries failed just now."""
    return row["waits_until"] is not None


def agency_codes() -> list[str]:
    """Keys of all agencies in the order of their names, with none at the head."""
    named = w.labels("agency")
    return ["", *sorted(named, key=lambda key: w.sort_key(named[key]))]


def agency_label(key: str) -> str:
    """An agency's name and key, for choosing one."""
    return f"{w.name('agency', key)} ({key})" if key else w.t("accounts.no_agency")


def note_password(username: str, password: str) -> None:
    """Have the page show a password that was made up, once."""
    st.session_state[_PASSWORD_MADE] = (username, password)


def show_password_made() -> None:
    """The password that was just made up: nothing keeps it."""
    made = st.session_state.pop(_PASSWORD_MADE, None)
    if made is None:
        return
    with st.container(border=True):
        st.markdown(w.t("accounts.password_made", username=w.plain(made[0])))
        st.code(made[1], language=None)
        st.caption(w.t("accounts.password_made_help"))


def show(person: session.Person, row: Row) -> None:
    """The account, its form, and its buttons."""
    if st.button(w.t("accounts.back"), type="tertiary", icon=":material/arrow_back:"):
        links.go("accounts")
    own = row["username"] == person.username
    with st.container(horizontal=True, vertical_alignment="center"):
        st.header(w.plain(row["username"]), anchor=False, width="content")
        st.badge(state(row), color="green" if row["active"] and not waits(row) else "gray")
        if row["has_second_factor"]:
            st.badge(w.t("accounts.factor"), icon=":material/verified_user:", color="blue")
    if own:
        st.info(w.t("accounts.own"), icon=":material/info:")
    left, right = st.columns([3, 2], gap="large")
    with left:
        _show_form(person, row, own=own)
    with right:
        _show_actions(person, row, own=own)
    _show_sessions(person, row)
    st.header(w.t("accounts.events"), anchor=False)
    found = journal.search(session.store(), actor=person, sought=journal.Sought(about=row["username"]), size=10)
    sections.show_events(found.entries, key="accounts_events")


# --- Role, agency, office --------------------------------------------------------------------------------------------


def _show_form(person: session.Person, row: Row, *, own: bool) -> None:
    name = row["username"]
    with st.form(f"accounts_form_{name}"):
        role = st.selectbox(
            w.t("accounts.role"),
            tuple(accounts.ROLES),
            index=tuple(accounts.ROLES).index(row["role"]),
            format_func=lambda code: w.name("role", code),
            disabled=own,
        )
        codes = agency_codes()
        agency = st.selectbox(
            w.t("accounts.agency"),
            codes,
            index=codes.index(row["agency"]) if row["agency"] in codes else 0,
            format_func=agency_label,
            disabled=own,
        )
        office = st.text_input(w.t("accounts.office"), row["office"], max_chars=accounts.OFFICE_MAX)
        subject = row["subject"] or ""
        if settings.load().is_single_sign_on:
            subject = st.text_input(
                w.t("accounts.subject"),
                subject,
                max_chars=accounts.SUBJECT_MAX,
                help=w.t("accounts.subject_help"),
                disabled=own,
            )
        st.caption(w.t("accounts.change_help"))
        sent = st.form_submit_button(w.t("accounts.save"), type="primary", icon=":material/save:")
    if not sent:
        return

    def change(writing: Any) -> None:
        accounts.change_account(writing, actor=person, username=name, role=role, agency=agency or None, office=office)
        accounts.set_subject(writing, actor=person, username=name, subject=subject)

    _carry_out(change, "accounts.done_save", name)


# --- Buttons ---------------------------------------------------------------------------------------------------------


def _show_actions(person: session.Person, row: Row, *, own: bool) -> None:
    """What can be done at once; each asks once more before it is."""
    name = row["username"]
    embedded = not settings.load().is_single_sign_on
    acting = {"actor": person, "username": name}
    with st.container(gap="small"):
        if row["sessions"]:
            _offer("sign_out", "logout", name, lambda writing: accounts.sign_out_everywhere(writing, **acting))
        if waits(row):
            _offer("unlock", "lock_open", name, lambda writing: accounts.unlock(writing, **acting))
        if own:
            return
        if embedded:
            _offer("password", "key", name, lambda writing: _reset_password(writing, person, name))
        if embedded and row["has_second_factor"]:
            _offer("factor", "phonelink_erase", name, lambda writing: accounts.reset_second_factor(writing, **acting))
        if row["active"]:
            _offer("disable", "person_off", name, lambda writing: accounts.disable_user(writing, **acting))
        else:
            _offer("enable", "person_check", name, lambda writing: accounts.enable_user(writing, **acting))


def _offer(what: str, icon: str, name: str, do: Callable[[Any], object]) -> None:
    """A button that says what will happen and waits for a second one. A pop-up does not close by itself, so its key changes
    once it has been used."""
    used = st.session_state.get("accounts_used", 0)
    with st.popover(
        w.t(f"accounts.do_{what}"), icon=f":material/{icon}:", width="stretch", key=f"accounts_{what}_{name}_{used}"
    ):
        st.text(w.t(f"accounts.ask_{what}", username=name))
        if st.button(w.t("accounts.confirm"), type="primary", key=f"accounts_yes_{what}_{name}_{used}"):
            st.session_state["accounts_used"] = used + 1
            _carry_out(do, f"accounts.done_{what}", name)


def _reset_password(writing: Any, person: session.Person, name: str) -> None:
    note_password(name, accounts.reset_password(writing, actor=person, username=name))


def _carry_out(do: Callable[[Any], object], done_key: str, name: str) -> None:
    """Do it in one transaction and say so, or why not."""
    try:
        with database.session(session.store()) as writing:
            do(writing)
    except Refused as error:
        st.session_state.pop(_PASSWORD_MADE, None)
        sections.problem(error)
        return
    sections.say(done_key, username=w.plain(name))


# --- Sessions --------------------------------------------------------------------------------------------------------


def _show_sessions(person: session.Person, row: Row) -> None:
    st.header(w.t("accounts.sessions_open"), anchor=False)
    idle = dt.timedelta(minutes=settings.load().session_idle_minutes)
    opened = accounts.list_sessions(session.store(), actor=person, username=row["username"], idle=idle)
    if opened.is_empty():
        st.caption(w.t("accounts.sessions_none", seen=sections.moment(row["last_seen_at"])))
    for held in opened.head(sections.SESSIONS_SHOWN).iter_rows(named=True):
        times = w.t(
            "account.session_times",
            start=sections.moment(held["created_at"]),
            seen=sections.moment(held["last_seen_at"]),
        )
        st.text(f"{told.browser_name(held['client'])} · {times}")
