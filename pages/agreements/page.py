"""Agreements: searched, filtered, and the list behind any number."""

from __future__ import annotations

from typing import cast

import polars as pl
import streamlit as st

import words as w
from kpi.facts.signs import FLAGS
from kpi.indicators import scorecard
from kpi.indicators.catalog import KPIS
from kpi.vocabulary import BUCKETS, CLOSED_BUCKETS
from pages.agreements import SCREEN
from pages.ui import cards, filters, links, loaders, session, tables
from pages.ui.choices import ALL, agency_choice, choice, typed
from pages.ui.tables import Column

ALL_BUCKETS = (*BUCKETS, *CLOSED_BUCKETS)
PARTS = ("denominator", "numerator", "rest")

COLUMNS = [
    Column("ref", "agreements.ref", pinned=True),
    Column("title_{language}", "agreements.title", width="large"),
    Column("agency", "agreements.agency", "code", of="agency", short=True),
    Column("partner", "agreements.partner", "code", of="partner"),
    Column("sector", "agreements.sector", "code", of="sector"),
    Column("state", "agreements.state", "code", of="state"),
    Column("bucket", "agreements.bucket", "code", of="bucket", help_key="agreements.bucket_help"),
    Column("signed_on", "agreements.signed_on", "date"),
    Column("original_target", "agreements.original_target", "date"),
    Column("current_target", "agreements.current_target", "date"),
    Column("days_since_progress", "agreements.days_since_progress", "days"),
]

person = session.require(SCREEN)
view = filters.current()
facts = loaders.visible_facts(view, person)
cards.page_header("agreements.heading", None if person.limited_to is None else w.t("agreements.own_only"))


def behind_a_number() -> pl.DataFrame:
    """The agreements behind a KPI's value, where the address names one; else all of the view."""
    code = st.query_params.get("kpi")
    if code not in KPIS:
        return facts.agreements
    kpi, part = KPIS[code], st.query_params.get("part", PARTS[0])
    part = part if part in PARTS else PARTS[0]
    rows = scorecard.agreements_behind(facts, kpi, cast("scorecard.Part", part))
    with st.container(horizontal=True, vertical_alignment="center"):
        name = cards.kpi_words(code, "name", loaders.rules(view.as_of))
        st.info(w.t(f"agreements.behind_{part}", kpi=name, n=w.number(rows.height)), icon=":material/filter_alt:")
        st.button(w.t("agreements.show_all"), on_click=forget, args=("kpi", "part"), type="tertiary")
    return rows


def forget(*names: str) -> None:
    """Take a narrowing out of the address."""
    for name in names:
        st.query_params.pop(name, None)


def narrowed(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows that the page's own controls leave."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        sought = typed("q", label=w.t("agreements.search"), hint=w.t("agreements.search_hint"))
        flag = choice(
            "flag",
            (ALL, *FLAGS),
            label=w.t("agreements.list"),
            write=lambda code: w.t("agreements.every") if code == ALL else w.t(f"agreements.flag_{code}"),
            default=ALL,
            width=280,
        )
        agency = agency_choice(facts.agreements)
    if flag != ALL:
        rows = rows.filter(FLAGS[flag])
    bucket = st.query_params.get("bucket")
    if bucket in ALL_BUCKETS:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.info(w.t("agreements.in_bucket", bucket=w.name("bucket", bucket)), icon=":material/filter_alt:")
            st.button(w.t("agreements.every_bucket"), on_click=forget, args=("bucket",), type="tertiary")
        rows = rows.filter(pl.col("bucket") == bucket)
    if agency is not None:
        rows = rows.filter(pl.col("agency") == agency)
    if sought.strip():
        rows = rows.join(loaders.search(sought), on="agreement_id", how="semi")
    return rows


tables.show(
    narrowed(behind_a_number()).sort("signed_on", "ref", descending=True, nulls_last=True),
    COLUMNS,
    "agreements",
    file_name="agreements",
    alt=w.t("agreements.alt"),
    on_row=lambda row: links.go("agreement", ref=row["ref"]),
    height=620,
)
