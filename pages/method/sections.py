"""The sections of the method page, written from the declarations so that page and computation cannot part."""

from __future__ import annotations

import datetime as dt
from collections.abc import Container, Iterable
from typing import Final

import polars as pl
import streamlit as st

import words as w
from data_access.accounts import Person
from kpi.indicators import catalog
from kpi.indicators.catalog import KPIS, Kpi
from kpi.indicators.lights import LIGHTS
from kpi.rules import Rules
from kpi.thresholds import LEAST_RISE
from kpi.vocabulary import BUCKETS
from pages.parts import heading, pairs
from pages.ui import cards, data_edition, loaders, palette, tables
from pages.ui.kept import drawn, kept
from pages.ui.tables import Column
from seed_data import published

PARTS: Final = ("sentence", "formula", "reading", "improve")
INCENTIVES: Final = {
    "method.incentives_raise": tuple(f"method.raise_{act}" for act in ("start", "move", "report", "decide")),
    "method.incentives_none": tuple(f"method.none_{act}" for act in ("sign", "suspend", "repeat", "blockers")),
}
"""What changes a score and what does not: tried on registers in tests, act by act."""
OPEN: Final = {
    "method.open_pays": tuple(
        f"method.pays_{act}" for act in ("stage", "share", "report", "blockers", "days", "targets", "withheld")
    ),
    "method.open_costs": tuple(f"method.costs_{act}" for act in ("blockers", "escalation", "correction")),
}
"""What is not closed, with its size (`docs/statistics.md`)."""


def asked(name: str, known: Container[str]) -> str | None:
    """What the link that led here named, if it is known: the address's parameter `name`."""
    code = st.query_params.get(name)
    return code if code in known else None


@drawn
def show_register() -> None:
    """Which register is shown, as of when, from where, under what licence, and what it cannot tell."""
    edition = data_edition.shown()
    lines = {
        "method.register": getattr(edition, w.column("name")),
        "method.data_date": w.date(edition.data_date),
        "method.source": edition.source,
        "method.licence": edition.licence,
        "method.attribution": edition.attribution,
    }
    st.header(w.t("method.about_data"), anchor=False)
    pairs.show((w.t(key), text) for key, text in lines.items() if text)
    caveat = getattr(edition, w.column("caveat"))
    if caveat:
        st.info(w.plain(caveat), icon=":material/info:")
    st.caption(w.t("method.unclassified"))


@drawn
def show_kpis(as_of: dt.date, asked: str | None) -> None:
    """Every KPI this register supports, in plain words; the one that is asked for is open."""
    st.header(w.t("method.kpis"), anchor=False)
    rules = loaders.rules(as_of)
    on = {code: kpi for code, kpi in KPIS.items() if not kpi.is_off(loaders.records())}
    for code, kpi in on.items():
        name = cards.kpi_words(code, "name", rules)
        with st.expander(f"{code} · {name}", expanded=code == asked):
            parts = (f"*{w.t(f'method.part_{part}')}*: {cards.kpi_words(code, part, rules)}" for part in PARTS)
            st.markdown("\n\n".join(parts))
            st.caption(declared(kpi, rules))


def declared(kpi: Kpi, rules: Rules) -> str:
    """Unit, target, weight and goalposts of a KPI, in one line."""
    write = cards.writer(kpi)
    parts = [w.t("method.unit", unit=w.name("unit", kpi.unit))]
    if kpi.target is not None:
        sign = "≥" if kpi.direction == "higher" else "≤"
        parts.append(w.t("method.target", target=f"{sign} {write(kpi.target)}"))
    if kpi.code in rules.weights:
        parts.append(w.t("method.weight", weight=w.number(rules.weights[kpi.code])))
    if kpi.code in rules.goalposts and kpi.estimator != "composite":
        worst, best = rules.goalposts[kpi.code]
        scale = w.percent if kpi.estimator == "share" else write
        parts.append(w.t("method.goalposts", worst=scale(worst), best=scale(best)))
    return " · ".join(parts)


def show_flags(as_of: dt.date) -> None:
    """What on track, at risk, stalled, overdue and no date mean, with the thresholds in force."""
    _show_buckets(as_of)
    tables.show(
        _stall_days(as_of),
        [Column("state", "method.state", "code", of="state"), Column("days", "method.stall_days", "days")],
        "stall_days",
        file_name="stall_days",
        alt=w.t("method.stall_days"),
    )


@drawn
def _show_buckets(as_of: dt.date) -> None:
    st.header(w.t("method.flags"), anchor=False)
    st.text(w.t("method.flags_lead"))
    rules = loaders.rules(as_of)
    limits = {
        "gap": w.percent(100 * rules.at_risk_gap),
        "blocked": w.days(rules.severe_blocker_days),
        "soon": w.days(rules.due_soon_days),
        "rise": w.number(LEAST_RISE),
    }
    meanings = (f"**{w.name('bucket', name)}**: {w.t(f'method.flag_{name}', **limits)}" for name in reversed(BUCKETS))
    st.markdown("\n\n".join(meanings))


