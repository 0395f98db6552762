"""The list chosen: how many entries it has and which, and the way to add one."""

from __future__ import annotations

import dataclasses
from typing import Any, Final

import polars as pl
import streamlit as st

import words as w
from data_access.accounts import Person
from data_access.lists.kinds import PROVINCES, TIERS
from pages.lists import dialogs
from pages.ui import choices, links, records, tables
from pages.ui.tables import Column

PLACE: Final = "lists"
"""Where what is proposed on this page is shown."""

Row = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Shown:
    """A list as the page offers it: `of` is its name in the store; of agencies, provinces stand apart."""

    name: str
    of: str
    columns: tuple[Column, ...]
    provinces: bool | None = None

    def entries(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The entries of a list that belong here."""
        if self.provinces is None:
            return rows
        return rows.filter(pl.col("kind").is_in(PROVINCES) == self.provinces)


_NAME: Final = Column("name_{language}", "lists.name", pinned=True, width=300)
_DAYS: Final = (
    Column("since", "lists.since", "date", width=115),
    Column("until", "lists.until", "date", width=115),
    Column("in_place", "lists.successor", width=190),
    Column("also", "lists.also", width=260),
)
_ENDED: Final = _DAYS[1:3]
"""What only those that have ended have."""
_CODE: Final = Column("code", "lists.code", width=110)
_KIND: Final = Column("kind_name", "lists.kind", width=170)
_COUNT: Final = Column("agreements", "lists.agreements", "number", width=110)
_AGENCY: Final = (_NAME, Column("abbr_{language}", "lists.abbr", width=110), _CODE, _COUNT, *_DAYS)
SHOWN: Final = {
    one.name: one
    for one in (
        Shown("agencies", "agency", _AGENCY, provinces=False),
        Shown("provinces", "agency", _AGENCY, provinces=True),
        Shown(
            "partners",
            "partner",
            (_NAME, _CODE, _KIND, Column("tier", "lists.tier", "code", of="tier"), _COUNT, *_DAYS),
        ),
        Shown("tiers", "tier", (_NAME, _CODE, _COUNT, *_DAYS[1:])),
        Shown("sectors", "sector", (_NAME, _CODE, _KIND, _COUNT, *_DAYS[1:])),
        Shown("doc_types", "doc_type", (_NAME, _CODE, _KIND, _COUNT, *_DAYS[1:])),
        Shown("exchanges", "exchange", (_NAME, _CODE, _KIND, _COUNT, *_DAYS)),
    )
}


def choose() -> Shown:
    """The list in the address."""
    name = choices.switch(
        "list",
        list(SHOWN),
        label=w.t("lists.which"),
        write=lambda code: w.t(f"lists.of_{code}"),
        key="lists_which",
        forgets=("entry", "q"),
    )
    return SHOWN[name]


def entries(which: Shown) -> pl.DataFrame:
    """Its entries, with the words for their kinds and what is in their place."""
    rows = which.entries(records.entries(which.of))
    place = {code: place for place, code in enumerate(w.labels(which.of))} if which.of == TIERS.name else {}
    rows = rows.with_columns(
        kind_name=w.texts(rows["kind"], lambda kind: dialogs.kind_name(which.of, kind)),
        in_place=pl.when(pl.col("successor").is_not_null()).then(w.name_expr(pl.col("successor"), which.of)),
    ).sort(w.sort_keys(pl.col(w.column("name"))))
    return rows.sort(pl.col("code").replace_strict(place, default=0, return_dtype=pl.Int64), maintain_order=True)


def chosen(rows: pl.DataFrame) -> Row | None:
    """The entry in the address, if the list has it."""
    found = rows.filter(pl.col("code") == st.query_params.get("entry", ""))
    return None if found.is_empty() else found.row(0, named=True)


def show(person: Person, which: Shown, rows: pl.DataFrame) -> None:
    """How the list stands, a search, the table; a row leads to its entry."""
    going_on = rows.filter(pl.col("until").is_null())
    ended, by_hand = rows.height - going_on.height, rows.filter(pl.col("source") == dialogs.BY_HAND).height
    st.markdown(w.t("lists.count", n=w.number(going_on.height), ended=w.number(ended), by_hand=w.number(by_hand)))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        sought = choices.typed("q", label=w.t("lists.seek"), hint=w.t("lists.seek_hint"))
        with_ended = st.toggle(w.t("lists.with_ended"), key="lists_with_ended", disabled=not ended)
        if st.button(w.t("lists.add"), icon=":material/add:", type="primary", key="lists_add"):
            dialogs.add(person, which.name, which.of, records.entries(which.of))
    listed = rows if with_ended else going_on
    whole = pl.concat_str("code", "name_vi", "name_en", "abbr_vi", "abbr_en", "also", separator=" ")
    for word in w.fold(sought).split():
        listed = listed.filter(w.fold_expr(whole).str.contains(word, literal=True))
    tables.show(
        listed,
        [column for column in which.columns if with_ended or column not in _ENDED],
        f"lists_{which.name}",
        file_name=w.t(f"lists.of_{which.name}"),
        alt=w.t(f"lists.of_{which.name}"),
        on_row=lambda row: links.go("lists", list=which.name, entry=row["code"]),
        empty_key="lists.none",
        height=560 if listed.height > 15 else None,
    )
