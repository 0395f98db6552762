"""The columns of `Facts`, declared once: type, whether null, meaning, codes, and what holds for every row.

`docs/facts.md` is written from here. What a fold gives is checked against this by tests, never while a page is drawn.
"""

from __future__ import annotations

import dataframely as dy
import polars as pl
from polars import col

from kpi.frames import coded, in_order
from kpi.vocabulary import (
    BUCKETS,
    NOT_GIVEN,
    NOT_NAMED,
    REPORT_FIELDS,
    UNRECORDED,
    UNSIGNED,
    AccessLevel,
    AgencyGroup,
    Authority,
    Bucket,
    Cause,
    LegalClass,
    Scope,
    Severity,
    SourceMark,
    Standing,
    State,
    StateClass,
    Verdict,
    state_class,
)

_FOLLOWED = col("is_signed") & col("implementable") & col("tracked")


def _only_where(condition: pl.Expr, *flags: str) -> pl.Expr:
    """Whether the flags are set at most where a condition holds."""
    return condition | ~pl.any_horizontal(*flags)


class AgreementFacts(dy.Schema):
    """One row per agreement known on the day the facts are of, signed or not."""

    agreement_id = dy.Int64(primary_key=True, description="the agreement's number in the register")
    ref = dy.String(unique=True, description="its reference")
    title_vi = dy.String(description="title in Vietnamese; empty where the register has none")
    title_en = dy.String(description="title in English; empty where the register has none")
    doc_type = dy.String(description=f"kind of document, `{NOT_GIVEN}` where the register names none")
    legal_class = coded((*LegalClass, NOT_GIVEN), "what that kind is in law")
    scope = coded(Scope, "at which level it was signed")
    sector = dy.String(description=f"field of cooperation, `{NOT_GIVEN}` where the register names none")
    sector_group = dy.String(description="the group of that field")
    signing_agency = dy.String(nullable=True, description="key of the agency that signed; null: not known")
    agency = dy.String(description="key of the responsible agency, `UNASSIGNED` where it could not be resolved")
    agency_group = coded(AgencyGroup, "which agencies it is compared with")
    agency_since = dy.Date(
        nullable=True, description="the day that agency came to be; null: not known, or always there"
    )
    agency_exists = dy.Bool(description="it was there on the day of the facts")
    is_inherited = dy.Bool(description="signed before that agency came to be")
    partner = dy.String(description=f"the lead partner, `{NOT_GIVEN}` where the register names none")
    partner_region = dy.String(description="the lead partner's region")
    partner_tier = dy.String(
        description="how close relations with the lead partner are that day, "
        f"`{NOT_GIVEN}` where the register names none, `{UNRECORDED}` where no tier is recorded"
    )
    exchange = dy.String(nullable=True, description="the visit or conference it was signed at; null: none")
    priority = dy.Bool(description="on the Government's priority list")
    flagship = dy.Bool(description="shown first")
    implementable = dy.Bool(description="it asks for something to be done")
    tracked = dy.Bool(description="false where only published dates are known: counted as signed, left out of outcomes")
    access_level = coded(AccessLevel, "who may see it in detail")
    evidence_url = dy.String(description="accepted evidence of the result; empty where there is none")
    source_mark = coded(
        SourceMark, "whether the register's source has it no more; null: it has, or nobody looked again", nullable=True
    )
    state = coded(State, "the state it is in")
    state_since = dy.Date(nullable=True, description="the day it came into it; null: not known")
    standing = coded(Standing, "what that claim rests on; null: it is no claim", nullable=True)
    seen_on = dy.Date(
        nullable=True, description="the day somebody outside the agency looked at that claim; null: nobody has"
    )
    signed_on = dy.Date(nullable=True, description="first day of being signed; null: not signed, or not known")
    in_force_on = dy.Date(nullable=True, description="first day in force; null: never, or not known")
    plan_issued_on = dy.Date(nullable=True, description="day of the plan for carrying it out; null: none, or not known")
    started_on = dy.Date(nullable=True, description="first day of being carried out; null: not started, or not known")
    is_started = dy.Bool(description="being carried out, or completed, at some time")
    plan_seen = dy.Bool(description="somebody outside the agency has seen its plan: reviewed or verified")
    start_seen = dy.Bool(description="the same of its start, or of its completion")
    completion_seen = dy.Bool(description="the same of its completion")
    last_milestone_on = dy.Date(nullable=True, description="day it last came further than ever before; null: not known")
    original_target = dy.Date(nullable=True, description="the day first planned for completion; null: none was set")
    target_set_on = dy.Date(nullable=True, description="the day on which the first target was set; null: none was set")
    current_target = dy.Date(nullable=True, description="the day planned last; null: none was set")
    last_report_on = dy.Date(nullable=True, description="day of the last report; null: none")
    last_evidenced_on = dy.Date(
        nullable=True, description="day of the last report with a higher share of progress than any before; null: none"
    )
    progress_pct = dy.Float64(
        nullable=True, min=0, max=100, description="progress reported last, in per cent; null: not stated"
    )
    blockers_open = dy.Int64(min=0, description="how many blockers are open")
    severe_blocker_since = dy.Date(nullable=True, description="since when a severe one has been open; null: none is")
    state_class = coded(StateClass, "the class of its state")
    is_signed = dy.Bool(description="its state is one after signing")
    is_open = dy.Bool(description="to be carried out, followed, and neither ended nor suspended")
    is_under_way = dy.Bool(description="open, and in the state with which it starts or a later one")
    is_suspended = dy.Bool(description="to be carried out, followed, and suspended")
    is_completed = dy.Bool(description="to be carried out, followed, and completed")
    is_void = dy.Bool(description="ended after signing without completion")
    is_not_pursued = dy.Bool(description="to be carried out, followed, and ended by a decision not to pursue it")
    completed_on = dy.Date(nullable=True, description="day of completion; null: not completed, or not known")
    ended_on = dy.Date(nullable=True, description="day it became void; null: it is not, or not known")
    contradicts = dy.Bool(description="two of its dates contradict each other")
    last_report_missed = dy.Bool(description="the report due last never came")
    duration_days = dy.Int64(
        nullable=True,
        description="days from signing to start, or to the end or the day of the facts where not started; null: not timed",
    )
    duration_observed = dy.Bool(description="that time ended with a start")
    waiting_days = dy.Int64(
        nullable=True,
        description="days from signing to start, or to the day of the facts where not started, ended or not; to a decision not "
        "to pursue it; null: not timed",
    )
    age_days = dy.Int64(nullable=True, min=0, description="days since signing; null: not signed, or not known when")
    last_progress_on = dy.Date(
        nullable=True, description="the later of the two days on which it came further or its progress rose; null: none"
    )
    days_since_progress = dy.Int64(nullable=True, min=0, description="days since then")
    stall_limit = dy.Int64(nullable=True, description="days without progress after which its state counts as stalled")
    elapsed_share = dy.Float64(
        nullable=True, min=0, description="share of the planned time gone by; null: no such plan"
    )
    progress_share = dy.Float64(
        nullable=True, min=0, max=1, description="share carried out, 0 before the start; null: not stated"
    )
    slippage_days = dy.Int64(nullable=True, description="days the target was moved; null: none was set")
    days_overdue = dy.Int64(nullable=True, min=1, description="days since the original target; null: not overdue")
    plan_due_on = dy.Date(nullable=True, description="the day its plan is due; null: not known")
    is_matured = dy.Bool(description="signed long enough ago to be judged by whether it was started")
    target_is_judged = dy.Bool(description="its original target has come, or none was set in time: it is judged by it")
    has_target_in_time = dy.Bool(description="its first target was set as soon after the signing as it has to be")
    completed_on_time = dy.Bool(description="completed by the original target, which had been set by then")
    days_late = dy.Int64(
        min=0,
        description="days from its original target to its completion, 0 by the target; as many as count at most where it is not "
        "completed, or was before it had a target",
    )
    plan_limit_passed = dy.Bool(description="its plan has fallen due, so that it can be judged by it")
    plan_in_time = dy.Bool(description="the plan was issued by then")
    registered_late = dy.Bool(description="received longer after its signing than registering may take")
    has_evidence = dy.Bool(description="there is evidence of its result")
    is_overdue = dy.Bool(description="open after its original target")
    is_stalled = dy.Bool(description="open without progress for as long as its state allows")
    stalled_since = dy.Date(nullable=True, description="the day from which it counts as stalled; null: it does not")
    is_past_grace = dy.Bool(
        description="signed longer ago than any state may last without progress, and open, suspended or closed within a year"
    )
    is_at_risk = dy.Bool(description="open, not overdue, and behind its plan, held up severely or not reported on")
    has_no_date = dy.Bool(description="open without a target")
    due_soon = dy.Bool(description="open, with its current target close ahead")
    bucket = coded(Bucket, "where it is counted, under its most serious sign")

    @dy.rule()
    def open_bucket_exactly_where_open(cls) -> pl.Expr:
        return col("bucket").is_in(BUCKETS) == col("is_open")

    @dy.rule()
    def bucket_has_its_sign(cls) -> pl.Expr:
        sign = {
            Bucket.AT_RISK: col("is_at_risk"),
            Bucket.NO_DATE: col("has_no_date"),
            Bucket.STALLED: col("is_stalled"),
            Bucket.COMPLETED: col("is_completed"),
            Bucket.SUSPENDED: col("is_suspended"),
            Bucket.VOID: col("is_void"),
            Bucket.DECLARATORY: ~col("implementable"),
            Bucket.NOT_TRACKED: ~col("tracked"),
        }
        return pl.all_horizontal((col("bucket") != bucket) | shown for bucket, shown in sign.items())

    @dy.rule()
    def bucket_of_the_most_serious_sign(cls) -> pl.Expr:
        without = ~pl.any_horizontal("is_overdue", "is_stalled", "has_no_date", "is_at_risk")
        return (
            ((col("bucket") == Bucket.NOT_SIGNED) == ~col("is_signed"))
            & ((col("bucket") == Bucket.OVERDUE) == col("is_overdue"))
            & ((col("bucket") == Bucket.ON_TRACK) == (col("is_open") & without))
        )

    @dy.rule()
    def class_of_its_state(cls) -> pl.Expr:
        return col("state_class") == state_class(col("state"))

    @dy.rule()
    def standing_of_its_class(cls) -> pl.Expr:
        kind, followed = col("state_class"), col("implementable") & col("tracked")
        return (
            (col("is_signed") == ~kind.is_in(UNSIGNED))
            & (col("is_open") == ((kind == StateClass.OPEN) & followed))
            & (col("is_suspended") == ((kind == StateClass.PAUSED) & followed))
            & (col("is_completed") == ((kind == StateClass.CLOSED) & followed))
            & (col("is_void") == (kind == StateClass.VOID))
        )

    @dy.rule()
    def signs_of_open_agreements_only(cls) -> pl.Expr:
        return _only_where(col("is_open"), "is_overdue", "is_stalled", "is_at_risk", "has_no_date", "due_soon")

    @dy.rule()
    def judged_only_where_followed(cls) -> pl.Expr:
        flags = ("is_matured", "target_is_judged", "plan_limit_passed", "duration_observed")
        return _only_where(_FOLLOWED, *flags, "is_not_pursued", "is_past_grace")

    @dy.rule()
    def flags_of_their_dates(cls) -> pl.Expr:
        return (
            (col("is_overdue") == col("days_overdue").is_not_null())
            & (col("has_no_date") == (col("is_open") & col("original_target").is_null()))
            & (col("original_target").is_null() == col("current_target").is_null())
            & _only_where(col("original_target").is_not_null(), "has_target_in_time")
            & _only_where(col("is_started"), "duration_observed")
            & _only_where(col("completed_on").is_not_null(), "completed_on_time")
            & (col("completed_on_time") == (col("days_late") == 0))
            & (col("is_stalled") == col("stalled_since").is_not_null())
            & (col("original_target").is_null() == col("target_set_on").is_null())
            & _only_where(col("is_void"), "is_not_pursued")
            & _only_where(col("plan_issued_on").is_not_null(), "plan_in_time")
            & (col("completed_on").is_null() | (col("state_class") == StateClass.CLOSED))
            & (col("ended_on").is_null() | col("is_void"))
            & (col("started_on").is_null() | col("is_started"))
            & _only_where(col("is_started"), "start_seen", "completion_seen")
            & _only_where(col("start_seen"), "completion_seen")
            & (col("severe_blocker_since").is_null() | (col("blockers_open") > 0))
        )

    @dy.rule()
    def days_in_order(cls) -> pl.Expr:
        """Those orders that hold however the register contradicts itself; `contradicts` is for the others."""
        return (
            in_order("started_on", "completed_on")
            & in_order("last_evidenced_on", "last_report_on")
            & in_order("last_milestone_on", "last_progress_on")
            & in_order("last_evidenced_on", "last_progress_on")
        )


