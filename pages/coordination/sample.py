"""What the rate at which claims are drawn comes to: the sample of each agency, and whether claiming falsely pays."""

from __future__ import annotations

from typing import Final

import polars as pl
import streamlit as st

import words as w
from kpi.rules import LIMITS, Rules
from kpi.verification import deterrence
from pages.ui import loaders, tables
from pages.ui.tables import Column

RATE: Final = "sample_share"
"""The threshold that says how much is drawn."""

_PAYS: Final = Column("pays", "coordination.sample_gains", "flag", width=130, help_key="coordination.sample_gains_help")


def show(rules: Rules, *, is_asked: bool) -> None:
    """What is drawn of each agency under these rules and what a false claim gains and loses; opened where the rate is being set.
    Nothing as long as nothing was claimed."""
    strata = loaders.claims_to_draw()
    if strata.is_empty():
        return
    claims = dict(strata.select("agency", "claims").iter_rows())
    sizes, least = deterrence.sizes(claims, rules), deterrence.least_share(claims, rules)
    rate, pays = w.percent(100 * rules.sample_share), sizes.filter("pays").height
    if pays:
        key = "coordination.sample_pays" if least is not None else "coordination.sample_pays_always"
        st.warning(w.tn(key, pays, rate=rate, share=_percent(least)), icon=":material/info:")
    title = w.t("coordination.sample_title_pays" if pays else "coordination.sample_title", rate=rate)
    with st.expander(title, expanded=is_asked, icon=":material/policy:"):
        one = deterrence.typical(sizes)
        if one is not None:
            st.text(
                w.t(
                    "coordination.sample_bargain",
                    claims=w.number(one.claims),
                    drawn=w.number(one.drawn),
                    gained=w.days(one.gained),
                    found=w.percent(100 * one.found),
                    others=w.number(one.claims - 1),
                    lost=w.days(one.lost),
                )
            )
        if least is not None:
            any_rate = least <= LIMITS[RATE][0]
            key = "coordination.sample_any" if any_rate else "coordination.sample_least"
            st.text(w.t(key, share=_percent(least)))
        _show_sizes(sizes, strata["period"][0])


def _show_sizes(sizes: pl.DataFrame, period: str) -> None:
    tables.show(
        sizes.with_columns(pl.col("rate") * 100, pl.col("half_width") * 100, pl.col("pays").fill_null(value=False)),
        [
            Column("agency", "coordination.sample_agency", "code", of="agency", pinned=True, width=240),
            Column("claims", "coordination.sample_claims", "number", width=110),
            Column("rate", "coordination.sample_rate", "percent", width=110),
            Column("drawn", "coordination.sample_size", "number", width=110),
            Column(
                "half_width", "coordination.sample_half", "percent", width=150, help_key="coordination.sample_half_help"
            ),
            *([_PAYS] if sizes["pays"].any() else []),
        ],
        "coordination_sample",
        file_name=w.t("coordination.sample_sizes"),
        alt=w.t("coordination.sample_sizes"),
        height=285,
    )
    st.caption(
        w.t(
            "coordination.sample_basis",
            period=period,
            claims=w.number(sum(sizes["claims"])),
            drawn=w.number(sum(sizes["drawn"])),
            days=w.days(deterrence.UNTIL_FOUND),
        )
    )


def _percent(share: float | None) -> str:
    return w.percent(None if share is None else 100 * share)
