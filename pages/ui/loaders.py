"""Everything pages read, and the only caches there are.

Each cache is keyed by the store and its data version, by what was asked for and, where rows of single agreements are
concerned, by what the person may see. Frames are shared between people and must be treated as read-only. A page sees one
version from top to bottom: the frame takes note of it with `begin_run` before anything is drawn.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, Concatenate, ParamSpec, TypeVar

import polars as pl
import streamlit as st

import words
from data_access.accounts import Person
from data_access.register import (
    AgreementDossier,
    read_agreement,
    read_data_version,
    read_explanations,
    read_names,
    read_register,
    read_rules,
)
from data_access.store import Store, get_engine
from kpi import facts as kpi_facts
from kpi import readers
from kpi.facts import Facts, signs
from kpi.indicators import league_table as kpi_league_table
from kpi.indicators import scorecard
from kpi.register import Register
from kpi.reporting import coverage
from kpi.rules import Rules
from kpi.studies import rank_sets
from pages.ui.streamlit_internals import is_running
from pages.ui.view import View

TREND_QUARTERS = 8
_EDITION = "edition"
_Key = tuple[str, int, str]
_Given = ParamSpec("_Given")
_Found = TypeVar("_Found")


@dataclasses.dataclass(frozen=True)
class Edition:
    """Which register is shown, in which version. Version 0 means that nothing has been loaded yet."""

    store: str
    version: int = 0
    changed_at: str = ""
    register_code: str = ""
    name_vi: str = ""
    name_en: str = ""
    data_date: dt.date | None = None
    is_demo: bool = False
    source: str = ""
    licence: str = ""
    attribution: str = ""
    caveat_vi: str = ""
    caveat_en: str = ""

    @property
    def key(self) -> _Key:
        """What makes two editions the same for a cache."""
        return (self.store, self.version, self.changed_at)


@dataclasses.dataclass(frozen=True)
class Extent:
    """What there is to choose from: first and last day of the data, and the codes that occur in the register."""

    first: dt.date | None
    last: dt.date | None
    scopes: frozenset[str]
    sectors: frozenset[str]
    partners: frozenset[str]
    tiers: frozenset[str]
    regions: frozenset[str]


# --- The store and its version ---------------------------------------------------------------------------------------


def store() -> Store:
    """The store this process works on."""
    return get_engine()


def data_version() -> Edition:
    """The edition the store holds at this moment."""
    engine = store()
    name = engine.url.render_as_string(hide_password=True)
    row = read_data_version(engine)
    if row is None:
        return Edition(store=name)
    return Edition(
        store=name,
        version=row.version,
        changed_at=row.changed_at.isoformat(),
        register_code=row.register_code,
        name_vi=row.name_vi,
        name_en=row.name_en,
        data_date=row.data_date,
        is_demo=row.is_demo,
        source=row.source,
        licence=row.licence,
        attribution=row.attribution,
        caveat_vi=row.caveat_vi,
        caveat_en=row.caveat_en,
    )


def begin_run() -> Edition:
    """Look up the store's version and show that one for the rest of this run."""
    found = data_version()
    if is_running():
        st.session_state[_EDITION] = found
    return found


def edition() -> Edition:
    """The edition this run shows; outside the frame, the one the store holds now."""
    if is_running() and _EDITION in st.session_state:
        noted: Edition = st.session_state[_EDITION]
        return noted
    return data_version()


# --- The register and what surrounds it ------------------------------------------------------------------------------


def names(language: str) -> Mapping[tuple[str, bool], Mapping[str, str]]:
    """(kind, short) -> code -> name, for agency, partner, sector, doc_type and exchange."""
    return _names(edition().key, language)


@functools.lru_cache(maxsize=8)  # asked for a hundred times per page, and Streamlit's cache takes 0.3 ms to answer
def _names(key: _Key, language: str) -> dict[tuple[str, bool], dict[str, str]]:
    frame = read_names(store())
    kinds = ("agency", "partner", "sector", "doc_type", "exchange")
    return {
        (kind, short): dict(
            frame.filter(pl.col("kind") == kind).select("code", f"{'abbr' if short else 'name'}_{language}").iter_rows()
        )
        for kind in kinds
        for short in (False, True)
    }


words.named_by(names)


def register() -> Register:
    """The whole register, as frames."""
    return _register(edition().key, store())


@st.cache_resource(max_entries=2, show_spinner=False)
def _register(key: _Key, _engine: Store) -> Register:
    return read_register(_engine)


def rules(as_of: dt.date) -> Rules:
    """Thresholds, weights and goalposts in force on a day."""
    return _rules(edition().key, as_of, store())


@st.cache_resource(max_entries=64, show_spinner=False)
def _rules(key: _Key, as_of: dt.date, _engine: Store) -> Rules:
    return read_rules(_engine, as_of)


def explanations(agency: str, as_of: dt.date) -> pl.DataFrame:
    """What an agency has said about its own figures until a day, latest first; columns as in `read_explanations`."""
    said = _explanations(edition().key, store())
    return said.filter((pl.col("agency") == agency) & (pl.col("given_on") <= as_of))


