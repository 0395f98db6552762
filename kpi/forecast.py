"""How many agreements will have started by a day, and which are likely to be stalled then.

An agreement that has waited w days starts within the next h with the chance that the rates of `kpi.hazards` give to
the days from w to w + h, given that it has neither started nor ended by w (Aalen and Johansen 1978 for two ways to
leave). The rates are those of all agreements by days waited; sector, partner tier, the two together, and the agency
multiply them. How such forecasts have fared before is told by `kpi.calibration`.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from kpi.facts import Facts
from kpi.hazards import Factors, Rates, fitted, grouping_of
from kpi.intervals import z_value
from kpi.register import Register
from kpi.states import OPEN_STATES

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

GROUPINGS = (("sector",), ("partner_tier",), ("sector", "partner_tier"), ("agency",))


# --- Starting --------------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, eq=False)
class Forecast:
    """What is foreseen for every agreement that is open and has not started, by the end of the day `on`.

    `cases`: agreement_id, waited_days, factor, probability (of having started), and the agreement's columns by which it
    may be grouped (sector, sector_group, partner, partner_region, partner_tier, agency, agency_group, doc_type).
    """

    on: dt.date
    horizon_days: int
    cases: pl.DataFrame
    rates: Rates
    factors: Factors

    def expected(self, by: Sequence[str] = (), *, level: float = 0.95) -> pl.DataFrame:
        """How many of each group are expected to have started: `by` columns, waiting, expected, low, high.

        The limits hold the number that will have started with probability `level`. They count chance (each agreement
        starts or does not), what is not known of the rates, and what is not known of the factors; whole numbers, half
        a one further out.
        """
        by = list(by)
        if not by and self.cases.is_empty():
            return pl.DataFrame({"waiting": [0], "expected": [0.0], "low": [0], "high": [0]})
        keys = by or ["_all"]
        cases = self._with_sensitivities().with_columns(_all=pl.lit(True))
        p = pl.col("probability")
        sums = cases.group_by(keys, maintain_order=True).agg(
            waiting=pl.len().cast(pl.Int64), expected=p.sum(), _chance=(p * (1 - p)).sum()
        )
        variance = (
            sums["_chance"].to_numpy()
            + self._rates_variance(cases, sums, keys)
            + self._factors_variance(cases, sums, keys)
        )
        reach = z_value(level) * pl.Series(np.sqrt(variance))
        return (
            sums.with_columns(
                low=(pl.col("expected") - reach - 0.5).ceil().clip(0).cast(pl.Int64),
                high=pl.min_horizontal((pl.col("expected") + reach + 0.5).floor().cast(pl.Int64), "waiting"),
            )
            .select(*by, "waiting", "expected", "low", "high")
            .sort(by or ["waiting"])
        )

    def _with_sensitivities(self) -> pl.DataFrame:
        """The cases, and how much each probability moves with the rate (`_by_rate`) and the factor (`_by_factor`)."""
        event, ending = _exposed(self.rates, self.cases, self.horizon_days)
        total = event + ending
        stays = np.exp(-total)
        ratio = np.divide(1 - stays, total, out=np.ones_like(total), where=total > 0)
        share = np.divide(event, total, out=np.ones_like(total), where=total > 0)
        by_event = (1 - share) * ratio + share * stays
        factor = self.cases["factor"].to_numpy()
        return self.cases.with_columns(
            _by_rate=pl.Series(by_event * factor, dtype=pl.Float64),
            _by_factor=pl.Series(by_event * event, dtype=pl.Float64),
        )

    def _rates_variance(self, cases: pl.DataFrame, sums: pl.DataFrame, keys: list[str]) -> Floats:
        """What the uncertainty of the daily rates adds to each group's sum, by their squared sensitivities."""
        days = len(self.rates.noise)
        start = cases["waited_days"].to_numpy() + 1
        end = start + self.horizon_days
        group = cases.join(sums.select(keys).with_row_index("_row"), on=keys, maintain_order="left", nulls_equal=True)
        row, weight = group["_row"].to_numpy().astype(np.int64), cases["_by_rate"].to_numpy()
        size = sums.height * (days + 1)
        steps = np.bincount(row * (days + 1) + np.minimum(start, days), weights=weight, minlength=size)
        steps -= np.bincount(row * (days + 1) + np.minimum(end, days), weights=weight, minlength=size)
        weights = steps.reshape(sums.height, days + 1).cumsum(axis=1)[:, :days]
        beyond = np.maximum(end - days, 0) - np.maximum(start - days, 0)
        tail = np.bincount(row, weights=weight * beyond, minlength=sums.height)
        variance: Floats = weights**2 @ np.diff(self.rates.noise, prepend=0.0) + tail**2 * self.rates.tail_noise
        return variance

    def _factors_variance(self, cases: pl.DataFrame, sums: pl.DataFrame, keys: list[str]) -> Floats:
        """What the uncertainty of the factors adds: kinds that share a factor are wrong together."""
        variance = np.zeros(sums.height)
        for step in self.factors.steps:
            names = grouping_of(step)
            shared = (
                cases.group_by(list(dict.fromkeys([*keys, *names])))
                .agg(moved=pl.col("_by_factor").sum())
                .join(step, on=names, how="left", nulls_equal=True)
                .group_by(keys)
                .agg(variance=(pl.col("moved").pow(2) / pl.col("weight")).sum())
            )
            added = sums.select(keys).join(shared, on=keys, how="left", maintain_order="left", nulls_equal=True)
            variance += added["variance"].fill_null(0.0).to_numpy()
        return variance


