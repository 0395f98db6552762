"""How the forecasts would have fared: made as of earlier days, with what was known then, and compared with what came."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Collection, Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from kpi import facts as folding
from kpi.estimators.intervals import wilson
from kpi.facts import Facts, History
from kpi.register import Register
from kpi.rules import Rules
from kpi.studies import forecast

Floats = npt.NDArray[np.float64]

CLASSES = (0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
"""Where each class of forecast probability begins."""

STARTED = "started"
STALLED = "stalled"

FIRST_YEAR = dt.timedelta(days=365)
"""So long after reporting began forecasts of stalling are worth nothing: silences of before tell of missing reports."""

LEAST_CASES = 100
"""Fewer forecasts that could have gone either way prove nothing."""

DECIDED = 0.01
"""A probability this close to 0 or 1 is no forecast: before its limit can be reached an agreement cannot stall."""

_SLOPES = (0.75, 1.25)

MOST_OFF = 0.05
"""How far the mean forecast may lie from the share that came."""

LEAST_HELD = 0.9
"""How many of the 95 % limits of earlier forecasts must have held what came."""

_STEPS = 25

_CASES = {
    "as_of": pl.Date,
    "kind": pl.String,
    "agreement_id": pl.Int64,
    "exchange": pl.String,
    "probability": pl.Float64,
    "happened": pl.Boolean,
}
_TOTALS = {
    "as_of": pl.Date,
    "waiting": pl.Int64,
    "expected": pl.Float64,
    "low": pl.Int64,
    "high": pl.Int64,
    "happened": pl.Int64,
    "held": pl.Boolean,
}
_AGENCIES = {
    "as_of": pl.Date,
    "agency": pl.String,
    "expected": pl.Float64,
    "low": pl.Int64,
    "high": pl.Int64,
    "happened": pl.Int64,
    "held": pl.Boolean,
}


@dataclasses.dataclass(frozen=True)
class Calibration:
    """How forecasts of one kind have fared, of those that could have gone either way (`DECIDED`).

    `expected` and `happened` are shares of the `n` cases (0 to 1). `slope` is that of the outcomes' log odds on those of the
    forecasts: 1 at best, below where forecasts were too extreme, above where too timid; None where it cannot be fitted (Cox
    1958, Biometrika 45, 562-565; Steyerberg 2010, Epidemiology 21, 128-138). `brier` and `skill` are those of all cases.
    """

    n: int
    expected: float | None
    happened: float | None
    slope: float | None
    brier: float | None
    skill: float | None

    @property
    def is_good(self) -> bool:
        """Whether a probability may be shown as what it says: enough cases, right in sum and in slope, and some use."""
        if self.expected is None or self.happened is None or self.slope is None or self.skill is None:
            return False
        is_right = abs(self.expected - self.happened) <= MOST_OFF and _SLOPES[0] <= self.slope <= _SLOPES[1]
        return self.n >= LEAST_CASES and is_right and self.skill > 0


@dataclasses.dataclass(frozen=True, eq=False)
class BackTest:
    """Forecasts beside outcomes.

    `cases`: as_of, kind ("started" or "stalled" by the end of the horizon), agreement_id, exchange, probability, happened.
    `totals`: as_of, waiting, expected, low, high, happened, held (whether the 95 % limits held what happened), of starts;
    `agencies` the same by agency, without waiting. An agreement that waits long comes back on several days, so that the cases
    of different days are not independent.
    """

    horizon_days: int
    cases: pl.DataFrame = dataclasses.field(default_factory=lambda: pl.DataFrame(schema=_CASES))
    totals: pl.DataFrame = dataclasses.field(default_factory=lambda: pl.DataFrame(schema=_TOTALS))
    agencies: pl.DataFrame = dataclasses.field(default_factory=lambda: pl.DataFrame(schema=_AGENCIES))

    @property
    def limits_hold(self) -> bool:
        """Whether enough of the limits of starts, as they are shown by agency, held what came."""
        held = self.agencies["held"]
        return len(held) > 0 and int(held.sum()) >= LEAST_HELD * len(held)

    def table(self, kind: str) -> pl.DataFrame:
        """The calibration table: from, to, n, forecast, happened, low, high; a row per class of probability with cases.

        `forecast` is the mean probability of the class and `happened` the share in which it came true, with its 95 %
        Wilson limits: a good forecast lies within them.
        """
        ends = dict(zip(CLASSES, [*CLASSES[1:], 1.0], strict=True))
        start = pl.max_horizontal(pl.when(pl.col("probability") >= edge).then(edge) for edge in CLASSES)
        low, high = wilson(pl.col("_happened"), pl.col("n"))
        return (
            self.cases.filter(pl.col("kind") == kind)
            .group_by(start.alias("from"))
            .agg(
                n=pl.len().cast(pl.Int64),
                forecast=pl.col("probability").mean(),
                _happened=pl.col("happened").sum().cast(pl.Int64),
            )
            .sort("from")
            .select(
                "from",
                pl.col("from").replace_strict(ends, return_dtype=pl.Float64).alias("to"),
                "n",
                "forecast",
                happened=pl.col("_happened") / pl.col("n"),
                low=low,
                high=high,
            )
        )

    def score(self, kind: str) -> tuple[float | None, float | None]:
        """The Brier score, and the skill: by what share it is better than forecasting the same for all each day.

        Brier (1950), Monthly Weather Review 78, 1-3. Skill is 1 at best, 0 where nothing is gained by telling
        agreements apart; None without cases, or where all or none came true.
        """
        miss = (pl.col("probability") - pl.col("happened")).pow(2).mean()
        plain = (pl.col("happened").mean().over("as_of") - pl.col("happened")).pow(2).mean()
        brier, reference = self.cases.filter(pl.col("kind") == kind).select(a=miss, b=plain).row(0)
        return brier, None if not reference else 1 - brier / reference

    def calibration(self, kind: str) -> Calibration:
        """The forecasts of one kind, judged."""
        open_cases = self.cases.filter(
            (pl.col("kind") == kind) & pl.col("probability").is_between(DECIDED, 1 - DECIDED, closed="none")
        )
        chance, came = open_cases["probability"].to_numpy(), open_cases["happened"].to_numpy().astype(float)
        n = len(chance)
        brier, skill = self.score(kind)
        return Calibration(
            n=n,
            expected=float(chance.mean()) if n else None,
            happened=float(came.mean()) if n else None,
            slope=_slope(chance, came),
            brier=brier,
            skill=skill,
        )


def _slope(chance: Floats, came: Floats) -> float | None:
    """The slope of a logistic regression of outcomes on the log odds of forecasts, by Newton's method."""
    if len(chance) == 0 or came.min() == came.max() or np.ptp(chance) == 0:
        return None
    odds = np.log(chance / (1 - chance))
    x = np.column_stack([np.ones_like(odds), odds])
    fitted = np.array([0.0, 1.0])
    for _ in range(_STEPS):
        middle = 1 / (1 + np.exp(-np.clip(x @ fitted, -30, 30)))
        weight = middle * (1 - middle)
        curvature = x.T @ (weight[:, None] * x)
        if np.linalg.cond(curvature) > 1e12:  # forecasts that tell outcomes apart without a fault have no slope
            return None
        step = np.linalg.solve(curvature, x.T @ (came - middle))
        fitted = fitted + step
    return float(fitted[1]) if np.abs(step).max() < 1e-6 else None


