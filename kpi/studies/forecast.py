"""How many agreements will have started by a day, and which are likely to be stalled then.

An agreement that has waited w days starts within the next h with the chance that the rates of `kpi.estimators.hazards` give to
the days from w to w + h, given that it has neither started nor ended by w (Aalen and Johansen 1978 for two ways to
leave). The rates are those of all agreements by days waited; sector, partner tier, the two together, and the agency
multiply them. How such forecasts have fared before is told by `kpi.studies.calibration`.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from kpi.estimators.hazards import Factors, Rates, fitted, grouping_of
from kpi.estimators.intervals import z_value
from kpi.facts import Facts, history
from kpi.facts.standing import counting
from kpi.register import Register
from kpi.vocabulary import MILESTONES, OPEN_STATES

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

START_WINDOW = 730
"""How many days back experience of starting is taken from: older waits tell of an administration that has changed."""

SILENCE_WINDOW = 540
"""The same for silences: six reporting periods, so that a time without any reporting is soon forgotten."""

GROUPINGS = (("sector",), ("partner_tier",), ("sector", "partner_tier"), ("agency",))


# --- Starting --------------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, eq=False)
class Forecast:
    """What is foreseen for every agreement that is open and has not started, by the end of the day `on`.

    `cases`: agreement_id, waited_days, factor, probability (of having started), and the agreement's columns by which it
    may be grouped (sector, sector_group, partner, partner_region, partner_tier, agency, agency_group, doc_type, exchange).
    """

    on: dt.date
    horizon_days: int
    cases: pl.DataFrame
    rates: Rates
    factors: Factors
    together: Together

    def expected(self, by: Sequence[str] = (), *, level: float = 0.95) -> pl.DataFrame:
        """How many of each group are expected to have started: `by` columns, waiting, expected, low, high.

        The limits hold the number that will have started with probability `level`. They count chance (each agreement
        starts or does not, those of one exchange more or less together), what is not known of the rates, and what is not known of
        the factors; whole numbers, half a one further out.
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
            + self.together.inflation * self._rates_variance(cases, sums, keys)
            + self._factors_variance(cases, sums, keys)
            + self._exchange_variance(cases, sums, keys)
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

    def _exchange_variance(self, cases: pl.DataFrame, sums: pl.DataFrame, keys: list[str]) -> Floats:
        """What is added by agreements of one exchange starting together or not at all: the covariance of its pairs."""
        moved = pl.col("_by_factor")
        pairs = (
            cases.drop_nulls("exchange")
            .group_by(list(dict.fromkeys([*keys, "exchange"])))
            .agg(pairs=moved.sum().pow(2) - moved.pow(2).sum())
            .group_by(keys)
            .agg(pl.col("pairs").sum())
        )
        found = sums.select(keys).join(pairs, on=keys, how="left", maintain_order="left", nulls_equal=True)
        return self.together.variance * found["pairs"].fill_null(0.0).to_numpy()


@dataclasses.dataclass(frozen=True)
class Together:
    """How much agreements signed at one exchange start together.

    `variance` is that of a rate they share (mean 1), by moments from pairs of one exchange: (observed - expected starts)
    multiplied, over the expected ones multiplied (Hougaard 2000, Analysis of Multivariate Survival Data, chapter 7, for the
    model); 0 where they start no more together than others. `inflation` is by how much it makes the rates less certain.
    """

    variance: float
    inflation: float

    @classmethod
    def fitted(cls, lived: pl.DataFrame, expected: Floats) -> Together:
        """From cases as `hazards.fitted` wants them, with `exchange`, and the cumulative rate that each lived through."""
        strays, e = pl.col("o") - pl.col("e"), pl.col("e")
        o = (pl.col("cause") == 1).cast(pl.Float64)
        pairs, room = (
            lived.select("exchange", o=o, e=pl.Series(expected, dtype=pl.Float64))
            .drop_nulls("exchange")
            .group_by("exchange")
            .agg(pairs=strays.sum().pow(2) - strays.pow(2).sum(), room=e.sum().pow(2) - e.pow(2).sum())
            .select(pl.col("pairs", "room").sum())
            .row(0)
        )
        if room <= 0 or pairs <= 0:
            return cls(0.0, 1.0)
        return cls(pairs / room, 1 + pairs / max(float(expected.sum()), 1.0))


_GROUPING_COLUMNS = (
    "sector",
    "sector_group",
    "partner",
    "partner_region",
    "partner_tier",
    "agency",
    "agency_group",
    "doc_type",
    "exchange",
)


