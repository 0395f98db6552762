"""What a statistic means, on the spot: one sentence, how it is worked out, and the way to the method."""

from __future__ import annotations

from typing import Final

import streamlit as st

import words as w
from pages.ui import links
from pages.ui.kept import drawn

STATISTICS: Final = (
    "difference",
    "places",
    "seen",
    "shares",
    "funnel",
    "casemix",
    "steps",
    "forecast",
    "stalling",
    "calibration",
    "weights",
    "curve",
    "cohort",
    "log_rank",
    "defects",
    "coverage",
    "signs",
)
"""What `explained.po` has words for, in the order of the method page."""


@drawn
def show(statistic: str, *, is_named: bool = False) -> None:
    """A small button that opens the explanation of one of STATISTICS; `is_named` where several stand side by side."""
    word = w.t(f"explained.{statistic}.name") if is_named else w.t("common.explain")
    with st.popover(word, icon=":material/info:", type="tertiary", key=f"explained_{statistic}"):
        st.markdown(f"**{w.t(f'explained.{statistic}.name')}**\n\n{_text(statistic)}")
        links.page_link("method", w.t("common.explain_more"), icon=":material/menu_book:", statistic=statistic)


@drawn
def show_all(asked: str | None) -> None:
    """Every statistic in plain words, for the method page; the one that is asked for is open."""
    st.header(w.t("explained.heading"), anchor=False)
    st.text(w.t("explained.lead"))
    for statistic in STATISTICS:
        with st.expander(w.t(f"explained.{statistic}.name"), expanded=statistic == asked):
            st.markdown(_text(statistic))
            st.caption(w.t(f"explained.{statistic}.source"))


def _text(statistic: str) -> str:
    """The sentence, and how it is worked out."""
    return f"{w.t(f'explained.{statistic}.sentence')}\n\n*{w.t('common.explain_formula')}*: {w.t(f'explained.{statistic}.how')}"
