"""The sections of one agency's scorecard."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import polars as pl
import streamlit as st

import words as w
from kpi.indicators import scorecard
from kpi.indicators.catalog import COMPOSITE, KPIS, RELIABILITY, Kpi, alone_in, shown_in
from kpi.rules import Rules
from kpi.vocabulary import AgencyGroup, Reading
from pages.parts import heading, places
from pages.parts import said as said_by_agency
from pages.ui import cards, charts, links, loaders, palette, tables, trends
from pages.ui.choices import choice
from pages.ui.kept import drawn, kept
from pages.ui.tables import Column
from pages.ui.view import View

Card = Mapping[str, Any]

WATCHED_LISTS: Final = {"stalled": "is_stalled", "overdue": "is_overdue", "due_soon": "due_soon"}
"""The lists, and the sign of the agreements on each."""

MOST_REASONS: Final = 3
"""How many red lights are told of at once, where no more are explained: a row of them."""

LIST_COLUMNS: Final = [
    Column("ref", "scorecard.ref", pinned=True),
    Column("title_{language}", "scorecard.title", "subject", width="large"),
    Column("partner", "scorecard.partner", "code", of="partner"),
    Column("state", "scorecard.state", "code", of="state"),
    Column("days_since_progress", "scorecard.days_since_progress", "days"),
    Column("original_target", "scorecard.original_target", "date"),
    Column("days_overdue", "scorecard.days_overdue", "days"),
    Column("current_target", "scorecard.current_target", "date"),
]


@kept(in_words=True)
def groups(view: View) -> dict[str, str]:
    """The agencies with agreements in the view, and the group of each; provinces last, by name."""
    found = dict(loaders.facts(view).agreements.select("agency", "agency_group").unique().iter_rows())
    order = sorted(found, key=lambda key: (found[key] == AgencyGroup.PROVINCE, w.sort_key(w.name("agency", key))))
    return {key: found[key] for key in order}


@kept()
def first(view: View) -> str:
    """The agency whose card opens where none was asked for: the last of the ministries that are ranked, which needs attention
    most; where none is, the one with most agreements."""
    league = loaders.league_table(view.where(agency_group=AgencyGroup.MINISTRY), by="agency")
    ranked = league.filter(pl.col("place").is_not_null())
    if not ranked.is_empty():
        return str(ranked["agency"].last())
    counted = loaders.facts(view).agreements.group_by("agency").len().sort(["len", "agency"], descending=[True, False])
    return str(counted["agency"].first())


@kept()
def cards_of(view: View, agency: str) -> dict[str, Card]:
    """The agency's scorecard, KPI by KPI."""
    peers = loaders.scorecards(view, by="agency")
    return {row["kpi"]: row for row in peers.filter(pl.col("agency") == agency).iter_rows(named=True)}


@drawn
def show_place(view: View, agency: str) -> None:
    """What the page rests on; the agency's composite with light and interval, its place, and how many agreements they rest on."""
    if said := verdict(view, agency):
        st.markdown(said)
    st.caption(heading.sentence(view))
    if nobody := heading.unrankable(view):
        st.caption(nobody)
    league, composite = loaders.league_table(view, by="agency"), cards_of(view, agency)[COMPOSITE]
    mine = league.filter(pl.col("agency") == agency)
    row = mine.row(0, named=True) if not mine.is_empty() else None
    grid = st.grid(4)
    light = cards.light(composite["status"], None if row is None else row["settled"])
    if row is not None and row["low"] is not None:
        light = w.t("common.with_limits", value=light, low=w.number(row["low"]), high=w.number(row["high"]))
    grid.metric(
        w.t(f"kpi.{COMPOSITE}.name"),
        places.score_text(composite["value"]),
        light,
        delta_color="off",
        delta_arrow="off",
        border=True,
        height="stretch",
    )
    if row is not None and row["place"] is not None:
        place = w.t("scorecard.place_of", place=w.number(row["place"]), all=w.number(places.ranked_number(league)))
        sure = w.t("scorecard.place_between", places=places.place_text(row["best_place"], row["worst_place"]))
    else:
        place, sure = w.t("scorecard.not_ranked"), w.t("scorecard.not_ranked_why")
    cases = w.t("scorecard.n", n=w.number(composite["n"]))
    grid.metric(
        w.t("scorecard.place"),
        place,
        f"{sure} · {cases}",
        delta_color="off",
        delta_arrow="off",
        border=True,
        height="stretch",
    )
    show_seen(seen_of(view, agency).get(COMPOSITE), grid)
    if not KPIS[RELIABILITY].is_off(loaders.records()):
        relied = cards_of(view, agency)[RELIABILITY]
        grid.metric(
            w.t(f"kpi.{RELIABILITY}.name"),
            cards.value_text(RELIABILITY, relied),
            w.t("scorecard.not_sampled")
            if relied["value"] is None
            else w.t(
                "scorecard.relied_on",
                low=w.number(relied["low"]),
                high=w.percent(relied["high"]),
                n=w.number(relied["n"]),
            ),
            delta_color="off",
            delta_arrow="off",
            border=True,
            height="stretch",
        )