def starts(facts: Facts, on: dt.date, *, groupings: Sequence[Sequence[str]] = GROUPINGS) -> Forecast:
    """The chance that each open agreement not yet started will have by `on`, judged by all that is known in `facts`.

    ValueError for a day that is not after the facts' own.
    """
    horizon = _horizon(facts, on)
    known = facts.agreements.filter(pl.col("duration_days") >= 0)
    cause = pl.when("duration_observed").then(1).when(pl.col("is_void") & ~pl.col("is_started")).then(2).otherwise(0)
    lived = known.select(
        *dict.fromkeys(["exchange", *(name for grouping in groupings for name in grouping)]),
        duration=pl.col("duration_days").cast(pl.Int64),
        cause=cause.cast(pl.Int64),
        entry=_entry(pl.col("signed_on"), facts.as_of, START_WINDOW),
    ).filter(pl.col("duration") > pl.col("entry"))
    common, kinds = fitted(lived, groupings)
    duration, entry = (lived[name].to_numpy() for name in ("duration", "entry"))
    met = common.events_by(duration) - np.where(entry < 0, 0.0, common.events_by(np.maximum(entry, 0)))
    together = Together.fitted(lived, met * kinds.of(lived))
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
        together=together,
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


def _entry(begin: pl.Expr, as_of: dt.date, window: int) -> pl.Expr:
    """The last day of a wait that lies before the window of recent experience; -1 where all of it lies within."""
    before = (pl.lit(as_of - dt.timedelta(days=window)) - begin).dt.total_days()
    return pl.when(before > 0).then(before - 1).otherwise(-1)


def _horizon(facts: Facts, on: dt.date) -> int:
    if on <= facts.as_of:
        raise ValueError(f"a forecast is for a day after {facts.as_of}, not for {on}")
    return (on - facts.as_of).days


# --- Stalling --------------------------------------------------------------------------------------------------------


def stalls(silences: pl.DataFrame, facts: Facts, on: dt.date) -> pl.DataFrame:
    """The chance that each open agreement will be stalled on a day, by how long agreements like it stay silent: `silences` of the
    register.

    Columns: agreement_id, agency, state, is_stalled (now), silent_days, stall_limit, probability. A silence lasts
    from one evidenced progress to the next; its rates are those of the state the agreement is in, times a factor for
    the agency. After it comes a silence in the state that progress leads to as often as it has so far, which may
    reach that state's limit too. ValueError as in `starts`.
    """
    horizon = _horizon(facts, on)
    waiting = facts.agreements.filter(
        pl.col("is_open") & (pl.col("days_since_progress") >= 0) & pl.col("stall_limit").is_not_null()
    ).select(
        "agreement_id",
        "agency",
        "state",
        "is_stalled",
        silent_days=pl.col("days_since_progress").cast(pl.Int64),
        stall_limit=pl.col("stall_limit").cast(pl.Int64).clip(1),
    )
    if waiting.is_empty():
        return waiting.with_columns(probability=pl.lit(None, dtype=pl.Float64))
    agencies = waiting.select("agency").unique().sort("agency")
    lived = _lived(silences, facts)
    limits = dict(waiting.select("state", "stall_limit").unique().rows())
    kinds = {
        state: _Silence.fitted(lived.filter(pl.col("state") == state), agencies, state, limit)
        for state, limit in sorted(limits.items())
    }
    later = _stalled_after(kinds, horizon)
    parts = []
    for state, kind in kinds.items():
        cases = waiting.filter(pl.col("state") == state)
        agency = agencies["agency"].search_sorted(cases["agency"]).to_numpy().astype(np.int64)
        chance = kind.chance(agency, cases["silent_days"].to_numpy(), later[state], horizon)
        parts.append(cases.with_columns(probability=pl.Series(chance, dtype=pl.Float64)))
    return pl.concat(parts).sort("agreement_id")


def silences(register: Register) -> pl.DataFrame:
    """Every silence in an open state, by agreement: agreement_id, state, since, until (null: still on), next (the state then).

    A silence lasts until the agreement comes further than ever before or more of it is carried out than ever reported: as
    the days since progress are counted in the facts. What holds on a day is looked up in them: they are the same for all days.
    """
    # What is resumed after a suspension has come no further: it is left out until it does.
    standing = counting(register)
    others = standing.filter(pl.col("date_known") & ~pl.col("state").is_in(MILESTONES))
    moves = pl.concat([history.milestones(standing), others])
    events = moves.sort("id").select("agreement_id", "state", since="effective_on")
    reports = (
        history.rises(register.reports, standing, register.starts_with)
        .filter("has_risen")
        .select("agreement_id", pl.lit(None, dtype=pl.String).alias("state"), since="reported_on")
    )
    state = pl.col("state")
    return (
        pl.concat([events, reports])
        .sort("agreement_id", "since", state.is_null(), maintain_order=True)
        .with_columns(state.forward_fill().over("agreement_id"))
        .unique(["agreement_id", "since"], keep="last", maintain_order=True)
        .with_columns(until=pl.col("since").shift(-1).over("agreement_id"), next=state.shift(-1).over("agreement_id"))
        .filter(state.is_in(OPEN_STATES))
        .select("agreement_id", "state", "since", "until", "next")
    )


