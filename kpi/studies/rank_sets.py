"""How sure a place is: shares with intervals, shrunken shares, sets of places, funnel limits, resampled composites.

Functions of counts take cases `x` among `n`, one number each or one sequence each (a pair per agency), and give plain
values. `composite_intervals` runs the scorecard itself over resampled agreements.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence
from typing import overload

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.sparse import csr_array
from scipy.special import ndtr, stdtrit

from kpi.estimators import intervals
from kpi.estimators.distributions import binomial_chance, binomial_quantile, binomial_tail, chi2_quantile
from kpi.estimators.intervals import z_value
from kpi.facts import Facts
from kpi.indicators import scorecard
from kpi.indicators.catalog import COMPOSITE, KPIS
from kpi.register import Schema
from kpi.rules import Rules
from kpi.vocabulary import Band

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Share = tuple[float | None, float | None]
Limits = tuple[float, float, float, float]

SEED = 20260114
FUNNEL_LEVELS = (0.001, 0.025, 0.975, 0.999)
WINSORISED = 0.10
"""The share of z-scores drawn in at either end before overdispersion is measured."""

_MAX_DRAWN = 500_000
_LEAST_DRAWN = 30
_LIKE_ANY = 2
_POOL = 20


# --- Shares ----------------------------------------------------------------------------------------------------------


@overload
def wilson(x: int, n: int, level: float = ...) -> Share: ...
@overload
def wilson(x: Sequence[int], n: Sequence[int], level: float = ...) -> list[Share]: ...
def wilson(x: int | Sequence[int], n: int | Sequence[int], level: float = 0.95) -> Share | list[Share]:
    """The interval (low, high) of the share x / n, from 0 to 1; (None, None) where n is 0. A list of them for
    sequences.

    Wilson (1927), JASA 22, 209-212; the formula itself is in `kpi.estimators.intervals`.
    """
    if isinstance(x, Sequence) and isinstance(n, Sequence):
        low, high = intervals.wilson(pl.col("x"), pl.col("n"), level)
        frame = pl.DataFrame({"x": list(x), "n": list(n)}, schema={"x": pl.Int64, "n": pl.Int64})
        return [(below, above) for below, above in frame.select(low=low, high=high).iter_rows()]
    assert isinstance(x, int)
    assert isinstance(n, int)
    return wilson([x], [n], level)[0]


def beta_binomial(x: Sequence[int], n: Sequence[int]) -> tuple[float, float]:
    """The pooled share and the correlation rho of cases within an agency, by moments; rho at or below 0 means none is
    seen.

    Kleinman (1973), JASA 68, 46-54, with weights n. The prior that goes with it is worth (1 - rho) / rho cases.
    """
    cases, among = _counts(x, n)
    total = among.sum()
    pooled = float(cases.sum() / total)
    free = (among > 0).sum() - 1
    spread = total - (among**2).sum() / total - free
    if pooled in (0.0, 1.0) or spread <= 0:
        return pooled, 0.0
    share = np.divide(cases, among, out=np.full(len(among), pooled), where=among > 0)
    between = (among * (share - pooled) ** 2).sum() / (pooled * (1 - pooled))
    return pooled, float((between - free) / spread)


def shrink(x: Sequence[int], n: Sequence[int]) -> list[float | None]:
    """One estimate of each agency's share, drawn towards the pooled one the more the fewer cases it has.

    Empirical Bayes with a beta prior fitted by `beta_binomial` (Efron and Morris 1975, JASA 70, 311-319, for the
    idea). Where the agencies differ no more than chance makes them, all get the pooled share; without any cases at
    all, None.
    """
    cases, among = _counts(x, n)
    if among.sum() == 0:
        return [None] * len(among)
    pooled, rho = beta_binomial(x, n)
    if rho <= 0:
        return [pooled] * len(among)
    prior = max((1 - rho) / rho, 0.0)
    with np.errstate(invalid="ignore"):
        estimates = (cases + prior * pooled) / (among + prior)
    return [pooled if np.isnan(value) else float(value) for value in estimates]


def rank_sets(x: Sequence[int], n: Sequence[int], level: float = 0.95) -> list[tuple[int, int]]:
    """The places (best, worst) each agency's true share may hold, place 1 being the highest share.

    For each agency the set holds its true place with probability `level`: it is placed after those that are surely
    above it and before those surely below, judged by differences of shares with one success and one failure added to
    each (Agresti and Caffo 2000, The American Statistician 54, 280-288), at the Bonferroni level of its k - 1
    comparisons. Marginal confidence sets for ranks of Mogstad, Romano, Shaikh and Wilhelm (2024), Review of Economic
    Studies 91, 476-518.
    """
    cases, among = _counts(x, n)
    if len(among) < 2:
        return [(1, 1)] * len(among)
    share = (cases + 1) / (among + 2)
    variance = share * (1 - share) / (among + 2)
    critical = z_value(1 - (1 - level) / (len(among) - 1))
    surely = share[:, None] - share > critical * np.sqrt(variance[:, None] + variance)
    return [
        (int(above) + 1, len(among) - int(below)) for above, below in zip(surely.sum(0), surely.sum(1), strict=True)
    ]


# --- Funnel ----------------------------------------------------------------------------------------------------------


@overload
def funnel_limits(p0: float, n: int, *, phi: float = ...) -> Limits: ...
@overload
def funnel_limits(p0: float, n: Sequence[int], *, phi: float = ...) -> list[Limits]: ...
def funnel_limits(p0: float, n: int | Sequence[int], *, phi: float = 1.0) -> Limits | list[Limits]:
    """The shares below which .001, .025, .975 and .999 of agencies with n cases lie if all have the true share `p0`.

    Exact binomial, interpolated between whole cases, after the appendix of Spiegelhalter (2005), Statistics in
    Medicine 24, 1185-1202. `phi` is the overdispersion found by `overdispersion`: it widens the funnel about `p0` by
    its square root. `n` must be at least 1.
    """
    if isinstance(n, Sequence):
        sizes = np.asarray(n, dtype=float)[:, None]
        levels = np.asarray(FUNNEL_LEVELS)
        least = binomial_quantile(levels, sizes, p0)
        reached = binomial_tail(least, sizes, p0)
        step = reached - binomial_tail(least - 1, sizes, p0)
        exact = (least - (reached - levels) / step) / sizes
        limits = (p0 + np.sqrt(phi) * (exact - p0)).clip(0, 1)
        return [(row[0], row[1], row[2], row[3]) for row in limits.tolist()]
    return funnel_limits(p0, [n], phi=phi)[0]


def funnel_position(x: Sequence[int], n: Sequence[int], p0: float, *, phi: float = 1.0) -> list[int]:
    """Where each agency stands: 0 within the funnel, 1 above its 95 % and 2 above its 99.8 % limit, -1 and -2 below.

    Judged by the exact chance of as many cases or more (or fewer), not by the drawn limits: these run between whole
    cases and have six of six outside 99.8 % where one such agency in eight gets there by luck (Manktelow and Seaton
    2012, PLoS ONE 7, e45723). Overdispersion first draws a share towards `p0` by its square root. Without cases the
    place is 0.
    """
    cases, among = _counts(x, n)
    drawn_in = among * p0 + (cases - among * p0) / np.sqrt(phi)
    below, above = np.floor(drawn_in), np.ceil(drawn_in)
    # Between whole cases the chances are interpolated.
    fewer = above - 1
    at_least = 1 - binomial_tail(fewer, among, p0) + (above - drawn_in) * binomial_chance(fewer, among, p0)
    at_most = binomial_tail(below, among, p0) + (drawn_in - below) * binomial_chance(below + 1, among, p0)
    outer, inner = FUNNEL_LEVELS[0], FUNNEL_LEVELS[1]
    up = (at_least <= inner).astype(int) + (at_least <= outer)
    down = (at_most <= inner).astype(int) + (at_most <= outer)
    places: list[int] = np.where(among > 0, up - down, 0).tolist()
    return places


def overdispersion(x: Sequence[int], n: Sequence[int], p0: float | None = None) -> float:
    """How many times more the agencies' shares vary about `p0` (the pooled share if None) than chance would make them.

    1 where they vary no more than chance may at the 5 % level. The z-scores are winsorised first, so that a few true
    outliers do not hide themselves by widening the funnel: Spiegelhalter (2005), Quality and Safety in Health Care
    14, 347-351.
    """
    cases, among = _counts(x, n)
    cases, among = cases[among > 0], among[among > 0]
    if len(among) < 2:
        return 1.0
    centre = float(cases.sum() / among.sum()) if p0 is None else p0
    if centre in (0.0, 1.0):
        return 1.0
    z = (cases / among - centre) / np.sqrt(centre * (1 - centre) / among)
    drawn_in = z.clip(*np.quantile(z, [WINSORISED, 1 - WINSORISED]))
    phi = float((drawn_in**2).mean())
    return phi if phi * len(z) > chi2_quantile(0.95, len(z)) else 1.0


def _counts(x: Sequence[int], n: Sequence[int]) -> tuple[Floats, Floats]:
    return np.asarray(x, dtype=float), np.asarray(n, dtype=float)


# --- Composites ------------------------------------------------------------------------------------------------------


def composite_intervals(
    facts: Facts,
    *,
    by: str,
    rules: Rules | None = None,
    cards: pl.DataFrame | None = None,
    draws: int = 200,
    level: float = 0.95,
    seed: int = SEED,
) -> pl.DataFrame:
    """Interval of each group's composite and of its place, and its band: `by`, low, high, best_place, worst_place, band.

    Agreements that count for a component are drawn again with replacement within each group, their reports and
    blockers with them (a cluster bootstrap: Davison and Hinkley 1997, section 3.8), and scored by the scorecard. As
    if each group had two more agreements like any in the register, so that a small one in which everything went
    alike is not thought certain (what Agresti and Coull 1998, The American Statistician 52, 119-126, do for a
    share). Limits are percentiles, taken further out for small groups (the expanded percentile interval of
    Hesterberg 2015, The American Statistician 69, 371-386).

    Places are sets as in `rank_sets`: a group is placed after those surely above it and before those surely below,
    where "surely" is judged by the largest studentised difference to any other group over the draws, in steps
    (Mogstad, Romano, Shaikh and Wilhelm 2024). The places that the draws themselves take would not do: they shake
    what has been shaken already, and hold the true place of a group at either end too rarely. Groups too small to be
    ranked have none.

    Bands say what places cannot: a group is above or below the middle, the mean composite of those ranked, where it is so
    with all others at once at the level, by the largest studentised difference to the middle over the draws.

    Each group has a stream of random numbers seeded by the references of its agreements, so that neither the order of rows nor a
    filter that selects the same changes anything, and other groups only what is like any in the register.

    On a register so large that drawing all its agreements every time would take long, fewer are drawn of large groups
    and the spread is brought back by the square root of the ratio (m out of n: Bickel, Götze and van Zwet 1997,
    Statistica Sinica 7, 1-31).

    `cards` are the scorecards of the facts by the groups, where they have been computed already.
    """
    rules = rules or Rules()
    cards = cards if cards is not None else scorecard.compute(facts, by=[by], rules=rules)
    ranked = scorecard.rank(cards, group=by).filter(pl.col("place").is_not_null())
    # A group too small to be ranked stays so in every draw, and one that is ranked must not drop out of some.
    lenient = dataclasses.replace(rules, rank_min_n=1)
    sizes = cards.filter(pl.col("kpi") == COMPOSITE).select(by, "n")
    groups = (
        scorecard.composites(cards, sizes, by=[by], rules=lenient)
        .filter(pl.col("value").is_not_null())
        .select(by, "value", is_ranked=pl.col(by).is_in(ranked[by].implode(), nulls_equal=True))
        .sort(by)
    )
    if groups.is_empty():
        return groups.select(by, low="value", high="value").with_columns(
            best_place=pl.lit(None, dtype=pl.Int64),
            worst_place=pl.lit(None, dtype=pl.Int64),
            band=pl.lit(None, dtype=pl.String),
        )
    values, is_ranked = groups["value"].to_numpy(), groups["is_ranked"].to_numpy()
    drawn = _draw(facts, groups[by], by=by, rules=lenient, draws=draws, seed=seed)
    strays = (drawn.values - drawn.middle) * np.sqrt(drawn.share)
    low, high = _limits(strays, drawn.size, level)
    best, worst = _places(values[is_ranked], strays[:, is_ranked], level)
    middle = values + (drawn.middle - values) * drawn.share
    places = groups.filter("is_ranked").select(
        by,
        best_place=pl.Series(best, dtype=pl.Int64),
        worst_place=pl.Series(worst, dtype=pl.Int64),
        band=pl.Series(_bands(values[is_ranked], strays[:, is_ranked], level), dtype=pl.String),
    )
    return groups.select(
        by, low=pl.Series((middle + low).clip(0, 100)), high=pl.Series((middle + high).clip(0, 100))
    ).join(places, on=by, how="left", maintain_order="left", nulls_equal=True)


@dataclasses.dataclass(frozen=True, eq=False)
class _Draws:
    """Composites of groups (columns) in draws (rows), NaN where there is none; how much of each group was drawn."""

    values: Floats
    size: Ints
    share: Floats

    @property
    def middle(self) -> Floats:
        middle: Floats = np.nanmean(self.values, axis=0)
        return middle


def _draw(facts: Facts, groups: pl.Series, *, by: str, rules: Rules, draws: int, seed: int) -> _Draws:
    components = [code for code, weight in rules.weights.items() if weight > 0]
    members = (
        facts.agreements.select("agreement_id", "ref", by)
        .join(groups.to_frame().with_row_index("_group"), on=by, how="inner", nulls_equal=True)
        .sort("_group", "ref")
    )
    every = np.bincount(members["_group"].to_numpy(), minlength=len(groups))
    taken = _taken(every, _MAX_DRAWN // draws)
    # What is drawn from is many times what is drawn; the rest of a very large register need not be tallied.
    pool = np.minimum(every, _POOL * taken)
    kept = np.concatenate(
        [
            np.arange(of) if of == some else np.sort(stream.permutation(of)[:some])
            for stream, of, some in zip(_streams(members, len(groups), seed), every, pool, strict=True)
        ]
    )
    pooled = members[kept + np.repeat(every.cumsum() - every, pool)]
    are_pooled = pl.col("agreement_id").is_in(pooled["agreement_id"].implode())
    parts = scorecard.tally(facts if (pool == every).all() else facts.where(are_pooled), by=["agreement_id"]).filter(
        pl.col("kpi").is_in([*components, COMPOSITE])
    )
    # What counts for no component is not drawn: whoever signed more of it would only be thought less certain.
    for_something = parts.filter(pl.col("kpi") != COMPOSITE, pl.col("cases") > 0)
    counting = pooled.join(for_something, on="agreement_id", how="semi", maintain_order="left").with_row_index("_row")
    among = np.bincount(counting["_group"].to_numpy(), minlength=len(groups))
    size = np.rint(every * (among / pool)).astype(np.int64).clip(1)
    taken = np.minimum(taken, among)
    picks = _picks(among, taken, _streams(counting, len(groups), seed), draws=draws)
    tallies = _summed(picks, parts.join(counting.select("agreement_id", "_row"), on="agreement_id"))
    cases = tallies.filter(pl.col("kpi") == COMPOSITE).select("_cell", n="cases")
    scores = scorecard.scores(tallies, by=["_cell"], kpis=components, rules=rules)
    found = scorecard.composites(scores, cases, by=["_cell"], rules=rules)
    values = np.full(draws * len(groups), np.nan)
    # Sums of floats differ in their last digits from one run to the next.
    values[found["_cell"].to_numpy()] = found["value"].round(9).to_numpy()
    table: Floats = values.reshape(draws, len(groups))
    table[0, np.isnan(table).all(axis=0)] = 0.0  # in no draw at all: nothing is known of its spread
    return _Draws(values=table, size=size, share=taken / size)


def _summed(drawn: csr_array, parts: pl.DataFrame) -> pl.DataFrame:
    """The tallies of what each cell drew: _cell, kpi, time, counted, cases, in order. A sparse product per KPI sums them.

    `drawn` says how often each cell drew each row; `parts` has the tallies of each row (_row, kpi, time, counted, cases).
    """
    schema: Schema = {
        "_cell": pl.Int64,
        "kpi": pl.Enum([*KPIS]),
        "time": pl.Int64,
        "counted": pl.Int64,
        "cases": pl.Int64,
    }
    sums = [pl.DataFrame(schema=schema)]
    for (kpi,), part in parts.partition_by("kpi", as_dict=True).items():
        times = part["time"].unique().sort()
        column = part.select(pl.col("time").rank("dense") - 1).to_series().fill_null(0).to_numpy().astype(np.int64)
        # Both sums in one number: neither can reach 2 ** 32.
        both = (part["cases"].to_numpy() << 32) + part["counted"].to_numpy()
        of_rows = csr_array((both, (part["_row"].to_numpy(), column)), shape=(drawn.shape[1], len(times)))
        found = (drawn @ of_rows).sorted_indices()
        cells = np.repeat(np.arange(found.shape[0]), np.diff(found.indptr))
        sums.append(
            pl.DataFrame(
                {
                    "_cell": cells,
                    "kpi": pl.repeat(kpi, len(cells), eager=True),
                    "time": times.gather(found.indices),
                    "counted": found.data & (2**32 - 1),
                    "cases": found.data >> 32,
                },
                schema=schema,
            )
        )
    return pl.concat(sums)


def _streams(members: pl.DataFrame, groups: int, seed: int) -> list[np.random.Generator]:
    """Random numbers for each group, seeded by the references of its agreements and by nothing else.

    So a group is drawn alike whatever the order of rows, their numbers in the store, and the other groups there are.
    """
    named = dict(members.group_by("_group").agg(pl.col("ref").str.join("\n")).iter_rows())
    keys = (hashlib.blake2b(named.get(group, "").encode(), digest_size=16).digest() for group in range(groups))
    return [np.random.Generator(np.random.PCG64([seed, int.from_bytes(key)])) for key in keys]


def _picks(size: Ints, taken: Ints, streams: Sequence[np.random.Generator], *, draws: int) -> csr_array:
    """How often each cell (draw x groups + group) drew each row; rows are numbered group by group."""
    first, all_rows = size.cumsum() - size, int(size.sum())
    cells, picks = [], []
    for group, stream in enumerate(streams):
        own, anyone, which = stream.random((3, draws, taken[group]))
        is_own = which >= _LIKE_ANY / (size[group] + _LIKE_ANY)
        row = np.where(is_own, own * size[group] + first[group], anyone * all_rows).astype(np.int64)
        cells.append(np.repeat(group + len(size) * np.arange(draws), taken[group]))
        picks.append(row.ravel())
    found, times = np.unique(np.concatenate(cells) * all_rows + np.concatenate(picks), return_counts=True)
    drawn, row = np.divmod(found, all_rows)
    return csr_array((times, (drawn, row)), shape=(draws * len(size), all_rows))


def _taken(size: Ints, most: int) -> Ints:
    """How many of each group to draw to make about `most` together: all of small groups, as many of each large one."""
    ordered = np.sort(size)
    left = most - (ordered.cumsum() - ordered)
    fits = ordered * np.arange(len(size), 0, -1) <= left
    if fits.all():
        return size
    cut = int(np.argmin(fits))
    return np.minimum(size, max(_LEAST_DRAWN, int(left[cut]) // (len(size) - cut)))


def _limits(strays: Floats, size: Ints, level: float) -> tuple[Floats, Floats]:
    free = (size - 1).clip(1)
    tails = ndtr(stdtrit(free, (1 - level) / 2) * np.sqrt(size / free))
    pairs = [np.nanquantile(column, [tail, 1 - tail]) for column, tail in zip(strays.T, tails, strict=True)]
    return np.array([low for low, _ in pairs]), np.array([high for _, high in pairs])


def _bands(values: Floats, strays: Floats, level: float) -> list[str]:
    """The band of each group, from its composite and how it strays over the draws. One alone has nobody to be told from."""
    if len(values) < 2:
        return [str(Band.ALIKE)] * len(values)
    apart = strays - np.nanmean(strays, axis=1, keepdims=True)
    spread = np.sqrt(np.nanvar(apart, axis=0))
    with np.errstate(divide="ignore", invalid="ignore"):
        largest = np.nan_to_num(np.abs(apart) / spread).max(axis=1)
    gap, reach = values - values.mean(), np.quantile(largest, level) * spread
    above, below = gap > reach, gap < -reach
    return [
        str(Band.ABOVE if up else Band.BELOW if down else Band.ALIKE) for up, down in zip(above, below, strict=True)
    ]


def _places(values: Floats, strays: Floats, level: float) -> tuple[list[int], list[int]]:
    """The best and the worst place of each group, from its composite and how it strays over the draws."""
    variance = np.nanvar(strays, axis=0)
    best, worst = [], []
    for own in range(len(values)):  # a step per group, each over all draws and all other groups at once
        spread = np.sqrt(variance + variance[own])
        with np.errstate(divide="ignore", invalid="ignore"):
            apart = np.nan_to_num(np.abs(strays - strays[:, [own]]) / spread)
        undecided = np.ones(len(values), dtype=bool)
        while undecided.any():
            reach = np.quantile(apart[:, undecided].max(axis=1), level) * spread
            surely = undecided & (np.abs(values - values[own]) > reach)
            if not surely.any():
                break
            undecided &= ~surely
        best.append(1 + int((~undecided & (values > values[own])).sum()))
        worst.append(len(values) - int((~undecided & (values < values[own])).sum()))
    return best, worst
