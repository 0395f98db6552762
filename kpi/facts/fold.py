"""The one table everything is read from: a register folded into one row per agreement as of a date.

Definitions of states, flags and dates follow the method page; every threshold is in `Thresholds`. What is counted from the dates
is in `measures.py`. Nothing here reads a clock.
"""

from __future__ import annotations

import dataclasses
import datetime as dt

import polars as pl

from kpi.facts import measures
from kpi.register import RECORDS, Register
from kpi.thresholds import Thresholds
from kpi.vocabulary import (
    NOT_GIVEN,
    PROVINCE_KINDS,
    REPORT_FIELDS,
    STARTED_STATES,
    UNASSIGNED,
    UNRECORDED,
    UNSIGNED,
    AgencyGroup,
    Authority,
    BlockerStep,
    Severity,
    State,
    StateClass,
    state_class,
)

CLASHES = (
    ("signed_on", "in_force_on"),
    ("signed_on", "started_on"),
    ("signed_on", "original_target"),
    ("started_on", "completed_on"),
)


@dataclasses.dataclass(frozen=True, eq=False)
class Facts:
    """What a register says as of a date.

    `agreements`: one row per agreement known then. `reports`: one row per report owed (agreement and period). `blockers`: one
    row per blocker. Their columns are declared in `columns.py`.

    `records` names what the register keeps at all (plans, evidence, reports, blockers): a KPI that needs something it does
    not keep is not available, rather than zero.
    """

    agreements: pl.DataFrame
    reports: pl.DataFrame
    blockers: pl.DataFrame
    as_of: dt.date
    records: frozenset[str]

    def where(self, condition: pl.Expr) -> Facts:
        """The facts about the agreements that meet a condition on the columns of `agreements`."""
        kept = self.agreements.filter(condition)
        return dataclasses.replace(
            self,
            agreements=kept,
            reports=self.reports.join(kept, on="agreement_id", how="semi"),
            blockers=self.blockers.join(kept, on="agreement_id", how="semi"),
        )


def build(register: Register, as_of: dt.date, rules: Thresholds | None = None) -> Facts:
    """Fold a register into facts as of a date. Columns are as declared in `columns.py`."""
    rules = rules or Thresholds()
    events = register.status_events.filter(pl.col("effective_on") <= as_of)
    blockers = _blockers(register, as_of, rules)
    agreements = (
        _described(register, as_of)
        .join(_states(events), on="agreement_id", how="inner")
        .join(_targets(register, as_of), on="agreement_id", how="left")
        .join(_last_reports(register, as_of), on="agreement_id", how="left")
        .join(_open_blockers(blockers), on="agreement_id", how="left")
        .with_columns(pl.col("blockers_open").fill_null(0))
    )
    agreements = _standing(agreements)
    reports = _reports_owed(register, agreements, as_of)
    agreements = agreements.join(_missed(reports), on="agreement_id", how="left").with_columns(
        pl.col("last_report_missed").fill_null(False)
    )
    agreements = measures.counted(measures.measured(agreements, as_of, rules), as_of, rules)
    agreements = measures.flagged(agreements, as_of, rules).sort("agreement_id")
    known = agreements.select("agreement_id")
    return Facts(
        agreements=agreements,
        reports=reports.sort("agreement_id", "due_on"),
        blockers=blockers.join(known, on="agreement_id", how="semi").sort("blocker_id"),
        as_of=as_of,
        records=records_kept(register),
    )


def records_kept(register: Register) -> frozenset[str]:
    """What a register keeps at all (see `Facts`): a matter of the whole of it, not of any part."""
    return frozenset(name for name, is_kept in RECORDS.items() if is_kept(register))


