"""One entry of a list: what it is called, since when, what is in its place, and all that can be done with it."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

import words as w
from data_access.accounts import Person
from data_access.lists.kinds import AGENCIES, PARTNERS, TIERS
from kpi.vocabulary import FLOOR_TIERS
from pages.lists import dialogs
from pages.lists.sections import Shown
from pages.ui import links


def show(person: Person, which: Shown, rows: pl.DataFrame, row: dict[str, Any]) -> None:
    """The entry, and a button for each change, which opens a dialog."""
    if st.button(w.t("lists.back", list=w.t(f"lists.of_{which.name}")), type="tertiary", icon=":material/arrow_back:"):
        links.go("lists", list=which.name)
    st.header(w.plain(row[w.column("name")]), anchor=False)
    st.markdown(_standing(which, row))
    for label, value in _told(which, row):
        st.text(f"{label}: {value}")
    with st.container(horizontal=True):
        for name, icon in _offered(which, row):
            if st.button(w.t(f"lists.do_{name}"), icon=f":material/{icon}:", key=f"lists_do_{name}"):
                dialogs.ASK[name](person, which.of, rows, row)


def _standing(which: Shown, row: dict[str, Any]) -> str:
    """Whether the entry goes on, and what it has."""
    if row["until"] is None:
        return w.tn("lists.goes_on", row["agreements"])
    if row["successor"] is None:
        return w.t("lists.ended", date=w.date(row["until"]))
    name = w.plain(w.name(which.of, row["successor"]))
    return w.t("lists.ended_into", date=w.date(row["until"]), into=name)


def _told(which: Shown, row: dict[str, Any]) -> list[tuple[str, str]]:
    other = "name_en" if w.column("name") == "name_vi" else "name_vi"
    told = [
        ("lists.code", row["code"]),
        (f"lists.{other}", row[other]),
        ("lists.abbr", " · ".join(dict.fromkeys(filter(None, (row["abbr_vi"], row["abbr_en"]))))),
        ("lists.kind", row["kind_name"]),
        ("lists.tier", w.name("tier", row["tier"]) if row["tier"] else ""),
        ("lists.under", w.name(PARTNERS.name, row["counts_under"]) if row["counts_under"] else ""),
        ("lists.since", w.date(row["since"]) if row["since"] else ""),
        ("lists.also", row["also"]),
    ]
    return [(w.t(key), text) for key, text in told if text]


def _offered(which: Shown, row: dict[str, Any]) -> list[tuple[str, str]]:
    """What can be done with an entry: its name among `dialogs.ASK`, and an icon."""
    offered = [("rename", "edit"), ("also", "label")]
    is_agency, is_partner, is_tier = (which.of == one.name for one in (AGENCIES, PARTNERS, TIERS))
    if row["until"] is None:
        offered.append(("merge", "merge"))
        offered += [("split", "call_split")] if is_tier or (is_agency and row["agreements"]) else []
        offered += [("tier", "handshake")] if is_partner and not row["counts_under"] else []
        stays = (is_agency and row["agreements"]) or (is_tier and row["code"] in FLOOR_TIERS)
        offered += [] if stays else [("close", "event_busy")]
    offered.append(("undo", "undo"))
    if row["source"] == dialogs.BY_HAND and not row["agreements"]:
        offered.append(("remove", "delete"))
    return offered
