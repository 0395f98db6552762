"""The one cache there is: what takes long is worked out once, kept, and shared between people, who only read it."""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import streamlit as st

from pages.ui import data_edition
from pages.ui.view import View

_Asked = ParamSpec("_Asked")
_Found = TypeVar("_Found")


def kept(
    *, entries: int, whole: bool = False, compares: bool = False
) -> Callable[[Callable[_Asked, _Found]], Callable[_Asked, _Found]]:
    """Have a function work once per edition and arguments, which must be hashable; of its answers so many are kept.

    A view, whose reader is thereby part of the key, reaches the function without what does not matter to it: without its
    restrictions where the answer is of the `whole` register, without the day compared with unless the function `compares`.
    """

    def keep(work: Callable[_Asked, _Found]) -> Callable[_Asked, _Found]:
        signature = inspect.signature(work)

        # Streamlit tells functions apart by name and source, which `wraps` makes those of `work`; and it leaves out of the
        # key what stands in the place of a parameter that begins with an underscore, hence all by name.
        @st.cache_resource(max_entries=entries, show_spinner=False)
        @functools.wraps(work)
        def answer(*, edition: tuple[str, int, str], given: tuple[Any, ...], named: dict[str, Any]) -> _Found:
            return work(*given, **named)

        def needed(value: object) -> object:
            if not isinstance(value, View):
                return value
            view = value.whole if whole else value
            return view if compares else dataclasses.replace(view, compare_with=view.as_of)

        @functools.wraps(work)
        def ask(*args: _Asked.args, **kwargs: _Asked.kwargs) -> _Found:
            asked = signature.bind(*args, **kwargs)
            asked.apply_defaults()
            asked.arguments = {name: needed(value) for name, value in asked.arguments.items()}
            return answer(edition=data_edition.shown().key, given=asked.args, named=asked.kwargs)

        return ask

    return keep
