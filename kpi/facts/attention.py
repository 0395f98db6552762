"""What asks for attention: agreements that are stuck, decisions that are waited for, the flow from signing to completion."""

from __future__ import annotations

import dataclasses

import polars as pl

from kpi.facts import Facts
from kpi.register import Register
from kpi.vocabulary import HIGHER_AUTHORITIES, Severity

STAGES = ("signed", "in_force", "plan_issued", "started", "completed")
"""The stages between signing and completion; an agreement passes through those its kind of document asks for."""

IN_FLOW = pl.col("is_signed") & pl.col("implementable") & pl.col("tracked")
"""Which agreements are followed from signing to completion."""

FURTHEST_STAGE = (
    pl.when(pl.col("is_completed"))
    .then(4)
    .when(pl.col("is_started"))
    .then(3)
    .when(pl.col("plan_issued_on").is_not_null())
    .then(2)
    .when(pl.col("in_force_on").is_not_null())
    .then(1)
    .otherwise(0)
)
"""The last of STAGES an agreement has come to, as its position there."""

_SEVERITY_ORDER = {severity: place for place, severity in enumerate(reversed(Severity))}


def flow(facts: Facts) -> pl.DataFrame:
    """How far agreements have come: stage, reached, stopped; one row per stage, in order.

    `reached` counts the signed and followed agreements that have come at least as far, `stopped` those among them that were
    suspended or ended (without completion) while at that stage. What passed a later stage has passed the earlier ones.
    """
    signed = facts.agreements.filter(IN_FLOW)
    counts = (
        signed.select(stage=FURTHEST_STAGE, stopped=pl.col("is_void") | pl.col("is_suspended"))
        .group_by("stage")
        .agg(here=pl.len().cast(pl.Int64), stopped=pl.col("stopped").sum().cast(pl.Int64))
    )
    return (
        pl.DataFrame({"stage": range(len(STAGES))}, schema={"stage": pl.Int32})
        .join(counts.with_columns(pl.col("stage").cast(pl.Int32)), on="stage", how="left", maintain_order="left")
        .select(
            stage=pl.Series("stage", STAGES),
            reached=pl.col("here").fill_null(0).cum_sum(reverse=True),
            here=pl.col("here").fill_null(0),
            stopped=pl.col("stopped").fill_null(0),
        )
    )


def claimed_flow(declared: Facts, facts: Facts) -> pl.DataFrame:
    """How many agreements are said to have come further than counts: stage, claimed; one row per stage, in order.

    `declared` are the facts, as declared, of agreements of which something does not count; `facts` those of a day as they count.
    """
    counted = facts.where(pl.col("agreement_id").is_in(declared.agreements["agreement_id"].implode()))
    return flow(declared).select("stage", claimed=(pl.col("reached") - flow(counted)["reached"]).clip(0))


def worst_blockers(facts: Facts) -> pl.DataFrame:
    """Per agreement with an open blocker that has a name, the most severe and then oldest one: blocker_id, cause, ..."""
    return (
        facts.blockers.filter(pl.col("is_open") & pl.col("is_named"))
        .with_columns(_order=pl.col("severity").replace_strict(_SEVERITY_ORDER, default=0, return_dtype=pl.Int64))
        .sort(["agreement_id", "_order", "opened_on"], descending=[False, True, False])
        .unique("agreement_id", keep="first", maintain_order=True)
        .select(
            "agreement_id",
            "cause",
            "severity",
            "authority_level",
            "must_act",
            "opened_on",
            "escalated_on",
            blocked_days="age_days",
        )
    )


def last_words(register: Register, facts: Facts) -> pl.DataFrame:
    """The report in which the agency spoke last of each agreement: agreement_id, report_id, said_on."""
    return (
        register.reports.filter(pl.col("reported_on") <= facts.as_of)
        .join(facts.agreements, on="agreement_id", how="semi")
        .sort("agreement_id", "reported_on", "id")
        .unique("agreement_id", keep="last", maintain_order=True)
        .select("agreement_id", report_id="id", said_on="reported_on")
    )


def stuck(facts: Facts, register: Register) -> pl.DataFrame:
    """Every stalled agreement, longest without progress first.

    The columns of `facts.agreements`, those of its worst open blocker (cause, severity, authority_level, must_act,
    opened_on, escalated_on, blocked_days) and the report with the agency's last word (report_id, said_on);
    null where there is none. Who must act is the authority the blocker waits for, else the responsible agency.
    """
    return (
        facts.agreements.filter("is_stalled")
        .join(worst_blockers(facts), on="agreement_id", how="left")
        .join(last_words(register, facts), on="agreement_id", how="left")
        .with_columns(must_act=pl.coalesce("must_act", "agency"))
        .sort(["days_since_progress", "agreement_id"], descending=[True, False])
    )


def decisions(facts: Facts) -> pl.DataFrame:
    """Open agreements held up by something only a higher authority can settle, most pressing first.

    Columns of `facts.agreements` and of the worst such blocker, plus `is_escalated`. Severe blockers come first, then the longest
    wait: what is severe and waits for years is not hidden by what is newer, whoever's project that is.
    """
    waiting = facts.blockers.filter(pl.col("is_open") & pl.col("authority_level").is_in(HIGHER_AUTHORITIES))
    narrowed = dataclasses.replace(facts, blockers=waiting)
    return (
        facts.agreements.filter("is_open")
        .join(worst_blockers(narrowed), on="agreement_id", how="inner")
        .with_columns(is_escalated=pl.col("escalated_on").is_not_null(), _severe=pl.col("severity") == Severity.SEVERE)
        .sort(
            ["_severe", "blocked_days", "flagship", "priority", "agreement_id"],
            descending=[True, True, True, True, False],
        )
        .drop("_severe")
    )
