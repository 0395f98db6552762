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
import math
import time
from collections.abc import Mapping
from urllib.parse import urlencode

import streamlit as st

from pages.ui.streamlit_internals import running_page

Params = dict[str, list[str]]

_STATE = "address"
_NOTED_AT_MOST = 100
_BROWSER_CATCHES_UP_SECONDS = 1.0
"""How long the browser may still send the address of before, after it was rewritten."""


@dataclasses.dataclass
class _Memory:
    """What this session knows about its address.

    `chosen` has the codes last in force, without defaults; `says` what the address said when it was last looked at,
    `left` what it said before it was last rewritten, `rewritten_at`; `misleading` the entries of the browser's history
    that do not say what was shown, with what would.
    """

    owner: str
    page: str = ""
    chosen: dict[str, str] = dataclasses.field(default_factory=dict)
    says: dict[str, str] = dataclasses.field(default_factory=dict)
    touched: bool = False
    left: dict[str, str] = dataclasses.field(default_factory=dict)
    rewritten_at: float = -math.inf
    from_menu: bool = False
    misleading: dict[tuple[str, str], Params] = dataclasses.field(default_factory=dict)


def read(names: tuple[str, ...], *, owner: str) -> dict[str, str]:
    """The codes in force for `names`, as text; a name without one is at its default.

    `owner` is who is signed in: a choice is never handed on to the next person at the same machine.
    """
    memory = _memory(owner)
    page, by_history = running_page()
    if by_history and (shown := memory.misleading.pop((page, _entry(_params())), None)) is not None:
        st.query_params.from_dict(shown)
    said, memory.says = memory.says, {name: st.query_params[name] for name in names if name in st.query_params}
    arrived, memory.page = page != memory.page, page
    touched, memory.touched = memory.touched, False
    memory.from_menu = arrived and not by_history and not memory.says and bool(memory.chosen)
    is_late = memory.says == memory.left and time.monotonic() - memory.rewritten_at < _BROWSER_CATCHES_UP_SECONDS
    is_news = by_history or not (touched or memory.from_menu or (not arrived and (memory.says == said or is_late)))
    if is_news:
        memory.chosen = dict(memory.says)
    return dict(memory.chosen)


def says() -> dict[str, str]:
    """What the address itself said when this run began."""
    return dict(_memory_now().says)


def settle(shown: Mapping[str, str], *, says_already: bool, names: tuple[str, ...]) -> None:
    """Take note of what is `shown` (codes that differ from their defaults), and rewrite an address that says else."""
    memory = _memory_now()
    memory.chosen = dict(shown)
    if says_already:
        return
    before = _params()
    after = {name: values for name, values in before.items() if name not in names}
    after |= {name: [code] for name, code in shown.items()}
    if memory.from_menu:
        _note(memory, before, shown=after)
    memory.left, memory.rewritten_at = memory.says, time.monotonic()
    memory.says = dict(shown)
    st.query_params.from_dict(after)


def leave(target: Mapping[str, str]) -> None:
    """Take note that another page is about to be opened with these parameters."""
    memory = _memory_now()
    _note(memory, {name: [value] for name, value in target.items()}, shown=_params())


def choose(name: str, code: str | None) -> None:
    """Put a choice into force for the next run; None for the default. For the callbacks of widgets."""
    memory = _memory_now()
    memory.touched = True
    memory.chosen.pop(name, None)
    if code is not None:
        memory.chosen[name] = code


def clear(names: tuple[str, ...]) -> None:
    """Put these choices back to their defaults for the next run. For the callbacks of widgets."""
    for name in names:
        choose(name, None)


def chosen() -> dict[str, str]:
    """The codes in force that differ from their defaults."""
    return dict(_memory_now().chosen)


def _memory(owner: str) -> _Memory:
    known: _Memory | None = st.session_state.get(_STATE)
    if known is None or known.owner != owner:
        known = st.session_state[_STATE] = _Memory(owner=owner)
    return known


def _memory_now() -> _Memory:
    known: _Memory | None = st.session_state.get(_STATE)
    return known or _memory("")


def _params() -> Params:
    return {name: st.query_params.get_all(name) for name in st.query_params}


def _entry(params: Params) -> str:
    return urlencode(sorted(params.items()), doseq=True)


def _note(memory: _Memory, entry: Params, *, shown: Params) -> None:
    if len(memory.misleading) >= _NOTED_AT_MOST:
        memory.misleading.pop(next(iter(memory.misleading)))
    memory.misleading[(memory.page, _entry(entry))] = shown
