"""The sections of the page on trust: reports, records, forecasts, weights; each begins with its conclusion."""

from __future__ import annotations

import dataclasses
from typing import Final

import polars as pl
import streamlit as st

from data_access.accounts import Person
from kpi import quality
from kpi.calibration import STALLED, STARTED
from pages.sections import explained, ranking
from pages.ui import charts, links, loaders, studies, tables
from pages.ui import words as w
from pages.ui.charts import Mark
from pages.ui.tables import Column
from pages.ui.view import View

MOST_ROWS: Final = 10
"""Heat maps show the worst; the table below has everybody."""

PERIODS: Final = 6
FAR: Final = 3
"""From how many places on a move is worth saying."""

LEAST_CASES: Final = 10
"""A class of forecasts with fewer cases is not drawn: its share would jump about."""

_ROW: Final = 26
_HELD_WELL: Final = 0.75
"""Forecasts are called reliable from this share of limits that held; at 95 % a few misses in a row of four are no proof."""


# --- Reports ---------------------------------------------------------------------------------------------------------


def show_reports(view: View, person: Person) -> None:
    """How many of the reports due last time came, and which agencies leave out most."""
    st.subheader(w.t("reliance.reports"), anchor=False)
    reports = studies.coverage(view)
    if reports.is_empty():
        st.text(w.t("reliance.no_reports"))
        return
    latest = quality.in_period(reports).row(-1, named=True)
    st.markdown(
        w.t(
            "reliance.reports_came",
            received=w.number(latest["received"]),
            owed=w.number(latest["owed"]),
            share=w.percent(latest["share"]),
            date=w.date(latest["due_on"]),
        )
    )
    cells = _report_cells(reports)
    if cells.is_empty():
        return
    chosen = charts.show(
        charts.heat_map,
        cells,
        key="reliance_reports",
        alt=w.t("reliance.reports_alt"),
        on_select=True,
        height=cells["row_code"].n_unique() * _ROW,
    )
    _open(chosen, person, flag="silent")
    _show_basis("coverage", w.t("reliance.reports_note"), person)


def _report_cells(reports: pl.DataFrame) -> pl.DataFrame:
    """The last periods of the agencies that sent least, as `charts.heat_map` wants them."""
    periods = quality.in_period(reports).tail(PERIODS).select("period")
    recent = reports.join(periods, on="period").with_columns(missing=pl.col("owed") - pl.col("received"))
    worst = (
        recent.group_by("agency")
        .agg(pl.col("missing").sum())
        .filter(pl.col("missing") > 0)
        .sort(["missing", "agency"], descending=[True, False])
        .head(MOST_ROWS)
    )
    grid = worst.select("agency").join(periods, how="cross")
    cells = grid.join(recent, on=["agency", "period"], how="left", maintain_order="left")
    return cells.select(
        row=ranking.labels(cells["agency"]),
        row_code="agency",
        column="period",
        column_code="period",
        value="missing",
        value_label=w.texts(cells["missing"], lambda n: w.number(n) if n else ""),
    )


# --- Records ---------------------------------------------------------------------------------------------------------


def show_records(view: View, person: Person) -> None:
    """How many agreements have something wrong with their record, what it is and whose; a cell leads to its list."""
    st.subheader(w.t("reliance.records"), anchor=False)
    defects = studies.defects(view)
    total, wrong = int(defects["n"].sum()), int(defects["defective"].sum())
    st.markdown(
        w.t(
            "reliance.records_wrong",
            n=w.number(wrong),
            all=w.number(total),
            share=w.percent(100 * wrong / total),
        )
    )
    if wrong == 0:
        return
    cells = _defect_cells(defects.filter(pl.col("defective") > 0).head(MOST_ROWS))
    chosen = charts.show(
        charts.heat_map,
        cells,
        key="reliance_records",
        alt=w.t("reliance.records_alt"),
        on_select=True,
        height=cells["row_code"].n_unique() * _ROW,
    )
    _open(chosen, person, flag=str(chosen["column_code"]) if chosen else "")
    _show_basis("defects", w.t("reliance.records_note"), person)


def _defect_cells(defects: pl.DataFrame) -> pl.DataFrame:
    there = [name for name in quality.DEFECTS if defects[name].sum()]
    long = defects.unpivot(on=there, index="agency", variable_name="defect", value_name="count")
    order = pl.DataFrame({"agency": defects["agency"]}).join(pl.DataFrame({"defect": there}), how="cross")
    cells = order.join(long, on=["agency", "defect"], how="left", maintain_order="left")
    return cells.select(
        row=ranking.labels(cells["agency"]),
        row_code="agency",
        column=w.texts(cells["defect"], lambda defect: w.t(f"reliance.defect_{defect}")),
        column_code="defect",
        value="count",
        value_label=w.texts(cells["count"], lambda n: w.number(n) if n else ""),
    )


def _open(chosen: Mark | None, person: Person, *, flag: str) -> None:
    """From a cell to its agreements, where the reader may see them one by one."""
    if chosen is None:
        return
    if person.role not in loaders.SEES_ALL and chosen["row_code"] != person.agency:
        st.caption(w.t("reliance.own_only"))
        return
    links.go("agreements", flag=flag, agency=str(chosen["row_code"]))


# --- Forecasts -------------------------------------------------------------------------------------------------------


