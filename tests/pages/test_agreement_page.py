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
