"""Registers of any size whose truth is known: every wait is drawn from a law the test chooses.

Written as whole columns, so that a hundred registers of a thousand agreements, or one of a million, are quick to make.
"""

from __future__ import annotations

import dataclasses
import datetime as dt

import numpy as np
import numpy.typing as npt
import polars as pl

from kpi import register as schemas
from kpi.facts import REPORT_FIELDS
from kpi.register import Register

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

AS_OF = dt.date(2026, 1, 14)
SECTORS = ("ECO", "INF", "EDU", "AGR", "HLT", "SCI")
SECTOR_GROUPS = ("ECO", "INF", "SOC", "ECO", "SOC", "SOC")
TIERS = ("CSP", "SP", "CP", None)
DOC_TYPES = ("MOU", "TREATY", "PLAN")


@dataclasses.dataclass(frozen=True)
class Law:
    """How agreements fare: mean waits in days, and how much faster each agency, sector and tier is (multiplies the rate).

    With a `visit_size` so many agreements each are signed at one exchange, on one day, and share a rate (mean 1) whose variance is
    `visit_spread`. `own_sector` is the share of its agreements that an agency has in one sector, besides what falls to it by
    chance.
    """

    mean_wait: float = 240.0
    mean_end: float = 4000.0
    agency_rates: Floats | None = None
    sector_rates: tuple[float, ...] = (1.0, 0.6, 1.4, 1.0, 1.2, 0.8)
    tier_rates: tuple[float, ...] = (1.3, 1.0, 0.9, 0.7)
    report_share: float = 0.7
    blocked_share: float = 0.3
    own_sector: float = 0.0
    visit_size: int = 0
    visit_spread: float = 0.0


def simulate(
    size: int,
    *,
    seed: int,
    agencies: int = 54,
    law: Law | None = None,
    first: dt.date = dt.date(2021, 1, 1),
    last: dt.date = AS_OF,
    known_until: dt.date = AS_OF,
    even: bool = False,
) -> Register:
    """A register of `size` agreements signed from `first` to `last`, with what happened to them until `known_until`.

    `even` gives every agency the same number; otherwise some have many times more than others.
    """
    law = law or Law()
    random = np.random.Generator(np.random.PCG64(seed))
    ids = np.arange(1, size + 1)
    share = np.ones(agencies) if even else 1 / (1 + np.arange(agencies)) ** 0.6
    agency = ids % agencies if even else random.choice(agencies, size, p=share / share.sum())
    sector, tier = random.integers(0, len(SECTORS), size), random.integers(0, len(TIERS), size)
    sector = np.where(random.random(size) < law.own_sector, agency % len(SECTORS), sector)
    doc_type = random.integers(0, len(DOC_TYPES), size)
    epoch = dt.date(1970, 1, 1)
    start, stop, cut = ((day - epoch).days for day in (first, last, known_until))
    signed = random.integers(start, stop + 1, size)
    rate = np.asarray(law.sector_rates)[sector] * np.asarray(law.tier_rates)[tier] / law.mean_wait
    if law.agency_rates is not None:
        rate = rate * law.agency_rates[agency]
    visit = None
    if law.visit_size:
        visit = np.arange(size) // law.visit_size
        shared = np.random.Generator(np.random.PCG64([seed, 1]))
        signed = signed[visit * law.visit_size]
        rate = rate * shared.gamma(1 / law.visit_spread, law.visit_spread, visit[-1] + 1)[visit]
    begun = signed + np.floor(random.exponential(1 / rate)).astype(np.int64)
    ended = signed + np.floor(random.exponential(law.mean_end, size)).astype(np.int64)
    done = begun + np.floor(random.exponential(500, size)).astype(np.int64)
    target = signed + random.integers(200, 1400, size)

    moves = [
        (ids, "SIGNED", signed, np.ones(size, dtype=bool)),
        (ids, "IN_PROGRESS", begun, (begun <= ended) & (begun <= cut)),
        (ids, "COMPLETED", done, (begun <= ended) & (done <= cut)),
        (ids, "TERMINATED", ended, (ended < begun) & (ended <= cut)),
    ]
    events = pl.concat(
        [
            _frame({"agreement_id": who[kept], "effective_on": day[kept]}).with_columns(
                state=pl.lit(state),
                date_known=pl.lit(True),
                is_documented=pl.lit(False),
                received_on="effective_on",
                batch_id=pl.lit(None, dtype=pl.Int64),
            )
            for who, state, day, kept in moves
        ]
    )
    periods = _periods(first, known_until)
    reports = _reports(ids, signed, np.where(begun <= ended, done, ended), periods, law, random, cut)
    blockers, blocker_events = _blockers(ids, signed, law, random, cut)
    return Register(
        agreements=_frame(
            {
                "id": ids,
                "doc_type": np.array(DOC_TYPES)[doc_type],
                "sector": np.array(SECTORS)[sector],
                "received_on": signed,
            }
        ).with_columns(
            ref=pl.format("A{}", "id"),
            title_vi=pl.format("Thỏa thuận {}", "id"),
            title_en=pl.format("Agreement {}", "id"),
            scope=pl.lit("HIGH_LEVEL"),
            signing_agency=pl.Series(_names(agency)),
            responsible_agency=pl.Series(_names(agency)),
            exchange=pl.lit(None, dtype=pl.String) if visit is None else pl.Series([f"V{one:04}" for one in visit]),
            priority=pl.lit(False),
            flagship=pl.lit(False),
            evidence_url=pl.lit("12/BC"),
            implementable=pl.lit(True),
            tracked=pl.lit(True),
            access_level=pl.lit("open"),
            vanished_on=pl.lit(None, dtype=pl.Date),
        ),
        agreement_partners=_frame({"agreement_id": ids, "partner": _partner_names(tier), "position": 0 * ids}),
        status_events=events.with_row_index("id", 1).cast({"id": pl.Int64}),
        targets=_frame({"agreement_id": ids, "target_on": target, "effective_on": signed})
        .with_row_index("id", 1)
        .cast({"id": pl.Int64}),
        periods=periods,
        reports=reports,
        blockers=blockers,
        blocker_events=blocker_events,
        agencies=pl.DataFrame(
            [(name, name, "ministry", None, None) for name in _names(np.arange(agencies))],
            schema=schemas.Agencies.create_empty().schema,
            orient="row",
        ),
        partners=pl.DataFrame(
            [(name, "Asia", None) for name in _partner_names(np.arange(len(TIERS)))],
            schema=schemas.Partners.create_empty().schema,
            orient="row",
        ),
        partner_tiers=pl.DataFrame(
            [(f"P{number}", name, dt.date(2010, 1, 1), None) for number, name in enumerate(TIERS) if name is not None],
            schema=schemas.PartnerTiers.create_empty().schema,
            orient="row",
        ),
        sectors=pl.DataFrame(
            list(zip(SECTORS, SECTOR_GROUPS, strict=True)), schema=schemas.Sectors.create_empty().schema, orient="row"
        ),
        doc_types=pl.DataFrame(
            [(name, "treaty" if name == "TREATY" else "international_agreement", False) for name in DOC_TYPES],
            schema=schemas.DocTypes.create_empty().schema,
            orient="row",
        ),
    )


