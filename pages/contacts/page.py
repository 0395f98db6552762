"""Contacts: whom to turn to at each agency; the coordinator keeps them all, an agency its own."""

from __future__ import annotations

import words as w
from pages.contacts import SCREEN, sections
from pages.ui import cards, session

person = session.require(SCREEN)

cards.page_header("contacts.heading", w.t("contacts.lead"))
sections.show_said()
if person.limited_to is not None:
    sections.show_own(person, person.limited_to)
else:
    sections.show_all(person)