@kept(compares=True, in_words=True)
def verdict(view: View, agency: str) -> str:
    """The card in a sentence: whether the agency surely lies above or below the middle of those it is ranked with, and which
    targets it surely misses; empty where it has no place. It says nothing that an interval does not carry."""
    mine = loaders.league_table(view, by="agency").filter((pl.col("agency") == agency) & pl.col("band").is_not_null())
    if mine.is_empty():
        return ""
    found = cards_of(view, agency)
    missed = [
        f"{w.t(f'kpi.{code}.short')} {cards.value_text(code, found[code])}"
        for code in red_of(view, agency)
        if found[code]["settled"]
    ]
    said = w.t(f"scorecard.says_{mine['band'].item()}", agency=w.plain(w.name("agency", agency)))
    return f"{said} " + (w.t("scorecard.says_red", kpis=", ".join(missed)) if missed else w.t("scorecard.says_no_red"))


@kept()
def seen_of(view: View, agency: str) -> dict[str, Card]:
    """How much of the agency's figures somebody outside has seen, by KPI; none of what is not claimed."""
    shares = loaders.seen_shares(view, by="agency").filter(pl.col("agency") == agency)
    return {row["kpi"]: row for row in shares.iter_rows(named=True)}


def show_seen(seen: Card | None, grid: Any) -> None:
    """How much of what the composite rests on has been seen by somebody else, as a small bar; what that means is a click away."""
    share = None if seen is None else seen["share"]
    with grid.cell(), st.container(border=True, height="stretch"):
        told = (w.t("explained.seen.sentence"), w.t("explained.seen.how"))
        st.metric(w.t("common.seen"), w.percent(share), help="\n\n".join(told))
        st.progress((share or 0) / 100)


@drawn
def show_succession(view: View, agency: str) -> None:
    """Of an agency that came to be by a merger: since when, and its figure for what it inherited and for what it signed itself.

    Only for those who may see the agency's agreements one by one: it tells its figure by the day of signing.
    """
    mine = loaders.facts(view).where(pl.col("agency") == agency)
    since: dt.date | None = mine.agreements.select("agency_since").row(0)[0]
    if since is None or mine.agreements.filter("is_inherited").is_empty():
        return
    if since > view.as_of:
        st.caption(w.t("scorecard.not_yet", date=w.date(since)))
        return
    cards_by = scorecard.compute(mine, by=["is_inherited"], rules=loaders.rules(view.as_of)).filter(
        pl.col("kpi") == alone_in("pair")
    )
    found = {row["is_inherited"]: row for row in cards_by.iter_rows(named=True)}
    told = {
        name: w.t(
            f"scorecard.{name}",
            value=w.percent(found[key]["value"] if key in found else None),
            n=w.number(found[key]["n"] if key in found else 0),
        )
        for name, key in (("inherited", True), ("own", False))
    }
    kpi = w.t(f"kpi.{alone_in('pair')}.short")
    st.caption(w.t("scorecard.succeeded", date=w.date(since), kpi=kpi, **told))


@drawn
def show_kpis(view: View, agency: str, own: str | None) -> None:
    """A card per KPI: value, light, change, course, what it means, and the agreements behind it for those who may see them."""
    mine, before = (cards_of(view.on(day), agency) for day in (view.as_of, view.compare_with))
    trend = trends.scorecards(view, by="agency").filter(pl.col("agency") == agency)
    told = loaders.beside_cards(view, by="agency").row(by_predicate=pl.col("agency") == agency, named=True)
    rules, seen = loaders.rules(view.as_of), seen_of(view, agency)
    st.header(w.t("scorecard.kpis"), anchor=False)
    st.caption(trends.label(view.as_of))
    grid = st.grid("auto", min_column_width=260, border=True)
    for code in shown_in("scorecard", loaders.records()):
        card, kpi = mine[code], KPIS[code]
        with grid.cell():
            beside = "\n\n".join(filter(None, (beside_text(kpi, told, rules), cards.seen_text(seen.get(code)))))
            share = None if code not in seen else seen[code]["share"]
            show_kpi(kpi, card, before.get(code), trend.filter(pl.col("kpi") == code), share)
            with st.container(horizontal=True, gap="small", vertical_alignment="center"):
                cards.explained(code, card, beside=beside)
                if own in (None, agency):
                    _link_behind(view, agency, kpi, card)


