"""Samples of what agencies claimed, drawn and looked at: two agencies claim more than they did, one less. All invented."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib

import numpy as np
import polars as pl

from kpi.rules import Rules
from kpi.verification import sampling
from kpi.vocabulary import CLAIMED, MILESTONES, State, Verdict
from seed_data.demo.draws import below, stream
from seed_data.demo.reports import periods

PERIODS = ("2025-Q2", "2025-Q3", "2025-Q4")
"""The periods with a sample; of the last one a third has been looked at by the data date."""

INFLATE = ("BKHCN", "BNNMT")
UNDERSTATE = "BGDDT"
_INFLATED = (Verdict.REFUTED, Verdict.CONFIRMED, Verdict.REFUTED, Verdict.CONFIRMED, Verdict.NOT_SHOWN)
"""What is found of claims of INFLATE, one after the other."""

_COPIED = (
    "Các nội dung quý {}/{} đã được triển khai đầy đủ, đúng kế hoạch và tiến độ đề ra.",
    "Trong quý {}/{}, các nhiệm vụ được giao cơ bản hoàn thành theo kế hoạch.",
)
"""What each of INFLATE says of the progress of every other agreement, word for word."""

_BEFORE = dict(zip(CLAIMED, MILESTONES, strict=False))
"""The state an agreement is found in whose claim of the next one is false."""

_NOT_SHOWN = 0.05
"""The share of the others' claims that could not be shown."""

_FURTHER = 0.6
_DAYS_TO_DRAW, _DAYS_TO_LOOK = 5, 55
_VERIFIER, _VERIFIER_AGENCY, _COORDINATOR = "thanhtra", "TTCP", "dieuphoi"
_WHY = {
    Verdict.REFUTED: (
        "Chưa có biên bản nghiệm thu; công việc mới ở bước chuẩn bị.",
        "Hồ sơ tại cơ quan cho thấy hoạt động chưa bắt đầu.",
        "Văn bản dẫn chiếu thuộc một thỏa thuận khác.",
    ),
    Verdict.NOT_SHOWN: (
        "Cơ quan chưa cung cấp được văn bản chứng minh.",
        "Văn bản gửi kèm không ghi ngày và cơ quan ban hành.",
    ),
}


@dataclasses.dataclass(frozen=True, eq=False)
class Looked:
    """Rows of VerificationSample, SampleItem and Verification."""

    samples: pl.DataFrame
    items: pl.DataFrame
    found: pl.DataFrame


def copied(reports: pl.DataFrame, agreements: pl.DataFrame) -> pl.DataFrame:
    """Reports in which those who inflate say the same of many agreements. `agreements` are rows of Agreement."""
    for agency, text in zip(INFLATE, _COPIED, strict=True):
        theirs = agreements.filter(pl.col("responsible_agency") == agency).gather_every(2)["id"]
        says = pl.format(text, pl.col("period").str.slice(6), pl.col("period").str.head(4))
        is_copied = pl.col("agreement_id").is_in(theirs.implode()) & pl.col("shows_progress")
        reports = reports.with_columns(progress=pl.when(is_copied).then(says).otherwise("progress"))
    return reports


