"""Accounts: who may use the dashboard, as what and for which agency. For administrators."""

from __future__ import annotations

from pages.accounts import SCREEN, agencies, sections
from pages.ui import cards, session

person = session.require(SCREEN)

cards.page_header("accounts.heading", sections.subtitle(person))
if sections.choose_list() == "agencies":
    agencies.show(person)
else:
    sections.show(person)
