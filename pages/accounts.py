"""Accounts: who may use the dashboard, as what and for which agency. For administrators."""

from __future__ import annotations

from pages.sections import accounts, accounts_agencies
from pages.ui import cards, session

person = session.require("administrator")

cards.page_header("accounts.heading", accounts.subtitle(person))
if accounts.choose_list() == "agencies":
    accounts_agencies.show(person)
else:
    accounts.show(person)
