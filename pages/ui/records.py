"""What records and reports lack, as pages read it: worked out once per edition, view and reader.

Sums cover every agency of a view; lists of single agreements only those that a person may see who is limited to `own`
agency (`Person.limited_to`).
"""

from __future__ import annotations

from typing import Final

import polars as pl

from data_access import coordination, lists, unresolved_names
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
def findings(view: View, own: str | None, defect: str) -> pl.DataFrame:
    """What is wrong with each agreement; columns as in `kpi.reporting.quality.findings`."""
    return _of(own, quality.findings(loaders.facts(view), defect, names_as_given()))


@kept()
def names_as_given() -> pl.DataFrame:
    """Agencies' names that could not be resolved; columns of `unresolved_names.read_names_as_given`."""
    return unresolved_names.read_names_as_given(data_edition.store())


@kept()
def assigned_names() -> pl.DataFrame:
    """Agencies' names that a coordinator has assigned; columns of `unresolved_names.read_assigned_names`."""
    return unresolved_names.read_assigned_names(data_edition.store())


@kept()
def entries(of: str) -> pl.DataFrame:
    """A list as the coordinator keeps it; columns of `lists.read`."""
    return lists.read(data_edition.store(), of)


@kept()
def load_findings(view: View, own: str | None) -> pl.DataFrame:
    """What the loaded file did not say clearly about agreements; `coordination.read_load_findings` with ref and agency."""
    seen = _of(own, loaders.facts(view).agreements).select("agreement_id", "ref", "agency")
    return coordination.read_load_findings(data_edition.store()).join(seen, on="agreement_id", maintain_order="left")


@kept()
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
def owed(view: View, own: str | None, period: str) -> pl.DataFrame:
    """The reports owed for a period, agreement by agreement; columns as in `kpi.reporting.reports.owed`."""
    return _of(own, reports.owed(loaders.facts(view), period=period))


def _of(own: str | None, rows: pl.DataFrame) -> pl.DataFrame:
    return rows if own is None else rows.filter(pl.col("agency") == own)
