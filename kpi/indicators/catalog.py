"""The KPI declarations.

A KPI is the rows it counts among the rows it counts them in, with a direction, a target, its part in the composite and the
places that show it. From this one declaration come its value, the list of agreements behind it, its score, its entry on
the method page and its tests. Its words are in the catalog `kpi`, under the keys of `Kpi.words`.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Final, Literal, get_args

import polars as pl
from polars import col

from kpi.facts import Facts, columns
from kpi.facts.attention import IN_FLOW
from kpi.register import RECORDS

Unit = Literal["count", "percent", "days", "points"]
Rows = Literal["agreements", "reports", "blockers", "verifications"]
Estimator = Literal["count", "share", "median", "composite"]
Direction = Literal["higher", "lower", "context"]
Part = Literal["name", "short", "sentence", "formula", "reading", "improve"]
Beside = Literal["mean", "within", "backlog"]
Place = Literal["overview", "scorecard", "groups", "comparison", "pair", "ranking", "beside_rank", "method"]

GREEN: Final[float] = 80
"""What meeting a target scores: the edge of green."""

UNITS: Final[Mapping[Estimator, Unit]] = MappingProxyType(
    {"count": "count", "share": "percent", "median": "days", "composite": "points"}
)

PLACES: Final[Mapping[Place, Estimator | None]] = MappingProxyType(
    {
        "overview": "median",
        "scorecard": None,
        "groups": None,
        "comparison": "share",
        "pair": "share",
        "ranking": "composite",
        "beside_rank": "share",
        "method": None,
    }
)
"""Where a KPI can be shown, and the estimator it must have there (None: any).

