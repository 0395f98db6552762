"""The queue of what waits for review."""

from __future__ import annotations

import polars as pl
import streamlit as st

import words as w
from data_access import updates
from data_access.clock import local_time, today
from kpi.update import KINDS
from pages.ui import cards, links, session, tables
from pages.ui.tables import Column
from pages.upload import history


def show_queue() -> None:
    """The batches that wait, the one that waits longest first; a row opens one."""
    st.subheader(w.t("review.queue"), anchor=False)
    waiting = updates.list_waiting(session.store())
    if waiting.is_empty():
        cards.empty_state("review.queue_none")
        return
    st.text(w.tn("review.queue_count", waiting.height))
    tables.show(
        _written(waiting),
        [
            Column("number", "upload.batch", pinned=True, width=80, by="id"),
            Column("agency", "upload.agency", "code", of="agency", width=200),
            Column("sent_at", "review.sent_at", width=150, by="created_at"),
            Column("days", "review.days", "days", width=95),
            Column("kinds_text", "review.kinds", width=330),
            Column("changes", "upload.changes", "number", width=110),
            Column("file_name", "upload.file", width=150),
            Column("username", "upload.by", width=120),
        ],
        "review_queue",
        file_name=w.t("review.queue_file"),
        alt=w.t("review.queue"),
        on_row=lambda row: links.go("review", batch=row["id"]),
    )


def _written(waiting: pl.DataFrame) -> pl.DataFrame:
    now = today(None)
    counts = updates.count_kinds(session.store(), waiting["id"].to_list())
    by_batch = {
        number: {row["kind"]: row["places"] for row in rows.iter_rows(named=True)}
        for (number,), rows in counts.group_by("batch_id")
    }
    return waiting.with_columns(
        number=pl.col("id").cast(pl.String),
        sent_at=pl.Series([history.moment(at) for at in waiting["created_at"]], dtype=pl.String),
        days=pl.Series([(now - local_time(at).date()).days for at in waiting["created_at"]], dtype=pl.Int64),
        kinds_text=pl.Series([_kinds(by_batch.get(number, {})) for number in waiting["id"]], dtype=pl.String),
    )


def _kinds(counts: dict[str, int]) -> str:
    """How many changes of each kind, in words."""
    return " · ".join(w.t(f"review.kind_{kind}", n=w.number(counts[kind])) for kind in KINDS if kind in counts)
