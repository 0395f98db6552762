"""Accounts that exist for showing the dashboard; their password is public."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import Engine, func, select
from sqlmodel import Session, col

from data_access import store
from data_access.accounts import passwords
from data_access.accounts.people import DEMO_PASSWORD, insert_user
from data_access.roles import ADMINISTRATOR, AGENCY, COORDINATOR, LEADER, VERIFIER
from data_access.settings import Settings
from data_access.store.models import Agency, Agreement, User


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


STAND_IN: Final = DemoAccount("coquan", AGENCY.code, None, "")
"""The account of the agency most agreements name, where a register knows none of those above."""


def invitation(configured: Settings, engine: Engine) -> str | None:
    """With which accounts the dashboard can be tried; None where with none."""
    if configured.is_production or configured.is_single_sign_on:
        return None
    with store.session(engine, read_only=True) as session:
        there = set(session.execute(select(col(User.username))).scalars())
    return f"Demo accounts: {', '.join(name for name in _NAMES if name in there)}. Password: {DEMO_PASSWORD}"


def ensure_demo_accounts(session: Session) -> list[str]:
    """Make the demo accounts that are missing, of every role this register has a use for; their names. Who coordinates, and who
    verifies, needs no agency to do so."""
    store.take_turn(session, "register")  # two processes that start together must not both find an account missing
    made = []
    for account in _useful(session):
        if session.get(User, account.username) is None:
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


def _useful(session: Session) -> list[DemoAccount]:
    """The accounts a register has a use for; of a store without one those that need none."""
    known = [
        account
        for account in DEMO_ACCOUNTS
        if account.agency is None or session.get(Agency, account.agency) is not None
    ]
    if session.execute(select(col(Agreement.id)).limit(1)).first() is None:
        return known
    others = [account for account in DEMO_ACCOUNTS if account not in known and account.role != AGENCY.code]
    found = [*known, *(replace(account, agency=None, office="") for account in others)]
    if not any(account.role == AGENCY.code for account in known):
        named, count = col(Agreement.responsible_agency), func.count()
        by_size = select(named).where(named.is_not(None)).group_by(named).order_by(count.desc(), named)
        key = session.execute(by_size.limit(1)).scalar()
        agency = None if key is None else session.get(Agency, key)
        found += [] if agency is None else [replace(STAND_IN, agency=agency.key, office=agency.name_vi)]
    return [account for name in _NAMES for account in found if account.username == name]


_NAMES: Final = tuple(account.username for account in (*DEMO_ACCOUNTS, STAND_IN))


def find_demo_accounts(engine: Engine) -> list[str]:
    """Names of the open accounts that still have the public demo password. Takes a quarter of a second for each."""
    statement = select(col(User.username), col(User.password_hash)).where(
        col(User.username).in_(_NAMES), col(User.active)
    )
    with store.session(engine, read_only=True) as session:
        rows = session.execute(statement).all()
    return sorted(row.username for row in rows if passwords.matches(DEMO_PASSWORD, row.password_hash))
