"""The sections of the overview."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import polars as pl
import streamlit as st

import words as w
from data_access.accounts import Person
from data_access.clock import local_time
from kpi.facts import NOT_GIVEN, attention, signs
from kpi.indicators import league_table
from kpi.subjects import subject
from kpi.vocabulary import BUCKETS, Severity, State
from pages.parts import groups, heading, places
from pages.ui import charts, data_edition, links, loaders, palette, tables
from pages.ui.kept import drawn, kept
from pages.ui.tables import Column
from pages.ui.view import View

DECISIONS: Final = 4
"""How many decisions have room beside the rest; the others are one click away."""

LARGEST: Final = 8
"""How many partners and sectors are shown where no agency is named."""

ENDS: Final = 3
"""How many agencies are shown at either end of the ranking."""

_ROW: Final = 24


def updated() -> str | None:
    """When somebody changed the register last while this reader was here, and the page with it."""
    changed_at = data_edition.follow()
    return None if changed_at is None else w.t("overview.updated", time=f"{local_time(changed_at):%H:%M}")


# --- Who delivers ----------------------------------------------------------------------------------------------------


def show_delivery(view: View, person: Person) -> None:
    """The best and the worst ranked agencies; a bar leads to its agency's scorecard."""
    group = view.agency_group if view.agency_group in places.GROUPS else places.usual_group(person)
    st.header(w.t(f"overview.delivery_{group}"), anchor=False)
    group_view = view.where(agency_group=group)
    shown = _ends(group_view)
    if shown.is_empty():
        nobody = w.t("overview.nobody_ranked", n=w.number(loaders.rules(view.as_of).rank_min_n))
        st.caption(heading.unrankable(view) or nobody)
    else:
        chosen = charts.show(
            charts.ranked_bars,
            shown,
            key="overview_delivery",
            alt=w.t("overview.delivery_alt"),
            on_select=True,
            height=shown.height * _ROW,
        )
        if chosen and chosen["code"]:
            links.go("scorecard", agency=chosen["code"])
    _show_basis(group_view, person)


def show_largest(view: View, *, by: str, page: str) -> None:
    """The largest groups and how much of each has started, for a register that names no agency; a bar leads to its agreements.
    `by` is a column of the facts and a kind of `words.name`."""
    st.header(w.t(f"overview.largest_{by}"), anchor=False)
    rows = _largest(view, by)
    alt = w.t("overview.largest_alt")
    chosen = charts.show(
        charts.bars, rows, key=f"overview_largest_{by}", alt=alt, on_select=True, height=rows.height * _ROW
    )
    if chosen:
        groups.open_signed(by, chosen["code"])
    st.caption(w.t("overview.largest_note"))
    links.page_link(page, w.t(f"overview.all_{by}"), icon=":material/arrow_forward:", level=by)


@kept(in_words=True)
def _largest(view: View, by: str) -> pl.DataFrame:
    signed = loaders.facts(view).agreements.filter(pl.col("is_signed") & (pl.col(by) != NOT_GIVEN))
    found = (
        signed.group_by(code=by)
        .agg(n=pl.len().cast(pl.Int64), share=100 * pl.col("is_started").mean())
        .with_columns(label=w.name_expr(pl.col("code"), by))
        .sort(["n", "label"], descending=[True, False])
        .head(LARGEST)
    )
    texts_of = [
        w.t("overview.largest_value", n=w.number(n), share=w.percent(share))
        for n, share in found.select("n", "share").iter_rows()
    ]
    return found.select(
        "label",
        "code",
        value=pl.col("n").cast(pl.Float64),
        value_label=pl.Series(texts_of, dtype=pl.String),
        light=pl.lit("context"),
    )


@drawn
def _show_basis(view: View, person: Person) -> None:
    """How sure the places are, the reader's own, and the ways to the rankings. `view` is of one group."""
    league = loaders.league_table(view, by="agency")
    if places.ranked_number(league):
        st.text(places.sureness(league))
    if own := places.own_sentence(league, person):
        st.markdown(own)
    with st.container(horizontal=True, gap="small"):
        for kind in places.GROUPS:
            links.page_link(
                "ranking",
                w.t(f"overview.ranking_{kind}"),
                icon=":material/arrow_forward:",
                group=kind,
                agency_group=None,
            )


