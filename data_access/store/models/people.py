"""Accounts, their second factors and sessions."""

from __future__ import annotations

from pydantic import NaiveDatetime
from sqlmodel import Field, SQLModel

from data_access.store.models.base import utc_now


class User(SQLModel, table=True):
    """An account. Offices and roles, not people's names.

    `subject` is who the single sign-on says this is (issuer and subject). `totp_secret` is encrypted; it counts once
    `totp_confirmed_at` is set, and a code's time step must lie after `totp_last_step`. A password somebody else made up
    counts as never changed: `password_changed_at` is then `created_at`.
    """

    __tablename__ = "account"  # `user` is a reserved word in PostgreSQL

    username: str = Field(primary_key=True)
    password_hash: str
    role: str
    agency: str | None = Field(default=None, foreign_key="agency.key")
    office: str = ""
    active: bool = True
    created_at: NaiveDatetime = Field(default_factory=utc_now)
    password_changed_at: NaiveDatetime = Field(default_factory=utc_now)
    subject: str | None = Field(default=None, unique=True, index=True)
    totp_secret: str | None = None
    totp_confirmed_at: NaiveDatetime | None = None
    totp_last_step: int | None = None


class RecoveryCode(SQLModel, table=True):
    """A code that stands in once for the second factor; only its SHA-256 is kept."""

    code_hash: str = Field(primary_key=True)
    username: str = Field(foreign_key="account.username", index=True)
    created_at: NaiveDatetime = Field(default_factory=utc_now)
    used_at: NaiveDatetime | None = None


class UserSession(SQLModel, table=True):
    """A signed-in browser; only the SHA-256 of its token is kept."""

    token_hash: str = Field(primary_key=True)
    username: str = Field(foreign_key="account.username", index=True)
    created_at: NaiveDatetime = Field(default_factory=utc_now)
    last_seen_at: NaiveDatetime = Field(default_factory=utc_now)
    expires_at: NaiveDatetime
    revoked_at: NaiveDatetime | None = None
    client: str = ""


class SignInTicket(SQLModel, table=True):
    """A one-time hand-over: from one step of a sign-in to the next, and from the last to the route that sets the cookie.

    What it is good for is part of what is hashed, so none passes for another.
    """

    ticket_hash: str = Field(primary_key=True)
    username: str = Field(foreign_key="account.username")
    created_at: NaiveDatetime = Field(default_factory=utc_now)
    expires_at: NaiveDatetime
    used_at: NaiveDatetime | None = None


class KnownBrowser(SQLModel, table=True):
    """Browsers an account was signed in to with: others' failed tries do not make its owner wait there."""

    username: str = Field(primary_key=True, foreign_key="account.username")
    browser: str = Field(primary_key=True)
    last_at: NaiveDatetime = Field(default_factory=utc_now)


class SignInAttempt(SQLModel, table=True):
    """Failed sign-ins per account name and per address, and when the next try is allowed."""

    key: str = Field(primary_key=True)
    failures: int = 0
    last_failed_at: NaiveDatetime = Field(default_factory=utc_now)
    allowed_at: NaiveDatetime = Field(default_factory=utc_now)
