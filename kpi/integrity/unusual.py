"""How unusual an agency's cases are among the others', and how often chance alone gives as many: claims come in clusters."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.special import betainc, ndtri

from kpi.integrity.signs import CLUSTER
from kpi.rules import Rules
from kpi.studies.rank_sets import WINSORISED

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

LEAST_OTHERS: Final = 5
"""With how many other agencies one is compared at least; its own group is looked at where it has so many."""

HABITS: Final = 0.01
"""The correlation within agencies that is allowed for at least: how agencies work differs, and few of them show it poorly."""

_ONE_MORE: Final = 1.0
"""What weighs as much as a cluster with cases: the supposition that what comes together is one."""

_PART: Final = 0.5
"""So many effective cases are taken off: between whole cases the binomial is smooth, and what a few clusters bring is not."""

_LEVEL: Final = 0.95
_HALVINGS: Final = 50
_SCHEMA: Final = {
    "sign": pl.String(),
    "agency": pl.String(),
    "n": pl.Int64(),
    "observed": pl.Int64(),
    "expected": pl.Float64(),
    "low": pl.Int64(),
    "high": pl.Int64(),
    "chance": pl.Float64(),
}


class Told(StrEnum):
    """What can be said of an agency and a sign."""

    UNUSUAL = "unusual"
    ORDINARY = "ordinary"
    TOO_FEW = "too_few"


def judge(counted: Mapping[str, pl.DataFrame], rules: Rules | None = None) -> pl.DataFrame:
    """By sign and agency: sign, agency, n (counted), observed (cases), expected, low, high (how many cases 95 in 100 such agencies
    have by chance alone), chance (the probability of as many or more), told (`Told`); the most unusual first.

    `counted`: sign -> rows as `Sign.rows` gives them. Null from `expected` to `chance` where it is too few to tell. One is unusual
    where Holm's (1979) procedure over all of them says so at `Rules.sign_alarms`. Whoever is unusual measures nobody:
    all are judged again without them, until nobody is added. In an honest register that begins with a first alarm, so that no more
    registers have one.
    """
    rules = rules or Rules()
    apart: dict[str, set[str]] = {}
    while True:
        found = _judged(counted, rules, apart)
        unusual = found.filter(pl.col("told") == Told.UNUSUAL).select("sign", "agency").rows()
        new = [(sign, agency) for sign, agency in unusual if agency not in apart.get(sign, ())]
        if not new:
            return found
        for sign, agency in new:
            apart.setdefault(sign, set()).add(agency)


def _judged(counted: Mapping[str, pl.DataFrame], rules: Rules, apart: Mapping[str, set[str]]) -> pl.DataFrame:
    """`judge` once, where the agencies of a sign that stand `apart` are nobody's measure."""
    parts = [
        _of_sign(code, rows, rules, apart.get(code, set())) for code, rows in counted.items() if not rows.is_empty()
    ]
    found = pl.concat([pl.DataFrame(schema=_SCHEMA), *parts]).sort("chance", "sign", "agency", nulls_last=True)
    left = pl.col("chance").count() - pl.int_range(pl.len())
    at_once = (pl.col("chance") * left).cum_max()
    told = (
        pl.when(pl.col("chance").is_null())
        .then(pl.lit(str(Told.TOO_FEW)))
        .when(at_once <= rules.sign_alarms)
        .then(pl.lit(str(Told.UNUSUAL)))
        .otherwise(pl.lit(str(Told.ORDINARY)))
    )
    return found.with_columns(told=told)


def _of_sign(code: str, rows: pl.DataFrame, rules: Rules, apart: set[str]) -> pl.DataFrame:
    found = (
        rows.group_by("agency", "group")
        .agg(n=pl.len().cast(pl.Int64), observed=pl.col("is_case").sum().cast(pl.Int64))
        .sort("agency")
    )
    x, n = (found[name].to_numpy().astype(float) for name in ("observed", "n"))
    counts = ~found["agency"].is_in(list(apart)).to_numpy()
    if counts.sum() < LEAST_OTHERS:
        counts = np.full(len(n), fill_value=True)
    if len(n) <= LEAST_OTHERS:
        return found.with_columns(sign=pl.lit(code)).select(
            (pl.col(name) if name in ("sign", "agency", "n", "observed") else pl.lit(None).alias(name)).cast(kind)
            for name, kind in _SCHEMA.items()
        )
    share = float(x[counts].sum() / n[counts].sum())
    clusterings = [name for name in rows.columns if name.startswith(CLUSTER)]
    effect = np.max([design_effect(*_strays(rows, name, share), n, share, counts) for name in clusterings], axis=0)
    usual = _usual(x / effect, n / effect, found["group"].to_numpy(), counts)
    # The others' share is an estimate too, and the worse the fewer they are.
    times = effect * between(x / effect, n / effect, share, counts) * (1 + n / _others(n, counts))
    told = {
        "expected": n * usual,
        "low": np.floor(_reached((1 + _LEVEL) / 2, n / times, usual) * times),
        "high": np.minimum(np.floor((_reached((1 - _LEVEL) / 2, n / times, usual) + _PART) * times), n),
        "chance": at_least(np.maximum(x / times - _PART, 0), n / times, usual),
    }
    return (
        found.with_columns(sign=pl.lit(code), **{name: pl.Series(values) for name, values in told.items()})
        .with_columns(pl.when(pl.col("n") >= rules.sign_least).then(pl.col(*told)))
        .select(pl.col(name).cast(kind) for name, kind in _SCHEMA.items())
    )


