"""The sections of the ranking, and how a place is put into words elsewhere."""

from __future__ import annotations

from typing import Final

import polars as pl
import streamlit as st

import words as w
from data_access.accounts import Person
from kpi.facts import PROVINCE_KINDS
from kpi.indicators import league_table
from kpi.indicators.catalog import COMPOSITE, KPIS
from kpi.indicators.scorecard import PLACE_DIGITS
from kpi.rules import Rules
from pages.ui import cards, charts, filters, links, loaders, palette, tables
from pages.ui.tables import Column
from pages.ui.view import View

GROUPS: Final = ("ministry", "province")
"""Kinds of agency that are ranked, each among its own."""

LABEL_CHARACTERS: Final = 22
"""Longer names have no room beside the bars of a chart."""

_NAME_CHARACTERS: Final = 31
_ROW: Final = 35
_OWN: Final = "▶ "
"""Stands before the name of the reader's own agency."""


# --- In words --------------------------------------------------------------------------------------------------------


def labels(agencies: pl.Series, *, most: int = LABEL_CHARACTERS) -> pl.Series:
    """Agencies' names where there is little room: the full one up to `most` letters, else the usual abbreviation."""

    def label(agency: str) -> str:
        name = w.name("agency", agency)
        return name if len(name) <= most else w.name("agency", agency, short=True)

    return w.texts(agencies, label)


def score_text(score: float | None) -> str:
    """A composite as it is read: precise enough to agree with its light, and with the place it has."""
    if score is None:
        return cards.value_text(COMPOSITE, {"value": None, "follow_up": None})
    digits = loaders.rules(filters.current().as_of).digits(COMPOSITE, score)
    return w.number(score, max(digits, PLACE_DIGITS))


def light_texts(scores: pl.Series, lights: pl.Series) -> pl.Series:
    """Scores with sign and word of their light, for the labels of a chart."""
    return pl.Series(
        [
            f"{palette.SIGNS[light]} {score_text(score)} {w.name('light', light)}"
            for score, light in zip(scores, lights, strict=True)
        ],
        dtype=pl.String,
    )


def ranked_number(league: pl.DataFrame) -> int:
    """How many agencies have a place."""
    return league.height - league["place"].null_count()


def sureness(league: pl.DataFrame) -> str:
    """How many are ranked and how many are not, and how many could truly be first."""
    ranked = ranked_number(league)
    text = w.t("ranking.ranked", n=w.number(ranked), few=w.number(league.height - ranked))
    contenders = league_table.possibly_first(league)
    return f"{text} {w.t('ranking.contenders', n=w.number(contenders))}" if contenders > 1 else text


def place_text(best: int | None, worst: int | None) -> str:
    """The places an agency may truly hold: "1–7", or one number."""
    if best is None or worst is None:
        return w.t("common.not_available")
    return w.number(best) if best == worst else f"{w.number(best)}–{w.number(worst)}"


def own_sentence(league: pl.DataFrame, person: Person) -> str | None:
    """Where the person's own agency stands; None for a person without one, or where it is not among these."""
    own = league.filter(pl.col("agency") == (person.limited_to or ""))
    if own.is_empty():
        return None
    row = own.row(0, named=True)
    if row["place"] is None:
        return w.t("ranking.own_unranked", n=w.number(row["n"]))
    return w.t(
        "ranking.own_place",
        place=w.number(row["place"]),
        all=w.number(ranked_number(league)),
        places=place_text(row["best_place"], row["worst_place"]),
        score=score_text(row["score"]),
        light=cards.light(row["status"]),
    )


# --- Sections --------------------------------------------------------------------------------------------------------


def usual_group(person: Person) -> str:
    """The ministries; for an agency, its own kind."""
    agencies = loaders.register().agencies
    is_province = agencies.filter((pl.col("key") == (person.limited_to or "")) & pl.col("kind").is_in(PROVINCE_KINDS))
    return GROUPS[0] if is_province.is_empty() else "province"


def choose_group(view: View, person: Person) -> str:
    """Which kind of agency is ranked: the one the filters name, else the page's own choice, kept in its address."""
    if view.agency_group in GROUPS:
        return view.agency_group
    if view.agency_group is not None:
        cards.notice("ranking.not_ranked", name=w.name("agency_group", view.agency_group))
    usual = usual_group(person)
    asked = st.query_params.get("group", usual)
    if asked not in GROUPS:
        cards.notice("ranking.unknown_group", value=w.plain(asked[:40]))
        asked = usual
    st.session_state["ranking_group"] = asked
    st.segmented_control(
        w.t("ranking.group"),
        GROUPS,
        format_func=lambda group: w.name("agency_group", group),
        required=True,
        key="ranking_group",
        on_change=_keep_group,
        label_visibility="collapsed",
    )
    return asked


def _keep_group() -> None:
    st.query_params["group"] = st.session_state["ranking_group"]


def show_ranked(league: pl.DataFrame, person: Person, rules: Rules) -> None:
    """The agencies with a place, by place; a row leads to its scorecard."""
    ranked = league.filter(pl.col("place").is_not_null())
    if ranked.is_empty():
        cards.notice("ranking.nobody_ranked", n=w.number(rules.rank_min_n))
        return
    own = own_sentence(league, person)
    if own:
        st.markdown(own)
    st.caption(f"{sureness(league)} {w.t('ranking.signs')} {_legend()}")
    tables.show(
        _cells(ranked, person, rules),
        [
            Column("name", "ranking.agency", pinned=True, width=236),
            Column("place", "ranking.place", "number", width=50),
            Column("places", "ranking.places", width=66, help_key="ranking.places_help"),
            Column("climb", "ranking.climb", width=72),
            Column(
                "score_text", f"kpi.{COMPOSITE}.short", "light", of="status", width=68, help=_kpi_help(COMPOSITE, rules)
            ),
            *_kpi_columns(rules),
            Column("n", "ranking.n", "number", width=64, help_key="ranking.n_help"),
        ],
        "ranking",
        file_name=w.t("ranking.heading"),
        alt=w.t("ranking.alt"),
        on_row=_open_scorecard,
        height=_height(ranked),
        file_columns=_file_columns(rules, ranked=True),
    )


