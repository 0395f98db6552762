"""Stalled: what is stuck between signing and completion, why, since when, and who must act."""

from __future__ import annotations

import itertools

import polars as pl
import streamlit as st

import words as w
from kpi.facts import attention
from kpi.vocabulary import HIGHER_AUTHORITIES, OPEN_STATES
from pages.parts import stalling
from pages.stalled import SCREEN
from pages.ui import cards, charts, filters, links, loaders, session, tables
from pages.ui.choices import ALL, agency_choice, choice
from pages.ui.tables import Column

NO_CAUSE = "NONE"
AGE_STEPS = (180, 365, 730)

COLUMNS = [
    Column("ref", "stalled.ref", pinned=True),
    Column("title_{language}", "stalled.title", width="medium"),
    Column("agency", "stalled.agency", "code", of="agency", short=True),
    Column("state", "stalled.stage", "code", of="state"),
    Column("days_since_progress", "stalled.days_stuck", "days"),
    Column("cause", "stalled.cause", "code", of="cause"),
    Column("authority_level", "stalled.authority", "code", of="authority"),
    Column("must_act", "stalled.must_act", "code", of="agency", short=True),
    Column("days_overdue", "stalled.days_overdue", "days"),
    Column("severity", "stalled.severity", "code", of="severity"),
    Column("difficulties", "stalled.last_word", width="large"),
    Column("said_on", "stalled.said_on", "date"),
    Column("partner", "stalled.partner", "code", of="partner"),
    Column("sector", "stalled.sector", "code", of="sector"),
]


def show_counts(stuck: pl.DataFrame, open_count: int) -> None:
    """How many are stuck, for how long, and how many nobody has explained."""
    unexplained = stuck.filter(pl.col("cause").is_null())
    waiting_above = stuck.filter(pl.col("authority_level").is_in(HIGHER_AUTHORITIES))
    median = stuck["days_since_progress"].median()
    grid = st.grid(4)
    share = w.percent(100 * stuck.height / open_count) if open_count else w.t("common.not_available")
    grid.metric(w.t("stalled.count"), w.number(stuck.height), border=True, help=w.t("stalled.count_help"))
    grid.metric(w.t("stalled.share"), share, border=True, help=w.t("stalled.share_help", n=w.number(open_count)))
    grid.metric(w.t("stalled.median_days"), w.days(median if isinstance(median, float) else None), border=True)
    grid.metric(w.t("stalled.above"), w.number(waiting_above.height), border=True, help=w.t("stalled.above_help"))
    if unexplained.height:
        st.caption(w.t("stalled.unexplained", n=w.number(unexplained.height), all=w.number(stuck.height)))


def show_stages(stuck: pl.DataFrame) -> str | None:
    """How many are stuck at which stage and for how long; the stage that is chosen."""
    steps = [0, *AGE_STEPS]
    names = [w.t("stalled.age_first", to=AGE_STEPS[0])]
    names += [w.t("stalled.age_between", start=a, to=b) for a, b in itertools.pairwise(AGE_STEPS)]
    names.append(w.t("stalled.age_last", start=AGE_STEPS[-1]))
    age = pl.lit(0)
    for position, start in enumerate(steps):
        age = pl.when(pl.col("days_since_progress") >= start).then(position).otherwise(age)
    stages = [state for state in OPEN_STATES if state in stuck["state"]]
    full = pl.DataFrame({"state": stages}).join(pl.DataFrame({"age": range(len(names))}), how="cross")
    counts = stuck.select("state", age=age.cast(pl.Int64)).group_by("state", "age").agg(n=pl.len())
    cells = full.join(counts, on=["state", "age"], how="left", maintain_order="left").with_columns(
        n=pl.col("n").fill_null(0).cast(pl.Int64)
    )
    chosen = charts.show(
        charts.heat_map,
        cells.select(
            row=w.name_expr(pl.col("state"), "state"),
            row_code="state",
            column=pl.col("age").replace_strict(dict(enumerate(names)), return_dtype=pl.String),
            column_code=pl.col("age").cast(pl.String),
            value="n",
            value_label=w.texts(cells["n"], w.number),
        ),
        key="stages",
        alt=w.t("stalled.stages_alt"),
        on_select=True,
    )
    return str(chosen["row_code"]) if chosen else None


def narrowed(stuck: pl.DataFrame) -> pl.DataFrame:
    """The rows that the page's own controls leave."""
    causes = sorted(stuck["cause"].drop_nulls().unique().to_list())
    with st.container(horizontal=True, vertical_alignment="bottom"):
        stage = choice(
            "stage",
            (ALL, *OPEN_STATES),
            label=w.t("stalled.stage"),
            write=lambda code: w.t("stalled.every_stage") if code == ALL else w.name("state", code),
            default=ALL,
            width=260,
        )
        cause = choice(
            "cause",
            (ALL, *causes, NO_CAUSE),
            label=w.t("stalled.cause"),
            write=lambda code: (
                {ALL: w.t("stalled.every_cause"), NO_CAUSE: w.t("stalled.no_cause")}.get(code) or w.name("cause", code)
            ),
            default=ALL,
            width=260,
        )
        agency = agency_choice(stuck["agency"])
    if stage != ALL:
        stuck = stuck.filter(pl.col("state") == stage)
    if cause != ALL:
        stuck = stuck.filter(pl.col("cause").is_null() if cause == NO_CAUSE else pl.col("cause") == cause)
    if agency is not None:
        stuck = stuck.filter(pl.col("agency") == agency)
    return stuck


person = session.require(SCREEN)
view = filters.current()
facts = loaders.visible_facts(view, person)
stuck = attention.stuck(facts, loaders.register())

cards.page_header("stalled.heading", w.t("stalled.lead"))
if stuck.is_empty():
    cards.empty_state("stalled.none")
    stalling.show_coming(view, person)
    st.stop()
show_counts(stuck, facts.agreements.filter("is_open").height)
picked = show_stages(stuck)
if picked is not None and picked != st.query_params.get("stage"):
    links.go("stalled", stage=picked)
tables.show(
    narrowed(stuck),
    COLUMNS,
    "stalled",
    file_name="stalled",
    alt=w.t("stalled.table_alt"),
    on_row=lambda row: links.go("agreement", ref=row["ref"]),
    height=520,
)
stalling.show_coming(view, person)
