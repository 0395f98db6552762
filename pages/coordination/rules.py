"""The numbers figures are judged by: in force, settled for later, and a threshold settled from a day on."""

from __future__ import annotations

import datetime as dt
import functools
import json
from typing import Any, Final

import polars as pl
import streamlit as st

import words as w
from data_access import coordination
from data_access.accounts import Person
from data_access.register import read_rules
from kpi.indicators.catalog import KPIS
from kpi.rules import LIMITS, Rules
from pages.coordination import sample
from pages.coordination.sections import Line, ProposedChange, propose, rule_name, rule_value, show_proposed
from pages.ui import cards, data_edition, loaders, tables
from pages.ui.tables import Column

_SCHEMA: Final = {"name": pl.String, "value": pl.String, "since": pl.Date, "next": pl.String, "limits": pl.String}


def show(person: Person) -> None:
    """What is in force on the data date, what is settled for later, and settling a threshold."""
    data_date = data_edition.shown().data_date
    if data_date is None:
        cards.empty_state("coordination.no_register")
        return
    rules = loaders.rules(data_date)
    history = coordination.read_rule_history(data_edition.store())
    st.caption(w.t("coordination.rules_lead", date=w.date(data_date)))
    _show_thresholds(rules, history, data_date)
    grid = st.grid(2, min_column_width=380, border=True)
    with grid.cell():
        name, value = _show_setting(person, data_date)
    with grid.cell():
        _show_weights(rules, history, data_date)
    sample.show(rules.with_threshold(name, value) if name == sample.RATE else rules, is_asked=name == sample.RATE)


def _show_thresholds(rules: Rules, history: pl.DataFrame, data_date: dt.date) -> None:
    rows = []
    for name, (low, high) in LIMITS.items():
        since, later = _dates(history, name, data_date)
        following = [
            w.t("coordination.later", value=rule_value(name, value), date=w.date(day)) for day, value in later.items()
        ]
        limits = w.t("coordination.limits", low=rule_value(name, low), high=rule_value(name, high))
        rows.append(
            (rule_name(name), rule_value(name, rules.threshold(name)), since, "; ".join(following) or None, limits)
        )
    tables.show(
        pl.DataFrame(rows, schema=_SCHEMA, orient="row"),
        [
            Column("name", "coordination.threshold", pinned=True, width=330),
            Column("value", "coordination.in_force", width=110),
            Column("since", "coordination.since", "date", help_key="coordination.since_help"),
            Column("next", "coordination.next", width=220),
            Column("limits", "coordination.may_be", width=160),
        ],
        "coordination_thresholds",
        file_name=w.t("coordination.threshold"),
        alt=w.t("coordination.threshold"),
        height=285,
    )


def _dates(history: pl.DataFrame, name: str, data_date: dt.date) -> tuple[dt.date | None, dict[dt.date, float]]:
    """Since when the value of a threshold holds (None: it is the one in code), and the values settled for later days."""
    field, _, key = name.partition(".")
    since: dt.date | None = None
    later: dict[dt.date, float] = {}
    for day, text in history.filter(pl.col("key") == field).select("effective_on", "value").iter_rows():
        value: Any = json.loads(text)
        if key and key not in value:
            continue
        if day <= data_date:
            since = day
        else:
            later[day] = value[key] if key else value
    return since, later


# --- Settling a threshold --------------------------------------------------------------------------------------------


def _show_setting(person: Person, data_date: dt.date) -> tuple[str, float]:
    """One threshold, its new value, and the day from which it holds; gives the first two as they are chosen."""
    st.markdown(w.t("coordination.set_heading"))
    name = st.selectbox(
        w.t("coordination.threshold"), list(LIMITS), format_func=rule_name, key="coordination_threshold"
    )
    first = data_date + dt.timedelta(days=1)
    day = st.date_input(
        w.t("coordination.from_day"),
        value=first,
        min_value=first,
        max_value=first + dt.timedelta(days=3 * 366),
        format="DD/MM/YYYY",
        key=f"coordination_from_{data_date}",
        help=w.t("coordination.from_day_help", date=w.date(data_date)),
    )
    seen = read_rules(data_edition.store(), day).threshold(name)
    value = _new_value(name, seen, key=f"coordination_value_{name}_{day}_{seen}")
    setting = functools.partial(coordination.set_threshold, name=name, effective_on=day)
    change = ProposedChange(
        place="coordination_rule",
        lines=(
            Line(
                w.t("coordination.rule_from", name=rule_name(name), date=w.date(day)),
                rule_value(name, seen),
                rule_value(name, value),
            ),
        ),
        write=functools.partial(setting, value=value, seen=seen),
        undo=functools.partial(setting, value=seen, seen=value),
        note=w.t("coordination.rule_note", date=w.date(day)),
    )
    st.button(
        w.t("coordination.set"),
        key="coordination_rule_propose",
        disabled=value == seen,
        on_click=propose,
        args=(person, change),
    )
    show_proposed(person, change.place)
    return name, value


def _new_value(name: str, seen: float, *, key: str) -> float:
    """The value chosen: a number within its limits, or one of the standings from which a state may count."""
    low, high = LIMITS[name]
    if name.startswith("counts_from."):
        places = range(int(low), int(high) + 1)
        label = w.t("coordination.new_standing")
        return st.radio(label, places, index=int(seen), format_func=functools.partial(rule_value, name), key=key)
    is_share = isinstance(seen, float)
    return st.number_input(
        w.t("coordination.new_share") if is_share else w.t("coordination.new_value"),
        min_value=float(low) if is_share else int(low),
        max_value=float(high) if is_share else int(high),
        value=seen,
        step=0.05 if is_share else 1,
        key=key,
    )


# --- What is not set here --------------------------------------------------------------------------------------------


def _show_weights(rules: Rules, history: pl.DataFrame, data_date: dt.date) -> None:
    """Weights and goalposts, which were settled together and are shown only."""
    st.markdown(w.t("coordination.weights_heading"))
    rows = []
    for code in rules.goalposts:
        worst, best = rules.goalposts[code]
        dates = [_dates(history, f"{field}.{code}", data_date)[0] for field in ("weights", "goalposts")]
        since = max((day for day in dates if day is not None), default=None)
        write = cards.writer(KPIS[code])
        rows.append((cards.kpi_words(code, "short", rules), rules.weights.get(code), write(worst), write(best), since))
    tables.show(
        pl.DataFrame(
            rows,
            schema={"kpi": pl.String, "weight": pl.Float64, "worst": pl.String, "best": pl.String, "since": pl.Date},
            orient="row",
        ),
        [
            Column("kpi", "coordination.kpi", pinned=True, width=200),
            Column("weight", "coordination.weight", "number", width=80),
            Column("worst", "coordination.worst", width=90),
            Column("best", "coordination.best", width=90),
            Column("since", "coordination.since", "date", help_key="coordination.since_help"),
        ],
        "coordination_weights",
        file_name=w.t("coordination.weights_heading"),
        alt=w.t("coordination.weights_alt"),
    )
    st.caption(w.t("coordination.lights", green=w.number(rules.green_from), amber=w.number(rules.amber_from)))
