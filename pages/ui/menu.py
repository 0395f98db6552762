"""The pages as Streamlit's navigation takes them."""

from __future__ import annotations

import base64
import copy
import functools
from pathlib import Path
from typing import Final

import streamlit as st

import words
from data_access import updates
from data_access.accounts import May, Person
from pages.screen import Screen, screens
from pages.ui import loaders, session

# The section and the page whose names say how many batches wait for review.
_WAITING_IN: Final = ("coordination", "review")


@functools.cache
def icon() -> str:
    """The picture in the browser's tab, as an address that holds it: by the name of its file it would be read in every run."""
    drawn = Path(__file__).parents[1].joinpath("icon.svg").read_bytes()
    return f"data:image/svg+xml;base64,{base64.b64encode(drawn).decode('ascii')}"


def pages(person: Person | None) -> dict[str, list[st.Page]]:
    """The pages under the headings of their sections; those without one come first. A coordinator reads how much waits."""
    waiting = updates.count_waiting(session.store()) if person is not None and person.may(May.REVIEW) else 0
    sections: dict[str, list[st.Page]] = {}
    for screen in screens():
        heading = words.t(f"frame.section_{screen.section}") if screen.section else ""
        title = words.t(f"frame.page_{screen.name}")
        if waiting and screen.section == _WAITING_IN[0]:
            heading = words.t("frame.waiting", name=heading, n=words.number(waiting))
        if waiting and screen.name == _WAITING_IN[1]:
            title = words.t("frame.waiting", name=title, n=words.number(waiting))
        sections.setdefault(heading, []).append(_page(screen, person, title))
    return sections


def _page(screen: Screen, person: Person | None, title: str) -> st.Page:
    is_shown = screen.in_menu and person is not None and screen.is_open_to(person)
    is_shown = is_shown and (not screen.of_agencies or loaders.names_agencies())
    return copy.copy(_page_like(screen, title, is_shown=is_shown))  # Streamlit notes on each whether it may run


@functools.lru_cache(maxsize=512)  # Streamlit looks for the file of every page in each run
def _page_like(screen: Screen, title: str, *, is_shown: bool) -> st.Page:
    is_first = screen is screens()[0]
    return st.Page(
        screen.page,
        title=title,
        url_path="" if is_first else screen.name,
        icon=screen.icon,
        default=is_first,
        visibility="visible" if is_shown else "hidden",
    )