`overview` is the card of the time agreements take, `scorecard` the cards of an agency, `groups` the tables of partners and
sectors. In `comparison` agencies are compared by one share after the other, with chance and their mix of agreements taken
into account, in `pair` any two of them by one. `ranking` is what places go by, and
`beside_rank` how far what they go by can be relied on. `method` has all KPIs; declared for one, it
says that nothing else shows it.
"""

ALONE: Final[tuple[Place, ...]] = ("overview", "pair", "ranking", "beside_rank")
"""The places that show one KPI."""

_FRAMES: Final = {name: declared.create_empty() for name, declared in columns.DECLARED.items()}
"""The frames of facts without a row: the columns there are."""


@dataclasses.dataclass(frozen=True)
class Kpi:
    """One declared measure. ValueError, with everything that is wrong, where it does not hold together.

    `among` selects the rows of the denominator and `counted` those of the numerator among them, on the columns of the
    facts frame named by `of`. A `median` is a Kaplan-Meier median of `duration`, where `counted` marks the cases in which
    the event has happened. A `count` shows the numerator itself. `needs` names what a register must keep for the KPI to
    exist at all: where one of these is missing it is off, and nothing but the list of what is missing names it.

    `missed_by` is the column with the days by which each case of a share missed it: in its score a case has a part, from all of it
    at none to nothing at `Thresholds.late_points_days`, while its value and light go by what was not missed at all.

    `beside` is what its opened card says besides: see `kpi.indicators.beside`.

    `seen` tells, of the rows counted, those whose claim somebody outside the agency has seen. Where it is None nothing is claimed:
    the register's own clocks and days of receipt tell it. Nobody looks at blockers yet.

    Where a share is less than `red_below`, the composite's light is red whatever its points: it says too little to be trusted.

    `goalposts` are the values that score 0 and 100, and `weight` its points out of 100 in the composite; a KPI with goalposts
    alone is watched, and one for context, as a `count` always is, has neither.
    """

    code: str
    of: Rows
    estimator: Estimator
    direction: Direction
    target: float | None
    goalposts: tuple[float, float] | None
    weight: float | None
    shown: tuple[Place, ...]
    among: pl.Expr
    counted: pl.Expr
    duration: str | None = None
    needs: tuple[str, ...] = ()
    red_below: float | None = None
    beside: Beside | None = None
    missed_by: str | None = None
    seen: pl.Expr | None = None

    def __post_init__(self) -> None:
        wrong = [*self._wrong_rows(), *self._wrong_numbers(), *self._wrong_places()]
        if wrong:
            raise ValueError(f"{self.code}: {'; '.join(wrong)}")

    @property
    def unit(self) -> Unit:
        """What its values are measured in."""
        return UNITS[self.estimator]

    @property
    def words(self) -> tuple[str, ...]:
        """The keys of its words: each `Part`, and what explains its column in a table of groups."""
        parts = (*get_args(Part), *(("column",) if "groups" in self.shown else ()))
        return tuple(f"kpi.{self.code}.{part}" for part in parts)

    def is_off(self, records: Collection[str]) -> bool:
        """Whether a register that keeps these records cannot support it."""
        return not set(self.needs).issubset(records)

    def rows(self, facts: Facts) -> pl.DataFrame:
        """The rows this KPI counts among, with a boolean column `_counted`."""
        return self._rows(facts).collect()

    def _rows(self, facts: Facts) -> pl.LazyFrame:
        frame: pl.DataFrame = getattr(facts, self.of)
        if self.is_off(facts.records):
            frame = frame.clear()
        return frame.lazy().filter(self.among).with_columns(self.counted.alias("_counted"))

    @property
    def time(self) -> str | None:
        """The column of days by which its cases are told apart: a median's duration, or by how much a share was missed."""
        return self.duration or self.missed_by

    def cases(self, facts: Facts, columns: Iterable[str]) -> pl.LazyFrame:
        """`rows` with some of their columns only, and `time` where there is one: to count them, in one query with others."""
        kept = [*columns] if self.time is None else [*columns, self.time]
        return self._rows(facts).select(*kept, "_counted")

    def _wrong_rows(self) -> Iterator[str]:
        if not re.fullmatch(r"K\d\d", self.code):
            yield "a code is K and two digits"
        frame = _FRAMES[self.of]
        used: list[tuple[str, pl.Expr, type[pl.DataType]]] = [
            ("among", self.among, pl.Boolean),
            ("counted", self.counted, pl.Boolean),
        ]
        if self.seen is not None:
            used.append(("seen", self.seen, pl.Boolean))
        for part, column in (("duration", self.duration), ("missed_by", self.missed_by)):
            if column is not None:
                used.append((part, col(column), pl.Int64))
        for part, rows, kind in used:
            unknown = [name for name in rows.meta.root_names() if name not in frame.columns]
            yield from (f"{part}: {self.of} have no column {name}" for name in unknown)
            if not unknown and frame.select(rows).dtypes != [kind]:
                yield f"{part} is not of type {kind}"
        if (self.duration is None) == (self.estimator == "median"):
            yield "a median has a duration, and nothing else has"
        if self.missed_by is not None and self.estimator != "share":
            yield "a share may be missed by days, and nothing else"
        unkept = [name for name in self.needs if name not in RECORDS]
        yield from (f"needs: registers keep {', '.join(RECORDS)}, not {name}" for name in unkept)

    def _wrong_numbers(self) -> Iterator[str]:
        numbers = {"target": self.target, "goalposts": self.goalposts, "weight": self.weight}
        if self.direction == "context":
            yield from (f"is for context and has a {name}" for name, number in numbers.items() if number is not None)
            return
        if self.weight is not None and (self.weight <= 0 or self.estimator == "composite"):
            yield "weight: more than 0, and none for the composite itself"
        if self.estimator == "count":
            yield "a count is for context: more of anything is no merit"
        if self.target is None or self.goalposts is None:
            yield from (f"has no {name}" for name in ("target", "goalposts") if numbers[name] is None)
            return
        worst, best = self.goalposts
        if (worst >= best) if self.direction == "higher" else (worst <= best):
            yield f"goalposts: {worst} to {best} is not the way to what is {self.direction}"
            return
        score = 100 * (self.target - worst) / (best - worst)
        if not math.isclose(score, GREEN):
            yield f"goalposts: meeting the target scores {score:g} and not {GREEN:g}"

    def _wrong_places(self) -> Iterator[str]:
        if not self.shown:
            yield "is shown nowhere"
        if self.weight is not None and "scorecard" not in self.shown:
            yield "is scored and not shown on the scorecard"
        if self.estimator == "composite" and "ranking" not in self.shown:
            yield "is the composite and not shown in the ranking"
        for place in self.shown:
            if place not in PLACES:
                yield f"there is no place {place}"
            elif PLACES[place] not in (None, self.estimator):
                yield f"{place} shows a {PLACES[place]}, not a {self.estimator}"


def collected(declared: Iterable[Kpi]) -> dict[str, Kpi]:
    """The declarations by code, in their order. ValueError where they do not make one method: a code declared twice, weights
    that are not 100 points together, none or several in a place that shows one.
    """
    kpis: dict[str, Kpi] = {}
    for kpi in declared:
        if kpi.code in kpis:
            raise ValueError(f"{kpi.code} is declared twice")
        kpis[kpi.code] = kpi
    points = sum(kpi.weight or 0 for kpi in kpis.values())
    if not math.isclose(points, 100):
        raise ValueError(f"the weights are {points:g} points together, not 100")
    for place in ALONE:
        found = [kpi.code for kpi in kpis.values() if place in kpi.shown]
        if len(found) != 1:
            raise ValueError(f"{place} shows one KPI, not {len(found)} ({', '.join(found)})")
    return kpis


