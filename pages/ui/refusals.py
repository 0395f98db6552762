"""Why the store did not do what somebody asked for, in the reader's words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import streamlit as st

import words
from data_access import store
from data_access.acting import Person, Refused
from kpi.update.columns import name_of
from pages.ui import session

Write = Callable[..., object]
"""A function of `data_access` with all but the session and the actor filled in."""


_NOTED: Final = "noted"


def carried_out(write: Write) -> tuple[Person | None, str | None]:
    """Store something, for callbacks, which run before the page and its guard: who acts is looked up again. Gives who did (None
    where nobody is signed in any more: then nothing is stored), and why it was refused (None where it was stored)."""
    person = session.current()
    if person is None:
        return None, None
    try:
        with store.session(session.store()) as opened:
            write(opened, actor=person)
    except Refused as refusal:
        return person, sentence(refusal)
    return person, None


def carry_out(write: Write, done: str) -> bool:
    """Store something, and note what `show_noted` is to say of it in the run that follows; whether it was stored."""
    person, refused = carried_out(write)
    if person is not None:
        st.session_state[_NOTED] = (refused is None, done if refused is None else refused)
    return person is not None and refused is None


def show_noted() -> None:
    """What has just been stored, or why nothing was."""
    if (noted := st.session_state.pop(_NOTED, None)) is not None:
        is_done, said = noted
        if is_done:
            st.success(said, icon=":material/task_alt:")
        else:
            st.error(said, icon=":material/block:")


def sentence(refusal: Refused) -> str:
    """Why nothing was done, and what to do. Safe for elements that render Markdown."""
    refs = words.plain(", ".join(refusal.refs))
    if refusal.code == "wait":
        return words.tn("sign_in.wait", refusal.seconds)
    if refusal.code != "overlaps":
        most = words.number(refusal.most)
        return words.t(f"refused.{refusal.code}", refs=refs, period=words.plain(refusal.period), most=most)
    batches = sorted({overlap.batch_id for overlap in refusal.overlaps})
    fields = sorted({overlap.field.partition("[")[0] for overlap in refusal.overlaps})
    return words.t(
        "upload.undo_blocked",
        batches=", ".join(str(number) for number in batches),
        refs=refs,
        fields=", ".join(name_of(field, words.language()) for field in fields),
    )