def look(seed: int, agreements: pl.DataFrame, events: pl.DataFrame) -> Looked:
    """The samples of PERIODS, and what was found. `agreements` and `events` are rows of Agreement and StatusEvent."""
    owners = agreements.select("ref", agreement_id="id", agency="responsible_agency").drop_nulls("agency")
    claims = events.filter(pl.col("state").is_in(CLAIMED)).join(owners, on="agreement_id", maintain_order="left")
    made, drawn, found = [], [], []
    calendar = {row["code"]: row for row in periods().iter_rows(named=True)}
    for number, code in enumerate(PERIODS, 1):
        first, last = calendar[code]["starts_on"], calendar[code]["ends_on"]
        # What the register holds of a claim was received on the day it is about.
        received = claims.filter(pl.col("effective_on").is_between(first, last)).unique(
            ["agreement_id", "state", "effective_on"], maintain_order=True
        )
        sample, items = _drawn(seed, number, code, first, last, received)
        made.append(sample)
        drawn.append(items)
        seen = items if code != PERIODS[-1] else items.head(items.height // 3)
        days = _DAYS_TO_LOOK if code != PERIODS[-1] else 8
        found.append(_found(stream(seed, f"found {code}"), seen, last + dt.timedelta(days=_DAYS_TO_DRAW), days))
    numbered = pl.concat(found).with_columns(id=pl.int_range(1, pl.len() + 1))
    columns = ("sample_id", "position", "agreement_id", "state", "effective_on", "agency", "stratum")
    return Looked(pl.DataFrame(made), pl.concat(drawn).select(columns), numbered)


def _drawn(
    seed: int, number: int, code: str, first: dt.date, last: dt.date, claims: pl.DataFrame
) -> tuple[dict[str, object], pl.DataFrame]:
    rules = Rules()
    secret = hashlib.sha256(f"{seed} {code}".encode()).hexdigest()
    size = sampling.sample_size(
        claims.height, margin=rules.sample_margin, level=rules.sample_level, share=rules.sample_share
    )
    items = sampling.draw(
        claims.select("agreement_id", "ref", "state", "effective_on", "agency"),
        seed=secret,
        size=size,
        least=rules.sample_least,
    )
    sample = {
        "id": number,
        "period": code,
        "seed_sha256": sampling.seed_sha256(secret),
        "published_at": dt.datetime.combine(first, dt.time(2)),
        "published_by": "system",
        "seed": secret,
        "drawn_at": dt.datetime.combine(last + dt.timedelta(days=_DAYS_TO_DRAW), dt.time(2)),
        "drawn_by": "system",
        "claims": claims.height,
        "size": size,
    }
    return sample, items.with_columns(sample_id=pl.lit(number))


def _found(random: np.random.Generator, items: pl.DataFrame, drawn_on: dt.date, days: int) -> pl.DataFrame:
    """What was found of items, in the order in which they were looked at."""
    size = items.height
    draws, further, why = random.random(size), random.random(size), below(random, size, 1 << 20)
    numbers = 100 + np.arange(size)
    rows: list[dict[str, object]] = []
    seen: dict[str, int] = {}
    for place, row in enumerate(items.iter_rows(named=True)):
        verdict = Verdict.NOT_SHOWN if draws[place] < _NOT_SHOWN else Verdict.CONFIRMED
        if row["agency"] in INFLATE:
            seen[row["agency"]] = seen.get(row["agency"], -1) + 1
            verdict = _INFLATED[seen[row["agency"]] % len(_INFLATED)]
        on = drawn_on + dt.timedelta(days=1 + (days - 1) * place // size)
        has_paper = verdict is not Verdict.NOT_SHOWN
        reasons = _WHY.get(verdict, ("",))
        rows.append(
            {
                "agreement_id": row["agreement_id"],
                "state": row["state"],
                "effective_on": row["effective_on"],
                "verdict": str(verdict),
                "found_state": _state_found(verdict, row, is_further=bool(further[place] < _FURTHER)),
                "document_number": f"{numbers[place]}/BB-TTCP" if has_paper else "",
                "document_issuer": "Thanh tra Chính phủ" if has_paper else "",
                "document_on": on if has_paper else None,
                "reason": reasons[int(why[place]) % len(reasons)],
                "sample_id": row["sample_id"],
                "verified_by": _COORDINATOR if row["agency"] == _VERIFIER_AGENCY else _VERIFIER,
                "received_on": on,
                "recorded_at": dt.datetime.combine(on, dt.time(3)),
            }
        )
    return pl.DataFrame(rows, schema_overrides={"document_on": pl.Date, "found_state": pl.String})


def _state_found(verdict: Verdict, row: dict[str, object], *, is_further: bool) -> str | None:
    """The state found: of what is claimed falsely the one before, of what is understated the one after."""
    if verdict is Verdict.NOT_SHOWN:
        return None
    if verdict is Verdict.REFUTED:
        return _BEFORE[str(row["state"])]
    is_understated = row["agency"] == UNDERSTATE and row["state"] == State.IN_PROGRESS and is_further
    return str(State.COMPLETED) if is_understated else str(row["state"])
