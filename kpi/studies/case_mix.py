"""What could be expected of an agency with its kind of agreements: indirect standardisation.

Each agreement is expected to fare as agreements of the same sector, partner tier, kind of document and age do across
the register; an agency's observed count is set beside the sum of what was expected of its own. The chance of each
agreement comes from a regression with one effect per sector, tier, kind and age, because cells of four factors hold
one or two agreements each and would compare an agency with itself: the way of the Summary Hospital-level Mortality
Indicator (Campbell et al. 2012, BMJ 344, e1001) and of DeLong et al. (1997), Statistics in Medicine 16, 2645-2664.
Shares use a logistic regression, waiting times a Poisson regression of events on waiting time in bands (Breslow and
Day 1987, "Statistical Methods in Cancer Research", volume II, chapter 4), in which agreements still waiting count
with the time they have waited.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import sparse
from scipy.special import betainccinv, betaincinv, expit

from kpi.estimators import survival
from kpi.estimators.distributions import chi2_quantile, chi2_upper_quantile
from kpi.facts import Facts
from kpi.indicators.catalog import KPIS, Kpi

Floats = npt.NDArray[np.float64]

AGE = "age_band"
FACTORS = ("sector", "partner_tier", "doc_type", AGE)
AGE_YEARS = (1, 2, 3, 5)
"""Where classes of age part, in years since signing."""

WAIT_BANDS = (0, 30, 60, 90, 120, 180, 270, 365, 545, 730, 1095, 1460)
"""Where the bands of waiting time begin, in days; within a band the rate is taken as constant."""

# Effects are drawn in towards none as if known to have this spread on the log scale (a factor of 4.5 either way covers
# two thirds): enough to keep a sector in which all three agreements were carried out from being expected to be certain.
_SPREAD = 1.5
_FREE = 1e3
_MOST_STEPS = 100
_BAND = "_band"


def adjust(
    facts: Facts, code: str, *, by: str = "agency", factors: Sequence[str] = FACTORS, level: float = 0.95
) -> pl.DataFrame:
    """A share or a median of each group beside what it would be with the register's mix of agreements.

    Columns: `by`, n, observed, expected, ratio (observed / expected) with low and high, crude, adjusted with
    adjusted_low and adjusted_high, own_share; in order of `by`. `crude` and `adjusted` are in the KPI's unit. A share
    is adjusted by the ratio times the share of the whole register, at most 100. A median is adjusted by taking the
    whole register's curve to the power of the ratio (proportional rates) and is null where that does not reach one
    half; there the ratio is one of rates, so that above 1 means sooner. `own_share` is how much of the comparison is
    the group itself, from 0 to 1: near 1 there is nobody else to compare it with, and the ratio is near 1 whatever it
    does.

    Intervals: for shares exact binomial (Clopper and Pearson 1934) about the expected number taken as known, on the
    effective number of cases where an agreement has several (Korn and Graubard 1998, Survey Methodology 24, 193-201);
    for medians exact Poisson (Garwood 1936). ValueError for a KPI that is neither share nor median.
    """
    kpi = KPIS[code]
    if kpi.estimator not in ("share", "median"):
        raise ValueError(f"{code} is a {kpi.estimator}; only shares and medians can be standardised")
    rows = _rows(kpi, facts, by=by, factors=factors)
    if rows.is_empty():
        return pl.DataFrame(schema={by: rows.schema[by], **_SCHEMA})
    found = (
        _share(kpi, rows, by, factors, level) if kpi.estimator == "share" else _median(kpi, rows, by, factors, level)
    )
    return found.join(_own_shares(rows, by, factors), on=by, nulls_equal=True).select(by, *_SCHEMA).sort(by)


_SCHEMA: dict[str, type[pl.DataType]] = {
    "n": pl.Int64,
    "observed": pl.Int64,
    "expected": pl.Float64,
    "ratio": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "crude": pl.Float64,
    "adjusted": pl.Float64,
    "adjusted_low": pl.Float64,
    "adjusted_high": pl.Float64,
    "own_share": pl.Float64,
}


def _rows(kpi: Kpi, facts: Facts, *, by: str, factors: Sequence[str]) -> pl.DataFrame:
    age = pl.sum_horizontal((pl.col("age_days") >= 365.25 * year).cast(pl.Int64) for year in AGE_YEARS)
    kinds = facts.agreements.with_columns(
        pl.when(pl.col("age_days").is_not_null()).then(age).otherwise(-1).alias(AGE)
    ).select("agreement_id", *dict.fromkeys([by, *factors]))
    rows = kpi.rows(facts)
    duration = [] if kpi.duration is None else [kpi.duration]
    return rows.select("agreement_id", "_counted", *duration).join(kinds, on="agreement_id")


def _own_shares(rows: pl.DataFrame, by: str, factors: Sequence[str]) -> pl.DataFrame:
    shares = [(pl.len().over([by, factor]) / pl.len().over(factor)).alias(f"_{factor}") for factor in factors]
    return (
        rows.select(by, *shares)
        .group_by(by)
        .agg(own_share=pl.mean_horizontal(pl.col(f"_{factor}").mean() for factor in factors))
    )


# --- Shares ----------------------------------------------------------------------------------------------------------


def _share(kpi: Kpi, rows: pl.DataFrame, by: str, factors: Sequence[str], level: float) -> pl.DataFrame:
    cells = rows.group_by(list(factors)).agg(events=pl.col("_counted").sum(), size=pl.len())
    fit = _fitted(cells, dict.fromkeys(factors, _SPREAD), poisson=False)
    rows = rows.join(cells.with_columns(pl.Series("_p", fit)), on=list(factors), nulls_equal=True)
    overall = rows["_counted"].sum() / rows.height
    effect = _design_effect(rows)
    groups = rows.group_by(by).agg(
        n=pl.len().cast(pl.Int64), observed=pl.col("_counted").sum().cast(pl.Int64), expected=pl.col("_p").sum()
    )
    n, x = groups["n"].to_numpy() / effect, groups["observed"].to_numpy() / effect
    tail = (1 - level) / 2
    low = np.where(x > 0, betaincinv(x, n - x + 1, tail), 0.0)
    high = np.where(x < n, betainccinv(x + 1, np.maximum(n - x, 1e-9), tail), 1.0)
    expected_share = pl.col("expected") / pl.col("n")
    return (
        groups.with_columns(
            ratio=pl.col("observed") / pl.col("expected"),
            low=pl.Series(low) / expected_share,
            high=pl.Series(high) / expected_share,
            crude=100 * pl.col("observed") / pl.col("n"),
        )
        .with_columns(pl.when(pl.col("expected") > 0).then(pl.col("ratio", "low", "high")))
        .with_columns(
            (100 * overall * pl.col(source)).clip(0, 100).alias(name)
            for source, name in (("ratio", "adjusted"), ("low", "adjusted_low"), ("high", "adjusted_high"))
        )
    )


def _design_effect(rows: pl.DataFrame) -> float:
    """How many times the variance that independent cases would have: agreements bring several reports or blockers
    each.
    """
    sums = rows.group_by("agreement_id").agg(
        gap=(pl.col("_counted") - pl.col("_p")).sum(), variance=(pl.col("_p") * (1 - pl.col("_p"))).sum(), n=pl.len()
    )
    variance = float(sums["variance"].sum())
    if variance <= 0 or sums["n"].max() == 1:
        return 1.0
    return max(1.0, float((sums["gap"] ** 2).sum()) / variance)


# --- Waiting times ---------------------------------------------------------------------------------------------------


def _median(kpi: Kpi, rows: pl.DataFrame, by: str, factors: Sequence[str], level: float) -> pl.DataFrame:
    assert kpi.duration is not None
    parts = _person_time(rows, kpi.duration, list(dict.fromkeys([by, *factors])))
    cells = parts.group_by([*factors, _BAND]).agg(pl.col("events", "size").sum())
    fit = _fitted(cells, {**dict.fromkeys(factors, _SPREAD), _BAND: _FREE}, poisson=True)
    expected = (
        parts.join(cells.with_columns(pl.Series("_rate", fit)), on=[*factors, _BAND], nulls_equal=True)
        .group_by(by)
        .agg(expected=(pl.col("_rate") * pl.col("size")).sum())
    )
    groups = (
        rows.group_by(by)
        .agg(n=pl.len().cast(pl.Int64), observed=pl.col("_counted").sum().cast(pl.Int64))
        .join(expected, on=by, nulls_equal=True)
    )
    observed, tail = groups["observed"].to_numpy(), (1 - level) / 2
    low = np.where(observed > 0, chi2_quantile(tail, 2 * np.maximum(observed, 1)) / 2, 0.0)
    high = chi2_upper_quantile(tail, 2 * (observed + 1)) / 2
    groups = groups.with_columns(
        ratio=pl.col("observed") / pl.col("expected"),
        low=pl.Series(low) / pl.col("expected"),
        high=pl.Series(high) / pl.col("expected"),
    ).with_columns(pl.when(pl.col("expected") > 0).then(pl.col("ratio", "low", "high")))
    curve = survival.kaplan_meier_by(rows, by=[by], duration=kpi.duration, observed="_counted")
    crude = survival.medians(curve, by=[by]).select(by, crude=pl.col("median").cast(pl.Float64))
    whole = survival.kaplan_meier_by(rows, by=[], duration=kpi.duration, observed="_counted")
    return groups.join(crude, on=by, how="left", nulls_equal=True).with_columns(
        _median_at(whole, groups["ratio"]).alias("adjusted"),
        _median_at(whole, groups["high"]).alias("adjusted_low"),
        _median_at(whole, groups["low"]).alias("adjusted_high"),
    )


def _person_time(rows: pl.DataFrame, duration: str, keys: list[str]) -> pl.DataFrame:
    """Days waited and events by group, kind and band of waiting time: keys, _band, size (days), events."""
    ends = [*WAIT_BANDS[1:], None]
    waited = pl.col(duration)
    sums = [
        expression
        for number, (start, end) in enumerate(zip(WAIT_BANDS, ends, strict=True))
        for expression in (
            # The day of the event counts, so that one on the day of signing took a day of waiting rather than none.
            (waited + 1 - start).clip(0, None if end is None else end - start).sum().alias(f"size{number}"),
            (pl.col("_counted") & (waited >= start) & (pl.lit(True) if end is None else waited < end))
            .sum()
            .alias(f"events{number}"),
        )
    ]
    wide = rows.group_by(keys).agg(sums)
    return pl.concat(
        [
            wide.select(
                *keys,
                pl.lit(number).alias(_BAND),
                pl.col(f"size{number}").cast(pl.Float64).alias("size"),
                pl.col(f"events{number}").cast(pl.Float64).alias("events"),
            )
            for number in range(len(WAIT_BANDS))
        ]
    ).filter(pl.col("size") > 0)


def _median_at(curve: pl.DataFrame, ratio: pl.Series) -> pl.Series:
    """Where the curve to the power of each ratio comes down to one half, in days; null where it does not."""
    # No ratio, no level: a curve never comes below 0.
    levels = np.nan_to_num(0.5 ** (1 / ratio.clip(lower_bound=1e-9).to_numpy()), nan=-1.0)
    fallen = curve["survival"].to_numpy()[::-1]
    place = len(fallen) - np.searchsorted(fallen, levels, side="right")
    times = np.append(curve["time"].cast(pl.Float64).to_numpy(), np.nan)
    return pl.Series(times[place]).fill_nan(None)


# --- Regression ------------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, eq=False)
class _Model:
    """Cells with events among a size (cases, or days waited), and the design of one column per level of each factor."""

    events: Floats
    size: Floats
    design: sparse.csr_array
    penalty: Floats
    poisson: bool

    def rate(self, effects: Floats) -> Floats:
        line = self.design @ effects
        rate: Floats = np.exp(np.clip(line, -50, 50)) if self.poisson else expit(line)
        return rate

    def maximised(self, effects: Floats) -> Floats:
        """The effects at the top of the penalised likelihood, by Newton's method; at most two units a step."""
        turned = self.design.T.tocsr()
        for _ in range(_MOST_STEPS):
            rate = self.rate(effects)
            weight = self.size * (rate if self.poisson else rate * (1 - rate))
            slope = turned @ (self.events - self.size * rate) - self.penalty * effects
            if np.abs(slope).max() < 1e-10 * (1 + self.events.sum()):
                break
            curvature = (turned.multiply(weight) @ self.design).toarray() + np.diag(self.penalty)
            change = np.linalg.solve(curvature, slope)
            effects = effects + change / max(1.0, float(np.abs(change).max()) / 2)
        return effects


