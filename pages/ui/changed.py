"""What changed of the figures of a day that is past since it was over: one quiet line, and behind it each figure and by what."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Final

import polars as pl
import streamlit as st

import words as w
from data_access import changed as store_of_changes
from data_access.accounts import Person
from data_access.clock import local_time, today
from data_access.register import read_register, read_rules
from kpi import facts as kpi_facts
from kpi import readers
from kpi.facts import History
from kpi.indicators import changed, scorecard
from kpi.indicators.catalog import COMPOSITE, KPIS, shown_in
from kpi.register import Register
from kpi.rules import Rules
from pages.ui import data_edition, links, loaders, tables
from pages.ui.kept import kept
from pages.ui.tables import Column
from pages.ui.view import View

_OPEN = "changed_since"
_BATCHES_SHOWN, _REFS_SHOWN = 5, 6
_NONE: Final = pl.DataFrame(schema={"agency": pl.String})


def show(person: Person, view: View) -> None:
    """How many figures of the view's day are others by now than they were known to be at its end, where there are any.

    Not for a day that is not over or before the first receipt, nor where the register is shown as it was known. An agency reads of
    its own figures only.
    """
    first = loaders.first_receipt()
    is_past = first is not None and first <= view.as_of < today(None)
    if data_edition.shown().known_on is not None or not is_past:
        return
    told = since(of_scope(view))
    found = _seen(told.figures, person)
    if found.is_empty():
        return
    label = w.tn("changed.line", found.height, date=w.date(view.as_of))
    line = st.popover(label, icon=":material/published_with_changes:", type="tertiary", key=_OPEN, on_change="rerun")
    if line.open:
        with line:
            _show_figures(found, _seen(told.causes, person), person, view.as_of)


def of_scope(view: View) -> View:
    """The agencies' figures as everybody is told them: those of the view's day and scope, without its other filters."""
    return View(as_of=view.as_of, compare_with=view.as_of, reader=readers.EVERYTHING).where(scope=view.scope)


def _seen(rows: pl.DataFrame, person: Person) -> pl.DataFrame:
    own = person.limited_to
    return rows if own is None else rows.filter(pl.col("agency") == own)


# --- Found -----------------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, eq=False)
class Changed:
    """What is another by now than it was known to be at the end of a day.

    `figures`: of agencies, columns as in `kpi.indicators.changed`, and `by`, what has come of the agency's agreements since
    (numbers of batches and causes, as texts). `causes`: what has come since that may change figures, by whose agreement: columns as
    in `data_access.changed.read_touched`, and agency.
    """

    figures: pl.DataFrame
    causes: pl.DataFrame


@kept()
def since(view: View) -> Changed:
    """What changed since the end of the view's day."""
    found = store_of_changes.read_touched(data_edition.store(), view.as_of)
    if found.is_empty():
        return Changed(_NONE, _NONE)
    now = loaders.register()
    register = read_register(data_edition.store(), known_on=view.as_of, now=now)
    causes = changed.agencies_of(found, register, now)
    if causes.is_empty():
        return Changed(_NONE, causes)
    shown = [COMPOSITE, *shown_in("scorecard", loaders.records())]
    agencies = causes["agency"].unique()
    then = _cards(register, agencies, view, _rules_then(view.as_of))
    are = loaders.scorecards(view, by="agency").filter(pl.col("agency").is_in(agencies.implode()))
    by = causes.group_by("agency").agg(by=pl.coalesce(pl.col("batch_id").cast(pl.String), "cause").unique().sort())
    figures = changed.changed(then, are).filter(pl.col("kpi").is_in(shown)).join(by, on="agency", how="left")
    return Changed(figures, causes)


def _rules_then(day: dt.date) -> Rules:
    return read_rules(data_edition.store(), day, known_on=day)


def _cards(register: Register, agencies: pl.Series, view: View, rules: Rules) -> pl.DataFrame:
    """The scorecards of some agencies; of all the rest nothing is folded."""
    found = kpi_facts.build(History.of(changed.of_agencies(register, agencies)), view.as_of, rules)
    found = changed.with_records(found, register)
    cards = scorecard.compute(
        found if view.condition is None else found.where(view.condition), by=["agency"], rules=rules
    )
    return cards.filter(pl.col("agency").is_in(agencies.implode()))


