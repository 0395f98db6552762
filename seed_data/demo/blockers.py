"""What holds agreements up, who must act, and how long it takes."""

from __future__ import annotations

import dataclasses

import numpy as np
import polars as pl

from kpi.vocabulary import Authority, BlockerStep, Cause, Severity
from seed_data.demo.calendar import working
from seed_data.demo.draws import Ints, below, dates_of, read_data, stream, tailed, whole
from seed_data.demo.history import abbreviations, recorded
from seed_data.demo.life import END, NEVER, Life

_OFTEN = {"TRA": 0.16, "ENE": 0.14, "CON": 0.16, "STI": 0.05}
_SECOND = 0.3
_ON_SLEEPING = 0.75
_WITH_LAND = ("TRA", "CON", "ENE")
_CAUSES = (
    Cause.LEGAL_FRAMEWORK,
    Cause.FUNDING,
    Cause.LAND_CLEARANCE,
    Cause.COUNTERPART,
    Cause.COORDINATION,
    Cause.TECHNICAL,
    Cause.PERSONNEL,
    Cause.PROCUREMENT,
)
_USUAL = np.cumsum([0.22, 0.23, 0.0, 0.2, 0.17, 0.07, 0.06, 0.05])
_ON_LAND = np.cumsum([0.17, 0.2, 0.2, 0.12, 0.14, 0.07, 0.03, 0.07])
_SEVERITIES = tuple(reversed(Severity))
_LEVELS = ("agency", Authority.INTER_AGENCY, Authority.PRIME_MINISTER, Authority.NATIONAL_ASSEMBLY)
_GOVERNMENT_OFFICE, _ASSEMBLY_OFFICE = "VPCP", "VPQH"


@dataclasses.dataclass(frozen=True, eq=False)
class Blockers:
    """Rows of Blocker and BlockerEvent, and per blocker what reports need: agreement place, days, its text.

    `place` is the agreement's row in the base, `text` the row of the list of texts.
    """

    rows: pl.DataFrame
    events: pl.DataFrame
    place: Ints
    opened: Ints
    resolved: Ints
    text: Ints


def block(seed: int, base: pl.DataFrame, life: Life) -> Blockers:
    """Blockers of the agreements that are followed: up to two at some time, and what keeps sleeping ones asleep."""
    random = stream(seed, "blockers")
    size = base.height
    sector = base["sector"]
    pace = base["pace"].to_numpy()
    often = 0.28 + 0.25 * (1 - pace) + sector.replace_strict(_OFTEN, default=0.0, return_dtype=pl.Float64).to_numpy()
    last = np.minimum(life.closed, END)
    room = last - life.signed - 25
    can = life.followed & (room > 20)
    one = can & (random.random(size) < often)
    two = one & (random.random(size) < _SECOND)
    sleeping = can & (life.asleep <= END) & (life.closed > END) & (random.random(size) < _ON_SLEEPING)
    place = np.concatenate([np.flatnonzero(one), np.flatnonzero(two), np.flatnonzero(sleeping)])
    lasting = np.concatenate(
        [np.zeros(int(one.sum() + two.sum()), dtype=bool), np.ones(int(sleeping.sum()), dtype=bool)]
    )
    count = len(place)
    some_day = life.signed[place] + 15 + whole(room[place] * random.random(count))
    opened = np.where(lasting, np.minimum(life.asleep[place] + below(random, count, 45), END - 5), some_day)
    opened = np.minimum(working(opened), last[place] - 1)
    unblocking = base["unblocking"].to_numpy()[place]
    taken = whole((88 - 60 * unblocking) * tailed(random, count)) + 2
    resolved = np.where(lasting, NEVER, np.minimum(working(opened + taken), life.closed[place]))

    land = sector.is_in(_WITH_LAND).to_numpy()[place]
    draws = random.random(count)
    cause = np.where(land, np.searchsorted(_ON_LAND, draws), np.searchsorted(_USUAL, draws))
    cause = np.minimum(cause, len(_CAUSES) - 1)
    severity = np.searchsorted([0.35, 0.77], random.random(count) + 0.18 * lasting)
    level = np.searchsorted([0.48, 0.79, 0.88], random.random(count))
    level = np.where((level == 3) & (cause != 0), 2, level)
    escalated = _escalated(seed, opened, resolved, level > 0, unblocking)

    texts = read_data("blocker_texts").with_row_index("text").with_columns(turn=pl.int_range(pl.len()).over("cause"))
    firsts = np.array([texts.filter(pl.col("cause") == name)["text"].min() for name in _CAUSES])
    numbers = np.array([texts.filter(pl.col("cause") == name).height for name in _CAUSES])
    text = firsts[cause] + below(random, count, numbers[cause])

    order = np.lexsort((np.arange(count), opened, place))
    place, opened, resolved, escalated, text = (part[order] for part in (place, opened, resolved, escalated, text))
    cause, severity, level = cause[order], severity[order], level[order]
    rows = _rows(base, place, cause, severity, level, text, texts, opened)
    return Blockers(rows, _events(seed, base, rows, place, opened, escalated, resolved), place, opened, resolved, text)


