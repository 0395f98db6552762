"""The words to remind an agency with: what it owes, for which period, since when."""

from __future__ import annotations

import datetime as dt
from typing import Final

import polars as pl
import streamlit as st

import words as w
from data_access import coordination
from data_access.accounts import Person
from kpi.reporting.calendar import Period
from pages.ui import data_edition, exports, records
from pages.ui.kept import kept
from pages.ui.view import View

MOST_LISTED: Final = 200
"""A letter names no more agreements than somebody would read; the download of the list above has them all."""


def show(view: View, person: Person, period: Period, agency: str) -> None:
    """The reminder, to be copied or taken as a text file; nothing where the agency has sent everything."""
    text = _text(view, person.limited_to, period, agency, person.office or w.name("role", person.role))
    if not text:
        return
    st.subheader(w.t("reporting.reminder", agency=w.plain(w.name("agency", agency))), anchor=False)
    st.code(text, language=None, wrap_lines=True)
    st.download_button(
        w.t("reporting.reminder_file"),
        text.replace("\n", "\r\n").encode("utf-8-sig"),
        file_name=exports.file_name(
            w.t("reporting.file_reminder", agency=w.name("agency", agency, short=True), code=period.code),
            as_of=view.as_of,
            extension="txt",
            known_on=data_edition.shown().known_on,
        ),
        mime="text/plain",
        key="reporting_reminder",
        on_click="ignore",
        icon=":material/download:",
    )


@kept(in_words=True)
def _text(view: View, own: str | None, period: Period, agency: str, sender: str) -> str:
    """The letter; empty where nothing is missing. Plain text: nothing in it is ever read as Markdown."""
    row = records.in_period(view, period.code).filter(pl.col("agency") == agency).row(0, named=True)
    if row["missing"] == 0:
        return ""
    offices = coordination.read_offices(data_edition.store(), agency)
    missing = (
        records.owed(view, own, period.code)
        .filter((pl.col("agency") == agency) & (pl.col("status") == "missing"))
        .join(offices, on="agreement_id", how="left", maintain_order="left")
        .sort("ref")
    )
    lines = [
        f"{place}. {ref} – {_one_line(title)}" + (f" ({_one_line(office)})" if office else "")
        for place, (ref, title, office) in enumerate(
            missing.head(MOST_LISTED).select("ref", _title(), "office").iter_rows(), 1
        )
    ]
    if missing.height > MOST_LISTED:
        lines.append(w.t("reporting.letter_more", n=w.number(missing.height - MOST_LISTED)))
    days = period.days_late(view.as_of)
    parts = [
        w.t("reporting.letter_to", agency=w.name("agency", agency)),
        w.t(
            "reporting.letter_about",
            code=period.code,
            starts=w.date(period.starts_on),
            ends=w.date(period.ends_on),
        ),
        w.t(
            "reporting.letter_received",
            as_of=w.date(view.as_of),
            received=w.number(row["received"]),
            owed=w.number(row["owed"]),
        )
        + " "
        + _due(period.due_on, days),
        w.tn("reporting.letter_ask", missing.height),
        "\n".join(lines),
        w.t("reporting.letter_how"),
        w.t("reporting.letter_end", office=sender),
    ]
    if (known_on := data_edition.shown().known_on) is not None:
        parts.append(f"{w.t('common.note_known')}: {w.date(known_on)}.")
    if data_edition.shown().is_demo:
        parts.append(w.t("common.demo_mark"))
    return "\n\n".join(parts)


def _due(due_on: dt.date, days: int) -> str:
    if days > 0:
        return w.tn("reporting.letter_overdue", days, due=w.date(due_on))
    return w.t("reporting.letter_due", due=w.date(due_on))


def _title() -> pl.Expr:
    """The title in the reader's language, or the Vietnamese one where the register has no other."""
    title = pl.col(w.column("title"))
    return pl.when(title.str.strip_chars() != "").then(title).otherwise("title_vi").alias("title")


def _one_line(text: str) -> str:
    return " ".join(text.split())
