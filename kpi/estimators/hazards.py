"""Rates of an event by days waited, with factors for kinds of cases: the ground that forecasts stand on.

Daily rates are those of Nelson and Aalen (Aalen 1978, Annals of Statistics 6, 701-726). A kind of case has the common
rates times a factor, observed over expected events, drawn towards 1 the more the fewer events it has: a gamma prior
fitted by moments (Clayton and Kaldor 1987, Biometrics 43, 671-681; Marshall 1991, Applied Statistics 40, 283-294).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

ENOUGH_AT_RISK = 30
"""Where fewer than these are still waiting, daily rates are chance; beyond, one average rate is used."""

TAIL_EVENTS = 20
"""The average goes back as far as it takes to have seen this many events."""

_ROUNDS = 5


@dataclasses.dataclass(frozen=True, eq=False)
class Rates:
    """Cumulative rates of the event and of ending otherwise by day 0, 1, ...; one daily rate each after the last of
    them.

    `noise` is the cumulative variance of the event's rates (d / n squared), `tail_noise` the variance of its last one.
    """

    event: Floats
    ending: Floats
    event_tail: float
    ending_tail: float
    noise: Floats
    tail_noise: float

    def events_by(self, day: Ints) -> Floats:
        """The cumulative rate of the event by the end of each day."""
        return self._by(self.event, self.event_tail, day)

    def endings_by(self, day: Ints) -> Floats:
        """The cumulative rate of ending otherwise by the end of each day."""
        return self._by(self.ending, self.ending_tail, day)

    def _by(self, known: Floats, tail: float, day: Ints) -> Floats:
        last = len(known) - 1
        cumulative: Floats = known[np.minimum(day, last)] + tail * np.maximum(day - last, 0)
        return cumulative


def fitted(cases: pl.DataFrame, groupings: Sequence[Sequence[str]]) -> tuple[Rates, Factors]:
    """Common rates and factors, each given the other.

    `cases` has the columns of the groupings, `duration` (days lived), `entry` (the last day before it came under
    observation, -1 if it was from the start) and `cause`: 1 for the event, 2 for another end, 0 for a case that still
    waits. The common rates are those of a case with factor 1 (Breslow 1974, Biometrics 30, 89-99): without the factors in
    them they would fall with time only because the slow kinds are left, and the factors would count that a second time.
    """
    duration, entry, cause = (cases[name].to_numpy() for name in ("duration", "entry", "cause"))
    events = (cause == 1).astype(float)
    kinds = [_Kinds.of(cases, grouping) for grouping in groupings]
    factor: Floats = np.ones(cases.height)
    steps: list[_Step] = []
    for _ in range(_ROUNDS):
        common = rates(duration, entry, cause, factor)
        expected = common.events_by(duration) - np.where(entry < 0, 0.0, common.events_by(np.maximum(entry, 0)))
        factor, steps = _multiplied(kinds, events, expected)
    return rates(duration, entry, cause, factor), _told(kinds, steps)


def rates(duration: Ints, entry: Ints, cause: Ints, factor: Floats) -> Rates:
    """The common rates of cases with a known factor each; columns as in `fitted`."""
    days = int(duration.max(initial=0)) + 1

    def at_risk(weights: Floats | None) -> Floats:
        """How many, or how much factor, is under observation on each day: entered before it, and not gone before it."""
        late = entry >= 0
        gone = np.bincount(duration, weights=weights, minlength=days)
        not_yet = np.bincount(entry[late], weights=None if weights is None else weights[late], minlength=days)
        left: Floats = (gone - not_yet)[::-1].cumsum()[::-1].astype(float)
        return left

    events = np.bincount(duration[cause == 1], minlength=days)
    endings = np.bincount(duration[cause == 2], minlength=days)
    heads, weighted = at_risk(None), at_risk(factor)
    enough = np.flatnonzero(heads >= ENOUGH_AT_RISK)
    known = int(enough[-1]) + 1 if len(enough) else 1
    still_to_come = events[::-1].cumsum()[::-1]
    tail = slice(min(known, max(int((still_to_come >= TAIL_EVENTS).sum()) - 1, 0)), None)
    everyone, exposed = max(heads[tail].sum(), 1.0), max(weighted[tail].sum(), 1.0)
    heads, weighted = np.maximum(heads, 1.0)[:known], np.where(heads > 0, weighted, 1.0)[:known]
    return Rates(
        event=(events[:known] / weighted).cumsum(),
        ending=(endings[:known] / heads).cumsum(),
        event_tail=float(events[tail].sum() / exposed),
        ending_tail=float(endings[tail].sum() / everyone),
        noise=(events[:known] / weighted**2).cumsum(),
        tail_noise=float(events[tail].sum() / exposed**2),
    )


@dataclasses.dataclass(frozen=True, eq=False)
class Factors:
    """How much faster than the common rates cases of each kind are.

    `steps` holds one frame per grouping: its columns, factor, weight (observed events plus what the prior is worth; its
    inverse is about the variance of the factor's logarithm; null where kinds were not seen to differ).
    """

    steps: tuple[pl.DataFrame, ...]

    def of(self, cases: pl.DataFrame) -> Floats:
        """The factor of each case; 1 for a kind never seen."""
        product = np.ones(cases.height)
        for step in self.steps:
            product *= _looked_up(cases, step, "factor").fill_null(1.0).to_numpy()
        return product

    def variance_of(self, cases: pl.DataFrame) -> Floats:
        """The variance of the logarithm of each case's factor."""
        variance = np.zeros(cases.height)
        for step in self.steps:
            variance += (1 / _looked_up(cases, step, "weight")).fill_null(0.0).to_numpy()
        return variance


def _looked_up(cases: pl.DataFrame, step: pl.DataFrame, column: str) -> pl.Series:
    keys = grouping_of(step)
    return cases.select(keys).join(step, on=keys, how="left", maintain_order="left", nulls_equal=True)[column]


def grouping_of(step: pl.DataFrame) -> list[str]:
    """The columns by which a step of `Factors` tells kinds apart."""
    return [name for name in step.columns if name not in ("factor", "weight")]


def factors(cases: pl.DataFrame, groupings: Sequence[Sequence[str]]) -> Factors:
    """Factors by each grouping in turn, each on top of those before it.

    `cases` has the columns of the groupings, `events` (0 or 1) and `expected` (the cumulative rate the case lived
    through).
    """
    kinds = [_Kinds.of(cases, grouping) for grouping in groupings]
    events, expected = (cases[name].cast(pl.Float64).to_numpy() for name in ("events", "expected"))
    return _told(kinds, _multiplied(kinds, events, expected)[1])


def _multiplied(kinds: Sequence[_Kinds], events: Floats, expected: Floats) -> tuple[Floats, list[_Step]]:
    """The factor of each case, and the steps it is made of."""
    factor: Floats = np.ones(len(expected))
    steps: list[_Step] = []
    for kind in kinds:
        step = _Step.fitted(kind.sums(events), kind.sums(expected * factor))
        factor = factor * step.factor[kind.of_case]
        steps.append(step)
    return factor, steps


def _told(kinds: Sequence[_Kinds], steps: Sequence[_Step]) -> Factors:
    return Factors(tuple(step.told(kind.names) for kind, step in zip(kinds, steps, strict=True)))


@dataclasses.dataclass(frozen=True, eq=False)
class _Kinds:
    """The kinds of one grouping: their columns, a row each, and the kind (its row) of each case."""

    names: pl.DataFrame
    of_case: Ints

    @classmethod
    def of(cls, cases: pl.DataFrame, grouping: Sequence[str]) -> _Kinds:
        keys = list(grouping)
        names = cases.select(keys).unique(maintain_order=True)
        rows = names.with_row_index("_kind")
        found = cases.select(keys).join(rows, on=keys, how="left", maintain_order="left", nulls_equal=True)["_kind"]
        return cls(names, found.to_numpy().astype(np.int64))

    def sums(self, values: Floats) -> Floats:
        """The sum over the cases of each kind."""
        found: Floats = np.bincount(self.of_case, weights=values, minlength=self.names.height).astype(float)
        return found


@dataclasses.dataclass(frozen=True, eq=False)
class _Step:
    """The factor of each kind of one grouping, and its weight; None where kinds were not seen to differ."""

    factor: Floats
    weight: Floats | None

    @classmethod
    def fitted(cls, observed: Floats, expected: Floats) -> _Step:
        """From the events of each kind, and the cumulative rate its cases lived through."""
        worth = _prior_worth(observed, expected)
        middle = observed.sum() / expected.sum() if expected.sum() > 0 else 1.0
        if worth is None:
            return cls(np.full(len(observed), middle), None)
        return cls((observed + worth) / (expected + worth / middle), observed + worth)

    def told(self, names: pl.DataFrame) -> pl.DataFrame:
        """As a frame of `Factors.steps`."""
        weight = pl.lit(None, pl.Float64) if self.weight is None else pl.Series(self.weight)
        return names.with_columns(factor=pl.Series(self.factor), weight=weight)


def _prior_worth(observed: Floats, expected: Floats) -> float | None:
    """How many events the prior is worth; None where kinds differ no more than chance makes them."""
    total = expected.sum()
    if len(expected) < 2 or total <= 0 or observed.sum() <= 0:
        return None
    middle = observed.sum() / total
    ratio = np.divide(observed, expected, out=np.full(len(expected), middle), where=expected > 0)
    spread = (expected * (ratio - middle) ** 2).sum() / total - middle * len(expected) / total
    return None if spread <= 0 else float(middle**2 / spread)
