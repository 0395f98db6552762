"""The queue of what waits for review."""

from __future__ import annotations

from typing import Final

import polars as pl
import streamlit as st

import words as w
from data_access import refreshing, updates
from data_access.clock import local_time, today
from kpi.update import key_of
from pages.ui import cards, data_edition, links, session, tables
from pages.ui.choices import choice
from pages.ui.kept import kept
from pages.ui.tables import Column
from pages.upload import history

ORDERS: Final = ("longest", "unusual")


def show_queue() -> None:
    """The batches that wait, those that wait longest first or those with most out of the ordinary; a row opens one."""
    st.header(w.t("review.queue"), anchor=False)
    waiting = updates.list_waiting(session.store())
    if waiting.is_empty():
        cards.empty_state("review.queue_none")
        return
    signs = _signs(tuple(waiting["id"]))
    unusual = signs["batch_id"].n_unique()
    st.text(w.tn("review.queue_count", waiting.height))
    shown = waiting
    if unusual:
        st.markdown(w.tn("review.unusual_count", unusual))
        shown = _narrowed(waiting, signs)
    tables.show(
        _written(shown, signs),
        [
            Column("number", "upload.batch", pinned=True, width=80, by="id"),
            Column("agency", "upload.agency", "code", of="agency", width=200),
            Column("sent_at", "review.sent_at", width=150, by="created_at"),
            Column("days", "review.days", "days", width=95),
            *([Column("signs_text", "review.unusual", width=330)] if unusual else []),
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


@kept()
def _signs(numbers: tuple[int, ...]) -> pl.DataFrame:
    """What is out of the ordinary in these batches, the most frequent first; columns of `updates.count_signs`."""
    waiting = updates.list_waiting(data_edition.store()).filter(pl.col("id").is_in(numbers))
    return updates.count_signs(data_edition.store(), waiting).sort(-pl.col("places"), "sign", "batch_id")


def _sign_name(sign: str, *, is_notice: bool) -> str:
    return w.t(key_of(sign, kind=True)) if is_notice else w.t(f"review.alike_{sign}")


def _narrowed(waiting: pl.DataFrame, signs: pl.DataFrame) -> pl.DataFrame:
    """The batches with the signs that are picked, all where none is, in the order asked for."""
    by_sign = signs.group_by("sign", "is_notice", maintain_order=True).agg(pl.col("batch_id").unique())
    batches = {sign: set(numbers) for sign, _, numbers in by_sign.iter_rows()}
    names = {sign: _sign_name(sign, is_notice=is_notice) for sign, is_notice, _ in by_sign.iter_rows()}
    picked = st.pills(
        w.t("review.unusual_pick"),
        list(names),
        selection_mode="multi",
        format_func=lambda sign: w.t("review.unusual_sign", sign=names[sign], n=w.number(len(batches[sign]))),
        key="review_signs",
    )
    order = choice(
        "order",
        ORDERS,
        label=w.t("review.order"),
        write=lambda code: w.t(f"review.order_{code}"),
        default=ORDERS[0],
        width=330,
    )
    numbers = set[int]().union(*(batches[sign] for sign in picked))
    shown = waiting.filter(pl.col("id").is_in(numbers)) if picked else waiting
    if order == ORDERS[0]:
        return shown
    weight = signs.group_by("batch_id").agg(pl.col("places").sum())
    ranked = shown.join(weight, left_on="id", right_on="batch_id", how="left", maintain_order="left")
    return ranked.sort(pl.col("places").fill_null(0), descending=True, maintain_order=True).drop("places")


def _written(waiting: pl.DataFrame, signs: pl.DataFrame) -> pl.DataFrame:
    now = today(None)
    counts = updates.count_kinds(session.store(), waiting["id"].to_list())
    by_batch = {
        number: {row["kind"]: row["places"] for row in rows.iter_rows(named=True)}
        for (number,), rows in counts.group_by("batch_id")
    }
    told: dict[int, list[str]] = {}
    for number, sign, is_notice, places in signs.iter_rows():
        name = _sign_name(sign, is_notice=is_notice)
        told.setdefault(number, []).append(w.t("review.unusual_sign", sign=name, n=w.number(places)))
    return waiting.with_columns(
        number=pl.col("id").cast(pl.String),
        sent_at=pl.Series([history.moment(at) for at in waiting["created_at"]], dtype=pl.String),
        days=pl.Series([(now - local_time(at).date()).days for at in waiting["created_at"]], dtype=pl.Int64),
        kinds_text=pl.Series([_kinds(by_batch.get(number, {})) for number in waiting["id"]], dtype=pl.String),
        signs_text=pl.Series([" · ".join(told.get(number, ())) for number in waiting["id"]], dtype=pl.String),
    )


def _kinds(counts: dict[str, int]) -> str:
    """How many changes of each kind, in words."""
    return " · ".join(
        w.t(f"review.kind_{kind}", n=w.number(counts[kind])) for kind in refreshing.SORTS if kind in counts
    )
