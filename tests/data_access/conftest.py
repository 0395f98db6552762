"""Claims that wait to be drawn, and drawn ones."""

from __future__ import annotations

import dataclasses
import datetime as dt
import types

import pytest
import sqlalchemy as sa

from data_access import store
from data_access.store import models
from data_access.store.models import base
from tests.data_access.sampled import (
    CLOSED_DAY,
    COORDINATOR,
    OPEN_DAY,
    OTHERS,
    PERIOD,
    VERIFIER,
    Clock,
    D,
    announce,
    draw,
)


@pytest.fixture
def on(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Sets the day it is where the register is kept."""

    def move(day: D) -> None:
        now = dt.datetime.combine(day, dt.time(3), dt.UTC)
        shown = types.SimpleNamespace(now=now.astimezone)
        monkeypatch.setattr(base, "dt", types.SimpleNamespace(datetime=shown, UTC=dt.UTC))

    return move


@pytest.fixture
def filled(engine: sa.Engine, on: Clock) -> sa.Engine:
    """Forty completions of BCT and three of BNG received in the third quarter, one of before; nobody looked at any."""
    on(OPEN_DAY)
    with store.session(engine) as session:
        for key in ("BCT", "BNG", "TTCP"):
            session.add(
                models.Agency(key=key, code=key, kind="ministry", abbr_vi=key, abbr_en=key, name_vi=key, name_en=key)
            )
        session.add(models.DataVersion(id=1, version=5, data_date=D(2025, 9, 1)))
        session.add(
            models.ReportingPeriod(
                code="2025-Q2", starts_on=D(2025, 4, 1), ends_on=D(2025, 6, 30), due_on=D(2025, 7, 10)
            )
        )
        session.add(
            models.ReportingPeriod(code=PERIOD, starts_on=D(2025, 7, 1), ends_on=D(2025, 9, 30), due_on=D(2025, 10, 10))
        )
        session.flush()
        for person in (VERIFIER, COORDINATOR, *OTHERS):
            session.add(models.User(**dataclasses.asdict(person), password_hash="x"))
        for number in range(1, 45):
            agency = "BNG" if number > 41 else "BCT"
            session.add(
                models.Agreement(
                    id=number, ref=f"A-{number}", title_vi="x", title_en="", scope="LOCAL", responsible_agency=agency
                )
            )
            session.flush()
            came = D(2025, 6, 30) if number == 41 else D(2025, 8, 2)
            session.add(
                models.StatusEvent(
                    id=number, agreement_id=number, state="COMPLETED", effective_on=D(2025, 8, 1), received_on=came
                )
            )
    return engine


@pytest.fixture
def drawn(filled: sa.Engine, on: Clock) -> sa.Engine:
    """The sample of the quarter, drawn after it closed."""
    announce(filled)
    on(CLOSED_DAY)
    draw(filled)
    return filled
