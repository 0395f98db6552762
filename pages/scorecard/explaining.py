"""What an agency says of a red light, and what it is answered: given, answered and taken back here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import polars as pl
import streamlit as st

import words as w
from data_access import explanations
from data_access import store as database
from data_access.accounts import May, Person
from data_access.acting import Refused
from data_access.clock import today
from pages.ui import data_edition, loaders, refusals
from pages.ui.view import View

_SAID: Final = "explanation_said"


def show_acts(person: Person, view: View, agency: str, red: list[str]) -> None:
    """What this person can do: explain a red light of the own agency, take that back, answer one."""
    said = st.session_state.pop(_SAID, None)
    if said is not None:
        st.error(said, icon=":material/block:")
    if data_edition.shown().known_on is not None:
        return
    standing = loaders.explanations(agency, view.as_of)
    if person.hands_in_for == agency and red:
        with st.container(horizontal=True):
            if st.button(w.t("scorecard.explain"), icon=":material/edit_note:", key="explain"):
                _explain(person, agency, red, standing)
            mine = standing.filter((pl.col("answer") == "") & pl.col("kpi").is_in(red))
            for row in mine.iter_rows(named=True):
                st.button(
                    w.t("scorecard.explanation_take_back", kpi=w.t(f"kpi.{row['kpi']}.short")),
                    icon=":material/undo:",
                    type="tertiary",
                    key=f"explanation_back_{row['id']}",
                    on_click=_do,
                    args=(
                        lambda session, number=row["id"]: explanations.take_back(session, actor=person, number=number),
                    ),
                )
    elif person.may(May.ANSWER):
        opened = standing.filter(pl.col("answered_by").is_in(["", person.username]))
        if opened.height and st.button(w.t("scorecard.answer"), icon=":material/reply:", key="explanation_answer"):
            _answer(person, opened)


def _explain(person: Person, agency: str, red: list[str], standing: pl.DataFrame) -> None:
    @st.dialog(w.t("scorecard.explain"), width="medium")
    def ask() -> None:
        codes = [*red]
        kpi = st.selectbox(
            w.t("scorecard.explain_what"), codes, format_func=lambda code: w.t(f"kpi.{code}.name"), key="explain_kpi"
        )
        text = st.text_area(w.t("scorecard.explain_text"), max_chars=explanations.TEXT_MAX, key="explain_text")
        levels = ("", *explanations.ADDRESSEES)
        whom = st.selectbox(
            w.t("scorecard.explain_whom"),
            levels,
            format_func=lambda code: w.name("authority", code) if code else w.t("scorecard.explain_nobody"),
            key="explain_whom",
        )
        due = None
        if whom:
            due = st.date_input(
                w.t("scorecard.explain_due"), None, min_value=today(None), format="DD/MM/YYYY", key="explain_due"
            )
        if standing.filter(pl.col("kpi") == kpi).height:
            st.caption(w.t("scorecard.explain_replaces"))
        if st.button(w.t("scorecard.explain_send"), type="primary", key="explain_send"):
            _do(
                lambda session: explanations.give(
                    session, actor=person, agency=agency, kpi=kpi, text=text, addressed_to=whom, answer_due_on=due
                )
            )
            st.rerun()

    ask()


def _answer(person: Person, opened: pl.DataFrame) -> None:
    rows = {row["id"]: row for row in opened.iter_rows(named=True)}

    @st.dialog(w.t("scorecard.answer"), width="medium")
    def ask() -> None:
        number = st.selectbox(
            w.t("scorecard.answer_what"),
            list(rows),
            format_func=lambda one: w.t(f"kpi.{rows[one]['kpi']}.name"),
            key="explanation_number",
        )
        st.text(rows[number][w.column("text")] or rows[number]["text_vi"])
        text = st.text_area(
            w.t("scorecard.answer_text"),
            rows[number]["answer"],
            max_chars=explanations.TEXT_MAX,
            key=f"answer_{number}",
        )
        if st.button(w.t("scorecard.answer_send"), type="primary", key="answer_send"):
            _do(lambda session: explanations.answer(session, actor=person, number=number, text=text))
            st.rerun()

    ask()


def _do(act: Callable[[Any], object]) -> None:
    try:
        with database.session(data_edition.store()) as session:
            act(session)
    except Refused as refusal:
        st.session_state[_SAID] = refusals.sentence(refusal)