def show_kpi(
    kpi: Kpi,
    card: Card,
    before: Card | None,
    trend: pl.DataFrame,
    seen: float | None = None,
) -> None:
    """One KPI: name, value, light in words, target, interval, number of cases and how much was seen."""
    better: cards.Better = "higher" if kpi.direction == "higher" else "lower"
    now, then = card["value"], before["value"] if before else None
    course = [value for value in trend.sort("as_of")["value"].to_list() if value is not None]
    delta = cards.change(now, then, unit=cards.unit_of_change(kpi.code))
    st.metric(
        w.t(f"kpi.{kpi.code}.short"),
        cards.value_text(kpi.code, card),
        delta,
        delta_color="normal" if better == "higher" else "inverse",
        chart_data=course if len(course) > 1 else None,
        chart_type="line",
    )
    st.badge(cards.light(card["status"], card["settled"]), color=palette.BADGES[card["status"]])
    st.caption(basis(kpi, card) + ("" if seen is None else f" · {w.t('scorecard.seen', share=w.percent(seen))}"))


def _link_behind(view: View, agency: str, kpi: Kpi, card: Card) -> None:
    """The way to the agreements that keep the figure from being better, with how many they are."""
    if not card["denominator"]:
        return
    good_is_counted = kpi.direction == "higher" or kpi.estimator == "median"
    part: scorecard.Part = "rest" if good_is_counted else "numerator"
    listed = dataclasses.replace(view.where(agency_group=None), reading=Reading.COUNTING, pending="")
    behind = loaders.agreements_behind(listed, None, kpi.code, part)
    links.page_link(
        "agreements",
        w.tn("scorecard.behind", behind.filter(pl.col("agency") == agency).height),
        icon=":material/list:",
        kpi=kpi.code,
        part=part,
        agency=agency,
        agency_group=None,
    )


def beside_text(kpi: Kpi, told: Card, rules: Rules) -> str | None:
    """What the opened card says beside its value, in a line; None where it says nothing. `told` is a row of `beside_cards`."""
    if kpi.beside == "backlog":
        flow = {name: w.number(told[name]) for name in ("completed", "fallen_due")}
        ratio = {"ratio": w.percent(told["clearance"]), "days": w.number(rules.recent_days)}
        parts = [
            None if told["late_p90"] is None else w.t("scorecard.beside_late", days=w.days(told["late_p90"])),
            None if told["clearance"] is None else w.t("scorecard.beside_clearance", **flow, **ratio),
        ]
        return " ".join(filter(None, parts)) or None
    if kpi.beside is None or told[kpi.beside] is None:
        return None
    write, days = (w.days, rules.rmst_horizon_days) if kpi.beside == "mean" else (w.percent, rules.blocker_horizon_days)
    return w.t(
        f"scorecard.beside_{kpi.beside}",
        value=write(told[kpi.beside]),
        low=write(told[f"{kpi.beside}_low"]),
        high=write(told[f"{kpi.beside}_high"]),
        days=w.number(days),
    )


def basis(kpi: Kpi, card: Card) -> str:
    """Target, interval and number of cases, in one line."""
    write = cards.writer(kpi)
    parts = []
    if kpi.target is not None:
        sign = "≥" if kpi.direction == "higher" else "≤"
        parts.append(w.t("scorecard.target", target=f"{sign} {write(kpi.target)}"))
    if card["low"] is not None and card["high"] is not None:
        parts.append(w.t("scorecard.interval", low=write(card["low"]), high=write(card["high"])))
    parts.append(w.t("scorecard.n", n=w.number(card["n"])))
    return " · ".join(parts)


def red_of(view: View, agency: str) -> list[str]:
    """The scored KPIs with a red light, the one that costs most first."""
    mine, rules = cards_of(view, agency), loaders.rules(view.as_of)
    return sorted(
        (code for code, card in mine.items() if card["status"] == "red" and code in rules.weights),
        key=lambda code: (mine[code]["score"] - 100) * rules.weights[code],
    )


@drawn
def show_reasons(view: View, agency: str) -> None:
    """Why the light is what it is: every red KPI in a sentence, with what the agency says about it beside it; those it has
    explained first, and of the rest only what fits a row before somebody asks."""
    mine, rules = cards_of(view, agency), loaders.rules(view.as_of)
    said = loaders.explanations(agency, view.as_of)
    red = red_of(view, agency)
    on = [code for code in mine if not KPIS[code].is_off(loaders.records())]
    others = [code for code in said["kpi"].unique(maintain_order=True) if code not in red and code in on]
    if not red and not others:
        return
    explained = set(said["kpi"])
    told = sorted([*red, *others], key=lambda code: code not in explained)  # of each, what costs most stays first
    shown = max(MOST_REASONS, len(explained.intersection(told)))

    def show(code: str) -> None:
        light = cards.light(mine[code]["status"], mine[code]["settled"])
        st.markdown(f"**{light} · {cards.kpi_words(code, 'name', rules)}**")
        st.text(reason(KPIS[code], mine[code], rules))
        words = said.filter(pl.col("kpi") == code).head(1)
        if words.is_empty():
            st.caption(w.t("scorecard.no_explanation"))
        for word in words.iter_rows(named=True):
            said_by_agency.show_one(word)

    st.header(w.t("scorecard.reasons"), anchor=False)
    _in_cells(told[:shown], show)
    if more := told[shown:]:
        with st.expander(w.tn("scorecard.more_reasons", len(more))):
            _in_cells(more, show)


