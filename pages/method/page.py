"""Method: what each KPI means and how it is computed, the register's origin, and the published figures beside ours."""

from __future__ import annotations

import words as w
from kpi.indicators.catalog import KPIS
from pages.method import SCREEN, sections
from pages.parts import explained
from pages.ui import cards, filters, session

person = session.require(SCREEN)
view = filters.current()

cards.page_header("method.heading", w.t("method.lead"))
sections.show_register()
sections.show_kpis(view.as_of, asked=sections.asked("kpi", KPIS))
sections.show_flags(view.as_of)
sections.show_composite(view.as_of)
sections.show_incentives()
explained.show_all(asked=sections.asked("statistic", explained.STATISTICS))
sections.show_reconciliation(person)
