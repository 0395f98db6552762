"""My account: who I am here, password, second factor, my sessions, and what lately happened to the account."""

from __future__ import annotations

from data_access import settings
from pages.sections import account
from pages.ui import session

person = session.require()

account.show_identity(person)
if not settings.load().is_single_sign_on:
    account.show_security(person)
account.show_sessions(person)
account.show_recent(person)
