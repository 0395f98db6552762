"""Everything pages read. Where rows of single agreements are concerned, what is kept goes by what the person may see."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
from collections.abc import Mapping

import polars as pl

import words
from data_access import explanations as stored_explanations
from data_access import known, samples, updates
from data_access.accounts import Person
from data_access.packs import Pack, read_pack
from data_access.register import (
    AgreementDossier,
    names_by_kind,
    read_agreement,
    read_names,
    read_register,
    read_report_texts,
    read_rule_days,
    read_rules,
    says_who_is_responsible,
)
from data_access.store import snapshot
from kpi import facts as kpi_facts
from kpi import readers
from kpi.facts import Facts, History, signs
from kpi.facts.standing import out_of_date as out_of_date_in
from kpi.facts.standing import uncounted, with_standing
from kpi.indicators import beside, scorecard, seen
from kpi.indicators import league_table as kpi_league_table
from kpi.indicators.catalog import KPIS
from kpi.register import Register
from kpi.reporting import coverage
from kpi.rules import Rules
from kpi.studies import rank_sets
from kpi.update.pending import Pending, declared
from kpi.vocabulary import Reading, State
from pages.ui import data_edition
from pages.ui.filter_declarations import code_filters
from pages.ui.kept import kept
from pages.ui.view import View
from words import seeking


@dataclasses.dataclass(frozen=True)
class Extent:
    """What there is to choose from: first and last day of the data, and by column the codes that occur."""

    first: dt.date | None
    last: dt.date | None
    codes: Mapping[str, frozenset[str]]


# --- The register and what surrounds it ------------------------------------------------------------------------------


def names(language: str) -> Mapping[tuple[str, bool], Mapping[str, str]]:
    """(kind, short) -> code -> name, for `words.KINDS_IN_STORE`."""
    return _names(data_edition.shown().key, language)


@functools.lru_cache(maxsize=8)  # asked for a hundred times per page, and Streamlit's cache takes 0.3 ms to answer
def _names(edition: tuple[str, int, str], language: str) -> words.Names:
    return names_by_kind(read_names(data_edition.store()), language)


words.named_by(names)


def _own_words() -> words.OwnWords | None:
    """What the register shown says otherwise than the catalogs; nothing before a run knows which one it shows."""
    edition = data_edition.noted()
    return None if edition is None else pack(edition.key).own_words


@functools.lru_cache(maxsize=8)  # asked for with every word
def pack(edition: tuple[str, int, str]) -> Pack:
    """The country pack of the store's lists, for an edition."""
    return read_pack(data_edition.store())


words.worded_by(_own_words)


@kept(rows=True)
def register() -> Register:
    """The whole register, as frames."""
    return read_register(data_edition.store(), known_on=data_edition.shown().known_on)


@kept()
def first_receipt() -> dt.date | None:
    """The first day of which it can be asked what was known; None while nothing has been loaded."""
    with snapshot(data_edition.store()) as read:
        return known.read_first_receipt(read)


def rules(as_of: dt.date) -> Rules:
    """Thresholds, weights and goalposts in force on a day."""
    return _rules(ruled_from(as_of))


@kept()
def _rules(day: dt.date) -> Rules:
    return read_rules(data_edition.store(), day, known_on=data_edition.shown().known_on)


def ruled_from(as_of: dt.date) -> dt.date:
    """A day of the same rules, the same for all days on which they hold: what goes by it is worked out once for them all."""
    return max((day for day in _rule_days() if day <= as_of), default=dt.date.min)


@kept()
def _rule_days() -> tuple[dt.date, ...]:
    return tuple(read_rule_days(data_edition.store()))


@kept()
def _explanations() -> pl.DataFrame:
    return stored_explanations.read(data_edition.store(), known_on=data_edition.shown().known_on)