def _escalated(
    seed: int,
    opened: Ints,
    resolved: Ints,
    beyond: np.ndarray[tuple[int], np.dtype[np.bool_]],
    unblocking: np.ndarray[tuple[int], np.dtype[np.float64]],
) -> Ints:
    """What is beyond an agency goes up within 15 days, later, or not at all; never after it is resolved."""
    random = stream(seed, "escalation")
    count = len(opened)
    prompt = random.random(count) < 0.5 + 0.5 * unblocking
    late = random.random(count) < 0.6
    day = opened + np.where(prompt, 1 + below(random, count, 11), 16 + whole(25 * tailed(random, count)))
    goes = beyond & (prompt | late) & (day < resolved) & (day <= END)
    day = np.where(goes, working(day), NEVER)
    return np.where((day <= resolved) & (day <= END), day, NEVER)


def _rows(
    base: pl.DataFrame,
    place: Ints,
    cause: Ints,
    severity: Ints,
    level: Ints,
    text: Ints,
    texts: pl.DataFrame,
    opened: Ints,
) -> pl.DataFrame:
    described = (
        base[place]
        .select(agreement_id="id", agency="agency", subject="subject_vi")
        .with_columns(
            cause=pl.Series(_CAUSES, dtype=pl.String)[cause].alias("cause"),
            severity=pl.Series(_SEVERITIES, dtype=pl.String)[severity].alias("severity"),
            authority_level=pl.Series(_LEVELS)[level].alias("authority_level"),
            ministry=texts["must_act"][text].alias("ministry"),
            description=texts["description"][text].alias("description"),
            on=pl.Series(opened),
        )
    )
    own = pl.col("agency") == pl.col("ministry")
    return described.select(
        "agreement_id",
        "cause",
        "severity",
        "authority_level",
        id=pl.int_range(1, pl.len() + 1),
        must_act=pl.when(pl.col("authority_level") == Authority.AGENCY)
        .then("agency")
        .when(pl.col("authority_level") == Authority.INTER_AGENCY)
        .then(pl.when(own).then(pl.lit(_GOVERNMENT_OFFICE)).otherwise("ministry"))
        .when(pl.col("authority_level") == Authority.PRIME_MINISTER)
        .then(pl.lit(_GOVERNMENT_OFFICE))
        .otherwise(pl.lit(_ASSEMBLY_OFFICE)),
        description=pl.col("description").str.replace("{s}", pl.col("subject"), literal=True),
        recorded_at=recorded(dates_of(pl.col("on")), pl.lit(1)),
    )


def _events(
    seed: int, base: pl.DataFrame, rows: pl.DataFrame, place: Ints, opened: Ints, escalated: Ints, resolved: Ints
) -> pl.DataFrame:
    random = stream(seed, "blocker papers")
    ids = rows["id"].to_numpy()
    parts = [
        pl.DataFrame(
            {"blocker_id": ids[days <= END], "place": place[days <= END], "on": days[days <= END]}
        ).with_columns(kind=pl.lit(kind), rank=pl.lit(rank), words=pl.lit(words))
        for rank, (kind, days, words) in enumerate(
            (
                (BlockerStep.OPENED, opened, "Cơ quan chủ trì báo cáo vướng mắc tại Công văn số {n}/{o}"),
                (BlockerStep.ESCALATED, escalated, "Báo cáo số {n}/BC-{o} gửi cấp có thẩm quyền"),
                (BlockerStep.RESOLVED, resolved, "Kết thúc xử lý theo Công văn số {n}/{o}"),
            )
        )
    ]
    events = pl.concat(parts).sort("blocker_id", "on", "rank")
    number = pl.lit(pl.Series(15 + below(random, events.height, 2300))).cast(pl.String)
    offices = abbreviations(base)["office_now"]
    return events.with_columns(office=offices[events["place"].to_numpy()].alias("office")).select(
        "blocker_id",
        "kind",
        id=pl.int_range(1, pl.len() + 1),
        effective_on=dates_of(pl.col("on")),
        note=pl.col("words")
        .str.replace("{n}", number, literal=True)
        .str.replace("{o}", pl.col("office"), literal=True),
        recorded_at=recorded(dates_of(pl.col("on")), pl.lit(1)),
    )
