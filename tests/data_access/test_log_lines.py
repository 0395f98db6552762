"""Log lines for programs."""

from __future__ import annotations

import json
import logging

import pytest
import sqlalchemy as sa

from data_access import accounts
from data_access.accounts import passwords
from data_access.acting import Refused
from data_access.log_lines import JsonLines, TextLines, told
from tests.data_access.people import PASSWORD, add


def line(**more: object) -> dict[str, object]:
    record = logging.LogRecord("agreements.access", logging.WARNING, "", 0, "một\n%s", ("hai",), None)
    record.__dict__ |= more
    written = JsonLines().format(record)
    assert "\n" not in written
    found: dict[str, object] = json.loads(written)
    return found


def test_a_line_is_one_object_whatever_it_says() -> None:
    found = line(**told("denied", username='x"\n', roles=("leader",), error=ValueError("x")))

    assert found["message"] == "một\nhai"
    assert (found["event"], found["username"], found["roles"], found["error"]) == ("denied", 'x"\n', ["leader"], "x")
    assert str(found["at"]).endswith("Z")
    assert "event" not in line()


def test_what_some_programs_take_for_the_end_of_a_line_is_in_none() -> None:
    written = JsonLines().format(logging.LogRecord("x", logging.INFO, "", 0, "a\u2028b\u2029c\x85d\x0be\rf", (), None))

    assert len(written.splitlines()) == 1
    assert json.loads(written)["message"] == "a\u2028b\u2029c\x85d\x0be\rf"


def test_a_message_cannot_pass_for_two_lines_of_text() -> None:
    record = logging.LogRecord("x", logging.INFO, "", 0, "a\n2026-01-01 00:00:00,000Z INFO x: all is well", (), None)

    assert len(TextLines().format(record).splitlines()) == 1


def test_what_a_line_tells_cannot_pass_for_something_else() -> None:
    found = line(**told("denied", level="INFO", message="all is well", logger="x", at="1970"))

    assert (found["level"], found["message"], found["logger"]) == ("WARNING", "một\nhai", "agreements.access")


def test_errors_come_with_their_traceback() -> None:
    try:
        raise RuntimeError("broken")
    except RuntimeError as error:
        found = line(exc_info=(type(error), error, error.__traceback__))

    assert "RuntimeError: broken" in str(found["error"])


def test_sign_ins_denials_and_changes_tell_what_happened(
    sqlite_engine: sa.Engine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(passwords, "ROUNDS", 4)
    caplog.set_level(logging.INFO, "agreements.access")
    leader = add(sqlite_engine, "lanhdao")
    for password in ("sai sai sai", PASSWORD):
        accounts.check_password(sqlite_engine, username="lanhdao", password=password, address="10.0.0.7")
    with pytest.raises(Refused):
        accounts.read_accounts(sqlite_engine, actor=leader)

    events = [json.loads(JsonLines().format(record)) for record in caplog.records]
    assert [event["event"] for event in events] == ["user.add", "sign_in.failed", "sign_in.password", "denied"]
    assert events[1]["address"] == "10.0.0.7"
    assert PASSWORD not in str(events)