def explanations(agency: str | None, as_of: dt.date) -> pl.DataFrame:
    """What an agency (None: any) has said about its own figures until a day, or ever where that is the newest one, latest first;
    columns as in `data_access.explanations`."""
    newest = data_edition.shown().data_date
    is_newest = newest is not None and as_of >= newest  # what is said today is about the newest figures there are
    found = _explanations() if agency is None else _explanations().filter(pl.col("agency") == agency)
    return found if is_newest else found.filter(pl.col("given_on") <= as_of)


def reader(person: Person) -> str:
    """For whom figures are made (`View.reader`): somebody who may see everything, or an agency."""
    return readers.EVERYTHING if person.limited_to is None else person.limited_to


@kept()
def extent(reader: str = readers.EVERYTHING) -> Extent:
    """What the register offers a reader for choice; the last day is the register's data date."""
    whole = register()
    known = whole.status_events.join(whole.agreements.select(agreement_id="id"), on="agreement_id", how="semi")
    first, latest = known["effective_on"].min(), known["effective_on"].max()
    assert first is None or isinstance(first, dt.date)
    assert latest is None or isinstance(latest, dt.date)
    last = data_edition.shown().data_date or latest
    if last is None:
        return Extent(None, None, {})
    found = _whole_facts(last).agreements
    may = readers.countable(reader)
    found = found if may is None else found.filter(may)
    columns = [codes.column for declared in code_filters() for codes in declared.of]
    occurring = {column: frozenset(found[column].unique().drop_nulls().to_list()) for column in columns}
    return Extent(min(first or last, last), last, occurring)


# --- Facts and figures -----------------------------------------------------------------------------------------------


@kept(rows=True)
def history(reading: Reading = Reading.COUNTING, pending: str = "") -> History:
    """The register by time, of the claims of a reading: from it any day is looked up. `pending` as in `View`."""
    return History.of(_declared(pending) if pending else register(), reading)


def pending_mark() -> str:
    """A mark of what agencies say and the register does not have yet; empty where that is nothing, and of a day as it was known:
    what waited then is not kept apart."""
    shown = data_edition.shown()
    return "" if shown.known_on is not None else updates.read_pending_mark(data_edition.store())


def pending_of(agency: str) -> tuple[Pending, ...]:
    """What an agency says and the register does not have yet, as of this moment."""
    return updates.read_pending(data_edition.store(), agency)


@kept(rows=True)
def _declared(mark: str) -> Register:
    """The register with everything agencies say, of the moment of a mark (see `pending_mark`)."""
    return declared(register(), updates.read_pending(data_edition.store()))


@kept(rows=True)
def _whole_facts(as_of: dt.date, reading: Reading = Reading.COUNTING, pending: str = "") -> Facts:
    return kpi_facts.build(history(reading, pending), as_of, rules(as_of))


@kept(rows=True)
def facts(view: View) -> Facts:
    """The facts a view counts, for figures that are sums over many agreements."""
    mark = view.pending if view.reading == Reading.AS_DECLARED else ""
    found, condition = _whole_facts(view.as_of, view.reading, mark), view.condition
    return found if condition is None else found.where(condition)


@kept(rows=True)
def claimed_facts(view: View) -> Facts:
    """The facts, as declared, of those agreements of a view of which something is declared that does not count."""
    found = kpi_facts.build(_uncounted_history(), view.as_of, rules(view.as_of))
    return found if view.condition is None else found.where(view.condition)


@kept(rows=True)
def _uncounted_history() -> History:
    whole = register()
    agreements = whole.agreements.join(uncounted(whole), left_on="id", right_on="agreement_id", how="semi")
    return History.of(dataclasses.replace(whole, agreements=agreements), Reading.AS_DECLARED)


def visible_facts(view: View, person: Person) -> Facts:
    """The facts of a view about the agreements this person may see one by one: for lists, searches and downloads.

    An agency sees its own; what others do it sees in sums only.
    """
    return seen_facts(view, person.limited_to)


