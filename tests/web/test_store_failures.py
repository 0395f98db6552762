"""What a browser is answered while the store fails: a sentence with an incident number, in the language of the address."""

from __future__ import annotations

import datetime as dt
import json
import logging
import re
import sqlite3

import pytest
import sqlalchemy as sa

from data_access import accounts, store
from data_access.store.models import UserSession, utc_now
from tests.web.conftest import TestClient
from web.house import House

PAGE = {"accept": "text/html,application/xhtml+xml"}
GONE = sqlite3.OperationalError("unable to open database file")


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch, client: TestClient) -> TestClient:
    """A browser in front of a store that does not answer."""

    def fail(*_: object, **__: object) -> None:
        raise sa.exc.OperationalError("SELECT", {}, GONE)

    monkeypatch.setattr(store, "session", fail)
    monkeypatch.setattr(store, "reading", fail)
    return client


def test_a_page_is_answered_by_a_sentence(failing: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        vietnamese = failing.get("/page", headers=PAGE)
        english = failing.get("/page?lang=en", headers=PAGE)

    assert (vietnamese.status_code, english.status_code) == (503, 503)
    assert "Chưa kết nối được cơ sở dữ liệu" in vietnamese.text
    assert "The database cannot be reached" in english.text
    assert "unable to open" not in vietnamese.text + english.text
    assert vietnamese.headers["retry-after"] == "60"
    assert "frame-ancestors 'none'" in vietnamese.headers["content-security-policy"]
    told = [json.loads(record.getMessage()) for record in caplog.records if record.name == "agreements.incident"]
    numbers = [re.findall("[0-9A-F]{8}", answer.text)[0] for answer in (vietnamese, english)]
    assert [(one["incident"], one["kind"], one["where"]) for one in told] == [
        (number, "unreachable", "/page") for number in numbers
    ]


def test_the_ends_of_a_sign_in_are_answered_by_a_sentence_too(failing: TestClient) -> None:
    failing.cookies.set("kpi_browser", "a mark")

    answer = failing.get("/session/start?ticket=x", headers={"accept": "*/*"})

    assert answer.status_code == 503
    assert "mã sự cố" in answer.text
    assert "set-cookie" not in answer.headers


def test_files_are_not_handed_out_meanwhile(failing: TestClient) -> None:
    failing.cookies.set("kpi_session", "a token")

    assert failing.get("/media/x").status_code == 503


def test_a_store_that_takes_no_writes_still_knows_who_is_signed_in(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    with store.session(house.engine) as session:
        token = accounts.start_session(session, username="nga")
    with store.session(house.engine) as session:
        moment = utc_now() - dt.timedelta(minutes=2)
        session.execute(sa.update(UserSession).values(last_seen_at=moment))
    real = store.session

    def refuse(engine: sa.Engine, *, read_only: bool = False) -> object:
        if not read_only:
            raise sa.exc.OperationalError("UPDATE", {}, sqlite3.OperationalError("database or disk is full"))
        return real(engine, read_only=True)

    monkeypatch.setattr(store, "session", refuse)

    found = house.person(token)

    assert found is not None
    assert found[0].username == "nga"