@kept(compares=True, in_words=True)
def _ends(view: View) -> pl.DataFrame:
    """Both ends of a ranking as bars, with an empty row between them where others were left out; empty where none is ranked."""
    league = places.relied_on(loaders.league_table(view, by="agency"), view)
    best, worst = league_table.ends(league, most=ENDS)
    is_whole = best.height + worst.height == places.ranked_number(league)
    gap = pl.DataFrame(
        {"label": ["⋯"], "code": [""], "value": [0.0], "value_label": [""], "light": [""], "reliable": [""]}
    )
    parts: list[pl.DataFrame] = [_bars(best), *(() if is_whole else (gap,)), _bars(worst)]
    return pl.concat(parts)


def _bars(rows: pl.DataFrame) -> pl.DataFrame:
    lights = rows.select(light=palette.drawn_lights()).to_series()
    return rows.select(
        label=pl.format("{}. {}", "place", places.labels(rows["agency"])),
        code="agency",
        value="score",
        value_label=places.light_texts(rows["score"], lights),
        light=lights,
        reliable=pl.col("reliable").fill_null(""),
    )


# --- What is stuck ---------------------------------------------------------------------------------------------------


def show_stuck(view: View) -> None:
    """How far agreements have come, and where the open ones stand; a bar leads to its list."""
    st.header(w.t("overview.flow"), anchor=False, help=w.t("overview.flow_help"))
    flow = _flow(view)
    chosen = charts.show(
        charts.flow,
        flow,
        key="overview_flow",
        alt=w.t("overview.flow_alt"),
        on_select=True,
        height=flow.height * _ROW,
    )
    if chosen:
        links.go("agreements", flag=signs.STAGE_FLAGS[chosen["code"]])
    _show_open(view)


@kept(in_words=True)
def _flow(view: View) -> pl.DataFrame:
    facts = loaders.facts(view)
    flow = attention.flow(facts)
    flow = flow.with_columns(attention.claimed_flow(loaders.claimed_facts(view), facts)["claimed"])
    if "plans" not in facts.records:
        flow = flow.filter(pl.col("stage") != "plan_issued")
    in_force, started = pl.col("in_force_on"), pl.col("started_on")
    unknown = in_force.is_null() & (pl.col("state") != State.IN_FORCE)
    # An entry into force that no record tells of, or that is the start, does not stand beside it.
    if facts.agreements.select((unknown | (in_force == started)).all()).item():
        flow = flow.filter(pl.col("stage") != attention.STAGES[1])
    called = pl.col("stage")
    if not loaders.goes_on():
        flow = flow.filter(~pl.col("stage").is_in([attention.STAGES[1], attention.STAGES[-1]]))
        called = called.replace("started", attention.STAGES[1])
    return flow.select(
        label=w.name_expr(called, "stage"),
        code="stage",
        reached="reached",
        reached_label=w.texts(flow["reached"], w.number),
        stopped="stopped",
        stopped_label=w.texts(flow["stopped"], w.number),
        claimed="claimed",
        claimed_label=w.texts(flow["claimed"], w.number),
    )


def _show_open(view: View) -> None:
    parts = _open_parts(view)
    if parts.is_empty():
        st.caption(w.t("overview.nothing_open"))
        return
    st.markdown(w.tn("overview.open", int(parts["n"].sum())), help=w.t("overview.open_help"))
    chosen = charts.show(
        charts.parts,
        parts,
        key="overview_open",
        alt=w.t("overview.open_alt"),
        on_select=True,
        height=parts.height * _ROW,
    )
    if chosen:
        links.go("agreements", flag=signs.BUCKET_FLAGS[chosen["code"]])


