"""What holds agreements up, whether the wait has become shorter, and who did not report."""

from __future__ import annotations

from typing import Final

import polars as pl

from kpi.briefing.blocks import Block, Break, Chart, Column, SentenceKind, Table
from kpi.briefing.material import Material
from kpi.briefing.saying import agencies, sentence
from kpi.facts import attention
from kpi.facts.attention import IN_FLOW
from kpi.reporting import coverage, reports
from kpi.studies import cohorts
from kpi.vocabulary import NOT_NAMED
from words.phrases import Listed, Named, Phrase, Quantity

HORIZON_DAYS: Final = 365
SILENT: Final = 10


def show_causes(material: Material) -> list[Block]:
    """What stalled agreements wait for, as far as anybody has said."""
    stalled = material.facts.agreements.filter("is_stalled")
    if stalled.is_empty() or "blockers" not in material.facts.records:
        return []
    worst = attention.worst_blockers(material.facts).select("agreement_id", "cause")
    causes = (
        stalled.join(worst, on="agreement_id", how="left")
        .group_by(cause=pl.col("cause").fill_null(NOT_NAMED))
        .agg(n=pl.len().cast(pl.Int64))
        .sort(pl.col("cause") == NOT_NAMED, "n", "cause", descending=[False, True, False])
    )
    unnamed = int(causes.filter(cause=NOT_NAMED)["n"].sum())
    named = causes.filter(pl.col("cause") != NOT_NAMED)
    source = material.source("is_stalled", pl.col("is_stalled"))
    most = named.filter(pl.col("n") == pl.col("n").max())
    unexplained = Phrase.of("briefing.of_stalled_unnamed", n=unnamed, all=stalled.height)
    says = unexplained
    if most.height and 2 * unnamed < stalled.height:
        names = Listed(tuple(Named("cause", cause) for cause in most["cause"].sort()))
        says = Phrase.of(
            "briefing.stalled_causes", n=int(most["n"][0]), causes=names, unnamed=unexplained, all=stalled.height
        )
    heading = sentence(material, "CAUSES", SentenceKind.DRIVER, says, source)
    chart = Chart(
        material.code("CAUSECHART"),
        "bars",
        Phrase("briefing.causes_title"),
        Phrase.of("briefing.causes_alt", n=stalled.height),
        causes,
        Column("cause", "overview.cause", "code", of="cause"),
        Column("n", "briefing.agreements", "number"),
        source,
    )
    return [Break("causes", heading), chart]


def show_wait(material: Material) -> list[Block]:
    """Whether agreements are carried out sooner after signing than they were, judged at an equal horizon."""
    table = cohorts.by_signing(material.facts, horizon_days=HORIZON_DAYS)
    judged = cohorts.observed_cohorts(material.facts, horizon_days=HORIZON_DAYS)
    shown = table.filter("is_observed", pl.col("rmst").is_not_null())
    if len(judged) < 2 or shown.is_empty():
        return []
    found = cohorts.compare(material.facts, judged[0], judged[-1], horizon_days=HORIZON_DAYS)
    signed = pl.col("signed_on").dt.year().cast(pl.String)
    source = material.source("waiting_days", IN_FLOW & signed.is_in([found.earlier, found.later]))
    details = []
    if found.days is not None and found.days_low is not None and found.days_high is not None:
        ends = sorted((found.days_low, found.days_high))
        details.append(
            Phrase.of(
                "briefing.wait_limits",
                low=Quantity(ends[0]),
                high=Quantity(ends[1]),
                horizon=Quantity(HORIZON_DAYS, "days"),
            )
        )
    says = Phrase.of(
        f"briefing.wait_{found.verdict}",
        earlier=found.earlier,
        later=found.later,
        days=Quantity(None if found.days is None else abs(found.days), "days"),
    )
    heading = sentence(material, "WAIT", SentenceKind.STANDING, says, source, *details)
    chart = Chart(
        material.code("WAITCHART"),
        "ranges",
        Phrase("briefing.wait_title"),
        Phrase.of("briefing.wait_alt", n=shown.height),
        shown.select("cohort", "n", rmst="rmst", low="rmst_low", high="rmst_high"),
        Column("cohort", "survival.cohort"),
        Column("rmst", "briefing.mean_wait", "days"),
        source,
        low="low",
        high="high",
    )
    return [Break("wait", heading), chart]


SILENCE_COLUMNS: Final = (
    Column("agency", "overview.agency", "code", of="agency"),
    Column("owed", "briefing.owed", "number"),
    Column("received", "briefing.received", "number"),
    Column("missing", "briefing.missing", "number"),
)


def show_reporting(material: Material) -> list[Block]:
    """Who owes reports of the period that fell due last."""
    found = coverage.reported(material.facts)
    if found is None:
        return []
    late = (
        reports.counts(material.facts, last=1)
        .filter(pl.col("missing") > 0)
        .sort(["missing", "agency"], descending=[True, False])
        .select("agency", "owed", "received", "missing")
    )
    missing = pl.col("is_due") & pl.col("received_on").is_null() & (pl.col("period") == found.period)
    source = material.source("missing_reports", missing, of="reports")
    silent = late.filter(pl.col("received") == 0)["agency"].to_list()
    if found.missing:
        says = Phrase.of(
            "briefing.reports_missing", n=found.missing, all=found.owed, period=found.period, due=found.due_on
        )
    else:
        says = Phrase.of("briefing.reports_all_in", n=found.owed, period=found.period)
    details = []
    if silent:
        details.append(Phrase.of("briefing.silent", n=len(silent), agencies=agencies(silent, short=True, most=6)))
    kind = SentenceKind.WARNING if found.missing else SentenceKind.STANDING
    blocks: list[Block] = [Break("reporting", sentence(material, "REPORTS", kind, says, source, *details))]
    if late.height:
        blocks.append(
            Table(
                material.code("REPORTLIST"),
                Phrase("briefing.reports_caption"),
                late,
                SILENCE_COLUMNS,
                source,
                shown=SILENT,
                left_out=max(late.height - SILENT, 0),
            )
        )
    return blocks