def _described(register: Register, as_of: dt.date) -> pl.DataFrame:
    """Agreements with what they are: agency, sector, lead partner and its region and tier, legal class."""
    lead = (
        register.agreement_partners.sort("agreement_id", "position", "partner")
        .unique("agreement_id", keep="first", maintain_order=True)
        .select("agreement_id", "partner")
    )
    tiers = (
        register.partner_tiers.filter(
            (pl.col("valid_from") <= as_of) & (pl.col("valid_to").is_null() | (pl.col("valid_to") >= as_of))
        )
        .sort("partner", "valid_from")
        .unique("partner", keep="last", maintain_order=True)
        .select("partner", partner_tier="tier")
    )
    partners = (
        register.partners.select(partner="code", partner_region="region", counts_under="counts_under")
        .join(tiers, on="partner", how="left")
        .join(tiers.rename({"partner": "counts_under", "partner_tier": "tier_above"}), on="counts_under", how="left")
        .select("partner", "partner_region", partner_tier=pl.coalesce("partner_tier", "tier_above"))
    )
    agencies = register.agencies.select(
        agency="key",
        agency_group=pl.when(pl.col("kind").is_in(PROVINCE_KINDS))
        .then(pl.lit(AgencyGroup.PROVINCE))
        .otherwise(pl.lit(AgencyGroup.MINISTRY)),
    )
    return (
        register.agreements.rename({"id": "agreement_id"})
        .with_columns(
            agency=pl.col("responsible_agency").fill_null(UNASSIGNED),
            sector=pl.col("sector").fill_null(NOT_GIVEN),
            doc_type=pl.col("doc_type").fill_null(NOT_GIVEN),
        )
        .join(register.sectors.select(sector="code", sector_group="sector_group"), on="sector", how="left")
        .join(register.doc_types.select(doc_type="code", legal_class="legal_class"), on="doc_type", how="left")
        .join(lead, on="agreement_id", how="left")
        .join(partners, on="partner", how="left")
        .join(agencies, on="agency", how="left")
        .select(
            "agreement_id",
            "ref",
            "title_vi",
            "title_en",
            "doc_type",
            pl.col("legal_class").fill_null(NOT_GIVEN),
            "scope",
            "sector",
            pl.col("sector_group").fill_null(NOT_GIVEN),
            "signing_agency",
            "agency",
            pl.col("agency_group").fill_null(AgencyGroup.UNASSIGNED),
            pl.col("partner").fill_null(NOT_GIVEN),
            pl.col("partner_region").fill_null(NOT_GIVEN),
            pl.when(pl.col("partner").is_null())
            .then(pl.lit(NOT_GIVEN))
            .otherwise(pl.col("partner_tier").fill_null(UNRECORDED))
            .alias("partner_tier"),
            "exchange",
            "priority",
            "flagship",
            "implementable",
            "tracked",
            "access_level",
            "evidence_url",
        )
    )


def _states(events: pl.DataFrame) -> pl.DataFrame:
    """Per agreement: the state held, since when, and the first day of each stage.

    A signing dated after the start of implementation contradicts it; it must not put the agreement back to "signed", so
    moves up to signing rank below all later ones, and only then by day and order of recording.
    """
    state, day, known = pl.col("state"), pl.col("effective_on"), pl.col("date_known")

    def first(*states: str) -> pl.Expr:
        return day.filter(state.is_in(states) & known).min()

    early = state_class(state).is_in(UNSIGNED) | (state == State.SIGNED)
    return (
        events.with_columns(_late=~early)
        .sort("agreement_id", "_late", "effective_on", "id")
        .group_by("agreement_id", maintain_order=True)
        .agg(
            state=state.last(),
            state_since=pl.when(known.last()).then(day.last()),
            signed_on=first(State.SIGNED),
            in_force_on=first(State.IN_FORCE),
            plan_issued_on=first(State.PLAN_ISSUED),
            started_on=pl.when(
                (known & (state == State.IN_PROGRESS)).any() | ~(state.is_in(STARTED_STATES) & ~known).any()
            ).then(first(*STARTED_STATES)),
            first_completed_on=first(State.COMPLETED),
            is_started=state.is_in(STARTED_STATES).any(),
            last_event_on=day.filter(known).max(),
        )
    )


def _targets(register: Register, as_of: dt.date) -> pl.DataFrame:
    """Per agreement: the first target ever recorded and the latest one."""
    return (
        register.targets.filter(pl.col("effective_on") <= as_of)
        .sort("agreement_id", "effective_on", "id")
        .group_by("agreement_id", maintain_order=True)
        .agg(original_target=pl.col("target_on").first(), current_target=pl.col("target_on").last())
    )


def _last_reports(register: Register, as_of: dt.date) -> pl.DataFrame:
    received = register.reports.filter(pl.col("received_on") <= as_of).sort("agreement_id", "received_on", "id")
    return received.group_by("agreement_id", maintain_order=True).agg(
        last_report_on=pl.col("received_on").last(),
        last_evidenced_on=pl.col("received_on").filter(pl.col("shows_progress")).last(),
        progress_pct=pl.col("progress_pct").drop_nulls().last(),
    )


