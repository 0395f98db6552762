"""Directives and escalations as every screen reads them: made once, until somebody takes a step."""

from __future__ import annotations

import datetime as dt
from typing import Final

import polars as pl

import words as w
from data_access import audit
from data_access import directives as stored
from data_access.clock import today
from kpi.decided import directives as kpi_directives
from pages.ui import data_edition, links
from pages.ui.kept import kept

WHICH: Final = "of"
"""What the address says is shown."""
DIRECTIVES: Final = "directives"
ESCALATIONS: Final = "escalations"


def day() -> dt.date:
    """The day deadlines are seen from: the one looked back to, else today; a demonstration's data date."""
    shown = data_edition.shown()
    if shown.known_on is not None:
        return shown.known_on
    return shown.data_date if shown.is_demo and shown.data_date is not None else today(shown.data_date)


def directives(own: str | None) -> pl.DataFrame:
    """Those somebody limited to `own` may see, as `data_access.directives.read` gives them."""
    return _directives(mark(), own, day())


def escalations(own: str | None) -> pl.DataFrame:
    """Those somebody limited to `own` may see, as `data_access.directives.read_escalations` gives them."""
    return _escalations(mark(), own, day())


def sentence(found: pl.DataFrame, *, is_own: bool) -> str:
    """How many directives were carried out, and what is the matter with the others."""
    told = kpi_directives.count(found)
    if not told.given:
        return w.t("directives.none_own" if is_own else "directives.none")
    parts = [
        w.t(
            "directives.carried_out_own" if is_own else "directives.carried_out",
            n=w.number(told.carried_out),
            all=w.number(told.given),
        ),
        *(
            w.t(f"directives.of_these_{name}", n=w.number(number))
            for name, number in (
                ("overdue", told.overdue),
                ("without_answer", told.without_answer),
                ("to_confirm", told.said_done),
            )
            if number
        ),
    ]
    return f"{'; '.join(parts)}."


def show_link(found: pl.DataFrame, *, is_own: bool, agency: str | None = None) -> None:
    """A sentence that leads to the directives behind it; nothing where none was given."""
    if kpi_directives.count(found).given:
        words = sentence(found, is_own=is_own)
        links.page_link("directives", words, icon=":material/assignment_late:", agency=agency)


def show_all(given: pl.DataFrame, asked: pl.DataFrame) -> None:
    """A link to each of a few directives and escalations, with where it stands."""
    for which, rows, text, kind in (
        (DIRECTIVES, given, "task", "directive_state"),
        (ESCALATIONS, asked, "ask", "escalation_state"),
    ):
        for row in rows.iter_rows(named=True):
            state = w.name(kind, row["state"])
            late = w.t("directives.overdue_by", days=w.days(row["days_overdue"])) if row["is_overdue"] else ""
            words = " · ".join(filter(None, (w.plain(row[text]), w.date(row["due_now"]), state, late)))
            icon = ":material/assignment_late:" if which == DIRECTIVES else ":material/upgrade:"
            links.page_link("directives", words, icon=icon, **{WHICH: which, "number": row["id"]})


@kept()
def _directives(mark: int, own: str | None, on: dt.date) -> pl.DataFrame:
    return stored.read(data_edition.store(), own=own, on=on, known_on=data_edition.shown().known_on)


@kept()
def _escalations(mark: int, own: str | None, on: dt.date) -> pl.DataFrame:
    return stored.read_escalations(data_edition.store(), own=own, on=on, known_on=data_edition.shown().known_on)


def mark() -> int:
    """What tells two states of them apart, which change without the register."""
    return audit.last_number(data_edition.store())
