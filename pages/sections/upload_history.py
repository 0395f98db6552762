"""What was handed in before, and taking it back."""

from __future__ import annotations

from typing import Any, Final

import polars as pl
import streamlit as st

from data_access import engine as database
from data_access import uploads
from data_access.calendar import local_time
from pages.sections import upload_cells
from pages.ui import loaders, session, tables
from pages.ui import words as w
from pages.ui.tables import Column

Row = dict[str, Any]
ROLES: Final = ("agency", "coordinator", "administrator")
"""Who may see batches: an agency its own, the others all."""

_UNDONE: Final = "upload_undone"


def scope_of(person: session.Person) -> str | None:
    """The agency whose batches this person may see; None for all of them. For an agency's account without agency, none."""
    return None if person.role in loaders.SEES_ALL else person.agency or ""


def show(person: session.Person) -> None:
    """The batches this person may see, newest first; a row opens what it changed, with the way to undo it."""
    st.subheader(w.t("upload.history" if person.role == "agency" else "upload.history_all"), anchor=False)
    _show_undone()
    batches = uploads.list_batches(session.store(), scope_of(person))
    agency = [] if person.role == "agency" else [Column("agency", "upload.agency", "code", of="agency", short=True)]
    tables.show(
        _written(batches),
        [
            Column("number", "upload.batch", pinned=True, width=80),
            Column("sent_at", "upload.sent_at", width=150),
            *agency,
            Column("status_text", "upload.status", width=200),
            Column("changes", "upload.changes", "number", width=110),
            Column("file_name", "upload.file", width=280),
            Column("username", "upload.by", width=130),
        ],
        "upload_batches",
        file_name=w.t("upload.history"),
        alt=w.t("upload.history"),
        on_row=lambda row: _open(row["id"], row["number"]),
        empty_key="upload.history_none",
    )


def _written(batches: pl.DataFrame) -> pl.DataFrame:
    return batches.with_columns(
        number=pl.col("id").cast(pl.String),
        sent_at=pl.Series([moment(at) for at in batches["created_at"]], dtype=pl.String),
        status_text=pl.Series([status(row) for row in batches.iter_rows(named=True)], dtype=pl.String),
    )


def moment(at: Any) -> str:
    """A moment of the store as a clock in Viet Nam showed it."""
    here = local_time(at)
    return w.t("upload.moment", date=w.date(here.date()), time=f"{here:%H:%M}")


def status(row: Row) -> str:
    """What has become of a batch, with the number of the other batch where there is one."""
    return w.t(f"upload.status_{row['status']}", other=row["undone_by"] or row["undoes"] or "")


def _open(batch_id: int, number: str) -> None:
    st.dialog(w.t("upload.batch_number", number=number), width="large")(_show_batch)(batch_id)


def _show_batch(batch_id: int) -> None:
    """What one batch changed. Runs by itself too, so it finds out anew who is looking."""
    person = session.require(*ROLES)
    batches = uploads.list_batches(session.store(), scope_of(person)).filter(pl.col("id") == batch_id)
    if batches.is_empty():
        st.warning(w.t("intake.refused_not_allowed"), icon=":material/lock:")
        return
    batch = batches.row(0, named=True)
    st.text(f"{batch['file_name']} · {batch['username']} · {moment(batch['created_at'])} · {status(batch)}")
    changes = uploads.read_changes(session.store(), batch_id, agency=scope_of(person))
    tables.show(
        upload_cells.written(changes).with_columns(upload_cells.title()),
        [
            Column("ref", "upload.ref", pinned=True),
            Column("what", "upload.what", width=200),
            Column("before", "upload.was_before", width=200),
            Column("after", "upload.was_after", width=200),
            Column("title", "upload.title", width=320),
        ],
        f"upload_batch_{batch_id}",
        file_name=w.t("upload.batch_number", number=batch_id),
        alt=w.t("upload.differences"),
        height=320 if changes.height > 8 else None,
        empty_key="upload.history_none",
    )
    if batch["status"] != "applied":
        return
    st.text(w.tn("upload.undo_question", batch["changes"]))
    if st.button(w.t("upload.undo"), type="primary", icon=":material/undo:", key=f"upload_undo_{batch_id}"):
        _undo(person, batch_id)


def _undo(person: session.Person, batch_id: int) -> None:
    try:
        with database.session(session.store()) as open_session:
            receipt = uploads.undo(open_session, actor=person, batch_id=batch_id)
    except uploads.Refused as refusal:
        st.error(refused(refusal), icon=":material/block:")
        return
    st.session_state[_UNDONE] = (batch_id, receipt.batch_id)
    st.rerun()


def _show_undone() -> None:
    undone = st.session_state.pop(_UNDONE, None)
    if undone is not None:
        st.success(w.t("upload.undone", number=undone[0], by=undone[1]), icon=":material/undo:")


def refused(refusal: uploads.Refused) -> str:
    """Why nothing was stored. Safe for elements that render Markdown."""
    refs = w.plain(", ".join(refusal.refs))
    if refusal.reason != "overlaps":
        return w.t(f"intake.refused_{refusal.reason}", refs=refs)
    batches = sorted({overlap.batch_id for overlap in refusal.overlaps})
    fields = sorted({overlap.field.partition("[")[0] for overlap in refusal.overlaps})
    return w.t(
        "upload.undo_blocked",
        batches=", ".join(str(number) for number in batches),
        refs=refs,
        fields=", ".join(upload_cells.label(field) for field in fields),
    )
