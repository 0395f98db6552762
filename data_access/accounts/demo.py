"""Accounts that exist for showing the dashboard; their password is public."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Engine, select
from sqlmodel import Session, col

from data_access import store
from data_access.accounts import passwords
from data_access.accounts.people import DEMO_PASSWORD, insert_user
from data_access.roles import ADMINISTRATOR, AGENCY, COORDINATOR, LEADER, VERIFIER
from data_access.settings import Settings
from data_access.store.models import Agency, User


@dataclass(frozen=True)
class DemoAccount:
    """An account that exists for showing the dashboard; its password is public."""

    username: str
    role: str
    agency: str | None
    office: str


DEMO_ACCOUNTS: Final = (
    DemoAccount("lanhdao", LEADER.code, None, "Văn phòng Chính phủ"),
    DemoAccount("bct", AGENCY.code, "BCT", "Bộ Công Thương"),
    DemoAccount("langson", AGENCY.code, "T20", "UBND tỉnh Lạng Sơn"),
    DemoAccount("dieuphoi", COORDINATOR.code, "BNG", "Bộ Ngoại giao"),
    DemoAccount("thanhtra", VERIFIER.code, "TTCP", "Thanh tra Chính phủ"),
    DemoAccount("quantri", ADMINISTRATOR.code, None, "Quản trị hệ thống"),
)


def invitation(configured: Settings) -> str | None:
    """With which accounts the dashboard can be tried; None where with none."""
    if configured.is_production or configured.is_single_sign_on:
        return None
    names = ", ".join(account.username for account in DEMO_ACCOUNTS)
    return f"Demo accounts: {names}. Password: {DEMO_PASSWORD}"


def ensure_demo_accounts(session: Session) -> list[str]:
    """Make the demo accounts that are missing and whose agency this register knows; their names."""
    store.take_turn(session, "register")  # two processes that start together must not both find an account missing
    made = []
    for account in DEMO_ACCOUNTS:
        known = account.agency is None or session.get(Agency, account.agency) is not None
        if known and session.get(User, account.username) is None:
            insert_user(
                session,
                actor="system",
                username=account.username,
                password=DEMO_PASSWORD,
                role=account.role,
                agency=account.agency,
                office=account.office,
            )
            made.append(account.username)
    return made


def find_demo_accounts(engine: Engine) -> list[str]:
    """Names of the open accounts that still have the public demo password. Takes a quarter of a second for each."""
    names = [account.username for account in DEMO_ACCOUNTS]
    statement = select(col(User.username), col(User.password_hash)).where(
        col(User.username).in_(names), col(User.active)
    )
    with store.session(engine, read_only=True) as session:
        rows = session.execute(statement).all()
    return sorted(row.username for row in rows if passwords.matches(DEMO_PASSWORD, row.password_hash))
