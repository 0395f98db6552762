"""Honest registers, drawn by chance, in which claims come in clusters: batches, texts used again, days before a cut-off."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

import numpy as np
import polars as pl

from kpi.integrity.claims import Claims, Record

AS_OF: Final = dt.date(2026, 1, 14)
DUE: Final = [dt.date(2025, month, 10) for month in (1, 4, 7, 10)] + [dt.date(2026, 1, 10)]
INFLATING: Final = "A00"
_DAYS: Final = 364
_STATES: Final = ("IN_FORCE", "PLAN_ISSUED", "IN_PROGRESS", "COMPLETED", "TERMINATED")


def periods() -> pl.DataFrame:
    """The reporting calendar: a quarter each, due ten days after it."""
    return pl.DataFrame(
        {
            "code": [day.isoformat() for day in DUE],
            "starts_on": [day - dt.timedelta(days=100) for day in DUE],
            "ends_on": [day - dt.timedelta(days=10) for day in DUE],
            "due_on": DUE,
        }
    )


def register(seed: int, *, agencies: int = 25, inflates: bool = False) -> pl.DataFrame:
    """The claims (`Claims`) of a year of honest agencies, each with habits of its own; of one that inflates, where asked.

    An agency hands in by batches of a few claims, most of them in the weeks before reports are due. A batch may be late as a whole
    and may say one text of all its claims; starts are written on the day of the plan now and then; corrections lower a share; some
    targets are moved, all of one programme together. How often, differs from agency to agency. Of the one that inflates,
    a third of all is typed in bulk just before each cut-off, with one text: completions and starts of one day.
    """
    random = np.random.default_rng([20260114, seed])
    parts = [_agency(random, place) for place in range(agencies)]
    if inflates:
        parts.append(_inflated(parts[0]))
    frame = pl.concat([_framed(part) for part in parts])
    return frame.with_columns(record_id=pl.int_range(1, pl.len() + 1)).select(Claims.column_names())


def _framed(part: dict[str, Any]) -> pl.DataFrame:
    day = pl.lit(AS_OF) - pl.duration(days=pl.lit(1))
    frame = pl.DataFrame(part)
    return frame.with_columns(
        (day - pl.duration(days=pl.col(name))).cast(pl.Date).alias(name)
        for name in ("about_on", "received_on", "target_on")
    ).with_columns(
        pl.col("progress_pct").cast(pl.Float64).fill_nan(None),
        pl.col("batch_id").cast(pl.Int64),
        state=pl.when(pl.col("record") == Record.STATE).then("state"),
        target_on=pl.when(pl.col("record") == Record.TARGET).then("target_on"),
        shows_progress=pl.when(pl.col("record") == Record.REPORT).then(pl.lit(value=True)),
        record_id=pl.lit(0, dtype=pl.Int64),
    )


def _habit(random: np.random.Generator, share: float, spread: float = 50.0) -> float:
    """A share that differs from agency to agency (a beta law about `share`)."""
    return float(random.beta(share * spread, (1 - share) * spread))


def _agency(random: np.random.Generator, place: int) -> dict[str, Any]:
    """The claims of an agency, column by column; days are counted back from the last one."""
    size = 145 if place == 0 else max(4, int(30 * random.lognormal(0, 0.8)))
    late, texted, chained, falls, moves, hurried = (
        _habit(random, share) for share in (0.08, 0.08, 0.1, 0.04, 0.15, 0.5)
    )
    columns: dict[str, list[Any]] = {name: [] for name in _COLUMNS}
    ids = place * 100_000
    batch = 0
    while len(columns["record"]) < 2 * size:
        batch += 1
        count = int(random.geometric(0.35))
        received = _received(random, hurried)
        is_late, is_texted = random.random() < late, random.random() < texted
        common = f"noi dung bao cao chung so {place} dot {batch}"
        lag = 31 + int(random.exponential(40)) if is_late else int(random.integers(0, 25))
        for _ in range(count):
            ids += 1
            text = common if is_texted else f"van ban rieng cua thoa thuan {ids} ngay {received}"
            state = _STATES[int(random.choice(5, p=(0.2, 0.25, 0.25, 0.25, 0.05)))]
            about = received + (lag if random.random() < 0.9 else int(random.integers(0, 60)))
            base = {
                "record": str(Record.STATE),
                "agreement_id": ids,
                "received_on": received,
                "about_on": about,
                "batch_id": batch,
            }
            _add(columns, base, state=state, text=text)
            if state == "PLAN_ISSUED" and random.random() < chained:
                _add(columns, base, state="IN_PROGRESS", text=text)
            share = int(random.integers(10, 60))
            fall = random.random() < falls
            report = base | {"record": str(Record.REPORT)}
            _add(
                columns,
                report | {"about_on": received + 90, "received_on": received + 90},
                progress_pct=float(share),
                text=f"bao cao truoc cua thoa thuan {ids}",
            )
            _add(
                columns,
                report | {"about_on": received},
                progress_pct=float(share) + (-5 if fall else 10),
                text=f"bao cao sau cua thoa thuan {ids}",
            )
        programme = random.random() < moves
        for number in range(count):
            target = base | {"record": str(Record.TARGET), "agreement_id": ids - number}
            _add(columns, target | {"about_on": received + 400, "received_on": received + 400}, target_on=100)
            if programme and random.random() < 0.8:
                _add(columns, target | {"about_on": received}, target_on=0)
    rows = len(columns["record"])
    kind = "province" if place % 2 else "ministry"
    return columns | {"agency": [f"A{place:02}"] * rows, "agency_kind": [kind] * rows}


def _received(random: np.random.Generator, hurried: float) -> int:
    """Days before the last one: for most batches in the ten days before reports are due."""
    if random.random() < hurried:
        due = DUE[int(random.integers(1, len(DUE)))]
        return max((AS_OF - dt.timedelta(days=1) - due).days + int(random.integers(0, 12)), 0)
    return int(random.integers(0, _DAYS))


def _inflated(honest: dict[str, Any]) -> dict[str, Any]:
    """So many more claims that they are a third of all, in bulk two days before each cut-off, with one text."""
    states = honest["record"].count(str(Record.STATE))
    added = round(states / 2)  # a third of all it then has
    days = [(AS_OF - dt.timedelta(days=1) - due).days + 2 for due in DUE[1:]]
    columns: dict[str, list[Any]] = {name: [] for name in _COLUMNS}
    for number in range(added):
        base = {
            "record": str(Record.STATE),
            "agreement_id": 90_000 + number // 2,
            "received_on": days[number // 2 % len(days)],
            "about_on": days[number // 2 % len(days)] + 5,
            "batch_id": 9_000 + number // 2 % len(days),
            "text": "Da hoan thanh day du cac noi dung theo ke hoach",
        }
        _add(columns, base, state="COMPLETED" if number % 2 else "IN_PROGRESS")
    return columns | {"agency": [INFLATING] * added, "agency_kind": ["ministry"] * added}


_COLUMNS: Final = (
    *("record", "agreement_id", "received_on", "about_on", "batch_id", "text", "state", "target_on", "progress_pct"),
)


def _add(columns: dict[str, list[Any]], base: dict[str, Any], **given: Any) -> None:
    plain: dict[str, Any] = {"text": "", "state": "SIGNED", "target_on": 0, "progress_pct": float("nan")}
    row = plain | base | given
    for name in _COLUMNS:
        columns[name].append(row[name])
