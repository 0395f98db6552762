"""Ways from one page to another. Every link carries the filters, so that the next page shows the same agreements."""

from __future__ import annotations

import datetime as dt
from typing import NoReturn

import streamlit as st

from data_access.accounts import May, Person
from pages.ui import address, filters


def to(**params: str | int | dt.date | None) -> dict[str, str]:
    """The address parameters of a page that keeps the filters in force and adds `params`.

    A parameter that is a filter replaces it; None puts that filter back to its default.
    """
    codes = address.chosen()
    for name, value in params.items():
        if value is not None:
            codes[name] = value.isoformat() if isinstance(value, dt.date) else str(value)
        elif name in filters.names():
            codes[name] = filters.default_code(name)
    return codes


def go(page: str, **params: str | int | dt.date | None) -> NoReturn:
    """Open a page (the name of its file, without ending) with the filters in force and `params`."""
    target = to(**params)
    address.leave(target)
    st.switch_page(f"{page}/page.py", query_params=target)


def page_of_batches(person: Person) -> str:
    """The page on which this person looks at what was handed in."""
    return "review" if person.may(May.READ_EVERYTHING) else "upload"


def page_link(
    page: str, label: str, *, icon: str | None = None, help: str | None = None, **params: str | int | dt.date | None
) -> None:
    """A link to a page that keeps the filters and adds `params`. `label` is Markdown: give typed text through `words.plain`."""
    st.page_link(f"{page}/page.py", label=label, icon=icon, help=help, query_params=to(**params))
