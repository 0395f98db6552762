"""The sections of the page on reporting: the period, how many reports came, by agency, over time, and one by one."""

from __future__ import annotations

from typing import Final

import polars as pl
import streamlit as st

import words as w
from data_access import audit, contacts, coordination
from data_access.accounts import May, Person
from kpi.facts import UNASSIGNED
from kpi.reporting import calendar
from kpi.reporting.calendar import Period
from kpi.reporting.reports import STATUSES, in_period
from pages.parts import explained, places
from pages.ui import cards, charts, data_edition, links, records, tables
from pages.ui.choices import ALL, agency_choice, choice, narrow
from pages.ui.kept import drawn, kept, per_frame
from pages.ui.tables import Column
from pages.ui.view import View

WHO: Final = ("remind", "complete", ALL)
"""Which agencies are listed: those that still owe a report, those that owe none, all."""

COURSE_PERIODS: Final = 6
MOST_ROWS: Final = 10
"""The heat map shows the agencies that miss most; the table above it has everybody."""

_ROW: Final = 26
_COUNTED: Final = ("missing", "owed", "received", "on_time", "late", "complete", "met")


# --- The period ------------------------------------------------------------------------------------------------------


def choose_period(view: View, person: Person) -> Period | None:
    """The period of the address (the last one that has ended, if it names none), with the way to its neighbours.

    Where none has ended, says so and when the first one will; None then.
    """
    periods = records.calendar()
    ended = calendar.ended(periods, view.as_of)
    running = calendar.running(periods, view.as_of)
    if not ended:
        cards.empty_state("reporting.no_periods" if running is None else "reporting.none_ended", **_words_for(running))
        _link_to_settings(person)
        return None
    by_code = {period.code: period for period in ended}
    codes = list(by_code)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        earlier, later = st.container(width="content"), st.container(width="content")
        code = choice(
            "period",
            codes[::-1],
            label=w.t("reporting.period"),
            write=lambda code: _period_text(by_code[code]),
            default=codes[-1],
            width=330,
        )
        place = codes.index(code)
        _step(earlier, codes[place - 1] if place else None, "earlier", last=codes[-1])
        _step(later, codes[place + 1] if place + 1 < len(codes) else None, "later", last=codes[-1])
        st.text(_due_text(by_code[code], view), width="content")
    if running is not None and code == codes[-1]:
        st.caption(w.t("reporting.next_period", **_words_for(running)))
    return by_code[code]


def _step(place: st.delta_generator.DeltaGenerator, code: str | None, direction: str, *, last: str) -> None:
    icons = {"earlier": ":material/chevron_left:", "later": ":material/chevron_right:"}
    label = w.t("reporting.earlier") if direction == "earlier" else w.t("reporting.later")
    place.button(
        "", icon=icons[direction], help=label, key=f"period_{direction}", disabled=code is None,
        on_click=_go_to, args=(code, last),
    )  # fmt: skip


def _go_to(code: str | None, last: str) -> None:
    if code is None or code == last:
        st.query_params.pop("period", None)
    else:
        st.query_params["period"] = code


def _period_text(period: Period) -> str:
    return w.t("reporting.period_text", **_words_for(period))


def _words_for(period: Period | None) -> dict[str, str]:
    if period is None:
        return {}
    days = {"starts": period.starts_on, "ends": period.ends_on, "due": period.due_on}
    return {"code": period.code, **{name: w.date(day) for name, day in days.items()}}


def _due_text(period: Period, view: View) -> str:
    days = period.days_late(view.as_of)
    if days == 0:
        return w.t("reporting.due_today", due=w.date(period.due_on))
    return w.tn("reporting.due_ago" if days > 0 else "reporting.due_in", abs(days), due=w.date(period.due_on))


def _link_to_settings(person: Person) -> None:
    if person.may(May.SETTLE):
        links.page_link("coordination", w.t("reporting.open_settings"), icon=":material/tune:")


# --- How many came ---------------------------------------------------------------------------------------------------


@kept()
def counts(view: View, own: str | None, period: str) -> pl.DataFrame:
    """Reports of a period by agency, those that sent none first, then most missing: of all, or of somebody's own."""
    found = records.in_period(view, period)
    if own is not None:
        found = found.filter(pl.col("agency") == own)
    return found.sort(pl.col("received") > 0, -pl.col("missing"), -pl.col("owed"), "agency")


