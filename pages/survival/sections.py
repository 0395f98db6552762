"""The sections on the time from signing to implementation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import polars as pl
import streamlit as st

import words as w
from data_access.accounts import Person
from kpi.estimators.survival import LogRank
from kpi.studies import waiting
from kpi.studies.cohorts import Comparison
from pages.parts import explained, places
from pages.ui import charts, studies, tables, thinning
from pages.ui.choices import choice, choices
from pages.ui.kept import kept
from pages.ui.tables import Column
from pages.ui.view import View

GROUPINGS: Final[Mapping[str, str]] = {
    "cohort": waiting.COHORT,
    "agency": "agency",
    "sector": "sector",
    "tier": "partner_tier",
}
MOST_CURVES: Final = 5
DAYS: Final = (0, 180, 365, 545, 730, 1095, 1460)
"""The days at which the numbers still waiting are written under the curves."""

SEEN: Final = 0.19
"""Percentage points: half a pixel of the chart of curves."""

SURE: Final = 0.05
VERY_SURE: Final = 0.01


# --- Has it become faster? -------------------------------------------------------------------------------------------


def show_verdict(view: View) -> None:
    """One plain sentence, and the cohorts it rests on."""
    st.markdown(verdict(studies.comparison(view)))
    tables.show(
        _cohorts(view),
        [
            Column("cohort", "survival.cohort", pinned=True, width=90),
            Column("n", "survival.n", "number"),
            Column("within", "survival.within", "number"),
            Column("share", "survival.share", "percent", help_key="explained.cohort.sentence"),
            Column("share_limits", "survival.limits"),
            Column("rmst", "survival.wait", "days"),
            Column("wait_limits", "survival.wait_limits"),
            Column("note", "survival.note"),
        ],
        "survival_cohorts",
        file_name=w.t("survival.heading"),
        alt=w.t("survival.cohorts_alt"),
    )
    explained.show("cohort")


@kept(in_words=True)
def _cohorts(view: View) -> pl.DataFrame:
    """The cohorts with their limits in words, and what is said of those it is too early to judge."""
    table = studies.by_signing(view)
    return table.with_columns(
        share_limits=_limits(table, "low", "high", percent=True),
        wait_limits=_limits(table, "rmst_low", "rmst_high", percent=False),
        note=pl.Series(["" if seen else w.t("survival.too_early") for seen in table["is_observed"]], dtype=pl.String),
    )


def verdict(found: Comparison | None) -> str:
    """Whether the time has been shortened, confirmed or denied."""
    if found is None or found.verdict == "not_observed":
        return w.t("survival.not_observed", horizon=w.days(studies.HORIZON_DAYS))
    assert found.days is not None
    assert found.days_low is not None
    assert found.days_high is not None
    assert found.points is not None
    size, low, high = found.days, found.days_low, found.days_high
    if found.verdict == "shortened":
        size, low, high = -size, -high, -low
    write = _signed if found.verdict == "no_difference_shown" else w.number
    return w.t(
        f"survival.{found.verdict}",
        earlier=found.earlier,
        later=found.later,
        days=w.number(abs(size)),
        low=write(low),
        high=write(high),
        points=_signed(found.points),
        horizon=w.days(found.horizon_days),
    )


def _signed(value: float) -> str:
    return f"{'−' if round(value) < 0 else '+'}{w.number(abs(value))}"


def _limits(table: pl.DataFrame, low: str, high: str, *, percent: bool) -> pl.Series:
    write = w.percent if percent else w.number
    return pl.Series(
        ["" if one is None else f"{w.number(one)}–{write(two)}" for one, two in table.select(low, high).iter_rows()],
        dtype=pl.String,
    )


# --- Who waits how long ----------------------------------------------------------------------------------------------


def show_curves(view: View, person: Person) -> None:
    """The share implemented by days since signing, group beside group, with the numbers still waiting."""
    st.header(w.t("survival.curves"), anchor=False)
    by = choice(
        "by",
        tuple(GROUPINGS),
        label=w.t("survival.by"),
        write=lambda code: w.t(f"survival.by_{code}"),
        default="cohort",
        width=280,
    )
    groups = chosen_groups(view, by, person)
    if not groups:
        st.caption(w.t("survival.too_few"))
        return
    st.markdown(difference(_compared(view, by, groups), len(groups)))
    st.caption(w.t("survival.at_risk"))
    charts.show(
        charts.step_curve,
        _curves(view, by, groups),
        key="survival_curves",
        alt=w.t("survival.curves_alt"),
    )
    _show_medians(view, by, groups)
    with st.container(horizontal=True):
        explained.show("curve", is_named=True)
        explained.show("log_rank", is_named=True)


@kept()
def _compared(view: View, by: str, groups: tuple[str, ...]) -> LogRank:
    return waiting.compared(studies.waits(view, GROUPINGS[by]), groups)


@kept(in_words=True)
def _curves(view: View, by: str, groups: tuple[str, ...]) -> pl.DataFrame:
    """The curves and, as far as they go, the numbers still waiting, as `charts.step_curve` wants them."""
    waits, names = studies.waits(view, GROUPINGS[by]), _names(by, groups)
    curve = waiting.curves(waits, groups)
    curve = thinning.steps(curve, ("share", "low", "high"), of="group", least=SEEN)
    last = int(curve["time"].to_numpy().max(initial=0))
    left = waiting.at_risk(waits, groups, days := [day for day in DAYS if day <= last])
    steps = curve.select(
        pl.col("time").cast(pl.Int32),
        pl.col("share", "low", "high").cast(pl.Float32),
        share_label=pl.Series(
            [
                w.t("survival.share_label", share=w.percent(share), days=w.days(day))
                for day, share in curve.select("time", "share").iter_rows()
            ],
            dtype=pl.String,
        ),
        series=w.texts(curve["group"], names.__getitem__),
    )
    numbers = left.unpivot(on=[str(day) for day in days], index="group", variable_name="time", value_name="n")
    return pl.concat(
        [
            steps,
            numbers.select(
                pl.col("time").cast(pl.Int32),
                left_label=w.texts(numbers["n"], w.number),
                series=w.texts(numbers["group"], names.__getitem__),
            ),
        ],
        how="diagonal",
    ).with_columns(pl.col("series").cast(pl.Categorical))


def chosen_groups(view: View, by: str, person: Person) -> tuple[str, ...]:
    """The groups that are drawn, chosen by the reader and kept in the address as `groups`.

    Unless others are chosen: the latest years, else the largest groups, and the reader's own agency among them.
    """
    offered, usual = _offered(view, by, person.limited_to if by == "agency" else None)
    return tuple(
        choices(
            "groups",
            offered,
            label=w.t("survival.groups", most=w.number(MOST_CURVES)),
            write=lambda code: _full_name(by, code),
            default=usual,
            most=MOST_CURVES,
        )
    )


@kept(in_words=True)
def _offered(view: View, by: str, own: str | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The groups with enough agreements for a curve, in the order they are offered in, and those usually drawn."""
    sizes = waiting.sizes(studies.waits(view, GROUPINGS[by])).filter(pl.col("n") >= waiting.LEAST_AT_RISK)
    if by == "cohort":
        years = tuple(sizes["group"].sort())
        return years, years[-MOST_CURVES:]
    usual = sizes["group"].head(MOST_CURVES).to_list()
    if own is not None and own not in usual and own in sizes["group"]:
        usual[-1] = own
    return tuple(sorted(sizes["group"], key=lambda code: w.sort_key(_full_name(by, code)))), tuple(usual)


