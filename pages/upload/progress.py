"""A bar that says what is being done with a long file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import streamlit as st

import words as w
from data_access.acting import Refused
from pages.ui import refusals

Progress = Callable[[str, float], None]
"""Told the key of what is being done and how much of the whole has been done before it."""


@contextmanager
def shown() -> Iterator[Progress]:
    """The bar, for as long as there is something to be done; in its place why it is not, where that is refused for now."""
    place = st.empty()

    def tell(key: str, share: float) -> None:
        place.progress(share, text=w.t(key))

    try:
        yield tell
    except Refused as refusal:
        place.warning(refusals.sentence(refusal), icon=":material/hourglass_top:")
        st.button(w.t("upload.check_again"), icon=":material/refresh:", key="upload_check_again")
        st.stop()
    place.empty()
