"""What is asked for a change of a list, in a dialog each; the page then proposes it, to be confirmed, and put back if wanted."""

from __future__ import annotations

import datetime as dt
import functools
import types
from collections.abc import Callable, Mapping
from typing import Any, Final

import polars as pl
import streamlit as st

import words as w
from data_access import lists
from data_access.accounts import Person
from data_access.clock import today
from data_access.lists.kinds import AGENCIES, BY_HAND, CODE_MAX, LISTS, NAME_MAX, PARTNERS, PLACES, PROVINCES, TIERS
from pages.coordination.sections import Line, ProposedChange, propose
from pages.ui import choices, data_edition, records
from pages.ui.refusals import Write
from words.catalogs import terms

__all__ = ["ASK", "BY_HAND", "add", "kind_name"]

_PLACE: Final = "lists"
Row = dict[str, Any]


def _propose(person: Person, what: str, old: str, new: str, write: Write, undo: Write, note: str = "") -> None:
    """Close the dialog and ask to confirm."""
    propose(person, ProposedChange(_PLACE, (Line(what, old, new),), write, undo, note))
    st.rerun()


def _next(ready: bool) -> bool:
    return st.button(w.t("lists.next"), type="primary", key="lists_next", disabled=not ready)


def kind_name(of: str, kind: str) -> str:
    """What a kind of entry is called."""
    if of in ("sector", "doc_type"):
        return w.name({"sector": "sector_group", "doc_type": "legal_class"}[of], kind)
    return w.name("entry_kind", kind) if kind in terms("entry_kind") else kind


# --- A new entry -----------------------------------------------------------------------------------------------------


def add(person: Person, shown: str, of: str, rows: pl.DataFrame) -> None:
    """Ask for a new entry of a list."""
    kind = LISTS[of]

    @st.dialog(w.t("lists.add_to", list=w.t(f"lists.of_{shown}")), width="medium")
    def ask() -> None:
        code = st.text_input(w.t("lists.code"), max_chars=CODE_MAX, help=w.t("lists.code_help"), key="lists_code")
        names = _names(None, abbreviated=kind.abbreviated)
        known = kind.kinds or tuple(rows["kind"].unique().sort())
        if of == AGENCIES.name:
            known = tuple(one for one in known if (one in PROVINCES) == (shown == "provinces"))
        chosen: str | None = ""
        if kind.kind:
            chosen = st.selectbox(
                w.t("lists.kind"),
                known,
                index=None,
                format_func=lambda one: kind_name(of, one),
                placeholder=w.t("lists.choose"),
                key="lists_kind",
            )
        region: str | None = ""
        under: str | None = None
        since: dt.date | None = None
        if of == PARTNERS.name and chosen == "subnational":
            under = _entry(rows.filter(pl.col("kind").is_in(PLACES)), of, "lists.under")
        elif of == PARTNERS.name:
            region = st.selectbox(
                w.t("lists.region"),
                rows["region"].unique().sort().to_list(),
                index=None,
                format_func=lambda one: w.name("region", one),
                placeholder=w.t("lists.choose"),
                key="lists_region",
            )
        elif of in (AGENCIES.name, "exchange"):
            since = st.date_input(w.t("lists.since"), _first(), format="DD/MM/YYYY", key="lists_since")
        if _next(bool(code and names["name_vi"] and names["name_en"] and chosen is not None)):
            entry = lists.Entry(code, kind=chosen or "", region=region or "", under=under, since=since, **names)
            _propose(
                person,
                w.t(f"lists.of_{shown}"),
                w.t("lists.nothing"),
                f"{code} – {names[w.column('name')]}",
                functools.partial(lists.add, of=of, entry=entry),
                functools.partial(lists.remove, of=of, code=code),
            )

    ask()


def _names(row: Row | None, *, abbreviated: bool) -> dict[str, str]:
    held = row or {}
    fields = ["name_vi", "name_en", *(("abbr_vi", "abbr_en") if abbreviated else ())]
    return {
        name: st.text_input(
            w.t(f"lists.{name}"), held.get(name, ""), max_chars=NAME_MAX, key=f"lists_{name}_{held.get('code', '')}"
        )
        or ""
        for name in fields
    }


