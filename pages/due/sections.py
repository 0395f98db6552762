"""What falls due, day by day, said in a sentence and listed."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

import polars as pl
import streamlit as st

import words as w
from data_access import directives
from data_access.accounts import Person
from kpi.reporting import calendar, due
from pages.parts import decided
from pages.ui import cards, data_edition, links, loaders, tables
from pages.ui.choices import choice
from pages.ui.kept import kept
from pages.ui.tables import Column
from pages.ui.view import View

COLUMNS: Final = (
    Column("due_on", "due.day", "date", pinned=True, width=120),
    Column("days_left", "due.days_left", "number", width=100),
    Column("what", "due.what", width=680, by="kind"),
    Column("agency", "due.agency", "code", of="agency", short=True, width=120),
    Column("ref", "due.ref", width=150),
)


@kept()
def coming(view: View, own: str | None, on: dt.date, days: int, mark: int) -> pl.DataFrame:
    """What falls due within some days after one of the agreements a reader may see one by one; columns as in `kpi.reporting.due`.
    `mark` is that of what was directed by now."""
    store = data_edition.store()
    return due.compute(
        loaders.seen_facts(view, own),
        calendar.calendar(loaders.register()),
        directives.read(store, own=own, on=on),
        directives.read_escalations(store, own=own, on=on),
        on=on,
        days=days,
    )


def day_of(view: View) -> dt.date:
    """The day days are counted from: today, where the newest figures are looked at."""
    newest = data_edition.shown().data_date
    return view.as_of if newest is None or view.as_of < newest else max(view.as_of, decided.day())


def show(view: View, person: Person) -> None:
    """How many of each kind fall due, and the list, each row leading to what it is about."""
    cards.page_header("due.heading")
    days = int(
        choice(
            "days",
            [str(number) for number in due.WINDOWS],
            label=w.t("due.window"),
            write=lambda code: w.tn("due.days", int(code)),
            default=str(due.WINDOWS[0]),
            width=200,
        )
    )
    on = day_of(view)
    found = coming(view, person.limited_to, on, days, decided.mark())
    st.markdown(_sentence(found, days, on))
    if found.is_empty():
        return
    tables.show(
        found,
        COLUMNS,
        "due",
        file_name=w.t("due.heading"),
        alt=w.t("due.heading"),
        height=620 if found.height > 16 else None,
        in_words=_in_words,
        acts={"ref": _open},
    )


def _sentence(found: pl.DataFrame, days: int, on: dt.date) -> str:
    counts: dict[str, int] = dict(found.group_by("kind").len().iter_rows())
    told = [w.tn(f"due.{kind}_count", counts[kind]) for kind in due.KINDS if kind in counts]
    if not told:
        return w.t("due.none", date=w.date(on), days=w.days(days))
    return w.t("due.some", date=w.date(on), days=w.days(days), what=w.say(w.Listed(tuple(told))))


def _in_words(found: pl.DataFrame) -> pl.DataFrame:
    texts = [_what(row) for row in found.iter_rows(named=True)]
    return found.with_columns(pl.Series("what", texts, dtype=pl.String))


def _what(row: dict[str, Any]) -> str:
    match row["kind"]:
        case due.COMPLETION:
            title = row[w.column("title")] or row["title_vi"]
            return w.t("due.completion", title=title)
        case due.REPORTS:
            return w.tn("due.reports", row["reports"], period=row["period"])
        case due.DIRECTIVE:
            return w.t("due.directive", number=row["number"], text=row["text"])
        case _:
            return w.t("due.answer", number=row["number"], text=row["text"])


def _open(row: dict[str, Any]) -> None:
    if row["ref"] is not None:
        links.go("agreement", ref=row["ref"])
