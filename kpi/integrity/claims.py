"""What was claimed, in one frame: states, targets and reports with the day they are about, the day they came and what they say."""

from __future__ import annotations

import dataclasses
import datetime as dt
from enum import StrEnum

import dataframely as dy
import polars as pl

from kpi.frames import coded
from kpi.register import Periods
from kpi.rules import Rules
from kpi.vocabulary import PROVINCE_KINDS, AgencyGroup, AgencyKind, State


class Record(StrEnum):
    """What a claim is recorded as."""

    STATE = "state"
    TARGET = "target"
    REPORT = "report"


class Claims(dy.Schema):
    """One row for each claim that holds of an agreement somebody is responsible for; what its record lacks is null."""

    record = coded(Record)
    record_id = dy.Int64()
    agreement_id = dy.Int64()
    agency = dy.String()
    agency_kind = coded(AgencyKind)
    about_on = dy.Date()
    received_on = dy.Date()
    batch_id = dy.Int64(nullable=True)
    text = dy.String()
    state = coded(State, nullable=True)
    target_on = dy.Date(nullable=True)
    progress_pct = dy.Float64(nullable=True)
    shows_progress = dy.Bool(nullable=True)


@dataclasses.dataclass(frozen=True, eq=False)
class Claimed:
    """What signs look at: the claims received by `as_of` (columns of `Claims`, with `group`: the agencies an agency is compared
    with, and `is_recent`: received within `Rules.recent_days` of it) and the reporting calendar."""

    claims: pl.DataFrame
    periods: pl.DataFrame
    as_of: dt.date
    rules: Rules

    @property
    def keeps_receipts(self) -> bool:
        """Whether the register knows when claims came: some came on another day than the one they are about."""
        claims = self.claims
        return (
            bool((claims["received_on"] != claims["about_on"]).any()) or claims["batch_id"].null_count() < claims.height
        )

    def recent(self, record: Record) -> pl.DataFrame:
        """The recent claims of a kind."""
        return self.claims.filter(pl.col("is_recent"), pl.col("record") == record)


def first_recent_day(as_of: dt.date, rules: Rules) -> dt.date:
    """The first day whose claims are recent: a year back, if the rules do not say otherwise."""
    return as_of - dt.timedelta(days=rules.recent_days)


def claimed(
    claims: pl.DataFrame, as_of: dt.date, *, periods: pl.DataFrame | None = None, rules: Rules | None = None
) -> Claimed:
    """The claims (`Claims`) received by a day, and what is told of them."""
    rules = rules or Rules()
    group = (
        pl.when(pl.col("agency_kind").is_in(PROVINCE_KINDS))
        .then(pl.lit(str(AgencyGroup.PROVINCE)))
        .otherwise(pl.lit(str(AgencyGroup.MINISTRY)))
    )
    known = claims.filter(pl.col("received_on") <= as_of).with_columns(
        group=group, is_recent=pl.col("received_on") > first_recent_day(as_of, rules)
    )
    return Claimed(known, Periods.create_empty() if periods is None else periods, as_of, rules)
