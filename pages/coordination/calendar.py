"""The reporting calendar: up to which day figures are published, its periods, more of them by a rhythm, a due date moved, a
period taken out."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
from collections.abc import Sequence
from typing import Final

import polars as pl
import streamlit as st

import words as w
from data_access import coordination
from data_access.accounts import Person
from data_access.clock import today
from kpi.reporting import calendar
from kpi.reporting.calendar import MONTHS, Frequency, Period
from pages.coordination.sections import Line, ProposedChange, propose, show_proposed
from pages.ui import data_edition, tables
from pages.ui.tables import Column

USUAL_DAYS: Final = 10
USUAL_COUNT: Final = 4


def show(person: Person) -> None:
    """The calendar, and what can be changed in it."""
    periods = coordination.read_periods(data_edition.store())
    received = coordination.read_reports_received(data_edition.store())
    now = today(data_edition.shown().data_date)
    _show_publishing(person)
    _show_periods(periods, received, now)
    ahead = [period for period in periods if period.due_on > now]
    grid = st.grid(2, min_column_width=380, border=True)
    with grid.cell():
        _show_adding(person, periods, now)
    with grid.cell():
        _show_moving(person, ahead, now)
        _show_removing(person, [period for period in ahead if not received.get(period.code)])


def _show_publishing(person: Person) -> None:
    """Up to which day everybody sees the register, and how to publish another."""
    shown = data_edition.shown()
    if shown.data_date is None:
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        day = st.date_input(
            w.t("coordination.published_to"),
            value=shown.data_date,
            max_value=max(today(None), shown.data_date),
            format="DD/MM/YYYY",
            key=f"coordination_publish_{shown.data_date}",
            width=200,
        )
        change = ProposedChange(
            place="coordination_publish",
            lines=(Line(w.t("coordination.published_to"), w.date(shown.data_date), w.date(day)),),
            write=functools.partial(coordination.publish, day=day, seen=shown.data_date),
            undo=functools.partial(coordination.publish, day=shown.data_date, seen=day),
        )
        st.button(
            w.t("coordination.publish"),
            key=f"{change.place}_propose",
            disabled=day == shown.data_date,
            on_click=propose,
            args=(person, change),
        )
        st.caption(
            w.t("coordination.publish_why_demo" if shown.is_demo else "coordination.publish_why"), width="stretch"
        )
    show_proposed(person, change.place)


def _show_periods(periods: Sequence[Period], received: dict[str, int], now: dt.date) -> None:
    frame = pl.DataFrame(
        [dataclasses.astuple(period) for period in periods],
        schema={"code": pl.String, "starts_on": pl.Date, "ends_on": pl.Date, "due_on": pl.Date},
        orient="row",
    ).with_columns(
        reports=pl.col("code").replace_strict(received, default=0, return_dtype=pl.Int64),
        may=pl.when(pl.col("due_on") <= now)
        .then(pl.lit(w.t("coordination.fixed")))
        .otherwise(pl.lit(w.t("coordination.open"))),
    )
    tables.show(
        frame.sort("ends_on", descending=True),
        [
            Column("code", "coordination.period", pinned=True, width=110),
            Column("starts_on", "coordination.starts_on", "date"),
            Column("ends_on", "coordination.ends_on", "date"),
            Column("due_on", "coordination.due_on", "date"),
            Column("reports", "coordination.reports", "number", help_key="coordination.reports_help"),
            Column("may", "coordination.may", width=260),
        ],
        "coordination_periods",
        file_name=w.t("coordination.tab_calendar"),
        alt=w.t("coordination.tab_calendar"),
        height=460 if frame.height > 12 else None,
        empty_key="coordination.no_periods",
    )
    st.caption(w.t("coordination.fixed_why", date=w.date(now)))


# --- Adding ----------------------------------------------------------------------------------------------------------


def _show_adding(person: Person, periods: Sequence[Period], now: dt.date) -> None:
    """The next periods of a rhythm, seen before they are added."""
    st.markdown(w.t("coordination.add_heading"))
    with st.container(horizontal=True):
        frequency = st.selectbox(
            w.t("coordination.frequency"),
            list(MONTHS),
            index=list(MONTHS).index(_usual_frequency(periods)),
            format_func=lambda code: w.t(f"coordination.frequency_{code}"),
            key="coordination_frequency",
        )
        days = st.number_input(
            w.t("coordination.days_until_due"),
            1,
            calendar.MOST_DAYS_UNTIL_DUE,
            (periods[-1].due_on - periods[-1].ends_on).days if periods else USUAL_DAYS,
            key="coordination_days",
        )
        count = st.number_input(
            w.t("coordination.count"), 1, calendar.MOST_AT_ONCE, USUAL_COUNT, key="coordination_count"
        )
    added = calendar.upcoming(periods, frequency, days_until_due=int(days), count=int(count), today=now)
    for period in added:
        st.text(_period_text(period))
    gap = calendar.gap_before(periods, added[0])
    note = w.t("coordination.gap", first=w.date(gap[0]), last=w.date(gap[1])) if gap else ""
    if note:
        st.caption(f":material/info: {note}")
    change = ProposedChange(
        place="coordination_add",
        lines=tuple(Line(period.code, w.t("coordination.nothing"), _days_text(period)) for period in added),
        write=functools.partial(coordination.add_periods, periods=tuple(added)),
        undo=functools.partial(coordination.remove_periods, seen=tuple(added)),
        note=note,
    )
    _show_button(person, change, "coordination.add")


def _usual_frequency(periods: Sequence[Period]) -> Frequency:
    """The rhythm of the last period, as near as can be told; quarters in an empty calendar."""
    if not periods:
        return "quarter"
    months = round(((periods[-1].ends_on - periods[-1].starts_on).days + 1) / 30.4)
    return min(MONTHS, key=lambda frequency: abs(MONTHS[frequency] - months))


# --- Moving and removing ---------------------------------------------------------------------------------------------


def _show_moving(person: Person, ahead: Sequence[Period], now: dt.date) -> None:
    """Another due date for a period that is not due yet."""
    st.markdown(w.t("coordination.move_heading"))
    if not ahead:
        st.text(w.t("coordination.none_ahead"))
        return
    period = _chosen(ahead, "coordination_move_period")
    due_on = st.date_input(
        w.t("coordination.new_due"),
        value=period.due_on,
        min_value=max(period.ends_on, now + dt.timedelta(days=1)),
        max_value=period.ends_on + dt.timedelta(days=365),
        format="DD/MM/YYYY",
        key=f"coordination_due_{period.code}_{period.due_on}",
    )
    moved = dataclasses.replace(period, due_on=due_on)
    change = ProposedChange(
        place="coordination_move",
        lines=(Line(w.t("coordination.due_of", code=period.code), w.date(period.due_on), w.date(due_on)),),
        write=functools.partial(coordination.move_due_date, seen=period, due_on=due_on),
        undo=functools.partial(coordination.move_due_date, seen=moved, due_on=period.due_on),
    )
    _show_button(person, change, "coordination.move", disabled=due_on == period.due_on)


def _show_removing(person: Person, removable: Sequence[Period]) -> None:
    """A period without any report, taken out of the calendar."""
    st.markdown(w.t("coordination.remove_heading"))
    if not removable:
        st.text(w.t("coordination.none_removable"))
        return
    period = _chosen(removable, "coordination_remove_period")
    change = ProposedChange(
        place="coordination_remove",
        lines=(Line(period.code, _days_text(period), w.t("coordination.nothing")),),
        write=functools.partial(coordination.remove_periods, seen=(period,)),
        undo=functools.partial(coordination.add_periods, periods=(period,)),
    )
    _show_button(person, change, "coordination.remove")


def _show_button(person: Person, change: ProposedChange, label_key: str, *, disabled: bool = False) -> None:
    st.button(w.t(label_key), key=f"{change.place}_propose", disabled=disabled, on_click=propose, args=(person, change))
    show_proposed(person, change.place)


def _chosen(periods: Sequence[Period], key: str) -> Period:
    by_code = {period.code: period for period in periods}
    if st.session_state.get(key) not in by_code:
        st.session_state[key] = periods[0].code
    code = st.selectbox(
        w.t("coordination.period"), list(by_code), format_func=lambda code: _period_text(by_code[code]), key=key
    )
    return by_code[code]


def _period_text(period: Period) -> str:
    return w.t("coordination.period_text", code=period.code, **_days(period))


def _days_text(period: Period) -> str:
    return w.t("coordination.period_days", **_days(period))


def _days(period: Period) -> dict[str, str]:
    return {name: w.date(getattr(period, name)) for name in ("starts_on", "ends_on", "due_on")}
