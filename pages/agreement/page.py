"""One agreement: everything known about it, in the order a reader asks."""

from __future__ import annotations

import polars as pl

from pages.agreement import SCREEN, sections
from pages.parts import decided, directing, escalating, stalling
from pages.ui import filters, refusals, session

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
refusals.show_noted()
about = decided.directives(person.limited_to).filter(agreement_id=row["agreement_id"])
decided.show_all(about, decided.escalations(person.limited_to).filter(agreement_id=row["agreement_id"]))
directing.offer(person, key="agreement_give", subjects=lambda: directing.of_agreements(pl.DataFrame([row])))
escalating.offer(person, ref=row["ref"], agency=row["agency"], blockers=sections.blocker_rows(dossier, view.as_of))
sections.show_reports(dossier, view.as_of, person)
sections.show_history(dossier, view.as_of, person)
