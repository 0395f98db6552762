"""Uploads are stored on the day that they are checked as of."""

from __future__ import annotations

import datetime as dt
import types

import pytest

from data_access.store.models import base
from tests.data_access.updates.test_updates import TODAY


@pytest.fixture(autouse=True)
def on_that_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock of the store shows the right time of that day."""
    behind = dt.timedelta(days=(base.local_day() - TODAY).days)
    shown = types.SimpleNamespace(now=lambda zone: dt.datetime.now(zone) - behind)
    monkeypatch.setattr(base, "dt", types.SimpleNamespace(datetime=shown, UTC=dt.UTC))
