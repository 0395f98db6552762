"""The signs by which agreements are counted, listed and filtered: what each name means, in one place.

A count on a screen, the list behind it and `manage.py agreements --flag` read the same expression, so that they cannot
differ.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from typing import Final

import polars as pl
from polars import col

from kpi.facts import NOT_GIVEN, UNASSIGNED, Facts
from kpi.facts.attention import FURTHEST_STAGE, IN_FLOW, STAGES
from kpi.vocabulary import BUCKETS, Bucket

_DAYS_WITHOUT_NEWS: Final = (
    col("days_since_progress")
    - (pl.max_horizontal("last_report_on", "last_progress_on") - col("last_progress_on")).dt.total_days()
)
"""Days since anything was heard of an agreement, be it a report that nothing has changed."""

FLAGS: Final[Mapping[str, pl.Expr]] = types.MappingProxyType(
    {
        "signed": col("is_signed"),
        "open": col("is_open"),
        "in_progress": col("is_under_way"),
        "completed": col("is_completed"),
        "stalled": col("is_stalled"),
        "overdue": col("is_overdue"),
        "no_date": col("has_no_date"),
        "at_risk": col("is_at_risk"),
        "due_soon": col("due_soon"),
        "on_track": col("bucket") == Bucket.ON_TRACK,
        "suspended": col("is_suspended"),
        "void": col("is_void"),
        "declaratory": col("bucket") == Bucket.DECLARATORY,
        "not_tracked": col("bucket") == Bucket.NOT_TRACKED,
        "not_signed": col("bucket") == Bucket.NOT_SIGNED,
        "priority": col("priority"),
        "flagship": col("flagship"),
        "contradicts": col("contradicts"),
        "silent": col("is_open") & col("last_report_missed"),
        "missing_fields": col("is_signed")
        & (
            (col("sector") == NOT_GIVEN)
            | (col("doc_type") == NOT_GIVEN)
            | (col("partner") == NOT_GIVEN)
            | col("signed_on").is_null()
        ),
        "unassigned": col("is_signed") & (col("agency") == UNASSIGNED),
        "undated_state": col("is_signed") & col("state_since").is_null(),
        "no_news": col("is_open") & (col("stall_limit") <= _DAYS_WITHOUT_NEWS).fill_null(False),
        "no_evidence": col("is_completed") & ~col("has_evidence"),
        **{f"mainly_{bucket}": col("bucket") == bucket for bucket in (Bucket.STALLED, Bucket.NO_DATE, Bucket.AT_RISK)},
        **{f"reached_{stage}": IN_FLOW & FURTHEST_STAGE.ge(place) for place, stage in enumerate(STAGES[:-1])},
    }
)
"""Name -> condition on `Facts.agreements`. Signs overlap: an agreement can be stalled and overdue at once.

The `mainly_` ones do not: they are the buckets that differ from the sign of the same name, as a worse sign goes before.
`reached_` ones are the bars of `attention.flow`; the last of these is `completed`.
"""

BUCKET_FLAGS: Final[Mapping[str, str]] = types.MappingProxyType(
    {bucket: f"mainly_{bucket}" if f"mainly_{bucket}" in FLAGS else bucket for bucket in BUCKETS}
)
"""The flag that selects exactly the open agreements of a bucket."""

STAGE_FLAGS: Final[Mapping[str, str]] = types.MappingProxyType(
    {stage: f"reached_{stage}" if f"reached_{stage}" in FLAGS else stage for stage in STAGES}
)
"""The flag that selects exactly the agreements that have come to a stage of the flow."""


def count(facts: Facts) -> dict[str, int]:
    """How many agreements show each sign."""
    return facts.agreements.select(condition.sum().cast(pl.Int64).alias(name) for name, condition in FLAGS.items()).row(
        0, named=True
    )
