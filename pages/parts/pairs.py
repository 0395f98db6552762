"""Labels with their texts, one pair under the other."""

from __future__ import annotations

from collections.abc import Iterable

import streamlit as st


def show(lines: Iterable[tuple[str, str]]) -> None:
    """Each label at the left with its text beside it, or under it on a narrow screen. Nothing is rendered as Markdown."""
    for label, text in lines:
        left, right = st.columns([1, 5], gap="small")
        left.caption(label)
        right.text(text)