def reporting_began(register: Register) -> dt.date | None:
    """The day of the first report; None where the register has none."""
    first = register.reports.join(register.agreements.select(agreement_id="id"), on="agreement_id", how="semi")[
        "reported_on"
    ].min()
    assert first is None or isinstance(first, dt.date)
    return first


def back_test(
    register: Register,
    days: Sequence[dt.date],
    *,
    horizon_days: int,
    rules: Rules | None = None,
    history: History | None = None,
    silences: pl.DataFrame | None = None,
    kinds: Collection[str] = (STARTED, STALLED),
) -> BackTest:
    """Forecasts made as of each of the days for `horizon_days` later, set beside the facts of then.

    Each needs the facts of two days; where one day's horizon is another day, they are folded once. `history` and
    `silences` (`forecast.silences`) are the register's, where they are at hand. Forecasts of other `kinds` are not made.
    """
    rules = rules or Rules()
    folded: dict[dt.date, Facts] = {}
    history = history or History.of(register)
    if silences is None and STALLED in kinds:
        silences = forecast.silences(register)

    def as_of(day: dt.date) -> Facts:
        if day not in folded:
            folded[day] = folding.build(history, day, rules)
        return folded[day]

    found = []
    horizon = dt.timedelta(days=horizon_days)
    for position, day in enumerate(days):
        end = day + horizon
        now, later = as_of(day), as_of(end).agreements.select("agreement_id", "exchange", "is_started", "is_stalled")
        if STARTED in kinds:
            found.append(_starts_tested(forecast.starts(now, end), later, now.as_of))
        if STALLED in kinds:
            assert silences is not None
            stalls = _outcomes(forecast.stalls(silences, now, end), later, day, STALLED, "is_stalled")
            found.append(BackTest(horizon_days, stalls))
        # Facts of a large register fill memory: those of no other day are let go.
        wanted = {one for other in days[position + 1 :] for one in (other, other + horizon)}
        folded = {one: facts for one, facts in folded.items() if one in wanted}
    return together(found, horizon_days=horizon_days)


