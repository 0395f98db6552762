"""What can be done with a publication: drafted, published or taken back by the coordinator, commented on by agencies."""

from __future__ import annotations

import datetime as dt
import functools
from typing import Final

import streamlit as st

import words as w
from data_access import publications
from data_access.accounts import May, Person
from data_access.acting import Refused
from data_access.clock import today
from kpi.indicators.catalog import COMPOSITE, shown_in
from kpi.studies.publication import SCOPES
from pages.publications.sections import Chosen
from pages.ui import data_edition, loaders, refusals, session
from pages.ui.refusals import Write

_SAID: Final = "publication_said"
_REFUSED: Final = "publication_refused"
_OF_ALL: Final = ""


def show_done() -> None:
    """What has just been stored, or why nothing was."""
    if (refused := st.session_state.pop(_REFUSED, None)) is not None:
        st.error(refused, icon=":material/block:")
    if (done := st.session_state.pop(_SAID, None)) is not None:
        st.success(done, icon=":material/task_alt:")


def _carry_out(write: Write, done: str) -> None:
    _, refused = refusals.carried_out(write)
    st.session_state[_SAID if refused is None else _REFUSED] = done if refused is None else refused


# --- The coordinator -------------------------------------------------------------------------------------------------


def offer_draft(person: Person) -> None:
    """Another draft, for whoever publishes."""
    data_date = data_edition.shown().data_date
    if not person.may(May.SETTLE) or data_date is None or not loaders.names_agencies():
        return
    if st.button(w.t("publications.new"), icon=":material/edit_document:", key="publication_new"):
        _ask_for_draft(data_date)


def _ask_for_draft(data_date: dt.date) -> None:
    yesterday = today(None) - dt.timedelta(days=1)

    @st.dialog(w.t("publications.new"))
    def ask() -> None:
        as_of = st.date_input(
            w.t("publications.as_of"), data_date, max_value=data_date, format="DD/MM/YYYY", key="publication_as_of"
        )
        known_on = st.date_input(
            w.t("publications.known_on"),
            yesterday,
            max_value=yesterday,
            format="DD/MM/YYYY",
            key="publication_known_on",
            help=w.t("publications.known_on_help"),
        )
        scope = st.selectbox(
            w.t("publications.scope"),
            ("", *SCOPES),
            index=("", *SCOPES).index(SCOPES[0] if loaders.default_scope() == "" else ""),
            format_func=lambda code: w.name("scope", code) if code else w.t("publications.all_scopes"),
            key="publication_scope",
        )
        days = loaders.rules(data_date).draft_days
        st.caption(w.tn("publications.days_to_comment", days))
        if st.button(w.t("publications.make"), type="primary", key="publication_make"):
            with st.spinner(w.t("publications.working_out")):
                refused = _draft(as_of, known_on, scope)
            if refused is None:
                st.rerun()
            st.error(refused, icon=":material/block:")

    ask()


def _draft(as_of: dt.date, known_on: dt.date, scope: str) -> str | None:
    try:
        drafted = publications.work_out(session.store(), as_of=as_of, known_on=known_on, scope=scope)
    except Refused as refusal:
        return refusals.sentence(refusal)
    _, refused = refusals.carried_out(functools.partial(publications.draft, drafted=drafted))
    if refused is None:
        st.session_state[_SAID] = w.t("publications.drafted", as_of=w.date(as_of))
    return refused


def offer(person: Person, chosen: Chosen) -> None:
    """What this person can do with what is shown, while it is a draft."""
    if chosen["published_at"] is not None:
        return
    if person.may(May.SETTLE):
        _offer_publishing(chosen)
    elif person.hands_in_for is not None and today(None) <= chosen["comments_due_on"]:
        _offer_comment(chosen)


def _offer_publishing(chosen: Chosen) -> None:
    number, as_of = chosen["id"], w.date(chosen["as_of"])
    early = today(None) <= chosen["comments_due_on"]
    with st.container(horizontal=True):
        st.button(
            w.t("publications.publish"),
            icon=":material/approval:",
            type="primary",
            key=f"publication_publish_{number}",
            disabled=early,
            help=w.t("publications.publish_after", date=w.date(chosen["comments_due_on"])) if early else None,
            on_click=_carry_out,
            args=(
                functools.partial(publications.publish, number=number),
                w.t("publications.publish_done", as_of=as_of),
            ),
        )
        st.button(
            w.t("publications.withdraw"),
            icon=":material/undo:",
            type="tertiary",
            key=f"publication_withdraw_{number}",
            on_click=_carry_out,
            args=(functools.partial(publications.withdraw, number=number), w.t("publications.withdraw_done")),
        )


# --- Agencies --------------------------------------------------------------------------------------------------------


def _offer_comment(chosen: Chosen) -> None:
    number = chosen["id"]
    with st.container(horizontal=True):
        st.button(
            w.t("publications.agree"),
            icon=":material/thumb_up:",
            key=f"publication_agree_{number}",
            on_click=_carry_out,
            args=(
                functools.partial(publications.comment, number=number, agrees=True),
                w.t("publications.comment_done"),
            ),
        )
        if st.button(w.t("publications.disagree"), icon=":material/comment:", key=f"publication_disagree_{number}"):
            _ask_why(number)


def _ask_why(number: int) -> None:
    shown = (_OF_ALL, COMPOSITE, *shown_in("scorecard", loaders.records()))

    @st.dialog(w.t("publications.disagree"))
    def ask() -> None:
        kpi = st.selectbox(
            w.t("publications.of_which"),
            shown,
            format_func=lambda code: w.t(f"kpi.{code}.name") if code else w.t("publications.of_all"),
            key="publication_of",
        )
        text = st.text_area(w.t("publications.why"), max_chars=publications.TEXT_MAX, key="publication_why")
        if st.button(w.t("publications.send"), type="primary", key="publication_send"):
            write = functools.partial(publications.comment, number=number, agrees=False, text=text, of_kpi=kpi)
            _, refused = refusals.carried_out(write)
            if refused is None:
                st.session_state[_SAID] = w.t("publications.comment_done")
                st.rerun()
            st.error(refused, icon=":material/block:")

    ask()