def _entry(rows: pl.DataFrame, of: str, label: str) -> str | None:
    codes = sorted(rows["code"].to_list(), key=lambda code: w.sort_key(w.name(of, code)))
    key = f"lists_{label.partition('.')[2]}"
    found = choices.offered(codes, key=key, write=lambda code: w.name(of, code), chosen=None)
    return st.selectbox(
        w.t(label),
        found,
        index=None,
        format_func=lambda code: f"{w.name(of, code)} ({code})",
        placeholder=w.t("lists.choose"),
        key=key,
    )


def _day(label: str) -> dt.date | None:
    return st.date_input(w.t(label), _first(), min_value=_first(), format="DD/MM/YYYY", key="lists_day")


def _first() -> dt.date:
    """The first day that may still change."""
    return data_edition.shown().data_date or today(None)


# --- An entry there is -----------------------------------------------------------------------------------------------


def _named(of: str, row: Row) -> str:
    return f"{row['code']} – {row[w.column('name')]}"


def _rename(person: Person, of: str, rows: pl.DataFrame, row: Row) -> None:
    @st.dialog(w.t("lists.do_rename"), width="medium")
    def ask() -> None:
        names = _names(row, abbreviated=LISTS[of].abbreviated)
        st.caption(w.t("lists.rename_help"))
        if _next(all(names.values()) and any(names[name] != row[name] for name in names)):
            before = {name: row[name] for name in names}
            change = functools.partial(lists.rename, of=of, code=row["code"])
            shown = next((n for n in (w.column("name"), *names) if names[n] != row[n]), w.column("name"))
            _propose(
                person,
                row["code"],
                row[shown],
                names[shown],
                functools.partial(change, **names),
                functools.partial(change, **before),
            )

    ask()


def _also(person: Person, of: str, rows: pl.DataFrame, row: Row) -> None:
    @st.dialog(w.t("lists.do_also"), width="medium")
    def ask() -> None:
        name = st.text_input(w.t("lists.also_name"), max_chars=NAME_MAX, help=w.t("lists.also_help"), key="lists_also")
        if _next(bool(name and name.strip())):
            given = {"of": of, "code": row["code"], "name": name}
            what, new = w.t("lists.also"), f"{name} → {row[w.column('name')]}"
            add_, take = functools.partial(lists.call_also, **given), functools.partial(lists.call_no_more, **given)
            _propose(person, what, w.t("lists.nothing"), new, add_, take)

    ask()


def _merge(person: Person, of: str, rows: pl.DataFrame, row: Row) -> None:
    @st.dialog(w.t("lists.do_merge"), width="medium")
    def ask() -> None:
        st.text(_named(of, row))
        going_on = rows.filter(pl.col("until").is_null(), pl.col("code") != row["code"])
        into, day = _entry(going_on, of, "lists.into"), _day("lists.from")
        if _next(into is not None and day is not None) and into is not None and day is not None:
            count, date = row["agreements"], w.date(day)
            key = "lists.merge_note_agency" if of == AGENCIES.name else "lists.merge_note"
            _propose(
                person,
                w.t("lists.merged_from", date=date),
                _named(of, row),
                w.name(of, into),
                functools.partial(lists.merge, of=of, code=row["code"], into=into, effective_on=day),
                functools.partial(lists.reopen, of=of, code=row["code"]),
                w.tn(key, count, date=date),
            )

    ask()


def _split(person: Person, of: str, rows: pl.DataFrame, row: Row) -> None:
    @st.dialog(w.t("lists.do_split"), width="medium")
    def ask() -> None:
        st.text(_named(of, row))
        going_on = rows.filter(pl.col("until").is_null(), pl.col("code") != row["code"])
        into, day = _entry(going_on, of, "lists.into"), _day("lists.from")
        is_tier = of == TIERS.name
        what = "codes" if is_tier else "refs"
        typed = st.text_area(w.t(f"lists.{what}"), help=w.t(f"lists.{what}_help"), height=120, key="lists_refs") or ""
        refs = tuple(dict.fromkeys(typed.replace(",", " ").replace(";", " ").split()))
        if _next(into is not None and day is not None and bool(refs)) and into is not None and day is not None:
            split: Write = functools.partial(lists.split, code=row["code"], into=into, refs=refs, effective_on=day)
            if is_tier:
                split = functools.partial(
                    lists.split_tier, code=row["code"], into=into, partners=refs, effective_on=day
                )
            _propose(
                person,
                w.t("lists.split_from", date=w.date(day)),
                _named(of, row),
                w.name(of, into),
                split,
                functools.partial(lists.reopen, of=of, code=row["code"]),
                w.tn("lists.split_note_tier" if is_tier else "lists.merge_note_agency", len(refs), date=w.date(day)),
            )

    ask()