def together(tests: Sequence[BackTest], *, horizon_days: int) -> BackTest:
    """Several back-tests over the same horizon as one."""
    empty = BackTest(horizon_days)
    return BackTest(
        horizon_days,
        *(pl.concat([getattr(test, name) for test in (empty, *tests)]) for name in ("cases", "totals", "agencies")),
    )


def _starts_tested(foreseen: forecast.Forecast, later: pl.DataFrame, day: dt.date) -> BackTest:
    starts = _outcomes(foreseen.cases, later, day, STARTED, "is_started")
    total = foreseen.expected().with_columns(
        as_of=pl.lit(day), happened=pl.lit(starts["happened"].sum(), dtype=pl.Int64)
    )
    return BackTest(
        foreseen.horizon_days,
        starts,
        total.with_columns(held=pl.col("happened").is_between("low", "high")).select(*_TOTALS),
        _by_agency(foreseen, starts, day),
    )


def _by_agency(foreseen: forecast.Forecast, starts: pl.DataFrame, day: dt.date) -> pl.DataFrame:
    """What was foreseen of each agency that had something waiting, and what came."""
    came = (
        starts.join(foreseen.cases.select("agreement_id", "agency"), on="agreement_id")
        .group_by("agency")
        .agg(pl.col("happened").sum().cast(pl.Int64))
    )
    both = foreseen.expected(["agency"]).join(came, on="agency", how="left", nulls_equal=True, maintain_order="left")
    return (
        both.with_columns(pl.col("happened").fill_null(0), as_of=pl.lit(day))
        .with_columns(held=pl.col("happened").is_between("low", "high"))
        .select(pl.col(name).cast(kind) for name, kind in _AGENCIES.items())
    )


def _outcomes(foreseen: pl.DataFrame, later: pl.DataFrame, day: dt.date, kind: str, outcome: str) -> pl.DataFrame:
    return (
        foreseen.select("agreement_id", "probability")
        .join(later.select("agreement_id", "exchange", happened=outcome), on="agreement_id")
        .with_columns(as_of=pl.lit(day), kind=pl.lit(kind))
        .select(*_CASES)
    )


def earlier_days(as_of: dt.date, *, horizon_days: int, count: int = 8) -> list[dt.date]:
    """The last `count` quarter ends from which a forecast over the horizon can be judged by `as_of`, in order."""
    last = as_of - dt.timedelta(days=horizon_days)
    end = last + dt.timedelta(days=1)
    days: list[dt.date] = []
    while len(days) < count:
        end = dt.date(end.year, (end.month - 1) // 3 * 3 + 1, 1) - dt.timedelta(days=1)
        days.append(end)
    return days[::-1]