def _lived(silences: pl.DataFrame, facts: Facts) -> pl.DataFrame:
    """The silences of followed agreements until the as-of day: agency, state, duration, entry, cause, next.

    `cause` is 1 where there was progress (in the state `next`), 2 where the agreement closed or was suspended, 0 where the silence
    was still on.
    """
    followed = facts.agreements.filter(pl.col("is_signed") & pl.col("implementable") & pl.col("tracked"))
    day, until = pl.col("since"), pl.col("until")
    is_open = pl.col("next").is_in(OPEN_STATES)
    return (
        silences.filter(day <= facts.as_of)
        .join(followed.select("agreement_id", "agency"), on="agreement_id")
        .with_columns(pl.when(until <= facts.as_of).then(pl.col("until", "next")))
        .select(
            "agency",
            "state",
            "next",
            duration=(until.fill_null(facts.as_of) - day).dt.total_days(),
            entry=_entry(day, facts.as_of, SILENCE_WINDOW),
            cause=pl.when(until.is_null()).then(0).when(is_open).then(1).otherwise(2).cast(pl.Int64),
        )
        .filter(pl.col("duration") > pl.col("entry"))
    )


@dataclasses.dataclass(frozen=True, eq=False)
class _Silence:
    """Silences in one state: their rates, each agency's factor, the limit, and which states progress leads to."""

    rates: Rates
    factor: Floats
    limit: int
    leads_to: dict[str, float]

    @classmethod
    def fitted(cls, silences: pl.DataFrame, agencies: pl.DataFrame, state: str, limit: int) -> _Silence:
        common, kinds = fitted(silences, [("agency",)])
        resumed = silences.filter(pl.col("cause") == 1)["next"].value_counts(normalize=True, name="share")
        return cls(common, kinds.of(agencies), limit, dict(resumed.rows()) or {state: 1.0})

    def left(self, factor: Floats, day: Ints) -> Floats:
        """The chance that a silence that had just begun lasts beyond a day."""
        survival: Floats = np.exp(-(factor * self.rates.events_by(day) + self.rates.endings_by(day)))
        return survival

    def resumed(self, factor: Floats, day: Ints) -> Floats:
        """The chance that progress ends such a silence on a day."""
        event = factor * (self.rates.events_by(day) - self.rates.events_by(day - 1))
        total = event + self.rates.endings_by(day) - self.rates.endings_by(day - 1)
        share = np.divide(event, total, out=np.zeros_like(total), where=total > 0)
        return self.left(factor, day - 1) * share * -np.expm1(-total)

    def chance(self, agency: Ints, silent: Ints, later: Floats, horizon: int) -> Floats:
        """The chance of being stalled at the horizon after so many days of silence; `later` is of `_stalled_after`."""
        factor = self.factor[agency]
        now = self.left(factor, silent)
        chance: Floats = np.where(silent + horizon >= self.limit, self.left(factor, silent + horizon) / now, 0.0)
        for day in range(1, horizon + 1):
            if later[:, horizon - day].any():
                chance += self.resumed(factor, silent + day) / now * later[agency, horizon - day]
        return chance


def _stalled_after(kinds: dict[str, _Silence], horizon: int) -> dict[str, Floats]:
    """By the state in which progress comes: the chance, for each agency, of being stalled so many days after it."""
    days = np.arange(horizon + 1)
    left = {state: kind.left(kind.factor[:, None], days) for state, kind in kinds.items()}
    first = {state: kind.resumed(kind.factor[:, None], days[1:]) for state, kind in kinds.items()}
    fresh = {state: np.zeros_like(curve) for state, curve in left.items()}
    later = {state: np.zeros_like(curve) for state, curve in left.items()}
    for day in days:
        for state, kind in kinds.items():
            if day >= kind.limit:
                fresh[state][:, day] = left[state][:, day]
            if day > 0:
                fresh[state][:, day] += (first[state][:, :day] * later[state][:, day - 1 :: -1][:, :day]).sum(axis=1)
        for state, kind in kinds.items():
            for following, share in kind.leads_to.items():
                if following in fresh:  # a state no agreement is in now is not modelled; few lead there
                    later[state][:, day] += share * fresh[following][:, day]
    return later
