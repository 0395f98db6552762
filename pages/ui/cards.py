"""Single figures, lights, explanations and notices."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal

import streamlit as st

import words as w
from kpi.indicators.catalog import KPIS, Kpi, Part
from kpi.rules import Rules
from kpi.thresholds import LEAST_RISE
from pages.ui import filters, links, loaders, palette

Better = Literal["higher", "lower", "neutral"]
_DELTA_COLOURS: Final[dict[Better, Literal["normal", "inverse", "off"]]] = {
    "higher": "normal",
    "lower": "inverse",
    "neutral": "off",
}


def page_header(title_key: str, subtitle: str | None = None) -> None:
    """The page's title and, under it, a plain sentence."""
    st.title(w.t(title_key), anchor=False)
    if subtitle:
        st.text(subtitle)


def metric(
    label: str,
    value: str,
    *,
    change: str | None = None,
    better: Better = "neutral",
    spark: Sequence[float | None] | None = None,
    help: str | None = None,
    note: str | None = None,
) -> None:
    """A figure in a frame, with its change since the comparison date and its recent course.

    `value` and `change` come written by `words`; a change for less begins with a minus. `better` says which direction is
    good news, so that the arrow's colour is right. `note` stands beside the change: the date compared with, unless the page
    says something else or, by an empty text, nothing.
    """
    known = [point for point in spark or () if point is not None]
    if note is None:
        note = w.t("common.since", date=w.date(filters.current().compare_with))
    st.metric(
        label,
        value,
        change,
        delta_color=_DELTA_COLOURS[better],
        delta_description=note if change else None,
        help=help,
        border=True,
        height="stretch",
        chart_data=known if len(known) > 1 else None,
        chart_type="area",
    )


def change(now: float | None, before: float | None, *, digits: int = 0, unit: str = "") -> str | None:
    """The difference between two figures with its sign, as `metric` wants it; None where one of them is not available.

    It is that of the figures as they are read, so that nobody finds 60.3 after 60.3 and a change of -0.1.
    """
    if now is None or before is None:
        return None
    difference = round(round(now, digits) - round(before, digits), digits)
    if difference == 0:
        return "0"
    sign = "+" if difference > 0 else "-"
    return f"{sign}{w.number(abs(difference), digits)}{unit}"


def unit_of_change(kpi: str) -> str:
    """What follows a difference of a KPI's values: two shares differ by percentage points."""
    return {"percent": f" {w.t('common.percentage_points')}", "days": f" {w.t('common.day_unit')}"}.get(
        KPIS[kpi].unit, ""
    )


def light(status: str, settled: bool | None = None) -> str:
    """A light as text: a sign whose shape differs from light to light, hollow where it is not settled, and the word."""
    code = palette.drawn(status, settled)
    return f"{palette.SIGNS[code]} {w.name('light', code)}"


def value_text(kpi: str, card: Mapping[str, Any]) -> str:
    """A KPI's value as it is read: with its unit, "> 420 days" for a median not reached, or "not available".

    `card` is a row of `kpi.indicators.scorecard.compute`. 79.98 points are not written as 80 where 80 turns a light green.
    """
    value, follow_up = card["value"], card["follow_up"]
    unit = KPIS[kpi].unit
    if value is None and unit == "days" and follow_up is not None:
        return f"> {w.days(follow_up)}"
    if unit in ("days", "count") or value is None:
        return writer(KPIS[kpi])(value)
    digits = loaders.rules(filters.current().as_of).digits(kpi, value)
    return w.percent(value, digits) if unit == "percent" else w.number(value, digits)


def with_limits(kpi: str, card: Mapping[str, Any]) -> str:
    """A share with its 95 % limits, as in "91 % (82–96)"."""
    return w.t(
        "common.with_limits",
        value=value_text(kpi, card),
        low=w.number(card["low"]),
        high=w.number(card["high"]),
    )


def writer(kpi: Kpi) -> Callable[[float | None], str]:
    """How a value of this KPI is written, with its unit."""
    if kpi.unit == "percent":
        return w.percent
    return w.days if kpi.unit == "days" else w.number


def kpi_words(kpi: str, part: Part, rules: Rules) -> str:
    """The words for a KPI, with the thresholds in force put into them."""
    limits = {
        field.name: w.number(value)
        for field in dataclasses.fields(rules)
        if isinstance(value := getattr(rules, field.name), int | float)
    }
    return w.t(f"kpi.{kpi}.{part}", rise=w.number(LEAST_RISE), **limits)


def explained(
    kpi: str, card: Mapping[str, Any] | None = None, *, beside: str | None = None, is_wordless: bool = False
) -> None:
    """A small button that opens what a KPI means: definition, cases, interval, date, what is told beside its value, how to read it,
    and the way to the method."""
    view = filters.current()
    rules = loaders.rules(view.as_of)
    word = w.t("common.explain")
    value = () if card is None else (f"{w.t('common.explain_value')}: **{value_text(kpi, card)}**", _cases(card))
    paragraphs = (
        f"**{kpi_words(kpi, 'name', rules)}**",
        kpi_words(kpi, "sentence", rules),
        *value,
        *filter(None, (beside,)),
        f"*{w.t('common.explain_formula')}*: {kpi_words(kpi, 'formula', rules)}",
        f"*{w.t('common.explain_reading')}*: {kpi_words(kpi, 'reading', rules)}",
        f"*{w.t('common.explain_improve')}*: {kpi_words(kpi, 'improve', rules)}",
    )
    with st.popover("" if is_wordless else word, icon=":material/info:", type="tertiary", help=word):
        st.markdown("\n\n".join(paragraphs))
        links.page_link("method", w.t("common.explain_more"), icon=":material/menu_book:", kpi=kpi)


def seen_text(seen: Mapping[str, Any] | None) -> str | None:
    """What an opened card says of how much was seen, of a row of `loaders.seen_shares`; None where nothing is claimed."""
    if seen is None or seen["share"] is None:
        return None
    return w.t("common.cases_seen", **{name: w.number(seen[name]) for name in ("seen", "claimed")})


def _cases(card: Mapping[str, Any]) -> str:
    text = w.t("common.explain_cases", n=w.number(card["n"]), date=w.date(filters.current().as_of))
    if card["low"] is not None and card["high"] is not None:
        write = w.percent if KPIS[card["kpi"]].unit == "percent" else w.number
        text += " " + w.t("common.explain_interval", low=write(card["low"]), high=write(card["high"]))
    return text


def empty_state(key: str, **values: object) -> None:
    """Said where there is nothing to show, and what to do about it."""
    st.info(w.t(key, **values), icon=":material/inbox:")


def notice(key: str, **values: object) -> None:
    """Something the reader should know about the figures below; values that people typed must come through `words.plain`."""
    st.warning(w.t(key, **values), icon=":material/info:")