def _in_cells(codes: Sequence[str], show: Callable[[str], None]) -> None:
    grid = st.grid("auto", min_column_width=380, border=True)
    for code in codes:
        with grid.cell():
            show(code)


def reason(kpi: Kpi, card: Card, rules: Rules) -> str:
    """What the figure is, what was aimed at, and what would improve it."""
    write = cards.writer(kpi)
    sentence = w.t(
        "scorecard.reason",
        value=cards.value_text(kpi.code, card),
        target=write(kpi.target),
        n=w.number(card["n"]),
        weight=w.number(rules.weights.get(kpi.code, 0)),
    )
    return f"{sentence} {cards.kpi_words(kpi.code, 'improve', rules)}"


def show_peers(view: View, agency: str) -> None:
    """The agency among its peers on one KPI, chosen by the reader; folded away until somebody asks."""
    asked = "kpi" in st.query_params
    folded = st.expander(w.t("scorecard.peers"), expanded=asked, key="scorecard_peers", on_change="rerun")
    if not folded.open:  # its chart would travel unseen
        return
    with folded:
        _show_among_peers(view, agency)


def _show_among_peers(view: View, agency: str) -> None:
    code = choice(
        "kpi",
        (COMPOSITE, *shown_in("scorecard", loaders.records())),
        label=w.t("scorecard.peers_kpi"),
        write=lambda kpi: w.t(f"kpi.{kpi}.name"),
        default=COMPOSITE,
        width=380,
    )
    rows = _peers(view, agency, code)
    if cards_of(view, agency)[code]["value"] is None:
        st.caption(w.t("scorecard.peers_without", kpi=w.t(f"kpi.{code}.name")))
    if not rows.is_empty():
        alt = w.t("scorecard.peers_alt", kpi=w.t(f"kpi.{code}.name"))
        charts.show(charts.distribution, rows, key="peers", alt=alt)


@kept(in_words=True)
def _peers(view: View, agency: str, code: str) -> pl.DataFrame:
    """The values of all agencies, and the target, as `charts.distribution` wants them; empty where none has a value."""
    kpi = KPIS[code]
    write = cards.writer(kpi)
    peers = loaders.scorecards(view, by="agency")
    values = peers.filter((pl.col("kpi") == code) & pl.col("value").is_not_null())
    rows = values.select(
        value="value",
        label=places.labels(values["agency"]),
        value_label=w.texts(values["value"], write),
        role=pl.when(pl.col("agency") == agency).then(pl.lit("own")).otherwise(pl.lit("peer")),
    )
    if kpi.target is None or rows.is_empty():
        return rows
    target = pl.DataFrame(
        {
            "value": [float(kpi.target)],
            "label": [w.t("scorecard.target_mark")],
            "value_label": [f"{w.t('scorecard.target_mark')} {write(kpi.target)}"],
            "role": ["target"],
        }
    )
    return pl.concat([rows, target])


def show_lists(view: View, agency: str) -> None:
    """What asks for action: stalled, overdue, and due soon. Only for those who may see the agency's agreements one by one."""
    st.header(w.t("scorecard.lists"), anchor=False)
    found = {name: _listed(view, agency, condition) for name, condition in WATCHED_LISTS.items()}
    labels = [w.t(f"scorecard.list_{name}", n=w.number(rows.height)) for name, rows in found.items()]
    tabs = st.tabs(labels, on_change="rerun", key="scorecard_lists")
    for tab, (name, rows) in zip(tabs, found.items(), strict=True):
        with tab:
            if not tab.open:  # its rows would travel unseen
                continue
            tables.show(
                rows,
                LIST_COLUMNS,
                f"scorecard_{name}",
                file_name=name,
                alt=w.t(f"scorecard.list_{name}", n=w.number(rows.height)),
                on_row=lambda row: links.go("agreement", ref=row["ref"]),
                empty_key=f"scorecard.none_{name}",
            )


@kept()
def _listed(view: View, agency: str, condition: str) -> pl.DataFrame:
    # What waits to be registered is declared, and is nowhere to be opened yet.
    known = loaders.register().agreements.select(agreement_id="id")
    own = loaders.seen_facts(view, agency).agreements.join(known, on="agreement_id", how="semi")
    return own.filter(condition).sort("days_since_progress", descending=True)
