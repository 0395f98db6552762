"""A bar that says what is being done with a long file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import streamlit as st

import words as w

Progress = Callable[[str, float], None]
"""Told the key of what is being done and how much of the whole has been done before it."""


@contextmanager
def shown() -> Iterator[Progress]:
    """The bar, for as long as there is something to be done."""
    place = st.empty()

    def tell(key: str, share: float) -> None:
        place.progress(share, text=w.t(key))

    yield tell
    place.empty()
