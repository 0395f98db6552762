"""Time to an event when some are still waiting: for one group, or for all agencies in one pass.

Kaplan, E. L. and Meier, P. (1958), "Nonparametric estimation from incomplete observations", JASA 53, 457-481.
Limits on the log(-log) scale after Kalbfleisch and Prentice (2002), section 1.4. Restricted mean: Royston and Parmar
(2013), BMC Medical Research Methodology 13:152; its variance: Klein and Moeschberger (2003), section 4.5. Competing
events: Aalen and Johansen (1978), Scandinavian Journal of Statistics 5, 141-150. Log-rank test: Klein and Moeschberger
(2003), section 7.3.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from kpi.estimators.distributions import chi2_upper_tail
from kpi.estimators.intervals import z_value

# Products of floats drift by about 1e-13 over a thousand steps; what lies nearer to one half is settled exactly.
_TIE = 1e-9


def kaplan_meier_by(
    frame: pl.DataFrame, *, by: Sequence[str], duration: str, observed: str, level: float = 0.95
) -> pl.DataFrame:
    """The survival curve of every group: `by` columns, time, at_risk, events, survival, low, high, in order.

    `duration` is in days, `observed` says whether the event happened (else the case is still waiting). Rows without a
    duration are left out. Before the first event the limits are 1; where the curve reaches 0 the lower limit is 0 and
    the upper one keeps its last value, since the formula has none there.
    """
    counts = (
        frame.filter(pl.col(duration).is_not_null())
        .group_by([*by, pl.col(duration).alias("time")])
        .agg(events=pl.col(observed).cast(pl.Int64).sum(), leaving=pl.len().cast(pl.Int64))
    )
    return curves(counts, by=by, level=level)


def curves(counts: pl.DataFrame, *, by: Sequence[str], level: float = 0.95) -> pl.DataFrame:
    """The curves of `kaplan_meier_by` from counts: `by` columns, time, events, leaving (all whose time ends then).

    One row per group and time. Counts of parts add up to those of the whole, so that a curve can be had for any sum of
    parts without its cases.
    """
    by = list(by)
    z = z_value(level)
    curve = _staying(counts, by).with_columns(
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


def _staying(counts: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    """Counts in order, with at_risk and survival."""
    # What leaves from here on in all groups, less what leaves in the groups after: a running sum per group is slow.
    return (
        counts.sort([*by, "time"])
        .with_columns(at_risk=pl.col("leaving").cum_sum(reverse=True))
        .with_columns(at_risk=pl.col("at_risk") - _over((pl.col("at_risk") - pl.col("leaving")).last(), by))
        .with_columns(survival=_over((1 - pl.col("events") / pl.col("at_risk")).cum_prod(), by))
    )


def _over(expression: pl.Expr, by: Sequence[str]) -> pl.Expr:
    return expression.over(by) if by else expression


def medians(curve: pl.DataFrame, *, by: Sequence[str]) -> pl.DataFrame:
    """`by` columns, median, low, high, follow_up (days) of each group of a `kaplan_meier_by` frame.

    The median is the first time at which survival is at most one half, compared exactly. Null means that it has not
    been reached: it is longer than `follow_up`, the longest time anyone was observed. The limits are the first times at
    which the curve's limits reach one half (Brookmeyer and Crowley 1982, Biometrics 38, 29-41).
    """
    limits = [pl.col("time").filter(pl.col(limit) <= 0.5).min().alias(limit) for limit in ("low", "high")]
    return _halved(curve, list(by), limits)


def median_times(counts: pl.DataFrame, *, by: str) -> pl.DataFrame:
    """`medians` of the curves of `counts` (as in `curves`, `by` a column of whole numbers) without their limits: `by`, median,
    follow_up.

    Nobody sees these curves, of which there are tens of thousands: each is followed down to one half and no further, all of
    them a step at a time. The products are those of `_staying`, factor by factor.
    """
    group, time, events, leaving = (counts[name].to_numpy() for name in (by, "time", "events", "leaving"))
    shortest = time.min(initial=0)
    order = np.argsort(group * (time.max(initial=0) - shortest + 1) + time - shortest)
    group, time, events, leaving = group[order], time[order], events[order], leaving[order]
    first = np.flatnonzero(np.diff(group, prepend=group[:1] - 1))
    size = np.diff(first, append=len(group))
    gone = leaving.cumsum()
    at_risk = np.repeat(gone[first + size - 1], size) - gone + leaving
    left, share = at_risk - events, 1 - events / at_risk
    reached = np.full(len(first), -1)
    following, survival = np.arange(len(first)), np.ones(len(first))
    for step in range(int(size.max(initial=0))):
        is_on = size[following] > step
        following, row = following[is_on], first[following[is_on]] + step
        survival = survival[is_on] * share[row]
        is_half = survival <= 0.5
        for tie in np.flatnonzero(np.abs(survival - 0.5) < _TIE):
            passed = slice(first[following[tie]], row[tie] + 1)
            is_half[tie] = _is_half(at_risk[passed].tolist(), left[passed].tolist())
        reached[following[is_half]] = row[is_half]
        following, survival = following[~is_half], survival[~is_half]
    found = {by: group[first], "median": time[reached], "follow_up": time[first + size - 1]}
    return pl.DataFrame(found).with_columns(median=pl.when(pl.Series(reached >= 0)).then("median"))


def _is_half(at_risk: list[int], staying: list[int]) -> bool:
    """Whether the product of these shares is at most one half, exactly."""
    return 2 * math.prod(staying) <= math.prod(at_risk)


def _halved(curve: pl.DataFrame, by: list[str], limits: list[pl.Expr]) -> pl.DataFrame:
    settled = curve.with_columns(_half=_reaches_half(curve, by))
    median = pl.col("time").filter(pl.col("_half")).min().alias("median")
    aggregates = [median, *limits, pl.col("time").max().alias("follow_up")]
    if not by:
        return settled.select(aggregates)
    return settled.group_by(by, maintain_order=True).agg(aggregates)


def _reaches_half(curve: pl.DataFrame, by: list[str]) -> pl.Series:
    """Whether survival is at most one half, row by row; the few rows that floats cannot settle are multiplied out."""
    group = pl.struct(by).rle_id() if by else pl.lit(0, dtype=pl.UInt32)
    numbered = curve.with_columns(_group=group)
    close = numbered.filter((pl.col("survival") - 0.5).abs() < _TIE).select("_group", tie="time")
    half = numbered.select("_group", "time", _half=pl.col("survival") <= 0.5)
    if close.is_empty():
        return half["_half"]
    steps = (
        close.join(numbered.filter(pl.col("events") > 0), on="_group")
        .filter(pl.col("time") <= pl.col("tie"))
        .group_by("_group", "tie")
        .agg("at_risk", staying=pl.col("at_risk") - pl.col("events"))
    )
    exact = [  # a few ties per group at most, whatever the register's size
        _is_half(at_risk, staying) for at_risk, staying in steps.select("at_risk", "staying").iter_rows()
    ]
    settled = steps.select("_group", time="tie").with_columns(pl.Series("_exact", exact, dtype=pl.Boolean))
    return half.join(settled, on=["_group", "time"], how="left", maintain_order="left").select(
        pl.coalesce("_exact", "_half").alias("_half")
    )["_half"]


def restricted_means(curve: pl.DataFrame, *, by: Sequence[str], tau: float, level: float = 0.95) -> pl.DataFrame:
    """`by` columns, rmst, standard_error, low, high: the mean time, in days, counted up to `tau`.

    Null where nobody was observed until `tau` and some were still waiting: the curve says nothing there.
    """
    by = list(by)
    time, events, at_risk = pl.col("time"), pl.col("events"), pl.col("at_risk")
    width = (_over(time.shift(-1), by).fill_null(tau).clip(upper_bound=tau) - time).clip(0)
    areas = curve.with_columns(_area=pl.col("survival") * width)
    # What is left of the area when the event happens, weighted by Greenwood's term: nothing is left once all have gone.
    left = areas.with_columns(
        _spread=pl.when(at_risk > events)
        .then(_over(pl.col("_area").cum_sum(reverse=True), by).pow(2) * events / (at_risk * (at_risk - events)))
        .otherwise(0.0)
    )
    known = (time.max() >= tau) | (pl.col("survival").last() <= 0)
    first = time.min().clip(upper_bound=tau).cast(pl.Float64)
    values = [
        pl.when(known).then(first + pl.col("_area").sum()).alias("rmst"),
        pl.when(known).then(pl.col("_spread").sum().sqrt()).alias("standard_error"),
    ]
    means = left.select(values) if not by else left.group_by(by, maintain_order=True).agg(values)
    reach = z_value(level) * pl.col("standard_error")
    return means.with_columns(low=(pl.col("rmst") - reach).clip(0, tau), high=(pl.col("rmst") + reach).clip(0, tau))


def cumulative_incidence_by(
    frame: pl.DataFrame, *, by: Sequence[str], duration: str, cause: str, level: float = 0.95
) -> pl.DataFrame:
    """The share that has had each event by each time: `by` columns, cause, time, at_risk, events, incidence, low, high.

    `cause` is 0 for a case still waiting and 1, 2, ... for the event that came first; every group has rows for every
    cause of the frame. Variance after Gaynor et al. (1993), JASA 88, 400-409, the Greenwood form that Allignol,
    Schumacher and Beyersmann (2010), Biometrical Journal 52, 126-137, prefer; limits on the log(-log) scale (Choudhury
    2002, Statistics in Medicine 21, 1129-1144). Before the first event both limits are 0.
    """
    by = list(by)
    cases = frame.filter(pl.col(duration).is_not_null()).select(
        *by, time=pl.col(duration), cause=pl.col(cause).cast(pl.Int64)
    )
    causes = cases.select("cause").filter(pl.col("cause") > 0).unique().sort("cause")
    # `all` and `n` at each time, `d` of one cause at it; S is the share still waiting just before.
    times = (
        cases.group_by([*by, "time"])
        .agg(leaving=pl.len().cast(pl.Int64), all=(pl.col("cause") > 0).sum().cast(pl.Int64))
        .sort([*by, "time"])
        .with_columns(at_risk=_over(pl.col("leaving").cum_sum(reverse=True), by))
        .with_columns(_s=_over((1 - pl.col("all") / pl.col("at_risk")).cum_prod(), by))
        .with_columns(_s=_over(pl.col("_s").shift(1), by).fill_null(1.0))
    )
    events = cases.group_by([*by, "time", "cause"]).agg(events=pl.len().cast(pl.Int64))
    group = [*by, "cause"]
    s, n, d, f, every = pl.col("_s"), pl.col("at_risk"), pl.col("events"), pl.col("incidence"), pl.col("all")

    def total(term: pl.Expr) -> pl.Expr:
        return term.cum_sum().over(group)

    curve = (
        times.join(causes, how="cross")
        .join(events, on=[*by, "time", "cause"], how="left", nulls_equal=True)
        .with_columns(d.fill_null(0))
        .sort([*group, "time"])
        .with_columns(
            incidence=total(s * d / n),
            _a=pl.when(n > every).then(every / (n * (n - every))).otherwise(0.0),
            _b=s * d / n.cast(pl.Float64).pow(2),
            _c=s.pow(2) * d * (n - d) / n.cast(pl.Float64).pow(3),
        )
    )
    a, b = pl.col("_a"), pl.col("_b")
    variance = (
        f.pow(2) * total(a)
        - 2 * f * total(a * f)
        + total(a * f.pow(2))
        + total(pl.col("_c"))
        - 2 * (f * total(b) - total(b * f))
    )
    inside = (f > 0) & (f < 1 - _TIE)
    log_incidence = pl.when(inside).then(f.log())
    factor = (z_value(level) * variance.clip(0).sqrt() / (f * log_incidence.abs())).exp()
    return curve.with_columns(
        low=pl.when(inside).then((log_incidence * factor).exp()).otherwise(pl.when(f <= 0).then(0.0)),
        high=pl.when(inside).then((log_incidence / factor).exp()).otherwise(f.clip(0, 1)),
    ).select(
        *group,
        "time",
        "at_risk",
        "events",
        "incidence",
        pl.col("low").forward_fill().over(group).fill_null(0.0),
        "high",
    )


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


def cumulative_incidence(durations: Sequence[float], cause: Sequence[int], *, level: float = 0.95) -> pl.DataFrame:
    """One set of cases: cause, time, at_risk, events, incidence, low, high. `cause` is 0 (waiting), 1, 2, ..."""
    frame = pl.DataFrame(
        {"duration": list(durations), "cause": [int(number) for number in cause]},
        schema={"duration": pl.Float64, "cause": pl.Int64},
    )
    return cumulative_incidence_by(frame, by=[], duration="duration", cause="cause", level=level)


# --- Tests between groups --------------------------------------------------------------------------------------------

Floats = npt.NDArray[np.float64]


@dataclasses.dataclass(frozen=True, eq=False)
class LogRank:
    """A test of "all groups have the same curve": chi-squared statistic, its degrees of freedom, and its p-value.

    `groups` has one row per group: group, n, observed, expected events. The p-value is None where there is nothing to
    compare: fewer than two groups with cases at risk when events happened.
    """

    statistic: float
    degrees: int
    p_value: float | None
    groups: pl.DataFrame


def log_rank(durations: Sequence[float], observed: Sequence[object], groups: Sequence[object]) -> LogRank:
    """The log-rank test between the groups the cases belong to."""
    frame = _single(durations, observed).with_columns(group=pl.Series("group", list(groups), strict=False))
    return log_rank_between(frame, group="group", duration="duration", observed="observed")


def log_rank_between(frame: pl.DataFrame, *, group: str, duration: str, observed: str) -> LogRank:
    """The log-rank test between the groups named in a column; cases without a duration are left out."""
    names, at_risk, events = _risk_sets(frame, group=group, duration=duration, observed=observed)
    share, expected, weight = _expected(at_risk, events)
    table = pl.DataFrame(
        {group: names, "n": at_risk[0] if len(at_risk) else [], "observed": events.sum(0), "expected": expected},
        schema={group: names.dtype, "n": pl.Int64, "observed": pl.Int64, "expected": pl.Float64},
    )
    kept = expected > 0
    degrees = max(int(kept.sum()) - 1, 0)
    covariance = (np.diag(weight @ share) - share.T @ (weight[:, None] * share))[np.ix_(kept, kept)]
    gap = (events.sum(0) - expected)[kept]
    if degrees == 0 or np.linalg.matrix_rank(covariance) < degrees:  # one group, or groups never at risk together
        return LogRank(statistic=0.0, degrees=degrees, p_value=None, groups=table)
    statistic = float(gap[1:] @ np.linalg.solve(covariance[1:, 1:], gap[1:]))
    return LogRank(
        statistic=statistic, degrees=degrees, p_value=float(chi2_upper_tail(statistic, degrees)), groups=table
    )


def log_rank_by(frame: pl.DataFrame, *, by: Sequence[str], group: str, duration: str, observed: str) -> pl.DataFrame:
    """The test between the groups within each of many others: `by` columns, statistic, degrees, p_value."""
    by = list(by)
    tests = {
        key: log_rank_between(part, group=group, duration=duration, observed=observed)
        for key, part in frame.partition_by(by, as_dict=True).items()
    }
    keys = pl.DataFrame(list(tests), schema={name: frame.schema[name] for name in by}, orient="row")
    return keys.with_columns(
        pl.Series("statistic", [test.statistic for test in tests.values()], dtype=pl.Float64),
        pl.Series("degrees", [test.degrees for test in tests.values()], dtype=pl.Int64),
        pl.Series("p_value", [test.p_value for test in tests.values()], dtype=pl.Float64),
    ).sort(by)


def log_rank_against_rest(frame: pl.DataFrame, *, group: str, duration: str, observed: str) -> pl.DataFrame:
    """Each group against all the others: `group`, n, observed, expected, statistic (1 degree of freedom), p_value.

    All groups in one pass over the risk sets. With many groups some p-values are small by chance alone: compare them
    with 0.05 divided by the number of groups.
    """
    names, at_risk, events = _risk_sets(frame, group=group, duration=duration, observed=observed)
    share, expected, weight = _expected(at_risk, events)
    variance = weight @ (share * (1 - share))
    seen = events.sum(0)
    some = variance > 0
    statistic = np.divide((seen - expected) ** 2, variance, out=np.zeros_like(variance), where=some)
    return pl.DataFrame(
        {group: names, "n": at_risk[0] if len(at_risk) else [], "observed": seen, "expected": expected},
        schema={group: names.dtype, "n": pl.Int64, "observed": pl.Int64, "expected": pl.Float64},
    ).with_columns(
        statistic=pl.Series(statistic),
        p_value=pl.when(pl.Series(some)).then(pl.Series(chi2_upper_tail(statistic, 1))),
    )


def _risk_sets(frame: pl.DataFrame, *, group: str, duration: str, observed: str) -> tuple[pl.Series, Floats, Floats]:
    """The groups in order, and per time (rows) and group (columns) how many were at risk and how many had the event."""
    cases = frame.filter(pl.col(duration).is_not_null())
    names = cases[group].unique().sort()
    times = cases[duration].unique().sort()
    row = cases[duration].rank("dense").to_numpy().astype(np.int64) - 1
    column = cases.select(pl.col(group).rank("dense")).to_series().to_numpy().astype(np.int64) - 1
    shape = (len(times), len(names))
    cell = row * shape[1] + column
    leaving = np.bincount(cell, minlength=shape[0] * shape[1]).reshape(shape).astype(float)
    seen = cases[observed].cast(pl.Float64).to_numpy()
    events: Floats = np.bincount(cell, weights=seen, minlength=shape[0] * shape[1]).reshape(shape).astype(float)
    return names, leaving[::-1].cumsum(0)[::-1], events


def _expected(at_risk: Floats, events: Floats) -> tuple[Floats, Floats, Floats]:
    """Each group's share of those at risk by time, its expected events, and the hypergeometric weight of each time."""
    n, d = at_risk.sum(1), events.sum(1)
    share = np.divide(at_risk, n[:, None], out=np.zeros_like(at_risk), where=n[:, None] > 0)
    weight = np.divide(d * (n - d), n - 1, out=np.zeros_like(d), where=n > 1)
    return share, d @ share, weight
