"""The lists of directives and escalations, the most pressing first."""

from __future__ import annotations

from typing import Final

import polars as pl
import streamlit as st

import words as w
from kpi.decided import escalations as kpi_escalations
from kpi.vocabulary import SOLVED_ESCALATIONS, DirectiveState, EscalationState, texts
from pages.parts import decided
from pages.ui import cards, links, tables
from pages.ui.choices import ALL, agency_choice, choice
from pages.ui.tables import Column

OPEN: Final = "open"
OVERDUE: Final = "overdue"
SILENT: Final = "silent"
TO_CONFIRM: Final = "to_confirm"
ENDED: Final = "ended"

_NARROWED: Final[dict[str, dict[str, pl.Expr]]] = {
    decided.DIRECTIVES: {
        ALL: pl.lit(value=True),
        OVERDUE: pl.col("is_overdue"),
        SILENT: pl.col("has_no_answer"),
        TO_CONFIRM: pl.col("state") == DirectiveState.SAID_DONE,
        OPEN: pl.col("is_open"),
        ENDED: ~pl.col("is_open"),
    },
    decided.ESCALATIONS: {
        ALL: pl.lit(value=True),
        OVERDUE: pl.col("is_overdue"),
        OPEN: pl.col("is_open"),
        ENDED: ~pl.col("is_open"),
    },
}

_AGENCY: Final = Column("agency", "common.agency", "code", of="agency", short=True, width=120)
_DIRECTIVES: Final = [
    Column("task", "directives.task", width=430, by="id"),
    _AGENCY,
    Column("standing", "directives.state", width=200),
    Column("due_now", "directives.due_on", "date", width=105),
    Column("days_overdue", "directives.days_overdue", "days", width=95),
    Column("answer", "directives.answer", width="large"),
    Column("ref", "directives.ref", width=120),
    Column("issued_on", "directives.issued_on", "date", width=105),
    Column("issued_by", "directives.issued_by", width=110),
]
_ESCALATIONS: Final = [
    Column("ask", "directives.ask", width=430, by="id"),
    _AGENCY,
    Column("level_now", "directives.level", "code", of="authority", width=160),
    Column("state", "directives.state", "code", of="escalation_state", width=170),
    Column("due_now", "directives.answer_due", "date", width=115),
    Column("days_overdue", "directives.days_overdue", "days", width=95),
    Column("days_waiting", "directives.days_waiting", "days", width=95),
    Column("ref", "directives.ref", width=120),
    Column("outcome", "directives.outcome", width="large"),
]
_LEVELS: Final = [
    Column("level", "directives.level", "code", of="authority", width=200),
    Column("share", "directives.solved_of", width=150, by="solved", help_key="directives.solved_help"),
    Column("open", "directives.waiting", "number", width=90),
    Column("overdue", "directives.overdue", "number", width=90),
    Column("returned", "directives.returned", "number", width=90),
    Column("days", "directives.median_days", "days", width=150),
]


def show_directives(found: pl.DataFrame, *, sees_all: bool) -> None:
    """The directives, overdue ones first; a row opens one."""
    shown = _narrowed(found, decided.DIRECTIVES, sees_all=sees_all)
    told = shown.with_columns(
        standing=pl.when(pl.col("has_no_answer") & (pl.col("state") == DirectiveState.UNANSWERED))
        .then(pl.lit(w.t("directives.no_answer")))
        .otherwise(w.name_expr(pl.col("state"), "directive_state"))
    )
    columns = [column for column in _DIRECTIVES if sees_all or column != _AGENCY]
    _show(told, columns, decided.DIRECTIVES, "directives.none_here")


def show_escalations(found: pl.DataFrame, *, sees_all: bool) -> None:
    """The escalations, those that wait too long first; a row opens one."""
    shown = _narrowed(found, decided.ESCALATIONS, sees_all=sees_all)
    columns = [column for column in _ESCALATIONS if sees_all or column != _AGENCY]
    _show(shown, columns, decided.ESCALATIONS, "directives.none_escalated")


def lead(found: pl.DataFrame, which: str, *, is_own: bool) -> str:
    """What the list says, in a sentence."""
    if which == decided.DIRECTIVES:
        return decided.sentence(found, is_own=is_own)
    asked = found.filter(pl.col("state") != EscalationState.DROPPED)
    if asked.is_empty():
        return w.t("directives.nothing_escalated")
    solved = asked.filter(pl.col("state").is_in(texts(SOLVED_ESCALATIONS))).height
    overdue = asked.filter("is_overdue").height
    return w.t("directives.levels", n=w.number(solved), all=w.number(asked.height), overdue=w.number(overdue))


def show_levels(found: pl.DataFrame) -> None:
    """How much of what went up to each level was settled there."""
    if found.filter(pl.col("state") != EscalationState.DROPPED).is_empty():
        return
    levels = kpi_escalations.by_level(found)
    shares = [
        w.t("directives.solved", n=w.number(n), all=w.number(every)) if every else w.t("common.not_available")
        for n, every in levels.select("solved", "asked").iter_rows()
    ]
    tables.show(
        levels.with_columns(share=pl.Series(shares, dtype=pl.String)),
        _LEVELS,
        "directives_levels",
        file_name=w.t("directives.level"),
        alt=w.t("directives.levels_alt"),
    )


def _narrowed(found: pl.DataFrame, which: str, *, sees_all: bool) -> pl.DataFrame:
    ways = _NARROWED[which]
    sizes = {code: found.filter(way).height for code, way in ways.items()}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = choice(
            "stands",
            [*ways],
            label=w.t("directives.stands"),
            write=lambda code: w.t(f"directives.stands_{code.lower()}", n=w.number(sizes[code])),
            default=ALL,
            width=260,
        )
        agency = agency_choice(found) if sees_all and found.height else None
    shown = found.filter(ways[chosen])
    return shown if agency is None else shown.filter(pl.col("agency") == agency)


def _show(rows: pl.DataFrame, columns: list[Column], which: str, empty_key: str) -> None:
    if rows.is_empty():
        cards.empty_state(empty_key)
        return
    tables.show(
        rows,
        columns,
        f"directives_{which}",
        file_name=w.t(f"directives.{which}"),
        alt=w.t(f"directives.{which}"),
        on_row=lambda row: links.go("directives", of=which, number=row["id"]),
    )