_GROUPING_COLUMNS = (
    "sector",
    "sector_group",
    "partner",
    "partner_region",
    "partner_tier",
    "agency",
    "agency_group",
    "doc_type",
)


def starts(facts: Facts, on: dt.date, *, groupings: Sequence[Sequence[str]] = GROUPINGS) -> Forecast:
    """The chance that each open agreement not yet started will have by `on`, judged by all that is known in `facts`.

    ValueError for a day that is not after the facts' own.
    """
    horizon = _horizon(facts, on)
    known = facts.agreements.filter(pl.col("duration_days") >= 0)
    cause = pl.when("duration_observed").then(1).when(pl.col("is_void") & ~pl.col("is_started")).then(2).otherwise(0)
    lived = known.select(
        *dict.fromkeys(name for grouping in groupings for name in grouping),
        duration=pl.col("duration_days").cast(pl.Int64),
        cause=cause.cast(pl.Int64),
    )
    common, kinds = fitted(lived, groupings)
    waiting = facts.agreements.filter(
        pl.col("is_open") & ~pl.col("is_started") & (pl.col("age_days") >= 0).fill_null(False)
    ).select("agreement_id", *_GROUPING_COLUMNS, waited_days="age_days")
    cases = waiting.with_columns(
        factor=pl.Series(kinds.of(waiting), dtype=pl.Float64),
        factor_variance=pl.Series(kinds.variance_of(waiting), dtype=pl.Float64),
    )
    event, ending = _exposed(common, cases, horizon)
    total = event + ending
    share = np.divide(event, total, out=np.zeros_like(total), where=total > 0)
    leaves = -np.expm1(-_frail(event, cases["factor_variance"].to_numpy()) - ending)
    return Forecast(
        on=on,
        horizon_days=horizon,
        cases=cases.with_columns(probability=pl.Series(share * leaves, dtype=pl.Float64)).select(
            "agreement_id", "waited_days", "factor", "factor_variance", "probability", *_GROUPING_COLUMNS
        ),
        rates=common,
        factors=kinds,
    )


def _exposed(common: Rates, cases: pl.DataFrame, horizon: int) -> tuple[Floats, Floats]:
    """The cumulative rates of starting (with its factor) and of ending that each case meets until the horizon."""
    waited = cases["waited_days"].cast(pl.Int64).to_numpy()
    event = common.events_by(waited + horizon) - common.events_by(waited)
    return event * cases["factor"].to_numpy(), common.endings_by(waited + horizon) - common.endings_by(waited)


def _frail(event: Floats, variance: Floats) -> Floats:
    """The cumulative rate that gives the mean chance of staying when the factor in it is only known to be gamma
    distributed.

    With an uncertain factor more stay than at its mean: those that turn out slow (Vaupel, Manton and Stallard 1979,
    Demography 16, 439-454).
    """
    known = variance <= 0
    spread = np.where(known, 1.0, variance)
    return np.where(known, event, np.log1p(event * spread) / spread)


def _horizon(facts: Facts, on: dt.date) -> int:
    if on <= facts.as_of:
        raise ValueError(f"a forecast is for a day after {facts.as_of}, not for {on}")
    return (on - facts.as_of).days


# --- Stalling --------------------------------------------------------------------------------------------------------


