"""What was handed in before, and what has become of it."""

from __future__ import annotations

import re
from typing import Any, Final

import polars as pl
import streamlit as st

import words as w
from data_access import updates
from data_access.clock import local_time
from kpi.vocabulary import BatchStatus
from pages.ui import links, session, tables
from pages.ui.tables import Column
from pages.upload import behalf

Row = dict[str, Any]
_NUMBER: Final = re.compile(r"[0-9]{1,9}", re.ASCII)


def batches_of(person: session.Person) -> pl.DataFrame:
    """The batches this person may see, or of the agency they act for, newest first; columns as in `uploads.list_batches`."""
    return updates.list_batches(session.store(), person.hands_in_for or person.limited_to)


def show_link(page: str, label: str, *, icon: str, key: str, **params: int) -> None:
    """A way to another view of the page one is on. A link to the page itself would be drawn as the place where one is."""
    if st.button(label, icon=icon, key=key, type="tertiary"):
        links.go(page, **behalf.named(page), **params)


# --- One that the address names --------------------------------------------------------------------------------------


def asked(name: str) -> int | None:
    """The number of a batch in the address; None where it names none, 0 (no batch has it) for what is not a number."""
    text = st.query_params.get(name)
    if text is None:
        return None
    return int(text) if _NUMBER.fullmatch(text) else 0


def find(batches: pl.DataFrame, number: int) -> Row | None:
    """A batch by its number; says so and gives None where this person sees none of that number."""
    found = batches.filter(pl.col("id") == number)
    if found.is_empty():
        st.warning(w.t("upload.batch_unknown"), icon=":material/link_off:")
        return None
    return found.row(0, named=True)


# --- All of them -----------------------------------------------------------------------------------------------------


def show(person: session.Person, batches: pl.DataFrame) -> None:
    """The batches as a table; a row opens one of them."""
    st.header(w.t("upload.history" if person.hands_in_for else "upload.history_all"), anchor=False)
    agency = [] if person.hands_in_for else [Column("agency", "upload.agency", "code", of="agency", short=True)]
    reviewed = [
        *([Column("reason", "upload.reason", width=240)] if (batches["reason"] != "").any() else []),
        *(
            [Column("reviewed_text", "upload.reviewed_by", width=190, by="reviewed_at")]
            if _any_reviewed(batches)
            else []
        ),
    ]
    tables.show(
        batches,
        [
            Column("number", "upload.batch", pinned=True, width=80, by="id"),
            Column("sent_at", "upload.sent_at", width=150, by="created_at"),
            *agency,
            Column("status_text", "upload.status", width=170),
            Column("changes", "upload.changes", "number", width=110),
            *reviewed,
            Column("file_name", "upload.file", width=180),
            Column("username", "upload.by", width=100),
        ],
        "upload_batches",
        file_name=w.t("upload.history"),
        alt=w.t("upload.history"),
        on_row=lambda row: behalf.go_to_batch(person, row["id"]),
        empty_key="upload.history_none",
        in_words=_written,
    )


def _any_reviewed(batches: pl.DataFrame) -> bool:
    return batches["reviewed_at"].is_not_null().any()


def _written(batches: pl.DataFrame) -> pl.DataFrame:
    return batches.with_columns(
        number=pl.col("id").cast(pl.String),
        sent_at=pl.Series([moment(at) for at in batches["created_at"]], dtype=pl.String),
        reviewed_text=pl.Series([_reviewed(row) for row in batches.iter_rows(named=True)], dtype=pl.String),
        status_text=pl.Series([status(row) for row in batches.iter_rows(named=True)], dtype=pl.String),
    )


def _reviewed(row: Row) -> str:
    return "" if row["reviewed_at"] is None else f"{row['reviewed_by']} · {moment(row['reviewed_at'])}"


def moment(at: Any) -> str:
    """A moment of the store as a clock in Viet Nam showed it."""
    here = local_time(at)
    return w.t("upload.moment", date=w.date(here.date()), time=f"{here:%H:%M}")


def status(row: Row) -> str:
    """What has become of a batch, with the number of the other batch where there is one."""
    code = "published" if row["status"] == BatchStatus.APPLIED and row["reviewed_by"] else row["status"]
    return w.t(f"upload.status_{code}", other=row["undone_by"] or row["undoes"] or "")
