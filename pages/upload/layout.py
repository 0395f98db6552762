"""A sheet of one's own: in which row its heading stands and what its columns are, said once and remembered for the agency."""

from __future__ import annotations

import re
from typing import Final

import streamlit as st

import words as w
from data_access import headings
from data_access import store as database
from data_access.acting import Refused
from kpi.names import squeeze
from kpi.update import columns
from kpi.update.columns import BY_CODE, COLUMNS
from kpi.update.headings import NOT_READ, Headings, Seen
from kpi.update.suggestions import nearest
from pages.ui import refusals, session
from pages.ui.streamlit_internals import UploadedFile
from pages.upload import work as upload_work
from pages.upload.work import Work

_OF_HEADING: Final = frozenset(
    (
        "column_missing", "column_twice", "column_unknown", "column_unnamed", "header_not_first", "heading_row_absent",
        "merged_cells", "no_known_columns", "two_headers",
    )
)  # fmt: skip
_DAY: Final = r"[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}|ngày\s+[0-9]"
"""How a day begins: a heading alone would take one for the period it is of, and words for a day."""

_SAID_BY_ASKING: Final = frozenset(("column_unknown", "header_not_first", "no_known_columns"))
"""What is no mistake of anybody's: a sheet of one's own has headings of its own, and the question names them."""

_ABOVE: Final = frozenset(("delimiter_unclear", "heading_row_absent"))
_REFUSED: Final = "upload_layout_refused"
_CODES: Final = (*(column.code for column in COLUMNS if column.part != "ignored"), NOT_READ)


def said_of(given: UploadedFile) -> Headings:
    """What was said of this file so far."""
    found: Headings = st.session_state.get(_key(given), Headings())
    return found


def _key(given: UploadedFile) -> str:
    return f"upload_layout_{given.file_id}"


def show(person: session.Person, given: UploadedFile, work: Work) -> None:
    """Where the file cannot be read for its heading, ask how it is to be read; else how it was, one click away."""
    codes = {problem.code for problem in work.problems if problem.blocking}
    said = said_of(given)
    if work.table is None and (work.outline is None or not codes & _OF_HEADING):
        if codes & _ABOVE:
            _ask_for_number(given, said)
        return
    if work.outline is None:
        return
    if work.table is None:
        if says_all(given, work):
            st.info(w.t("upload.layout_own"), icon=":material/view_column:")
        st.header(w.t("upload.layout_ask"), anchor=False)
        _ask(person, given, work, said)
    elif not _is_as_in_the_template(work.outline.columns):
        used = sum(bool(seen.code) for seen in work.outline.columns)
        left = len(work.outline.columns) - used
        how = w.t("upload.layout_said", row=work.outline.row, used=w.number(used), left=w.number(left))
        with st.expander(how, icon=":material/view_column:"):
            _ask(person, given, work, said)


def says_all(given: UploadedFile, work: Work) -> bool:
    """Whether what is asked here, for the first time, says all that is wrong with a file."""
    codes = {problem.code for problem in work.problems if problem.blocking}
    is_asked = work.table is None and work.outline is not None and said_of(given) == Headings()
    return is_asked and bool(codes) and codes <= _SAID_BY_ASKING


def _is_as_in_the_template(seen: tuple[Seen, ...]) -> bool:
    return all(column.code and column.heading in (BY_CODE[column.code].vi, BY_CODE[column.code].en) for column in seen)


# --- The row ---------------------------------------------------------------------------------------------------------


def _ask_for_number(given: UploadedFile, said: Headings) -> None:
    """Of a file whose rows are not known, or which does not have the one that was named."""
    with st.form(f"{_key(given)}_number", border=False):
        row = st.number_input(w.t("upload.layout_row"), 1, value=said.row or 1, step=1, width=180)
        if st.form_submit_button(w.t("upload.layout_read"), icon=":material/refresh:"):
            _say(given, Headings(row, said.columns))


