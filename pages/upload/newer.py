"""A newer export of the register's source: taken from the coordinator, shown beside the register, handed in."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Final

import polars as pl
import streamlit as st

import words as w
from data_access import refreshing, settings, updates
from data_access import store as database
from data_access.accounts import May, Person
from data_access.acting import Refused
from data_access.clock import today
from data_access.refreshing import Newer, NotTheSourceError
from data_access.updates.reading import with_parted_field
from pages.ui import data_edition, loaders, refusals, session, tables
from pages.ui.tables import Column
from pages.upload import cells, history
from pages.upload import progress as upload_progress
from seed_data import refreshing as reading
from seed_data.mapping.problems import MappingError, in_words

_WORK: Final = "newer_work"
_DONE: Final = "newer_done"
_FEW: Final = 10


@dataclasses.dataclass(frozen=True, eq=False)
class _Work:
    """What was compared last: what the export says anew, and how that stood to the register; or what is wrong with it."""

    newer: Newer | None = None
    told: pl.DataFrame = dataclasses.field(default_factory=pl.DataFrame)
    wrong: tuple[str, ...] = ()


# --- Taken from the coordinator --------------------------------------------------------------------------------------


def show(person: Person) -> None:
    """Where whoever may hand in for any agency brings what the source says anew. A demonstration has no source."""
    shown = data_edition.shown()
    if shown.is_demo or not shown.register_code or not person.may(May.HAND_IN_FOR):
        return
    _show_done()
    work: _Work | None = st.session_state.get(_WORK)
    with st.expander(w.t("refresh.heading"), icon=":material/sync:", expanded=work is not None):
        st.text(w.t("refresh.lead", date="" if shown.data_date is None else w.date(shown.data_date)))
        _show_form(person)
        if work is not None:
            _show_work(person, work)


def _show_form(person: Person) -> None:
    code = data_edition.shown().register_code
    is_known = reading.is_mapped(code)
    limit = settings.load().upload_max_mb
    with st.form("newer_form", border=False):
        grid = st.grid(2 if is_known else 3, min_column_width=240)
        file = grid.file_uploader(w.t("refresh.file"), key="newer_file", max_upload_size=limit)
        mapping = (
            None if is_known else grid.file_uploader(w.t("refresh.mapping"), key="newer_mapping", max_upload_size=1)
        )
        day = grid.date_input(
            w.t("refresh.day"),
            value=None,
            max_value=today(None),
            format="DD/MM/YYYY",
            key="newer_day",
            help=None if is_known else w.t("refresh.day_help"),
        )
        is_asked = st.form_submit_button(
            w.t("refresh.compare"), type="primary", icon=":material/compare_arrows:", key="newer_compare"
        )
    if not is_asked:
        return
    if file is None or (mapping is None and not is_known) or (day is None and is_known):
        st.session_state[_WORK] = _Work(wrong=(w.t("refresh.nothing_given"),))
        return
    with upload_progress.shown() as progress, updates.one_at_a_time(person):
        progress("review.step_comparing", 0.3)
        st.session_state[_WORK] = _compared(
            file.getvalue(),
            file.name,
            None if mapping is None else (mapping.getvalue(), mapping.name),
            day if isinstance(day, dt.date) else None,
        )
    st.rerun()


def _compared(data: bytes, name: str, mapping: tuple[bytes, str] | None, day: dt.date | None) -> _Work:
    engine = session.store()
    try:
        export = reading.read(
            engine, data, file=name, code=data_edition.shown().register_code, mapping=mapping, data_date=day
        )
        return _Work(*reading.compare(engine, export))
    except MappingError as error:
        said = [in_words(problem, w.t) for problem in error.problems[:_FEW]]
        more = len(error.problems) - len(said)
        return _Work(wrong=(*said, *([w.tn("refresh.more_wrong", more)] if more else [])))
    except NotTheSourceError as error:
        return _Work(wrong=(w.t(f"mapping.refused_{error.code}", **error.in_words(w.date)),))


def _show_work(person: Person, work: _Work) -> None:
    if work.newer is None:
        st.error("  \n".join(w.plain(said) for said in work.wrong), icon=":material/block:")
        return
    if work.told.is_empty():
        st.info(w.t("refresh.nothing_new"), icon=":material/check_circle:")
        return
    show_differences(work.told, work.newer, key="newer")
    taking = choose_taking(work.told, key="newer", chosen=())
    stored = refreshing.decided(work.told, taking).height
    label = w.tn("refresh.hand_in", stored)
    if st.button(label, type="primary", icon=":material/upload:", key="newer_hand_in"):
        _hand_in(person, work.newer, work.told, taking)


def _hand_in(person: Person, newer: Newer, told: pl.DataFrame, taking: frozenset[str]) -> None:
    with st.spinner(w.t("upload.step_storing")):
        try:
            with database.session(session.store()) as open_session:
                done = refreshing.hand_in(open_session, actor=person, newer=newer, seen=told, taking=taking)
        except Refused as refusal:
            st.error(refusals.sentence(refusal), icon=":material/block:")
            return
        st.session_state.pop(_WORK, None)
        st.session_state[_DONE] = done
    st.rerun()


def _show_done() -> None:
    done: updates.HandedIn | None = st.session_state.pop(_DONE, None)
    if done is None:
        return
    number = done.waiting if done.applied is None else done.applied.batch_id
    said = w.t("refresh.waits" if done.waiting else "refresh.stored", number=number)
    st.success(said, icon=":material/hourglass_top:" if done.waiting else ":material/task_alt:")
    label = w.t("upload.to_batch", number=number)
    history.show_link("review", label, icon=":material/visibility:", key="newer_batch", batch=number or 0)


# --- Beside the register ---------------------------------------------------------------------------------------------


def show_differences(told: pl.DataFrame, newer: Newer, *, key: str) -> None:
    """What an export changes, a tab for each kind of difference, what has to be decided first."""
    counts = {kind: count for kind, count in refreshing.counts_of(told).items() if count}
    order = sorted(counts, key=_ORDER.index)
    titles = _titles(newer)
    labels = [w.t(f"refresh.kind_{kind}", n=w.number(counts[kind])) for kind in order]
    for kind, tab in zip(order, st.tabs(labels), strict=True):
        with tab:
            _show_kind(kind, told.filter(pl.col("kind") == kind).join(titles, on="ref", how="left"), key)


_WITHIN: Final = ("conflict", "changed")
"""The kinds of differences that are within agreements."""

_ORDER: Final = ("conflict", "new", "changed", "vanished", "appeared")


def _show_kind(kind: str, rows: pl.DataFrame, key: str) -> None:
    title = Column("title", "upload.title", width=380)
    within = [
        Column("what", "upload.what", width=200),
        Column("before", "refresh.was", width=200),
        Column("after", "refresh.now", width=200),
        *([Column("ours_text", "refresh.ours", width=200)] if kind == "conflict" else []),
    ]
    if kind == "vanished":
        st.caption(w.t("refresh.vanished_help"))
    tables.show(
        with_parted_field(rows) if kind in _WITHIN else rows.with_columns(cells.title()),
        [Column("ref", "upload.ref", pinned=True), *(within if kind in _WITHIN else []), title],
        f"{key}_{kind}",
        file_name=w.t("refresh.heading"),
        alt=w.t(f"refresh.kind_{kind}", n=w.number(rows["ref"].n_unique())),
        height=420 if rows.height > 12 else None,
        in_words=_written if kind in _WITHIN else None,
    )


def _written(rows: pl.DataFrame) -> pl.DataFrame:
    cut = cells.written(rows).with_columns(cells.title())
    return cut.with_columns(
        ours_text=pl.Series([cells.text(*cell) for cell in rows.select("column", "ours").iter_rows()], dtype=pl.String)
    )


def _titles(newer: Newer) -> pl.DataFrame:
    known = loaders.register().agreements.select("ref", "title_vi", "title_en")
    return pl.concat([known, newer.rows["Agreement"].select(known.columns)]).unique("ref", keep="first")


def choose_taking(told: pl.DataFrame, *, key: str, chosen: tuple[str, ...]) -> frozenset[str]:
    """In which fields the source's word is to hold against agencies': one decision for all that is alike."""
    disputed = told.filter(pl.col("kind") == "conflict").group_by("field", maintain_order=True).len()
    if disputed.is_empty():
        return frozenset()
    names = {field: _name(field, count) for field, count in disputed.iter_rows()}
    picked = st.pills(
        w.t("refresh.taking"),
        list(names),
        selection_mode="multi",
        default=[field for field in chosen if field in names],
        format_func=names.__getitem__,
        key=f"{key}_taking",
    )
    st.caption(w.t("refresh.taking_help"))
    return frozenset(picked)


def _name(field: str, count: int) -> str:
    column, item = with_parted_field(pl.DataFrame({"field": [field]})).select("column", "item").row(0)
    return w.t("refresh.taking_field", name=cells.label(column, item), n=w.number(count))