def seen_facts(view: View, own: str | None) -> Facts:
    """`visible_facts` of whoever may see the agreements of the agency `own` one by one, or of all (None)."""
    return facts(view) if own is None else _own_facts(view, own)


@kept(rows=True)
def _own_facts(view: View, own: str) -> Facts:
    return facts(view).where(pl.col("agency") == own)


def details(view: View, person: Person) -> pl.DataFrame:
    """The agreements of a view this person may see one by one: rows of `Facts.agreements`."""
    return visible_facts(view, person).agreements


@kept()
def scorecards(view: View, *, by: str | None = None) -> pl.DataFrame:
    """Every KPI of a view, or of every group in it; columns as in `kpi.indicators.scorecard.compute`."""
    if (
        by == "agency" and view.agency_group is not None
    ):  # an agency is of one kind, and its cards are made of its own alone
        of_all = scorecards(view.where(agency_group=None), by=by)
        return of_all.join(facts(view).agreements, on=by, how="semi", maintain_order="left")
    return scorecard.compute(facts(view), by=[] if by is None else [by], rules=rules(view.as_of))


@kept()
def beside_cards(view: View, *, by: str) -> pl.DataFrame:
    """What opened cards say beside their values, for every group in a view; columns as in `kpi.indicators.beside.compute`."""
    return beside.compute(facts(view), by=[by], rules=rules(view.as_of))


@kept()
def seen_shares(view: View, *, by: str | None = None) -> pl.DataFrame:
    """How much of each figure of a view others have seen, or for every group in it; columns as in `kpi.indicators.seen.compute`."""
    return seen.compute(facts(view), by=[] if by is None else [by], rules=rules(view.as_of))


@kept()
def composite_intervals(view: View, *, by: str) -> pl.DataFrame:
    """How sure each group's composite and place are; columns as in `kpi.studies.rank_sets.composite_intervals`."""
    return rank_sets.composite_intervals(facts(view), by=by, rules=rules(view.as_of), cards=scorecards(view, by=by))


@kept(compares=True)
def league_table(view: View, *, by: str) -> pl.DataFrame:
    """The ranking of the groups in a view, against the date compared with; columns as in `kpi.indicators.league_table.compute`."""
    return kpi_league_table.compute(
        scorecards(view, by=by),
        before=scorecards(view.on(view.compare_with), by=by),
        intervals=composite_intervals(view, by=by),
        group=by,
        rules=rules(view.as_of),
    )


def agreements_behind(view: View, own: str | None, kpi: str, part: scorecard.Part) -> pl.DataFrame:
    """The agreements a value is made of, of those that somebody limited to `own` may see: what a link under it opens."""
    return scorecard.agreements_behind(seen_facts(view, own), KPIS[kpi], part)


@kept()
def size(view: View) -> int:
    """How many agreements a view has, signed or not."""
    return facts(view).agreements.height


@kept()
def records() -> frozenset[str]:
    """Which records are kept in the register at all; as `Facts.records`."""
    return kpi_facts.records_kept(register())


def default_scope() -> str:
    """The scope that pages of the register show at first, where its pack says so; empty: the usual one."""
    return pack(data_edition.shown().key).default_scope


@kept()
def names_agencies() -> bool:
    """Whether the register names any agency that is known, or nothing yet: without one there is nobody to rank, and it is read by
    partner and sector. Asked of the store: the menu needs no more of the register."""
    return says_who_is_responsible(data_edition.store())


@kept()
def goes_on() -> bool:
    """Whether what has started is to be carried out further; what starts with its entry into force is not."""
    return register().starts_with == State.IN_PROGRESS


@kept()
def counts(view: View) -> Mapping[str, int]:
    """How many agreements of a view show each sign of `kpi.facts.signs`."""
    return signs.count(facts(view))


@kept()
def reported(view: View) -> coverage.Reported | None:
    """How many of the agencies in a view have sent all that was due; None where there was nothing to report."""
    return coverage.reported(facts(view))