def _names(numbers: Ints) -> list[str]:
    return [f"M{number:02d}" for number in numbers.tolist()]


def _partner_names(numbers: Ints) -> list[str]:
    return [f"P{number}" for number in numbers.tolist()]


def _frame(columns: dict[str, object]) -> pl.DataFrame:
    """Columns as a frame; whole numbers whose name ends in `_on` are days since 1970."""
    frame = pl.DataFrame(columns)
    return frame.with_columns(
        pl.col(name).cast(pl.Int32).cast(pl.Date) for name in frame.columns if name.endswith("_on")
    )


def _periods(first: dt.date, last: dt.date) -> pl.DataFrame:
    starts = pl.date_range(first.replace(month=1, day=1), last, "1q", eager=True)
    return pl.DataFrame({"starts_on": starts}).select(
        code=pl.format("{}-Q{}", pl.col("starts_on").dt.year(), pl.col("starts_on").dt.quarter()),
        starts_on="starts_on",
        ends_on=pl.col("starts_on").dt.offset_by("1q").dt.offset_by("-1d"),
        due_on=pl.col("starts_on").dt.offset_by("1q").dt.offset_by("9d"),
    )


def _reports(
    ids: Ints, signed: Ints, closed: Ints, periods: pl.DataFrame, law: Law, random: np.random.Generator, cut: int
) -> pl.DataFrame:
    ends = periods["ends_on"].cast(pl.Int32).to_numpy().astype(np.int64)
    owes = (signed[:, None] <= ends) & (closed[:, None] > ends)
    who, when = np.nonzero(owes & (random.random(owes.shape) < law.report_share))
    received = ends[when] + random.integers(1, 14, len(who))
    kept = received <= cut
    who, when, received = who[kept], when[kept], received[kept]
    return (
        _frame({"agreement_id": ids[who], "reported_on": received, "received_on": received})
        .with_columns(
            period=pl.Series(periods["code"].to_numpy()[when]),
            shows_progress=pl.Series(random.random(len(who)) < 0.6),
            fields_filled=pl.lit(len(REPORT_FIELDS), dtype=pl.Int64),
        )
        .sort("agreement_id", "received_on")
        # Each that shows progress says one per cent more than the one before.
        .with_columns(
            progress_pct=pl.when("shows_progress").then(
                pl.col("shows_progress").cum_sum().over("agreement_id").cast(pl.Float64)
            )
        )
        .with_row_index("id", 1)
        .cast({"id": pl.Int64})
    )


def _blockers(
    ids: Ints, signed: Ints, law: Law, random: np.random.Generator, cut: int
) -> tuple[pl.DataFrame, pl.DataFrame]:
    who = ids[random.random(len(ids)) < law.blocked_share]
    opened = signed[who - 1] + random.integers(10, 400, len(who))
    who, opened = who[opened <= cut], opened[opened <= cut]
    number = np.arange(1, len(who) + 1)
    beyond = random.random(len(who)) < 0.4
    escalated = opened + random.integers(1, 40, len(who))
    resolved = opened + np.floor(random.exponential(70, len(who))).astype(np.int64)
    moves = [
        ("opened", opened, np.ones(len(who), dtype=bool)),
        ("escalated", escalated, beyond & (escalated <= cut)),
        ("resolved", resolved, resolved <= cut),
    ]
    events = pl.concat(
        [
            _frame({"blocker_id": number[kept], "effective_on": day[kept], "received_on": day[kept]}).with_columns(
                kind=pl.lit(kind)
            )
            for kind, day, kept in moves
        ]
    )
    return (
        _frame({"id": number, "agreement_id": who, "received_on": opened}).with_columns(
            cause=pl.lit("funding"),
            severity=pl.Series(np.where(random.random(len(who)) < 0.3, "severe", "minor")),
            authority_level=pl.Series(np.where(beyond, "prime_minister", "agency")),
            must_act=pl.lit(None, dtype=pl.String),
        ),
        events.with_row_index("id", 1).cast({"id": pl.Int64}),
    )