def _ask_for_row(given: UploadedFile, work: Work, said: Headings) -> None:
    assert work.outline is not None
    beginnings = work.outline.beginnings
    options = sorted({*beginnings, work.outline.row})
    row = st.selectbox(
        w.t("upload.layout_row"),
        options,
        index=options.index(work.outline.row),
        format_func=lambda number: w.t("upload.layout_row_is", row=number, text=beginnings.get(number, "")[:100]),
        key=f"{_key(given)}_row_{work.outline.row}",
    )
    if row != work.outline.row:
        _say(given, Headings(row))


# --- The columns -----------------------------------------------------------------------------------------------------


def _ask(person: session.Person, given: UploadedFile, work: Work, said: Headings) -> None:
    """Choose the row of the heading and what each column is; those nobody knows come first."""
    assert work.outline is not None
    _ask_for_row(given, work, said)
    seen = work.outline.columns
    known = [column for column in seen if column.code is not None]
    unknown = [column for column in seen if column.code is None]
    with st.form(f"{_key(given)}_columns_{work.outline.row}", border=False):
        st.caption(w.t("upload.layout_columns"))
        refs = frozenset(upload_work.current_of(person).agreements["ref"]) if unknown else frozenset()
        chosen = _choices(given, unknown, refs)
        if unknown and known:
            with st.expander(w.t("upload.layout_known")):
                chosen |= _choices(given, known)
        else:
            chosen |= _choices(given, known)
        asked = st.form_submit_button(w.t("upload.layout_read"), type="primary", icon=":material/refresh:")
    if asked:
        before = {column.key: column.code for column in seen}
        told = {key: code for key, code in chosen.items() if code is not None and code != before[key]}
        new = Headings(work.outline.row, {**said.columns, **told})
        _remember(person, new.of_headings([column.heading for column in seen]))
        _say(given, new)
    if refused := st.session_state.pop(_REFUSED, None):
        st.warning(refused, icon=":material/info:")


def _choices(given: UploadedFile, seen: list[Seen], refs: frozenset[str] = frozenset()) -> dict[str, str | None]:
    grid = st.grid("auto", min_column_width=300)
    chosen: dict[str, str | None] = {}
    for column in seen:
        meant = _meant(column, refs)
        with grid.cell():
            chosen[column.key] = st.selectbox(
                _label(column),
                _CODES,
                index=None if meant is None else _CODES.index(meant),
                format_func=_name,
                placeholder=w.t("upload.layout_choose"),
                key=f"{_key(given)}_{column.key}",
            )
    return chosen


def _meant(column: Seen, refs: frozenset[str]) -> str | None:
    """What is proposed: what it is read as; for a column nobody knows, by what stands in it or the heading most like it."""
    if column.code is not None:
        return column.code if column.code in _CODES else NOT_READ
    if column.example in refs:
        return "ref"
    is_day = re.match(_DAY, column.example) is not None
    known = {name: code for name, code in columns.spellings().items() if is_day == (BY_CODE[code].kind == "date")}
    near = nearest(squeeze([column.heading])[0], known)
    if near is not None and known[near] in _CODES:
        return known[near]
    return "progress_pct" if "%" in column.heading else None


def _label(column: Seen) -> str:
    heading = (
        w.plain(column.heading) if column.heading == column.key else w.t("upload.layout_letters", letters=column.key)
    )
    if column.heading and column.heading != column.key:
        heading = f"{heading} · {w.plain(column.heading)}"
    return w.t("upload.layout_example", heading=heading, example=w.plain(column.example)) if column.example else heading


def _name(code: str) -> str:
    return BY_CODE[code].name(w.language()) if code else w.t("upload.layout_none")


# --- What was said ---------------------------------------------------------------------------------------------------


def _say(given: UploadedFile, said: Headings) -> None:
    st.session_state[_key(given)] = said
    st.rerun()


def _remember(person: session.Person, of_headings: dict[str, str]) -> None:
    try:
        with database.session(session.store()) as open_session:
            headings.remember(open_session, actor=person, columns=of_headings)
    except Refused as refusal:  # the file is read as was said all the same
        st.session_state[_REFUSED] = refusals.sentence(refusal)
