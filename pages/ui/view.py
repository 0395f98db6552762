"""What is looked at, as of when."""

from __future__ import annotations

import dataclasses
import datetime as dt

import polars as pl

from kpi import readers

PARTNER_COLUMNS = {"tier": "partner_tier", "region": "partner_region", "partner": "partner"}
"""The column of the facts that each kind of partner group is about."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class View:
    """What a page shows. None means no restriction; `partner_group` is `tier:`, `region:` or `partner:` with a code.

    `reader` is whom it is shown to: the key of an agency, or `readers.EVERYTHING` for somebody who may see all agreements.
    Figures for anybody else leave out what `kpi.readers` keeps from them; where nobody is named, all of it.
    """

    as_of: dt.date
    compare_with: dt.date
    scope: str | None = None
    agency_group: str | None = None
    sector: str | None = None
    partner_group: str | None = None
    signed_from: dt.date | None = None
    signed_to: dt.date | None = None
    reader: str = readers.NOBODY

    @property
    def whole(self) -> View:
        """The same days for the same reader, without any restriction."""
        return View(as_of=self.as_of, compare_with=self.compare_with, reader=self.reader)

    def on(self, day: dt.date) -> View:
        """The same agreements on another day."""
        return dataclasses.replace(self, as_of=day)

    def where(self, **chosen: str | dt.date | None) -> View:
        """The same view with other filters; None lifts one."""
        return dataclasses.replace(self, **chosen)  # type: ignore[arg-type]

    @property
    def condition(self) -> pl.Expr | None:
        """Which rows of `Facts.agreements` are selected, and may be counted for the reader; None for all."""
        parts = [
            pl.col(column) == value
            for column, value in (
                ("scope", self.scope),
                ("agency_group", self.agency_group),
                ("sector", self.sector),
            )
            if value is not None
        ]
        if self.partner_group is not None:
            kind, _, code = self.partner_group.partition(":")
            parts.append(pl.col(PARTNER_COLUMNS[kind]) == code)
        if self.signed_from is not None:
            parts.append(pl.col("signed_on") >= self.signed_from)
        if self.signed_to is not None:
            parts.append(pl.col("signed_on") <= self.signed_to)
        may = readers.countable(self.reader)
        if may is not None:
            parts.append(may)
        return pl.all_horizontal(parts) if parts else None
