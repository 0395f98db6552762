"""The list of agreements: what narrows it, and the rows that are left."""

from __future__ import annotations

from typing import Final, cast

import polars as pl
import streamlit as st

import words as w
from kpi.facts import attention
from kpi.facts.signs import FLAGS
from kpi.indicators import scorecard
from kpi.indicators.catalog import KPIS
from kpi.vocabulary import BUCKETS, CLOSED_BUCKETS
from pages.ui import cards, links, loaders
from pages.ui.choices import ALL, agency_choice, choice, typed
from pages.ui.kept import kept
from pages.ui.tables import Column
from pages.ui.view import View

ALL_BUCKETS: Final = (*BUCKETS, *CLOSED_BUCKETS)
PARTS: Final = ("denominator", "numerator", "rest")

NAMED: Final = 4
"""So many agencies and partners are offered to who looks for a name."""

COLUMNS: Final = [
    Column("ref", "agreements.ref", pinned=True),
    Column("title_{language}", "agreements.title", "subject", width="large"),
    Column("agency", "agreements.agency", "code", of="agency", short=True),
    Column("partner", "agreements.partner", "code", of="partner"),
    Column("sector", "agreements.sector", "code", of="sector"),
    Column("state", "agreements.state", "code", of="state"),
    Column("standing", "agreements.standing", "code", of="standing", width=110, help_key="agreement.rests_on_help"),
    Column("bucket", "agreements.bucket", "code", of="bucket", help_key="agreements.bucket_help"),
    Column("cause", "agreements.cause", "code", of="cause"),
    Column("signed_on", "agreements.signed_on", "date"),
    Column("original_target", "agreements.original_target", "date"),
    Column("current_target", "agreements.current_target", "date"),
    Column("days_since_progress", "agreements.days_since_progress", "days"),
]

_LISTED: Final = (
    "agreement_id",
    "title_vi",
    "title_en",
    *(column.name for column in COLUMNS if "{" not in column.name),
)
"""The columns that are listed, and what is looked for."""


def columns() -> list[Column]:
    """The columns that say something of this register."""
    return [column for column in COLUMNS if column.name != "cause" or "blockers" in loaders.records()]


def choose(view: View, own: str | None) -> pl.DataFrame:
    """The page's own choices, and the rows they leave."""
    kpi, part = _asked_number()
    number = st.container()
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
        agency = agency_choice(loaders.seen_facts(view, own).agreements)
    bucket = st.query_params.get("bucket")
    if bucket in ALL_BUCKETS:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.info(w.t("agreements.in_bucket", bucket=w.name("bucket", bucket)), icon=":material/filter_alt:")
            st.button(w.t("agreements.every_bucket"), on_click=_forget, args=("bucket",), type="tertiary")
    else:
        bucket = None
    rows = narrowed(view, own, kpi, part, flag, bucket, agency)
    if sought.strip():
        _show_named(view, own, sought)
        rows = rows.join(loaders.search(sought), on="agreement_id").sort("place", maintain_order=True)
    if kpi is not None:
        with number:
            _say_number(view, kpi, part, rows.height)
    return rows


def _show_named(view: View, own: str | None, sought: str) -> None:
    """The agencies and partners of this name, before the agreements that mention it: to the scorecard, or to all with a partner."""
    found = _named(view, own, sought)
    if found.is_empty():
        return
    with st.container(horizontal=True):
        for kind, code, n in found.iter_rows():
            label = w.tn(f"agreements.found_{kind}", n, name=w.plain(w.name(kind, code)))
            if kind == "agency":
                links.page_link("scorecard", label, icon=":material/assignment_turned_in:", agency=code)
            else:
                links.page_link(
                    "agreements", label, icon=":material/public:", partner_group=f"partner:{code}", flag="signed"
                )


@kept()
def _named(view: View, own: str | None, sought: str) -> pl.DataFrame:
    """kind, code, n (its signed agreements) of those that have any, the best answers first."""
    signed = loaders.seen_facts(view, own).agreements.filter("is_signed")
    having = [
        signed.group_by(code=kind).agg(n=pl.len().cast(pl.Int64)).select(pl.lit(kind).alias("kind"), "code", "n")
        for kind in ("agency", "partner")
    ]
    found = loaders.search_names(sought).join(pl.concat(having), on=["kind", "code"], maintain_order="left")
    return found.select("kind", "code", "n").head(NAMED)


def _asked_number() -> tuple[str | None, str]:
    """The KPI behind whose value the agreements stand that are listed, where the address names one, and in which part of it."""
    code, part = st.query_params.get("kpi"), st.query_params.get("part", PARTS[0])
    return code if code in KPIS else None, part if part in PARTS else PARTS[0]


def _say_number(view: View, kpi: str, part: str, number: int) -> None:
    """What the list is of, with the number of rows that it has."""
    with st.container(horizontal=True, vertical_alignment="center"):
        name = cards.kpi_words(kpi, "name", loaders.rules(view.as_of))
        st.info(w.t(f"agreements.behind_{part}", kpi=name, n=w.number(number)), icon=":material/filter_alt:")
        st.button(w.t("agreements.show_all"), on_click=_forget, args=("kpi", "part"), type="tertiary")


def _forget(*names: str) -> None:
    """Take a narrowing out of the address."""
    for name in names:
        st.query_params.pop(name, None)


@kept(rows=True)
def narrowed(
    view: View, own: str | None, kpi: str | None, part: str, flag: str, bucket: str | None, agency: str | None
) -> pl.DataFrame:
    """The agreements behind a KPI, of one list, bucket and agency, the latest signed first; ALL and None for any."""
    facts = loaders.seen_facts(view, own)
    rows = facts.agreements
    if kpi is not None:
        rows = loaders.agreements_behind(view, own, kpi, cast("scorecard.Part", part))
    if flag != ALL:
        rows = rows.filter(FLAGS[flag])
    if bucket is not None:
        rows = rows.filter(pl.col("bucket") == bucket)
    if agency is not None:
        rows = rows.filter(pl.col("agency") == agency)
    rows = rows.join(attention.worst_blockers(facts).select("agreement_id", "cause"), on="agreement_id", how="left")
    return rows.select(_LISTED).sort("signed_on", "ref", descending=True, nulls_last=True)