# --- Single agreements -----------------------------------------------------------------------------------------------


def agreement(agreement_id: int, person: Person) -> AgreementDossier | None:
    """Everything known about one agreement; None where there is none, or none this person may see."""
    own = person.limited_to
    return None if own == "" else _dossier(agreement_id, own)


@kept()
def _dossier(agreement_id: int, agency: str | None) -> AgreementDossier | None:
    shown = data_edition.shown()
    return read_agreement(data_edition.store(), agreement_id, agency=agency, known_on=shown.known_on)


@kept()
def standings(agreement_id: int) -> pl.DataFrame:
    """What each status event of an agreement rests on: id, standing, seen_on, withheld_for; as in `with_standing`."""
    whole = register()
    mine = whole.status_events.filter(pl.col("agreement_id") == agreement_id)
    return with_standing(dataclasses.replace(whole, status_events=mine)).select(
        "id", "standing", "seen_on", "withheld_for"
    )


@kept(rows=True)
def withheld() -> pl.DataFrame:
    """The claims that do not count until somebody has seen them: event_id, agreement_id, agency, period, seen_on (the day somebody
    looked in vain, null where nobody has); as in `with_standing`."""
    whole = register()
    return (
        with_standing(whole)
        .filter(pl.col("withheld_for").is_not_null())
        .join(whole.agreements.select(agreement_id="id", agency="responsible_agency"), on="agreement_id")
        .select("agreement_id", "agency", "seen_on", event_id="id", period="withheld_for")
    )


@kept()
def claims_to_draw() -> pl.DataFrame:
    """How many claims each agency has in what samples are drawn from; as in `samples.read_strata`."""
    return samples.read_strata(data_edition.store())


@kept(rows=True)
def out_of_date() -> pl.DataFrame:
    """The claims that were confirmed and name another document since, by the numbers of their events: event_id."""
    return out_of_date_in(register()).rename({"id": "event_id"})


def report_texts(reports: pl.Series) -> pl.DataFrame:
    """What reports say, by their numbers; columns as in `read_report_texts`. A report never changes under its number."""
    return read_report_texts(data_edition.store(), reports)


def search(text: str) -> pl.DataFrame:
    """The agreements whose reference number or title answers what was typed (`words.seeking`): agreement_id, place (best first).

    For narrowing a frame a person may see: by itself it knows no limits. Empty text finds nothing.
    """
    return _answering(_search_index(), text)


@kept(rows=True)
def _search_index() -> pl.DataFrame:
    titles = pl.concat_str("ref", "title_vi", "title_en", separator=" ", ignore_nulls=True)
    return register().agreements.select(pl.col("id").alias("agreement_id"), *seeking.index(titles))


def search_names(text: str) -> pl.DataFrame:
    """The agencies and partners one of whose names answers what was typed: kind, code, place; the best first."""
    found = _answering(_names_index(), text).group_by("kind", "code").agg(pl.col("place").min())
    return found.sort("place", "kind", "code")


@kept()
def _names_index() -> pl.DataFrame:
    named = [
        {"kind": kind, "code": code, "name": name}
        for language in words.LANGUAGES_IN_STORE
        for (kind, _), by_code in names(language).items()
        if kind in ("agency", "partner")
        for code, name in by_code.items()
    ]
    frame = pl.DataFrame(named, schema={"kind": pl.String, "code": pl.String, "name": pl.String})
    return frame.drop_nulls("name").select("kind", "code", *seeking.index(pl.col("name")))


def _answering(index: pl.DataFrame, text: str) -> pl.DataFrame:
    """The rows of an index that answer, without what was looked into: those with every word; where there are none, those in which
    the last word begins, for whoever is still typing."""
    found = index.with_columns(place=seeking.read(text).place()).drop_nulls("place").drop(seeking.PLAIN, seeking.EXACT)
    whole = found.filter(pl.col("place") <= seeking.EVERY_WORD)
    return found if whole.is_empty() else whole