# --- Shown -----------------------------------------------------------------------------------------------------------


def _show_figures(found: pl.DataFrame, causes: pl.DataFrame, person: Person, day: dt.date) -> None:
    st.caption(w.t("changed.lead", date=w.date(day)))
    show_table(found, "changed_figures")
    _show_causes(causes, person)
    _show_agreements(found, causes, person)


def show_table(found: pl.DataFrame, key: str) -> None:
    """Figures that differ, as in `kpi.indicators.changed`; with `by`, where the frame has it."""
    agency = Column("agency", "changed.agency", "code", of="agency", short=True, width=90)
    figure = Column("figure", "changed.figure", width=140)
    by = [Column("by_what", "changed.by", width=140)] if "by" in found.columns else []
    was = Column("was", "changed.was", "light", of="old_status", width=105)
    now = Column("is_now", "changed.is", "light", of="new_status", width=105)
    lights = Column("old_status", "changed.was_light", "light"), Column("new_status", "changed.is_light", "light")
    tables.show(
        found,
        [agency, figure, was, now, *by],
        key,
        file_name=w.t("changed.file"),
        alt=w.t("changed.file"),
        height=300 if found.height > 7 else None,
        file_columns=[agency, figure, was, now, *lights, *by],
        in_words=_written,
    )


def _written(found: pl.DataFrame) -> pl.DataFrame:
    rows = found.to_dicts()
    texts = {
        "figure": [w.t(f"kpi.{row['kpi']}.short") for row in rows],
        "was": [_figure(row["kpi"], row["old"]) for row in rows],
        "is_now": [_figure(row["kpi"], row["new"]) for row in rows],
        "by_what": [", ".join(map(_cause, row.get("by") or ())) for row in rows],
    }
    return found.with_columns(pl.Series(name, values, dtype=pl.String) for name, values in texts.items())


def _figure(kpi: str, value: float | None) -> str:
    if value is None:
        return w.t("common.not_available")
    unit = KPIS[kpi].unit
    if unit == "percent":
        return w.percent(value, changed.DIGITS)
    return w.days(value) if unit == "days" else w.number(value, changed.DIGITS if unit == "points" else 0)


def _cause(cause: str) -> str:
    return w.t("changed.batch", number=cause) if cause.isdecimal() else w.t(f"changed.cause_{cause}")


def _show_causes(causes: pl.DataFrame, person: Person) -> None:
    """The latest batches, each with its day and how many agreements it touched; a way to it for whoever may go there."""
    page = links.page_of_batches(person)
    counts = dict(causes.drop_nulls("batch_id").group_by("batch_id").agg(pl.col("agreement_id").n_unique()).iter_rows())
    batches = store_of_changes.read_batches(data_edition.store(), pl.Series(list(counts), dtype=pl.Int64))
    for row in batches.tail(_BATCHES_SHOWN).reverse().iter_rows(named=True):
        what = w.tn(
            "changed.batch_line",
            counts[row["id"]],
            number=row["id"],
            agency=w.plain(w.name("agency", row["agency"], short=True)),
            date=w.date(local_time(row["applied_at"]).date()),
        )
        if person.limited_to not in (None, row["agency"]):
            st.text(what)
        else:
            links.page_link(page, what, icon=":material/description:", batch=row["id"])
    if batches.height > _BATCHES_SHOWN:
        st.text(w.tn("changed.more_batches", batches.height - _BATCHES_SHOWN))


def _show_agreements(found: pl.DataFrame, causes: pl.DataFrame, person: Person) -> None:
    """Ways to agreements of these figures' agencies of which something has come, as many as fit a line or two."""
    registered = loaders.register().agreements
    if person.limited_to is not None:
        registered = registered.filter(pl.col("responsible_agency") == person.limited_to)
    touched = causes.join(found.select("agency").unique(), on="agency", how="semi").select(id="agreement_id").unique()
    refs = registered.join(touched, on="id", how="semi").sort("ref")["ref"]
    with st.container(horizontal=True, gap="small"):
        for ref in refs.head(_REFS_SHOWN):
            links.page_link("agreement", w.plain(ref), ref=ref)
        if len(refs) > _REFS_SHOWN:
            st.text(w.tn("changed.more_agreements", len(refs) - _REFS_SHOWN))
