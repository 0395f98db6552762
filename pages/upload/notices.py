"""What an upload says that is unlikely: by kind with its rows, each to be looked at, all of them to be acknowledged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl
import streamlit as st

import words as w
from kpi.update import Problem, key_of, message
from kpi.update.cells import ROW
from kpi.update.choices import CLEAR
from pages.upload import problems
from pages.upload import work as upload_work
from pages.upload.work import Work

_ROWS_NAMED: Final = 12
_EMPTIED: Final = "cell_emptied"


def show(notices: Sequence[Problem], *, key: str, lead: str = "upload.notices") -> None:
    """How many there are, a line for each kind with its rows, and each of them one click away."""
    if not notices:
        return
    counts = problems.counts(notices)
    st.warning(w.tn(lead, sum(counts.values())), icon=":material/info:")
    with st.container(gap="small"):
        for kind, count in counts.items():
            st.text(_line(kind, count, [notice for notice in notices if problems.kind_of(notice) == kind]))
    with st.expander(w.t("upload.notice_each")):
        problems.show_list(notices, key=key, has_rows=True)


def _line(kind: str, count: int, notices: Sequence[Problem]) -> str:
    name = w.t(key_of(kind, kind=True))
    rows = list(dict.fromkeys(notice.row for notice in notices if notice.row is not None))
    if not rows:
        said = " ".join(message(notice, say=w.t, language=w.language()) for notice in notices)
        return w.t("upload.notice_of_file", kind=name, words=said)
    named = ", ".join(str(row) for row in rows[:_ROWS_NAMED])
    if len(rows) > _ROWS_NAMED:
        named = w.t("upload.more_rows", rows=named)
    return w.t("upload.notice_rows", kind=name, n=w.number(count), rows=named)


def acknowledge(work: Work) -> bool:
    """Ask whether what the notices point at is meant; whether it was said to be, which it need not where there are none."""
    if not work.notices:
        return True
    count = sum(problems.counts(work.notices).values())
    key, mark = f"upload_acknowledge_{work.token}", upload_work.mark_of(work.notices)
    return st.checkbox(
        w.tn("upload.acknowledge", count),
        value=work.saved.acknowledged == mark,
        key=key,
        on_change=_note,
        args=(work, key, mark),
    )


def _note(work: Work, key: str, mark: str) -> None:
    """Kept with the draft, which knows so before the page is drawn."""
    work.saved.acknowledged = mark if st.session_state[key] else ""


# --- Blank cells -----------------------------------------------------------------------------------------------------


def show_clearing(work: Work) -> None:
    """One click that empties what was left blank, for those who meant that."""
    cells = [notice for notice in work.notices if notice.code == _EMPTIED]
    if cells and work.table is not None:
        st.button(
            w.tn("upload.clear_emptied", len(cells)),
            icon=":material/backspace:",
            key=f"upload_clear_{work.round}",
            on_click=_clear,
            args=(work, cells),
        )


def _clear(work: Work, cells: Sequence[Problem]) -> None:
    assert work.table is not None
    frame = work.table.frame
    for column in dict.fromkeys(cell.column for cell in cells if cell.column is not None):
        rows = [cell.row for cell in cells if cell.column == column]
        blank = pl.col(ROW).is_in(rows)
        frame = frame.with_columns(pl.when(blank).then(pl.lit(CLEAR[0])).otherwise(column).alias(column))
    upload_work.correct(work, frame)