@st.fragment(parallel=True)
def show_forecasts(view: View) -> None:
    """How forecasts made a year before would have fared."""
    st.subheader(w.t("reliance.forecasts"), anchor=False)
    test = studies.back_test(view)
    if test.totals["waiting"].sum() == 0:
        st.text(w.t("reliance.no_forecasts"))
        return
    held, made = int(test.totals["held"].sum()), test.totals.height
    key = "reliance.forecasts_held" if held >= _HELD_WELL * made else "reliance.forecasts_missed"
    last = test.totals.row(-1, named=True)
    st.markdown(w.t(key, held=w.number(held), made=w.number(made)))
    st.caption(
        w.t(
            "reliance.forecast_last",
            date=w.date(last["as_of"]),
            expected=w.number(last["expected"]),
            low=w.number(last["low"]),
            high=w.number(last["high"]),
            happened=w.number(last["happened"]),
        )
    )
    table = test.table(STARTED).filter(pl.col("n") >= LEAST_CASES)
    hit = pl.col("forecast").is_between("low", "high")
    charts.show(
        charts.interval_dots,
        table.select(
            label=pl.Series(
                [
                    w.t("reliance.forecast_class", low=w.number(100 * low), high=w.number(100 * high))
                    for low, high in table.select("from", "to").iter_rows()
                ],
                dtype=pl.String,
            ),
            code=pl.col("from").cast(pl.String),
            value=100 * pl.col("happened"),
            low=100 * pl.col("low"),
            high=100 * pl.col("high"),
            value_label=pl.Series(
                [
                    w.t("reliance.forecast_came", share=w.percent(100 * share), n=w.number(n))
                    for share, n in table.select("happened", "n").iter_rows()
                ],
                dtype=pl.String,
            ),
            light=pl.when(hit).then(pl.lit("green")).otherwise(pl.lit("amber")),
        ),
        key="reliance_forecasts",
        alt=w.t("reliance.forecasts_alt"),
        height=table.height * _ROW,
    )
    _, skill = test.score(STALLED)
    note = w.t("reliance.forecasts_note")
    if skill is None or skill <= 0:
        note = f"{note} {w.t('reliance.stalls_not_shown')}"
    _show_basis("calibration", note)


# --- Weights ---------------------------------------------------------------------------------------------------------


@st.fragment(parallel=True)
def show_weights(view: View, person: Person) -> None:
    """How far places depend on the weights, which are a choice."""
    group = view.agency_group if view.agency_group in ranking.GROUPS else ranking.usual_group(person)
    st.subheader(w.t("reliance.weights", group=w.name("agency_group", group)), anchor=False)
    ranges = studies.place_ranges(dataclasses.replace(view, agency_group=group))
    if ranges.is_empty():
        st.text(w.t("reliance.nobody_ranked"))
        return
    moves = ranges.with_columns(
        width=pl.col("worst_place") - pl.col("best_place"),
        farthest=pl.max_horizontal(pl.col("worst_place") - pl.col("place"), pl.col("place") - pl.col("best_place")),
    )
    widest = moves.sort("width", descending=True, maintain_order=True).row(0, named=True)
    far = moves.filter(pl.col("farthest") >= FAR).height
    st.markdown(
        w.t(
            "reliance.weights_matter" if 2 * far > moves.height else "reliance.weights_matter_little",
            n=w.number(far),
            all=w.number(moves.height),
            places_moved=w.number(FAR),
            agency=w.plain(w.name("agency", widest["agency"])),
            places=ranking.place_text(widest["best_place"], widest["worst_place"]),
        )
    )
    charts.show(
        charts.interval_dots,
        ranges.select(
            label=ranking.labels(ranges["agency"]),
            code="agency",
            value="place",
            low="best_place",
            high="worst_place",
            value_label=pl.Series(
                [_places_text(*pair) for pair in ranges.select("place", "geometric_place").iter_rows()],
                dtype=pl.String,
            ),
            light=pl.lit("context"),
        ),
        key="reliance_weights",
        alt=w.t("reliance.weights_alt"),
        height=ranges.height * _ROW,
    )
    _show_basis("weights", w.t("reliance.weights_note"))


def _places_text(place: int, geometric: int) -> str:
    """A place, and the one a geometric mean would give where that is far from it."""
    if abs(geometric - place) < FAR:
        return w.number(place)
    return w.t("reliance.weights_label", place=w.number(place), other=w.number(geometric))


# --- Everybody -------------------------------------------------------------------------------------------------------


def show_table(view: View, person: Person) -> None:
    """Every agency's reports and defects, to be opened when wanted and taken away."""
    latest = studies.coverage(view).group_by("agency", maintain_order=True).agg(pl.col("owed", "received").last())
    rows = studies.defects(view).join(latest, on="agency", how="left", maintain_order="left")
    with st.expander(w.t("reliance.table")):
        tables.show(
            rows,
            [
                Column("agency", "reliance.agency", "code", of="agency", pinned=True),
                Column("n", "reliance.n", "number"),
                Column("owed", "reliance.owed", "number"),
                Column("received", "reliance.received", "number"),
                *(Column(defect, f"reliance.defect_{defect}", "number") for defect in quality.DEFECTS),
                Column("defective", "reliance.defective", "number"),
            ],
            "reliance",
            file_name=w.t("reliance.heading"),
            alt=w.t("reliance.table"),
            on_row=lambda row: links.go("scorecard", agency=row["agency"]),
        )


def _show_basis(statistic: str, note: str, person: Person | None = None) -> None:
    """How to read the chart, where a click leads, and the explanation."""
    if person is not None:
        note = f"{note} {w.t('reliance.click' if person.role in loaders.SEES_ALL else 'reliance.click_own')}"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(note, width="stretch")
        explained.show(statistic)
