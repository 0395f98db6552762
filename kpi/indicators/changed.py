"""Which figures of a day are others by now than they were known to be: value by value, as they are read."""

from __future__ import annotations

import dataclasses
from typing import Final

import polars as pl

from kpi import facts as folding
from kpi.facts import Facts
from kpi.register import Register, owners_of

DIGITS: Final = 1
"""Figures are read to one decimal at most: less than that is no change."""


def changed(then: pl.DataFrame, now: pl.DataFrame) -> pl.DataFrame:
    """The cards of agencies whose value or light differ: agency, kpi, old, new, old_status, new_status, by agency and KPI.

    `then` and `now` are scorecards by agency of one day, as in `scorecard.compute`. Where there was no card, or is none any more,
    the value is null and the light `not_available`.
    """
    keys = ["agency", "kpi"]
    before, after = (
        cards.select(*keys, pl.col("value").round(DIGITS).alias(side), pl.col("status").alias(f"{side}_status"))
        for side, cards in (("old", then), ("new", now))
    )
    both = before.join(after, on=keys, how="full", coalesce=True).with_columns(
        pl.col("old_status", "new_status").fill_null("not_available")
    )
    differs = pl.col("old").ne_missing(pl.col("new")) | (pl.col("old_status") != pl.col("new_status"))
    return both.filter(differs).select(*keys, "old", "new", "old_status", "new_status").sort(keys)


def agencies_of(touched: pl.DataFrame, *registers: Register) -> pl.DataFrame:
    """Whose the touched agreements are or were: the rows of `touched` (agreement_id, ...) with `agency`, once each.

    The registers are those of then and of now.
    """
    owners = pl.concat(map(owners_of, registers))
    return touched.join(owners.unique(), on="agreement_id", how="inner").unique(maintain_order=True)


def of_agencies(register: Register, agencies: pl.Series) -> Register:
    """The register with the agreements that are or were those of some agencies, as `Facts` names them: nothing else is folded."""
    theirs = owners_of(register).filter(pl.col("agency").is_in(agencies.implode()))
    agreements = register.agreements.join(theirs, left_on="id", right_on="agreement_id", how="semi")
    return dataclasses.replace(register, agreements=agreements)


def with_records(facts: Facts, register: Register) -> Facts:
    """The facts of a part of a register, with the records that the whole of it keeps."""
    return dataclasses.replace(facts, records=folding.records_kept(register))
