"""Choices kept in the address, under names and codes that are the same in every language.

Streamlit's own binding would write the label of an option, which changes with the language, and refuses links that set a
bound name; so the address is kept here. Who wins, the address or the widget?

- going back or forward: the address;
- a widget the person has just changed: the widget;
- an address that says something else than this session last wrote, because a link was followed: the address;
- a page opened from the menu, whose address says nothing: what was chosen before.

Two kinds of entries in the browser's history do not say what was shown there: the bare one a menu leaves, and the one
Streamlit leaves when a page is switched, which has the old page with the new page's parameters. Both are noted down, and
put right when somebody comes back to them (Streamlit then replaces the entry and adds none).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

Params = dict[str, list[str]]

_STATE = "address"


@dataclasses.dataclass
class _Memory:
    """What this session knows about its address. `chosen` has the codes last in force, without defaults."""

    owner: str
    page: str = ""
    chosen: dict[str, str] = dataclasses.field(default_factory=dict)
    written: dict[str, str] = dataclasses.field(default_factory=dict)
    touched: bool = False
    misleading: dict[tuple[str, str], Params] = dataclasses.field(default_factory=dict)


def read(names: tuple[str, ...], *, owner: str) -> dict[str, str]:
    """The codes in force for `names`, as text; a name without one is at its default.

    `owner` is who is signed in: a choice is never handed on to the next person at the same machine.
    """
    memory = _memory(owner)
    page, by_history = _page()
    arrived, memory.page = page != memory.page, page
    touched, memory.touched = memory.touched, False
    if by_history and (shown := memory.misleading.pop(_entry(page, _params()), None)) is not None:
        st.query_params.from_dict(shown)
    memory.written = {name: st.query_params[name] for name in names if name in st.query_params}
    unchanged = memory.written == getattr(memory, "_last", None)
    if by_history:
        memory.chosen = dict(memory.written)
    elif touched or (unchanged and not arrived):
        pass
    elif memory.written or not arrived:
        memory.chosen = dict(memory.written)
    return dict(memory.chosen)
