"""The statistics that pages read: each worked out once per edition and view."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import Final

import polars as pl

from data_access import updates
from data_access.claimed import read_claims
from kpi.facts import Facts
from kpi.indicators.catalog import KPIS
from kpi.integrity import signs, unusual
from kpi.integrity.claims import claimed, first_recent_day
from kpi.studies import calibration, case_mix, claims, cohorts, forecast, pace, rank_sets, sensitivity, waiting
from kpi.studies import funnel as kpi_funnel
from kpi.studies import what_if as whatif
from kpi.studies.calibration import BackTest, Calibration
from kpi.studies.cohorts import Comparison
from kpi.studies.forecast import Forecast
from kpi.studies.funnel import Funnel
from kpi.studies.pace import Pace
from kpi.studies.what_if import Study
from pages.ui import data_edition, loaders
from pages.ui.kept import kept
from pages.ui.view import View

HORIZON_DAYS: Final = 365
"""How far ahead forecasts look, and how long a cohort is watched."""

BACK_TESTS: Final = 4
"""From how many earlier quarter ends forecasts are made again."""

STALL_DAYS: Final = 90
"""How far ahead stalling is foreseen: further on, forecasts of it tell agreements apart no better than chance."""

STALL_TESTS: Final = 4
STEPS: Final = 3
_LEAST_HISTORY: Final = dt.timedelta(days=365)


# --- Trust -----------------------------------------------------------------------------------------------------------


def back_test(view: View) -> BackTest:
    """How forecasts of starts made earlier would have fared; for the whole register, whatever the view selects."""
    first = loaders.extent().first
    days = calibration.earlier_days(view.as_of, horizon_days=HORIZON_DAYS, count=BACK_TESTS)
    judged = [day for day in days if first is not None and day - first >= _LEAST_HISTORY]
    return _back_test(calibration.STARTED, view, judged, HORIZON_DAYS)


def stall_test(view: View) -> BackTest:
    """How forecasts of stalling made earlier would have fared; for the whole register, whatever the view selects.

    From a year after the first report on, and no further ahead than is shown.
    """
    began = calibration.reporting_began(loaders.register())
    days = calibration.earlier_days(view.as_of, horizon_days=STALL_DAYS, count=STALL_TESTS)
    judged = [day for day in days if began is not None and day >= began + calibration.FIRST_YEAR]
    return _back_test(calibration.STALLED, view, judged, STALL_DAYS)


@dataclasses.dataclass(frozen=True)
class Proof:
    """Whether forecasts of one kind may be shown: how they have fared, and whether things still go at the pace they rest on."""

    is_proven: bool
    pace: Pace | None

    @property
    def has_changed(self) -> bool:
        """Whether the pace has changed, so that even what has proved right is not shown."""
        return self.pace is not None and self.pace.has_changed

    @property
    def is_shown(self) -> bool:
        """Whether forecasts are shown."""
        return self.is_proven and not self.has_changed


@kept(whole=True)
def starts_proof(view: View) -> Proof:
    """Whether forecasts of starts may be shown; for the whole register, whatever the view selects."""
    test = back_test(view)
    is_proven = test.limits_hold and test.calibration(calibration.STARTED).is_good
    return Proof(is_proven, pace.of_starts(_last_half_year(calibration.STARTED, view)))


@kept(whole=True)
def stalls_proof(view: View) -> Proof:
    """The same of forecasts of stalling."""
    fared = stall_test(view).calibration(calibration.STALLED)
    return Proof(fared.is_good, pace.of_stalls(_last_half_year(calibration.STALLED, view)) if fared.is_good else None)


def _last_half_year(kind: str, view: View) -> BackTest:
    """The last `pace.DAYS` as foreseen when they began; without cases where the register is too young."""
    first, day = loaders.extent(view.reader).first, view.as_of - dt.timedelta(days=pace.DAYS)
    is_old = first is not None and day - first >= _LEAST_HISTORY
    return _back_test(kind, view, [day] if is_old else [], pace.DAYS)


def _back_test(kind: str, view: View, days: list[dt.date], horizon_days: int) -> BackTest:
    ruled_from = loaders.ruled_from(view.as_of)
    tests = [_tested(kind, day, horizon_days, ruled_from) for day in days]
    return calibration.together(tests, horizon_days=horizon_days)


@kept(rows=True)
def _tested(kind: str, day: dt.date, horizon_days: int, ruled_from: dt.date) -> BackTest:
    """The forecasts of one day, by themselves: many days are judged by those of the same quarter ends."""
    return calibration.back_test(
        loaders.register(),
        [day],
        horizon_days=horizon_days,
        rules=loaders.rules(ruled_from),
        history=loaders.history(),
        silences=_silences() if kind == calibration.STALLED else None,
        kinds=[kind],
    )


@kept(rows=True)
def _silences() -> pl.DataFrame:
    return forecast.silences(loaders.register())


@kept()
def place_ranges(view: View) -> pl.DataFrame:
    """How far places depend on the weights; columns as in `kpi.studies.sensitivity.ranges` by agency."""
    cards = loaders.scorecards(view, by="agency")
    return sensitivity.ranges(cards, group="agency", rules=loaders.rules(view.as_of))


# --- One agency ------------------------------------------------------------------------------------------------------


@kept()
def what_if(view: View, agency: str) -> Study:
    """What the agency could gain, agreement by agreement; only for those who may see them."""
    return whatif.study(
        loaders.register(),
        loaders.facts(view),
        agency=agency,
        rules=loaders.rules(view.as_of),
        steps=STEPS,
        cards=loaders.scorecards(view, by="agency"),
    )


@kept()
def lacking(view: View, agency: str, pending: str) -> pl.DataFrame:
    """What the agency's claims still lack; columns as in `kpi.studies.claims.lacking`. Only for those who may see its agreements;
    `pending` is `loaders.pending_mark`."""
    found = claims.lacking(
        loaders.register(),
        loaders.facts(view),
        loaders.pending_of(agency) if pending else (),
        agency=agency,
        rules=loaders.rules(view.as_of),
        cards=loaders.scorecards(view, by="agency"),
        condition=view.condition,
    )
    batches = updates.list_batches(data_edition.store(), agency).select("username", batch_id="id")
    return (
        found.join(batches, on="batch_id", how="left", maintain_order="left")
        .with_columns(pl.coalesce("sent_by", "username").alias("sent_by"))
        .drop("username")
    )


@dataclasses.dataclass(frozen=True, eq=False)
class Steps:
    """The things that would move an agency most, each on top of those before it: columns of `Study.together`, ref and titles."""

    score: float | None
    place: int | None
    rows: pl.DataFrame


def steps(view: View, agency: str) -> Steps:
    """The next things to do; only for those who may see the agency's agreements one by one."""
    found = what_if(view, agency)
    titles = loaders.facts(view).agreements.select("agreement_id", "ref", "title_vi", "title_en")
    return Steps(found.score, found.place, found.together.join(titles, on="agreement_id", maintain_order="left"))


