"""What an agency says of a red light, whom it asks to decide, and what it was told."""

from __future__ import annotations

from typing import Any

import streamlit as st

import words as w
from data_access.clock import today


def show_one(word: dict[str, Any]) -> None:
    """An explanation with whom it asks, by when, and the answer."""
    st.caption(w.t("scorecard.explained_on", date=w.date(word["given_on"])))
    st.text(word[w.column("text")] or word["text_vi"])
    if word["addressed_to"]:
        asked = w.name("authority", word["addressed_to"])
        due = word["answer_due_on"]
        said = (
            w.t("scorecard.asks", whom=asked) if due is None else w.t("scorecard.asks_by", whom=asked, date=w.date(due))
        )
        is_late = due is not None and not word["answer"] and due < today(None)
        st.caption(f"{said} · {w.t('scorecard.answer_late')}" if is_late else said)
    if word["answer"]:
        st.caption(w.t("scorecard.answered", date=w.date(word["answered_at"].date()), by=w.plain(word["answered_by"])))
        st.text(word["answer"])
