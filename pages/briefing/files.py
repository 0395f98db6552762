"""The briefing on screen as a file, written when it is asked for."""

from __future__ import annotations

import streamlit as st

import paper
import words as w
from kpi.briefing.blocks import Briefing
from pages.ui import data_edition, exports


def show_files(briefing: Briefing) -> None:
    """A button for each form, all of this briefing as its reader may see it."""
    st.caption(w.t("paper.take"))
    with st.container(horizontal=True, gap="small"):
        for ending in paper.FORMS:
            _show_button(briefing, ending)


def _show_button(briefing: Briefing, ending: str) -> None:
    language, edition = w.language(), data_edition.shown()

    def write() -> bytes:
        # Runs when somebody clicks, in a thread that knows neither session nor language.
        with data_edition.showing(edition), w.in_language(language):
            return paper.drawn(briefing, ending)

    st.download_button(
        w.t(f"paper.form_{ending}"),
        write,
        file_name=exports.file_name(
            w.say(briefing.title), as_of=briefing.as_of, extension=ending, known_on=briefing.known_on
        ),
        mime=paper.FORMS[ending].mime,
        key=f"briefing_file_{ending}",
        on_click="ignore",
        type="tertiary",
        icon=":material/download:",
    )
