"""What was decided and whether it was carried out; what waits for a level above, and how that ended."""

from __future__ import annotations

import streamlit as st

import words as w
from pages.directives import SCREEN, one, sections
from pages.parts import decided, directing
from pages.ui import cards, refusals, session
from pages.ui.choices import switch

person = session.require(SCREEN)
own = person.limited_to
is_escalated = st.query_params.get(decided.WHICH) == decided.ESCALATIONS
is_about = decided.ESCALATIONS if is_escalated else decided.DIRECTIVES
shown = decided.escalations(own) if is_escalated else decided.directives(own)

asked = one.asked(shown)
if asked is None:
    cards.page_header("directives.heading", sections.lead(shown, is_about, is_own=own is not None))
refusals.show_noted()
if asked is not None:
    one.show(person, asked, is_about)
    st.stop()
which = switch(
    decided.WHICH,
    (decided.DIRECTIVES, decided.ESCALATIONS),
    label=w.t("directives.which"),
    write=lambda code: w.t(f"directives.{code}"),
    key="directives_which",
    forgets=("number", "stands", "agency"),
)
if which == decided.ESCALATIONS:
    sections.show_levels(shown)
    sections.show_escalations(shown, sees_all=own is None)
else:
    directing.offer(person, key="directives_give")
    sections.show_directives(shown, sees_all=own is None)