@st.cache_resource(max_entries=2, show_spinner=False)
def _explanations(key: _Key, _engine: Store) -> pl.DataFrame:
    return read_explanations(_engine)


def reader(person: Person) -> str:
    """For whom figures are made (`View.reader`): somebody who may see everything, or an agency.

    Agencies without an agreement in security and defence are one reader, so that they share what is kept.
    """
    own = person.limited_to
    if own is None:
        return readers.EVERYTHING
    return own if own in _holders(edition().key, store()) else readers.NOBODY


@st.cache_resource(max_entries=2, show_spinner=False)
def _holders(key: _Key, _engine: Store) -> frozenset[str]:
    return readers.holders(_register(key, _engine))


def countable_register(view: View) -> Register:
    """The register without the agreements that may not be counted for the view's reader: for figures made from events."""
    return readers.register_for(register(), view.reader)


def extent(reader: str = readers.NOBODY) -> Extent:
    """What the register offers a reader for choice; the last day is the register's data date."""
    shown = edition()
    return _extent(shown.key, shown.data_date, reader, store())


@st.cache_resource(max_entries=128, show_spinner=False)
def _extent(key: _Key, data_date: dt.date | None, reader: str, _engine: Store) -> Extent:
    whole = readers.register_for(_register(key, _engine), reader)
    known = whole.status_events.join(whole.agreements.select(agreement_id="id"), on="agreement_id", how="semi")
    first, latest = known["effective_on"].min(), known["effective_on"].max()
    assert first is None or isinstance(first, dt.date)
    assert latest is None or isinstance(latest, dt.date)
    last = data_date or latest
    if last is None:
        return Extent(None, None, frozenset(), frozenset(), frozenset(), frozenset(), frozenset())
    found = _facts(key, last, _engine).agreements
    may = readers.countable(reader)
    found = found if may is None else found.filter(may)

    def codes(column: str) -> frozenset[str]:
        return frozenset(found[column].unique().drop_nulls().to_list())

    return Extent(
        first=min(first or last, last),
        last=last,
        scopes=codes("scope"),
        sectors=codes("sector"),
        partners=codes("partner"),
        tiers=codes("partner_tier"),
        regions=codes("partner_region"),
    )


# --- Facts and figures -----------------------------------------------------------------------------------------------


def facts(view: View, as_of: dt.date | None = None) -> Facts:
    """The facts a view counts, for figures that are sums over many agreements: those its reader may see sums of."""
    return _narrowed(edition().key, as_of or view.as_of, view.key, view.condition, store())


def visible_facts(view: View, person: Person, as_of: dt.date | None = None) -> Facts:
    """The facts of a view about the agreements this person may see one by one: for lists, searches and downloads.

    An agency sees its own; what others do it sees in sums only.
    """
    found = facts(view, as_of)
    own = person.limited_to
    if own is None:
        return found
    return found.where(pl.col("agency") == own)


def details(view: View, person: Person, as_of: dt.date | None = None) -> pl.DataFrame:
    """The agreements of a view this person may see one by one: rows of `Facts.agreements`."""
    return visible_facts(view, person, as_of).agreements


def scorecards(view: View, *, by: Sequence[str] = (), as_of: dt.date | None = None) -> pl.DataFrame:
    """Every KPI of every group in a view; columns as in `kpi.indicators.scorecard.compute`."""
    return _scorecards(edition().key, as_of or view.as_of, view.key, tuple(by), view.condition, store())


def composite_intervals(view: View, *, by: str) -> pl.DataFrame:
    """How sure each group's composite and place are; columns as in `kpi.studies.rank_sets.composite_intervals`."""
    return _intervals(edition().key, view.as_of, view.key, by, view.condition, store())


def league_table(view: View, *, by: str) -> pl.DataFrame:
    """The ranking of the groups in a view, against the date compared with; columns as in `kpi.indicators.league_table.compute`."""
    return _league_table(edition().key, view.as_of, view.compare_with, view.key, by, view.condition, store())


def counts(view: View, *, as_of: dt.date | None = None) -> Mapping[str, int]:
    """How many agreements of a view show each sign of `kpi.facts.signs`."""
    return _counts(edition().key, as_of or view.as_of, view.key, view.condition, store())


def reported(view: View) -> coverage.Reported | None:
    """How many of the agencies in a view have reported; None where there was nothing to report."""
    return _reported(edition().key, view.as_of, view.key, view.condition, store())


def trend(view: View, *, by: Sequence[str] = (), quarters: int = TREND_QUARTERS) -> pl.DataFrame:
    """The scorecards of the last quarter ends and of the as-of date itself: column `as_of`, then those of `scorecards`."""
    parts = [
        scorecards(view, by=by, as_of=day).with_columns(as_of=pl.lit(day)) for day in trend_dates(view.as_of, quarters)
    ]
    return pl.concat(parts).select("as_of", pl.exclude("as_of"))


