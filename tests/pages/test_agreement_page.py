"""One agreement: what it says of the days on which things were received."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa

from data_access import store
from data_access.register import raise_data_version
from data_access.store import models
from tests.pages.conftest import Visit

RECEIVED = dt.date(2026, 1, 12)


def test_a_day_of_receipt_is_shown_where_it_is_not_the_day_a_row_is_about(shown_store: sa.Engine, visit: Visit) -> None:
    with store.session(shown_store) as session:
        session.add(
            models.ProgressReport(
                agreement_id=3, period="2025-Q4", reported_on=dt.date(2026, 1, 11), received_on=RECEIVED, content="mới"
            )
        )
        raise_data_version(session)

    page = visit("agreement", "lanhdao", "en", ref="T-0003")

    assert not page.exception
    said = [line.value.replace("\\", "") for line in page.caption]
    assert any("of 11 Jan 2026, received 12 Jan 2026" in line for line in said)


def test_it_is_shown_as_it_was_known(shown_store: sa.Engine, visit: Visit) -> None:
    with store.session(shown_store) as session:
        session.execute(sa.update(models.ProgressReport).values(received_on=RECEIVED))
        raise_data_version(session)

    now = visit("agreement", "lanhdao", "en", ref="T-0003")
    before = visit("agreement", "lanhdao", "en", ref="T-0003", known="2026-01-11")

    assert any("Latest report" in line.value for line in now.caption)
    assert not any("Latest report" in line.value for line in before.caption)


def test_it_says_who_claimed_a_state_when_it_was_received_and_who_has_seen_it(
    shown_store: sa.Engine, visit: Visit
) -> None:
    moment = dt.datetime(2026, 1, 12, 3, 0, tzinfo=dt.UTC)
    with store.session(shown_store) as session:
        batch = models.UploadBatch(
            id=7,
            username="bct",
            agency="BCT",
            file_name="a.csv",
            file_sha256="x",
            status="applied",
            created_at=moment,
            applied_at=moment,
            reviewed_by="dieuphoi",
            reviewed_at=moment,
        )
        session.add(batch)
        session.flush()
        event = models.StatusEvent(
            agreement_id=3, state="IN_PROGRESS", effective_on=dt.date(2026, 1, 10), received_on=RECEIVED, batch_id=7
        )
        session.add(event)
        session.flush()
        session.add(
            models.BatchChange(
                batch_id=7, agreement_id=3, field="state", target_table="statusevent", target_id=event.id
            )
        )
        raise_data_version(session)

    page = visit("agreement", "thanhtra", ref="T-0003")

    assert not page.exception
    history = next(frame.value for frame in page.dataframe if "rests_on" in frame.value.columns)
    (row,) = history[history["brought_by"].notna()].to_dict("records")
    assert "bct · đợt 7 · dieuphoi duyệt 12/01/2026" in row["brought_by"]
    assert str(row["received_on"])[:10] == "2026-01-12"
    assert row["rests_on"].startswith("◕")
