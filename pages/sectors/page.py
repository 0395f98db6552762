"""Sectors: by group and field, against partners, down to the agreements."""

from __future__ import annotations

import streamlit as st

import words as w
from pages.parts import groups
from pages.sectors import SCREEN
from pages.ui import cards, charts, filters, links, session, tables
from pages.ui.choices import choice

LEVELS = {"sector_group": "sector_group", "sector": "sector"}
AGAINST = {"region": "partner_region", "tier": "partner_tier"}

person = session.require(SCREEN)
view = filters.current()

cards.page_header("sectors.heading", w.t("sectors.lead" if person.limited_to is None else "groups.own_only"))
if groups.nothing_signed(view):
    st.stop()


def show_heat_map() -> None:
    """How many were signed in each field with each group of partners; a cell leads to its agreements."""
    st.header(w.t("sectors.heat"), anchor=False)
    against = choice(
        "against",
        tuple(AGAINST),
        label=w.t("sectors.against"),
        write=lambda code: w.t(f"sectors.against_{code}"),
        default="region",
        width=260,
    )
    cells = groups.heat(view, column=AGAINST[against], kind=against)
    cell = charts.show(
        charts.heat_map("sector", "partners"), cells, key="sectors_heat", alt=w.t("sectors.heat_alt"), on_select=True
    )
    if cell is not None:
        links.go("agreements", sector=cell["row_code"], partner_group=f"{against}:{cell['column_code']}", flag="signed")


def lead_on(row: tables.Row) -> None:
    """From a field to its agreements, from a group to its fields."""
    if level == "sector":
        links.go("agreements", sector=row["code"], flag="signed")
    links.go("sectors", level="sector")


level = choice(
    "level",
    tuple(LEVELS),
    label=w.t("sectors.level"),
    write=lambda code: w.t(f"sectors.level_{code}"),
    default="sector",
    width=260,
)
by = LEVELS[level]
st.markdown(w.plain(groups.says(view, by=by, kind=level)))
chosen = groups.show_standing(view, by=by, kind=level, key="sectors_standing", alt=w.t("sectors.standing_alt"))
if chosen is not None and level == "sector":
    links.go("agreements", sector=chosen[0], bucket=chosen[1])
groups.show_table(
    groups.table_of_groups(view, by=by, kind=level),
    key="sectors",
    label_key=f"sectors.level_{level}",
    alt=w.t("sectors.table_alt"),
    on_row=lead_on,
)
show_heat_map()