def stalls(register: Register, facts: Facts, on: dt.date) -> pl.DataFrame:
    """The chance that each open agreement will be stalled on a day, by how long agreements like it stay silent.

    Columns: agreement_id, agency, state, is_stalled (now), silent_days, stall_limit, probability. A silence lasts
    from one evidenced progress to the next; rates by days of silence are those of its state, times a factor for the
    agency. The agreement is taken to stay in its state, and a new silence may reach the limit too. ValueError as in
    `starts`.
    """
    horizon = _horizon(facts, on)
    silences = _silences(register, facts)
    waiting = facts.agreements.filter(pl.col("is_open") & (pl.col("days_since_progress") >= 0)).select(
        "agreement_id",
        "agency",
        "state",
        "is_stalled",
        silent_days=pl.col("days_since_progress").cast(pl.Int64),
        stall_limit=pl.col("stall_limit").cast(pl.Int64),
    )
    parts = [waiting.clear().with_columns(probability=pl.lit(None, dtype=pl.Float64))]
    for state in waiting["state"].unique().sort():
        cases = waiting.filter(pl.col("state") == state)
        common, kinds = fitted(silences.filter(pl.col("state") == state), [("agency",)])
        chance = _silent(
            common,
            kinds.of(cases),
            cases["silent_days"].to_numpy(),
            limit=max(cases["stall_limit"][0], 1),  # the same for all in a state
            horizon=horizon,
        )
        parts.append(cases.with_columns(probability=pl.Series(chance, dtype=pl.Float64)))
    return pl.concat(parts).sort("agreement_id")


def _silences(register: Register, facts: Facts) -> pl.DataFrame:
    """Every silence of followed agreements in open states until the as-of day: agency, state, duration, cause.

    `cause` is 1 where progress was evidenced again, 2 where the agreement closed or was suspended, 0 where it is
    still on.
    """
    followed = facts.agreements.filter(pl.col("is_signed") & pl.col("implementable") & pl.col("tracked"))
    events = register.status_events.filter("date_known").sort("id").select("agreement_id", "state", day="effective_on")
    reports = register.reports.filter("shows_progress").select(
        "agreement_id", pl.lit(None, dtype=pl.String).alias("state"), day="received_on"
    )
    state, day = pl.col("state"), pl.col("day")
    return (
        pl.concat([events, reports])
        .filter(day <= facts.as_of)
        .join(followed.select("agreement_id", "agency"), on="agreement_id")
        .sort("agreement_id", "day", state.is_null(), maintain_order=True)
        .with_columns(state.forward_fill().over("agreement_id"))
        .unique(["agreement_id", "day"], keep="last", maintain_order=True)
        .with_columns(
            _until=day.shift(-1).over("agreement_id"),
            _next_is_open=state.is_in(OPEN_STATES).shift(-1).over("agreement_id"),
        )
        .filter(state.is_in(OPEN_STATES))
        .select(
            "agency",
            "state",
            duration=(pl.col("_until").fill_null(facts.as_of) - day).dt.total_days(),
            cause=pl.when(pl.col("_until").is_null()).then(0).when("_next_is_open").then(1).otherwise(2).cast(pl.Int64),
        )
    )


def _silent(common: Rates, factor: Floats, silent: Ints, *, limit: int, horizon: int) -> Floats:
    """The chance of being silent for at least `limit` days at the end of the horizon, given the days of silence so
    far.
    """

    def left(kind: Floats, day: Ints) -> Floats:
        survival: Floats = np.exp(-(kind * common.events_by(day) + common.endings_by(day)))
        return survival

    def resumed(kind: Floats, day: Ints) -> Floats:
        """The chance that progress comes on a day, for a silence that had just begun."""
        event = kind * (common.events_by(day) - common.events_by(day - 1))
        total = event + common.endings_by(day) - common.endings_by(day - 1)
        share = np.divide(event, total, out=np.zeros_like(total), where=total > 0)
        return left(kind, day - 1) * share * -np.expm1(-total)

    reached = silent + horizon >= limit
    until_now = left(factor, silent)
    chance: Floats = np.where(reached, left(factor, silent + horizon) / until_now, 0.0)
    if horizon <= limit:
        return chance
    # Progress on day s starts a silence that may itself have reached the limit when the horizon comes.
    kinds, kind = np.unique(factor, return_inverse=True)
    days = np.arange(horizon + 1)
    renewed = np.zeros((len(kinds), horizon + 1))
    first = np.column_stack([np.zeros(len(kinds)), *(resumed(kinds, np.full(len(kinds), day)) for day in days[1:])])
    for day in range(limit, horizon + 1):
        again = first[:, 1 : day - limit + 1] * renewed[:, day - 1 : limit - 1 : -1]
        renewed[:, day] = left(kinds, np.full(len(kinds), day)) + again.sum(axis=1)
    for day in range(1, horizon - limit + 1):
        chance += resumed(factor, silent + day) / until_now * renewed[kind, horizon - day]
    return chance
