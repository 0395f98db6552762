"""The sections of the overview."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Final

import polars as pl
import streamlit as st

import words as w
from data_access.accounts import Person
from kpi.facts import Facts, attention, signs
from kpi.indicators import catalog, growth, league_table
from kpi.rules import Rules
from kpi.vocabulary import BUCKETS, Bucket, texts
from pages.parts import places
from pages.ui import cards, charts, links, loaders, tables, view_codes
from pages.ui.cards import Better
from pages.ui.tables import Column
from pages.ui.view import View

DECISIONS: Final = 4
"""How many decisions have room beside the rest; the others are one click away."""

ENDS: Final = 3
"""How many agencies are shown at either end of the ranking."""

_TITLE_HEAD: Final = 12
_TITLE_TAIL: Final = 36
_ROW: Final = 24
_TIME: Final = catalog.alone_in("overview")


@dataclasses.dataclass(frozen=True)
class Count:
    """A card: the sign it counts, the one it is a share of, and which direction is good news."""

    flag: str
    among: str | None
    better: Better


COUNTS: Final = (
    Count("signed", None, "neutral"),
    Count("in_progress", "signed", "neutral"),
    Count("completed", "signed", "higher"),
    Count("stalled", "open", "lower"),
    Count("overdue", "open", "lower"),
    Count("no_date", "open", "lower"),
)


# --- Counts ----------------------------------------------------------------------------------------------------------


def show_counts(view: View, person: Person) -> None:
    """The six counts and the time from signing to implementation, each with its change, its course and its list."""
    now, before = loaders.counts(view), loaders.counts(view.on(view.compare_with))
    course = [loaders.counts(view.on(day)) for day in loaders.trend_dates(view.as_of)]
    own = None if person.limited_to is None else signs.count(loaders.visible_facts(view, person))
    rules = loaders.rules(view.as_of)
    signed = _signed_growth(view)
    grid = st.grid(len(COUNTS) + 2, min_column_width=140, gap="xsmall")
    for count in COUNTS:
        with grid.cell(), st.container(gap=None):
            cards.metric(
                w.t(f"overview.{count.flag}"),
                w.number(now[count.flag]),
                change=_change_text(count, now, before, signed),
                better=count.better,
                spark=[there[count.flag] for there in course],
                note="",
            )
            _show_ways(
                count.flag,
                _list_label(None if own is None else own[count.flag]),
                [
                    w.t(f"overview.about_{count.flag}", **_stall_limits(rules)),
                    _share_text(count, now),
                    *([_growth_text(signed)] if signed is not None and count.flag == "signed" else ()),
                    w.t("overview.as_of", date=w.date(view.as_of)),
                ],
                flag=count.flag,
            )
    with grid.cell(column_span=2), st.container(gap=None):
        _show_time(view, own is None)


def _show_time(view: View, sees_all: bool) -> None:
    card, before = (
        loaders.scorecards(view.on(day)).row(by_predicate=pl.col("kpi") == _TIME, named=True)
        for day in (view.as_of, view.compare_with)
    )
    course = loaders.trend(view).filter(pl.col("kpi") == _TIME)["value"].to_list()
    cards.metric(
        w.t("overview.time"),
        cards.value_text(_TIME, card),
        change=cards.change(card["value"], before["value"], unit=f" {w.t('common.day_unit')}"),
        better="lower",
        spark=course,
        note=_time_basis(card),
    )
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", gap=None):
        links.page_link("agreements", _list_label(None, sees_all=sees_all), kpi=_TIME, part="denominator")
        cards.explained(_TIME, card, is_wordless=True)


def _time_basis(card: Mapping[str, Any]) -> str:
    """Interval and number of cases. Where too few have begun, the interval has no upper limit, or there is none."""
    n = w.number(card["n"])
    if card["low"] is None:
        return w.t("overview.time_cases", n=n)
    low = w.number(card["low"])
    if card["high"] is None:
        return w.t("overview.time_at_least", low=low, n=n)
    return w.t("overview.time_basis", low=low, high=w.number(card["high"]), n=n)


def _show_ways(name: str, label: str, about: Sequence[str], *, flag: str) -> None:
    """Under a card: the way to its list, and its explanation."""
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", gap=None):
        links.page_link("agreements", label, flag=flag)
        with st.popover("", icon=":material/info:", type="tertiary", key=f"about_{name}", help=w.t("common.explain")):
            st.markdown(f"**{w.t(f'overview.{name}')}**")
            for text in about:
                st.markdown(text)
            links.page_link("method", w.t("common.explain_more"), icon=":material/menu_book:")


def _list_label(own: int | None, *, sees_all: bool = True) -> str:
    if own is not None:
        return w.t("overview.own_list", n=w.number(own))
    return w.t("overview.list") if sees_all else w.t("overview.own")


def _share_text(count: Count, now: Mapping[str, int]) -> str:
    if count.among is None or not now[count.among]:
        return w.tn("overview.counted", now[count.flag])
    return w.t(
        f"overview.share_of_{count.among}",
        n=w.number(now[count.flag]),
        all=w.number(now[count.among]),
        share=w.percent(100 * now[count.flag] / now[count.among]),
    )


@dataclasses.dataclass(frozen=True)
class _SignedGrowth:
    """Signings from `first` to `last`, and those of the same days a year before."""

    first: dt.date
    last: dt.date
    growth: growth.Growth
    is_since_comparison: bool

    @property
    def percent(self) -> str | None:
        """The growth in percent with its sign; None where the base is too small to bear one."""
        if self.growth.ratio is None:
            return None
        return f"{cards.change(100 * self.growth.ratio, 100)}%"


def _signed_growth(view: View) -> _SignedGrowth | None:
    """Growth over the signing period of the filters, else since the comparison date; None where the register starts later."""
    first = view.signed_from or view.compare_with + dt.timedelta(days=1)
    last = min(view.signed_to or view.as_of, view.as_of)
    known_from = loaders.extent().first
    if known_from is None or first > last or view_codes.compared_day("year", first) < known_from:
        return None
    whole = loaders.facts(view.where(signed_from=None, signed_to=None))
    return _SignedGrowth(
        first=first,
        last=last,
        growth=growth.signed_growth(whole, first=first, last=last),
        is_since_comparison=view.signed_from is None and view.signed_to is None,
    )


def _change_text(
    count: Count, now: Mapping[str, int], before: Mapping[str, int], signed: _SignedGrowth | None
) -> str | None:
    """The change since the comparison date; for signings with their growth against the year before."""
    change = cards.change(now[count.flag], before[count.flag])
    if count.flag != "signed" or signed is None or signed.percent is None or not signed.is_since_comparison:
        return change
    return f"{change} ({signed.percent})"


def _growth_text(signed: _SignedGrowth) -> str:
    words = {
        "first": w.date(signed.first),
        "last": w.date(signed.last),
        "now": w.number(signed.growth.now),
        "before": w.number(signed.growth.before),
        "change": cards.change(signed.growth.now, signed.growth.before) or "0",
    }
    if signed.percent is None:
        return w.t("overview.growth_small", **words)
    return w.t("overview.growth", **words, share=signed.percent)


def _stall_limits(rules: Rules) -> dict[str, str]:
    return {state.lower(): w.number(days) for state, days in rules.stall_days.items()}


# --- Who delivers ----------------------------------------------------------------------------------------------------


def show_delivery(view: View, person: Person) -> None:
    """The best and the worst ranked agencies; a bar leads to its agency's scorecard."""
    group = view.agency_group if view.agency_group in places.GROUPS else places.usual_group(person)
    st.subheader(w.t(f"overview.delivery_{group}"), anchor=False)
    league = loaders.league_table(view.where(agency_group=group), by="agency")
    best, worst = league_table.ends(league, most=ENDS)
    if best.is_empty():
        st.caption(w.t("overview.nobody_ranked", n=w.number(loaders.rules(view.as_of).rank_min_n)))
    else:
        is_whole = best.height + worst.height == places.ranked_number(league)
        shown = _ends_frame(best, worst, is_whole=is_whole)
        chosen = charts.show(
            charts.bars,
            shown,
            key="overview_delivery",
            alt=w.t("overview.delivery_alt"),
            on_select=True,
            height=shown.height * _ROW,
        )
        if chosen and chosen["code"]:
            links.go("scorecard", agency=chosen["code"])
        st.caption(places.sureness(league))
    own = places.own_sentence(league, person)
    if own:
        st.caption(own)
    with st.container(horizontal=True, gap="small"):
        for kind in places.GROUPS:
            links.page_link(
                "ranking",
                w.t(f"overview.ranking_{kind}"),
                icon=":material/arrow_forward:",
                group=kind,
                agency_group=None,
            )


