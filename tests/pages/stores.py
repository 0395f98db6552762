"""A small register in a store, for tests of what pages are made of."""

from __future__ import annotations

import datetime as dt
import functools
import random
from typing import Any

import polars as pl
import sqlalchemy as sa
from sqlmodel import SQLModel

from data_access import store
from data_access.store import models
from kpi.facts import REPORT_FIELDS
from seed_data import reference

AS_OF = dt.date(2026, 1, 14)
AGENCIES = ("BCT", "BTC", "BXD", "BKHCN", "BGDDT", "BYT", "T20", "T01", None)
PARTNERS = ("JP", "KR", "CN", "US", "FR", "LA")
SECTORS = ("ECO", "STI", "ENE", "EDU", "HEA", None)
PATHS = (
    (),
    ("IN_FORCE",),
    ("IN_FORCE", "PLAN_ISSUED", "IN_PROGRESS"),
    ("IN_FORCE", "PLAN_ISSUED", "IN_PROGRESS", "COMPLETED"),
    ("IN_PROGRESS",),
    ("IN_PROGRESS", "COMPLETED"),
    ("IN_PROGRESS", "SUSPENDED"),
    ("IN_FORCE", "TERMINATED"),
)


def fill(engine: sa.Engine, *, count: int = 40, seed: int = 1) -> None:
    """Write the reference lists and `count` agreements: the same ones for the same seed.

    Agreement 1 is restricted, agreement 2 local, agreement 3 titled "Bản ghi nhớ về cảng Đà Nẵng"; all three belong to BCT.
    """
    chance = random.Random(seed)
    with store.session(engine) as session:
        for name, frame in lists().items():
            store.write_frame(session, getattr(models, name), frame)
        for code, starts, ends, due in (
            ("2025-Q2", dt.date(2025, 4, 1), dt.date(2025, 6, 30), dt.date(2025, 7, 10)),
            ("2025-Q3", dt.date(2025, 7, 1), dt.date(2025, 9, 30), dt.date(2025, 10, 10)),
            ("2025-Q4", dt.date(2025, 10, 1), dt.date(2025, 12, 31), dt.date(2026, 1, 10)),
        ):
            session.add(models.ReportingPeriod(code=code, starts_on=starts, ends_on=ends, due_on=due))
        session.flush()
        rows = [row for number in range(1, count + 1) for row in _agreement(number, chance)]
        # A table that others refer to is written before them.
        order = [table.name for table in SQLModel.metadata.sorted_tables]
        for model in sorted({type(row) for row in rows}, key=lambda model: order.index(str(model.__tablename__))):
            session.add_all(row for row in rows if type(row) is model)
            session.flush()
        session.add(
            models.DataVersion(
                id=1,
                version=1,
                register_code="test",
                name_vi="Sổ thử",
                name_en="Test register",
                data_date=AS_OF,
                is_demo=True,
                source="Tests",
                licence="CC0",
            )
        )


@functools.cache
def lists() -> dict[str, pl.DataFrame]:
    """The reference lists, read once for all stores that are filled."""
    return reference.frames()


def _agreement(number: int, chance: random.Random) -> list[SQLModel]:
    agency = "BCT" if number <= 3 else chance.choice(AGENCIES)
    signed = dt.date(2022, 1, 1) + dt.timedelta(days=chance.randrange(1400))
    agreement = models.Agreement(
        id=number,
        ref=f"T-{number:04}",
        title_vi="Bản ghi nhớ về cảng Đà Nẵng" if number == 3 else f"Thỏa thuận hợp tác số {number}",
        title_en="Memorandum on the port of Da Nang" if number == 3 else f"Cooperation agreement no. {number}",
        doc_type="MOU",
        scope="LOCAL" if number == 2 else "HIGH_LEVEL",
        sector=chance.choice(SECTORS),
        signing_agency=agency,
        responsible_agency=agency,
        access_level="restricted" if number == 1 else "open",
        evidence_url="https://example.org/result" if chance.random() < 0.5 else "",
    )
    rows: list[SQLModel] = [
        agreement,
        models.AgreementPartner(agreement_id=number, partner=chance.choice(PARTNERS)),
        models.StatusEvent(agreement_id=number, state="SIGNED", effective_on=signed),
    ]
    day = signed
    for state in chance.choice(PATHS):
        day += dt.timedelta(days=chance.randrange(20, 250))
        if day <= AS_OF:
            rows.append(models.StatusEvent(agreement_id=number, state=state, effective_on=day))
    if chance.random() < 0.8:
        target = signed + dt.timedelta(days=chance.randrange(300, 1200))
        rows.append(models.TargetDate(agreement_id=number, target_on=target, effective_on=signed))
    for period, received in (("2025-Q3", dt.date(2025, 10, 5)), ("2025-Q4", dt.date(2026, 1, 8))):
        if chance.random() < 0.7:
            texts: dict[str, Any] = dict.fromkeys(REPORT_FIELDS, "có")
            rows.append(
                models.ProgressReport(
                    agreement_id=number,
                    period=period,
                    reported_on=received,
                    received_on=received,
                    progress_pct=float(chance.randrange(0, 100)),
                    shows_progress=chance.random() < 0.6,
                    **texts,
                )
            )
    if chance.random() < 0.4:
        opened = AS_OF - dt.timedelta(days=chance.randrange(1, 200))
        rows.append(
            models.Blocker(
                id=number,
                agreement_id=number,
                cause="funding",
                severity=chance.choice(("minor", "severe")),
                authority_level=chance.choice(("agency", "prime_minister")),
            )
        )
        rows.append(models.BlockerEvent(blocker_id=number, kind="opened", effective_on=opened))
    for row in rows:  # of a register that was loaded: received on the day each is about
        if isinstance(row, models.Agreement | models.Blocker):
            row.received_on = signed if isinstance(row, models.Agreement) else opened
        elif isinstance(row, models.StatusEvent | models.TargetDate | models.BlockerEvent):
            row.received_on = row.effective_on
    return rows
