"""As declared, as verified: the same figures of other claims, chosen in the address, marked where not the usual ones."""

from __future__ import annotations

import dataclasses
from typing import Final

import streamlit as st

import words as w
from kpi.vocabulary import Reading
from pages.ui import cards, loaders
from pages.ui.view import View

_NAME: Final = "standing"


def choose(view: View) -> View:
    """The view as the address asks for it to be read, and the control by which that is chosen."""
    asked = st.query_params.get(_NAME, Reading.COUNTING)
    if asked not in {*Reading}:
        asked = Reading.COUNTING
    st.session_state[_NAME] = str(asked)
    st.segmented_control(
        w.t("common.reading"),
        [str(one) for one in Reading],
        format_func=lambda one: w.name("reading", one),
        required=True,
        key=_NAME,
        on_change=_keep,
        label_visibility="collapsed",
    )
    pending = "" if asked == Reading.COUNTING else loaders.pending_mark()
    return dataclasses.replace(view, reading=Reading(asked), pending=pending)


def mark(view: View) -> None:
    """Says that figures are not read as usual, where they are not."""
    if view.reading != Reading.COUNTING:
        cards.notice(f"common.read_{view.reading}")


def _keep() -> None:
    chosen = st.session_state[_NAME]
    if chosen == Reading.COUNTING:
        st.query_params.pop(_NAME, None)
    else:
        st.query_params[_NAME] = chosen
