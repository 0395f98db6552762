"""What a reader sees in place of what a page that failed did not draw."""

from __future__ import annotations

import streamlit as st

from data_access import incidents


def show(error: Exception) -> bool:
    """Tell the reader of a page that it failed. True: nothing else is to be shown."""
    st.error(incidents.sentence(error, number=incidents.record(error, where="page")), icon=":material/error:")
    return True
