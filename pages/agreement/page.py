"""One agreement: everything known about it, in the order a reader asks."""

from __future__ import annotations

from pages.agreement import SCREEN, sections
from pages.parts import stalling
from pages.ui import filters, session

person = session.require(SCREEN)
view = filters.current()
row, dossier = sections.found(person, view)

sections.show_head(row, dossier)
sections.show_update(row, person)
sections.show_findings(dossier)
sections.show_dates(row)
stalling.show_chance(view, row["agreement_id"])
sections.show_timeline(row, dossier, view.as_of)
sections.show_looked_at(dossier)
sections.show_blockers(dossier, view.as_of, person)
sections.show_reports(dossier, view.as_of, person)
sections.show_history(dossier, view.as_of, person)