def _ends_frame(best: pl.DataFrame, worst: pl.DataFrame, *, is_whole: bool) -> pl.DataFrame:
    """Both ends as bars, with an empty row between them where others were left out."""
    gap = pl.DataFrame({"label": ["⋯"], "code": [""], "value": [0.0], "value_label": [""], "light": [""]})
    parts: list[pl.DataFrame] = [_bars(best), *(() if is_whole else (gap,)), _bars(worst)]
    return pl.concat(parts)


def _bars(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(
        label=pl.format("{}. {}", "place", places.labels(rows["agency"])),
        code="agency",
        value="score",
        value_label=places.light_texts(rows["score"], rows["status"]),
        light="status",
    )


# --- What is stuck ---------------------------------------------------------------------------------------------------


def show_stuck(facts: Facts) -> None:
    """How far agreements have come, and where the open ones stand; a bar leads to its list."""
    st.subheader(w.t("overview.flow"), anchor=False, help=w.t("overview.flow_help"))
    flow = attention.flow(facts)
    if "plans" not in facts.records:
        flow = flow.filter(pl.col("stage") != "plan_issued")
    chosen = charts.show(
        charts.flow,
        flow.select(
            label=w.name_expr(pl.col("stage"), "stage"),
            code="stage",
            reached="reached",
            reached_label=w.texts(flow["reached"], w.number),
            stopped="stopped",
            stopped_label=w.texts(flow["stopped"], w.number),
        ),
        key="overview_flow",
        alt=w.t("overview.flow_alt"),
        on_select=True,
        height=flow.height * _ROW,
    )
    if chosen:
        links.go("agreements", flag=signs.STAGE_FLAGS[chosen["code"]])
    _show_open(facts)


def _bucket_names() -> dict[str, str]:
    """The names of the groups of open agreements. Each stands in one, so those that could be taken for a card's say what is not
    in them."""
    told = {code: w.t(f"overview.bucket_{code}") for code in texts((Bucket.STALLED, Bucket.NO_DATE))}
    return {code: told.get(code) or w.name("bucket", code) for code in BUCKETS}


def _show_open(facts: Facts) -> None:
    open_ones = facts.agreements.filter("is_open")
    if open_ones.is_empty():
        st.caption(w.t("overview.nothing_open"))
        return
    counted = open_ones.group_by(code="bucket").agg(n=pl.len().cast(pl.Int64))
    parts = (
        pl.DataFrame({"code": reversed(BUCKETS)})
        .join(counted, on="code", how="left", maintain_order="left")
        .with_columns(pl.col("n").fill_null(0))
    )
    shares = (100 * parts["n"] / open_ones.height).to_list()
    st.markdown(w.tn("overview.open", open_ones.height), help=w.t("overview.open_help"))
    chosen = charts.show(
        charts.parts,
        parts.select(
            label=pl.col("code").replace_strict(_bucket_names(), return_dtype=pl.String),
            code="code",
            n="n",
            n_label=pl.format("{} ({})", w.texts(parts["n"], w.number), w.texts(shares, w.percent)),
        ),
        key="overview_open",
        alt=w.t("overview.open_alt"),
        on_select=True,
        height=len(BUCKETS) * _ROW,
    )
    if chosen:
        links.go("agreements", flag=signs.BUCKET_FLAGS[chosen["code"]])


# --- What must be decided --------------------------------------------------------------------------------------------


DECISION_COLUMNS: Final = [
    Column("ref", "overview.ref", pinned=True),
    Column("title_{language}", "overview.title", width="large"),
    Column("authority_level", "overview.authority", "code", of="authority"),
    Column("blocked_days", "overview.blocked_days", "days"),
    Column("is_escalated", "overview.escalated", "flag"),
    Column("cause", "overview.cause", "code", of="cause"),
    Column("severity", "overview.severity", "code", of="severity"),
    Column("agency", "overview.agency", "code", of="agency", short=True),
    Column("partner", "overview.partner", "code", of="partner"),
]


def show_decisions(decisions: pl.DataFrame, facts: Facts, person: Person) -> None:
    """The most pressing decisions that only a higher authority can take: whose, on what, how long awaited."""
    if "blockers" not in facts.records:
        st.subheader(w.t("overview.decisions_unknown"), anchor=False)
        st.caption(w.t("overview.no_blockers_kept"))
        _link_stalled()
        return
    st.subheader(
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
                w.plain(_shortened(title)),
                help=f"{w.plain(title)} · {w.name('cause', row['cause'])}",
                ref=row["ref"],
            )
    _link_stalled()


def _link_stalled() -> None:
    links.page_link("stalled", w.t("overview.all_stalled"), icon=":material/arrow_forward:")


def show_all_decisions(decisions: pl.DataFrame) -> None:
    """Every decision that is waited for, to be opened when wanted."""
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
    known = [waits, w.plain(f"{agency} – {partner}")]
    return known if row["is_escalated"] else [*known, w.t("overview.not_escalated")]


def _shortened(title: str) -> str:
    """A title with its middle left out: it begins with the kind of document, and ends with what it is about."""
    if len(title) <= _TITLE_HEAD + _TITLE_TAIL:
        return title
    return f"{title[:_TITLE_HEAD].rpartition(' ')[0]} … {title[-_TITLE_TAIL:].partition(' ')[2]}"
