"""What records and reports lack, as pages read it: worked out once per edition, view and reader.

Sums cover every agency of a view; lists of single agreements only those a person may see.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from data_access import coordination, unresolved_names
from data_access.accounts import Person
from kpi.reporting import calendar as reporting_calendar
from kpi.reporting import quality, reports
from kpi.reporting.calendar import Period
from pages.ui import data_edition, loaders
from pages.ui.kept import kept
from pages.ui.view import View

PERIODS: Final = 8
"""How many of the periods that have fallen due are looked back on."""


@kept()
def defects(view: View) -> pl.DataFrame:
    """Data quality by agency; columns as in `kpi.reporting.quality.by_agency`."""
    return quality.by_agency(loaders.facts(view))


@kept()
def findings(view: View, person: Person, defect: str) -> pl.DataFrame:
    """What is wrong with each agreement this person may see; columns as in `kpi.reporting.quality.findings`."""
    return quality.findings(loaders.visible_facts(view, person), defect, names_as_given())


@kept()
def names_as_given() -> pl.DataFrame:
    """Agencies' names that could not be resolved; columns of `unresolved_names.read_names_as_given`."""
    return unresolved_names.read_names_as_given(data_edition.store())


@kept()
def load_findings(view: View, person: Person) -> pl.DataFrame:
    """What the loaded file did not say clearly about agreements this person may see; `coordination.read_load_findings` with
    ref and agency."""
    seen = loaders.details(view, person).select("agreement_id", "ref", "agency")
    return coordination.read_load_findings(data_edition.store()).join(seen, on="agreement_id", maintain_order="left")


def calendar() -> list[Period]:
    """Every period of the reporting calendar, in order."""
    return reporting_calendar.calendar(loaders.register())


@kept()
def coverage(view: View) -> pl.DataFrame:
    """Reports by agency for the last periods that have fallen due; columns as in `kpi.reporting.reports.counts`."""
    return reports.counts(loaders.facts(view), last=PERIODS)


@kept()
def in_period(view: View, period: str) -> pl.DataFrame:
    """Reports by agency for one period, due or not; columns as in `kpi.reporting.reports.counts`."""
    return reports.counts(loaders.facts(view), period=period)


@kept()
def owed(view: View, person: Person, period: str) -> pl.DataFrame:
    """The reports owed for a period on agreements this person may see; columns as in `kpi.reporting.reports.owed`."""
    return reports.owed(loaders.visible_facts(view, person), period=period)
