"""A newer export of the register's source that waits: what it changes, and the decision."""

from __future__ import annotations

from typing import Final

import polars as pl
import streamlit as st

import words as w
from data_access import refreshing, updates
from data_access import store as database
from data_access.accounts import May
from data_access.acting import Refused
from pages.review import rivals
from pages.ui import refusals, session
from pages.upload import batch as upload_batch
from pages.upload import newer
from pages.upload.history import Row

_ASKED: Final = "review_newer_asked"
_REFUSED: Final = "review_newer_refused"


def show(person: session.Person, batch: Row, batches: pl.DataFrame) -> None:
    """What a coordinator needs to decide; others see the same without the decision."""
    refusal = st.session_state.pop(_REFUSED, None)
    if refusal is not None:
        st.error(refusal, icon=":material/block:")
    upload_batch.show_heading(person, batch, batches)
    waits = refreshing.waiting(session.store(), batch["id"])
    if waits is None:
        return
    rivals.show(batch)
    st.text(w.t("refresh.moves_to", date=w.date(waits.newer.data_date)))
    taking = frozenset[str]()
    if waits.differences is None:
        st.warning(w.t("refresh.out_of_date"), icon=":material/history:")
    else:
        newer.show_differences(waits.differences, waits.newer, key=f"newer_{batch['id']}")
        taking = newer.choose_taking(waits.differences, key=f"newer_{batch['id']}", chosen=tuple(waits.taking))
    if not person.may(May.REVIEW):
        st.info(w.t("review.only_coordinators"), icon=":material/visibility:")
        return
    _show_decision(person, batch, waits, taking)


def _show_decision(person: session.Person, batch: Row, waits: refreshing.Waiting, taking: frozenset[str]) -> None:
    st.header(w.t("review.decision"), anchor=False)
    number, told = batch["id"], waits.differences
    is_own = batch["username"] == person.username
    grid = st.grid(2, min_column_width=320)
    with grid.cell(), st.container(border=True, height="stretch"):
        if is_own:
            st.text(w.t("refused.own_batch"))
            upload_batch.show_act(batch, "withdraw")
        elif told is not None:
            st.text(w.t("review.publish_help"))
            st.button(
                w.tn("review.publish", refreshing.decided(told, taking).height),
                type="primary",
                icon=":material/publish:",
                key=f"newer_publish_{number}",
                on_click=_note,
                args=(number, told, taking),
            )
    with grid.cell(), st.container(border=True, height="stretch"), st.form(f"newer_return_{number}", border=False):
        st.text(w.t("refresh.return_help"))
        st.text_area(w.t("review.reason"), key=_reason_key(number), max_chars=updates.REASON_MAX, height=110)
        st.form_submit_button(w.t("review.return"), icon=":material/undo:", on_click=_note, args=(number, None, None))


def _reason_key(number: int) -> str:
    return f"newer_reason_{number}"


def _note(number: int, told: pl.DataFrame | None, taking: frozenset[str] | None) -> None:
    reason = str(st.session_state.get(_reason_key(number), ""))
    st.session_state[_ASKED] = (number, told, taking or frozenset(), reason)


def carry_out(person: session.Person) -> None:
    """Do what was just decided. First thing of a run, so that it is about what was on the screen."""
    if _ASKED not in st.session_state:
        return
    with st.spinner(w.t("upload.step_storing")):
        number, told, taking, reason = st.session_state.pop(_ASKED)
        try:
            with database.session(session.store()) as open_session:
                if told is None:
                    updates.send_back(open_session, actor=person, batch_id=number, reason=reason)
                else:
                    refreshing.publish(open_session, actor=person, batch_id=number, seen=told, taking=taking)
        except Refused as refusal:
            st.session_state[_REFUSED] = refusals.sentence(refusal)
            return
    st.rerun()  # the page was begun on the version before
