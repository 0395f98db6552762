"""Who is responsible for agreements from a day on, and who was before: agreements are handed over, and handed back.

Access follows who is responsible now; figures of a day follow who was responsible on it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Final

import sqlalchemy as sa
from sqlmodel import Session

from data_access import data_date
from data_access.clock import today
from data_access.store import models
from data_access.store.arrow import table_of
from data_access.updates.rows import raise_row_versions

_IDS_AT_A_TIME: Final = 5_000  # stores bound how many values one statement may carry
_AGREEMENT: Final = table_of(models.Agreement)
_HANDOVER: Final = table_of(models.Handover)


def first_day(session: Session) -> dt.date:
    """The first day from which somebody else can be responsible: the one that is shown, and no day before it."""
    return data_date.read(session) or today(None)


def hand_over(
    session: Session, ids: Sequence[int], *, successor: str | None, effective_on: dt.date, action: str, by: str
) -> None:
    """Make an agency responsible for agreements from a day on; for one that came later to whoever has it, from then on.

    Whoever calls this has begun (`coordination.begin`) and finishes.
    """
    for part in _parts(ids):
        last = (
            sa.select(_HANDOVER.c.agreement_id, sa.func.max(_HANDOVER.c.effective_on).label("since"))
            .where(_HANDOVER.c.retracted_at.is_(None))
            .group_by(_HANDOVER.c.agreement_id)
            .subquery()
        )
        held = session.connection().execute(
            sa.select(_AGREEMENT.c.id, _AGREEMENT.c.responsible_agency, last.c.since)
            .outerjoin(last, last.c.agreement_id == _AGREEMENT.c.id)
            .where(_AGREEMENT.c.id.in_(part))
            .order_by(_AGREEMENT.c.id)
        )
        session.add_all(
            models.Handover(
                agreement_id=number,
                agency=agency,
                successor=successor,
                effective_on=effective_on if since is None else max(effective_on, since),
                action=action,
                recorded_by=by,
            )
            for number, agency, since in held
        )
        _write(session, part, successor)
    session.flush()
    raise_row_versions(session, ids)


def hand_back(session: Session, ids: Sequence[int], *, by: str) -> None:
    """Take the last handover of each of these agreements back, as if it had never been."""
    for part in _parts(ids):
        latest = (
            sa.select(sa.func.max(_HANDOVER.c.id))
            .where(_HANDOVER.c.retracted_at.is_(None), _HANDOVER.c.agreement_id.in_(part))
            .group_by(_HANDOVER.c.agreement_id)
        )
        rows = session.connection().execute(
            sa.select(_HANDOVER.c.id, _HANDOVER.c.agreement_id, _HANDOVER.c.agency).where(_HANDOVER.c.id.in_(latest))
        )
        back: dict[str | None, list[int]] = {}
        numbers: list[int] = []
        for number, agreement, agency in rows:
            numbers.append(number)
            back.setdefault(agency, []).append(agreement)
        for agency, agreements in back.items():
            _write(session, agreements, agency)
        session.connection().execute(
            sa.update(_HANDOVER)
            .where(_HANDOVER.c.id.in_(numbers))
            .values(retracted_at=models.utc_now(), retracted_by=by)
        )
    raise_row_versions(session, ids)


def versions(session: Session, ids: Sequence[int], *, agency: str | None = None) -> dict[int, int]:
    """Row versions by agreement; of those an agency is responsible for, where one is named."""
    found: dict[int, int] = {}
    for part in _parts(ids):
        statement = sa.select(_AGREEMENT.c.id, _AGREEMENT.c.row_version).where(_AGREEMENT.c.id.in_(part))
        if agency is not None:
            statement = statement.where(_AGREEMENT.c.responsible_agency == agency)
        found |= {int(number): int(version) for number, version in session.connection().execute(statement)}
    return found


def _write(session: Session, ids: Sequence[int], agency: str | None) -> None:
    session.connection().execute(
        sa.update(_AGREEMENT).where(_AGREEMENT.c.id.in_(ids)).values(responsible_agency=agency)
    )


def _parts(ids: Sequence[int]) -> Iterable[Sequence[int]]:
    return (ids[start : start + _IDS_AT_A_TIME] for start in range(0, len(ids), _IDS_AT_A_TIME))
