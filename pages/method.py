"""Method: what each KPI means and how it is computed, the register's origin, and the published figures beside ours."""

from __future__ import annotations

from pages.sections import explained, method
from pages.ui import cards, filters, loaders, session
from pages.ui import words as w

person = session.require()
view = filters.current()
rules = loaders.rules(view.as_of)

cards.page_header("method.heading", w.t("method.lead"))
method.show_register()
method.show_kpis(rules)
method.show_flags(rules)
method.show_composite(rules)
explained.show_all()
method.show_reconciliation(person)
