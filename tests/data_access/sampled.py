"""A quarter of claims, its sample, and what is done with both."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import select

from data_access import samples, store, verification
from data_access.acting import Person, Refused
from data_access.documents import Document
from data_access.store import models
from data_access.verification import Claim

D = dt.date
PERIOD = "2025-Q3"
OPEN_DAY, CLOSED_DAY = D(2025, 9, 20), D(2025, 10, 3)
VERIFIER = Person("thanhtra", "verifier", "TTCP")
COORDINATOR = Person("dieuphoi", "coordinator", "BNG")
OTHERS = [Person("bct", "agency", "BCT"), Person("lanhdao", "leader"), Person("quantri", "administrator")]
CLAIM = Claim(1, "COMPLETED", D(2025, 8, 1))
PAPER = Document("12/KL-TTCP", "Thanh tra Chính phủ", D(2025, 10, 2))
Clock = Callable[[D], None]


def announce(engine: sa.Engine, actor: Person | str = VERIFIER) -> str:
    with store.session(engine) as session:
        return samples.announce(session, actor=actor, period=PERIOD)


def draw(engine: sa.Engine, actor: Person | str = VERIFIER, **asked: Any) -> int:
    with store.session(engine) as session:
        return samples.draw(session, actor=actor, period=PERIOD, **asked)


def record(engine: sa.Engine, actor: Person = VERIFIER, **told: Any) -> int:
    given = {"claim": CLAIM, "verdict": "confirmed", "document": PAPER, **told}
    with store.session(engine) as session:
        return verification.record(session, actor=actor, **given)


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(Refused) as refused:
        act()
    return refused.value.code


def sample(engine: sa.Engine) -> models.VerificationSample:
    with store.session(engine) as session:
        return session.exec(select(models.VerificationSample)).one()


def entries(engine: sa.Engine) -> list[models.Verification]:
    with store.session(engine) as session:
        return list(session.exec(select(models.Verification)).all())


def kept(engine: sa.Engine) -> dict[str, Any]:
    tables = (models.VerificationSample, models.SampleItem, models.Verification, models.AuditEntry, models.DataVersion)
    with store.session(engine) as session:
        return {str(model.__tablename__): [row.model_dump() for row in session.exec(select(model))] for model in tables}
