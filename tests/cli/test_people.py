"""Accounts and the audit from the command line."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa

from data_access import accounts, store
from data_access.accounts import passwords
from data_access.store.models import AuditEntry
from tests.cli.test_manage import Runner, one_line, run

__all__ = ["run"]  # the fixture

PASSWORD = "cham-chi-lam-viec-9"


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "ROUNDS", 4)


def test_an_account_from_making_to_closing_and_back(run: Runner, engine: sa.Engine) -> None:
    made = run("user", "add", "thu", "--role", "leader", "--generate")
    password = re.findall(r"^Password: (\S+)$", made.out, flags=re.MULTILINE)[0]
    assert accounts.check_password(engine, username="thu", password=password, address="10.0.0.1").username == "thu"
    with store.session(engine) as session:
        accounts.start_session(session, username="thu", client="10.0.0.7 Firefox")

    listed = run("user", "sessions", "thu", "--format", "json").json()
    before = run("user", "show", "thu", "--format", "json").json()
    assert [row["client"] for row in listed] == ["10.0.0.7 Firefox"]
    assert (before["role"], before["must_change_password"], before["sessions"]) == ("leader", True, 1)
    assert "now has the role coordinator" in run("user", "role", "thu", "coordinator").out
    assert run("user", "password", "thu", "--password", PASSWORD).status == 0
    for command in ("unlock", "second-factor-reset", "disable", "enable"):
        assert run("user", command, "thu").status == 0
    assert "0 sessions of thu ended." in run("user", "sessions", "thu", "--end").out
    assert run("user", "subject", "thu", "https://provider.test 7").status == 0

    after = run("user", "show", "thu", "--format", "json").json()
    assert (after["role"], after["active"], after["sessions"]) == ("coordinator", True, 0)
    assert after["subject"] == "https://provider.test 7"
    assert "thu" in run("user", "show", "thu").out


@pytest.mark.parametrize(
    "arguments",
    [
        ["show", "nobody"],
        ["role", "nobody", "leader"],
        ["enable", "nobody"],
        ["password", "nobody", "--generate"],
        ["unlock", "nobody"],
        ["sessions", "nobody"],
        ["second-factor-reset", "nobody"],
        ["subject", "nobody", "x"],
        ["add", "manage.py", "--role", "leader", "--generate"],
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(run: Runner, arguments: list[str]) -> None:
    result = run("user", *arguments)

    assert result.status == 2
    assert "nobody" in one_line(result) or "cannot be an account name" in one_line(result)


def test_the_audit_is_listed_and_verified(run: Runner, engine: sa.Engine) -> None:
    for name in ("một", "hai", "ba"):
        run("user", "add", f"u{len(name)}{name[0]}", "--role", "leader", "--office", f"Vụ {name}", "--generate")

    listed = run("audit", "list", "--text", "mot", "--format", "json").json()
    shortened = run("audit", "list", "--limit", "2")
    whole = run("audit", "verify", "--format", "json")
    with store.session(engine) as session:
        session.execute(sa.update(AuditEntry).where(sa.column("id") == 2).values(actor="x"))
    broken = run("audit", "verify", "--format", "json")

    assert [entry["detail"]["office"] for entry in listed] == ["Vụ một"]
    assert shortened.err.strip() == "2 of 3 entries; more with --limit."
    assert (whole.status, whole.json()) == (0, {"entries": 3, "first_broken": None})
    assert (broken.status, broken.json()) == (1, {"entries": 1, "first_broken": 2})
    assert "broken at entry 2" in run("audit", "verify").out
    assert "holds" not in run("audit", "verify").out
    assert run("audit", "list", "--since", "2026-13-01").status == 2
