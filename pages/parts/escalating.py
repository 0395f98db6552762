"""Asking a level above to settle what holds an agreement up, in a dialog beside the agreement's blockers."""

from __future__ import annotations

import functools
from typing import Any

import polars as pl
import streamlit as st

import words as w
from data_access import directives
from data_access.accounts import Person
from data_access.directives.escalating import ASK_MAX, TEXT_MAX
from kpi.vocabulary import LEVELS_ABOVE
from pages.ui import data_edition, refusals


def offer(person: Person, *, ref: str, agency: str | None, blockers: pl.DataFrame) -> None:
    """The button that opens the dialog, for whoever hands in for the agreement's agency. `blockers`: id, cause, description,
    authority_level, resolved_on."""
    if agency is None or person.hands_in_for != agency or data_edition.shown().known_on is not None:
        return
    beyond = blockers.filter(pl.col("resolved_on").is_null() & pl.col("authority_level").is_in(LEVELS_ABOVE))
    if st.button(w.t("directives.escalate"), icon=":material/upgrade:", key="escalate"):
        _ask(ref, {row["id"]: row for row in beyond.iter_rows(named=True)})


def _ask(ref: str, blockers: dict[int, dict[str, Any]]) -> None:
    @st.dialog(w.t("directives.escalate"), width="medium")
    def ask() -> None:
        blocker = st.selectbox(
            w.t("directives.blocker"),
            [*blockers, None],
            format_func=lambda one: _called(blockers, one),
            key="escalate_blocker",
        )
        if blocker is None:
            level = st.selectbox(
                w.t("directives.level"),
                LEVELS_ABOVE,
                format_func=lambda code: w.name("authority", code),
                key="escalate_level",
            )
        else:
            level = blockers[blocker]["authority_level"]
            st.caption(w.t("directives.goes_to", level=w.name("authority", level)))
        asked = st.text_area(w.t("directives.ask"), max_chars=ASK_MAX, height=90, key="escalate_ask")
        proposal = st.text_area(w.t("directives.proposal"), max_chars=TEXT_MAX, height=70, key="escalate_proposal")
        otherwise = st.text_area(w.t("directives.otherwise"), max_chars=TEXT_MAX, height=70, key="escalate_otherwise")
        if st.button(w.t("directives.escalate_send"), type="primary", key="escalate_send"):
            write = functools.partial(
                directives.escalate,
                ref=ref,
                ask=asked or "",
                blocker_id=blocker,
                level=level,
                proposal=proposal or "",
                otherwise=otherwise or "",
            )
            if refusals.carry_out(write, w.t("directives.escalated", level=w.name("authority", level))):
                st.rerun()
            refusals.show_noted()

    ask()


def _called(blockers: dict[int, dict[str, Any]], number: int | None) -> str:
    if number is None:
        return w.t("directives.no_blocker")
    return f"{w.name('cause', blockers[number]['cause'])} · {blockers[number]['description']}"
