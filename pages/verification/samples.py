"""The samples there are: chosen, announced, drawn, and how each can be redone."""

from __future__ import annotations

import functools
from typing import Any

import polars as pl
import streamlit as st

import words as w
from data_access import samples, verification
from data_access.accounts import May, Person
from data_access.clock import today
from pages.ui import cards, refusals, session, tables
from pages.ui.choices import choice
from pages.ui.tables import Column
from pages.upload import history
from pages.verification import finding

Sample = dict[str, Any]


def periods() -> pl.DataFrame:
    """Every period with its sample, the latest first."""
    return samples.read_samples(session.store())


def choose(periods: pl.DataFrame) -> Sample | None:
    """The sample this page is about: the one its address names, else the latest drawn; None where none was drawn."""
    drawn = {row["period"]: row for row in periods.filter(pl.col("drawn_at").is_not_null()).iter_rows(named=True)}
    if not drawn:
        cards.empty_state("verification.none")
        return None
    code = choice(
        "sample",
        [*drawn],
        label=w.t("verification.sample"),
        write=lambda code: _period_text(drawn[code]),
        default=next(iter(drawn)),
        width=520,
    )
    return drawn[code]


def items_of(sample: Sample) -> pl.DataFrame:
    """The claims of a sample in their order, with what was found."""
    return verification.read_items(session.store(), sample["id"])


def show_periods(person: Person, periods: pl.DataFrame) -> None:
    """The samples there are; who may announces the next one, and draws that of a period that has closed."""
    st.header(w.t("verification.samples"), anchor=False)
    st.caption(w.t("verification.samples_help"))
    made = periods.filter(pl.col("id").is_not_null())
    tables.show(
        made.with_columns(
            pl.Series("published_at_text", [_published(row) for row in made.iter_rows(named=True)], dtype=pl.String),
            pl.Series("drawn_at_text", [_moment(at) for at in made["drawn_at"]], dtype=pl.String),
        ),
        [
            Column("period", "verification.period", pinned=True, width=100),
            Column("published_at_text", "verification.published_at", width=190, by="published_at"),
            Column("seed_sha256", "verification.seed_sha256", width=260, help_key="verification.seed_sha256_help"),
            Column("drawn_at_text", "verification.drawn_at", width=150, by="drawn_at"),
            Column("seed", "verification.seed", width=260),
            Column("claims", "verification.claims", "number", width=100),
            Column("size", "verification.size", "number", width=100),
        ],
        "verification_samples",
        file_name=w.t("verification.samples"),
        alt=w.t("verification.samples"),
        empty_key="verification.no_samples",
    )
    if person.may(May.VERIFY):
        _show_steps(periods)


def _show_steps(periods: pl.DataFrame) -> None:
    """What can be done now: the sample of an open period announced, that of a closed one drawn."""
    now = today(None)
    with st.container(horizontal=True):
        for row in periods.filter(pl.col("id").is_null(), pl.col("ends_on") >= now).iter_rows(named=True):
            _offer("announce", row, functools.partial(samples.announce, period=row["period"]))
        announced = pl.col("id").is_not_null() & pl.col("drawn_at").is_null()
        for row in periods.filter(announced, pl.col("ends_on") < now).iter_rows(named=True):
            _offer("draw", row, functools.partial(samples.draw, period=row["period"]))


def _offer(what: str, row: Sample, write: refusals.Write) -> None:
    st.button(
        w.t(f"verification.{what}", period=row["period"]),
        icon=":material/casino:" if what == "draw" else ":material/campaign:",
        key=f"verification_{what}_{row['period']}",
        help=w.t(f"verification.{what}_help", date=w.date(row["ends_on"])),
        on_click=finding.carry_out,
        args=(write, w.t(f"verification.{what}_done", period=row["period"])),
    )


def _period_text(row: Sample) -> str:
    text = w.t(
        "verification.sample_text", period=row["period"], first=w.date(row["starts_on"]), last=w.date(row["ends_on"])
    )
    return w.t("verification.late", text=text) if row["is_late"] else text


def _published(row: Sample) -> str:
    """When the hash was published, and that it was late where it was: who chose the moment knew what had been claimed."""
    at = history.moment(row["published_at"])
    return w.t("verification.late", text=at) if row["is_late"] else at


def _moment(at: Any) -> str | None:
    return None if at is None else history.moment(at)