def _blockers(register: Register, as_of: dt.date, rules: Thresholds) -> pl.DataFrame:
    day, kind = pl.col("effective_on"), pl.col("kind")
    dates = (
        register.blocker_events.filter(day <= as_of)
        .group_by("blocker_id")
        .agg(
            opened_on=day.filter(kind == BlockerStep.OPENED).min(),
            escalated_on=day.filter(kind == BlockerStep.ESCALATED).min(),
            resolved_on=day.filter(kind == BlockerStep.RESOLVED).min(),
        )
        .filter(pl.col("opened_on").is_not_null())
    )
    end = pl.coalesce("resolved_on", pl.lit(as_of))
    return (
        register.blockers.rename({"id": "blocker_id"})
        .join(dates, on="blocker_id", how="inner")
        .select(
            "blocker_id",
            "agreement_id",
            "cause",
            "severity",
            "authority_level",
            (pl.col("authority_level") != Authority.AGENCY).alias("beyond_authority"),
            "must_act",
            "opened_on",
            "escalated_on",
            "resolved_on",
            is_open=pl.col("resolved_on").is_null(),
            is_resolved=pl.col("resolved_on").is_not_null(),
            age_days=(end - pl.col("opened_on")).dt.total_days(),
        )
        .with_columns(
            escalation_due=pl.col("beyond_authority")
            & (pl.col("escalated_on").is_not_null() | (pl.col("age_days") > rules.escalation_days)),
            escalated_in_time=(
                (pl.col("escalated_on") - pl.col("opened_on")).dt.total_days() <= rules.escalation_days
            ).fill_null(False),
        )
    )


def _open_blockers(blockers: pl.DataFrame) -> pl.DataFrame:
    return (
        blockers.filter("is_open")
        .group_by("agreement_id")
        .agg(
            blockers_open=pl.len().cast(pl.Int64),
            severe_blocker_since=pl.col("opened_on").filter(pl.col("severity") == Severity.SEVERE).min(),
        )
    )


def _standing(agreements: pl.DataFrame) -> pl.DataFrame:
    """Whether each agreement is signed, open, suspended, completed or void; ends and contradictions."""
    kind = pl.col("state_class")
    followed = pl.col("implementable") & pl.col("tracked")
    return (
        agreements.with_columns(state_class=state_class(pl.col("state")))
        .with_columns(
            is_signed=~kind.is_in(UNSIGNED),
            is_open=(kind == StateClass.OPEN) & followed,
            is_suspended=(kind == StateClass.PAUSED) & followed,
            is_completed=(kind == StateClass.CLOSED) & followed,
            is_void=kind == StateClass.VOID,
            completed_on=pl.when(kind == StateClass.CLOSED).then(pl.col("first_completed_on")),
            ended_on=pl.when(kind == StateClass.VOID).then(pl.col("state_since")),
        )
        .with_columns(
            contradicts=pl.any_horizontal(
                (pl.col(later) < pl.col(earlier)).fill_null(False) for earlier, later in CLASHES
            )
        )
        .drop("first_completed_on")
    )


def _reports_owed(register: Register, agreements: pl.DataFrame, as_of: dt.date) -> pl.DataFrame:
    """One row per agreement and period in which it was signed and still open at the period's end."""
    followed = agreements.filter(pl.col("is_signed") & pl.col("implementable") & pl.col("tracked")).select(
        "agreement_id", "signed_on", closed_on=pl.coalesce("completed_on", "ended_on")
    )
    owed = followed.join_where(
        register.periods.filter(pl.col("ends_on") <= as_of),
        pl.col("signed_on") <= pl.col("ends_on"),
    ).filter(pl.col("closed_on").is_null() | (pl.col("closed_on") > pl.col("ends_on")))
    filled = pl.sum_horizontal(
        (pl.col(name).str.strip_chars().str.len_chars() > 0).cast(pl.Int64) for name in REPORT_FIELDS
    )
    received = register.reports.filter(pl.col("received_on") <= as_of).select(
        "agreement_id", "period", "received_on", fields_filled=filled
    )
    return (
        owed.select("agreement_id", period="code", due_on="due_on")
        .join(received, on=["agreement_id", "period"], how="left")
        .with_columns(
            complete=(pl.col("fields_filled") == len(REPORT_FIELDS)).fill_null(False),
            on_time=(pl.col("received_on") <= pl.col("due_on")).fill_null(False),
        )
        .sort("agreement_id", "period", pl.col("complete") & pl.col("on_time"), pl.col("received_on"))
        .group_by("agreement_id", "period", maintain_order=True)
        .agg(
            pl.col("due_on").last(),
            pl.col("received_on").min(),
            pl.col("fields_filled").max(),
            pl.col("complete").last(),
            pl.col("on_time").last(),
        )
        .with_columns(is_due=pl.col("due_on") <= as_of)
    )


def _missed(reports: pl.DataFrame) -> pl.DataFrame:
    """Whether the latest report that fell due never came."""
    return (
        reports.filter("is_due")
        .sort("agreement_id", "due_on")
        .group_by("agreement_id", maintain_order=True)
        .agg(last_report_missed=pl.col("received_on").last().is_null())
    )
