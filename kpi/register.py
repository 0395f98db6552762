"""A register as frames: what `data_access` reads and `kpi` folds."""

from __future__ import annotations

import dataclasses

import polars as pl

Schema = dict[str, pl.DataType | type[pl.DataType]]

AGREEMENTS: Schema = {
    "id": pl.Int64,
    "ref": pl.String,
    "title_vi": pl.String,
    "title_en": pl.String,
    "doc_type": pl.String,
    "scope": pl.String,
    "sector": pl.String,
    "signing_agency": pl.String,
    "responsible_agency": pl.String,
    "exchange": pl.String,
    "priority": pl.Boolean,
    "flagship": pl.Boolean,
    "evidence_url": pl.String,
    "implementable": pl.Boolean,
    "tracked": pl.Boolean,
    "access_level": pl.String,
}
AGREEMENT_PARTNERS: Schema = {"agreement_id": pl.Int64, "partner": pl.String, "position": pl.Int64}
STATUS_EVENTS: Schema = {
    "id": pl.Int64,
    "agreement_id": pl.Int64,
    "state": pl.String,
    "effective_on": pl.Date,
    "date_known": pl.Boolean,
}
TARGETS: Schema = {"id": pl.Int64, "agreement_id": pl.Int64, "target_on": pl.Date, "effective_on": pl.Date}
PERIODS: Schema = {"code": pl.String, "starts_on": pl.Date, "ends_on": pl.Date, "due_on": pl.Date}
REPORTS: Schema = {
    "id": pl.Int64,
    "agreement_id": pl.Int64,
    "period": pl.String,
    "received_on": pl.Date,
    "presiding_agency": pl.String,
    "cooperation_partners": pl.String,
    "content": pl.String,
    "progress": pl.String,
    "completion_time": pl.String,
    "difficulties": pl.String,
    "recommendations": pl.String,
    "progress_pct": pl.Float64,
    "shows_progress": pl.Boolean,
}
BLOCKERS: Schema = {
    "id": pl.Int64,
    "agreement_id": pl.Int64,
    "cause": pl.String,
    "severity": pl.String,
    "authority_level": pl.String,
    "must_act": pl.String,
}
BLOCKER_EVENTS: Schema = {"id": pl.Int64, "blocker_id": pl.Int64, "kind": pl.String, "effective_on": pl.Date}
AGENCIES: Schema = {"key": pl.String, "code": pl.String, "kind": pl.String}
PARTNERS: Schema = {"code": pl.String, "region": pl.String, "counts_under": pl.String}
PARTNER_TIERS: Schema = {"partner": pl.String, "tier": pl.String, "valid_from": pl.Date, "valid_to": pl.Date}
SECTORS: Schema = {"code": pl.String, "sector_group": pl.String}
DOC_TYPES: Schema = {"code": pl.String, "legal_class": pl.String, "needs_approval": pl.Boolean}


def _frame(schema: Schema) -> pl.DataFrame:
    return pl.DataFrame(schema=schema)


@dataclasses.dataclass(frozen=True, eq=False)
class Register:
    """Every table a figure can depend on, retracted rows left out.

    Columns are those of the tables of the same names in the store; the schemas above name the ones used here, and a frame
    may hold more. An empty `Register()` is a register without agreements.
    """

    agreements: pl.DataFrame = dataclasses.field(default_factory=lambda: _frame(AGREEMENTS))
    agreement_partners: pl.DataFrame = dataclasses.field(default_factory=lambda: _frame(AGREEMENT_PARTNERS))
    status_events: pl.DataFrame = dataclasses.field(default_factory=lambda: _frame(STATUS_EVENTS))
    targets: pl.DataFrame = dataclasses.field(default_factory=lambda: _frame(TARGETS))
    periods: pl.DataFrame = dataclasses.field(default_factory=lambda: _frame(PERIODS))
    reports: pl.DataFrame = dataclasses.field(default_factory=lambda: _frame(REPORTS))
    blockers: pl.DataFrame = dataclasses.field(default_factory=lambda: _frame(BLOCKERS))
    blocker_events: pl.DataFrame = dataclasses.field(default_factory=lambda: _frame(BLOCKER_EVENTS))
    agencies: pl.DataFrame = dataclasses.field(default_factory=lambda: _frame(AGENCIES))
    partners: pl.DataFrame = dataclasses.field(default_factory=lambda: _frame(PARTNERS))
    partner_tiers: pl.DataFrame = dataclasses.field(default_factory=lambda: _frame(PARTNER_TIERS))
    sectors: pl.DataFrame = dataclasses.field(default_factory=lambda: _frame(SECTORS))
    doc_types: pl.DataFrame = dataclasses.field(default_factory=lambda: _frame(DOC_TYPES))
