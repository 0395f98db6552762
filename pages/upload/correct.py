"""A returned batch once more: its rows put right on the screen or in a file, checked and sent again."""

from __future__ import annotations

import dataclasses
from types import MappingProxyType

import polars as pl
import streamlit as st

import words as w
from data_access import updates
from kpi.update import Current, Table, with_room
from kpi.update.columns import BY_CODE
from kpi.update.returned import with_asked
from kpi.vocabulary import BatchStatus
from pages.ui import session
from pages.upload import batch as upload_batch
from pages.upload import cells, confirm, drafts, history, problems, sections
from pages.upload import progress as upload_progress
from pages.upload import work as upload_work


def show(person: session.Person, batch: history.Row, batches: pl.DataFrame) -> None:
    """Why it was returned, its rows to be put right, and what they come to."""
    upload_batch.show_heading(person, batch, batches)
    sent = updates.review(session.store(), batch["id"], agency=person.hands_in_for or "")
    if batch["status"] != BatchStatus.RETURNED or sent is None:
        st.info(w.t("upload.not_returned"), icon=":material/info:")
        return
    asked = str(batch["asked_for"]).split()
    table = with_asked(with_room(sent.table), asked, language=w.language())
    if st.session_state.get(upload_work.file_key()) is None and not upload_work.has_draft(person, corrects=batch["id"]):
        _show_rows(person, batch["id"], table)
    st.header(w.t("upload.correct_file"), anchor=False)
    problems.show_returned_file(table, sent.problems)
    sections.take_file(person, corrects=batch["id"])


def _show_rows(person: session.Person, batch_id: int, sent: Table) -> None:
    current = upload_work.current_of(person)
    with upload_progress.shown() as progress:
        work = upload_work.of_returned(
            person, batch_id=batch_id, table=_as_people_write(sent, current), progress=progress
        )
    titles = dict(current.agreements.select("ref", cells.title()).iter_rows())
    problems.show_editor(work, titles=titles)
    if work.is_accepted:
        confirm.show(person, work, has_editor=True)
    drafts.keep(person, work)


def _as_people_write(table: Table, current: Current) -> Table:
    """A table with names for codes and days as they are written: what a form sent has neither."""
    lists = current.choices()
    written = []
    for column in (BY_CODE[code] for code in table.frame.columns if code in BY_CODE):
        cell = pl.col(column.code)
        if column.kind == "choice":
            names = {choice.code: choice.name(w.language()) for choice in lists.get(column.choices, ())}
            written.append(cell.replace(names))
        elif column.kind == "date":
            day = cell.str.to_date("%Y-%m-%d", strict=False)
            written.append(pl.coalesce(day.dt.strftime(w.t("intake.day_pattern")), cell))
    headers = {
        code: BY_CODE[code].name(w.language()) if header == code and code in BY_CODE else header
        for code, header in table.headers.items()
    }
    changed = table.with_frame(table.frame.with_columns(written))
    return dataclasses.replace(changed, headers=MappingProxyType(headers))
