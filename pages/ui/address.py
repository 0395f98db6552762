"""Choices kept in the address, under names and codes that are the same in every language.

Streamlit's own binding would write the label of an option, which changes with the language, and refuses links that set a
bound name; so the address is kept here. Who wins, the address or the widget?

- going back or forward: the address;
- a widget the person has just changed: the widget;
- an address that says something else than this session last wrote, because a link was followed: the address;
- a page opened from the menu, whose address says nothing: what was chosen before.

The address is rewritten only where it means something else than what is shown, in one step, so that the back button never
stops at a half-written address.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

_STATE = "address"


@dataclasses.dataclass
class _Memory:
    """What this session knows about its address. `chosen` has the codes last in force, without defaults."""

    owner: str
    page: str = ""
    chosen: dict[str, str] = dataclasses.field(default_factory=dict)
    written: dict[str, str] = dataclasses.field(default_factory=dict)
    from_menu: dict[str, dict[str, str]] = dataclasses.field(default_factory=dict)
    touched: bool = False


def read(names: tuple[str, ...], *, owner: str) -> dict[str, str]:
    """The codes in force for `names`, as text; a name without one is at its default.

    `owner` is who is signed in: a choice is never handed on to the next person at the same machine.
    """
    memory = _memory(owner)
    given = {name: st.query_params[name] for name in names if name in st.query_params}
    page, by_history = _page()
    arrived, memory.page = page != memory.page, page
    touched, memory.touched = memory.touched, False
    if by_history:
        chosen = given or memory.from_menu.get(page, {})
    elif touched:
        chosen = memory.chosen
    elif given == memory.written and not arrived:
        chosen = memory.chosen
    elif not given and arrived and memory.chosen:
        chosen = memory.from_menu[page] = dict(memory.chosen)
    else:
        chosen = given
    memory.chosen = dict(chosen)
    memory.written = given
    return dict(memory.chosen)


def says() -> dict[str, str]:
    """What the address said when this run began, as it was written there."""
    memory: _Memory = st.session_state[_STATE]
    return dict(memory.written)


def settle(shown: Mapping[str, str], *, says_already: bool, names: tuple[str, ...]) -> None:
    """Take note of what is `shown` (codes that differ from their defaults), and rewrite an address that says something else."""
    memory: _Memory = st.session_state[_STATE]
    memory.chosen = dict(shown)
    _, by_history = _page()
    if by_history or says_already:
        return
    memory.written = dict(shown)
    others = {name: st.query_params.get_all(name) for name in st.query_params if name not in names}
    st.query_params.from_dict({**others, **shown})


def choose(name: str, code: str | None) -> None:
    """Put a choice into force for the next run; None for the default. For the callbacks of widgets."""
    memory: _Memory = st.session_state[_STATE]
    memory.touched = True
    memory.chosen.pop(name, None)
    if code is not None:
        memory.chosen[name] = code


def clear(names: tuple[str, ...]) -> None:
    """Put these choices back to their defaults for the next run."""
    for name in names:
        choose(name, None)


def chosen() -> dict[str, str]:
    """The codes in force that differ from their defaults."""
    memory: _Memory | None = st.session_state.get(_STATE)
    return dict(memory.chosen) if memory else {}


def _memory(owner: str) -> _Memory:
    known: Any = st.session_state.get(_STATE)
    if not isinstance(known, _Memory) or known.owner != owner:
        known = st.session_state[_STATE] = _Memory(owner=owner)
    return known


def _page() -> tuple[str, bool]:
    """The page that runs, and whether the person came to it by going back or forward."""
    context = get_script_run_ctx(suppress_warning=True)
    if context is None:
        return "", False
    return context.page_script_hash, bool(getattr(context, "is_history_navigation", False))
