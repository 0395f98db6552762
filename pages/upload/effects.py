"""What an upload does to its agency: the scorecard and the place it has, and those it would have."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import Any

import polars as pl
import streamlit as st

import words as w
from kpi.indicators.catalog import COMPOSITE, KPIS, shown_in
from kpi.update import Preview, consequences
from pages.ui import cards, filters, loaders
from pages.ui.view import View

Card = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Standing:
    """Where the agency stands: its scorecard by KPI, its place among those ranked with it (None: not ranked), how many."""

    cards: dict[str, Card]
    place: int | None
    ranked: int


@dataclasses.dataclass(frozen=True)
class Effects:
    """Where the agency stands without and with the upload on the day from which all of it counts (`view.as_of`); `data_date` is
    the day up to which everybody sees the register."""

    view: View
    data_date: dt.date | None
    before: Standing
    after: Standing

    @property
    def counts_later(self) -> dt.date | None:
        """The day from which it counts, where that is not yet seen."""
        return None if self.data_date is None or self.view.as_of <= self.data_date else self.view.as_of


# --- Computed --------------------------------------------------------------------------------------------------------


def compute(preview: Preview) -> Effects | None:
    """The scorecards without and with the upload on the day from which all of it counts; None without any day.

    The places are among the others as they are published: on a later day, which a file may name, theirs are nobody's to read.
    """
    if preview.counts_on is None:
        return None
    chosen, group = filters.current(), _group_of(preview.agency)
    view = chosen.whole.on(preview.counts_on).where(scope=chosen.scope, agency_group=group).published
    register = loaders.register()
    others = loaders.scorecards(view.on(preview.data_date or view.as_of), by="agency")
    there = loaders.scorecards(view, by="agency").filter(pl.col("agency") == preview.agency)
    own = consequences.cards_after(
        register, preview, as_of=view.as_of, rules=loaders.rules(view.as_of), condition=view.condition
    )
    return Effects(
        view=view,
        data_date=preview.data_date,
        before=_standing(consequences.with_own(others, there, agency=preview.agency), preview.agency),
        after=_standing(consequences.with_own(others, own, agency=preview.agency), preview.agency),
    )


def _group_of(agency: str) -> str | None:
    """The kind of agency it is ranked with; None for one without any agreement yet."""
    whole = loaders.facts(filters.current().whole.published)
    found = whole.agreements.filter(pl.col("agency") == agency)["agency_group"]
    return None if found.is_empty() else str(found[0])


def _standing(cards: pl.DataFrame, agency: str) -> Standing:
    place, ranked = consequences.rank_of(cards, agency=agency)
    own = cards.filter(pl.col("agency") == agency)
    return Standing({row["kpi"]: row for row in own.iter_rows(named=True)}, place, ranked)


# --- Shown -----------------------------------------------------------------------------------------------------------


def show(effects: Effects | None, *, note: str | None = None) -> None:
    """The agency's composite, place and indicators before and after; indicators that stay are not shown. `note` is the key of
    what has to be said about them."""
    if effects is None:
        return
    before, after = effects.before, effects.after
    st.header(w.t("upload.effects"), anchor=False)
    changed = [code for code in shown_in("scorecard") if _differs(before.cards.get(code), after.cards.get(code))]
    scope = w.name("scope", effects.view.scope or "ALL")
    said = w.t("upload.effects_scope" if changed else "upload.effects_none", scope=scope)
    st.caption(said if note is None else f"{said} {w.t(note)}")
    if later := counts_later(effects):
        st.text(later)
    grid = st.grid("auto", min_column_width=210)
    with grid.cell():
        _metric(w.t(f"kpi.{COMPOSITE}.name"), COMPOSITE, before, after)
    with grid.cell():
        cards.metric(
            w.t("upload.place"),
            _place(after),
            change=_climb(before, after),
            better="higher",
            note=w.t("upload.was", value=_place(before)),
        )
    for code in changed:
        with grid.cell():
            _metric(w.t(f"kpi.{code}.short"), code, before, after)


def scores(effects: Effects | None) -> tuple[str, str] | None:
    """The composite before and after, in words; None where there is nothing to compare."""
    return None if effects is None else (_score(effects.before), _score(effects.after))


def counts_later(effects: Effects | None) -> str | None:
    """That the upload counts from a day up to which the register is not published yet; None where all of it counts at once."""
    if effects is None or effects.counts_later is None or effects.data_date is None:
        return None
    return w.t("upload.counts_later", day=w.date(effects.counts_later), data_date=w.date(effects.data_date))


def _metric(label: str, code: str, before: Standing, after: Standing) -> None:
    old, new = before.cards.get(code), after.cards.get(code)
    kpi = KPIS[code]
    better: cards.Better = {"higher": "higher", "lower": "lower"}.get(kpi.direction, "neutral")  # type: ignore[assignment]
    change = None
    if old is not None and new is not None:
        change = cards.change(new["value"], old["value"], digits=_digits(code), unit=cards.unit_of_change(code))
    cards.metric(
        label,
        _value(code, new),
        change=change or (w.t("upload.changed") if _differs(old, new) else None),
        better=better if change not in (None, "0") else "neutral",
        note=w.t("upload.was", value=_value(code, old)),
    )


def _digits(code: str) -> int:
    """One decimal where there can be one: a single agreement moves a share by less than a point."""
    return 1 if KPIS[code].unit in ("percent", "points") else 0


def _value(code: str, card: Mapping[str, Any] | None) -> str:
    if card is None:
        return w.t("common.not_available")
    if KPIS[code].unit == "percent":
        return w.percent(card["value"], _digits(code))
    return w.number(card["value"], 1) if KPIS[code].unit == "points" else cards.value_text(code, card)


def _differs(old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> bool:
    parts = ("value", "status")
    return [old and old[part] for part in parts] != [new and new[part] for part in parts]


def _place(standing: Standing) -> str:
    if standing.place is None:
        return w.t("upload.not_ranked")
    return w.t("upload.place_of", place=w.number(standing.place), all=w.number(standing.ranked))


def _climb(before: Standing, after: Standing) -> str:
    """How many places are gained (the smaller number is the better place)."""
    if before.place is None or after.place is None:
        return w.t("upload.changed") if before.place != after.place else "0"
    return cards.change(before.place, after.place) or "0"


def _score(standing: Standing) -> str:
    return _value(COMPOSITE, standing.cards.get(COMPOSITE))
