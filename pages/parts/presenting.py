"""The way into briefing mode, and out of it."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

import streamlit as st

import words as w
from kpi.briefing.presets import PRESETS
from pages.ui import links, session

USUAL: Final = next(iter(PRESETS))
"""The briefing that most come for."""


def show_entry(preset: str) -> None:
    """A button that opens a briefing in a tab of its own. `embed` has Streamlit leave out its header, which is asked for in the
    address or not at all."""
    asked = {**links.to(), "preset": preset, "lang": w.language(), "embed": "true"}
    st.link_button(
        w.t("briefing.present"), f"/briefing?{urlencode(asked)}", icon=":material/slideshow:", type="tertiary"
    )


def show_way_out() -> None:
    """Back to the overview, with Streamlit's header again."""
    if st.button(w.t("briefing.leave"), key="briefing_leave", icon=":material/close:"):
        session.go_to(f"/?{urlencode({**links.to(), 'lang': w.language()})}")
        st.stop()