def show_nothing_owed(view: View, own: str | None, period: Period) -> None:
    """Said where no agreement of the view owed a report for the period."""
    cards.empty_state("reporting.nothing_owed", **_words_for(period))
    _show_unassigned(view, own, period.code)


@drawn
def show_summary(view: View, own: str | None, period: str) -> None:
    """The conclusion, and the figures it rests on."""
    row = in_period(counts(view, own, period)).row(0, named=True)
    key = "reporting.came" if own is None else "reporting.own_came"
    if row["missing"] == 0:
        key = "reporting.all_came" if own is None else "reporting.own_all_came"
    st.markdown(
        w.t(
            key,
            received=w.number(row["received"]),
            owed=w.number(row["owed"]),
            share=w.percent(row["share"]),
            missing=w.number(row["missing"]),
            lacking=w.number(row["agencies"] - row["all_in"]),
            silent=w.number(row["agencies"] - row["reporting"]),
            agencies=w.number(row["agencies"]),
        )
    )
    grid = st.grid(6, min_column_width=130)
    for name in ("owed", "received", "on_time", "late", "missing", "complete"):
        share = None if name == "owed" else w.t("reporting.of_owed", share=w.percent(100 * row[name] / row["owed"]))
        grid.metric(
            w.t(f"reporting.{name}"), w.number(row[name]), border=True, help=share, height="stretch"
        )  # the share would be read as a change if it stood below
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(w.t("reporting.scope", scope=_scope(view)), width="stretch")
        explained.show("coverage")
    _show_unassigned(view, own, period)


def _scope(view: View) -> str:
    return w.plain(w.name("scope", view.scope or ALL))


def _show_unassigned(view: View, own: str | None, period: str) -> None:
    """Reports that nobody can be reminded of."""
    if own is not None:
        return
    nobody = records.owed(view, own, period).filter(pl.col("agency") == UNASSIGNED).height
    if nobody:
        links.page_link(
            "quality", w.tn("reporting.unassigned", nobody), icon=":material/help:", defect="unassigned", agency=None
        )


# --- By agency -------------------------------------------------------------------------------------------------------


def show_agencies(view: View, period: str) -> None:
    """The agencies, those to remind first; a row narrows the list of reports below."""
    st.header(w.t("reporting.agencies"), anchor=False)
    st.caption(w.t("reporting.agencies_note"))
    sizes = {who: _agencies(view, period, who).height for who in WHO}
    who = choice(
        "who",
        WHO,
        label=w.t("reporting.who"),
        write=lambda code: w.t(f"reporting.who_{code.lower()}", n=w.number(sizes[code])),
        default="remind" if sizes["remind"] else ALL,
        width=330,
    )
    shown = _in_words(_agencies(view, period, who), _contacts(audit_mark()))
    tables.show(
        shown,
        [
            Column("agency", "reporting.agency", "code", of="agency", pinned=True, width=230),
            Column("state", "reporting.state", width=140),
            *(Column(name, f"reporting.{name}", "number", help_key=f"reporting.{name}_help") for name in _COUNTED),
            Column("share", "reporting.share", "progress", width=120),
            Column("contact", "reporting.contact", width=220),
        ],
        "reporting_agencies",
        file_name=w.t("reporting.file_agencies", code=period),
        alt=w.t("reporting.agencies"),
        on_row=lambda row: narrow(agency=row["agency"], status="missing"),
        height=390 if shown.height > 9 else None,
        empty_key="reporting.nobody",
    )


def audit_mark() -> int:
    """What tells two states of contacts, accounts and reminders apart, which change without the register."""
    return audit.last_number(data_edition.store())


@kept()
def _contacts(mark: int) -> tuple[tuple[str, str], ...]:
    """Agency -> the contact that is kept, or else the office of its accounts."""
    found = coordination.read_contacts(data_edition.store())
    for agency, *parts in known_contacts(mark).select("agency", "office", "email", "phone").iter_rows():
        if any(parts):
            found[agency] = " · ".join(filter(None, parts))
    return tuple(sorted(found.items()))


@kept()
def known_contacts(mark: int) -> pl.DataFrame:
    """The contacts since an `audit_mark`; columns as in `contacts.read`."""
    return contacts.read(data_edition.store())


@kept()
def _agencies(view: View, period: str, who: str) -> pl.DataFrame:
    owing = pl.col("missing") > 0
    return counts(view, None, period).filter({"remind": owing, "complete": ~owing}.get(who, pl.lit(value=True)))


