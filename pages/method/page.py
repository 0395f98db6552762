"""Method: what each KPI means and how it is computed, the register's origin, and the published figures beside ours."""

from __future__ import annotations

import words as w
from pages.method import SCREEN, sections
from pages.parts import explained
from pages.ui import cards, filters, loaders, session

person = session.require(SCREEN)
view = filters.current()
rules = loaders.rules(view.as_of)

cards.page_header("method.heading", w.t("method.lead"))
sections.show_register()
sections.show_kpis(rules)
sections.show_flags(rules)
sections.show_composite(rules)
explained.show_all()
sections.show_reconciliation(person)
