"""Scorecards as they are published: every figure of every agency on one day, written so that the same facts give the same bytes.

A publication is the pair of a day the figures speak of and a day at whose end they were known, with the rules of both. Whoever has
these can work it out again, and compare byte for byte.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

import polars as pl

from kpi.facts import Facts
from kpi.indicators import league_table, scorecard
from kpi.indicators.catalog import COMPOSITE
from kpi.rules import Rules
from kpi.studies import rank_sets
from kpi.vocabulary import Scope

FIGURES: Final[Mapping[str, type[pl.DataType]]] = {
    "agency": pl.String,
    "kpi": pl.String,
    "n": pl.Int64,
    "numerator": pl.Float64,
    "denominator": pl.Float64,
    "value": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "score": pl.Float64,
    "status": pl.String,
    "place": pl.Int64,
    "best_place": pl.Int64,
    "worst_place": pl.Int64,
}
"""What is published of an agency and a KPI: as in `scorecard.compute`; places stand beside the composite, as in `league_table`."""

SCOPES: Final = (Scope.HIGH_LEVEL, Scope.LOCAL)
DIGITS: Final = 6
"""To so many decimals figures are written: what lies beyond is the arithmetic's, not the facts'."""

_PLACES: Final = ("place", "best_place", "worst_place")


def compute(facts: Facts, *, rules: Rules, scope: str) -> pl.DataFrame:
    """FIGURES of every agency with agreements of a scope (`kpi.vocabulary.Scope`; empty: of any), by agency and KPI."""
    looked_at = facts.where(pl.col("scope") == scope) if scope else facts
    cards = scorecard.compute(looked_at, by=["agency"], rules=rules)
    intervals = rank_sets.composite_intervals(looked_at, by="agency", rules=rules, cards=cards)
    league = league_table.compute(cards, before=cards, intervals=intervals, group="agency", rules=rules)
    composite = pl.col("kpi") == COMPOSITE
    places = league.select("agency", *_PLACES, kpi=pl.lit(COMPOSITE), least="low", most="high")
    return (
        cards.filter(pl.col("agency").is_not_null())
        .join(places, on=["agency", "kpi"], how="left")
        .with_columns(
            pl.when(composite).then(pl.col(own)).otherwise(pl.col(name)).alias(name)
            for own, name in (("least", "low"), ("most", "high"))
        )
        .select(pl.col(name).cast(dtype) for name, dtype in FIGURES.items())
        .sort("agency", "kpi")
    )


def write(figures: pl.DataFrame) -> str:
    """FIGURES as text, the same for the same figures wherever they were worked out: JSON, one line per row."""
    rounded = figures.select(
        (pl.col(name).round(DIGITS) + 0.0 if dtype == pl.Float64 else pl.col(name)) for name, dtype in FIGURES.items()
    )
    lines = [list(FIGURES), *map(list, rounded.sort("agency", "kpi").iter_rows())]
    return "\n".join(json.dumps(line, ensure_ascii=False, allow_nan=False, separators=(",", ":")) for line in lines)


def read(text: str) -> pl.DataFrame:
    """FIGURES out of what `write` wrote. Raises ValueError for anything else."""
    heading, *lines = (json.loads(line) for line in text.split("\n"))
    if heading != list(FIGURES):
        raise ValueError("This is not what was published: other columns")
    return pl.DataFrame(lines, schema=dict(FIGURES), orient="row")
