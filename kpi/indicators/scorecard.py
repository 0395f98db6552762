"""Facts x KPIs x grouping -> values, intervals, scores, lights and ranks."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Literal

import polars as pl

from kpi.estimators import survival
from kpi.estimators.intervals import wilson
from kpi.facts import Facts
from kpi.indicators import lights
from kpi.indicators.catalog import COMPOSITE, KPIS, Kpi
from kpi.rules import Rules

Part = Literal["numerator", "denominator", "rest"]

MIN_DENOMINATOR = 5
"""Below this many cases a value is shown without a light and counts for no composite."""

PLACE_DIGITS = 1
"""Places go by the composite with so many decimals, as it is shown: less than that is no difference."""

SCORED = ("kpi", "n", "numerator", "denominator", "value", "low", "high", "score", "status", "follow_up")
COLUMNS = (*SCORED, "settled")


def compute(facts: Facts, *, by: Sequence[str] = (), rules: Rules | None = None) -> pl.DataFrame:
    """Every KPI of every group: the `by` columns and COLUMNS, ordered by group and KPI.

    `by` names columns of `facts.agreements`; without any there is one group. `value` and its 95 % interval `low`,
    `high` are in the KPI's unit (percent from 0 to 100, days, count, points). A null value means not available: no
    cases, or a median not yet reached (then `follow_up` is the time it exceeds). `n` is the number of cases. `score`
    is 0 to 100 by the goalposts, `status` one of green, amber, red, too_few, not_available, context, and `settled` says whether
    it holds anywhere in the interval (`lights.with_settled`); null for the composite, whose interval takes resampling.
    """
    rules = rules or Rules()
    by = list(by)
    groups = facts.agreements.select(by).unique() if by else pl.DataFrame({"_all": [True]})
    keys = by or ["_all"]
    codes = [kpi.code for kpi in KPIS.values() if kpi.estimator != "composite"]
    tallies = pl.concat([_tally(KPIS[code], facts, keys) for code in codes]).collect()
    scored = _lit(_scored(_valued(tallies, groups, keys, codes, rules), rules), rules).collect()
    cards = pl.concat([scored.lazy().select(*keys, *SCORED), _composite(scored, facts, groups, keys, rules)])
    is_settled = pl.when(pl.col("kpi") != COMPOSITE).then("settled")
    return (
        lights.with_settled(cards, rules)
        .with_columns(settled=is_settled)
        .sort([*keys, "kpi"])
        .select(*by, *COLUMNS)
        .collect()
    )


def rows_behind(facts: Facts, kpi: Kpi, part: Part) -> pl.DataFrame:
    """The rows a value is made of: those counted, those counted among, or those among but not counted."""
    rows = kpi.rows(facts)
    if part == "numerator":
        rows = rows.filter("_counted")
    elif part == "rest":
        rows = rows.filter(~pl.col("_counted"))
    return rows.drop("_counted")


def agreements_behind(facts: Facts, kpi: Kpi, part: Part) -> pl.DataFrame:
    """The agreements a value is made of, as rows of `facts.agreements`, whatever the KPI counts."""
    return facts.agreements.join(rows_behind(facts, kpi, part), on="agreement_id", how="semi")


def _with_groups(kpi: Kpi, facts: Facts, keys: list[str]) -> pl.LazyFrame:
    if keys == ["_all"]:
        return kpi.cases(facts, []).with_columns(_all=pl.lit(True))
    if kpi.of == "agreements":
        return kpi.cases(facts, keys)
    groups = facts.agreements.lazy().select(list(dict.fromkeys(["agreement_id", *keys])))
    return kpi.cases(facts, ["agreement_id"]).join(groups, on="agreement_id", how="inner")


def tally(facts: Facts, *, by: Sequence[str], kpis: Collection[str] = KPIS) -> pl.DataFrame:
    """What every value, or those of some KPIs, is made of: `by` columns, kpi, time, counted, cases.

    One row per group and KPI, where the KPI has a `Kpi.time` one per group, KPI and `time` (else null). Tallies add up: the sum
    of those of any parts is the tally of the whole, and `scores` turns any such sum into cards. So a register in which
    one agreement had fared otherwise, or was drawn twice, is scored by the same code without being written out.
    """
    return pl.concat([_tally(KPIS[code], facts, list(by)) for code in kpis]).collect()


def scores(tallies: pl.DataFrame, *, by: Sequence[str], kpis: Sequence[str], rules: Rules) -> pl.DataFrame:
    """The cards of `compute` for the named KPIs (the composite not among them), from tallies: `by` columns and SCORED.

    Without `low` and `high`, which no score goes by.
    """
    keys = list(by)
    groups = tallies.select(keys).unique()
    return _lit(_scored(_valued(tallies, groups, keys, kpis, rules, limits=False), rules), rules).collect()


def composites(scored: pl.DataFrame, cases: pl.DataFrame, *, by: Sequence[str], rules: Rules) -> pl.DataFrame:
    """The composite of every group in `cases` (`by` columns, n), from its scores (`by` columns, kpi, score)."""
    keys = list(by)
    return _weighted(scored, cases.lazy(), cases.select(keys).unique(), keys, rules).collect()


def _tally(kpi: Kpi, facts: Facts, keys: list[str]) -> pl.LazyFrame:
    time = [] if kpi.time is None else [pl.col(kpi.time).cast(pl.Int64).alias("time")]
    counts = (
        _with_groups(kpi, facts, keys)
        .group_by([*keys, *time])
        .agg(counted=pl.col("_counted").sum().cast(pl.Int64), cases=pl.len().cast(pl.Int64))
    )
    if not time:
        counts = counts.with_columns(time=pl.lit(None, dtype=pl.Int64))
    return counts.select(*keys, pl.lit(kpi.code).alias("kpi"), "time", "counted", "cases")


def _valued(
    tallies: pl.DataFrame,
    groups: pl.DataFrame,
    keys: list[str],
    codes: Sequence[str],
    rules: Rules,
    *,
    limits: bool = True,
) -> pl.LazyFrame:
    """The value of every KPI of every group, all KPIs of one estimator in one pass.

    `_still_there` is how many cases of a median had lasted to the worst goalpost, null for other estimators; `_earned` is a share
    with the parts of the cases that missed it, null for others.
    """
    parts = []
    for estimator in ("share", "median", "count"):
        mine = [code for code in codes if KPIS[code].estimator == estimator]
        if mine:
            cells = groups.join(pl.DataFrame({"kpi": mine}, schema={"kpi": tallies.schema["kpi"]}), how="cross")
            of_mine = tallies.filter(pl.col("kpi").is_in(mine))
            parts.append(_estimated(estimator, of_mine, cells, keys, rules, limits))
    return pl.concat(parts)


def _estimated(
    estimator: str, tallies: pl.DataFrame, cells: pl.DataFrame, keys: list[str], rules: Rules, limits: bool
) -> pl.LazyFrame:
    """`cells` names the groups and KPIs wanted; those without a tally have no cases."""
    # One number per cell: groups and windows by one column of whole numbers are much faster than by several of text.
    numbered = cells.with_row_index("_number").cast({"_number": pl.Int64})
    mine = tallies.join(numbered, on=[*keys, "kpi"])
    sums = mine.lazy().group_by("_number").agg(numerator=pl.col("counted").sum(), denominator=pl.col("cases").sum())
    counts = (
        numbered.lazy()
        .join(sums, on="_number", how="left", maintain_order="left")
        .with_columns(pl.col("numerator", "denominator").fill_null(0))
        .with_columns(n=pl.col("denominator"))
    )
    if estimator == "median":
        leaving = mine.select("_number", "time", events="counted", leaving="cases")
        medians = (
            survival.medians(survival.curves(leaving, by=["_number"]), by=["_number"])
            if limits
            else survival.median_times(leaving, by="_number")
        )
        worst = numbered.lazy().select("_number", worst=lights.goalpost(rules, 0))
        lasting = leaving.lazy().join(worst, on="_number").filter(pl.col("time") >= pl.col("worst"))
        still = lasting.group_by("_number").agg(_still_there=pl.col("leaving").sum().cast(pl.Int64))
        counts = (
            counts.join(medians.lazy(), on="_number", how="left")
            .rename({"median": "value"})
            .join(still, on="_number", how="left")
            .with_columns(pl.col("_still_there").fill_null(0))
        )
    elif estimator == "share":
        part = (1 - pl.col("time") / rules.late_points_days).fill_null(0.0)
        parts = mine.lazy().group_by("_number").agg(_parts=((pl.col("cases") - pl.col("counted")) * part).sum())
        counts = counts.join(parts, on="_number", how="left", maintain_order="left").with_columns(
            pl.when(pl.col("denominator") > 0).then(100 * counted / pl.col("denominator")).alias(name)
            for name, counted in (
                ("value", pl.col("numerator")),
                ("_earned", pl.col("numerator") + pl.col("_parts").fill_null(0.0)),
            )
        )
        if limits:
            low, high = wilson(pl.col("numerator"), pl.col("denominator"))
            counts = counts.with_columns(low=100 * low, high=100 * high)
    else:
        counts = counts.with_columns(value=pl.when(pl.col("denominator") > 0).then(pl.col("numerator")))
    return _shaped(counts, keys)


def _shaped(frame: pl.LazyFrame, keys: list[str]) -> pl.LazyFrame:
    there = frame.collect_schema().names()
    floats = ["value", "low", "high", "follow_up", "_earned"]
    absent = [pl.lit(None, dtype=pl.Float64).alias(name) for name in floats if name not in there]
    if "_still_there" not in there:
        absent.append(pl.lit(None, dtype=pl.Int64).alias("_still_there"))
    return frame.with_columns(absent).select(
        *keys,
        "kpi",
        pl.col("n", "numerator", "denominator").cast(pl.Int64),
        pl.col(floats).cast(pl.Float64),
        "_still_there",
    )


def _scored(cards: pl.LazyFrame, rules: Rules) -> pl.LazyFrame:
    """Add `score` = 100 x clip((x - lo) / (hi - lo), 0, 1) with fixed goalposts, and `_lit_by`, the same of the value as it is
    shown where the score also has parts of cases.

    With fewer than MIN_DENOMINATOR cases there is neither. A median that has not been reached is longer than the
    follow-up; where as many cases have lasted beyond the worst goalpost the score is 0, otherwise it is not available.
    """
    beyond = pl.col("value").is_null() & (pl.col("_still_there") >= MIN_DENOMINATOR)

    def scored(name: str) -> pl.Expr:
        score = pl.when(beyond).then(0.0).otherwise(name)
        return pl.when(pl.col("denominator") >= MIN_DENOMINATOR).then(score).alias(name)

    both = {"score": pl.coalesce("_earned", "value"), "_lit_by": pl.col("value")}
    points = {name: lights.points(x, rules) for name, x in both.items()}
    return cards.with_columns(**points).with_columns(map(scored, both)).drop("_still_there", "_earned")


def _lit(cards: pl.LazyFrame, rules: Rules) -> pl.LazyFrame:
    context = [kpi.code for kpi in KPIS.values() if kpi.direction == "context"]
    return cards.with_columns(
        status=pl.when(pl.col("kpi").is_in(context))
        .then(pl.lit("context"))
        .when(pl.col("denominator") == 0)
        .then(pl.lit("not_available"))
        .when(pl.col("denominator") < MIN_DENOMINATOR)
        .then(pl.lit("too_few"))
        .otherwise(lights.light(pl.col("_lit_by"), rules))
    ).drop("_lit_by")


def _composite(scored: pl.DataFrame, facts: Facts, groups: pl.DataFrame, keys: list[str], rules: Rules) -> pl.LazyFrame:
    cases = _with_groups(KPIS[COMPOSITE], facts, keys).group_by(keys).agg(n=pl.len().cast(pl.Int64))
    cards = _weighted(scored, cases, groups, keys, rules)
    caps = {kpi.code: kpi.red_below for kpi in KPIS.values() if kpi.red_below is not None}
    cap = pl.col("kpi").replace_strict(caps, default=None, return_dtype=pl.Float64)
    capped = scored.lazy().filter(pl.col("score").is_not_null() & (pl.col("value") < cap)).select(keys).unique()
    is_capped = pl.col("_capped").fill_null(value=False) & pl.col("status").is_in(["green", "amber"])
    return (
        cards.join(capped.with_columns(_capped=True), on=keys, how="left", nulls_equal=True, maintain_order="left")
        .with_columns(status=pl.when(is_capped).then(pl.lit("red")).otherwise("status"))
        .drop("_capped")
    )


def _weighted(
    scored: pl.DataFrame, cases: pl.LazyFrame, groups: pl.DataFrame, keys: list[str], rules: Rules
) -> pl.LazyFrame:
    """The composite: the weighted mean of the scores there are.

    Given only where the components there are carry enough of the weight and there are enough agreements to be carried out.
    `numerator` and `denominator` are the weighted sum of scores and the weight available, rounded to whole points.
    """
    weight = pl.col("kpi").replace_strict(dict(rules.weights), default=None, return_dtype=pl.Float64)
    there = scored.lazy().with_columns(_w=weight).filter(pl.col("_w").is_not_null() & pl.col("score").is_not_null())
    sums = there.group_by(keys).agg(weighted=(pl.col("_w") * pl.col("score")).sum(), weight=pl.col("_w").sum())
    joined = groups.lazy().join(sums, on=keys, how="left").join(cases, on=keys, how="left")
    enough_weight = pl.col("weight").fill_null(0) >= rules.least_weight
    enough_cases = pl.col("n").fill_null(0) >= rules.rank_min_n
    cards = joined.with_columns(
        kpi=pl.lit(COMPOSITE),
        n=pl.col("n").fill_null(0),
        numerator=pl.col("weighted").fill_null(0).round(),
        denominator=pl.col("weight").fill_null(0).round(),
        value=pl.when(enough_weight & enough_cases).then(pl.col("weighted") / pl.col("weight")),
    )
    return (
        _shaped(cards, keys)
        .drop("_still_there", "_earned")
        .with_columns(score=pl.col("value"))
        .with_columns(
            status=pl.when(pl.col("n") < rules.rank_min_n)
            .then(pl.lit("too_few"))
            .otherwise(lights.light(pl.col("score"), rules))
        )
        .select(*keys, *SCORED)
    )


def as_ranked(score: pl.Expr) -> pl.Expr:
    """A composite as places go by it. What arithmetic leaves behind the ninth decimal must not decide how it is rounded."""
    return score.round(9).round(PLACE_DIGITS)


def rank(cards: pl.DataFrame, *, group: str) -> pl.DataFrame:
    """Places by composite score: `group`, score, n, place. Scores equal as shown share a place; null means not ranked.

    `cards` is a frame of `compute` with `by=[group]` (already narrowed to one kind of agency).
    """
    composite = cards.filter(pl.col("kpi") == COMPOSITE)
    return composite.select(
        group,
        "n",
        score="value",
        place=as_ranked(pl.col("value")).rank("min", descending=True).cast(pl.Int64),
        status="status",
    ).sort("place", group, nulls_last=True)
