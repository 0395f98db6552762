"""Time to an event when some are still waiting: Kaplan-Meier, for one group or for all agencies in one pass.

Kaplan, E. L. and Meier, P. (1958), "Nonparametric estimation from incomplete observations", JASA 53, 457-481. Limits on
the log(-log) scale after Kalbfleisch and Prentice (2002), section 1.4. Restricted mean: Royston and Parmar (2013), BMC
Medical Research Methodology 13:152.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import polars as pl

from kpi.intervals import z_value

# Products of floats drift by about 1e-13 over a thousand steps; what lies nearer to one half than this is settled exactly.
_TIE = 1e-9


def kaplan_meier_by(
    frame: pl.DataFrame, *, by: Sequence[str], duration: str, observed: str, level: float = 0.95
) -> pl.DataFrame:
    """The survival curve of every group: `by` columns, time, at_risk, events, survival, low, high, ordered by group and time.

    `duration` is in days, `observed` says whether the event happened (else the case is still waiting). Rows without a
    duration are left out. Before the first event the limits are 1; where the curve reaches 0 the lower limit is 0 and
    the upper one keeps its last value, since the formula has none there.
    """
    by = list(by)
    counts = (
        frame.filter(pl.col(duration).is_not_null())
        .group_by([*by, pl.col(duration).alias("time")])
        .agg(events=pl.col(observed).cast(pl.Int64).sum(), leaving=pl.len().cast(pl.Int64))
        .sort([*by, "time"])
    )
    z = z_value(level)
    curve = counts.with_columns(at_risk=_over(pl.col("leaving").cum_sum(reverse=True), by)).with_columns(
        survival=_over((1 - pl.col("events") / pl.col("at_risk")).cum_prod(), by),
        spread=_over(
            (pl.col("events") / (pl.col("at_risk") * (pl.col("at_risk") - pl.col("events")))).cum_sum(), by
        ).sqrt(),
    )
    inside = (pl.col("survival") > 0) & (pl.col("survival") < 1)
    log_survival = pl.when(inside).then(pl.col("survival").log())
    factor = (z * pl.col("spread") / log_survival.abs()).exp()
    return curve.with_columns(
        low=pl.when(inside).then((log_survival * factor).exp()).otherwise(pl.col("survival").clip(0, 1)),
        high=pl.when(inside).then((log_survival / factor).exp()).otherwise(pl.when(pl.col("survival") >= 1).then(1.0)),
    ).select(
        *by,
        "time",
        "at_risk",
        "events",
        "survival",
        "low",
        _over(pl.col("high").forward_fill(), by).fill_null(1.0),
    )


def _over(expression: pl.Expr, by: Sequence[str]) -> pl.Expr:
    return expression.over(by) if by else expression


def medians(curve: pl.DataFrame, *, by: Sequence[str]) -> pl.DataFrame:
    """`by` columns, median, low, high, follow_up (days) of each group of a `kaplan_meier_by` frame.

    The median is the first time at which survival is at most one half, compared exactly. Null means that it has not been
    reached: it is longer than `follow_up`, the longest time anyone was observed. The limits are the first times at which
    the curve's limits reach one half (Brookmeyer and Crowley 1982, Biometrics 38, 29-41).
    """
    by = list(by)
    settled = curve.with_columns(_half=_reaches_half(curve, by))
    aggregates = [
        pl.col("time").filter(pl.col("_half")).min().alias("median"),
        pl.col("time").filter(pl.col("low") <= 0.5).min().alias("low"),
        pl.col("time").filter(pl.col("high") <= 0.5).min().alias("high"),
        pl.col("time").max().alias("follow_up"),
    ]
    if not by:
        return settled.select(aggregates)
    return settled.group_by(by, maintain_order=True).agg(aggregates)


def _reaches_half(curve: pl.DataFrame, by: list[str]) -> pl.Series:
    """Whether survival is at most one half, row by row; the few rows that floats cannot settle are multiplied out."""
    if by:
        numbered = curve.with_columns(_group=pl.struct(by).rank("dense"))
    else:
        numbered = curve.with_columns(_group=pl.lit(1, dtype=pl.UInt32))
    close = numbered.filter((pl.col("survival") - 0.5).abs() < _TIE).select("_group", tie="time")
    half = numbered.select("_group", "time", _half=pl.col("survival") <= 0.5)
    if close.is_empty():
        return half["_half"]
    steps = (
        close.join(numbered.filter(pl.col("events") > 0), on="_group")
        .filter(pl.col("time") <= pl.col("tie"))
        .group_by("_group", "tie")
        .agg("events", "at_risk")
    )
    exact = [  # a few ties per group at most, whatever the register's size
        math.prod((Fraction(n - d, n) for d, n in zip(events, at_risk, strict=True)), start=Fraction(1))
        <= Fraction(1, 2)
        for events, at_risk in steps.select("events", "at_risk").iter_rows()
    ]
    settled = steps.select("_group", time="tie").with_columns(pl.Series("_exact", exact, dtype=pl.Boolean))
    return half.join(settled, on=["_group", "time"], how="left", maintain_order="left").select(
        pl.coalesce("_exact", "_half").alias("_half")
    )["_half"]


def restricted_means(curve: pl.DataFrame, *, by: Sequence[str], tau: float) -> pl.DataFrame:
    """`by` columns and rmst: the mean time, in days, counted up to `tau`.

    Null where nobody was observed until `tau` and some were still waiting: the curve says nothing there.
    """
    by = list(by)
    width = (_over(pl.col("time").shift(-1), by).fill_null(tau).clip(upper_bound=tau) - pl.col("time")).clip(0)
    areas = curve.with_columns(_area=pl.col("survival") * width)
    known = (pl.col("time").max() >= tau) | (pl.col("survival").last() <= 0)
    first = pl.col("time").min().clip(upper_bound=tau).cast(pl.Float64)
    value = pl.when(known).then(first + pl.col("_area").sum()).alias("rmst")
    return areas.select(value) if not by else areas.group_by(by, maintain_order=True).agg(value)


def _single(durations: Sequence[float], observed: Sequence[object]) -> pl.DataFrame:
    return pl.DataFrame(
        {"duration": list(durations), "observed": [bool(flag) for flag in observed]},
        schema={"duration": pl.Float64, "observed": pl.Boolean},
    )


def kaplan_meier(durations: Sequence[float], observed: Sequence[object], *, level: float = 0.95) -> pl.DataFrame:
    """One survival curve: time, at_risk, events, survival, low, high. No cases give a frame without rows."""
    return kaplan_meier_by(_single(durations, observed), by=[], duration="duration", observed="observed", level=level)


def median(durations: Sequence[float], observed: Sequence[object]) -> float | None:
    """The median time in days, or None where it has not been reached (or there are no cases)."""
    found: float | None = medians(kaplan_meier(durations, observed), by=[])["median"].item()
    return found


def rmst(durations: Sequence[float], observed: Sequence[object], *, tau: float) -> float | None:
    """The mean time in days counted up to `tau`, or None where follow-up ends before it."""
    found: float | None = restricted_means(kaplan_meier(durations, observed), by=[], tau=tau)["rmst"].item()
    return found
