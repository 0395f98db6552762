"""Partners: by region, tier and partner, down to the agreements."""

from __future__ import annotations

import streamlit as st

import words as w
from pages.partners import SCREEN
from pages.parts import groups
from pages.ui import cards, filters, links, session, tables
from pages.ui.choices import choice

LEVELS = {"region": "partner_region", "tier": "partner_tier", "partner": "partner"}

person = session.require(SCREEN)
view = filters.current()

cards.page_header("partners.heading", w.t("partners.lead" if person.limited_to is None else "groups.own_only"))
level = choice(
    "level",
    tuple(LEVELS),
    label=w.t("partners.level"),
    write=lambda code: w.t(f"partners.level_{code}"),
    default="region" if view.partner_group is None else "partner",
    width=260,
)


def lead_on(row: tables.Row) -> None:
    """From a region or tier to its partners, from a partner to its agreements."""
    if level == "partner":
        links.go("agreements", partner_group=f"partner:{row['code']}", flag="signed")
    links.go("partners", partner_group=f"{level}:{row['code']}", level="partner")


if groups.nothing_signed(view):
    st.stop()
by = LEVELS[level]
st.markdown(w.plain(groups.says(view, by=by, kind=level)))
chosen = groups.show_standing(view, by=by, kind=level, key="partners_standing", alt=w.t("partners.standing_alt"))
if chosen is not None:
    links.go("agreements", partner_group=f"{level}:{chosen[0]}", bucket=chosen[1])
groups.show_table(
    groups.table_of_groups(view, by=by, kind=level),
    key="partners",
    label_key=f"partners.level_{level}",
    alt=w.t("partners.table_alt"),
    on_row=lead_on,
)
