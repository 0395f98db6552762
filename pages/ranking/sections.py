"""The sections of the ranking."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Final

import polars as pl
import streamlit as st

import words as w
from data_access.accounts import Person
from kpi.indicators.catalog import COMPOSITE, KPIS, RELIABILITY
from kpi.indicators.lights import LIGHTS
from kpi.rules import Rules
from kpi.vocabulary import Reading
from pages.parts import heading, places
from pages.ranking import explained
from pages.ui import cards, charts, links, loaders, palette, tables
from pages.ui.kept import drawn, kept
from pages.ui.tables import Column
from pages.ui.view import View

_NAME_CHARACTERS: Final = 31
_ROW: Final = 35
_WEIGHTY: Final = 10
"""So much of the composite a KPI must weigh to stand in the ranking before it is asked for."""

_OWN: Final = "▶ "
"""Stands before the name of the reader's own agency."""


# --- Sections --------------------------------------------------------------------------------------------------------


def choose_group(view: View, person: Person) -> str:
    """Which kind of agency is ranked: the one the filters name, else the page's own choice, kept in its address."""
    if view.agency_group in places.GROUPS:
        return view.agency_group
    if view.agency_group is not None:
        cards.notice("ranking.not_ranked", name=w.name("agency_group", view.agency_group))
    usual = places.usual_group(person)
    asked = st.query_params.get("group", usual)
    if asked not in places.GROUPS:
        cards.notice("ranking.unknown_group", value=w.plain(asked[:40]))
        asked = usual
    st.session_state["ranking_group"] = asked
    st.segmented_control(
        w.t("ranking.group"),
        places.GROUPS,
        format_func=lambda group: w.name("agency_group", group),
        required=True,
        key="ranking_group",
        on_change=_keep_group,
        label_visibility="collapsed",
    )
    return asked


def _keep_group() -> None:
    st.query_params["group"] = st.session_state["ranking_group"]


def wants_all() -> bool:
    """Whether the address asks for every column; those that a laptop's screen has room for stand there in any case."""
    st.session_state["ranking_all_columns"] = st.query_params.get("columns") == "all"
    return st.toggle(w.t("ranking.all_columns"), key="ranking_all_columns", on_change=_keep_columns)


def _keep_columns() -> None:
    if st.session_state["ranking_all_columns"]:
        st.query_params["columns"] = "all"
    else:
        st.query_params.pop("columns", None)


def show_ranked(view: View, person: Person, *, whole: bool) -> None:
    """The agencies with a place, by place; a row leads to its scorecard. `view` is of one group; `whole`: with every column."""
    ranked = _table(view, person.limited_to, is_ranked=True, pending=_gap_of(view, whole=whole))
    if ranked.is_empty():
        nobody = w.t("ranking.nobody_ranked", n=w.number(loaders.rules(view.as_of).rank_min_n))
        st.warning(heading.unrankable(view) or nobody, icon=":material/info:")
        return
    _show_basis(view, person)
    tables.show(
        ranked,
        _columns(view, is_ranked=True, whole=whole),
        "ranking",
        file_name=w.t("ranking.heading"),
        alt=w.t("ranking.alt"),
        on_row=_open_scorecard,
        height=_height(ranked),
        file_columns=[*_file_columns(loaders.rules(view.as_of), ranked=True), *_gap_columns(view, whole=whole)],
    )


@drawn
def _show_basis(view: View, person: Person) -> None:
    league = loaders.league_table(view, by="agency")
    if own := places.own_sentence(league, person):
        st.markdown(own)
    st.text(places.sureness(league))
    st.caption(f"{w.t('ranking.signs')} {_legend()}")


def show_intervals(view: View) -> None:
    """The composites with their intervals: agencies whose intervals meet cannot be told apart."""
    dots = _dots(view)
    if dots.is_empty():
        return
    st.header(w.t("ranking.intervals"), anchor=False)
    st.caption(w.t("ranking.intervals_help"))
    chosen = charts.show(
        charts.interval_dots, dots, key="ranking_intervals", alt=w.t("ranking.intervals_alt"), on_select=True
    )
    if chosen:
        links.go("scorecard", agency=chosen["code"])


@kept(compares=True, in_words=True)
def _dots(view: View) -> pl.DataFrame:
    ranked = loaders.league_table(view, by="agency").filter(pl.col("place").is_not_null())
    held = [places.place_text(best, worst) for best, worst in ranked.select("best_place", "worst_place").iter_rows()]
    return ranked.select(
        label=pl.format("{}. {}", "place", places.labels(ranked["agency"], most=_NAME_CHARACTERS)),
        code="agency",
        value="score",
        low="low",
        high="high",
        value_label=pl.format("{} ({})", w.texts(ranked["score"], places.score_text), pl.Series(held, dtype=pl.String)),
        light=palette.drawn_lights(),
    )


