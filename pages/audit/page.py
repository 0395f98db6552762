"""The audit: who did what, searched and taken away, and whether its chain holds. For administrators."""

from __future__ import annotations

import words
from pages.audit import SCREEN, sections
from pages.ui import cards, session

person = session.require(SCREEN)

cards.page_header("audit.heading", words.t("audit.purpose"))
sections.show_verification(person)
sought = sections.choose()
sections.show_entries(person, sought)
