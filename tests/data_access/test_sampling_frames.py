"""Every claim that counts at the end of a period is in the frame of exactly one period up to then, whatever was done to it."""

from __future__ import annotations

import dataclasses
import datetime as dt

import numpy as np
import pytest
import sqlalchemy as sa

from data_access import coordination, samples, store
from data_access.store import models
from kpi.reporting.calendar import Period
from tests.data_access.sampled import CLOSED_DAY, COORDINATOR, OPEN_DAY, PERIOD, Clock, D, announce, draw, refusal

FIRST = D(2025, 1, 1)
PERIODS = [  # days are left out before, between and after them
    Period("A", D(2025, 2, 1), D(2025, 3, 31), D(2025, 4, 10)),
    Period("B", D(2025, 4, 1), D(2025, 6, 30), D(2025, 7, 10)),
    Period("C", D(2025, 8, 15), D(2025, 9, 30), D(2025, 10, 10)),
    Period("D", D(2025, 10, 1), D(2025, 11, 30), D(2025, 12, 10)),
]
AGREEMENTS = 160
Version = tuple[int, str, D, D, D | None]
"""A row of a claim: agreement, state, the day it is about, the day it came, the day it was taken back."""


def versions() -> list[Version]:
    """Claims that came, went and came again on random days; about any day; one version of a claim at a time."""
    random = np.random.default_rng(11)
    made: list[Version] = []
    for number in range(1, AGREEMENTS + 1):
        for state in ("IN_PROGRESS", "COMPLETED"):
            about = FIRST + dt.timedelta(days=int(random.integers(0, 330)))
            came = FIRST + dt.timedelta(days=int(random.integers(0, 330)))
            for _ in range(int(random.integers(1, 4))):
                gone = came + dt.timedelta(days=int(random.integers(0, 90)))
                stays = bool(random.random() < 0.5)
                made.append((number, state, about, came, None if stays else gone))
                if stays:
                    break
                came = gone + dt.timedelta(days=int(random.integers(0, 60)))
                if random.random() < 0.3:
                    about += dt.timedelta(days=1)
    return made


def noon(day: D) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(5))


@pytest.fixture
def register(engine: sa.Engine, on: Clock) -> sa.Engine:
    on(D(2026, 1, 5))
    with store.session(engine) as session:
        for key in ("BCT", "BNG"):
            session.add(
                models.Agency(key=key, code=key, kind="ministry", abbr_vi=key, abbr_en=key, name_vi=key, name_en=key)
            )
        session.add(models.DataVersion(id=1, version=5, data_date=D(2025, 12, 31)))
        session.flush()
        session.add_all(models.ReportingPeriod(**dataclasses.asdict(one)) for one in PERIODS)
        session.add_all(
            models.Agreement(
                id=number,
                ref=f"A-{number}",
                title_vi="x",
                title_en="",
                scope="LOCAL",
                responsible_agency=("BCT", "BNG")[number % 2],
            )
            for number in range(1, AGREEMENTS + 1)
        )
        batch = models.UploadBatch(
            id=1, username="bct", agency="BCT", file_name="x", file_sha256="x", status="applied", applied_at=noon(FIRST)
        )
        session.add(batch)
        session.flush()
        session.add_all(
            models.StatusEvent(
                agreement_id=number,
                state=state,
                effective_on=about,
                received_on=came,
                recorded_at=noon(came),
                retracted_at=None if gone is None else noon(gone),
                batch_id=None if number % 3 == 0 else 1,
            )
            for number, state, about, came, gone in versions()
        )
        session.add_all(
            models.Handover(
                agreement_id=number,
                successor=("BCT", "BNG")[number % 2],
                effective_on=assigned,
                action="names.assign",
                recorded_at=noon(assigned),
                recorded_by="dieuphoi",
            )
            for number, assigned in ASSIGNED.items()
        )
    return engine


ASSIGNED = {number: D(2025, 1 + number % 11, 7) for number in range(5, 60, 5)}
"""Whose these agreements are was settled on that day; nobody was responsible before."""


def test_each_claim_that_counts_is_in_the_frame_of_exactly_one_period(register: sa.Engine) -> None:
    frames: list[set[tuple[object, ...]]] = []
    with store.session(register, read_only=True) as session:
        periods = [session.get_one(models.ReportingPeriod, one.code) for one in PERIODS]
    for period in periods:
        claims = samples.claims_of(register, period).select("agreement_id", "state", "effective_on").rows()
        assert len(claims) == len({*claims})
        frames.append({*claims})
        counting = {
            (number, state, about)
            for number, state, about, came, gone in versions()
            if came <= period.ends_on
            and (gone is None or gone > period.ends_on)
            and ASSIGNED.get(number, FIRST) <= period.ends_on
        }
        assert {claim: sum(claim in frame for frame in frames) for claim in counting} == dict.fromkeys(counting, 1)
    assert min(map(len, frames)) > 20


def test_a_period_is_neither_put_before_a_drawn_sample_nor_taken_away_from_before_it(
    filled: sa.Engine, on: Clock
) -> None:
    """What is drawn from would be another than what was drawn from."""
    before = Period("2025-Q2", D(2025, 4, 1), D(2025, 6, 30), D(2025, 11, 10))
    with store.session(filled) as session:
        session.get_one(models.ReportingPeriod, before.code).due_on = before.due_on
    on(OPEN_DAY)
    announce(filled)
    on(CLOSED_DAY)
    draw(filled)
    earlier = Period("2025-Q1", D(2025, 1, 1), D(2025, 3, 31), D(2025, 12, 10))

    with store.session(filled) as session:
        assert refusal(lambda: coordination.add_periods(session, actor=COORDINATOR, periods=[earlier])) == (
            "before_sample"
        )
        assert refusal(lambda: coordination.remove_periods(session, actor=COORDINATOR, seen=[before])) == (
            "before_sample"
        )
    assert [one.code for one in coordination.read_periods(filled)] == ["2025-Q2", PERIOD]