def show_unranked(view: View, person: Person) -> None:
    """The agencies with too few agreements for a place, or all where nobody can have one, with their values as they are."""
    few, rules = _table(view, person.limited_to, is_ranked=False, pending=None), loaders.rules(view.as_of)
    if few.is_empty():
        return
    if heading.unrankable(view) is None:
        st.header(w.t("ranking.too_few", n=w.number(rules.rank_min_n)), anchor=False)
        st.caption(w.t("ranking.too_few_help"))
    tables.show(
        few,
        _columns(view, is_ranked=False),
        "ranking_too_few",
        file_name=w.t("ranking.too_few_file"),
        alt=w.t("ranking.too_few_alt"),
        on_row=_open_scorecard,
        height=_height(few),
        file_columns=_file_columns(rules, ranked=False),
    )


# --- Cells -----------------------------------------------------------------------------------------------------------


@kept(compares=True, in_words=True)
def _table(view: View, own: str | None, *, is_ranked: bool, pending: str | None) -> pl.DataFrame:
    """Those with a place, or those without, with what is shown of them as text: name, places, climb, score_text, and one for
    each KPI under its code and `_text`; the gap of both readings with the `pending` of that mark, unless it is None."""
    placed = pl.col("place").is_not_null()
    league = loaders.league_table(view, by="agency").filter(placed if is_ranked else ~placed)
    rules = loaders.rules(view.as_of)
    name = places.labels(league["agency"], most=_NAME_CHARACTERS)
    said = explained.standing(view, scored(rules))
    texts = [
        pl.Series(
            f"{kpi}_text", explained.marked(_kpi_texts(league, kpi), league["agency"], said, kpi), dtype=pl.String
        )
        for kpi in scored(rules)
    ]
    lights = [palette.drawn_lights(f"{kpi}_status", f"{kpi}_settled").alias(f"{kpi}_light") for kpi in scored(rules)]
    told = _seen(places.relied_on(league, view), view)
    return (told if pending is None else _gap(told, view, pending)).with_columns(
        *texts,
        *lights,
        name=pl.when(pl.col("agency") == (own or "")).then(_OWN + name).otherwise(name),
        light=palette.drawn_lights(),
        places=pl.Series(
            [places.place_text(*pair) for pair in league.select("best_place", "worst_place").iter_rows()],
            dtype=pl.String,
        ),
        climb=w.texts(league["climbed"], _climb_text),
        score_text=w.texts(league["score"], places.score_text),
    )


def _seen(league: pl.DataFrame, view: View) -> pl.DataFrame:
    """A league table with the share of each composite that somebody outside the agency has seen (seen, percent)."""
    shares = loaders.seen_shares(view, by="agency").filter(pl.col("kpi") == COMPOSITE)
    return league.join(shares.select("agency", seen="share"), on="agency", how="left", maintain_order="left")


def _gap(league: pl.DataFrame, view: View, pending: str) -> pl.DataFrame:
    """A league table with how many points more is declared than verified (gap)."""
    declared, verified = (
        loaders.scorecards(dataclasses.replace(view, reading=one, pending=pending), by="agency")
        .filter(pl.col("kpi") == COMPOSITE)
        .select("agency", pl.col("value").alias(str(one)))
        for one in (Reading.AS_DECLARED, Reading.AS_VERIFIED)
    )
    both = declared.join(verified, on="agency").select(
        "agency", gap=pl.col(Reading.AS_DECLARED) - pl.col(Reading.AS_VERIFIED)
    )
    both = both.with_columns(gap_text=w.texts(both["gap"], lambda points: w.number(points, 1)))
    return league.join(both, on="agency", how="left", maintain_order="left")


def _reliability_columns(rules: Rules) -> list[Column]:
    if KPIS[RELIABILITY].is_off(loaders.records()):
        return []
    return [
        Column(
            "reliable",
            f"kpi.{RELIABILITY}.short",
            width=118,
            help=_kpi_help(RELIABILITY, rules),
            by="reliability",
        )
    ]


def scored(rules: Rules) -> tuple[str, ...]:
    """The KPIs a composite is made of in this register, in the order of the method."""
    records = loaders.records()
    return tuple(code for code, kpi in KPIS.items() if code in rules.weights and not kpi.is_off(records))


def _kpi_texts(league: pl.DataFrame, kpi: str) -> list[str]:
    values = league.select(value=f"{kpi}_value", follow_up=f"{kpi}_follow_up", status=f"{kpi}_status")
    return [
        "" if row["status"] == "not_available" else cards.value_text(kpi, row) for row in values.iter_rows(named=True)
    ]


def _climb_text(places: int | None) -> str:
    if places is None:
        return w.t("ranking.climb_new")
    return f"▲ {places}" if places > 0 else f"▼ {-places}" if places < 0 else "="


