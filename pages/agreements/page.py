"""Agreements: searched, filtered, and the list behind any number."""

from __future__ import annotations

import words as w
from pages.agreements import SCREEN, sections
from pages.ui import cards, filters, links, session, tables

person = session.require(SCREEN)
view = filters.current()
cards.page_header("agreements.heading", None if person.limited_to is None else w.t("agreements.own_only"))
tables.show(
    sections.choose(view, person.limited_to),
    sections.columns(),
    "agreements",
    file_name="agreements",
    alt=w.t("agreements.alt"),
    on_row=lambda row: links.go("agreement", ref=row["ref"]),
    height=620,
)
