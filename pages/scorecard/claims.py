"""What would move an agency: the things it could do, and what its claims still lack to count. One section, a tab for each."""

from __future__ import annotations

from typing import Any, Final

import polars as pl
import streamlit as st

import words as w
from data_access.accounts import May, Person
from kpi.vocabulary import BatchStatus, Lack, texts
from pages.parts import standings
from pages.scorecard import statistics
from pages.ui import links, loaders, studies, tables
from pages.ui.tables import Column
from pages.ui.view import View

_WRITABLE: Final = texts((Lack.NEEDS_DOCUMENT, Lack.NEEDS_PROOF))
"""What the form of an agreement can add."""

_ACT: Final = "act"
_COLUMNS: Final = (
    Column("ref_text", "claims.ref", pinned=True, width=128, by="ref"),
    Column("claim", "claims.claim", width=345, by="effective_on"),
    Column("lacks_text", "claims.lacks", width=276),
    Column("points_text", "claims.points", width=88, by="points", help_key="claims.points_help"),
    Column("by", "claims.by", width=160),
    Column("received_on", "claims.received_on", "date", width=104),
    Column("title_{language}", "claims.title", "subject", width=320),
)
_FILE: Final = (
    Column("ref", "claims.ref"),
    *(column for column in _COLUMNS[1:] if column.name != "points_text"),
    Column("points", "claims.points", "number", digits=2),
    Column("state", "claims.state", "code", of="state"),
    Column("effective_on", "claims.effective_on", "date"),
    Column("standing", "claims.standing", "code", of="standing"),
    Column("batch_id", "claims.batch", "number"),
    Column("counts", "claims.counts", "flag"),
)


@st.fragment(parallel=True)
def show_moves(view: View, agency: str, person: Person) -> None:
    """What would move the agency. Only for those who may see the agency's agreements one by one."""
    lacking = studies.lacking(view, agency, loaders.pending_mark())
    if lacking.is_empty():
        st.header(w.t("moves.heading"), anchor=False)
        statistics.draw_steps(view, agency)
        return
    labels = [w.t("moves.heading"), w.t("claims.heading", n=w.number(lacking.height))]
    steps, claims = st.tabs(labels, on_change="rerun", key="scorecard_moves")
    if steps.open:
        with steps:
            statistics.draw_steps(view, agency)
    if claims.open:
        with claims:
            _show_claims(lacking, agency, person)


def _show_claims(lacking: pl.DataFrame, agency: str, person: Person) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(_said(lacking), width="stretch")
        if person.may(May.VERIFY) and not loaders.withheld().filter(pl.col("agency") == agency).is_empty():
            links.page_link("verification", w.t("scorecard.to_withheld"), icon=":material/fact_check:")
    acts = {_ACT: _add} if person.may(May.HAND_IN) and person.agency == agency else {}
    columns = [*_COLUMNS[:3], *([Column(_ACT, "claims.act", width=110)] if acts else []), *_COLUMNS[3:]]
    tables.show(
        lacking,
        columns,
        "scorecard_claims",
        file_name=w.t("claims.file"),
        alt=w.t("claims.file"),
        on_row=lambda row: _open(row, person),
        height=330 if lacking.height > 8 else None,
        file_columns=_FILE,
        in_words=_written,
        acts=acts,
    )


def _said(lacking: pl.DataFrame) -> str:
    """What the table comes to: how many do not count and what the largest is worth, why some are withheld, how many count on a
    word alone."""
    open_ones = lacking.filter(~pl.col("counts"))
    said = []
    if not open_ones.is_empty():
        most = open_ones["points"].max()
        said.append(w.tn("claims.open", open_ones.height))
        if isinstance(most, float) and round(most, 2) > 0:
            said.append(w.t("claims.most", points=statistics.points(most)))
    if periods := sorted(open_ones["period"].drop_nulls().unique()):
        said.append(w.t("claims.withheld", periods=w.plain(", ".join(periods))))
    if word_alone := lacking["counts"].sum():
        said.append(w.tn("claims.word_alone", int(word_alone)))
    return " ".join(said)


def _written(lacking: pl.DataFrame) -> pl.DataFrame:
    rows = lacking.to_dicts()
    written = {
        "ref_text": [row["ref"] or w.t("claims.unregistered") for row in rows],
        "claim": [_claim(row) for row in rows],
        "lacks_text": [" · ".join(w.name("lack", lack) for lack in row["lacks"]) for row in rows],
        "points_text": [_points(row["points"]) for row in rows],
        "by": [_by(row) for row in rows],
        _ACT: [w.t(f"claims.act_{act}") if (act := _act_of(row)) else None for row in rows],
    }
    return lacking.with_columns(pl.Series(name, values, dtype=pl.String) for name, values in written.items())


def _claim(row: dict[str, Any]) -> str:
    """The state and its day, or of what else a batch speaks; with the sign of what it rests on."""
    if row["state"] is None:
        return f"{standings.SIGNS[row['standing']]} {_kinds(row)}"
    return f"{standings.SIGNS[row['standing']]} {w.name('state', row['state'])} {w.date(row['effective_on'])}"


def _kinds(row: dict[str, Any]) -> str:
    return ", ".join(w.t(f"coordination.kind_{kind}") for kind in row["kinds"])


def _points(points: float | None) -> str | None:
    if points is None:
        return None
    gained = statistics.points(abs(points))
    sign = "" if round(points, 2) == 0 else "+" if points > 0 else "−"
    return sign + gained if sign else w.number(0)


def _by(row: dict[str, Any]) -> str:
    if row["batch_id"] is None:
        return w.t("claims.source")
    return w.t("claims.batch_of", by=row["sent_by"] or "–", number=row["batch_id"])


def _act_of(row: dict[str, Any]) -> str | None:
    """How what is missing is added: by correcting the batch, by looking at what waits, or by the form."""
    if row["status"] == BatchStatus.RETURNED:
        return "correct"
    if row["status"] == BatchStatus.WAITING:
        return "batch"
    return "form" if row["ref"] and set(row["lacks"]) & {*_WRITABLE} else None


def _add(row: dict[str, Any]) -> None:
    act = _act_of(row)
    if act == "correct":
        links.go("upload", correct=row["batch_id"])
    if act == "batch":
        links.go("upload", batch=row["batch_id"])
    links.go("upload", ref=row["ref"])


def _open(row: dict[str, Any], person: Person) -> None:
    if row["ref"]:
        links.go("agreement", ref=row["ref"])
    elif row["batch_id"] is not None:
        links.go(links.page_of_batches(person), batch=row["batch_id"])
