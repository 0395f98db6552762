"""The good rows of a file first: the others are given back with what is wrong with them."""

from __future__ import annotations

from typing import Final

import streamlit as st

import words as w
from data_access.acting import Refused
from pages.ui import refusals, session
from pages.upload import problems
from pages.upload import work as upload_work
from pages.upload.work import Work

_SAID: Final = "upload_partial_said"


def offer(person: session.Person, work: Work) -> None:
    """A button that goes on with the rows that have no problems. Rows about one agreement go or stay together."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            w.t("upload.good_rows"),
            icon=":material/playlist_add_check:",
            key=f"upload_good_rows_{work.round}",
            on_click=_go_on,
            args=(person, work),
        )
        st.caption(w.t("upload.good_rows_help"), width="stretch")
    said = st.session_state.pop(_SAID, None)
    if said is not None:
        st.info(said, icon=":material/info:")


def _go_on(person: session.Person, work: Work) -> None:
    try:
        if not upload_work.leave_rest(work, person):
            st.session_state[_SAID] = w.t("upload.good_rows_none")
    except Refused as refusal:
        st.session_state[_SAID] = refusals.sentence(refusal)


def show_rest(work: Work) -> None:
    """The rows that were left out, to be taken along before the others are confirmed."""
    if work.rest is None:
        return
    rest, wrong = work.rest
    st.info(w.tn("upload.rest", rest.frame.height), icon=":material/content_cut:")
    problems.show_returned_file(rest, wrong)
