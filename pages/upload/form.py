"""A form for one agreement. What is typed becomes the rows of a table, checked and confirmed as those of a file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Final

import polars as pl
import streamlit as st

import words as w
from kpi.thresholds import LEAST_RISE
from kpi.update import Current, Table, table_of, transitions
from kpi.update.choices import CLEAR, Choice
from kpi.update.columns import BY_CODE, COLUMNS, FormColumn
from kpi.update.layout import NEW
from kpi.update.template import filled
from pages.ui import filters, session
from pages.ui.choices import offered
from pages.upload import cells, drafts, work

PARTS: Final = ("status", "target", "report", "blocker", "result")
_KEYS: Final = ("ref", "row_version")
_MAIN: Final = ""
_NEW: Final = "new"
_FIRST: Final = "status_state"
"""The field that stands first in every form."""

_FIRST_OF_NEW: Final = "agreement_title_en"
_ONE_LINE: Final = 500
_REASONS: Final = ("state_date", "state_document", "target_reason", "target_set_on")
Row = dict[str, str | None]


def show(person: session.Person, current: Current) -> str | None:
    """Choose an agreement, or to register one, and fill in the form; its reference, NEW, or None while none is chosen."""
    rows = filled(current)
    if rows.is_empty():
        st.info(w.t("upload.form_none"), icon=":material/inbox:")
    ref = _choose(rows)
    if ref is None:
        return None
    if ref == NEW:
        _show_new(person, current)
        return ref
    own = rows.filter(pl.col("ref") == ref)
    _show_fields(person, current, own.to_dicts())
    return ref


def _choose(rows: pl.DataFrame) -> str | None:
    listed = rows.unique("ref", keep="first", maintain_order=True).select("ref", cells.title())
    names = {NEW: w.t("upload.form_registers"), **{ref: f"{ref} · {title}" for ref, title in listed.iter_rows()}}
    asked = st.query_params.get("ref")
    known = asked if asked in names else None
    options = offered([*names], key="upload_form_ref", write=names.__getitem__, chosen=known)
    st.session_state["upload_form_ref"] = known
    chosen: str | None = st.selectbox(
        w.t("upload.form_agreement"),
        options,
        index=None,
        format_func=names.__getitem__,
        placeholder=w.t("upload.form_choose"),
        key="upload_form_ref",
        on_change=_keep_ref,
    )
    return chosen


def _keep_ref() -> None:
    work.forget()
    ref = st.session_state["upload_form_ref"]
    if ref is None:
        st.query_params.pop("ref", None)
    else:
        st.query_params["ref"] = ref


# --- Fields ----------------------------------------------------------------------------------------------------------


def _show_fields(person: session.Person, current: Current, rows: Sequence[Row]) -> None:
    """The fields in groups, as the template has them; what is left alone changes nothing."""
    main = rows[0]
    ref = main["ref"] or ""
    blockers = [row for row in rows if row["blocker_id"]]
    lists = {**current.choices(), "state": _states(current, main["state"] or "")}
    typed: Row = {}
    about: dict[str, Row] = {}
    # What is typed belongs to the agreement as it was then: on a newer one it would silently put back what others changed.
    taken = drafts.form_key(ref, main["row_version"])
    draft = drafts.of_form(taken, is_drawn=lambda key: f"form_{key}_{_FIRST}" in st.session_state)
    key = draft.key
    start = {name: _as_typed(cells) for name, cells in draft.start.items()}
    with st.container(border=True):  # no form of Streamlit's: that would keep in the browser what is to be kept here
        tabs = st.tabs([_tab_name(part, main) for part in PARTS])
        for tab, part in zip(tabs, PARTS, strict=True):
            with tab:
                if part == "report" and not current.asks_for_reports:
                    st.info(w.t("upload.no_period"), icon=":material/event_busy:")
                    continue
                if said_before := _said_before(part, main, current):
                    st.caption(said_before)
                if part != "blocker":
                    typed |= _fields(_columns(part), {**main, **start.get(_MAIN, {})}, lists, key=f"{key}_{part}")
                    continue
                for row in blockers:
                    number = row["blocker_id"] or ""
                    st.text(_blocker_name(row, lists))
                    columns = [column for column in _columns("blocker") if column.use == "typed"]
                    about[number] = _fields(columns, {**row, **start.get(number, {})}, lists, key=f"{key}_{number}")
                st.caption(w.t("upload.form_new_blocker"))
                about[_NEW] = _fields(_columns("blocker"), start.get(_NEW, {}), lists, key=f"{key}_{_NEW}")
        sent = st.button(
            w.t("upload.form_check"), type="primary", icon=":material/rule:", key=f"upload_form_check_{key}"
        )
    said = _said(main, typed, blockers, about)
    drafts.keep_form(person, draft, ref=ref, version=main["row_version"], rows=said)
    if sent:
        work.hand_in_form(person, ref=ref, table=_table(ref, main, said), saved=draft.saved)


def _show_new(person: session.Person, current: Current) -> None:
    """The fields of an agreement to be registered."""
    draft = drafts.of_form(
        drafts.form_key(NEW, None), is_drawn=lambda key: f"form_{key}_{_FIRST_OF_NEW}" in st.session_state
    )
    with st.container(border=True):
        start = _as_typed(draft.start.get(_MAIN, {}))
        lists = current.choices()
        title, *others = _columns("agreement")
        typed = _fields([title], start, lists, key=f"{draft.key}_agreement")
        typed |= _fields(others, start, lists, key=f"{draft.key}_agreement")
        typed |= _fields([BY_CODE["current_target"]], start, lists, key=f"{draft.key}_target")
        typed |= _fields(_columns("result"), start, lists, key=f"{draft.key}_result")
        sent = st.button(
            w.t("upload.form_check"), type="primary", icon=":material/rule:", key=f"upload_form_check_{draft.key}"
        )
    said = _changed({}, typed)
    drafts.keep_form(person, draft, ref=NEW, version=None, rows={_MAIN: said} if said else {})
    if sent and said:
        table = table_of([said], name=w.t("upload.form_registers"))
        work.hand_in_form(person, ref=NEW, table=table, saved=draft.saved)


def _said_before(part: str, main: Row, current: Current) -> str:
    """What stands in the register beside what is typed: since when a state holds, the targets, the last report before."""
    if part == "status" and main["state_since"]:
        return w.t("upload.form_state_since", date=_written(main["state_since"]))
    if part == "target" and main["original_target"]:
        days = {name: _written(main[name]) for name in ("original_target", "current_target")}
        return w.t("upload.form_targets", original=days["original_target"], current=days["current_target"])
    if part != "report":
        return ""
    own = current.agreements.filter(pl.col("ref") == main["ref"]).select("agreement_id")
    others = current.latest_reports.filter(pl.col("item") != (main["report_period"] or ""))
    last = others.join(own, on="agreement_id", how="semi").sort("reported_on", "id").tail(1)
    for report in last.iter_rows(named=True):
        share = "" if report["progress_pct"] is None else f" · {w.number(report['progress_pct'])}%"
        period = w.plain(report["period"] or w.date(report["reported_on"]))
        said = w.plain(" ".join(report["progress"].split())[:_ONE_LINE])
        return w.t("upload.form_last_report", period=period, date=w.date(report["reported_on"]), share=share, said=said)
    return ""


def _written(day: str | None) -> str:
    return "–" if day is None else w.date(dt.date.fromisoformat(day))


def _columns(part: str) -> list[FormColumn]:
    return [column for column in COLUMNS if column.part == part and column.use in ("typed", "once")]


def _tab_name(part: str, main: Row) -> str:
    if part == "report" and main["report_period"]:
        return w.t("upload.form_report_for", period=w.plain(main["report_period"]))
    return w.t(f"upload.form_{part}")


def _states(current: Current, state: str) -> tuple[Choice, ...]:
    """The present state and those that may follow it; whatever else a move takes is checked afterwards."""
    possible = (state, *transitions.moves_from(state))
    return tuple(choice for choice in current.choices()["state"] if choice.code in possible)


def _blocker_name(row: Row, lists: Mapping[str, Sequence[Choice]]) -> str:
    causes = {choice.code: choice.name(w.language()) for choice in lists["cause"]}
    opened = row["blocker_opened_on"]
    parts = [
        w.t("upload.form_blocker_number", number=row["blocker_id"]),
        causes.get(row["blocker_cause"] or "", row["blocker_cause"] or ""),
        w.date(dt.date.fromisoformat(opened)) if opened else "",
        row["blocker_description"] or "",
    ]
    return " · ".join(part for part in parts if part)


def _fields(columns: Sequence[FormColumn], row: Row, lists: Mapping[str, Sequence[Choice]], *, key: str) -> Row:
    """Draw the fields of some columns with what the register has; what is in them now, as texts."""
    grid = st.grid("auto", min_column_width=260)
    typed: Row = {}
    for column in columns:
        if column.kind == "text" and column.max_length > _ONE_LINE:
            continue
        with grid.cell():
            typed[column.code] = _field(column, row.get(column.code), lists, key=f"form_{key}_{column.code}")
    for column in columns:
        if column.code not in typed:
            typed[column.code] = _field(column, row.get(column.code), lists, key=f"form_{key}_{column.code}")
    return typed


def _field(column: FormColumn, text: str | None, lists: Mapping[str, Sequence[Choice]], *, key: str) -> str | None:
    name, hint = column.name(w.language()), w.t(f"intake.hint_{column.code}", rise=w.number(LEAST_RISE))
    if column.kind == "date":
        day = st.date_input(
            name,
            None if text is None else dt.date.fromisoformat(text),
            format=filters.DATE_FORMAT,
            min_value=dt.date(1945, 1, 1),
            max_value=dt.date(2100, 12, 31),
            help=hint,
            key=key,
        )
        return None if day is None else day.isoformat()
    if column.kind == "choice":
        choices = {choice.code: choice.name(w.language()) for choice in lists.get(column.choices, ())}
        options = [*choices] if text is None or text in choices else [text, *choices]
        chosen: str | None = st.selectbox(
            name,
            options,
            index=None if text is None else options.index(text),
            format_func=lambda code: choices.get(code, code),
            placeholder=w.t("upload.form_choose"),
            help=hint,
            key=key,
        )
        return chosen
    if column.kind == "text" and column.max_length > _ONE_LINE:
        return st.text_area(name, text or "", max_chars=column.max_length, help=hint, height=100, key=key) or None
    return st.text_input(name, text or "", max_chars=column.max_length or None, help=hint, key=key) or None


# --- The table -------------------------------------------------------------------------------------------------------


def _said(main: Row, typed: Row, blockers: Sequence[Row], about: Mapping[str, Row]) -> dict[str, Row]:
    """The cells that were changed: of the agreement itself, of each blocker by its number, of a new one."""
    found = {_MAIN: _changed(main, typed)}
    if any(BY_CODE[code].part == "report" for code in found[_MAIN]):
        found[_MAIN]["report_period"] = main["report_period"]
    for row in blockers:
        number = row["blocker_id"] or ""
        found[number] = _changed(row, about[number])
    found[_NEW] = _changed({}, about[_NEW])
    return {name: cells for name, cells in found.items() if cells}


def _table(ref: str, main: Row, said: Mapping[str, Row]) -> Table:
    """The rows that say what was changed: the agreement's own, and one for each blocker that something was said about."""
    keys = {code: main[code] for code in _KEYS}
    blocker = {name: {"blocker_id": name} if name not in (_MAIN, _NEW) else {} for name in said}
    rows = [{**keys, **blocker[name], **cells} for name, cells in said.items()]
    return table_of(rows or [keys], name=w.t("upload.form_file", ref=ref))


def _as_typed(cells: Mapping[str, str | None]) -> Row:
    """What fields show for cells that were typed: nothing where one was emptied."""
    return {code: None if text == CLEAR[0] else text for code, text in cells.items()}


def _changed(before: Row, typed: Row) -> Row:
    """The cells that say something else than the register; one that was emptied says so in a word."""
    emptied = CLEAR[0]
    return {
        code: emptied if text is None else text for code, text in typed.items() if text != (before.get(code) or None)
    }