@per_frame
def _in_words(agencies: pl.DataFrame, known: tuple[tuple[str, str], ...]) -> pl.DataFrame:
    """With the office to turn to, and whether an agency has sent all, some or none."""
    return agencies.with_columns(
        contact=pl.col("agency").replace_strict(dict(known), default=None, return_dtype=pl.String),
        state=pl.when(pl.col("missing") == 0)
        .then(pl.lit("all"))
        .when(pl.col("received") == 0)
        .then(pl.lit("none"))
        .otherwise(pl.lit("some"))
        .replace_strict(
            {code: w.t(f"reporting.sent_{code}") for code in ("all", "some", "none")}, return_dtype=pl.String
        ),
    )


# --- Over time -------------------------------------------------------------------------------------------------------


def show_course(view: View) -> None:
    """Who misses most, period by period; a cell leads to its reports."""
    cells = _course(view)
    if cells.is_empty():
        return
    st.header(w.t("reporting.course"), anchor=False)
    charts.show(
        charts.heat_map("agency", "period"),
        cells,
        key="reporting_course",
        alt=w.t("reporting.course_alt"),
        on_select=lambda mark: narrow(period=str(mark["column_code"]), agency=str(mark["row_code"]), status="missing"),
        height=cells["row_code"].n_unique() * _ROW,
    )
    st.caption(w.t("reporting.course_note"))


@kept(in_words=True)
def _course(view: View) -> pl.DataFrame:
    """What the agencies that miss most miss in each period; empty where nothing is missing."""
    coverage = records.coverage(view)
    periods = in_period(coverage).tail(COURSE_PERIODS).select("period")
    recent = coverage.join(periods, on="period")
    worst = (
        recent.group_by("agency")
        .agg(pl.col("missing").sum())
        .filter(pl.col("missing") > 0)
        .sort(["missing", "agency"], descending=[True, False])
        .head(MOST_ROWS)
    )
    grid = worst.select("agency").join(periods, how="cross")
    cells = grid.join(recent, on=["agency", "period"], how="left", maintain_order="left")
    return cells.select(
        row=places.labels(cells["agency"]),
        row_code="agency",
        column="period",
        column_code="period",
        value="missing",
        value_label=w.texts(cells["missing"], lambda n: w.number(n) if n else ""),
    )


# --- One by one ------------------------------------------------------------------------------------------------------


def show_reports(view: View, own: str | None, period: str) -> str | None:
    """The reports owed, one by one, as far as somebody may see them; the agency they are narrowed to, if to one."""
    st.header(w.t("reporting.reports"), anchor=False)
    agency = own or None
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if own is None:
            agency = agency_choice(records.owed(view, own, period))
        status = choice(
            "status",
            (ALL, *STATUSES),
            label=w.t("reporting.status"),
            write=lambda code: w.t(f"reporting.status_{code.lower()}"),
            default=ALL,
            width=240,
        )
    rows = _reports(view, own, period, agency, status)
    tables.show(
        rows,
        [
            Column("ref", "reporting.ref", pinned=True),
            Column("title_{language}", "reporting.title", "subject", width="large"),
            *([Column("agency", "reporting.agency", "code", of="agency", short=True)] if agency is None else []),
            Column("status_text", "reporting.status", width=130),
            Column("received_on", "reporting.received_on", "date"),
            Column("days_late", "reporting.days_late", "days", help_key="reporting.days_late_help"),
            Column("fields_filled", "reporting.fields_filled", "number"),
        ],
        "reporting_reports",
        file_name=w.t("reporting.file_reports", code=period),
        alt=w.t("reporting.reports"),
        on_row=lambda row: links.go("agreement", ref=row["ref"]),
        height=420 if rows.height > 10 else None,
        empty_key="reporting.no_such_report",
    )
    return agency if agency is not None and agency in counts(view, own, period)["agency"] else None


@kept(in_words=True)
def _reports(view: View, own: str | None, period: str, agency: str | None, status: str) -> pl.DataFrame:
    """The reports of one agency or all and of one status or ALL, the worst first."""
    rows = records.owed(view, own, period)
    if agency is not None:
        rows = rows.filter(pl.col("agency") == agency)
    if status != ALL:
        rows = rows.filter(pl.col("status") == status)
    return rows.with_columns(
        status_text=pl.col("status").replace_strict(
            {code: w.t(f"reporting.status_{code}") for code in STATUSES}, return_dtype=pl.String
        )
    ).sort(
        pl.col("status").replace_strict({code: place for place, code in enumerate(STATUSES)}),
        pl.col("days_late").fill_null(0).neg(),
        "ref",
    )
