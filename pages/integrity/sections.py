"""The sections of the page on signs: what was found, agencies by signs, the rows behind one of them, and all of it as a table."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from typing import Final

import altair as alt
import polars as pl
import streamlit as st

import words as w
from data_access.accounts import Person
from data_access.clock import today
from kpi.integrity.signs import SIGNS
from kpi.integrity.unusual import Told
from pages.parts import explained, places
from pages.ui import charts, data_edition, links, loaders, palette, studies, tables
from pages.ui.charts import Mark
from pages.ui.choices import choice, narrow
from pages.ui.kept import kept
from pages.ui.tables import Column, Row

MOST_ROWS: Final = 12
"""The map shows the agencies with the most unusual; the table at the end has all of them."""

RAREST: Final = 10_000
"""Chances are told down to one in so many: further out no model is to be believed."""

_ROW: Final = 28
_DARK: Final = 2.2
_LIMITS: Final = ("claim_days", "cut_off_days", "bulk_ends", "alike_texts")
_SHOWN: Final[Mapping[str, Column]] = {
    column.name: column
    for column in (
        Column("state", "integrity.state", "code", of="state", width=150),
        Column("states", "integrity.states", width=220),
        Column("lag", "integrity.lag", "days", width=110),
        Column("alike", "integrity.alike", "number", width=110, help_key="integrity.alike_help"),
        Column("together", "integrity.together", "number", width=110, help_key="integrity.together_help"),
        Column("progress_before", "integrity.progress_before", "percent", width=110),
        Column("progress_pct", "integrity.progress", "percent", width=110),
        Column("target_before", "integrity.target_before", "date", width=120),
        Column("target_on", "integrity.target", "date", width=120),
        Column("text", "integrity.text", width=380),
    )
}


# --- What is looked at -----------------------------------------------------------------------------------------------


def _day() -> dt.date:
    """The day the figures are of; the year before it is looked at."""
    return data_edition.shown().data_date or today(None)


def has_claims() -> bool:
    """Whether anything was claimed within the year."""
    return any(not rows.is_empty() for rows in studies.claims_counted(_day()).values())


@kept()
def _found(day: dt.date) -> pl.DataFrame:
    """What can be told of each agency and sign: columns of `kpi.integrity.unusual.judge`."""
    return studies.signs_judged(day).filter(pl.col("told") != Told.TOO_FEW)


# --- What was found --------------------------------------------------------------------------------------------------


def show_summary() -> None:
    """In one sentence what was found; what the page is not; what this register cannot show."""
    found = _found(_day())
    agencies = found["agency"].n_unique()
    unusual = found.filter(pl.col("told") == Told.UNUSUAL)["agency"].n_unique()
    if not agencies:
        st.markdown(w.t("integrity.too_few", least=w.number(loaders.rules(_day()).sign_least)))
    elif unusual:
        st.markdown(w.tn("integrity.found", unusual, all=w.number(agencies)))
    else:
        st.markdown(w.tn("integrity.found_nothing", agencies))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(w.t("integrity.accuses_nobody"), width="stretch")
        explained.show("signs")
    if off := [sign for sign in SIGNS if sign not in studies.claims_counted(_day())]:
        st.caption(w.t("integrity.off", signs=", ".join(w.t(f"integrity.sign_{sign}") for sign in off)))


def show_map() -> None:
    """Agencies by signs, the most unusual first; a cell opens its rows."""
    cells = _cells(_day())
    if cells.is_empty():
        return
    charts.show(
        _map,
        cells,
        key="integrity_map",
        alt=w.t("integrity.map_alt"),
        on_select=_open,
        height=cells["row_code"].n_unique() * _ROW,
    )
    st.caption(w.t("integrity.map_note"))


def _map(is_clickable: bool) -> alt.LayerChart:
    """`charts.heat_map` with shades that mean the same whatever was found: 0 for what is usual, 4 for one in 10,000."""
    chart = charts.heat_map("agency", "sign")(is_clickable)
    assert isinstance(chart, alt.LayerChart)
    cell, value = chart.layer
    scale = alt.Scale(domain=[0, math.log10(RAREST)], range=list(palette.SHADES), clamp=True)
    cell.encoding.color = alt.Color("value:Q", legend=None, scale=scale)
    text = alt.value(palette.TEXT["light"])
    value.encoding.color = alt.condition(f"datum.value > {_DARK}", alt.value("white"), text)
    return chart


@kept(in_words=True)
def _cells(day: dt.date) -> pl.DataFrame:
    """The agencies with the most unusual by the signs there are, as `charts.heat_map` wants them."""
    found = _found(day)
    first = found.select("agency").unique(maintain_order=True).head(MOST_ROWS)
    there = [sign for sign in SIGNS if sign in found["sign"]]
    order = first.join(pl.DataFrame({"sign": there}, schema={"sign": pl.String}), how="cross")
    cells = order.join(found, on=["agency", "sign"], how="left", maintain_order="left")
    labels = [
        "" if expected is None else w.t("integrity.cell", n=w.number(observed), expected=_cases(expected))
        for observed, expected in cells.select("observed", "expected").iter_rows()
    ]
    return cells.select(
        row=places.labels(cells["agency"]),
        row_code="agency",
        column=w.texts(cells["sign"], lambda sign: w.t(f"integrity.sign_{sign}")),
        column_code="sign",
        value=-pl.col("chance").clip(1 / RAREST).log10(),
        value_label=pl.Series(labels, dtype=pl.String),
    )


def _open(mark: Mark) -> None:
    narrow(agency=str(mark["row_code"]), sign=str(mark["column_code"]))


# --- The rows behind -------------------------------------------------------------------------------------------------


def show_rows(person: Person) -> None:
    """One agency and one sign: what was seen, what would be usual, how often chance gives as much, and the rows."""
    found = _found(_day())
    if found.is_empty():
        return
    st.header(w.t("integrity.behind"), anchor=False)
    with st.container(horizontal=True):
        agencies = found["agency"].unique(maintain_order=True).to_list()
        agency = choice(
            "agency",
            sorted(agencies, key=lambda code: w.sort_key(w.name("agency", code))),
            label=w.t("common.agency"),
            write=lambda code: w.name("agency", code),
            default=agencies[0],
            width=420,
        )
        mine = {row["sign"]: row for row in found.filter(pl.col("agency") == agency).iter_rows(named=True)}
        sign = choice(
            "sign",
            [code for code in SIGNS if code in mine],
            label=w.t("integrity.sign"),
            write=lambda code: w.t(f"integrity.sign_{code}"),
            default=next(iter(mine)),
            width=420,
        )
    _show_told(mine[sign])
    counted = studies.claims_counted(_day())[sign]
    rows = counted.filter(pl.col("agency") == agency, pl.col("is_case"))
    _show_cases(rows, sign)
    _show_days(counted.filter(pl.col("agency") == agency), person)


def _show_told(row: Row) -> None:
    """What was seen against what would be usual, and what may well be behind it."""
    rules = loaders.rules(_day())
    limits = {name: w.number(getattr(rules, name)) for name in _LIMITS}
    seen = w.t(f"integrity.case_{row['sign']}", observed=w.number(row["observed"]), n=w.number(row["n"]), **limits)
    usual = w.t(
        "integrity.usual",
        expected=_cases(row["expected"]),
        low=w.number(row["low"]),
        high=w.number(row["high"]),
        chance=chance_text(row["chance"]),
    )
    st.markdown(f"{seen} {usual}")
    verdict, why = w.t(f"integrity.verdict_{row['told']}"), w.t(f"integrity.why_{row['sign']}")
    st.caption(f"{verdict} {why}")


def chance_text(chance: float) -> str:
    """How often chance alone gives as many, as a reader says it: about 1 time in 200."""
    if chance > 0.5:
        return w.t("integrity.chance_often")
    if chance * RAREST < 1:
        return w.t("integrity.chance_less", n=w.number(RAREST))
    times = 1 / chance
    rounded = round(times, 1 - len(str(round(times))))  # to one figure: more would claim too much
    return w.t("integrity.chance", n=w.number(max(rounded, 2)))


def _show_cases(rows: pl.DataFrame, sign: str) -> None:
    """The cases, those that came last first; a row opens its agreement."""
    named = loaders.register().agreements.select("ref", "title_vi", "title_en", agreement_id="id")
    shown = rows.join(named, on="agreement_id", maintain_order="left").sort("received_on", descending=True)
    if "states" in shown.columns:
        named_states = pl.col("states").list.eval(w.name_expr(pl.element(), "state")).list.join(", ")
        shown = shown.with_columns(states=named_states)
    tables.show(
        shown,
        [
            Column("ref", "integrity.ref", pinned=True, width=130),
            Column("title_{language}", "integrity.title", "subject", width=260),
            Column("about_on", "integrity.about_on", "date", width=120),
            Column("received_on", "integrity.received_on", "date", width=120),
            *(_SHOWN[name] for name in SIGNS[sign].shows),
        ],
        "integrity_cases",
        file_name=w.t("integrity.heading"),
        alt=w.t("integrity.cases_alt"),
        on_row=lambda row: links.go("agreement", ref=row["ref"]),
        empty_key="integrity.no_cases",
    )


def _show_days(rows: pl.DataFrame, person: Person) -> None:
    """On which days they came, and with which batches: a row opens one."""
    days = (
        rows.group_by("received_on", "batch_id")
        .agg(cases=pl.col("is_case").sum().cast(pl.Int64), counted=pl.len().cast(pl.Int64))
        .filter(pl.col("cases") > 0)
        .sort("cases", "received_on", "batch_id", descending=True)
        .with_columns(batch=pl.col("batch_id").cast(pl.String).fill_null(w.t("integrity.loaded")))
    )
    if days.is_empty():
        return

    def open_batch(row: Row) -> None:
        if row["batch_id"] is not None:
            links.go(links.page_of_batches(person), batch=row["batch_id"])

    with st.expander(w.t("integrity.days")):
        tables.show(
            days,
            [
                Column("batch", "integrity.batch", pinned=True, width=140),
                Column("received_on", "integrity.received_on", "date", width=120),
                Column("cases", "integrity.cases", "number", width=110),
                Column("counted", "integrity.n", "number", width=110),
            ],
            "integrity_days",
            file_name=w.t("integrity.days"),
            alt=w.t("integrity.days"),
            on_row=open_batch if days["batch_id"].count() else None,
        )


# --- All of it -------------------------------------------------------------------------------------------------------


def show_all() -> None:
    """Every agency and sign with what was seen, what would be usual and the chance."""
    found = _found(_day())
    if found.is_empty():
        return
    with st.expander(w.t("integrity.all")):
        tables.show(
            _table(_day()),
            [
                Column("agency", "integrity.agency", "code", of="agency", pinned=True, width=240),
                Column("sign_text", "integrity.sign", width=220),
                Column("observed", "integrity.cases", "number", width=100),
                Column("n", "integrity.n", "number", width=100),
                Column("expected", "integrity.expected", "number", digits=1, width=100),
                Column("interval", "integrity.interval", width=120, by="high", help_key="integrity.interval_help"),
                Column("chance_text", "integrity.chance_column", width=190, by="chance"),
                Column("is_unusual", "integrity.unusual", "flag", width=110, help_key="integrity.unusual_help"),
            ],
            "integrity_all",
            file_name=w.t("integrity.heading"),
            alt=w.t("integrity.all"),
            on_row=lambda row: narrow(agency=row["agency"], sign=row["sign"]),
        )
        note = w.t("integrity.all_note", least=w.number(loaders.rules(_day()).sign_least))
        st.caption(note)


@kept(in_words=True)
def _table(day: dt.date) -> pl.DataFrame:
    found = _found(day)
    return found.with_columns(
        sign_text=w.texts(found["sign"], lambda sign: w.t(f"integrity.sign_{sign}")),
        interval=pl.concat_str(pl.col("low"), pl.lit("–"), pl.col("high")),
        chance_text=w.texts(found["chance"], chance_text),
        is_unusual=pl.col("told") == Told.UNUSUAL,
    )


def _cases(expected: float) -> str:
    return w.number(expected, 1 if expected < 10 else 0)
