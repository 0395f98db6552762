"""The sections of the account page."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

import polars as pl
import streamlit as st

import words as w
from data_access import accounts, settings
from data_access import store as database
from data_access.acting import Refused
from data_access.audit import journal
from data_access.clock import local_time
from pages.account import second_factor
from pages.audit import told
from pages.sign_in import steps
from pages.ui import cards, refusals, session, tables
from pages.ui.tables import Column

_SAID: Final = "account_said"
_CHANGED: Final = "changed"
SESSIONS_SHOWN: Final = 20


def moment(at: dt.datetime | None) -> str:
    """A moment of the store as a clock in Viet Nam showed it."""
    if at is None:
        return w.t("accounts.never")
    here = local_time(at)
    return w.t("accounts.moment", date=w.date(here.date()), time=f"{here:%H:%M}")


def say(key: str, **values: object) -> None:
    """Have the page say this once it is drawn anew, and draw it anew."""
    st.session_state[_SAID] = w.t(key, **values)
    st.rerun()


def show_said() -> None:
    """What was to be said about the last click."""
    if said := st.session_state.pop(_SAID, None):
        st.success(said, icon=":material/check_circle:")


def problem(error: Refused) -> None:
    """Say why nothing was changed."""
    if error.code == "wait":
        st.warning(refusals.sentence(error), icon=":material/hourglass:")
    else:
        st.error(refusals.sentence(error), icon=":material/error:")


# --- Who I am --------------------------------------------------------------------------------------------------------


def show_identity(person: session.Person) -> None:
    """Name, role and agency, and what the last click did."""
    whom = w.name("agency", person.agency) if person.agency else person.office
    parts = (person.username, w.name("role", person.role), whom)
    cards.page_header("account.heading", " · ".join(filter(None, dict.fromkeys(parts))))
    show_said()
    if st.query_params.pop(_CHANGED, None) == "password":
        st.success(w.t("account.password_changed"), icon=":material/check_circle:")


# --- Password and second factor --------------------------------------------------------------------------------------


def show_security(person: session.Person) -> None:
    """Changing the password, and the second factor, side by side."""
    left, right = st.columns(2, gap="large")
    with left:
        _show_password(person)
    with right:
        second_factor.show(person, say=say, problem=problem)


def _show_password(person: session.Person) -> None:
    st.header(w.t("account.password"), anchor=False)
    with st.form("account_password"):
        current = st.text_input(w.t("account.password_current"), type="password", autocomplete="current-password")
        new = st.text_input(w.t("account.password_new"), type="password", autocomplete="new-password")
        again = st.text_input(w.t("account.password_again"), type="password", autocomplete="new-password")
        st.caption(w.t("account.password_rules"))
        sent = st.form_submit_button(w.t("account.password_change"), type="primary", icon=":material/key:")
    if not sent:
        return
    if not (current and new):
        st.warning(w.t("account.problem_incomplete"), icon=":material/edit:")
    elif new != again:
        st.error(w.t("account.problem_password_differs"), icon=":material/error:")
    else:
        _change_password(person, current, new)


def _change_password(person: session.Person, current: str, new: str) -> None:
    keep, browser = session.session_id(), session.browser()
    assert keep is not None  # the page is shown to somebody signed in, in a browser we know
    assert browser is not None
    try:
        step = accounts.change_password(
            session.store(),
            person=person,
            current=current,
            new=new,
            keep=keep,
            browser=browser,
            address=session.address(),
        )
    except Refused as error:
        problem(error)
        return
    # The browser comes back with a session of its own making, in place of the one that asked.
    steps.take(step, address=f"/account?lang={w.language()}&{_CHANGED}=password")


# --- Sessions --------------------------------------------------------------------------------------------------------


def show_sessions(person: session.Person) -> None:
    """Where this person is signed in, and the way to end that."""
    st.header(w.t("account.sessions"), anchor=False)
    idle = dt.timedelta(minutes=settings.load().session_idle_minutes)
    mine = accounts.list_sessions(session.store(), actor=person, username=person.username, idle=idle)
    here = session.session_id() or ""
    for row in mine.head(SESSIONS_SHOWN).iter_rows(named=True):
        _show_session(person, row, is_this=here.startswith(row["mark"]))
    if mine.height > SESSIONS_SHOWN:
        st.caption(w.tn("account.sessions_more", mine.height - SESSIONS_SHOWN))
    with st.container(horizontal=True):
        if mine.height > 1 and st.button(w.t("account.end_others"), icon=":material/devices_off:"):
            with database.session(session.store()) as writing:
                ended = accounts.end_all_sessions(writing, actor=person.username, username=person.username, keep=here)
            say("account.ended_others", n=ended)
        if st.button(w.t("account.end_all"), icon=":material/logout:"):
            with database.session(session.store()) as writing:
                accounts.end_all_sessions(writing, actor=person.username, username=person.username, keep=here)
            session.sign_out(address=f"/?lang={w.language()}")
            st.stop()


def _show_session(person: session.Person, row: dict[str, Any], *, is_this: bool) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        with st.container(gap=None):
            st.text(told.browser_name(row["client"]))
            st.caption(w.t("account.session_times", start=moment(row["created_at"]), seen=moment(row["last_seen_at"])))
        if is_this:
            st.badge(w.t("account.session_this"), icon=":material/check:", color="green")
        elif st.button(w.t("account.session_end"), key=f"account_end_{row['mark']}", icon=":material/close:"):
            with database.session(session.store()) as writing:
                accounts.end_marked_session(writing, person=person, mark=row["mark"])
            say("account.session_ended")


# --- What lately happened --------------------------------------------------------------------------------------------


def show_recent(person: session.Person) -> None:
    """The last entries of the audit about this account, failed tries among them."""
    st.header(w.t("account.recent"), anchor=False)
    st.caption(w.t("account.recent_help"))
    show_events(journal.read_recent(session.store(), person=person), key="account_recent")


def show_events(events: pl.DataFrame, *, key: str) -> None:
    """Entries of the audit in a few columns."""
    tables.show(
        told.written(events),
        [
            Column("moment", "audit.at", width=160),
            Column("action_name", "audit.action", width=260),
            Column("actor", "audit.actor", width=140),
            Column("detail_text", "audit.detail", width="large"),
        ],
        key,
        file_name=w.t("account.recent"),
        alt=w.t("account.recent"),
        empty_key="account.recent_none",
    )
