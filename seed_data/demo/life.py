"""What becomes of an agreement after signing: the day of every stage, targets, pauses and ends.

Delays have long tails and depend on the document, the sector, the year and how its agency works. Some agreements never
start, some fall asleep half way, a few are suspended, ended or reopened. Days are whole numbers since 1970.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import polars as pl

from kpi.vocabulary import State
from seed_data.demo.calendar import DATA_DATE, after_new_year, before_year_end, period_end, working
from seed_data.demo.draws import SHORT_TAIL, Bools, Floats, Ints, below, day, stream, tailed, whole

NEVER = 60_000
"""A day so far away that it does not come."""
END = day(DATA_DATE)

STAGES = (State.APPROVAL_PENDING, State.IN_FORCE, State.PLAN_ISSUED, State.IN_PROGRESS, State.COMPLETED)
_APPROVAL, _FORCE, _PLAN, _START, _DONE = range(5)

_TO_FORCE = {"TREATY": 190.0, "LOAN": 150.0}
_TO_START = {
    "MOU": 110.0,
    "IA": 116.0,
    "PLAN": 64.0,
    "LOI": 165.0,
    "MIN": 98.0,
    "JS": 130.0,
    "LEAD": 130.0,
    "VOL": 130.0,
}
_LOCAL_TO_START = 40.0
_AFTER_PLAN = 50.0
_WITHOUT_PLAN = {"PLAN": 0.5, "LEAD": 0.4}
_SECTOR = {"TRA": 1.35, "ENE": 1.45, "CON": 1.3, "STI": 1.1, "AGE": 1.05, "JUS": 1.05, "HEA": 0.95, "LAB": 0.9}
_SECTOR |= {"POL": 0.8, "EDU": 0.8, "CUL": 0.75, "PTP": 0.7}
_YEAR = {2021: 0.98, 2022: 1.45, 2023: 0.9, 2024: 1.25, 2025: 0.95}
"""How slow the years of signing are: visits by video and a backlog after them, a good year, preparing the mergers."""
_SHORT, _LONG, _USUAL = (365, 365, 548, 730), (1095, 1095, 1461, 1826), (365, 548, 730, 1095)
_YEARS = {"LOI": _SHORT, "MIN": _SHORT, "LEAD": _SHORT, "LOCAL": _SHORT, "TREATY": _LONG, "LOAN": _LONG, "VOL": _LONG}

_NO_TARGET = 0.08
_SUSPENDED, _ENDED, _REOPENED = 0.04, 0.08, 0.006
_RESUMED = 0.5
ENDINGS = (State.TERMINATED, State.SUPERSEDED, State.EXPIRED)


@dataclasses.dataclass(frozen=True, eq=False)
class Life:
    """Days, one per agreement, NEVER where it does not come (also after the register's end).

    `stages` has a column per entry of STAGES; `expected` is the day of completion, future ones included. `resumed_to` is
    the stage a resumption leads back to, `ending` a place in ENDINGS. `asleep` is the day after which nothing moves any
    more. `target` is the original target.
    """

    signed: Ints
    followed: Bools
    stages: Ints
    expected: Ints
    suspended: Ints
    resumed: Ints
    resumed_to: Ints
    ended: Ints
    ending: Ints
    reopened: Ints
    asleep: Ints
    target: Ints

    @property
    def started(self) -> Ints:
        """The day implementation began."""
        return self.stages[:, _START]

    @property
    def completed(self) -> Ints:
        """The day of completion."""
        return self.stages[:, _DONE]

    @property
    def closed(self) -> Ints:
        """The day from which no more reports are owed; what was reopened goes on owing them."""
        return np.where(self.reopened < NEVER, self.ended, np.minimum(self.completed, self.ended))


def live(seed: int, base: pl.DataFrame) -> Life:
    """The life of every agreement of `base.agreements`."""
    size = base.height
    signed = base["signed"].fill_null(NEVER).to_numpy()
    followed = (base["implementable"] & base["tracked"] & base["signed"].is_not_null()).to_numpy()
    pace, finish = base["pace"].to_numpy(), base["finish"].to_numpy()
    stages, never = _beginnings(seed, base, signed, pace)
    length, target = _targets(seed, base, signed, followed)
    expected = _complete(seed, stages, signed, target, length, finish)
    asleep = _fall_asleep(seed, stages, never, signed, pace)
    stages[~followed] = NEVER
    suspended, resumed, resumed_to = _suspend(seed, stages)
    ended, ending = _end(seed, stages, signed, followed, suspended, resumed)
    random = stream(seed, "reopened")
    reopened = stages[:, _DONE] + 45 + below(random, size, 60)
    reopened = np.where((random.random(size) < _REOPENED) & (reopened <= END), reopened, NEVER)
    return Life(
        signed=signed,
        followed=followed,
        stages=stages,
        expected=expected,
        suspended=suspended,
        resumed=resumed,
        resumed_to=resumed_to,
        ended=ended,
        ending=ending,
        reopened=reopened,
        asleep=asleep,
        target=target,
    )


def _looked_up(column: pl.Series, values: dict[str, float], default: float) -> Floats:
    return column.replace_strict(values, default=default, return_dtype=pl.Float64).to_numpy()


# --- From signing to the start ---------------------------------------------------------------------------------------


def _beginnings(seed: int, base: pl.DataFrame, signed: Ints, pace: Floats) -> tuple[Ints, Bools]:
    """The stages up to the start, and which agreements never get there."""
    random = stream(seed, "beginnings")
    size = base.height
    doc = base["doc_type"]
    year = base["signed"].cast(pl.Int32).cast(pl.Date).dt.year().cast(pl.String)
    slowness = (
        (2.0 - 1.5 * pace)
        * _looked_up(base["sector"], _SECTOR, 1.0)
        * _looked_up(year, {str(name): value for name, value in _YEAR.items()}, 1.0)
    )
    tail = tailed(random, size) * slowness
    treaty = (doc == "TREATY").to_numpy()
    ratified = treaty | (doc == "LOAN").to_numpy()
    stages = np.full((size, len(STAGES)), NEVER)

    to_force = whole(_looked_up(doc, _TO_FORCE, 0.0) * tail) + 20
    stages[:, _APPROVAL] = np.where(treaty, signed + np.maximum(5, to_force // 5), NEVER)
    stages[:, _FORCE] = np.where(ratified, signed + to_force, NEVER)
    base_day = np.where(ratified, stages[:, _FORCE], signed)
    usual_gap = np.where(treaty, 9.0, np.where(ratified, 25.0, 29.0))
    plan_gap = whole(usual_gap * slowness * tailed(random, size, SHORT_TAIL)) + 2
    without = random.random(size) < _looked_up(doc, _WITHOUT_PLAN, 0.08)
    without &= ~ratified
    planned = base_day + plan_gap
    stages[:, _PLAN] = np.where(without, NEVER, planned)
    gap = np.where(ratified, _AFTER_PLAN * slowness, _looked_up(doc, _TO_START, _LOCAL_TO_START) * tail)
    start = planned + whole(gap) + 3
    stages[:, _START] = working(after_new_year(start, random.random(size)))

    never = random.random(size) < 0.035 + 0.21 * (1 - pace)
    early = never & (random.random(size) < 0.45)
    stages[never, _START] = NEVER
    stages[early, _PLAN] = NEVER
    stages[early, _FORCE] = NEVER
    stages[early & (random.random(size) < 0.4), _APPROVAL] = NEVER
    return _in_order(stages, signed), never


def _in_order(stages: Ints, signed: Ints) -> Ints:
    """Stages moved to working days, none before the one it follows."""
    before = signed
    for place in range(stages.shape[1]):
        comes = stages[:, place] < NEVER
        moved = np.maximum(working(stages[:, place]), before)
        stages[:, place] = np.where(comes, moved, NEVER)
        before = np.where(comes, moved, before)
    return stages


# --- Targets and completion ------------------------------------------------------------------------------------------


def _targets(seed: int, base: pl.DataFrame, signed: Ints, followed: Bools) -> tuple[Ints, Ints]:
    """Planned length in days, and the original target (NEVER where none was set)."""
    random = stream(seed, "targets")
    size = base.height
    choice = below(random, size, len(_USUAL))
    doc = base["doc_type"].to_numpy()
    length = np.array(_USUAL)[choice]
    for name, years in _YEARS.items():
        length = np.where(doc == name, np.array(years)[choice], length)
    length = length + below(random, size, 121) - 60
    target = np.maximum(period_end(signed + length, random.random(size)), signed + 150)
    target = np.where((random.random(size) < _NO_TARGET) | ~followed, NEVER, target)
    return length, target


def _complete(seed: int, stages: Ints, signed: Ints, target: Ints, length: Ints, finish: Floats) -> Ints:
    """Completion: on time, or late with a long tail; never sooner than a third of the planned length after the start.

    Sets the stage where it has come, and gives the day it is expected at the present speed.
    """
    random = stream(seed, "completion")
    size = len(signed)
    planned = np.where(target < NEVER, target, signed + length)
    on_time = random.random(size) < 0.6 + 0.4 * finish
    early = np.minimum(whole(25 * tailed(random, size)), length // 3)
    late = whole((240 - 160 * finish) * tailed(random, size)) + 5
    done = np.where(on_time, planned - early, before_year_end(planned + late, random.random(size)))
    done = np.maximum(done, stages[:, _START] + np.maximum(60, length // 3))
    moved = working(done)
    done = np.where(on_time & (done <= planned) & (moved > planned), planned, moved)
    stages[:, _DONE] = np.where((stages[:, _START] < NEVER) & (done <= END), done, NEVER)
    return np.minimum(done, NEVER)


def _fall_asleep(seed: int, stages: Ints, never: Bools, signed: Ints, pace: Floats) -> Ints:
    """The day after which nothing moves: soon after signing where it never starts, else some time after the start."""
    random = stream(seed, "asleep")
    size = len(signed)
    started = stages[:, _START]
    underway = (started <= END) & (stages[:, _DONE] == NEVER)
    sleeps = underway & (random.random(size) < 0.02 + 0.2 * (1 - pace))
    room = np.maximum(END - started, 0)
    since = started + 10 + whole(room * random.random(size) * 0.8)
    idle = signed + 20 + whole(60 * tailed(random, size))
    return np.where(never, idle, np.where(sleeps, since, NEVER))


# --- Pauses and ends -------------------------------------------------------------------------------------------------


def _suspend(seed: int, stages: Ints) -> tuple[Ints, Ints, Ints]:
    """Suspension, resumption and the stage held before; what was to come is put off by the pause, or never comes."""
    random = stream(seed, "suspension")
    size = len(stages)
    reached = stages[:, [_FORCE, _PLAN, _START]].min(axis=1)
    room = np.minimum(stages[:, _DONE], END) - reached
    chosen = (random.random(size) < _SUSPENDED) & (room > 90)
    on = np.where(chosen, working(reached + 30 + whole((room - 45) * random.random(size))), NEVER)
    chosen &= (on <= END) & (on < stages[:, _DONE])
    on = np.where(chosen, on, NEVER)
    pause = 60 + below(random, size, 200)
    again = working(on + pause)
    resumes = chosen & (random.random(size) < _RESUMED) & (again <= END)
    held = np.where(stages <= on[:, None], np.arange(len(STAGES)), -1).max(axis=1)
    later = chosen[:, None] & (stages > on[:, None]) & (stages < NEVER)
    put_off = np.where(resumes[:, None], stages + (again - on)[:, None], NEVER)
    stages[later] = put_off[later]
    _in_order(stages, np.zeros(size, dtype=np.int64))
    stages[stages > END] = NEVER
    return on, np.where(resumes, again, NEVER), held


def _end(seed: int, stages: Ints, signed: Ints, followed: Bools, suspended: Ints, resumed: Ints) -> tuple[Ints, Ints]:
    """Termination, supersession or expiry of a few that are not completed; a pause without end may end so too."""
    random = stream(seed, "endings")
    size = len(signed)
    paused = (suspended < NEVER) & (resumed == NEVER)
    room = END - signed - 120
    chosen = followed & (stages[:, _DONE] == NEVER) & (suspended == NEVER) & (room > 60)
    chosen &= random.random(size) < _ENDED
    on = np.where(chosen, working(signed + 120 + whole(room * random.random(size))), NEVER)
    on = np.where(paused & (random.random(size) < 0.2), working(suspended + 120), on)
    on = np.where(on <= END, on, NEVER)
    ending = np.where(paused, 0, np.searchsorted([0.4, 0.75], random.random(size)))
    approving = (stages[:, _APPROVAL] <= on) & (stages[:, _FORCE] > on)
    ending = np.where(approving & (ending == 2), 0, ending)
    stages[stages >= on[:, None]] = NEVER
    return on, ending