KPIS: Final = collected(
    (
        Kpi("K01", of="agreements", estimator="count", direction="context", target=None, goalposts=None, weight=None,
            among=col("is_signed"), counted=col("is_signed"), shown=("method",)),
        Kpi("K02", of="agreements", estimator="share", direction="higher", target=85, goalposts=(45, 95), weight=20,
            among=col("is_matured"), counted=col("is_started"), seen=col("start_seen"),
            shown=("scorecard", "groups", "comparison", "pair")),
        Kpi("K03", of="agreements", estimator="median", direction="lower", target=180, goalposts=(420, 120), weight=15,
            among=col("waiting_days").is_not_null(), counted=col("duration_observed"), duration="waiting_days",
            beside="mean", seen=col("start_seen"),
            shown=("overview", "scorecard", "groups")),
        Kpi("K04", of="agreements", estimator="share", direction="higher", target=80, goalposts=(40, 90), weight=15,
            among=col("target_is_judged"), counted=col("completed_on_time"),
            needs=("targets", "completion_days"), missed_by="days_late",
            seen=col("completion_seen"),
            shown=("scorecard", "groups", "comparison")),
        Kpi("K05", of="agreements", estimator="share", direction="lower", target=10, goalposts=(50, 0), weight=15,
            among=col("is_stalled") | (col("is_past_grace") & (~col("is_open") | col("last_progress_on").is_not_null())),
            counted=col("is_stalled"),
            needs=("progress",), shown=("scorecard", "groups", "comparison")),
        Kpi("K06", of="agreements", estimator="share", direction="lower", target=5, goalposts=(25, 0), weight=10,
            among=col("is_overdue") | (col("is_past_grace") & col("has_target_in_time")), counted=col("is_overdue"),
            needs=("targets",), beside="backlog", shown=("scorecard",)),
        Kpi("K07", of="agreements", estimator="share", direction="higher", target=95, goalposts=(75, 100), weight=None,
            among=col("plan_limit_passed"), counted=col("plan_in_time"), needs=("plans",), seen=col("plan_seen"),
            shown=("scorecard",)),
        Kpi("K08", of="reports", estimator="share", direction="higher", target=95, goalposts=(75, 100), weight=15,
            among=col("is_due"), counted=col("complete") & col("on_time"), needs=("reports",), red_below=50,
            shown=("scorecard", "comparison")),
        Kpi("K09", of="blockers", estimator="median", direction="lower", target=45, goalposts=(105, 30), weight=5,
            among=col("is_timed"), counted=col("is_settled"), duration="held_days", needs=("blockers",),
            beside="within", seen=pl.lit(value=False),
            shown=("scorecard",)),
        Kpi("K10", of="blockers", estimator="share", direction="higher", target=90, goalposts=(50, 100), weight=5,
            among=col("escalation_due"), counted=col("escalated_in_time"),
            needs=("blockers",), seen=pl.lit(value=False),
            shown=("scorecard",)),
        Kpi("K11", of="agreements", estimator="share", direction="higher", target=100, goalposts=(60, 110), weight=None,
            among=col("is_completed"), counted=col("has_evidence"), needs=("evidence",), seen=col("completion_seen"),
            shown=("scorecard",)),
        Kpi("K12", of="verifications", estimator="share", direction="higher", target=95, goalposts=(75, 100), weight=None,
            among=col("is_sampled") & col("is_recent"), counted=col("is_confirmed"), needs=("samples",),
            seen=col("is_confirmed"),
            shown=("scorecard", "beside_rank")),
        Kpi("K13", of="agreements", estimator="composite", direction="higher", target=80, goalposts=(0, 100), weight=None,
            among=IN_FLOW & ~col("is_not_pursued") & col("agency_exists"),
            counted=IN_FLOW & ~col("is_not_pursued") & col("agency_exists"), shown=("ranking",)),
    )
)  # fmt: skip
"""Every KPI by code, in the order of the method."""


def shown_in(place: Place, records: Collection[str] = RECORDS) -> tuple[str, ...]:
    """The codes of the KPIs a place shows in a register that keeps these records: the scored ones first, then those only watched,
    each in the order of the method."""
    ordered = sorted(KPIS.values(), key=lambda kpi: kpi.weight is None)
    return tuple(kpi.code for kpi in ordered if place in kpi.shown and not kpi.is_off(records))


def lacking(records: Collection[str]) -> tuple[str, ...]:
    """What a register with these records would have to keep besides, for every scored KPI to be on; in the order of RECORDS."""
    needed = {name for kpi in KPIS.values() if kpi.weight is not None for name in kpi.needs}
    return tuple(name for name in RECORDS if name in needed and name not in records)


def alone_in(place: Place) -> str:
    """The code of the one KPI shown in one of ALONE."""
    (code,) = shown_in(place)
    return code


COMPOSITE: Final = alone_in("ranking")
"""The code of the score that places go by."""

RELIABILITY: Final = alone_in("beside_rank")
"""The code of what says how far it can be relied on."""