class ReportFacts(dy.Schema):
    """One row per report owed: an agreement and a period at whose end it was signed, registered and open."""

    agreement_id = dy.Int64(primary_key=True, description="the agreement")
    period = dy.String(primary_key=True, description="the period")
    due_on = dy.Date(description="the day the report is due")
    received_on = dy.Date(
        nullable=True, description="the day the first one for the period was received; null: none was"
    )
    fields_filled = dy.Int64(
        nullable=True, min=0, max=len(REPORT_FIELDS), description="how many of its fields are filled; null: none came"
    )
    complete = dy.Bool(description="all of them are")
    on_time = dy.Bool(description="it was received by the day it was due")
    is_due = dy.Bool(description="that day has come")

    @dy.rule()
    def filled_where_received(cls) -> pl.Expr:
        return col("received_on").is_null() == col("fields_filled").is_null()

    @dy.rule()
    def complete_with_every_field(cls) -> pl.Expr:
        return _only_where((col("fields_filled") == len(REPORT_FIELDS)).fill_null(False), "complete")

    @dy.rule()
    def on_time_by_its_day(cls) -> pl.Expr:
        return _only_where((col("received_on") <= col("due_on")).fill_null(False), "on_time")


class BlockerFacts(dy.Schema):
    """One row per blocker of an agreement known, and one per stall that no open blocker explains."""

    blocker_id = dy.Int64(
        primary_key=True, description="the blocker's number in the register; of an unexplained stall less than 0"
    )
    agreement_id = dy.Int64(description="the agreement it holds up")
    cause = coded((*Cause, NOT_NAMED), "what it is about")
    severity = coded(Severity, "how grave it is")
    authority_level = coded(Authority, "who can settle it")
    beyond_authority = dy.Bool(description="the responsible agency cannot settle it alone")
    must_act = dy.String(nullable=True, description="key of the agency that has to act; null: not known")
    opened_on = dy.Date(description="the day it was opened")
    escalated_on = dy.Date(nullable=True, description="the day it was taken to who can settle it; null: it was not")
    resolved_on = dy.Date(nullable=True, description="the day it was resolved; null: it is open")
    is_open = dy.Bool(description="not resolved")
    is_resolved = dy.Bool(description="resolved")
    is_named = dy.Bool(description="the register has it; false for a stall whose cause nobody has named")
    age_days = dy.Int64(description="days from opening to resolution, or to the day of the facts")
    held_days = dy.Int64(
        description="the same, but to the day of the facts where it is not settled, and, of the first of a stalled agreement, "
        "since the stall began where that was earlier"
    )
    is_settled = dy.Bool(description="resolved, and the agreement does not stand still since before")
    is_timed = dy.Bool(
        description="its time counts: it is open, or was not gone again within a few days, by its own days and those of receipt"
    )
    escalation_due = dy.Bool(
        description="beyond the agency's authority, there for more than a few days, and escalated or open for longer than allowed"
    )
    escalated_in_time = dy.Bool(description="escalated within the days allowed")

    @dy.rule()
    def open_exactly_where_not_resolved(cls) -> pl.Expr:
        return (col("is_open") == col("resolved_on").is_null()) & (col("is_resolved") == ~col("is_open"))

    @dy.rule()
    def unnamed_only_as_an_open_stall(cls) -> pl.Expr:
        unnamed = col("is_open") & (col("cause") == NOT_NAMED) & (col("blocker_id") < 0)
        return (col("is_named") == ~unnamed) & _only_where(col("is_resolved"), "is_settled")

    @dy.rule()
    def beyond_the_agency(cls) -> pl.Expr:
        return col("beyond_authority") == (col("authority_level") != Authority.AGENCY)

    @dy.rule()
    def escalation_of_its_authority_and_day(cls) -> pl.Expr:
        return _only_where(col("beyond_authority"), "escalation_due") & _only_where(
            col("escalated_on").is_not_null(), "escalated_in_time"
        )


class VerificationFacts(dy.Schema):
    """One row per finding of somebody outside the agency by the day the facts are of, and per claim drawn and taken back before."""

    verification_id = dy.Int64(primary_key=True, description="number of what was found; below zero: taken back")
    agreement_id = dy.Int64(description="the agreement")
    state = coded(State, "the state claimed")
    effective_on = dy.Date(description="the day claimed for it")
    verdict = coded(Verdict, "what was found")
    found_state = coded(State, "the state found; null: none could be told", nullable=True)
    received_on = dy.Date(description="the day on which it was recorded")
    is_sampled = dy.Bool(description="the claim had been drawn for a sample")
    is_recent = dy.Bool(description="recorded within the year before the day of the facts")
    is_confirmed = dy.Bool(description="it is as claimed")

    @dy.rule()
    def confirmed_by_its_verdict(cls) -> pl.Expr:
        return col("is_confirmed") == (col("verdict") == Verdict.CONFIRMED)


DECLARED = {
    "agreements": AgreementFacts,
    "reports": ReportFacts,
    "blockers": BlockerFacts,
    "verifications": VerificationFacts,
}
"""Field of `Facts` -> what its frame is declared to be."""
