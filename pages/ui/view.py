"""What is looked at, as of when."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import Final

import polars as pl

from kpi import readers
from kpi.vocabulary import Reading
from pages.ui.filter_declarations import FILTERS

PUBLISHED_BY: Final = ("scope", "agency_group")
"""The filters by which figures of all agencies are published: which league it is, not which part of an agency's work."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class View:
    """What a page shows: `chosen` has the codes of the filters that restrict it, written as in an address.

    `reader` is whom it is shown to: the key of an agency, or `readers.EVERYTHING` for somebody who may see all agreements.
    `reading` says which claims its figures are made of, `pending` which of those that the register does not have yet (the mark
    of `loaders.pending_mark`; empty: none). For an agency it selects among its own agreements; what is said of all
    agencies is `published`.
    """

    as_of: dt.date
    compare_with: dt.date
    chosen: Mapping[str, str] = dataclasses.field(default_factory=dict, hash=False)
    reader: str = readers.NOBODY
    reading: Reading = Reading.COUNTING
    pending: str = ""

    @property
    def published(self) -> View:
        """The same days as everybody reads them: every agency with all its agreements, whatever else is selected.

        For a reader who may see everything, the view itself.
        """
        if self.reader == readers.EVERYTHING:
            return self
        kept = {name: code for name, code in self.chosen.items() if name in PUBLISHED_BY}
        return dataclasses.replace(self, chosen=kept, reader=readers.EVERYTHING)

    @property
    def whole(self) -> View:
        """The same days for the same reader, without any restriction."""
        return dataclasses.replace(self, chosen={})

    def on(self, day: dt.date) -> View:
        """The same agreements on another day."""
        return dataclasses.replace(self, as_of=day)

    def where(self, **chosen: str | dt.date | None) -> View:
        """The same view with other filters, each a code or a day; None lifts one."""
        codes = sorted({**self.chosen, **chosen}.items())
        return dataclasses.replace(self, chosen={name: str(code) for name, code in codes if code is not None})

    @property
    def condition(self) -> pl.Expr | None:
        """Which rows of `Facts.agreements` are selected, and may be counted for the reader; None for all."""
        parts = [FILTERS[name].condition(code) for name, code in self.chosen.items()]
        may = readers.countable(self.reader)
        if may is not None:
            parts.append(may)
        return pl.all_horizontal(parts) if parts else None

    def day(self, name: str) -> dt.date | None:
        """The day a filter is set to."""
        code = self.chosen.get(name)
        return None if code is None else dt.date.fromisoformat(code)

    # --- The filters that some page knows by name; None: no restriction ---

    @property
    def scope(self) -> str | None:
        return self.chosen.get("scope")

    @property
    def agency_group(self) -> str | None:
        return self.chosen.get("agency_group")

    @property
    def sector(self) -> str | None:
        return self.chosen.get("sector")

    @property
    def partner_group(self) -> str | None:
        return self.chosen.get("partner_group")

    @property
    def signed_from(self) -> dt.date | None:
        return self.day("signed_from")

    @property
    def signed_to(self) -> dt.date | None:
        return self.day("signed_to")
