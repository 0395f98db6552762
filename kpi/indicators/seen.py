"""How much of each figure somebody outside the agency has seen: of what an indicator counts, the share reviewed or verified."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from kpi.facts import Facts
from kpi.indicators.catalog import COMPOSITE, KPIS, Kpi
from kpi.rules import Rules


def compute(facts: Facts, *, by: Sequence[str] = (), rules: Rules | None = None) -> pl.DataFrame:
    """One row per group and KPI that counts what is claimed: the `by` columns, kpi, claimed (rows counted), seen (those of them
    that were seen), share (percent; null where nothing was claimed).

    The composite's share is the mean of those of its components, each with its weight; what the register tells by its own clocks
    is in none.
    """
    rules = rules or Rules()
    keys = [*by]
    groups = facts.agreements.select("agreement_id", *keys)
    claiming = [kpi for kpi in KPIS.values() if kpi.seen is not None and not kpi.is_off(facts.records)]
    cells = groups.select(keys).unique() if by else pl.DataFrame({"_all": [True]})
    cells = cells.join(pl.DataFrame({"kpi": [kpi.code for kpi in claiming]}, schema={"kpi": pl.String}), how="cross")
    counted = pl.concat([_counted(kpi, facts, groups, keys) for kpi in claiming])
    each = (
        cells.join(counted, on=[*keys, "kpi"], how="left")
        .with_columns(pl.col("claimed", "seen").fill_null(0))
        .with_columns(share=pl.when(pl.col("claimed") > 0).then(100 * pl.col("seen") / pl.col("claimed")))
    )
    weight = pl.col("kpi").replace_strict(dict(rules.weights), default=None, return_dtype=pl.Float64)
    scored = each.with_columns(_weight=weight).filter(pl.col("_weight").is_not_null())
    told = pl.col("_weight").filter(pl.col("share").is_not_null()).sum()
    composite = scored.group_by(keys or ["_all"]).agg(
        kpi=pl.lit(COMPOSITE),
        claimed=pl.col("claimed").sum(),
        seen=pl.col("seen").sum(),
        share=pl.when(told > 0).then((pl.col("_weight") * pl.col("share")).sum() / told),
    )
    columns = [*keys, "kpi", "claimed", "seen", "share"]
    return pl.concat([each.select(columns), composite.select(columns)]).sort([*keys, "kpi"])


def _counted(kpi: Kpi, facts: Facts, groups: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    assert kpi.seen is not None
    rows = kpi.cases(facts, ["agreement_id", *kpi.seen.meta.root_names()]).filter("_counted").collect()
    found = (
        rows.select("agreement_id", _seen=kpi.seen) if kpi.seen.meta.root_names() else rows.with_columns(_seen=kpi.seen)
    )
    if keys:
        found = found.join(groups, on="agreement_id")
    sums = [pl.len().cast(pl.Int64).alias("claimed"), pl.col("_seen").sum().cast(pl.Int64).alias("seen")]
    totals = found.group_by(keys).agg(sums) if keys else found.select(sums)
    return totals.select(*keys, pl.lit(kpi.code).alias("kpi"), "claimed", "seen")
