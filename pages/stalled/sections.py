"""The sections of the stalled agreements."""

from __future__ import annotations

import itertools
from typing import Final

import polars as pl
import streamlit as st

import words as w
from data_access.accounts import Person
from kpi.facts import attention
from kpi.vocabulary import HIGHER_AUTHORITIES, OPEN_STATES
from pages.ui import charts, loaders
from pages.ui.choices import ALL, agency_choice, choice
from pages.ui.kept import drawn, kept
from pages.ui.tables import Column
from pages.ui.view import View

NO_CAUSE: Final = "NONE"
AGE_STEPS: Final = (180, 365, 730)

COLUMNS: Final = [
    Column("ref", "stalled.ref", pinned=True),
    Column("title_{language}", "stalled.title", "subject", width=300),
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


_BY_RECORDS: Final = {
    "blockers": ("cause", "authority_level", "must_act", "severity"),
    "targets": ("days_overdue",),
    "reports": ("difficulties", "said_on"),
}
"""What a register has to keep for these columns to say anything."""


def columns() -> list[Column]:
    """The columns that say something of this register; where it names no agency, the partner in its place."""
    empty = {name for record, names in _BY_RECORDS.items() if record not in loaders.records() for name in names}
    if loaders.names_agencies():
        return [column for column in COLUMNS if column.name not in empty]
    ordered = {column.name: column for column in COLUMNS}
    first = [ordered.pop(name) for name in ("ref", "title_{language}", "partner", "sector")]
    return [*first, *(column for name, column in ordered.items() if name not in {*empty, "agency", "must_act"})]


@kept()
def stuck_of(view: View, own: str | None) -> pl.DataFrame:
    """The stalled agreements that somebody limited to `own` may see: as `attention.stuck` has them, with difficulties."""
    stuck = attention.stuck(loaders.seen_facts(view, own), loaders.register())
    said = loaders.report_texts(stuck["report_id"].drop_nulls()).select("report_id", "difficulties")
    return stuck.join(said, on="report_id", how="left", maintain_order="left")


@kept(in_words=True)
def says(view: View, own: str | None) -> str:
    """The page in a sentence: how many of the open ones are stalled, and at which stage most are; empty where none is."""
    stuck = stuck_of(view, own)
    if stuck.is_empty():
        return ""
    stage, most = stuck.group_by("state").len().sort(["len", "state"], descending=[True, False]).row(0)
    number = loaders.seen_facts(view, own).agreements.filter("is_open").height
    words = {"n": w.number(stuck.height), "all": w.number(number), "share": w.percent(100 * stuck.height / number)}
    return w.t("stalled.says", stage=w.name("state", stage), most=w.number(most), **words)


@drawn
def show_counts(view: View, person: Person) -> None:
    """How many are stuck, for how long, and how many nobody has explained."""
    stuck = stuck_of(view, person.limited_to)
    open_count = loaders.visible_facts(view, person).agreements.filter("is_open").height
    unexplained = stuck.filter(pl.col("cause").is_null())
    waiting_above = stuck.filter(pl.col("authority_level").is_in(HIGHER_AUTHORITIES))
    median = stuck["days_since_progress"].median()
    grid = st.grid(4)
    share = w.percent(100 * stuck.height / open_count) if open_count else w.t("common.not_available")
    grid.metric(w.t("stalled.count"), w.number(stuck.height), border=True, help=w.t("stalled.count_help"))
    grid.metric(w.t("stalled.share"), share, border=True, help=w.t("stalled.share_help", n=w.number(open_count)))
    grid.metric(w.t("stalled.median_days"), w.days(median if isinstance(median, float) else None), border=True)
    if "blockers" not in loaders.records():
        return
    grid.metric(w.t("stalled.above"), w.number(waiting_above.height), border=True, help=w.t("stalled.above_help"))
    if unexplained.height:
        st.caption(w.t("stalled.unexplained", n=w.number(unexplained.height), all=w.number(stuck.height)))


def show_stages(view: View, own: str | None) -> tuple[str, str] | None:
    """How many are stuck at which stage and for how long; the (stage, age) that is chosen."""
    chosen = charts.show(
        charts.heat_map("stage", "age"),
        stages_of(view, own),
        key="stages",
        alt=w.t("stalled.stages_alt"),
        on_select=True,
    )
    return (str(chosen["row_code"]), str(chosen["column_code"])) if chosen else None


_AGE: Final = pl.sum_horizontal((pl.col("days_since_progress") >= start).cast(pl.Int8) for start in AGE_STEPS)
"""Which of the ages an agreement has, as its position among their names."""

AGES: Final = tuple(map(str, range(len(AGE_STEPS) + 1)))


def _age_names() -> list[str]:
    """What the ages are called: under the first step, between two, over the last."""
    between = [w.t("stalled.age_between", start=a, to=b) for a, b in itertools.pairwise(AGE_STEPS)]
    return [w.t("stalled.age_first", to=AGE_STEPS[0]), *between, w.t("stalled.age_last", start=AGE_STEPS[-1])]


@kept(in_words=True)
def stages_of(view: View, own: str | None) -> pl.DataFrame:
    """Stage by age, as `charts.heat_map` wants it."""
    stuck = stuck_of(view, own)
    names = _age_names()
    stages = [state for state in OPEN_STATES if state in stuck["state"]]
    full = pl.DataFrame({"state": stages}).join(pl.DataFrame({"age": range(len(names))}), how="cross")
    counts = stuck.select("state", age=_AGE.cast(pl.Int64)).group_by("state", "age").agg(n=pl.len())
    cells = full.join(counts, on=["state", "age"], how="left", maintain_order="left").with_columns(
        n=pl.col("n").fill_null(0).cast(pl.Int64)
    )
    return cells.select(
        row=w.name_expr(pl.col("state"), "state"),
        row_code="state",
        column=pl.col("age").replace_strict(dict(enumerate(names)), return_dtype=pl.String),
        column_code=pl.col("age").cast(pl.String),
        value="n",
        value_label=w.texts(cells["n"], w.number),
    )


def choose(view: View, own: str | None) -> pl.DataFrame:
    """The page's own choices, and the rows they leave."""
    stuck = stuck_of(view, own)
    causes = sorted(stuck["cause"].drop_nulls().unique().to_list())
    with st.container(horizontal=True, vertical_alignment="bottom"):
        stage = choice(
            "stage",
            (ALL, *OPEN_STATES),
            label=w.t("stalled.stage"),
            write=lambda code: w.t("stalled.every_stage") if code == ALL else w.name("state", code),
            default=ALL,
            width=240,
        )
        ages = dict(zip(AGES, _age_names(), strict=True))
        age = choice(
            "age",
            (ALL, *AGES),
            label=w.t("stalled.age"),
            write=lambda code: w.t("stalled.every_age") if code == ALL else ages[code],
            default=ALL,
            width=220,
        )
        cause = ALL
        if "blockers" in loaders.records():
            cause = choice(
                "cause",
                (ALL, *causes, NO_CAUSE),
                label=w.t("stalled.cause"),
                write=lambda code: (
                    {ALL: w.t("stalled.every_cause"), NO_CAUSE: w.t("stalled.no_cause")}.get(code)
                    or w.name("cause", code)
                ),
                default=ALL,
                width=260,
            )
        agency = agency_choice(stuck) if loaders.names_agencies() else None
    return narrowed(view, own, stage, age, cause, agency)


@kept()
def narrowed(view: View, own: str | None, stage: str, age: str, cause: str, agency: str | None) -> pl.DataFrame:
    """The rows at one stage, of one age (one of AGES), cause and agency; ALL and None for any."""
    stuck = stuck_of(view, own)
    if stage != ALL:
        stuck = stuck.filter(pl.col("state") == stage)
    if age != ALL:
        stuck = stuck.filter(_AGE.eq(int(age)))
    if cause != ALL:
        stuck = stuck.filter(pl.col("cause").is_null() if cause == NO_CAUSE else pl.col("cause") == cause)
    if agency is not None:
        stuck = stuck.filter(pl.col("agency") == agency)
    return stuck
