"""What a ranking leaves open: whether one agency is really behind another, and whether its portfolio explains it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import polars as pl
import streamlit as st

import words as w
from data_access.accounts import Person
from kpi.estimators import difference
from kpi.estimators.difference import Difference, Estimate
from kpi.indicators.catalog import KPIS, alone_in, shown_in
from kpi.studies.funnel import Funnel
from pages.parts import explained, places
from pages.ui import charts, links, loaders, studies, tables
from pages.ui.choices import choice
from pages.ui.kept import kept
from pages.ui.tables import Column
from pages.ui.view import View

LIKE_WITH_LIKE: Final = alone_in("pair")
"""The share by which two agencies are also compared with their portfolios taken into account."""


# --- Two agencies ----------------------------------------------------------------------------------------------------


def show_pair(view: View, person: Person) -> None:
    """Is one agency really worse than another? The answer with its reason, and what the portfolios have to do with it.

    `view` is of one group. Unless others are chosen, the reader's own agency, else the last one, against the one placed
    before it: the two ends of a ranking differ all too easily, just because they were looked for.
    """
    rows = _placed(view)
    if len(rows) < 2:
        return
    st.header(w.t("comparing.heading"), anchor=False)
    agencies = [*rows]
    own = person.limited_to if person.limited_to in agencies else None
    with st.container(horizontal=True, vertical_alignment="bottom"):
        first = _agency("first", agencies, own or agencies[-1])
        rest = [agency for agency in agencies if agency != first]
        second = _agency("second", rest, rest[max(agencies.index(first) - 1, 0)])
        explained.show("difference")
    found = difference.between(*(_estimate(rows[agency], "score", "low", "high") for agency in (first, second)))
    names = {"first": _plain_name(first), "second": _plain_name(second)}
    words = {**names, **_placed_words(rows[first], "first"), **_placed_words(rows[second], "second")}
    st.markdown(sentence("score", found, lambda points: w.number(points, 1), words))
    if person.limited_to is None and (like := portfolio_sentence(view, first, second)):
        st.caption(like)


@kept(compares=True)
def _placed(view: View) -> dict[str, dict[str, Any]]:
    """The rows of the ranking that have a place, by agency, in its order."""
    league = loaders.league_table(view, by="agency").filter(pl.col("place").is_not_null())
    return {row["agency"]: row for row in league.iter_rows(named=True)}


def _placed_words(row: Mapping[str, Any], which: str) -> dict[str, str]:
    return {
        f"score_{which}": places.score_text(row["score"]),
        f"place_{which}": w.number(row["place"]),
        f"n_{which}": w.number(row["n"]),
    }


def _agency(name: str, agencies: Sequence[str], default: str) -> str:
    return choice(
        name,
        agencies,
        label=w.t(f"comparing.{name}"),
        write=lambda code: w.name("agency", code),
        default=default,
        width=360,
    )


def _plain_name(agency: str) -> str:
    return w.plain(w.name("agency", agency))


def _estimate(row: Mapping[str, Any], value: str, low: str, high: str) -> Estimate:
    return Estimate(row[value], row[low], row[high])


def sentence(of: str, found: Difference, write: Callable[[float], str], words: Mapping[str, str]) -> str:
    """The answer and its reason. `of` names what is compared: score, or share (portfolios taken into account)."""
    if found.low is None or found.high is None:
        return w.t(f"comparing.{of}_not_available", **words)
    if found.verdict == "not_told_apart":
        return w.t(f"comparing.{of}_not_told_apart", behind=write(max(-found.low, 0)), ahead=write(found.high), **words)
    low, high = sorted((abs(found.low), abs(found.high)))
    return w.t(f"comparing.{of}_{found.verdict}", low=write(low), high=write(high), **words)


@kept(in_words=True)
def portfolio_sentence(view: View, first: str, second: str) -> str:
    """Whether the two differ in implementation with the same kind of agreements; empty where that cannot be said."""
    names = {"first": _plain_name(first), "second": _plain_name(second)}
    rows = {row["agency"]: row for row in studies.adjusted(view, LIKE_WITH_LIKE).iter_rows(named=True)}
    if first not in rows or second not in rows:
        return ""
    pair = (_estimate(rows[agency], "adjusted", "adjusted_low", "adjusted_high") for agency in (first, second))
    return sentence("share", difference.between(*pair), lambda points: w.number(points), names)


# --- Shares ----------------------------------------------------------------------------------------------------------


def show_details(view: View, person: Person) -> None:
    """When opened, the shares: places, portfolios, funnel. `view` is of one group.

    Portfolios only for who may see the agreements they are made of.
    """
    if len(_placed(view)) < 2:
        return
    details = st.expander(w.t("comparing.shares"), key="comparing_shares", on_change="rerun")
    if details.open:
        with details:
            show_shares(view, has_portfolios=person.limited_to is None)


@st.fragment
def show_shares(view: View, *, has_portfolios: bool) -> None:
    """One share at a time: the funnel, and the table of crude and adjusted values with the places they allow."""
    shares = shown_in("comparison", loaders.records())
    kpi = choice(
        "share",
        shares,
        label=w.t("comparing.share"),
        write=lambda code: w.t(f"kpi.{code}.name"),
        default=shares[0],
        width=380,
    )
    funnel = studies.funnel(view, kpi)
    if funnel is None:
        st.caption(w.t("comparing.too_few"))
        return
    left, right = st.columns([2, 3], gap="medium")
    with left:
        show_funnel(view, funnel, kpi)
    with right:
        show_values(view, kpi, has_portfolios=has_portfolios)


def show_funnel(view: View, funnel: Funnel, kpi: str) -> None:
    """Which agencies lie further from the whole than chance would put them."""
    outside = funnel.groups.filter(pl.col("position") != "inside").height
    st.markdown(
        w.t(
            "comparing.funnel",
            n=w.number(outside),
            all=w.number(funnel.groups.height),
            whole=w.percent(funnel.whole),
        )
    )
    chosen = charts.show(
        charts.funnel,
        _funnel_rows(view, kpi),
        key="ranking_funnel",
        alt=w.t("comparing.funnel_alt", kpi=w.t(f"kpi.{kpi}.name")),
        on_select=True,
    )
    explained.show("funnel")
    if chosen and chosen["code"]:
        links.go("scorecard", agency=chosen["code"])


@kept(in_words=True)
def _funnel_rows(view: View, kpi: str) -> pl.DataFrame:
    """Groups and limits as `charts.funnel` wants them: a light for those outside, by which side is the good one."""
    funnel = studies.funnel(view, kpi)
    assert funnel is not None
    is_good = pl.col("is_above") if KPIS[kpi].direction == "higher" else ~pl.col("is_above")
    light = (
        pl.when(pl.col("position") == "inside")
        .then(pl.lit("context"))
        .when(is_good)
        .then(pl.lit("green"))
        .when(pl.col("position") == "outside")
        .then(pl.lit("amber"))
        .otherwise(pl.lit("red"))
    )
    groups = funnel.groups.select(
        "n",
        value="share",
        code="agency",
        label=places.labels(funnel.groups["agency"]),
        mark=pl.when(pl.col("position") == "inside")
        .then(pl.lit(""))
        .otherwise(w.texts(funnel.groups["agency"], lambda code: w.name("agency", code, short=True))),
        value_label=pl.Series(
            [
                w.t("comparing.funnel_value", share=w.percent(share), n=w.number(n))
                for share, n in funnel.groups.select("share", "n").iter_rows()
            ],
            dtype=pl.String,
        ),
        light=light,
    )
    limits = funnel.limits.with_columns(whole=pl.lit(funnel.whole), code=pl.lit(""))
    return pl.concat([groups, limits], how="diagonal")


def show_values(view: View, kpi: str, *, has_portfolios: bool) -> None:
    """The share as it is and with the portfolio taken into account, with limits and the places it allows."""
    tables.show(
        _with_portfolios(view, kpi) if has_portfolios else _values(view, kpi),
        [
            Column("name", "comparing.agency", pinned=True, width=170),
            Column("value", "comparing.crude", "percent"),
            Column("limits", "comparing.limits"),
            Column("places", "comparing.places", help_key="explained.shares.sentence"),
            *(_PORTFOLIO_COLUMNS if has_portfolios else ()),
            Column("n", "comparing.n", "number"),
        ],
        "comparing",
        file_name=w.t(f"kpi.{kpi}.name"),
        alt=w.t("comparing.table_alt", kpi=w.t(f"kpi.{kpi}.name")),
        on_row=lambda row: links.go("scorecard", agency=row["agency"]),
    )
    st.caption(w.t("comparing.table_note"))
    with st.container(horizontal=True):
        explained.show("shares", is_named=True)
        if has_portfolios:
            explained.show("casemix", is_named=True)


_PORTFOLIO_COLUMNS: Final = (
    Column("adjusted", "comparing.adjusted", "percent", help_key="explained.casemix.sentence"),
    Column("adjusted_limits", "comparing.limits_adjusted"),
)


@kept(in_words=True)
def _values(view: View, kpi: str) -> pl.DataFrame:
    """The share of each agency with its limits and the places it may hold, the best one first."""
    rows = studies.places_by_share(view, kpi)
    held = rows.select("best_place", "worst_place").iter_rows()
    return rows.with_columns(
        name=places.labels(rows["agency"]),
        places=pl.Series([places.place_text(*pair) for pair in held], dtype=pl.String),
        limits=_limits(rows, "low", "high"),
    ).sort("value", "agency", descending=[KPIS[kpi].direction == "higher", False])


@kept(in_words=True)
def _with_portfolios(view: View, kpi: str) -> pl.DataFrame:
    """The same rows with the share as it would be with the register's mix of agreements."""
    adjusted = studies.adjusted(view, kpi).select("agency", "adjusted", "adjusted_low", "adjusted_high")
    rows = _values(view, kpi).join(adjusted, on="agency", how="left", maintain_order="left")
    return rows.with_columns(adjusted_limits=_limits(rows, "adjusted_low", "adjusted_high"))


def _limits(rows: pl.DataFrame, low: str, high: str) -> pl.Series:
    texts = [
        "" if one is None else f"{w.number(one)}–{w.percent(two)}" for one, two in rows.select(low, high).iter_rows()
    ]
    return pl.Series(texts, dtype=pl.String)
