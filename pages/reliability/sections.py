"""The sections of the page on trust: reports, records, forecasts, weights; each begins with its conclusion."""

from __future__ import annotations

from typing import Final

import polars as pl
import streamlit as st

import words as w
from data_access.accounts import Person
from kpi.reporting import reports as reporting
from kpi.studies.calibration import STALLED, STARTED, BackTest
from pages.parts import explained, heading, places, unforetold
from pages.ui import charts, links, records, studies
from pages.ui.kept import drawn
from pages.ui.view import View

FAR: Final = 3
"""From how many places on a move is worth saying."""

LEAST_CASES: Final = 10
"""A class of forecasts with fewer cases is not drawn: its share would jump about."""

_ROW: Final = 26


# --- Reports and records ---------------------------------------------------------------------------------------------


@drawn
def show_reports(view: View) -> None:
    """How many of the reports due last time came, and the way to the page about them."""
    st.header(w.t("reliance.reports"), anchor=False)
    reports = records.coverage(view)
    if reports.is_empty():
        st.text(w.t("reliance.no_reports"))
        return
    latest = reporting.in_period(reports).row(-1, named=True)
    st.markdown(
        w.t(
            "reliance.reports_came",
            received=w.number(latest["received"]),
            owed=w.number(latest["owed"]),
            share=w.percent(latest["share"]),
            date=w.date(latest["due_on"]),
        )
    )
    links.page_link("reporting", w.t("reliance.open_reporting"), icon=":material/event_available:")


@drawn
def show_records(view: View) -> None:
    """How many agreements have something wrong with their record, and the way to the page about them."""
    st.header(w.t("reliance.records"), anchor=False)
    defects = records.defects(view)
    total, wrong = int(defects["n"].sum()), int(defects["defective"].sum())
    st.markdown(
        w.t(
            "reliance.records_wrong",
            n=w.number(wrong),
            all=w.number(total),
            share=w.percent(100 * wrong / total),
        )
    )
    links.page_link("quality", w.t("reliance.open_quality"), icon=":material/fact_check:")


# --- Forecasts -------------------------------------------------------------------------------------------------------


@st.fragment(parallel=True)
@drawn
def show_forecasts(view: View) -> None:
    """How forecasts made earlier would have fared: of stalling in a sentence, of implementation in classes."""
    st.header(w.t("reliance.forecasts"), anchor=False)
    stalls, starts = studies.stalls_proof(view), studies.starts_proof(view)
    st.markdown(stalling_sentence(studies.stall_test(view)))
    if stalls.has_changed:
        st.markdown(f"**{unforetold.sentence(stalls, 'stalls')}**")
    test = studies.back_test(view)
    if test.totals["waiting"].sum() == 0:
        st.text(w.t("reliance.no_forecasts"))
        return
    last = test.totals.row(-1, named=True)
    st.markdown(starting_sentence(test, is_proven=starts.is_proven))
    if starts.has_changed:
        st.markdown(f"**{unforetold.sentence(starts, 'starts')}**")
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
    _show_basis("calibration", w.t("reliance.forecasts_note"))


def starting_sentence(test: BackTest, *, is_proven: bool) -> str:
    """Whether forecasts of implementation have proved right: how many of their limits held, and how right they were in sum."""
    fared = test.calibration(STARTED)
    expected, happened = (None if one is None else 100 * one for one in (fared.expected, fared.happened))
    return w.t(
        "reliance.forecasts_held" if is_proven else "reliance.forecasts_missed",
        held=w.percent(100 * int(test.agencies["held"].sum()) / max(test.agencies.height, 1)),
        made=w.number(test.agencies.height),
        expected=w.percent(expected),
        happened=w.percent(happened),
    )


def stalling_sentence(test: BackTest) -> str:
    """Whether the chance of stalling is shown, and why or why not."""
    fared = test.calibration(STALLED)
    days = w.number(studies.STALL_DAYS)
    if fared.expected is None or fared.happened is None:
        return w.t("reliance.stalls_too_early", days=days)
    words = {"n": w.number(fared.n), "days": days, "made": w.number(test.cases["as_of"].n_unique())}
    return w.t(
        "reliance.stalls_shown" if fared.is_good else "reliance.stalls_off",
        expected=w.percent(100 * fared.expected),
        happened=w.percent(100 * fared.happened),
        **words,
    )


# --- Weights ---------------------------------------------------------------------------------------------------------


@st.fragment(parallel=True)
@drawn
def show_weights(view: View, person: Person) -> None:
    """How far places depend on the weights, which are a choice."""
    group = view.agency_group if view.agency_group in places.GROUPS else places.usual_group(person)
    st.header(w.t("reliance.weights", group=w.name("agency_group", group)), anchor=False)
    ranges = studies.place_ranges(view.where(agency_group=group))
    if ranges.is_empty():
        st.text(heading.unrankable(view) or w.t("reliance.nobody_ranked"))
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
            places=places.place_text(widest["best_place"], widest["worst_place"]),
        )
    )
    charts.show(
        charts.interval_dots,
        ranges.select(
            label=places.labels(ranges["agency"]),
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


def _show_basis(statistic: str, note: str) -> None:
    """How to read the chart, and the explanation."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(note, width="stretch")
        explained.show(statistic)