@kept()
def outlook(view: View) -> Forecast:
    """What is foreseen for the agreements that have not started, a year after the as-of day."""
    return forecast.starts(loaders.facts(view), view.as_of + dt.timedelta(days=HORIZON_DAYS))


@dataclasses.dataclass(frozen=True, eq=False)
class Stalling:
    """The chance of being stalled on a day: `cases` as in `kpi.studies.forecast.stalls`, and how such forecasts have fared.

    `classes` is the calibration table of the forecasts made earlier.
    """

    on: dt.date
    cases: pl.DataFrame
    fared: Calibration
    classes: pl.DataFrame


@kept()
def stalling(view: View) -> Stalling | None:
    """The chance of being stalled a quarter after the as-of day; None unless such forecasts hold here and the pace is the same."""
    found = _stalling(view.published)
    if found is None:
        return None
    mine = loaders.facts(view).agreements.select("agreement_id")
    return dataclasses.replace(found, cases=found.cases.join(mine, on="agreement_id", how="semi"))


@kept(whole=True)
def _stalling(view: View) -> Stalling | None:
    on, test = view.as_of + dt.timedelta(days=STALL_DAYS), stall_test(view)
    fared = test.calibration(calibration.STALLED)
    if not fared.is_good:
        return None
    return Stalling(
        on=on,
        cases=forecast.stalls(_silences(), loaders.facts(view), on),
        fared=fared,
        classes=test.table(calibration.STALLED),
    )