@kept(in_words=True)
def _columns(view: View, *, is_ranked: bool, whole: bool = True) -> tuple[Column, ...]:
    """What is shown of those with a place, or of those without; not the `whole`: what fits the screen of a laptop."""
    rules = loaders.rules(view.as_of)
    n = Column("n", "ranking.n", "number", width=54 if is_ranked else 70, help_key="ranking.n_help")
    if not is_ranked:
        return (Column("name", "ranking.agency", pinned=True, width=250), n, *_kpi_columns(rules, scored(rules)))
    kpis = [kpi for kpi in scored(rules) if whole or (KPIS[kpi].weight or 0) >= _WEIGHTY]
    seen = Column("seen", "ranking.seen", "progress", width=76, help=w.t("explained.seen.sentence"))
    gap = [
        Column("gap_text", one.label_key, width=90, by="gap", help_key=one.help_key)
        for one in _gap_columns(view, whole=whole)
    ]
    return (
        Column("name", "ranking.agency", pinned=True, width=222),
        Column("band", "ranking.band", "code", of="band", width=72, help_key="ranking.band_help"),
        Column("place", "ranking.place", "number", width=48),
        Column("places", "ranking.places", width=128, help_key="ranking.places_help"),
        *([Column("climb", "ranking.climb", width=150)] if whole else []),
        Column("score_text", f"kpi.{COMPOSITE}.short", "light", of="light", width=74, help=_kpi_help(COMPOSITE, rules)),
        *gap,
        *([seen] if whole or not gap else []),
        *_reliability_columns(rules),
        *_kpi_columns(rules, kpis),
        n,
    )


def _gap_of(view: View, *, whole: bool) -> str | None:
    """The mark of what is pending in the gap of both readings. None without that column: it takes two more readings of everything,
    and stands there where one of them is read or every column asked for."""
    if view.reading != Reading.COUNTING:
        return view.pending
    return loaders.pending_mark() if whole else None


def _gap_columns(view: View, *, whole: bool) -> list[Column]:
    if view.reading == Reading.COUNTING and not whole:
        return []
    return [Column("gap", "ranking.gap", "number", digits=1, help_key="ranking.gap_help")]


def _kpi_columns(rules: Rules, kpis: Sequence[str]) -> list[Column]:
    return [
        Column(f"{kpi}_text", f"kpi.{kpi}.short", "light", of=f"{kpi}_light", help=_kpi_help(kpi, rules))
        for kpi in kpis
    ]


def _kpi_help(kpi: str, rules: Rules) -> str:
    """What stands behind a column's header: name, sentence, how to read it, target and weight."""
    target, weight = KPIS[kpi].target, rules.weights.get(kpi)
    parts = [f"**{cards.kpi_words(kpi, 'name', rules)}**", cards.kpi_words(kpi, "sentence", rules)]
    parts.append(cards.kpi_words(kpi, "reading", rules))
    if target is not None and weight is not None:
        text = cards.value_text(kpi, {"value": target, "follow_up": None})
        parts.append(w.t("ranking.target", target=text, weight=w.number(weight)))
    return "\n\n".join(parts)


def _file_columns(rules: Rules, *, ranked: bool) -> list[Column]:
    """What files hold: the numbers themselves, and each light in a column of its own."""
    units: dict[str, tables.Kind] = {"percent": "percent", "days": "days"}
    placed = [
        Column("band", "ranking.band", "code", of="band"),
        Column("place", "ranking.place", "number"),
        Column("best_place", "ranking.best_place", "number"),
        Column("worst_place", "ranking.worst_place", "number"),
        Column("place_before", "ranking.place_before", "number"),
        Column("score", f"kpi.{COMPOSITE}.name", "number", digits=1),
        Column("low", "ranking.low", "number", digits=1),
        Column("high", "ranking.high", "number", digits=1),
        Column("status", "ranking.light", "light"),
        Column("settled", "ranking.settled", "flag"),
        Column("seen", "common.seen", "percent", digits=1),
    ]
    return [
        Column("agency", "ranking.agency", "code", of="agency"),
        *(placed if ranked else ()),
        Column("n", "ranking.n", "number"),
        Column("reliability", f"kpi.{RELIABILITY}.name", "percent", digits=1),
        Column("reliability_low", "ranking.reliability_low", "percent", digits=1),
        Column("reliability_high", "ranking.reliability_high", "percent", digits=1),
        *(
            Column(f"{kpi}_value", f"kpi.{kpi}.name", units.get(KPIS[kpi].unit, "number"), digits=1)
            for kpi in scored(rules)
        ),
    ]


def _legend() -> str:
    """The lights, and what a hollow one means, which holds for all of them."""
    told = " · ".join(cards.light(status) for status in (*LIGHTS, "too_few", "not_available"))
    hollow = "".join(palette.SIGNS[light] for light in palette.OUTLINED)
    return f"{told} · {w.t('ranking.outlined', signs=hollow)}"


def _height(rows: pl.DataFrame) -> int:
    """Tall enough to show every row without a scroll bar of its own."""
    return _ROW * (rows.height + 1) + 3


def _open_scorecard(row: tables.Row) -> None:
    links.go("scorecard", agency=row["agency"])
