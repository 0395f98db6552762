"""The agreements that are shown first: the next milestone, how far it slipped, why, and who answers for it."""

from __future__ import annotations

from typing import Final

import polars as pl

from kpi.briefing.blocks import Block, Break, Column, SentenceKind, Table
from kpi.briefing.material import Material
from kpi.briefing.saying import sentence, with_subjects
from kpi.vocabulary import Bucket
from words.phrases import Phrase

SHOWN: Final = 10

TROUBLED: Final = tuple(
    str(bucket)
    for bucket in (Bucket.OVERDUE, Bucket.STALLED, Bucket.AT_RISK, Bucket.NO_DATE, Bucket.SUSPENDED, Bucket.VOID)
)
"""Where a flagship stands that does not go as planned, the worst first."""

REASON: Final = (
    pl.when(pl.col("severe_blocker_since").is_not_null())
    .then(pl.lit("briefing.reason_blocker"))
    .when(pl.col("bucket") == Bucket.OVERDUE)
    .then(pl.lit("briefing.reason_overdue"))
    .when(pl.col("bucket") == Bucket.STALLED)
    .then(pl.lit("briefing.reason_stalled"))
    .when(pl.col("bucket") == Bucket.NO_DATE)
    .then(pl.lit("briefing.reason_no_date"))
    .when((pl.col("bucket") == Bucket.AT_RISK) & pl.col("last_report_missed"))
    .then(pl.lit("briefing.reason_silent"))
    .when(pl.col("bucket") == Bucket.AT_RISK)
    .then(pl.lit("briefing.reason_behind"))
    .otherwise(None)
)
"""Why an agreement does not go as planned, as a key of the catalogs; null where it does."""

COLUMNS: Final = (
    Column("subject", "briefing.subject", "title", wide=True),
    Column("agency", "briefing.owner", "code", of="agency", short=True),
    Column("bucket", "briefing.standing", "code", of="bucket", aside=True),
    Column("reason", "briefing.reason", "phrase"),
    Column("current_target", "briefing.target", "date"),
    Column("slippage_days", "briefing.slipped", "days", aside=True),
    Column("progress_pct", "briefing.progress", "percent", aside=True),
)


def show_flagships(material: Material) -> list[Block]:
    """How many flagship agreements do not go as planned, and all of them, the worst first."""
    whole = material.facts.agreements.filter("flagship")
    found = material.visible(whole)
    if found.is_empty():
        return []
    place = pl.col("bucket").replace_strict({code: at for at, code in enumerate(TROUBLED)}, default=len(TROUBLED))
    rows = (
        with_subjects(found)
        .with_columns(reason=REASON)
        .sort(place, "days_overdue", "slippage_days", "ref", descending=[False, True, True, False], nulls_last=True)
    )
    troubled = rows.filter(pl.col("bucket").is_in(TROUBLED)).height
    source = material.source("flagship", pl.col("flagship"))
    says = Phrase.of("briefing.flagships", n=troubled, all=rows.height)
    heading = sentence(material, "FLAGSHIP", SentenceKind.WARNING if troubled else SentenceKind.STANDING, says, source)
    table = Table(
        material.code("FLAGSHIPLIST"),
        Phrase("briefing.flagships_caption"),
        rows.select(
            "ref", "subject_vi", "subject_en", "title_vi", "title_en", "agency", "bucket", "reason", "current_target",
            pl.col("slippage_days").cast(pl.Int64), "progress_pct",
        ),
        COLUMNS,
        source,
        shown=SHOWN,
        left_out=max(rows.height - SHOWN, 0),
    )  # fmt: skip
    return [Break("flagships", heading), table]