def _close(person: Person, of: str, rows: pl.DataFrame, row: Row) -> None:
    @st.dialog(w.t("lists.do_close"), width="medium")
    def ask() -> None:
        st.text(_named(of, row))
        day = _day("lists.from")
        st.caption(w.t("lists.close_help"))
        if _next(day is not None) and day is not None:
            _propose(
                person,
                _named(of, row),
                w.t("lists.open_ended"),
                w.t("lists.closed_from", date=w.date(day)),
                functools.partial(lists.close, of=of, code=row["code"], effective_on=day),
                functools.partial(lists.reopen, of=of, code=row["code"]),
            )

    ask()


def _tier(person: Person, of: str, rows: pl.DataFrame, row: Row) -> None:
    @st.dialog(w.t("lists.do_tier"), width="medium")
    def ask() -> None:
        st.text(_named(of, row))
        there = records.entries(TIERS.name).filter(pl.col("until").is_null())["code"]
        others = [tier for tier in w.labels(TIERS.name) if tier != row["tier"] and tier in there]
        tier = st.selectbox(w.t("lists.tier"), others, format_func=lambda one: w.name("tier", one), key="lists_tier")
        day = _day("lists.from")
        if _next(day is not None) and day is not None and tier is not None:
            _propose(
                person,
                w.t("lists.tier_from", name=row[w.column("name")], date=w.date(day)),
                w.name("tier", row["tier"]) if row["tier"] else w.t("lists.nothing"),
                w.name("tier", tier),
                functools.partial(lists.set_tier, code=row["code"], tier=tier, effective_on=day),
                functools.partial(lists.unset_tier, code=row["code"]),
            )

    ask()


def _undo(person: Person, of: str, rows: pl.DataFrame, row: Row) -> None:
    """What can be taken back of an entry: its end, its tier, a further name."""

    @st.dialog(w.t("lists.do_undo"), width="medium")
    def ask() -> None:
        st.text(_named(of, row))
        offered: dict[str, Write] = {"end": functools.partial(lists.reopen, of=of, code=row["code"])}
        if of == PARTNERS.name:
            offered["tier"] = functools.partial(lists.unset_tier, code=row["code"])
        further = row["also"].split("; ") if row["also"] else []
        if further:
            offered["also"] = lists.call_no_more
        what = st.selectbox(
            w.t("lists.undo_what"), list(offered), format_func=lambda one: w.t(f"lists.undo_{one}"), key="lists_undo"
        )
        name = st.selectbox(w.t("lists.also_name"), further, key="lists_undo_name") if what == "also" else None
        if not _next(what is not None) or what is None:
            return
        change, again = offered[what], functools.partial(lists.call_also, of=of, code=row["code"], name=name or "")
        if what == "also":
            change = functools.partial(lists.call_no_more, of=of, code=row["code"], name=name or "")
        elif what == "end" and row["successor"] and row["until"]:
            day = row["until"] + dt.timedelta(days=1)
            again = functools.partial(lists.merge, of=of, code=row["code"], into=row["successor"], effective_on=day)
        elif what == "end" and row["until"]:
            day = row["until"] + dt.timedelta(days=1)
            again = functools.partial(lists.close, of=of, code=row["code"], effective_on=day)
        new = w.t("lists.taken_back")
        _propose(person, _named(of, row), name or w.t(f"lists.undo_{what}"), new, change, again)

    ask()


def _remove(person: Person, of: str, rows: pl.DataFrame, row: Row) -> None:
    entry = lists.Entry(
        row["code"],
        row["name_vi"],
        row["name_en"],
        row["kind"],
        row["region"],
        row["counts_under"] or None,
        row["abbr_vi"],
        row["abbr_en"],
        row["since"],
    )
    _propose(
        person,
        w.t("lists.do_remove"),
        _named(of, row),
        w.t("lists.nothing"),
        functools.partial(lists.remove, of=of, code=row["code"]),
        functools.partial(lists.add, of=of, entry=entry),
    )


ASK: Final[Mapping[str, Callable[[Person, str, pl.DataFrame, Row], None]]] = types.MappingProxyType(
    {
        "rename": _rename,
        "also": _also,
        "merge": _merge,
        "split": _split,
        "close": _close,
        "tier": _tier,
        "undo": _undo,
        "remove": _remove,
    }
)
"""What can be done with an entry."""
