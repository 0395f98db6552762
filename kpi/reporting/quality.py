"""What the register leaves unsaid: agreements whose record is incomplete, contradicts itself, or has fallen silent."""

from __future__ import annotations

import types
from collections.abc import Mapping
from typing import Final

import polars as pl
from polars import col

from kpi.facts import CLASHES, NOT_GIVEN, Facts
from kpi.facts.signs import FLAGS

DEFECTS: Final = (
    *("unassigned", "missing_fields", "no_date", "undated_state"),
    *("contradicts", "silent", "no_news", "no_evidence"),
)
"""The signs of `kpi.facts.signs` that say something is wrong with the record; an agreement may show several."""

_NEEDS: Final[Mapping[str, str]] = types.MappingProxyType({"silent": "reports", "no_evidence": "evidence"})
"""Defects that mean nothing in a register that keeps no such thing at all."""

FIELDS: Final = ("sector", "doc_type", "partner", "signed_on")
"""What every signed agreement's record must have besides an agency and a target."""

_SCHEMA: Final = {
    "agreement_id": pl.Int64,
    "ref": pl.String,
    "title_vi": pl.String,
    "title_en": pl.String,
    "agency": pl.String,
    "defect": pl.String,
    "field": pl.String,
    "text": pl.String,
    "day": pl.Date,
    "other_day": pl.Date,
}


def kept(facts: Facts) -> tuple[str, ...]:
    """The defects that can be told in this register."""
    return tuple(name for name in DEFECTS if _NEEDS.get(name) is None or _NEEDS[name] in facts.records)


def by_agency(facts: Facts) -> pl.DataFrame:
    """How many signed agreements of each agency show each defect: most defective ones first.

    Columns: agency, n (signed agreements), one per DEFECTS (null where the register cannot tell, see `kept`), defective
    (agreements with any of them); besides, which is no defect of a record: registered_late, completed, and evidenced, how many of
    those have evidence (null where the register keeps none).
    """
    told = kept(facts)
    return (
        facts.agreements.filter("is_signed")
        .group_by("agency")
        .agg(
            n=pl.len().cast(pl.Int64),
            **{name: FLAGS[name].sum().cast(pl.Int64) if name in told else pl.lit(None, pl.Int64) for name in DEFECTS},
            defective=pl.any_horizontal(FLAGS[name] for name in told).sum().cast(pl.Int64),
            registered_late=pl.col("registered_late").sum().cast(pl.Int64),
            completed=pl.col("is_completed").sum().cast(pl.Int64),
            evidenced=(col("is_completed") & col("has_evidence")).sum().cast(pl.Int64)
            if "evidence" in facts.records
            else pl.lit(None, pl.Int64),
        )
        .sort(["defective", "agency"], descending=[True, False])
    )


def findings(facts: Facts, defect: str, names_as_given: pl.DataFrame) -> pl.DataFrame:
    """What exactly is wrong with each agreement that shows a defect: one row per field, by agreement and field.

    Columns: agreement_id, ref, title_vi, title_en, agency, defect, field (what is missing or wrong), text (what the register says
    there: a code, or words as they were given; null for nothing), day and other_day (dates that contradict each other, or the
    one date that matters). `names_as_given` has the words of agencies that could not be resolved: agreement_id, text. Fields
    are: for `missing_fields` those of FIELDS; for `contradicts` the pairs of `kpi.facts.CLASHES` as `later<earlier`; otherwise
    the one that the defect is about. Raises KeyError for what is no defect.
    """
    parts = _PARTS[defect]
    # Lazily, so that only the columns in question are copied.
    rows = facts.agreements.lazy().filter(FLAGS[defect] & col("is_signed") & pl.lit(defect in kept(facts)))
    if defect == "unassigned":
        words = names_as_given.lazy().select("agreement_id", "text")
        rows = rows.join(words, on="agreement_id", how="left")
    found = [
        rows.filter(condition).select(
            *("agreement_id", "ref", "title_vi", "title_en", "agency"),
            defect=pl.lit(defect),
            field=pl.lit(field),
            text=text,
            day=day,
            other_day=other_day,
        )
        for field, (condition, text, day, other_day) in parts.items()
    ]
    return pl.concat(found).cast(pl.Schema(_SCHEMA)).sort("agreement_id", "field").collect()


_NO_TEXT: Final = pl.lit(None, pl.String)
_NO_DAY: Final = pl.lit(None, pl.Date)
_ALWAYS: Final = pl.lit(value=True)
_Part = tuple[pl.Expr, pl.Expr, pl.Expr, pl.Expr]


def _is_empty(field: str) -> pl.Expr:
    return col(field).is_null() if field.endswith("_on") else col(field) == NOT_GIVEN


_PARTS: Final[Mapping[str, Mapping[str, _Part]]] = types.MappingProxyType(
    {
        "unassigned": {"agency": (_ALWAYS, col("text"), _NO_DAY, _NO_DAY)},
        "missing_fields": {field: (_is_empty(field), _NO_TEXT, _NO_DAY, _NO_DAY) for field in FIELDS},
        "no_date": {"original_target": (_ALWAYS, _NO_TEXT, _NO_DAY, _NO_DAY)},
        "undated_state": {"state": (_ALWAYS, col("state"), _NO_DAY, _NO_DAY)},
        "contradicts": {
            f"{later}<{earlier}": (
                (col(later) < col(earlier)).fill_null(value=False),
                _NO_TEXT,
                col(later),
                col(earlier),
            )
            for earlier, later in CLASHES
        },
        "silent": {"report": (_ALWAYS, _NO_TEXT, col("last_report_on"), _NO_DAY)},
        "no_news": {"news": (_ALWAYS, _NO_TEXT, pl.max_horizontal("last_report_on", "last_progress_on"), _NO_DAY)},
        "no_evidence": {"evidence_url": (_ALWAYS, _NO_TEXT, col("completed_on"), _NO_DAY)},
    }
)
"""Per defect, per field: whether it is wrong, what is said, and the days in question."""
