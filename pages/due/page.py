"""What falls due within 30, 60 or 90 days: agreements, reports, directives, answers."""

from __future__ import annotations

from pages.due import SCREEN, sections
from pages.ui import filters, session

person = session.require(SCREEN)
view = filters.current()
sections.show(view, person)
