"""Thresholds, weights, goalposts and lights: every number of the method, and which of them a coordinator may set."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Any, Final

from kpi.indicators.catalog import GREEN, KPIS
from kpi.thresholds import COUNTS_FROM, Thresholds
from kpi.vocabulary import LEVELS_ABOVE, OPEN_STATES, Authority

LIMITS: Final[Mapping[str, tuple[float, float]]] = MappingProxyType(
    {
        "grace_days": (0, 730),
        **{f"stall_days.{state}": (30, 1095) for state in OPEN_STATES},
        **{f"counts_from.{state}": (0, len(COUNTS_FROM) - 1) for state in Thresholds().counts_from},
        "at_risk_gap": (0.05, 0.95),
        "severe_blocker_days": (1, 365),
        "due_soon_days": (1, 365),
        "plan_days_treaty": (1, 365),
        "plan_days_other": (1, 365),
        "escalation_days": (1, 180),
        "rank_min_n": (1, 100),
        "claim_days": (1, 180),
        "first_target_days": (1, 365),
        "target_years": (1, 20),
        "sample_share": (0.3, 1.0),
        "comment_days": (1, 30),
        **{f"answer_days.{level}": (1, 365) for level in LEVELS_ABOVE},
        "draft_days": (0, 60),
    }
)
"""The thresholds a coordinator may set from a date on, and between which values; part of a mapping as `name.key`.

Weights, goalposts and lights are not among them: they were settled together, so that meeting a target is where green begins.
"""


@dataclasses.dataclass(frozen=True)
class Rules(Thresholds):
    """Every number that turns facts into scores and lights, and those that made the facts.

    `weights` (points out of 100) and `goalposts` (value that scores 0, value that scores 100, in the KPI's unit) are by
    KPI code and start from what each KPI declares; the goalposts are fixed so that one agency's score never depends on
    another's, and are placed so that meeting the target scores exactly 80, the edge of green. A mean wait and a
    share resolved are told up to the two horizons.

    A sample of claims is as large as it takes to know the share confirmed within `sample_margin` at confidence `sample_level`, and
    at least `sample_share` of them, with `sample_least` of every agency that has so many. From `drift_z` on a sample that
    confirms less than those before raises the alarm: one time in twenty by chance.

    Signs in what was claimed (`kpi.integrity`) are told of an agency with `sign_least` cases that could show them; one is unusual
    where an honest register shows as much anywhere in at most `sign_alarms` of registers. What came in the last `cut_off_days`
    before reports fell due came just before the cut-off; `bulk_ends` agreements ended on one day are many at once; texts of
    `alike_characters` or more that `alike_texts` agreements share are identical ones.

    A directive without a word of its agency `comment_days` before it is due says so; a level that something was escalated to has
    `answer_days` to answer. Agencies have `draft_days` to comment on a draft before it is published.
    """

    weights: Mapping[str, float] = dataclasses.field(default_factory=lambda: _declared("weight"))
    goalposts: Mapping[str, tuple[float, float]] = dataclasses.field(default_factory=lambda: _declared("goalposts"))
    green_from: float = GREEN
    amber_from: float = 60
    rank_min_n: int = 10
    composite_min_weight_share: float = 0.70
    rmst_horizon_days: int = 365
    blocker_horizon_days: int = 60
    sample_margin: float = 0.10
    sample_level: float = 0.95
    sample_share: float = 0.6
    sample_least: int = 4
    drift_z: float = 1.645
    sign_least: int = 10
    sign_alarms: float = 0.05
    cut_off_days: int = 7
    bulk_ends: int = 3
    alike_texts: int = 3
    alike_characters: int = 20
    comment_days: int = 3
    answer_days: Mapping[str, int] = dataclasses.field(
        default_factory=lambda: MappingProxyType(
            {Authority.INTER_AGENCY: 15, Authority.PRIME_MINISTER: 30, Authority.NATIONAL_ASSEMBLY: 90}
        )
    )
    draft_days: int = 7

    @property
    def least_weight(self) -> float:
        """How much weight the components of a composite must carry together."""
        return self.composite_min_weight_share * sum(self.weights.values())

    def weight_with(self, records: Collection[str]) -> float:
        """The weight of the KPIs that are on in a register that keeps these records."""
        return sum(weight for code, weight in self.weights.items() if not KPIS[code].is_off(records))

    def edges(self, kpi: str) -> tuple[float, float] | None:
        """The values of a KPI at which its light turns amber and green, in its unit; None where it has no goalposts."""
        if kpi not in self.goalposts:
            return None
        worst, best = self.goalposts[kpi]
        amber, green = (worst + (best - worst) * share / 100 for share in (self.amber_from, self.green_from))
        return amber, green

    def digits(self, kpi: str, value: float, *, most: int = 3) -> int:
        """How many decimals a value needs so that the number shown lies on the same side of every edge as the number meant."""
        edges = self.edges(kpi)
        if edges is None:
            return 0
        is_higher_better = edges[0] < edges[1]
        for digits in range(most):
            shown = round(value, digits)
            # A value on the edge itself has passed it, so only what falls short of it must be seen to.
            if all(
                (shown >= edge) == (value >= edge) if is_higher_better else (shown <= edge) == (value <= edge)
                for edge in edges
            ):
                return digits
        return most

    def threshold(self, name: str) -> float:
        """The value of one of LIMITS. Raises KeyError for any other name."""
        if name not in LIMITS:
            raise KeyError(name)
        field, _, key = name.partition(".")
        value: float = getattr(self, field)[key] if key else getattr(self, field)
        return value

    def with_threshold(self, name: str, value: float) -> Rules:
        """These rules with one of LIMITS changed. Raises KeyError for any other name, ValueError for a value outside its limits
        or not in whole days where days are counted."""
        low, high = LIMITS[name]
        if not low <= value <= high or (isinstance(self.threshold(name), int) and value != int(value)):
            raise ValueError(f"{name}: {value} is not between {low} and {high}, or not whole")
        field, _, key = name.partition(".")
        value = type(self.threshold(name))(value)
        return self.replaced({field: {key: value} if key else value})

    def replaced(self, values: Mapping[str, Any]) -> Rules:
        """These rules with `values` (field name -> value, mappings merged key by key) in place; unknown names raise KeyError."""
        known = {field.name for field in dataclasses.fields(self)}
        changes: dict[str, Any] = {}
        for name, value in values.items():
            if name not in known:
                raise KeyError(f"no rule is called {name!r}; the rules are {', '.join(sorted(known))}")
            current = getattr(self, name)
            if isinstance(current, Mapping):
                merged = {**current, **{k: tuple(v) if isinstance(v, list) else v for k, v in value.items()}}
                changes[name] = MappingProxyType(merged)
            else:
                changes[name] = type(current)(value)
        return dataclasses.replace(self, **changes)


def _declared(name: str) -> Mapping[str, Any]:
    """What the KPIs declare under one name, by code; those that declare nothing are left out."""
    found = {code: getattr(kpi, name) for code, kpi in KPIS.items()}
    return MappingProxyType({code: value for code, value in found.items() if value is not None})
