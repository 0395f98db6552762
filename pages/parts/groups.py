"""Agreements and KPIs by any grouping: what the screens on partners and on sectors have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

import polars as pl
import streamlit as st

import words as w
from kpi.facts import NOT_GIVEN
from kpi.indicators import catalog
from kpi.indicators.catalog import COMPOSITE, shown_in
from kpi.vocabulary import BUCKETS, Bucket, texts
from pages.parts import heading
from pages.ui import cards, charts, links, loaders, palette, tables
from pages.ui.kept import kept
from pages.ui.tables import Column
from pages.ui.view import View

SHOWN_BUCKETS = (*BUCKETS, *texts((Bucket.COMPLETED, Bucket.SUSPENDED, Bucket.VOID)))
MOST_BARS = 15


@kept(in_words=True)
def table_of_groups(view: View, *, by: str, kind: str) -> pl.DataFrame:
    """One row per group of the column `by`, whose codes are named as a `kind` of `words.name`; most signed first.

    Columns code, label, signed, open, completed, stalled, overdue, no_date, seen (how much of what is claimed, in percent) and, for
    each KPI shown here, its value, text and status under its code, `_text` and `_light`.
    """
    scorecards = loaders.scorecards(view, by=by)
    counts = (
        loaders.facts(view)
        .agreements.filter("is_signed")
        .group_by(pl.col(by).alias("code"))
        .agg(
            signed=pl.len().cast(pl.Int64),
            open=pl.col("is_open").sum(),
            completed=pl.col("is_completed").sum(),
            stalled=pl.col("is_stalled").sum(),
            overdue=pl.col("is_overdue").sum(),
            no_date=pl.col("has_no_date").sum(),
        )
    )
    for kpi in shown_in("groups", loaders.records()):
        mine = scorecards.filter(pl.col("kpi") == kpi)
        texts = pl.Series([cards.value_text(kpi, card) for card in mine.iter_rows(named=True)], dtype=pl.String)
        counts = counts.join(
            mine.select(
                pl.col(by).alias("code"),
                pl.col("value").alias(kpi),
                texts.alias(f"{kpi}_text"),
                palette.drawn_lights().alias(f"{kpi}_light"),
            ),
            on="code",
            how="left",
        )
    shares = loaders.seen_shares(view, by=by).filter(pl.col("kpi") == COMPOSITE)
    counts = counts.join(shares.select(pl.col(by).alias("code"), seen="share"), on="code", how="left")
    labels = pl.Series("label", [w.name(kind, code) for code in counts["code"]], dtype=pl.String)
    return counts.with_columns(labels).sort(["signed", "label"], descending=[True, False])


@kept(in_words=True)
def says(view: View, *, by: str, kind: str) -> str:
    """The groups in two sentences: who has signed most, and where most are stalled; empty where nothing is signed."""
    groups = table_of_groups(view, by=by, kind=kind).filter(pl.col("code") != NOT_GIVEN)
    if groups.is_empty():
        return ""
    most = groups.row(0, named=True)
    signed = w.number(loaders.counts(view)["signed"])
    told = w.t("groups.says", most=most["label"], signed=w.number(most["signed"]), all=signed)
    worst = groups.sort("stalled", descending=True, maintain_order=True).row(0, named=True)
    if not worst["stalled"]:
        return told
    counts = {name: w.number(worst[name]) for name in ("stalled", "open")}
    return f"{told} " + w.t("groups.says_stalled", worst=worst["label"], **counts)


def show_table(
    groups: pl.DataFrame, *, key: str, label_key: str, alt: str, on_row: Callable[[tables.Row], object]
) -> None:
    """The table of groups; a row leads on."""
    has_targets = "targets" in loaders.records()
    columns = [
        Column("label", label_key, pinned=True, width="medium"),
        Column("signed", "groups.signed", "number"),
        Column("open", "groups.open", "number"),
        *([Column("completed", "groups.completed", "number")] if loaders.goes_on() else ()),
        Column("stalled", "groups.stalled", "number"),
        *(Column(name, f"groups.{name}", "number") for name in ("overdue", "no_date") if has_targets),
        *(
            Column(f"{kpi}_text", f"kpi.{kpi}.short", "light", of=f"{kpi}_light", help_key=f"kpi.{kpi}.column")
            for kpi in shown_in("groups", loaders.records())
        ),
        Column("seen", "ranking.seen", "progress", width=76, help=w.t("explained.seen.sentence")),
    ]
    tables.show(groups, columns, key, file_name=key, alt=alt, on_row=on_row)
    if lacking := catalog.lacking(loaders.records()):
        st.caption(w.t("groups.not_kept", records=heading.names_of(lacking)))


def show_standing(view: View, *, by: str, kind: str, key: str, alt: str) -> tuple[str, str] | None:
    """Where the signed agreements of the largest groups stand; the (group, bucket) that is chosen."""
    number = table_of_groups(view, by=by, kind=kind).height
    if number > MOST_BARS:
        st.caption(w.t("groups.largest", n=MOST_BARS, all=w.number(number)))
    standing = _standing(view, by=by, kind=kind)
    there = set(standing["bucket"])
    chosen = charts.show(
        charts.stacked_bars,
        standing,
        key=key,
        alt=alt,
        on_select=True,
        legend=[code for code in palette.BUCKETS if code in there],
    )
    return (str(chosen["code"]), str(chosen["bucket"])) if chosen else None


@kept(in_words=True)
def _standing(view: View, *, by: str, kind: str) -> pl.DataFrame:
    largest = table_of_groups(view, by=by, kind=kind).head(MOST_BARS).select("code", "label")
    counts = (
        loaders.facts(view)
        .agreements.filter(pl.col("bucket").is_in(SHOWN_BUCKETS))
        .group_by(pl.col(by).alias("code"), "bucket")
        .agg(n=pl.len().cast(pl.Int64))
        .sort("code", "bucket")
    )
    rows = largest.join(counts, on="code", how="inner", maintain_order="left")
    return rows.with_columns(n_label=w.texts(rows["n"], w.number))


@kept(in_words=True)
def heat(view: View, *, column: str, kind: str) -> pl.DataFrame:
    """Signed agreements by sector and by `column`, named as a `kind` of `words.name`; as `charts.heat_map` wants them."""
    counts = (
        loaders.facts(view)
        .agreements.filter("is_signed")
        .group_by(row_code="sector", column_code=column)
        .agg(value=pl.len().cast(pl.Int64), stalled=pl.col("is_stalled").sum())
    )

    def in_order(name: str) -> list[str]:
        sums = counts.group_by(name).agg(pl.col("value").sum()).sort(["value", name], descending=[True, False])
        return sums[name].to_list()

    grid = pl.DataFrame({"row_code": in_order("row_code")}).join(
        pl.DataFrame({"column_code": in_order("column_code")}), how="cross"
    )
    cells = grid.join(counts, on=["row_code", "column_code"], how="left", maintain_order="left")
    columns = {code: w.name(kind, code) for code in cells["column_code"].unique()}
    return cells.with_columns(
        row=w.name_expr(pl.col("row_code"), "sector"),
        column=pl.col("column_code").replace_strict(columns, return_dtype=pl.String),
        value_label=w.texts(cells["value"].fill_null(0), lambda n: w.number(n) if n else ""),
    )


def show_instead(title_key: str) -> None:
    """The page of what is said of agencies, where the register names none: a sentence, and where it is read instead."""
    cards.page_header(title_key)
    cards.empty_state("groups.no_agencies")
    with st.container(horizontal=True):
        for by in ("partner", "sector"):
            links.page_link(f"{by}s", w.t(f"groups.by_{by}"), icon=":material/arrow_forward:")


def open_signed(by: str, code: str) -> NoReturn:
    """Open the signed agreements of a partner or a sector."""
    links.go("agreements", flag="signed", **{"partner_group": f"partner:{code}"} if by == "partner" else {by: code})


def nothing_signed(view: View) -> bool:
    """Whether there is nothing to group; then says so."""
    if loaders.counts(view)["signed"] == 0:
        cards.empty_state("groups.none")
        return True
    return False
