"""A choice that belongs to one page, kept in its address: which agency, which list, which words."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Final, NoReturn

import polars as pl
import streamlit as st

import words as w
from pages.ui.kept import per_frame

ALL = "ALL"
"""The choice that leaves nothing out."""

MOST_OPTIONS: Final = 200
"""A select box has at most so many options; of more it offers those that are looked for."""

_SHOWN_CHARACTERS = 40


def choice(
    name: str,
    options: Sequence[str],
    *,
    label: str,
    write: Callable[[str], str],
    default: str,
    width: int | None = None,
) -> str:
    """A select box whose value is the address's parameter `name`; the code chosen.

    The address alone decides, so a link, the back button and the widget can never disagree. A code that is not among the
    options falls back to the default, and the reader is told.
    """
    given = st.query_params.get(name)
    if given is not None and given not in options:
        shown = w.plain(given[:_SHOWN_CHARACTERS])
        st.warning(w.t("common.unknown_choice", label=label, value=shown), icon=":material/link_off:")
        given = None
    code = given if given is not None else default
    key = f"choice_{name}"
    st.session_state[key] = code
    st.selectbox(
        label, options, key=key, format_func=write, on_change=_put, args=(name, key, default), width=width or "stretch"
    )
    return code


def choices(
    name: str, options: Sequence[str], *, label: str, write: Callable[[str], str], default: Sequence[str], most: int
) -> list[str]:
    """A box for several codes, the address's parameter `name` with commas between them; the codes chosen, in order.

    As in `choice` the address alone decides. Codes that are not among the options, and what comes after the first `most`,
    are left out; where none is left, or all were taken away, it is the default.
    """
    given = [code for code in st.query_params.get(name, "").split(",") if code in options][:most]
    codes = list(dict.fromkeys(given)) or list(default)
    key = f"choices_{name}"
    st.session_state[key] = codes

    def put() -> None:
        chosen = st.session_state[key]
        if not chosen or sorted(chosen) == sorted(default):
            st.query_params.pop(name, None)
        else:
            st.query_params[name] = ",".join(chosen)

    st.multiselect(label, options, key=key, format_func=write, max_selections=most, on_change=put)
    return codes


def offered(options: Sequence[str], *, key: str, write: Callable[[str], str], chosen: str | None) -> list[str]:
    """The options for a select box: where there are very many, those that a search field drawn here finds, and the one `chosen`."""
    if len(options) <= MOST_OPTIONS:
        return [*options]
    text = st.text_input(
        w.t("common.seek_option", n=w.number(len(options))),
        type="search",
        placeholder=w.t("common.first_options", n=w.number(MOST_OPTIONS)),
        icon=":material/search:",
        key=f"{key}_sought",
        live="400ms",
    )
    sought = w.fold(text or "").split()
    matching = (option for option in options if all(word in w.fold(write(option)) for word in sought))
    found = list(itertools.islice(matching, MOST_OPTIONS))
    return found if chosen is None or chosen in found else [chosen, *found]


def agency_choice(rows: pl.DataFrame) -> str | None:
    """The select box for one of the agencies of these rows, kept in the address as `agency`; None for all of them."""
    named = _agencies(rows)
    code = choice(
        "agency",
        (ALL, *named),
        label=w.t("common.agency"),
        write=lambda code: w.t("common.every_agency") if code == ALL else named[code],
        default=ALL,
        width=320,
    )
    return None if code == ALL else code


@per_frame
def _agencies(rows: pl.DataFrame) -> dict[str, str]:
    """The agencies of these rows with their names, in the order of the names."""
    named = {code: w.name("agency", code) for code in rows["agency"].unique()}
    return dict(sorted(named.items(), key=lambda pair: w.sort_key(pair[1])))


def narrow(**codes: str) -> NoReturn:
    """Put several choices of this page into its address at once, and draw it anew.

    For a click that leads elsewhere on the same page: its other choices and the place it was scrolled to stay.
    """
    st.query_params.update(codes)
    st.rerun()


def switch(
    name: str,
    options: Sequence[str],
    *,
    label: str,
    write: Callable[[str], str],
    key: str,
    default: str | None = None,
    forgets: Sequence[str] = (),
) -> str:
    """A switch between the ways to use a page, whose position is the address's parameter `name`; the one chosen.

    The first option stands for itself, without a parameter; `default` holds where the address names none. Choosing another takes
    `forgets` out of the address.
    """
    asked = st.query_params.get(name, default or options[0])
    asked = asked if asked in options else options[0]
    st.session_state[key] = asked
    st.segmented_control(
        label,
        options,
        format_func=write,
        required=True,
        key=key,
        on_change=_turn,
        args=(name, key, options[0], (name, *forgets)),
        label_visibility="collapsed",
    )
    return asked


def typed(name: str, *, label: str, hint: str) -> str:
    """A search field whose text is the address's parameter `name`; what was typed, empty if nothing was."""
    key = f"typed_{name}"
    sought = st.query_params.get(name, "")
    if st.session_state.get(key) != sought:  # writing the same again could undo what is being typed at this moment
        st.session_state[key] = sought
    text = st.text_input(
        label,
        type="search",
        placeholder=hint,
        icon=":material/search:",
        key=key,
        on_change=_put,
        args=(name, key, ""),
        live="400ms",
    )
    return text or ""


def _turn(name: str, key: str, first: str, leave: Sequence[str]) -> None:
    for parameter in leave:
        st.query_params.pop(parameter, None)
    if st.session_state[key] != first:
        st.query_params[name] = st.session_state[key]


def _put(name: str, key: str, default: str) -> None:
    code = st.session_state[key]
    if not code or code == default:
        st.query_params.pop(name, None)
    else:
        st.query_params[name] = code