def _fitted(cells: pl.DataFrame, spreads: dict[str, float], *, poisson: bool) -> Floats:
    """The expected rate of each cell, from one effect per level of each factor; their sum over cells is the events'
    sum.
    """
    events, size = cells["events"].cast(pl.Float64).to_numpy(), cells["size"].cast(pl.Float64).to_numpy()
    overall = events.sum() / size.sum()
    if overall <= 0 or (overall >= 1 and not poisson):
        return np.full(len(size), overall)
    every = np.arange(len(size))
    columns, penalty = [np.zeros(len(size), dtype=np.int64)], [0.0]
    for factor, spread in spreads.items():
        codes = cells.select(pl.col(factor).rank("dense").fill_null(0)).to_series().to_numpy().astype(np.int64)
        levels, number = np.unique(codes, return_inverse=True)
        columns.append(len(penalty) + number)
        penalty += [spread**-2] * len(levels)
    # Each cell has one level of each factor: a handful of ones in a row of many columns.
    places = (np.tile(every, len(columns)), np.concatenate(columns))
    design = sparse.csr_array((np.ones(len(places[0])), places), shape=(len(size), len(penalty)))
    model = _Model(events, size, design, np.array(penalty), poisson)
    effects = np.zeros(len(penalty))
    effects[0] = np.log(overall) if poisson else np.log(overall / (1 - overall))
    return model.rate(model.maximised(effects))