def trend_dates(as_of: dt.date, quarters: int = TREND_QUARTERS) -> list[dt.date]:
    """The last `quarters` - 1 quarter ends before a day, and that day, in order."""
    ends: list[dt.date] = []
    end = as_of
    while len(ends) < quarters - 1:
        end = dt.date(end.year, (end.month - 1) // 3 * 3 + 1, 1) - dt.timedelta(days=1)
        ends.append(end)
    return [*reversed(ends), as_of]


@st.cache_resource(max_entries=4, show_spinner=False)
def _facts(key: _Key, as_of: dt.date, _engine: Store) -> Facts:
    return kpi_facts.build(_register(key, _engine), as_of, _rules(key, as_of, _engine))


@st.cache_resource(max_entries=12, show_spinner=False)
def _narrowed(
    key: _Key, as_of: dt.date, view_key: tuple[str, ...], _condition: pl.Expr | None, _engine: Store
) -> Facts:
    found = _facts(key, as_of, _engine)
    return found if _condition is None else found.where(_condition)


@st.cache_resource(max_entries=256, show_spinner=False)
def _scorecards(
    key: _Key,
    as_of: dt.date,
    view_key: tuple[str, ...],
    by: tuple[str, ...],
    _condition: pl.Expr | None,
    _engine: Store,
) -> pl.DataFrame:
    found = _narrowed(key, as_of, view_key, _condition, _engine)
    return scorecard.compute(found, by=by, rules=_rules(key, as_of, _engine))


@st.cache_resource(max_entries=32, show_spinner=False)
def _intervals(
    key: _Key, as_of: dt.date, view_key: tuple[str, ...], by: str, _condition: pl.Expr | None, _engine: Store
) -> pl.DataFrame:
    found = _narrowed(key, as_of, view_key, _condition, _engine)
    return rank_sets.composite_intervals(found, by=by, rules=_rules(key, as_of, _engine))


@st.cache_resource(max_entries=32, show_spinner=False)
def _league_table(
    key: _Key,
    as_of: dt.date,
    compare_with: dt.date,
    view_key: tuple[str, ...],
    by: str,
    _condition: pl.Expr | None,
    _engine: Store,
) -> pl.DataFrame:
    return kpi_league_table.compute(
        _scorecards(key, as_of, view_key, (by,), _condition, _engine),
        before=_scorecards(key, compare_with, view_key, (by,), _condition, _engine),
        intervals=_intervals(key, as_of, view_key, by, _condition, _engine),
        group=by,
        rules=_rules(key, as_of, _engine),
    )


@st.cache_resource(max_entries=256, show_spinner=False)
def _counts(
    key: _Key, as_of: dt.date, view_key: tuple[str, ...], _condition: pl.Expr | None, _engine: Store
) -> dict[str, int]:
    return signs.count(_narrowed(key, as_of, view_key, _condition, _engine))


@st.cache_resource(max_entries=32, show_spinner=False)
def _reported(
    key: _Key, as_of: dt.date, view_key: tuple[str, ...], _condition: pl.Expr | None, _engine: Store
) -> coverage.Reported | None:
    return coverage.reported(_narrowed(key, as_of, view_key, _condition, _engine))


def kept(
    make: Callable[Concatenate[View, _Given], _Found], view: View, *given: _Given.args, **named: _Given.kwargs
) -> _Found:
    """What `make(view, ...)` finds, worked out once per edition, view and arguments, which must be hashable.

    For figures that take long. `make` is a function of a module: its name is part of the key.
    """
    name = f"{make.__module__}.{make.__qualname__}"
    asked: tuple[Hashable, ...] = (view.as_of, view.compare_with, view.key, *given, *sorted(named.items()))
    found: _Found = _kept(edition().key, name, asked, lambda: make(view, *given, **named))
    return found


@st.cache_resource(max_entries=256, show_spinner=False)
def _kept(key: _Key, name: str, asked: tuple[Hashable, ...], _work: Callable[[], Any]) -> Any:
    return _work()


# --- Single agreements -----------------------------------------------------------------------------------------------


def agreement(agreement_id: int, person: Person) -> AgreementDossier | None:
    """Everything known about one agreement; None where there is none, or none this person may see."""
    own = person.limited_to
    return None if own == "" else _agreement(edition().key, agreement_id, own, store())


@st.cache_resource(max_entries=64, show_spinner=False)
def _agreement(key: _Key, agreement_id: int, agency: str | None, _engine: Store) -> AgreementDossier | None:
    return read_agreement(_engine, agreement_id, agency=agency)


def search(text: str) -> pl.DataFrame:
    """The ids (column agreement_id) of agreements whose reference number or title holds every word of `text`, diacritics aside.

    For narrowing a frame a person may see: by itself it knows no limits. Empty text finds nothing.
    """
    index = _search_index(edition().key, store())
    sought = words.fold(text).split()
    if not sought:
        return index.clear().select("agreement_id")
    found = index.filter(pl.all_horizontal(pl.col("folded").str.contains(word, literal=True) for word in sought))
    return found.select("agreement_id")


@st.cache_resource(max_entries=2, show_spinner=False)
def _search_index(key: _Key, _engine: Store) -> pl.DataFrame:
    return _register(key, _engine).agreements.select(
        agreement_id="id",
        folded=words.fold_expr(pl.concat_str("ref", "title_vi", "title_en", separator=" ", ignore_nulls=True)),
    )