@kept()
def adjusted(view: View, kpi: str) -> pl.DataFrame:
    """A share or median of each agency with its mix of agreements taken into account; as in `kpi.studies.case_mix.adjust`."""
    return case_mix.adjust(loaders.facts(view), kpi)


# --- Among agencies --------------------------------------------------------------------------------------------------


@kept()
def places_by_share(view: View, kpi: str) -> pl.DataFrame:
    """The places each agency may hold on one share: agency, n, numerator, value, low, high, best_place, worst_place.

    Only agencies with enough cases to be ranked; as in `kpi.studies.rank_sets.rank_sets`.
    """
    least = loaders.rules(view.as_of).rank_min_n
    cards = (
        loaders.scorecards(view, by="agency")
        .filter((pl.col("kpi") == kpi) & (pl.col("denominator") >= least))
        .select("agency", "n", "numerator", "value", "low", "high")
        .sort("agency")
    )
    good = cards["numerator"] if KPIS[kpi].direction == "higher" else cards["n"] - cards["numerator"]
    sets = rank_sets.rank_sets(good.to_list(), cards["n"].to_list())
    places = pl.DataFrame(sets, schema={"best_place": pl.Int64, "worst_place": pl.Int64}, orient="row")
    return pl.concat([cards, places], how="horizontal")


@kept()
def funnel(view: View, kpi: str) -> Funnel | None:
    """The funnel of the agencies that may be ranked on one share."""
    return kpi_funnel.funnel(places_by_share(view, kpi))


# --- From signing to implementation ----------------------------------------------------------------------------------


@kept()
def waits(view: View, by: str) -> pl.DataFrame:
    """The wait of every agreement with its group; columns as in `kpi.studies.waiting.cases`."""
    return waiting.cases(loaders.facts(view), by=by)


@kept()
def by_signing(view: View) -> pl.DataFrame:
    """Cohorts by year of signing at an equal horizon; columns as in `kpi.studies.cohorts.by_signing`."""
    return cohorts.by_signing(loaders.facts(view), horizon_days=HORIZON_DAYS)


@kept()
def comparison(view: View) -> Comparison | None:
    """The latest cohort that can be judged against the earliest; None where there are not two."""
    facts: Facts = loaders.facts(view)
    judged = cohorts.observed_cohorts(facts, horizon_days=HORIZON_DAYS)
    if len(judged) < 2:
        return None
    return cohorts.compare(facts, judged[0], judged[-1], horizon_days=HORIZON_DAYS)


# --- Signs in what was claimed ---------------------------------------------------------------------------------------


@kept(rows=True)
def claims_counted(day: dt.date) -> Mapping[str, pl.DataFrame]:
    """Sign -> the rows it counts (`kpi.integrity.signs.Sign.rows`), of all agencies: only for those who may see signs."""
    rules = loaders.rules(day)
    claims = read_claims(data_edition.store(), texts_from=first_recent_day(day, rules))
    return signs.counted(claimed(claims, day, periods=loaders.register().periods, rules=rules))


@kept()
def signs_judged(day: dt.date) -> pl.DataFrame:
    """How unusual each sign of each agency is; columns as in `kpi.integrity.unusual.judge`."""
    return unusual.judge(claims_counted(day), loaders.rules(day))
