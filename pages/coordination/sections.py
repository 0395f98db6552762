"""How a setting is changed: proposed with old and new side by side, confirmed, stored, and put back if wanted."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from typing import Any, Final

import polars as pl
import streamlit as st

import words as w
from data_access import coordination
from data_access.accounts import Person
from data_access.clock import local_time
from kpi.thresholds import COUNTS_FROM
from pages.ui import refusals, session, tables
from pages.ui.refusals import Write
from pages.ui.tables import Column

_PROPOSED: Final = "coordination_proposed"
_DONE: Final = "coordination_done"
_REFUSED: Final = "coordination_refused"


@dataclasses.dataclass(frozen=True)
class Line:
    """What changes, from what, to what; in words. Plain text."""

    what: str
    old: str
    new: str


@dataclasses.dataclass(frozen=True)
class ProposedChange:
    """A change of settings before it is stored: `place` is the form it comes from, `undo` what puts it back."""

    place: str
    lines: tuple[Line, ...]
    write: Write
    undo: Write
    note: str = ""


@dataclasses.dataclass(frozen=True)
class _Held:
    """A change in the memory of this browser page, and whose it is."""

    username: str
    change: ProposedChange
    is_undone: bool = False


def propose(person: Person, change: ProposedChange) -> None:
    """Keep a change until it is confirmed or dropped. For the callbacks of buttons."""
    st.session_state[_PROPOSED] = _Held(person.username, change)
    st.session_state.pop(_DONE, None)


def show_proposed(person: Person, place: str) -> None:
    """The change that was proposed in this place, with what it replaces, to be confirmed or dropped."""
    held: _Held | None = st.session_state.get(_PROPOSED)
    if held is None or held.username != person.username or held.change.place != place:
        return
    with st.container(border=True):
        st.markdown(w.t("coordination.confirm_heading"))
        for line in held.change.lines:
            st.text(w.t("coordination.line", what=line.what, old=line.old, new=line.new))
        if held.change.note:
            st.caption(held.change.note)
        with st.container(horizontal=True):
            st.button(
                w.t("coordination.confirm"),
                type="primary",
                icon=":material/check:",
                key=f"{place}_confirm",
                on_click=_store,
                args=(held.change,),
            )
            st.button(w.t("coordination.drop"), key=f"{place}_drop", on_click=_drop)


def show_done(person: Person) -> None:
    """What has just been stored, with the way back; or why it was not."""
    refused = st.session_state.pop(_REFUSED, None)
    if refused is not None:
        st.error(refused, icon=":material/block:")
    done: _Held | None = st.session_state.get(_DONE)
    if done is None or done.username != person.username:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        what = _summary(done.change)
        key = "coordination.put_back" if done.is_undone else "coordination.stored"
        st.success(w.t(key, what=w.plain(what)), icon=":material/undo:" if done.is_undone else ":material/check:")
        if not done.is_undone:
            st.button(
                w.t("coordination.undo"),
                icon=":material/undo:",
                key="coordination_undo",
                on_click=_put_back,
                args=(done.change,),
            )


def _summary(change: ProposedChange) -> str:
    """What has changed; of several things only their names, as old and new were seen before."""
    if len(change.lines) > 1:
        return ", ".join(line.what for line in change.lines)
    line = change.lines[0]
    return w.t("coordination.line", what=line.what, old=line.old, new=line.new)


def _store(change: ProposedChange) -> None:
    _carry_out(change, change.write, is_undone=False)


def _put_back(change: ProposedChange) -> None:
    _carry_out(change, change.undo, is_undone=True)


def _drop() -> None:
    st.session_state.pop(_PROPOSED, None)


def _carry_out(change: ProposedChange, write: Write, *, is_undone: bool) -> None:
    """Store a change and note what is to be said about it."""
    st.session_state.pop(_PROPOSED, None)
    st.session_state.pop(_DONE, None)
    person, refused = refusals.carried_out(write)
    if refused is not None:
        st.session_state[_REFUSED] = refused
    elif person is not None:
        st.session_state[_DONE] = _Held(person.username, change, is_undone)


# --- What was settled before -----------------------------------------------------------------------------------------


def show_settled() -> None:
    """Every change of settings with its old and new value, the latest first."""
    settled = coordination.read_settled(session.store())
    tables.show(
        settled,
        [
            Column("moment", "coordination.moment", width=160, by="at"),
            Column("kind", "coordination.kind", width=220),
            Column("what", "coordination.what", width="large"),
            Column("actor", "coordination.by", width=140),
        ],
        "coordination_settled",
        file_name=w.t("coordination.tab_settled"),
        alt=w.t("coordination.tab_settled"),
        height=420 if settled.height > 10 else None,
        empty_key="coordination.nothing_settled",
        in_words=_written,
    )


def _written(settled: pl.DataFrame) -> pl.DataFrame:
    return settled.with_columns(
        moment=w.texts(settled["at"], _moment),
        kind=pl.col("action").replace_strict(
            {action: w.t(f"coordination.did_{action}") for action in coordination.ACTIONS}, return_dtype=pl.String
        ),
        what=w.texts(settled["detail"], _detail_text),
    )


def _moment(at: dt.datetime) -> str:
    here = local_time(at)
    return w.t("coordination.at", date=w.date(here.date()), time=f"{here:%H:%M}")


def _detail_text(detail: str) -> str:
    return "; ".join(_part_text(name, value) for name, value in json.loads(detail).items())


def _part_text(name: str, value: Any) -> str:
    """One entry of a detail in words: a route, a name assigned, a period, a value or a due date moved."""
    if not isinstance(value, dict):
        return w.t("coordination.detail_route", kind=kind_name(name), route=route_name(value))
    if "agreements" in value:
        agency = w.name("agency", value["agency"])
        return w.tn("coordination.detail_name", len(value["agreements"]), name=name, agency=agency)
    if "entry" in value:
        return _entry_text(name, value)
    if "partner" in value:
        return w.t("coordination.detail_partner", code=name, before=value["partner"], name=value["name"])
    if "due_on" in value:
        days = {key: w.date(dt.date.fromisoformat(value[key])) for key in ("starts_on", "ends_on", "due_on")}
        return w.t("coordination.period_text", code=name, **days)
    if name == "data_date":
        name = w.t("coordination.published_to")
        old, new = (w.date(dt.date.fromisoformat(value[key])) for key in ("old", "new"))
        return w.t("coordination.line", what=name, old=old, new=new)
    if "from" in value:
        return w.t(
            "coordination.detail_rule",
            name=rule_name(name),
            old=rule_value(name, value["old"]),
            new=rule_value(name, value["new"]),
            date=w.date(dt.date.fromisoformat(value["from"])),
        )
    old, new = (w.date(dt.date.fromisoformat(value[key])) for key in ("old", "new"))
    return w.t("coordination.line", what=w.t("coordination.due_of", code=name), old=old, new=new)


def _entry_text(code: str, value: dict[str, Any]) -> str:
    """What was done to an entry of a list: its names, or what is in its place from a day on."""
    if "from" not in value:
        return w.t("coordination.detail_entry", code=code, before=value["entry"], name=value["name"])
    return w.t(
        "coordination.detail_entry_from",
        code=code,
        before=value["entry"],
        name=value["name"] or "–",
        date=w.date(dt.date.fromisoformat(value["from"])),
        count=w.tn("coordination.agreements", value["count"]),
    )


# --- Names of settings -----------------------------------------------------------------------------------------------


def kind_name(kind: str) -> str:
    """What a kind of change is called."""
    return w.t(f"coordination.kind_{kind}")


def route_name(route: str) -> str:
    """What a route of changes is called."""
    return w.t(f"coordination.route_{route}")


def rule_name(name: str) -> str:
    """What a threshold is called; one of a mapping with its part."""
    field, _, part = name.partition(".")
    kind = "authority" if field == "answer_days" else "state"
    of = {"level" if kind == "authority" else kind: w.name(kind, part)} if part else {}
    return w.t(f"coordination.rule_{field}", **of)


def rule_value(name: str, value: float) -> str:
    """A threshold's value with its unit."""
    if name in ("at_risk_gap", "sample_share"):
        return w.percent(100 * value)
    if name.startswith("counts_from."):
        return w.name("standing", COUNTS_FROM[round(value)])
    if name == "target_years":
        return w.tn("coordination.years", round(value))
    return w.number(value) if name == "rank_min_n" else w.days(value)
