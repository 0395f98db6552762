"""Suggestions taken with one click: what stands in the file, what would stand there, for how many rows, and the button."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import streamlit as st

import words as w
from kpi.update.columns import name_of
from kpi.update.problems import shortened
from kpi.update.remedies import Remedy, remedied, remedies
from pages.upload import work as upload_work
from pages.upload.work import Work

_SHOWN_AT_ONCE: Final = 4


def offer(work: Work) -> None:
    """Each suggestion with all the cells it is for, to be taken alone or all of them at once."""
    assert work.table is not None
    found = remedies(work.table.frame, work.problems)
    if not found:
        return
    certain = [remedy for remedy in found if remedy.is_certain]
    with st.container(border=True, gap="small"):
        if len(certain) > 1:
            cells = sum(len(remedy.rows) for remedy in certain)
            _show(w.tn("upload.remedies", cells), w.t("upload.remedy_all"), work, certain, key="all", is_main=True)
        for number, remedy in enumerate(found[:_SHOWN_AT_ONCE]):
            _show_one(work, remedy, number)
        if len(found) > _SHOWN_AT_ONCE:
            with st.expander(w.tn("upload.remedies_more", len(found) - _SHOWN_AT_ONCE)):
                for number, remedy in enumerate(found[_SHOWN_AT_ONCE:], _SHOWN_AT_ONCE):
                    _show_one(work, remedy, number)


def _show_one(work: Work, remedy: Remedy, number: int) -> None:
    language = w.language()
    said = w.tn(
        "upload.remedy",
        len(remedy.rows),
        column=name_of(remedy.column, language),
        value=w.t("upload.blank") if remedy.text is None else shortened(remedy.text),
        suggestion=remedy.written(language),
    )
    _show(said, w.t("upload.remedy_take"), work, [remedy], key=str(number))


def _show(said: str, label: str, work: Work, chosen: Sequence[Remedy], *, key: str, is_main: bool = False) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.text(said, width="stretch")
        st.button(
            label,
            icon=":material/auto_fix_high:",
            key=f"upload_remedy_{work.round}_{key}",
            type="primary" if is_main else "secondary",
            on_click=_take,
            args=(work, chosen, w.language()),
        )


def _take(work: Work, chosen: Sequence[Remedy], language: str) -> None:
    upload_work.correct(work, remedied(upload_work.frame_now(work), chosen, language))