def _others(values: Floats, counts: Bools) -> Floats:
    """For each agency the sum of a value over the others that count."""
    summed: Floats = values[counts].sum() - values * counts
    return summed


def _usual(x: Floats, n: Floats, group: npt.NDArray[np.object_], counts: Bools) -> Floats:
    """The share among the others, all or those of an agency's own group, whichever is more: what is common in a kind of agency is
    not unusual there, and what is rare in it proves nothing.

    Half a case is added, and one counted: where the others have none, chance is small and not nothing.
    """
    alike = (group[:, None] == group) & counts
    np.fill_diagonal(alike, val=False)
    own = np.where(alike.sum(axis=1) >= LEAST_OTHERS, (alike @ x + 0.5) / (alike @ n + 1), 0)
    usual: Floats = np.maximum(own, (_others(x, counts) + 0.5) / (_others(n, counts) + 1))
    return usual


# --- Clusters --------------------------------------------------------------------------------------------------------


def _strays(rows: pl.DataFrame, cluster: str, share: float) -> tuple[Floats, Floats, Floats]:
    """By agency, in order, over what comes together, x cases among m: the sums of (x - share m)^2 and of m (m - 1), and how many
    clusters have cases."""
    clusters = (
        rows.group_by("agency", cluster).agg(x=pl.col("is_case").sum(), m=pl.len()).cast({"x": float, "m": float})
    )
    summed = (
        clusters.group_by("agency")
        .agg(
            strayed=(pl.col("x") - share * pl.col("m")).pow(2).sum(),
            pairs=(pl.col("m") * (pl.col("m") - 1)).sum(),
            seen=(pl.col("x") > 0).cast(float).sum(),
        )
        .sort("agency")
    )
    return summed["strayed"].to_numpy(), summed["pairs"].to_numpy(), summed["seen"].to_numpy()


def design_effect(strayed: Floats, pairs: Floats, seen: Floats, n: Floats, share: float, counts: Bools) -> Floats:
    """How many times more an agency's share varies because its cases come in clusters than if each came by itself; at least 1.

    1 + icc (sum of m (m - 1)) / n over its own clusters (Rao and Scott 1992, Biometrics 48, 577-585), with the correlation within
    clusters (icc) by moments from those of the other agencies that count; what comes together is one as long as these have shown
    little. Not less than among the others, where cases come in larger clusters than the rest.
    """
    if not 0 < share < 1:
        together: Floats = 1 + pairs / n
        return together
    varies = strayed / (share * (1 - share))
    others, theirs, shown, of = (_others(values, counts) for values in (varies, pairs, seen, n))
    icc = np.clip((others - of) / np.maximum(theirs, 1), 0, 1)
    icc = (shown * icc + _ONE_MORE) / (shown + _ONE_MORE)
    times: Floats = np.maximum(1 + icc * pairs / n, others / of)
    return times


def between(x: Floats, n: Floats, share: float, counts: Bools) -> Floats:
    """How many times more agencies' shares vary than chance makes them, for each agency's effective `n`; at least 1.

    The mean squared z-score of the others, the outer tenth at either end drawn in so that those who are unusual do not hide each
    other (Spiegelhalter 2005, Quality and Safety in Health Care 14, 347-351), read as a correlation within agencies, since what is
    usual differs from one to the next: it weighs more where there are more cases.
    """
    if not 0 < share < 1:
        return 1 + np.maximum(n - 1, 0) * HABITS
    z = np.tile((x / n - share) / np.sqrt(share * (1 - share) / n), (len(n), 1))
    np.fill_diagonal(z, np.nan)
    z[:, ~counts] = np.nan
    low, high = np.nanquantile(z, [WINSORISED, 1 - WINSORISED], axis=1)
    phi = np.nanmean(np.clip(z, low[:, None], high[:, None]) ** 2, axis=1) / _left_of_one(WINSORISED)
    others = _others(n, counts) / (counts.sum() - counts)
    rho: Floats = np.clip((phi - 1) / np.maximum(others - 1, 1), HABITS, 1)
    return 1 + np.maximum(n - 1, 0) * rho


def _left_of_one(tail: float) -> float:
    """The mean square of standard normal draws whose outermost at either end are drawn in."""
    edge = ndtri(1 - tail)
    density = np.exp(-(edge**2) / 2) / np.sqrt(2 * np.pi)
    return float(1 - 2 * tail - 2 * edge * density + 2 * tail * edge**2)


# --- Chance ----------------------------------------------------------------------------------------------------------


def at_least(x: Floats, n: Floats, p: Floats) -> Floats:
    """The chance of x cases or more among n where each is one with probability p, also for parts of cases.

    I_p(x, n - x + 1), which is the binomial's own where x and n are whole.
    """
    some = x > 0
    return np.where(some, betainc(np.where(some, x, 1.0), np.maximum(n - x, 0) + 1, p), 1.0)


def _reached(chance: float, n: Floats, p: Floats) -> Floats:
    """The number of cases that are reached with this chance, by halving."""
    low, high = np.zeros(len(n)), n.copy()
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        is_more = at_least(middle, n, p) >= chance
        low, high = np.where(is_more, middle, low), np.where(is_more, high, middle)
    return low
