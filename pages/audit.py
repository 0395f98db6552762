"""The audit: who did what, searched and taken away, and whether its chain holds. For administrators."""

from __future__ import annotations

from pages.sections import audit
from pages.ui import cards, session, words

person = session.require("administrator")

cards.page_header("audit.heading", words.t("audit.purpose"))
audit.show_verification(person)
sought = audit.choose()
audit.show_entries(person, sought)
