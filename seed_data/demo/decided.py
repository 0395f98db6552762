"""What was decided in the demo register: directives of two review meetings, and what went up to a level that can settle it.

Escalations are those of the register's own blockers, so that they and their KPI tell one story; whatever becomes of them
is invented.
"""

from __future__ import annotations

import dataclasses
import datetime as dt

import polars as pl

from kpi.rules import Rules
from kpi.vocabulary import BlockerStep, DirectiveAbout, EscalationStep
from seed_data.demo.calendar import DATA_DATE
from seed_data.demo.draws import read_data
from seed_data.demo.history import recorded

ESCALATIONS = 26
_OFFICE = "VPCP"


@dataclasses.dataclass(frozen=True, eq=False)
class Decided:
    """Rows of Directive, DirectiveStep, Escalation and EscalationStep."""

    directives: pl.DataFrame
    directive_steps: pl.DataFrame
    escalations: pl.DataFrame
    escalation_steps: pl.DataFrame


def decide(agreements: pl.DataFrame, blockers: pl.DataFrame, events: pl.DataFrame) -> Decided:
    """`agreements`, `blockers` and `events` are rows of their tables."""
    escalations = _escalations(agreements, blockers, events)
    escalated = escalations.drop("resolved_on", "decision", "turn")
    return Decided(_directives(agreements), _directive_steps(), escalated, _escalation_steps(escalations))


def _directives(agreements: pl.DataFrame) -> pl.DataFrame:
    """Those about an agreement are about a flagship of the agency where it has one, each about another."""
    rows = read_data("directives").with_columns(pl.col("issued_on", "due_on").str.to_date("%Y-%m-%d"))
    is_about = pl.col("about") == DirectiveAbout.AGREEMENT
    own = (
        agreements.filter(pl.col("responsible_agency").is_not_null())
        .sort("flagship", "priority", "id", descending=[True, True, False])
        .with_columns(_turn=pl.int_range(pl.len()).over("responsible_agency"))
        .select("_turn", agency="responsible_agency", agreement_id="id")
    )
    turn = pl.when(is_about).then(is_about.cum_sum().over("agency").cast(pl.Int64) - 1)
    return (
        rows.with_columns(_turn=turn)
        .join(own, on=["agency", "_turn"], how="left", maintain_order="left")
        .select(
            *("id", "agency", "about", "task", "due_on", "issued_on", "issued_by", "agreement_id"),
            *(pl.col(name).fill_null("") for name in ("about_code", "said_by")),
            recorded_at=recorded(pl.col("issued_on"), pl.lit(0)),
        )
    )


def _directive_steps() -> pl.DataFrame:
    texts = ("document_number", "document_issuer", "text")
    days = pl.col("taken_on", "due_on", "document_on").cast(pl.String).replace("", None).str.to_date("%Y-%m-%d")
    rows = read_data("directive_steps").with_columns(days, *(pl.col(name).fill_null("") for name in texts))
    return rows.sort("taken_on", maintain_order=True).select(
        *("kind", "taken_on", "taken_by", "due_on", "document_on", *texts),
        id=pl.int_range(1, pl.len() + 1),
        directive_id="directive",
        recorded_at=recorded(pl.col("taken_on"), pl.lit(0)),
    )


def _escalations(agreements: pl.DataFrame, blockers: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
    """The blockers that went up last, with what is asked for by their cause; resolved_on, decision and turn: what became of it."""

    def first(kind: BlockerStep, name: str) -> pl.DataFrame:
        return events.filter(kind=str(kind)).group_by("blocker_id").agg(pl.col("effective_on").min().alias(name))

    answer_days = {str(level): days for level, days in Rules().answer_days.items()}
    owners = agreements.select(agreement_id="id", agency="responsible_agency").drop_nulls()
    return (
        blockers.select(blocker_id="id", agreement_id="agreement_id", cause="cause", level="authority_level")
        .join(first(BlockerStep.ESCALATED, "raised_on"), on="blocker_id")
        .join(first(BlockerStep.RESOLVED, "resolved_on"), on="blocker_id", how="left")
        .join(owners, on="agreement_id")
        .join(read_data("escalation_texts"), on="cause", how="left")
        .sort("raised_on", "blocker_id")
        .tail(ESCALATIONS)
        .with_columns(
            id=pl.int_range(1, pl.len() + 1),
            turn=pl.int_range(pl.len()),
            due_on=pl.col("raised_on") + pl.duration(days=pl.col("level").replace_strict(answer_days)),
            raised_by=pl.col("agency").str.to_lowercase(),
            recorded_at=recorded(pl.col("raised_on"), pl.lit(0)),
        )
        .drop("cause")
    )


def _escalation_steps(escalations: pl.DataFrame) -> pl.DataFrame:
    """Decided on the day the blocker was resolved; of those still there every third has a working group, that has met since."""
    group = (
        pl.col("resolved_on").is_null()
        & (pl.col("turn") % 3 == 0)
        & (pl.col("raised_on") < DATA_DATE - dt.timedelta(20))
    )
    settled = escalations.filter(pl.col("resolved_on").is_not_null()).select(
        "id", kind=pl.lit(str(EscalationStep.DECIDED)), taken_on="resolved_on", text="decision"
    )
    set_up = escalations.filter(group).select(
        "id",
        kind=pl.lit(str(EscalationStep.GROUP_SET_UP)),
        taken_on=pl.col("raised_on") + dt.timedelta(days=10),
        text=pl.lit("Rà soát vướng mắc, đề xuất phương án xử lý"),
        members=pl.format("{}; {}; Bộ Tài chính; Bộ Tư pháp", pl.lit(_OFFICE), "agency"),
        due_on=pl.col("raised_on") + dt.timedelta(days=75),
    )
    met = escalations.filter(group).select(
        "id",
        kind=pl.lit(str(EscalationStep.GROUP_MET)),
        taken_on=pl.col("raised_on") + dt.timedelta(days=17),
        text=pl.lit("Thống nhất nguyên tắc; giao cơ quan chủ trì hoàn thiện phương án"),
    )
    return (
        pl.concat([settled, set_up, met], how="diagonal")
        .sort("taken_on", "id", "kind")
        .select(
            *("kind", "taken_on", "text"),
            id=pl.int_range(1, pl.len() + 1),
            escalation_id="id",
            taken_by=pl.lit("dieuphoi"),
            members=pl.col("members").fill_null(""),
            level=pl.lit(""),
            due_on="due_on",
            recorded_at=recorded(pl.col("taken_on"), pl.lit(0)),
        )
    )
