"""Beside figures of a day of which scorecards were published: that they were, and what the agency did not agree with."""

from __future__ import annotations

import dataclasses
import datetime as dt

import polars as pl
import streamlit as st

import words as w
from data_access import publications
from data_access.clock import local_time
from pages.ui import data_edition, links
from pages.ui.kept import kept
from pages.ui.view import View


@dataclasses.dataclass(frozen=True, eq=False)
class Published:
    """The latest publication of a day's figures, and what agencies do not agree with: agency, kpi, text."""

    number: int
    on: dt.date
    dissents: pl.DataFrame


@kept()
def _published() -> pl.DataFrame:
    return publications.read(data_edition.store()).filter(pl.col("published_at").is_not_null())


@kept()
def of_day(as_of: dt.date, scope: str) -> Published | None:
    """What was published last of a day and scope (empty: of all); None where nothing was."""
    found = _published().filter(pl.col("as_of") == as_of, pl.col("scope") == scope)
    if found.is_empty():
        return None
    row = found.sort("id").tail(1).row(0, named=True)
    said = publications.read_comments(data_edition.store(), row["id"]).filter(~pl.col("agrees"))
    on = local_time(row["published_at"]).date()
    return Published(row["id"], on, said.select("agency", "kpi", "text"))


def show(view: View, agency: str) -> None:
    """The way to what was published of the view's day, and the agency's dissents."""
    found = of_day(view.as_of, view.scope or "")
    if found is None:
        return
    links.page_link(
        "publications",
        w.t("publications.day_published", as_of=w.date(view.as_of), at=w.date(found.on)),
        icon=":material/approval:",
        publication=found.number,
        agency=agency,
    )
    for row in found.dissents.filter(pl.col("agency") == agency).iter_rows(named=True):
        figure = w.t(f"kpi.{row['kpi']}.short") if row["kpi"] else w.t("publications.of_all")
        st.markdown(w.t("publications.dissents_of", figure=figure, text=w.plain(row["text"])))
