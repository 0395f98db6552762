"""The counts of the overview: how much was signed, is under way, done, stuck, and how long it takes to begin."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Final

import polars as pl
import streamlit as st

import words as w
from data_access.accounts import Person
from kpi.facts import signs
from kpi.indicators import catalog, growth
from kpi.rules import Rules
from pages.ui import cards, links, loaders, trends, view_codes
from pages.ui.cards import Better
from pages.ui.kept import drawn, kept
from pages.ui.view import View

_TIME: Final = catalog.alone_in("overview")


@dataclasses.dataclass(frozen=True)
class Count:
    """A card: the sign it counts, the one it is a share of, and which direction is good news."""

    flag: str
    among: str | None
    better: Better
    needs: str = ""
    """What the register has to keep (see `kpi.register.RECORDS`) for the count to say anything."""
    is_work: bool = False
    """Whether it is of what is to be carried out after the start."""


COUNTS: Final = (
    Count("signed", None, "neutral"),
    Count("in_progress", "signed", "neutral"),
    Count("completed", "signed", "higher", is_work=True),
    Count("stalled", "open", "lower"),
    Count("overdue", "open", "lower", needs="targets"),
    Count("no_date", "open", "lower", needs="targets"),
)


def _told() -> list[Count]:
    """The counts that say something of this register."""
    records, goes_on = loaders.records(), loaders.goes_on()
    return [count for count in COUNTS if (not count.needs or count.needs in records) and (goes_on or not count.is_work)]


@drawn
def show_counts(view: View, person: Person) -> None:
    """The counts and the time from signing to implementation, each with its change, its course and its list."""
    now, before = loaders.counts(view), loaders.counts(view.on(view.compare_with))
    course = [loaders.counts(view.on(day)) for day in trends.days(view.as_of)]
    own = None if person.limited_to is None else signs.count(loaders.visible_facts(view, person))
    rules = loaders.rules(view.as_of)
    signed = _signed_growth(view)
    told = _told()
    grid = st.grid(len(told) + 2, min_column_width=140, gap="xsmall")
    for count in told:
        with grid.cell(), st.container(gap=None):
            cards.metric(
                w.t(f"overview.{count.flag}"),
                w.number(now[count.flag]),
                change=cards.change(now[count.flag], before[count.flag]),
                better=count.better,
                spark=[there[count.flag] for there in course],
                note="",
            )
            _show_ways(
                count.flag,
                _list_label(now[count.flag], None if own is None else own[count.flag]),
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


def show_course(view: View) -> None:
    """Which days the small charts are of."""
    st.caption(trends.label(view.as_of), width="content")


def _show_time(view: View, sees_all: bool) -> None:
    card, before = (
        loaders.scorecards(view.on(day)).row(by_predicate=pl.col("kpi") == _TIME, named=True)
        for day in (view.as_of, view.compare_with)
    )
    course = trends.scorecards(view).filter(pl.col("kpi") == _TIME)["value"].to_list()
    cards.metric(
        w.t("overview.time"),
        cards.value_text(_TIME, card),
        change=cards.change(card["value"], before["value"], unit=f" {w.t('common.day_unit')}"),
        better="lower",
        spark=course,
        note=_time_basis(card),
    )
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", gap=None):
        links.page_link(
            "agreements", _list_label(card["denominator"], None, sees_all=sees_all), kpi=_TIME, part="denominator"
        )
        seen = loaders.seen_shares(view).row(by_predicate=pl.col("kpi") == _TIME, named=True)
        cards.explained(_TIME, card, beside=cards.seen_text(seen), is_wordless=True)


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
            st.markdown("\n\n".join((f"**{w.t(f'overview.{name}')}**", *about)))
            links.page_link("method", w.t("common.explain_more"), icon=":material/menu_book:")


def _list_label(number: int, own: int | None, *, sees_all: bool = True) -> str:
    """How many the link opens, which tells the links under the cards apart as well; an agency's opens its own."""
    if own is not None:
        return w.t("overview.own_list", n=w.number(own))
    return w.tn("overview.list", number) if sees_all else w.t("overview.own")


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
    return _SignedGrowth(
        first=first,
        last=last,
        growth=_growth(view.where(signed_from=None, signed_to=None), first, last),
    )


@kept()
def _growth(view: View, first: dt.date, last: dt.date) -> growth.Growth:
    return growth.signed_growth(loaders.facts(view), first=first, last=last)


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