@kept(in_words=True)
def _open_parts(view: View) -> pl.DataFrame:
    """Where the open agreements stand, a row for each bucket; empty where none is open."""
    open_ones = loaders.facts(view).agreements.filter("is_open")
    counted = open_ones.group_by(code="bucket").agg(n=pl.len().cast(pl.Int64))
    parts = (
        pl.DataFrame({"code": reversed(BUCKETS)})
        .join(counted, on="code", how="left", maintain_order="left")
        .with_columns(pl.col("n").fill_null(0))
        .filter(pl.col("n").sum() > 0)
        .filter((pl.col("n") > 0) | ("targets" in loaders.records()))
    )
    shares = (100 * parts["n"] / open_ones.height).to_list()
    return parts.select(
        label=pl.col("code").replace_strict(palette.bucket_names(), return_dtype=pl.String),
        code="code",
        n="n",
        n_label=pl.format("{} ({})", w.texts(parts["n"], w.number), w.texts(shares, w.percent)),
    )


# --- What must be decided --------------------------------------------------------------------------------------------


DECISION_COLUMNS: Final = [
    Column("ref", "overview.ref", pinned=True),
    Column("title_{language}", "overview.title", "subject", width="large"),
    Column("authority_level", "overview.authority", "code", of="authority"),
    Column("blocked_days", "overview.blocked_days", "days"),
    Column("is_escalated", "overview.escalated", "flag"),
    Column("cause", "overview.cause", "code", of="cause"),
    Column("severity", "overview.severity", "code", of="severity"),
    Column("agency", "overview.agency", "code", of="agency", short=True),
    Column("partner", "overview.partner", "code", of="partner"),
]


@kept()
def decisions_of(view: View, own: str | None) -> pl.DataFrame:
    """The decisions about agreements that somebody limited to `own` may see."""
    return attention.decisions(loaders.seen_facts(view, own))


@drawn
def show_decisions(view: View, person: Person) -> None:
    """The most pressing decisions that only a higher authority can take: whose, on what, how long awaited."""
    decisions = decisions_of(view, person.limited_to)
    if "blockers" not in loaders.records():
        st.header(w.t("overview.decisions_unknown"), anchor=False)
        st.caption(w.t("overview.no_blockers_kept"))
        _link_stalled(view, person.limited_to)
        return
    st.header(
        w.t("overview.decisions", n=w.number(decisions.height)), anchor=False, help=w.t("overview.decisions_order")
    )
    if decisions.is_empty():
        st.caption(w.t("overview.no_decisions" if person.limited_to is None else "overview.no_own_decisions"))
    for row in decisions.head(DECISIONS).iter_rows(named=True):
        with st.container(gap=None):
            title = row[w.column("title")]
            st.caption(" · ".join(_circumstances(row)))
            links.page_link(
                "agreement",
                w.plain(subject(title, w.language_in_store())),
                help=f"{w.plain(title)} · {w.name('cause', row['cause'])}",
                ref=row["ref"],
            )
    _link_stalled(view, person.limited_to)


def _link_stalled(view: View, own: str | None) -> None:
    number = int(loaders.seen_facts(view, own).agreements["is_stalled"].sum())
    links.page_link("stalled", w.tn("overview.all_stalled", number), icon=":material/arrow_forward:")


def show_all_decisions(view: View, person: Person) -> None:
    """Every decision that is waited for, to be opened when wanted."""
    decisions = decisions_of(view, person.limited_to)
    if decisions.is_empty():
        return
    with st.expander(w.tn("overview.every_decision", decisions.height)):
        tables.show(
            decisions,
            DECISION_COLUMNS,
            "overview_decisions",
            file_name=w.t("overview.decisions_file"),
            alt=w.t("overview.decisions_alt"),
            on_row=lambda row: links.go("agreement", ref=row["ref"]),
        )


def _circumstances(row: Mapping[str, object]) -> list[str]:
    """Whose decision, awaited how long, between whom, and whether it has been asked for."""
    authority = w.name("authority", str(row["authority_level"]))
    waits = w.t("overview.awaits", authority=authority, days=w.days(float(str(row["blocked_days"]))))
    agency, partner = w.name("agency", str(row["agency"]), short=True), w.name("partner", str(row["partner"]))
    severe = [w.t("overview.severe")] if row["severity"] == Severity.SEVERE else []
    known = [waits, *severe, w.plain(f"{agency} – {partner}")]
    return known if row["is_escalated"] else [*known, w.t("overview.not_escalated")]