def show_intervals(league: pl.DataFrame) -> None:
    """The composites with their intervals: agencies whose intervals meet cannot be told apart."""
    ranked = league.filter(pl.col("place").is_not_null())
    if ranked.is_empty():
        return
    st.subheader(w.t("ranking.intervals"), anchor=False)
    st.caption(w.t("ranking.intervals_help"))
    places = [place_text(best, worst) for best, worst in ranked.select("best_place", "worst_place").iter_rows()]
    chosen = charts.show(
        charts.interval_dots,
        ranked.select(
            label=pl.format("{}. {}", "place", labels(ranked["agency"], most=_NAME_CHARACTERS)),
            code="agency",
            value="score",
            low="low",
            high="high",
            value_label=pl.format("{} ({})", w.texts(ranked["score"], score_text), pl.Series(places)),
            light="status",
        ),
        key="ranking_intervals",
        alt=w.t("ranking.intervals_alt"),
        on_select=True,
    )
    if chosen:
        links.go("scorecard", agency=chosen["code"])


def show_unranked(league: pl.DataFrame, person: Person, rules: Rules) -> None:
    """The agencies with too few agreements for a place, with their values as they are."""
    few = league.filter(pl.col("place").is_null())
    if few.is_empty():
        return
    st.subheader(w.t("ranking.too_few", n=w.number(rules.rank_min_n)), anchor=False)
    st.caption(w.t("ranking.too_few_help"))
    tables.show(
        _cells(few, person, rules),
        [
            Column("name", "ranking.agency", pinned=True, width=250),
            Column("n", "ranking.n", "number", width=70, help_key="ranking.n_help"),
            *_kpi_columns(rules),
        ],
        "ranking_too_few",
        file_name=w.t("ranking.too_few_file"),
        alt=w.t("ranking.too_few_alt"),
        on_row=_open_scorecard,
        height=_height(few),
        file_columns=_file_columns(rules, ranked=False),
    )


# --- Cells -----------------------------------------------------------------------------------------------------------


def _cells(league: pl.DataFrame, person: Person, rules: Rules) -> pl.DataFrame:
    """A league table with what is shown of them as text: name, places, climb, score_text, and one for each KPI under
    its code and `_text`."""
    name = labels(league["agency"], most=_NAME_CHARACTERS)
    texts = [pl.Series(f"{kpi}_text", _kpi_texts(league, kpi), dtype=pl.String) for kpi in scored(rules)]
    return league.with_columns(
        *texts,
        name=pl.when(pl.col("agency") == (person.limited_to or "")).then(_OWN + name).otherwise(name),
        light=w.name_expr(pl.col("status"), "light"),
        places=pl.Series([place_text(*pair) for pair in league.select("best_place", "worst_place").iter_rows()]),
        climb=w.texts(league["climbed"], _climb_text),
        score_text=w.texts(league["score"], score_text),
    )


def scored(rules: Rules) -> list[str]:
    """The KPIs a composite is made of, in the order of the method."""
    return [kpi for kpi in KPIS if kpi in rules.weights]


def _kpi_texts(league: pl.DataFrame, kpi: str) -> list[str]:
    values = league.select(value=f"{kpi}_value", follow_up=f"{kpi}_follow_up", status=f"{kpi}_status")
    return [
        "" if row["status"] == "not_available" else cards.value_text(kpi, row) for row in values.iter_rows(named=True)
    ]


def _climb_text(places: int | None) -> str:
    if places is None:
        return w.t("ranking.climb_new")
    return f"▲ {places}" if places > 0 else f"▼ {-places}" if places < 0 else "="


def _kpi_columns(rules: Rules) -> list[Column]:
    return [
        Column(f"{kpi}_text", f"kpi.{kpi}.short", "light", of=f"{kpi}_status", help=_kpi_help(kpi, rules))
        for kpi in scored(rules)
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
        Column("place", "ranking.place", "number"),
        Column("best_place", "ranking.best_place", "number"),
        Column("worst_place", "ranking.worst_place", "number"),
        Column("place_before", "ranking.place_before", "number"),
        Column("score", f"kpi.{COMPOSITE}.name", "number", digits=1),
        Column("low", "ranking.low", "number", digits=1),
        Column("high", "ranking.high", "number", digits=1),
        Column("status", "ranking.light", "light"),
    ]
    return [
        Column("agency", "ranking.agency", "code", of="agency"),
        *(placed if ranked else ()),
        Column("n", "ranking.n", "number"),
        *(
            Column(f"{kpi}_value", f"kpi.{kpi}.name", units.get(KPIS[kpi].unit, "number"), digits=1)
            for kpi in scored(rules)
        ),
    ]


def _legend() -> str:
    return " · ".join(cards.light(status) for status in ("green", "amber", "red", "too_few", "not_available"))


def _height(rows: pl.DataFrame) -> int:
    """Tall enough to show every row without a scroll bar of its own."""
    return _ROW * (rows.height + 1) + 3


def _open_scorecard(row: tables.Row) -> None:
    links.go("scorecard", agency=row["agency"])
