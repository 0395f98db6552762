"""The one table everything is read from: a register folded into one row per agreement as of a date.

Definitions of states, flags and dates follow the method page; every threshold is in `Thresholds`. What is counted from the dates
is in `measures.py`; what happened when, in `history.py`. Nothing here reads a clock.
"""

from __future__ import annotations

import dataclasses
import datetime as dt

import polars as pl

from kpi.facts import measures
from kpi.facts.columns import AgreementFacts, BlockerFacts, ReportFacts, VerificationFacts
from kpi.facts.history import History, on_day
from kpi.facts.succession import by_lists, responsible, tiers_since
from kpi.register import Register
from kpi.thresholds import Thresholds
from kpi.vocabulary import (
    NOT_GIVEN,
    NOT_NAMED,
    UNRECORDED,
    UNSIGNED,
    Authority,
    Severity,
    SourceMark,
    State,
    StateClass,
    Verdict,
    started_states,
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
    row per blocker, and per stall that none explains. `verifications`: one row per claim looked at by then. Their columns are
    declared in `columns.py`.

    `records` names what the register keeps at all (see `kpi.register.RECORDS`): a KPI that needs something it does not keep is
    off, which is neither zero nor few.
    """

    agreements: pl.DataFrame
    reports: pl.DataFrame
    blockers: pl.DataFrame
    verifications: pl.DataFrame
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
            verifications=self.verifications.join(kept, on="agreement_id", how="semi"),
        )


def build(register: Register | History, as_of: dt.date, rules: Thresholds | None = None) -> Facts:
    """Fold a register into facts as of a date. Columns are as declared in `columns.py`.

    Whoever needs several days of one register gives its `History`, which is made once.
    """
    rules = rules or Thresholds()
    history = register if isinstance(register, History) else History.of(register)
    blockers = _blockers(history, as_of, rules)
    agreements = _standing(_known(history, as_of), history.starts_with)
    reports = _reports_owed(history, agreements, as_of)
    agreements = (
        agreements.filter(pl.col("state").is_not_null())
        .join(_open_blockers(blockers), on="agreement_id", how="left", maintain_order="left")
        .join(_missed(reports), on="agreement_id", how="left", maintain_order="left")
        .with_columns(pl.col("blockers_open").fill_null(0), pl.col("last_report_missed").fill_null(value=False))
    )
    measured = measures.measured(agreements, as_of, rules, goes_on=history.goes_on)
    agreements = measures.counted(measured, as_of, rules)
    agreements = measures.flagged(agreements, as_of, rules).select(AgreementFacts.column_names())
    return Facts(
        agreements=agreements,
        reports=reports,
        blockers=_held_up(blockers, agreements, as_of, rules),
        verifications=_looked_at(history, agreements, as_of, rules),
        as_of=as_of,
        records=history.records,
    )


def _known(history: History, as_of: dt.date) -> pl.DataFrame:
    """Every agreement with what was known of it on a day; no state where nothing was."""

    def by_now(first: str) -> pl.Expr:
        return pl.when(pl.col(first) <= as_of).then(pl.col(first))

    def has_come(first: str) -> pl.Expr:
        return (pl.col(first) <= as_of).fill_null(value=False)

    tiers = _tiers(history, as_of)["partner_tier"]
    has_partner = pl.col("partner") != NOT_GIVEN
    agreements = by_lists(history, responsible(history, as_of), as_of)
    return pl.concat(
        [agreements, *(on_day(spells, as_of).drop("agreement_id") for spells in history.spells)],
        how="horizontal",
    ).with_columns(
        partner_tier=pl.when(has_partner)
        .then(tiers.gather(agreements["_partner"]).fill_null(UNRECORDED))
        .otherwise(pl.lit(NOT_GIVEN)),
        signed_on=by_now("first_signed"),
        in_force_on=by_now("first_in_force"),
        plan_issued_on=by_now("first_plan_issued"),
        # A start whose day nobody knows may have been before the first one known, unless that is of work going on.
        started_on=pl.when(has_come("first_in_progress") | ~has_come("first_started_undated")).then(
            by_now("first_started")
        ),
        is_started=has_come("first_started") | has_come("first_started_undated"),
        first_completed_on=by_now("first_completed"),
        plan_seen=has_come("first_plan_seen"),
        start_seen=has_come("first_start_seen"),
        completion_seen=has_come("first_completion_seen"),
        original_target=pl.when(pl.col("first_target_known") <= as_of).then(pl.col("first_target")),
        target_set_on=by_now("first_target_known"),
        source_mark=pl.when(has_come("vanished_on")).then(pl.lit(SourceMark.NOT_IN_SOURCE)),
    )


def _tiers(history: History, as_of: dt.date) -> pl.DataFrame:
    """The tier of each partner on a day (partner_tier), in their order: its own, or that of the country it counts under."""
    since, until = pl.col("valid_from"), pl.col("valid_to")
    tiers = (
        history.partner_tiers.filter((since <= as_of) & (until.is_null() | (until >= as_of)))
        .sort("partner", "valid_from")
        .unique("partner", keep="last", maintain_order=True)
        .select(code="partner", tier=pl.col("tier").replace(tiers_since(history, as_of)))
    )
    above = tiers.select(counts_under="code", tier_above="tier")
    return (
        history.partners.join(tiers, on="code", how="left", maintain_order="left")
        .join(above, on="counts_under", how="left", maintain_order="left")
        .select(partner_tier=pl.coalesce("tier", "tier_above"))
    )


def _blockers(history: History, as_of: dt.date, rules: Thresholds) -> pl.DataFrame:
    opened, escalated, resolved = pl.col("opened_on"), pl.col("escalated_on"), pl.col("resolved_on")
    # Both days can be typed: what was handed in as good as settled was never seen holding anything up.
    known_until = pl.when("is_resolved").then("resolution_received").otherwise(pl.lit(as_of))
    known_days = (known_until - pl.col("received_on")).dt.total_days()
    return (
        history.blockers.filter(pl.col("first_opened") <= as_of)
        .with_columns(
            pl.when(pl.col(first) <= as_of).then(pl.col(first)).alias(name)
            for first, name in (
                ("first_opened", "opened_on"),
                ("first_escalated", "escalated_on"),
                ("first_resolved", "resolved_on"),
            )
        )
        .drop("first_opened", "first_escalated", "first_resolved")
        .with_columns(
            is_open=resolved.is_null(),
            is_resolved=resolved.is_not_null(),
            age_days=(pl.coalesce("resolved_on", pl.lit(as_of)) - opened).dt.total_days(),
        )
        .with_columns(
            is_brief=(pl.col("age_days") <= rules.brief_blocker_days) | (known_days <= rules.brief_blocker_days)
        )
        .with_columns(
            escalation_due=pl.col("beyond_authority")
            & ~pl.col("is_brief")
            & (escalated.is_not_null() | (pl.col("age_days") > rules.escalation_days)),
            escalated_in_time=((escalated - opened).dt.total_days() <= rules.escalation_days).fill_null(value=False),
        )
    )


def _held_up(blockers: pl.DataFrame, agreements: pl.DataFrame, as_of: dt.date, rules: Thresholds) -> pl.DataFrame:
    """Blockers of the agreements known, and one of unknown cause for every stall that no open one explains.

    A stall is timed from the day it began, whenever somebody came to name what holds it up, and until there is progress: what
    is said to be resolved while nothing moves is not settled.
    """
    stalls = agreements.filter("is_stalled").select("agreement_id", "stalled_since", "last_progress_on")
    stands_still = (pl.col("resolved_on") > pl.col("last_progress_on")).fill_null(value=False)
    known = (
        blockers.join(agreements, on="agreement_id", how="semi", maintain_order="left")
        .join(stalls, on="agreement_id", how="left", maintain_order="left")
        .with_columns(
            is_named=pl.lit(value=True),
            is_settled=pl.col("is_resolved") & ~stands_still,
            is_timed=pl.col("is_open") | ~pl.col("is_brief"),
        )
    )
    holding = known.filter(pl.col("stalled_since").is_not_null() & ~pl.col("is_settled") & pl.col("is_timed"))
    first = holding.sort("opened_on", "blocker_id").unique("agreement_id", keep="first")
    unnamed = stalls.join(holding, on="agreement_id", how="anti").select(
        -pl.col("agreement_id").alias("blocker_id"),
        "agreement_id",
        cause=pl.lit(NOT_NAMED),
        severity=pl.lit(str(Severity.MINOR)),
        authority_level=pl.lit(str(Authority.AGENCY)),
        beyond_authority=pl.lit(value=False),
        opened_on="stalled_since",
        is_open=pl.lit(value=True),
        is_resolved=pl.lit(value=False),
        age_days=(pl.lit(as_of) - pl.col("stalled_since")).dt.total_days(),
        escalation_due=pl.lit(value=False),
        escalated_in_time=pl.lit(value=False),
        is_named=pl.lit(value=False),
        is_settled=pl.lit(value=False),
        is_timed=pl.lit(value=True),
    )
    is_first = pl.col("blocker_id").is_in(first["blocker_id"].implode())
    since = pl.when(is_first).then(pl.min_horizontal("opened_on", "stalled_since")).otherwise("opened_on")
    until = pl.when("is_settled").then("resolved_on").otherwise(pl.lit(as_of))
    return (
        pl.concat([known, unnamed], how="diagonal")
        .with_columns(held_days=(until - since).dt.total_days())
        .select(BlockerFacts.column_names())
    )


def _looked_at(history: History, agreements: pl.DataFrame, as_of: dt.date, rules: Thresholds) -> pl.DataFrame:
    """The claims of agreements known that somebody had looked at by a day."""
    since = (pl.lit(as_of) - pl.col("received_on")).dt.total_days()
    return (
        history.verifications.filter(pl.col("received_on") <= as_of)
        .join(agreements, on="agreement_id", how="semi", maintain_order="left")
        .with_columns(
            is_sampled=pl.col("sample_id").is_not_null(),
            is_recent=since < rules.recent_days,
            is_confirmed=pl.col("verdict") == Verdict.CONFIRMED,
        )
        .select(VerificationFacts.column_names())
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


def _standing(agreements: pl.DataFrame, starts_with: str) -> pl.DataFrame:
    """Whether each agreement is signed, open, suspended, completed or void; ends and contradictions."""
    kind = pl.col("state_class")
    followed = pl.col("followed")
    return agreements.with_columns(
        is_signed=~kind.is_in(UNSIGNED),
        is_open=(kind == StateClass.OPEN) & followed,
        is_under_way=(kind == StateClass.OPEN) & followed & pl.col("state").is_in(started_states(starts_with)),
        is_suspended=(kind == StateClass.PAUSED) & followed,
        is_completed=(kind == StateClass.CLOSED) & followed,
        is_void=kind == StateClass.VOID,
        is_not_pursued=(pl.col("state") == State.NOT_PURSUED) & followed,
        completed_on=pl.when(kind == StateClass.CLOSED).then(pl.col("first_completed_on")),
        ended_on=pl.when(kind == StateClass.VOID).then(pl.col("state_since")),
    ).with_columns(
        contradicts=pl.any_horizontal((pl.col(later) < pl.col(earlier)).fill_null(False) for earlier, later in CLASHES)
    )


def _reports_owed(history: History, agreements: pl.DataFrame, as_of: dt.date) -> pl.DataFrame:
    """One row per agreement and period at whose end it was signed, registered and still open."""
    closed = agreements.select(is_signed="is_signed", closed_on=pl.coalesce("completed_on", "ended_on"))
    owed = on_day(history.owed.filter(pl.col("ends_on") <= as_of), as_of)
    row = owed["_row"]
    still_open = (closed["closed_on"].gather(row) > owed["ends_on"]).fill_null(value=True)
    return (
        owed.filter(closed["is_signed"].gather(row).fill_null(value=False) & still_open)
        .with_columns(is_due=pl.col("due_on") <= as_of)
        .select(ReportFacts.column_names())
    )


def _missed(reports: pl.DataFrame) -> pl.DataFrame:
    """Whether the latest report that fell due never came."""
    return (
        reports.filter("is_due")
        .unique("agreement_id", keep="last", maintain_order=True)
        .select("agreement_id", last_report_missed=pl.col("received_on").is_null())
    )
