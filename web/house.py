"""What one process of the application works with: its settings, its store and, with single sign-on, its provider."""

from __future__ import annotations

import dataclasses
import datetime as dt

import sqlalchemy as sa

from data_access import accounts, incidents, settings, store
from data_access.store import failures
from data_access.store.models import DataVersion
from web.garbage import Garbage
from web.openid_provider import Provider, ProviderError


class StartUpError(RuntimeError):
    """The application must not start like this; the message says what to do."""


@dataclasses.dataclass(frozen=True)
class House:
    """What this process works with, and what requests ask of the store. The methods block: call them in a thread."""

    settings: settings.Settings
    engine: sa.Engine
    provider: Provider | None = None
    garbage: Garbage = dataclasses.field(default_factory=Garbage)

    def prepare(self) -> None:
        """Bring the store up to date and see to the demo accounts. Raises `StartUpError` where going on is not safe."""
        if self.settings.is_production and store.is_above_policies(self.engine):
            raise StartUpError(
                "APP_MODE is production, and DATABASE_URL names a superuser, whom PostgreSQL's row-level security does not "
                "hold. Connect as a role of the application's own; see deploy/README.md."
            )
        store.migrate(self.engine)
        if self.provider is not None:
            try:
                self.provider.check()
            except ProviderError as error:
                raise StartUpError(str(error)) from error
        else:
            with store.session(self.engine) as session:
                accounts.end_sessions_without_factor(session)
        if self.settings.is_production:
            found = accounts.find_demo_accounts(self.engine)
            if found:
                raise StartUpError(
                    f"APP_MODE is production, but these accounts have the public demo password: {', '.join(found)}. "
                    f"Disable each: python manage.py user disable {found[0]}"
                )
            return
        with store.session(self.engine) as session:
            accounts.ensure_demo_accounts(session)

    def reach(self) -> None:
        """Returns where the store answers and has its tables; raises what the store raises where it does not."""
        with store.session(self.engine, read_only=True) as session:
            session.execute(sa.select(sa.func.count()).select_from(DataVersion))

    def is_ready(self) -> bool:
        """Whether the store answers and has its tables."""
        try:
            self.reach()
        except failures.STORE_ERRORS as error:
            incidents.record(error, where="health")
            return False
        return True

    def person(self, token: str | None) -> tuple[accounts.Person, str] | None:
        """Who a session token belongs to, and its stored form; None when it opens nothing."""
        if not token:
            return None
        token_hash = accounts.hash_token(token)
        idle = dt.timedelta(minutes=self.settings.session_idle_minutes)
        person = accounts.read_session(self.engine, token_hash, idle=idle)
        return None if person is None else (person, token_hash)

    def exchange(self, *, ticket: str, browser: str, previous: str | None, client: str) -> str | None:
        """A new session token for a ticket; the browser's previous session ends. None for a ticket that is no good."""
        with store.session(self.engine) as session:
            username = accounts.redeem_ticket(session, ticket=ticket, browser=browser)
            if username is None:
                return None
            if previous:
                accounts.end_session(session, actor=username, token_hash=accounts.hash_token(previous))
            lifetime = dt.timedelta(hours=self.settings.session_hours)
            return accounts.start_session(session, username=username, client=client, lifetime=lifetime)

    def end(self, token_hash: str) -> None:
        """Sign out the browser with this session."""
        person = accounts.read_session(self.engine, token_hash)
        with store.session(self.engine) as session:
            accounts.end_session(session, actor=person.username if person else "system", token_hash=token_hash)
