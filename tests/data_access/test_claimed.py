"""What was claimed, as it is read from the store."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa

from data_access import store
from data_access.claimed import read_claims
from data_access.store import models
from kpi.integrity.claims import Claims, Record

DAY = dt.date(2025, 6, 1)
CAME = DAY + dt.timedelta(days=40)


def test_claims_that_hold_are_read_with_their_receipts_and_recent_words(engine: sa.Engine) -> None:
    with store.session(engine) as session:
        session.add(
            models.Agency(
                key="BCT", code="BCT", name_vi="Bộ", name_en="Ministry", abbr_vi="B", abbr_en="M", kind="ministry"
            )
        )
        session.flush()
        for number, agency in ((1, "BCT"), (2, None)):
            session.add(
                models.Agreement(
                    id=number, ref=f"TT-{number}", title_vi="A", title_en="A", scope="LOCAL", responsible_agency=agency
                )
            )
        session.flush()
        days: dict[str, Any] = {"effective_on": DAY, "received_on": CAME}
        old: dict[str, Any] = {"effective_on": DAY, "received_on": DAY}
        session.add(models.StatusEvent(agreement_id=1, state="SIGNED", note="Số 1/QĐ", **old))
        session.add(models.StatusEvent(agreement_id=1, state="IN_PROGRESS", note="Số 2/QĐ", **days))
        session.add(models.StatusEvent(agreement_id=1, state="COMPLETED", retracted_at=dt.datetime(2025, 8, 1), **days))
        session.add(models.StatusEvent(agreement_id=2, state="SIGNED", **days))
        session.add(models.TargetDate(agreement_id=1, target_on=dt.date(2026, 1, 1), reason="Lùi", **days))
        session.add(
            models.ProgressReport(
                agreement_id=1, reported_on=DAY, received_on=CAME, progress="Đạt 40%", progress_pct=40
            )
        )

    found = read_claims(engine, texts_from=DAY + dt.timedelta(days=1))

    Claims.validate(found)
    assert found.select("record", "state", "about_on", "received_on", "text", "target_on", "progress_pct").rows() == [
        (Record.STATE, "SIGNED", DAY, DAY, "", None, None),
        (Record.STATE, "IN_PROGRESS", DAY, CAME, "Số 2/QĐ", None, None),
        (Record.TARGET, None, DAY, CAME, "Lùi", dt.date(2026, 1, 1), None),
        (Record.REPORT, None, DAY, CAME, "Đạt 40%", None, 40.0),
    ]
