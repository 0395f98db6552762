"""Every province as a tile of the same size, those without any agreement among them."""

from __future__ import annotations

import datetime as dt
from typing import Final

import altair as alt
import polars as pl
import streamlit as st

import words as w
from kpi.facts import PROVINCE_KINDS
from kpi.vocabulary import AgencyGroup
from pages.ui import charts, links, loaders, palette
from pages.ui.kept import kept
from pages.ui.view import View

_IN_A_ROW: Final = 6
_TILE: Final = 54
"""How high a tile is, in pixels."""

NONE: Final = "none"
"""Stands for the light of a province that has no agreement."""

_GROUNDS: Final = {**palette.CHIPS, NONE: "transparent"}
_ON_DARK: Final = ("green", "red", "not_available", "too_few")


def show(view: View) -> None:
    """The provinces there are on the day, how each stands, and which have nothing: as tiles, in words, and to choose by keyboard.
    `view` is of the provinces."""
    tiles = _tiles(view)
    if tiles.is_empty() or view.agency_group != AgencyGroup.PROVINCE:
        return
    without = tiles.filter(pl.col("light") == NONE)
    st.header(w.tn("ranking.tiles", without.height, all=w.number(tiles.height)), anchor=False)
    if not without.is_empty():
        st.text(w.t("ranking.tiles_without", names=", ".join(without["label"])))
    height = _TILE * tiles["tile_row"].n_unique()
    chosen = charts.show(
        province_tiles, tiles, key="ranking_tiles", alt=w.t("ranking.tiles_alt"), on_select=True, height=height
    )
    st.caption(w.t("ranking.tiles_note"))
    having = dict(tiles.filter(pl.col("light") != NONE).sort("label").select("code", "label").iter_rows())
    asked = st.selectbox(
        w.t("ranking.tiles_open"),
        [*having],
        index=None,
        format_func=lambda code: having[code],
        placeholder=w.t("ranking.tiles_choose"),
        key="ranking_tile",
        width=320,
    )
    opened = asked or (chosen["code"] if chosen and chosen["code"] in having else None)
    if opened:
        links.go("scorecard", agency=opened)


def provinces(agencies: pl.DataFrame, as_of: dt.date) -> pl.DataFrame:
    """The provinces there are on a day, in the order of their official numbers, which run from north to south: code, tile_row,
    tile_column. `agencies` is a frame of `kpi.register.Agencies`."""
    there = agencies.filter(
        pl.col("kind").is_in([str(kind) for kind in PROVINCE_KINDS])
        & (pl.col("valid_from").is_null() | (pl.col("valid_from") <= as_of))
        & (pl.col("valid_to").is_null() | (pl.col("valid_to") >= as_of))
    )
    place = pl.int_range(pl.len(), dtype=pl.Int64)
    return (
        there.sort("code", "key")
        .select(code="key")
        .with_columns(tile_row=place // _IN_A_ROW, tile_column=place % _IN_A_ROW)
    )


@kept(compares=True, in_words=True)
def _tiles(view: View) -> pl.DataFrame:
    """The tiles as `province_tiles` wants them."""
    league = loaders.league_table(view, by="agency").select(
        "agency",
        "n",
        light=pl.when(pl.col("place").is_null()).then(pl.lit("too_few")).otherwise(palette.drawn_lights()),
    )
    signed = loaders.facts(view).agreements.filter("is_signed").group_by("agency").agg(signed=pl.len().cast(pl.Int64))
    found = (
        provinces(loaders.register().agencies, view.as_of)
        .join(league, left_on="code", right_on="agency", how="left", maintain_order="left")
        .join(signed, left_on="code", right_on="agency", how="left", maintain_order="left")
        .with_columns(
            light=pl.when(pl.col("signed").is_null()).then(pl.lit(NONE)).otherwise(pl.col("light").fill_null("too_few"))
        )
    )
    told = [
        w.t("ranking.tile_none") if light == NONE else f"{palette.SIGNS[light]} {w.number(n)}"
        for light, n in found.select("light", "signed").iter_rows()
    ]
    return found.select(
        label=w.name_expr(pl.col("code"), "agency", short=True),
        code="code",
        tile_row="tile_row",
        tile_column="tile_column",
        light="light",
        value_label=pl.Series(told, dtype=pl.String),
    )


def province_tiles(is_clickable: bool) -> alt.LayerChart:
    """Tiles of one size. Columns: label, code, tile_row, tile_column, light (as it is drawn, or `NONE`), value_label."""
    base = alt.Chart().encode(
        x=alt.X("tile_column:O", axis=None, scale=alt.Scale(paddingInner=0.05)),
        y=alt.Y("tile_row:O", axis=None, scale=alt.Scale(paddingInner=0.1)),
        tooltip=[
            alt.Tooltip("label:N", title=w.t("common.chart_agency")),
            alt.Tooltip("value_label:N", title=w.t("common.chart_value_label")),
        ],
    )
    tile = base.mark_rect(cornerRadius=3, strokeWidth=1, cursor="pointer" if is_clickable else "default").encode(
        fill=alt.Fill("light:N", scale=alt.Scale(domain=list(_GROUNDS), range=list(_GROUNDS.values())), legend=None),
        stroke=alt.value(palette.LIGHTS["too_few"]),
        strokeDash=alt.condition(f"datum.light == '{NONE}'", alt.value([4, 3]), alt.value([1, 0])),
    )
    if is_clickable:
        tile = tile.add_params(alt.selection_point(name="chosen", fields=["code"], toggle=False))
    colour = (
        alt.when(f"indexof({list(_ON_DARK)}, datum.light) >= 0")
        .then(alt.value("white"))
        .when(f"datum.light == '{NONE}'")
        .then(alt.value(palette.LIGHTS["too_few"]))
        .otherwise(alt.value(palette.TEXT["light"]))
    )
    room = {"expr": "bandwidth('x') - 6"}
    name = base.mark_text(dy=-8, fontSize=12, limit=room).encode(text="label:N", color=colour)
    number = base.mark_text(dy=10, fontSize=12, limit=room).encode(text="value_label:N", color=colour)
    return alt.LayerChart(layer=[tile, name, number], data=alt.NamedData("source"))
