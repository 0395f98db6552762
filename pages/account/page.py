"""My account: who I am here, password, second factor, my sessions, and what lately happened to the account."""

from __future__ import annotations

from data_access import settings
from pages.account import SCREEN, sections
from pages.ui import session

person = session.require(SCREEN)

sections.show_identity(person)
if not settings.load().is_single_sign_on:
    sections.show_security(person)
sections.show_sessions(person)
sections.show_recent(person)