@kept()
def _stall_days(as_of: dt.date) -> pl.DataFrame:
    days = loaders.rules(as_of).stall_days
    return pl.DataFrame({"state": list(days), "days": list(days.values())})


def show_composite(as_of: dt.date) -> None:
    """Weights and goalposts of the composite, and what the lights mean."""
    st.header(w.t("method.composite"), anchor=False)
    rules = loaders.rules(as_of)
    st.text(w.t("method.composite_lead", share=w.percent(100 * rules.composite_min_weight_share)))
    tables.show(
        _weights(as_of),
        [
            Column("kpi", "method.kpi", width="medium"),
            Column("weight", "method.weight_column", "number"),
            Column("declared", "method.declared", width="large"),
        ],
        "weights",
        file_name="weights",
        alt=w.t("method.composite"),
    )
    with st.container(horizontal=True):
        for status in LIGHTS:
            limits = {"green": w.number(rules.green_from), "amber": w.number(rules.amber_from)}
            st.badge(f"{cards.light(status)}: {w.t(f'method.light_{status}', **limits)}", color=palette.BADGES[status])
    hollow = " ".join(palette.SIGNS[light] for light in palette.OUTLINED)
    st.caption(w.t("method.outlined", signs=hollow))
    st.caption(w.t("method.ranking", n=w.number(rules.rank_min_n)))
    if lacking := catalog.lacking(loaders.records()):
        st.caption(w.t("groups.not_kept", records=heading.names_of(lacking)))


@drawn
def show_incentives() -> None:
    """What raises a score and what does not, in two short lists; and behind a click what is not closed, with its size."""
    st.header(w.t("method.incentives"), anchor=False)
    for column, title in zip(st.columns(2), INCENTIVES, strict=True):
        column.markdown(_listed(title, INCENTIVES[title]))
    st.caption(w.t("method.incentives_unseen"))
    with st.expander(w.t("method.open")):
        st.markdown(w.t("method.open_lead"))
        for title, acts in OPEN.items():
            st.markdown(_listed(title, acts))


def _listed(title: str, acts: Iterable[str]) -> str:
    rise = w.number(LEAST_RISE)
    return "\n".join([f"**{w.t(title)}**\n", *(f"- {w.t(act, rise=rise)}" for act in acts)])


@kept(in_words=True)
def _weights(as_of: dt.date) -> pl.DataFrame:
    rules = loaders.rules(as_of)
    rows = [
        (f"{code} · {w.t(f'kpi.{code}.short')}", float(weight), declared(KPIS[code], rules))
        for code, weight in rules.weights.items()
        if not KPIS[code].is_off(loaders.records())
    ]
    return pl.DataFrame(rows, schema=["kpi", "weight", "declared"], orient="row")


def show_reconciliation(person: Person) -> None:
    """Every published figure, and where they disagree; beside the register's own, for those who may see all of it.

    The register's own are of the whole of it: from them others could subtract what their figures leave out.
    """
    edition = data_edition.shown()
    if edition.data_date is None:
        return
    st.header(w.t("method.reconciliation"), anchor=False)
    st.text(w.t("method.reconciliation_lead" if edition.is_demo else "published.not_national"))
    sees_ours = person.limited_to is None
    if not sees_ours:
        st.text(w.t("method.reconciliation_others"))
    table = _reconciled(sees_ours=sees_ours)
    tables.show(
        table,
        [Column(name, f"method.figure_{name}") for name in table.columns],
        "reconciliation",
        file_name="reconciliation",
        alt=w.t("method.reconciliation"),
        height=420,
    )
    _show_contradictions()


@kept(in_words=True)
def _reconciled(*, sees_ours: bool) -> pl.DataFrame:
    """Every published figure with its source and, for somebody who may see them, the register's own."""
    edition = data_edition.shown()
    assert edition.data_date is not None
    figures = published.reconcile(
        loaders.register(),
        data_date=edition.data_date,
        comparable=edition.is_demo,
        rules=loaders.rules(edition.data_date),
    )
    marks = {True: w.t("method.met"), False: w.t("method.not_met"), None: w.t("method.not_compared")}
    rows = [
        {
            "key": w.t(f"published.figure.{figure.key}"),
            "published": _text(figure.published),
            "qualifier": figure.qualifier,
            **({"ours": _text(figure.ours), "met": marks[figure.met]} if sees_ours else {}),
            "period": figure.period,
            "source": figure.source,
            "quote": figure.quote,
        }
        for figure in figures
    ]
    return pl.DataFrame(rows)


@drawn
def _show_contradictions() -> None:
    st.text(w.t("published.contradictions"))
    for contradiction in published.contradictions():
        st.text(w.t(f"published.contradiction.{contradiction.code}", **contradiction.params))


def _text(figure: float | str | None) -> str:
    value = published.plain(figure)
    if value is None:
        return ""
    return value if isinstance(value, str) else w.number(value, 0 if float(value).is_integer() else 2)
