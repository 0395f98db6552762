"""From signing to implementation: whether it has become faster, and how long whom waits."""

from __future__ import annotations

import streamlit as st

from pages.parts import heading
from pages.survival import SCREEN, sections
from pages.ui import filters, loaders, session

person = session.require(SCREEN)
view = filters.current()
if loaders.counts(view)["signed"] == 0:
    heading.show_nothing("survival.heading", person)
    st.stop()
heading.show_heading("survival.heading", view)
sections.show_verdict(view)
sections.show_curves(view, person)
