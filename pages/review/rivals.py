"""Other batches that wait for the same agreements, beside a batch under review."""

from __future__ import annotations

from typing import Final

import streamlit as st

import words as w
from data_access.rivals import read_rivals
from pages.ui import session
from pages.upload import history
from pages.upload.history import Row

_FEW: Final = 5


def show(batch: Row) -> None:
    """Other batches that wait and are about the same agreements, those that contradict this one marked as such."""
    found = read_rivals(session.store(), batch["id"])
    if found.is_empty():
        return
    differs = bool(found["differs"].any())
    st.warning(
        w.tn("review.rivals_differ" if differs else "review.rivals", found["ref"].n_unique()),
        icon=":material/content_copy:",
    )
    with st.container(horizontal=True):
        for (number,), rows in found.group_by("batch_id", maintain_order=True):
            refs = w.plain(", ".join(rows["ref"].head(_FEW)))
            label = w.t("review.rival", number=number, refs=refs)
            history.show_link(
                "review", label, icon=":material/visibility:", key=f"rival_{number}", batch=int(str(number))
            )