def _names(by: str, groups: tuple[str, ...]) -> dict[str, str]:
    return {group: _name(by, group) for group in groups}


def _full_name(by: str, group: str) -> str:
    return w.name("agency", group) if by == "agency" else _name(by, group)


def _name(by: str, group: str) -> str:
    if by == "cohort":
        return w.t("survival.signed_in", year=group)
    if by == "agency":
        return str(places.labels(pl.Series([group])).item())
    return w.name(by, group)


def difference(test: LogRank, groups: int) -> str:
    """The log-rank test in words."""
    if groups < 2 or test.p_value is None:
        return w.t("survival.nothing_to_compare")
    if test.p_value < VERY_SURE:
        return w.t("survival.differ_surely")
    if test.p_value < SURE:
        return w.t("survival.differ", p=w.number(test.p_value, 2))
    return w.t("survival.not_told_apart", p=w.number(test.p_value, 2))


def _show_medians(view: View, by: str, groups: tuple[str, ...]) -> None:
    """How many there are in each group, and how long half of them waited; in the files also the numbers still waiting."""
    shown = [
        Column("name", "survival.group", pinned=True, width=260),
        Column("0", "survival.n", "number"),
        Column("median", "survival.median", help_key="explained.curve.sentence"),
    ]
    tables.show(
        _medians(view, by, groups),
        shown,
        "survival_at_risk",
        file_name=w.t("survival.curves"),
        alt=w.t("survival.medians_alt"),
        file_columns=[*shown, *(Column(str(day), f"survival.left_{day}", "number") for day in DAYS[1:])],
    )


@kept(in_words=True)
def _medians(view: View, by: str, groups: tuple[str, ...]) -> pl.DataFrame:
    waits = studies.waits(view, GROUPINGS[by])
    left, middle = waiting.at_risk(waits, groups, DAYS), waiting.medians(waits, groups)
    return left.with_columns(
        name=w.texts(left["group"], _names(by, groups).__getitem__),
        median=pl.Series([median_text(row) for row in middle.iter_rows(named=True)], dtype=pl.String),
    )


def median_text(row: Mapping[str, Any]) -> str:
    """A median with its limits; "> follow-up" where fewer than half have been implemented."""
    if row["median"] is None:
        return f"> {w.days(row['follow_up'])}"
    if row["low"] is None or row["high"] is None:
        return w.days(row["median"])
    return w.t("survival.median_text", days=w.days(row["median"]), low=w.number(row["low"]), high=w.number(row["high"]))
