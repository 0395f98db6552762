"""What the headings of an agency's own sheets mean, as somebody who hands in for it has said: remembered for its next files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import sqlalchemy as sa
from sqlmodel import Session, col, select

from data_access import audit, store
from data_access.acting import Person, Refused, agency_of, logged
from data_access.store import models
from data_access.store.arrow import table_of
from kpi.update.columns import BY_CODE
from kpi.update.headings import NOT_READ

MOST: Final = 300
"""So many headings of one agency are remembered."""

HEADING_MAX: Final = 200


def read(engine: sa.Engine, agency: str) -> dict[str, str]:
    """The squeezed form of each heading -> the code of the column it means, NOT_READ for one of which nothing is read."""
    kept = table_of(models.AgencyHeading).c
    statement = sa.select(kept.heading, kept.means).where(kept.agency == agency)
    found = dict(store.read_frame(engine, statement, agency=agency).iter_rows())
    return {heading: code for heading, code in found.items() if code in BY_CODE or code == NOT_READ}


def remember(session: Session, *, actor: Person, columns: Mapping[str, str]) -> bool:
    """Remember headings (by their squeezed form) of the agency one hands in for; whether anything is new. Raises `Refused`:
    `not_allowed`, `too_many_headings`, `text_too_long`. The caller commits."""
    with logged("headings.keep", actor):
        agency = agency_of(session, actor)
        if any(code not in BY_CODE and code != NOT_READ for code in columns.values()):
            raise Refused("not_allowed")
        if any(len(heading) > HEADING_MAX for heading in columns):
            raise Refused("text_too_long", most=HEADING_MAX)
        kept = select(models.AgencyHeading).where(col(models.AgencyHeading.agency) == agency)
        held = {row.heading: row for row in session.exec(kept.with_for_update())}
        new = {heading: code for heading, code in columns.items() if heading not in held or held[heading].means != code}
        if len(held.keys() | new.keys()) > MOST:
            raise Refused("too_many_headings", most=MOST)
        for heading, code in new.items():
            row = held.get(heading) or models.AgencyHeading(agency=agency, heading=heading)
            row.means, row.updated_at, row.updated_by = code, models.utc_now(), actor.username
            session.add(row)
        if new:
            session.flush()
            audit.write(session, actor=actor.username, action="headings.keep", subject=agency, detail=dict(new))
        return bool(new)
